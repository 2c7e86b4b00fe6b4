/* ring.c - our ring, through its public interface only.
 *
 * The parent makes the ring and stays an observer, for check(); each worker
 * opens it by name in its role, or, of huge pages, by
 * descriptor. Whether it spins or sleeps is decided by the
 * timeout, as for every transport.
 */
#include <mmapipc/ring.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transport/capacity.h"
#include "transport/list.h"
#include "transport/own.h"
#include "transport/transport.h"

struct ring_channel {
	mipc_ring *observer;
	struct mipc_options options;
	char name[];
};

/* Of the channel that this process attached to last, for ring_make(). */
static const char *attached_name;

static int ring_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	size_t name_bytes = strlen(config->name) + 1;
	struct ring_channel *channel = malloc(sizeof(*channel) + name_bytes);
	int err;

	if (!channel)
		return -ENOMEM;
	memcpy(channel->name, config->name, name_bytes);
	channel->options = own_options(config);
	err = mipc_ring_create(channel->name, capacity_choose(config),
		MIPC_RING_OBSERVER, &channel->options, &channel->observer);
	if (err) {
		free(channel);
		return err;
	}
	*ret_channel = (struct channel *)channel;
	return 0;
}

static int ring_attach(struct channel *base, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct ring_channel *channel = (struct ring_channel *)base;
	const unsigned roles =
		role == ROLE_PRODUCER ? MIPC_RING_PRODUCER : MIPC_RING_CONSUMER;
	mipc_ring *ring;
	int err;

	(void)index;
	attached_name = channel->name;
	if (channel->options.flags & MIPC_MEMFD)
		err = mipc_ring_from_fd(mipc_ring_fd(channel->observer), roles,
			&channel->options, &ring);
	else
		err = mipc_ring_open(
			channel->name, roles, &channel->options, &ring);
	if (!err)
		*ret_endpoint = (struct endpoint *)ring;
	return err;
}

static int ring_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	return mipc_ring_write(
		(mipc_ring *)endpoint, message->data, message->len, timeout_ns);
}

static int ring_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	message->data = message->room;
	return mipc_ring_read((mipc_ring *)endpoint, message->room,
		message->room_bytes, timeout_ns, &message->len);
}

/* The message before is done with when the next one is asked for. */
static int ring_recv_view(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	mipc_ring *ring = (mipc_ring *)endpoint;
	int err = mipc_ring_release(ring);

	if (err && err != -EINVAL) /* -EINVAL: there was none */
		return err;
	return mipc_ring_peek(ring, timeout_ns, &message->data, &message->len);
}

static int ring_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	struct iovec vector[CASE_MAX_BATCH];

	for (unsigned i = 0; i < count; i++) {
		vector[i].iov_base = (void *)messages[i].data;
		vector[i].iov_len = messages[i].len;
	}
	return mipc_ring_write_batch(
		(mipc_ring *)endpoint, vector, count, timeout_ns);
}

static int ring_recv_batch(struct endpoint *endpoint, struct inbound *messages,
	unsigned count, uint64_t timeout_ns)
{
	struct iovec vector[CASE_MAX_BATCH];
	int got;

	for (unsigned i = 0; i < count; i++) {
		vector[i].iov_base = messages[i].room;
		vector[i].iov_len = messages[i].room_bytes;
	}
	got = mipc_ring_read_batch(
		(mipc_ring *)endpoint, vector, count, timeout_ns);
	for (int i = 0; i < got; i++) {
		messages[i].data = messages[i].room;
		messages[i].len = vector[i].iov_len;
	}
	return got;
}

static void ring_detach(struct endpoint *endpoint)
{
	mipc_ring_close((mipc_ring *)endpoint);
}

/* What else a ring can do, for those who kill it. */

static int ring_put_in_place(struct endpoint *endpoint,
	const struct outbound *out, struct inbound *in)
{
	mipc_ring *ring = (mipc_ring *)endpoint;
	void *place;
	int err = mipc_ring_reserve(ring, out->len, 0, &place);

	(void)in;
	if (err)
		return err;
	memcpy(place, out->data, out->len);
	return mipc_ring_commit(ring, out->len);
}

static int ring_take_in_place(struct endpoint *endpoint,
	const struct outbound *out, struct inbound *in)
{
	mipc_ring *ring = (mipc_ring *)endpoint;
	const void *place;
	int err = mipc_ring_peek(ring, 0, &place, &in->len);

	(void)out;
	if (err)
		return err;
	in->data = in->room;
	if (in->len <= in->room_bytes)
		memcpy(in->room, place, in->len);
	return mipc_ring_release(ring);
}

