/* stream.h - messages over a byte stream between two processes.
 *
 * What pipe and socketpair share: everything but how the two ends are made.
 * The functions have the signatures of struct transport.
 */
#ifndef IPCMARK_TRANSPORT_STREAM_H
#define IPCMARK_TRANSPORT_STREAM_H

#include "transport/transport.h"

/* stream_create - a channel over the two ends of a stream.
 * @fds: consumer's end, producer's end; callee takes, on failure too.
 * Returns 0 or -errno. */
int stream_create(const struct channel_config *config, const int fds[2],
	struct channel **ret_channel);

/* stream_attach - -EBUSY when the role was taken before: a stream has one
 * producer and one consumer. */
int stream_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint);

/* stream_send, stream_send_batch - after -EAGAIN or -ETIMEDOUT the next message
 * must be the same one again (a part of it may be in the stream already);
 * another length is -EINVAL. A message given up for good is never delivered. */
int stream_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns);
int stream_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns);

/* stream_recv, stream_recv_batch - @data points into the stream's own buffer. */
int stream_recv(struct endpoint *endpoint, struct inbound *message,
	uint64_t timeout_ns);
int stream_recv_batch(struct endpoint *endpoint, struct inbound *messages,
	unsigned count, uint64_t timeout_ns);

void stream_detach(struct endpoint *endpoint);
void stream_destroy(struct channel *channel);

#endif
