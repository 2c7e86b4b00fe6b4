/* ck_ring.c - Concurrency Kit's ring for one producer and one
 * consumer: ck_ring_enqueue_spsc() and ck_ring_dequeue_spsc().
 *
 * Used as its own users would to be fastest (ck.h): a small message
 * is the ring's element, copied in and out by the ring. Any other lies in a
 * slot beside it, copied by the C library, which is faster from 512 bytes on:
 * 1.13 times at 512 bytes and 1.02 at 1 KiB, but 0.94 at 256. Slot number and
 * place in the ring are the same number, so no list of free slots is needed:
 *
 *   A ring of n elements holds n - 1. The producer reserves element p, fills
 *   slot p and commits, so slots c .. p - 1 are full and slot p is not one of
 *   them. The consumer takes element c, which moves the head to c + 1, and then
 *   copies slot c out. Until it takes the next one, the producer can reserve up
 *   to element c + n - 1, which is slot c - 1. So slot c stays as it is.
 *
 * The ring has no way to wait: a time-out is spent spinning. It has no calls
 * for batches and does not notice a peer's death.
 */
#include "transport/ck.h"

#include <string.h>

#include "base/deadline.h"
#include "transport/list.h"
#include "transport/optional.h"

enum {
	ELEMENT_MAX = 256,
};

struct ring_endpoint {
	struct ck_ring *ring;
	void *elements;
	const struct ck_channel *channel;
	bool (*enqueue)(const struct ring_endpoint *end,
		const struct outbound *message);
	bool (*dequeue)(
		const struct ring_endpoint *end, struct inbound *message);
};

/* Messages that are elements. Only reads what the prototype takes without a
 * const. */
#define ELEMENT_CALLS(size)                                               \
	CK_RING_PROTOTYPE(element_##size, ck_element_##size)              \
	static bool enqueue_##size(const struct ring_endpoint *end,       \
		const struct outbound *message)                           \
	{                                                                 \
		return CK_RING_ENQUEUE_SPSC(element_##size, end->ring,    \
			end->elements,                                    \
			(struct ck_element_##size *)message->data);       \
	}                                                                 \
	static bool dequeue_##size(                                       \
		const struct ring_endpoint *end, struct inbound *message) \
	{                                                                 \
		message->len = (size);                                    \
		return CK_RING_DEQUEUE_SPSC(element_##size, end->ring,    \
			end->elements, message->room);                    \
	}
CK_SIZES_TO_256(ELEMENT_CALLS)

/* Messages in slots. The reserving call goes by its function's name: its macro
 * in ck 0.7.1 has an argument too many. */
CK_RING_PROTOTYPE(ticket, ck_ticket)

static bool enqueue_slot(
	const struct ring_endpoint *end, const struct outbound *message)
{
	struct ck_ticket *first = end->elements;
	struct ck_ticket *ticket =
		ck_ring_enqueue_reserve_spsc_ticket(end->ring, first);

	if (!ticket)
		return false;
	ticket->slot = (uint32_t)(ticket - first);
	ticket->len = message->len;
	if (message->len)
		memcpy(ck_slot(end->channel, ticket->slot), message->data,
			message->len);
	ck_ring_enqueue_commit_spsc(end->ring);
	return true;
}

static bool dequeue_slot(
	const struct ring_endpoint *end, struct inbound *message)
{
	struct ck_ticket ticket;

	if (!CK_RING_DEQUEUE_SPSC(ticket, end->ring, end->elements, &ticket))
		return false;
	message->len = ticket.len;
	if (ticket.len)
		memcpy(message->room, ck_slot(end->channel, ticket.slot),
			ticket.len);
	return true;
}

static void choose_calls(struct ring_endpoint *end, uint64_t size)
{
	switch (size) {
#define CHOOSE(one)                           \
	case one:                             \
		end->enqueue = enqueue_##one; \
		end->dequeue = dequeue_##one; \
		break;
		CK_SIZES_TO_256(CHOOSE)
	default:
		end->enqueue = enqueue_slot;
		end->dequeue = dequeue_slot;
	}
}

static int ring_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	return ck_make(
		config, ELEMENT_MAX, 1, (struct ck_channel **)ret_channel);
}

static int ring_attach(struct channel *base, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct ck_channel *channel = (struct ck_channel *)base;
	struct ring_endpoint *end = calloc(1, sizeof(*end));

	(void)role;
	(void)index;
	if (!end)
		return -ENOMEM;
	shared_touch(channel->map, channel->mapped_bytes);
	end->channel = channel;
	end->ring = channel->rings[0];
	end->elements = channel->elements[0];
	choose_calls(end, channel->msg_size_bytes);
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

static int ring_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	const struct ring_endpoint *end = (struct ring_endpoint *)endpoint;
	const struct ck_channel *channel = end->channel;
	uint64_t deadline_ns;
	unsigned turn = 0;

	if (message->len > channel->msg_size_bytes ||
		(!channel->stride && message->len < channel->msg_size_bytes))
		return -EMSGSIZE;
	if (end->enqueue(end, message))
		return 0;
	if (!timeout_ns)
		return -EAGAIN;
	deadline_ns = deadline_after(timeout_ns);
	while (deadline_spin(&turn, deadline_ns))
		if (end->enqueue(end, message))
			return 0;
	return -ETIMEDOUT;
}

static int ring_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	const struct ring_endpoint *end = (struct ring_endpoint *)endpoint;
	uint64_t deadline_ns;
	unsigned turn = 0;

	if (message->room_bytes < end->channel->msg_size_bytes)
		return -EMSGSIZE;
	message->data = message->room;
	if (end->dequeue(end, message))
		return 0;
	if (!timeout_ns)
		return -EAGAIN;
	deadline_ns = deadline_after(timeout_ns);
	while (deadline_spin(&turn, deadline_ns))
		if (end->dequeue(end, message))
			return 0;
	return -ETIMEDOUT;
}

static void ring_detach(struct endpoint *endpoint)
{
	free(endpoint);
}

const struct transport transport_ck_ring = {
	.name = CK_RING_NAME,
	.summary = CK_RING_SUMMARY,
	.caps = CK_RING_CAPS,
	.create = ring_create,
	.attach = ring_attach,
	.send = ring_send,
	.recv = ring_recv,
	.detach = ring_detach,
	.check = ck_check,
	.destroy = ck_destroy,
};
