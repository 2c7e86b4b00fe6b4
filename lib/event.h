/* event.h - waiting for another process, without ever missing it for good.
 */
#ifndef MIPC_EVENT_H
#define MIPC_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"
#include "pace.h"

/* The time one call may take, over all the things it waits for. The clock is
 * first read when there is something to wait for. */
struct wait {
	uint64_t timeout_ns;
	uint64_t deadline_ns; /* 0 until the clock was read */
	uint32_t spin_us;     /* as in struct mipc_options */
	struct pace *pace;    /* for the default; NULL: always look */
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

/* event_await - look, then sleep, until @condition is met.
 * Returns 0; -EAGAIN (polling); -ETIMEDOUT; what hopeless() said. */
int event_await(struct mipc_event *event, const struct condition *condition,
	struct wait *wait);

/* event_notify - after having made a condition true: wake up to @count of
 * those who sleep for it. Without sleepers: a fence and a load. */
void event_notify(struct mipc_event *event, int count);

/* event_notify_unlocked - the same right after lock_release(), which on some
 * processors is the fence already. */
void event_notify_unlocked(struct mipc_event *event, int count);

#endif
