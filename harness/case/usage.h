/* usage.h - what a worker uses while it is measured: the system's counts, and
 * the processor's where the kernel gives them.
 */
#ifndef IPCMARK_CASE_USAGE_H
#define IPCMARK_CASE_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum usage_kind {
	USAGE_VOLUNTARY,    /* context switches: it waited */
	USAGE_INVOLUNTARY,  /* ... and: it was made to */
	USAGE_MINOR_FAULTS, /* a page was there, but not in its table */
	USAGE_MAJOR_FAULTS, /* a page had to be read */
	USAGE_CYCLES,	    /* from here on by the processor's own counters, */
	USAGE_INSTRUCTIONS, /* of the program alone, not of the kernel */
	USAGE_LLC_MISSES,   /* reads that the last-level cache did not have */
	USAGE_KINDS,
	USAGE_COUNTERS = USAGE_CYCLES, /* the first of these */
};

#define USAGE_UNKNOWN UINT64_MAX

/* USAGE_UNKNOWN where there is no count. */
struct usage {
	uint64_t counts[USAGE_KINDS];
};

/* One worker's, in its own process. */
struct usage_meter {
	int fds[USAGE_KINDS - USAGE_COUNTERS]; /* -1: refused */
	struct usage begun;
};

/* usage_name - the key in result.json; NULL past the end. */
const char *usage_name(enum usage_kind kind);

/* usage_unknown - nothing is known. */
struct usage usage_unknown(void);

/* usage_add - @into plus @from; a count that one of them lacks is unknown. */
void usage_add(struct usage *into, const struct usage *from);

/* usage_open - begin counting; refused counters stay unknown. */
void usage_open(struct usage_meter *meter);

/* usage_begin, usage_end - the counts between the two calls. */
void usage_begin(struct usage_meter *meter);
struct usage usage_end(const struct usage_meter *meter);

/* usage_refusal - does the kernel give this process the processor's counters?
 * Returns true with one sentence in @reason when it does not. */
bool usage_refusal(char *reason, size_t reason_bytes);

#endif
