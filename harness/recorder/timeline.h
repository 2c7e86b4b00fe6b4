/* timeline.h - what all workers did around one moment, merged by time. */
#ifndef IPCMARK_RECORDER_TIMELINE_H
#define IPCMARK_RECORDER_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "recorder/recorder.h"

/* What the parent did to a worker. */
struct timeline_deed {
	uint64_t at_ns;
	const char *what; /* static text */
	unsigned place;	  /* the track it is of */
	uint32_t number;  /* of the worker */
	uint64_t address; /* where it stood; 0: not known */
	bool held;	  /* it was seen to hold the lock */
	bool killed;
	bool doing_known;
	struct recorder_view doing; /* its last event */
};

/* The deeds of one case, in order. All zeroes: none. */
struct timeline {
	struct timeline_deed *deeds; /* owned */
	uint64_t *sent; /* by deed and producer's place: messages acknowledged
			   by then; owned */
	size_t count, room;
	unsigned producers; /* places before those of the consumers */
	/* What places and phases are called; NULL: by role and number, and not
	 * at all. */
	const char *const *places, *const *phases;
	const char *call; /* what RECORDER_CALL was */
};

/* An event out of a recorder. */
struct timeline_event {
	unsigned place;
	bool last; /* of its place */
	struct recorder_view view;
};

/* timeline_gather - what of @recorder is newer than @since_ns and nearest to
 * @around_ns, some of each place, and the last one of each. Nobody writes to it
 * meanwhile, or what is written just now may be torn. Returns how many. */
enum { TIMELINE_EACH = 18 };
size_t timeline_gather(const struct recorder *recorder, uint64_t since_ns,
	uint64_t around_ns, struct timeline_event *events, size_t room);

/* timeline_add - one more. @sent: as many as there are producers' places.
 * Returns 0; -ENOMEM. */
int timeline_add(struct timeline *timeline, const struct timeline_deed *deed,
	const uint64_t *sent);

/* timeline_sent - about when message @sequence of producer @number was sent: when
 * the first deed after it was done. 0: not known. */
uint64_t timeline_sent(
	const struct timeline *timeline, uint32_t number, uint64_t sequence);

/* timeline_print - some forty lines: the deeds and the workers' events that are
 * nearest to @around_ns, and the last event of each worker. Nobody writes to
 * @recorder meanwhile. */
void timeline_print(const struct timeline *timeline,
	const struct recorder *recorder, uint64_t around_ns, FILE *out);

/* timeline_print_events - the same of events that were gathered. */
void timeline_print_events(const struct timeline *timeline,
	const struct timeline_event *events, size_t event_count,
	uint64_t around_ns, FILE *out);

/* timeline_place - "producer 1". Returns @text. */
enum { TIMELINE_PLACE_BYTES = 32 };
char *timeline_place(
	unsigned producers, unsigned place, char text[TIMELINE_PLACE_BYTES]);

void timeline_free(struct timeline *timeline);

#endif
