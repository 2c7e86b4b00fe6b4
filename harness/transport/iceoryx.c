/* iceoryx.c - iceoryx 2, a publisher and a subscriber.
 *
 * A message lies in a chunk of memory that both sides have mapped: the producer
 * takes one on loan, copies the message into it, and publishes. With recv_view()
 * the consumer looks at it where it lies and gives the chunk back when it asks
 * for the next one; with recv() it copies the message out and gives it back at
 * once. iceoryx does not tell its C programs how long a chunk is, so the length
 * goes in front.
 *
 * RouDi, the broker, is started by the first channel and stopped with the last
 * (session/roudi.h): 80 ms each time, most of it for 63 MiB of books that it
 * clears. It connects the two ends and is not on a message's way. Two channels may
 * be open at once, of one size of message. A chunk's memory is of the system's
 * choosing: RouDi touches it first.
 *
 * A subscriber's queue holds 256 messages at most, and whoever publishes into a
 * full one waits without an end. So nobody does: each producer has a share of
 * the queue and counts what it sent; the consumer tells in shared memory how
 * many it took from whom, one plain store a message. A producer with nothing
 * left of its share yields, then naps.
 *
 * What is published before the consumer is there reaches nobody. So a
 * producer's first message waits for it, even when it is only to poll.
 *
 * A consumer that was asked to sleep does so on iceoryx's wait set, which costs
 * its producers a semaphore's post for each message; one that polls has none.
 * The time-outs of a wait set came twice as late as asked for in 2.0.3.
 *
 * What was published stays until it is taken, whoever dies. Nobody is told of a
 * death, and one within a call may leave a lock behind for good.
 */
#include <errno.h>
#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/subscriber.h>
#include <iceoryx_binding_c/wait_set.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/reaper.h"
#include "session/roudi.h"
#include "transport/capacity.h"
#include "transport/list.h"
#include "transport/optional.h"
#include "transport/tally.h"

#define SERVICE "ipcmark"
#define EVENT "message"

enum {
	NAME_BYTES = 80, /* iceoryx takes 100 */
	QUEUE_MAX = 256, /* of a subscriber */
	QUEUE_MIN = 4,
	CHUNK_ALIGN = 8,
	CHUNK_HEADER_BYTES = 64, /* what iceoryx puts in front, at most */
	CHUNKS_EACH = 2,	 /* a producer's: on loan, and its last one */
	CHUNKS_HELD = 4,	 /* the consumer's one, and some to spare */
	CHANNELS_MAX = 2,
	YIELDS = 1000,
	NAP_NS = 50 * 1000,
};

#define MESSAGE_MAX_BYTES (UINT64_C(1) << 30)
#define JOIN_NS UINT64_C(5000000000)
#define DEATH_NS UINT64_C(2000000000)

/* In a chunk, before the message. */
struct ice_prefix {
	uint32_t len;
	uint32_t producer;
};

struct ice_channel {
	char name[NAME_BYTES];
	struct tally tally; /* what the consumer took, by producer */
	uint64_t msg_size;
	unsigned share; /* of the queue, for each producer */
	bool sleeps;
	pid_t reaper;
};

struct ice_endpoint {
	const struct ice_channel *channel;
	enum endpoint_role role;
	uint32_t index;

	/* a producer's */
	iox_pub_storage_t pub_storage;
	iox_pub_t pub;
	uint64_t sent;
	uint64_t taken; /* as last seen */
	bool joined;	/* the consumer was there */
	bool tried;	/* to wait for it */

	/* a consumer's */
	iox_sub_storage_t sub_storage;
	iox_sub_t sub;
	iox_ws_storage_t set_storage;
	iox_ws_t set;
	const void *held; /* the chunk of the last message, or NULL */
};

/* The harness's one RouDi. */
static struct {
	struct roudi roudi;
	unsigned channels;
	uint64_t chunk_bytes;
	uint64_t chunks; /* not yet promised to a channel */
} broker;

static uint64_t ice_max_len(void)
{
	return MESSAGE_MAX_BYTES;
}

