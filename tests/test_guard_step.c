/* test_guard_step.c - a segment's file is truncated, emptied or unlinked before
 * the first, the second, ... the last instruction of a call.
 *
 * With the guard each call answers, and so does the next one: what the file has
 * lost is -EBADMSG, and a name that is gone changes nothing for who is attached.
 * The injury is done by the trap's handler, in the process that makes the call.
 */
#include "lib_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

#include "trap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	BODY_BYTES = 200,
	CAPACITY_BYTES = 1 << 16,
	MESSAGES = 3, /* there when the call begins */
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
};

/* The segment, as the call finds it. */
static struct play {
	char name[LIB_NAME_BYTES];
	char path[LIB_PATH_BYTES];
	int fd; /* for who does the injury */
	void *handle;
	struct mipc_lease lease;
} play;

static uint8_t bodies[2][BODY_BYTES];
static struct iovec batch[2] = {
	{bodies[0], BODY_BYTES}, {bodies[1], BODY_BYTES}};

/* --- What is done to the file ------------------------------------------------ */

static void truncate_all(void)
{
	WANT(ftruncate(play.fd, 0), 0);
}

static void truncate_data(void)
{
	const off_t page = (off_t)sysconf(_SC_PAGESIZE);

	WANT(ftruncate(
		     play.fd, ((off_t)sizeof(struct mipc_segment) + page - 1) /
				      page * page),
		0);
}

static void punch_all(void)
{
	WANT(fallocate(play.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		     1 << 20),
		0);
}

static void unlink_name(void)
{
	WANT(unlink(play.path), 0);
}

struct injury {
	const char *name;
	void (*injure)(void);
	bool harmless; /* for who is attached */
	bool ends;     /* all later calls are refused */
};

static const struct injury injuries[] = {
	{"truncated to nothing", truncate_all, false, true},
	{"truncated to its header", truncate_data, false, false},
	{"emptied", punch_all, false, false},
	{"unlinked", unlink_name, true, false},
};

static struct {
	const struct injury *injury;
	unsigned steps_left;
	bool done;
} trap;

static void on_trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	if (trap.steps_left-- > 0)
		return;
	trap.done = true;
	trap.injury->injure();
#ifdef __x86_64__
	/* Flag TF: the rest runs through. */
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100LL;
#else
	(void)context;
#endif
}

/* --- The calls ----------------------------------------------------------------- */

static int queue_put(void)
{
	return mipc_queue_put(play.handle, bodies[0], BODY_BYTES, 0);
}

static int queue_put_batch(void)
{
	return mipc_queue_put_batch(play.handle, batch, 2, 0);
}

static int queue_get(void)
{
	size_t len;

	return mipc_queue_get(play.handle, bodies[0], BODY_BYTES, 0, &len);
}

static int queue_get_batch(void)
{
	return mipc_queue_get_batch(play.handle, batch, 2, 0);
}

/* What is lent may be looked at, whatever has become of it. */
static int use_lease(int rc)
{
	if (!rc)
		memset(play.lease.data, 1, play.lease.len);
	return rc;
}

static int queue_write_lease(void)
{
	int rc = use_lease(
		mipc_queue_reserve(play.handle, BODY_BYTES, 0, &play.lease));

	return rc ? rc : mipc_queue_commit(play.handle, &play.lease);
}

static int queue_read_lease(void)
{
	int rc = use_lease(mipc_queue_acquire(play.handle, 0, &play.lease));

	return rc ? rc : mipc_queue_release(play.handle, &play.lease);
}

static int queue_return_lease(void)
{
	int rc = mipc_queue_acquire(play.handle, 0, &play.lease);

	return rc ? rc : mipc_queue_return(play.handle, &play.lease);
}

static int queue_clear(void)
{
	return mipc_queue_clear(play.handle, 0);
}

static int queue_open(void)
{
	mipc_queue *queue;
	int rc = mipc_queue_open(play.name, NULL, &queue);

	if (!rc)
		mipc_queue_close(queue);
	return rc;
}

