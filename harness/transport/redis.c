/* redis.c - a list in a Redis server, over its unix socket.
 *
 * RPUSH at one end, LPOP or BLPOP at the other: the way a list serves as a
 * queue between programs. create() starts a server of its own that nobody else
 * can see: no TCP port, no file but a socket in a folder of the channel's own
 * (base/scratch.h), nothing ever saved. destroy() stops it; a harness that is killed
 * takes it along (base/program.h). The server is a process besides the workers: its
 * processor time is in no figure, its CPU is the scheduler's choice.
 *
 * A message is one round trip to the server on either side; a batch is one
 * RPUSH of many values, or one LPOP with a count. Replies are looked at where
 * hiredis has them.
 *
 * A list has no end. The reply to RPUSH tells how long it is, and a producer
 * that has read as much as the limit asks LLEN before it sends more, and again
 * after a nap: several producers may overshoot by a message or batch each.
 *
 * What was pushed stays until it is popped, whoever dies; a consumer that is
 * killed while a reply is on its way takes that one along. Nobody is told.
 */
#include <errno.h>
#include <hiredis.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/program.h"
#include "base/scratch.h"
#include "transport/capacity.h"
#include "transport/list.h"
#include "transport/optional.h"

#define SERVER "redis-server"
#define KEY "q"

enum {
	KEY_BYTES = sizeof(KEY) - 1,
	SOCKET_BYTES = SCRATCH_PATH_BYTES + 8,
	OVERHEAD_BYTES = 64, /* about what a list costs beside its values */
	LENGTH_MIN = 4,
	LENGTH_MAX = 1 << 16,
	BATCH_MAX = 256,
	START_MS = 10 * 1000,
	TICK_NS = 500 * 1000,
	NAP_NS = 50 * 1000,
	NUMBER_BYTES = 32,
};

#define VALUE_MAX_BYTES (UINT64_C(512) << 20) /* proto-max-bulk-len */
#define MS_NS UINT64_C(1000000)

struct redis_channel {
	struct scratch scratch;
	struct program server;
	char socket[SOCKET_BYTES];
	long long limit; /* messages in the list */
};

struct redis_endpoint {
	redisContext *context;
	redisReply *reply; /* the last one; messages lie in it */
	long long limit;
	long long length; /* as last heard */
	const char *argv[2 + BATCH_MAX];
	size_t lens[2 + BATCH_MAX];
};

static uint64_t redis_max_len(void)
{
	return VALUE_MAX_BYTES;
}

static int redis_can_run(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	(void)config;
	if (program_found(SERVER))
		return 0;
	snprintf(reason, reason_bytes,
		"there is no " SERVER " to start (apt redis-server, dnf redis, "
		"brew redis)");
	return -ENOTSUP;
}

/* The server is there once it answers. */
static int redis_await(struct redis_channel *channel)
{
	static const struct timespec tick = {.tv_nsec = TICK_NS};
	uint64_t deadline_ns = deadline_after(START_MS * MS_NS);

	while (deadline_left_ns(deadline_ns)) {
		redisContext *context = redisConnectUnix(channel->socket);
		redisReply *reply = NULL;

		if (context && !context->err)
			reply = redisCommand(context, "PING");
		if (context)
			redisFree(context);
		if (reply) {
			freeReplyObject(reply);
			return 0;
		}
		nanosleep(&tick, NULL);
	}
	return -ETIMEDOUT;
}

static int redis_serve(struct redis_channel *channel)
{
	char *argv[] = {SERVER, "--port", "0", "--unixsocket", channel->socket,
		"--unixsocketperm", "600", "--save", "", "--appendonly", "no",
		"--daemonize", "no", "--dir", channel->scratch.path,
		"--loglevel", "warning", "--logfile", "/dev/null",
		"--client-query-buffer-limit", "1gb", NULL};
	int ret;

	snprintf(channel->socket, sizeof(channel->socket), "%s/s",
		channel->scratch.path);
	ret = program_start(argv, &channel->server);
	return ret ? ret : redis_await(channel);
}

static void redis_destroy(struct channel *base)
{
	struct redis_channel *channel = (struct redis_channel *)base;
	char how[64];

	if (!channel)
		return;
	program_stop(&channel->server, 0, how, sizeof(how));
	scratch_remove(&channel->scratch);
	free(channel);
}

static int redis_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct redis_channel *channel = calloc(1, sizeof(*channel));
	uint64_t limit = capacity_choose(config) /
			 (config->msg_size_bytes + OVERHEAD_BYTES);
	int ret;

	if (!channel)
		return -ENOMEM;
	if (limit < LENGTH_MIN)
		limit = LENGTH_MIN;
	channel->limit = limit > LENGTH_MAX ? LENGTH_MAX : (long long)limit;
	signal(SIGPIPE, SIG_IGN); /* a server that died is an error to tell */
	ret = scratch_make(config->name, &channel->scratch);
	if (!ret)
		ret = redis_serve(channel);
	if (ret) {
		redis_destroy((struct channel *)channel);
		return ret;
	}
	*ret_channel = (struct channel *)channel;
	return 0;
}

static void redis_detach(struct endpoint *endpoint)
{
	struct redis_endpoint *end = (struct redis_endpoint *)endpoint;

	if (!end)
		return;
	if (end->reply)
		freeReplyObject(end->reply);
	if (end->context)
		redisFree(end->context);
	free(end);
}

