/* test_queue_tend.c - who settles what the dead left in a queue, when, and how much of
 * the queue that looks at. By steps and questions, not by time: naps that never end,
 * or have ended at once; a record that nobody must look at; each question after a
 * party's life counted. White-box: what a dead consumer leaves is written here.
 */
/* Some packages' flags set it; then the fcntl() below would be another one. */
#undef _FILE_OFFSET_BITS

#include "lib_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mmapipc/queue.h>

#include "event.h"
#include "queue_side.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* A wait that asks once, at its end, and never naps. */
#define ONE_LOOK_NS UINT64_C(1000)
#define NEVER_NS (100 * LIB_PATIENCE_NS)

enum {
	BODY_BYTES = 40,
	LEASES = 48,
	BACKLOG = 3,
	TURNS = 12,
	BATCH = 8,
};

struct play {
	char name[LIB_NAME_BYTES];
	mipc_queue *queue;
	_Atomic unsigned *step;
	bool away; /* the child locks by its party, as in another namespace */
};

static void begin(struct play *play)
{
	lib_name(play->name);
	play->step = lib_shared(sizeof(*play->step));
	WANT(mipc_queue_create(play->name, 1, NULL, &play->queue), 0);
}

static void end(struct play *play)
{
	WANT(mipc_queue_check(play->queue), 0);
	mipc_queue_close(play->queue);
	WANT(mipc_queue_unlink(play->name), 0);
}

static mipc_queue *attach(const struct play *play)
{
	mipc_queue *queue;

	WANT(mipc_queue_open(play->name, NULL, &queue), 0);
	return queue;
}

/* In a child that then dies of @act and with what it held. */
static void killed(struct play *play, void (*act)(void *arg))
{
	pid_t child;

	lib_step(play->step, 0);
	child = lib_spawn(act, play);
	lib_await(play->step, 1);
	lib_kill(child);
}

static void put(mipc_queue *queue, uint64_t number)
{
	uint8_t body[BODY_BYTES];

	lib_fill(body, sizeof(body), number);
	WANT(mipc_queue_put(queue, body, sizeof(body), 0), 0);
}

/* --- How much is looked at ---------------------------------------------------- */

/* In a full queue some messages are @leased, and the others wait to be taken; what
 * lies behind the first of these is no record. Whoever looks at it says so for
 * ever. */
static void check_looks_at_none_behind(unsigned leased)
{
	struct play play = {0};
	struct mipc_lease lease;
	uint8_t body[BODY_BYTES];
	_Atomic uint64_t *header;
	uint64_t word, count = 0;
	size_t len;

	begin(&play);
	lib_fill(body, sizeof(body), count);
	while (mipc_queue_put(play.queue, body, sizeof(body), 0) == 0)
		lib_fill(body, sizeof(body), ++count);
	for (unsigned i = 0; i < leased; i++)
		WANT(mipc_queue_acquire(play.queue, 0, &lease), 0);
	header = record_header(
		&play.queue->segment, (leased + 1) * record_bytes(BODY_BYTES));
	word = atomic_exchange(header, UINT64_MAX);
	WANT(mipc_queue_put(play.queue, body, sizeof(body), ONE_LOOK_NS),
		-ETIMEDOUT);
	atomic_store(header, word);
	WANT(mipc_queue_get(play.queue, body, sizeof(body), 0, &len), 0);
	WANT_TRUE(lib_matches(body, len, leased));
	WANT(mipc_queue_get(play.queue, body, sizeof(body), 0, &len), 0);
	WANT_TRUE(lib_matches(body, len, leased + 1));
	end(&play);
}

START_TEST(test_queue_tend_looks_at_none_behind_one_to_be_taken)
{
	check_looks_at_none_behind(0);
	check_looks_at_none_behind(1);
}
END_TEST

/* How often somebody asked who has a byte lock. */
static unsigned questions;

/* In place of the C library's, for this program. */
int fcntl(int fd, int command, ...)
{
	va_list args;
	long arg;

	va_start(args, command);
	arg = va_arg(args, long);
	va_end(args);
	questions += command == F_OFD_GETLK;
	return (int)syscall(SYS_fcntl, fd, command, arg);
}

START_TEST(test_queue_tend_asks_once_for_all_leases_of_a_party)
{
	struct mipc_lease leases[LEASES];
	struct play play = {0};
	mipc_queue *others[2];

	begin(&play);
	(void)platform_bytes_held(play.queue->segment.fd, 0, 1);
	if (!questions) {
		lib_skip("fcntl() cannot be watched: a sanitizer has its own");
		end(&play);
		return;
	}
	others[0] = attach(&play);
	others[1] = attach(&play);
	for (unsigned i = 0; i < LEASES; i++)
		put(play.queue, i);
	for (unsigned i = 0; i < LEASES; i++)
		WANT(mipc_queue_acquire(others[i % 2], 0, &leases[i]), 0);
	questions = 0;
	queue_tend(play.queue, true);
	WANT(questions, COUNT(others));
	for (unsigned i = 0; i < LEASES; i++)
		WANT(mipc_queue_release(others[i % 2], &leases[i]), 0);
	mipc_queue_close(others[0]);
	mipc_queue_close(others[1]);
	end(&play);
}
END_TEST

