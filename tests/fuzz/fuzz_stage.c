/* fuzz_stage.c - what the fuzz targets share: memory around a segment that nobody
 * may touch, and a word before each load.
 *
 * Wherever the library maps a segment (its first call is the one that reserves
 * the whole range, see platform_map()), it gets the middle of a range in which
 * every other byte is a crash. Linked with --wrap=mmap.
 *
 * The library is compiled with -fsanitize-coverage=trace-loads.
 */
#include "fuzz_input.h"

#include <sys/mman.h>

enum { HOLE_COUNT = 8 }; /* more than are mapped at a time */
#define GUARD_BYTES (UINT64_C(1) << 32)

void *__real_mmap(
	void *at, size_t len, int access, int flags, int fd, off_t offset);
void *__wrap_mmap(
	void *at, size_t len, int access, int flags, int fd, off_t offset);

void *__wrap_mmap(
	void *at, size_t len, int access, int flags, int fd, off_t offset)
{
	static uint8_t *holes[HOLE_COUNT];
	static unsigned next;
	uint8_t **hole;

	if (at || access != PROT_NONE || len > GUARD_BYTES)
		return __real_mmap(at, len, access, flags, fd, offset);
	hole = &holes[next++ % HOLE_COUNT];
	if (!*hole) {
		*hole = __real_mmap(
			NULL, 3 * GUARD_BYTES, access, flags, fd, offset);
		must(*hole != MAP_FAILED);
		*hole += GUARD_BYTES;
	}
	return __real_mmap(*hole, len, access, flags | MAP_FIXED, fd, offset);
}

void (*fuzz_before_load)(const void *address);

void __sanitizer_cov_load1(uint8_t *address);
void __sanitizer_cov_load2(uint16_t *address);
void __sanitizer_cov_load4(uint32_t *address);
void __sanitizer_cov_load8(uint64_t *address);
void __sanitizer_cov_load16(__int128 *address);

static void before_load(const void *address)
{
	if (fuzz_before_load)
		fuzz_before_load(address);
}

void __sanitizer_cov_load1(uint8_t *address)
{
	before_load(address);
}

void __sanitizer_cov_load2(uint16_t *address)
{
	before_load(address);
}

void __sanitizer_cov_load4(uint32_t *address)
{
	before_load(address);
}

void __sanitizer_cov_load8(uint64_t *address)
{
	before_load(address);
}

void __sanitizer_cov_load16(__int128 *address)
{
	before_load(address);
}
