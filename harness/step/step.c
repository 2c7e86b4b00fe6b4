/* step.c - a process that single-steps itself, and strikes itself.
 *
 * With the trap flag set the processor raises SIGTRAP behind each instruction,
 * with the address of the next one; the handler notes it, or counts. That takes a
 * microsecond or more each, so a trial lets the call run freely up to a breakpoint
 * (a byte of 0xcc, planted in this process's own copy of the page) at the anchor
 * of its step (trace.c), and only from there step by step. Where the call was at the
 * anchor before, the byte is taken out for one step and planted again. A step is
 * made with a breakpoint at the next one where the trace tells which that is: the
 * flag's trap makes the system read a debug register, which on a virtual machine
 * costs ten times what a breakpoint does.
 *
 * What makes it exact:
 *  - The flag is set right before the call instruction and taken back by the
 *    handler where the call returns, so not one instruction is seen that is not
 *    the call's.
 *  - The handler calls nothing, not even memcpy() or kill(): a breakpoint may
 *    stand in those. It has a stack of its own, since the call's may be small,
 *    and its state is in this file alone.
 *  - Behind a system call the flag works one instruction late. The moment right
 *    behind it, which is a step, too, is reached by a breakpoint.
 *  - Each trap's address is compared with the trace. A call that has left the path
 *    that was recorded is not struck at some other place under a wrong name.
 *
 * SIGKILL is raised in the handler, before the instruction of step k: what shared
 * memory holds is what the instructions before it stored, in program order. The
 * frame of the handler is private, and so is the planted byte, which is taken out
 * before for the sake of those who lent their memory (crash/host.c).
 *
 * Not done: other threads (their traps would be counted), handlers of signals that
 * come in the midst of the call (they run unseen), and calls that block SIGTRAP.
 */
#include "step/step.h"

#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __x86_64__

enum {
	TRAP_FLAG = 0x100,
	BREAKPOINT = 0xcc,
	LOCK_PREFIX = 0xf0,
	SYSCALL_BYTES = 2,
	PAGE_BYTES = 4096,
	SEGMENTS_MAX = 8,
	/* A frame with all of AVX-512 is 3.5 KiB. */
	STACK_BYTES = 32 << 10,
};

static struct {
	void (*on_trap)(greg_t *regs, uint64_t address);
	pid_t pid;

	/* Recording. */
	struct crash_trace *recorded;
	uint64_t behind; /* the last step was the system call before it; or 0 */

	/* Running. */
	const struct crash_trace *trace;
	const struct step_action *action;
	size_t k;
	size_t at; /* the step that the last trap was; SIZE_MAX: none yet */
	bool done;

	/* What is planted; NULL: nothing. */
	volatile uint8_t *planted;
	uint8_t original;
	size_t planted_step;
	size_t anchor;
	uint32_t visits; /* to the anchor before its time */
	size_t visit;	 /* the step that the next of them is at or behind */
	bool past;	 /* this step leads past it */
} engine;

static _Alignas(64) uint8_t handler_stack[STACK_BYTES];

/* stub_call - call(arg), with @flags in the flags register from the call
 * instruction on. Its first trap is at the first instruction of @call, its last
 * at stub_done. */
void stub_call(void (*call)(void *arg), void *arg, uint64_t flags)
	__attribute__((visibility("hidden")));
extern const char stub_done[] __attribute__((visibility("hidden")));
__asm__(".pushsection .text\n"
	".type stub_call, @function\n"
	"stub_call:\n"
	".cfi_startproc\n\t"
	"pushq %rbp\n\t"
	".cfi_def_cfa_offset 16\n\t"
	".cfi_offset %rbp, -16\n\t"
	"movq %rsp, %rbp\n\t"
	".cfi_def_cfa_register %rbp\n\t"
	"movq %rdi, %rax\n\t"
	"movq %rsi, %rdi\n\t"
	"pushfq\n\t"
	"orq %rdx, (%rsp)\n\t"
	"popfq\n\t"
	"callq *%rax\n"
	"stub_done:\n\t"
	"popq %rbp\n\t"
	".cfi_def_cfa %rsp, 8\n\t"
	"retq\n"
	".cfi_endproc\n"
	".size stub_call, .-stub_call\n"
	".popsection\n");

