/* platform_linux_memory.c - Linux: which pages a file gets, and how they are
 * mapped.
 *
 * Three sorts of file are made of memory that stays: files on tmpfs and a memfd,
 * which are tmpfs's too, come in pages, or in huge pages where the kernel thinks
 * fit (transparent ones); files on hugetlbfs and a memfd made with MFD_HUGETLB
 * come out of a pool of huge pages that the administrator has set aside. All
 * others are page cache, which the kernel puts where it likes.
 *
 * When a page is allocated its place and size are decided, so what is wished for
 * must be said before. tmpfs gives transparent huge pages by advice to those only
 * who touch the memory through a mapping that carries the advice, never to
 * fallocate(2); and it keeps a policy about nodes with the file, set through any
 * mapping of it. hugetlbfs keeps none, but obeys that of the mapping. So a file
 * with a wish is mapped for a moment, advised and touched; then, in any case,
 * posix_fallocate() has the last word: it allocates what is missing and says if
 * there is no room, where touching would be a signal.
 *
 * A huge page is mapped as one only where address and offset in the file agree
 * modulo its size: so the file is mapped from such an address on, and its mirror,
 * a capacity further on, agrees as well, if the capacity is that large.
 */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

size_t platform_page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* What one entry of the next page table up maps: on every processor that has
 * transparent huge pages, a page full of 8-byte entries. Where it is not so,
 * nothing is wrong but the alignment. */
static size_t huge_bytes(void)
{
	size_t page = platform_page_bytes();

	return page / sizeof(uint64_t) * page;
}

int platform_unit(int fd, uint64_t *ret_bytes)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return -errno;
	*ret_bytes = fs.f_type == HUGETLBFS_MAGIC ? (uint64_t)fs.f_bsize
						  : platform_page_bytes();
	return 0;
}

/* Does the file's memory stay where it was put? */
static bool is_memory(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) &&
	       (fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC);
}

/* Before the first touch. On tmpfs for the file, else for this mapping. */
static int bind_to_node(void *base, size_t len, int node)
{
	enum { WORD_BITS = sizeof(unsigned long) * CHAR_BIT };
	unsigned long nodes[PLATFORM_NODE_COUNT / WORD_BITS] = {0};

	nodes[node / WORD_BITS] = 1ul << node % WORD_BITS;
	/* The kernel takes one bit less than it is told. */
	if (!syscall(SYS_mbind, base, len, MPOL_BIND, nodes,
		    PLATFORM_NODE_COUNT + 1, 0))
		return 0;
	if (errno == ENOSYS)
		return node == 0 ? 0 : -EINVAL;	   /* there is but one */
	return errno == EPERM ? -ENOTSUP : -errno; /* EPERM: a sandbox */
}

/* Pages of the pool, on the mapping's node. Not even here SIGBUS: the kernel
 * says EFAULT instead. */
static int populate_from_pool(void *base, size_t len)
{
	if (!madvise(base, len, MADV_POPULATE_WRITE))
		return 0;
	if (errno == EINVAL)
		return -ENOTSUP; /* a kernel before 5.14 */
	return errno == EFAULT || errno == ENOMEM ? -ENOSPC : -errno;
}

/* Say what is wished for, and touch what needs to be touched for it. */
static int lay_out(int fd, size_t len, const struct platform_wish *wish)
{
	uint64_t unit = 0;
	bool pooled;
	void *base;
	int err = platform_unit(fd, &unit);

	if (err)
		return err;
	if (!is_memory(fd))
		return wish->node >= 0 ? -ENOTSUP : 0;
	if (ftruncate(fd, (off_t)len))
		return -errno;
	pooled = unit != platform_page_bytes();
	err = platform_map(fd, unit, len, 0, &base);
	if (err)
		return pooled && err == -ENOMEM ? -ENOSPC : err;
	if (wish->node >= 0)
		err = bind_to_node(base, len, wish->node);
	if (!err && wish->node >= 0 && pooled)
		err = populate_from_pool(base, len);
	if (!err && wish->huge && !pooled &&
		!madvise(base, len, MADV_HUGEPAGE)) {
		/* What this cannot do posix_fallocate() does, or says why. */
		(void)madvise(base, len, MADV_POPULATE_WRITE);
	}
	munmap(base, len);
	return err;
}

int platform_allocate(const struct platform_new_file *file, uint64_t size_bytes,
	const struct platform_wish *wish)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int err = 0;

	if (wish->huge || wish->node >= 0)
		err = lay_out(file->fd, (size_t)size_bytes, wish);
	if (err)
		return err;
	do {
		err = -posix_fallocate(file->fd, 0, (off_t)size_bytes);
	} while (err == -EINTR);
	if (!err && file->sealed && fcntl(file->fd, F_ADD_SEALS, seals))
		err = -errno;
	return err;
}

