/* copy.c - the two copies alone: the limit of throughput.
 *
 * Whoever passes messages by value through shared memory copies each in and
 * copies it out. This does that and as little else as possible: slots of just
 * the message's size, next to each other, no length, no check, nothing that a
 * crash would need. Each side keeps its own index to itself and publishes it
 * every PUBLISH_COUNT messages or PUBLISH_BYTES, or after each batch; each keeps
 * the last it saw of the other's and looks again only when that is used up.
 *
 * A message not yet published is not on its way, so this is no transport: a
 * lone message stays where it is until others follow or the producer detaches
 * (and there are no round trips). What holds all the same: when the producer
 * finds the slots full, all of them are published; a consumer that finds none
 * has published all it freed. So a stream never stops, whatever the counts.
 *
 * Slots have one size: a message of another is -EMSGSIZE.
 *
 * With a time-out it naps after a short spin: on a machine whose two processors
 * are threads of one core, or the host's to give away, spinning would slow down
 * the side that works. The buffer holds far more than happens during a nap.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "base/line_pair.h"
#include "base/shared.h"
#include "transport/transport.h"

enum {
	PUBLISH_COUNT = 16,
	PUBLISH_BYTES = 16 * 1024,
	SPIN_TURNS =
		4096, /* some 100 us: as long as a copy of 1 MiB may take */
	NAP_NS = 20 * 1000,
	SLOTS_MIN = 4,
	SLOTS_MAX = 1 << 16, /* of small messages; also what 0 bytes get */
};

/* Measured with 64 B to 64 KiB messages: two to five times what 1 MiB moves.
 * The further the consumer is behind, the less the two fight over lines that
 * are still in the producer's own cache. */
#define CAPACITY_BYTES (UINT64_C(8) << 20)
#define CAPACITY_MAX_BYTES (UINT64_C(1) << 36)

struct copy_shared {
	/* free-running counts of messages */
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t tail; /* producer publishes */
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t head; /* consumer publishes */
	alignas(LINE_PAIR_BYTES) unsigned char slots[];
};

struct copy_channel {
	struct copy_shared *shared;
	size_t mapped_bytes;
	size_t slot_bytes;
	uint64_t slot_count; /* a power of two */
	uint64_t publish;    /* messages */
};

struct copy_endpoint {
	const struct copy_channel *channel;
	_Atomic uint64_t *own;	 /* the index this side publishes */
	_Atomic uint64_t *other; /* the other side's */
	uint64_t next;		 /* slot to use next */
	uint64_t limit;		 /* may go on up to here, as last seen */
	uint64_t published;
	uint64_t ahead; /* limit = other + ahead */
};

static int copy_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	uint64_t size = config->msg_size_bytes;
	uint64_t capacity = config->capacity_bytes;
	struct copy_channel *copy;
	uint64_t slots;

	if (!capacity)
		capacity = CAPACITY_BYTES;
	slots = size ? capacity / size : SLOTS_MAX;
	if (slots > SLOTS_MAX)
		slots = SLOTS_MAX;
	if (size > CAPACITY_MAX_BYTES / SLOTS_MAX)
		return -EMSGSIZE;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	copy->slot_bytes = size;
	copy->slot_count = SLOTS_MIN;
	while (copy->slot_count * 2 <= slots)
		copy->slot_count *= 2;
	copy->publish = PUBLISH_COUNT;
	while (copy->publish > 1 &&
		(copy->publish * size > PUBLISH_BYTES ||
			copy->publish * 4 > copy->slot_count))
		copy->publish /= 2;
	copy->mapped_bytes =
		sizeof(struct copy_shared) + copy->slot_count * size;
	copy->shared = shared_map(copy->mapped_bytes);
	if (!copy->shared) {
		free(copy);
		return -ENOMEM;
	}
	*ret_channel = (struct channel *)copy;
	return 0;
}

static int copy_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct copy_channel *copy = (struct copy_channel *)channel;
	struct copy_endpoint *end = calloc(1, sizeof(*end));

	(void)index;
	if (!end)
		return -ENOMEM;
	end->channel = copy;
	shared_touch(copy->shared, copy->mapped_bytes);
	if (role == ROLE_PRODUCER) {
		end->own = &copy->shared->tail;
		end->other = &copy->shared->head;
		end->ahead = copy->slot_count;
		end->limit = copy->slot_count;
	} else {
		end->own = &copy->shared->head;
		end->other = &copy->shared->tail;
	}
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

static void copy_publish(struct copy_endpoint *end)
{
	/* R1: the slots before next are filled, or are free again.
	 * Pairs with A1 in copy_wait(). */
	if (end->published != end->next)
		atomic_store_explicit(
			end->own, end->next, memory_order_release);
	end->published = end->next;
}

