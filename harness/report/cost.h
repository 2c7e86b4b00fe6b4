/* cost.h - what a message costs besides time. */
#ifndef IPCMARK_REPORT_COST_H
#define IPCMARK_REPORT_COST_H

#include <stdio.h>

struct result;

/* report_cost - a row for each case with figures: CPU time, context switches,
 * page faults, and what the processor counted, a message. */
void report_cost(const struct result *result, FILE *out);

#endif
