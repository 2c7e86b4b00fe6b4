/* test_wake.c - whoever makes something true that is waited for wakes the waiter.
 *
 * A sleeper looks again by itself every 10 ms, so that a forgotten wake-up is
 * nothing but slow. Here its naps never end by themselves: it is woken, or it
 * hangs, and the test fails. That it is asleep its event's word says.
 */
#include "lib_stage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>

#include "event.h"
#include "lock.h"
#include "platform.h"
#include "segment.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Longer than anybody's patience. */
#define NAP_NS (100 * LIB_PATIENCE_NS)

enum {
	SLEEPERS = 4,
	ROUNDS = 10000,
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
	MAYBE_ASLEEP = 1, /* of an event's word */
};

static const struct mipc_options sleep_at_once = {.spin_us = MIPC_SPIN_NEVER};
static const struct mipc_options one_return = {.dead_letter_after = 1};

/* What the sleeper, a process of its own, is told, and tells. */
struct bed {
	char name[LIB_NAME_BYTES];
	int want; /* what its call returns in the end */
	_Atomic unsigned woken;
};

/* One play: an object that this process has open, too. */
struct play {
	struct bed *bed;
	struct lib_view view;
	mipc_ring *ring;
	mipc_queue *queue;
	struct mipc_lease lease;
	void *place;
	pid_t worker;
};

static uint8_t body[1 << 17];

static void nap_for_ever(void)
{
	event_nap_max_ns = NAP_NS;
	lock_nap_ns = NAP_NS;
}

static void await_asleep(const struct mipc_event *event)
{
	uint64_t until_ns = lib_now_ns() + LIB_PATIENCE_NS;

	while (!(atomic_load(&event->word) & MAYBE_ASLEEP)) {
		if (lib_now_ns() > until_ns)
			lib_fail("nobody goes to sleep");
		lib_sleep_us(100);
	}
}

/* --- Sleepers ---------------------------------------------------------------- */

static void read_asleep(void *arg)
{
	struct bed *bed = arg;
	mipc_ring *ring;
	size_t len;

	nap_for_ever();
	WANT(mipc_ring_open(
		     bed->name, MIPC_RING_CONSUMER, &sleep_at_once, &ring),
		0);
	WANT(mipc_ring_read(ring, body, sizeof(body), MIPC_FOREVER, &len),
		bed->want);
	atomic_fetch_add(&bed->woken, 1);
}

static void write_asleep(void *arg)
{
	struct bed *bed = arg;
	mipc_ring *ring;

	nap_for_ever();
	WANT(mipc_ring_open(
		     bed->name, MIPC_RING_PRODUCER, &sleep_at_once, &ring),
		0);
	WANT(mipc_ring_write(ring, body, 1, MIPC_FOREVER), bed->want);
	atomic_fetch_add(&bed->woken, 1);
}

static void get_asleep(void *arg)
{
	struct bed *bed = arg;
	mipc_queue *queue;
	size_t len;

	nap_for_ever();
	WANT(mipc_queue_open(bed->name, &sleep_at_once, &queue), 0);
	WANT(mipc_queue_get(queue, body, sizeof(body), MIPC_FOREVER, &len), 0);
	atomic_fetch_add(&bed->woken, 1);
	lib_sleep_for_ever(); /* closing must not wake the others */
}

static void put_asleep(void *arg)
{
	struct bed *bed = arg;
	mipc_queue *queue;

	nap_for_ever();
	WANT(mipc_queue_open(bed->name, &sleep_at_once, &queue), 0);
	WANT(mipc_queue_put(queue, body, 1, MIPC_FOREVER), 0);
	atomic_fetch_add(&bed->woken, 1);
	lib_sleep_for_ever();
}

/* --- What wakes the ring's ---------------------------------------------------- */

static void ring_empty(struct play *play)
{
	WANT(mipc_ring_create(
		     play->bed->name, 1, MIPC_RING_PRODUCER, NULL, &play->ring),
		0);
}

static void ring_full(struct play *play)
{
	WANT(mipc_ring_create(play->bed->name, 1, BOTH, NULL, &play->ring), 0);
	WANT(mipc_ring_write(
		     play->ring, body, mipc_ring_max_len(play->ring), 0),
		0);
	mipc_ring_close(play->ring);
	WANT(mipc_ring_open(
		     play->bed->name, MIPC_RING_CONSUMER, NULL, &play->ring),
		0);
}

