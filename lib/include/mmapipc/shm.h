/* shm.h - raw shared memory with bounds.
 *
 * Bytes at offsets. Words of 64 bits at aligned offsets are read and written
 * in one piece (never torn) and in order: a value read by mipc_shm_read_u64()
 * makes visible all that its writer wrote before it. They can also be added to,
 * exchanged, and replaced if they are what the caller thinks, with nobody in
 * between. Plain bytes have no order of their own: publish them with a word.
 */
#ifndef MMAPIPC_SHM_H
#define MMAPIPC_SHM_H

#include <mmapipc/mmapipc.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mipc_shm mipc_shm;

/* mipc_shm_create - make @size_bytes of zeroed shared memory called @name.
 * Every page is allocated now, so that no later write can fail.
 * @size_bytes: 1 to 2^40.
 * @options: NULL for the defaults. Not kept.
 * Returns 0 and a handle, to be closed by mipc_shm_close(); -EEXIST; -ENOSPC;
 * -EINVAL; -ENAMETOOLONG; others as open(2). On error nothing was made. */
int mipc_shm_create(const char *name, uint64_t size_bytes,
	const struct mipc_options *options, mipc_shm **ret_shm);

/* mipc_shm_open - attach to an existing one.
 * Returns 0; -ENOENT; -EILSEQ; -EPROTOTYPE; -EPROTO; -EBADMSG; -EPERM; -ELOOP;
 * -ENOSPC; others as open(2). On error nothing was changed. */
int mipc_shm_open(const char *name, const struct mipc_options *options,
	mipc_shm **ret_shm);

/* mipc_shm_from_fd - the same for memory made with MIPC_MEMFD.
 * @fd: as its other side's mipc_shm_fd(), inherited or received; caller keeps.
 * Returns as mipc_shm_open(); -EBADF; -EPERM (its size is not sealed).
 *
 * mipc_shm_fd - the descriptor to pass on, valid until the handle is closed.
 * Returns it; -ENOTSUP (the memory has a name). */
int mipc_shm_from_fd(
	int fd, const struct mipc_options *options, mipc_shm **ret_shm);
int mipc_shm_fd(const mipc_shm *shm);

/* mipc_shm_memory - what its memory is made of: which of the wishes for huge pages
 * and a node were granted. Touches every page, as MIPC_PREFAULT does, and asks
 * the system: for once after opening.
 * Returns 0; -EINVAL; -ENOTSUP (needs /proc). */
int mipc_shm_memory(const mipc_shm *shm, struct mipc_memory *ret_memory);

/* mipc_shm_close - detach and free the handle. Accepts NULL. The memory stays
 * until it is unlinked and the last user has closed it. */
void mipc_shm_close(mipc_shm *shm);

/* mipc_shm_unlink - remove the name of a raw shared memory.
 * Returns 0; -ENOENT; -EILSEQ; -EPROTOTYPE; -EPERM; -ELOOP. */
int mipc_shm_unlink(const char *name);

uint64_t mipc_shm_size(const mipc_shm *shm);

/* mipc_shm_clear - set every byte to zero. Not atomic. Returns 0; -EBADMSG. */
int mipc_shm_clear(mipc_shm *shm);

/* mipc_shm_read, mipc_shm_write - copy @len bytes out or in.
 * Progress: wait-free. Not atomic.
 * Returns 0; -ERANGE when offset and length leave the memory; -EBADMSG, here and
 * below, when its file was truncated (see mipc_guard_sigbus()). */
int mipc_shm_read(
	const mipc_shm *shm, uint64_t offset, void *buffer, size_t len);
int mipc_shm_write(
	mipc_shm *shm, uint64_t offset, const void *data, size_t len);

/* 64-bit words, in the machine's byte order; loads acquire, stores release.
 * @offset: a multiple of 8.
 * Progress: wait-free.
 * Returns 0; -EINVAL (misaligned); -ERANGE. */
int mipc_shm_read_u64(
	const mipc_shm *shm, uint64_t offset, uint64_t *ret_value);
int mipc_shm_read_i64(const mipc_shm *shm, uint64_t offset, int64_t *ret_value);
int mipc_shm_write_u64(mipc_shm *shm, uint64_t offset, uint64_t value);
int mipc_shm_write_i64(mipc_shm *shm, uint64_t offset, int64_t value);

/* mipc_shm_add_u64 - add @value to a word, all in one step.
 * mipc_shm_exchange_u64 - put @value in the place of what is there.
 * @offset: a multiple of 8.
 * @value: to subtract, add the two's complement: -(uint64_t)n. Wraps around.
 * @ret_before: what was there before; may be NULL.
 * No two callers get the same turn: each sees what the one before left, and all
 * that it wrote before. A caller that is killed has done it or has not.
 * Progress: lock-free; wait-free where the processor can (x86-64, Arm LSE).
 * Returns 0; -EINVAL (misaligned); -ERANGE. */
int mipc_shm_add_u64(
	mipc_shm *shm, uint64_t offset, uint64_t value, uint64_t *ret_before);
int mipc_shm_exchange_u64(
	mipc_shm *shm, uint64_t offset, uint64_t value, uint64_t *ret_before);

/* mipc_shm_compare_exchange_u64 - replace a word if it is what you think it is.
 * @expected: in: the value to be replaced; out: on -EAGAIN the one that is
 *   there, so that a loop need not read it again.
 * Order and death as mipc_shm_add_u64(); on -EAGAIN as mipc_shm_read_u64().
 * Progress: lock-free; a loop around it: somebody gets on.
 * Returns 0 (it is @desired now); -EAGAIN (it was another value, and still is);
 * -EINVAL (misaligned); -ERANGE. */
int mipc_shm_compare_exchange_u64(
	mipc_shm *shm, uint64_t offset, uint64_t *expected, uint64_t desired);

/* mipc_shm_view - the memory itself: @len bytes at @offset.
 * @ret_view: valid until mipc_shm_close(); in a forked child as well.
 * Returns 0; -ERANGE. */
int mipc_shm_view(mipc_shm *shm, uint64_t offset, size_t len, void **ret_view);

#ifdef __cplusplus
}
#endif

#endif
