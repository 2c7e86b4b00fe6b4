/* trap.h - a signal after every instruction, for tests that do something at each.
 *
 * Between trap_on() and trap_off() a SIGTRAP comes behind each instruction, but
 * for system calls, which are one step. Only where TRAP_CAN_STEP.
 *
 * Where the tests run in qemu with its plug-in (qemu_kill.c), what can be done at
 * an instruction is to die.
 */
#ifndef MIPC_TESTS_TRAP_H
#define MIPC_TESTS_TRAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include "qemu_kill.h"

#ifdef __x86_64__
/* Flag TF. Below the red zone. */
static inline void trap_on(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "orq $0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp" ::
				 : "memory", "cc");
}

static inline void trap_off(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "andq $~0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp" ::
				 : "memory", "cc");
}
#define TRAP_CAN_STEP true

/* trap_at_system_call - in the handler: is the next instruction one? */
static inline bool trap_at_system_call(const void *context)
{
	const ucontext_t *at = context;
	const uint8_t *next = (const uint8_t *)at->uc_mcontext.gregs[REG_RIP];

	return next[0] == 0x0f && next[1] == 0x05;
}
#else
static inline void trap_on(void)
{
}

static inline void trap_off(void)
{
}

static inline bool trap_at_system_call(const void *context)
{
	(void)context;
	return false;
}
#define TRAP_CAN_STEP false
#endif

static inline bool trap_in_qemu(void)
{
	return getenv("MIPC_TEST_QEMU_KILL") != NULL;
}

/* SIGKILL before the @steps-th instruction from here; 0: none after all. */
static inline void trap_kill_in_qemu(unsigned long steps)
{
	prctl(QEMU_KILL, steps, 0, 0, 0);
}

/* Every n-th step, since a trap costs some 20 us on a virtual machine; where to
 * begin is another one each time. MIPC_TEST_STRIDE=1 in the environment: all.
 * Sanitizers make a call many times as long. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TRAP_STRIDE 41
#else
#define TRAP_STRIDE 3
#endif

#endif
