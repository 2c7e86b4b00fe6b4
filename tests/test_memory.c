/* test_memory.c - what a segment's memory is made of: huge pages by wish and by
 * promise; and what the library says of that, against what the kernel says.
 *
 * Most machines have no huge pages in reserve. What cannot be had is skipped with
 * the reason; what must be refused then is tested everywhere.
 */
#include "lib_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

#include "memory_stage.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB (UINT64_C(1) << 20)

/* How many could be taken out of the reserve, those included that the kernel may
 * add to it. */
static uint64_t reserve_limit(void)
{
	char path[128];

	snprintf(path, sizeof(path),
		"/sys/kernel/mm/hugepages/hugepages-%" PRIu64
		"kB/nr_overcommit_hugepages",
		reserve_page_bytes() / 1024);
	return meminfo("HugePages_Total") + number_in(path, 0);
}

static int memory_of_shm(const void *handle, struct mipc_memory *ret_memory)
{
	return mipc_shm_memory(handle, ret_memory);
}

static int memory_of_ring(const void *handle, struct mipc_memory *ret_memory)
{
	return mipc_ring_memory(handle, ret_memory);
}

static int memory_of_queue(const void *handle, struct mipc_memory *ret_memory)
{
	return mipc_queue_memory(handle, ret_memory);
}

/* As lib_kinds[]. */
static int (*const memory_of[LIB_KIND_COUNT])(
	const void *handle, struct mipc_memory *ret_memory) = {
	memory_of_shm, memory_of_ring, memory_of_queue};

START_TEST(test_memory_by_default_is_pages_of_the_system)
{
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		struct mipc_memory memory;
		struct stat st;
		void *handle;

		lib_name(name);
		lib_path(path, name);
		WANT(kind->create(name, NULL, &handle), 0);
		WANT(stat(path, &st), 0);
		WANT(memory_of[i](handle, &memory), 0);
		WANT(memory.bytes, st.st_size);
		WANT(memory.page_bytes, page_bytes());
		WANT_TRUE(memory.huge_bytes <= memory.bytes);
		WANT_TRUE(memory.numa_node >= -1);
		WANT(memory_of[i](handle, NULL), -EINVAL);
		kind->use(handle);
		kind->close(handle);
		WANT(kind->unlink(name), 0);
	}
}
END_TEST

/* Huge pages by hint: wherever the segment is, never an error. */
START_TEST(test_memory_hint_of_huge_pages_is_never_refused)
{
	const struct mipc_options hints[] = {
		{.flags = MIPC_HUGE_PAGES},
		{.flags = MIPC_HUGE_PAGES | MIPC_PREFAULT},
		{.flags = MIPC_HUGE_PAGES | MIPC_REPLACE},
		{.flags = MIPC_HUGE_PAGES | MIPC_MEMFD},
	};

	for (size_t i = 0; i < LIB_KIND_COUNT * COUNT(hints); i++) {
		const struct lib_kind *kind = &lib_kinds[i % LIB_KIND_COUNT];
		const struct mipc_options *hint = &hints[i / LIB_KIND_COUNT];
		char name[LIB_NAME_BYTES];
		struct mipc_memory memory;
		void *handle, *other;

		lib_name(name);
		WANT(kind->create(name, hint, &handle), 0);
		WANT(memory_of[i % LIB_KIND_COUNT](handle, &memory), 0);
		WANT(memory.page_bytes, page_bytes());
		kind->use(handle);
		if (!(hint->flags & MIPC_MEMFD)) {
			WANT(kind->open(name, hint, &other), 0);
			kind->use(other);
			kind->close(other);
			WANT(kind->unlink(name), 0);
		}
		kind->close(handle);
	}
}
END_TEST

