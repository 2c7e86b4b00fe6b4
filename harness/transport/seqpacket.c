/* seqpacket.c - a pair of local sockets that keep messages apart.
 *
 * SOCK_SEQPACKET: ordered and reliable as a stream, and a message stays one, so
 * nothing has to be framed. A batch is one sendmmsg() or recvmmsg(). One byte
 * goes before each message: one of none would look like the end of the stream.
 *
 * The largest message is what the send buffer holds, which the administrator
 * bounds (net.core.wmem_max); it is asked for at first, for messages of 1 MiB or
 * more than that. Each end has one holder (base/fd.c), and its exit shows.
 *
 * The data of a batch lie in the caller's own rooms: the kernel copies them
 * there. Nothing has a name, nothing is left behind.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "transport/list.h"

enum {
	MARK_BYTES = 1,
	KERNEL_BYTES = 32, /* what af_unix.c keeps back of the buffer */
	WISH_BYTES = 1 << 20,
	WISH_MAX_BYTES = 1 << 29, /* the system doubles it */
	BATCH_MAX = 256,
};

struct seqpacket_channel {
	int mailbox[2]; /* by enum endpoint_role */
};

struct seqpacket_endpoint {
	int fd;
	struct mmsghdr headers[BATCH_MAX];
	struct iovec vectors[BATCH_MAX][2];
	unsigned char marks[BATCH_MAX];
};

/* A pair that can carry @len bytes and holds about @capacity of them.
 * @ret_most: what it can carry. */
static int seqpacket_make(
	uint64_t len, uint64_t capacity, int fds[2], uint64_t *ret_most)
{
	uint64_t wish = capacity ? capacity : WISH_BYTES;
	socklen_t size = sizeof(int);
	int bytes;

	if (wish < len + MARK_BYTES + KERNEL_BYTES)
		wish = len + MARK_BYTES + KERNEL_BYTES;
	bytes = wish > WISH_MAX_BYTES ? WISH_MAX_BYTES : (int)wish;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0, fds))
		return -errno;
	(void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (getsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &bytes, &size)) {
		int ret = -errno;

		close(fds[0]);
		close(fds[1]);
		return ret;
	}
	*ret_most = (uint64_t)bytes - MARK_BYTES - KERNEL_BYTES;
	return 0;
}

static uint64_t seqpacket_max_len(void)
{
	uint64_t most;
	int fds[2];

	if (seqpacket_make(WISH_MAX_BYTES, 0, fds, &most))
		return 0;
	close(fds[0]);
	close(fds[1]);
	return most;
}

static void seqpacket_destroy(struct channel *channel)
{
	struct seqpacket_channel *seqpacket =
		(struct seqpacket_channel *)channel;

	if (!seqpacket)
		return;
	for (int i = 0; i < 2; i++)
		if (seqpacket->mailbox[i] >= 0)
			close(seqpacket->mailbox[i]);
	free(seqpacket);
}

static int seqpacket_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct seqpacket_channel *seqpacket = malloc(sizeof(*seqpacket));
	uint64_t most;
	int fds[2];
	int ret;

	if (!seqpacket)
		return -ENOMEM;
	seqpacket->mailbox[ROLE_PRODUCER] = -1;
	seqpacket->mailbox[ROLE_CONSUMER] = -1;
	ret = seqpacket_make(
		config->msg_size_bytes, config->capacity_bytes, fds, &most);
	if (ret)
		goto fail;
	ret = fd_mail(fds[1], &seqpacket->mailbox[ROLE_PRODUCER]);
	if (ret) {
		close(fds[0]);
		goto fail;
	}
	ret = fd_mail(fds[0], &seqpacket->mailbox[ROLE_CONSUMER]);
	if (!ret && most < config->msg_size_bytes)
		ret = -EMSGSIZE;
	if (ret)
		goto fail;
	*ret_channel = (struct channel *)seqpacket;
	return 0;
fail:
	seqpacket_destroy((struct channel *)seqpacket);
	return ret;
}

