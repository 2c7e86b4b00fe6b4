/* mq.c - POSIX message queues, mq_overview(7).
 *
 * The kernel's own queue: messages keep their bounds, any number of producers
 * and consumers, nothing to repair after a death. Its limits are small and the
 * administrator's: fs.mqueue.msgsize_max (8 KiB), fs.mqueue.msg_max (10
 * messages) and, per user, RLIMIT_MSGQUEUE; this transport stays within the
 * first two even where a privileged process could go beyond, because that is
 * what others get. There is no notice of a peer that left.
 *
 * Each endpoint opens the queue twice, once not blocking: O_NONBLOCK belongs to
 * the open queue, and a call's time-out is not known before the call.
 *
 * A harness that is killed leaves the queue behind until the next boot, named
 * as in channel_config; destroy() removes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "session/session.h"
#include "transport/transport.h"

#define MQ_MSGSIZE_MAX_FILE "/proc/sys/fs/mqueue/msgsize_max"
#define MQ_MSG_MAX_FILE "/proc/sys/fs/mqueue/msg_max"

enum {
	MQ_NAME_BYTES = 256, /* NAME_MAX and the slash */
	MQ_MSGSIZE_DEFAULT = 8192,
	MQ_MSG_DEFAULT = 10,
};

struct mq_channel {
	char name[MQ_NAME_BYTES];
	size_t msgsize;
};

struct mq_endpoint {
	mqd_t sleeping;
	mqd_t polling; /* O_NONBLOCK */
	size_t msgsize;
	char *own_room; /* the kernel wants room for msgsize, always */
};

/* A number from /proc, or @fallback where there is no such file. */
static long mq_setting(const char *path, long fallback)
{
	FILE *file = fopen(path, "re");
	long value;

	if (!file)
		return fallback;
	if (fscanf(file, "%ld", &value) != 1 || value < 1)
		value = fallback;
	fclose(file);
	return value;
}

static uint64_t mq_max_len(void)
{
	return (uint64_t)mq_setting(MQ_MSGSIZE_MAX_FILE, MQ_MSGSIZE_DEFAULT);
}

static struct mq_attr mq_geometry(const struct channel_config *config)
{
	long most = mq_setting(MQ_MSG_MAX_FILE, MQ_MSG_DEFAULT);
	struct mq_attr attr = {.mq_maxmsg = most};
	uint64_t msgsize = config->msg_size_bytes ? config->msg_size_bytes : 1;
	uint64_t wish = config->capacity_bytes / msgsize;

	attr.mq_msgsize = (long)msgsize; /* 0 is not allowed */
	if (config->capacity_bytes && wish < (uint64_t)most)
		attr.mq_maxmsg = wish ? (long)wish : 1;
	return attr;
}

/* Make a queue as long as wanted, or as RLIMIT_MSGQUEUE leaves room for. */
static int mq_make(
	const char *name, const struct channel_config *config, mqd_t *ret_queue)
{
	struct mq_attr attr = mq_geometry(config);
	mqd_t queue;

	for (;;) {
		queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC,
			0600, &attr);
		if (queue != (mqd_t)-1)
			break;
		if (errno != EMFILE || attr.mq_maxmsg == 1)
			return -errno;
		attr.mq_maxmsg /= 2;
	}
	*ret_queue = queue;
	return 0;
}

static int mq_can_run(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	char name[MQ_NAME_BYTES];
	mqd_t queue;
	int ret;

	if (config->msg_size_bytes > mq_max_len()) {
		snprintf(reason, reason_bytes,
			"mq carries at most %llu bytes here "
			"(fs.mqueue.msgsize_max)",
			(unsigned long long)mq_max_len());
		return -ENOTSUP;
	}
	snprintf(name, sizeof(name), "/%s-can-run", session_token());
	session_note(LEFTOVER_MQ, name);
	ret = mq_make(name, config, &queue);
	if (!ret) {
		mq_close(queue);
		mq_unlink(name);
		return 0;
	}
	if (ret == -ENOSYS)
		snprintf(reason, reason_bytes,
			"this system has no POSIX message queues");
	else if (ret == -EMFILE)
		snprintf(reason, reason_bytes,
			"no room for a message queue within this user's limit "
			"(ulimit -q)");
	else
		snprintf(reason, reason_bytes, "mq_open fails here: %s",
			strerror(-ret));
	return -ENOTSUP;
}