static void ring_write(struct play *play)
{
	WANT(mipc_ring_write(play->ring, body, 1, 0), 0);
}

static void ring_write_batch(struct play *play)
{
	const struct iovec messages[] = {{body, 1}, {body, 2}};

	WANT(mipc_ring_write_batch(play->ring, messages, 2, 0), 2);
}

static void ring_commit(struct play *play)
{
	WANT(mipc_ring_reserve(play->ring, 1, 0, &play->place), 0);
	WANT(mipc_ring_commit(play->ring, 1), 0);
}

static void ring_read(struct play *play)
{
	size_t len;

	WANT(mipc_ring_read(play->ring, body, sizeof(body), 0, &len), 0);
}

static void ring_read_batch(struct play *play)
{
	struct iovec message = {body, sizeof(body)};

	WANT(mipc_ring_read_batch(play->ring, &message, 1, 0), 1);
}

static void ring_release(struct play *play)
{
	const void *data;
	size_t len;

	WANT(mipc_ring_peek(play->ring, 0, &data, &len), 0);
	WANT(mipc_ring_release(play->ring), 0);
}

static void ring_clear(struct play *play)
{
	WANT(mipc_ring_clear(play->ring), 0);
}

static void ring_leave(struct play *play)
{
	mipc_ring_close(play->ring);
	play->ring = NULL;
}

/* --- What wakes the queue's --------------------------------------------------- */

static void queue_empty(struct play *play)
{
	WANT(mipc_queue_create(play->bed->name, 1, &one_return, &play->queue),
		0);
}

static void queue_full(struct play *play)
{
	queue_empty(play);
	WANT(mipc_queue_put(
		     play->queue, body, mipc_queue_max_len(play->queue), 0),
		0);
}

static void queue_leased(struct play *play)
{
	queue_full(play);
	WANT(mipc_queue_acquire(play->queue, 0, &play->lease), 0);
}

/* As queue_leased(), of a queue without dead letters. */
static void queue_lent(struct play *play)
{
	WANT(mipc_queue_create(play->bed->name, 1, NULL, &play->queue), 0);
	WANT(mipc_queue_put(play->queue, body, 1, 0), 0);
	WANT(mipc_queue_acquire(play->queue, 0, &play->lease), 0);
}

static void queue_reserved(struct play *play)
{
	queue_empty(play);
	WANT(mipc_queue_reserve(play->queue, mipc_queue_max_len(play->queue), 0,
		     &play->lease),
		0);
}

static void queue_with_dead_letter(struct play *play)
{
	queue_leased(play);
	WANT(mipc_queue_return(play->queue, &play->lease), 0);
}

/* A worker has the only message, and is killed when the sleeper lies. */
static void acquire_and_wait(void *arg)
{
	struct bed *bed = arg;
	struct mipc_lease lease;
	mipc_queue *queue;

	WANT(mipc_queue_open(bed->name, NULL, &queue), 0);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	atomic_fetch_add(&bed->woken, 1);
	lib_sleep_for_ever();
}

static void queue_left_leased(struct play *play)
{
	WANT(mipc_queue_create(play->bed->name, 1, NULL, &play->queue), 0);
	WANT(mipc_queue_put(
		     play->queue, body, mipc_queue_max_len(play->queue), 0),
		0);
	play->worker = lib_spawn(acquire_and_wait, play->bed);
	lib_await(&play->bed->woken, 1);
	lib_step(&play->bed->woken, 0);
}

static void queue_put(struct play *play)
{
	WANT(mipc_queue_put(play->queue, body, 1, 0), 0);
}

static void queue_put_batch(struct play *play)
{
	const struct iovec messages[] = {{body, 1}, {body, 2}};

	WANT(mipc_queue_put_batch(play->queue, messages, 2, 0), 2);
}

static void queue_commit(struct play *play)
{
	WANT(mipc_queue_commit(play->queue, &play->lease), 0);
}

