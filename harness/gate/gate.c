/* gate.c - what is to be measured, and what follows from it. */
#include "gate/gate.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "session/session.h"

/* Why a case of a scenario is none of a gate; NULL: it is one. */
static const char *not_for_gate(const struct bench_case *bench)
{
	if (bench->skip)
		return bench->reason;
	if (strcmp(bench->transport, "ring") != 0 &&
		strcmp(bench->transport, "queue") != 0)
		return "a gate compares builds of mmapipc: ring and queue only";
	if (bench->mode != MODE_THROUGHPUT && bench->mode != MODE_ROUNDTRIP)
		return "a gate compares throughput and round trips only";
	return NULL;
}

static int prepare_case(struct gate *gate, struct gate_case *which,
	const struct bench_case *bench)
{
	const char *why = not_for_gate(bench);

	which->bench = *bench;
	which->bench.slice_ns = gate->request.slice_ns;
	which->bench.warmup_ns = gate->request.warmup_ns;
	which->bench.count = 0;
	if (why) {
		which->status = STATUS_SKIP;
		which->done = true;
		which->verdict = VERDICT_OPEN;
		snprintf(which->reason, sizeof(which->reason), "%s", why);
		return 0;
	}
	for (int m = 0; m < METRICS; m++) {
		struct gate_metric_result *metric = &which->metrics[m];

		metric->applies = metric_applies((enum gate_metric)m, bench);
		metric->gated = gate->request.wanted[m] &&
				metric_gates((enum gate_metric)m, bench);
		metric->judgement.estimate = NAN;
		metric->differences = calloc(
			gate->request.blocks, sizeof(*metric->differences));
		if (!metric->differences)
			return -ENOMEM;
	}
	return 0;
}

/* A case of which nothing is gated would be INCONCLUSIVE for ever. */
static size_t gated_of(const struct gate_case *which)
{
	size_t count = 0;

	for (int m = 0; m < METRICS; m++)
		count += which->metrics[m].gated;
	return count;
}

int gate_prepare(
	struct gate *gate, const struct bench_case *cases, size_t case_count)
{
	size_t gated = 0;

	gate->cases = calloc(case_count + 1, sizeof(*gate->cases));
	if (!gate->cases)
		return -ENOMEM;
	gate->case_count = case_count;
	for (size_t i = 0; i < case_count; i++) {
		struct gate_case *which = &gate->cases[i];
		int err = prepare_case(gate, which, &cases[i]);

		if (err)
			return err;
		gated += gated_of(which);
		if (which->done || gated_of(which) ||
			gate->request.count_wanted)
			continue;
		which->status = STATUS_SKIP;
		which->done = true;
		snprintf(which->reason, sizeof(which->reason),
			"none of the metrics wanted is gated in such a case");
	}
	gate->looks = look_plan_make(gated, gate->request.blocks,
		LOOK_ALARM_LEVEL, LOOK_CLEAR_LEVEL);
	return 0;
}

/* ----------------------------------------------------------------- counts */

static void pair_counts(const struct gate *gate, struct gate_case *which,
	const struct gate_answer answers[BUILD_COUNT])
{
	const struct gate_answer *a = &answers[BUILD_A], *b = &answers[BUILD_B];

	which->count_count = a->count_count < b->count_count ? a->count_count
							     : b->count_count;
	for (size_t i = 0; i < which->count_count; i++) {
		struct gate_count_pair *pair = &which->counts[i];

		pair->count[BUILD_A] = a->counts[i];
		pair->count[BUILD_B] = b->counts[i];
		pair->change = (double)b->counts[i].instructions /
				       (double)a->counts[i].instructions -
			       1;
		pair->rise = a->counts[i].exact && b->counts[i].exact &&
			     pair->change > gate->request.count_tolerance;
	}
}