static int seqpacket_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct seqpacket_channel *seqpacket =
		(struct seqpacket_channel *)channel;
	struct seqpacket_endpoint *end = calloc(1, sizeof(*end));
	int ret;

	(void)index; /* 0: there is one of each */
	if (!end)
		return -ENOMEM;
	ret = fd_take(seqpacket->mailbox[role], &end->fd);
	if (ret) {
		free(end);
		return ret;
	}
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		end->vectors[i][0] = (struct iovec){
			.iov_base = &end->marks[i], .iov_len = MARK_BYTES};
		end->headers[i].msg_hdr.msg_iov = end->vectors[i];
		end->headers[i].msg_hdr.msg_iovlen = 2;
	}
	signal(SIGPIPE, SIG_IGN); /* -EPIPE is the answer, not a death */
	*ret_endpoint = (struct endpoint *)end;
	return 0;
}

/* What went wrong with a call: wait for @events, or what to return. */
static int seqpacket_wait(const struct seqpacket_endpoint *end, short events,
	uint64_t timeout_ns, uint64_t *deadline_ns)
{
	if (errno == EAGAIN)
		return fd_wait(end->fd, events, timeout_ns, deadline_ns);
	if (errno == EINTR)
		return 0;
	return errno == ECONNRESET ? -EPIPE : -errno;
}

static int seqpacket_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	struct seqpacket_endpoint *end = (struct seqpacket_endpoint *)endpoint;
	uint64_t deadline_ns = 0;

	if (count > BATCH_MAX)
		count = BATCH_MAX;
	for (unsigned i = 0; i < count; i++) {
		/* sendmmsg() only reads it, whatever the type says */
		end->vectors[i][1].iov_base = (void *)messages[i].data;
		end->vectors[i][1].iov_len = messages[i].len;
	}
	for (;;) {
		int sent = sendmmsg(end->fd, end->headers, count, 0);
		int ret;

		if (sent > 0)
			return sent;
		ret = seqpacket_wait(end, POLLOUT, timeout_ns, &deadline_ns);
		if (ret)
			return ret;
	}
}

static int seqpacket_send(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	int ret = seqpacket_send_batch(endpoint, message, 1, timeout_ns);

	return ret < 0 ? ret : 0;
}

/* @got messages are in their rooms; one without its mark is the end. */
static int seqpacket_hand_out(const struct seqpacket_endpoint *end,
	struct inbound *messages, unsigned got)
{
	unsigned whole = 0;

	while (whole < got && end->headers[whole].msg_len >= MARK_BYTES) {
		if (end->headers[whole].msg_hdr.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		messages[whole].data = messages[whole].room;
		messages[whole].len = end->headers[whole].msg_len - MARK_BYTES;
		whole++;
	}
	return whole ? (int)whole : -EPIPE;
}

static int seqpacket_recv_batch(struct endpoint *endpoint,
	struct inbound *messages, unsigned count, uint64_t timeout_ns)
{
	struct seqpacket_endpoint *end = (struct seqpacket_endpoint *)endpoint;
	uint64_t deadline_ns = 0;

	if (count > BATCH_MAX)
		count = BATCH_MAX;
	for (unsigned i = 0; i < count; i++) {
		end->vectors[i][1].iov_base = messages[i].room;
		end->vectors[i][1].iov_len = messages[i].room_bytes;
	}
	for (;;) {
		int got = recvmmsg(end->fd, end->headers, count, 0, NULL);
		int ret;

		if (got > 0)
			return seqpacket_hand_out(end, messages, (unsigned)got);
		ret = seqpacket_wait(end, POLLIN, timeout_ns, &deadline_ns);
		if (ret)
			return ret;
	}
}

static int seqpacket_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int ret = seqpacket_recv_batch(endpoint, message, 1, timeout_ns);

	return ret < 0 ? ret : 0;
}

static void seqpacket_detach(struct endpoint *endpoint)
{
	struct seqpacket_endpoint *end = (struct seqpacket_endpoint *)endpoint;

	if (!end)
		return;
	close(end->fd);
	free(end);
}

const struct transport transport_seqpacket = {
	.name = "seqpacket",
	.summary = "local sockets that keep messages apart, one sendmmsg per "
		   "batch",
	.caps = CAP_BATCH | CAP_BLOCK | CAP_PEER_GONE,
	.max_len = seqpacket_max_len,
	.create = seqpacket_create,
	.attach = seqpacket_attach,
	.send = seqpacket_send,
	.recv = seqpacket_recv,
	.send_batch = seqpacket_send_batch,
	.recv_batch = seqpacket_recv_batch,
	.detach = seqpacket_detach,
	.destroy = seqpacket_destroy,
};
