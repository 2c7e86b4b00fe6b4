/* queue_lease.c - messages that stay where they are while somebody works on them.
 *
 * A lease outlives the lock: the record's own word says who has it (record.h),
 * so a producer fills its reservation and a consumer reads its message without
 * holding anybody up. The others' messages pass it; only its place is not free
 * until the head can.
 *
 *   killed                      leaves             who mends it
 *   reserve, before Q1          nothing            -
 *   holding a reservation       WRITING            a survivor: DONE
 *   commit, before its store    the same           the same
 *   acquire, before its store   READY              -
 *   holding a lease             LEASED             a survivor: READY, counted
 *   release, before its store   the same           the same: delivered again
 *   release, behind it          DONE               whoever tends next
 *
 * Survivors find the dead by their byte locks, when they wait (before each nap),
 * now and then when they poll, and in passing when they take messages past
 * records that are not done with: queue_tend(). It finds, too, what was committed
 * or returned behind the cursor by who died before it could say so.
 */
#include "queue_walk.h"

#include <errno.h>
#include <string.h>

#include "platform.h"

/* The counts are private; only the step from none to some is told, for people,
 * before the record's own word names us, so that whoever sees the word finds no
 * older time. The step back needs no word: no record names us then. Killed in
 * between, we leave a time that nothing refers to. */
void queue_hold(mipc_queue *queue, enum side_index index, uint64_t count)
{
	struct mipc_party *party =
		&queue->segment.shared->parties[queue->segment.party];

	/* relaxed: nobody takes the step from none twice without one of our
	 * threads having been through the records in between */
	if (atomic_fetch_add_explicit(
		    &queue->held[index], count, memory_order_relaxed))
		return;
	/* relaxed: the record's word, stored later, orders for who looks; at
	 * worst a person reads an older time */
	atomic_store_explicit(index == PRODUCERS ? &party->reserving_since
						 : &party->leasing_since,
		platform_now_coarse_ns(), memory_order_relaxed);
}

void queue_unhold(mipc_queue *queue, enum side_index index)
{
	/* relaxed: as above */
	atomic_fetch_sub_explicit(&queue->held[index], 1, memory_order_relaxed);
}

static void fill_lease(const mipc_queue *queue, uint64_t word,
	uint64_t position, struct mipc_lease *lease)
{
	*lease = (struct mipc_lease){
		.data = record_at(
			&queue->segment, position + RECORD_HEADER_BYTES),
		.len = (size_t)record_len(word),
		.returns = record_returns(word),
		.position = position,
		.word = word,
	};
}

/* The lease's record goes on as @word. -EINVAL: the lease is not ours (any more):
 * over, or a parent's. -EBADMSG: the segment is not what it was. */
static int settle_lease(
	mipc_queue *queue, struct mipc_lease *lease, uint64_t word)
{
	uint64_t held = lease->word;
	int err;

	if (record_slot(held) != queue->segment.party ||
		record_generation(held) != (queue->segment.generation & 0xff))
		return -EINVAL;
	/* Q5: the end of the lease. release: what was written or read through
	 * it comes first; pairs with the acquire in load_record(). */
	if (!atomic_compare_exchange_strong_explicit(
		    record_header(&queue->segment, lease->position), &held,
		    word, memory_order_release, memory_order_relaxed)) {
		/* What it was compared with may be what a guard put there. */
		err = queue_enter(queue);
		return err ? err : -EINVAL;
	}
	queue_unhold(queue, record_state(lease->word) == RECORD_WRITING
				    ? PRODUCERS
				    : CONSUMERS);
	*lease = (struct mipc_lease){0};
	return 0;
}

/* A lease's word, checked for the state that the call needs. */
static int check_lease(mipc_queue *queue, const struct mipc_lease *lease,
	enum record_state state)
{
	int err = queue_enter(queue);

	if (err)
		return err;
	return lease->data && record_state(lease->word) == state ? 0 : -EINVAL;
}