void counts_run(struct gate *gate, const struct gate_measurer *measurer)
{
	static struct gate_answer answers[BUILD_COUNT];
	static struct gate_order order;

	for (size_t i = 0; i < gate->case_count && measurer->keep_going();
		i++) {
		struct gate_case *which = &gate->cases[i];
		int err = 0;

		if (which->done)
			continue;
		order = (struct gate_order){
			.kind = ORDER_COUNT, .bench = which->bench};
		snprintf(order.name, sizeof(order.name), "%s-count-%zu",
			session_token(), i);
		for (int build = 0; build < BUILD_COUNT && !err; build++) {
			err = measurer->ask(measurer->arg,
				(enum gate_build)build, &order,
				&answers[build]);
			if (!err)
				err = answers[build].err;
			if (err)
				snprintf(which->count_reason,
					sizeof(which->count_reason), "%s",
					answers[build].reason);
		}
		if (!err)
			pair_counts(gate, which, answers);
	}
}

/* ---------------------------------------------------------------- verdict */

/* The call whose instructions rose most; NULL: none over the tolerance. */
static const struct gate_count_pair *worst_rise(const struct gate_case *which)
{
	const struct gate_count_pair *worst = NULL;

	for (size_t i = 0; i < which->count_count; i++)
		if (which->counts[i].rise &&
			(!worst || which->counts[i].change > worst->change))
			worst = &which->counts[i];
	return worst;
}

/* Each call's are exact in both builds, or no more in B: else none is known to have
 * stayed as it was. */
static bool counts_tell(const struct gate_case *which)
{
	for (size_t i = 0; i < which->count_count; i++) {
		const struct gate_count_pair *pair = &which->counts[i];

		if (pair->change > 0 && !(pair->count[BUILD_A].exact &&
						pair->count[BUILD_B].exact))
			return false;
	}
	return which->count_count > 0;
}

static void say_counts(const struct gate *gate, struct gate_case *which)
{
	const struct gate_count_pair *worst = worst_rise(which);
	size_t used = strlen(which->reason);
	const char *then = used ? "; " : "";

	if (worst)
		snprintf(which->reason + used, sizeof(which->reason) - used,
			"%sB executes %.1f %% more instructions (%s: %" PRIu64
			", was %" PRIu64 "), so it does more",
			then, 100 * worst->change,
			worst->count[BUILD_B].operation,
			worst->count[BUILD_B].instructions,
			worst->count[BUILD_A].instructions);
	else if (counts_tell(which))
		snprintf(which->reason + used, sizeof(which->reason) - used,
			"%sthe instructions of its calls did not rise by more "
			"than %.3g %%",
			then, 100 * gate->request.count_tolerance);
	else
		snprintf(which->reason + used, sizeof(which->reason) - used,
			"%sthe instructions of its calls could not be counted"
			"%s%s",
			then, which->count_count ? " exactly" : ": ",
			which->count_count ? "" : which->count_reason);
}

/* What time cannot tell, the instructions may. */
static void add_counts_word(const struct gate *gate, struct gate_case *which)
{
	if (which->status == STATUS_OK && which->count_count &&
		which->verdict == VERDICT_INCONCLUSIVE &&
		!gate->request.count_wanted)
		say_counts(gate, which);
}

/* Where instructions are gated, a rise counts whatever the times say, and so does
 * that they are not known; alone, they decide. */
static void judge_counts(const struct gate *gate, struct gate_case *which)
{
	bool alone = !gated_of(which), rise = worst_rise(which) != NULL;
	bool known = rise || counts_tell(which);

	if (which->status != STATUS_OK || (known && !rise && !alone) ||
		(!known && which->verdict != VERDICT_PASS && !alone))
		return;
	which->reason[0] = '\0';
	which->verdict = rise	 ? VERDICT_REGRESSION
			 : known ? VERDICT_PASS
				 : VERDICT_INCONCLUSIVE;
	say_counts(gate, which);
}

