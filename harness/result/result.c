/* result.c - what follows from a result: figures, verdict, end of life.
 *
 * Saving and loading have files of their own. The rule here is that a figure
 * exists only for a case that is STATUS_OK: a rate at which messages were lost
 * is no rate.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "case/axes.h"
#include "machine/env.h"
#include "result/result.h"

static struct interval no_interval(void)
{
	return (struct interval){NAN, NAN, NAN, 0};
}

/* What one round says of each figure; NaN where it says nothing. */
static double round_rate(const struct round_figures *round)
{
	if (round->elapsed_ns == 0)
		return NAN;
	return 1e9 * (double)round->msgs / (double)round->elapsed_ns;
}

static double round_cost(const struct round_figures *round)
{
	if (round->msgs == 0 || round->cpu_ns == 0)
		return NAN;
	return (double)round->cpu_ns / (double)round->msgs;
}

static double round_p50(const struct round_figures *round)
{
	return round->p50_ns ? (double)round->p50_ns : NAN;
}

static double round_usage(
	const struct round_figures *round, enum usage_kind kind)
{
	if (round->msgs == 0 || round->usage.counts[kind] == USAGE_UNKNOWN)
		return NAN;
	return (double)round->usage.counts[kind] / (double)round->msgs;
}

static void no_figures(struct result_case *one)
{
	one->msgs_per_s = one->p50_ns = no_interval();
	one->cpu_ns_per_msg = NAN;
	for (int i = 0; i < USAGE_KINDS; i++)
		one->usage_per_msg[i] = NAN;
}

void result_figures(struct result_case *one)
{
	const struct outcome *outcome = &one->outcome;
	size_t count = outcome->round_count;
	double *values;

	no_figures(one);
	if (outcome->status != STATUS_OK || count == 0 ||
		one->bench.mode == MODE_CRASH)
		return;
	values = malloc(count * sizeof(*values));
	if (!values)
		return;
	for (size_t i = 0; i < count; i++)
		values[i] = round_rate(&outcome->rounds[i]);
	if (one->bench.mode == MODE_THROUGHPUT)
		one->msgs_per_s = stats_median_interval(values, count, 0.95);
	for (size_t i = 0; i < count; i++)
		values[i] = round_p50(&outcome->rounds[i]);
	if (one->bench.mode != MODE_THROUGHPUT)
		one->p50_ns = stats_median_interval(values, count, 0.95);
	for (size_t i = 0; i < count; i++)
		values[i] = round_cost(&outcome->rounds[i]);
	one->cpu_ns_per_msg = stats_median(values, count);
	for (int kind = 0; kind < USAGE_KINDS; kind++) {
		for (size_t i = 0; i < count; i++)
			values[i] = round_usage(&outcome->rounds[i], kind);
		one->usage_per_msg[kind] = stats_median(values, count);
	}
	free(values);
}

bool result_disturbed(const struct round_figures *round)
{
	return round->steal_ns > 0 || round->moves > 0;
}

/* Of the rounds that are left; NULL: no memory. */
static struct hist *rtt_anew(const struct outcome *outcome)
{
	struct hist *hist = hist_create();

	if (hist && rounds_add(outcome->rounds, outcome->round_count,
			    ROUND_TIMES, hist)) {
		free(hist);
		return NULL;
	}
	return hist;
}

/* What was due and what was not sent stays: no round knows all of that. */
static struct latency *latency_anew(const struct outcome *outcome)
{
	const struct round_figures *rounds = outcome->rounds;
	const struct latency *whole = outcome->latency;
	size_t count = outcome->round_count;
	struct latency *latency = latency_create();

	if (!latency)
		return NULL;
	latency->due = whole->due;
	latency->backlog = whole->backlog;
	latency->unsent = whole->unsent;
	latency->dropped = whole->dropped;
	if (rounds_add(rounds, count, ROUND_TIMES, &latency->intended) ||
		rounds_add(rounds, count, ROUND_FROM_SEND, &latency->actual) ||
		rounds_add(rounds, count, ROUND_LAG, &latency->lag)) {
		free(latency);
		return NULL;
	}
	return latency;
}

/* Do the rounds have all the times that the case has? */
static bool times_are_in_rounds(const struct outcome *outcome)
{
	const struct round_figures *rounds = outcome->rounds;
	const struct latency *latency = outcome->latency;
	size_t count = outcome->round_count;

	if (outcome->rtt)
		return rounds_make_up(rounds, count, ROUND_TIMES, outcome->rtt);
	return latency &&
	       rounds_make_up(rounds, count, ROUND_TIMES, &latency->intended) &&
	       rounds_make_up(
		       rounds, count, ROUND_FROM_SEND, &latency->actual) &&
	       rounds_make_up(rounds, count, ROUND_LAG, &latency->lag);
}

