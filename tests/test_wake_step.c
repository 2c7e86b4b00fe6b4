/* test_wake_step.c - the other side acts before the first, the second, ... the last
 * instruction of a call that waits.
 *
 * The processor's trap flag stops the waiting call behind each of its instructions;
 * in the k-th trap a peer, another process, does what is waited for, and perhaps
 * leaves at once. Naps never end by themselves: whatever k is, the call must see
 * it, or be woken. The last k is where the call goes to sleep.
 */
#include "lib_stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>

#include "event.h"
#include "trap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAP_NS (100 * LIB_PATIENCE_NS)

enum {
	/* How long a peer may take that does not wait for us. */
	PEER_NS = 1000000,
	/* Each round is two forks, and its traps: fewer of them. */
	STRIDE = 3 * TRAP_STRIDE,
};

struct play;

/* A call that waits, and what a peer does meanwhile. */
struct duet {
	const char *name;
	bool ring, full;
	int (*wait)(struct play *play);
	void (*act)(struct play *play);
	bool leaves; /* the peer closes its handle, having acted */
	bool polls;  /* so it may have come too early for what the peer did */
};

struct play {
	char name[LIB_NAME_BYTES];
	const struct duet *duet;
	mipc_ring *ring;
	mipc_queue *queue;
	_Atomic unsigned *step; /* 1: the peer is there; 2: go; 3: it is done */
};

static const struct mipc_options sleep_at_once = {.spin_us = MIPC_SPIN_NEVER};

static uint8_t body[1 << 17];

static int ring_read(struct play *play)
{
	size_t len;

	return mipc_ring_read(
		play->ring, body, sizeof(body), MIPC_FOREVER, &len);
}

static int ring_poll_read(struct play *play)
{
	size_t len;

	return mipc_ring_read(play->ring, body, sizeof(body), 0, &len);
}

static int ring_write(struct play *play)
{
	return mipc_ring_write(play->ring, body, 1, MIPC_FOREVER);
}

static int ring_poll_write(struct play *play)
{
	return mipc_ring_write(play->ring, body, 1, 0);
}

static int queue_get(struct play *play)
{
	size_t len;

	return mipc_queue_get(
		play->queue, body, sizeof(body), MIPC_FOREVER, &len);
}

static int queue_put(struct play *play)
{
	return mipc_queue_put(play->queue, body, 1, MIPC_FOREVER);
}

static void act_ring_write(struct play *play)
{
	WANT(ring_write(play), 0);
}

static void act_ring_read(struct play *play)
{
	WANT(ring_read(play), 0);
}

static void act_queue_put(struct play *play)
{
	WANT(queue_put(play), 0);
}

static void act_queue_get(struct play *play)
{
	WANT(queue_get(play), 0);
}

static void act_queue_lease(struct play *play)
{
	struct mipc_lease lease;

	WANT(mipc_queue_reserve(play->queue, 1, MIPC_FOREVER, &lease), 0);
	WANT(mipc_queue_commit(play->queue, &lease), 0);
}

static void act_queue_release(struct play *play)
{
	struct mipc_lease lease;

	WANT(mipc_queue_acquire(play->queue, MIPC_FOREVER, &lease), 0);
	WANT(mipc_queue_release(play->queue, &lease), 0);
}

static const struct duet duets[] = {
	{"ring: read, write", true, false, ring_read, act_ring_write, false,
		false},
	{"ring: read, last write", true, false, ring_read, act_ring_write, true,
		false},
	{"ring: poll, last write", true, false, ring_poll_read, act_ring_write,
		true, true},
	{"ring: write, read", true, true, ring_write, act_ring_read, false,
		false},
	{"ring: write, last read", true, true, ring_write, act_ring_read, true,
		false},
	{"ring: poll, last read", true, true, ring_poll_write, act_ring_read,
		true, true},
	{"queue: get, put", false, false, queue_get, act_queue_put, false,
		false},
	{"queue: get, commit", false, false, queue_get, act_queue_lease, false,
		false},
	{"queue: put, get", false, true, queue_put, act_queue_get, false,
		false},
	{"queue: put, release", false, true, queue_put, act_queue_release,
		false, false},
};

/* --- The trap ----------------------------------------------------------------- */

static struct {
	struct play *play;
	unsigned left; /* traps before the peer acts */
	bool acted, at_the_end;
} trap;

static void let_the_peer_act(void)
{
	uint64_t until_ns = lib_now_ns() + PEER_NS;

	trap.acted = true;
	lib_step(trap.play->step, 2);
	/* It may wait for a lock that we hold. */
	while (atomic_load(trap.play->step) < 3 && lib_now_ns() < until_ns)
		lib_sleep_us(20);
}

