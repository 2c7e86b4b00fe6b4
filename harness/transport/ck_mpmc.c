/* ck_mpmc.c - Concurrency Kit's ring for any number of producers and
 * consumers: ck_ring_enqueue_mpmc() and ck_ring_dequeue_mpmc().
 *
 * Of the kit's two queues for many this is the one for messages by value:
 * ck_fifo_mpmc links nodes that somebody has to recycle, and swings two words
 * at once for each.
 *
 * A small message is the ring's element (ck.h). Any other lies in a
 * slot, and two rings hold tickets for them: one of the slots that are full,
 * one of those that are free. A producer takes a free one, fills it and passes
 * its ticket on; a consumer takes a full one, empties it and gives the ticket
 * back. There is one ticket less than a ring has places, so there is always
 * room for it. The second ring costs more than the better copy gains: slots
 * move 0.57 times as many messages as elements do at 256 bytes, 0.72 at 512 and
 * 0.86 at 1 KiB.
 *
 * A producer that stops between claiming a place and filling it holds up
 * everybody behind it, who spin inside the ring: that is how it works, and no
 * crash is survived by it. Two producers on one processor can end up in step,
 * each with the place that the other waits for, and then one message moves for
 * each turn of the scheduler, for as long as it lasts. The ring has no way to
 * wait, so a time-out is spent spinning.
 */
#include "transport/ck.h"

#include <string.h>

#include "base/deadline.h"
#include "transport/list.h"
#include "transport/optional.h"

enum {
	RING_FULL, /* also the one of elements */
	RING_FREE,
	RING_COUNT,
};

enum {
	ELEMENT_MAX = 1024,
};

struct mpmc_endpoint {
	const struct ck_channel *channel;
	int (*enqueue)(const struct mpmc_endpoint *end,
		const struct outbound *message);
	int (*dequeue)(
		const struct mpmc_endpoint *end, struct inbound *message);
};

/* Messages that are elements. Only reads what the prototype takes without a
 * const. */
#define ELEMENT_CALLS(size)                                                 \
	CK_RING_PROTOTYPE(element_##size, ck_element_##size)                \
	static int enqueue_##size(const struct mpmc_endpoint *end,          \
		const struct outbound *message)                             \
	{                                                                   \
		const struct ck_channel *channel = end->channel;            \
                                                                            \
		return CK_RING_ENQUEUE_MPMC(element_##size,                 \
			       channel->rings[RING_FULL],                   \
			       channel->elements[RING_FULL],                \
			       (struct ck_element_##size *)message->data)   \
			       ? 0                                          \
			       : -EAGAIN;                                   \
	}                                                                   \
	static int dequeue_##size(                                          \
		const struct mpmc_endpoint *end, struct inbound *message)   \
	{                                                                   \
		const struct ck_channel *channel = end->channel;            \
                                                                            \
		message->len = (size);                                      \
		return CK_RING_DEQUEUE_MPMC(element_##size,                 \
			       channel->rings[RING_FULL],                   \
			       channel->elements[RING_FULL], message->room) \
			       ? 0                                          \
			       : -EAGAIN;                                   \
	}
CK_SIZES_TO_1024(ELEMENT_CALLS)

/* Messages in slots. */
CK_RING_PROTOTYPE(ticket, ck_ticket)

static bool take(const struct ck_channel *channel, unsigned ring,
	struct ck_ticket *ticket)
{
	return CK_RING_DEQUEUE_MPMC(
		ticket, channel->rings[ring], channel->elements[ring], ticket);
}

/* Never full: see above. If it is, somebody wrote where they should not. */
static int give(const struct ck_channel *channel, unsigned ring,
	struct ck_ticket *ticket)
{
	return CK_RING_ENQUEUE_MPMC(ticket, channel->rings[ring],
		       channel->elements[ring], ticket)
		       ? 0
		       : -EBADMSG;
}

static int enqueue_slot(
	const struct mpmc_endpoint *end, const struct outbound *message)
{
	struct ck_ticket ticket;

	if (!take(end->channel, RING_FREE, &ticket))
		return -EAGAIN;
	ticket.len = message->len;
	if (message->len)
		memcpy(ck_slot(end->channel, ticket.slot), message->data,
			message->len);
	return give(end->channel, RING_FULL, &ticket);
}

static int dequeue_slot(
	const struct mpmc_endpoint *end, struct inbound *message)
{
	struct ck_ticket ticket;

	if (!take(end->channel, RING_FULL, &ticket))
		return -EAGAIN;
	message->len = ticket.len;
	if (ticket.len)
		memcpy(message->room, ck_slot(end->channel, ticket.slot),
			ticket.len);
	return give(end->channel, RING_FREE, &ticket);
}

static void choose_calls(struct mpmc_endpoint *end, uint64_t size)
{
	switch (size) {
#define CHOOSE(one)                           \
	case one:                             \
		end->enqueue = enqueue_##one; \
		end->dequeue = dequeue_##one; \
		break;
		CK_SIZES_TO_1024(CHOOSE)
	default:
		end->enqueue = enqueue_slot;
		end->dequeue = dequeue_slot;
	}
}

static int mpmc_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct ck_channel *channel;
	int err = ck_make(config, ELEMENT_MAX, RING_COUNT, &channel);

	if (err)
		return err;
	for (uint32_t i = 0; channel->stride && i < channel->count - 1; i++)
		give(channel, RING_FREE, &(struct ck_ticket){.slot = i});
	*ret_channel = (struct channel *)channel;
	return 0;
}

