/* zmq.c - ZeroMQ, PUSH to PULL over ipc://.
 *
 * Each consumer binds a PULL socket of its own, each producer connects a PUSH
 * socket to all of them, and ZeroMQ deals messages out in turn. The addresses
 * are names of Linux's abstract kind: they are not files, and go with the
 * sockets. A context does not live through a fork, so each worker makes its own
 * in attach(), and with it the one thread that does the sending and receiving;
 * it runs on the CPU of its worker, which is pinned before.
 *
 * A message is sent by zmq_send(), which copies it, and received as ZeroMQ's
 * own message, which is looked at where it lies. Its queues count messages, so
 * a capacity in bytes becomes a high-water mark on both sides; the kernel's
 * socket buffers come on top.
 *
 * A call that has to wait does so in zmq_poll(), whose clock ticks in
 * milliseconds. A producer that leaves waits until all was received (tally.h):
 * what its thread has handed over may still be on its way through the other's. One
 * that is killed takes along what its thread had not sent yet; nobody is told.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/deadline.h"
#include "transport/capacity.h"
#include "transport/list.h"
#include "transport/optional.h"
#include "transport/tally.h"

enum {
	ADDRESS_BYTES = 96, /* sun_path has room for 107 */
	HWM_MIN = 4,
	HWM_MAX = 1000, /* ZeroMQ's default */
	LINGER_MS = 5000,
	RECONNECT_MS = 1,
};

struct push_channel {
	char name[ADDRESS_BYTES - 32];
	struct tally tally;
	unsigned consumers;
	int hwm;
};

struct push_endpoint {
	void *context;
	void *socket;
	zmq_msg_t message; /* the last one received */
	const struct push_channel *channel;
	enum endpoint_role role;
	struct tally_count *count; /* this worker's */
};

static int push_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct push_channel *zmq = calloc(1, sizeof(*zmq));
	uint64_t each = config->msg_size_bytes ? config->msg_size_bytes : 1;
	uint64_t hwm = capacity_choose(config) / each;

	if (!zmq)
		return -ENOMEM;
	if (hwm < HWM_MIN)
		hwm = HWM_MIN;
	if (hwm > HWM_MAX && !config->capacity_bytes)
		hwm = HWM_MAX;
	zmq->hwm = hwm > INT32_MAX ? INT32_MAX : (int)hwm;
	zmq->consumers = config->consumers;
	if (snprintf(zmq->name, sizeof(zmq->name), "%s", config->name) >=
		(int)sizeof(zmq->name)) {
		free(zmq);
		return -ENAMETOOLONG;
	}
	if (tally_make(config, &zmq->tally)) {
		free(zmq);
		return -ENOMEM;
	}
	*ret_channel = (struct channel *)zmq;
	return 0;
}

static void push_address(const struct push_channel *zmq, unsigned consumer,
	char address[ADDRESS_BYTES])
{
	snprintf(address, ADDRESS_BYTES, "ipc://@%s-%u", zmq->name, consumer);
}

static int push_open(struct push_endpoint *end, const struct push_channel *zmq,
	enum endpoint_role role, unsigned index)
{
	const int linger = LINGER_MS, reconnect = RECONNECT_MS;
	char address[ADDRESS_BYTES];
	bool failed;

	failed = zmq_setsockopt(end->socket,
			 role == ROLE_PRODUCER ? ZMQ_SNDHWM : ZMQ_RCVHWM,
			 &zmq->hwm, sizeof(zmq->hwm)) ||
		 zmq_setsockopt(
			 end->socket, ZMQ_LINGER, &linger, sizeof(linger)) ||
		 zmq_setsockopt(end->socket, ZMQ_RECONNECT_IVL, &reconnect,
			 sizeof(reconnect));
	if (!failed && role == ROLE_CONSUMER) {
		push_address(zmq, index, address);
		failed = zmq_bind(end->socket, address);
	}
	for (unsigned i = 0;
		!failed && role == ROLE_PRODUCER && i < zmq->consumers; i++) {
		push_address(zmq, i, address);
		failed = zmq_connect(end->socket, address);
	}
	return failed ? -errno : 0;
}

static void push_detach(struct endpoint *endpoint)
{
	struct push_endpoint *end = (struct push_endpoint *)endpoint;

	if (!end)
		return;
	if (end->role == ROLE_PRODUCER)
		tally_linger(&end->channel->tally);
	zmq_msg_close(&end->message);
	if (end->socket)
		zmq_close(end->socket);
	if (end->context)
		zmq_ctx_term(end->context); /* waits as long as LINGER_MS */
	free(end);
}

static int push_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct push_channel *zmq = (struct push_channel *)channel;
	struct push_endpoint *end = calloc(1, sizeof(*end));
	int ret = 0;

	if (!end)
		return -ENOMEM;
	end->channel = zmq;
	end->role = role;
	end->count = tally_of(&zmq->tally, role, index);
	zmq_msg_init(&end->message);
	end->context = zmq_ctx_new();
	if (end->context)
		end->socket = zmq_socket(end->context,
			role == ROLE_PRODUCER ? ZMQ_PUSH : ZMQ_PULL);
	ret = end->socket ? push_open(end, zmq, role, index) : -errno;
	if (ret) {
		push_detach((struct endpoint *)end);
		return ret;
	}
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

/* Sleep until the socket may be ready for @events, or as fd_wait(). */
static int push_wait(const struct push_endpoint *end, short events,
	uint64_t timeout_ns, uint64_t *deadline_ns)
{
	const uint64_t most_ms = 1000 * 1000;
	zmq_pollitem_t item = {.socket = end->socket, .events = events};
	uint64_t left_ms;

	if (!timeout_ns)
		return -EAGAIN;
	if (!*deadline_ns)
		*deadline_ns = deadline_after(timeout_ns);
	else if (!deadline_left_ns(*deadline_ns))
		return -ETIMEDOUT;
	left_ms = deadline_left_ns(*deadline_ns) / 1000000 + 1;
	if (left_ms > most_ms)
		left_ms = most_ms;
	if (zmq_poll(&item, 1, (long)left_ms) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static int push_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	const struct push_endpoint *end = (struct push_endpoint *)endpoint;
	uint64_t deadline_ns = 0;
	int ret;

	while (zmq_send(end->socket, message->data, message->len,
		       ZMQ_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		ret = push_wait(end, ZMQ_POLLOUT, timeout_ns, &deadline_ns);
		if (ret)
			return ret;
	}
	tally_add(end->count);
	return 0;
}

static int pull_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	struct push_endpoint *end = (struct push_endpoint *)endpoint;
	uint64_t deadline_ns = 0;
	int ret;

	while (zmq_msg_recv(&end->message, end->socket, ZMQ_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		ret = push_wait(end, ZMQ_POLLIN, timeout_ns, &deadline_ns);
		if (ret)
			return ret;
	}
	message->data = zmq_msg_data(&end->message);
	message->len = zmq_msg_size(&end->message);
	tally_add(end->count);
	return 0;
}

static void push_destroy(struct channel *channel)
{
	struct push_channel *zmq = (struct push_channel *)channel;

	if (!zmq)
		return;
	tally_free(&zmq->tally);
	free(zmq);
}

const struct transport transport_zmq = {
	.name = ZMQ_NAME,
	.summary = ZMQ_SUMMARY,
	.caps = ZMQ_CAPS,
	.create = push_create,
	.attach = push_attach,
	.send = push_send,
	.recv = pull_recv,
	.detach = push_detach,
	.destroy = push_destroy,
};
