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
 *   before Q1 or Q2            nothing             -
 *   between it and the count   a count behind      the next owner (repair)
 *   holding the lock           a lock word         the kernel, or the next
 *                                                  waiter (lock.c)
 *   before the wake            a sleeper           itself, in 10 ms (event.c)
 *
 * What it does not do: priorities, topics, more than one copy of a message.
 */
#include <mmapipc/queue.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "lock.h"
#include "party.h"
#include "record.h"
#include "segment.h"

enum { DEFAULT_CAPACITY_BYTES = 4 << 20 };

enum side_index {
	PRODUCERS,
	CONSUMERS,
};

struct mipc_queue {
	struct segment segment;
	struct mipc_queue_control *control;
	uint32_t spin_us;
	_Atomic int broken; /* -EBADMSG once the segment held nonsense */
};

static struct mipc_queue_side *side_of(
	const mipc_queue *queue, enum side_index index)
{
	return index == PRODUCERS ? &queue->control->producers
				  : &queue->control->consumers;
}

static int broken(mipc_queue *queue)
{
	/* relaxed: any later call may find out for itself */
	atomic_store_explicit(&queue->broken, -EBADMSG, memory_order_relaxed);
	return -EBADMSG;
}

static bool positions_valid(
	const mipc_queue *queue, uint64_t head, uint64_t tail)
{
	return tail - head <= queue->segment.capacity_bytes &&
	       (head | tail) % MIPC_RECORD_ALIGN == 0;
}

static int queue_enter(mipc_queue *queue)
{
	/* relaxed: see broken() */
	int err = atomic_load_explicit(&queue->broken, memory_order_relaxed);

	return err ? err : segment_enter(&queue->segment);
}

/* The last owner died: finish its count. Safe to be killed in, too. */
static void repair(struct mipc_queue_side *side)
{
	/* relaxed, all of these: guarded by the side's lock */
	uint64_t position =
		atomic_load_explicit(&side->position, memory_order_relaxed);

	if (position == atomic_load_explicit(
				&side->intent_position, memory_order_relaxed))
		atomic_store_explicit(&side->count,
			atomic_load_explicit(
				&side->intent_count, memory_order_relaxed),
			memory_order_relaxed);
	atomic_fetch_add_explicit(&side->recoveries, 1, memory_order_relaxed);
}

static int side_lock(
	mipc_queue *queue, enum side_index index, struct wait *wait)
{
	struct mipc_queue_side *side = side_of(queue, index);
	int rc = lock_acquire(&side->lock, &queue->segment, wait);

	if (__builtin_expect(rc == 0, 1))
		return 0;
	if (rc > 0) {
		repair(side);
		return 0;
	}
	return rc;
}

