/* test_close.c - a handle is cancelled or closed while threads wait on it: their
 * calls end with -ECANCELED, and none of them touches it after close returned.
 * White-box: how many wait is the segment's count.
 */
#include "lib_stage.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <mmapipc/ring.h>

#include "queue_side.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	CAPACITY_BYTES = 1 << 16,
	LONG_BYTES = 3 << 20, /* of a message whose copy takes its time */
	RACES = 150,
	WAITERS = 3,
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
};

/* A handle of either product, and a call that has to wait on it. */
struct wait_case {
	const char *call;
	bool ring;
	bool full;   /* waits for room; else for a message */
	bool locked; /* waits for a lock that a stopped process has */
	int (*wait)(void *handle, uint64_t timeout_ns);
};

static _Thread_local uint8_t bytes[64];

static int ring_write(void *handle, uint64_t timeout_ns)
{
	return mipc_ring_write(handle, bytes, 0, timeout_ns);
}

static int ring_write_batch(void *handle, uint64_t timeout_ns)
{
	const struct iovec message = {bytes, 8};

	return mipc_ring_write_batch(handle, &message, 1, timeout_ns);
}

static int ring_reserve(void *handle, uint64_t timeout_ns)
{
	void *data;

	return mipc_ring_reserve(handle, 8, timeout_ns, &data);
}

static int ring_read(void *handle, uint64_t timeout_ns)
{
	size_t len;

	return mipc_ring_read(handle, bytes, sizeof(bytes), timeout_ns, &len);
}

static int ring_read_batch(void *handle, uint64_t timeout_ns)
{
	struct iovec message = {bytes, sizeof(bytes)};

	return mipc_ring_read_batch(handle, &message, 1, timeout_ns);
}

static int ring_peek(void *handle, uint64_t timeout_ns)
{
	const void *data;
	size_t len;

	return mipc_ring_peek(handle, timeout_ns, &data, &len);
}

static int queue_put(void *handle, uint64_t timeout_ns)
{
	return mipc_queue_put(handle, bytes, 8, timeout_ns);
}

static int queue_get(void *handle, uint64_t timeout_ns)
{
	size_t len;

	return mipc_queue_get(handle, bytes, sizeof(bytes), timeout_ns, &len);
}

static int queue_reserve(void *handle, uint64_t timeout_ns)
{
	struct mipc_lease lease;

	return mipc_queue_reserve(handle, 8, timeout_ns, &lease);
}

static int queue_acquire(void *handle, uint64_t timeout_ns)
{
	struct mipc_lease lease;

	return mipc_queue_acquire(handle, timeout_ns, &lease);
}

static int queue_get_dead(void *handle, uint64_t timeout_ns)
{
	size_t len;

	return mipc_queue_get_dead(
		handle, bytes, sizeof(bytes), timeout_ns, &len);
}

static int queue_clear(void *handle, uint64_t timeout_ns)
{
	return mipc_queue_clear(handle, timeout_ns);
}

static const struct wait_case cases[] = {
	{"ring_write", true, true, false, ring_write},
	{"ring_write_batch", true, true, false, ring_write_batch},
	{"ring_reserve", true, true, false, ring_reserve},
	{"ring_read", true, false, false, ring_read},
	{"ring_read_batch", true, false, false, ring_read_batch},
	{"ring_peek", true, false, false, ring_peek},
	{"queue_put", false, true, false, queue_put},
	{"queue_reserve", false, true, false, queue_reserve},
	{"queue_get", false, false, false, queue_get},
	{"queue_acquire", false, false, false, queue_acquire},
	{"queue_put, lock", false, false, true, queue_put},
	{"queue_reserve, lock", false, false, true, queue_reserve},
	{"queue_get, lock", false, true, true, queue_get},
	{"queue_acquire, lock", false, true, true, queue_acquire},
	{"queue_get_dead, lock", false, false, true, queue_get_dead},
	{"queue_clear, lock", false, false, true, queue_clear},
};

static const uint32_t spins[] = {0, MIPC_SPIN_NEVER, MIPC_SPIN_ALWAYS};

struct scene {
	const struct wait_case *wait_case;
	char name[LIB_NAME_BYTES];
	void *handle;
	pid_t holder;
	_Atomic unsigned *step; /* shared with the holder */
};

/* Both products' handles begin with it. */
static struct segment *segment_of(const struct scene *scene)
{
	return scene->handle;
}