static bool is_syscall(uint64_t address)
{
	const uint8_t *code = (const uint8_t *)(uintptr_t)address;

	/* No instruction of one byte is 0x0f: there is a second one. */
	return code[0] == 0x0f && code[1] == 0x05;
}

static void trap_from_here(greg_t *regs)
{
	regs[REG_EFL] |= TRAP_FLAG;
}

static void trap_no_more(greg_t *regs)
{
	regs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

/* --- recording ------------------------------------------------------------- */

static void record_trap(greg_t *regs, uint64_t address)
{
	struct crash_trace *trace = engine.recorded;
	bool syscall_next;

	if (engine.behind)
		trace_add(trace, engine.behind, TRACE_BEHIND_SYSCALL);
	engine.behind = 0;
	if (address == (uint64_t)(uintptr_t)stub_done) {
		trap_no_more(regs);
		return;
	}
	syscall_next = is_syscall(address);
	trace_add(trace, address, syscall_next ? TRACE_SYSCALL : 0);
	if (syscall_next)
		engine.behind = address + SYSCALL_BYTES;
	if (trace->truncated)
		trap_no_more(regs);
}

/* Segments of code that are writable since before the fork, see step_open(). */
struct segment {
	uint64_t from, to;
	bool writable;
};

static struct {
	struct segment segments[SEGMENTS_MAX];
	unsigned count;
} opened;

/* Its segment, if it was tried to open it; else NULL. */
static const struct segment *segment_of(uint64_t address)
{
	for (unsigned i = 0; i < opened.count; i++)
		if (address >= opened.segments[i].from &&
			address < opened.segments[i].to)
			return &opened.segments[i];
	return NULL;
}

/* --- running --------------------------------------------------------------- */

/* kill(2), without a breakpoint in it. */
static void signal_self(int number)
{
	long rc = SYS_kill;

	__asm__ volatile("syscall"
			 : "+a"(rc)
			 : "D"((long)engine.pid), "S"((long)number)
			 : "rcx", "r11", "memory");
}

static void plant(size_t step)
{
	engine.planted =
		(uint8_t *)(uintptr_t)engine.trace->steps[step].address;
	engine.planted_step = step;
	engine.original = *engine.planted;
	*engine.planted = BREAKPOINT;
}

static void unplant(void)
{
	if (engine.planted)
		*engine.planted = engine.original;
	engine.planted = NULL;
}

static void act(greg_t *regs)
{
	const struct step_action *action = engine.action;

	engine.done = true;
	/* A plain store: who reads it has waited for the stop or the end. */
	if (action->struck)
		*action->struck = true;
	switch (action->what) {
	case STEP_KILL:
		signal_self(SIGKILL);
		break;
	case STEP_STOP:
		signal_self(SIGSTOP);
		break;
	case STEP_FAIL:
		/* As the system leaves them behind a call. */
		regs[REG_RIP] += SYSCALL_BYTES;
		regs[REG_RCX] = regs[REG_RIP];
		regs[REG_R11] = regs[REG_EFL];
		regs[REG_RAX] = -action->err;
		break;
	case STEP_CALLBACK:
		action->callback(action->arg, engine.k);
		break;
	}
}

/* Is there a byte to plant at, without asking the system? */
static bool can_plant_now(uint64_t address)
{
	const struct segment *segment = segment_of(address);

	return segment && segment->writable &&
	       (address % PAGE_BYTES == 0 ||
		       *(const uint8_t *)(uintptr_t)(address - 1) !=
			       LOCK_PREFIX);
}

/* Run from step @at to the next one, and no further: up to a breakpoint there, or,
 * where none can stand, by the trap flag. */
static void one_step(greg_t *regs, size_t at)
{
	const struct trace_step *steps = engine.trace->steps;
	size_t next = at + 1;
	bool can = next < engine.trace->count &&
		   steps[next].address != steps[at].address &&
		   can_plant_now(steps[next].address);

	/* Behind a system call the flag is one too late; so step_run() has seen
	 * to it that a byte can be planted at step k if it is there. */
	if (can || (next == engine.k &&
			   steps[next].flags & TRACE_BEHIND_SYSCALL)) {
		plant(next);
		trap_no_more(regs);
	} else {
		trap_from_here(regs);
	}
}

/* A visit to the anchor before its time, or the step that leads past it. */
static void pass_by(greg_t *regs)
{
	const struct trace_step *steps = engine.trace->steps;
	uint64_t anchor = steps[engine.anchor].address;

	if (engine.past) {
		if (engine.planted)
			regs[REG_RIP] = (greg_t)(uintptr_t)engine.planted;
		unplant();
		engine.past = false;
		plant(engine.anchor);
		trap_no_more(regs);
		return;
	}
	engine.visits--;
	regs[REG_RIP] = (greg_t)anchor;
	unplant();
	/* which of its visits is this? */
	while (engine.visit < engine.anchor &&
		steps[engine.visit].address != anchor)
		engine.visit++;
	engine.past = true;
	one_step(regs, engine.visit++);
}

static void run_trap(greg_t *regs, uint64_t address)
{
	const struct trace_step *steps = engine.trace->steps;
	size_t at;

	if (engine.past || (engine.planted && engine.visits)) {
		pass_by(regs);
		return;
	}
	if (engine.planted) {
		address = (uint64_t)(uintptr_t)engine.planted;
		regs[REG_RIP] = (greg_t)address;
		at = engine.planted_step;
		unplant();
	} else {
		at = engine.at + 1;
		if (at && steps[at - 1].flags & TRACE_SYSCALL)
			at++; /* behind it there was no trap */
	}
	engine.at = at;
	trap_no_more(regs);
	/* Past the last step it is stub_done, at which no step is. */
	if (at > engine.k || steps[at].address != address)
		return;
	if (at == engine.k)
		act(regs);
	else
		one_step(regs, at);
}

/* --- both ------------------------------------------------------------------ */

static void on_trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;
	greg_t *regs = interrupted->uc_mcontext.gregs;

	(void)number;
	(void)info;
	engine.on_trap(regs, (uint64_t)regs[REG_RIP]);
}