/* --- When --------------------------------------------------------------------- */

/* All released, but for the walk, which needs the lock. */
static void release_and_hold_the_lock(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = attach(play);
	struct wait poll = {.timeout_ns = 0};
	struct mipc_lease leases[BATCH];
	int count = mipc_queue_acquire_batch(queue, leases, BATCH, 0);

	if (play->away)
		queue->segment.at_home = false;
	WANT(count, 1);
	atomic_store(record_header(&queue->segment, leases[0].position),
		record_with(leases[0].word, RECORD_DONE));
	WANT(side_lock(queue, CONSUMERS, &poll), 0);
	lib_step(play->step, 1);
	lib_sleep_for_ever();
}

/* The kernel frees a lock that names a thread; of one that names a party those who
 * come by must ask, and only tenders come by. */
START_TEST(test_queue_tend_asks_after_a_dead_owner_at_once)
{
	for (unsigned away = 0; away < 2; away++) {
		struct play play = {.away = away};
		struct mipc_lease lease;
		uint64_t max_len;

		begin(&play);
		max_len = mipc_queue_max_len(play.queue);
		WANT(mipc_queue_reserve(play.queue, (size_t)max_len, 0, &lease),
			0);
		WANT(mipc_queue_commit(play.queue, &lease), 0);
		killed(&play, release_and_hold_the_lock);
		WANT(mipc_queue_put(play.queue, "x", 1, ONE_LOOK_NS), 0);
		end(&play);
	}
}
END_TEST

static void reserve_all(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = attach(play);
	struct mipc_lease lease;

	WANT(mipc_queue_reserve(
		     queue, (size_t)mipc_queue_max_len(queue), 0, &lease),
		0);
	lib_step(play->step, 1);
	lib_sleep_for_ever();
}

/* The time is up, and the last question brings it to light: that is no time-out. */
START_TEST(test_queue_tend_room_found_at_the_end_of_a_wait_is_used)
{
	struct play play = {0};
	struct mipc_lease lease;

	begin(&play);
	killed(&play, reserve_all);
	WANT(mipc_queue_put(play.queue, "x", 1, ONE_LOOK_NS), 0);
	end(&play);

	begin(&play);
	killed(&play, reserve_all);
	WANT(mipc_queue_reserve(play.queue, 1, ONE_LOOK_NS, &lease), 0);
	WANT(mipc_queue_commit(play.queue, &lease), 0);
	end(&play);
}
END_TEST

static void hold_a_lease(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = attach(play);
	struct mipc_lease lease;

	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	lib_step(play->step, 1);
	lib_sleep_for_ever();
}

/* Take a message and be done with it. Is it number 0? */
static bool take_one(mipc_queue *queue, bool by_lease)
{
	uint8_t body[BODY_BYTES];
	struct mipc_lease lease;
	size_t len = 0;
	bool found;

	if (!by_lease) {
		WANT(mipc_queue_get(queue, body, sizeof(body), 0, &len), 0);
		return lib_matches(body, len, 0);
	}
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	found = lib_matches(lease.data, lease.len, 0);
	WANT(lease.returns, found);
	WANT(mipc_queue_release(queue, &lease), 0);
	return found;
}

/* Whoever always finds one more neither naps nor polls in vain. */
START_TEST(test_queue_tend_dead_lease_comes_back_beside_a_backlog)
{
	for (unsigned round = 0; round < 4; round++) {
		bool by_lease = round % 2, found = false;
		struct play play = {0};

		/* Each turn is as if a nap's time had gone by. */
		event_nap_max_ns = 0;
		begin(&play);
		put(play.queue, 0);
		killed(&play, hold_a_lease);
		for (unsigned i = 1; i <= BACKLOG; i++)
			put(play.queue, i);
		for (unsigned i = 0; i < TURNS && !found; i++) {
			found = take_one(play.queue, by_lease);
			put(play.queue, BACKLOG + 1 + i);
		}
		WANT_TRUE(found);
		end(&play);
	}
}
END_TEST

/* As it is a system call, and the rest of the walk is under the lock. */
START_TEST(test_queue_tend_in_passing_asks_once_in_a_nap_at_most)
{
	struct mipc_lease lease;
	struct play play = {0};
	mipc_queue *other;

	event_nap_max_ns = NEVER_NS;
	begin(&play);
	other = attach(&play);
	put(play.queue, 0);
	WANT(mipc_queue_acquire(other, 0, &lease), 0);
	questions = 0;
	for (unsigned i = 1; i <= 2 * TURNS; i++) {
		put(play.queue, i);
		WANT_TRUE(!take_one(play.queue, i % 2));
	}
	WANT_TRUE(questions <= 1);
	WANT(mipc_queue_release(other, &lease), 0);
	mipc_queue_close(other);
	end(&play);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_queue_tend_looks_at_none_behind_one_to_be_taken,
		test_queue_tend_asks_once_for_all_leases_of_a_party,
		test_queue_tend_asks_after_a_dead_owner_at_once,
		test_queue_tend_room_found_at_the_end_of_a_wait_is_used,
		test_queue_tend_dead_lease_comes_back_beside_a_backlog,
		test_queue_tend_in_passing_asks_once_in_a_nap_at_most,
	};

	return LIB_MAIN("queue_tend", tests);
}