START_TEST(test_memory_reserve_is_refused_where_files_are_of_other_pages)
{
	const struct mipc_options options[] = {
		{.flags = MIPC_HUGE_RESERVED},
		{.flags = MIPC_HUGE_RESERVED | MIPC_REPLACE},
	};
	char folder[LIB_PATH_BYTES], path[LIB_PATH_BYTES];

	make_folder(folder, path);
	for (size_t i = 0; i < LIB_KIND_COUNT * COUNT(options); i++) {
		const struct lib_kind *kind = &lib_kinds[i % LIB_KIND_COUNT];
		void *handle = NULL;

		WANT(kind->create(path, &options[i / LIB_KIND_COUNT], &handle),
			-ENOTSUP);
		WANT_TRUE(handle == NULL);
	}
	WANT(rmdir(folder), 0); /* empty */
}
END_TEST

static const struct mipc_options reserved = {
	.flags = MIPC_HUGE_RESERVED | MIPC_MEMFD};

START_TEST(test_memory_reserve_too_small_is_enospc)
{
	const uint64_t huge = reserve_page_bytes();
	const uint64_t free_before = meminfo("HugePages_Free");
	uint64_t bytes;
	mipc_queue *queue = NULL;
	mipc_ring *ring = NULL;
	mipc_shm *shm = NULL;

	if (!huge) {
		lib_skip("reserved huge pages: this kernel does not know them");
		return;
	}
	/* One page more than there can ever be, the header's included. */
	bytes = (reserve_limit() + 1) * huge - huge / 2;
	WANT(mipc_shm_create(NULL, bytes, &reserved, &shm), -ENOSPC);
	WANT(mipc_ring_create(NULL, bytes, 0, &reserved, &ring), -ENOSPC);
	WANT(mipc_queue_create(NULL, bytes, &reserved, &queue), -ENOSPC);
	WANT(create_on(0, NULL, reserved.flags, bytes, &shm), -ENOSPC);
	WANT_TRUE(!shm && !ring && !queue);
	WANT(meminfo("HugePages_Free"), free_before);
}
END_TEST

/* Messages until they have run over the end twice. */
static void go_round(mipc_queue *from, mipc_queue *to)
{
	static uint8_t body[100000], got[100000];
	size_t rounds = 2 * mipc_queue_capacity(from) / sizeof(body) + 2, len;

	for (size_t i = 0; i < rounds; i++) {
		lib_fill(body, sizeof(body), i);
		WANT(mipc_queue_put(from, body, sizeof(body), 0), 0);
		WANT(mipc_queue_get(to, got, sizeof(got), 0, &len), 0);
		WANT_TRUE(len == sizeof(got) && lib_matches(got, len, i));
	}
}

START_TEST(test_memory_reserve_is_kept_by_every_kind)
{
	const uint64_t huge = reserve_page_bytes();

	if (!reserve_has(2))
		return;
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		struct mipc_memory memory;
		mipc_ring *ring;
		void *handle;

		if (kind->any_size) {
			WANT(kind->create(NULL, &reserved, &handle), 0);
			kind->use(handle);
		} else {
			/* The smallest one has grown. */
			WANT(mipc_ring_create(NULL, 1, 0, &reserved, &ring), 0);
			WANT(mipc_ring_capacity(ring), huge);
			mipc_ring_close(ring);
			WANT(kind->create(NULL, &reserved, &handle), 0);
		}
		WANT(memory_of[i](handle, &memory), 0);
		WANT(memory.bytes, 2 * huge);
		WANT(memory.huge_bytes, 2 * huge);
		WANT(memory.page_bytes, huge);
		kind->close(handle);
	}
}
END_TEST

START_TEST(test_memory_reserve_goes_on_by_descriptor_and_round_the_end)
{
	const struct mipc_options touched = {.flags = MIPC_PREFAULT};
	struct mipc_memory memory;
	mipc_queue *queue, *other;

	if (!reserve_has(2))
		return;
	WANT(mipc_queue_create(NULL, 1, &reserved, &queue), 0);
	WANT(ftruncate(mipc_queue_fd(queue), 0), -1);
	WANT(errno, EPERM);
	WANT(mipc_queue_from_fd(mipc_queue_fd(queue), &touched, &other), 0);
	WANT(mipc_queue_memory(other, &memory), 0);
	WANT(memory.huge_bytes, memory.bytes);
	go_round(queue, other);
	mipc_queue_close(queue);
	go_round(other, other);
	mipc_queue_close(other);
}
END_TEST