static uint64_t chunk_bytes_of(const struct channel_config *config)
{
	uint64_t bytes = sizeof(struct ice_prefix) + config->msg_size_bytes;

	return (bytes + CHUNK_ALIGN - 1) / CHUNK_ALIGN * CHUNK_ALIGN;
}

static unsigned share_of(const struct channel_config *config)
{
	uint64_t queue = capacity_choose(config) / chunk_bytes_of(config);

	if (queue < QUEUE_MIN)
		queue = QUEUE_MIN;
	if (queue > QUEUE_MAX)
		queue = QUEUE_MAX;
	queue /= config->producers;
	return queue ? (unsigned)queue : 1;
}

static uint64_t chunks_of(const struct channel_config *config)
{
	return (uint64_t)config->producers * (share_of(config) + CHUNKS_EACH) +
	       CHUNKS_HELD;
}

static int ice_can_run(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	uint64_t chunk = chunk_bytes_of(config) + CHUNK_HEADER_BYTES;

	if (config->msg_size_bytes > MESSAGE_MAX_BYTES) {
		snprintf(reason, reason_bytes,
			"%s carries at most %llu bytes here", ICEORYX_NAME,
			(unsigned long long)MESSAGE_MAX_BYTES);
		return -ENOTSUP;
	}
	return roudi_can_run(
		CHANNELS_MAX * chunks_of(config) * chunk, reason, reason_bytes);
}

/* One channel more. */
static int broker_join(const struct channel_config *config)
{
	uint64_t chunk_bytes = chunk_bytes_of(config);
	uint64_t chunks = chunks_of(config);
	int ret;

	if (!broker.channels) {
		ret = roudi_start(config->name, chunk_bytes,
			CHANNELS_MAX * chunks, &broker.roudi);
		if (ret)
			return ret;
		broker.chunk_bytes = chunk_bytes;
		broker.chunks = CHANNELS_MAX * chunks;
	}
	if (chunk_bytes > broker.chunk_bytes || chunks > broker.chunks)
		return -EBUSY;
	broker.chunks -= chunks;
	broker.channels++;
	return 0;
}

static void broker_leave(void)
{
	if (--broker.channels == 0)
		roudi_stop(&broker.roudi);
}

/* After the harness was killed, and its RouDi with it. */
static void ice_reap(const void *name)
{
	roudi_clean(DEATH_NS);
	roudi_forget(name);
}

static void ice_destroy(struct channel *base)
{
	struct ice_channel *channel = (struct ice_channel *)base;

	if (!channel)
		return;
	broker_leave();
	roudi_forget(channel->name);
	reaper_stop(channel->reaper);
	tally_free(&channel->tally);
	free(channel);
}

static int ice_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct ice_channel *channel = calloc(1, sizeof(*channel));
	int ret = 0;

	if (!channel)
		return -ENOMEM;
	if (snprintf(channel->name, sizeof(channel->name), "%s",
		    config->name) >= (int)sizeof(channel->name))
		ret = -ENAMETOOLONG;
	channel->msg_size = config->msg_size_bytes;
	channel->share = share_of(config);
	channel->sleeps = config->wait == WAIT_BLOCK;
	if (!ret)
		ret = tally_make(config, &channel->tally);
	if (!ret)
		ret = reaper_start(ice_reap, channel->name, &channel->reaper);
	if (!ret)
		ret = broker_join(config);
	if (ret) {
		reaper_stop(channel->reaper);
		tally_free(&channel->tally);
		free(channel);
		return ret;
	}
	*ret_channel = (struct channel *)channel;
	return 0;
}

/* A process is one program to RouDi, whatever it attaches to. */
static void run_time_start(
	const struct ice_channel *channel, const struct ice_endpoint *end)
{
	static bool started;
	char name[NAME_BYTES + 16];

	if (started)
		return;
	snprintf(name, sizeof(name), "%s.%c%u", channel->name,
		end->role == ROLE_PRODUCER ? 'p' : 'c', (unsigned)end->index);
	iox_set_loglevel(Iceoryx_LogLevel_Off);
	iox_runtime_init(name);
	started = true;
}

