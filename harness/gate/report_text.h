/* report_text.h - what several forms of a gate's report say alike. */
#ifndef IPCMARK_GATE_REPORT_TEXT_H
#define IPCMARK_GATE_REPORT_TEXT_H

#include "gate/gate.h"

/* What came of a case, or of all: data before figures. */
enum report_outcome {
	OUTCOME_PASS,
	OUTCOME_REGRESSION,
	OUTCOME_INCONCLUSIVE,
	OUTCOME_VIOLATED,
	OUTCOME_SKIP,
};

enum report_outcome report_of_case(const struct gate_case *which);
enum report_outcome report_of_gate(const struct gate *gate);

/* report_by_metric - does a gated metric's own verdict say what came of the case?
 * Else it was something else: skipped, failed, disturbed. */
bool report_by_metric(const struct gate_case *which);

/* report_outcome_name - "PASS"; "VIOLATED" and "SKIP" besides the verdicts. */
const char *report_outcome_name(enum report_outcome outcome);

/* report_share - "+5.2 %"; "-" where there is no number. @text is returned. */
enum { REPORT_SHARE_BYTES = 32 };
const char *report_share(double share, char text[REPORT_SHARE_BYTES]);

/* report_interval - "+4.1 to +6.3 %"; "-". */
enum { REPORT_INTERVAL_BYTES = 64 };
const char *report_interval(
	const struct judgement *judgement, char text[REPORT_INTERVAL_BYTES]);

/* report_verdict - of a metric: "PASS", "advisory: OPEN". */
enum { REPORT_VERDICT_BYTES = 48 };
const char *report_verdict(const struct gate_metric_result *metric,
	char text[REPORT_VERDICT_BYTES]);

/* report_machine - "AMD EPYC, 2 CPUs, Linux 6.1.0 x86_64. Noise grade C: ...";
 * "" where it is not known. @text is returned. */
enum { REPORT_MACHINE_BYTES = 1024 };
const char *report_machine(
	const struct environment *environment, char text[REPORT_MACHINE_BYTES]);

/* report_started - "2024-05-01T12:00:00", UTC. */
enum { REPORT_TIME_BYTES = 32 };
const char *report_started(
	const struct gate *gate, char text[REPORT_TIME_BYTES]);

/* report_figure - what metric @kind is in one slice, in nanoseconds a message
 * where it is a rate, so that less is better; NaN: the slice has none. */
double report_figure(enum gate_metric kind, const struct gate_figures *figures);

/* report_takes - shall a file have this metric of this case? Blocks were run. */
bool report_takes(const struct gate_case *which, enum gate_metric kind);

#endif
