/* shm.h - raw shared memory with bounds.
 *
 * Bytes at offsets. Words of 64 bits at aligned offsets are read and written
 * in one piece (never torn) and in order: a value read by mipc_shm_read_u64()
 * makes visible all that its writer wrote before it. Plain bytes have no order
 * of their own: publish them with a word.
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

/* mipc_shm_close - detach and free the handle. Accepts NULL. The memory stays
 * until it is unlinked and the last user has closed it. */
void mipc_shm_close(mipc_shm *shm);

/* mipc_shm_unlink - remove the name of a raw shared memory.
 * Returns 0; -ENOENT; -EILSEQ; -EPROTOTYPE; -EPERM; -ELOOP. */
int mipc_shm_unlink(const char *name);

uint64_t mipc_shm_size(const mipc_shm *shm);

/* mipc_shm_clear - set every byte to zero. Not atomic. Returns 0. */
int mipc_shm_clear(mipc_shm *shm);

/* mipc_shm_read, mipc_shm_write - copy @len bytes out or in.
 * Progress: wait-free. Not atomic.
 * Returns 0; -ERANGE when offset and length leave the memory. */
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

/* mipc_shm_view - the memory itself: @len bytes at @offset.
 * @ret_view: valid until mipc_shm_close(); in a forked child as well.
 * Returns 0; -ERANGE. */
int mipc_shm_view(mipc_shm *shm, uint64_t offset, size_t len, void **ret_view);

#ifdef __cplusplus
}
#endif

#endif
