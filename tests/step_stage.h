/* step_stage.h - what the tests of a call that is followed instruction by instruction
 * share: calls that store what can be counted, and the two ways of following them.
 * Included by exactly one file of a program.
 */
#ifndef IPCMARK_TESTS_STEP_STAGE_H
#define IPCMARK_TESTS_STEP_STAGE_H

#include <check.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>

#include "own_names.h"
#include "step/step.h"
#include "step/step_ptrace.h"
#include "step/trace.h"

enum {
	STORES = 20,
	STEPS_MAX = 1 << 16,
	KILLED = -SIGKILL, /* of what a child came to */
};

/* What the calls store into. */
static struct stage {
	_Atomic uint32_t stored; /* stores so far, of one process */
	volatile uint8_t bytes[STORES];
	int result;
	int err;
	bool other_way;
	unsigned callbacks;
	int returned; /* by step_run() */
	int pipe[2];
	char name[OWN_NAME_BYTES];
} * stage;

static struct crash_trace *trace;

static inline void set_up(void)
{
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(stage, MAP_FAILED);
	ck_assert_int_eq(trace_create(STEPS_MAX, &trace), 0);
	own_name(stage->name);
}

static inline void tear_down(void)
{
	(void)mipc_queue_unlink(stage->name);
	(void)mipc_ring_unlink(stage->name);
	trace_destroy(trace);
	munmap(stage, sizeof(*stage));
}

struct call {
	const char *name;
	void (*make)(void *arg);
	void (*before)(void); /* by who makes it, not followed; may be NULL */
};

static inline void call_store(void *arg)
{
	(void)arg;
	for (int i = 0; i < STORES; i++)
		stage->bytes[i] = (uint8_t)(i + 1);
}

/* One byte through the system, one by a store. */
static inline void call_write(void *arg)
{
	(void)arg;
	stage->result = (int)write(stage->pipe[1], "x", 1);
	stage->bytes[0] = 1;
}

static const struct call store = {"store", call_store, NULL};

struct way {
	const char *name;
	bool (*available)(const char **ret_reason);
	bool by_parent;
};

static const struct way ways[] = {
	{"by itself", step_available, false},
	{"by its parent", step_ptrace_available, true},
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static inline bool can(const struct way *way)
{
	const char *reason = "no reason given";

	if (way->available(&reason))
		return true;
	printf("SKIP: %s: %s\n", way->name, reason);
	return false;
}

/* A child that has done all but the call. */
static inline pid_t start(const struct call *call)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0 && call->before)
		call->before();
	return pid;
}

/* Returns its exit status, or the negated number of what ended or stopped it. */
static inline int await(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	if (WIFSTOPPED(status))
		return -WSTOPSIG(status);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static inline void record(const struct way *way, const struct call *call,
	struct crash_trace *into)
{
	pid_t pid = start(call);

	if (pid == 0 && way->by_parent)
		_exit(step_ptrace_offer(call->make, NULL) != 0);
	if (pid == 0)
		_exit(step_record(into, call->make, NULL) != 0);
	if (way->by_parent)
		ck_assert_int_eq(step_ptrace_record(pid, into), 0);
	ck_assert_int_eq(await(pid), 0);
	ck_assert(into->complete);
	ck_assert_uint_gt(into->count, 0);
}

/* Returns as await(); what step_run() returned is in the stage. */
static inline int run(const struct way *way, const struct call *call, size_t k,
	const struct step_action *action)
{
	pid_t pid;

	stage->returned = -1;
	pid = start(call);
	if (pid == 0 && way->by_parent)
		_exit(step_ptrace_offer(call->make, NULL) != 0);
	if (pid == 0) {
		stage->returned = step_run(trace, k, action, call->make, NULL);
		_exit(0);
	}
	if (way->by_parent)
		stage->returned = step_ptrace_run(pid, trace, k, action);
	/* Then the parent has waited for it. */
	if (way->by_parent && stage->returned < 0)
		return -SIGKILL;
	return await(pid);
}

static const struct step_action kill_it = {.what = STEP_KILL};

/* How many of the bytes are there; the others must not be. */
static inline unsigned stored(void)
{
	unsigned count = 0;

	while (count < STORES && stage->bytes[count] == count + 1)
		count++;
	for (unsigned i = count; i < STORES; i++)
		ck_assert_msg(stage->bytes[i] == 0,
			"%u stored, but byte %u is %u", count, i,
			stage->bytes[i]);
	return count;
}

static inline void forget(void)
{
	for (unsigned i = 0; i < STORES; i++)
		stage->bytes[i] = 0;
}

/* The first step with @flag. */
static inline size_t find_step(uint32_t flag)
{
	size_t k = 0;

	while (k < trace->count && !(trace->steps[k].flags & flag))
		k++;
	ck_assert_uint_lt(k, trace->count);
	return k;
}

#endif