/* Open the segment of @arg, if it is one of this module. */
static int open_segment(struct dl_phdr_info *info, size_t size, void *arg)
{
	uint64_t address = *(const uint64_t *)arg;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uint64_t from = info->dlpi_addr + part->p_vaddr;
		uint64_t to = from + part->p_memsz;

		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) ||
			address < from || address >= to)
			continue;
		from &= ~(uint64_t)(PAGE_BYTES - 1);
		to = (to + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
		opened.segments[opened.count++] = (struct segment){from, to,
			mprotect((void *)(uintptr_t)from, to - from,
				PROT_READ | PROT_WRITE | PROT_EXEC) == 0};
		return 1;
	}
	return 0;
}

void step_open(const struct crash_trace *trace)
{
	for (size_t k = 0; k < trace->count && opened.count < SEGMENTS_MAX; k++)
		if (!segment_of(trace->steps[k].address))
			dl_iterate_phdr(open_segment,
				&(uint64_t){trace->steps[k].address});
}

/* Pages of code are private: what is written to one, this process alone sees. */
static bool make_writable(uint64_t address)
{
	uintptr_t page = (uintptr_t)address & ~(uintptr_t)(PAGE_BYTES - 1);
	const struct segment *segment = segment_of(address);

	if (segment && segment->writable)
		return true;
	return mprotect((void *)page, PAGE_BYTES,
		       PROT_READ | PROT_WRITE | PROT_EXEC) == 0;
}

