/* qb_rb.c - libqb's ring buffer (qbrb.h), the one under corosync's
 * and pacemaker's local messages.
 *
 * One producer, one consumer, whole chunks of any size with their length before
 * them, in an area that is mapped twice in a row, so a chunk is never split.
 * Spinning or blocking is decided when the ring is made, and this takes what is
 * faster for either: for WAIT_SPIN no semaphore, only atomics; for WAIT_BLOCK
 * its process-shared semaphore, posted for every chunk, on which the reader
 * sleeps. The library has no wait for room: its writers are told -EAGAIN and
 * come again. So a blocking writer here naps for NAP_NS at a time, which a
 * stream hardly notices, because it wakes up to a ring with room for many.
 *
 * Without the semaphore the reader knows a chunk by a magic word before it, and
 * nothing clears the place where the next one will be: a message that happens
 * to have that word there is taken for a chunk, once in 2^32 of random ones.
 *
 * The parent makes the ring (two files in /dev/shm, removed by destroy()) and
 * the workers use its mapping, which they inherit: the library's own close
 * would remove the files of whoever made them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qb/qbrb.h>

#include "base/deadline.h"
#include "transport/capacity.h"
#include "transport/list.h"
#include "transport/optional.h"
#include "transport/transport.h"

enum {
	NAP_NS = 50 * 1000,
	MS_NS = 1000 * 1000,
};

/* It counts words of 4 bytes in 32 bits, and its own sizes in int32_t. */
#define QB_MESSAGE_MAX ((UINT64_C(1) << 31) - 4096)

struct qb_channel {
	qb_ringbuffer_t *ring;
	size_t msg_size_bytes;
	bool sleeps; /* has the semaphore */
};

static uint64_t qb_max_len(void)
{
	return QB_MESSAGE_MAX;
}

static int qb_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	uint64_t capacity = capacity_choose(config);
	struct qb_channel *channel;
	uint32_t flags = QB_RB_FLAG_CREATE | QB_RB_FLAG_SHARED_PROCESS;

	if (config->msg_size_bytes > QB_MESSAGE_MAX)
		return -EMSGSIZE;
	if (capacity < config->msg_size_bytes)
		capacity = config->msg_size_bytes; /* the least it can hold */
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return -ENOMEM;
	channel->msg_size_bytes = config->msg_size_bytes;
	channel->sleeps = config->wait == WAIT_BLOCK;
	if (!channel->sleeps)
		flags |= QB_RB_FLAG_NO_SEMAPHORE;
	errno = 0;
	channel->ring = qb_rb_open(config->name, capacity, flags, 0);
	if (!channel->ring) {
		int err = errno ? -errno : -ENOMEM;

		free(channel);
		return err;
	}
	*ret_channel = (struct channel *)channel;
	return 0;
}

static int qb_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	(void)role;
	(void)index;
	*ret_endpoint = (struct endpoint *)channel;
	return 0;
}

static int qb_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	const struct qb_channel *channel = (struct qb_channel *)endpoint;
	const struct timespec nap = {.tv_nsec = NAP_NS};
	uint64_t deadline_ns = 0;
	unsigned turn = 0;
	ssize_t ret;

	if (message->len > channel->msg_size_bytes)
		return -EMSGSIZE;
	for (;;) {
		ret = qb_rb_chunk_write(
			channel->ring, message->data, message->len);
		if (ret >= 0)
			return 0;
		if (ret != -EAGAIN || !timeout_ns)
			return (int)ret;
		if (!deadline_ns)
			deadline_ns = deadline_after(timeout_ns);
		if (!channel->sleeps) {
			if (!deadline_spin(&turn, deadline_ns))
				return -ETIMEDOUT;
		} else {
			if (!deadline_left_ns(deadline_ns))
				return -ETIMEDOUT;
			nanosleep(&nap, NULL);
		}
	}
}

/* Its time-outs are whole milliseconds: longer rather than shorter. */
static int32_t qb_timeout_ms(uint64_t timeout_ns)
{
	uint64_t ms = timeout_ns / MS_NS + (timeout_ns % MS_NS != 0);

	if (timeout_ns == UINT64_MAX)
		return -1;
	return ms > INT32_MAX ? INT32_MAX : (int32_t)ms;
}

static int qb_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	const struct qb_channel *channel = (struct qb_channel *)endpoint;
	int32_t timeout_ms = channel->sleeps ? qb_timeout_ms(timeout_ns) : 0;
	uint64_t deadline_ns = 0;
	unsigned turn = 0;
	ssize_t ret;

	for (;;) {
		ret = qb_rb_chunk_read(channel->ring, message->room,
			message->room_bytes, timeout_ms);
		if (ret >= 0) {
			message->data = message->room;
			message->len = (size_t)ret;
			return 0;
		}
		if (ret != -ETIMEDOUT)
			return ret == -ENOBUFS ? -EMSGSIZE : (int)ret;
		if (channel->sleeps || !timeout_ns)
			return deadline_code(timeout_ns);
		if (!deadline_ns)
			deadline_ns = deadline_after(timeout_ns);
		if (!deadline_spin(&turn, deadline_ns))
			return -ETIMEDOUT;
	}
}

static void qb_detach(struct endpoint *endpoint)
{
	(void)endpoint; /* the channel itself */
}

static void qb_destroy(struct channel *base)
{
	struct qb_channel *channel = (struct qb_channel *)base;

	if (!channel)
		return;
	qb_rb_close(channel->ring);
	free(channel);
}

const struct transport transport_qb_rb = {
	.name = QB_RB_NAME,
	.summary = QB_RB_SUMMARY,
	.caps = QB_RB_CAPS,
	.max_len = qb_max_len,
	.create = qb_create,
	.attach = qb_attach,
	.send = qb_send,
	.recv = qb_recv,
	.detach = qb_detach,
	.destroy = qb_destroy,
};
