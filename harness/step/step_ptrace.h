/* step_ptrace.h - as step.h, but the parent does it to its child.
 *
 * The second opinion on step.h, and the way for other processors. The system
 * stops the child after each instruction and asks the parent, which takes some
 * ten times as long and a permission that containers may not have.
 *
 *	child = fork();
 *	if (child == 0) {
 *		...open handles...
 *		step_ptrace_offer(call, arg);
 *		_exit(0);
 *	}
 *	step_ptrace_run(child, trace, k, &(struct step_action){STEP_KILL});
 *	waitpid(child, ...)	// as with step_run()
 *
 * The addresses are step_record()'s: a trace of one is good for the other. On
 * aarch64 a sequence from a load-exclusive to its store-exclusive is one step,
 * since a stop in it makes the store fail each time.
 */
#ifndef IPCMARK_STEP_STEP_PTRACE_H
#define IPCMARK_STEP_STEP_PTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "step/step.h"
#include "step/trace.h"

/* step_ptrace_available - tries it on a child. @ret_reason: if not, why. May be
 * NULL. */
bool step_ptrace_available(const char **ret_reason);

/* step_ptrace_offer - in the child: make @call, followed by the parent, which
 * must be in one of the two functions below. Returns 0; -ENOTSUP; -EPERM and
 * others: the system forbids it, and @call was not made. */
int step_ptrace_offer(void (*call)(void *arg), void *arg);

/* step_ptrace_record - in the parent: note each instruction of what @child
 * offers. Afterwards @child runs on by itself. Returns 0; -E2BIG: truncated, and
 * the rest was not followed; -ECHILD: it ended before it offered anything or in the
 * midst of it; -ENOMEM; -errno of ptrace(2). After an error other than -E2BIG
 * @child is dead and has been waited for. */
int step_ptrace_record(pid_t child, struct crash_trace *trace);

/* step_ptrace_run - in the parent: let @child come to step @k of what it offers,
 * and do @action to it; the callback is called here, while it stands still.
 * Afterwards it is dead (STEP_KILL), stopped (STEP_STOP) or runs on by itself,
 * and the caller waits for it. Returns as step_run(), or an error of
 * step_ptrace_record(), after which @child has been waited for. */
int step_ptrace_run(pid_t child, const struct crash_trace *trace, size_t k,
	const struct step_action *action);

#endif
