/* line.c - one cache line per message: the limit of a round trip.
 *
 * A line of 64 bytes carries a flag and up to 56 bytes. The sender stores the
 * bytes, then the flag; the receiver sees the flag, takes the bytes and clears
 * it. So a message costs the transfer of one line there, and one back before
 * the line is used again, and no message between two processors can arrive
 * sooner. Many messages can: those that share a line, or a ring whose indices
 * are published for several messages at once, move more per second than this.
 * It is a limit of latency; its throughput is that of unshared lines.
 *
 * The flag holds the length plus one; 0 is a free line. Sender and receiver
 * each go through the lines in order, so one producer and one consumer.
 * It spins whatever `wait` says, and it is not crash-safe.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/shared.h"
#include "transport/transport.h"

enum {
	LINE_BYTES = 64,
	LINE_BODY_BYTES = 56,
	LINE_COUNT = 256, /* 16 KiB: both sides' lines fit in any first cache */
	LINE_COUNT_MAX = 1 << 20,
};

struct line {
	alignas(LINE_BYTES) _Atomic uint64_t flag;
	unsigned char body[LINE_BODY_BYTES];
};

_Static_assert(sizeof(struct line) == LINE_BYTES, "one line, no more");

struct line_channel {
	struct line *lines;
	size_t count; /* a power of two */
};

struct line_endpoint {
	struct line *lines;
	size_t mask;
	size_t next;
};

static uint64_t line_max_len(void)
{
	return LINE_BODY_BYTES;
}

static int line_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	uint64_t wish = config->capacity_bytes / LINE_BYTES;
	struct line_channel *channel;

	if (config->msg_size_bytes > LINE_BODY_BYTES)
		return -EMSGSIZE;
	if (!config->capacity_bytes)
		wish = LINE_COUNT;
	if (wish > LINE_COUNT_MAX)
		wish = LINE_COUNT_MAX;
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return -ENOMEM;
	channel->count = 1;
	while (channel->count * 2 <= wish)
		channel->count *= 2;
	channel->lines = shared_map(channel->count * LINE_BYTES);
	if (!channel->lines) {
		free(channel);
		return -ENOMEM;
	}
	*ret_channel = (struct channel *)channel;
	return 0;
}

static int line_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct line_channel *line = (struct line_channel *)channel;
	struct line_endpoint *end = calloc(1, sizeof(*end));

	(void)role;
	(void)index;
	if (!end)
		return -ENOMEM;
	shared_touch(line->lines, line->count * LINE_BYTES);
	end->lines = line->lines;
	end->mask = line->count - 1;
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

/* Wait until the flag is set, or is clear; returns it through @ret_flag. */
static int line_wait(
	struct line *line, bool set, uint64_t timeout_ns, uint64_t *ret_flag)
{
	uint64_t deadline_ns = 0;
	unsigned turn = 0;

	for (;;) {
		/* A1: the body is whole, or free, once the flag says so.
		 * Pairs with R1 in line_send() and R2 in line_recv(). */
		uint64_t flag =
			atomic_load_explicit(&line->flag, memory_order_acquire);

		if ((flag != 0) == set) {
			*ret_flag = flag;
			return 0;
		}
		if (!timeout_ns)
			return -EAGAIN;
		if (!deadline_ns)
			deadline_ns = deadline_after(timeout_ns);
		if (!deadline_spin(&turn, deadline_ns))
			return -ETIMEDOUT;
	}
}

static int line_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	struct line_endpoint *end = (struct line_endpoint *)endpoint;
	struct line *line = &end->lines[end->next & end->mask];
	uint64_t flag;
	int ret;

	if (message->len > LINE_BODY_BYTES)
		return -EMSGSIZE;
	ret = line_wait(line, false, timeout_ns, &flag);
	if (ret)
		return ret;
	if (message->len)
		memcpy(line->body, message->data, message->len);
	/* R1: the message. Pairs with A1. */
	atomic_store_explicit(
		&line->flag, message->len + 1, memory_order_release);
	end->next++;
	return 0;
}

static int line_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	struct line_endpoint *end = (struct line_endpoint *)endpoint;
	struct line *line = &end->lines[end->next & end->mask];
	uint64_t flag;
	int ret = line_wait(line, true, timeout_ns, &flag);

	if (ret)
		return ret;
	if (flag - 1 > LINE_BODY_BYTES)
		return -EBADMSG;
	if (flag - 1 > message->room_bytes)
		return -EMSGSIZE;
	if (flag > 1)
		memcpy(message->room, line->body, flag - 1);
	/* R2: the line is free. Pairs with A1. */
	atomic_store_explicit(&line->flag, 0, memory_order_release);
	message->data = message->room;
	message->len = flag - 1;
	end->next++;
	return 0;
}

static void line_detach(struct endpoint *endpoint)
{
	free(endpoint);
}

static void line_destroy(struct channel *channel)
{
	struct line_channel *line = (struct line_channel *)channel;

	if (!line)
		return;
	munmap(line->lines, line->count * LINE_BYTES);
	free(line);
}

const struct transport transport_line = {
	.name = "line",
	.summary = "limit: one cache line there and back, up to 56 bytes; "
		   "always spins",
	.caps = CAP_BLOCK | CAP_LIMIT,
	.max_len = line_max_len,
	.create = line_create,
	.attach = line_attach,
	.send = line_send,
	.recv = line_recv,
	.detach = line_detach,
	.destroy = line_destroy,
};