#ifdef __x86_64__
/* Is the next instruction the system call that sleeps? */
static bool about_to_sleep(const void *context)
{
	const greg_t *registers =
		((const ucontext_t *)context)->uc_mcontext.gregs;

	return trap_at_system_call(context) &&
	       registers[REG_RAX] == SYS_futex &&
	       (registers[REG_RSI] & 0x7f) == 0;
}
#else
static bool about_to_sleep(const void *context)
{
	(void)context;
	return false;
}
#endif

static void on_trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	if (trap.acted)
		return;
	trap.at_the_end = about_to_sleep(context);
	if (trap.left-- == 0 || trap.at_the_end)
		let_the_peer_act();
}

/* --- One round ---------------------------------------------------------------- */

static void be_the_peer(void *arg)
{
	struct play *play = arg;
	const struct duet *duet = play->duet;
	unsigned role = duet->full ? MIPC_RING_CONSUMER : MIPC_RING_PRODUCER;

	if (duet->ring)
		WANT(mipc_ring_open(play->name, role, NULL, &play->ring), 0);
	else
		WANT(mipc_queue_open(play->name, NULL, &play->queue), 0);
	lib_step(play->step, 1);
	while (atomic_load(play->step) < 2)
		lib_sleep_us(20);
	duet->act(play);
	if (duet->leaves)
		mipc_ring_close(play->ring);
	lib_step(play->step, 3);
	if (!duet->leaves)
		lib_sleep_for_ever();
}

static void make(struct play *play)
{
	const struct duet *duet = play->duet;
	unsigned role = duet->full ? MIPC_RING_PRODUCER : MIPC_RING_CONSUMER;

	lib_name(play->name);
	lib_step(play->step, 0);
	if (duet->ring)
		WANT(mipc_ring_create(
			     play->name, 1, role, &sleep_at_once, &play->ring),
			0);
	else
		WANT(mipc_queue_create(
			     play->name, 1, &sleep_at_once, &play->queue),
			0);
	if (!duet->full)
		return;
	if (duet->ring)
		WANT(mipc_ring_write(play->ring, body,
			     mipc_ring_max_len(play->ring), 0),
			0);
	else
		WANT(mipc_queue_put(play->queue, body,
			     mipc_queue_max_len(play->queue), 0),
			0);
}

static void unmake(struct play *play)
{
	if (play->duet->ring) {
		mipc_ring_close(play->ring);
		WANT(mipc_ring_unlink(play->name), 0);
	} else {
		mipc_queue_close(play->queue);
		WANT(mipc_queue_unlink(play->name), 0);
	}
}

/* Returns whether there may be a further step to act at. */
static bool act_at(struct play *play, unsigned step)
{
	pid_t peer;
	bool more;
	int rc;

	make(play);
	peer = lib_spawn(be_the_peer, play);
	lib_await(play->step, 1);
	trap.play = play;
	trap.left = step;
	trap.acted = trap.at_the_end = false;
	trap_on();
	rc = play->duet->wait(play);
	trap_off();
	more = trap.acted && !trap.at_the_end;
	if (!trap.acted)
		let_the_peer_act();
	lib_await(play->step, 3);
	if (rc == -EAGAIN && play->duet->polls)
		rc = play->duet->wait(play);
	if (rc)
		lib_fail("%s, before instruction %u: %s", play->duet->name,
			step, mipc_strerror(rc));
	if (play->duet->leaves)
		lib_join(peer);
	else
		lib_kill(peer);
	unmake(play);
	return more;
}

START_TEST(test_wake_step_peer_at_any_instruction_is_noticed)
{
	const char *given = getenv("MIPC_TEST_STRIDE");
	unsigned stride = given ? (unsigned)strtoul(given, NULL, 10) : STRIDE;
	struct sigaction action = {
		.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	uint64_t seed = lib_seed("act in a step");

	WANT_TRUE(stride > 0);
	if (!TRAP_CAN_STEP) {
		lib_skip("act at every instruction: needs x86's trap flag");
		return;
	}
	WANT(sigaction(SIGTRAP, &action, NULL), 0);
	event_nap_max_ns = NAP_NS;
	for (size_t i = 0; i < COUNT(duets); i++) {
		struct play play = {.duet = &duets[i],
			.step = lib_shared(sizeof(*play.step))};
		unsigned step = (unsigned)(lib_random(&seed) % stride);
		unsigned rounds = 1;

		for (; act_at(&play, step); rounds++)
			step += stride;
		printf("%s: %u rounds\n", duets[i].name, rounds);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_wake_step_peer_at_any_instruction_is_noticed,
	};

	return LIB_MAIN("wake_step", tests);
}
