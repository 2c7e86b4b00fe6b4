/* until.c - measuring until it is known well enough, and no longer.
 *
 * The interval is the sign test's, as in every figure: it needs six rounds to
 * say anything at that level, so there are never fewer. Looking after each round
 * makes the level a little less than it says, as a lucky row of rounds may end
 * the looking; the interval in the report is for reading, and compare uses the
 * ratios of the rounds that two cases share.
 */
#include "run/until.h"

#include <math.h>
#include <stdlib.h>

#include "base/stats.h"
#include "run/run.h"

#define LEVEL 0.95

static double figure_of(
	const struct bench_case *bench, const struct round_figures *round)
{
	if (bench->mode != MODE_THROUGHPUT)
		return round->p50_ns ? (double)round->p50_ns : NAN;
	if (round->elapsed_ns == 0)
		return NAN;
	return (double)round->msgs / (double)round->elapsed_ns;
}

bool until_settled(const struct bench_case *bench,
	const struct round_figures *rounds, size_t count)
{
	struct interval interval;
	double *values;

	if (!bench->until_percent || count == 0)
		return false;
	values = malloc(count * sizeof(*values));
	if (!values)
		return false;
	for (size_t i = 0; i < count; i++)
		values[i] = figure_of(bench, &rounds[i]);
	interval = stats_median_interval(values, count, LEVEL);
	free(values);
	return interval.level >= LEVEL &&
	       (interval.hi - interval.lo) * 100 <=
		       interval.median * bench->until_percent;
}
