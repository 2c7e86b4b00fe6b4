/* step_ptrace.c - a parent that single-steps its child.
 *
 * The child asks to be traced and runs into a breakpoint of its own, right before
 * the call. From there the parent lets it go instruction by instruction and looks
 * where it is. No code of the child is changed, no handler runs in it, and every
 * step is come to from the first: slower, and independent of all that step.c has
 * to be clever about. Behind a system call the system stops the child by itself.
 *
 * The child cannot outlive its parent: the system kills it then.
 *
 * On aarch64 a stop between a load-exclusive and its store-exclusive makes that
 * store fail, each time: the loop around them never ends. So breakpoints are put
 * where the sequence is left, and it runs through. It stores once or not at all,
 * at its end, so the moments within it are no other states of shared memory.
 *
 * Signals that come meanwhile are passed on; handlers of them are steps here, and
 * then it is another path than step.c's.
 */
#include "step/step_ptrace.h"

#include "step/ptrace_arch.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#if ARCH_HAS_STEP

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

/* offer_call - call(arg), behind a breakpoint. */
void offer_call(void (*call)(void *arg), void *arg)
	__attribute__((visibility("hidden")));
extern const char offer_begin[] __attribute__((visibility("hidden")));
extern const char offer_end[] __attribute__((visibility("hidden")));
__asm__(".pushsection .text\n" ARCH_STUB ".popsection\n");

struct follower {
	pid_t child;
	uint64_t pc;
	int signal; /* to be passed on; 0: none */
};

/* --- the child's memory and registers -------------------------------------- */

static int get_regs(pid_t child, struct user_regs_struct *ret_regs)
{
	struct iovec area = {ret_regs, sizeof(*ret_regs)};

	if (ptrace(PTRACE_GETREGSET, child, (void *)NT_PRSTATUS, &area) != 0)
		return -errno;
	return 0;
}

static int set_regs(pid_t child, struct user_regs_struct *regs)
{
	struct iovec area = {regs, sizeof(*regs)};

	if (ptrace(PTRACE_SETREGSET, child, (void *)NT_PRSTATUS, &area) != 0)
		return -errno;
	return 0;
}

static int read_word(pid_t child, uint64_t address, uint64_t *ret_word)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, child, (void *)(uintptr_t)address, NULL);
	if (errno)
		return -errno;
	*ret_word = (uint64_t)word;
	return 0;
}

static int write_word(pid_t child, uint64_t address, uint64_t word)
{
	if (ptrace(PTRACE_POKETEXT, child, (void *)(uintptr_t)address,
		    (void *)(uintptr_t)word) != 0)
		return -errno;
	return 0;
}

/* For struct arch_code. */
static int read_code(void *arg, uint64_t address, uint32_t *ret_code)
{
	const struct follower *follower = arg;
	uint64_t word;
	int err = read_word(follower->child, address, &word);

	if (!err)
		*ret_code = (uint32_t)word;
	return err;
}

/* --- going on -------------------------------------------------------------- */

/* Waits until it stands, and looks where. */
static int await_stop(struct follower *follower)
{
	struct user_regs_struct regs;
	int status, err;

	while (waitpid(follower->child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFSTOPPED(status))
		return -ECHILD;
	follower->signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
	err = get_regs(follower->child, &regs);
	if (err)
		return err == -ESRCH ? -ECHILD : err;
	follower->pc = arch_pc(&regs);
	return 0;
}

static int go(struct follower *follower, int request)
{
	intptr_t number = follower->signal;

	follower->signal = 0;
	if (ptrace(request, follower->child, NULL, (void *)number) != 0)
		return -errno;
	return await_stop(follower);
}

/* Lets it run to one of @exits. Any other stop will do as well: it is where it
 * is, and that is looked at. */
static int run_through(
	struct follower *follower, const uint64_t *exits, size_t count)
{
	uint64_t words[ARCH_EXITS_MAX];
	size_t planted = 0;
	int err = 0, go_err = 0;

	for (; planted < count; planted++) {
		err = read_word(
			follower->child, exits[planted], &words[planted]);
		if (!err)
			err = write_word(follower->child, exits[planted],
				(words[planted] & ~ARCH_BREAKPOINT_MASK) |
					ARCH_BREAKPOINT);
		if (err)
			break;
	}
	if (!err)
		go_err = go(follower, PTRACE_CONT);
	/* In reverse: two of them may share a word. */
	while (planted-- > 0 && go_err != -ECHILD)
		(void)write_word(
			follower->child, exits[planted], words[planted]);
	return err ? err : go_err;
}

/* One step on. */
static int step_on(struct follower *follower)
{
	const struct arch_code code = {read_code, follower};
	uint64_t exits[ARCH_EXITS_MAX];
	size_t count = arch_exclusive(&code, follower->pc, exits);

	if (count)
		return run_through(follower, exits, count);
	return go(follower, PTRACE_SINGLESTEP);
}

/* To the first instruction of the call. */
static int meet(pid_t child, struct follower *ret_follower)
{
	struct follower follower = {.child = child};
	struct user_regs_struct regs;
	int err;

	for (;;) {
		err = await_stop(&follower);
		if (err)
			return err;
		if (arch_after_breakpoint(follower.pc) ==
			(uint64_t)(uintptr_t)offer_begin)
			break;
		/* A signal, on its way there. */
		if (ptrace(PTRACE_CONT, child, NULL,
			    (void *)(intptr_t)follower.signal) != 0)
			return -errno;
	}
	if (ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)PTRACE_O_EXITKILL) !=
		0)
		return -errno;
	err = get_regs(child, &regs);
	if (err)
		return err;
	arch_set_pc(&regs, arch_after_breakpoint(follower.pc));
	err = set_regs(child, &regs);
	if (!err)
		err = go(&follower, PTRACE_SINGLESTEP);
	*ret_follower = follower;
	return err;
}

