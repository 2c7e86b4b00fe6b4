/* queue_side.c - one side of a queue: its lock, its one commit, waiting for the
 * other side, and tending what the dead left.
 */
#include "queue_walk.h"

#include <errno.h>
#include <limits.h>

#include "mutant.h"
#include "party.h"

enum { POLLS_PER_TENDING = 1024 };

int queue_broken(mipc_queue *queue)
{
	/* relaxed: any later call may find out for itself */
	atomic_store_explicit(&queue->broken, -EBADMSG, memory_order_relaxed);
	return -EBADMSG;
}

void queue_look_again(mipc_queue *queue)
{
	/* seq_cst: the change comes first; pairs with the exchange in
	 * walk_start(), after which the walk sees the change */
	atomic_store_explicit(
		&queue->control->look_again, 1, memory_order_seq_cst);
}

/* Its count, that is. Safe to be killed in, too. */
void side_repair(mipc_queue *queue, enum side_index index)
{
	struct mipc_queue_side *side = side_of(queue, index);
	/* relaxed, all of these: guarded by the side's lock */
	uint64_t position =
		atomic_load_explicit(&side->position, memory_order_relaxed);

	if (position == atomic_load_explicit(
				&side->intent_position, memory_order_relaxed))
		atomic_store_explicit(&side->count,
			MUTANT(repair_adds)
				? atomic_load(&side->count) + 1
				: atomic_load_explicit(&side->intent_count,
					  memory_order_relaxed),
			memory_order_relaxed);
	if (!MUTANT(repair_is_silent))
		queue_look_again(queue);
	atomic_fetch_add_explicit(&side->recoveries, 1, memory_order_relaxed);
	count_alone(&queue->sides[index].counters.recoveries, 1);
}

uint64_t side_count(const struct mipc_queue_side *side)
{
	/* acquire: pairs with Q1 or Q2; the rest is a snapshot */
	uint64_t position =
		atomic_load_explicit(&side->position, memory_order_acquire);

	if (position == atomic_load_explicit(
				&side->intent_position, memory_order_relaxed))
		return atomic_load_explicit(
			&side->intent_count, memory_order_relaxed);
	return atomic_load_explicit(&side->count, memory_order_relaxed);
}

uint64_t queue_returned(const mipc_queue *queue, uint64_t word)
{
	/* relaxed: constant; of a forged one only the promise is lost */
	uint32_t limit = atomic_load_explicit(
		&queue->control->dead_letter_after, memory_order_relaxed);
	unsigned returns = record_returns(word);

	if (returns < RECORD_RETURNS_MAX)
		word += UINT64_C(1) << 60;
	return record_with(word,
		limit && returns + !MUTANT(dead_letter_off_by_one) >= limit
			? RECORD_DEAD
			: RECORD_READY);
}

/* Parties asked after in one walk, a bit for each slot: thousands of leases are
 * but a few parties'. */
struct roll_call {
	uint64_t asked;
	uint64_t alive;
};

/* Is the party that owns @word alive, and the same? */
static bool owner_alive(
	const mipc_queue *queue, uint64_t word, struct roll_call *roll)
{
	uint32_t slot = record_slot(word);
	const struct mipc_party *party = &queue->segment.shared->parties[slot];
	uint64_t bit = UINT64_C(1) << slot;

	if (!(roll->asked & bit)) {
		roll->asked |= bit;
		if (party_alive(&queue->segment, slot))
			roll->alive |= bit;
	}

	/* relaxed: written before any record named the party */
	return ((atomic_load_explicit(
			 &party->generation, memory_order_relaxed) &
			0xff) == record_generation(word) ||
		       MUTANT(generation_ignored)) &&
	       (roll->alive & bit);
}

/* Settle what the dead left. Under the consumers' lock. @ret_changed: how many
 * records, those included that lie READY before the cursor because who committed
 * or returned them died before it could say so. */
static int settle(mipc_queue *queue, const struct walk *walk, int *ret_changed)
{
	struct roll_call roll = {0};
	uint64_t at = walk->run;

	for (*ret_changed = 0; at != walk->tail;) {
		_Atomic uint64_t *header = record_header(&queue->segment, at);
		bool passed = at - walk->head < walk->at - walk->head;
		uint64_t word, settled;

		if (load_record(queue, at, walk->tail - at, &word))
			return queue_broken(queue);
		/* What lies behind one that waits to be taken frees nothing
		 * before it, and is passed by whoever takes that. */
		if (!passed && record_state(word) == RECORD_READY)
			break;
		at = behind(at, word);
		*ret_changed += passed && record_state(word) == RECORD_READY;
		if (record_state(word) == RECORD_WRITING)
			settled = record_with(word,
				MUTANT(reservation_delivered) ? RECORD_READY
							      : RECORD_DONE);
		else if (record_state(word) == RECORD_LEASED &&
			 !MUTANT(lease_not_returned))
			settled = MUTANT(redelivery_not_marked)
					  ? record_with(word, RECORD_READY)
					  : queue_returned(queue, word);
		else
			continue;
		if (owner_alive(queue, word, &roll) &&
			!(MUTANT(lease_of_the_living) &&
				record_slot(word) != queue->segment.party))
			continue;
		/* acq_rel: its party is dead; this only guards against one
		 * that was settled meanwhile */
		if (atomic_compare_exchange_strong_explicit(header, &word,
			    settled, memory_order_acq_rel,
			    memory_order_relaxed)) {
			++*ret_changed;
			count_alone(&queue->sides[CONSUMERS]
					     .counters.leases_recovered,
				1);
		}
	}
	return 0;
}

