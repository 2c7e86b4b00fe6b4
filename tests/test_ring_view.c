/* test_ring_view.c - messages written and read where they lie: reserve and commit,
 * peek and release.
 */
#include "lib_stage.h"

#include <errno.h>
#include <string.h>

#include <mmapipc/ring.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
	STREAM = 20000,
	STREAM_MAX_BYTES = 700,
};

static mipc_ring *new_ring(char name[LIB_NAME_BYTES], unsigned roles)
{
	mipc_ring *ring;

	lib_name(name);
	WANT(mipc_ring_create(name, 1, roles, NULL, &ring), 0);
	return ring;
}

static void end_ring(mipc_ring *ring, const char *name)
{
	WANT(mipc_ring_check(ring), 0);
	mipc_ring_close(ring);
	WANT(mipc_ring_unlink(name), 0);
}

static void write_in_place(mipc_ring *ring, size_t len, uint64_t number)
{
	void *place;

	WANT(mipc_ring_reserve(ring, len, 0, &place), 0);
	WANT((uintptr_t)place % 8, 0);
	lib_fill(place, len, number);
	WANT(mipc_ring_commit(ring, len), 0);
}

static void want_in_place(mipc_ring *ring, size_t len, uint64_t number)
{
	const void *place;
	size_t got;

	WANT(mipc_ring_peek(ring, 0, &place, &got), 0);
	WANT((uintptr_t)place % 8, 0);
	WANT(got, len);
	WANT_TRUE(lib_matches(place, len, number));
}

START_TEST(test_ring_view_every_offset_passes_in_order)
{
	char name[LIB_NAME_BYTES];
	mipc_ring *ring = new_ring(name, BOTH);
	size_t max = (size_t)mipc_ring_max_len(ring);
	const size_t lens[] = {0, 1, 7, 8, 9, 1000, max / 2, max - 8, max};

	/* The start moves on by 8 bytes a turn, past the end more than once. */
	for (uint64_t turn = 0; turn < mipc_ring_capacity(ring) / 8 + 9;
		turn++) {
		size_t len = lens[turn % COUNT(lens)];

		write_in_place(ring, len, turn);
		want_in_place(ring, len, turn);
		WANT(mipc_ring_release(ring), 0);
		write_in_place(ring, 0, 0);
		want_in_place(ring, 0, 0);
		WANT(mipc_ring_release(ring), 0);
		WANT(mipc_ring_available_read(ring), 0);
	}
	end_ring(ring, name);
}
END_TEST

START_TEST(test_ring_view_commit_of_less_is_that_long)
{
	char name[LIB_NAME_BYTES];
	mipc_ring *ring = new_ring(name, BOTH);
	size_t max = (size_t)mipc_ring_max_len(ring);
	void *place;

	/* What was written behind the real end is no next message. */
	WANT(mipc_ring_reserve(ring, max, 0, &place), 0);
	memset(place, 0xff, max);
	lib_fill(place, 13, 1);
	WANT(mipc_ring_commit(ring, 13), 0);
	WANT(mipc_ring_check(ring), 0);
	write_in_place(ring, 20, 2);
	want_in_place(ring, 13, 1);
	WANT(mipc_ring_release(ring), 0);
	want_in_place(ring, 20, 2);
	WANT(mipc_ring_release(ring), 0);
	WANT(mipc_ring_available_read(ring), 0);
	end_ring(ring, name);
}
END_TEST

START_TEST(test_ring_view_reservation_unseen_until_commit)
{
	char name[LIB_NAME_BYTES];
	mipc_ring *ring = new_ring(name, BOTH);
	void *first, *second;
	const void *seen;
	size_t len;

	WANT(mipc_ring_reserve(ring, 100, 0, &first), 0);
	memset(first, 0xff, 100);
	WANT(mipc_ring_peek(ring, 0, &seen, &len), -EAGAIN);
	WANT(mipc_ring_available_read(ring), 0);
	WANT(mipc_ring_check(ring), 0);
	/* Given up, and made again. */
	WANT(mipc_ring_reserve(ring, 50, 0, &second), 0);
	WANT_TRUE(first == second);
	WANT(mipc_ring_commit(ring, 57), -EINVAL);
	/* A write takes the place. */
	lib_fill(first, 9, 1);
	WANT(mipc_ring_write(ring, first, 9, 0), 0);
	WANT(mipc_ring_commit(ring, 9), -EINVAL);
	want_in_place(ring, 9, 1);
	end_ring(ring, name);
}
END_TEST

