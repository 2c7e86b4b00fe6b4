/* test_segment_name.c - where segments live and how many may share one: names
 * and paths, file systems that are full or lack nameless files, handles in
 * every slot, in forked children, and of the dead.
 */
#include "lib_stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mipc_options replace = {.flags = MIPC_REPLACE};

/* The library's open(2), so that a file system can be had that does not know
 * O_TMPFILE. */
static bool no_nameless_files;

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (no_nameless_files && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* A new folder in shared memory. */
static void make_folder(char path[LIB_PATH_BYTES])
{
	char name[LIB_NAME_BYTES];

	lib_name(name);
	lib_path(path, name);
	WANT(mkdir(path, 0700), 0);
}

static unsigned files_in(const char *path)
{
	DIR *folder = opendir(path);
	unsigned count = 0;

	WANT_TRUE(folder != NULL);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2; /* itself and its parent */
}

START_TEST(test_segment_name_bad_is_refused)
{
	char long_name[257], long_path[6000], file_as_folder[LIB_PATH_BYTES];
	char file[LIB_NAME_BYTES], path[LIB_PATH_BYTES];

	lib_name(file);
	lib_path(path, file);
	lib_write_file(path, "", 0);
	snprintf(file_as_folder, sizeof(file_as_folder), "%s/x", path);
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	memset(long_path, '/', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 2] = 'x';
	long_path[sizeof(long_path) - 1] = '\0';
	const struct {
		const char *name;
		int want;
	} names[] = {
		{NULL, -EINVAL},
		{"", -EINVAL},
		{".", -EINVAL},
		{"..", -EINVAL},
		{"/", -EINVAL},
		{"/tmp/", -EINVAL},
		{long_name, -ENAMETOOLONG},
		{long_path, -ENAMETOOLONG},
		{"/nowhere/at/all", -ENOENT},
		{file_as_folder, -ENOTDIR},
	};

	for (size_t i = 0; i < COUNT(names) * LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i % LIB_KIND_COUNT];
		const char *name = names[i / LIB_KIND_COUNT].name;
		int want = names[i / LIB_KIND_COUNT].want;
		void *handle = path;

		WANT(kind->create(name, NULL, &handle), want);
		WANT(kind->create(name, &replace, &handle), want);
		WANT(kind->open(name, NULL, &handle), want);
		WANT(kind->unlink(name), want);
		WANT_TRUE(handle == path);
	}
	WANT(unlink(path), 0);
}
END_TEST

START_TEST(test_segment_name_longest_one_works)
{
	char name[256], path[LIB_PATH_BYTES];

	lib_name(name);
	for (size_t i = strlen(name); i < sizeof(name) - 1; i++)
		name[i] = 'x';
	name[sizeof(name) - 1] = '\0';
	lib_path(path, name);
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		void *handle;

		WANT(lib_kinds[i].create(name, NULL, &handle), 0);
		lib_kinds[i].close(handle);
		WANT(lib_kinds[i].create(name, &replace, &handle), 0);
		lib_kinds[i].close(handle);
		WANT(lib_kinds[i].unlink(name), 0);
	}
	WANT(access(path, F_OK), -1);
}
END_TEST

START_TEST(test_segment_name_bare_is_shared_memory_with_slash_is_a_path)
{
	char folder[LIB_PATH_BYTES], name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];

	make_folder(folder);
	WANT(chdir(folder), 0);
	lib_name(name);
	lib_path(path, name);
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		void *handle;

		WANT(kind->create(name, NULL, &handle), 0);
		kind->close(handle);
		WANT(files_in("."), 0);
		WANT(kind->open(path, NULL, &handle), 0);
		kind->close(handle);
		WANT(kind->unlink(path), 0);

		WANT(kind->create("./here", NULL, &handle), 0);
		kind->close(handle);
		WANT(files_in("."), 1);
		WANT(kind->open("here", NULL, &handle), -ENOENT);
		WANT(kind->open("./here", NULL, &handle), 0);
		kind->close(handle);
		WANT(kind->unlink("./here"), 0);
	}
	WANT(rmdir(folder), 0);
}
END_TEST

/* Everything that create can end with, in @folder. */
static void want_clean_folder(const char *folder)
{
	char path[LIB_PATH_BYTES + 8];

	snprintf(path, sizeof(path), "%s/s", folder);
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		void *handle, *other;

		WANT(kind->create(path, NULL, &handle), 0);
		WANT(files_in(folder), 1);
		WANT(kind->create(path, NULL, &other), -EEXIST);
		WANT(files_in(folder), 1);
		WANT(kind->open(path, NULL, &other), 0);
		kind->close(other);
		kind->use(handle);
		WANT(kind->create(path, &replace, &other), 0);
		WANT(files_in(folder), 1);
		kind->use(handle);
		kind->use(other);
		kind->close(handle);
		kind->close(other);
		WANT(kind->open(path, NULL, &other), 0);
		kind->close(other);
		WANT(kind->unlink(path), 0);
		WANT(files_in(folder), 0);
	}
}

