/* shm.c - raw shared memory: a segment whose data is the user's.
 *
 * The data area is mapped once, exactly as large as was asked for (the rest of
 * its last page is out of bounds for the calls below). Nothing in it is ours,
 * so there is nothing to repair after a crash; a word is changed by one atomic
 * operation, which a process that is killed has done or has not.
 */
#include <mmapipc/shm.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "segment.h"

struct mipc_shm {
	struct segment segment;
	/* What is in bounds: all of it, or nothing once the file was taken away
	 * (guard.c), so that each call looks at no more than it has to. */
	_Atomic uint64_t limit_bytes;
};

/* Async-signal-safe. */
static void spoil(struct segment *segment)
{
	struct mipc_shm *shm =
		(struct mipc_shm *)((char *)segment -
				    offsetof(struct mipc_shm, segment));

	/* relaxed: calls that are under way go on, over zeroes */
	atomic_store_explicit(&shm->limit_bytes, 0, memory_order_relaxed);
}

static mipc_shm *allocate(void)
{
	mipc_shm *shm = calloc(1, sizeof(*shm));

	if (shm) {
		shm->segment.spoil = spoil;
		atomic_init(&shm->limit_bytes, UINT64_MAX);
	}
	return shm;
}

/* @shm was attached: what is in bounds, unless it is spoiled already. */
static void set_limit(mipc_shm *shm)
{
	uint64_t none = UINT64_MAX;

	/* relaxed: nobody else has the handle yet, but for spoil() */
	atomic_compare_exchange_strong_explicit(&shm->limit_bytes, &none,
		shm->segment.capacity_bytes, memory_order_relaxed,
		memory_order_relaxed);
}

int mipc_shm_create(const char *name, uint64_t size_bytes,
	const struct mipc_options *options, mipc_shm **ret_shm)
{
	mipc_shm *shm;
	int err;

	if (size_bytes == 0 || size_bytes > MIPC_SHM_SIZE_MAX || !ret_shm)
		return -EINVAL;
	shm = allocate();
	if (!shm)
		return -ENOMEM;
	err = segment_create(
		&shm->segment, name, MIPC_KIND_SHM, size_bytes, options);
	if (err) {
		free(shm);
		return err;
	}
	set_limit(shm);
	*ret_shm = shm;
	return 0;
}

/* By name, or with @name NULL by descriptor. */
static int open_shm(const char *name, int fd,
	const struct mipc_options *options, mipc_shm **ret_shm)
{
	mipc_shm *shm;
	int err;

	if (!ret_shm)
		return -EINVAL;
	shm = allocate();
	if (!shm)
		return -ENOMEM;
	err = name ? segment_open(&shm->segment, name, MIPC_KIND_SHM, options)
		   : segment_from_fd(&shm->segment, fd, MIPC_KIND_SHM, options);
	if (err) {
		free(shm);
		return err;
	}
	set_limit(shm);
	*ret_shm = shm;
	return 0;
}

int mipc_shm_open(const char *name, const struct mipc_options *options,
	mipc_shm **ret_shm)
{
	return name ? open_shm(name, -1, options, ret_shm) : -EINVAL;
}

int mipc_shm_from_fd(
	int fd, const struct mipc_options *options, mipc_shm **ret_shm)
{
	return open_shm(NULL, fd, options, ret_shm);
}

int mipc_shm_fd(const mipc_shm *shm)
{
	return segment_share_fd(&shm->segment);
}

int mipc_shm_memory(const mipc_shm *shm, struct mipc_memory *ret_memory)
{
	return segment_memory(&shm->segment, ret_memory);
}

void mipc_shm_close(mipc_shm *shm)
{
	if (!shm)
		return;
	segment_close(&shm->segment);
	free(shm);
}

int mipc_shm_unlink(const char *name)
{
	return segment_unlink(name, MIPC_KIND_SHM);
}

uint64_t mipc_shm_size(const mipc_shm *shm)
{
	return shm->segment.capacity_bytes;
}

/* Are @len bytes at @offset inside? No overflow, whatever they are. */
static int check_range(const mipc_shm *shm, uint64_t offset, uint64_t len)
{
	/* relaxed: see spoil() */
	uint64_t limit =
		atomic_load_explicit(&shm->limit_bytes, memory_order_relaxed);

	if (__builtin_expect(offset <= limit && len <= limit - offset, 1))
		return 0;
	return segment_wait_error(&shm->segment) ? -EBADMSG : -ERANGE;
}

