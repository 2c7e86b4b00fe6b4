/* test_kill_step.c - one call is killed before its first, its second, ... its last
 * instruction.
 *
 * A child sets the processor's trap flag, makes the call, and in the k-th trap
 * kills itself; or has qemu do so. Then the segment must be in order, the call done whole or not at
 * all, and the next one must work.
 */
#include "lib_stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>

#include "trap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	BEFORE = 3, /* messages there when the call begins */
	BODY_BYTES = 40,
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
};

/* The product that is tried, with its messages numbered from 0 on. */
struct play {
	char name[LIB_NAME_BYTES];
	mipc_queue *queue;
	mipc_ring *ring;
	uint8_t bodies[2][BODY_BYTES]; /* messages BEFORE and BEFORE + 1 */
	struct mipc_lease lease;
};

/* A call, and what there may be after it: messages [from, to). */
struct call {
	const char *name;
	bool ring;
	int (*call)(struct play *play);
	/* Of a call that has to do with leases: what comes before it, done by
	 * who is killed later. Then what it held is for others to settle, and
	 * may come behind what is newer. */
	void (*prepare)(struct play *play);
	struct {
		unsigned from, to;
	} undone, done;
};

static struct iovec *batch_of(struct play *play)
{
	static struct iovec batch[2];

	batch[0] = (struct iovec){play->bodies[0], BODY_BYTES};
	batch[1] = (struct iovec){play->bodies[1], BODY_BYTES};
	return batch;
}

static int call_put(struct play *play)
{
	return mipc_queue_put(play->queue, play->bodies[0], BODY_BYTES, 0);
}

static int call_put_batch(struct play *play)
{
	return mipc_queue_put_batch(play->queue, batch_of(play), 2, 0);
}

static int call_get(struct play *play)
{
	size_t len;

	return mipc_queue_get(
		play->queue, play->bodies[0], BODY_BYTES, 0, &len);
}

static int call_get_batch(struct play *play)
{
	return mipc_queue_get_batch(play->queue, batch_of(play), 2, 0);
}

static int call_queue_clear(struct play *play)
{
	return mipc_queue_clear(play->queue, 0);
}

static int call_write(struct play *play)
{
	return mipc_ring_write(play->ring, play->bodies[0], BODY_BYTES, 0);
}

static int call_write_batch(struct play *play)
{
	return mipc_ring_write_batch(play->ring, batch_of(play), 2, 0);
}

static int call_read(struct play *play)
{
	size_t len;

	return mipc_ring_read(play->ring, play->bodies[0], BODY_BYTES, 0, &len);
}

static int call_read_batch(struct play *play)
{
	return mipc_ring_read_batch(play->ring, batch_of(play), 2, 0);
}

static int call_ring_clear(struct play *play)
{
	return mipc_ring_clear(play->ring);
}

static int call_write_view(struct play *play)
{
	void *place;
	int err = mipc_ring_reserve(play->ring, 2 * BODY_BYTES, 0, &place);

	if (err)
		return err;
	memcpy(place, play->bodies[0], BODY_BYTES);
	return mipc_ring_commit(play->ring, BODY_BYTES);
}

static int call_read_view(struct play *play)
{
	const void *place;
	size_t len;
	int err = mipc_ring_peek(play->ring, 0, &place, &len);

	return err ? err : mipc_ring_release(play->ring);
}

static void prepare_nothing(struct play *play)
{
	(void)play;
}

static void prepare_reservation(struct play *play)
{
	WANT(mipc_queue_reserve(play->queue, BODY_BYTES, 0, &play->lease), 0);
	memcpy(play->lease.data, play->bodies[0], BODY_BYTES);
}

/* One that consumers have gone past: all before it has been taken. */
static void prepare_passed_reservation(struct play *play)
{
	uint8_t body[BODY_BYTES];
	size_t len;

	prepare_reservation(play);
	for (unsigned i = 0; i < BEFORE; i++)
		WANT(mipc_queue_get(play->queue, body, BODY_BYTES, 0, &len), 0);
	WANT(mipc_queue_get(play->queue, body, BODY_BYTES, 0, &len), -EAGAIN);
}

