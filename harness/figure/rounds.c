/* rounds.c - a figure of every round: in time, and as a distribution.
 *
 * A median hides what it was taken from: two modes, a slope, one wild round.
 * Here each round of each case is a point. A panel has the cases of one point
 * of the sweep, of which a figure of rates has its message sizes and one of
 * times its ways of waiting; when there are more than fit on a page, the panels
 * are spread evenly over them and a note says how many were left out.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "figure/figure.h"
#include "result/result.h"

/* Rows below each other; or columns, each with numbers beside it. */
enum { PANELS_MAX = 6, RANK_PANELS_MAX = 3 };

static size_t panels_max(const struct figure *figure)
{
	return figure->kind == FIGURE_RANK ? RANK_PANELS_MAX : PANELS_MAX;
}

/* What orders the panels. */
static uint64_t point_of(
	const struct figure *figure, const struct result_case *one)
{
	if (figure->mode == MODE_THROUGHPUT)
		return one->bench.msg_size_bytes;
	return figure->mode == MODE_ROUNDTRIP ? one->bench.wait : 0;
}

/* Has something to show? A bound has no rounds of interest. */
static bool shown(const struct figure *figure, const struct result_case *one)
{
	return (!one->limit || figure->kind == FIGURE_RANK) &&
	       figure_drawable(one);
}

/* How many different points below @limit do the figure's cases have? */
static size_t points_below(const struct figure *figure, uint64_t limit)
{
	size_t count = 0;

	for (size_t i = 0; i < figure->case_count; i++) {
		uint64_t point = point_of(figure, figure->cases[i]);
		bool seen = point >= limit || !shown(figure, figure->cases[i]);

		for (size_t j = 0; j < i && !seen; j++)
			seen = shown(figure, figure->cases[j]) &&
			       point_of(figure, figure->cases[j]) == point;
		count += !seen;
	}
	return count;
}

unsigned rounds_panel(
	const struct figure *figure, const struct result_case *one)
{
	size_t count = points_below(figure, UINT64_MAX);
	size_t place = points_below(figure, point_of(figure, one));
	size_t most = panels_max(figure);

	if (!shown(figure, one))
		return 0;
	if (count <= most)
		return (unsigned)place + 1;
	/* Panel p has the point p (count - 1) / (most - 1). */
	for (size_t panel = 0; panel < most; panel++) {
		if (place == panel * (count - 1) / (most - 1))
			return (unsigned)panel + 1;
	}
	return 0;
}

size_t rounds_left_out(const struct figure *figure)
{
	size_t count = points_below(figure, UINT64_MAX);
	size_t most = panels_max(figure);

	return count > most ? count - most : 0;
}

/* Messages a second, or the median of trips or latencies in seconds. A round
 * without messages has a rate, which is 0, and no time, which is NaN. */
static double value_of(
	const struct result_case *one, const struct round_figures *round)
{
	double seconds = (double)round->elapsed_ns / 1e9;

	if (one->bench.mode != MODE_THROUGHPUT)
		return round->p50_ns ? (double)round->p50_ns / 1e9 : NAN;
	return round->elapsed_ns ? (double)round->msgs / seconds : NAN;
}

int rounds_put(const struct result_case *one, FILE *out)
{
	const struct outcome *outcome = &one->outcome;
	double *values = calloc(outcome->round_count + 1, sizeof(*values));
	struct interval interval;
	size_t count = 0;

	if (!values)
		return -ENOMEM;
	for (size_t i = 0; i < outcome->round_count; i++) {
		double value = value_of(one, &outcome->rounds[i]);

		if (!isnan(value))
			values[count++] = value;
	}
	interval = stats_median_interval(values, count, 0.95);
	fputs("round\tvalue\tmedian\tlo\thi\n", out);
	for (size_t i = 0; i < outcome->round_count; i++) {
		double value = value_of(one, &outcome->rounds[i]);

		if (!isnan(value))
			fprintf(out, "%u\t%.6g\t%.6g\t%.6g\t%.6g\n",
				outcome->rounds[i].round + 1, value,
				interval.median, interval.lo, interval.hi);
	}
	free(values);
	return 0;
}
