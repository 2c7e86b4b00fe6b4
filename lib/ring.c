/* ring.c - one producer, one consumer.
 *
 * A record is committed by ONE release store, that of its own header word (R1),
 * after its body was copied and the word behind it, where the next header will
 * stand, was set to 0. The consumer looks at the header at its head: 0 means
 * nothing yet. So one cache line travels per small message, and not a second one
 * with an index. The shared tail is stored right behind (R2); the consumer does
 * not read it, so its line stays with the producer and costs nothing. A batch
 * writes all its headers but the first before the one store that commits it.
 *
 * Invariants, after every instruction:
 *   head <= tail <= head + capacity;  the records in [head, tail) are whole;
 *   the word behind the last committed record is 0;
 *   tail is behind that place by at most the records of one call.
 *
 * What a crash leaves: before R1, scribbles behind the last record, which
 * nobody looks at; between R1 and R2, a tail that the next producer brings up to
 * date by walking over the headers (ring_role.c). A consumer that dies before A2
 * leaves the record to the next consumer.
 *
 * Zero-copy is the same with the copy left to the caller: a reservation is no
 * more than the place behind the last record, a peek no more than a look.
 *
 * What it does not do: more than one of each side. Use the queue.
 */
#include "ring_handle.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "event.h"
#include "mutant.h"

enum {
	/* A poll that finds nothing asks after the other side's life only now
	 * and then: the question is a system call. */
	IDLE_POLLS_PER_QUESTION = 1024,
	/* From a wait: worth a try, to be made without one. The call is then
	 * counted, and must end in end_wait(). So those who need not wait do
	 * not even ask whether they have. */
	WAITED = 1,
};

static int broken(mipc_ring *ring)
{
	ring_break(ring);
	return -EBADMSG;
}

static int enter_slowly(mipc_ring *ring, unsigned role)
{
	bool may = roles_of(ring) & role;
	/* relaxed: ordered by roles_of() */
	int err = atomic_load_explicit(&ring->broken, memory_order_relaxed);

	if (err)
		return err;
	return may ? segment_enter(&ring->segment) : -EINVAL;
}

/* May this handle act as @role? In a forked child it attaches anew. */
static inline int ring_enter(mipc_ring *ring, unsigned role)
{
	if (__builtin_expect(
		    segment_is_ours(&ring->segment) && (roles_of(ring) & role),
		    1))
		return 0;
	return enter_slowly(ring, role);
}

/* Has @role gone? For a poll in vain, which is counted and must stay cheap. */
static bool peer_gone_cheaply(
	mipc_ring *ring, unsigned role, struct counters *counters)
{
	uint64_t polls = count_alone(&counters->polls, 1);

	if (ring_peer_left(ring, role))
		return true;
	return polls % IDLE_POLLS_PER_QUESTION == 0 &&
	       ring_peer_gone(ring, role);
}

/* Room for @need more bytes, and the 0 behind them? -EAGAIN: not now. */
static inline int check_room(mipc_ring *ring, uint64_t need)
{
	uint64_t tail = ring->producer.tail;
	uint64_t limit = record_limit(ring) - need;
	uint64_t head;

	if (need > record_limit(ring))
		return -EAGAIN; /* a batch larger than the ring */
	if (__builtin_expect(tail - ring->producer.head_seen <= limit, 1))
		return 0;
	/* A3: what the consumer read may be overwritten. Pairs with A2. */
	head = atomic_load_explicit(&ring->control->head, memory_order_acquire);
	if (!ring_positions_valid(ring, head, tail))
		return broken(ring);
	ring->producer.head_seen = head;
	return tail - head <= limit ? 0 : -EAGAIN;
}

/* The body and the length of a record at @position, but not its header. */
static inline void fill_record(
	mipc_ring *ring, uint64_t position, const void *data, size_t len)
{
	record_copy(record_at(&ring->segment, position + RECORD_HEADER_BYTES),
		data, len);
}

