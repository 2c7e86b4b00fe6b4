/* pass.c - checks: messages arrive, whole, once and in order.
 *
 * What every transport must do, whatever it is made of. CAP_LOOPBACK transports
 * run with both ends in one process.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "conform/check.h"
#include "conform/stage.h"

enum {
	ORDER_COUNT = 10000,
	ORDER_SIZE = 300,
	BATCH = 8,
	MANY_EACH = 400, /* few: see many_consume() */
	MANY_SIZE_MAX = 72,
	SIZE_POWER_MAX = 20, /* 1 MiB */
	FILL_MAX_BYTES = 256 << 20,
	AFTER_FULL = 10,
};

/* Every size from nothing to the largest. */

static void sizes_try(const struct transport *transport, uint64_t len)
{
	const struct stage_actor actors[] = {
		stage_actor_of(stage_produce_few, ROLE_PRODUCER, 0),
		stage_actor_of(stage_consume_few, ROLE_CONSUMER, 0),
	};
	struct stage stage = {0};

	if (transport->max_len && len > transport->max_len())
		return;
	if (!stage_open(&stage, transport, len, 1))
		return;
	stage_run(&stage, actors, 2);
	stage_close(&stage);
}

void check_sizes(const struct transport *transport)
{

	for (uint64_t len = 0; len < 7; len++)
		sizes_try(transport, len);
	for (unsigned power = 3; power <= SIZE_POWER_MAX; power++)
		for (int off = -1; off <= (power < SIZE_POWER_MAX); off++)
			sizes_try(transport, (UINT64_C(1) << power) + off);
	if (transport->max_len && transport->max_len() < 1 << SIZE_POWER_MAX)
		sizes_try(transport, transport->max_len());
}

/* Order and count, sizes mixed, polling and waiting mixed. */

static size_t order_len(const struct stage *stage, uint64_t seq)
{
	uint64_t most = stage->config.msg_size_bytes;

	if (atomic_load(&stage->notes->fixed))
		return most;
	return (seq * 37 + 5) % (most + 1);
}

/* Some transports have one size of message; they say so by -EMSGSIZE. */
static void order_find_fixed(struct stage *stage, struct endpoint *end)
{
	unsigned char body[ORDER_SIZE] = {0};
	struct outbound smaller = {.data = body};
	int ret;

	smaller.len = order_len(stage, 0);
	stage_fill(body, smaller.len, 0);
	ret = stage->transport->send(end, &smaller, STAGE_PATIENCE_NS);
	if (ret == -EMSGSIZE) {
		atomic_store(&stage->notes->fixed, 1);
		smaller.len = order_len(stage, 0);
		stage_fill(body, smaller.len, 0);
		stage_send(stage, end, &smaller, 0);
	} else {
		stage_expect_code(stage, "first send", ret, 0);
	}
	stage_step(stage, 1);
}

static void order_produce(struct stage *stage, struct endpoint *end)
{
	unsigned char body[ORDER_SIZE];

	order_find_fixed(stage, end);
	for (uint64_t seq = 1; seq < ORDER_COUNT; seq++) {
		struct outbound message = {
			.data = body, .len = order_len(stage, seq)};
		uint64_t deadline_ns = deadline_after(STAGE_PATIENCE_NS);
		int ret;

		stage_fill(body, message.len, seq);
		while ((ret = stage->transport->send(end, &message,
				seq % 3 ? STAGE_PATIENCE_NS : 0)) == -EAGAIN &&
			deadline_left_ns(deadline_ns))
			sched_yield();
		stage_expect_code(stage, "send", ret, 0);
	}
}

static void order_consume(struct stage *stage, struct endpoint *end)
{
	unsigned char room[ORDER_SIZE];
	struct inbound message = {.room = room, .room_bytes = sizeof(room)};

	stage_await(stage, 1);
	for (uint64_t seq = 0; seq < ORDER_COUNT; seq++) {
		uint64_t deadline_ns = deadline_after(STAGE_PATIENCE_NS);
		int ret;

		while ((ret = stage->transport->recv(end, &message,
				seq % 2 ? STAGE_PATIENCE_NS : 0)) == -EAGAIN &&
			deadline_left_ns(deadline_ns))
			sched_yield();
		stage_expect_code(stage, "receive", ret, 0);
		stage_expect(stage, &message, order_len(stage, seq), seq);
	}
}