static int times_anew(struct outcome *outcome)
{
	struct hist *rtt = outcome->rtt ? rtt_anew(outcome) : NULL;
	struct latency *latency =
		outcome->latency ? latency_anew(outcome) : NULL;

	if ((outcome->rtt && !rtt) || (outcome->latency && !latency)) {
		free(rtt);
		free(latency);
		return -ENOMEM;
	}
	free(outcome->rtt);
	free(outcome->latency);
	outcome->rtt = rtt;
	outcome->latency = latency;
	return 0;
}

int result_drop_disturbed(struct result *result)
{
	int err = 0;

	for (size_t i = 0; !err && i < result->case_count; i++) {
		struct outcome *outcome = &result->cases[i].outcome;
		bool anew = times_are_in_rounds(outcome);
		size_t kept = 0;

		for (size_t r = 0; r < outcome->round_count; r++) {
			struct round_figures *round = &outcome->rounds[r];

			if (result_disturbed(round))
				round_clear(round);
			else
				outcome->rounds[kept++] = *round;
		}
		if (kept == outcome->round_count)
			continue;
		outcome->round_count = kept;
		result_figures(&result->cases[i]);
		if (anew)
			err = times_anew(outcome);
		else if (outcome->rtt || outcome->latency)
			result->times_of_all = true;
	}
	result->without_disturbed = true;
	if (err)
		diag_error("cannot leave disturbed slices out: %s",
			strerror(-err));
	return err;
}

char *result_reason(
	const struct result_case *one, char *text, size_t text_bytes)
{
	const char *name = one->bench.transport;
	const char *reason = one->outcome.reason;
	size_t length = strlen(name);

	if (!reason[0])
		reason = "no reason given";
	if (strncmp(reason, name, length) == 0 && reason[length] == ' ')
		snprintf(text, text_bytes, "%s", reason);
	else
		snprintf(text, text_bytes, "%.80s: %s", name, reason);
	return text;
}

/* Was a kill survived as its transport claims? */
static bool recovered(const struct result_case *one)
{
	const struct crash_figures *crash = &one->outcome.crash;

	return one->outcome.status == STATUS_OK &&
	       crash->recovered == crash->kills;
}

/* What one case makes of the whole run. */
static int case_exit_code(const struct result_case *one)
{
	bool crash = one->bench.mode == MODE_CRASH;

	if (one->outcome.status == STATUS_SKIP)
		return EXIT_NOTHING_RAN;
	if (crash && !one->survives_kill)
		return EXIT_GOOD;
	if (one->outcome.status == STATUS_VIOLATED)
		return EXIT_VIOLATED;
	if (crash && one->outcome.crash.kills > 0)
		return recovered(one) ? EXIT_GOOD : EXIT_RECOVERY;
	return one->outcome.status == STATUS_OK ? EXIT_GOOD : EXIT_INCONCLUSIVE;
}

int result_exit_code(const struct result *result)
{
	static const int gravest_first[] = {
		EXIT_VIOLATED, EXIT_RECOVERY, EXIT_INCONCLUSIVE};
	bool ran = false;

	for (size_t k = 0; k < 3; k++) {
		for (size_t i = 0; i < result->case_count; i++) {
			int code = case_exit_code(&result->cases[i]);

			if (code == gravest_first[k])
				return code;
			if (code != EXIT_NOTHING_RAN)
				ran = true;
		}
	}
	if (result->interrupted)
		return EXIT_INCONCLUSIVE;
	return ran ? EXIT_GOOD : EXIT_NOTHING_RAN;
}

void result_free(struct result *result)
{
	if (!result)
		return;
	for (size_t i = 0; result->cases && i < result->case_count; i++) {
		rounds_free(result->cases[i].outcome.rounds,
			result->cases[i].outcome.round_count);
		free(result->cases[i].outcome.rtt);
		free(result->cases[i].outcome.latency);
		crash_figures_free(&result->cases[i].outcome.crash);
	}
	free(result->cases);
	free(result->path);
	if (result->environment)
		env_free(result->environment);
	free(result->environment);
	*result = (struct result){0};
}

unsigned result_varying(const struct result_case *const *cases,
	size_t case_count, unsigned mask)
{
	unsigned varying = 0;

	for (size_t c = 1; c < case_count; c++) {
		for (int i = 0; i < AXIS_COUNT; i++) {
			if (!axes_equal(&cases[0]->bench, &cases[c]->bench,
				    AXIS_BIT(i)))
				varying |= AXIS_BIT(i);
		}
	}
	return varying & mask;
}
