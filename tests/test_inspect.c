/* test_inspect.c - looking in from outside: what is told of the living, the dead
 * and the damaged, and that nothing is changed by it.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mmapipc/inspect.h>
#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

#include "event.h"
#include "lib_stage.h"
#include "lock.h"
#include "platform.h"
#include "record.h"
#include "segment.h"

enum { CAPACITY = 65536 };

struct play {
	char name[LIB_NAME_BYTES];
	_Atomic unsigned *step;
	unsigned index; /* of a side */
	unsigned count;
};

static void play_open(struct play *play)
{
	memset(play, 0, sizeof(*play));
	lib_name(play->name);
	play->step = lib_shared(sizeof(*play->step));
}

START_TEST(test_inspect_every_kind_is_told_and_left_unchanged)
{
	for (unsigned k = 0; k < LIB_KIND_COUNT; k++) {
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		struct mipc_info info;
		struct lib_copy copy;
		void *handle;

		lib_name(name);
		lib_path(path, name);
		WANT(lib_kinds[k].create(name, NULL, &handle), 0);
		lib_kinds[k].use(handle);
		copy = lib_copy_of(path);
		WANT(mipc_inspect(name, &info), 0);
		WANT(info.alive, 1);
		WANT(info.party_count, 1);
		WANT(info.parties[0].pid, getpid());
		WANT_TRUE(info.parties[0].alive);
		WANT(info.layout_version, MIPC_LAYOUT_VERSION);
		WANT_TRUE(info.capacity_bytes > 0);
		lib_want_unchanged(&copy, path);
		lib_kinds[k].close(handle);
		WANT(mipc_inspect(name, &info), 0);
		WANT(info.party_count, 0);
		WANT(lib_kinds[k].unlink(name), 0);
	}
}
END_TEST

START_TEST(test_inspect_queue_counts_records_by_state)
{
	char name[LIB_NAME_BYTES];
	struct mipc_options options = {.dead_letter_after = 1};
	struct mipc_lease lease, kept[2], reservation;
	struct mipc_info info;
	mipc_queue *queue;

	lib_name(name);
	WANT(mipc_queue_create(name, CAPACITY, &options, &queue), 0);
	for (unsigned i = 0; i < 6; i++)
		WANT(mipc_queue_put(queue, &i, sizeof(i), 0), 0);
	WANT(mipc_queue_acquire_batch(queue, kept, 2, 0), 2);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	WANT(mipc_queue_return(queue, &lease), 0); /* a dead letter */
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	WANT(mipc_queue_release(queue, &lease), 0); /* done, in between */
	WANT(mipc_queue_reserve(queue, 100, 0, &reservation), 0);
	lib_sleep_us(20000);
	WANT(mipc_inspect(name, &info), 0);
	WANT(info.object, MIPC_OBJECT_QUEUE);
	WANT_TRUE(info.counted);
	WANT(info.messages, 7);
	WANT(info.ready, 2);
	WANT(info.leased, 2);
	WANT(info.dead_letters, 1);
	WANT(info.done, 1);
	WANT(info.reserved_count, 1);
	WANT(info.orphans, 0);
	WANT(info.used_bytes, 6 * 16 + 112);
	WANT(info.bytes_in - info.bytes_out, info.used_bytes);
	WANT(info.messages_in, 7);
	WANT(info.messages_out, 0);
	WANT(info.dead_letter_after, 1);
	WANT(info.parties[0].leases, 2);
	WANT(info.parties[0].reservations, 1);
	WANT_TRUE(info.parties[0].leasing_ns >= 10000000);
	WANT_TRUE(info.parties[0].reserving_ns >= 10000000);
	/* A pause ends it. */
	WANT(mipc_queue_abort(queue, &reservation), 0);
	WANT(mipc_queue_release_batch(queue, kept, 2), 0);
	WANT(mipc_inspect(name, &info), 0);
	WANT(info.parties[0].leases, 0);
	WANT(info.parties[0].leasing_ns, 0);
	WANT(info.parties[0].reserving_ns, 0);
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(name), 0);
}
END_TEST