void queue_tend(mipc_queue *queue, bool ask_after_the_dead)
{
	struct wait poll;
	struct walk walk = {0};
	int changed = 0;
	uint64_t word = 0;
	int rc;

	queue_wait(&poll, 0);
	rc = side_lock(queue, CONSUMERS, &poll);
	/* Seldom come by, so do not count polls: ask at once. */
	if (rc == -EAGAIN && ask_after_the_dead) {
		lock_inquire(&queue->control->consumers.lock, &queue->segment);
		rc = side_lock(queue, CONSUMERS, &poll);
	}
	if (rc)
		return;
	if (walk_start(queue, &walk)) {
		side_unlock(queue, CONSUMERS);
		return;
	}
	/* First, so that the head passes at once what was a dead one's. */
	if (ask_after_the_dead)
		settle(queue, &walk, &changed);
	while (walk.run != walk.tail &&
		!load_record(queue, walk.run, walk.tail - walk.run, &word) &&
		record_state(word) == RECORD_DONE) {
		walk.run = behind(walk.run, word);
		walk.count +=
			MUTANT(reservation_skipped_twice) && changed ? 2 : 1;
	}
	/* Where it was, so that a waiter does not find the same again; at the
	 * new head if there is something new to find. */
	if (changed || walk.at - walk.head < walk.run - walk.head)
		walk.at = walk.run;
	walk_end(queue, &walk);
	side_unlock(queue, CONSUMERS);
	if (walk.count)
		event_notify(&queue->control->producers.event, INT_MAX);
	if (changed)
		event_notify(&queue->control->consumers.event, changed);
}

void queue_polled(mipc_queue *queue, enum side_index index)
{
	if (count_shared(&queue->sides[index].counters.polls, 1) %
			POLLS_PER_TENDING ==
		0)
		queue_tend(queue, true);
}

void queue_tend_in_passing(mipc_queue *queue)
{
	uint64_t now = platform_now_ns();

	/* relaxed, both: twice is once too often, no more */
	if (now - atomic_load_explicit(
			  &queue->tended_ns, memory_order_relaxed) <
		event_nap_max_ns)
		return;
	atomic_store_explicit(&queue->tended_ns, now, memory_order_relaxed);
	queue_tend(queue, true);
}

struct side_wait {
	mipc_queue *queue;
	uint64_t need; /* bytes of room; producers only */
};

/* For sleepers without the lock: is a try worth while? Nonsense is: it makes the
 * caller find out. */
static bool may_put(void *arg)
{
	const struct side_wait *side = arg;
	const struct mipc_queue_control *control = side->queue->control;
	/* relaxed: the try itself orders */
	uint64_t used = atomic_load_explicit(&control->producers.position,
				memory_order_relaxed) -
			atomic_load_explicit(&control->consumers.position,
				memory_order_relaxed);

	return side->queue->segment.capacity_bytes - used >= side->need;
}

static bool may_get(void *arg)
{
	const struct side_wait *side = arg;

	return queue_may_get(side->queue);
}

/* Before each nap and at the end: somebody may have died with what is waited
 * for. */
static int tend_before_nap(void *arg)
{
	const struct side_wait *side = arg;
	int err = segment_wait_error(&side->queue->segment);

	if (!err && !mipc_queue_empty(side->queue))
		queue_tend(side->queue, true);
	return err;
}

/* Counts the call as one that waits. */
static int await(mipc_queue *queue, enum side_index index,
	const struct condition *condition, struct wait *wait)
{
	struct mipc_event *event = &side_of(queue, index)->event;
	int err;

	if (condition->met(condition->arg))
		return 0;
	if (wait_polls(wait))
		return -EAGAIN;
	wait->spin_us = queue->spin_us;
	wait->pace = &queue->pace[index];
	wait->counters = &queue->sides[index].counters;
	err = segment_wait_begin(&queue->segment);
	return err ? err : event_await(event, condition, wait);
}

int queue_await_room(mipc_queue *queue, uint64_t need, struct wait *wait)
{
	struct side_wait side = {queue, need};
	const struct condition room = {may_put, tend_before_nap, &side};

	return await(queue, PRODUCERS, &room, wait);
}

int queue_await_message(mipc_queue *queue, struct wait *wait)
{
	struct side_wait side = {queue, 0};
	const struct condition message = {may_get, tend_before_nap, &side};

	return await(queue, CONSUMERS, &message, wait);
}

static bool watch_message(void *arg)
{
	struct side_wait side = {arg, 0};

	return may_get(&side);
}

static int tend_for_watch(void *arg)
{
	struct side_wait side = {arg, 0};

	return tend_before_nap(&side);
}

int mipc_queue_event_fd(mipc_queue *queue)
{
	const struct condition message = {watch_message, tend_for_watch, queue};
	int err = queue_enter(queue);

	return err ? err
		   : watch_fd(&queue->watch, &queue->control->consumers.event,
			     &message);
}

int mipc_queue_event_arm(mipc_queue *queue)
{
	int err = queue_enter(queue);

	if (!err)
		err = watch_arm(&queue->watch);
	/* Nothing there, and nothing to wait for: else it would ring for ever. */
	return err ? err : segment_wait_error(&queue->segment);
}
