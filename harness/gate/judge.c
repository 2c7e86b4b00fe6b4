/* judge.c - tests in, one sentence out.
 *
 * The order of the questions is the order of the harm: first whether B is worse,
 * then whether it is surely not, and "not known" is what is left.
 */
#include "gate/judge.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "gate/signed_rank.h"

#define INTERVAL_LEVEL 0.95
#define MISSED_SHARE 0.05 /* of runs, of what is detectable */

/* Differences are logarithms of a ratio, people read shares. */
static double share_of(double difference)
{
	return expm1(difference);
}

static double difference_of(double share)
{
	return log1p(share);
}

/* The quantile of the standard normal distribution above which @tail lies.
 * Source: Abramowitz and Stegun 26.2.23, error below 4.5e-4. */
static double normal_above(double tail)
{
	double t = sqrt(-2 * log(tail));

	return t - (2.515517 + t * (0.802853 + t * 0.010328)) /
			   (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
}

/* ... of Student's, for @freedom degrees of it: few blocks know little of their
 * own noise, and the test of their ranks is as far from the normal one.
 * Source: Abramowitz and Stegun 26.7.5. */
static double student_above(double tail, double freedom)
{
	double z = normal_above(tail), z3 = z * z * z, z5 = z3 * z * z;

	return z + (z3 + z) / (4 * freedom) +
	       (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom);
}

/* Half the interval is so many standard errors of the estimate; what lies so many
 * of them away from the tolerance that the test finds it at this level, 19 times
 * of 20, is detectable. */
static double detectable(const struct location *location,
	const struct metric_samples *metric, double level)
{
	double freedom = (double)metric->count - 1, error;
	double surest = ldexp(1, -(int)metric->count); /* of any such blocks */

	if (isinf(location->hi) || surest > level)
		return INFINITY;
	error = (location->hi - location->lo) / 2 /
		student_above((1 - location->level) / 2, freedom);
	return share_of(difference_of(metric->tolerance) +
			error * (student_above(level, freedom) +
					student_above(MISSED_SHARE, freedom)));
}

static enum gate_verdict decide(const struct metric_samples *metric,
	const struct look *look, double p_less,
	const struct judgement *judgement)
{
	bool below_max = judgement->hi < metric->max;

	if (judgement->p <= look->alarm_level)
		return VERDICT_REGRESSION;
	if (below_max && p_less <= look->clear_level)
		return VERDICT_PASS;
	if (!look->last)
		return VERDICT_OPEN;
	if (below_max && judgement->estimate <= metric->tolerance)
		return VERDICT_PASS;
	return VERDICT_INCONCLUSIVE;
}

/* What the numbers mean: the second half of the sentence. */
static void give_why(const struct metric_samples *metric,
	const struct look *look, const struct judgement *judgement, char *why,
	size_t size)
{
	bool over = judgement->estimate > metric->tolerance;

	if (judgement->verdict == VERDICT_REGRESSION)
		snprintf(why, size, "more than the tolerance of %.3g %%",
			100 * metric->tolerance);
	else if (judgement->verdict == VERDICT_OPEN)
		snprintf(why, size, "not decided yet");
	else if (judgement->verdict == VERDICT_PASS && look->last)
		snprintf(why, size,
			"not more than %.3g %%, and surely below %.3g %%",
			100 * metric->tolerance, 100 * metric->max);
	else if (judgement->verdict == VERDICT_PASS)
		snprintf(why, size, "surely within the tolerance of %.3g %%",
			100 * metric->tolerance);
	else if (isinf(judgement->hi))
		snprintf(why, size, "too few blocks to say");
	else if (over)
		snprintf(why, size,
			"over the tolerance of %.3g %%, but not surely (p "
			"%.2g, "
			"not %.2g)",
			100 * metric->tolerance, judgement->p,
			judgement->level);
	else
		snprintf(why, size,
			"%.3g %% worse cannot be ruled out after so few blocks",
			100 * metric->max);
}

static void give_reason(const struct metric_samples *metric,
	const struct look *look, struct judgement *judgement)
{
	char interval[64] = "", why[96];

	if (!isinf(judgement->hi))
		snprintf(interval, sizeof(interval),
			" (%.3g %%: %+.1f to %+.1f)", 100 * judgement->coverage,
			100 * judgement->lo, 100 * judgement->hi);
	give_why(metric, look, judgement, why, sizeof(why));
	if (!judgement->blocks) {
		snprintf(judgement->reason, sizeof(judgement->reason),
			"%s: not one block", metric->name);
		return;
	}
	snprintf(judgement->reason, sizeof(judgement->reason),
		"%s: %.1f %% %s%s in %zu blocks: %s", metric->name,
		100 * fabs(judgement->estimate),
		judgement->estimate > 0 ? "worse" : "better", interval,
		judgement->blocks, why);
}

int judge_metric(const struct metric_samples *metric, const struct look *look,
	struct judgement *ret_judgement)
{
	struct signed_rank test;
	struct location location;
	int err;

	if (!(metric->tolerance >= 0 && metric->max > metric->tolerance))
		return -EINVAL;
	err = signed_rank_test(metric->differences, metric->count,
		difference_of(metric->tolerance), &test);
	if (!err)
		err = signed_rank_locate(metric->differences, metric->count,
			INTERVAL_LEVEL, &location);
	if (err)
		return err;
	*ret_judgement = (struct judgement){
		.estimate = share_of(location.estimate),
		.lo = share_of(location.lo),
		.hi = share_of(location.hi),
		.coverage = location.level,
		.p = test.p_greater,
		.level = look->alarm_level,
		.detectable = detectable(&location, metric, look->alarm_level),
		.blocks = metric->count,
	};
	ret_judgement->verdict =
		decide(metric, look, test.p_less, ret_judgement);
	give_reason(metric, look, ret_judgement);
	return 0;
}

enum gate_verdict judge_all(const struct metric_samples *metrics,
	const struct judgement *judgements, size_t count)
{
	bool open = false, unsure = false, any = false;

	for (size_t i = 0; i < count; i++) {
		enum gate_verdict verdict = judgements[i].verdict;

		if (!metrics[i].gated)
			continue;
		if (verdict == VERDICT_REGRESSION)
			return VERDICT_REGRESSION;
		any = true;
		open = open || verdict == VERDICT_OPEN;
		unsure = unsure || verdict == VERDICT_INCONCLUSIVE;
	}
	if (open)
		return VERDICT_OPEN;
	return unsure || !any ? VERDICT_INCONCLUSIVE : VERDICT_PASS;
}

const char *gate_verdict_name(enum gate_verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_OPEN] = "OPEN",
		[VERDICT_PASS] = "PASS",
		[VERDICT_REGRESSION] = "REGRESSION",
		[VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
	};

	return names[verdict];
}