int mipc_shm_clear(mipc_shm *shm)
{
	int err = check_range(shm, 0, shm->segment.capacity_bytes);

	if (!err)
		memset(shm->segment.data, 0,
			(size_t)shm->segment.capacity_bytes);
	return err;
}

int mipc_shm_read(
	const mipc_shm *shm, uint64_t offset, void *buffer, size_t len)
{
	int err = check_range(shm, offset, len);

	if (!err && len)
		memcpy(buffer, shm->segment.data + offset, len);
	return err;
}

int mipc_shm_write(mipc_shm *shm, uint64_t offset, const void *data, size_t len)
{
	int err = check_range(shm, offset, len);

	if (!err && len)
		memcpy(shm->segment.data + offset, data, len);
	return err;
}

static int word_at(
	const mipc_shm *shm, uint64_t offset, _Atomic uint64_t **ret_word)
{
	int err = check_range(shm, offset, sizeof(**ret_word));

	if (err)
		return err;
	if (offset % sizeof(**ret_word) != 0)
		return -EINVAL;
	*ret_word = (_Atomic uint64_t *)(void *)(shm->segment.data + offset);
	return 0;
}

int mipc_shm_read_u64(const mipc_shm *shm, uint64_t offset, uint64_t *ret_value)
{
	_Atomic uint64_t *word;
	int err = word_at(shm, offset, &word);

	if (err)
		return err;
	/* S1: pairs with S2 to S5 of whoever wrote the value */
	*ret_value = atomic_load_explicit(word, memory_order_acquire);
	return 0;
}

int mipc_shm_write_u64(mipc_shm *shm, uint64_t offset, uint64_t value)
{
	_Atomic uint64_t *word;
	int err = word_at(shm, offset, &word);

	if (err)
		return err;
	/* S2: publishes what was written before. Pairs with S1, S3 to S5. */
	atomic_store_explicit(word, value, memory_order_release);
	return 0;
}

int mipc_shm_read_i64(const mipc_shm *shm, uint64_t offset, int64_t *ret_value)
{
	uint64_t value;
	int err = mipc_shm_read_u64(shm, offset, &value);

	if (!err)
		memcpy(ret_value, &value, sizeof(value));
	return err;
}

int mipc_shm_write_i64(mipc_shm *shm, uint64_t offset, int64_t value)
{
	return mipc_shm_write_u64(shm, offset, (uint64_t)value);
}

int mipc_shm_add_u64(
	mipc_shm *shm, uint64_t offset, uint64_t value, uint64_t *ret_before)
{
	_Atomic uint64_t *word;
	uint64_t before;
	int err = word_at(shm, offset, &word);

	if (err)
		return err;
	/* S3: takes the word over from S2 to S5 of the one before, and passes
	 * it on to S1 and S3 to S5. */
	before = atomic_fetch_add_explicit(word, value, memory_order_acq_rel);
	if (ret_before)
		*ret_before = before;
	return 0;
}

int mipc_shm_exchange_u64(
	mipc_shm *shm, uint64_t offset, uint64_t value, uint64_t *ret_before)
{
	_Atomic uint64_t *word;
	uint64_t before;
	int err = word_at(shm, offset, &word);

	if (err)
		return err;
	/* S4: as S3 */
	before = atomic_exchange_explicit(word, value, memory_order_acq_rel);
	if (ret_before)
		*ret_before = before;
	return 0;
}

int mipc_shm_compare_exchange_u64(
	mipc_shm *shm, uint64_t offset, uint64_t *expected, uint64_t desired)
{
	_Atomic uint64_t *word;
	int err = word_at(shm, offset, &word);

	if (err)
		return err;
	/* S5: as S3 where it succeeds, as S1 where it does not. Strong: a
	 * failure means that the value was another. */
	if (!atomic_compare_exchange_strong_explicit(word, expected, desired,
		    memory_order_acq_rel, memory_order_acquire))
		return -EAGAIN;
	return 0;
}

int mipc_shm_view(mipc_shm *shm, uint64_t offset, size_t len, void **ret_view)
{
	int err = check_range(shm, offset, len);

	if (!err)
		*ret_view = shm->segment.data + offset;
	return err;
}
