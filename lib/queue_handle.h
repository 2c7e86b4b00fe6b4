/* queue_handle.h - what the files of the queue share: the handle, and the two
 * sides of the control block.
 *
 *   queue.c          put and get
 *   queue_lease.c    reserve, commit, acquire, release: records that stay in place
 *   queue_walk.h     consumers walking over the records
 *   queue_side.[ch]  a side's lock, commit and repair; waiting and tending
 *   queue_admin.c    create, open, close, sizes, inspect, check
 */
#ifndef MIPC_QUEUE_HANDLE_H
#define MIPC_QUEUE_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include <mmapipc/queue.h>

#include "counters.h"
#include "event.h"
#include "lock.h"
#include "record.h"
#include "segment.h"
#include "watch.h"

enum side_index {
	PRODUCERS,
	CONSUMERS,
};

struct mipc_queue {
	struct segment segment;
	struct mipc_queue_control *control;
	uint32_t spin_us;
	uint32_t dead_letter_after; /* until it was created */
	_Atomic int broken;	  /* -EBADMSG once the segment held nonsense */
	struct watch_place watch; /* for a message */
	_Atomic uint64_t tended_ns; /* in passing */
	struct pace pace[2];	    /* by enum side_index: of who waits there */
	/* Records in the hands of this handle: reservations, leases. Written by
	 * all its threads. */
	_Atomic uint64_t held[2];
	/* A line for each side: threads that put and threads that get. What
	 * passed is counted under the side's lock. */
	struct {
		alignas(MIPC_LINE_BYTES) struct counters counters;
	} sides[2];
};

static inline struct mipc_queue_side *side_of(
	const mipc_queue *queue, enum side_index index)
{
	return index == PRODUCERS ? &queue->control->producers
				  : &queue->control->consumers;
}

static inline bool positions_valid(
	const mipc_queue *queue, uint64_t head, uint64_t tail)
{
	return tail - head <= queue->segment.capacity_bytes &&
	       (head | tail) % MIPC_RECORD_ALIGN == 0;
}

/* queue_wait - begin a call's wait. What only a look before sleeping needs is left
 * to await() in queue_side.c: most calls would write it for nothing, and each store
 * is felt at the lock's exchange. */
static inline void queue_wait(struct wait *wait, uint64_t timeout_ns)
{
	wait->timeout_ns = timeout_ns;
	wait->deadline_ns = 0;
}

/* queue_broken - the segment holds nonsense, for good. Returns -EBADMSG. */
int queue_broken(mipc_queue *queue);

/* queue_enter - at the start of every call. Returns 0; -EBADMSG; as attaching
 * in a forked child. */
static inline int queue_enter(mipc_queue *queue)
{
	/* relaxed: any later call may find out for itself */
	int err = atomic_load_explicit(&queue->broken, memory_order_relaxed);

	return err ? err : segment_enter(&queue->segment);
}

static inline uint64_t queue_max_len(const mipc_queue *queue)
{
	return queue->segment.capacity_bytes - RECORD_HEADER_BYTES;
}

#endif
