/* queue.c - many producers, many consumers, two crash-safe locks.
 *
 * Producers share one lock and the tail, consumers the other and the head. Under
 * its lock a put writes its record behind the tail and commits it by ONE release
 * store of the tail (Q1); a get copies the record at the head out and takes it
 * by ONE release store of the head (Q2). A process killed at any instruction is
 * before or behind that store; the lock is what remains to be recovered, and the
 * count of messages, which follows the position in a second store.
 *
 * Invariants, after every instruction:
 *   head <= tail <= head + capacity;  [head, tail) parses into whole records;
 *   count is that of position, or position is intent_position and the count to
 *   be is intent_count.
 *
 *   killed                     what is left        who repairs it
 *   before Q1, Q2 or Q4        nothing             -
 *   between Q1/Q2 and count    a count behind      the next owner (repair)
 *   holding the lock           a lock word         the kernel, or the next
 *                                                  waiter (lock.c)
 *   before the wake            a sleeper           itself, in 10 ms (event.c)
 *
 * Records that stay in place while somebody works on them are in queue_lease.c;
 * how a get passes them is in queue_walk.h.
 *
 * What it does not do: priorities, topics, more than one copy of a message.
 */
#include "queue_walk.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "mutant.h"

static inline void write_record(
	mipc_queue *queue, uint64_t position, const struct iovec *message)
{
	/* relaxed: Q1 publishes it */
	atomic_store_explicit(record_header(&queue->segment, position),
		record_word(message->iov_len), memory_order_relaxed);
	record_copy(record_at(&queue->segment, position + RECORD_HEADER_BYTES),
		message->iov_base, message->iov_len);
}

/* Put what fits. Under the producers' lock. Returns how many; -EAGAIN. */
static inline __attribute__((always_inline)) int put_locked(
	mipc_queue *queue, const struct iovec *messages, unsigned count)
{
	struct mipc_queue_side *side = &queue->control->producers;
	/* relaxed: guarded by the lock */
	uint64_t tail =
		atomic_load_explicit(&side->position, memory_order_relaxed);
	uint64_t start = tail;
	uint64_t room = 0;
	unsigned i;

	for (i = 0; i < count; i++) {
		uint64_t need = record_bytes(messages[i].iov_len);
		int err = queue_find_room(
			queue, start, tail - start + need, &room);

		if (err)
			return err;
		if (tail - start + need > room)
			break;
		if (MUTANT(tail_before_record))
			atomic_store(&side->position, tail + need);
		write_record(queue, tail, &messages[i]);
		tail += need;
	}
	if (i == 0)
		return -EAGAIN;
	/* Not right before the unlock: its exchange waits for each store. */
	count_passed(&queue->sides[PRODUCERS].counters, i);
	if (MUTANT(unlock_before_publish))
		side_unlock(queue, PRODUCERS);
	side_commit(side, tail, i);
	return (int)i;
}

/* Without leases: take READY records from the head on, as many as are known to be
 * there, fit, and were never given back: the walk counts those. Under the
 * consumers' lock. Returns how many; 0: none, or the walk has to find out. */
static inline __attribute__((always_inline)) unsigned get_run(
	mipc_queue *queue, struct iovec *messages, unsigned count)
{
	struct mipc_queue_side *side = &queue->control->consumers;
	/* relaxed, all of these: guarded by the lock, or hints that the walk
	 * looks at in earnest */
	uint64_t head =
		atomic_load_explicit(&side->position, memory_order_relaxed);
	uint64_t tail = side_other(queue, CONSUMERS, false);
	uint64_t at = head;
	unsigned taken = 0;

	if (head != atomic_load_explicit(&side->cursor, memory_order_relaxed) ||
		!positions_valid(queue, head, tail))
		return 0;
	while (taken < count && at != tail) {
		/* acquire: pairs with Q5, as in load_record() */
		uint64_t word =
			atomic_load_explicit(record_header(&queue->segment, at),
				memory_order_acquire);
		uint64_t len;

		if (!record_is_fresh(word, tail - at, &len) ||
			len > messages[taken].iov_len)
			break;
		messages[taken].iov_len = (size_t)len;
		record_copy(messages[taken].iov_base,
			record_at(&queue->segment, at + RECORD_HEADER_BYTES),
			messages[taken].iov_len);
		at += record_bytes(len);
		taken++;
	}
	if (taken) {
		/* first, as in put_locked() */
		count_passed(&queue->sides[CONSUMERS].counters, taken);
		side_commit(side, at, taken);
		/* relaxed: guarded by the lock */
		atomic_store_explicit(&side->cursor, at, memory_order_relaxed);
	}
	return taken;
}

