/* test_memory_node.c - where a segment's memory is: the node that was asked for, and
 * whether its pages are at hand from the start; asked of the kernel.
 *
 * Most machines have one node. What cannot be had is skipped with the reason; what
 * must be refused then is tested everywhere.
 */
#include "lib_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mmapipc/shm.h>

#include "memory_stage.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB (UINT64_C(1) << 20)

static bool node_is_there(unsigned node)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u", node);
	return access(path, F_OK) == 0;
}

/* Does the kernel say that each page of it is on @node? */
static void want_all_on(mipc_shm *shm, int node)
{
	uint64_t size = mipc_shm_size(shm);
	void *page, *view;

	WANT(mipc_shm_view(shm, 0, size, &view), 0);
	for (uint64_t at = 0; at < size; at += page_bytes()) {
		int is = -1;

		page = (char *)view + at;
		(void)*(volatile char *)page;
		if (syscall(SYS_move_pages, 0, 1ul, &page, NULL, &is, 0)) {
			lib_skip("where a page is: the kernel does not tell");
			return;
		}
		WANT(is, node);
	}
}

/* 1: it was made; 0: it cannot be here, which is said. */
static int try_node(unsigned node, const char *name, uint32_t flags)
{
	struct mipc_memory memory;
	mipc_shm *shm;
	int err = create_on(node, name, flags, 8 * MIB, &shm);

	if (err == -ENOTSUP) {
		lib_skip("node %u: a sandbox forbids mbind(2)", node);
		return 0;
	}
	WANT(err, 0);
	WANT(mipc_shm_memory(shm, &memory), 0);
	WANT_TRUE(memory.numa_node == (int)node || memory.numa_node == -1);
	want_all_on(shm, (int)node);
	mipc_shm_close(shm);
	return 1;
}

START_TEST(test_memory_node_gets_all_pages)
{
	const uint32_t flags[] = {0, MIPC_HUGE_PAGES, MIPC_PREFAULT};
	const char *given = "mmapipc-test-node";

	for (unsigned node = 0; node < 1024; node++) {
		if (node > 0 && !node_is_there(node))
			continue;
		for (size_t i = 0; i < COUNT(flags); i++) {
			char name[LIB_NAME_BYTES];

			lib_name(name);
			if (!try_node(node, name, flags[i]))
				return;
			WANT(mipc_shm_unlink(name), 0);
			if (!try_node(node, given, flags[i] | MIPC_MEMFD))
				return;
		}
	}
	if (!node_is_there(1))
		lib_skip("a choice of nodes: this machine has but one");
}
END_TEST

START_TEST(test_memory_node_gets_pages_of_the_reserve)
{
	const uint32_t flags = MIPC_MEMFD | MIPC_HUGE_RESERVED;
	const uint64_t huge = reserve_page_bytes();
	unsigned tried = 0;
	mipc_shm *shm;

	if (!reserve_has(2))
		return;
	for (unsigned node = 0; node < 1024; node++) {
		struct mipc_memory memory;
		char path[128];
		uint64_t there;
		int err;

		snprintf(path, sizeof(path),
			"/sys/devices/system/node/node%u/hugepages/"
			"hugepages-%" PRIu64 "kB/free_hugepages",
			node, huge / 1024);
		there = number_in(path, 0);
		if (there < 2)
			continue;
		tried++;
		err = create_on(node, NULL, flags, huge, &shm);
		WANT(err, 0);
		WANT(mipc_shm_memory(shm, &memory), 0);
		WANT(memory.huge_bytes, 2 * huge);
		want_all_on(shm, (int)node);
		mipc_shm_close(shm);
		/* More than this node has, although another one may. */
		WANT(create_on(node, NULL, flags, there * huge, &shm), -ENOSPC);
		WANT(number_in(path, 0), there);
	}
	if (!tried)
		lib_skip("reserved huge pages: no node has two of them");
}
END_TEST

