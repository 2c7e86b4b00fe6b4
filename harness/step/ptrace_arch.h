/* ptrace_arch.h - what step_ptrace.c must know of a processor.
 *
 *	arch_pc, arch_set_pc		where it is
 *	arch_is_syscall			by the four bytes at an address
 *	arch_return			as if a system call had returned
 *	arch_after_breakpoint		of the stub: where to go on
 *	arch_exclusive			a sequence that must not be stopped in
 *	ARCH_BREAKPOINT, its mask	as a number in memory
 *
 * struct user_regs_struct is the system's, of one name for each of them. Included by
 * step_ptrace.c only; ARCH_HAS_STEP is 1 where it is all there.
 */
#ifndef IPCMARK_STEP_PTRACE_ARCH_H
#define IPCMARK_STEP_PTRACE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

/* Reads four bytes of code of the process that is followed. */
struct arch_code {
	int (*read)(void *arg, uint64_t address, uint32_t *ret_code);
	void *arg;
};

enum { ARCH_EXITS_MAX = 8 };

#if defined(__x86_64__)
#define ARCH_HAS_STEP 1

enum { ARCH_SYSCALL_BYTES = 2 };

static inline uint64_t arch_pc(const struct user_regs_struct *regs)
{
	return regs->rip;
}

static inline void arch_set_pc(struct user_regs_struct *regs, uint64_t pc)
{
	regs->rip = pc;
}

static inline bool arch_is_syscall(uint32_t code)
{
	return (code & 0xffff) == 0x050f;
}

static inline void arch_return(struct user_regs_struct *regs, int64_t result)
{
	regs->rax = (uint64_t)result;
}

/* It is reported behind it already. */
static inline uint64_t arch_after_breakpoint(uint64_t pc)
{
	return pc;
}

#define ARCH_BREAKPOINT UINT64_C(0xcc)
#define ARCH_BREAKPOINT_MASK UINT64_C(0xff)

/* A locked instruction is one instruction. */
static inline size_t arch_exclusive(const struct arch_code *code, uint64_t pc,
	uint64_t exits[ARCH_EXITS_MAX])
{
	(void)code;
	(void)pc;
	(void)exits;
	return 0;
}

#define ARCH_STUB                        \
	".type offer_call, @function\n"  \
	"offer_call:\n"                  \
	".cfi_startproc\n\t"             \
	"pushq %rbp\n\t"                 \
	".cfi_def_cfa_offset 16\n\t"     \
	".cfi_offset %rbp, -16\n\t"      \
	"movq %rsp, %rbp\n\t"            \
	".cfi_def_cfa_register %rbp\n\t" \
	"movq %rdi, %rax\n\t"            \
	"movq %rsi, %rdi\n\t"            \
	"int3\n"                         \
	"offer_begin:\n\t"               \
	"callq *%rax\n"                  \
	"offer_end:\n\t"                 \
	"popq %rbp\n\t"                  \
	".cfi_def_cfa %rsp, 8\n\t"       \
	"retq\n"                         \
	".cfi_endproc\n"                 \
	".size offer_call, .-offer_call\n"

#elif defined(__aarch64__)
#define ARCH_HAS_STEP 1

enum { ARCH_SYSCALL_BYTES = 4, ARCH_CODE_BYTES = 4, ARCH_SEQUENCE_MAX = 32 };

static inline uint64_t arch_pc(const struct user_regs_struct *regs)
{
	return regs->pc;
}

static inline void arch_set_pc(struct user_regs_struct *regs, uint64_t pc)
{
	regs->pc = pc;
}

/* svc #0 */
static inline bool arch_is_syscall(uint32_t code)
{
	return code == 0xd4000001;
}

static inline void arch_return(struct user_regs_struct *regs, int64_t result)
{
	regs->regs[0] = (uint64_t)result;
}

/* It is reported at it. */
static inline uint64_t arch_after_breakpoint(uint64_t pc)
{
	return pc + ARCH_CODE_BYTES;
}

/* brk #0 */
#define ARCH_BREAKPOINT UINT64_C(0xd4200000)
#define ARCH_BREAKPOINT_MASK UINT64_C(0xffffffff)

