/* slow.c - busy waiting by counted turns; see slow.h.
 *
 * Turns rather than nanoseconds: who measures a change of a few percent of 100 ns
 * cannot look at a clock that costs 20. The shortest of many measurements tells
 * how long a turn is, as all others were interrupted.
 *
 * A processor goes on with what came before while it counts, so a delay of a few
 * nanoseconds can cost nothing. In a stream the delays of many messages are
 * therefore made up for at once, long enough for their beginning and end not to
 * matter, and between two fences. A round trip waits each time, before its send: it
 * is the median of them that is looked at, and nothing else is under way.
 *
 * To count messages costs something, too, and the fence. The other build does all of
 * it but the waiting.
 */
#include "gate/slow.h"

#include <math.h>
#include <stdint.h>

#include "base/deadline.h"
#include "transport/transport.h"

enum {
	TRIES = 50,
	TRY_TURNS = 20000,
	MOST_BETWEEN = 100000, /* messages */
};

#define LUMP_NS 400.0

static const struct transport *original;
static struct transport slowed;
static uint32_t turns; /* of one delay */
static unsigned every; /* message has one */
static unsigned since; /* messages */

static inline void fence(void)
{
#if defined(__x86_64__)
	__asm__ volatile("lfence" ::: "memory");
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

/* One and the same loop for all: alignment can make a turn take twice as long. */
static __attribute__((noinline)) void wait_turns(uint32_t count)
{
	while (count--)
		__asm__ volatile("");
}

static double turn_ns(void)
{
	static double least_ns;

	for (int i = 0; i < TRIES && least_ns <= 0; i++) {
		double best_ns = INFINITY;

		for (int k = 0; k < TRIES; k++) {
			uint64_t from = deadline_clock_ns(CLOCK_MONOTONIC);
			double took_ns;

			wait_turns(TRY_TURNS);
			took_ns = (double)(deadline_clock_ns(CLOCK_MONOTONIC) -
					   from);
			if (took_ns > 0 && took_ns < best_ns)
				best_ns = took_ns;
		}
		least_ns = best_ns / TRY_TURNS;
	}
	return least_ns;
}

static void delay(unsigned messages)
{
	since += messages;
	for (; since >= every; since -= every) {
		fence();
		wait_turns(turns);
		fence();
	}
}

static int slow_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	delay(1);
	return original->send(endpoint, message, timeout_ns);
}

static int slow_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	delay(count);
	return original->send_batch(endpoint, messages, count, timeout_ns);
}

const struct transport *slow_transport(const struct transport *transport,
	double delay_ns, bool each, bool waits)
{
	original = transport;
	every = each ? 1 : MOST_BETWEEN;
	if (!each && delay_ns > LUMP_NS / MOST_BETWEEN)
		every = (unsigned)ceil(LUMP_NS / delay_ns);
	turns = waits ? (uint32_t)lround(every * delay_ns / turn_ns()) : 0;
	slowed = *transport;
	slowed.send = slow_send;
	if (transport->send_batch)
		slowed.send_batch = slow_send_batch;
	return &slowed;
}
