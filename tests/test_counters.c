/* test_counters.c - what a handle says that it has done and met.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>

#include "event.h"
#include "lib_stage.h"
#include "lock.h"
#include "segment.h"

enum { CAPACITY = 65536 };

struct play {
	char name[LIB_NAME_BYTES];
	_Atomic unsigned *step;
	mipc_queue *queue;
	mipc_ring *ring;
};

static void play_open(struct play *play, const struct mipc_options *options)
{
	memset(play, 0, sizeof(*play));
	lib_name(play->name);
	play->step = lib_shared(sizeof(*play->step));
	WANT(mipc_queue_create(play->name, CAPACITY, options, &play->queue), 0);
}

static void play_close(struct play *play)
{
	mipc_queue_close(play->queue);
	WANT(mipc_queue_unlink(play->name), 0);
}

static struct mipc_stats stats_of(const mipc_queue *queue)
{
	struct mipc_stats stats;

	WANT(mipc_queue_stats(queue, &stats), 0);
	return stats;
}

static void want_none(const struct mipc_stats *stats)
{
	static const struct mipc_stats none;

	WANT(memcmp(stats, &none, sizeof(none)), 0);
}

START_TEST(test_counters_ring_counts_messages_bytes_and_batches)
{
	struct iovec many[4] = {{"", 0}, {"1", 1}, {"12345678", 8}, {"9", 1}};
	char name[LIB_NAME_BYTES], room[4][16];
	struct mipc_stats stats;
	const void *there;
	mipc_ring *ring;
	void *place;
	size_t len;

	lib_name(name);
	WANT(mipc_ring_create(name, CAPACITY, 3, NULL, &ring), 0);
	WANT(mipc_ring_stats(ring, &stats), 0);
	want_none(&stats);
	WANT(mipc_ring_write(ring, "1234", 4, 0), 0);
	WANT(mipc_ring_write_batch(ring, many, 4, 0), 4);
	WANT(mipc_ring_reserve(ring, 100, 0, &place), 0);
	WANT(mipc_ring_commit(ring, 8), 0);
	WANT(mipc_ring_peek(ring, 0, &there, &len), 0);
	WANT(mipc_ring_release(ring), 0);
	for (unsigned i = 0; i < 4; i++)
		many[i] = (struct iovec){room[i], sizeof(room[i])};
	WANT(mipc_ring_read_batch(ring, many, 2, 0), 2);
	WANT(mipc_ring_read(ring, room, sizeof(room), 0, &len), 0);
	WANT(mipc_ring_clear(ring), 0); /* two unread */
	WANT(mipc_ring_read(ring, room, sizeof(room), 0, &len), -EAGAIN);
	WANT(mipc_ring_stats(ring, &stats), 0);
	WANT(stats.sent.messages, 6);
	WANT(stats.sent.bytes, 16 + 8 + 16 + 16 + 16 + 16);
	WANT(stats.sent.batches, 1);
	WANT(stats.sent.blocked, 0);
	WANT(stats.received.messages, 4);
	WANT(stats.received.bytes, 16 + 8 + 16 + 16);
	WANT(stats.received.batches, 1);
	WANT(stats.received.blocked, 1);
	WANT(stats.received.gave_up, 1);
	mipc_ring_close(ring);
	WANT(mipc_ring_unlink(name), 0);
}
END_TEST

START_TEST(test_counters_queue_counts_messages_and_batches)
{
	struct iovec many[3] = {{"", 0}, {"1", 1}, {"12345678", 8}};
	struct mipc_lease leases[2], reservation;
	struct mipc_stats stats;
	struct play play;
	char room[16];
	size_t len;

	play_open(&play, NULL);
	stats = stats_of(play.queue);
	want_none(&stats);
	WANT(mipc_queue_put(play.queue, "1234", 4, 0), 0);
	WANT(mipc_queue_put_batch(play.queue, many, 3, 0), 3);
	WANT(mipc_queue_reserve(play.queue, 24, 0, &reservation), 0);
	WANT(mipc_queue_commit(play.queue, &reservation), 0);
	WANT(mipc_queue_get(play.queue, room, sizeof(room), 0, &len), 0);
	WANT(mipc_queue_acquire_batch(play.queue, leases, 2, 0), 2);
	WANT(mipc_queue_return(play.queue, &leases[0]), 0);
	WANT(mipc_queue_release(play.queue, &leases[1]), 0);
	/* The one given back, counted again and as such. */
	WANT(mipc_queue_get(play.queue, room, sizeof(room), 0, &len), 0);
	stats = stats_of(play.queue);
	WANT(stats.sent.messages, 5);
	WANT(stats.sent.batches, 1);
	WANT(stats.received.messages, 4);
	WANT(stats.received.batches, 1);
	WANT(stats.redelivered, 1);
	WANT(stats.sent.lock_waits + stats.received.lock_waits, 0);
	play_close(&play);
}
END_TEST

/* Two in a row: the first is found by a walk from the head, the second without
 * one. */
