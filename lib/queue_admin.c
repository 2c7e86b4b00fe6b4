/* queue_admin.c - make, find, leave, look into and check a queue.
 */
#include "queue_walk.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "party.h"

enum { DEFAULT_CAPACITY_BYTES = 4 << 20 };

/* Records in [head, tail), all and by state. */
struct census {
	uint64_t all;
	uint64_t by_state[RECORD_DEAD + 1];
};

/* Returns 0; -EBADMSG when they do not parse. */
static int take_census(const mipc_queue *queue, uint64_t head, uint64_t tail,
	struct census *ret_census)
{
	struct census census = {0};

	if (!positions_valid(queue, head, tail))
		return -EBADMSG;
	for (; head != tail; census.all++) {
		/* relaxed: the position that bounds it was acquired */
		uint64_t word = atomic_load_explicit(
			record_header(&queue->segment, head),
			memory_order_relaxed);

		if (!record_fits(word, tail - head))
			return -EBADMSG;
		census.by_state[record_state(word)]++;
		head += record_bytes(record_len(word));
	}
	*ret_census = census;
	return 0;
}

/* Under the consumers' lock. */
static int clear_locked(mipc_queue *queue)
{
	struct walk walk = {0};
	uint64_t word = 0, position = 0;
	int rc;

	/* From the head, up to what was there when we came. */
	queue_look_again(queue);
	side_other(queue, CONSUMERS, true);
	rc = walk_start(queue, &walk);
	while (!rc && !(rc = walk_next(queue, &walk, &word, &position)))
		walk_take(queue, &walk, word, position);
	if (rc == -EAGAIN) {
		walk_end(queue, &walk);
		rc = 0;
	}
	return rc;
}

int mipc_queue_clear(mipc_queue *queue, uint64_t timeout_ns)
{
	struct wait wait;
	int rc = queue_enter(queue);

	queue_wait(&wait, timeout_ns);
	if (!rc)
		rc = side_lock(queue, CONSUMERS, &wait);
	if (!rc) {
		rc = clear_locked(queue);
		side_unlock(queue, CONSUMERS);
	}
	if (!rc)
		event_notify(&queue->control->producers.event, INT_MAX);
	segment_wait_end();
	return rc;
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
	return queue_max_len(queue);
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
	struct census census;
	uint64_t head, tail;
	int err = queue_enter(queue);

	if (err)
		return err;
	/* acquire, head first: the tail is not the older of the two */
	head = atomic_load_explicit(
		&control->consumers.position, memory_order_acquire);
	tail = atomic_load_explicit(
		&control->producers.position, memory_order_acquire);
	info.messages = mipc_queue_size(queue);
	info.bytes_used =
		tail - head <= queue->segment.capacity_bytes ? tail - head : 0;
	/* While others go on the records may be gone already: then no numbers
	 * are better than wrong ones. */
	if (!take_census(queue, head, tail, &census)) {
		info.ready = census.by_state[RECORD_READY];
		info.reserved = census.by_state[RECORD_WRITING];
		info.leased = census.by_state[RECORD_LEASED];
		info.dead_letters = census.by_state[RECORD_DEAD];
	}
	info.producer_lock_holder =
		mipc_queue_lock_holder(queue, MIPC_QUEUE_PRODUCERS);
	info.consumer_lock_holder =
		mipc_queue_lock_holder(queue, MIPC_QUEUE_CONSUMERS);
	info.producer_lock_held_ns = lock_held_ns(&control->producers.lock);
	info.consumer_lock_held_ns = lock_held_ns(&control->consumers.lock);
	/* relaxed: snapshots for people */
	info.recoveries = atomic_load_explicit(&control->producers.recoveries,
				  memory_order_relaxed) +
			  atomic_load_explicit(&control->consumers.recoveries,
				  memory_order_relaxed);
	info.parties = party_count(&queue->segment);
	*ret_info = info;
	return 0;
}