/* What a child does in a file system of its own. */
struct mounted {
	char folder[LIB_PATH_BYTES];
	char path[LIB_PATH_BYTES]; /* of a segment in it */
	const char *type, *settings;
	void (*act)(struct mounted *mounted);
	char reason[128]; /* why it could not */
};

static void mount_and_act(void *arg)
{
	struct mounted *mounted = arg;

	if (unshare(CLONE_NEWNS) ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount(mounted->type, mounted->folder, mounted->type, 0,
			mounted->settings)) {
		snprintf(mounted->reason, sizeof(mounted->reason), "%s",
			strerror(errno));
		return;
	}
	mounted->act(mounted);
}

static void act_in(const char *type, const char *settings,
	void (*act)(struct mounted *mounted))
{
	struct mounted *mounted = lib_shared(sizeof(*mounted));

	make_folder(mounted->folder, mounted->path);
	mounted->type = type;
	mounted->settings = settings;
	mounted->act = act;
	lib_join(lib_spawn(mount_and_act, mounted));
	if (mounted->reason[0])
		lib_skip("%s with %s, in a mount namespace: %s", type, settings,
			mounted->reason);
	WANT(rmdir(mounted->folder), 0);
}

/* By path on hugetlbfs, with and without saying so. */
static void use_hugetlbfs(struct mounted *mounted)
{
	const struct mipc_options options[] = {
		{0},
		{.flags = MIPC_HUGE_RESERVED},
		{.flags = MIPC_HUGE_PAGES | MIPC_PREFAULT},
	};
	const uint64_t huge = reserve_page_bytes();
	const char *path = mounted->path;

	for (size_t i = 0; i < COUNT(options); i++) {
		struct mipc_options replace = options[i];
		struct mipc_memory memory;
		mipc_queue *queue, *other;

		replace.flags |= MIPC_REPLACE;
		WANT(mipc_queue_create(path, 1, &options[i], &queue), 0);
		WANT(mipc_queue_capacity(queue), huge);
		WANT(mipc_queue_memory(queue, &memory), 0);
		WANT(memory.huge_bytes, 2 * huge);
		WANT(mipc_queue_create(path, 1, &options[i], &other), -EEXIST);
		WANT(mipc_queue_open(path, &options[i], &other), 0);
		go_round(queue, other);
		mipc_queue_close(queue);
		WANT(mipc_queue_create(path, 1, &replace, &queue), 0);
		go_round(other, other);
		go_round(queue, queue);
		mipc_queue_close(other);
		mipc_queue_close(queue);
		WANT(mipc_queue_unlink(path), 0);
	}
}

START_TEST(test_memory_path_on_hugetlbfs_is_huge_by_where_it_lies)
{
	if (reserve_has(4))
		act_in("hugetlbfs", "mode=0700", use_hugetlbfs);
}
END_TEST

enum { HUGE_COUNT = 4 }; /* in the data of what follows */

/* What a page table's entry for many pages maps. */
static size_t huge_bytes(void)
{
	return page_bytes() / 8 * page_bytes();
}

/* Does the kernel give transparent huge pages in a file like @fd at all? Asked
 * without the library: an address that suits, the advice, a touch. Closes it. */
static bool gives_huge_pages(int fd)
{
	const size_t huge = huge_bytes(), len = HUGE_COUNT * huge;
	uint8_t *base, *at;
	uint8_t core[1];

	WANT_TRUE(fd >= 0 && !ftruncate(fd, (off_t)len));
	base = mmap(NULL, len + huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	WANT_TRUE(base != MAP_FAILED);
	at = base + (huge - (uintptr_t)base % huge) % huge;
	WANT_TRUE(mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			  fd, 0) == at);
	(void)madvise(at, len, MADV_HUGEPAGE);
	*(volatile uint8_t *)at = 1;
	/* The last small page of the first huge one came with it. */
	WANT(mincore(at + huge - page_bytes(), page_bytes(), core), 0);
	munmap(base, len + huge);
	close(fd);
	return core[0] & 1;
}