START_TEST(test_segment_name_create_leaves_nothing_but_the_segment)
{
	char folder[LIB_PATH_BYTES];

	make_folder(folder);
	want_clean_folder(folder);
	WANT(rmdir(folder), 0);
}
END_TEST

START_TEST(test_segment_name_without_nameless_files_the_same)
{
	char folder[LIB_PATH_BYTES];

	make_folder(folder);
	no_nameless_files = true;
	want_clean_folder(folder);
	no_nameless_files = false;
	WANT(rmdir(folder), 0);
}
END_TEST

struct full {
	char folder[LIB_PATH_BYTES];
	_Atomic unsigned done;
	char reason[128];
};

enum { FULL_PAGES = 32 };

/* In @folder, where so many pages fit. */
static void fill_file_system(const char *folder)
{
	const size_t all_bytes = FULL_PAGES * (size_t)sysconf(_SC_PAGESIZE);
	char path[LIB_PATH_BYTES + 8];
	struct statvfs before, after;
	struct lib_copy copy;
	mipc_queue *queue;
	mipc_ring *ring;
	mipc_shm *shm;

	snprintf(path, sizeof(path), "%s/s", folder);
	WANT(mipc_shm_create(path, 100, NULL, &shm), 0);
	mipc_shm_close(shm);
	copy = lib_copy_of(path);
	WANT(statvfs(folder, &before), 0);
	for (unsigned i = 0; i < 2; i++) {
		const struct mipc_options *options = i ? &replace : NULL;

		if (i == 0)
			path[strlen(path) - 1] = 't';
		else
			path[strlen(path) - 1] = 's';
		WANT(mipc_shm_create(path, 8 * all_bytes, options, &shm),
			-ENOSPC);
		WANT(mipc_ring_create(path, 8 * all_bytes, MIPC_RING_PRODUCER,
			     options, &ring),
			-ENOSPC);
		WANT(mipc_queue_create(path, 0, options, &queue), -ENOSPC);
		/* Nearly: all but a page. */
		WANT(mipc_queue_create(path, all_bytes, options, &queue),
			-ENOSPC);
	}
	WANT(statvfs(folder, &after), 0);
	WANT(after.f_bfree, before.f_bfree);
	WANT(after.f_ffree, before.f_ffree);
	WANT(files_in(folder), 1);
	lib_want_unchanged(&copy, path);
	/* What does fit still works. */
	WANT(mipc_queue_create(path, all_bytes / 4, &replace, &queue), 0);
	WANT(mipc_queue_put(queue, "x", 1, 0), 0);
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(path), 0);
}

static void mount_and_fill(void *arg)
{
	struct full *full = arg;
	char size[32];

	snprintf(size, sizeof(size), "size=%zu",
		FULL_PAGES * (size_t)sysconf(_SC_PAGESIZE));
	if (unshare(CLONE_NEWNS) ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("tmpfs", full->folder, "tmpfs", 0, size)) {
		snprintf(full->reason, sizeof(full->reason), "%s",
			strerror(errno));
		return;
	}
	fill_file_system(full->folder);
	no_nameless_files = true;
	fill_file_system(full->folder);
	lib_step(&full->done, 1);
}

START_TEST(test_segment_name_full_file_system_is_enospc_and_leaves_nothing)
{
	struct full *full = lib_shared(sizeof(*full));

	make_folder(full->folder);
	lib_join(lib_spawn(mount_and_fill, full));
	if (!atomic_load(&full->done))
		lib_skip("full file system: cannot mount a small tmpfs in a "
			 "mount namespace of its own: %s",
			full->reason);
	WANT(rmdir(full->folder), 0);
}
END_TEST

START_TEST(test_segment_name_65th_handle_is_enospc)
{
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		void *handles[MIPC_PARTY_COUNT], *one_more = NULL;
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		struct lib_copy copy;

		lib_name(name);
		lib_path(path, name);
		WANT(kind->create(name, NULL, &handles[0]), 0);
		for (unsigned k = 1; k < MIPC_PARTY_COUNT; k++)
			WANT(kind->open(name, NULL, &handles[k]), 0);
		copy = lib_copy_of(path);
		WANT(kind->open(name, NULL, &one_more), -ENOSPC);
		WANT_TRUE(one_more == NULL);
		lib_want_unchanged(&copy, path);
		kind->close(handles[17]);
		WANT(kind->open(name, NULL, &handles[17]), 0);
		for (unsigned k = 0; k < MIPC_PARTY_COUNT; k++) {
			kind->use(handles[k]);
			kind->close(handles[k]);
		}
		WANT(kind->unlink(name), 0);
	}
}
END_TEST

struct attachment {
	const char *name;
	mipc_queue *queue;
	_Atomic unsigned attached;
};

static void attach_and_stay(void *arg)
{
	struct attachment *attachment = arg;
	mipc_queue *queue;

	WANT(mipc_queue_open(attachment->name, NULL, &queue), 0);
	atomic_fetch_add(&attachment->attached, 1);
	lib_sleep_for_ever();
}

