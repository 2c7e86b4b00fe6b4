/* socketpair.c - a pair of connected local stream sockets.
 *
 * Framing, time-outs and the reasons for one producer and one consumer are in
 * stream.c. The send buffer is asked to be 1 MiB as the pipe's; the system
 * grants at most net.core.wmem_max and does not tell.
 */
#include <errno.h>
#include <sys/socket.h>

#include "transport/stream.h"

enum {
	SOCKET_WISH_BYTES = 1 << 20,
	SOCKET_WISH_MAX = 1 << 29, /* the system doubles it */
};

static int socketpair_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	uint64_t wish = config->capacity_bytes;
	int fds[2];
	int bytes;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return -errno;
	if (!wish)
		wish = SOCKET_WISH_BYTES;
	bytes = wish > SOCKET_WISH_MAX ? SOCKET_WISH_MAX : (int)wish;
	(void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return stream_create(config, fds, ret_channel);
}

const struct transport transport_socketpair = {
	.name = "socketpair",
	.summary = "local stream sockets, one writev per message or batch",
	.caps = CAP_BATCH | CAP_BLOCK | CAP_PEER_GONE,
	.create = socketpair_create,
	.attach = stream_attach,
	.send = stream_send,
	.recv = stream_recv,
	.send_batch = stream_send_batch,
	.recv_batch = stream_recv_batch,
	.detach = stream_detach,
	.destroy = stream_destroy,
};
