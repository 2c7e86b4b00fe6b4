/* park.c - a fault that waits.
 *
 * States of a worker's slot: PARK_NO -> PARK_ASKED (parent) -> PARKED (the
 * handler) -> PARK_NO (parent: go on). A parked worker is usually killed; if it
 * turns out not to hold the lock, it goes on as if nothing had been.
 */
#include "run/park.h"

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

#include "run/control.h"
#include "step/whence.h"

enum { POLL_NS = 100000 };

/* Of the one worker that this process is. */
static struct {
	char *memory;
	size_t len;
	struct worker_slot *slot;
} here;

static void on_fault(int signal_number, siginfo_t *info, void *context)
{
	const struct timespec nap = {.tv_nsec = POLL_NS};
	uint32_t state = PARK_ASKED;
	uintptr_t offset = (uintptr_t)info->si_addr - (uintptr_t)here.memory;

	if (offset >= here.len) {
		/* A real one: once more, without us. */
		signal(signal_number, SIG_DFL);
		return;
	}
	/* relaxed: the store behind it publishes it */
	atomic_store_explicit(&here.slot->parked_at, whence_of_signal(context),
		memory_order_relaxed);
	/* Not where the parent has lost its patience: it would not come back.
	 * release, acquire: with the parent in fault_holder.c */
	atomic_compare_exchange_strong_explicit(&here.slot->park, &state,
		PARKED, memory_order_release, memory_order_relaxed);
	while (atomic_load_explicit(&here.slot->park, memory_order_acquire) ==
		PARKED)
		nanosleep(&nap, NULL);
	park_disarm();
}

void park_prepare(void *memory, size_t len, struct worker_slot *slot)
{
	struct sigaction action = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO,
	};

	here.memory = memory;
	here.len = len;
	here.slot = slot;
	sigemptyset(&action.sa_mask);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL); /* what other systems send */
}

void park_arm(void)
{
	mprotect(here.memory, here.len, PROT_NONE);
}

void park_disarm(void)
{
	mprotect(here.memory, here.len, PROT_READ | PROT_WRITE);
}