static int ice_publish_to(struct ice_endpoint *end)
{
	iox_pub_options_t options;

	iox_pub_options_init(&options);
	options.historyCapacity = 0;
	options.subscriberTooSlowPolicy =
		ConsumerTooSlowPolicy_WAIT_FOR_CONSUMER;
	end->pub = iox_pub_init(&end->pub_storage, SERVICE, end->channel->name,
		EVENT, &options);
	return end->pub ? 0 : -EIO;
}

static int ice_subscribe_to(struct ice_endpoint *end)
{
	iox_sub_options_t options;

	iox_sub_options_init(&options);
	options.queueCapacity = QUEUE_MAX;
	options.queueFullPolicy = QueueFullPolicy_BLOCK_PRODUCER;
	end->sub = iox_sub_init(&end->sub_storage, SERVICE, end->channel->name,
		EVENT, &options);
	if (!end->sub)
		return -EIO;
	if (!end->channel->sleeps)
		return 0;
	end->set = iox_ws_init(&end->set_storage);
	if (!end->set || iox_ws_attach_subscriber_state(end->set, end->sub,
				 SubscriberState_HAS_DATA, 0,
				 NULL) != WaitSetResult_SUCCESS)
		return -EIO;
	return 0;
}

static void ice_give_back(struct ice_endpoint *end)
{
	if (end->held)
		iox_sub_release_chunk(end->sub, end->held);
	end->held = NULL;
}

static void ice_detach(struct endpoint *endpoint)
{
	struct ice_endpoint *end = (struct ice_endpoint *)endpoint;

	if (!end)
		return;
	ice_give_back(end);
	if (end->set)
		iox_ws_deinit(end->set);
	if (end->sub)
		iox_sub_deinit(end->sub);
	if (end->pub)
		iox_pub_deinit(end->pub);
	free(end);
}

static int ice_attach(struct channel *base, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct ice_channel *channel = (struct ice_channel *)base;
	struct ice_endpoint *end = calloc(1, sizeof(*end));
	int ret;

	if (!end)
		return -ENOMEM;
	end->channel = channel;
	end->role = role;
	end->index = index;
	run_time_start(channel, end);
	ret = role == ROLE_PRODUCER ? ice_publish_to(end)
				    : ice_subscribe_to(end);
	if (ret) {
		ice_detach((struct endpoint *)end);
		return ret;
	}
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

/* One turn of waiting for the other side; false once @deadline_ns has passed. */
static bool ice_rest(unsigned *turn, uint64_t deadline_ns)
{
	static const struct timespec nap = {.tv_nsec = NAP_NS};

	if (++*turn < YIELDS) {
		sched_yield();
		return *turn % 64 || deadline_left_ns(deadline_ns);
	}
	nanosleep(&nap, NULL);
	return deadline_left_ns(deadline_ns);
}

/* Until there is somebody to publish to: as long as it may take to attach, but
 * not that long twice. */
static int ice_join(struct ice_endpoint *end, uint64_t timeout_ns)
{
	uint64_t most_ns =
		end->tried || timeout_ns > JOIN_NS ? timeout_ns : JOIN_NS;
	uint64_t deadline_ns = deadline_after(most_ns);
	unsigned turn = 0;

	while (!iox_pub_has_subscribers(end->pub)) {
		end->tried |= most_ns >= JOIN_NS;
		if (!most_ns || !ice_rest(&turn, deadline_ns))
			return deadline_code(timeout_ns);
	}
	end->joined = true;
	return 0;
}

static bool ice_has_room(struct ice_endpoint *end)
{
	if (end->sent - end->taken < end->channel->share)
		return true;
	/* relaxed: iceoryx's own queue orders the messages; this only says how
	 * many left it, and a stale value is too small. Partner: ice_take(). */
	end->taken = atomic_load_explicit(
		&end->channel->tally.counts[end->index].messages,
		memory_order_relaxed);
	return end->sent - end->taken < end->channel->share;
}

static int ice_await_room(struct ice_endpoint *end, uint64_t timeout_ns)
{
	uint64_t deadline_ns;
	unsigned turn = 0;

	if (!timeout_ns)
		return -EAGAIN;
	deadline_ns = deadline_after(timeout_ns);
	while (!ice_has_room(end))
		if (!ice_rest(&turn, deadline_ns))
			return -ETIMEDOUT;
	return 0;
}

static int ice_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	struct ice_endpoint *end = (struct ice_endpoint *)endpoint;
	struct ice_prefix *chunk;
	void *loan;
	int ret;

	if (message->len > end->channel->msg_size)
		return -EMSGSIZE;
	if (!end->joined) {
		ret = ice_join(end, timeout_ns);
		if (ret)
			return ret;
	}
	if (!ice_has_room(end)) {
		ret = ice_await_room(end, timeout_ns);
		if (ret)
			return ret;
	}
	if (iox_pub_loan_chunk(end->pub, &loan,
		    (uint32_t)(sizeof(*chunk) + message->len)) !=
		AllocationResult_SUCCESS)
		return -ENOBUFS;
	chunk = loan;
	chunk->len = (uint32_t)message->len;
	chunk->producer = end->index;
	if (message->len)
		memcpy(chunk + 1, message->data, message->len);
	iox_pub_publish_chunk(end->pub, loan);
	end->sent++;
	return 0;
}

