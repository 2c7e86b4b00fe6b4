/* report.h - a result as a table for a terminal. */
#ifndef IPCMARK_REPORT_REPORT_H
#define IPCMARK_REPORT_REPORT_H

#include <stdio.h>

struct result;

/* report_show - machine, then a table per section (rates with interval,
 * round-trip percentiles, recoveries), then every case that was skipped,
 * violated or failed with its reason. */
void report_show(const struct result *result, FILE *out);

#endif
