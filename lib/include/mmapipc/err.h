/* err.h - what the library's return values mean.
 *
 * Every call returns 0 or a count, or a negated errno value; the global errno
 * is not touched. The meanings are fixed here, once:
 *
 *   -EAGAIN        would have to wait, and the timeout was 0; compare-exchange:
 *                  the word was another value
 *   -ETIMEDOUT     waited for timeout_ns in vain
 *   -EPIPE         the other side of a ring has gone, and nothing is left
 *   -EBUSY         the role is held by a live process; or the segment is
 *                  being attached to by one that does not get on
 *   -EMSGSIZE      the message can never fit (sending), or it does not fit the
 *                  caller's buffer (receiving; it stays where it is)
 *   -EBADMSG       the segment holds nonsense: truncated, damaged or forged;
 *                  the handle stays so
 *   -EILSEQ        no segment of ours: the file does not start like one
 *   -EPROTOTYPE    a segment of ours, but of another kind
 *   -EPROTO        a segment of another layout version, word size or byte order
 *   -EEXIST        create: the name is taken
 *   -ENOENT        open, unlink: no such name
 *   -ENOSPC        create: the file system is full, or the reserve of huge
 *                  pages; open: every party slot is taken by a live process
 *   -EPERM         the file belongs to another user, or has more than one link;
 *                  from_fd: the memory is not sealed against a change of size
 *   -ELOOP         the name is a symbolic link
 *   -EBADF         from_fd: not an open descriptor
 *   -EINVAL        an argument is out of range
 *   -ERANGE        shm: offset and length lie outside the segment
 *   -ECANCELED     would have to wait, or waited, on a handle that is cancelled
 *                  or being closed
 *   -ENOTSUP       this system cannot do it
 *
 * and whatever open(2), mmap(2) and posix_fallocate(3) may add.
 */
#ifndef MMAPIPC_ERR_H
#define MMAPIPC_ERR_H

#ifdef __cplusplus
extern "C" {
#endif

/* mipc_strerror - one sentence for a value returned by this library.
 * @error: as returned (negative), 0, or a count (positive, "success").
 * Returns a static string, never NULL. Thread-safe, async-signal-safe. */
const char *mipc_strerror(int error);

#ifdef __cplusplus
}
#endif

#endif