static bool at_end(const struct follower *follower)
{
	return follower->pc == (uint64_t)(uintptr_t)offer_end;
}

static int let_go(const struct follower *follower, int number)
{
	if (ptrace(PTRACE_DETACH, follower->child, NULL,
		    (void *)(intptr_t)number) != 0)
		return -errno;
	return 0;
}

/* What cannot be followed to its end is ended: it would stand for ever. Returns
 * @err. */
static int abandon(pid_t child, int err)
{
	if (err != -ECHILD) {
		(void)kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return err;
}

/* --- the functions of the header ------------------------------------------- */

int step_ptrace_offer(void (*call)(void *arg), void *arg)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		return -errno;
	offer_call(call, arg);
	return 0;
}

static int note_step(struct follower *follower, struct crash_trace *trace)
{
	uint32_t code = 0, flags = 0;
	int err = read_code(follower, follower->pc, &code);

	if (err)
		return err;
	if (trace->count &&
		trace->steps[trace->count - 1].flags & TRACE_SYSCALL)
		flags |= TRACE_BEHIND_SYSCALL;
	if (arch_is_syscall(code))
		flags |= TRACE_SYSCALL;
	trace_add(trace, follower->pc, flags);
	return 0;
}

int step_ptrace_record(pid_t child, struct crash_trace *trace)
{
	struct follower follower;
	int err = meet(child, &follower);

	while (!err && !at_end(&follower) && !trace->truncated) {
		err = note_step(&follower, trace);
		if (!err)
			err = step_on(&follower);
	}
	/* Where it could plant, only a process that may try it knows. */
	if (!err)
		err = trace_finish(trace, NULL);
	if (!err)
		err = let_go(&follower, follower.signal);
	if (err)
		return abandon(child, err);
	return trace->truncated ? -E2BIG : 0;
}

/* Instead of the system call it stands before. */
static int fail_call(const struct follower *follower, int err_number)
{
	struct user_regs_struct regs;
	int err = get_regs(follower->child, &regs);

	if (err)
		return err;
	arch_set_pc(&regs, follower->pc + ARCH_SYSCALL_BYTES);
	arch_return(&regs, -err_number);
	return set_regs(follower->child, &regs);
}

static int act(const struct follower *follower, size_t k,
	const struct step_action *action)
{
	int err = 0;

	switch (action->what) {
	case STEP_KILL:
		return kill(follower->child, SIGKILL) ? -errno : 0;
	case STEP_STOP:
		return let_go(follower, SIGSTOP);
	case STEP_FAIL:
		err = fail_call(follower, action->err);
		break;
	case STEP_CALLBACK:
		action->callback(action->arg, k);
		break;
	}
	return err ? err : let_go(follower, follower->signal);
}

/* Returns 1 if it is at step @k, 0 if it went another way. */
static int follow_to(
	struct follower *follower, const struct crash_trace *trace, size_t k)
{
	for (size_t at = 0; follower->pc == trace->steps[at].address; at++) {
		int err;

		if (at == k)
			return 1;
		err = step_on(follower);
		if (err)
			return err;
	}
	return 0;
}

int step_ptrace_run(pid_t child, const struct crash_trace *trace, size_t k,
	const struct step_action *action)
{
	struct follower follower;
	int reached, err;

	if (k >= trace->count ||
		(action->what == STEP_FAIL &&
			!(trace->steps[k].flags & TRACE_SYSCALL)))
		return abandon(child, -EINVAL);
	err = meet(child, &follower);
	if (err)
		return abandon(child, err);
	reached = follow_to(&follower, trace, k);
	if (reached < 0)
		return abandon(child, reached);
	err = reached ? act(&follower, k, action)
		      : let_go(&follower, follower.signal);
	return err ? abandon(child, err) : reached;
}

static void do_nothing(void *arg)
{
	(void)arg;
}

bool step_ptrace_available(const char **ret_reason)
{
	struct follower follower;
	pid_t child = fork();
	int err;

	if (child == 0)
		_exit(step_ptrace_offer(do_nothing, NULL) != 0);
	if (child > 0) {
		err = meet(child, &follower);
		(void)abandon(child, err);
		if (!err)
			return true;
	}
	if (ret_reason)
		*ret_reason =
			"ptrace(2) is not permitted here: a container "
			"needs CAP_SYS_PTRACE or a seccomp profile that "
			"lets it pass, and no other debugger may be there";
	return false;
}

#else /* a processor nobody has described in ptrace_arch.h */

int step_ptrace_offer(void (*call)(void *arg), void *arg)
{
	(void)call;
	(void)arg;
	return -ENOTSUP;
}

int step_ptrace_record(pid_t child, struct crash_trace *trace)
{
	(void)child;
	(void)trace;
	return -ENOTSUP;
}

int step_ptrace_run(pid_t child, const struct crash_trace *trace, size_t k,
	const struct step_action *action)
{
	(void)child;
	(void)trace;
	(void)k;
	(void)action;
	return -ENOTSUP;
}

bool step_ptrace_available(const char **ret_reason)
{
	if (ret_reason)
		*ret_reason = "stepping by ptrace(2) is written for x86-64 and "
			      "aarch64 only";
	return false;
}

#endif
