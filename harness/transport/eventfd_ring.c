/* eventfd_ring.c - a ring in shared memory whose sides sleep on
 * eventfds.
 *
 * What a careful program writes that has no futex at hand, or wants to wait in
 * poll() for other things as well: bytes between two free-running indices, one
 * producer, one consumer, and two eventfds, one that says "there is something
 * to read", one "there is room". The one who waits says so in shared memory
 * first, looks once more, and sleeps in ppoll(); the other looks at that word
 * after each message and writes to the eventfd only if it is set. So a message
 * costs no system call while both sides are busy.
 *
 * Between the store of one word and the load of the other there is a fence on
 * both sides: either the waiter sees the message or the sender sees the waiter.
 *
 * Records are those of records.h. One store of the tail publishes one, or a batch
 * of them; one store of the head gives the room back. Who dies leaves whole
 * records, but nobody learns of it, and a producer killed between the store and the
 * wake leaves the consumer asleep until its time-out.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/line_pair.h"
#include "base/shared.h"
#include "transport/list.h"
#include "transport/records.h"

/* head <= tail <= head + capacity, in bytes, free-running */
struct eventfd_shared {
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t tail;	    /* producer's */
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t head;	    /* consumer's */
	alignas(LINE_PAIR_BYTES) _Atomic unsigned waits[2]; /* by role */
	alignas(LINE_PAIR_BYTES) unsigned char bytes[];
};

struct eventfd_channel {
	struct eventfd_shared *shared;
	size_t mapped_bytes;
	struct records records;
	int wake[2]; /* by role of who sleeps there */
};

/* The peer's index is kept from the last look: it only grows. */
struct eventfd_endpoint {
	const struct eventfd_channel *channel;
	enum endpoint_role role;
	uint64_t own;
	uint64_t peer;
};

static _Atomic uint64_t *index_of(
	struct eventfd_shared *shared, enum endpoint_role role)
{
	return role == ROLE_PRODUCER ? &shared->tail : &shared->head;
}

static enum endpoint_role other(enum endpoint_role role)
{
	return role == ROLE_PRODUCER ? ROLE_CONSUMER : ROLE_PRODUCER;
}

/* One record in, not published yet. */
static int eventfd_put(
	struct eventfd_endpoint *end, const struct outbound *message)
{
	const struct eventfd_channel *channel = end->channel;
	const struct records *records = &channel->records;
	uint64_t bytes = record_bytes(message->len);

	if (message->len > records->max_len)
		return -EMSGSIZE;
	if (records->capacity - (end->own - end->peer) < bytes) {
		/* A1: the bytes before it are read. Pairs with R1. */
		end->peer = atomic_load_explicit(
			&channel->shared->head, memory_order_acquire);
		if (records->capacity - (end->own - end->peer) < bytes)
			return -EAGAIN;
	}
	record_put(records, end->own, message);
	end->own += bytes;
	return 0;
}

/* One record out, its room not given back yet. */
static int eventfd_get(struct eventfd_endpoint *end, struct inbound *message)
{
	const struct eventfd_channel *channel = end->channel;
	int err;

	if (end->own == end->peer) {
		/* A2: the records before it are whole. Pairs with R1. */
		end->peer = atomic_load_explicit(
			&channel->shared->tail, memory_order_acquire);
		if (end->own == end->peer)
			return -EAGAIN;
	}
	err = record_get(&channel->records, end->own, message);
	if (!err)
		end->own += record_bytes(message->len);
	return err;
}

/* Tell the other side what was done, and wake it if it said that it sleeps. */
static void eventfd_publish(const struct eventfd_endpoint *end)
{
	struct eventfd_shared *shared = end->channel->shared;
	enum endpoint_role peer = other(end->role);
	ssize_t written;

	/* R1: publishes records, or their room. Pairs with A1 and A2. */
	atomic_store_explicit(
		index_of(shared, end->role), end->own, memory_order_release);
	/* F1: before the look at waits. Pairs with F2 in eventfd_sleep(). */
	atomic_thread_fence(memory_order_seq_cst);
	/* relaxed: F1 orders it */
	if (!atomic_load_explicit(&shared->waits[peer], memory_order_relaxed))
		return;
	/* fails only when the counter is full, and then it wakes, too */
	written = write(
		end->channel->wake[peer], &(uint64_t){1}, sizeof(uint64_t));
	assert(written > 0 || errno == EAGAIN);
	(void)written;
}