/* Said to consumers by look_again alone, until one of them has looked. */
static void prepare_passed_message(struct play *play)
{
	prepare_passed_reservation(play);
	WANT(mipc_queue_commit(play->queue, &play->lease), 0);
}

static void prepare_lease(struct play *play)
{
	WANT(mipc_queue_acquire(play->queue, 0, &play->lease), 0);
}

static int call_reserve(struct play *play)
{
	return mipc_queue_reserve(play->queue, BODY_BYTES, 0, &play->lease);
}

static int call_commit(struct play *play)
{
	return mipc_queue_commit(play->queue, &play->lease);
}

static int call_abort(struct play *play)
{
	return mipc_queue_abort(play->queue, &play->lease);
}

static int call_acquire(struct play *play)
{
	return mipc_queue_acquire(play->queue, 0, &play->lease);
}

static int call_release(struct play *play)
{
	return mipc_queue_release(play->queue, &play->lease);
}

static int call_return(struct play *play)
{
	return mipc_queue_return(play->queue, &play->lease);
}

static const struct call calls[] = {
	{"put", false, call_put, NULL, {0, 3}, {0, 4}},
	{"put_batch", false, call_put_batch, NULL, {0, 3}, {0, 5}},
	{"get", false, call_get, NULL, {0, 3}, {1, 3}},
	{"get_batch", false, call_get_batch, NULL, {0, 3}, {2, 3}},
	{"queue clear", false, call_queue_clear, NULL, {0, 3}, {3, 3}},
	{"reserve", false, call_reserve, prepare_nothing, {0, 3}, {0, 3}},
	{"commit", false, call_commit, prepare_reservation, {0, 3}, {0, 4}},
	{"commit, passed", false, call_commit, prepare_passed_reservation,
		{3, 3}, {3, 4}},
	{"get, passed", false, call_get, prepare_passed_message, {3, 4},
		{3, 3}},
	{"abort", false, call_abort, prepare_reservation, {0, 3}, {0, 3}},
	{"acquire", false, call_acquire, prepare_nothing, {0, 3}, {0, 3}},
	{"release", false, call_release, prepare_lease, {0, 3}, {1, 3}},
	{"return", false, call_return, prepare_lease, {0, 3}, {0, 3}},
	{"write", true, call_write, NULL, {0, 3}, {0, 4}},
	{"write_batch", true, call_write_batch, NULL, {0, 3}, {0, 5}},
	{"read", true, call_read, NULL, {0, 3}, {1, 3}},
	{"read_batch", true, call_read_batch, NULL, {0, 3}, {2, 3}},
	{"reserve and commit", true, call_write_view, NULL, {0, 3}, {0, 4}},
	{"peek and release", true, call_read_view, NULL, {0, 3}, {1, 3}},
	{"ring clear", true, call_ring_clear, NULL, {0, 3}, {3, 3}},
};

static _Atomic unsigned steps_left; /* of the child, to its death */

static void on_trap(int signal_number)
{
	(void)signal_number;
	/* relaxed: one thread */
	if (atomic_fetch_sub_explicit(&steps_left, 1, memory_order_relaxed) ==
		0)
		kill(getpid(), SIGKILL);
}

struct victim {
	struct play *play;
	const struct call *call;
	unsigned steps;
};

static void be_killed(void *arg)
{
	struct victim *victim = arg;
	struct play *play = victim->play;
	int rc;

	if (victim->call->ring)
		WANT(mipc_ring_open(play->name, BOTH, NULL, &play->ring), 0);
	else
		WANT(mipc_queue_open(play->name, NULL, &play->queue), 0);
	for (unsigned i = 0; i < 2; i++)
		lib_fill(play->bodies[i], BODY_BYTES, BEFORE + i);
	if (victim->call->prepare)
		victim->call->prepare(play);
	atomic_store(&steps_left, victim->steps);
	WANT_TRUE(signal(SIGTRAP, on_trap) != SIG_ERR);
	if (trap_in_qemu())
		trap_kill_in_qemu(victim->steps + 1);
	else
		trap_on();
	rc = victim->call->call(play);
	if (trap_in_qemu())
		trap_kill_in_qemu(0);
	else
		trap_off();
	WANT_TRUE(rc >= 0);
}

