/* queue.h - many producers, many consumers, crash-safe.
 *
 * Promises, for any number of processes killed at any instruction:
 *   1. a put that returned 0 is delivered,
 *   2. to exactly one live consumer, unless its taker died: what it had got is
 *      gone with it, what it had acquired goes to another one;
 *   3. in order per producer;
 *   4. never torn;
 *   5. nobody waits for a dead process;
 *   6. a put that was killed is delivered whole or not at all.
 * A process that is stopped (SIGSTOP) is not dead: others wait for it up to
 * their timeout. Producers never make consumers wait for what is already put.
 *
 * Source: docs/design.md, "The queue".
 */
#ifndef MMAPIPC_QUEUE_H
#define MMAPIPC_QUEUE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <mmapipc/mmapipc.h>
#include <mmapipc/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mipc_queue mipc_queue;

/* mipc_queue_create - make a queue called @name and attach to it.
 * @capacity_bytes: for all messages together, their headers of 8 bytes and the
 *   padding to 8 included; rounded up to a power of two of at least a page;
 *   0: 4 MiB. At most 2^38.
 * Every page is allocated now, so that no later put can fail for memory.
 * Returns 0 and a handle, to be closed by mipc_queue_close(); -EEXIST; -ENOSPC;
 * -EINVAL; -ENAMETOOLONG; others as open(2). On error nothing was made. */
int mipc_queue_create(const char *name, uint64_t capacity_bytes,
	const struct mipc_options *options, mipc_queue **ret_queue);

/* mipc_queue_open - attach to an existing one.
 * Returns 0; -ENOENT; -EILSEQ; -EPROTOTYPE; -EPROTO; -EBADMSG; -EPERM; -ELOOP;
 * -ENOSPC; others as open(2). On error nothing was changed. */
int mipc_queue_open(const char *name, const struct mipc_options *options,
	mipc_queue **ret_queue);

/* mipc_queue_from_fd - the same for memory made with MIPC_MEMFD.
 * @fd: as its other side's mipc_queue_fd(), inherited or received; caller keeps.
 * Returns as mipc_queue_open(); -EBADF; -EPERM (its size is not sealed).
 *
 * mipc_queue_fd - the descriptor to pass on, valid until the handle is closed.
 * Returns it; -ENOTSUP (the memory has a name). */
int mipc_queue_from_fd(
	int fd, const struct mipc_options *options, mipc_queue **ret_queue);
int mipc_queue_fd(const mipc_queue *queue);

/* mipc_queue_memory - what its memory is made of: which of the wishes for huge pages
 * and a node were granted. Touches every page, as MIPC_PREFAULT does, and asks
 * the system: for once after opening.
 * Returns 0; -EINVAL; -ENOTSUP (needs /proc). */
int mipc_queue_memory(const mipc_queue *queue, struct mipc_memory *ret_memory);

/* mipc_queue_close - detach and free the handle. Accepts NULL. For other threads
 * see mmapipc.h, "Closing". */
void mipc_queue_close(mipc_queue *queue);

/* mipc_queue_cancel - from now on no call on this handle waits: one that waits
 * now, within some milliseconds, and one that would have to are -ECANCELED. For
 * good. Those that need not wait work as before, and nobody else notices. So
 * that other threads can be joined before the handle is closed. Thread-safe;
 * async-signal-safe. */
void mipc_queue_cancel(mipc_queue *queue);

/* mipc_queue_unlink - remove the name of a queue; its users go on.
 * Returns 0; -ENOENT; -EILSEQ; -EPROTOTYPE; -EPERM; -ELOOP. */
int mipc_queue_unlink(const char *name);

/* mipc_queue_put - copy one message in.
 * @len: bytes, 0 to mipc_queue_max_len().
 * @timeout_ns: relative; 0 polls; MIPC_FOREVER. Covers the wait for the lock
 *   and for room.
 * Progress: blocking; lock-free but for a live holder of the producers' lock.
 * Thread-safe. Not async-signal-safe.
 * Returns 0; -EAGAIN (timeout 0 only); -ETIMEDOUT; -ECANCELED; -EMSGSIZE; -EBADMSG;
 * -EBUSY, -ENOSPC and -ENOTSUP (the first call in a forked child, whichever it is:
 * see mmapipc.h, "fork()"). */