/* What failed now and then is not slow, but somebody should know. */
static void add_failures(struct gate_case *which)
{
	unsigned a = which->failures[BUILD_A], b = which->failures[BUILD_B];
	size_t used = strlen(which->reason);

	if (which->status == STATUS_OK && a + b > 0)
		snprintf(which->reason + used, sizeof(which->reason) - used,
			"; slices failed, %u of A and %u of B: %s", a, b,
			which->failure);
}

struct outcomes {
	size_t ran, pass, regression, inconclusive, violated;
	const struct gate_case *first_of[4]; /* of the last three */
};

static struct outcomes count_outcomes(const struct gate *gate)
{
	struct outcomes outcomes = {0};

	for (size_t i = 0; i < gate->case_count; i++) {
		const struct gate_case *which = &gate->cases[i];
		int kind = 0;

		if (which->status == STATUS_SKIP)
			continue;
		outcomes.ran++;
		if (which->status == STATUS_VIOLATED) {
			outcomes.violated++;
			kind = 1;
		} else if (which->verdict == VERDICT_REGRESSION) {
			outcomes.regression++;
			kind = 2;
		} else if (which->verdict == VERDICT_PASS) {
			outcomes.pass++;
		} else {
			outcomes.inconclusive++;
			kind = 3;
		}
		if (!outcomes.first_of[kind])
			outcomes.first_of[kind] = which;
	}
	return outcomes;
}

static void conclude(struct gate *gate, enum gate_verdict verdict,
	int exit_code, const struct gate_case *because, size_t how_many)
{
	gate->verdict = verdict;
	gate->exit_code = exit_code;
	if (because)
		snprintf(gate->reason, sizeof(gate->reason), "%s: %s",
			because->bench.id, because->reason);
	if (because && how_many > 1) {
		size_t used = strlen(gate->reason);

		snprintf(gate->reason + used, sizeof(gate->reason) - used,
			" (and %zu more)", how_many - 1);
	}
}

void gate_conclude(struct gate *gate)
{
	struct outcomes outcomes;

	for (size_t i = 0; i < gate->case_count; i++) {
		if (gate->request.count_wanted)
			judge_counts(gate, &gate->cases[i]);
		if (gated_of(&gate->cases[i]))
			add_counts_word(gate, &gate->cases[i]);
		add_failures(&gate->cases[i]);
	}
	outcomes = count_outcomes(gate);
	if (outcomes.violated)
		conclude(gate, VERDICT_INCONCLUSIVE, EXIT_VIOLATED,
			outcomes.first_of[1], outcomes.violated);
	else if (outcomes.regression)
		conclude(gate, VERDICT_REGRESSION, EXIT_REGRESSION,
			outcomes.first_of[2], outcomes.regression);
	else if (outcomes.inconclusive)
		conclude(gate, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE,
			outcomes.first_of[3], outcomes.inconclusive);
	else if (gate->interrupted)
		conclude(
			gate, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE, NULL, 0);
	else if (!outcomes.ran)
		conclude(gate, VERDICT_INCONCLUSIVE, EXIT_NOTHING_RAN, NULL, 0);
	else
		conclude(gate, VERDICT_PASS, EXIT_GOOD, NULL, 0);
	if (gate->verdict == VERDICT_PASS)
		snprintf(gate->reason, sizeof(gate->reason),
			"nothing that is gated was found worse than its "
			"tolerance, in %zu cases",
			outcomes.ran);
	else if (!outcomes.ran)
		snprintf(gate->reason, sizeof(gate->reason),
			"every case was skipped");
	else if (!gate->reason[0])
		snprintf(gate->reason, sizeof(gate->reason),
			"it was interrupted");
}

void gate_free(struct gate *gate)
{
	for (size_t i = 0; gate->cases && i < gate->case_count; i++)
		for (int m = 0; m < METRICS; m++)
			free(gate->cases[i].metrics[m].differences);
	free(gate->cases);
	free(gate->blocks);
	env_free(&gate->environment);
	gate->cases = NULL;
	gate->blocks = NULL;
}