/* The time is that since there was none, not that of the first ever. */
START_TEST(test_inspect_lease_after_a_pause_has_a_new_time)
{
	char name[LIB_NAME_BYTES];
	struct mipc_lease lease, other;
	struct lib_view view;
	mipc_queue *queue;
	uint64_t first;

	lib_name(name);
	WANT(mipc_queue_create(name, CAPACITY, NULL, &queue), 0);
	lib_view_open(&view, name);
	for (unsigned i = 0; i < 3; i++)
		WANT(mipc_queue_put(queue, &i, sizeof(i), 0), 0);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	first = atomic_load(&view.shared->parties[0].leasing_since);
	WANT_TRUE(first != 0);
	WANT(mipc_queue_release(queue, &lease), 0);
	/* Longer than a tick of the coarse clock. */
	lib_sleep_us(20000);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	WANT_TRUE(atomic_load(&view.shared->parties[0].leasing_since) > first);
	first = atomic_load(&view.shared->parties[0].leasing_since);
	lib_sleep_us(20000);
	/* No pause: the same time. */
	WANT(mipc_queue_acquire(queue, 0, &other), 0);
	WANT(mipc_queue_release(queue, &lease), 0);
	WANT(atomic_load(&view.shared->parties[0].leasing_since), first);
	lib_view_close(&view);
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(name), 0);
}
END_TEST

static void hold_leases(void *arg)
{
	struct play *play = arg;
	struct mipc_lease leases[8];
	mipc_queue *queue;

	WANT(mipc_queue_open(play->name, NULL, &queue), 0);
	WANT(mipc_queue_acquire_batch(queue, leases, play->count, 0),
		play->count);
	lib_step(play->step, 1);
	lib_sleep_for_ever();
}

START_TEST(test_inspect_dead_lease_holder_is_told_as_dead)
{
	struct mipc_info info;
	struct play play;
	mipc_queue *queue, *next;
	pid_t child;

	play_open(&play);
	play.count = 5;
	WANT(mipc_queue_create(play.name, CAPACITY, NULL, &queue), 0);
	for (unsigned i = 0; i < 6; i++)
		WANT(mipc_queue_put(queue, &i, sizeof(i), 0), 0);
	child = lib_spawn(hold_leases, &play);
	lib_await(play.step, 1);
	WANT(mipc_inspect(play.name, &info), 0);
	WANT(info.alive, 2);
	WANT(info.parties[1].pid, child);
	WANT_TRUE(info.parties[1].alive);
	WANT(info.parties[1].leases, 5);
	WANT_TRUE(info.parties[1].leasing_ns > 0);
	WANT(info.orphans, 0);
	lib_kill(child);
	WANT(mipc_inspect(play.name, &info), 0);
	WANT(info.alive, 1);
	WANT(info.party_count, 2);
	WANT_TRUE(!info.parties[1].alive);
	WANT(info.parties[1].leases, 5);
	WANT(info.orphans, 5);
	mipc_queue_close(queue);
	/* All gone: it can still be looked at, and is not mended by that. */
	WANT(mipc_inspect(play.name, &info), 0);
	WANT(info.alive, 0);
	WANT(info.leased, 5);
	WANT(info.orphans, 5);
	/* They are not those of who has the slot next. */
	WANT(mipc_queue_open(play.name, NULL, &queue), 0);
	WANT(mipc_queue_open(play.name, NULL, &next), 0);
	WANT(mipc_inspect(play.name, &info), 0);
	WANT(info.parties[1].slot, 1);
	WANT_TRUE(info.parties[1].alive);
	WANT(info.parties[1].leases, 0);
	WANT(info.orphans, 5);
	mipc_queue_close(next);
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(play.name), 0);
}
END_TEST

/* In a child: hold a lock of the queue, as one that is stopped in a call. */
static void hold_lock(void *arg)
{
	struct play *play = arg;
	struct wait wait = {.timeout_ns = MIPC_FOREVER};
	struct segment segment = {0};
	struct mipc_queue_control *control;

	WANT(segment_open(&segment, play->name, MIPC_KIND_QUEUE, NULL), 0);
	control = &segment.shared->queue;
	WANT(lock_acquire(play->index ? &control->consumers.lock
				      : &control->producers.lock,
		     &segment, &wait),
		0);
	lib_step(play->step, 1);
	lib_sleep_for_ever();
}

