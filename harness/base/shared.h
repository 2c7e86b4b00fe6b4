/* shared.h - memory that a channel's processes share, without a name.
 *
 * Made in the parent, inherited over the fork, and put into each process's page
 * tables before anything is measured: the first touch of a page costs more than
 * moving a few of them, and a buffer of 8 MiB would take a good part of a slice
 * to be touched once by both sides.
 */
#ifndef IPCMARK_BASE_SHARED_H
#define IPCMARK_BASE_SHARED_H

#include <stddef.h>
#include <sys/mman.h>

/* shared_map - @bytes of zeroes, to be unmapped with munmap(). NULL when there
 * is no memory. */
static inline void *shared_map(size_t bytes)
{
	int flags = MAP_SHARED | MAP_ANONYMOUS;
	void *area;

#ifdef MAP_POPULATE
	flags |= MAP_POPULATE;
#endif
	area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	return area == MAP_FAILED ? NULL : area;
}

/* shared_touch - in a worker, after the fork, which copies no page tables of
 * shared memory. Where the system cannot do it the warm-up has to. */
static inline void shared_touch(void *area, size_t bytes)
{
#ifdef MADV_POPULATE_WRITE
	(void)madvise(area, bytes, MADV_POPULATE_WRITE);
#else
	(void)area;
	(void)bytes;
#endif
}

#endif
