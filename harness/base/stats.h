/* stats.h - order statistics of small samples. Pure, no I/O.
 *
 * Figures are medians over rounds, with distribution-free intervals: nothing
 * here assumes a shape, because the machines' noise has none.
 */
#ifndef IPCMARK_BASE_STATS_H
#define IPCMARK_BASE_STATS_H

#include <stddef.h>

struct interval {
	double median;
	double lo, hi; /* of the median */
	double level;  /* what the interval really covers, e.g. 0.957 */
};

/* stats_median - of @count values, sorted or not; NaN when @count is 0.
 * @values is copied, not changed. */
double stats_median(const double *values, size_t count);

/* stats_median_interval - median with the narrowest order-statistic interval
 * (sign test) that covers it with at least @wanted_level; with too few values
 * for that level it is the whole range, and level says what that covers.
 * Source: exact binomial, as in Conover, Practical Nonparametric Statistics. */
struct interval stats_median_interval(
	const double *values, size_t count, double wanted_level);

#endif