START_TEST(test_inspect_lock_holder_is_named_with_the_time)
{
	for (unsigned index = 0; index < 2; index++) {
		struct mipc_lock_info *lock;
		struct mipc_queue_info old;
		struct mipc_info info;
		struct play play;
		mipc_queue *queue;
		uint64_t before_ns;
		char byte = 0;
		pid_t child;
		size_t len;

		play_open(&play);
		play.index = index;
		lock = index ? &info.consumers : &info.producers;
		WANT(mipc_queue_create(play.name, CAPACITY, NULL, &queue), 0);
		WANT(mipc_queue_put(queue, &byte, 1, 0), 0);
		WANT(mipc_inspect(play.name, &info), 0);
		WANT_TRUE(!lock->held && !lock->awaited && !lock->orphaned);
		child = lib_spawn(hold_lock, &play);
		lib_await(play.step, 1);
		WANT(mipc_inspect(play.name, &info), 0);
		WANT_TRUE(lock->held && lock->holder_known);
		WANT(lock->holder, child);
		WANT_TRUE(lock->holder_alive);
		WANT(lock->held_ns, 0); /* nobody waits: nobody noted it */
		before_ns = lib_now_ns();
		if (index)
			WANT(mipc_queue_get(
				     queue, &byte, 1, 4 * LIB_BRIEF_NS, &len),
				-ETIMEDOUT);
		else
			WANT(mipc_queue_put(queue, &byte, 1, 4 * LIB_BRIEF_NS),
				-ETIMEDOUT);
		WANT(mipc_inspect(play.name, &info), 0);
		WANT_TRUE(lock->awaited);
		WANT_TRUE(lock->held_ns >= 2 * LIB_BRIEF_NS);
		/* At least since: never longer than it was, but for a unit. */
		WANT_TRUE(lock->held_ns <=
			  lib_now_ns() - before_ns + (UINT64_C(1) << 20));
		WANT(mipc_queue_inspect(queue, &old), 0);
		WANT_TRUE((index ? old.consumer_lock_held_ns
				 : old.producer_lock_held_ns) >=
			  2 * LIB_BRIEF_NS);
		lib_kill(child);
		if (platform_thread()) {
			WANT(mipc_inspect(play.name, &info), 0);
			WANT_TRUE(lock->orphaned && !lock->held);
			WANT(lock->held_ns, 0);
		}
		WANT(mipc_queue_put(queue, &byte, 1, LIB_PATIENCE_NS), 0);
		WANT(mipc_queue_get(queue, &byte, 1, LIB_PATIENCE_NS, &len), 0);
		WANT(mipc_inspect(play.name, &info), 0);
		WANT(lock->recoveries, 1);
		WANT_TRUE(!lock->orphaned);
		mipc_queue_close(queue);
		WANT(mipc_queue_unlink(play.name), 0);
	}
}
END_TEST

START_TEST(test_inspect_ring_names_roles_and_counts_messages)
{
	char name[LIB_NAME_BYTES];
	mipc_ring *producer, *consumer;
	struct mipc_info info;
	struct lib_view view;
	char byte = 0;
	size_t len;

	lib_name(name);
	WANT(mipc_ring_create(
		     name, CAPACITY, MIPC_RING_PRODUCER, NULL, &producer),
		0);
	for (unsigned i = 0; i < 3; i++)
		WANT(mipc_ring_write(producer, &byte, 1, 0), 0);
	WANT(mipc_inspect(name, &info), 0);
	WANT(info.object, MIPC_OBJECT_RING);
	WANT_TRUE(info.parties[0].produces && !info.parties[0].consumes);
	WANT_TRUE(!info.producer_left && !info.consumer_left);
	WANT_TRUE(info.counted);
	WANT(info.messages, 3);
	WANT(info.ready, 3);
	WANT(info.used_bytes, 48);
	WANT(mipc_ring_open(name, MIPC_RING_CONSUMER, NULL, &consumer), 0);
	WANT(mipc_ring_read(consumer, &byte, 1, 0, &len), 0);
	WANT(mipc_inspect(name, &info), 0);
	WANT_TRUE(info.parties[1].consumes);
	WANT(info.messages, 2);
	WANT(info.bytes_in, 48);
	WANT(info.bytes_out, 16);
	/* Behind the tail that a dead producer did not come to store. */
	lib_view_open(&view, name);
	atomic_store(&view.shared->ring.tail, 16);
	WANT(mipc_inspect(name, &info), 0);
	WANT(info.messages, 2);
	WANT(info.used_bytes, 32);
	lib_view_close(&view);
	mipc_ring_close(producer);
	WANT(mipc_inspect(name, &info), 0);
	WANT_TRUE(info.producer_left && !info.consumer_left);
	mipc_ring_close(consumer);
	WANT(mipc_ring_unlink(name), 0);
}
END_TEST