static int ring_clear(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	(void)out;
	(void)in;
	return mipc_ring_clear((mipc_ring *)endpoint);
}

/* Makes a ring beside the channel's. Of what somebody died at, all must be there:
 * it opens, and a message goes through it. */

#define MADE_BYTES 4096u

static int ring_pass_one(mipc_ring *ring)
{
	static const char sent[] = "whole";
	char got[sizeof(sent)];
	size_t len = 0;
	int err = mipc_ring_check(ring);

	if (!err)
		err = mipc_ring_write(ring, sent, sizeof(sent), 0);
	if (!err)
		err = mipc_ring_read(ring, got, sizeof(got), 0, &len);
	if (!err && (len != sizeof(sent) || memcmp(sent, got, len) != 0))
		err = -EBADMSG;
	return err;
}

static int ring_clean_up(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	char name[OWN_MADE_BYTES];
	mipc_ring *made;
	int err = own_made_name(attached_name, name);

	(void)endpoint;
	(void)out;
	(void)in;
	if (!err)
		err = mipc_ring_open(name,
			MIPC_RING_PRODUCER | MIPC_RING_CONSUMER, NULL, &made);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = ring_pass_one(made);
	mipc_ring_close(made);
	return err ? err : mipc_ring_unlink(name);
}

static int ring_make(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	char name[OWN_MADE_BYTES];
	mipc_ring *made;
	int err = own_made_name(attached_name, name);

	(void)endpoint;
	(void)out;
	(void)in;
	if (!err)
		err = mipc_ring_create(name, MADE_BYTES,
			MIPC_RING_PRODUCER | MIPC_RING_CONSUMER, NULL, &made);
	if (!err)
		mipc_ring_close(made);
	return err;
}

static const struct transport_operation ring_operations[] = {
	{"reserve", ROLE_PRODUCER, EFFECT_PUTS, false, NULL, ring_put_in_place},
	{"peek", ROLE_CONSUMER, EFFECT_TAKES, false, NULL, ring_take_in_place},
	{"create", ROLE_PRODUCER, EFFECT_MAKES, false, ring_clean_up,
		ring_make},
	{"clear", ROLE_CONSUMER, EFFECT_CLEARS, false, NULL, ring_clear},
	{0},
};

static int ring_check(struct channel *base)
{
	return mipc_ring_check(((struct ring_channel *)base)->observer);
}

static void ring_describe(struct channel *base, char *text, size_t text_bytes)
{
	const struct ring_channel *channel = (struct ring_channel *)base;

	own_describe(channel->name, !(channel->options.flags & MIPC_MEMFD),
		mipc_ring_fd(channel->observer), text, text_bytes);
}

static int64_t ring_huge_bytes(struct channel *base)
{
	struct mipc_memory memory;
	int err = mipc_ring_memory(
		((struct ring_channel *)base)->observer, &memory);

	return own_huge_bytes(err, &memory);
}

static void ring_destroy(struct channel *base)
{
	struct ring_channel *channel = (struct ring_channel *)base;
	char made[OWN_MADE_BYTES];

	if (!channel)
		return;
	mipc_ring_close(channel->observer);
	if (!(channel->options.flags & MIPC_MEMFD))
		mipc_ring_unlink(channel->name);
	if (!own_made_name(channel->name, made))
		mipc_ring_unlink(made);
	free(channel);
}

const struct transport transport_ring = {
	.name = "ring",
	.summary = "mmapipc's lock-free ring: one producer, one consumer",
	.caps = CAP_BATCH | CAP_BLOCK | CAP_PEER_GONE | CAP_SURVIVES_KILL |
		CAP_VIEW | CAP_SPIN | CAP_HUGE | CAP_WHOLE_BATCH |
		CAP_REATTACH | CAP_LENT_MEMORY,
	.can_run = own_can_run,
	.create = ring_create,
	.attach = ring_attach,
	.send = ring_send,
	.recv = ring_recv,
	.send_batch = ring_send_batch,
	.recv_batch = ring_recv_batch,
	.recv_view = ring_recv_view,
	.describe = ring_describe,
	.huge_bytes = ring_huge_bytes,
	.detach = ring_detach,
	.check = ring_check,
	.destroy = ring_destroy,
	.operations = ring_operations,
};