static void queue_return(struct play *play)
{
	WANT(mipc_queue_return(play->queue, &play->lease), 0);
}

static void queue_abort(struct play *play)
{
	WANT(mipc_queue_abort(play->queue, &play->lease), 0);
}

static void queue_get(struct play *play)
{
	size_t len;

	WANT(mipc_queue_get(play->queue, body, sizeof(body), 0, &len), 0);
}

static void queue_get_batch(struct play *play)
{
	struct iovec message = {body, sizeof(body)};

	WANT(mipc_queue_get_batch(play->queue, &message, 1, 0), 1);
}

static void queue_get_dead(struct play *play)
{
	size_t len;

	WANT(mipc_queue_get_dead(play->queue, body, sizeof(body), 0, &len), 0);
}

static void queue_release(struct play *play)
{
	WANT(mipc_queue_release(play->queue, &play->lease), 0);
}

static void queue_release_batch(struct play *play)
{
	WANT(mipc_queue_release_batch(play->queue, &play->lease, 1), 0);
}

static void queue_clear(struct play *play)
{
	WANT(mipc_queue_clear(play->queue, 0), 0);
}

/* Somebody who only polls for room tends, and finds the dead one's lease. */
static void queue_poll_for_room(struct play *play)
{
	int rc = -EAGAIN;

	lib_kill(play->worker);
	for (unsigned i = 0; i < 2048 && rc == -EAGAIN; i++)
		rc = mipc_queue_put(play->queue, body, 1, 0);
	/* The sleeper may have been faster than the last polls. */
	WANT_TRUE(rc == -EAGAIN || rc == 0);
}

/* --- One sleeper -------------------------------------------------------------- */

static const struct mipc_event *readable(const struct play *play)
{
	return play->ring ? &play->view.shared->ring.readable
			  : &play->view.shared->queue.consumers.event;
}

static const struct mipc_event *writable(const struct play *play)
{
	return play->ring ? &play->view.shared->ring.writable
			  : &play->view.shared->queue.producers.event;
}

static void start_play(struct play *play, void (*make)(struct play *play))
{
	*play = (struct play){.bed = lib_shared(sizeof(*play->bed))};
	lib_name(play->bed->name);
	make(play);
	lib_view_open(&play->view, play->bed->name);
}

static void end_play(struct play *play)
{
	lib_view_close(&play->view);
	mipc_queue_close(play->queue);
	mipc_ring_close(play->ring);
	if (mipc_queue_unlink(play->bed->name))
		WANT(mipc_ring_unlink(play->bed->name), 0);
}

static const struct waking {
	const char *name;
	void (*make)(struct play *play);
	void (*sleep)(void *bed);
	void (*wake)(struct play *play);
	int want;
} wakings[] = {
	{"ring: write", ring_empty, read_asleep, ring_write, 0},
	{"ring: write_batch", ring_empty, read_asleep, ring_write_batch, 0},
	{"ring: commit", ring_empty, read_asleep, ring_commit, 0},
	{"ring: producer leaves", ring_empty, read_asleep, ring_leave, -EPIPE},
	{"ring: read", ring_full, write_asleep, ring_read, 0},
	{"ring: read_batch", ring_full, write_asleep, ring_read_batch, 0},
	{"ring: release", ring_full, write_asleep, ring_release, 0},
	{"ring: clear", ring_full, write_asleep, ring_clear, 0},
	{"ring: consumer leaves", ring_full, write_asleep, ring_leave, -EPIPE},
	{"queue: put", queue_empty, get_asleep, queue_put, 0},
	{"queue: put_batch", queue_empty, get_asleep, queue_put_batch, 0},
	{"queue: commit", queue_reserved, get_asleep, queue_commit, 0},
	{"queue: return", queue_lent, get_asleep, queue_return, 0},
	{"queue: lease of the dead", queue_left_leased, get_asleep,
		queue_poll_for_room, 0},
	{"queue: get", queue_full, put_asleep, queue_get, 0},
	{"queue: get_batch", queue_full, put_asleep, queue_get_batch, 0},
	{"queue: get_dead", queue_with_dead_letter, put_asleep, queue_get_dead,
		0},
	{"queue: release", queue_leased, put_asleep, queue_release, 0},
	{"queue: release_batch", queue_leased, put_asleep, queue_release_batch,
		0},
	{"queue: abort", queue_reserved, put_asleep, queue_abort, 0},
	{"queue: clear", queue_full, put_asleep, queue_clear, 0},
};