/* Records over the end of the data, and so many that they are read in pieces. */
START_TEST(test_inspect_walks_over_the_end_and_piece_by_piece)
{
	static char body[5000];
	char name[LIB_NAME_BYTES];
	struct mipc_info info;
	mipc_queue *queue;
	size_t len;

	lib_name(name);
	WANT(mipc_queue_create(name, CAPACITY, NULL, &queue), 0);
	for (unsigned lap = 0; lap < 40; lap++) {
		uint64_t put = 0;

		while (!mipc_queue_put(queue, body, lap * 37 % 5000 / 9, 0))
			put++;
		WANT(mipc_inspect(name, &info), 0);
		WANT_TRUE(info.counted);
		WANT(info.ready, put);
		for (uint64_t i = 0; i < put; i++)
			WANT(mipc_queue_get(queue, body, sizeof(body), 0, &len),
				0);
		WANT(mipc_queue_put(queue, body, 4000 + lap, 0), 0);
		WANT(mipc_inspect(name, &info), 0);
		WANT(info.ready, 1);
		WANT(mipc_queue_get(queue, body, sizeof(body), 0, &len), 0);
	}
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(name), 0);
}
END_TEST

START_TEST(test_inspect_descriptor_and_read_only_file_suffice)
{
	const struct mipc_options sealed = {.flags = MIPC_MEMFD};
	char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
	struct mipc_info info;
	mipc_queue *queue;
	mipc_shm *shm;
	int fd;

	WANT(mipc_queue_create(NULL, CAPACITY, &sealed, &queue), 0);
	WANT(mipc_inspect_fd(mipc_queue_fd(queue), &info), 0);
	WANT(info.alive, 1);
	mipc_queue_close(queue);
	lib_name(name);
	lib_path(path, name);
	WANT(mipc_shm_create(name, 100, NULL, &shm), 0);
	WANT(chmod(path, 0400), 0);
	fd = open(path, O_RDONLY);
	WANT_TRUE(fd >= 0);
	WANT(mipc_inspect_fd(fd, &info), 0);
	WANT(info.object, MIPC_OBJECT_SHM);
	WANT(info.capacity_bytes, 100);
	WANT(info.alive, 1);
	close(fd);
	WANT(mipc_inspect(name, &info), 0);
	mipc_shm_close(shm);
	WANT(mipc_shm_unlink(name), 0);
}
END_TEST

START_TEST(test_inspect_what_is_no_object_is_refused)
{
	char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
	struct mipc_info info;

	lib_name(name);
	lib_path(path, name);
	WANT(mipc_inspect(name, &info), -ENOENT);
	WANT(mipc_inspect(NULL, &info), -EINVAL);
	WANT(mipc_inspect("", &info), -EINVAL);
	WANT(mipc_inspect_fd(-1, &info), -EBADF);
	WANT(mipc_inspect("/dev", &info), -EILSEQ);
	lib_write_file(path, "no such thing", 13);
	WANT(mipc_inspect(name, &info), -EILSEQ);
	lib_write_file(path, "", 0);
	WANT(mipc_inspect(name, &info), -EILSEQ);
	WANT(unlink(path), 0);
	WANT(symlink("/dev/null", path), 0);
	WANT(mipc_inspect(name, &info), -ELOOP);
	WANT(unlink(path), 0);
}
END_TEST

