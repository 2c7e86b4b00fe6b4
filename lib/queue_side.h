/* queue_side.h - one side of a queue: its lock, its one commit, and the wait for
 * the other side.
 *
 * Inline is what every put and get goes through when nobody is in its way; the
 * rest is in queue_side.c.
 */
#ifndef MIPC_QUEUE_SIDE_H
#define MIPC_QUEUE_SIDE_H

#include <errno.h>
#include <limits.h>

#include "mutant.h"
#include "queue_handle.h"

/* side_repair - the lock's last owner died: finish what it left. */
void side_repair(mipc_queue *queue, enum side_index index);

/* side_lock, side_unlock - with what a dead owner left repaired.
 * side_lock returns 0; -EAGAIN; -ETIMEDOUT; -ECANCELED; -EBADMSG. Whoever calls
 * it with a timeout ends in segment_wait_end(). */
static inline int side_lock(
	mipc_queue *queue, enum side_index index, struct wait *wait)
{
	struct mipc_queue_side *side = side_of(queue, index);
	int rc = lock_acquire_counted(&side->lock, &queue->segment, wait,
		&queue->sides[index].counters);

	if (__builtin_expect(rc <= 0, 1))
		return rc;
	side_repair(queue, index);
	return 0;
}

static inline void side_unlock(mipc_queue *queue, enum side_index index)
{
	lock_release(&side_of(queue, index)->lock);
}

/* side_commit - under the lock: move the side's position by one store, and its
 * count by @count. */
static inline void side_commit(
	struct mipc_queue_side *side, uint64_t position, uint64_t count)
{
	/* relaxed, but for the commit: guarded by the side's lock */
	uint64_t total =
		atomic_load_explicit(&side->count, memory_order_relaxed) +
		count;

	if (MUTANT(count_before_publish))
		atomic_store(&side->count, total);
	if (MUTANT(intent_count_first))
		atomic_store(&side->intent_count, total);
	/* In program order, all of it, since a death leaves a prefix: with its
	 * position set first, an intent says nothing (it differs from the
	 * side's) until the commit makes it true. The fences bind the compiler. */
	atomic_store_explicit(
		&side->intent_position, position, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&side->intent_count, total, memory_order_relaxed);
	/* Q1 or Q2: publishes the records, or that they were read. release:
	 * pairs with Q3 on the other side. */
	atomic_store_explicit(&side->position, position, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&side->count, total, memory_order_relaxed);
}

/* side_other - under the lock: the other side's position, as remembered or, with
 * @now, looked up. */
static inline uint64_t side_other(
	mipc_queue *queue, enum side_index index, bool now)
{
	struct mipc_queue_side *side = side_of(queue, index);
	uint64_t position;

	/* relaxed: guarded by the side's lock */
	if (!now)
		return atomic_load_explicit(
			&side->other_position, memory_order_relaxed);
	/* Q3: pairs with Q1 or Q2 of the other side */
	position = atomic_load_explicit(
		&side_of(queue, !index)->position, memory_order_acquire);
	atomic_store_explicit(
		&side->other_position, position, memory_order_relaxed);
	return position;
}

/* side_count - messages that ever passed it. A snapshot. */
uint64_t side_count(const struct mipc_queue_side *side);

/* queue_find_room - under the producers' lock: bytes that may be filled from
 * @tail on, at least @need of them if there are as many. 0; -EBADMSG. */
static inline int queue_find_room(
	mipc_queue *queue, uint64_t tail, uint64_t need, uint64_t *ret_room)
{
	uint64_t capacity = queue->segment.capacity_bytes;
	uint64_t head = side_other(queue, PRODUCERS, false);

	if (__builtin_expect(!positions_valid(queue, head, tail) ||
				     capacity - (tail - head) < need,
		    0)) {
		head = side_other(queue, PRODUCERS, true);
		if (!positions_valid(queue, head, tail))
			return queue_broken(queue);
	}
	*ret_room = capacity - (tail - head);
	return 0;
}

/* queue_may_get - is a try worth while? Asked without the lock; of nonsense, too:
 * it makes the caller find out. */
