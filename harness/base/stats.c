/* stats.c - medians and what can be said about them without assuming a shape.
 *
 * The rates of rounds on a shared machine come from a mixture (the host moves
 * the virtual CPUs), so means and standard deviations say little. A median
 * does, and the sign test gives its interval exactly: the number of values
 * below the true median is binomial with p = 1/2, whatever the distribution.
 * So the interval from the k-th smallest to the k-th largest of n values holds
 * the median with probability 1 - 2 P(B < k). Only such symmetric intervals
 * are considered: choosing the shorter of two lopsided ones after seeing the
 * data would cover less than it says.
 *
 * A value that is not a number is left out: it is no observation.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/stats.h"

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A sorted copy without NaNs; caller frees. NULL when nothing is left. */
static double *sorted_copy(
	const double *values, size_t count, size_t *ret_count)
{
	double *copy = count ? malloc(count * sizeof(*copy)) : NULL;
	size_t kept = 0;

	if (!copy)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (!isnan(values[i]))
			copy[kept++] = values[i];
	}
	if (kept == 0) {
		free(copy);
		return NULL;
	}
	qsort(copy, kept, sizeof(*copy), compare_doubles);
	*ret_count = kept;
	return copy;
}

static double middle(const double *sorted, size_t count)
{
	double low = sorted[(count - 1) / 2], high = sorted[count / 2];

	return low == high ? low : low + (high - low) / 2;
}

double stats_median(const double *values, size_t count)
{
	double *sorted = sorted_copy(values, count, &count);
	double median;

	if (!sorted)
		return NAN;
	median = middle(sorted, count);
	free(sorted);
	return median;
}

/* P(B = k) for B binomial(n, 1/2); by logarithms, 2^-n has no double once n is
 * past a thousand. */
static double binomial_half(size_t n, size_t k)
{
	double log_ways = lgamma((double)n + 1) - lgamma((double)k + 1) -
			  lgamma((double)(n - k) + 1);

	return exp(log_ways - (double)n * M_LN2);
}

struct interval stats_median_interval(
	const double *values, size_t count, double wanted_level)
{
	struct interval interval = {NAN, NAN, NAN, 0};
	double *sorted = sorted_copy(values, count, &count);
	double outside; /* P(B < k + 1), k counted from 0 */
	size_t k = 0;

	if (!sorted)
		return interval;
	outside = binomial_half(count, 0);
	while (k + 1 < (count + 1) / 2) {
		double next = outside + binomial_half(count, k + 1);

		if (1 - 2 * next < wanted_level)
			break;
		outside = next;
		k++;
	}
	interval.median = middle(sorted, count);
	interval.lo = sorted[k];
	interval.hi = sorted[count - 1 - k];
	interval.level = fmax(0, 1 - 2 * outside);
	free(sorted);
	return interval;
}