START_TEST(test_segment_name_slots_of_the_dead_are_free_again)
{
	struct attachment *attachment = lib_shared(sizeof(*attachment));
	pid_t children[MIPC_PARTY_COUNT - 1];
	char name[LIB_NAME_BYTES];
	struct mipc_queue_info info;
	mipc_queue *queue, *others[COUNT(children)];

	lib_name(name);
	WANT(mipc_queue_create(name, 0, NULL, &queue), 0);
	attachment->name = name;
	for (size_t i = 0; i < COUNT(children); i++)
		children[i] = lib_spawn(attach_and_stay, attachment);
	lib_await(&attachment->attached, COUNT(children));
	WANT(mipc_queue_open(name, NULL, &others[0]), -ENOSPC);
	WANT(mipc_queue_inspect(queue, &info), 0);
	WANT(info.parties, MIPC_PARTY_COUNT);
	for (size_t i = 0; i < COUNT(children); i++)
		lib_kill(children[i]);
	WANT(mipc_queue_inspect(queue, &info), 0);
	WANT(info.parties, 1);
	for (size_t i = 0; i < COUNT(others); i++)
		WANT(mipc_queue_open(name, NULL, &others[i]), 0);
	for (size_t i = 0; i < COUNT(others); i++)
		mipc_queue_close(others[i]);
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(name), 0);
}
END_TEST

static void use_copies(void *arg)
{
	struct attachment *attachment = arg;
	struct mipc_queue_info info;

	/* Of the parent only: this one has not used it yet. */
	WANT(mipc_queue_size(attachment->queue), 0);
	WANT(mipc_queue_put(attachment->queue, "x", 1, 0), 0);
	WANT(mipc_queue_inspect(attachment->queue, &info), 0);
	WANT(info.parties, 2);
	mipc_queue_close(attachment->queue);
}

static void close_unused(void *arg)
{
	struct attachment *attachment = arg;

	mipc_queue_close(attachment->queue);
}

START_TEST(test_segment_name_handle_in_child_is_a_party_of_its_own)
{
	struct attachment attachment = {0};
	char name[LIB_NAME_BYTES];
	struct mipc_queue_info info;
	mipc_queue *queue;

	lib_name(name);
	WANT(mipc_queue_create(name, 0, NULL, &queue), 0);
	attachment.queue = queue;
	lib_join(lib_spawn(use_copies, &attachment));
	WANT(mipc_queue_inspect(queue, &info), 0);
	WANT(info.parties, 1);
	WANT(info.messages, 1);
	lib_join(lib_spawn(close_unused, &attachment));
	WANT(mipc_queue_inspect(queue, &info), 0);
	WANT(info.parties, 1);
	mipc_queue_close(queue);
	/* In an unlinked file just as well. */
	WANT(mipc_queue_open(name, NULL, &attachment.queue), 0);
	WANT(mipc_queue_unlink(name), 0);
	WANT(mipc_queue_clear(attachment.queue, 0), 0);
	lib_join(lib_spawn(use_copies, &attachment));
	mipc_queue_close(attachment.queue);
}
END_TEST

struct refusal {
	mipc_ring *ring;
	_Atomic unsigned step;
};

static void be_refused(void *arg)
{
	struct refusal *refusal = arg;

	for (unsigned i = 0; i < 3; i++)
		WANT(mipc_ring_write(refusal->ring, "x", 1, 0), -EBUSY);
	lib_step(&refusal->step, 1);
	lib_sleep_for_ever();
}

/* It became a party to ask for the parent's role, and lives on. */
START_TEST(test_segment_name_child_that_was_refused_takes_no_slot)
{
	struct refusal *refusal = lib_shared(sizeof(*refusal));
	mipc_ring *others[MIPC_PARTY_COUNT - 1];
	char name[LIB_NAME_BYTES];
	pid_t child;

	lib_name(name);
	WANT(mipc_ring_create(
		     name, 0, MIPC_RING_PRODUCER, NULL, &refusal->ring),
		0);
	child = lib_spawn(be_refused, refusal);
	lib_await(&refusal->step, 1);
	for (size_t i = 0; i < COUNT(others); i++)
		WANT(mipc_ring_open(name, 0, NULL, &others[i]), 0);
	for (size_t i = 0; i < COUNT(others); i++)
		mipc_ring_close(others[i]);
	lib_kill(child);
	mipc_ring_close(refusal->ring);
	WANT(mipc_ring_unlink(name), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_segment_name_bad_is_refused,
		test_segment_name_longest_one_works,
		test_segment_name_bare_is_shared_memory_with_slash_is_a_path,
		test_segment_name_create_leaves_nothing_but_the_segment,
		test_segment_name_without_nameless_files_the_same,
		test_segment_name_full_file_system_is_enospc_and_leaves_nothing,
		test_segment_name_65th_handle_is_enospc,
		test_segment_name_slots_of_the_dead_are_free_again,
		test_segment_name_handle_in_child_is_a_party_of_its_own,
		test_segment_name_child_that_was_refused_takes_no_slot,
	};

	return LIB_MAIN("segment_name", tests);
}
