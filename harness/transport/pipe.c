/* pipe.c - pipe(2), as large as the system allows.
 *
 * Framing, time-outs and the reasons for one producer and one consumer are in
 * stream.c. A pipe starts at 64 KiB; an unprivileged process may have up to
 * fs.pipe-max-size, 1 MiB unless somebody changed it, and larger is faster.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "transport/stream.h"

enum {
	PIPE_WISH_BYTES = 1 << 20,
	PIPE_WISH_MAX = 1 << 30,
};

static int pipe_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	uint64_t wish = config->capacity_bytes;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	if (!wish)
		wish = PIPE_WISH_BYTES;
	if (wish > PIPE_WISH_MAX)
		wish = PIPE_WISH_MAX;
#ifdef F_SETPIPE_SZ
	/* EPERM: above fs.pipe-max-size, or the user's pipes are at their
	 * limit. Take what there is; at worst it stays as it was made. */
	while (fcntl(fds[1], F_SETPIPE_SZ, (int)wish) < 0 && wish > 4096)
		wish /= 2;
#endif
	return stream_create(config, fds, ret_channel);
}

const struct transport transport_pipe = {
	.name = "pipe",
	.summary = "pipe(2) of 1 MiB, one writev per message or batch",
	.caps = CAP_BATCH | CAP_BLOCK | CAP_PEER_GONE,
	.create = pipe_create,
	.attach = stream_attach,
	.send = stream_send,
	.recv = stream_recv,
	.send_batch = stream_send_batch,
	.recv_batch = stream_recv_batch,
	.detach = stream_detach,
	.destroy = stream_destroy,
};
