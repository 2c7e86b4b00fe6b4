/* rounds.h - what each round of a case leaves behind.
 */
#ifndef IPCMARK_RUN_ROUNDS_H
#define IPCMARK_RUN_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "case/usage.h"

struct hist;

/* The times that a round may have. */
enum round_times {
	ROUND_TIMES, /* round trips; latencies from when a message was due */
	ROUND_FROM_SEND, /* MODE_OPEN: latencies from when it was sent */
	ROUND_LAG,	 /* MODE_OPEN: from when it was due until it was sent */
	ROUND_TIMES_KINDS,
};

/* A histogram of one round. */
struct round_hist {
	char *text;	 /* as hist_encode() writes it; owned; NULL: no times */
	uint64_t total;	 /* values in it */
	uint64_t max_ns; /* exact, which the text is not */
};

struct round_figures {
	unsigned round;
	unsigned order;	   /* position of this slice within its round */
	uint64_t start_ns; /* of the measured time, since the run began; what
			      lay between an end and its resumption does not
			      count; 0: not known */
	uint64_t msgs;
	uint64_t elapsed_ns;
	uint64_t cpu_ns;
	uint64_t distance_before_ns;
	uint64_t distance_after_ns;
	struct usage usage;
	uint64_t p50_ns;  /* of ROUND_TIMES; 0: none */
	uint64_t due;	  /* MODE_OPEN: messages, and of these ... */
	uint64_t backlog; /* ... not sent when the time was over */
	uint64_t steal_ns, delay_ns, moves; /* as in struct slice_report */
	struct round_hist times[ROUND_TIMES_KINDS];
};

/* round_keep - let @round have the times in @hist.
 * Returns 0; -ENOMEM. */
int round_keep(struct round_figures *round, enum round_times kind,
	const struct hist *hist);

/* rounds_make_up - are the values of @rounds together as many as in @whole? They
 * are not in a result from before rounds had any. */
bool rounds_make_up(const struct round_figures *rounds, size_t count,
	enum round_times kind, const struct hist *whole);

/* rounds_add - add the times of all @rounds to @into.
 * Returns 0; -ENOMEM. */
int rounds_add(const struct round_figures *rounds, size_t count,
	enum round_times kind, struct hist *into);

/* round_clear - free what @round owns; it has no times any more. */
void round_clear(struct round_figures *round);

/* rounds_free - @rounds and what they own; accepts NULL. */
void rounds_free(struct round_figures *rounds, size_t count);

#endif