void check_order(const struct transport *transport)
{
	const struct stage_actor actors[] = {
		stage_actor_of(order_produce, ROLE_PRODUCER, 0),
		stage_actor_of(order_consume, ROLE_CONSUMER, 0),
	};
	struct stage stage = {0};
	uint64_t most = ORDER_SIZE;

	if (transport->max_len && transport->max_len() < most)
		most = transport->max_len();
	if (!stage_open(&stage, transport, most, 1))
		return;
	stage_run(&stage, actors, 2);
	stage_close(&stage);
}

/* Batches of every size up to BATCH, received by batches of other sizes, and
 * now and then by a single receive. */

static void batch_produce(struct stage *stage, struct endpoint *end)
{
	size_t len = stage->config.msg_size_bytes;
	unsigned char *bodies = stage_room(stage, BATCH * len);
	uint64_t seq = 0;

	while (seq < ORDER_COUNT) {
		struct outbound messages[BATCH];
		unsigned count = 1 + seq % BATCH;
		int ret;

		if (count > ORDER_COUNT - seq)
			count = (unsigned)(ORDER_COUNT - seq);
		for (unsigned i = 0; i < count; i++) {
			messages[i].data = bodies + i * len;
			messages[i].len = len;
			stage_fill(bodies + i * len, len, seq + i);
		}
		ret = stage->transport->send_batch(
			end, messages, count, STAGE_PATIENCE_NS);
		if (ret < 1 || ret > (int)count)
			stage_fail(stage, "send_batch of %u returns %d", count,
				ret);
		seq += (unsigned)ret;
	}
	free(bodies);
}

static void batch_consume(struct stage *stage, struct endpoint *end)
{
	size_t len = stage->config.msg_size_bytes;
	unsigned char *rooms = stage_room(stage, BATCH * len);
	uint64_t seq = 0;

	while (seq < ORDER_COUNT) {
		struct inbound messages[BATCH];
		unsigned count = 1 + (seq * 5 + 3) % BATCH;
		int ret = 1;

		for (unsigned i = 0; i < count; i++) {
			messages[i].room = rooms + i * len;
			messages[i].room_bytes = len;
		}
		if (seq % 7 == 0)
			stage_recv(stage, end, messages, seq);
		else
			ret = stage->transport->recv_batch(
				end, messages, count, STAGE_PATIENCE_NS);
		if (ret < 1 || ret > (int)count)
			stage_fail(stage, "recv_batch of %u returns %d", count,
				ret);
		for (int i = 0; i < ret; i++)
			stage_expect(stage, &messages[i], len, seq++);
	}
	free(rooms);
}

void check_batches(const struct transport *transport)
{
	static const size_t sizes[] = {24, 5000};
	const struct stage_actor actors[] = {
		stage_actor_of(batch_produce, ROLE_PRODUCER, 0),
		stage_actor_of(batch_consume, ROLE_CONSUMER, 0),
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct stage stage = {0};

		if (transport->max_len && transport->max_len() < sizes[i])
			continue;
		if (!stage_open(&stage, transport, sizes[i], BATCH))
			return;
		stage_run(&stage, actors, 2);
		stage_close(&stage);
	}
}

/* An empty channel, before its producer is there and after. */

static void empty_poll(struct stage *stage, struct endpoint *end)
{
	unsigned char room[ORDER_SIZE];
	struct inbound message = {.room = room, .room_bytes = sizeof(room)};
	const struct transport *transport = stage->transport;

	for (int i = 0; i < 3; i++)
		stage_expect_code(stage, "receive without a message",
			transport->recv(end, &message, 0), -EAGAIN);
	stage_expect_code(stage, "receive with a time-out",
		transport->recv(end, &message, STAGE_BRIEF_NS), -ETIMEDOUT);
	if (!(transport->caps & CAP_BATCH))
		return;
	stage_expect_code(stage, "batch receive without a message",
		transport->recv_batch(end, &message, 1, 0), -EAGAIN);
	stage_expect_code(stage, "batch receive with a time-out",
		transport->recv_batch(end, &message, 1, STAGE_BRIEF_NS),
		-ETIMEDOUT);
}

