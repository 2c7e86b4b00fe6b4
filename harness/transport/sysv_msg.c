/* sysv_msg.c - System V message queues, msgop(2).
 *
 * The oldest of the kernel's queues: messages keep their bounds, any number of
 * producers and consumers, nothing to repair after a death, no notice of one.
 * Its limits are the administrator's: kernel.msgmax for a message (8 KiB) and
 * kernel.msgmnb for a queue (16 KiB).
 *
 * msgsnd() and msgrcv() sleep without a time-out. A call that has to wait sets
 * an alarm, whose handler does nothing but end the sleep. It comes again and
 * again until it is taken back: the first one may come before the sleep begins.
 *
 * The queue has a number and no name, but the kernel keeps it until the next
 * boot. destroy() removes it, and the reaper where the harness was killed. The
 * number is made of the channel's name (session/sysv_key.h), which is written down
 * before the queue is there: should the reaper be killed, too, or the harness
 * before there is one, the next run finds it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/time.h>

#include "base/deadline.h"
#include "base/reaper.h"
#include "session/session.h"
#include "session/sysv_key.h"
#include "transport/list.h"

#define MSGMAX_FILE "/proc/sys/kernel/msgmax"

enum {
	MSGMAX_DEFAULT = 8192,
	AGAIN_US = 1000, /* between alarms */
	US_PER_S = 1000 * 1000,
	NAME_BYTES = 128,
	TRIES = 16, /* to find a key that nobody has */
};

struct sysv_channel {
	int queue;
	size_t msg_size;
	pid_t reaper;
};

struct sysv_message {
	long type; /* above 0 */
	unsigned char body[];
};

struct sysv_endpoint {
	int queue;
	size_t msg_size;
	struct sysv_message *message; /* the type is in front of the body */
};

static uint64_t sysv_max_len(void)
{
	FILE *file = fopen(MSGMAX_FILE, "re");
	unsigned long long value;

	if (!file)
		return MSGMAX_DEFAULT;
	if (fscanf(file, "%llu", &value) != 1)
		value = MSGMAX_DEFAULT;
	fclose(file);
	return value;
}

/* A new queue with the key of @name, or of @name and a number: its own may be
 * somebody else's. Returns it or -errno. */
static int sysv_make(const char *name)
{
	char numbered[NAME_BYTES];
	int queue = -1;

	for (unsigned i = 0; i < TRIES && queue < 0; i++) {
		snprintf(numbered, sizeof(numbered), "%s+%u", name, i);
		session_note(LEFTOVER_SYSV, numbered);
		queue = msgget(sysv_key(numbered), IPC_CREAT | IPC_EXCL | 0600);
		if (queue < 0 && errno != EEXIST)
			break;
	}
	return queue < 0 ? -errno : queue;
}

static int sysv_can_run(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	char name[NAME_BYTES];
	int queue;

	if (config->msg_size_bytes > sysv_max_len()) {
		snprintf(reason, reason_bytes,
			"sysv-msg carries at most %llu bytes here "
			"(kernel.msgmax)",
			(unsigned long long)sysv_max_len());
		return -ENOTSUP;
	}
	snprintf(name, sizeof(name), "%s-can-run", session_token());
	queue = sysv_make(name);
	if (queue >= 0) {
		msgctl(queue, IPC_RMID, NULL);
		return 0;
	}
	if (queue == -ENOSPC)
		snprintf(reason, reason_bytes,
			"this machine has all the System V message queues it "
			"may have (kernel.msgmni)");
	else
		snprintf(reason, reason_bytes, "msgget fails here: %s",
			strerror(-queue));
	return -ENOTSUP;
}

static void sysv_remove(const void *queue)
{
	msgctl(*(const int *)queue, IPC_RMID, NULL);
}

static void sysv_destroy(struct channel *channel)
{
	struct sysv_channel *sysv = (struct sysv_channel *)channel;

	if (!sysv)
		return;
	sysv_remove(&sysv->queue);
	reaper_stop(sysv->reaper);
	free(sysv);
}

/* Less than the system's bound if so wanted; more is not for everybody. */
static int sysv_limit(int queue, const struct channel_config *config)
{
	uint64_t least = config->msg_size_bytes ? config->msg_size_bytes : 1;
	struct msqid_ds state;

	if (!config->capacity_bytes)
		return 0;
	if (msgctl(queue, IPC_STAT, &state))
		return -errno;
	if (config->capacity_bytes >= state.msg_qbytes)
		return 0;
	state.msg_qbytes =
		config->capacity_bytes < least ? least : config->capacity_bytes;
	return msgctl(queue, IPC_SET, &state) ? -errno : 0;
}