static inline bool queue_may_get(const mipc_queue *queue)
{
	const struct mipc_queue_control *control = queue->control;
	/* relaxed, all of these: the try itself orders */
	uint64_t cursor = atomic_load_explicit(
		&control->consumers.cursor, memory_order_relaxed);

	/* What consumers know already, before a look at the producers' line:
	 * it would travel for each message. */
	if (cursor != atomic_load_explicit(&control->consumers.other_position,
			      memory_order_relaxed))
		return true;
	return cursor != atomic_load_explicit(&control->producers.position,
				 memory_order_relaxed) ||
	       atomic_load_explicit(&control->look_again, memory_order_relaxed);
}

/* queue_await_room, queue_await_message - sleep until a try is worth while.
 * Return 0; -EAGAIN; -ETIMEDOUT; -ECANCELED; -EBADMSG. Then as side_lock(). */
int queue_await_room(mipc_queue *queue, uint64_t need, struct wait *wait);
int queue_await_message(mipc_queue *queue, struct wait *wait);

/* queue_tend - free the place of what is done at the head, and settle what dead
 * parties left: their reservations are dropped, their leases given back.
 * Takes the consumers' lock if it is free. For waiters, some times a second, and
 * for who has just been done with a record. */
void queue_tend(mipc_queue *queue, bool ask_after_the_dead);

/* queue_polled - count a poll in vain. In one of many: tend, as who only polls
 * never naps. */
void queue_polled(mipc_queue *queue, enum side_index index);

/* queue_tend_in_passing - the same, once a nap's time, for who takes messages past
 * records that are not done with: while there is always one more, nobody naps. */
void queue_tend_in_passing(mipc_queue *queue);

/* queue_returned - the word of a leased record that goes back: READY once more,
 * or DEAD. */
uint64_t queue_returned(const mipc_queue *queue, uint64_t word);

/* queue_hold - just before the first record of @count becomes this party's, a
 * reservation (PRODUCERS) or leases (CONSUMERS): note down since when it has any.
 * queue_unhold - after it has ceased to be. */
void queue_hold(mipc_queue *queue, enum side_index index, uint64_t count);
void queue_unhold(mipc_queue *queue, enum side_index index);

/* queue_look_again - something before the cursor has changed. */
void queue_look_again(mipc_queue *queue);

/* side_passing - under the consumers' lock: are there records before the cursor? */
static inline bool side_passing(const mipc_queue *queue)
{
	const struct mipc_queue_side *side = &queue->control->consumers;

	/* relaxed, both: guarded by the lock */
	return atomic_load_explicit(&side->cursor, memory_order_relaxed) !=
	       atomic_load_explicit(&side->position, memory_order_relaxed);
}

/* queue_take - wait for messages, and have @take take some of them, under the
 * consumers' lock: it returns how many, -EAGAIN when there are none after all,
 * or an error. Inline, so that @take is.
 * Returns as @take; -EAGAIN; -ETIMEDOUT; -ECANCELED. Then as side_lock(). */
static inline __attribute__((always_inline)) int queue_take(mipc_queue *queue,
	int (*take)(mipc_queue *queue, void *items, unsigned count),
	void *items, unsigned count, uint64_t timeout_ns)
{
	struct wait wait;
	int rc = queue_enter(queue);
	bool passing;

	queue_wait(&wait, timeout_ns);
	if (rc)
		return rc;
	if (count == 0 || count > INT_MAX)
		return -EINVAL;
	for (;;) {
		if (__builtin_expect(!queue_may_get(queue), 0)) {
			rc = queue_await_message(queue, &wait);
			if (rc == -EAGAIN)
				queue_polled(queue, CONSUMERS);
			if (rc)
				return rc;
		}
		rc = side_lock(queue, CONSUMERS, &wait);
		if (rc)
			return rc;
		passing = side_passing(queue);
		/* In vain up to the tail as it was remembered: the cursor is
		 * there now, and a second try looks at the tail itself. */
		rc = -EAGAIN;
		for (int tries = 0; rc == -EAGAIN && tries < 2; tries++)
			rc = take(queue, items, count);
		side_unlock(queue, CONSUMERS);
		if (__builtin_expect(passing, 0))
			queue_tend_in_passing(queue);
		if (__builtin_expect(rc != -EAGAIN, 1))
			return rc;
		if (timeout_ns == 0) {
			queue_polled(queue, CONSUMERS);
			return rc;
		}
		/* Another consumer was faster, maybe again and again. */
		if (wait_left_ns(&wait, 1) == 0)
			return -ETIMEDOUT;
		rc = segment_wait_error(&queue->segment);
		if (rc)
			return rc;
	}
}

#endif