START_TEST(test_ring_view_peek_again_gives_the_same)
{
	char name[LIB_NAME_BYTES];
	mipc_ring *ring = new_ring(name, BOTH);
	size_t max = (size_t)mipc_ring_max_len(ring);
	const void *first, *second;
	void *place;
	size_t len;

	write_in_place(ring, max, 7);
	WANT(mipc_ring_peek(ring, 0, &first, &len), 0);
	WANT(mipc_ring_peek(ring, MIPC_FOREVER, &second, &len), 0);
	WANT_TRUE(first == second);
	want_in_place(ring, max, 7);
	/* Its place is not free yet. */
	WANT(mipc_ring_reserve(ring, 0, 0, &place), -EAGAIN);
	WANT(mipc_ring_reserve(ring, 0, LIB_BRIEF_NS, &place), -ETIMEDOUT);
	WANT(mipc_ring_release(ring), 0);
	WANT(mipc_ring_reserve(ring, max, 0, &place), 0);
	WANT(mipc_ring_peek(ring, LIB_BRIEF_NS, &first, &len), -ETIMEDOUT);
	end_ring(ring, name);
}
END_TEST

static int commit_before(mipc_ring *ring)
{
	return mipc_ring_commit(ring, 0);
}

static int commit_twice(mipc_ring *ring)
{
	write_in_place(ring, 8, 1);
	return mipc_ring_commit(ring, 0);
}

static int commit_huge(mipc_ring *ring)
{
	void *place;

	WANT(mipc_ring_reserve(ring, 8, 0, &place), 0);
	return mipc_ring_commit(ring, SIZE_MAX);
}

static int commit_more(mipc_ring *ring)
{
	void *place;

	WANT(mipc_ring_reserve(ring, 8, 0, &place), 0);
	return mipc_ring_commit(ring, 9);
}

static int release_before(mipc_ring *ring)
{
	write_in_place(ring, 8, 1);
	return mipc_ring_release(ring);
}

static int release_twice(mipc_ring *ring)
{
	write_in_place(ring, 8, 1);
	write_in_place(ring, 8, 2);
	want_in_place(ring, 8, 1);
	WANT(mipc_ring_release(ring), 0);
	return mipc_ring_release(ring);
}

static int release_after_read(mipc_ring *ring)
{
	uint8_t body[8];
	size_t len;

	write_in_place(ring, 8, 1);
	want_in_place(ring, 8, 1);
	WANT(mipc_ring_read(ring, body, sizeof(body), 0, &len), 0);
	return mipc_ring_release(ring);
}

static int release_after_clear(mipc_ring *ring)
{
	write_in_place(ring, 8, 1);
	want_in_place(ring, 8, 1);
	WANT(mipc_ring_clear(ring), 0);
	return mipc_ring_release(ring);
}

static int reserve_huge(mipc_ring *ring)
{
	void *place;

	WANT(mipc_ring_reserve(ring, SIZE_MAX, 0, &place), -EMSGSIZE);
	return mipc_ring_reserve(
		ring, (size_t)mipc_ring_max_len(ring) + 1, 0, &place);
}

START_TEST(test_ring_view_wrong_call_is_refused)
{
	static const struct {
		int (*call)(mipc_ring *ring);
		int want;
	} cases[] = {
		{commit_before, -EINVAL},
		{commit_twice, -EINVAL},
		{commit_huge, -EINVAL},
		{commit_more, -EINVAL},
		{release_before, -EINVAL},
		{release_twice, -EINVAL},
		{release_after_read, -EINVAL},
		{release_after_clear, -EINVAL},
		{reserve_huge, -EMSGSIZE},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char name[LIB_NAME_BYTES];
		mipc_ring *ring = new_ring(name, BOTH);

		WANT(cases[i].call(ring), cases[i].want);
		WANT(mipc_ring_check(ring), 0);
		/* And of further use. */
		WANT(mipc_ring_clear(ring), 0);
		write_in_place(ring, 30, 3);
		want_in_place(ring, 30, 3);
		end_ring(ring, name);
	}
}
END_TEST