/* Returns whether the call was killed; else it was done before. */
static bool kill_at(struct victim *victim, unsigned steps)
{
	int status;
	pid_t pid;

	victim->steps = steps;
	pid = lib_spawn(be_killed, victim);
	WANT(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		WANT(WTERMSIG(status), SIGKILL);
		return true;
	}
	WANT(WEXITSTATUS(status), 0);
	return false;
}

/* The next message there is; -1: none. */
static int next_number(struct play *play, bool ring)
{
	uint8_t body[BODY_BYTES];
	size_t len = 0;
	int err =
		ring ? mipc_ring_read(play->ring, body, sizeof(body), 0, &len)
		     : mipc_queue_get(play->queue, body, sizeof(body), 0, &len);

	/* Without a robust list whoever polls does not ask every time whether
	 * the lock's owner is alive. */
	if (err == -EAGAIN && !ring && trap_in_qemu() &&
		mipc_queue_size(play->queue))
		err = mipc_queue_get(
			play->queue, body, sizeof(body), LIB_BRIEF_NS, &len);
	/* The producer of the ring is the test itself by now. */
	if (err == -EAGAIN || err == -ETIMEDOUT)
		return -1;
	WANT(err, 0);
	WANT(len, BODY_BYTES);
	for (int i = 0; i < BEFORE + 3; i++)
		if (lib_matches(body, len, (uint64_t)i))
			return i;
	lib_fail("a message that nobody sent");
}

static void put_number(struct play *play, bool ring, unsigned number)
{
	uint8_t body[BODY_BYTES];

	lib_fill(body, sizeof(body), number);
	if (ring)
		WANT(mipc_ring_write(play->ring, body, sizeof(body), 0), 0);
	else
		WANT(mipc_queue_put(
			     play->queue, body, sizeof(body), MIPC_FOREVER),
			0);
}

static void make(struct play *play, bool ring)
{
	if (ring)
		WANT(mipc_ring_create(play->name, 1, BOTH, NULL, &play->ring),
			0);
	else
		WANT(mipc_queue_create(play->name, 1, NULL, &play->queue), 0);
	for (unsigned i = 0; i < BEFORE; i++)
		put_number(play, ring, i);
	if (ring) {
		/* The victim is to have the roles. */
		mipc_ring_close(play->ring);
		WANT(mipc_ring_open(play->name, 0, NULL, &play->ring), 0);
	}
}

/* After the death: in order, done or undone, and of further use. */
static void survive(struct play *play, const struct call *call, unsigned steps)
{
	unsigned from, to, next;
	int number;

	if (call->ring) {
		WANT(mipc_ring_check(play->ring), 0);
		mipc_ring_close(play->ring);
		WANT(mipc_ring_open(play->name, BOTH, NULL, &play->ring), 0);
		WANT(mipc_ring_check(play->ring), 0);
	} else {
		WANT(mipc_queue_check(play->queue), 0);
	}
	put_number(play, call->ring, BEFORE + 2);
	if (!call->ring)
		WANT(mipc_queue_check(play->queue), 0);
	number = next_number(play, call->ring);
	from = next = (unsigned)number;
	while (number >= 0 && (unsigned)number == next && next < BEFORE + 2) {
		number = next_number(play, call->ring);
		next++;
	}
	to = next;
	/* Nothing was left of the old ones at all. */
	if (from == BEFORE + 2)
		from = to = BEFORE;
	if (!(from == call->undone.from && to == call->undone.to) &&
		!(from == call->done.from && to == call->done.to))
		lib_fail("%s killed before instruction %u: messages %u to %u",
			call->name, steps, from, to);
	WANT(number, BEFORE + 2);
	WANT(next_number(play, call->ring), -1);
	if (call->ring) {
		WANT(mipc_ring_check(play->ring), 0);
		return;
	}
	/* Not one is left that nobody finds. */
	WANT(mipc_queue_size(play->queue), 0);
	WANT(mipc_queue_check(play->queue), 0);
}