/* Make the records up to @end visible by the header word of the first. */
static inline void publish(
	mipc_ring *ring, uint64_t first_len, uint64_t end, unsigned count)
{
	_Atomic uint64_t *first =
		record_header(&ring->segment, ring->producer.tail);

	if (MUTANT(wake_before_commit))
		event_notify(&ring->control->readable, 1);
	if (MUTANT(zero_behind_too_late))
		atomic_store(first, record_word(first_len));
	/* relaxed: R1 orders it */
	atomic_store_explicit(
		record_header(&ring->segment, end), 0, memory_order_relaxed);
	/* R1: publishes the bytes and all further headers. Pairs with A1. */
	atomic_store_explicit(
		first, record_word(first_len), memory_order_release);
	ring->producer.tail = end;
	ring->producer.reserved = 0;
	/* R2: for sizes and for the next producer. release: pairs with the
	 * acquire in adopt_tail(). */
	atomic_store_explicit(&ring->control->tail, end, memory_order_release);
	if (!MUTANT(wake_before_commit))
		event_notify(&ring->control->readable, 1);
	/* Behind the fence in there, which would wait for this, too. */
	count_alone(&ring->producer.counters.messages, count);
}

struct room_wait {
	mipc_ring *ring;
	uint64_t need;
};

/* The result of a try at what was seen to be there. Not there when looked at again:
 * nobody honest takes anything back, and a caller who waits must not be told to
 * come again. */
static inline int was_there(mipc_ring *ring, int rc)
{
	return __builtin_expect(rc == -EAGAIN, 0) ? broken(ring) : rc;
}

/* The end of a call that waited, with its result. */
static int end_wait(mipc_ring *ring, int rc)
{
	rc = was_there(ring, rc);
	segment_wait_end();
	return rc;
}

/* Wait on one of the ring's events. Returns WAITED; -ETIMEDOUT; -EPIPE;
 * -ECANCELED; -EBADMSG. */
static __attribute__((noinline, cold)) int await(mipc_ring *ring,
	struct mipc_event *event, const struct condition *condition,
	struct wait *wait)
{
	int err = segment_wait_begin(&ring->segment);

	if (!err)
		err = event_await(event, condition, wait);
	return err ? end_wait(ring, err) : WAITED;
}

static bool has_room(void *arg)
{
	const struct room_wait *room = arg;

	return check_room(room->ring, room->need) != -EAGAIN;
}

/* Gone, and nothing read in between. */
static int consumer_gone(void *arg)
{
	const struct room_wait *room = arg;
	int err = segment_wait_error(&room->ring->segment);

	if (err)
		return err;
	return ring_peer_gone(room->ring, MIPC_RING_CONSUMER) && !has_room(arg)
		       ? -EPIPE
		       : 0;
}

/* await_room() when there is none now. */
static __attribute__((noinline)) int await_room_full(
	mipc_ring *ring, uint64_t need, uint64_t timeout_ns)
{
	struct room_wait room = {ring, need};
	const struct condition condition = {has_room, consumer_gone, &room};
	struct wait wait = {
		.timeout_ns = timeout_ns,
		.spin_us = ring->spin_us,
		.pace = &ring->producer.pace,
		.counters = &ring->producer.counters,
	};

	/* The consumer may have read the last before it left. */
	if (timeout_ns == 0)
		return peer_gone_cheaply(ring, MIPC_RING_CONSUMER,
			       &ring->producer.counters) &&
				       !has_room(&room)
			       ? -EPIPE
			       : -EAGAIN;
	return await(ring, &ring->control->writable, &condition, &wait);
}

/* Wait until a record of @need bytes fits. */
static inline int await_room(
	mipc_ring *ring, uint64_t need, uint64_t timeout_ns)
{
	int err = check_room(ring, need);

	return __builtin_expect(err != -EAGAIN, 1)
		       ? err
		       : await_room_full(ring, need, timeout_ns);
}