static int redis_attach(struct channel *base, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct redis_channel *channel = (struct redis_channel *)base;
	struct redis_endpoint *end = calloc(1, sizeof(*end));

	(void)role;
	(void)index;
	if (!end)
		return -ENOMEM;
	end->limit = channel->limit;
	end->context = redisConnectUnix(channel->socket);
	if (!end->context || end->context->err) {
		redis_detach((struct endpoint *)end);
		return -ECONNREFUSED;
	}
	signal(SIGPIPE, SIG_IGN);
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

/* Say @argc words, hear the reply. Returns 0; -EPIPE when the server is gone;
 * -EIO for an error of its own. */
static int redis_ask(struct redis_endpoint *end, unsigned argc)
{
	if (end->reply)
		freeReplyObject(end->reply);
	end->reply =
		redisCommandArgv(end->context, (int)argc, end->argv, end->lens);
	if (!end->reply)
		return -EPIPE;
	return end->reply->type == REDIS_REPLY_ERROR ? -EIO : 0;
}

static void redis_word(struct redis_endpoint *end, unsigned index,
	const void *word, size_t len)
{
	end->argv[index] = word;
	end->lens[index] = len;
}

/* Is there room in the list? Waits for it as long as @timeout_ns. */
static int redis_room(struct redis_endpoint *end, uint64_t timeout_ns)
{
	static const struct timespec nap = {.tv_nsec = NAP_NS};
	uint64_t deadline_ns = 0;
	int ret;

	while (end->length >= end->limit) {
		if (deadline_ns) {
			if (!deadline_left_ns(deadline_ns))
				return -ETIMEDOUT;
			nanosleep(&nap, NULL);
		}
		redis_word(end, 0, "LLEN", 4);
		redis_word(end, 1, KEY, KEY_BYTES);
		ret = redis_ask(end, 2);
		if (ret)
			return ret;
		end->length = end->reply->integer;
		if (end->length < end->limit)
			break;
		if (!timeout_ns)
			return -EAGAIN;
		if (!deadline_ns)
			deadline_ns = deadline_after(timeout_ns);
	}
	return 0;
}

static int redis_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	struct redis_endpoint *end = (struct redis_endpoint *)endpoint;
	int ret = redis_room(end, timeout_ns);

	if (ret)
		return ret;
	if (count > BATCH_MAX)
		count = BATCH_MAX;
	if (count > end->limit - end->length)
		count = (unsigned)(end->limit - end->length);
	redis_word(end, 0, "RPUSH", 5);
	redis_word(end, 1, KEY, KEY_BYTES);
	for (unsigned i = 0; i < count; i++)
		redis_word(end, 2 + i, messages[i].data, messages[i].len);
	ret = redis_ask(end, 2 + count);
	if (ret)
		return ret;
	end->length = end->reply->integer;
	return (int)count;
}

static int redis_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	int ret = redis_send_batch(endpoint, message, 1, timeout_ns);

	return ret < 0 ? ret : 0;
}

static void redis_hand_out(struct inbound *message, const redisReply *value)
{
	message->data = value->str;
	message->len = value->len;
}

/* One, at once or as soon as there is one. */
static int redis_pop(struct redis_endpoint *end, struct inbound *message,
	uint64_t timeout_ns)
{
	uint64_t us = timeout_ns / 1000 + 1;
	char number[NUMBER_BYTES];
	int ret;

	redis_word(end, 0, timeout_ns ? "BLPOP" : "LPOP", timeout_ns ? 5 : 4);
	redis_word(end, 1, KEY, KEY_BYTES);
	/* at least a millisecond: none at all would be for ever */
	if (us < 1000)
		us = 1000;
	snprintf(number, sizeof(number), "%" PRIu64 ".%06" PRIu64, us / 1000000,
		us % 1000000);
	redis_word(end, 2, number, strlen(number));
	ret = redis_ask(end, timeout_ns ? 3 : 2);
	if (ret)
		return ret;
	if (end->reply->type == REDIS_REPLY_NIL)
		return deadline_code(timeout_ns);
	if (!timeout_ns && end->reply->type == REDIS_REPLY_STRING)
		redis_hand_out(message, end->reply);
	else if (end->reply->type == REDIS_REPLY_ARRAY &&
		 end->reply->elements == 2) /* the list's name and the value */
		redis_hand_out(message, end->reply->element[1]);
	else
		return -EBADMSG;
	return 0;
}

static int redis_recv_batch(struct endpoint *endpoint, struct inbound *messages,
	unsigned count, uint64_t timeout_ns)
{
	struct redis_endpoint *end = (struct redis_endpoint *)endpoint;
	char number[NUMBER_BYTES];
	int ret;

	redis_word(end, 0, "LPOP", 4);
	redis_word(end, 1, KEY, KEY_BYTES);
	snprintf(number, sizeof(number), "%u", count);
	redis_word(end, 2, number, strlen(number));
	ret = redis_ask(end, 3);
	if (ret)
		return ret;
	if (end->reply->type == REDIS_REPLY_NIL) {
		if (!timeout_ns)
			return -EAGAIN;
		ret = redis_pop(end, messages, timeout_ns);
		return ret ? ret : 1;
	}
	if (end->reply->type != REDIS_REPLY_ARRAY ||
		end->reply->elements > count || !end->reply->elements)
		return -EBADMSG;
	for (size_t i = 0; i < end->reply->elements; i++)
		redis_hand_out(&messages[i], end->reply->element[i]);
	return (int)end->reply->elements;
}

static int redis_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	return redis_pop(
		(struct redis_endpoint *)endpoint, message, timeout_ns);
}

const struct transport transport_redis = {
	.name = REDIS_NAME,
	.summary = REDIS_SUMMARY,
	.caps = REDIS_CAPS,
	.can_run = redis_can_run,
	.max_len = redis_max_len,
	.create = redis_create,
	.attach = redis_attach,
	.send = redis_send,
	.recv = redis_recv,
	.send_batch = redis_send_batch,
	.recv_batch = redis_recv_batch,
	.detach = redis_detach,
	.destroy = redis_destroy,
};