static int ring_write(void)
{
	return mipc_ring_write(play.handle, bodies[0], BODY_BYTES, 0);
}

static int ring_write_batch(void)
{
	return mipc_ring_write_batch(play.handle, batch, 2, 0);
}

static int ring_read(void)
{
	size_t len;

	return mipc_ring_read(play.handle, bodies[0], BODY_BYTES, 0, &len);
}

static int ring_read_batch(void)
{
	return mipc_ring_read_batch(play.handle, batch, 2, 0);
}

static int ring_write_view(void)
{
	void *place;
	int rc = mipc_ring_reserve(play.handle, BODY_BYTES, 0, &place);

	if (!rc)
		memset(place, 1, BODY_BYTES);
	return rc ? rc : mipc_ring_commit(play.handle, BODY_BYTES);
}

static int ring_read_view(void)
{
	const void *place;
	size_t len;
	int rc = mipc_ring_peek(play.handle, 0, &place, &len);

	if (!rc)
		memcpy(bodies[0], place, len < BODY_BYTES ? len : BODY_BYTES);
	return rc ? rc : mipc_ring_release(play.handle);
}

static int ring_clear(void)
{
	return mipc_ring_clear(play.handle);
}

static int ring_open(void)
{
	mipc_ring *ring;
	int rc = mipc_ring_open(play.name, 0, NULL, &ring);

	if (!rc)
		mipc_ring_close(ring);
	return rc;
}

static int shm_write(void)
{
	return mipc_shm_write(play.handle, CAPACITY_BYTES - BODY_BYTES,
		bodies[0], BODY_BYTES);
}

static int shm_read(void)
{
	return mipc_shm_read(play.handle, CAPACITY_BYTES - BODY_BYTES,
		bodies[0], BODY_BYTES);
}

static int shm_add(void)
{
	uint64_t before;

	return mipc_shm_add_u64(play.handle, 8, 1, &before);
}

static int shm_open_again(void)
{
	mipc_shm *shm;
	int rc = mipc_shm_open(play.name, NULL, &shm);

	if (!rc)
		mipc_shm_close(shm);
	return rc;
}

enum { SHM, RING, QUEUE }; /* places in lib_kinds */

struct call {
	const char *name;
	unsigned kind;
	int (*call)(void);
	bool opens; /* by the name: it may be gone */
};

static const struct call calls[] = {
	{"put", QUEUE, queue_put, false},
	{"put_batch", QUEUE, queue_put_batch, false},
	{"get", QUEUE, queue_get, false},
	{"get_batch", QUEUE, queue_get_batch, false},
	{"reserve and commit", QUEUE, queue_write_lease, false},
	{"acquire and release", QUEUE, queue_read_lease, false},
	{"acquire and return", QUEUE, queue_return_lease, false},
	{"queue clear", QUEUE, queue_clear, false},
	{"queue open", QUEUE, queue_open, true},
	{"write", RING, ring_write, false},
	{"write_batch", RING, ring_write_batch, false},
	{"read", RING, ring_read, false},
	{"read_batch", RING, ring_read_batch, false},
	{"reserve and commit", RING, ring_write_view, false},
	{"peek and release", RING, ring_read_view, false},
	{"ring clear", RING, ring_clear, false},
	{"ring open", RING, ring_open, true},
	{"shm write", SHM, shm_write, false},
	{"shm read", SHM, shm_read, false},
	{"shm add", SHM, shm_add, false},
	{"shm open", SHM, shm_open_again, true},
};