/* Move the side's position by one store, and its count. */
static void side_commit(
	struct mipc_queue_side *side, uint64_t position, uint64_t count)
{
	/* relaxed, but for the commit: guarded by the side's lock */
	uint64_t total =
		atomic_load_explicit(&side->count, memory_order_relaxed) +
		count;

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

/* The other side's position, looked up only when the one that this side
 * remembers does not do. */
static uint64_t other_remembered(const struct mipc_queue_side *side)
{
	/* relaxed: guarded by the side's lock */
	return atomic_load_explicit(
		&side->other_position, memory_order_relaxed);
}

static uint64_t other_now(mipc_queue *queue, enum side_index index)
{
	struct mipc_queue_side *side = side_of(queue, index);
	const struct mipc_queue_side *other = side_of(queue, !index);
	/* Q3: pairs with Q1 or Q2 of the other side */
	uint64_t position =
		atomic_load_explicit(&other->position, memory_order_acquire);

	/* relaxed: guarded by the side's lock */
	atomic_store_explicit(
		&side->other_position, position, memory_order_relaxed);
	return position;
}

/* Bytes that a producer may fill, at least @need of them if there are as many.
 * Under the producers' lock. */
static int room_at(
	mipc_queue *queue, uint64_t tail, uint64_t need, uint64_t *ret_room)
{
	uint64_t capacity = queue->segment.capacity_bytes;
	uint64_t head = other_remembered(&queue->control->producers);

	if (!positions_valid(queue, head, tail) ||
		capacity - (tail - head) < need) {
		head = other_now(queue, PRODUCERS);
		if (!positions_valid(queue, head, tail))
			return broken(queue);
	}
	*ret_room = capacity - (tail - head);
	return 0;
}

/* Bytes of records that a consumer may take. Under the consumers' lock. */
static int filled_at(mipc_queue *queue, uint64_t head, uint64_t *ret_filled)
{
	uint64_t tail = other_remembered(&queue->control->consumers);

	if (!positions_valid(queue, head, tail) || tail == head) {
		tail = other_now(queue, CONSUMERS);
		if (!positions_valid(queue, head, tail))
			return broken(queue);
	}
	*ret_filled = tail - head;
	return 0;
}

static void write_record(
	mipc_queue *queue, uint64_t position, const struct iovec *message)
{
	/* relaxed: Q1 publishes it */
	atomic_store_explicit(record_header(&queue->segment, position),
		record_word(message->iov_len), memory_order_relaxed);
	if (message->iov_len)
		memcpy(record_at(
			       &queue->segment, position + RECORD_HEADER_BYTES),
			message->iov_base, message->iov_len);
}

/* Put what fits. Under the producers' lock. Returns how many; -EAGAIN. */
static int put_locked(
	mipc_queue *queue, const struct iovec *messages, unsigned count)
{
	struct mipc_queue_side *side = &queue->control->producers;
	/* relaxed: guarded by the lock */
	uint64_t tail =
		atomic_load_explicit(&side->position, memory_order_relaxed);
	uint64_t start = tail;
	uint64_t room;
	unsigned i;

	for (i = 0; i < count; i++) {
		uint64_t need = record_bytes(messages[i].iov_len);
		int err = room_at(queue, start, tail - start + need, &room);

		if (err)
			return err;
		if (tail - start + need > room)
			break;
		write_record(queue, tail, &messages[i]);
		tail += need;
	}
	if (i == 0)
		return -EAGAIN;
	side_commit(side, tail, i);
	return (int)i;
}

/* Take what is there and fits. Under the consumers' lock. Returns how many;
 * -EAGAIN; -EMSGSIZE with the length in messages[0]. */
static int get_locked(mipc_queue *queue, struct iovec *messages, unsigned count)
{
	struct mipc_queue_side *side = &queue->control->consumers;
	/* relaxed: guarded by the lock */
	uint64_t head =
		atomic_load_explicit(&side->position, memory_order_relaxed);
	uint64_t filled, used = 0;
	unsigned i;
	int err = filled_at(queue, head, &filled);

	if (err)
		return err;
	for (i = 0; i < count && used < filled; i++) {
		/* relaxed: Q3 ordered it */
		uint64_t word = atomic_load_explicit(
			record_header(&queue->segment, head + used),
			memory_order_relaxed);
		uint64_t len;

		if (record_parse(word, filled - used, &len))
			return broken(queue);
		if (len > messages[i].iov_len) {
			if (i > 0)
				break;
			messages[0].iov_len = (size_t)len;
			return -EMSGSIZE;
		}
		if (len)
			memcpy(messages[i].iov_base,
				record_at(&queue->segment,
					head + used + RECORD_HEADER_BYTES),
				(size_t)len);
		messages[i].iov_len = (size_t)len;
		used += record_bytes(len);
	}
	if (i == 0)
		return -EAGAIN;
	side_commit(side, head + used, i);
	return (int)i;
}

struct side_wait {
	const mipc_queue *queue;
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
	const struct mipc_queue_control *control = side->queue->control;
	/* relaxed, all of these: the try itself orders */
	uint64_t head = atomic_load_explicit(
		&control->consumers.position, memory_order_relaxed);

