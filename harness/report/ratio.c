/* ratio.c - paired ratios; see ratio.h.
 *
 * Two slices of one round ran within the same second or so, on a machine whose
 * speed drifts by more than the difference that is looked for. Their ratio
 * keeps the difference and drops the drift; the ratio of two medians over the
 * whole run would not.
 */
#include <math.h>
#include <stdlib.h>

#include "report/ratio.h"
#include "result/result.h"

/* How fast: the inverse of the median time, where times are the figure. An open
 * loop's rate is what was asked for; that of round trips is a mean, in which the few
 * that an interrupt met weigh as much as all others. */
static double rate_of(
	const struct result_case *one, const struct round_figures *round)
{
	if (one->bench.mode == MODE_OPEN || one->bench.mode == MODE_ROUNDTRIP)
		return round->p50_ns ? 1 / (double)round->p50_ns : NAN;
	if (round->msgs == 0 || round->elapsed_ns == 0)
		return NAN;
	return (double)round->msgs / (double)round->elapsed_ns;
}

static double rate_in_round(const struct result_case *one, unsigned round)
{
	const struct outcome *outcome = &one->outcome;

	for (size_t i = 0; i < outcome->round_count; i++) {
		if (outcome->rounds[i].round == round)
			return rate_of(one, &outcome->rounds[i]);
	}
	return NAN;
}

size_t ratio_of(const struct result_case *of, const struct result_case *to,
	struct interval *ret_ratio)
{
	const struct outcome *a = &of->outcome, *b = &to->outcome;
	double *ratios = NULL;
	size_t count = 0;

	if (a->status == STATUS_OK && b->status == STATUS_OK && a->round_count)
		ratios = malloc(a->round_count * sizeof(*ratios));
	for (size_t i = 0; ratios && i < a->round_count; i++) {
		double ratio = rate_of(of, &a->rounds[i]) /
			       rate_in_round(to, a->rounds[i].round);

		if (isfinite(ratio))
			ratios[count++] = ratio;
	}
	*ret_ratio = stats_median_interval(ratios, count, 0.95);
	free(ratios);
	return count;
}
