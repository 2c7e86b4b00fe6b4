/* deadline.h - time-outs of the transports: relative in, absolute inside.
 *
 * An operation first tries without looking at the clock; only one that has to
 * wait turns its relative time-out into a deadline. UINT64_MAX never comes.
 */
#ifndef IPCMARK_BASE_DEADLINE_H
#define IPCMARK_BASE_DEADLINE_H

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t deadline_clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* deadline_after - now plus @timeout_ns on CLOCK_MONOTONIC; saturates. */
static inline uint64_t deadline_after(uint64_t timeout_ns)
{
	uint64_t now = deadline_clock_ns(CLOCK_MONOTONIC);

	return timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;
}

/* deadline_left_ns - 0 once it has passed. */
static inline uint64_t deadline_left_ns(uint64_t deadline_ns)
{
	uint64_t now = deadline_clock_ns(CLOCK_MONOTONIC);

	return deadline_ns > now ? deadline_ns - now : 0;
}

/* deadline_code - what a wait that came to nothing returns. */
static inline int deadline_code(uint64_t timeout_ns)
{
	return timeout_ns ? -ETIMEDOUT : -EAGAIN;
}

static inline struct timespec deadline_timespec(uint64_t ns)
{
	const uint64_t most_s = UINT64_C(1) << 31; /* fits every time_t */
	struct timespec out = {.tv_sec = (time_t)most_s};

	if (ns / 1000000000u < most_s) {
		out.tv_sec = (time_t)(ns / 1000000000u);
		out.tv_nsec = (long)(ns % 1000000000u);
	}
	return out;
}

static inline void deadline_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* deadline_spin - one turn of a busy wait; false once @deadline_ns has passed.
 * @turn: the caller's counter, from 0. The clock is read every 64 turns. From
 * 4096 turns on, far longer than any line takes, the processor is offered to
 * others each time: the peer may need this very one. */
static inline bool deadline_spin(unsigned *turn, uint64_t deadline_ns)
{
	++*turn;
	if (*turn % 64 == 0) {
		if (!deadline_left_ns(deadline_ns))
			return false;
		if (*turn >= 4096)
			sched_yield();
	}
	deadline_relax();
	return true;
}

#endif