/* Put a reservation of @len behind the tail. Under the producers' lock. */
static int reserve_locked(
	mipc_queue *queue, size_t len, struct mipc_lease *lease)
{
	struct mipc_queue_side *side = &queue->control->producers;
	/* relaxed: guarded by the lock */
	uint64_t tail =
		atomic_load_explicit(&side->position, memory_order_relaxed);
	uint64_t need = record_bytes(len);
	uint64_t word = record_owned(record_word(len), RECORD_WRITING,
		queue->segment.party, queue->segment.generation);
	uint64_t room = 0;
	int err = queue_find_room(queue, tail, need, &room);

	if (err)
		return err;
	if (need > room)
		return -EAGAIN;
	queue_hold(queue, PRODUCERS, 1);
	/* relaxed: Q1 publishes it */
	atomic_store_explicit(record_header(&queue->segment, tail), word,
		memory_order_relaxed);
	side_commit(side, tail + need, 1);
	count_passed(&queue->sides[PRODUCERS].counters, 1);
	fill_lease(queue, word, tail, lease);
	return 0;
}

int mipc_queue_reserve(mipc_queue *queue, size_t len, uint64_t timeout_ns,
	struct mipc_lease *ret_lease)
{
	struct wait wait;
	int rc = queue_enter(queue);
	bool last = false;

	queue_wait(&wait, timeout_ns);
	if (!rc && len > queue_max_len(queue))
		rc = -EMSGSIZE;
	while (!rc) {
		rc = side_lock(queue, PRODUCERS, &wait);
		if (rc)
			break;
		rc = reserve_locked(queue, len, ret_lease);
		side_unlock(queue, PRODUCERS);
		if (rc != -EAGAIN)
			break;
		if (timeout_ns == 0) {
			queue_polled(queue, PRODUCERS);
			break;
		}
		/* As in put() */
		rc = last ? -ETIMEDOUT
			  : queue_await_room(queue, record_bytes(len), &wait);
		last = !rc && wait_left_ns(&wait, 1) == 0;
	}
	segment_wait_end();
	return rc;
}

int mipc_queue_commit(mipc_queue *queue, struct mipc_lease *lease)
{
	int err = check_lease(queue, lease, RECORD_WRITING);

	if (!err)
		err = settle_lease(
			queue, lease, record_with(lease->word, RECORD_READY));
	if (err)
		return err;
	queue_look_again(queue);
	event_notify(&queue->control->consumers.event, 1);
	return 0;
}

int mipc_queue_abort(mipc_queue *queue, struct mipc_lease *lease)
{
	int err = check_lease(queue, lease, RECORD_WRITING);

	if (!err)
		err = settle_lease(
			queue, lease, record_with(lease->word, RECORD_DONE));
	if (!err)
		queue_tend(queue, false);
	return err;
}

/* Lease what is there. Under the consumers' lock. Returns how many; -EAGAIN. */
static int acquire_locked(mipc_queue *queue, void *items, unsigned count)
{
	struct mipc_lease *leases = items;
	struct walk walk = {0};
	unsigned taken = 0, redelivered = 0;
	int err = walk_start(queue, &walk);

	if (err)
		return err;
	while (taken < count) {
		uint64_t word = 0, position = 0;

		err = walk_next(queue, &walk, &word, &position);
		if (err)
			break;
		word = record_owned(word, RECORD_LEASED, queue->segment.party,
			queue->segment.generation);
		if (taken == 0)
			queue_hold(queue, CONSUMERS, 1);
		/* Q6: ours from here on. relaxed: nobody reads through it;
		 * the lock and the release of Q5 order the rest */
		atomic_store_explicit(record_header(&queue->segment, position),
			word, memory_order_relaxed);
		fill_lease(queue, word, position, &leases[taken++]);
		walk_skip(&walk, word, position);
		redelivered += record_returns(word) != 0;
	}
	if (taken > 1)
		queue_hold(queue, CONSUMERS, taken - 1);
	if (err != -EBADMSG)
		walk_end(queue, &walk);
	walk_counted(queue, taken, redelivered);
	return taken ? (int)taken : err;
}