START_TEST(test_wake_every_call_wakes_who_waits_for_it)
{
	for (size_t i = 0; i < COUNT(wakings); i++) {
		const struct waking *waking = &wakings[i];
		bool reads = waking->sleep == read_asleep ||
			     waking->sleep == get_asleep;
		struct play play;
		pid_t sleeper;

		printf("%s\n", waking->name);
		fflush(stdout);
		start_play(&play, waking->make);
		play.bed->want = waking->want;
		sleeper = lib_spawn(waking->sleep, play.bed);
		await_asleep(reads ? readable(&play) : writable(&play));
		waking->wake(&play);
		lib_await(&play.bed->woken, 1);
		if (play.queue)
			lib_kill(sleeper);
		else
			lib_join(sleeper);
		end_play(&play);
	}
}
END_TEST

/* --- Several ------------------------------------------------------------------ */

/* @count of @sleep asleep, as far as that can be seen from here: the first has
 * said so, and the last has gone down its way for a while. */
static void put_to_bed(struct play *play, void (*sleep)(void *bed),
	const struct mipc_event *event, pid_t *pids)
{
	for (unsigned i = 0; i < SLEEPERS; i++) {
		pids[i] = lib_spawn(sleep, play->bed);
		await_asleep(event);
	}
	lib_sleep_us(20000);
}

START_TEST(test_wake_one_message_after_another_wakes_one_after_another)
{
	pid_t pids[SLEEPERS];
	struct play play;

	start_play(&play, queue_empty);
	put_to_bed(&play, get_asleep, readable(&play), pids);
	for (unsigned i = 0; i < SLEEPERS; i++) {
		queue_put(&play);
		lib_await(&play.bed->woken, i + 1);
	}
	for (unsigned i = 0; i < SLEEPERS; i++)
		lib_kill(pids[i]);
	end_play(&play);
}
END_TEST

START_TEST(test_wake_messages_at_once_wake_as_many)
{
	const struct iovec messages[SLEEPERS] = {
		{body, 1}, {body, 1}, {body, 1}, {body, 1}};
	pid_t pids[SLEEPERS];
	struct play play;

	start_play(&play, queue_empty);
	put_to_bed(&play, get_asleep, readable(&play), pids);
	WANT(mipc_queue_put_batch(play.queue, messages, SLEEPERS, 0), SLEEPERS);
	lib_await(&play.bed->woken, SLEEPERS);
	for (unsigned i = 0; i < SLEEPERS; i++)
		lib_kill(pids[i]);
	end_play(&play);
}
END_TEST

/* Room for all, by one call that does not count what it frees: counting would
 * wake as many producers as messages went. */
static void wake_all_who_put(
	void (*make)(struct play *), void (*wake)(struct play *))
{
	pid_t pids[SLEEPERS];
	struct play play;

	start_play(&play, make);
	put_to_bed(&play, put_asleep, writable(&play), pids);
	wake(&play);
	lib_await(&play.bed->woken, SLEEPERS);
	for (unsigned i = 0; i < SLEEPERS; i++)
		lib_kill(pids[i]);
	end_play(&play);
}

START_TEST(test_wake_room_for_many_wakes_many)
{
	wake_all_who_put(queue_full, queue_clear);
	wake_all_who_put(queue_leased, queue_release);
	wake_all_who_put(queue_reserved, queue_abort);
}
END_TEST

/* --- To and fro --------------------------------------------------------------- */

struct pair {
	struct bed there, back;
};

static void answer(void *arg)
{
	struct pair *pair = arg;
	mipc_ring *there, *back;
	uint8_t byte;
	size_t len;

	nap_for_ever();
	WANT(mipc_ring_open(pair->there.name, MIPC_RING_CONSUMER,
		     &sleep_at_once, &there),
		0);
	WANT(mipc_ring_open(pair->back.name, MIPC_RING_PRODUCER, &sleep_at_once,
		     &back),
		0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		WANT(mipc_ring_read(there, &byte, 1, MIPC_FOREVER, &len), 0);
		WANT(mipc_ring_write(back, &byte, 1, MIPC_FOREVER), 0);
		lib_step(&pair->back.woken, i + 1);
	}
}