static void empty_produce(struct stage *stage, struct endpoint *end)
{
	stage_step(stage, 2);
	stage_await(stage, 3);
	stage_produce_few(stage, end);
}

static void empty_consume(struct stage *stage, struct endpoint *end)
{
	empty_poll(stage, end);
	stage_step(stage, 1);
	stage_await(stage, 2);
	empty_poll(stage, end);
	stage_step(stage, 3);
	stage_consume_few(stage, end);
}

void check_empty(const struct transport *transport)
{
	struct stage_actor actors[] = {
		stage_actor_of(empty_produce, ROLE_PRODUCER, 0),
		stage_actor_of(empty_consume, ROLE_CONSUMER, 0),
	};
	struct stage stage = {0};

	actors[0].late = true;
	if (!stage_open(&stage, transport, 32, 1))
		return;
	stage_run(&stage, actors, 2);
	stage_close(&stage);
}

/* A full channel refuses, and loses nothing of what it took. */

static int full_send(struct stage *stage, struct endpoint *end,
	unsigned char *bodies, uint64_t seq, uint64_t timeout_ns)
{
	size_t len = stage->config.msg_size_bytes;
	struct outbound messages[BATCH];
	unsigned batch = stage->config.batch;
	int ret;

	for (unsigned i = 0; i < batch; i++) {
		messages[i].data = bodies + i * len;
		messages[i].len = len;
		stage_fill(bodies + i * len, len, seq + i);
	}
	if (batch > 1)
		return stage->transport->send_batch(
			end, messages, batch, timeout_ns);
	ret = stage->transport->send(end, messages, timeout_ns);
	return ret ? ret : 1;
}

/* Send until it refuses, at once and after a time-out, too. What some take they
 * pass on behind the caller's back: those may take more after a first refusal.
 * Returns how many it took. */
static uint64_t full_fill(
	struct stage *stage, struct endpoint *end, unsigned char *bodies)
{
	size_t len = stage->config.msg_size_bytes;
	uint64_t seq = 0;
	int ret;

	do {
		while ((ret = full_send(stage, end, bodies, seq, 0)) > 0) {
			seq += (unsigned)ret;
			if (seq * len > FILL_MAX_BYTES)
				stage_fail(
					stage, "takes messages without an end");
		}
		stage_expect_code(
			stage, "send to a full channel", ret, -EAGAIN);
		if (!seq)
			stage_fail(stage, "takes nothing at all");
		ret = full_send(stage, end, bodies, seq, STAGE_BRIEF_NS);
		seq += ret > 0 ? (unsigned)ret : 0;
	} while (ret > 0);
	stage_expect_code(stage, "send to a full channel with a time-out", ret,
		-ETIMEDOUT);
	return seq;
}

static void full_produce(struct stage *stage, struct endpoint *end)
{
	size_t len = stage->config.msg_size_bytes;
	unsigned char *bodies = stage_room(stage, BATCH * len);
	uint64_t refused, seq;
	int ret;

	seq = full_fill(stage, end, bodies);
	refused = seq;
	atomic_store(&stage->notes->sent, refused + AFTER_FULL);
	stage_step(stage, 1);
	stage_await(stage, 2);
	while (seq < refused + AFTER_FULL) {
		ret = full_send(stage, end, bodies, seq, STAGE_PATIENCE_NS);
		if (ret < 1)
			stage_expect_code(stage,
				"send to a channel being emptied", ret, 1);
		seq += (unsigned)ret;
	}
	free(bodies);
}

static void full_consume(struct stage *stage, struct endpoint *end)
{
	size_t len = stage->config.msg_size_bytes;
	struct inbound message = {
		.room = stage_room(stage, len), .room_bytes = len};
	uint64_t all;

	stage_await(stage, 1);
	all = atomic_load(&stage->notes->sent);
	for (uint64_t seq = 0; seq < all; seq++) {
		if (seq == all - AFTER_FULL) {
			stage_expect_code(stage, "poll after the last one",
				stage->transport->recv(end, &message, 0),
				-EAGAIN);
			stage_step(stage, 2);
		}
		stage_recv(stage, end, &message, seq);
		stage_expect(stage, &message, len, seq);
	}
	free(message.room);
}

