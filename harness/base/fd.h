/* fd.h - descriptors that a channel's processes share: hand over, wait. */
#ifndef IPCMARK_BASE_FD_H
#define IPCMARK_BASE_FD_H

#include <stdint.h>

/* fd_mail - put @fd into a mailbox of its own and close it, on failure too.
 * Returns 0 with @ret_mailbox, a descriptor; -errno. */
int fd_mail(int fd, int *ret_mailbox);

/* fd_take - take the descriptor out. Returns 0; -EBUSY when somebody did
 * before; -errno. */
int fd_take(int mailbox, int *ret_fd);

/* fd_wait - sleep until @fd is ready for @events, or @timeout_ns is over.
 * @deadline_ns: 0 before the first wait of a call; kept for the next one.
 * Returns 0, also now and then when it is not ready; -EAGAIN when there is no
 * time-out; -ETIMEDOUT; -errno. */
int fd_wait(int fd, short events, uint64_t timeout_ns, uint64_t *deadline_ns);

#endif