int mipc_queue_put(
	mipc_queue *queue, const void *data, size_t len, uint64_t timeout_ns);

/* mipc_queue_get - take the oldest message.
 * @size: room at @buffer, in bytes.
 * @ret_len: its length; also on -EMSGSIZE, when it is longer than @size and
 *   stays in the queue.
 * Progress, threads and signals as mipc_queue_put().
 * Returns as mipc_queue_put(), but for what -EMSGSIZE means. */
int mipc_queue_get(mipc_queue *queue, void *buffer, size_t size,
	uint64_t timeout_ns, size_t *ret_len);

/* mipc_queue_put_batch - put up to @count messages, in a row and all at once.
 * @messages: iov_base and iov_len of each. Not kept.
 * Waits until the first one fits; then puts as many as fit. A put that is
 * killed leaves all of them or none.
 * Returns how many (1 to @count); otherwise as mipc_queue_put(). */
int mipc_queue_put_batch(mipc_queue *queue, const struct iovec *messages,
	unsigned count, uint64_t timeout_ns);

/* mipc_queue_get_batch - take up to @count messages.
 * @messages: in: room; out: iov_len is the length of each message taken.
 * Waits for the first one; then takes what is there and fits its buffer.
 * Returns how many (1 to @count); otherwise as mipc_queue_get(), with the
 * needed size in messages[0].iov_len on -EMSGSIZE. */
int mipc_queue_get_batch(mipc_queue *queue, struct iovec *messages,
	unsigned count, uint64_t timeout_ns);

/* A message that stays in the queue while its holder works on it. The fields from
 * position on are the library's. A lease belongs to the handle that made it and
 * to its process; all zero once it is over. */
struct mipc_lease {
	void *data; /* len bytes in a row, aligned to 8 */
	size_t len;
	unsigned returns; /* how often it was given back or left by the dead */
	uint64_t position;
	uint64_t word;
};

/* mipc_queue_reserve - a place for one message, to be filled where it lies.
 * Nobody waits for it: messages put behind it are delivered before it if need
 * be. A process that dies leaves nothing but, for some milliseconds, the place.
 * Returns 0; otherwise as mipc_queue_put(). */
int mipc_queue_reserve(mipc_queue *queue, size_t len, uint64_t timeout_ns,
	struct mipc_lease *ret_lease);

/* mipc_queue_commit - make it a message, of the length that was reserved.
 * mipc_queue_abort - give the place up.
 * Progress: lock-free. Return 0; -EINVAL (not a reservation of this handle);
 * -EBADMSG. */
int mipc_queue_commit(mipc_queue *queue, struct mipc_lease *lease);
int mipc_queue_abort(mipc_queue *queue, struct mipc_lease *lease);

/* mipc_queue_acquire - take the oldest message without moving it.
 * If its holder dies, or gives it back, another consumer gets it, with
 * ->returns counted up; then it comes after messages that were behind it. The
 * others' messages pass it; its place becomes free when it and all before it are
 * done with, so a lease that is held for long fills the queue.
 * Returns 0; otherwise as mipc_queue_get(), but for -EMSGSIZE. */
int mipc_queue_acquire(
	mipc_queue *queue, uint64_t timeout_ns, struct mipc_lease *ret_lease);

/* mipc_queue_acquire_batch - up to @count of them; waits for the first.
 * Returns how many (1 to @count); otherwise as mipc_queue_acquire(). */
int mipc_queue_acquire_batch(mipc_queue *queue, struct mipc_lease *ret_leases,
	unsigned count, uint64_t timeout_ns);

/* mipc_queue_release - done with it.
 * mipc_queue_return - not done with it: somebody else may try.
 * Progress: lock-free. Return 0; -EINVAL (not a lease of this handle); -EBADMSG.
 * The batch releases all it can and returns the first error. */
int mipc_queue_release(mipc_queue *queue, struct mipc_lease *lease);
int mipc_queue_release_batch(
	mipc_queue *queue, struct mipc_lease *leases, unsigned count);
int mipc_queue_return(mipc_queue *queue, struct mipc_lease *lease);

