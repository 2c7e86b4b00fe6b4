/* slow.c - busy waiting by counted turns; see slow.h.
 *
 * Turns rather than nanoseconds: who measures a change of a few percent of 100 ns
 * cannot look at a clock that costs 20. The shortest of many measurements tells
 * how long a turn is, as all others were interrupted.
 *
 * A sender waits before its call and a receiver behind it: the other way round, the
 * delay would pass while the message is on its way, and cost nothing.
 */
#include "gate/slow.h"

#include <math.h>

#include "deadline.h"
#include "transport.h"

enum {
	TRIES = 50,
	TRY_TURNS = 20000,
};

static const struct transport *original;
static struct transport slowed;
static uint32_t turns;
static uint32_t turns_more; /* of 2^32: so often one turn more */

static inline void wait_turns(uint32_t count)
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

/* Less than a turn is one turn now and then. */
static void delay(int messages)
{
	static uint32_t part;

	for (int i = 0; i < messages; i++) {
		uint32_t before = part;

		part += turns_more;
		wait_turns(turns + (part < before));
	}
}

static int slow_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	delay(1);
	return original->send(endpoint, message, timeout_ns);
}

static int slow_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int err = original->recv(endpoint, message, timeout_ns);

	delay(err == 0);
	return err;
}

static int slow_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	delay((int)count);
	return original->send_batch(endpoint, messages, count, timeout_ns);
}

static int slow_recv_batch(struct endpoint *endpoint, struct inbound *messages,
	unsigned count, uint64_t timeout_ns)
{
	int ret = original->recv_batch(endpoint, messages, count, timeout_ns);

	delay(ret);
	return ret;
}

static int slow_recv_view(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int err = original->recv_view(endpoint, message, timeout_ns);

	delay(err == 0);
	return err;
}

const struct transport *slow_transport(
	const struct transport *transport, double delay_ns)
{
	double count, whole;

	if (!(delay_ns > 0))
		return transport;
	count = modf(delay_ns / turn_ns(), &whole);
	original = transport;
	turns = (uint32_t)whole;
	turns_more = (uint32_t)(count * 4294967295.0);
	slowed = *transport;
	slowed.send = slow_send;
	slowed.recv = slow_recv;
	if (transport->send_batch)
		slowed.send_batch = slow_send_batch;
	if (transport->recv_batch)
		slowed.recv_batch = slow_recv_batch;
	if (transport->recv_view)
		slowed.recv_view = slow_recv_view;
	return &slowed;
}
