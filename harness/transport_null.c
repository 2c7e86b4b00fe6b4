/* transport_null.c - no transport at all: what the harness itself costs.
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
#include <stdlib.h>

#include "deadline.h"
#include "transport.h"

/* Sending and receiving each write their own count, so that neither waits for
 * what the other has just stored; places are told by a mask, as a division would
 * be a good part of what is measured. */
struct null_channel {
	unsigned capacity; /* messages: one batch */
	unsigned mask;	   /* of places: a power of two, less one */
	unsigned sent;	   /* free-running */
	unsigned taken;	   /* free-running */
	const void **data; /* by place */
	size_t *len;
};

static void null_destroy(struct channel *channel)
{
	struct null_channel *null = (struct null_channel *)channel;

	if (!null)
		return;
	free(null->data);
	free(null->len);
	free(null);
}

static int null_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	unsigned capacity = config->batch ? config->batch : 1;
	struct null_channel *null = calloc(1, sizeof(*null));

	if (!null)
		return -ENOMEM;
	null->capacity = capacity;
	while (null->mask + 1 < capacity)
		null->mask = 2 * null->mask + 1;
	null->data = calloc(null->mask + 1, sizeof(*null->data));
	null->len = calloc(null->mask + 1, sizeof(*null->len));
	if (!null->data || !null->len) {
		null_destroy((struct channel *)null);
		return -ENOMEM;
	}
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

	if (null->sent - null->taken == null->capacity)
		return null_wait(timeout_ns);
	null->data[null->sent & null->mask] = message->data;
	null->len[null->sent & null->mask] = message->len;
	null->sent++;
	return 0;
}

static int null_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	struct null_channel *null = (struct null_channel *)endpoint;

	if (null->sent == null->taken)
		return null_wait(timeout_ns);
	message->data = null->data[null->taken & null->mask];
	message->len = null->len[null->taken & null->mask];
	null->taken++;
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