/* A look at the next message. -EAGAIN when there is none. */
static int ice_take(struct ice_endpoint *end, struct inbound *message)
{
	const struct ice_prefix *chunk;
	const void *taken;

	ice_give_back(end);
	switch (iox_sub_take_chunk(end->sub, &taken)) {
	case ChunkReceiveResult_SUCCESS:
		break;
	case ChunkReceiveResult_NO_CHUNK_AVAILABLE:
		return -EAGAIN;
	default:
		return -EIO;
	}
	end->held = taken;
	chunk = taken;
	if (chunk->producer >= end->channel->tally.producers ||
		chunk->len > end->channel->msg_size)
		return -EBADMSG;
	tally_add(&end->channel->tally.counts[chunk->producer]);
	message->data = chunk + 1;
	message->len = chunk->len;
	return 0;
}

/* Sleep until there may be a message; false once @deadline_ns has passed. */
static bool ice_sleep(
	struct ice_endpoint *end, unsigned *turn, uint64_t deadline_ns)
{
	iox_notification_info_t which;
	uint64_t left_ns, missed;

	if (!end->set)
		return deadline_spin(turn, deadline_ns);
	left_ns = deadline_left_ns(deadline_ns);
	if (left_ns)
		(void)iox_ws_timed_wait(end->set, deadline_timespec(left_ns),
			&which, 1, &missed);
	return left_ns;
}

static int ice_recv_view(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	struct ice_endpoint *end = (struct ice_endpoint *)endpoint;
	int ret = ice_take(end, message);
	uint64_t deadline_ns;
	unsigned turn = 0;

	if (ret != -EAGAIN || !timeout_ns)
		return ret;
	deadline_ns = deadline_after(timeout_ns);
	do
		ret = ice_take(end, message);
	while (ret == -EAGAIN && ice_sleep(end, &turn, deadline_ns));
	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}

static int ice_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int ret = ice_recv_view(endpoint, message, timeout_ns);

	if (ret)
		return ret;
	if (message->len > message->room_bytes)
		return -EMSGSIZE;
	memcpy(message->room, message->data, message->len);
	message->data = message->room;
	ice_give_back((struct ice_endpoint *)endpoint);
	return 0;
}

const struct transport transport_iceoryx = {
	.name = ICEORYX_NAME,
	.summary = ICEORYX_SUMMARY,
	.caps = ICEORYX_CAPS,
	.can_run = ice_can_run,
	.max_len = ice_max_len,
	.create = ice_create,
	.attach = ice_attach,
	.send = ice_send,
	.recv = ice_recv,
	.recv_view = ice_recv_view,
	.detach = ice_detach,
	.destroy = ice_destroy,
};