static int sysv_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct sysv_channel *sysv = calloc(1, sizeof(*sysv));
	int ret;

	if (!sysv)
		return -ENOMEM;
	sysv->msg_size = config->msg_size_bytes;
	sysv->queue = sysv_make(config->name);
	if (sysv->queue < 0) {
		ret = sysv->queue;
		free(sysv);
		return ret;
	}
	ret = reaper_start(sysv_remove, &sysv->queue, &sysv->reaper);
	if (!ret)
		ret = sysv_limit(sysv->queue, config);
	if (ret) {
		sysv_destroy((struct channel *)sysv);
		return ret;
	}
	*ret_channel = (struct channel *)sysv;
	return 0;
}

static void sysv_wake(int number)
{
	(void)number; /* to have come is all */
}

static int sysv_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct sysv_channel *sysv = (struct sysv_channel *)channel;
	struct sysv_endpoint *end = calloc(1, sizeof(*end));
	struct sigaction wake = {.sa_handler = sysv_wake}; /* no SA_RESTART */

	(void)role;
	(void)index;
	if (!end)
		return -ENOMEM;
	end->queue = sysv->queue;
	end->msg_size = sysv->msg_size;
	end->message = malloc(sizeof(*end->message) + sysv->msg_size);
	if (!end->message) {
		free(end);
		return -ENOMEM;
	}
	sigaction(SIGALRM, &wake, NULL);
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

static void sysv_alarm(uint64_t after_ns)
{
	uint64_t us = after_ns / 1000 + 1;
	struct itimerval timer = {.it_interval.tv_usec = AGAIN_US};

	if (us / US_PER_S > INT32_MAX)
		us = (uint64_t)INT32_MAX * US_PER_S;
	timer.it_value.tv_sec = (time_t)(us / US_PER_S);
	timer.it_value.tv_usec = (suseconds_t)(us % US_PER_S);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void sysv_alarm_off(void)
{
	static const struct itimerval off;

	setitimer(ITIMER_REAL, &off, NULL);
}

/* One call, either way. @send: its length, or SIZE_MAX to receive. */
static ssize_t sysv_call(
	const struct sysv_endpoint *end, size_t send, int flags)
{
	ssize_t ret;

	if (send == SIZE_MAX)
		ret = msgrcv(end->queue, end->message, end->msg_size, 0, flags);
	else
		ret = msgsnd(end->queue, end->message, send, flags);
	return ret < 0 ? -errno : ret;
}

static ssize_t sysv_transfer(
	const struct sysv_endpoint *end, size_t send, uint64_t timeout_ns)
{
	ssize_t ret = sysv_call(end, send, IPC_NOWAIT);
	uint64_t deadline_ns;

	if (ret == -ENOMSG)
		ret = -EAGAIN;
	if (ret != -EAGAIN || !timeout_ns)
		return ret;
	deadline_ns = deadline_after(timeout_ns);
	sysv_alarm(timeout_ns);
	do
		ret = sysv_call(end, send, 0);
	while (ret == -EINTR && deadline_left_ns(deadline_ns));
	sysv_alarm_off();
	return ret == -EINTR ? -ETIMEDOUT : ret;
}

static int sysv_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	const struct sysv_endpoint *end = (struct sysv_endpoint *)endpoint;

	if (message->len > end->msg_size)
		return -EMSGSIZE;
	end->message->type = 1;
	if (message->len)
		memcpy(end->message->body, message->data, message->len);
	return (int)sysv_transfer(end, message->len, timeout_ns);
}

static int sysv_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	const struct sysv_endpoint *end = (struct sysv_endpoint *)endpoint;
	ssize_t len = sysv_transfer(end, SIZE_MAX, timeout_ns);

	if (len < 0)
		return len == -E2BIG ? -EMSGSIZE : (int)len;
	message->data = end->message->body;
	message->len = (size_t)len;
	return 0;
}

static void sysv_detach(struct endpoint *endpoint)
{
	struct sysv_endpoint *end = (struct sysv_endpoint *)endpoint;

	if (!end)
		return;
	free(end->message);
	free(end);
}

const struct transport transport_sysv_msg = {
	.name = "sysv-msg",
	.summary = "System V message queue, within the system's limits",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BLOCK,
	.can_run = sysv_can_run,
	.max_len = sysv_max_len,
	.create = sysv_create,
	.attach = sysv_attach,
	.send = sysv_send,
	.recv = sysv_recv,
	.detach = sysv_detach,
	.destroy = sysv_destroy,
};
