/* nng.c - nng, push to pull over ipc.
 *
 * Each consumer listens on a pull socket of its own, each producer dials all of
 * them with a push socket, and nng deals messages out in turn. Its threads do
 * not live through a fork, so each worker opens its sockets in attach(). The
 * sockets are files in a folder of the channel's own, below TMPDIR: the
 * abstract names that would need none are not in every nng 1.5. destroy()
 * removes the folder, and the reaper where the harness was killed.
 *
 * A message is one of nng's, copied into when it is sent and looked at where it
 * lies when it is received. Queues count messages, so a capacity in bytes
 * becomes a length of the queue on both sides, at most nng's own limit of 8192.
 *
 * nng drops what is queued when a socket is closed, so a producer that leaves
 * waits until all was received (tally.h). One that is killed takes along what its
 * threads had not sent.
 */
#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/scratch.h"
#include "transport/capacity.h"
#include "transport/list.h"
#include "transport/optional.h"
#include "transport/tally.h"

enum {
	QUEUE_MIN = 4,
	QUEUE_MAX = 8192,
	QUEUE_DEFAULT_MAX = 1000, /* as many as ZeroMQ's */
	RECONNECT_MS = 1,
	ADDRESS_BYTES = SCRATCH_PATH_BYTES + 32,
};

struct pipeline_channel {
	struct scratch scratch;
	struct tally tally;
	unsigned consumers;
	int queue;
};

struct pipeline_endpoint {
	const struct pipeline_channel *channel;
	nng_socket socket;
	enum endpoint_role role;
	struct tally_count *count; /* this worker's */
	nng_msg *message;	   /* the last one received */
	uint64_t timeout_ns;	   /* as the socket has it */
};

static int pipeline_code(int error, uint64_t timeout_ns)
{
	switch (error) {
	case 0:
		return 0;
	case NNG_EAGAIN:
	case NNG_ETIMEDOUT:
		return deadline_code(timeout_ns);
	case NNG_ENOMEM:
		return -ENOMEM;
	case NNG_EMSGSIZE:
		return -EMSGSIZE;
	case NNG_ECLOSED:
		return -EPIPE;
	default:
		return error & NNG_ESYSERR ? -(error & ~NNG_ESYSERR) : -EIO;
	}
}

static void pipeline_destroy(struct channel *base)
{
	struct pipeline_channel *channel = (struct pipeline_channel *)base;

	if (!channel)
		return;
	scratch_remove(&channel->scratch);
	tally_free(&channel->tally);
	free(channel);
}

static int pipeline_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct pipeline_channel *channel = calloc(1, sizeof(*channel));
	uint64_t each = config->msg_size_bytes ? config->msg_size_bytes : 1;
	uint64_t queue = capacity_choose(config) / each;
	int ret;

	if (!channel)
		return -ENOMEM;
	if (queue > QUEUE_DEFAULT_MAX && !config->capacity_bytes)
		queue = QUEUE_DEFAULT_MAX;
	if (queue > QUEUE_MAX)
		queue = QUEUE_MAX;
	channel->queue = queue < QUEUE_MIN ? QUEUE_MIN : (int)queue;
	channel->consumers = config->consumers;
	ret = tally_make(config, &channel->tally);
	if (!ret)
		ret = scratch_make(config->name, &channel->scratch);
	if (ret) {
		pipeline_destroy((struct channel *)channel);
		return ret;
	}
	*ret_channel = (struct channel *)channel;
	return 0;
}

static void pipeline_detach(struct endpoint *endpoint)
{
	struct pipeline_endpoint *end = (struct pipeline_endpoint *)endpoint;

	if (!end)
		return;
	if (end->role == ROLE_PRODUCER)
		tally_linger(&end->channel->tally);
	nng_msg_free(end->message);
	nng_close(end->socket);
	free(end);
}

