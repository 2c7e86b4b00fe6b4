/* ring.h - one producer, one consumer, lock-free.
 *
 * Messages of 0 to mipc_ring_max_len() bytes, in order, each whole. Reading and
 * writing are wait-free: no lock, no system call, unless a side has to wait.
 *
 * Producer and consumer are roles. A role belongs to one live handle; another
 * gets -EBUSY. The role of a process that died, killed at whatever instruction,
 * can be taken over by opening the ring again: the new producer goes on behind
 * the last message that was written whole, the new consumer with the first that
 * the old one had not finished reading.
 *
 * Source: docs/design.md, "The ring".
 */
#ifndef MMAPIPC_RING_H
#define MMAPIPC_RING_H

#include <sys/uio.h>

#include <mmapipc/mmapipc.h>
#include <mmapipc/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mipc_ring mipc_ring;

enum mipc_ring_role {
	MIPC_RING_OBSERVER = 0, /* neither: may ask for sizes only */
	MIPC_RING_PRODUCER = 1 << 0,
	MIPC_RING_CONSUMER = 1 << 1,
};

/* mipc_ring_create - make a ring called @name and attach to it.
 * @capacity_bytes: for all messages together, their headers of 8 bytes and the
 *   padding to 8 included; rounded up to a power of two of at least a page;
 *   0: 4 MiB. At most 2^38.
 * @roles: the roles to hold, or'd.
 * Every page is allocated now, so that no later write can fail.
 * Returns 0 and a handle, to be closed by mipc_ring_close(); -EEXIST; -ENOSPC;
 * -EINVAL; -ENAMETOOLONG; others as open(2). On error nothing was made. */
int mipc_ring_create(const char *name, uint64_t capacity_bytes, unsigned roles,
	const struct mipc_options *options, mipc_ring **ret_ring);

/* mipc_ring_open - attach in the given roles.
 * Returns 0; -EBUSY (a live process holds the role); -ENOENT; -EILSEQ;
 * -EPROTOTYPE; -EPROTO; -EBADMSG; -EPERM; -ELOOP; -ENOSPC; others as open(2).
 * On error nothing was changed. */
int mipc_ring_open(const char *name, unsigned roles,
	const struct mipc_options *options, mipc_ring **ret_ring);

/* mipc_ring_from_fd - the same for memory made with MIPC_MEMFD.
 * @fd: as its other side's mipc_ring_fd(), inherited or received; caller keeps.
 * Returns as mipc_ring_open(); -EBADF; -EPERM (its size is not sealed).
 *
 * mipc_ring_fd - the descriptor to pass on, valid until the handle is closed.
 * Returns it; -ENOTSUP (the memory has a name). */
int mipc_ring_from_fd(int fd, unsigned roles,
	const struct mipc_options *options, mipc_ring **ret_ring);
int mipc_ring_fd(const mipc_ring *ring);

/* mipc_ring_memory - what its memory is made of: which of the wishes for huge pages
 * and a node were granted. Touches every page, as MIPC_PREFAULT does, and asks
 * the system: for once after opening.
 * Returns 0; -EINVAL; -ENOTSUP (needs /proc). */
int mipc_ring_memory(const mipc_ring *ring, struct mipc_memory *ret_memory);

/* mipc_ring_close - leave the roles, detach, free the handle. Accepts NULL.
 * What was written stays readable. For other threads see mmapipc.h, "Closing". */
void mipc_ring_close(mipc_ring *ring);

/* mipc_ring_cancel - from now on no call on this handle waits: one that waits
 * now, within some milliseconds, and one that would have to are -ECANCELED. For
 * good. Those that need not wait work as before, and nobody else notices. So
 * that another thread can be joined before the handle is closed. Thread-safe;
 * async-signal-safe. */
void mipc_ring_cancel(mipc_ring *ring);

/* mipc_ring_unlink - remove the name of a ring; its users go on.
 * Returns 0; -ENOENT; -EILSEQ; -EPROTOTYPE; -EPERM; -ELOOP. */
int mipc_ring_unlink(const char *name);

/* mipc_ring_write - copy one message into the ring.
 * @ring: attached as producer; one thread at a time.
 * @len: bytes, 0 to mipc_ring_max_len().
 * @timeout_ns: relative; 0 polls; MIPC_FOREVER.
 * Progress: wait-free when timeout_ns is 0. Not async-signal-safe.
 * Returns 0; -EAGAIN (timeout 0 only); -ETIMEDOUT; -EPIPE (full, and the
 * consumer has gone); -ECANCELED; -EMSGSIZE; -EBADMSG; -EINVAL (not the producer);
 * -EBUSY (in a forked child, while the parent holds the role), -ENOSPC and -ENOTSUP
 * (the first call in a forked child, whichever it is: see mmapipc.h, "fork()"). */
int mipc_ring_write(
	mipc_ring *ring, const void *data, size_t len, uint64_t timeout_ns);

/* mipc_ring_read - copy the next message out of the ring and free its place.
 * @ring: attached as consumer; one thread at a time.
 * @size: room at @buffer, in bytes.
 * @ret_len: length of the message; also on -EMSGSIZE, when it is longer than
 *   @size and stays in the ring.
 * Progress: wait-free when timeout_ns is 0. Not async-signal-safe.
 * Returns 0; -EAGAIN (timeout 0 only); -ETIMEDOUT; -EPIPE (empty, and the
 * producer has gone); -ECANCELED; -EMSGSIZE; -EBADMSG; -EINVAL (not the
 * consumer); in a forked child as mipc_ring_write(). */