void check_full(const struct transport *transport)
{
	/* beyond PIPE_BUF a pipe takes a part of a message; a power of two may
	 * be treated apart from other sizes */
	static const struct {
		size_t len;
		unsigned batch;
	} ways[] = {{48, 1}, {64, 1}, {1024, 1}, {5000, 1}, {48, BATCH},
		{5000, BATCH}};
	const struct stage_actor actors[] = {
		stage_actor_of(full_produce, ROLE_PRODUCER, 0),
		stage_actor_of(full_consume, ROLE_CONSUMER, 0),
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct stage stage = {0};

		if (transport->max_len && transport->max_len() < ways[i].len)
			continue;
		if (ways[i].batch > 1 && !(transport->caps & CAP_BATCH))
			continue;
		if (!stage_open(&stage, transport, ways[i].len, ways[i].batch))
			return;
		stage_run(&stage, actors, 2);
		stage_close(&stage);
	}
}

/* Several producers, several consumers: each message once, each producer's
 * messages in order at each consumer. */

/* Start together: a producer alone could be done before the next one is there,
 * and nothing would have been shared. Without sleeping, so that at least two of
 * them run at the same time. */
static void many_meet(struct stage *stage)
{
	uint64_t deadline_ns = deadline_after(STAGE_PATIENCE_NS);

	atomic_fetch_add(&stage->notes->sent, 1);
	while (atomic_load(&stage->notes->sent) < stage->config.producers)
		if (!deadline_left_ns(deadline_ns))
			stage_fail(stage, "the other producers never came");
}

static void many_produce(struct stage *stage, struct endpoint *end)
{
	unsigned char body[MANY_SIZE_MAX];
	struct outbound message = {
		.data = body, .len = stage->config.msg_size_bytes};

	many_meet(stage);
	for (uint64_t seq = 0; seq < MANY_EACH; seq++) {
		uint64_t id = stage->self->index * MANY_EACH + seq;

		stage_fill(body, message.len, id);
		memcpy(body, &id, sizeof(id));
		stage_send(stage, end, &message, id);
	}
}

/* A queue may be very slow here and still be right: one whose producers spin
 * until the one before them has finished moves a message per turn of the
 * scheduler once two of them share a processor. So the patience is for each
 * message. */
static void many_consume(struct stage *stage, struct endpoint *end)
{
	uint64_t all = stage->config.producers * (uint64_t)MANY_EACH;
	uint64_t deadline_ns = deadline_after(STAGE_PATIENCE_NS);
	unsigned char room[MANY_SIZE_MAX], expected[MANY_SIZE_MAX];
	size_t len = stage->config.msg_size_bytes;
	uint64_t next[STAGE_ACTORS_MAX] = {0};

	while (atomic_load(&stage->notes->received) < all) {
		struct inbound message = {
			.room = room, .room_bytes = sizeof(room)};
		int ret = stage->transport->recv(end, &message, STAGE_BRIEF_NS);
		uint64_t id;

		if (ret == -ETIMEDOUT && deadline_left_ns(deadline_ns))
			continue;
		deadline_ns = deadline_after(STAGE_PATIENCE_NS);
		stage_expect_code(stage, "receive", ret, 0);
		if (message.len != len)
			stage_fail(
				stage, "a message of %zu bytes", message.len);
		memcpy(&id, message.data, sizeof(id));
		if (id >= all)
			stage_fail(stage, "a message that was never sent");
		stage_fill(expected, len, id);
		memcpy(expected, &id, sizeof(id));
		if (memcmp(message.data, expected, len) != 0)
			stage_fail(stage, "message %llu is damaged",
				(unsigned long long)id);
		if (atomic_fetch_add(&stage->notes->seen[id], 1))
			stage_fail(stage, "message %llu came twice",
				(unsigned long long)id);
		if (id < next[id / MANY_EACH])
			stage_fail(stage, "message %llu came after %llu",
				(unsigned long long)id,
				(unsigned long long)next[id / MANY_EACH] - 1);
		next[id / MANY_EACH] = id + 1;
		atomic_fetch_add(&stage->notes->received, 1);
	}
}