	/* What consumers know already, before a look at the producers' line:
	 * it would travel for each message. */
	if (head != atomic_load_explicit(&control->consumers.other_position,
			    memory_order_relaxed))
		return true;
	return head != atomic_load_explicit(&control->producers.position,
			       memory_order_relaxed);
}

static int check_lens(
	const mipc_queue *queue, const struct iovec *messages, unsigned count)
{
	if (count == 0 || count > INT_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++)
		if (messages[i].iov_len > mipc_queue_max_len(queue))
			return -EMSGSIZE;
	return 0;
}

int mipc_queue_put_batch(mipc_queue *queue, const struct iovec *messages,
	unsigned count, uint64_t timeout_ns)
{
	struct side_wait side = {queue, 0};
	const struct condition room = {may_put, NULL, &side};
	struct wait wait = {timeout_ns, 0, queue->spin_us};
	int rc = queue_enter(queue);

	if (!rc)
		rc = check_lens(queue, messages, count);
	if (rc)
		return rc;
	side.need = record_bytes(messages[0].iov_len);
	for (;;) {
		rc = side_lock(queue, PRODUCERS, &wait);
		if (rc)
			return rc;
		rc = put_locked(queue, messages, count);
		lock_release(&queue->control->producers.lock);
		if (rc > 0)
			event_notify_unlocked(
				&queue->control->consumers.event, rc);
		if (rc != -EAGAIN || timeout_ns == 0)
			return rc;
		rc = event_await(
			&queue->control->producers.event, &room, &wait);
		/* Others may take the room again and again. */
		if (!rc && wait_left_ns(&wait, 1) == 0)
			rc = -ETIMEDOUT;
		if (rc)
			return rc;
	}
}

int mipc_queue_get_batch(mipc_queue *queue, struct iovec *messages,
	unsigned count, uint64_t timeout_ns)
{
	struct side_wait side = {queue, 0};
	const struct condition filled = {may_get, NULL, &side};
	struct wait wait = {timeout_ns, 0, queue->spin_us};
	int rc = queue_enter(queue);

	if (rc)
		return rc;
	if (count == 0 || count > INT_MAX)
		return -EINVAL;
	for (;;) {
		rc = event_await(
			&queue->control->consumers.event, &filled, &wait);
		if (rc)
			return rc;
		rc = side_lock(queue, CONSUMERS, &wait);
		if (rc)
			return rc;
		rc = get_locked(queue, messages, count);
		lock_release(&queue->control->consumers.lock);
		if (rc > 0)
			event_notify_unlocked(
				&queue->control->producers.event, rc);
		if (rc != -EAGAIN || timeout_ns == 0)
			return rc;
		/* Another consumer was faster, maybe again and again. */
		if (wait_left_ns(&wait, 1) == 0)
			return -ETIMEDOUT;
	}
}

int mipc_queue_put(
	mipc_queue *queue, const void *data, size_t len, uint64_t timeout_ns)
{
	const struct iovec message = {(void *)data, len};
	int rc = mipc_queue_put_batch(queue, &message, 1, timeout_ns);

	return rc < 0 ? rc : 0;
}

int mipc_queue_get(mipc_queue *queue, void *buffer, size_t size,
	uint64_t timeout_ns, size_t *ret_len)
{
	struct iovec message = {buffer, size};
	int rc = mipc_queue_get_batch(queue, &message, 1, timeout_ns);

	if (rc > 0 || rc == -EMSGSIZE)
		*ret_len = message.iov_len;
	return rc < 0 ? rc : 0;
}

/* How many whole records [head, tail) holds. Returns 0; -EBADMSG. */
static int count_records(const mipc_queue *queue, uint64_t head, uint64_t tail,
	uint64_t *ret_count)
{
	uint64_t count = 0;

	if (!positions_valid(queue, head, tail))
		return -EBADMSG;
	for (; head != tail; count++) {
		/* relaxed: Q3 ordered it */
		uint64_t word = atomic_load_explicit(
			record_header(&queue->segment, head),
			memory_order_relaxed);
		uint64_t len;

		if (record_parse(word, tail - head, &len))
			return -EBADMSG;
		head += record_bytes(len);
	}
	*ret_count = count;
	return 0;
}

int mipc_queue_clear(mipc_queue *queue, uint64_t timeout_ns)
{
	struct wait wait = {timeout_ns, 0, queue->spin_us};
	struct mipc_queue_side *side;
	uint64_t head, tail;
	uint64_t dropped;
	int rc = queue_enter(queue);

	if (!rc)
		rc = side_lock(queue, CONSUMERS, &wait);
	if (rc)
		return rc;
	side = &queue->control->consumers;
	/* relaxed: guarded by the lock */
	head = atomic_load_explicit(&side->position, memory_order_relaxed);
	tail = other_now(queue, CONSUMERS);
	if (count_records(queue, head, tail, &dropped))
		rc = broken(queue);
	else
		side_commit(side, tail, dropped);
	lock_release(&side->lock);
	if (!rc)
		event_notify(&queue->control->producers.event, INT_MAX);
	return rc;
}

/* Messages that ever passed a side, its last owner dead or alive. */
static uint64_t side_count(const struct mipc_queue_side *side)
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

uint64_t mipc_queue_size(const mipc_queue *queue)
{
	/* Taken first, so that it is never ahead of what was put. */
	uint64_t taken = side_count(&queue->control->consumers);
	uint64_t put = side_count(&queue->control->producers);

	return put > taken ? put - taken : 0;
}

bool mipc_queue_empty(const mipc_queue *queue)
{
	const struct mipc_queue_control *control = queue->control;

	/* acquire: head first, so that the tail is not the older of the two */
	uint64_t head = atomic_load_explicit(
		&control->consumers.position, memory_order_acquire);

	return head == atomic_load_explicit(&control->producers.position,
			       memory_order_acquire);
}

uint64_t mipc_queue_capacity(const mipc_queue *queue)
{
	return queue->segment.capacity_bytes;
}

uint64_t mipc_queue_max_len(const mipc_queue *queue)
{
	return queue->segment.capacity_bytes - RECORD_HEADER_BYTES;
}

pid_t mipc_queue_lock_holder(const mipc_queue *queue, enum mipc_queue_lock lock)
{
	const struct mipc_queue_side *side = side_of(
		queue, lock == MIPC_QUEUE_PRODUCERS ? PRODUCERS : CONSUMERS);

	return (pid_t)lock_holder_pid(&side->lock, &queue->segment);
}

int mipc_queue_inspect(mipc_queue *queue, struct mipc_queue_info *ret_info)
{
	struct mipc_queue_control *control = queue->control;
	struct mipc_queue_info info = {0};
	uint64_t head, tail;
	int err = queue_enter(queue);

	if (err)
		return err;
	/* relaxed, all of these: a snapshot for people */
	head = atomic_load_explicit(
		&control->consumers.position, memory_order_relaxed);
	tail = atomic_load_explicit(
		&control->producers.position, memory_order_relaxed);
	info.messages = mipc_queue_size(queue);
	info.bytes_used =
		tail - head <= queue->segment.capacity_bytes ? tail - head : 0;
	info.producer_lock_holder =
		mipc_queue_lock_holder(queue, MIPC_QUEUE_PRODUCERS);
	info.consumer_lock_holder =
		mipc_queue_lock_holder(queue, MIPC_QUEUE_CONSUMERS);
	info.recoveries = atomic_load_explicit(&control->producers.recoveries,
				  memory_order_relaxed) +
			  atomic_load_explicit(&control->consumers.recoveries,
				  memory_order_relaxed);
	info.parties = party_count(&queue->segment);
	*ret_info = info;
	return 0;
}

int mipc_queue_check(const mipc_queue *queue)
{
	const struct mipc_queue_control *control = queue->control;
	/* acquire: pairs with Q2 and Q1 of whoever was last */
	uint64_t head = atomic_load_explicit(
		&control->consumers.position, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(
		&control->producers.position, memory_order_acquire);
	uint64_t count;

	if (count_records(queue, head, tail, &count))
		return -EBADMSG;
	return count == mipc_queue_size(queue) ? 0 : -EBADMSG;
}

static void bury(struct segment *segment, uint32_t slot)
{
	struct mipc_queue_control *control = &segment->shared->queue;

	lock_bury(&control->producers.lock, slot);
	lock_bury(&control->consumers.lock, slot);
}

static mipc_queue *allocate(const struct mipc_options *options)
{
	mipc_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->segment.bury = bury;
	queue->spin_us = options ? options->spin_us : 0;
	return queue;
}

int mipc_queue_create(const char *name, uint64_t capacity_bytes,
	const struct mipc_options *options, mipc_queue **ret_queue)
{
	uint64_t capacity;
	mipc_queue *queue;
	int err;

	if (!ret_queue ||
		segment_round_capacity(capacity_bytes ? capacity_bytes
						      : DEFAULT_CAPACITY_BYTES,
			&capacity))
		return -EINVAL;
	queue = allocate(options);
	if (!queue)
		return -ENOMEM;
	err = segment_create(
		&queue->segment, name, MIPC_KIND_QUEUE, capacity, options);
	if (err) {
		free(queue);
		return err;
	}
	queue->control = &queue->segment.shared->queue;
	*ret_queue = queue;
	return 0;
}

int mipc_queue_open(const char *name, const struct mipc_options *options,
	mipc_queue **ret_queue)
{
	mipc_queue *queue;
	int err;

	if (!ret_queue)
		return -EINVAL;
	queue = allocate(options);
	if (!queue)
		return -ENOMEM;
	err = segment_open(&queue->segment, name, MIPC_KIND_QUEUE, options);
	if (err) {
		free(queue);
		return err;
	}
	queue->control = &queue->segment.shared->queue;
	*ret_queue = queue;
	return 0;
}

void mipc_queue_close(mipc_queue *queue)
{
	if (!queue)
		return;
	segment_close(&queue->segment);
	free(queue);
}

int mipc_queue_unlink(const char *name)
{
	return segment_unlink(name, MIPC_KIND_QUEUE);
}