int mipc_queue_acquire_batch(mipc_queue *queue, struct mipc_lease *ret_leases,
	unsigned count, uint64_t timeout_ns)
{
	int rc = queue_take(
		queue, acquire_locked, ret_leases, count, timeout_ns);

	segment_wait_end();
	return rc;
}

int mipc_queue_acquire(
	mipc_queue *queue, uint64_t timeout_ns, struct mipc_lease *ret_lease)
{
	int rc = mipc_queue_acquire_batch(queue, ret_lease, 1, timeout_ns);

	return rc < 0 ? rc : 0;
}

int mipc_queue_release_batch(
	mipc_queue *queue, struct mipc_lease *leases, unsigned count)
{
	unsigned released = 0;
	int err = 0;

	for (unsigned i = 0; i < count; i++) {
		int one = check_lease(queue, &leases[i], RECORD_LEASED);

		if (!one)
			one = settle_lease(queue, &leases[i],
				record_with(leases[i].word, RECORD_DONE));
		released += !one;
		if (one && !err)
			err = one;
	}
	if (released)
		queue_tend(queue, false);
	return err;
}

int mipc_queue_release(mipc_queue *queue, struct mipc_lease *lease)
{
	return mipc_queue_release_batch(queue, lease, 1);
}

int mipc_queue_return(mipc_queue *queue, struct mipc_lease *lease)
{
	int err = check_lease(queue, lease, RECORD_LEASED);

	if (!err)
		err = settle_lease(
			queue, lease, queue_returned(queue, lease->word));
	if (err)
		return err;
	queue_look_again(queue);
	event_notify(&queue->control->consumers.event, 1);
	return 0;
}

/* The first dead letter, copied out and done with. Under the consumers' lock.
 * Returns 0; -EAGAIN (none); -EMSGSIZE; -EBADMSG. */
static int get_dead_locked(
	mipc_queue *queue, void *buffer, size_t size, size_t *ret_len)
{
	/* relaxed: guarded by the lock */
	uint64_t at = atomic_load_explicit(
		&queue->control->consumers.position, memory_order_relaxed);
	uint64_t tail = side_other(queue, CONSUMERS, true);
	uint64_t word;

	if (!positions_valid(queue, at, tail))
		return queue_broken(queue);
	for (; at != tail; at += record_bytes(record_len(word))) {
		_Atomic uint64_t *header = record_header(&queue->segment, at);

		/* acquire: pairs with Q5 of who gave it back */
		word = atomic_load_explicit(header, memory_order_acquire);
		if (!record_fits(word, tail - at))
			return queue_broken(queue);
		if (record_state(word) != RECORD_DEAD)
			continue;
		*ret_len = (size_t)record_len(word);
		if (*ret_len > size)
			return -EMSGSIZE;
		if (*ret_len)
			memcpy(buffer,
				record_at(&queue->segment,
					at + RECORD_HEADER_BYTES),
				*ret_len);
		/* Q4, as in walk_take() */
		atomic_store_explicit(header, record_with(word, RECORD_DONE),
			memory_order_release);
		return 0;
	}
	return -EAGAIN;
}

int mipc_queue_get_dead(mipc_queue *queue, void *buffer, size_t size,
	uint64_t timeout_ns, size_t *ret_len)
{
	struct wait wait;
	int err = queue_enter(queue);

	queue_wait(&wait, timeout_ns);
	if (!err)
		err = side_lock(queue, CONSUMERS, &wait);
	if (!err) {
		err = get_dead_locked(queue, buffer, size, ret_len);
		side_unlock(queue, CONSUMERS);
		if (!err)
			queue_tend(queue, false);
	}
	segment_wait_end();
	return err;
}