/* The same past leased records and those done with. Returns how many; -EAGAIN;
 * -EMSGSIZE with the length in messages[0]. */
static __attribute__((noinline)) int get_walking(
	mipc_queue *queue, struct iovec *messages, unsigned count)
{
	struct walk walk = {0};
	unsigned taken = 0, redelivered = 0;
	int err = walk_start(queue, &walk);

	if (err)
		return err;
	while (taken < count) {
		uint64_t word = 0, position = 0, len;

		err = walk_next(queue, &walk, &word, &position);
		if (err)
			break;
		len = record_len(word);
		if (len > messages[taken].iov_len) {
			err = -EMSGSIZE;
			if (taken == 0)
				messages[0].iov_len = (size_t)len;
			break;
		}
		record_copy(messages[taken].iov_base,
			record_at(&queue->segment,
				position + RECORD_HEADER_BYTES),
			(size_t)len);
		messages[taken++].iov_len = (size_t)len;
		walk_take(queue, &walk, word, position);
		redelivered += record_returns(word) != 0;
	}
	if (err != -EBADMSG)
		walk_end(queue, &walk);
	walk_counted(queue, taken, redelivered);
	return taken ? (int)taken : err;
}

static inline __attribute__((always_inline)) int get_locked(
	mipc_queue *queue, void *items, unsigned count)
{
	struct iovec *messages = items;
	unsigned taken = get_run(queue, messages, count);

	return taken ? (int)taken : get_walking(queue, messages, count);
}

static int check_lens(
	const mipc_queue *queue, const struct iovec *messages, unsigned count)
{
	if (count == 0 || count > INT_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++)
		if (messages[i].iov_len > queue_max_len(queue))
			return -EMSGSIZE;
	return 0;
}

/* For one message and for many: inline, so that one is no loop. */
static inline __attribute__((always_inline)) int put(mipc_queue *queue,
	const struct iovec *messages, unsigned count, uint64_t timeout_ns)
{
	struct wait wait;
	int rc = queue_enter(queue);
	bool last = false;

	queue_wait(&wait, timeout_ns);
	if (!rc)
		rc = check_lens(queue, messages, count);
	if (rc)
		return rc;
	for (;;) {
		rc = side_lock(queue, PRODUCERS, &wait);
		if (rc)
			return rc;
		rc = put_locked(queue, messages, count);
		side_unlock(queue, PRODUCERS);
		if (__builtin_expect(rc > 0, 1))
			event_notify_unlocked(
				&queue->control->consumers.event, rc);
		if (__builtin_expect(rc != -EAGAIN, 1))
			return rc;
		if (timeout_ns == 0) {
			queue_polled(queue, PRODUCERS);
			return rc;
		}
		/* Others may take the room again and again. */
		if (last)
			return -ETIMEDOUT;
		rc = queue_await_room(
			queue, record_bytes(messages[0].iov_len), &wait);
		if (rc)
			return rc;
		last = wait_left_ns(&wait, 1) == 0;
	}
}

static inline __attribute__((always_inline)) int get(mipc_queue *queue,
	struct iovec *messages, unsigned count, uint64_t timeout_ns)
{
	int rc = queue_take(queue, get_locked, messages, count, timeout_ns);

	if (__builtin_expect(rc > 0, 1))
		event_notify_unlocked(&queue->control->producers.event, rc);
	segment_wait_end();
	return rc;
}

int mipc_queue_put_batch(mipc_queue *queue, const struct iovec *messages,
	unsigned count, uint64_t timeout_ns)
{
	int rc = put(queue, messages, count, timeout_ns);

	segment_wait_end();
	return rc;
}

int mipc_queue_get_batch(mipc_queue *queue, struct iovec *messages,
	unsigned count, uint64_t timeout_ns)
{
	return get(queue, messages, count, timeout_ns);
}

int mipc_queue_put(
	mipc_queue *queue, const void *data, size_t len, uint64_t timeout_ns)
{
	const struct iovec message = {(void *)data, len};
	int rc = put(queue, &message, 1, timeout_ns);

	segment_wait_end();
	return rc < 0 ? rc : 0;
}

int mipc_queue_get(mipc_queue *queue, void *buffer, size_t size,
	uint64_t timeout_ns, size_t *ret_len)
{
	struct iovec message = {buffer, size};
	int rc = get(queue, &message, 1, timeout_ns);

	if (rc > 0 || rc == -EMSGSIZE)
		*ret_len = message.iov_len;
	return rc < 0 ? rc : 0;
}
