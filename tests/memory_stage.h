/* memory_stage.h - what the tests of a segment's memory share: what the kernel has in
 * reserve, and where segments are made.
 */
#ifndef MIPC_TESTS_MEMORY_STAGE_H
#define MIPC_TESTS_MEMORY_STAGE_H

#include "lib_stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fcntl.h>

#include <mmapipc/shm.h>

static inline size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* What the kernel counts, e.g. "HugePages_Free"; UINT64_MAX: nothing. */
static inline uint64_t meminfo(const char *what)
{
	uint64_t number = UINT64_MAX, value;
	char line[256], word[64];
	FILE *file = fopen("/proc/meminfo", "re");

	WANT_TRUE(file != NULL);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63[^:]: %" SCNu64, word, &value) == 2 &&
			strcmp(word, what) == 0)
			number = value;
	fclose(file);
	return number;
}

static inline uint64_t number_in(const char *path, uint64_t otherwise)
{
	FILE *file = fopen(path, "re");
	uint64_t number;

	if (!file)
		return otherwise;
	if (fscanf(file, "%" SCNu64, &number) != 1)
		number = otherwise;
	fclose(file);
	return number;
}

/* Bytes of a huge page of the reserve's usual sort; 0: there is no such thing. */
static inline uint64_t reserve_page_bytes(void)
{
	uint64_t kib = meminfo("Hugepagesize");

	return kib == UINT64_MAX ? 0 : kib * 1024;
}

/* Are @count of them there? Tried without the library. */
static inline bool reserve_has(unsigned count)
{
	off_t len = (off_t)(count * reserve_page_bytes());
	int fd = memfd_create("probe", MFD_CLOEXEC | MFD_HUGETLB);
	bool there;

	if (fd < 0 || len == 0)
		return false;
	there = !fallocate(fd, 0, 0, len);
	close(fd);
	if (!there)
		lib_skip("reserved huge pages: the kernel has not %u of them "
			 "(sysctl vm.nr_hugepages)",
			count);
	return there;
}

/* A new folder in shared memory, and the path of a segment in it. */
static inline void make_folder(
	char folder[LIB_PATH_BYTES], char path[LIB_PATH_BYTES])
{
	char name[LIB_NAME_BYTES], inner[LIB_PATH_BYTES];

	lib_name(name);
	lib_path(folder, name);
	WANT(mkdir(folder, 0700), 0);
	snprintf(inner, sizeof(inner), "%.500s/s", folder);
	memcpy(path, inner, sizeof(inner));
}

static inline int create_on(uint32_t node, const char *name, uint32_t flags,
	uint64_t size_bytes, mipc_shm **ret_shm)
{
	const struct mipc_options options = {
		.flags = MIPC_NUMA_NODE | flags,
		.numa_node = node,
	};

	return mipc_shm_create(name, size_bytes, &options, ret_shm);
}

#endif