/* Nothing left of what was seen last: look again, and wait if need be. */
static int copy_wait(struct copy_endpoint *end, uint64_t timeout_ns)
{
	static const struct timespec nap = {.tv_nsec = NAP_NS};
	uint64_t deadline_ns = 0;
	unsigned turn = 0;

	copy_publish(end); /* the other side may wait for it */
	for (;;) {
		/* A1: how far the other side has come. Pairs with R1. */
		uint64_t other =
			atomic_load_explicit(end->other, memory_order_acquire);

		end->limit = other + end->ahead;
		if (end->limit != end->next)
			return 0;
		if (!timeout_ns)
			return -EAGAIN;
		if (!deadline_ns)
			deadline_ns = deadline_after(timeout_ns);
		if (!deadline_spin(&turn, deadline_ns))
			return -ETIMEDOUT;
		if (turn > SPIN_TURNS)
			nanosleep(&nap, NULL);
	}
}

static unsigned char *copy_slot(const struct copy_endpoint *end)
{
	const struct copy_channel *copy = end->channel;

	return copy->shared->slots +
	       (end->next & (copy->slot_count - 1)) * copy->slot_bytes;
}

static void copy_in(struct copy_endpoint *end, const struct outbound *message)
{
	if (message->len)
		memcpy(copy_slot(end), message->data, message->len);
	end->next++;
}

static void copy_out(struct copy_endpoint *end, struct inbound *message)
{
	message->len = end->channel->slot_bytes;
	message->data = message->room;
	if (message->len)
		memcpy(message->room, copy_slot(end), message->len);
	end->next++;
}

static int copy_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	struct copy_endpoint *end = (struct copy_endpoint *)endpoint;

	if (message->len != end->channel->slot_bytes)
		return -EMSGSIZE;
	if (end->next == end->limit) {
		int ret = copy_wait(end, timeout_ns);

		if (ret)
			return ret;
	}
	copy_in(end, message);
	if (end->next - end->published >= end->channel->publish)
		copy_publish(end);
	return 0;
}

static int copy_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	struct copy_endpoint *end = (struct copy_endpoint *)endpoint;

	if (message->room_bytes < end->channel->slot_bytes)
		return -EMSGSIZE;
	if (end->next == end->limit) {
		int ret = copy_wait(end, timeout_ns);

		if (ret)
			return ret;
	}
	copy_out(end, message);
	if (end->next - end->published >= end->channel->publish)
		copy_publish(end);
	return 0;
}

/* How many of @count can go without waiting for the other side once more. */
static int copy_room(
	struct copy_endpoint *end, unsigned count, uint64_t timeout_ns)
{
	if (end->limit == end->next) {
		int ret = copy_wait(end, timeout_ns);

		if (ret)
			return ret;
	}
	return end->limit - end->next < count ? (int)(end->limit - end->next)
					      : (int)count;
}

static int copy_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	struct copy_endpoint *end = (struct copy_endpoint *)endpoint;
	int fit;

	for (unsigned i = 0; i < count; i++)
		if (messages[i].len != end->channel->slot_bytes)
			return -EMSGSIZE;
	fit = copy_room(end, count, timeout_ns);
	for (int i = 0; i < fit; i++)
		copy_in(end, &messages[i]);
	if (fit > 0)
		copy_publish(end);
	return fit;
}

static int copy_recv_batch(struct endpoint *endpoint, struct inbound *messages,
	unsigned count, uint64_t timeout_ns)
{
	struct copy_endpoint *end = (struct copy_endpoint *)endpoint;
	int fit = copy_room(end, count, timeout_ns);

	for (int i = 0; i < fit; i++)
		if (messages[i].room_bytes < end->channel->slot_bytes)
			return -EMSGSIZE;
	for (int i = 0; i < fit; i++)
		copy_out(end, &messages[i]);
	if (fit > 0)
		copy_publish(end);
	return fit;
}

static void copy_detach(struct endpoint *endpoint)
{
	struct copy_endpoint *end = (struct copy_endpoint *)endpoint;

	if (!end)
		return;
	copy_publish(end); /* the last messages */
	free(end);
}

static void copy_destroy(struct channel *channel)
{
	struct copy_channel *copy = (struct copy_channel *)channel;

	if (!copy)
		return;
	munmap(copy->shared, copy->mapped_bytes);
	free(copy);
}

const struct transport transport_copy = {
	.name = "copy",
	.summary = "limit: one copy in, one copy out, nothing else",
	.caps = CAP_BATCH | CAP_BLOCK | CAP_LIMIT | CAP_NO_ROUNDTRIP,
	.create = copy_create,
	.attach = copy_attach,
	.send = copy_send,
	.recv = copy_recv,
	.send_batch = copy_send_batch,
	.recv_batch = copy_recv_batch,
	.detach = copy_detach,
	.destroy = copy_destroy,
};
