/* test_queue_threads.c - one queue handle, two producing and two consuming
 * threads.
 *
 * Threads see one mapping, so ThreadSanitizer can follow every byte from one to
 * the other: `make check-sanitize` runs this under it.
 */
#include "lib_stage.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <mmapipc/queue.h>

enum {
	PRODUCERS = 2,
	CONSUMERS = 2,
	PER_PRODUCER = 100000,
	MESSAGES = PRODUCERS * PER_PRODUCER,
	BATCH = 16,
};

struct play {
	mipc_queue *queue;
	unsigned batch;
	_Atomic unsigned producers;
	_Atomic unsigned received;
	_Atomic unsigned char seen[PRODUCERS][PER_PRODUCER];
};

static void *produce(void *arg)
{
	struct play *play = arg;
	uint32_t me = atomic_fetch_add(&play->producers, 1);
	struct lib_message messages[BATCH];
	struct iovec batch[BATCH];
	uint32_t number = 0;

	while (number < PER_PRODUCER) {
		unsigned count = 0;
		int rc;

		for (; count < play->batch && number + count < PER_PRODUCER;
			count++)
			batch[count] = (struct iovec){&messages[count],
				lib_message_make(
					&messages[count], me, number + count)};
		rc = mipc_queue_put_batch(
			play->queue, batch, count, LIB_PATIENCE_NS);
		WANT_TRUE(rc > 0);
		number += (unsigned)rc;
	}
	return NULL;
}

static void note(struct play *play, const struct lib_message *message,
	size_t len, uint32_t next[PRODUCERS])
{
	lib_message_check(message, len);
	WANT_TRUE(message->sender < PRODUCERS);
	WANT_TRUE(message->number < PER_PRODUCER);
	WANT_TRUE(message->number >= next[message->sender]);
	next[message->sender] = message->number + 1;
	WANT(atomic_fetch_add(&play->seen[message->sender][message->number], 1),
		0);
}

static void *consume(void *arg)
{
	struct play *play = arg;
	struct lib_message messages[BATCH];
	uint32_t next[PRODUCERS] = {0};

	for (;;) {
		struct iovec batch[BATCH];
		int rc;

		for (unsigned i = 0; i < BATCH; i++)
			batch[i] = (struct iovec){
				&messages[i], sizeof(messages[i])};
		rc = mipc_queue_get_batch(
			play->queue, batch, play->batch, 2000000);
		if (rc == -ETIMEDOUT) {
			if (atomic_load(&play->received) == MESSAGES)
				return NULL;
			continue;
		}
		WANT_TRUE(rc > 0);
		for (int i = 0; i < rc; i++)
			note(play, &messages[i], batch[i].iov_len, next);
		atomic_fetch_add(&play->received, (unsigned)rc);
		/* What anybody may ask in between. */
		(void)mipc_queue_empty(play->queue);
		(void)mipc_queue_size(play->queue);
	}
}

static void move_all(uint64_t capacity_bytes, unsigned batch, uint32_t spin_us)
{
	const struct mipc_options options = {.spin_us = spin_us};
	static struct play play;
	pthread_t threads[PRODUCERS + CONSUMERS];
	char name[LIB_NAME_BYTES];

	memset(&play, 0, sizeof(play));
	play.batch = batch;
	lib_name(name);
	WANT(mipc_queue_create(name, capacity_bytes, &options, &play.queue), 0);
	for (unsigned i = 0; i < PRODUCERS + CONSUMERS; i++)
		WANT(pthread_create(&threads[i], NULL,
			     i < PRODUCERS ? produce : consume, &play),
			0);
	for (unsigned i = 0; i < PRODUCERS + CONSUMERS; i++)
		WANT(pthread_join(threads[i], NULL), 0);
	WANT(atomic_load(&play.received), MESSAGES);
	WANT(mipc_queue_size(play.queue), 0);
	WANT(mipc_queue_check(play.queue), 0);
	mipc_queue_close(play.queue);
	WANT(mipc_queue_unlink(name), 0);
}

START_TEST(test_queue_threads_one_by_one_each_arrives_once)
{
	move_all(0, 1, 0);
}
END_TEST

START_TEST(test_queue_threads_in_batches_each_arrives_once)
{
	move_all(0, BATCH, 0);
}
END_TEST

START_TEST(test_queue_threads_in_the_smallest_queue_each_arrives_once)
{
	move_all(1, BATCH, MIPC_SPIN_NEVER);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_queue_threads_one_by_one_each_arrives_once,
		test_queue_threads_in_batches_each_arrives_once,
		test_queue_threads_in_the_smallest_queue_each_arrives_once,
	};

	return LIB_MAIN("queue_threads", tests);
}
