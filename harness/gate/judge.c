/* judge.c - tests in, one sentence out. */
#include "gate/judge.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define INTERVAL_LEVEL 0.95
#define FINAL_LEVEL 0.05 /* one-sided, of `max` at the end */

/* Differences are logarithms of a ratio, people read shares. */
static double share_of(double difference)
{
	return expm1(difference);
}

static double difference_of(double share)
{
	return log1p(share);
}

/* The chance of what was seen if B were worse by @share, or more. */
static int test_below(
	const struct metric_samples *metric, double share, double *ret_p)
{
	double *mirrored = calloc(metric->count + 1, sizeof(*mirrored));
	struct signed_rank test;
	int err;

	if (!mirrored)
		return -ENOMEM;
	for (size_t i = 0; i < metric->count; i++)
		mirrored[i] = -metric->differences[i];
	err = signed_rank_test(
		mirrored, metric->count, -difference_of(share), &test);
	free(mirrored);
	if (!err)
		*ret_p = test.p_greater;
	return err;
}

/* The quantile of the standard normal distribution above which @tail lies.
 * Source: Abramowitz and Stegun 26.2.23, error below 4.5e-4. */
static double normal_above(double tail)
{
	double t = sqrt(-2 * log(tail));

	return t - (2.515517 + t * (0.802853 + t * 0.010328)) /
			   (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
}

/* Half the interval is about 1.96 standard errors of the estimate; what is that
 * many of them away from the tolerance that the test finds it at this level, 19
 * times of 20, is detectable. */
static double detectable(double lo, double hi, double tolerance, double level)
{
	double error = (hi - lo) / 2 / normal_above((1 - INTERVAL_LEVEL) / 2);

	return share_of(difference_of(tolerance) +
			error * (normal_above(level) + normal_above(0.05)));
}

/* All numbers of the judgement; @ret_p_below: of the tests for a pass. */
static int measure(const struct metric_samples *metric, const struct look *look,
	struct judgement *judgement)
{
	struct signed_rank test;
	struct location location;
	int err = signed_rank_test(metric->differences, metric->count,
		difference_of(metric->tolerance), &test);

	if (!err)
		err = signed_rank_locate(metric->differences, metric->count,
			INTERVAL_LEVEL, &location);
	if (err)
		return err;
	*judgement = (struct judgement){
		.estimate = share_of(location.estimate),
		.lo = share_of(location.lo),
		.hi = share_of(location.hi),
		.p = test.p_greater,
		.level = look->alarm_level,
		.detectable = detectable(location.lo, location.hi,
			metric->tolerance, look->alarm_level),
		.blocks = metric->count,
	};
	return 0;
}

static void give_reason(const struct metric_samples *metric, const char *why,
	struct judgement *judgement)
{
	snprintf(judgement->reason, sizeof(judgement->reason),
		"%s: %.1f %% %s in %zu blocks (95 %%: %+.1f to %+.1f %% "
		"worse): "
		"%s",
		metric->name, 100 * fabs(judgement->estimate),
		judgement->estimate > 0 ? "worse" : "better", judgement->blocks,
		100 * judgement->lo, 100 * judgement->hi, why);
}

int judge_metric(const struct metric_samples *metric, const struct look *look,
	bool last, struct judgement *ret_judgement)
{
	double p_tolerance, p_max;
	int err = measure(metric, look, ret_judgement);

	if (!err)
		err = test_below(metric, metric->tolerance, &p_tolerance);
	if (!err)
		err = test_below(metric, metric->max, &p_max);
	if (err)
		return err;
	if (ret_judgement->p <= look->alarm_level) {
		ret_judgement->verdict = VERDICT_REGRESSION;
		give_reason(metric, "more than the tolerance", ret_judgement);
	} else if (p_tolerance <= look->clear_level) {
		ret_judgement->verdict = VERDICT_PASS;
		give_reason(metric, "within the tolerance", ret_judgement);
	} else if (!last) {
		ret_judgement->verdict = VERDICT_OPEN;
		give_reason(metric, "not decided yet", ret_judgement);
	} else if (p_max <= FINAL_LEVEL) {
		ret_judgement->verdict = VERDICT_PASS;
		give_reason(metric, "surely less than what is never allowed",
			ret_judgement);
	} else {
		ret_judgement->verdict = VERDICT_INCONCLUSIVE;
		give_reason(metric, "too much noise for so few blocks",
			ret_judgement);
	}
	return 0;
}

enum verdict judge_all(const struct metric_samples *metrics,
	const struct judgement *judgements, size_t count)
{
	bool open = false, unsure = false, any = false;

	for (size_t i = 0; i < count; i++) {
		if (!metrics[i].gated)
			continue;
		any = true;
		if (judgements[i].verdict == VERDICT_REGRESSION)
			return VERDICT_REGRESSION;
		open = open || judgements[i].verdict == VERDICT_OPEN;
		unsure =
			unsure || judgements[i].verdict == VERDICT_INCONCLUSIVE;
	}
	if (open)
		return VERDICT_OPEN;
	return unsure || !any ? VERDICT_INCONCLUSIVE : VERDICT_PASS;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_OPEN] = "OPEN",
		[VERDICT_PASS] = "PASS",
		[VERDICT_REGRESSION] = "REGRESSION",
		[VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
	};

	return names[verdict];
}