/* mipc_queue_get_dead - take the oldest dead letter: a message that was returned
 * as often as the queue's creator allowed (struct mipc_options). It stays, and
 * takes up its place, until somebody does.
 * @timeout_ns: for the lock; does not wait for a dead letter.
 * Returns 0; -EAGAIN (there is none); -ETIMEDOUT; -ECANCELED; -EMSGSIZE; -EBADMSG. */
int mipc_queue_get_dead(mipc_queue *queue, void *buffer, size_t size,
	uint64_t timeout_ns, size_t *ret_len);

/* mipc_queue_event_fd - a descriptor for poll() or epoll: readable when it is
 * worth while to try and take a message.
 * Made at the first call, which starts a thread; the handle's own, valid until
 * it is closed. It stays readable until mipc_queue_event_arm(); do not read it.
 * Anew in a forked child, where the parent's is not to be used. Thread-safe.
 * Returns it; -EMFILE; -ENFILE; -ENOMEM; -EAGAIN (no more threads); -EBADMSG; in a
 * forked child as mipc_queue_put().
 *
 * mipc_queue_event_arm - have it become readable for what nobody has taken yet.
 * To be called when gets return -EAGAIN, before the next poll(). Another consumer
 * may be faster than whoever polls: let -EAGAIN not surprise you.
 * Progress: blocking, but never for another process. Thread-safe.
 * Returns 1 (a message is there already, and the descriptor readable); 0; -EINVAL
 * (mipc_queue_event_fd() was not called in this process); -ECANCELED and -EBADMSG
 * (nothing is there, and the handle waits no more: leave the loop); in a forked
 * child as mipc_queue_put(). */
int mipc_queue_event_fd(mipc_queue *queue);
int mipc_queue_event_arm(mipc_queue *queue);

/* mipc_queue_size - messages in the queue, reserved and leased ones and those
 * behind them whose place is not free yet included. A snapshot: others go on. */
uint64_t mipc_queue_size(const mipc_queue *queue);

/* mipc_queue_empty - is there none? A snapshot as well. */
bool mipc_queue_empty(const mipc_queue *queue);

/* mipc_queue_clear - drop every message put so far that waits to be taken.
 * Reservations, leases and dead letters stay.
 * Returns 0; -ETIMEDOUT; -EAGAIN; -ECANCELED; -EBADMSG. */
int mipc_queue_clear(mipc_queue *queue, uint64_t timeout_ns);

uint64_t mipc_queue_capacity(const mipc_queue *queue); /* bytes */
uint64_t mipc_queue_max_len(const mipc_queue *queue);  /* of one message */

/* mipc_queue_stats - what this handle has done and met since it attached; in a
 * forked child, since that did. From any thread. Returns 0. */
int mipc_queue_stats(const mipc_queue *queue, struct mipc_stats *ret_stats);

/* Who is in the way, and how often somebody died there. */
struct mipc_queue_info {
	uint64_t messages; /* as mipc_queue_size() */
	uint64_t bytes_used;
	/* Of these; all 0 when the queue moved on under our eyes. */
	uint64_t ready;
	uint64_t reserved;
	uint64_t leased;
	uint64_t dead_letters;
	pid_t producer_lock_holder; /* process that holds it now; 0: nobody */
	pid_t consumer_lock_holder;
	/* For how long at least: since the first one fell asleep for it; 0:
	 * nobody has. */
	uint64_t producer_lock_held_ns;
	uint64_t consumer_lock_held_ns;
	uint64_t recoveries; /* locks taken over from the dead so far */
	unsigned parties;    /* live handles attached */
};

/* mipc_queue_inspect - a snapshot for people and for tests. Takes no lock.
 * Returns 0; -EBADMSG. */
int mipc_queue_inspect(mipc_queue *queue, struct mipc_queue_info *ret_info);

/* Whose lock. */
enum mipc_queue_lock {
	MIPC_QUEUE_PRODUCERS,
	MIPC_QUEUE_CONSUMERS,
};

/* mipc_queue_lock_holder - process that holds it at this instant; 0: nobody.
 * Two loads; for who wants to catch it in the act. */
pid_t mipc_queue_lock_holder(
	const mipc_queue *queue, enum mipc_queue_lock lock);

/* mipc_queue_check - the queue's invariants, for tests after a crash.
 * Only while nobody puts or gets. Returns 0; -EBADMSG. */
int mipc_queue_check(const mipc_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
