/* fault_series.h - throughput around kills, out of the recorder's bins. */
#ifndef IPCMARK_RUN_FAULT_SERIES_H
#define IPCMARK_RUN_FAULT_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash/figures.h"

struct recorder_track;

/* One kill. */
struct fault_row {
	uint64_t killed_ns;
	uint64_t standing_before_ns, standing_after_ns; /* the longest */
	uint32_t messages[AROUND_BINS];
};

/* The kills of one role. All zeroes: none. */
struct fault_series {
	struct fault_row *rows; /* owned */
	size_t count, room;
	size_t read; /* of these, whose messages are in */
};

/* fault_series_add - there was a kill at @killed_ns, later than all before.
 * Returns 0; -ENOMEM. */
int fault_series_add(struct fault_series *series, uint64_t killed_ns);

/* fault_series_read - what is over, as the tracks of that role have it. Must be
 * called at least each 100 ms, as they forget. @all: also what is not over. */
void fault_series_read(struct fault_series *series,
	const struct recorder_track *tracks, unsigned track_count,
	uint64_t now_ns, bool all);

/* fault_series_sum - one laid on top of the other. Returns NULL: no kill, or no
 * memory. Caller frees. */
struct crash_around *fault_series_sum(const struct fault_series *series);

void fault_series_free(struct fault_series *series);

#endif
