/* trend.h - a result beside one that was stored: how things went, not a gate. */
#ifndef IPCMARK_GATE_TREND_H
#define IPCMARK_GATE_TREND_H

#include <stdio.h>

struct gate_request;
struct result;

/* trend_print - each case of @now beside the one of the same id in @then: by what
 * share it is worse, with an interval, and a verdict by the request's tolerance
 * and max; a case that was measured in another way is skipped, with the reason.
 * Refuses, after saying what differs, when the machine is another one.
 * Returns an exit code: that of the verdict, EXIT_USAGE, EXIT_VIOLATED,
 * EXIT_NOTHING_RAN. */
int trend_print(const struct result *then, const struct result *now,
	const struct gate_request *request, FILE *out);

#endif