static inline uint64_t max_len(const mipc_ring *ring)
{
	return record_limit(ring) - RECORD_HEADER_BYTES;
}

static inline int check_len(const mipc_ring *ring, size_t len)
{
	return len > max_len(ring) ? -EMSGSIZE : 0;
}

int mipc_ring_write(
	mipc_ring *ring, const void *data, size_t len, uint64_t timeout_ns)
{
	int err = ring_enter(ring, MIPC_RING_PRODUCER);

	if (!err)
		err = check_len(ring, len);
	if (!err)
		err = await_room(ring, record_bytes(len), timeout_ns);
	if (__builtin_expect(err != 0, 0))
		return err == WAITED ? end_wait(ring, mipc_ring_write(ring,
							      data, len, 0))
				     : err;
	if (MUTANT(publish_before_copy))
		atomic_store(record_header(&ring->segment, ring->producer.tail),
			record_word(len));
	fill_record(ring, ring->producer.tail, data, len);
	publish(ring, len, ring->producer.tail + record_bytes(len), 1);
	return 0;
}

int mipc_ring_write_batch(mipc_ring *ring, const struct iovec *messages,
	unsigned count, uint64_t timeout_ns)
{
	int err = ring_enter(ring, MIPC_RING_PRODUCER);
	uint64_t end;
	unsigned i;

	if (count == 0 || count > INT_MAX)
		return -EINVAL;
	for (i = 0; !err && i < count; i++)
		err = check_len(ring, messages[i].iov_len);
	if (!err)
		err = await_room(
			ring, record_bytes(messages[0].iov_len), timeout_ns);
	if (__builtin_expect(err != 0, 0))
		return err == WAITED
			       ? end_wait(ring, mipc_ring_write_batch(ring,
							messages, count, 0))
			       : err;
	end = ring->producer.tail;
	for (i = 0; i < count; i++) {
		uint64_t next = end + record_bytes(messages[i].iov_len);

		err = check_room(ring, next - ring->producer.tail);
		if (err)
			break;
		fill_record(
			ring, end, messages[i].iov_base, messages[i].iov_len);
		if (i > 0 || MUTANT(batch_half_published))
			/* relaxed: R1 publishes it */
			atomic_store_explicit(
				record_header(&ring->segment, end),
				record_word(messages[i].iov_len),
				memory_order_relaxed);
		end = next;
	}
	if ((err && err != -EAGAIN) || i == 0)
		return err;
	publish(ring, messages[0].iov_len, end, i);
	if (i > 1)
		count_alone(&ring->producer.counters.batches, 1);
	return (int)i;
}

int mipc_ring_reserve(
	mipc_ring *ring, size_t len, uint64_t timeout_ns, void **ret_data)
{
	int err = ring_enter(ring, MIPC_RING_PRODUCER);

	if (!err)
		err = check_len(ring, len);
	if (!err)
		err = await_room(ring, record_bytes(len), timeout_ns);
	if (__builtin_expect(err != 0, 0))
		return err == WAITED ? end_wait(ring, mipc_ring_reserve(ring,
							      len, 0, ret_data))
				     : err;
	ring->producer.reserved = record_bytes(len);
	*ret_data = record_at(
		&ring->segment, ring->producer.tail + RECORD_HEADER_BYTES);
	return 0;
}

int mipc_ring_commit(mipc_ring *ring, size_t len)
{
	/* In a forked child nothing is reserved: what the parent did is not. */
	int err = ring_enter(ring, MIPC_RING_PRODUCER);

	if (err)
		return err;
	if (len > ring->segment.capacity_bytes ||
		record_bytes(len) > ring->producer.reserved)
		return -EINVAL;
	if (MUTANT(commit_by_two_stores))
		atomic_store(record_header(&ring->segment, ring->producer.tail),
			record_word(0));
	publish(ring, len, ring->producer.tail + record_bytes(len), 1);
	return 0;
}