START_TEST(test_counters_each_message_given_back_is_counted)
{
	struct mipc_lease leases[2];
	struct play play;
	char room[16];
	size_t len;

	play_open(&play, NULL);
	for (unsigned i = 0; i < 3; i++)
		WANT(mipc_queue_put(play.queue, "1234", 4, 0), 0);
	WANT(mipc_queue_acquire_batch(play.queue, leases, 2, 0), 2);
	WANT(mipc_queue_return(play.queue, &leases[0]), 0);
	WANT(mipc_queue_return(play.queue, &leases[1]), 0);
	for (unsigned i = 0; i < 3; i++) {
		WANT(mipc_queue_get(play.queue, room, sizeof(room), 0, &len),
			0);
		WANT(stats_of(play.queue).redelivered, i < 2 ? i + 1 : 2);
	}
	WANT(stats_of(play.queue).received.messages, 5);
	play_close(&play);
}
END_TEST

START_TEST(test_counters_vain_polls_and_sleeps_are_told_apart)
{
	const struct mipc_options never = {.spin_us = MIPC_SPIN_NEVER};
	static char body[CAPACITY - 8];
	struct mipc_stats stats;
	struct play play;
	size_t len;

	play_open(&play, &never);
	for (unsigned i = 0; i < 3; i++)
		WANT(mipc_queue_get(play.queue, body, 8, 0, &len), -EAGAIN);
	WANT(mipc_queue_get(play.queue, body, 8, LIB_BRIEF_NS, &len),
		-ETIMEDOUT);
	stats = stats_of(play.queue);
	WANT(stats.received.blocked, 4);
	WANT(stats.received.gave_up, 3);
	WANT(stats.received.slept, 1);
	WANT_TRUE(stats.received.naps >= 1);
	WANT(stats.received.spins_paid, 0);
	WANT(mipc_queue_put(play.queue, body, sizeof(body), 0), 0);
	for (unsigned i = 0; i < 5; i++)
		WANT(mipc_queue_put(play.queue, body, 8, 0), -EAGAIN);
	WANT(mipc_queue_put(play.queue, body, 8, LIB_BRIEF_NS), -ETIMEDOUT);
	stats = stats_of(play.queue);
	WANT(stats.sent.blocked, 6);
	WANT(stats.sent.gave_up, 5);
	WANT(stats.sent.slept, 1);
	WANT(stats.sent.messages, 1);
	play_close(&play);
}
END_TEST

static void write_one(void *arg)
{
	struct play *play = arg;
	mipc_ring *ring;

	WANT(mipc_ring_open(play->name, MIPC_RING_PRODUCER, NULL, &ring), 0);
	lib_sleep_us(3000);
	WANT(mipc_ring_write(ring, "", 0, 0), 0);
	mipc_ring_close(ring);
}

START_TEST(test_counters_ring_spin_that_paid_is_no_sleep)
{
	const struct mipc_options spins[] = {
		{.spin_us = MIPC_SPIN_ALWAYS}, {.spin_us = MIPC_SPIN_NEVER}};
	struct mipc_stats stats;
	char byte;
	size_t len;

	for (unsigned never = 0; never < 2; never++) {
		struct play play = {0};
		pid_t child;

		lib_name(play.name);
		WANT(mipc_ring_create(play.name, CAPACITY, MIPC_RING_CONSUMER,
			     &spins[never], &play.ring),
			0);
		child = lib_spawn(write_one, &play);
		WANT(mipc_ring_read(play.ring, &byte, 1, LIB_PATIENCE_NS, &len),
			0);
		WANT(mipc_ring_stats(play.ring, &stats), 0);
		WANT(stats.received.blocked, 1);
		WANT(stats.received.spins_paid, !never);
		WANT(stats.received.slept, never);
		WANT(stats.received.gave_up, 0);
		lib_join(child);
		mipc_ring_close(play.ring);
		WANT(mipc_ring_unlink(play.name), 0);
	}
}
END_TEST

/* In a child: hold the producers' lock, and a lease. */
static void hold_both(void *arg)
{
	struct play *play = arg;
	struct wait wait = {.timeout_ns = MIPC_FOREVER};
	struct segment segment = {0};
	struct mipc_lease lease;
	mipc_queue *queue;

	WANT(mipc_queue_open(play->name, NULL, &queue), 0);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	WANT(segment_open(&segment, play->name, MIPC_KIND_QUEUE, NULL), 0);
	WANT(lock_acquire(
		     &segment.shared->queue.producers.lock, &segment, &wait),
		0);
	lib_step(play->step, 1);
	lib_sleep_for_ever();
}

