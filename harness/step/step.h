/* step.h - follow a call instruction by instruction, and strike at the k-th.
 *
 * First a forked process records the call; then, for each k, another one forked
 * from the same state makes the same call and is killed, stopped or hindered just
 * before it executes step k. Both do it to themselves, by the processor's trap
 * flag and breakpoints in their own copy of the code, so no permission is needed
 * and a trial costs little more than its fork.
 *
 *	child = fork();
 *	if (child == 0) {
 *		...open handles...
 *		step_run(trace, k, &(struct step_action){STEP_KILL}, call, arg);
 *		_exit(0);	// k was not reached
 *	}
 *	waitpid(...)		// by SIGKILL: k was reached
 *
 * What is between the fork and step_run() runs undisturbed, and so does what
 * comes behind it. One call at a time in a process, and no other thread in it
 * that executes the same code. A call that blocks SIGTRAP ends its process by
 * SIGTRAP; step_ptrace.h can follow it.
 */
#ifndef IPCMARK_STEP_STEP_H
#define IPCMARK_STEP_STEP_H

#include <stdbool.h>
#include <stddef.h>

#include "step/trace.h"

enum step_what {
	STEP_KILL, /* SIGKILL to itself */
	STEP_STOP, /* SIGSTOP to itself; after SIGCONT it goes on as it is */
	STEP_FAIL, /* do not make the system call, it returns -@err */
	STEP_CALLBACK, /* @callback, then go on */
};

struct step_action {
	enum step_what what;
	int err; /* of STEP_FAIL: ENOSPC, ... */
	/* In the midst of the call: async-signal-safe, and not the product that
	 * the call is in. */
	void (*callback)(void *arg, size_t k);
	void *arg;
	/* In shared memory: set just before it is done. NULL: nobody asks. */
	bool *struck;
};

/* step_available - can it be done here? @ret_reason: if not, why. May be NULL. */
bool step_available(const char **ret_reason);

/* step_open - before the forks: whole segments of the code that @trace leads through
 * become writable in this process, so that no child has to do that, and to split
 * what it was given. Not needed; saves a tenth of a trial. */
void step_open(const struct crash_trace *trace);

/* step_record - make @call and note each of its instructions in @trace, which
 * must be empty. Of a system call, the moment behind it is a step, too.
 * To be called in a process forked for it. Returns 0; -ENOTSUP: see
 * step_available(); -E2BIG: the trace is truncated, the call was made to its end;
 * -ENOMEM. */
int step_record(struct crash_trace *trace, void (*call)(void *arg), void *arg);

/* step_run - make @call and do @action just before its step @k.
 * The call may take another path than when it was recorded (it waits, it looks at
 * a clock): then step k may not be found, nothing is done, and the call ends as
 * if nothing were.
 * Returns 1: done; 0: step k was missed; -ENOTSUP; -EINVAL: there is no step @k,
 * or it is no system call and is to fail. */
int step_run(const struct crash_trace *trace, size_t k,
	const struct step_action *action, void (*call)(void *arg), void *arg);

#endif
