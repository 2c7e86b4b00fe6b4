/* test_kill_step.c - one call is killed before its first, its second, ... its last
 * instruction.
 *
 * A child sets the processor's trap flag, makes the call, and in the k-th trap
 * kills itself; or has qemu do so. Then the segment must be in order, the call done
 * whole or not at all, and the next one must work. What it does beside its stores,
 * calling the system, is killed before its first, its second, ... its last system
 * call.
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

#include "ring_handle.h"
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
	/* Where the call is made: message BEFORE lies across the end of the
	 * buffer, and what is behind it there is of the lap before. */
	bool across;
	/* Of a ring: what there is is read before another producer comes. */
	bool reader_first;
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
static bool system_calls_only;

static void on_trap(int signal_number, siginfo_t *info, void *context)
{
	(void)signal_number;
	(void)info;
	if (system_calls_only && !trap_at_system_call(context))
		return;
	/* relaxed: one thread */
	if (atomic_fetch_sub_explicit(&steps_left, 1, memory_order_relaxed) ==
		0)
		kill(getpid(), SIGKILL);
}

static void expect_traps(unsigned steps)
{
	const struct sigaction action = {
		.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	atomic_store(&steps_left, steps);
	WANT(sigaction(SIGTRAP, &action, NULL), 0);
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
	expect_traps(victim->steps);
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
		lib_count_kill();
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
	/* The producer of the ring is the test itself by now, or dead. */
	if (err == -EAGAIN || err == -ETIMEDOUT || (ring && err == -EPIPE))
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

/* Have the next message begin @bytes further on. */
static void pass(struct play *play, bool ring, size_t bytes)
{
	uint8_t *body = malloc(bytes);
	size_t len;

	WANT_TRUE(body != NULL);
	memset(body, 0xa5, bytes);
	len = bytes - RECORD_HEADER_BYTES;
	if (ring) {
		WANT(mipc_ring_write(play->ring, body, len, 0), 0);
		WANT(mipc_ring_read(play->ring, body, bytes, 0, &len), 0);
	} else {
		WANT(mipc_queue_put(play->queue, body, len, 0), 0);
		WANT(mipc_queue_get(play->queue, body, bytes, 0, &len), 0);
	}
	free(body);
}

static void go_to_the_end(struct play *play, bool ring)
{
	uint64_t capacity = ring ? mipc_ring_capacity(play->ring)
				 : mipc_queue_capacity(play->queue);
	uint64_t record = record_bytes(BODY_BYTES);

	/* Twice, so that the second lap is dirty, too. */
	pass(play, ring, capacity / 2);
	pass(play, ring, capacity / 2);
	pass(play, ring, capacity / 2);
	pass(play, ring, capacity / 2 - BEFORE * record - record / 2);
}

static void make(struct play *play, bool ring)
{
	if (ring)
		WANT(mipc_ring_create(play->name, 1, BOTH, NULL, &play->ring),
			0);
	else
		WANT(mipc_queue_create(play->name, 1, NULL, &play->queue), 0);
	if (play->across)
		go_to_the_end(play, ring);
	for (unsigned i = 0; i < BEFORE; i++)
		put_number(play, ring, i);
	if (ring) {
		/* The victim is to have the roles. */
		mipc_ring_close(play->ring);
		WANT(mipc_ring_open(play->name, 0, NULL, &play->ring), 0);
	}
}

static void check_range(
	const struct call *call, unsigned steps, unsigned from, unsigned to)
{
	if (!(from == call->undone.from && to == call->undone.to) &&
		!(from == call->done.from && to == call->done.to))
		lib_fail("%s killed before instruction %u: messages %u to %u",
			call->name, steps, from, to);
}

/* A reader comes first, and leaves nothing: done or undone. Who produces next goes
 * on behind it. */
static void survive_by_reading(
	struct play *play, const struct call *call, unsigned steps)
{
	unsigned next = 0;

	mipc_ring_close(play->ring);
	WANT(mipc_ring_open(play->name, MIPC_RING_CONSUMER, NULL, &play->ring),
		0);
	while (next_number(play, true) == (int)next)
		next++;
	check_range(call, steps, 0, next);
	mipc_ring_close(play->ring);
	WANT(mipc_ring_open(play->name, BOTH, NULL, &play->ring), 0);
	put_number(play, true, BEFORE + 2);
	WANT(next_number(play, true), BEFORE + 2);
	WANT(next_number(play, true), -1);
	WANT(mipc_ring_check(play->ring), 0);
}

/* Messages that a reader of the ring would find now. */
static unsigned visible(const struct play *play)
{
	uint64_t head = atomic_load(&play->ring->control->head);
	uint64_t end;

	WANT(ring_find_end(play->ring, head, head, &end), 0);
	return (unsigned)((end - head) / record_bytes(BODY_BYTES));
}

/* After the death: in order, done or undone, and of further use. */
static void survive(struct play *play, const struct call *call, unsigned steps)
{
	unsigned from, to, next, seen = 0;
	int number;

	if (call->ring) {
		WANT(mipc_ring_check(play->ring), 0);
		seen = visible(play);
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
	check_range(call, steps, from, to);
	/* What a reader could have had the next producer must not take back. */
	if (call->ring && to - from != seen)
		lib_fail("%s killed before instruction %u: %u messages of %u",
			call->name, steps, to - from, seen);
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
		/* Who waits tends to what the dead had. Where nothing is left,
		 * and check() below knows whether that is so, there is nothing
		 * to wait for. */
		uint64_t size = mipc_queue_size(play->queue);

		err = mipc_queue_get(play->queue, body, sizeof(body),
			size ? LIB_BRIEF_NS : 0, &len);
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
	WANT_TRUE(err == -EAGAIN || err == -ETIMEDOUT);
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
}

/* Returns how many kills. */
static unsigned kill_everywhere(const struct call *call, bool across,
	bool reader_first, unsigned first, unsigned stride)
{
	struct play play = {0};
	struct victim victim = {&play, call, 0};
	unsigned kills = 0;
	bool killed;

	do {
		play = (struct play){
			.across = across, .reader_first = reader_first};
		lib_name(play.name);
		make(&play, call->ring);
		killed = kill_at(&victim, first + kills * stride);
		kills += killed;
		/* Where nothing is held, who only polls finds all there is. */
		if (call->prepare && call->prepare != prepare_passed_message)
			survive_lease(&play, call, victim.steps);
		else if (reader_first)
			survive_by_reading(&play, call, victim.steps);
		else
			survive(&play, call, victim.steps);
		unmake(&play);
	} while (killed);
	return kills;
}

static bool is_any(const struct call *call)
{
	(void)call;
	return true;
}

/* A message is written, without a reservation that others could pass. */
static bool writes(const struct call *call)
{
	return !call->prepare && call->done.to > call->undone.to;
}

static bool writes_to_a_ring(const struct call *call)
{
	return call->ring && writes(call);
}

/* Each of the calls that are @meant, killed everywhere; with MIPC_TEST_CALL in the
 * environment that call only. */
static void kill_in_calls(
	bool (*meant)(const struct call *call), bool across, bool reader_first)
{
	const char *given = getenv("MIPC_TEST_STRIDE");
	/* The special places seldom: they are for who tries all. */
	unsigned usual = across || reader_first ? 3 * TRAP_STRIDE : TRAP_STRIDE;
	unsigned stride = given ? (unsigned)strtoul(given, NULL, 10) : usual;
	const char *only = getenv("MIPC_TEST_CALL");
	uint64_t seed = lib_seed("kill in a step");

	WANT_TRUE(stride > 0);
	if (!TRAP_CAN_STEP && !trap_in_qemu()) {
		lib_skip("kill at every instruction: needs x86's trap flag, or "
			 "qemu with tests/qemu_kill.c");
		return;
	}
	for (size_t i = 0; i < COUNT(calls); i++) {
		unsigned kills;

		if (!meant(&calls[i]) ||
			(only && *only && strcmp(only, calls[i].name) != 0))
			continue;
		kills = kill_everywhere(&calls[i], across, reader_first,
			(unsigned)(lib_random(&seed) % stride), stride);
		printf("%s: %u kills\n", calls[i].name, kills);
		WANT_TRUE(kills > 0);
	}
}

START_TEST(test_kill_step_call_is_done_or_undone)
{
	kill_in_calls(is_any, false, false);
}
END_TEST

START_TEST(test_kill_step_write_across_the_end_is_done_or_undone)
{
	kill_in_calls(writes, true, false);
}
END_TEST

START_TEST(test_kill_step_write_is_done_or_undone_for_a_reader)
{
	kill_in_calls(writes_to_a_ring, false, true);
}
END_TEST

static void be_killed_creating(void *arg)
{
	const struct victim *victim = arg;
	mipc_queue *queue;
	int err;

	system_calls_only = true;
	expect_traps(victim->steps);
	trap_on();
	err = mipc_queue_create(victim->play->name, 1, NULL, &queue);
	trap_off();
	WANT(err, 0);
}

/* Nobody meets half a segment, and nobody is in the way of a new one. */
START_TEST(test_kill_step_create_is_whole_or_absent)
{
	unsigned whole = 0;
	bool killed = true;

	if (!TRAP_CAN_STEP) {
		lib_skip("kill at every system call: needs x86's trap flag");
		return;
	}
	for (unsigned steps = 0; killed; steps++) {
		struct play play = {0};
		struct victim victim = {&play, NULL, steps};
		int status, err;
		pid_t pid;

		lib_name(play.name);
		pid = lib_spawn(be_killed_creating, &victim);
		WANT(waitpid(pid, &status, 0), pid);
		killed = WIFSIGNALED(status);
		WANT_TRUE(killed ? WTERMSIG(status) == SIGKILL : status == 0);
		lib_count_kill();
		err = mipc_queue_open(play.name, NULL, &play.queue);
		whole += !err;
		if (err == -ENOENT)
			WANT(mipc_queue_create(play.name, 1, NULL, &play.queue),
				0);
		else if (err)
			lib_fail("killed before system call %u: open: %s",
				steps, mipc_strerror(err));
		put_number(&play, false, BEFORE);
		WANT(next_number(&play, false), BEFORE);
		unmake(&play);
		if (!killed)
			printf("create: %u kills, whole after %u\n", steps,
				whole - 1);
	}
	WANT_TRUE(whole > 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_kill_step_call_is_done_or_undone,
		test_kill_step_write_across_the_end_is_done_or_undone,
		test_kill_step_write_is_done_or_undone_for_a_reader,
		test_kill_step_create_is_whole_or_absent,
	};

	return LIB_MAIN("kill_step", tests);
}