/* The record at @head. @ret_next: the position behind it. */
static inline int look_at(
	mipc_ring *ring, uint64_t head, size_t *ret_len, uint64_t *ret_next)
{
	/* A1: pairs with R1 */
	uint64_t word = atomic_load_explicit(
		record_header(&ring->segment, head), memory_order_acquire);
	uint64_t len;

	if (word == 0)
		return -EAGAIN;
	if (record_parse(word, record_limit(ring), &len))
		return broken(ring);
	*ret_len = (size_t)len;
	*ret_next = head + record_bytes(len);
	return 0;
}

/* The same, copied out; -EMSGSIZE when it is longer than @size. */
static inline int copy_record(mipc_ring *ring, uint64_t head, void *buffer,
	size_t size, size_t *ret_len, uint64_t *ret_next)
{
	uint64_t next;
	int err = look_at(ring, head, ret_len, &next);

	if (err)
		return err;
	if (*ret_len > size)
		return -EMSGSIZE;
	if (MUTANT(head_before_copy_out))
		atomic_store(&ring->control->head, next);
	record_copy(buffer,
		record_at(&ring->segment, head + RECORD_HEADER_BYTES),
		*ret_len);
	*ret_next = next;
	return 0;
}

/* Free everything before @next: @count messages that were read. */
static inline void free_until(mipc_ring *ring, uint64_t next, unsigned count)
{
	ring->consumer.head = next;
	ring->consumer.peeked = RING_NONE;
	/* A2: the bytes were read. release: pairs with A3. */
	atomic_store_explicit(&ring->control->head, next, memory_order_release);
	event_notify(&ring->control->writable, 1);
	/* as in publish() */
	count_alone(&ring->consumer.counters.messages, count);
}

static inline bool has_record(void *arg)
{
	const mipc_ring *ring = arg;

	/* relaxed: A1 reads it again */
	return atomic_load_explicit(
		       record_header(&ring->segment, ring->consumer.head),
		       memory_order_relaxed) != 0;
}

/* Gone, and nothing written in between. */
static int producer_gone(void *arg)
{
	const mipc_ring *ring = arg;
	int err = segment_wait_error(&ring->segment);

	if (err)
		return err;
	return ring_peer_gone(arg, MIPC_RING_PRODUCER) &&
			       (MUTANT(gone_before_last_look) ||
				       !has_record(arg))
		       ? -EPIPE
		       : 0;
}

/* await_record() when there is none now. */
static __attribute__((noinline)) int await_record_empty(
	mipc_ring *ring, uint64_t timeout_ns)
{
	const struct condition condition = {has_record, producer_gone, ring};
	struct wait wait = {
		.timeout_ns = timeout_ns,
		.spin_us = ring->spin_us,
		.pace = &ring->consumer.pace,
		.counters = &ring->consumer.counters,
	};

	if (timeout_ns == 0)
		return peer_gone_cheaply(ring, MIPC_RING_PRODUCER,
			       &ring->consumer.counters) &&
				       !has_record(ring)
			       ? -EPIPE
			       : -EAGAIN;
	return await(ring, &ring->control->readable, &condition, &wait);
}

static inline int await_record(mipc_ring *ring, uint64_t timeout_ns)
{
	return __builtin_expect(has_record(ring), 1)
		       ? 0
		       : await_record_empty(ring, timeout_ns);
}

/* For the watcher, which must not look at what is the consumer's own. */
static bool has_watched(void *arg)
{
	const mipc_ring *ring = arg;
	/* relaxed: the watch's mutex, or its thread's start, orders it */
	uint64_t at =
		atomic_load_explicit(&ring->watched, memory_order_relaxed);

	/* relaxed: A1 of a read reads it again */
	return atomic_load_explicit(record_header(&ring->segment, at),
		       memory_order_relaxed) != 0 ||
	       ring_peer_left(ring, MIPC_RING_PRODUCER);
}

