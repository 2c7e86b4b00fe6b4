/* queue_walk.h - how consumers find the next message.
 *
 * Consumers look for the next READY record from a cursor on. Without leases the
 * cursor is the head, and taking a record is moving the head. With leases out,
 * records that are not READY lie between head and cursor: one taken behind them
 * is marked DONE in its own word, and the head passes it once all before it is
 * done with. Whoever changes a record before the cursor (a commit, a return)
 * says so in look_again, and the next walk starts at the head.
 *
 * A crash leaves a cursor that is too low (the walk passes what is not READY),
 * never one that is too high: it is stored after the records were taken. Who
 * takes the lock from a dead owner starts at the head anyway.
 *
 * Inline: this is most of what a get does.
 */
#ifndef MIPC_QUEUE_WALK_H
#define MIPC_QUEUE_WALK_H

#include <errno.h>

#include "queue_side.h"

/* Consumers' view of the records, under their lock. */
struct walk {
	uint64_t head; /* as committed */
	uint64_t tail;
	uint64_t run;	/* everything in [head, run) is done with ... */
	uint64_t count; /* ... that many records: to be committed */
	uint64_t at;	/* where to look next */
};

/* The word of the record at @position; in bounds, but of at most @limit bytes? */
static inline int load_record(const mipc_queue *queue, uint64_t position,
	uint64_t limit, uint64_t *ret_word)
{
	/* acquire: Q3 ordered what was put; pairs with the release of a commit
	 * or a return by its party */
	uint64_t word = atomic_load_explicit(
		record_header(&queue->segment, position), memory_order_acquire);

	*ret_word = word;
	return record_fits(word, limit) ? 0 : -EBADMSG;
}

static inline uint64_t behind(uint64_t position, uint64_t word)
{
	return position + record_bytes(record_len(word));
}

/* walk_start - from the cursor; passes what is DONE at the head.
 * Returns 0; -EBADMSG. */
static inline int walk_start(mipc_queue *queue, struct walk *walk)
{
	struct mipc_queue_control *control = queue->control;
	struct mipc_queue_side *side = &control->consumers;
	/* relaxed: guarded by the lock */
	uint64_t head =
		atomic_load_explicit(&side->position, memory_order_relaxed);
	uint64_t cursor =
		atomic_load_explicit(&side->cursor, memory_order_relaxed);
	uint64_t tail = side_other(queue, CONSUMERS, false);
	uint64_t word;

	if (!positions_valid(queue, head, tail) || tail == head ||
		cursor == tail)
		tail = side_other(queue, CONSUMERS, true);
	if (!positions_valid(queue, head, tail))
		return queue_broken(queue);
	*walk = (struct walk){head, tail, head, 0, cursor};
	/* relaxed: a hint, looked at again before any sleep */
	if (__builtin_expect(atomic_load_explicit(&control->look_again,
				     memory_order_relaxed),
		    0)) {
		/* seq_cst: pairs with queue_look_again() */
		atomic_exchange_explicit(
			&control->look_again, 0, memory_order_seq_cst);
		walk->at = head;
	}
	if (walk->at - head > tail - head || walk->at % MIPC_RECORD_ALIGN)
		walk->at = head;
	while (walk->at != head && walk->run != walk->at) {
		if (load_record(queue, walk->run, tail - walk->run, &word))
			return queue_broken(queue);
		if (record_state(word) != RECORD_DONE)
			break;
		walk->run = behind(walk->run, word);
		walk->count++;
	}
	return 0;
}

/* walk_next - the next READY record, its word and place.
 * Returns 0; -EAGAIN (none); -EBADMSG. */
static inline int walk_next(mipc_queue *queue, struct walk *walk,
	uint64_t *ret_word, uint64_t *ret_position)
{
	while (walk->at != walk->tail) {
		uint64_t position = walk->at;
		uint64_t word;

		if (load_record(queue, position, walk->tail - position, &word))
			return queue_broken(queue);
		if (record_state(word) == RECORD_READY) {
			*ret_word = word;
			*ret_position = position;
			return 0;
		}
		walk->at = behind(position, word);
		if (record_state(word) == RECORD_DONE &&
			position == walk->run) {
			walk->run = walk->at;
			walk->count++;
		}
	}
	return -EAGAIN;
}

/* walk_take - done with the record that walk_next() found: part of the run if
 * all before it is, else marked DONE at once. */
static inline void walk_take(
	mipc_queue *queue, struct walk *walk, uint64_t word, uint64_t position)
{
	walk->at = behind(position, word);
	if (position == walk->run) {
		walk->run = walk->at;
		walk->count++;
		return;
	}
	/* Q4: taken, though the head cannot pass it yet. release: it was read
	 * before; pairs with the acquire in load_record(). */
	atomic_store_explicit(record_header(&queue->segment, position),
		record_with(word, RECORD_DONE), memory_order_release);
}

/* walk_skip - leave it to its new owner. */
static inline void walk_skip(
	struct walk *walk, uint64_t word, uint64_t position)
{
	walk->at = behind(position, word);
}

/* walk_counted - what a call got, @redelivered of them not for the first time. */
static inline void walk_counted(
	mipc_queue *queue, unsigned taken, unsigned redelivered)
{
	struct counters *counters = &queue->sides[CONSUMERS].counters;

	if (taken)
		count_passed(counters, taken);
	if (__builtin_expect(redelivered != 0, 0))
		count_alone(&counters->redelivered, redelivered);
}

/* walk_end - commit the run, remember where we were. */
static inline void walk_end(mipc_queue *queue, struct walk *walk)
{
	struct mipc_queue_side *side = &queue->control->consumers;

	if (walk->run != walk->head)
		side_commit(side, walk->run, walk->count);
	/* relaxed: guarded by the lock */
	atomic_store_explicit(&side->cursor, walk->at, memory_order_relaxed);
}

#endif
