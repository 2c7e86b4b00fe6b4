/* fd.c - descriptors that a channel's processes share: hand over, wait.
 *
 * The peer's exit shows as end of file, or EPIPE, only when nobody else has its
 * end open; but the ends of a channel are made in the parent, which would keep
 * both, and each worker would inherit both. So the parent sends each end into a
 * local socket, its mailbox, and closes it. There it waits, owned by nobody,
 * until the worker of that role takes it out; then that worker is its only
 * holder.
 */
#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"

union fd_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

int fd_mail(int fd, int *ret_mailbox)
{
	union fd_control control = {0};
	struct iovec body = {.iov_base = (char[]){'f'}, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &body,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int pair[2];
	int ret = 0;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair)) {
		ret = -errno;
		close(fd);
		return ret;
	}
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	if (sendmsg(pair[0], &message, MSG_NOSIGNAL) < 0)
		ret = -errno;
	close(fd);
	close(pair[0]);
	if (ret)
		close(pair[1]);
	else
		*ret_mailbox = pair[1];
	return ret;
}

int fd_take(int mailbox, int *ret_fd)
{
	union fd_control control = {0};
	struct iovec body = {.iov_base = (char[1]){0}, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &body,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	const struct cmsghdr *header;

	if (recvmsg(mailbox, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return errno == EAGAIN ? -EBUSY : -errno;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return -EBADMSG; /* out of descriptors: the kernel drops it */
	memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
	return 0;
}

int fd_wait(int fd, short events, uint64_t timeout_ns, uint64_t *deadline_ns)
{
	struct pollfd ready = {.fd = fd, .events = events};
	struct timespec left;
	int count;

	if (!timeout_ns)
		return -EAGAIN;
	if (!*deadline_ns)
		*deadline_ns = deadline_after(timeout_ns);
	left = deadline_timespec(deadline_left_ns(*deadline_ns));
	count = ppoll(&ready, 1, &left, NULL);
	if (count < 0 && errno != EINTR)
		return -errno;
	if (!count && !deadline_left_ns(*deadline_ns))
		return -ETIMEDOUT;
	return 0;
}