/* Memory may be in pieces: some of it at least is huge. The end of the file,
 * which is no whole huge page, is not. */
static void want_some_huge(const mipc_ring *ring)
{
	struct mipc_memory memory;

	WANT(mipc_ring_memory(ring, &memory), 0);
	WANT(memory.page_bytes, page_bytes());
	WANT_TRUE(memory.huge_bytes >= huge_bytes());
	WANT_TRUE(memory.huge_bytes <= HUGE_COUNT * huge_bytes());
}

static void use_transparent(struct mounted *mounted)
{
	const struct mipc_options hint = {.flags = MIPC_HUGE_PAGES};
	mipc_ring *ring, *other;

	if (!gives_huge_pages(open(
		    mounted->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600))) {
		snprintf(mounted->reason, sizeof(mounted->reason),
			"the kernel gives no huge page even to a bare mmap(2)");
		return;
	}
	WANT(mipc_ring_create(
		     mounted->path, HUGE_COUNT * huge_bytes(), 0, &hint, &ring),
		0);
	want_some_huge(ring);
	/* Who opens it needs not say so. */
	WANT(mipc_ring_open(mounted->path, 0, NULL, &other), 0);
	want_some_huge(other);
	mipc_ring_close(other);
	mipc_ring_close(ring);
	WANT(mipc_ring_unlink(mounted->path), 0);
}

START_TEST(test_memory_hint_is_heeded_for_a_memfd)
{
	const struct mipc_options hint = {
		.flags = MIPC_HUGE_PAGES | MIPC_MEMFD};
	mipc_ring *ring, *other;

	if (!gives_huge_pages(memfd_create("probe", MFD_CLOEXEC))) {
		lib_skip("transparent huge pages in a memfd: the kernel gives "
			 "none (/sys/kernel/mm/transparent_hugepage/"
			 "shmem_enabled)");
		return;
	}
	WANT(mipc_ring_create(NULL, HUGE_COUNT * huge_bytes(), 0, &hint, &ring),
		0);
	want_some_huge(ring);
	WANT(mipc_ring_from_fd(mipc_ring_fd(ring), 0, NULL, &other), 0);
	want_some_huge(other);
	mipc_ring_close(other);
	mipc_ring_close(ring);
}
END_TEST

START_TEST(test_memory_hint_is_heeded_where_tmpfs_takes_advice)
{
	act_in("tmpfs", "huge=advise", use_transparent);
}
END_TEST

START_TEST(test_memory_hint_is_heeded_where_tmpfs_does_so_anyway)
{
	act_in("tmpfs", "huge=within_size", use_transparent);
}
END_TEST

static void fill_advising(struct mounted *mounted)
{
	const struct mipc_options hint = {.flags = MIPC_HUGE_PAGES};
	struct statfs before, after;
	mipc_shm *shm;

	WANT(statfs(mounted->folder, &before), 0);
	WANT(mipc_shm_create(mounted->path, 32 * MIB, &hint, &shm), -ENOSPC);
	WANT(statfs(mounted->folder, &after), 0);
	WANT(after.f_bfree, before.f_bfree);
	WANT(after.f_files - after.f_ffree, before.f_files - before.f_ffree);
}

START_TEST(test_memory_hint_on_a_full_tmpfs_is_enospc)
{
	act_in("tmpfs", "size=16m,huge=advise", fill_advising);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_memory_by_default_is_pages_of_the_system,
		test_memory_hint_of_huge_pages_is_never_refused,
		test_memory_reserve_is_refused_where_files_are_of_other_pages,
		test_memory_reserve_too_small_is_enospc,
		test_memory_reserve_is_kept_by_every_kind,
		test_memory_reserve_goes_on_by_descriptor_and_round_the_end,
		test_memory_path_on_hugetlbfs_is_huge_by_where_it_lies,
		test_memory_hint_is_heeded_for_a_memfd,
		test_memory_hint_is_heeded_where_tmpfs_takes_advice,
		test_memory_hint_is_heeded_where_tmpfs_does_so_anyway,
		test_memory_hint_on_a_full_tmpfs_is_enospc,
	};

	return LIB_MAIN("memory", tests);
}
