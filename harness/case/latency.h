/* latency.h - what an open loop measures: the times of its messages, and how
 * well it kept its own.
 */
#ifndef IPCMARK_CASE_LATENCY_H
#define IPCMARK_CASE_LATENCY_H

#include <stdlib.h>

#include "base/hist.h"

/* Of the messages that were due within the measured time. */
struct latency {
	struct hist intended; /* from when it was due until it was there */
	struct hist actual;   /* from when it was sent until it was there */
	struct hist lag;      /* from when it was due until it was sent */
	uint64_t due;	      /* messages */
	uint64_t backlog;     /* of these, not sent when the time was over */
	uint64_t unsent;      /* of these, never sent */
	uint64_t dropped;     /* of those due: LATE_DROP had no time for them */
};

static inline void latency_init(struct latency *latency)
{
	hist_init(&latency->intended);
	hist_init(&latency->actual);
	hist_init(&latency->lag);
	latency->due = latency->backlog = latency->unsent = 0;
	latency->dropped = 0;
}

/* latency_create - an empty one, to be freed with free(); as hist_create() it
 * takes memory only where something is counted. NULL: no memory. */
static inline struct latency *latency_create(void)
{
	struct latency *latency = calloc(1, sizeof(*latency));

	if (latency)
		latency->intended.min_ns = latency->actual.min_ns =
			latency->lag.min_ns = UINT64_MAX;
	return latency;
}

static inline void latency_add(struct latency *into, const struct latency *from)
{
	hist_add(&into->intended, &from->intended);
	hist_add(&into->actual, &from->actual);
	hist_add(&into->lag, &from->lag);
	into->due += from->due;
	into->backlog += from->backlog;
	into->unsent += from->unsent;
	into->dropped += from->dropped;
}

/* latency_reached - was what was due also sent? A twentieth may still wait when
 * the time is over: any message in flight at that moment does. */
static inline int latency_reached(const struct latency *latency)
{
	return latency->backlog <= latency->due / 20 + 1;
}

#endif
