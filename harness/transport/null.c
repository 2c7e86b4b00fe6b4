/* null.c - no transport at all: what the harness itself costs.
 *
 * One worker sends and receives. A message is its own pointer, kept until the
 * worker takes it back, so all that is measured is making messages, checking
 * them, and the calls. Nothing can be faster in this harness; a figure near
 * this one says more about the harness than about its transport.
 *
 * It spins whatever `wait` says. There is nobody who could end a wait, so a call
 * with a time-out simply lasts that long.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/deadline.h"
#include "transport/transport.h"

/* Places in a circle, each of which says itself whether it is taken: with counts
 * and a mask it takes half as many instructions again, and they would be a part
 * of what is measured. */
struct null_place {
	struct outbound message;
	struct null_place *next;
	bool taken;
};

struct null_channel {
	struct null_place *in;	    /* the next one to send to ... */
	struct null_place *out;	    /* ... and to receive from */
	struct null_place places[]; /* one batch */
};

static void null_destroy(struct channel *channel)
{
	free(channel);
}

static int null_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	unsigned places = config->batch ? config->batch : 1;
	struct null_channel *null =
		calloc(1, sizeof(*null) + places * sizeof(null->places[0]));

	if (!null)
		return -ENOMEM;
	for (unsigned i = 0; i < places; i++)
		null->places[i].next = &null->places[(i + 1) % places];
	null->in = null->out = &null->places[0];
	*ret_channel = (struct channel *)null;
	return 0;
}

static int null_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	(void)role;
	(void)index;
	*ret_endpoint = (struct endpoint *)channel;
	return 0;
}

static int null_wait(uint64_t timeout_ns)
{
	uint64_t deadline_ns;
	unsigned turn = 0;

	if (timeout_ns) {
		deadline_ns = deadline_after(timeout_ns);
		while (deadline_spin(&turn, deadline_ns))
			;
	}
	return deadline_code(timeout_ns);
}

static int null_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	struct null_channel *null = (struct null_channel *)endpoint;
	struct null_place *place = null->in;

	if (__builtin_expect(place->taken, 0))
		return null_wait(timeout_ns);
	place->message = *message;
	place->taken = true;
	null->in = place->next;
	return 0;
}

static int null_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	struct null_channel *null = (struct null_channel *)endpoint;
	struct null_place *place = null->out;
	struct outbound sent = place->message;

	if (__builtin_expect(!place->taken, 0))
		return null_wait(timeout_ns);
	message->data = sent.data;
	message->len = sent.len;
	place->taken = false;
	null->out = place->next;
	return 0;
}

static int null_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	unsigned done = 0;

	while (done < count && !null_send(endpoint, &messages[done], 0))
		done++;
	return done ? (int)done : null_wait(timeout_ns);
}

static int null_recv_batch(struct endpoint *endpoint, struct inbound *messages,
	unsigned count, uint64_t timeout_ns)
{
	unsigned done = 0;

	while (done < count && !null_recv(endpoint, &messages[done], 0))
		done++;
	return done ? (int)done : null_wait(timeout_ns);
}

static void null_detach(struct endpoint *endpoint)
{
	(void)endpoint; /* the channel itself */
}

const struct transport transport_null = {
	.name = "null",
	.summary = "limit: one worker, pointers only: what the harness costs",
	.caps = CAP_BATCH | CAP_BLOCK | CAP_LOOPBACK | CAP_LIMIT |
		CAP_NO_ROUNDTRIP | CAP_EMPTY,
	.create = null_create,
	.attach = null_attach,
	.send = null_send,
	.recv = null_recv,
	.send_batch = null_send_batch,
	.recv_batch = null_recv_batch,
	.detach = null_detach,
	.destroy = null_destroy,
};
