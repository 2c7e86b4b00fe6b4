/* stream.c - messages over a byte stream between two processes.
 *
 * A frame is its length, 8 bytes in the machine's order, then the body: 8 and
 * not 4, so that bodies of whole words stay aligned. A frame leaves by one
 * writev(), a batch by one writev() of many frames; the reader takes as much
 * as there is by one read() and hands out pointers into its buffer. Both are
 * what a careful program would do, so that the figures are the system's, not
 * those of a clumsy wrapper.
 *
 * One producer and one consumer: frames of several writers, longer than
 * PIPE_BUF, would be mixed up by the system, and two readers would each get
 * pieces of a frame. Nothing short of a lock around the stream mends that.
 *
 * Who holds the ends. The peer's exit shows as end of file, or EPIPE, only when
 * nobody else has its end open; but the ends are made in the parent, which
 * would keep both, and each worker would inherit both. So the parent sends each
 * end into a local socket and closes it. There it waits, owned by nobody, until
 * the worker of that role takes it out; then that worker is its only holder.
 *
 * A frame is half written when the stream fills up or the time-out passes. What
 * is in the stream cannot be taken back, so the sender remembers how much of
 * the frame went out and goes on from there with the next call, for which the
 * caller brings the same message again. A sender that dies or gives up in
 * mid-frame leaves a torn one, which the reader never hands out.
 */
#include "transport/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"

enum {
	HEADER_BYTES = sizeof(uint64_t),
	BATCH_MAX = 256,	 /* frames per writev(); 2 vectors each: 512 */
	READ_BYTES = 256 * 1024, /* a quarter of the largest usual pipe */
	WHOLE_BYTES = 32 * 1024, /* from here on read a frame and no more */
};

struct stream_channel {
	int mailbox[2]; /* by enum endpoint_role: holds that role's end */
	size_t max_len;
};

struct stream_endpoint {
	int fd;
	size_t max_len;
	/* producer */
	size_t partial_sent; /* bytes of the first frame already out */
	size_t partial_len;  /* its body's length */
	uint64_t headers[BATCH_MAX];
	struct iovec vectors[2 * BATCH_MAX];
	/* consumer: unread bytes are buffer[start..end) */
	unsigned char *buffer;
	size_t buffer_bytes;
	size_t start;
	size_t end;
};

int stream_create(const struct channel_config *config, const int fds[2],
	struct channel **ret_channel)
{
	static const int end_of[] = {[ROLE_PRODUCER] = 1, [ROLE_CONSUMER] = 0};
	struct stream_channel *stream = malloc(sizeof(*stream));
	int ret;

	if (!stream) {
		close(fds[0]);
		close(fds[1]);
		return -ENOMEM;
	}
	stream->max_len = config->msg_size_bytes;
	stream->mailbox[ROLE_PRODUCER] = -1;
	stream->mailbox[ROLE_CONSUMER] = -1;
	ret = fd_mail(
		fds[end_of[ROLE_PRODUCER]], &stream->mailbox[ROLE_PRODUCER]);
	if (ret) {
		close(fds[end_of[ROLE_CONSUMER]]);
		goto fail;
	}
	ret = fd_mail(
		fds[end_of[ROLE_CONSUMER]], &stream->mailbox[ROLE_CONSUMER]);
	if (ret)
		goto fail;
	*ret_channel = (struct channel *)stream;
	return 0;
fail:
	stream_destroy((struct channel *)stream);
	return ret;
}

int stream_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct stream_channel *stream = (struct stream_channel *)channel;
	struct stream_endpoint *end = calloc(1, sizeof(*end));
	int ret;

	(void)index; /* 0: there is one of each */
	if (!end)
		return -ENOMEM;
	end->fd = -1;
	end->max_len = stream->max_len;
	if (role == ROLE_CONSUMER) {
		end->buffer_bytes = 2 * (stream->max_len + HEADER_BYTES);
		if (end->buffer_bytes < READ_BYTES)
			end->buffer_bytes = READ_BYTES;
		end->buffer = malloc(end->buffer_bytes);
		if (!end->buffer) {
			ret = -ENOMEM;
			goto fail;
		}
	}
	ret = fd_take(stream->mailbox[role], &end->fd);
	if (ret)
		goto fail;
	if (fcntl(end->fd, F_SETFL, O_NONBLOCK)) {
		ret = -errno;
		goto fail;
	}
	signal(SIGPIPE, SIG_IGN); /* -EPIPE is the answer, not a death */
	*ret_endpoint = (struct endpoint *)end;
	return 0;
fail:
	stream_detach((struct endpoint *)end);
	return ret;
}

/* Lay out frames of @messages, less what is out already of the first.
 * Returns how many vectors. */
static int stream_lay_out(struct stream_endpoint *end,
	const struct outbound *messages, unsigned count)
{
	struct iovec *vector = end->vectors;
	size_t skip = end->partial_sent;

	for (unsigned i = 0; i < count; i++) {
		end->headers[i] = messages[i].len;
		if (skip < HEADER_BYTES) {
			vector->iov_base = (char *)&end->headers[i] + skip;
			vector->iov_len = HEADER_BYTES - skip;
			vector++;
			skip = 0;
		} else {
			skip -= HEADER_BYTES;
		}
		if (messages[i].len > skip) {
			/* writev() only reads it, whatever the type says */
			vector->iov_base = (char *)messages[i].data + skip;
			vector->iov_len = messages[i].len - skip;
			vector++;
		}
		skip = 0;
	}
	return (int)(vector - end->vectors);
}