static void make(unsigned kind)
{
	lib_name(play.name);
	lib_path(play.path, play.name);
	if (kind == QUEUE)
		WANT(mipc_queue_create(play.name, CAPACITY_BYTES, NULL,
			     (mipc_queue **)&play.handle),
			0);
	else if (kind == RING)
		WANT(mipc_ring_create(play.name, CAPACITY_BYTES, BOTH, NULL,
			     (mipc_ring **)&play.handle),
			0);
	else
		WANT(mipc_shm_create(play.name, CAPACITY_BYTES, NULL,
			     (mipc_shm **)&play.handle),
			0);
	for (unsigned i = 0; i < MESSAGES && kind != SHM; i++)
		WANT(kind == QUEUE ? queue_put() : ring_write(), 0);
	play.fd = open(play.path, O_RDWR | O_CLOEXEC);
	WANT_TRUE(play.fd >= 0);
}

static void unmake(unsigned kind)
{
	lib_kinds[kind].close(play.handle);
	close(play.fd);
	unlink(play.path);
}

static bool may_answer(
	const struct call *call, const struct injury *injury, int rc)
{
	/* Whoever looks at a name that is gone. */
	if (call->opens && (rc == -ENOENT || rc == -EILSEQ || rc == -EPROTO))
		return injury->harmless ? rc == -ENOENT : true;
	if (rc >= 0 || rc == -EAGAIN) /* there are no more messages */
		return true;
	/* Zeroes for which there was no signal are a peer's nonsense: a lease is
	 * not found there. */
	if (injury->injure == punch_all && rc == -EINVAL)
		return true;
	return !injury->harmless && (rc == -EBADMSG || rc == -EMSGSIZE);
}

/* Returns whether the call was not over before. */
static bool injure_at(
	const struct call *call, const struct injury *injury, unsigned step)
{
	int rc;

	make(call->kind);
	trap.injury = injury;
	trap.steps_left = step;
	trap.done = false;
	trap_on();
	rc = call->call();
	trap_off();
	if (!may_answer(call, injury, rc))
		lib_fail("%s, %s before instruction %u: %s", call->name,
			injury->name, step, mipc_strerror(rc));
	/* The call that meets the hole may go on; the one behind it may not. */
	for (unsigned i = 0; i < 2 && trap.done; i++) {
		rc = call->call();
		if (!may_answer(call, injury, rc))
			lib_fail("%s, %s before instruction %u of an earlier "
				 "one: %s",
				call->name, injury->name, step,
				mipc_strerror(rc));
	}
	if (trap.done && injury->ends && rc >= 0)
		lib_fail("%s, %s before instruction %u of an earlier one: is "
			 "not refused",
			call->name, injury->name, step);
	unmake(call->kind);
	return trap.done;
}

START_TEST(test_guard_step_injured_file_is_answered_everywhere)
{
	const char *given = getenv("MIPC_TEST_STRIDE");
	unsigned stride =
		given ? (unsigned)strtoul(given, NULL, 10) : 7 * TRAP_STRIDE;
	uint64_t seed = lib_seed("injured in a step");
	const struct sigaction action = {
		.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	WANT_TRUE(stride > 0);
	if (!TRAP_CAN_STEP) {
		lib_skip("injury at every instruction: needs x86's trap flag");
		return;
	}
	WANT(mipc_guard_sigbus(), 0);
	WANT(sigaction(SIGTRAP, &action, NULL), 0);
	for (size_t i = 0; i < COUNT(calls); i++)
		for (size_t j = 0; j < COUNT(injuries); j++) {
			/* To open takes thousands of instructions. */
			unsigned each = calls[i].opens ? 20 * stride : stride;
			unsigned step = (unsigned)(lib_random(&seed) % each);
			unsigned count = 0;

			while (injure_at(&calls[i], &injuries[j], step)) {
				step += each;
				count++;
			}
			/* Fewer instructions than such a stride. */
			if (!count)
				count += injure_at(&calls[i], &injuries[j], 0);
			printf("%s, %s: %u times\n", calls[i].name,
				injuries[j].name, count);
			WANT_TRUE(count > 0);
		}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_guard_step_injured_file_is_answered_everywhere,
	};

	return LIB_MAIN("guard_step", tests);
}