static int mpmc_attach(struct channel *base, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct ck_channel *channel = (struct ck_channel *)base;
	struct mpmc_endpoint *end = calloc(1, sizeof(*end));

	(void)role;
	(void)index;
	if (!end)
		return -ENOMEM;
	shared_touch(channel->map, channel->mapped_bytes);
	end->channel = channel;
	choose_calls(end, channel->msg_size_bytes);
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

static int mpmc_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	const struct mpmc_endpoint *end = (struct mpmc_endpoint *)endpoint;
	const struct ck_channel *channel = end->channel;
	uint64_t deadline_ns;
	unsigned turn = 0;
	int ret;

	if (message->len > channel->msg_size_bytes ||
		(!channel->stride && message->len < channel->msg_size_bytes))
		return -EMSGSIZE;
	ret = end->enqueue(end, message);
	if (ret != -EAGAIN || !timeout_ns)
		return ret;
	deadline_ns = deadline_after(timeout_ns);
	while (deadline_spin(&turn, deadline_ns)) {
		ret = end->enqueue(end, message);
		if (ret != -EAGAIN)
			return ret;
	}
	return -ETIMEDOUT;
}

static int mpmc_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	const struct mpmc_endpoint *end = (struct mpmc_endpoint *)endpoint;
	uint64_t deadline_ns;
	unsigned turn = 0;
	int ret;

	if (message->room_bytes < end->channel->msg_size_bytes)
		return -EMSGSIZE;
	message->data = message->room;
	ret = end->dequeue(end, message);
	if (ret != -EAGAIN || !timeout_ns)
		return ret;
	deadline_ns = deadline_after(timeout_ns);
	while (deadline_spin(&turn, deadline_ns)) {
		ret = end->dequeue(end, message);
		if (ret != -EAGAIN)
			return ret;
	}
	return -ETIMEDOUT;
}

static void mpmc_detach(struct endpoint *endpoint)
{
	free(endpoint);
}

const struct transport transport_ck_mpmc = {
	.name = CK_MPMC_NAME,
	.summary = CK_MPMC_SUMMARY,
	.caps = CK_MPMC_CAPS,
	.create = mpmc_create,
	.attach = mpmc_attach,
	.send = mpmc_send,
	.recv = mpmc_recv,
	.detach = mpmc_detach,
	.check = ck_check,
	.destroy = ck_destroy,
};
