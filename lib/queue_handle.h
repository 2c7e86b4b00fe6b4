/* queue_handle.h - what the files of the queue share: the handle, and the two
 * sides of the control block.
 *
 *   queue.c        put and get
 *   queue_lease.c  reserve, commit, acquire, release: records that stay in place
 *   queue_walk.h   consumers walking over the records
 *   queue_side.c   a side's lock, commit and repair; waiting and tending
 *   queue_admin.c  create, open, close, sizes, inspect, check
 */
#ifndef MIPC_QUEUE_HANDLE_H
#define MIPC_QUEUE_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include <mmapipc/queue.h>

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
	struct pace pace[2];	  /* by enum side_index: of who waits there */
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

static inline struct wait queue_wait(
	const mipc_queue *queue, uint64_t timeout_ns)
{
	return (struct wait){timeout_ns, 0, queue->spin_us, NULL};
}

/* queue_enter - at the start of every call. Returns 0; -EBADMSG; as attaching
 * in a forked child. */
int queue_enter(mipc_queue *queue);

/* queue_broken - the segment holds nonsense, for good. Returns -EBADMSG. */
int queue_broken(mipc_queue *queue);

/* side_lock, side_unlock - with what a dead owner left repaired.
 * side_lock returns 0; -EAGAIN; -ETIMEDOUT. */
int side_lock(mipc_queue *queue, enum side_index index, struct wait *wait);
void side_unlock(mipc_queue *queue, enum side_index index);

/* side_commit - under the lock: move the side's position by one store, and its
 * count by @count. */
void side_commit(
	struct mipc_queue_side *side, uint64_t position, uint64_t count);

/* side_other - under the lock: the other side's position, as remembered or, with
 * @now, looked up. */
uint64_t side_other(mipc_queue *queue, enum side_index index, bool now);

/* side_count - messages that ever passed it. A snapshot. */
uint64_t side_count(const struct mipc_queue_side *side);

/* queue_find_room - under the producers' lock: bytes that may be filled from
 * @tail on, at least @need of them if there are as many. 0; -EBADMSG. */
int queue_find_room(
	mipc_queue *queue, uint64_t tail, uint64_t need, uint64_t *ret_room);

/* queue_tend - free the place of what is done at the head, and settle what dead
 * parties left: their reservations are dropped, their leases given back.
 * Takes the consumers' lock if it is free. For waiters, some times a second, and
 * for who has just been done with a record. */
void queue_tend(mipc_queue *queue, bool ask_after_the_dead);

/* queue_tend_for_poll - the same in one of many polls in vain: who only polls
 * never naps. */
void queue_tend_for_poll(mipc_queue *queue);

/* queue_returned - the word of a leased record that goes back: READY once more,
 * or DEAD. */
uint64_t queue_returned(const mipc_queue *queue, uint64_t word);

/* queue_await_room, queue_await_message - sleep until a try is worth while.
 * Return 0; -EAGAIN; -ETIMEDOUT. */
int queue_await_room(mipc_queue *queue, uint64_t need, struct wait *wait);
int queue_await_message(mipc_queue *queue, struct wait *wait);

/* queue_take - wait for messages, and have @take take some of them, under the
 * consumers' lock: it returns how many, -EAGAIN when there are none after all,
 * or an error.
 * Returns as @take; -EAGAIN; -ETIMEDOUT. */
int queue_take(mipc_queue *queue,
	int (*take)(mipc_queue *queue, void *items, unsigned count),
	void *items, unsigned count, uint64_t timeout_ns);

/* queue_look_again - something before the cursor has changed. */
void queue_look_again(mipc_queue *queue);

#endif
