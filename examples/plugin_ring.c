/* plugin_ring.c - a transport of one's own for ipcmark, outside its tree.
 *
 * A ring of fixed slots in shared memory, one producer and one consumer, in the
 * plainest form that keeps all promises of <ipcmark/transport.h>. Copy it and
 * put your own in the place of ring_put() and ring_take():
 *
 *   cc -std=c11 -O2 -shared -fPIC -o mine.so plugin_ring.c
 *   ipcmark conform plugin:./mine.so
 *   ipcmark run peers.ini --set global.transport=ring,plugin:./mine.so
 *
 * What a kill leaves behind: a slot counts once the producer's index says so,
 * and is free once the consumer's does, each by one store behind the copy. So
 * whoever dies, the other sees whole messages only. It does not learn of the
 * death; that would be CAP_PEER_GONE, which this one does not claim. The memory
 * has no name and goes with the last process that has it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ipcmark/transport.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
	SLOTS = 256, /* a power of two */
	POLL_NS = 50 * 1000,
};

struct slot {
	uint64_t len;
	unsigned char body[];
};

struct ring {
	_Alignas(128) _Atomic uint64_t written; /* messages, free-running */
	_Alignas(128) _Atomic uint64_t taken;
	_Alignas(128) unsigned char slots[];
};

/* What create() makes is inherited over the fork: it is the endpoint, too. */
struct mine {
	struct ring *ring;
	size_t mapped_bytes;
	size_t slot_bytes;
	size_t max_len;
};

static struct slot *slot_at(const struct mine *mine, uint64_t number)
{
	return (struct slot *)(mine->ring->slots +
			       number % SLOTS * mine->slot_bytes);
}

static int mine_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct mine *mine = calloc(1, sizeof(*mine));

	if (!mine)
		return -ENOMEM;
	mine->max_len = config->msg_size_bytes;
	mine->slot_bytes = (sizeof(struct slot) + mine->max_len + 7) / 8 * 8;
	mine->mapped_bytes = sizeof(struct ring) + SLOTS * mine->slot_bytes;
	mine->ring = mmap(NULL, mine->mapped_bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mine->ring == MAP_FAILED) {
		free(mine);
		return -ENOMEM;
	}
	*ret_channel = (struct channel *)mine;
	return 0;
}

static int mine_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	(void)role;
	(void)index;
	*ret_endpoint = (struct endpoint *)channel;
	return 0;
}

/* 0 or -EAGAIN */
static int ring_put(const struct mine *mine, const struct outbound *message)
{
	/* relaxed: only this process writes it */
	uint64_t at = atomic_load_explicit(
		&mine->ring->written, memory_order_relaxed);
	struct slot *slot = slot_at(mine, at);

	/* A1: the slot is not read any more. Pairs with R2 in ring_take(). */
	if (at - atomic_load_explicit(
			 &mine->ring->taken, memory_order_acquire) ==
		SLOTS)
		return -EAGAIN;
	slot->len = message->len;
	if (message->len)
		memcpy(slot->body, message->data, message->len);
	/* R1: publishes the slot. Pairs with A2 in ring_take(). */
	atomic_store_explicit(
		&mine->ring->written, at + 1, memory_order_release);
	return 0;
}

static int ring_take(const struct mine *mine, struct inbound *message)
{
	/* relaxed: only this process writes it */
	uint64_t at =
		atomic_load_explicit(&mine->ring->taken, memory_order_relaxed);
	const struct slot *slot = slot_at(mine, at);

	/* A2: the slot is whole. Pairs with R1 in ring_put(). */
	if (at == atomic_load_explicit(
			  &mine->ring->written, memory_order_acquire))
		return -EAGAIN;
	message->len = slot->len;
	message->data = message->room;
	if (message->len)
		memcpy(message->room, slot->body, message->len);
	/* R2: frees the slot. Pairs with A1 in ring_put(). */
	atomic_store_explicit(&mine->ring->taken, at + 1, memory_order_release);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Once more, after a nap? 0, or what the call has to return. */
static int mine_nap(uint64_t timeout_ns, uint64_t *start_ns)
{
	static const struct timespec nap = {.tv_nsec = POLL_NS};

	if (!timeout_ns)
		return -EAGAIN;
	if (!*start_ns)
		*start_ns = now_ns();
	else if (now_ns() - *start_ns >= timeout_ns)
		return -ETIMEDOUT;
	nanosleep(&nap, NULL);
	return 0;
}

static int mine_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	const struct mine *mine = (struct mine *)endpoint;
	uint64_t start_ns = 0;
	int ret;

	if (message->len > mine->max_len)
		return -EMSGSIZE;
	while (ring_put(mine, message)) {
		ret = mine_nap(timeout_ns, &start_ns);
		if (ret)
			return ret;
	}
	return 0;
}

static int mine_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	const struct mine *mine = (struct mine *)endpoint;
	uint64_t start_ns = 0;
	int ret;

	while (ring_take(mine, message)) {
		ret = mine_nap(timeout_ns, &start_ns);
		if (ret)
			return ret;
	}
	return 0;
}

static void mine_detach(struct endpoint *endpoint)
{
	(void)endpoint; /* the channel itself */
}

static void mine_destroy(struct channel *channel)
{
	struct mine *mine = (struct mine *)channel;

	if (!mine)
		return;
	munmap(mine->ring, mine->mapped_bytes);
	free(mine);
}

static const struct transport mine = {
	.name = "slots",
	.summary = "example: a ring of 256 fixed slots; naps when it waits",
	.caps = CAP_BLOCK,
	.create = mine_create,
	.attach = mine_attach,
	.send = mine_send,
	.recv = mine_recv,
	.detach = mine_detach,
	.destroy = mine_destroy,
};

IPCMARK_PLUGIN(mine);