static void hold_both_locks(void *arg)
{
	struct scene *scene = arg;
	struct wait wait = {.timeout_ns = MIPC_FOREVER};
	struct mipc_queue *queue = scene->handle;

	WANT(segment_enter(&queue->segment), 0);
	queue->segment.at_home = false;
	WANT(side_lock(queue, PRODUCERS, &wait), 0);
	WANT(side_lock(queue, CONSUMERS, &wait), 0);
	lib_step(scene->step, 1);
	lib_sleep_for_ever();
}

static void scene_open(struct scene *scene, unsigned number)
{
	const struct mipc_options options = {
		.spin_us = spins[number / COUNT(cases) % COUNT(spins)]};
	const struct wait_case *c = &cases[number % COUNT(cases)];

	memset(scene, 0, sizeof(*scene));
	scene->wait_case = c;
	lib_name(scene->name);
	if (c->ring)
		WANT(mipc_ring_create(scene->name, CAPACITY_BYTES, BOTH,
			     &options, (mipc_ring **)&scene->handle),
			0);
	else
		WANT(mipc_queue_create(scene->name, CAPACITY_BYTES, &options,
			     (mipc_queue **)&scene->handle),
			0);
	if (c->full)
		while (!(c->ring ? ring_write : queue_put)(scene->handle, 0))
			;
	if (!c->locked)
		return;
	scene->step = lib_shared(sizeof(*scene->step));
	scene->holder = lib_spawn(hold_both_locks, scene);
	lib_await(scene->step, 1);
}

static void scene_close(struct scene *scene)
{
	if (scene->wait_case->ring) {
		mipc_ring_close(scene->handle);
		WANT(mipc_ring_unlink(scene->name), 0);
	} else {
		mipc_queue_close(scene->handle);
		WANT(mipc_queue_unlink(scene->name), 0);
	}
	if (scene->holder)
		lib_kill(scene->holder);
}

static void cancel(struct scene *scene)
{
	if (scene->wait_case->ring)
		mipc_ring_cancel(scene->handle);
	else
		mipc_queue_cancel(scene->handle);
}

static void *wait_for_ever(void *arg)
{
	struct scene *scene = arg;

	return (void *)(intptr_t)scene->wait_case->wait(
		scene->handle, MIPC_FOREVER);
}

/* @count threads that wait. */
static void start_waiters(
	struct scene *scene, pthread_t *threads, unsigned count)
{
	struct segment *segment = segment_of(scene);

	for (unsigned i = 0; i < count; i++)
		WANT(pthread_create(&threads[i], NULL, wait_for_ever, scene),
			0);
	lib_await(&segment->waiting, count);
}

static void want_cancelled(
	const struct scene *scene, const pthread_t *threads, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		void *rc;

		WANT(pthread_join(threads[i], &rc), 0);
		if ((intptr_t)rc != -ECANCELED)
			lib_fail("%s ended with %ld", scene->wait_case->call,
				(long)(intptr_t)rc);
	}
}

/* A ring has one thread a side. */
static unsigned waiters_of(const struct scene *scene)
{
	return scene->wait_case->ring ? 1 : WAITERS;
}

START_TEST(test_close_sends_back_who_waits)
{
	for (unsigned i = 0; i < COUNT(cases) * COUNT(spins); i++) {
		pthread_t threads[WAITERS];
		struct scene scene;
		unsigned count;

		scene_open(&scene, i);
		count = waiters_of(&scene);
		start_waiters(&scene, threads, count);
		scene_close(&scene);
		want_cancelled(&scene, threads, count);
	}
}
END_TEST

START_TEST(test_close_cancelled_handle_waits_no_more_but_works)
{
	for (unsigned i = 0; i < COUNT(cases) * COUNT(spins); i++) {
		pthread_t threads[WAITERS];
		struct scene scene;
		unsigned count;

		scene_open(&scene, i);
		count = waiters_of(&scene);
		start_waiters(&scene, threads, count);
		cancel(&scene);
		want_cancelled(&scene, threads, count);
		WANT(atomic_load(&segment_of(&scene)->waiting), 0);
		/* And so for good. */
		cancel(&scene);
		WANT(scene.wait_case->wait(scene.handle, 0), -EAGAIN);
		WANT(scene.wait_case->wait(scene.handle, LIB_PATIENCE_NS),
			-ECANCELED);
		/* Where there is nothing to wait for it works. */
		if (!scene.wait_case->locked && scene.wait_case->ring) {
			WANT((scene.wait_case->full ? ring_read : ring_write)(
				     scene.handle, LIB_PATIENCE_NS),
				0);
			WANT((scene.wait_case->full ? ring_write : ring_read)(
				     scene.handle, LIB_PATIENCE_NS),
				0);
		} else if (!scene.wait_case->locked) {
			WANT((scene.wait_case->full ? queue_get : queue_put)(
				     scene.handle, LIB_PATIENCE_NS),
				0);
			WANT((scene.wait_case->full ? queue_put : queue_get)(
				     scene.handle, LIB_PATIENCE_NS),
				0);
		}
		scene_close(&scene);
	}
}
END_TEST

