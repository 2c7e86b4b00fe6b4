/* queue.c - our queue, through its public interface only.
 *
 * The parent's own handle, which it needs for check() and to see who holds a
 * lock, takes no part in the traffic; each worker opens the queue by name,
 * or, of huge pages, by descriptor.
 *
 * What looks at messages where they lie does so by a lease, which it holds until
 * it asks for the next one, or leaves. It is given back before that is asked
 * for, so that a worker killed meanwhile holds one message at most.
 */
#include <mmapipc/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transport/capacity.h"
#include "transport/list.h"
#include "transport/own.h"
#include "transport/transport.h"

struct queue_channel {
	mipc_queue *observer;
	struct mipc_options options;
	char name[];
};

struct queue_endpoint {
	mipc_queue *queue;
	struct mipc_lease lease; /* or reservation; ->data is NULL: none */
};

/* Of the channel that this process attached to last, for queue_make(). */
static const char *attached_name;

static int queue_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	size_t name_bytes = strlen(config->name) + 1;
	struct queue_channel *channel = malloc(sizeof(*channel) + name_bytes);
	int err;

	if (!channel)
		return -ENOMEM;
	memcpy(channel->name, config->name, name_bytes);
	channel->options = own_options(config);
	err = mipc_queue_create(channel->name, capacity_choose(config),
		&channel->options, &channel->observer);
	if (err) {
		free(channel);
		return err;
	}
	*ret_channel = (struct channel *)channel;
	return 0;
}

static int queue_attach(struct channel *base, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct queue_channel *channel = (struct queue_channel *)base;
	struct queue_endpoint *end = calloc(1, sizeof(*end));
	int err;

	(void)role;
	(void)index;
	if (!end)
		return -ENOMEM;
	attached_name = channel->name;
	if (channel->options.flags & MIPC_MEMFD)
		err = mipc_queue_from_fd(mipc_queue_fd(channel->observer),
			&channel->options, &end->queue);
	else
		err = mipc_queue_open(
			channel->name, &channel->options, &end->queue);
	if (err)
		free(end);
	else
		*ret_endpoint = (struct endpoint *)end;
	return err;
}

static mipc_queue *queue_of(struct endpoint *endpoint)
{
	return ((struct queue_endpoint *)endpoint)->queue;
}

static int queue_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	return mipc_queue_put(
		queue_of(endpoint), message->data, message->len, timeout_ns);
}

static int queue_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	message->data = message->room;
	return mipc_queue_get(queue_of(endpoint), message->room,
		message->room_bytes, timeout_ns, &message->len);
}

static int queue_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	struct iovec vector[CASE_MAX_BATCH];

	for (unsigned i = 0; i < count; i++) {
		vector[i].iov_base = (void *)messages[i].data;
		vector[i].iov_len = messages[i].len;
	}
	return mipc_queue_put_batch(
		queue_of(endpoint), vector, count, timeout_ns);
}

static int queue_recv_batch(struct endpoint *endpoint, struct inbound *messages,
	unsigned count, uint64_t timeout_ns)
{
	struct iovec vector[CASE_MAX_BATCH];
	int got;

	for (unsigned i = 0; i < count; i++) {
		vector[i].iov_base = messages[i].room;
		vector[i].iov_len = messages[i].room_bytes;
	}
	got = mipc_queue_get_batch(
		queue_of(endpoint), vector, count, timeout_ns);
	for (int i = 0; i < got; i++) {
		messages[i].data = messages[i].room;
		messages[i].len = vector[i].iov_len;
	}
	return got;
}

static int queue_release(struct queue_endpoint *end)
{
	if (!end->lease.data)
		return 0;
	return mipc_queue_release(end->queue, &end->lease);
}

static int queue_recv_view(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	struct queue_endpoint *end = (struct queue_endpoint *)endpoint;
	int err = queue_release(end);

	if (!err)
		err = mipc_queue_acquire(end->queue, timeout_ns, &end->lease);
	if (err)
		return err;
	message->data = end->lease.data;
	message->len = end->lease.len;
	return 0;
}

static void queue_detach(struct endpoint *endpoint)
{
	struct queue_endpoint *end = (struct queue_endpoint *)endpoint;

	if (!end)
		return;
	queue_release(end);
	mipc_queue_close(end->queue);
	free(end);
}

/* What else a queue can do, for those who kill it. */

/* A place that somebody died with is found free by who waits for it. */
#define FILL_TIMEOUT_NS UINT64_C(100000000)

static int queue_reserve(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	struct queue_endpoint *end = (struct queue_endpoint *)endpoint;

	(void)in;
	return mipc_queue_reserve(end->queue, out->len, 0, &end->lease);
}

static int queue_fill(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	struct queue_endpoint *end = (struct queue_endpoint *)endpoint;
	int err = mipc_queue_reserve(
		end->queue, out->len, FILL_TIMEOUT_NS, &end->lease);

	(void)in;
	if (!err)
		memcpy(end->lease.data, out->data, out->len);
	return err;
}

static int queue_commit(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	struct queue_endpoint *end = (struct queue_endpoint *)endpoint;

	(void)out;
	(void)in;
	return mipc_queue_commit(end->queue, &end->lease);
}

static int queue_abort(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	struct queue_endpoint *end = (struct queue_endpoint *)endpoint;

	(void)out;
	(void)in;
	return mipc_queue_abort(end->queue, &end->lease);
}