int mipc_ring_read(mipc_ring *ring, void *buffer, size_t size,
	uint64_t timeout_ns, size_t *ret_len);

/* mipc_ring_write_batch - write up to @count messages, seen all at once.
 * @messages: iov_base and iov_len of each. Not kept.
 * Waits until the first one fits; then writes as many as fit.
 * Returns how many (1 to @count); otherwise as mipc_ring_write(). */
int mipc_ring_write_batch(mipc_ring *ring, const struct iovec *messages,
	unsigned count, uint64_t timeout_ns);

/* mipc_ring_read_batch - read up to @count messages.
 * @messages: in: room; out: iov_len is the length of each message read.
 * Waits for the first one; then takes what is there and fits its buffer.
 * Returns how many (1 to @count); otherwise as mipc_ring_read(), with the
 * needed size in messages[0].iov_len on -EMSGSIZE. */
int mipc_ring_read_batch(mipc_ring *ring, struct iovec *messages,
	unsigned count, uint64_t timeout_ns);

/* mipc_ring_reserve - a place for the next message, to be filled where it lies.
 * @ret_data: @len bytes in a row, aligned to 8; valid until the next write,
 *   reserve, commit or close.
 * Nobody sees it before mipc_ring_commit(). To give it up, do nothing: it costs
 * nothing and the next call gets the same place.
 * Returns 0; otherwise as mipc_ring_write(). */
int mipc_ring_reserve(
	mipc_ring *ring, size_t len, uint64_t timeout_ns, void **ret_data);

/* mipc_ring_commit - make the reserved message visible.
 * @len: its real length, 0 to what was reserved.
 * Progress: wait-free.
 * Returns 0; -EINVAL (nothing is reserved, or less than @len; not the producer);
 * -EBADMSG; in a forked child, where nothing is, -EBUSY and others as
 * mipc_ring_write(). */
int mipc_ring_commit(mipc_ring *ring, size_t len);

/* mipc_ring_peek - the next message, where it lies.
 * @ret_data: *@ret_len bytes in a row, aligned to 8; valid until
 *   mipc_ring_release(), a read or close. A producer that is not to be trusted
 *   may change it meanwhile: copy what must not change between two looks.
 * Peeking again gives the same one.
 * Returns 0; otherwise as mipc_ring_read(), but for -EMSGSIZE. */
int mipc_ring_peek(mipc_ring *ring, uint64_t timeout_ns, const void **ret_data,
	size_t *ret_len);

/* mipc_ring_release - done with the message that was peeked at; free its place.
 * Killed before it, the next consumer gets the message again.
 * Progress: wait-free.
 * Returns 0; -EINVAL (nothing was peeked at; not the consumer); -EBADMSG; in a
 * forked child, where nothing was, -EBUSY and others as mipc_ring_write(). */
int mipc_ring_release(mipc_ring *ring);

/* mipc_ring_event_fd - a descriptor for poll() or epoll: readable when a message
 * can be read, or the producer has gone.
 * @ring: attached as consumer; the consuming thread.
 * Made at the first call, which starts a thread; the handle's own, valid until
 * it is closed. It stays readable until mipc_ring_event_arm(); do not read it.
 * Anew in a forked child, where the parent's is not to be used.
 * Returns it; -EMFILE; -ENFILE; -ENOMEM; -EAGAIN (no more threads); -EBADMSG;
 * -EINVAL (not the consumer); in a forked child as mipc_ring_write().
 *
 * mipc_ring_event_arm - have it become readable for what has not been read yet.
 * To be called when reads return -EAGAIN, before the next poll(). May find the
 * descriptor readable for what was read meanwhile: let -EAGAIN not surprise you.
 * @ring: attached as consumer; the consuming thread.
 * Progress: blocking, but never for another process.
 * Returns 1 (a message or the end is there already, and the descriptor readable);
 * 0; -EINVAL (mipc_ring_event_fd() was not called in this process, or not the
 * consumer); -ECANCELED and -EBADMSG (nothing is there, and the handle waits no
 * more: leave the loop); in a forked child as mipc_ring_write(). */
int mipc_ring_event_fd(mipc_ring *ring);
int mipc_ring_event_arm(mipc_ring *ring);

/* mipc_ring_available_write - length of the longest message that could be
 * written now without waiting; for the producer exact as a lower bound. At 0 an
 * empty message may fit or not. */
uint64_t mipc_ring_available_write(const mipc_ring *ring);

/* mipc_ring_available_read - bytes in use by messages not yet read, their
 * headers and padding included; 0 exactly when the ring is empty. */
uint64_t mipc_ring_available_read(const mipc_ring *ring);

/* mipc_ring_clear - drop every message written so far.
 * @ring: attached as consumer. Returns 0; -EINVAL; -EBADMSG; in a forked child as
 * mipc_ring_write(). */
int mipc_ring_clear(mipc_ring *ring);

uint64_t mipc_ring_capacity(const mipc_ring *ring); /* bytes */
uint64_t mipc_ring_max_len(const mipc_ring *ring);  /* bytes of one message */

/* mipc_ring_stats - what this handle has done and met since it attached; in a
 * forked child, since that did. From any thread. Returns 0. */
int mipc_ring_stats(const mipc_ring *ring, struct mipc_stats *ret_stats);

/* mipc_ring_check - the ring's invariants, for tests after a crash.
 * Only while nobody writes or reads. Returns 0; -EBADMSG. */
int mipc_ring_check(const mipc_ring *ring);

#ifdef __cplusplus
}
#endif

#endif