static unsigned mask_of(unsigned from, unsigned to)
{
	return (1u << to) - (1u << from);
}

/* The same for leases: every message there is comes sooner or later, once, and
 * nothing stays behind. */
static void survive_lease(
	struct play *play, const struct call *call, unsigned steps)
{
	const unsigned newer = 1u << (BEFORE + 2);
	uint64_t until_ns = lib_now_ns() + LIB_PATIENCE_NS;
	uint8_t body[BODY_BYTES];
	unsigned seen = 0;
	size_t len;
	int err;

	WANT(mipc_queue_check(play->queue), 0);
	put_number(play, false, BEFORE + 2);
	for (;;) {
		unsigned i = 0;

		err = mipc_queue_get(
			play->queue, body, sizeof(body), LIB_BRIEF_NS, &len);
		/* On a busy machine the time may be up before it has tended. */
		if (err == -ETIMEDOUT && mipc_queue_size(play->queue) &&
			lib_now_ns() < until_ns)
			continue;
		if (err)
			break;
		WANT(len, BODY_BYTES);
		while (i < BEFORE + 3 && !lib_matches(body, len, i))
			i++;
		WANT_TRUE(i < BEFORE + 3 && !(seen & 1u << i));
		seen |= 1u << i;
	}
	WANT(err, -ETIMEDOUT);
	if (seen != (mask_of(call->undone.from, call->undone.to) | newer) &&
		seen != (mask_of(call->done.from, call->done.to) | newer))
		lib_fail("%s killed before instruction %u: messages 0x%x",
			call->name, steps, seen);
	WANT(mipc_queue_size(play->queue), 0);
	WANT_TRUE(mipc_queue_empty(play->queue));
	WANT(mipc_queue_check(play->queue), 0);
}

static void unmake(struct play *play)
{
	if (play->ring) {
		mipc_ring_close(play->ring);
		WANT(mipc_ring_unlink(play->name), 0);
	}
	if (play->queue) {
		mipc_queue_close(play->queue);
		WANT(mipc_queue_unlink(play->name), 0);
	}
	memset(play, 0, sizeof(*play));
}

/* Returns how many kills. */
static unsigned kill_everywhere(
	const struct call *call, unsigned first, unsigned stride)
{
	struct play play = {0};
	struct victim victim = {&play, call, 0};
	unsigned kills = 0;
	bool killed;

	do {
		lib_name(play.name);
		make(&play, call->ring);
		killed = kill_at(&victim, first + kills * stride);
		kills += killed;
		/* Where nothing is held, who only polls finds all there is. */
		if (call->prepare && call->prepare != prepare_passed_message)
			survive_lease(&play, call, victim.steps);
		else
			survive(&play, call, victim.steps);
		unmake(&play);
	} while (killed);
	return kills;
}

START_TEST(test_kill_step_call_is_done_or_undone)
{
	const char *given = getenv("MIPC_TEST_STRIDE");
	unsigned stride =
		given ? (unsigned)strtoul(given, NULL, 10) : TRAP_STRIDE;
	uint64_t seed = lib_seed("kill in a step");

	WANT_TRUE(stride > 0);
	if (!TRAP_CAN_STEP && !trap_in_qemu()) {
		lib_skip("kill at every instruction: needs x86's trap flag, or "
			 "qemu with tests/qemu_kill.c");
		return;
	}
	for (size_t i = 0; i < COUNT(calls); i++) {
		unsigned kills = kill_everywhere(&calls[i],
			(unsigned)(lib_random(&seed) % stride), stride);

		printf("%s: %u kills\n", calls[i].name, kills);
		WANT_TRUE(kills > 0);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_kill_step_call_is_done_or_undone,
	};

	return LIB_MAIN("kill_step", tests);
}