/* Nobody comes there in earnest; who forges the head may. */
START_TEST(test_ring_view_message_that_ends_at_position_0_is_released)
{
	char name[LIB_NAME_BYTES];
	mipc_ring *ring = new_ring(name, BOTH);
	struct lib_view view;

	mipc_ring_close(ring);
	lib_view_open(&view, name);
	atomic_store(&view.shared->ring.head, UINT64_MAX - 15);
	atomic_store(&view.shared->ring.tail, UINT64_MAX - 15);
	lib_view_close(&view);
	WANT(mipc_ring_open(name, BOTH, NULL, &ring), 0);
	write_in_place(ring, 8, 1);
	write_in_place(ring, 8, 2);
	for (uint64_t number = 1; number <= 2; number++) {
		want_in_place(ring, 8, number);
		WANT(mipc_ring_release(ring), 0);
		WANT(mipc_ring_release(ring), -EINVAL);
	}
	end_ring(ring, name);
}
END_TEST

START_TEST(test_ring_view_without_the_role_is_refused)
{
	char name[LIB_NAME_BYTES];
	mipc_ring *producer = new_ring(name, MIPC_RING_PRODUCER);
	mipc_ring *consumer;
	const void *seen;
	void *place;
	size_t len;

	WANT(mipc_ring_open(name, MIPC_RING_CONSUMER, NULL, &consumer), 0);
	WANT(mipc_ring_reserve(consumer, 1, 0, &place), -EINVAL);
	WANT(mipc_ring_commit(consumer, 0), -EINVAL);
	WANT(mipc_ring_peek(producer, 0, &seen, &len), -EINVAL);
	WANT(mipc_ring_release(producer), -EINVAL);
	/* The other side gone: what is left can be had, then the news. */
	write_in_place(producer, 5, 1);
	mipc_ring_close(producer);
	want_in_place(consumer, 5, 1);
	WANT(mipc_ring_release(consumer), 0);
	WANT(mipc_ring_peek(consumer, MIPC_FOREVER, &seen, &len), -EPIPE);
	end_ring(consumer, name);
}
END_TEST

START_TEST(test_ring_view_consumer_gone_ends_the_wait)
{
	char name[LIB_NAME_BYTES];
	mipc_ring *producer = new_ring(name, MIPC_RING_PRODUCER);
	mipc_ring *consumer;
	void *place;

	WANT(mipc_ring_open(name, MIPC_RING_CONSUMER, NULL, &consumer), 0);
	write_in_place(producer, (size_t)mipc_ring_max_len(producer), 1);
	mipc_ring_close(consumer);
	WANT(mipc_ring_reserve(producer, 1, MIPC_FOREVER, &place), -EPIPE);
	end_ring(producer, name);
}
END_TEST

struct play {
	char name[LIB_NAME_BYTES];
	mipc_ring *ring; /* the parent's */
	_Atomic unsigned *step;
	unsigned role;
	uint32_t spin_us;
};

static void use_parents(void *arg)
{
	struct play *play = arg;
	const void *seen;
	void *place;
	size_t len;

	WANT(mipc_ring_commit(play->ring, 8), -EBUSY);
	WANT(mipc_ring_release(play->ring), -EBUSY);
	WANT(mipc_ring_reserve(play->ring, 8, 0, &place), -EBUSY);
	WANT(mipc_ring_peek(play->ring, 0, &seen, &len), -EBUSY);
}

START_TEST(test_ring_view_in_a_forked_child_is_refused)
{
	struct play play = {0};
	void *place;

	play.ring = new_ring(play.name, BOTH);
	write_in_place(play.ring, 8, 1);
	want_in_place(play.ring, 8, 1);
	WANT(mipc_ring_reserve(play.ring, 8, 0, &place), 0);
	lib_fill(place, 8, 2);
	lib_join(lib_spawn(use_parents, &play));
	/* The parent's are as they were. */
	WANT(mipc_ring_commit(play.ring, 8), 0);
	WANT(mipc_ring_release(play.ring), 0);
	want_in_place(play.ring, 8, 2);
	end_ring(play.ring, play.name);
}
END_TEST

static void hold_and_hang(void *arg)
{
	struct play *play = arg;
	mipc_ring *ring;
	void *place;

	WANT(mipc_ring_open(play->name, play->role, NULL, &ring), 0);
	if (play->role == MIPC_RING_PRODUCER) {
		write_in_place(ring, 33, 1);
		WANT(mipc_ring_reserve(ring, 500, 0, &place), 0);
		memset(place, 0xff, 500);
	} else {
		want_in_place(ring, 33, 1);
	}
	lib_step(play->step, play->role);
	lib_sleep_for_ever();
}

