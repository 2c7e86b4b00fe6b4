/* disturb.h - what happened to a slice that was none of its own doing. */
#ifndef IPCMARK_RUN_DISTURB_H
#define IPCMARK_RUN_DISTURB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/procstat.h"

struct crew;
struct slice_report;

/* Counts at the beginning. */
struct disturb {
	struct procstat_cpu cpu;
	bool cpu_known;
	uint64_t delay_ns, moves; /* of all workers */
};

/* disturb_begin, disturb_end - read the kernel's counts, and put what they grew
 * by into ->steal_ns, ->delay_ns and ->moves of the report. What the system does
 * not count is 0. */
void disturb_begin(const struct crew *crew, struct disturb *ret_disturb);
void disturb_end(const struct crew *crew, const struct disturb *disturb,
	struct slice_report *report);

#endif
