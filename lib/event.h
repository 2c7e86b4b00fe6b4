/* event.h - waiting for another process, without ever missing it for good.
 */
#ifndef MIPC_EVENT_H
#define MIPC_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"
#include "pace.h"
#include "platform.h"

struct counters;

/* The time one call may take, over all the things it waits for. The clock is
 * first read when there is something to wait for. */
struct wait {
	uint64_t timeout_ns;
	uint64_t deadline_ns;	   /* 0 until the clock was read */
	uint32_t spin_us;	   /* as in struct mipc_options */
	struct pace *pace;	   /* for the default; NULL: always look */
	struct counters *counters; /* to be told of the wait; or NULL */
};

static inline bool wait_polls(const struct wait *wait)
{
	return wait->timeout_ns == 0;
}

/* wait_left_ns - at most @at_most_ns; 0 when the time is up. */
uint64_t wait_left_ns(struct wait *wait, uint64_t at_most_ns);

/* What is waited for. */
struct condition {
	bool (*met)(void *arg);
	/* hopeless - will it never be met? Asked before each nap and when the
	 * time is up, so in every wait in vain; may make system calls, and may
	 * have the condition met. Returns 0 or the error that ends the wait.
	 * NULL: always hope. */
	int (*hopeless)(void *arg);
	void *arg;
};

/* No sleep is longer. Only tests change it: with a nap that never ends by itself
 * they see that they were woken. */
extern uint64_t event_nap_max_ns;

/* event_await - look, then sleep, until @condition is met.
 * Returns 0; -EAGAIN (polling); -ETIMEDOUT; what hopeless() said. */
int event_await(struct mipc_event *event, const struct condition *condition,
	struct wait *wait);

/* Bits of an event's word; the rest counts wake-ups. */
#define EVENT_MAYBE_ASLEEP UINT32_C(1)
#define EVENT_NEWLY_ASLEEP UINT32_C(2) /* since the last wake-up */

/* event_wake - the slow half of the two below: the word was @word. */
void event_wake(struct mipc_event *event, uint32_t word, int count);

/* event_notify - after having made a condition true: wake up to @count of
 * those who sleep for it. Without sleepers: a fence and a load. */
static inline void event_notify(struct mipc_event *event, int count)
{
	uint32_t word;

	/* W4: after W3, the commit. seq_cst: pairs with W1. Left out, it shows
	 * in tests/model (BREAK_NO_FENCE) and, with luck, in test_wake. */
	atomic_thread_fence(memory_order_seq_cst);
	/* relaxed: the fence orders it */
	word = atomic_load_explicit(&event->word, memory_order_relaxed);
	if (__builtin_expect((word & EVENT_MAYBE_ASLEEP) != 0, 0))
		event_wake(event, word, count);
}

/* event_notify_unlocked - the same right after lock_release(), which on some
 * processors is the fence already. */
static inline void event_notify_unlocked(struct mipc_event *event, int count)
{
	uint32_t word;

	/* W4, by the exchange that freed the lock where that suffices */
	platform_fence_after_exchange();
	/* relaxed: as above */
	word = atomic_load_explicit(&event->word, memory_order_relaxed);
	if (__builtin_expect((word & EVENT_MAYBE_ASLEEP) != 0, 0))
		event_wake(event, word, count);
}

#endif