START_TEST(test_memory_node_that_is_not_there_is_einval)
{
	const uint32_t nodes[] = {1023, 1024, INT32_MAX, UINT32_MAX};
	const uint32_t flags[] = {0, MIPC_MEMFD, MIPC_HUGE_PAGES};
	char folder[LIB_PATH_BYTES], path[LIB_PATH_BYTES];

	make_folder(folder, path);
	for (size_t i = 0; i < COUNT(nodes) * COUNT(flags); i++) {
		uint32_t node = nodes[i % COUNT(nodes)];
		mipc_shm *shm = NULL;
		int err;

		err = create_on(node, path, flags[i / COUNT(nodes)], 100, &shm);
		WANT_TRUE(shm == NULL);
		if (err == -ENOTSUP && node == 1023) {
			lib_skip("node 1023: a sandbox forbids mbind(2)");
			continue;
		}
		WANT(err, -EINVAL);
	}
	WANT(rmdir(folder), 0); /* empty */
}
END_TEST

START_TEST(test_memory_node_without_its_flag_is_no_wish)
{
	const struct mipc_options options = {.numa_node = 1023};
	char name[LIB_NAME_BYTES];
	mipc_shm *shm;

	lib_name(name);
	WANT(mipc_shm_create(name, 100, &options, &shm), 0);
	mipc_shm_close(shm);
	WANT(mipc_shm_unlink(name), 0);
}
END_TEST

START_TEST(test_memory_node_of_a_file_on_a_disk_is_enotsup)
{
	char path[LIB_PATH_BYTES], name[LIB_NAME_BYTES];
	struct statfs fs;
	mipc_shm *shm;

	WANT(statfs(".", &fs), 0);
	if (fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC) {
		lib_skip("a file on a disk: the current folder is memory");
		return;
	}
	lib_name(name);
	snprintf(path, sizeof(path), "./%s", name);
	WANT(create_on(0, path, 0, 100, &shm), -ENOTSUP);
	WANT(access(path, F_OK), -1);
}
END_TEST

/* Has this process the page in its page table? */
static bool is_at_hand(const void *page)
{
	uint64_t entry = 0;
	off_t at = (off_t)((uintptr_t)page / page_bytes() * sizeof(entry));
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (pread(fd, &entry, sizeof(entry), at) != sizeof(entry))
		entry = 0;
	close(fd);
	return entry >> 63;
}

/* Can the kernel touch pages, and say so? An emulator may do neither. */
static bool can_prefault(void)
{
	const int populate_write = 23; /* MADV_POPULATE_WRITE */
	char *page = lib_shared(page_bytes());

	return !is_at_hand(page) &&
	       !madvise(page, page_bytes(), populate_write) && is_at_hand(page);
}

START_TEST(test_memory_prefaulted_is_at_hand_from_the_start)
{
	const struct mipc_options touched = {.flags = MIPC_PREFAULT};
	char name[LIB_NAME_BYTES];
	mipc_shm *made, *opened;
	void *view;

	if (!can_prefault()) {
		lib_skip("pages touched in advance: no MADV_POPULATE_WRITE or "
			 "no pagemap here");
		return;
	}
	lib_name(name);
	WANT(mipc_shm_create(name, MIB, &touched, &made), 0);
	WANT(mipc_shm_open(name, &touched, &opened), 0);
	for (uint64_t at = 0; at < MIB; at += page_bytes()) {
		WANT(mipc_shm_view(made, at, 1, &view), 0);
		WANT_TRUE(is_at_hand(view));
		WANT(mipc_shm_view(opened, at, 1, &view), 0);
		WANT_TRUE(is_at_hand(view));
	}
	mipc_shm_close(made);
	mipc_shm_close(opened);
	WANT(mipc_shm_unlink(name), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_memory_node_gets_all_pages,
		test_memory_node_gets_pages_of_the_reserve,
		test_memory_node_that_is_not_there_is_einval,
		test_memory_node_without_its_flag_is_no_wish,
		test_memory_node_of_a_file_on_a_disk_is_enotsup,
		test_memory_prefaulted_is_at_hand_from_the_start,
	};

	return LIB_MAIN("memory_node", tests);
}
