/* report_text.c - see report_text.h. */
#include "gate/report_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report/machine.h"

enum report_outcome report_of_case(const struct gate_case *which)
{
	if (which->status == STATUS_SKIP)
		return OUTCOME_SKIP;
	if (which->status == STATUS_VIOLATED)
		return OUTCOME_VIOLATED;
	if (which->verdict == VERDICT_REGRESSION)
		return OUTCOME_REGRESSION;
	return which->verdict == VERDICT_PASS ? OUTCOME_PASS
					      : OUTCOME_INCONCLUSIVE;
}

enum report_outcome report_of_gate(const struct gate *gate)
{
	bool ran = false;

	for (size_t i = 0; i < gate->case_count; i++) {
		enum report_outcome outcome = report_of_case(&gate->cases[i]);

		if (outcome == OUTCOME_VIOLATED)
			return OUTCOME_VIOLATED;
		ran = ran || outcome != OUTCOME_SKIP;
	}
	if (!ran)
		return OUTCOME_SKIP;
	if (gate->verdict == VERDICT_REGRESSION)
		return OUTCOME_REGRESSION;
	return gate->verdict == VERDICT_PASS ? OUTCOME_PASS
					     : OUTCOME_INCONCLUSIVE;
}

bool report_by_metric(const struct gate_case *which)
{
	if (which->status != STATUS_OK)
		return false;
	if (which->verdict == VERDICT_PASS)
		return true;
	/* The case took over the sentence, and may have added to it. */
	for (int m = 0; m < METRICS; m++) {
		const struct judgement *judgement =
			&which->metrics[m].judgement;

		if (which->metrics[m].gated &&
			judgement->verdict == which->verdict &&
			judgement->reason[0] &&
			strncmp(which->reason, judgement->reason,
				strlen(judgement->reason)) == 0)
			return true;
	}
	return false;
}

const char *report_outcome_name(enum report_outcome outcome)
{
	static const char *const names[] = {
		[OUTCOME_PASS] = "PASS",
		[OUTCOME_REGRESSION] = "REGRESSION",
		[OUTCOME_INCONCLUSIVE] = "INCONCLUSIVE",
		[OUTCOME_VIOLATED] = "VIOLATED",
		[OUTCOME_SKIP] = "SKIP",
	};

	return names[outcome];
}

const char *report_share(double share, char text[REPORT_SHARE_BYTES])
{
	if (isfinite(share))
		snprintf(text, REPORT_SHARE_BYTES,
			fabs(share) < 10 ? "%+.1f %%" : "%+.0f %%",
			100 * share);
	else
		snprintf(text, REPORT_SHARE_BYTES, "-");
	return text;
}

const char *report_interval(
	const struct judgement *judgement, char text[REPORT_INTERVAL_BYTES])
{
	if (isfinite(judgement->lo) && isfinite(judgement->hi))
		snprintf(text, REPORT_INTERVAL_BYTES, "%+.1f to %+.1f %%",
			100 * judgement->lo, 100 * judgement->hi);
	else
		snprintf(text, REPORT_INTERVAL_BYTES, "-");
	return text;
}

const char *report_verdict(const struct gate_metric_result *metric,
	char text[REPORT_VERDICT_BYTES])
{
	snprintf(text, REPORT_VERDICT_BYTES, "%s%s",
		metric->gated ? "" : "advisory: ",
		gate_verdict_name(metric->judgement.verdict));
	return text;
}

const char *report_machine(
	const struct environment *environment, char text[REPORT_MACHINE_BYTES])
{
	char noise[REPORT_MACHINE_BYTES];
	size_t used;

	text[0] = '\0';
	if (!environment->facts)
		return text;
	used = strlen(machine_name(environment, text, REPORT_MACHINE_BYTES));
	if (machine_noise(environment, noise, sizeof(noise))[0])
		snprintf(text + used, REPORT_MACHINE_BYTES - used, ". %s",
			noise);
	return text;
}

const char *report_started(
	const struct gate *gate, char text[REPORT_TIME_BYTES])
{
	time_t seconds = (time_t)(gate->started_unix_ns / 1000000000);
	struct tm parts;

	text[0] = '\0';
	if (gmtime_r(&seconds, &parts))
		strftime(text, REPORT_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
	return text;
}

double report_figure(enum gate_metric kind, const struct gate_figures *figures)
{
	double value = metric_value(kind, figures);

	if (kind == METRIC_THROUGHPUT)
		value = 1e9 / value;
	return isfinite(value) && value > 0 ? value : NAN;
}

bool report_takes(const struct gate_case *which, enum gate_metric kind)
{
	return which->status != STATUS_SKIP && which->metrics[kind].applies &&
	       which->metrics[kind].judgement.blocks > 0;
}