/* @total_len bytes of addresses that nobody else gets, from a multiple of @align
 * on. Returns MAP_FAILED with errno. */
static char *reserve(size_t total_len, size_t align)
{
	size_t spare = align - platform_page_bytes();
	char *base, *aligned;

	base = mmap(NULL, total_len + spare, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED || spare == 0)
		return base;
	aligned = base + (-(uintptr_t)base & (align - 1));
	if (aligned > base)
		munmap(base, (size_t)(aligned - base));
	if (aligned < base + spare)
		munmap(aligned + total_len, (size_t)(base + spare - aligned));
	return aligned;
}

int platform_map(int fd, uint64_t unit_bytes, size_t len, size_t mirror_len,
	void **ret_base)
{
	const int access = PROT_READ | PROT_WRITE;
	size_t align = (size_t)unit_bytes;
	char *base, *mirror;
	int err;

	if (len >= huge_bytes() && align < huge_bytes())
		align = huge_bytes();
	/* Reserve the whole range first, so that nothing else gets in between. */
	base = reserve(len + mirror_len, align);
	if (base == MAP_FAILED)
		return -errno;
	if (mmap(base, len, access, MAP_SHARED | MAP_FIXED, fd, 0) ==
		MAP_FAILED)
		goto fail;
	mirror = base + len;
	if (mirror_len &&
		mmap(mirror, mirror_len, access, MAP_SHARED | MAP_FIXED, fd,
			(off_t)(len - mirror_len)) == MAP_FAILED)
		goto fail;
	*ret_base = base;
	return 0;
fail:
	err = -errno;
	munmap(base, len + mirror_len);
	return err;
}

void platform_unmap(void *base, size_t total_len)
{
	munmap(base, total_len);
}

void platform_prefer_huge(void *base, size_t total_len)
{
	(void)madvise(base, total_len, MADV_HUGEPAGE);
}

void platform_prefault(void *base, size_t total_len)
{
	if (!madvise(base, total_len, MADV_POPULATE_WRITE) || errno != EINVAL)
		return;
	/* An older kernel: reading maps the page, which is most of it. */
	for (size_t at = 0; at < total_len; at += platform_page_bytes())
		(void)*((const volatile char *)base + at);
}

/* Of [base, base + len), what is mapped by transparent huge pages. The mirror
 * is a mapping of its own, since it begins elsewhere in the file. */
static int count_huge(const void *base, size_t len, uint64_t *ret_bytes)
{
	uintptr_t first = (uintptr_t)base, from, to;
	char line[PATH_MAX + 128]; /* a mapping's name included */
	uint64_t bytes = 0, kib;
	bool inside = false;
	FILE *file = fopen("/proc/self/smaps", "re");

	if (!file)
		return -ENOTSUP;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
			inside = from >= first && to <= first + len;
		else if (inside &&
			 (sscanf(line, "ShmemPmdMapped: %" SCNu64, &kib) == 1 ||
				 sscanf(line, "FilePmdMapped: %" SCNu64,
					 &kib) == 1))
			bytes += kib * 1024;
	}
	fclose(file);
	*ret_bytes = bytes;
	return 0;
}

/* The node of all pages, one in each @step bytes; -1. */
static int find_node(const void *base, size_t len, size_t step)
{
	enum { BATCH = 128 };
	const char *at = base, *end = at + len;
	const void *pages[BATCH];
	int nodes[BATCH];
	int node = -1;

	while (at < end) {
		unsigned long count = 0;

		for (; count < BATCH && at < end; at += step)
			pages[count++] = at;
		/* Without places to move to it only says where they are. */
		if (syscall(SYS_move_pages, 0, count, pages, NULL, nodes, 0))
			return errno == ENOSYS ? 0 : -1;
		for (unsigned long i = 0; i < count; i++) {
			if (nodes[i] < 0 || (node >= 0 && nodes[i] != node))
				return -1;
			node = nodes[i];
		}
	}
	return node;
}

int platform_inspect(const void *base, size_t len, uint64_t unit_bytes,
	uint64_t *ret_huge_bytes, int *ret_node)
{
	uint64_t bytes = len; /* out of the pool: all */
	int err = 0;

	if (unit_bytes == platform_page_bytes())
		err = count_huge(base, len, &bytes);
	if (err)
		return err;
	*ret_huge_bytes = bytes;
	*ret_node = find_node(base, len, (size_t)unit_bytes);
	return 0;
}