static void many_try(const struct transport *transport, uint64_t len)
{
	struct stage_actor actors[STAGE_ACTORS_MAX];
	struct stage stage = {0};
	unsigned count = 0;

	stage.config.producers = transport->caps & CAP_MANY_PRODUCERS ? 3 : 1;
	stage.config.consumers = transport->caps & CAP_MANY_CONSUMERS ? 2 : 1;
	for (unsigned i = 0; i < stage.config.producers; i++)
		actors[count++] =
			stage_actor_of(many_produce, ROLE_PRODUCER, i);
	for (unsigned i = 0; i < stage.config.consumers; i++)
		actors[count++] =
			stage_actor_of(many_consume, ROLE_CONSUMER, i);
	if (!stage_open(&stage, transport, len, 1))
		return;
	stage_run(&stage, actors, count);
	for (unsigned i = 0; i < stage.config.producers * MANY_EACH; i++)
		if (atomic_load(&stage.notes->seen[i]) != 1)
			stage_broken("message %u never came", i);
	stage_close(&stage);
}

void check_many(const struct transport *transport)
{

	/* a power of two may be treated apart from other sizes */
	many_try(transport, 64);
	many_try(transport, MANY_SIZE_MAX);
}

/* Both ends in one process. */

static void loopback_compare(
	const struct inbound *message, const void *body, size_t len)
{
	if (message->len != len || (len && memcmp(message->data, body, len)))
		stage_broken("a message of %zu bytes comes back changed", len);
}

static void loopback_once(const struct transport *transport, size_t len,
	struct endpoint *producer, struct endpoint *consumer)
{
	unsigned char bodies[BATCH][ORDER_SIZE], rooms[BATCH][ORDER_SIZE];
	struct outbound out[BATCH];
	struct inbound in[BATCH];

	for (unsigned i = 0; i < BATCH; i++) {
		stage_fill(bodies[i], len, i);
		out[i] = (struct outbound){.data = bodies[i], .len = len};
		in[i] = (struct inbound){
			.room = rooms[i], .room_bytes = sizeof(rooms[i])};
	}
	stage_require("receive without a message",
		transport->recv(consumer, in, 0), -EAGAIN);
	stage_require("receive with a time-out",
		transport->recv(consumer, in, STAGE_BRIEF_NS), -ETIMEDOUT);
	for (unsigned i = 0; i < BATCH; i++) {
		stage_require("send", transport->send(producer, &out[i], 0), 0);
		stage_require("receive", transport->recv(consumer, in, 0), 0);
		loopback_compare(in, bodies[i], len);
	}
	stage_require("send_batch",
		transport->send_batch(producer, out, BATCH, 0), BATCH);
	stage_require("send to a full channel",
		transport->send(producer, out, 0), -EAGAIN);
	stage_require("send to a full channel with a time-out",
		transport->send(producer, out, STAGE_BRIEF_NS), -ETIMEDOUT);
	stage_require("recv_batch",
		transport->recv_batch(consumer, in, BATCH, 0), BATCH);
	for (unsigned i = 0; i < BATCH; i++)
		loopback_compare(&in[i], bodies[i], len);
	stage_require("recv_batch without a message",
		transport->recv_batch(consumer, in, BATCH, 0), -EAGAIN);
}

void check_loopback(const struct transport *transport)
{
	static const size_t sizes[] = {0, 1, 7, 8, 64, ORDER_SIZE};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct endpoint *producer, *consumer;
		struct stage stage = {0};

		if (!stage_open(&stage, transport, sizes[i], BATCH))
			return;
		stage_require("attach of the producer",
			transport->attach(
				stage.channel, ROLE_PRODUCER, 0, &producer),
			0);
		stage_require("attach of the consumer",
			transport->attach(
				stage.channel, ROLE_CONSUMER, 0, &consumer),
			0);
		loopback_once(transport, sizes[i], producer, consumer);
		transport->detach(producer);
		transport->detach(consumer);
		stage_close(&stage);
	}
}