START_TEST(test_inspect_damaged_object_is_told_as_such)
{
	static const size_t sizes[] = {0, 7, 8, 255, 256, 8448, 12288, 40000};
	char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
	uint64_t seed = lib_seed("damage");
	struct mipc_info info;
	struct lib_view view;
	mipc_queue *queue;
	mipc_ring *ring;
	char byte = 0;

	lib_name(name);
	lib_path(path, name);
	WANT(mipc_queue_create(name, CAPACITY, NULL, &queue), 0);
	for (unsigned i = 0; i < 100; i++)
		WANT(mipc_queue_put(queue, &byte, 1, 0), 0);
	lib_view_open(&view, name);
	atomic_store((_Atomic uint64_t *)(void *)(view.data + 16 * 50), 77);
	WANT(mipc_inspect(name, &info), -EBADMSG);
	atomic_store((_Atomic uint64_t *)(void *)(view.data + 16 * 50),
		record_word(1));
	WANT(mipc_inspect(name, &info), 0);
	atomic_store(&view.shared->queue.producers.position, 2 * CAPACITY);
	WANT(mipc_inspect(name, &info), -EBADMSG);
	atomic_store(&view.shared->queue.producers.position, 1601);
	WANT(mipc_inspect(name, &info), -EBADMSG);
	/* Noise behind the header: any answer, but an answer. */
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t *bytes = (uint8_t *)view.shared;

		bytes[256 + lib_random(&seed) % (view.bytes - 256)] =
			(uint8_t)lib_random(&seed);
		if (i % 2)
			bytes[8448 + lib_random(&seed) % 896] =
				(uint8_t)lib_random(&seed);
		if (mipc_inspect(name, &info) == 0)
			WANT_TRUE(info.used_bytes <= CAPACITY &&
				  info.party_count <= MIPC_PARTIES_MAX);
	}
	lib_view_close(&view);
	mipc_queue_close(queue);
	for (unsigned i = sizeof(sizes) / sizeof(sizes[0]); i-- > 0;) {
		WANT(truncate(path, (off_t)sizes[i]), 0);
		WANT(mipc_inspect(name, &info),
			sizes[i] < 8 ? -EILSEQ : -EBADMSG);
	}
	WANT(unlink(path), 0);
	WANT(mipc_ring_create(name, CAPACITY, 0, NULL, &ring), 0);
	lib_view_open(&view, name);
	memset(view.data, RECORD_READY, CAPACITY);
	WANT(mipc_inspect(name, &info), -EBADMSG);
	lib_view_close(&view);
	mipc_ring_close(ring);
	WANT(mipc_ring_unlink(name), 0);
}
END_TEST

static void pass_on(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue;
	char body[200] = {0};
	size_t len;

	WANT(mipc_queue_open(play->name, NULL, &queue), 0);
	for (unsigned i = 0; atomic_load(play->step) == 0; i++) {
		WANT(mipc_queue_put(queue, body, i % sizeof(body), 0), 0);
		WANT(mipc_queue_get(queue, body, sizeof(body), 0, &len), 0);
	}
}

/* Never damage where there is only motion. */
START_TEST(test_inspect_queue_in_motion_is_not_called_damaged)
{
	struct mipc_info info;
	struct play play;
	mipc_queue *queue;
	pid_t child;

	play_open(&play);
	WANT(mipc_queue_create(play.name, CAPACITY, NULL, &queue), 0);
	for (unsigned i = 0; i < 200; i++)
		WANT(mipc_queue_put(queue, &i, sizeof(i), 0), 0);
	child = lib_spawn(pass_on, &play);
	for (unsigned i = 0; i < 2000; i++) {
		WANT(mipc_inspect(play.name, &info), 0);
		WANT_TRUE(info.used_bytes <= CAPACITY);
		if (info.counted)
			WANT_TRUE(info.messages == 200 || info.messages == 201);
	}
	lib_step(play.step, 1);
	lib_join(child);
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(play.name), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_inspect_every_kind_is_told_and_left_unchanged,
		test_inspect_queue_counts_records_by_state,
		test_inspect_lease_after_a_pause_has_a_new_time,
		test_inspect_dead_lease_holder_is_told_as_dead,
		test_inspect_lock_holder_is_named_with_the_time,
		test_inspect_ring_names_roles_and_counts_messages,
		test_inspect_walks_over_the_end_and_piece_by_piece,
		test_inspect_descriptor_and_read_only_file_suffice,
		test_inspect_what_is_no_object_is_refused,
		test_inspect_damaged_object_is_told_as_such,
		test_inspect_queue_in_motion_is_not_called_damaged,
	};

	return LIB_MAIN("inspect", tests);
}
