/* load.c - latency against offered load: where does the queue grow?
 *
 * A transport is a curve, an offered rate a point. Latency is drawn from when a
 * message was due, which is what somebody waits; beside it, faint, from when it
 * was sent. Where the two part, whoever only looks at the time from sending
 * sees nothing of the queue before it. A load that was not reached keeps its
 * point and is marked: beyond it there is nothing to measure but the queue.
 */
#include "case/axes.h"
#include "figure/figure.h"
#include "result/result.h"

/* The case of @example's transport with the least load above that of @after;
 * NULL: there is none. */
static const struct result_case *next_load(const struct figure *figure,
	const struct result_case *example, const struct result_case *after)
{
	const struct result_case *best = NULL;

	for (size_t i = 0; i < figure->case_count; i++) {
		const struct result_case *one = figure->cases[i];
		double load = one->outcome.offered_per_s;

		if (!figure_drawable(one) || !(load > 0) ||
			!axes_equal(&one->bench, &example->bench,
				AXIS_BIT(AXIS_TRANSPORT)) ||
			(after && load <= after->outcome.offered_per_s) ||
			(best && load >= best->outcome.offered_per_s))
			continue;
		best = one;
	}
	return best;
}

static double seconds(const struct hist *hist, double percent)
{
	return (double)hist_percentile(hist, percent) / 1e9;
}

void load_put(const struct figure *figure, const struct result_case *example,
	FILE *out)
{
	const struct result_case *one = NULL;

	fputs("offered_per_s\treached\tp50\tp99\tp50_sent\tp99_sent\tlo\thi\n",
		out);
	while ((one = next_load(figure, example, one))) {
		const struct latency *latency = one->outcome.latency;

		fprintf(out, "%.6g\t%d\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\n",
			one->outcome.offered_per_s,
			one->outcome.status == STATUS_OK,
			seconds(&latency->intended, 50),
			seconds(&latency->intended, 99),
			seconds(&latency->actual, 50),
			seconds(&latency->actual, 99), one->p50_ns.lo / 1e9,
			one->p50_ns.hi / 1e9);
	}
}