START_TEST(test_ring_view_killed_in_between_leaves_all_but_the_reserved)
{
	struct play play = {.step = lib_shared(sizeof(*play.step))};
	mipc_ring *ring = new_ring(play.name, MIPC_RING_OBSERVER);

	for (play.role = MIPC_RING_PRODUCER; play.role <= MIPC_RING_CONSUMER;
		play.role <<= 1) {
		pid_t child = lib_spawn(hold_and_hang, &play);

		lib_await(play.step, play.role);
		lib_kill(child);
		WANT(mipc_ring_check(ring), 0);
	}
	mipc_ring_close(ring);
	WANT(mipc_ring_open(play.name, BOTH, NULL, &ring), 0);
	write_in_place(ring, 600, 2);
	want_in_place(ring, 33, 1);
	WANT(mipc_ring_release(ring), 0);
	want_in_place(ring, 600, 2);
	WANT(mipc_ring_release(ring), 0);
	end_ring(ring, play.name);
}
END_TEST

static size_t stream_len(uint64_t number)
{
	return (size_t)(number * 37 % STREAM_MAX_BYTES);
}

static void stream_out(void *arg)
{
	struct play *play = arg;
	const struct mipc_options options = {.spin_us = play->spin_us};
	uint8_t body[STREAM_MAX_BYTES];
	mipc_ring *ring;
	void *place;

	WANT(mipc_ring_open(play->name, MIPC_RING_PRODUCER, &options, &ring),
		0);
	for (uint64_t i = 0; i < STREAM; i++) {
		size_t len = stream_len(i);

		if (i % 3 == 0) {
			lib_fill(body, len, i);
			WANT(mipc_ring_write(ring, body, len, LIB_PATIENCE_NS),
				0);
			continue;
		}
		WANT(mipc_ring_reserve(
			     ring, STREAM_MAX_BYTES, LIB_PATIENCE_NS, &place),
			0);
		lib_fill(place, len, i);
		WANT(mipc_ring_commit(ring, len), 0);
	}
	mipc_ring_close(ring);
}

static void stream_in(struct play *play)
{
	const struct mipc_options options = {.spin_us = play->spin_us};
	uint8_t body[STREAM_MAX_BYTES];
	const void *seen;
	mipc_ring *ring;
	size_t len;

	WANT(mipc_ring_open(play->name, MIPC_RING_CONSUMER, &options, &ring),
		0);
	for (uint64_t i = 0; i < STREAM; i++) {
		if (i % 5 == 0) {
			WANT(mipc_ring_read(ring, body, sizeof(body),
				     LIB_PATIENCE_NS, &len),
				0);
			seen = body;
		} else {
			WANT(mipc_ring_peek(ring, LIB_PATIENCE_NS, &seen, &len),
				0);
		}
		WANT(len, stream_len(i));
		WANT_TRUE(lib_matches(seen, len, i));
		if (i % 5)
			WANT(mipc_ring_release(ring), 0);
	}
	WANT(mipc_ring_peek(ring, LIB_PATIENCE_NS, &seen, &len), -EPIPE);
	mipc_ring_close(ring);
}

/* Both sides come to wait for each other, asleep or looking. */
START_TEST(test_ring_view_two_processes_stream_arrives_whole)
{
	static const uint32_t spins_us[] = {0, MIPC_SPIN_NEVER};

	for (size_t i = 0; i < COUNT(spins_us); i++) {
		struct play play = {.spin_us = spins_us[i]};
		mipc_ring *ring = new_ring(play.name, MIPC_RING_OBSERVER);
		pid_t child = lib_spawn(stream_out, &play);

		stream_in(&play);
		lib_join(child);
		end_ring(ring, play.name);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_ring_view_every_offset_passes_in_order,
		test_ring_view_commit_of_less_is_that_long,
		test_ring_view_reservation_unseen_until_commit,
		test_ring_view_peek_again_gives_the_same,
		test_ring_view_wrong_call_is_refused,
		test_ring_view_message_that_ends_at_position_0_is_released,
		test_ring_view_without_the_role_is_refused,
		test_ring_view_consumer_gone_ends_the_wait,
		test_ring_view_in_a_forked_child_is_refused,
		test_ring_view_killed_in_between_leaves_all_but_the_reserved,
		test_ring_view_two_processes_stream_arrives_whole,
	};

	return LIB_MAIN("ring_view", tests);
}