static int watched_gone(void *arg)
{
	const mipc_ring *ring = arg;
	int err = segment_wait_error(&ring->segment);

	if (err)
		return err;
	return ring_peer_gone(arg, MIPC_RING_PRODUCER) ? -EPIPE : 0;
}

/* Enter as consumer, and say where the watcher has to look. */
static int enter_to_watch(mipc_ring *ring)
{
	int err = ring_enter(ring, MIPC_RING_CONSUMER);

	if (!err)
		/* relaxed: as in has_watched() */
		atomic_store_explicit(&ring->watched, ring->consumer.head,
			memory_order_relaxed);
	return err;
}

int mipc_ring_event_fd(mipc_ring *ring)
{
	const struct condition condition = {has_watched, watched_gone, ring};
	int err = enter_to_watch(ring);

	return err ? err
		   : watch_fd(&ring->watch, &ring->control->readable,
			     &condition);
}

int mipc_ring_event_arm(mipc_ring *ring)
{
	int err = enter_to_watch(ring);

	if (!err)
		err = watch_arm(&ring->watch);
	/* Nothing there, and nothing to wait for: else it would ring for ever. */
	return err ? err : segment_wait_error(&ring->segment);
}

int mipc_ring_read(mipc_ring *ring, void *buffer, size_t size,
	uint64_t timeout_ns, size_t *ret_len)
{
	uint64_t next;
	int err = ring_enter(ring, MIPC_RING_CONSUMER);

	if (!err)
		err = await_record(ring, timeout_ns);
	if (__builtin_expect(err != 0, 0))
		return err == WAITED
			       ? end_wait(ring, mipc_ring_read(ring, buffer,
							size, 0, ret_len))
			       : err;
	err = copy_record(
		ring, ring->consumer.head, buffer, size, ret_len, &next);
	if (err)
		return was_there(ring, err);
	free_until(ring, next, 1);
	return 0;
}

int mipc_ring_read_batch(mipc_ring *ring, struct iovec *messages,
	unsigned count, uint64_t timeout_ns)
{
	int err = ring_enter(ring, MIPC_RING_CONSUMER);
	uint64_t next;
	unsigned i;

	if (count == 0 || count > INT_MAX)
		return -EINVAL;
	if (!err)
		err = await_record(ring, timeout_ns);
	if (__builtin_expect(err != 0, 0))
		return err == WAITED
			       ? end_wait(ring, mipc_ring_read_batch(ring,
							messages, count, 0))
			       : err;
	next = ring->consumer.head;
	for (i = 0; i < count; i++) {
		size_t len;

		err = copy_record(ring, next, messages[i].iov_base,
			messages[i].iov_len, &len, &next);
		if (!err)
			messages[i].iov_len = len;
		else if (err == -EMSGSIZE && i == 0)
			messages[i].iov_len = len;
		if (err)
			break;
	}
	if (i == 0)
		return was_there(ring, err);
	free_until(ring, next, i);
	if (i > 1)
		count_alone(&ring->consumer.counters.batches, 1);
	return (int)i;
}

int mipc_ring_peek(mipc_ring *ring, uint64_t timeout_ns, const void **ret_data,
	size_t *ret_len)
{
	uint64_t head, next;
	size_t len;
	int err = ring_enter(ring, MIPC_RING_CONSUMER);

	if (!err)
		err = await_record(ring, timeout_ns);
	if (__builtin_expect(err != 0, 0))
		return err == WAITED
			       ? end_wait(ring, mipc_ring_peek(ring, 0,
							ret_data, ret_len))
			       : err;
	head = ring->consumer.head; /* a forked child has just adopted it */
	err = look_at(ring, head, &len, &next);
	if (err)
		return was_there(ring, err);
	ring->consumer.peeked = next;
	*ret_data = record_at(&ring->segment, head + RECORD_HEADER_BYTES);
	*ret_len = len;
	return 0;
}