/* @written more bytes are out: how many whole frames is that? */
static int stream_account(struct stream_endpoint *end,
	const struct outbound *messages, unsigned count, size_t written)
{
	size_t bytes = end->partial_sent + written;
	unsigned whole = 0;

	while (whole < count && bytes >= HEADER_BYTES + messages[whole].len)
		bytes -= HEADER_BYTES + messages[whole++].len;
	end->partial_sent = bytes;
	if (bytes)
		end->partial_len = messages[whole].len;
	return (int)whole;
}

int stream_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	struct stream_endpoint *end = (struct stream_endpoint *)endpoint;
	uint64_t deadline_ns = 0;
	unsigned fit = 0;

	if (count > BATCH_MAX)
		count = BATCH_MAX;
	while (fit < count && messages[fit].len <= end->max_len)
		fit++;
	if (!fit)
		return -EMSGSIZE;
	if (end->partial_sent && end->partial_len != messages[0].len)
		return -EINVAL;
	for (;;) {
		int vectors = stream_lay_out(end, messages, fit);
		ssize_t written = writev(end->fd, end->vectors, vectors);
		int ret;

		if (written >= 0) {
			ret = stream_account(
				end, messages, fit, (size_t)written);
			if (ret)
				return ret;
		} else if (errno == EAGAIN) {
			ret = fd_wait(
				end->fd, POLLOUT, timeout_ns, &deadline_ns);
			if (ret)
				return ret;
		} else if (errno == ECONNRESET) {
			return -EPIPE; /* a socket whose reader left bytes */
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

int stream_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	int ret = stream_send_batch(endpoint, message, 1, timeout_ns);

	return ret < 0 ? ret : 0;
}

/* The next frame, if the buffer holds all of it.
 * Returns 1; 0 with @ret_missing, the bytes that would complete what is known
 * of it; -EBADMSG for a length that was never sent. */
static int stream_parse(struct stream_endpoint *end, struct inbound *message,
	size_t *ret_missing)
{
	size_t held = end->end - end->start;
	uint64_t len;

	if (held < HEADER_BYTES) {
		*ret_missing = HEADER_BYTES - held;
		return 0;
	}
	memcpy(&len, end->buffer + end->start, HEADER_BYTES);
	if (len > end->max_len)
		return -EBADMSG;
	if (held < HEADER_BYTES + len) {
		*ret_missing = HEADER_BYTES + len - held;
		return 0;
	}
	message->data = end->buffer + end->start + HEADER_BYTES;
	message->len = len;
	end->start += HEADER_BYTES + len;
	return 1;
}

/* Read more, at least making room for @missing bytes.
 * Returns 0; -EAGAIN; -EPIPE at the end of the stream; -errno.
 *
 * Of a long frame no more than its end and the next header is read: whatever
 * were read of the next body would have to be moved to make room for the rest
 * of it, a copy that a pipe need not have. */
static int stream_read(struct stream_endpoint *end, size_t missing)
{
	size_t held = end->end - end->start;
	size_t want;
	ssize_t got;

	if (!held || end->end + missing + HEADER_BYTES > end->buffer_bytes) {
		memmove(end->buffer, end->buffer + end->start, held);
		end->start = 0;
		end->end = held;
	}
	want = end->buffer_bytes - end->end;
	if (missing >= WHOLE_BYTES && want > missing + HEADER_BYTES)
		want = missing + HEADER_BYTES;
	got = read(end->fd, end->buffer + end->end, want);
	if (got > 0) {
		end->end += (size_t)got;
		return 0;
	}
	if (!got || errno == ECONNRESET)
		return -EPIPE;
	return errno == EINTR ? 0 : -errno;
}

int stream_recv_batch(struct endpoint *endpoint, struct inbound *messages,
	unsigned count, uint64_t timeout_ns)
{
	struct stream_endpoint *end = (struct stream_endpoint *)endpoint;
	uint64_t deadline_ns = 0;
	size_t missing;
	int got = 0;

	for (;;) {
		int ret = stream_parse(end, &messages[got], &missing);

		if (ret > 0 && ++got == (int)count)
			return got;
		if (ret > 0)
			continue;
		/* reading more could move what was just handed out */
		if (got)
			return got;
		if (ret < 0)
			return ret;
		ret = stream_read(end, missing);
		if (ret == -EAGAIN)
			ret = fd_wait(
				end->fd, POLLIN, timeout_ns, &deadline_ns);
		if (ret)
			return ret;
	}
}

int stream_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int ret = stream_recv_batch(endpoint, message, 1, timeout_ns);

	return ret < 0 ? ret : 0;
}

void stream_detach(struct endpoint *endpoint)
{
	struct stream_endpoint *end = (struct stream_endpoint *)endpoint;

	if (!end)
		return;
	if (end->fd >= 0)
		close(end->fd);
	free(end->buffer);
	free(end);
}

void stream_destroy(struct channel *channel)
{
	struct stream_channel *stream = (struct stream_channel *)channel;

	if (!stream)
		return;
	for (int i = 0; i < 2; i++)
		if (stream->mailbox[i] >= 0)
			close(stream->mailbox[i]);
	free(stream);
}