int mipc_queue_stats(const mipc_queue *queue, struct mipc_stats *ret_stats)
{
	counters_read(&queue->sides[PRODUCERS].counters,
		&queue->sides[CONSUMERS].counters, &queue->segment.dead_found,
		ret_stats);
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
	struct census census;

	if (take_census(queue, head, tail, &census))
		return -EBADMSG;
	return census.all == mipc_queue_size(queue) ? 0 : -EBADMSG;
}

static void bury(struct segment *segment, uint32_t slot)
{
	struct mipc_queue_control *control = &segment->shared->queue;

	/* A new member may find what a dead one left sooner than a waiter. */
	atomic_store_explicit(&control->look_again, 1, memory_order_relaxed);
	lock_bury(&control->producers.lock, slot);
	lock_bury(&control->consumers.lock, slot);
}

/* A new queue gets its rule before anybody can find it. */
static int join(struct segment *segment)
{
	mipc_queue *queue =
		(mipc_queue *)((char *)segment -
			       offsetof(struct mipc_queue, segment));

	queue->control = &segment->shared->queue;
	/* In a forked child: what the parent holds and did is not ours. */
	for (int i = PRODUCERS; i <= CONSUMERS; i++) {
		/* relaxed: this handle has not been entered yet */
		atomic_store_explicit(&queue->held[i], 0, memory_order_relaxed);
		counters_reset(&queue->sides[i].counters);
	}
	if (queue->dead_letter_after)
		/* relaxed: nobody else is there */
		atomic_store_explicit(&queue->control->dead_letter_after,
			queue->dead_letter_after, memory_order_relaxed);
	queue->dead_letter_after = 0;
	return 0;
}

static void spoil(struct segment *segment)
{
	queue_broken((mipc_queue *)((char *)segment -
				    offsetof(struct mipc_queue, segment)));
}

static mipc_queue *allocate(const struct mipc_options *options)
{
	mipc_queue *queue = aligned_alloc(alignof(mipc_queue), sizeof(*queue));

	if (!queue)
		return NULL;
	memset(queue, 0, sizeof(*queue));
	queue->segment.bury = bury;
	queue->segment.join = join;
	queue->segment.spoil = spoil;
	queue->dead_letter_after = options ? options->dead_letter_after : 0;
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
		(options && options->dead_letter_after > RECORD_RETURNS_MAX) ||
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

/* By name, or with @name NULL by descriptor. */
static int open_queue(const char *name, int fd,
	const struct mipc_options *options, mipc_queue **ret_queue)
{
	mipc_queue *queue;
	int err;

	if (!ret_queue)
		return -EINVAL;
	queue = allocate(options);
	if (!queue)
		return -ENOMEM;
	queue->dead_letter_after = 0; /* its creator's, not ours */
	err = name ? segment_open(
			     &queue->segment, name, MIPC_KIND_QUEUE, options)
		   : segment_from_fd(
			     &queue->segment, fd, MIPC_KIND_QUEUE, options);
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
	return name ? open_queue(name, -1, options, ret_queue) : -EINVAL;
}

int mipc_queue_from_fd(
	int fd, const struct mipc_options *options, mipc_queue **ret_queue)
{
	return open_queue(NULL, fd, options, ret_queue);
}

int mipc_queue_fd(const mipc_queue *queue)
{
	return segment_share_fd(&queue->segment);
}

int mipc_queue_memory(const mipc_queue *queue, struct mipc_memory *ret_memory)
{
	return segment_memory(&queue->segment, ret_memory);
}

void mipc_queue_close(mipc_queue *queue)
{
	if (!queue)
		return;
	watch_close(&queue->watch);
	segment_close(&queue->segment);
	free(queue);
}

void mipc_queue_cancel(mipc_queue *queue)
{
	segment_cancel(&queue->segment);
}

int mipc_queue_unlink(const char *name)
{
	return segment_unlink(name, MIPC_KIND_QUEUE);
}