int mipc_ring_release(mipc_ring *ring)
{
	int err = ring_enter(ring, MIPC_RING_CONSUMER);

	if (err)
		return err;
	if (ring->consumer.peeked == RING_NONE)
		return -EINVAL;
	free_until(ring, ring->consumer.peeked, 1);
	return 0;
}

/* The bytes in use, as this handle can best tell. */
static uint64_t bytes_used(const mipc_ring *ring)
{
	/* acquire, head first: so the tail is never the older of the two */
	uint64_t head = atomic_load_explicit(
		&ring->control->head, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(
		&ring->control->tail, memory_order_acquire);
	uint64_t used = tail - head;

	/* The consumer may be ahead of the tail for an instant. */
	if (used > ring->segment.capacity_bytes)
		used = 0;
	return used;
}

uint64_t mipc_ring_available_write(const mipc_ring *ring)
{
	uint64_t used = bytes_used(ring);
	uint64_t limit = record_limit(ring);

	if (used + RECORD_HEADER_BYTES > limit)
		return 0;
	return limit - used - RECORD_HEADER_BYTES;
}

uint64_t mipc_ring_available_read(const mipc_ring *ring)
{
	uint64_t used = bytes_used(ring);
	uint64_t head, word, len;

	if (used)
		return used;
	/* Committed, but not yet in the tail? */
	head = atomic_load_explicit(&ring->control->head, memory_order_acquire);
	/* A1: pairs with R1 */
	word = atomic_load_explicit(
		record_header(&ring->segment, head), memory_order_acquire);
	if (word == 0 || record_parse(word, record_limit(ring), &len))
		return 0;
	return record_bytes(len);
}

int mipc_ring_clear(mipc_ring *ring)
{
	uint64_t end;
	int err = ring_enter(ring, MIPC_RING_CONSUMER);

	if (!err)
		err = ring_find_end(
			ring, ring->consumer.head, ring->consumer.head, &end);
	if (err == -EBADMSG)
		return broken(ring);
	if (!err) {
		/* Not read: not in the bytes that were. relaxed: see
		 * counters.h */
		atomic_fetch_add_explicit(&ring->consumer.counters.bytes,
			end - ring->consumer.head, memory_order_relaxed);
		free_until(ring, end, 0);
	}
	return err;
}

int mipc_ring_stats(const mipc_ring *ring, struct mipc_stats *ret_stats)
{
	unsigned roles = roles_of(ring);

	counters_read(&ring->producer.counters, &ring->consumer.counters,
		&ring->segment.dead_found, ret_stats);
	/* The positions count the bytes already. Of a side that we have, only
	 * we move it; what is subtracted is where it was when we came, and what
	 * was dropped since. relaxed: numbers for people */
	ret_stats->sent.bytes =
		roles & MIPC_RING_PRODUCER
			? atomic_load_explicit(
				  &ring->control->tail, memory_order_relaxed) -
				  ret_stats->sent.bytes
			: 0;
	ret_stats->received.bytes =
		roles & MIPC_RING_CONSUMER
			? atomic_load_explicit(
				  &ring->control->head, memory_order_relaxed) -
				  ret_stats->received.bytes
			: 0;
	return 0;
}

uint64_t mipc_ring_capacity(const mipc_ring *ring)
{
	return ring->segment.capacity_bytes;
}

uint64_t mipc_ring_max_len(const mipc_ring *ring)
{
	return max_len(ring);
}

int mipc_ring_check(const mipc_ring *ring)
{
	/* acquire: whoever wrote them has stopped */
	uint64_t head = atomic_load_explicit(
		&ring->control->head, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(
		&ring->control->tail, memory_order_acquire);
	uint64_t end;

	if (!ring_positions_valid(ring, head, tail) &&
		!ring_positions_valid(ring, tail, head))
		return -EBADMSG;
	if (ring_find_end(ring, head, head, &end))
		return -EBADMSG;
	/* The tail names the end, or an earlier one when its producer died. */
	return end - tail > ring->segment.capacity_bytes ? -EBADMSG : 0;
}