static void ask(void *arg)
{
	struct pair *pair = arg;
	mipc_ring *there, *back;
	uint8_t byte = 0;
	size_t len;

	nap_for_ever();
	WANT(mipc_ring_open(pair->there.name, MIPC_RING_PRODUCER,
		     &sleep_at_once, &there),
		0);
	WANT(mipc_ring_open(pair->back.name, MIPC_RING_CONSUMER, &sleep_at_once,
		     &back),
		0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		WANT(mipc_ring_write(there, &byte, 1, MIPC_FOREVER), 0);
		WANT(mipc_ring_read(back, &byte, 1, MIPC_FOREVER, &len), 0);
		lib_step(&pair->there.woken, i + 1);
	}
}

/* The wake-up must be neither early nor forgotten whatever the two do at the same
 * time; every step is awaited, so that a lost one is seen. */
START_TEST(test_wake_ring_ping_pong_never_sleeps_through)
{
	struct pair *pair = lib_shared(sizeof(*pair));
	mipc_ring *there, *back;
	pid_t asker, answerer;

	lib_name(pair->there.name);
	lib_name(pair->back.name);
	WANT(mipc_ring_create(pair->there.name, 1, 0, NULL, &there), 0);
	WANT(mipc_ring_create(pair->back.name, 1, 0, NULL, &back), 0);
	answerer = lib_spawn(answer, pair);
	asker = lib_spawn(ask, pair);
	for (unsigned i = ROUNDS / 10; i <= ROUNDS; i += ROUNDS / 10)
		lib_await(&pair->there.woken, i);
	lib_join(asker);
	lib_join(answerer);
	mipc_ring_close(there);
	mipc_ring_close(back);
	WANT(mipc_ring_unlink(pair->there.name), 0);
	WANT(mipc_ring_unlink(pair->back.name), 0);
}
END_TEST

/* --- The lock ----------------------------------------------------------------- */

/* The handle of a queue begins with its segment. */
static void lock_asleep(void *arg)
{
	struct bed *bed = arg;
	struct wait wait = {.timeout_ns = MIPC_FOREVER};
	struct segment *segment;
	mipc_queue *queue;

	nap_for_ever();
	WANT(mipc_queue_open(bed->name, NULL, &queue), 0);
	segment = (struct segment *)(void *)queue;
	WANT(lock_acquire(
		     &segment->shared->queue.producers.lock, segment, &wait),
		0);
	atomic_fetch_add(&bed->woken, 1);
	lock_release(&segment->shared->queue.producers.lock);
}

START_TEST(test_wake_lock_released_goes_to_each_who_waits)
{
	struct wait wait = {.timeout_ns = MIPC_FOREVER};
	pid_t pids[SLEEPERS];
	struct mipc_lock *lock;
	struct segment *segment;
	struct play play;

	start_play(&play, queue_empty);
	segment = (struct segment *)(void *)play.queue;
	lock = &segment->shared->queue.producers.lock;
	WANT(lock_acquire(lock, segment, &wait), 0);
	for (unsigned i = 0; i < SLEEPERS; i++)
		pids[i] = lib_spawn(lock_asleep, play.bed);
	while (!(atomic_load(&lock->word) & PLATFORM_WAITERS))
		lib_sleep_us(100);
	lib_sleep_us(20000);
	WANT(atomic_load(&play.bed->woken), 0);
	lock_release(lock);
	lib_await(&play.bed->woken, SLEEPERS);
	for (unsigned i = 0; i < SLEEPERS; i++)
		lib_join(pids[i]);
	end_play(&play);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_wake_every_call_wakes_who_waits_for_it,
		test_wake_one_message_after_another_wakes_one_after_another,
		test_wake_messages_at_once_wake_as_many,
		test_wake_room_for_many_wakes_many,
		test_wake_ring_ping_pong_never_sleeps_through,
		test_wake_lock_released_goes_to_each_who_waits,
	};

	return LIB_MAIN("wake", tests);
}