static void close_the_copy(void *arg)
{
	struct scene *scene = arg;

	if (scene->wait_case->ring)
		mipc_ring_close(scene->handle);
	else
		mipc_queue_close(scene->handle);
}

START_TEST(test_close_in_a_forked_child_waits_for_none_of_the_parents)
{
	for (unsigned i = 0; i < COUNT(cases); i++) {
		pthread_t threads[WAITERS];
		struct scene scene;
		unsigned count;

		scene_open(&scene, i);
		count = waiters_of(&scene);
		start_waiters(&scene, threads, count);
		lib_join(lib_spawn(close_the_copy, &scene));
		/* The parent's still wait. */
		WANT(atomic_load(&segment_of(&scene)->waiting), count);
		cancel(&scene);
		want_cancelled(&scene, threads, count);
		scene_close(&scene);
	}
}
END_TEST

/* A consumer that waits for a long message, and one that sends it. */
struct race {
	char name[LIB_NAME_BYTES];
	bool ring;
	void *handle;
	void *sender;
	uint8_t *buffer;
};

static void *receive_long(void *arg)
{
	struct race *race = arg;
	size_t len;

	return (void *)(intptr_t)(race->ring ? mipc_ring_read(race->handle,
						       race->buffer, LONG_BYTES,
						       MIPC_FOREVER, &len)
					     : mipc_queue_get(race->handle,
						       race->buffer, LONG_BYTES,
						       MIPC_FOREVER, &len));
}

static void race_open(struct race *race, unsigned number)
{
	const struct mipc_options options = {.spin_us = spins[number % 3]};

	race->ring = number / COUNT(spins) % 2;
	lib_name(race->name);
	if (race->ring) {
		WANT(mipc_ring_create(race->name, 0, MIPC_RING_PRODUCER, NULL,
			     (mipc_ring **)&race->sender),
			0);
		WANT(mipc_ring_open(race->name, MIPC_RING_CONSUMER, &options,
			     (mipc_ring **)&race->handle),
			0);
		return;
	}
	WANT(mipc_queue_create(
		     race->name, 0, NULL, (mipc_queue **)&race->sender),
		0);
	WANT(mipc_queue_open(
		     race->name, &options, (mipc_queue **)&race->handle),
		0);
}

START_TEST(test_close_returns_when_who_waited_is_through)
{
	struct race race;
	uint8_t *body = calloc(1, LONG_BYTES);

	race.buffer = malloc(LONG_BYTES);
	WANT_TRUE(body && race.buffer);
	for (unsigned i = 0; i < RACES; i++) {
		_Atomic unsigned *waiting;
		pthread_t thread;
		void *rc;

		race_open(&race, i);
		waiting = &((struct segment *)race.handle)->waiting;
		WANT(pthread_create(&thread, NULL, receive_long, &race), 0);
		lib_await(waiting, 1);
		WANT(race.ring ? mipc_ring_write(
					 race.sender, body, LONG_BYTES, 0)
			       : mipc_queue_put(
					 race.sender, body, LONG_BYTES, 0),
			0);
		lib_sleep_us(i % 10 * 20);
		/* It copies, or is about to, or is back. */
		if (race.ring) {
			mipc_ring_close(race.handle);
			mipc_ring_close(race.sender);
			WANT(mipc_ring_unlink(race.name), 0);
		} else {
			mipc_queue_close(race.handle);
			mipc_queue_close(race.sender);
			WANT(mipc_queue_unlink(race.name), 0);
		}
		WANT(pthread_join(thread, &rc), 0);
		WANT_TRUE((intptr_t)rc == 0 || (intptr_t)rc == -ECANCELED);
	}
	free(body);
	free(race.buffer);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_close_sends_back_who_waits,
		test_close_cancelled_handle_waits_no_more_but_works,
		test_close_in_a_forked_child_waits_for_none_of_the_parents,
		test_close_returns_when_who_waited_is_through,
	};

	return LIB_MAIN("close", tests);
}
