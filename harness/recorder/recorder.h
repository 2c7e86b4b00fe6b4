/* recorder.h - what each worker did last, for whoever looks after it died.
 *
 * A track is a place among the workers, a producer's or a consumer's: whoever is
 * killed and whoever comes in its place write it one after the other, never at
 * the same time. It has two rings, both in memory that all share:
 *
 *   events  one an operation: when it began, what it was, and what came of it
 *   bins    how many messages got through in each RECORDER_BIN_NS
 *
 * What a message costs here is one look at the clock and some stores to lines of
 * this worker's own; only crash sections have a recorder.
 *
 * A death between any two stores leaves: an event that is not counted yet, and is
 * never looked at; one that began and has not ended, which is what the victim was
 * doing; or a bin that lacks its last message.
 *
 * Once the alarm is raised, by who received what it should not have, nobody
 * writes any more: the rings keep what led to it.
 */
#ifndef IPCMARK_RECORDER_RECORDER_H
#define IPCMARK_RECORDER_RECORDER_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "case/verify.h"

enum {
	RECORDER_EVENTS = 256, /* of a track */
	RECORDER_BINS = 4096,  /* of a track: 0.2 s */
	RECORDER_BIN_NS = 50000,
	RECORDER_BIN_SHIFT = 24, /* below it the count, above the bin */
};

enum recorder_operation {
	RECORDER_ATTACH,
	RECORDER_SEND,
	RECORDER_RECEIVE,
	RECORDER_DETACH,
	RECORDER_CALL, /* of whatever else the transport can do */
};

/* In ->code: it has not ended. */
#define RECORDER_RUNS INT32_MIN
/* In ->sequence: nobody knows of which message, or of none. */
#define RECORDER_UNNUMBERED UINT64_MAX

struct recorder_event {
	_Atomic uint64_t at_ns; /* when it began, or the one before it ended */
	_Atomic uint64_t
		sequence; /* of the message: sent, or received so far */
	_Atomic uint32_t took_ns;
	_Atomic int32_t code;	 /* as the call's, or RECORDER_RUNS */
	_Atomic uint32_t number; /* the worker's */
	_Atomic uint32_t what;	 /* operation, and the phase above bit 8 */
};

struct recorder_track {
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t made; /* events ever begun */
	struct recorder_event events[RECORDER_EVENTS];
	_Atomic uint64_t bins[RECORDER_BINS];
};

struct recorder {
	struct verify_alarm alarm;
	unsigned track_count;
	struct recorder_track tracks[];
};

/* What the worker itself keeps of it; all zeroes: it records nothing. */
struct recording {
	struct recorder_track *track;
	const struct verify_alarm *alarm;
	uint64_t made;
	uint64_t last_ns;
	uint32_t number;
	bool open; /* an event has begun */
};

/* An event, copied out. */
struct recorder_view {
	uint64_t at_ns, sequence;
	uint32_t took_ns, number;
	int32_t code;
	enum recorder_operation operation;
	unsigned phase;
};

/* recorder_create - in the parent, before the fork. Returns NULL: no memory. */
struct recorder *recorder_create(unsigned track_count);
void recorder_free(struct recorder *recorder);

/* recorder_begin_track - worker @number writes track @index from now on. */
struct recording recorder_begin_track(
	struct recorder *recorder, unsigned index, uint32_t number);

/* recorder_last - the event @back places before the last one of @track, from 0.
 * False: it has none, or no longer. While its worker runs the event may be torn:
 * stop it first. */
bool recorder_last(const struct recorder_track *track, unsigned back,
	struct recorder_view *ret_view);

/* recorder_messages - how many got through on @track in bin @bin, counted from
 * the clock's zero; one that is older than the ring says 0. */
uint32_t recorder_messages(const struct recorder_track *track, uint64_t bin);

const char *recorder_operation_name(enum recorder_operation operation);

/* All stores here are relaxed: what orders them is that a death leaves a prefix
 * of them, and the signal fences bind the compiler to their order. Who reads
 * them waits for the writer to stand still or to be dead. */

/* recorder_begin - an operation begins now. Its time is when the one before it
 * ended: a look at the clock less, and what lies between is the harness's. */
static inline void recorder_begin(struct recording *recording, unsigned phase,
	enum recorder_operation operation, uint64_t sequence)
{
	struct recorder_event *event;

	recording->open = recording->track &&
			  atomic_load_explicit(&recording->alarm->kind,
				  memory_order_relaxed) == ALARM_NONE;
	if (!recording->open)
		return;
	if (!recording->last_ns)
		recording->last_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	event = &recording->track->events[recording->made % RECORDER_EVENTS];
	atomic_store_explicit(
		&event->code, RECORDER_RUNS, memory_order_relaxed);
	atomic_store_explicit(
		&event->at_ns, recording->last_ns, memory_order_relaxed);
	atomic_store_explicit(&event->sequence, sequence, memory_order_relaxed);
	atomic_store_explicit(&event->took_ns, 0, memory_order_relaxed);
	atomic_store_explicit(
		&event->number, recording->number, memory_order_relaxed);
	atomic_store_explicit(&event->what, (uint32_t)operation | phase << 8,
		memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&recording->track->made, ++recording->made,
		memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
}

/* recorder_name - now it is known which message it is about. */
static inline void recorder_name(struct recording *recording, uint64_t sequence)
{
	if (recording->open)
		atomic_store_explicit(&recording->track
					       ->events[(recording->made - 1) %
							RECORDER_EVENTS]
					       .sequence,
			sequence, memory_order_relaxed);
}

/* recorder_end - it has ended with @code; more than 0: so many messages got
 * through. */
static inline void recorder_end(
	struct recording *recording, int code, unsigned messages)
{
	uint64_t now_ns, bin, seen;
	struct recorder_event *event;
	_Atomic uint64_t *at;

	if (!recording->open)
		return;
	now_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	event = &recording->track
			 ->events[(recording->made - 1) % RECORDER_EVENTS];
	atomic_store_explicit(&event->took_ns,
		(uint32_t)(now_ns - recording->last_ns), memory_order_relaxed);
	atomic_store_explicit(&event->code, code, memory_order_relaxed);
	recording->last_ns = now_ns;
	if (!messages)
		return;
	bin = now_ns / RECORDER_BIN_NS;
	at = &recording->track->bins[bin % RECORDER_BINS];
	seen = atomic_load_explicit(at, memory_order_relaxed);
	if (seen >> RECORDER_BIN_SHIFT !=
		(bin & (UINT64_MAX >> RECORDER_BIN_SHIFT)))
		seen = bin << RECORDER_BIN_SHIFT;
	atomic_store_explicit(at, seen + messages, memory_order_relaxed);
}

#endif