static int pipeline_open(struct pipeline_endpoint *end, unsigned index)
{
	const struct pipeline_channel *channel = end->channel;
	char address[ADDRESS_BYTES];
	int error;

	if (end->role == ROLE_CONSUMER) {
		error = nng_socket_set_int(
			end->socket, NNG_OPT_RECVBUF, channel->queue);
		/* no limit to a message */
		if (!error)
			error = nng_socket_set_size(
				end->socket, NNG_OPT_RECVMAXSZ, 0);
		snprintf(address, sizeof(address), "ipc://%s/%u",
			channel->scratch.path, index);
		if (!error)
			error = nng_listen(end->socket, address, NULL, 0);
		return pipeline_code(error, 0);
	}
	error = nng_socket_set_int(
		end->socket, NNG_OPT_SENDBUF, channel->queue);
	if (!error)
		error = nng_socket_set_ms(
			end->socket, NNG_OPT_RECONNMINT, RECONNECT_MS);
	if (!error)
		error = nng_socket_set_ms(
			end->socket, NNG_OPT_RECONNMAXT, RECONNECT_MS);
	for (unsigned i = 0; !error && i < channel->consumers; i++) {
		snprintf(address, sizeof(address), "ipc://%s/%u",
			channel->scratch.path, i);
		error = nng_dial(end->socket, address, NULL, NNG_FLAG_NONBLOCK);
	}
	return pipeline_code(error, 0);
}

static int pipeline_attach(struct channel *base, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct pipeline_channel *channel =
		(struct pipeline_channel *)base;
	struct pipeline_endpoint *end = calloc(1, sizeof(*end));
	int ret;

	if (!end)
		return -ENOMEM;
	end->channel = channel;
	end->role = role;
	end->count = tally_of(&channel->tally, role, index);
	end->timeout_ns = UINT64_MAX;
	ret = role == ROLE_PRODUCER ? nng_push0_open(&end->socket)
				    : nng_pull0_open(&end->socket);
	if (ret) {
		free(end);
		return pipeline_code(ret, 0);
	}
	ret = pipeline_open(end, index);
	if (ret) {
		nng_close(end->socket);
		free(end);
		return ret;
	}
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

/* The flags of a call with this time-out, which is the socket's own: told
 * only when it changes. nng's clock ticks in milliseconds. */
static int pipeline_flags(
	struct pipeline_endpoint *end, const char *option, uint64_t timeout_ns)
{
	const uint64_t most_ms = 1000 * 1000;
	uint64_t ms = timeout_ns / 1000000 + 1;

	if (!timeout_ns)
		return NNG_FLAG_NONBLOCK;
	if (timeout_ns != end->timeout_ns) {
		nng_socket_set_ms(end->socket, option,
			(nng_duration)(ms > most_ms ? most_ms : ms));
		end->timeout_ns = timeout_ns;
	}
	return 0;
}

static int pipeline_send(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	struct pipeline_endpoint *end = (struct pipeline_endpoint *)endpoint;
	nng_msg *out;
	int error = nng_msg_alloc(&out, message->len);

	if (error)
		return pipeline_code(error, 0);
	if (message->len)
		memcpy(nng_msg_body(out), message->data, message->len);
	error = nng_sendmsg(end->socket, out,
		pipeline_flags(end, NNG_OPT_SENDTIMEO, timeout_ns));
	if (error) {
		nng_msg_free(out); /* is ours again */
		return pipeline_code(error, timeout_ns);
	}
	tally_add(end->count);
	return 0;
}

static int pipeline_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	struct pipeline_endpoint *end = (struct pipeline_endpoint *)endpoint;
	nng_msg *in;
	int error = nng_recvmsg(end->socket, &in,
		pipeline_flags(end, NNG_OPT_RECVTIMEO, timeout_ns));

	if (error)
		return pipeline_code(error, timeout_ns);
	nng_msg_free(end->message);
	end->message = in;
	message->data = nng_msg_body(in);
	message->len = nng_msg_len(in);
	tally_add(end->count);
	return 0;
}

const struct transport transport_nng = {
	.name = NNG_NAME,
	.summary = NNG_SUMMARY,
	.caps = NNG_CAPS,
	.create = pipeline_create,
	.attach = pipeline_attach,
	.send = pipeline_send,
	.recv = pipeline_recv,
	.detach = pipeline_detach,
	.destroy = pipeline_destroy,
};