static int mq_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct mq_channel *channel = calloc(1, sizeof(*channel));
	mqd_t queue;
	int ret;

	if (!channel)
		return -ENOMEM;
	ret = snprintf(
		channel->name, sizeof(channel->name), "/%s", config->name);
	if (ret >= (int)sizeof(channel->name)) {
		free(channel);
		return -ENAMETOOLONG;
	}
	channel->msgsize = (size_t)mq_geometry(config).mq_msgsize;
	/* No folder shows it, unless somebody mounted one. */
	session_note(LEFTOVER_MQ, channel->name);
	ret = mq_make(channel->name, config, &queue);
	if (ret) {
		free(channel);
		return ret;
	}
	mq_close(queue);
	*ret_channel = (struct channel *)channel;
	return 0;
}

static void mq_detach(struct endpoint *endpoint)
{
	struct mq_endpoint *end = (struct mq_endpoint *)endpoint;

	if (!end)
		return;
	if (end->sleeping != (mqd_t)-1)
		mq_close(end->sleeping);
	if (end->polling != (mqd_t)-1)
		mq_close(end->polling);
	free(end->own_room);
	free(end);
}

static int mq_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct mq_channel *mq = (struct mq_channel *)channel;
	int flags = role == ROLE_PRODUCER ? O_WRONLY : O_RDONLY;
	struct mq_endpoint *end = calloc(1, sizeof(*end));
	int ret;

	(void)index;
	if (!end)
		return -ENOMEM;
	end->msgsize = mq->msgsize;
	end->own_room = malloc(mq->msgsize);
	end->sleeping = mq_open(mq->name, flags | O_CLOEXEC);
	end->polling = mq_open(mq->name, flags | O_CLOEXEC | O_NONBLOCK);
	if (!end->own_room || end->sleeping == (mqd_t)-1 ||
		end->polling == (mqd_t)-1) {
		ret = end->own_room ? -errno : -ENOMEM;
		mq_detach((struct endpoint *)end);
		return ret;
	}
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

/* When a wait that starts now ends, on the clock that mq_timedsend() uses. */
static struct timespec mq_deadline(uint64_t timeout_ns)
{
	uint64_t now = deadline_clock_ns(CLOCK_REALTIME);

	if (timeout_ns > UINT64_MAX - now)
		return deadline_timespec(UINT64_MAX);
	return deadline_timespec(now + timeout_ns);
}

static int mq_send_one(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	const struct mq_endpoint *end = (struct mq_endpoint *)endpoint;
	struct timespec deadline;
	int ret;

	if (!timeout_ns)
		return mq_send(end->polling, message->data, message->len, 0)
			       ? -errno
			       : 0;
	deadline = mq_deadline(timeout_ns);
	do
		ret = mq_timedsend(end->sleeping, message->data, message->len,
			0, &deadline);
	while (ret && errno == EINTR);
	return ret ? -errno : 0;
}

static int mq_recv_one(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	const struct mq_endpoint *end = (struct mq_endpoint *)endpoint;
	char *room = message->room_bytes < end->msgsize ? end->own_room
							: message->room;
	struct timespec deadline;
	ssize_t len;

	if (timeout_ns) {
		deadline = mq_deadline(timeout_ns);
		do
			len = mq_timedreceive(end->sleeping, room, end->msgsize,
				NULL, &deadline);
		while (len < 0 && errno == EINTR);
	} else {
		len = mq_receive(end->polling, room, end->msgsize, NULL);
	}
	if (len < 0)
		return -errno;
	message->data = room;
	message->len = (size_t)len;
	return 0;
}

static void mq_destroy(struct channel *channel)
{
	struct mq_channel *mq = (struct mq_channel *)channel;

	if (!mq)
		return;
	mq_unlink(mq->name);
	free(mq);
}

const struct transport transport_mq = {
	.name = "mq",
	.summary = "POSIX message queue, within the system's limits",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BLOCK,
	.can_run = mq_can_run,
	.max_len = mq_max_len,
	.create = mq_create,
	.attach = mq_attach,
	.send = mq_send_one,
	.recv = mq_recv_one,
	.detach = mq_detach,
	.destroy = mq_destroy,
};