START_TEST(test_counters_deaths_are_counted_by_who_finds_them)
{
	struct mipc_stats stats;
	struct play play;
	mipc_queue *late;
	char byte = 0;
	pid_t child;
	size_t len;

	play_open(&play, NULL);
	WANT(mipc_queue_put(play.queue, &byte, 1, 0), 0);
	child = lib_spawn(hold_both, &play);
	lib_await(play.step, 1);
	WANT(mipc_queue_put(play.queue, &byte, 1, LIB_BRIEF_NS), -ETIMEDOUT);
	lib_kill(child);
	WANT(mipc_queue_put(play.queue, &byte, 1, LIB_PATIENCE_NS), 0);
	for (unsigned i = 0; i < 2; i++)
		WANT(mipc_queue_get(
			     play.queue, &byte, 1, LIB_PATIENCE_NS, &len),
			0);
	stats = stats_of(play.queue);
	WANT(stats.sent.recoveries, 1);
	WANT(stats.sent.lock_waits, 1);
	WANT(stats.received.recoveries, 0);
	WANT(stats.leases_recovered, 1);
	WANT(stats.redelivered, 1);
	WANT(stats.peers_found_dead, 0);
	/* Two handles, of one process. */
	WANT(mipc_queue_open(play.name, NULL, &late), 0);
	stats = stats_of(late);
	WANT(stats.peers_found_dead, 2);
	mipc_queue_close(late);
	play_close(&play);
}
END_TEST

static void produce_and_die(void *arg)
{
	struct play *play = arg;
	mipc_ring *ring;

	WANT(mipc_ring_open(play->name, MIPC_RING_PRODUCER, NULL, &ring), 0);
	lib_step(play->step, 1);
	lib_sleep_for_ever();
}

START_TEST(test_counters_ring_dead_peer_is_counted_once)
{
	struct play play = {0};
	struct mipc_stats stats;
	pid_t child;
	char byte;
	size_t len;

	lib_name(play.name);
	play.step = lib_shared(sizeof(*play.step));
	WANT(mipc_ring_create(
		     play.name, CAPACITY, MIPC_RING_CONSUMER, NULL, &play.ring),
		0);
	child = lib_spawn(produce_and_die, &play);
	lib_await(play.step, 1);
	lib_kill(child);
	for (unsigned i = 0; i < 3; i++)
		WANT(mipc_ring_read(play.ring, &byte, 1, LIB_PATIENCE_NS, &len),
			-EPIPE);
	WANT(mipc_ring_stats(play.ring, &stats), 0);
	WANT(stats.peers_found_dead, 1);
	mipc_ring_close(play.ring);
	WANT(mipc_ring_unlink(play.name), 0);
}
END_TEST

static void use_copy(void *arg)
{
	struct play *play = arg;
	struct mipc_stats stats;
	char byte;
	size_t len;

	WANT(mipc_queue_get(play->queue, &byte, 1, 0, &len), 0);
	stats = stats_of(play->queue);
	WANT(stats.sent.messages, 0);
	WANT(stats.received.messages, 1);
}

START_TEST(test_counters_of_a_forked_child_are_its_own)
{
	struct mipc_stats stats;
	struct play play;

	play_open(&play, NULL);
	for (unsigned i = 0; i < 3; i++)
		WANT(mipc_queue_put(play.queue, "", 1, 0), 0);
	lib_join(lib_spawn(use_copy, &play));
	stats = stats_of(play.queue);
	WANT(stats.sent.messages, 3);
	WANT(stats.received.messages, 0);
	play_close(&play);
}
END_TEST

enum { THREADS = 3, EACH = 20000 };

static void *put_many(void *arg)
{
	for (unsigned i = 0; i < EACH; i++)
		WANT(mipc_queue_put(arg, &i, sizeof(i), LIB_PATIENCE_NS), 0);
	return NULL;
}

/* Not one is missed although threads share the handle: the lock orders them. */
START_TEST(test_counters_threads_of_one_handle_miss_no_message)
{
	pthread_t threads[THREADS];
	struct mipc_stats stats;
	struct play play;

	play_open(&play, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		WANT(pthread_create(&threads[i], NULL, put_many, play.queue),
			0);
	for (unsigned i = 0; i < THREADS * EACH; i++) {
		unsigned got;
		size_t len;

		WANT(mipc_queue_get(play.queue, &got, sizeof(got),
			     LIB_PATIENCE_NS, &len),
			0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		WANT(pthread_join(threads[i], NULL), 0);
	stats = stats_of(play.queue);
	WANT(stats.sent.messages, THREADS * EACH);
	WANT(stats.received.messages, THREADS * EACH);
	play_close(&play);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_counters_ring_counts_messages_bytes_and_batches,
		test_counters_queue_counts_messages_and_batches,
		test_counters_each_message_given_back_is_counted,
		test_counters_vain_polls_and_sleeps_are_told_apart,
		test_counters_ring_spin_that_paid_is_no_sleep,
		test_counters_deaths_are_counted_by_who_finds_them,
		test_counters_ring_dead_peer_is_counted_once,
		test_counters_of_a_forked_child_are_its_own,
		test_counters_threads_of_one_handle_miss_no_message,
	};

	return LIB_MAIN("counters", tests);
}