/* Of the loads and stores "exclusive", bit 22 tells which of the two. Those of
 * pairs have bit 21, and size 2 or 3: with 0 or 1 it is CASP, one instruction. */
static inline bool arch_is_exclusive(uint32_t code, bool load)
{
	if ((code & 0x3fc00000) != (load ? 0x08400000u : 0x08000000u))
		return false;
	return !(code & 1u << 21) || code & 1u << 31;
}

/* The number in @bits bits from bit @low on, with its sign, of instructions. */
static inline uint64_t arch_target(
	uint64_t pc, uint32_t code, unsigned low, unsigned bits)
{
	uint64_t number = code >> low & ((UINT64_C(1) << bits) - 1);
	uint64_t sign = UINT64_C(1) << (bits - 1);

	return pc + ((number ^ sign) - sign) * ARCH_CODE_BYTES;
}

/* Where a conditional branch leads; 0: it is none. */
static inline uint64_t arch_branch(uint64_t pc, uint32_t code)
{
	if ((code & 0xff000000) == 0x54000000) /* b.cond, bc.cond */
		return arch_target(pc, code, 5, 19);
	if ((code & 0x7e000000) == 0x34000000) /* cbz, cbnz */
		return arch_target(pc, code, 5, 19);
	if ((code & 0x7e000000) == 0x36000000) /* tbz, tbnz */
		return arch_target(pc, code, 5, 14);
	return 0;
}

/* Anything else that does not go on with the next instruction. */
static inline bool arch_leaves(uint32_t code)
{
	return (code & 0x7c000000) == 0x14000000 || /* b, bl */
	       (code & 0xfe000000) == 0xd6000000 || /* br, blr, ret */
	       (code & 0xff000000) == 0xd4000000;   /* svc, brk, ... */
}

/* A stop takes the reservation away, so a loop that is stopped in each turn never
 * ends. Finds where the sequence that begins at @pc is left: behind its store,
 * and by branches out of it. Branches within it need nothing. Returns how many
 * exits; 0: there is no sequence, or none that can be seen through. */
static inline size_t arch_exclusive(const struct arch_code *code, uint64_t pc,
	uint64_t exits[ARCH_EXITS_MAX])
{
	size_t count = 0, kept = 0;
	uint64_t end = 0;
	uint32_t word;

	if (code->read(code->arg, pc, &word) || !arch_is_exclusive(word, true))
		return 0;
	for (unsigned i = 1; i < ARCH_SEQUENCE_MAX && !end; i++) {
		uint64_t at = pc + (uint64_t)i * ARCH_CODE_BYTES;
		uint64_t target;

		if (code->read(code->arg, at, &word) || arch_leaves(word) ||
			arch_is_exclusive(word, true))
			return 0;
		target = arch_branch(at, word);
		if (target) {
			if (count == ARCH_EXITS_MAX - 1)
				return 0;
			exits[count++] = target;
		}
		if (arch_is_exclusive(word, false))
			end = at + ARCH_CODE_BYTES;
	}
	if (!end)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (exits[i] < pc || exits[i] > end)
			exits[kept++] = exits[i];
	exits[kept++] = end;
	return kept;
}

#define ARCH_STUB                       \
	".type offer_call, %function\n" \
	"offer_call:\n"                 \
	".cfi_startproc\n\t"            \
	"stp x29, x30, [sp, #-16]!\n\t" \
	".cfi_def_cfa_offset 16\n\t"    \
	".cfi_offset x29, -16\n\t"      \
	".cfi_offset x30, -8\n\t"       \
	"mov x29, sp\n\t"               \
	"mov x9, x0\n\t"                \
	"mov x0, x1\n\t"                \
	"brk #0\n"                      \
	"offer_begin:\n\t"              \
	"blr x9\n"                      \
	"offer_end:\n\t"                \
	"ldp x29, x30, [sp], #16\n\t"   \
	".cfi_restore x29\n\t"          \
	".cfi_restore x30\n\t"          \
	".cfi_def_cfa_offset 0\n\t"     \
	"ret\n"                         \
	".cfi_endproc\n"                \
	".size offer_call, .-offer_call\n"

#else
#define ARCH_HAS_STEP 0
#endif

#endif