/* Where code jumps over a lock prefix, the instruction behind it is part of the
 * longer one that begins with it, which may be executed before. */
static bool can_plant(uint64_t address)
{
	static uint64_t known_page;
	static bool known;
	uint64_t page = address / PAGE_BYTES;

	if (page != known_page) {
		known_page = page;
		known = make_writable(address);
	}
	return known && (address % PAGE_BYTES == 0 ||
				*(const uint8_t *)(uintptr_t)(address - 1) !=
					LOCK_PREFIX);
}

bool step_available(const char **ret_reason)
{
	(void)ret_reason;
	return true;
}

struct before {
	struct sigaction action;
	stack_t stack;
};

static int install(struct before *ret_before)
{
	const stack_t stack = {
		.ss_sp = handler_stack,
		.ss_size = sizeof(handler_stack),
	};
	struct sigaction action = {
		.sa_sigaction = on_trap,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	engine.pid = getpid();
	if (sigaltstack(&stack, &ret_before->stack) != 0 ||
		sigaction(SIGTRAP, &action, &ret_before->action) != 0)
		return -errno;
	return 0;
}

static void uninstall(const struct before *before)
{
	(void)sigaction(SIGTRAP, &before->action, NULL);
	(void)sigaltstack(&before->stack, NULL);
}

int step_record(struct crash_trace *trace, void (*call)(void *arg), void *arg)
{
	struct before before;
	int err = install(&before);

	if (err)
		return err;
	engine.on_trap = record_trap;
	engine.recorded = trace;
	engine.behind = 0;
	stub_call(call, arg, TRAP_FLAG);
	uninstall(&before);
	err = trace_finish(trace, can_plant);
	if (err)
		return err;
	return trace->truncated ? -E2BIG : 0;
}

int step_run(const struct crash_trace *trace, size_t k,
	const struct step_action *action, void (*call)(void *arg), void *arg)
{
	const struct trace_step *step = &trace->steps[k];
	struct before before;
	bool planted;
	int err;

	if (k >= trace->count ||
		(action->what == STEP_FAIL && !(step->flags & TRACE_SYSCALL)))
		return -EINVAL;
	err = install(&before);
	if (err)
		return err;
	engine.on_trap = run_trap;
	engine.trace = trace;
	engine.action = action;
	engine.k = k;
	engine.at = SIZE_MAX;
	engine.done = false;
	engine.visits = 0;
	engine.past = false;
	/* Behind a system call there is no other way. */
	if (step->flags & TRACE_BEHIND_SYSCALL && step->anchor != k &&
		!make_writable(step->address))
		goto exit;
	planted = step->anchor != TRACE_NO_ANCHOR &&
		  make_writable(trace->steps[step->anchor].address);
	/* From here on nothing is called but the call. */
	if (planted) {
		engine.visits = trace->steps[step->anchor].earlier;
		engine.anchor = step->anchor;
		engine.visit = 0;
		plant(step->anchor);
	}
	stub_call(call, arg, planted ? 0 : TRAP_FLAG);
	unplant();
exit:
	uninstall(&before);
	return engine.done;
}

#else /* no trap flag */

bool step_available(const char **ret_reason)
{
	if (ret_reason)
		*ret_reason = "a process can step itself on x86-64 only";
	return false;
}

void step_open(const struct crash_trace *trace)
{
	(void)trace;
}

int step_record(struct crash_trace *trace, void (*call)(void *arg), void *arg)
{
	(void)trace;
	(void)call;
	(void)arg;
	return -ENOTSUP;
}

int step_run(const struct crash_trace *trace, size_t k,
	const struct step_action *action, void (*call)(void *arg), void *arg)
{
	(void)trace;
	(void)k;
	(void)action;
	(void)call;
	(void)arg;
	return -ENOTSUP;
}

#endif