/* Sleep until the other side did something since this one last looked. */
static int eventfd_sleep(const struct eventfd_endpoint *end,
	uint64_t timeout_ns, uint64_t *deadline_ns)
{
	struct eventfd_shared *shared = end->channel->shared;
	int fd = end->channel->wake[end->role];
	uint64_t count;
	int ret = 0;

	if (!timeout_ns)
		return -EAGAIN;
	/* relaxed: F2 orders it */
	atomic_store_explicit(
		&shared->waits[end->role], 1, memory_order_relaxed);
	/* F2: before the last look. Pairs with F1 in eventfd_publish(). */
	atomic_thread_fence(memory_order_seq_cst);
	/* relaxed: what is there is read only after A1 or A2 */
	if (atomic_load_explicit(index_of(shared, other(end->role)),
		    memory_order_relaxed) == end->peer)
		ret = fd_wait(fd, POLLIN, timeout_ns, deadline_ns);
	/* relaxed: a wake too many is only looked at once more */
	atomic_store_explicit(
		&shared->waits[end->role], 0, memory_order_relaxed);
	(void)!read(fd, &count, sizeof(count)); /* back to nothing */
	return ret;
}

/* @out, @in: the one that is not NULL says which way. Returns how many. */
static int eventfd_transfer(struct eventfd_endpoint *end,
	const struct outbound *out, struct inbound *in, unsigned count,
	uint64_t timeout_ns)
{
	uint64_t deadline_ns = 0;

	for (;;) {
		unsigned done = 0;
		int ret = 0;

		while (!ret && done < count) {
			ret = out ? eventfd_put(end, &out[done])
				  : eventfd_get(end, &in[done]);
			done += !ret;
		}
		if (done) {
			eventfd_publish(end);
			return (int)done;
		}
		if (ret == -EAGAIN)
			ret = eventfd_sleep(end, timeout_ns, &deadline_ns);
		if (ret)
			return ret;
	}
}

static int eventfd_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	return eventfd_transfer((struct eventfd_endpoint *)endpoint, messages,
		NULL, count, timeout_ns);
}

static int eventfd_recv_batch(struct endpoint *endpoint,
	struct inbound *messages, unsigned count, uint64_t timeout_ns)
{
	return eventfd_transfer((struct eventfd_endpoint *)endpoint, NULL,
		messages, count, timeout_ns);
}

static int eventfd_send(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	int ret = eventfd_send_batch(endpoint, message, 1, timeout_ns);

	return ret < 0 ? ret : 0;
}

static int eventfd_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int ret = eventfd_recv_batch(endpoint, message, 1, timeout_ns);

	return ret < 0 ? ret : 0;
}

static void eventfd_destroy(struct channel *channel)
{
	struct eventfd_channel *ring = (struct eventfd_channel *)channel;

	if (!ring)
		return;
	for (int i = 0; i < 2; i++)
		if (ring->wake[i] >= 0)
			close(ring->wake[i]);
	if (ring->shared)
		munmap(ring->shared, ring->mapped_bytes);
	free(ring);
}

static int eventfd_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct eventfd_channel *ring;
	struct records records;
	int ret = records_plan(config, &records);

	if (ret)
		return ret;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	for (int i = 0; i < 2; i++)
		ring->wake[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->wake[0] < 0 || ring->wake[1] < 0) {
		ret = -errno;
		goto fail;
	}
	ring->mapped_bytes = sizeof(struct eventfd_shared) + records.capacity;
	ring->shared = shared_map(ring->mapped_bytes);
	if (!ring->shared) {
		ret = -ENOMEM;
		goto fail;
	}
	ring->records = records;
	ring->records.bytes = ring->shared->bytes;
	*ret_channel = (struct channel *)ring;
	return 0;
fail:
	eventfd_destroy((struct channel *)ring);
	return ret;
}

static int eventfd_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct eventfd_channel *ring = (struct eventfd_channel *)channel;
	struct eventfd_endpoint *end = calloc(1, sizeof(*end));

	(void)index;
	if (!end)
		return -ENOMEM;
	shared_touch(ring->shared, ring->mapped_bytes);
	end->channel = ring;
	end->role = role;
	/* relaxed: its own, from whoever had the role before, if anybody */
	end->own = atomic_load_explicit(
		index_of(ring->shared, role), memory_order_relaxed);
	/* acquire: as A1 and A2 */
	end->peer = atomic_load_explicit(
		index_of(ring->shared, other(role)), memory_order_acquire);
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

static void eventfd_detach(struct endpoint *endpoint)
{
	free(endpoint);
}

static int eventfd_check(struct channel *channel)
{
	const struct eventfd_channel *ring = (struct eventfd_channel *)channel;
	uint64_t head =
		atomic_load_explicit(&ring->shared->head, memory_order_acquire);
	uint64_t tail =
		atomic_load_explicit(&ring->shared->tail, memory_order_acquire);

	return records_check(&ring->records, head, tail);
}

const struct transport transport_eventfd_ring = {
	.name = "eventfd-ring",
	.summary = "plain ring in shared memory, waits on eventfds",
	.caps = CAP_BATCH | CAP_BLOCK,
	.create = eventfd_create,
	.attach = eventfd_attach,
	.send = eventfd_send,
	.recv = eventfd_recv,
	.send_batch = eventfd_send_batch,
	.recv_batch = eventfd_recv_batch,
	.detach = eventfd_detach,
	.check = eventfd_check,
	.destroy = eventfd_destroy,
};