static int queue_acquire(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	struct queue_endpoint *end = (struct queue_endpoint *)endpoint;
	int err = mipc_queue_acquire(end->queue, 0, &end->lease);

	(void)out;
	if (err)
		return err;
	in->data = in->room;
	in->len = end->lease.len;
	if (in->len <= in->room_bytes)
		memcpy(in->room, end->lease.data, in->len);
	return 0;
}

static int queue_let_go(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	(void)out;
	(void)in;
	return queue_release((struct queue_endpoint *)endpoint);
}

static int queue_return(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	struct queue_endpoint *end = (struct queue_endpoint *)endpoint;

	(void)out;
	(void)in;
	return mipc_queue_return(end->queue, &end->lease);
}

static int queue_clear(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	(void)out;
	(void)in;
	return mipc_queue_clear(queue_of(endpoint), 0);
}

/* Makes a queue beside the channel's. Of what somebody died at, all must be there:
 * it opens, and a message goes through it. */

#define MADE_BYTES 4096u

static int queue_pass_one(mipc_queue *queue)
{
	static const char sent[] = "whole";
	char got[sizeof(sent)];
	size_t len = 0;
	int err = mipc_queue_check(queue);

	if (!err)
		err = mipc_queue_put(queue, sent, sizeof(sent), 0);
	if (!err)
		err = mipc_queue_get(queue, got, sizeof(got), 0, &len);
	if (!err && (len != sizeof(sent) || memcmp(sent, got, len) != 0))
		err = -EBADMSG;
	return err;
}

static int queue_clean_up(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	char name[OWN_MADE_BYTES];
	mipc_queue *made;
	int err = own_made_name(attached_name, name);

	(void)endpoint;
	(void)out;
	(void)in;
	if (!err)
		err = mipc_queue_open(name, NULL, &made);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = queue_pass_one(made);
	mipc_queue_close(made);
	return err ? err : mipc_queue_unlink(name);
}

static int queue_make(struct endpoint *endpoint, const struct outbound *out,
	struct inbound *in)
{
	char name[OWN_MADE_BYTES];
	mipc_queue *made;
	int err = own_made_name(attached_name, name);

	(void)endpoint;
	(void)out;
	(void)in;
	if (!err)
		err = mipc_queue_create(name, MADE_BYTES, NULL, &made);
	if (!err)
		mipc_queue_close(made);
	return err;
}

static const struct transport_operation queue_operations[] = {
	{"reserve", ROLE_PRODUCER, EFFECT_NONE, false, NULL, queue_reserve},
	{"commit", ROLE_PRODUCER, EFFECT_PUTS, false, queue_fill, queue_commit},
	{"abort", ROLE_PRODUCER, EFFECT_NONE, false, queue_fill, queue_abort},
	{"acquire", ROLE_CONSUMER, EFFECT_NONE, true, NULL, queue_acquire},
	{"release", ROLE_CONSUMER, EFFECT_TAKES, true, queue_acquire,
		queue_let_go},
	{"return", ROLE_CONSUMER, EFFECT_NONE, true, queue_acquire,
		queue_return},
	{"create", ROLE_PRODUCER, EFFECT_MAKES, false, queue_clean_up,
		queue_make},
	{"clear", ROLE_CONSUMER, EFFECT_CLEARS, false, NULL, queue_clear},
	{0},
};

static int queue_check(struct channel *base)
{
	return mipc_queue_check(((struct queue_channel *)base)->observer);
}

static pid_t queue_lock_holder(struct channel *base, enum endpoint_role role)
{
	return mipc_queue_lock_holder(((struct queue_channel *)base)->observer,
		role == ROLE_PRODUCER ? MIPC_QUEUE_PRODUCERS
				      : MIPC_QUEUE_CONSUMERS);
}

static void queue_describe(struct channel *base, char *text, size_t text_bytes)
{
	const struct queue_channel *channel = (struct queue_channel *)base;

	own_describe(channel->name, !(channel->options.flags & MIPC_MEMFD),
		mipc_queue_fd(channel->observer), text, text_bytes);
}

static int64_t queue_huge_bytes(struct channel *base)
{
	struct mipc_memory memory;
	int err = mipc_queue_memory(
		((struct queue_channel *)base)->observer, &memory);

	return own_huge_bytes(err, &memory);
}

static void queue_destroy(struct channel *base)
{
	struct queue_channel *channel = (struct queue_channel *)base;
	char made[OWN_MADE_BYTES];

	if (!channel)
		return;
	mipc_queue_close(channel->observer);
	if (!(channel->options.flags & MIPC_MEMFD))
		mipc_queue_unlink(channel->name);
	if (!own_made_name(channel->name, made))
		mipc_queue_unlink(made);
	free(channel);
}

const struct transport transport_queue = {
	.name = "queue",
	.summary = "mmapipc's crash-safe queue: many producers and consumers",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BATCH |
		CAP_BLOCK | CAP_SURVIVES_KILL | CAP_LOCK_HOLDER | CAP_VIEW |
		CAP_LEASE | CAP_SPIN | CAP_HUGE | CAP_WHOLE_BATCH |
		CAP_REATTACH | CAP_LENT_MEMORY,
	.can_run = own_can_run,
	.create = queue_create,
	.attach = queue_attach,
	.send = queue_send,
	.recv = queue_recv,
	.send_batch = queue_send_batch,
	.recv_batch = queue_recv_batch,
	.recv_view = queue_recv_view,
	.describe = queue_describe,
	.huge_bytes = queue_huge_bytes,
	.detach = queue_detach,
	.lock_holder = queue_lock_holder,
	.check = queue_check,
	.destroy = queue_destroy,
	.operations = queue_operations,
};
