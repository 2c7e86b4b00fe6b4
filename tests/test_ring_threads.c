/* test_ring_threads.c - one ring handle, one producing and one consuming thread.
 *
 * Threads see one mapping, so ThreadSanitizer can follow every byte from one to
 * the other: `make check-sanitize` runs this under it.
 */
#include "lib_stage.h"

#include <pthread.h>
#include <string.h>

#include <mmapipc/ring.h>

enum {
	MESSAGES = 200000,
	BATCH = 16,
	BODY_MAX_BYTES = 64,
};

struct play {
	mipc_ring *ring;
	unsigned batch;
};

static size_t len_of(uint64_t number)
{
	return number * 11 % (BODY_MAX_BYTES + 1);
}

static void *produce(void *arg)
{
	struct play *play = arg;
	uint8_t bodies[BATCH][BODY_MAX_BYTES];
	struct iovec batch[BATCH];
	uint64_t number = 0;

	while (number < MESSAGES) {
		unsigned count = 0;
		int rc;

		for (; count < play->batch && number + count < MESSAGES;
			count++) {
			size_t len = len_of(number + count);

			lib_fill(bodies[count], len, number + count);
			batch[count] = (struct iovec){bodies[count], len};
		}
		if (count > 1) {
			rc = mipc_ring_write_batch(
				play->ring, batch, count, LIB_PATIENCE_NS);
			WANT_TRUE(rc > 0);
			number += (unsigned)rc;
		} else {
			WANT(mipc_ring_write(play->ring, bodies[0],
				     batch[0].iov_len, LIB_PATIENCE_NS),
				0);
			number++;
		}
	}
	return NULL;
}

static void consume(struct play *play)
{
	uint8_t bodies[BATCH][BODY_MAX_BYTES];
	struct iovec batch[BATCH];
	uint64_t number = 0;

	while (number < MESSAGES) {
		int rc = 1;

		for (unsigned i = 0; i < BATCH; i++)
			batch[i] = (struct iovec){bodies[i], BODY_MAX_BYTES};
		if (play->batch > 1)
			rc = mipc_ring_read_batch(play->ring, batch,
				play->batch, LIB_PATIENCE_NS);
		else
			WANT(mipc_ring_read(play->ring, bodies[0],
				     BODY_MAX_BYTES, LIB_PATIENCE_NS,
				     &batch[0].iov_len),
				0);
		WANT_TRUE(rc > 0);
		for (int i = 0; i < rc; i++, number++) {
			WANT(batch[i].iov_len, len_of(number));
			WANT_TRUE(lib_matches(
				bodies[i], batch[i].iov_len, number));
		}
		/* What either side may ask in between. */
		if (number % 64 == 0)
			WANT_TRUE(mipc_ring_available_read(play->ring) <=
				  mipc_ring_capacity(play->ring));
	}
}

static void move_all(uint64_t capacity_bytes, unsigned batch, uint32_t spin_us)
{
	const struct mipc_options options = {.spin_us = spin_us};
	struct play play = {.batch = batch};
	char name[LIB_NAME_BYTES];
	pthread_t producer;

	lib_name(name);
	WANT(mipc_ring_create(name, capacity_bytes,
		     MIPC_RING_PRODUCER | MIPC_RING_CONSUMER, &options,
		     &play.ring),
		0);
	WANT(pthread_create(&producer, NULL, produce, &play), 0);
	consume(&play);
	WANT(pthread_join(producer, NULL), 0);
	WANT(mipc_ring_available_read(play.ring), 0);
	WANT(mipc_ring_check(play.ring), 0);
	mipc_ring_close(play.ring);
	WANT(mipc_ring_unlink(name), 0);
}

START_TEST(test_ring_threads_one_by_one_all_arrive)
{
	move_all(0, 1, 0);
}
END_TEST

START_TEST(test_ring_threads_in_batches_all_arrive)
{
	move_all(0, BATCH, 0);
}
END_TEST

START_TEST(test_ring_threads_in_the_smallest_ring_all_arrive)
{
	move_all(1, BATCH, MIPC_SPIN_NEVER);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_ring_threads_one_by_one_all_arrive,
		test_ring_threads_in_batches_all_arrive,
		test_ring_threads_in_the_smallest_ring_all_arrive,
	};

	return LIB_MAIN("ring_threads", tests);
}
