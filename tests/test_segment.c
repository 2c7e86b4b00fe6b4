/* test_segment.c - the way in, the same for all three products: which files are
 * taken for segments, which error each other one gets, and that none of these
 * errors changes anything.
 */
#include "lib_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <mmapipc/mmapipc.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mipc_options replace = {.flags = MIPC_REPLACE};

/* A closed segment; its path. */
static void make(const struct lib_kind *kind, char name[LIB_NAME_BYTES],
	char path[LIB_PATH_BYTES])
{
	void *handle;

	lib_name(name);
	lib_path(path, name);
	WANT(kind->create(name, NULL, &handle), 0);
	kind->close(handle);
}

/* What is at @name is not to be had as @kind; it is the same afterwards. */
static void want_refused(const struct lib_kind *kind, const char *name,
	int open_want, int unlink_want)
{
	char path[LIB_PATH_BYTES];
	struct lib_copy copy;
	void *handle = &copy;

	lib_path(path, name);
	copy = lib_copy_of(path);
	WANT(kind->open(name, NULL, &handle), open_want);
	WANT_TRUE(handle == &copy);
	WANT(kind->create(name, NULL, &handle), -EEXIST);
	WANT_TRUE(handle == &copy);
	if (unlink_want)
		WANT(kind->unlink(name), unlink_want);
	lib_want_unchanged(&copy, path);
}

START_TEST(test_segment_no_such_name_is_enoent)
{
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		char name[LIB_NAME_BYTES];
		void *handle;

		lib_name(name);
		WANT(lib_kinds[i].open(name, NULL, &handle), -ENOENT);
		WANT(lib_kinds[i].unlink(name), -ENOENT);
		/* Nothing was made by asking. */
		WANT(lib_kinds[i].open(name, NULL, &handle), -ENOENT);
	}
}
END_TEST

START_TEST(test_segment_wrong_kind_is_eprototype)
{
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];

		make(&lib_kinds[i], name, path);
		for (size_t k = 0; k < LIB_KIND_COUNT; k++)
			if (k != i)
				want_refused(&lib_kinds[k], name, -EPROTOTYPE,
					-EPROTOTYPE);
		WANT(lib_kinds[i].unlink(name), 0);
	}
}
END_TEST

START_TEST(test_segment_cut_or_grown_is_ebadmsg)
{
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		struct lib_copy copy;
		const struct mipc_header *header;
		uint8_t *longer;

		make(kind, name, path);
		copy = lib_copy_of(path);
		header = (const struct mipc_header *)(void *)copy.bytes;
		const size_t lens[] = {0, 1, 7, 8, 9, 31, 32, 255, 256, 257,
			4095, 4096, 4097, 8447, 8448, 8449,
			header->data_offset - 1u, header->data_offset,
			header->data_offset + 1u, copy.len - 4096, copy.len - 1,
			copy.len + 1, copy.len + 4096, copy.len * 2};

		longer = calloc(2, copy.len);
		WANT_TRUE(longer != NULL);
		memcpy(longer, copy.bytes, copy.len);
		for (size_t k = 0; k < COUNT(lens); k++) {
			int want = lens[k] < 8 ? -EILSEQ : -EBADMSG;

			lib_write_file(path, longer, lens[k]);
			want_refused(kind, name, want,
				want == -EILSEQ ? -EILSEQ : 0);
		}
		free(longer);
		lib_copy_free(&copy);
		/* However damaged, it is one of ours, and may go. */
		WANT(kind->unlink(name), 0);
	}
}
END_TEST

START_TEST(test_segment_foreign_file_is_eilseq_and_stays)
{
	static const char *const contents[] = {"", "\n", "mmapip", "mmapipcs",
		"MMAPIPC", "#!/bin/sh\nexec true\n",
		"a letter to somebody, longer than a header would be: "
		".............................................................."
		".."
		".............................................................."
		".."
		".............................................................."
		".."
		".............................................................."
		".."};

	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];

		lib_name(name);
		lib_path(path, name);
		for (size_t k = 0; k < COUNT(contents); k++) {
			struct lib_copy copy;
			void *handle;

			lib_write_file(path, contents[k], strlen(contents[k]));
			copy = lib_copy_of(path);
			want_refused(kind, name, -EILSEQ, -EILSEQ);
			WANT(kind->create(name, &replace, &handle), -EILSEQ);
			lib_want_unchanged(&copy, path);
		}
		WANT(unlink(path), 0);
	}
}
END_TEST

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	WANT(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void make_folder(const char *path)
{
	WANT(mkdir(path, 0700), 0);
}

static void make_fifo(const char *path)
{
	WANT(mkfifo(path, 0600), 0);
}

static void make_dangling(const char *path)
{
	WANT(symlink("/nowhere/at/all", path), 0);
}

START_TEST(test_segment_not_a_regular_file_is_refused_and_stays)
{
	static const struct {
		void (*make)(const char *path);
		int want;
	} files[] = {
		{make_folder, -EILSEQ},
		{make_fifo, -EILSEQ},
		{make_socket, -EILSEQ},
		{make_dangling, -ELOOP},
	};

	for (size_t i = 0; i < LIB_KIND_COUNT * COUNT(files); i++) {
		const struct lib_kind *kind = &lib_kinds[i % LIB_KIND_COUNT];
		int want = files[i / LIB_KIND_COUNT].want;
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		struct stat before, after;
		void *handle;

		lib_name(name);
		lib_path(path, name);
		files[i / LIB_KIND_COUNT].make(path);
		WANT(lstat(path, &before), 0);
		WANT(kind->open(name, NULL, &handle), want);
		WANT(kind->unlink(name), want);
		WANT(kind->create(name, NULL, &handle), -EEXIST);
		WANT(kind->create(name, &replace, &handle), want);
		WANT(lstat(path, &after), 0);
		WANT(after.st_ino, before.st_ino);
		WANT(after.st_mode, before.st_mode);
		WANT(remove(path), 0);
	}
}
END_TEST

START_TEST(test_segment_through_a_link_is_refused)
{
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		char other[LIB_NAME_BYTES], other_path[LIB_PATH_BYTES];
		void *handle;

		make(kind, name, path);
		lib_name(other);
		lib_path(other_path, other);
		WANT(symlink(path, other_path), 0);
		want_refused(kind, other, -ELOOP, -ELOOP);
		WANT(kind->create(other, &replace, &handle), -ELOOP);
		WANT(unlink(other_path), 0);

		WANT(link(path, other_path), 0);
		want_refused(kind, name, -EPERM, -EPERM);
		want_refused(kind, other, -EPERM, -EPERM);
		WANT(kind->create(other, &replace, &handle), -EPERM);
		WANT(unlink(other_path), 0);
		WANT(kind->open(name, NULL, &handle), 0);
		kind->close(handle);
		WANT(kind->unlink(name), 0);
	}
}
END_TEST

START_TEST(test_segment_of_another_user_is_eperm_unless_asked_for)
{
	static const struct mipc_options any = {.flags = MIPC_ANY_OWNER};

	if (geteuid() != 0) {
		lib_skip("files of another user: only root can make one");
		return;
	}
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		void *handle;

		make(kind, name, path);
		WANT(chown(path, 65534, (gid_t)-1), 0);
		want_refused(kind, name, -EPERM, -EPERM);
		WANT(kind->create(name, &replace, &handle), -EPERM);
		WANT(kind->open(name, &any, &handle), 0);
		kind->close(handle);
		WANT(chown(path, 0, (gid_t)-1), 0);
		WANT(kind->unlink(name), 0);
	}
}
END_TEST

/* What a forged header says; the file is as large as @file_bytes then, or as it
 * was for 0. */
struct forgery {
	size_t offset; /* of the field */
	size_t len;
	uint64_t value;
	uint64_t file_bytes;
	int want;
};

#define FIELD(name)                         \
	offsetof(struct mipc_header, name), \
		sizeof(((struct mipc_header *)0)->name)

static const struct forgery forgeries[] = {
	{FIELD(version), MIPC_LAYOUT_VERSION - 1, 0, -EPROTO},
	{FIELD(version), MIPC_LAYOUT_VERSION + 1, 0, -EPROTO},
	{FIELD(version), UINT32_MAX, 0, -EPROTO},
	{FIELD(version), 0x01000000, 0, -EPROTO}, /* the other byte order */
	{FIELD(fingerprint), 0, 0, -EPROTO},
	{FIELD(fingerprint), MIPC_FINGERPRINT + 1, 0, -EPROTO},
	{FIELD(kind), 0, 0, -EBADMSG},
	{FIELD(kind), 4, 0, -EBADMSG},
	{FIELD(kind), UINT32_MAX, 0, -EBADMSG},
	{FIELD(data_offset), 0, 0, -EBADMSG},
	{FIELD(data_offset), 256, 0, -EBADMSG},
	{FIELD(data_offset), 4096, 0, -EBADMSG},
	{FIELD(data_offset), 8192, 0, -EBADMSG},
	{FIELD(data_offset), 12289, 0, -EBADMSG},
	{FIELD(data_offset), 16384 * 16, 0, -EBADMSG},
	{FIELD(data_offset), UINT32_MAX - 4095, 0, -EBADMSG},
	{FIELD(capacity_bytes), 0, 0, -EBADMSG},
	{FIELD(capacity_bytes), 1, 12288, -EBADMSG},
	{FIELD(capacity_bytes), UINT64_C(1) << 38, 0, -EBADMSG},
	{FIELD(capacity_bytes), UINT64_C(1) << 39, 0, -EBADMSG},
	{FIELD(capacity_bytes), UINT64_C(1) << 63, 0, -EBADMSG},
	{FIELD(capacity_bytes), UINT64_MAX, 0, -EBADMSG},
	{FIELD(capacity_bytes), UINT64_MAX - 4095, 0, -EBADMSG},
	{FIELD(capacity_bytes), UINT64_MAX - 12287, 0, -EBADMSG},
};

static void want_told_apart(
	const struct lib_kind *kind, const struct forgery *forgery)
{
	char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
	struct lib_copy copy;
	void *handle;

	make(kind, name, path);
	copy = lib_copy_of(path);
	memcpy(copy.bytes + forgery->offset, &forgery->value, forgery->len);
	lib_write_file(path, copy.bytes, copy.len);
	lib_copy_free(&copy);
	if (forgery->file_bytes)
		WANT(truncate(path, (off_t)forgery->file_bytes), 0);
	want_refused(kind, name, forgery->want, 0);
	/* One of ours: may be replaced, and is good then. */
	WANT(kind->create(name, &replace, &handle), 0);
	kind->close(handle);
	WANT(kind->open(name, NULL, &handle), 0);
	kind->close(handle);
	WANT(kind->unlink(name), 0);
}

START_TEST(test_segment_forged_header_is_told_apart)
{
	for (size_t i = 0; i < COUNT(forgeries) * LIB_KIND_COUNT; i++)
		want_told_apart(&lib_kinds[i % LIB_KIND_COUNT],
			&forgeries[i / LIB_KIND_COUNT]);
}
END_TEST

START_TEST(test_segment_capacity_of_no_power_of_two_is_ebadmsg)
{
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
		struct lib_view view;
		void *handle;

		make(kind, name, path);
		lib_view_open(&view, name);
		view.shared->header.capacity_bytes = 3 * page;
		WANT(truncate(path, (off_t)(view.shared->header.data_offset +
					    3 * page)),
			0);
		lib_view_close(&view);
		if (kind->any_size) {
			WANT(kind->open(name, NULL, &handle), 0);
			kind->close(handle);
		} else {
			want_refused(kind, name, -EBADMSG, 0);
		}
		WANT(kind->unlink(name), 0);
	}
}
END_TEST

/* The file's size agrees with what the header says, so the offset alone is
 * wrong: into the header and the slots, or off the pages. */
START_TEST(test_segment_data_elsewhere_is_ebadmsg)
{
	const uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	const uint32_t good =
		(uint32_t)((sizeof(struct mipc_segment) + page - 1) / page *
			   page);
	const uint32_t offsets[] = {0, good - page, good - 8, good + 1,
		good + 8, good + page / 2, good + page};

	for (size_t i = 0; i < COUNT(offsets) * LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i % LIB_KIND_COUNT];
		uint32_t offset = offsets[i / LIB_KIND_COUNT];
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		struct lib_view view;
		void *handle;

		make(kind, name, path);
		lib_view_open(&view, name);
		WANT(view.shared->header.data_offset, good);
		view.shared->header.data_offset = offset;
		WANT(truncate(path, (off_t)(offset + view.data_bytes)), 0);
		lib_view_close(&view);
		if (offset == good + page) {
			WANT(kind->open(name, NULL, &handle), 0);
			kind->use(handle);
			kind->close(handle);
		} else {
			want_refused(kind, name, -EBADMSG, 0);
		}
		WANT(kind->unlink(name), 0);
	}
}
END_TEST

/* A slot that says that somebody is attached says, once its byte lock is free,
 * that somebody died. */
START_TEST(test_segment_closed_handle_does_not_look_dead)
{
	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		const struct lib_kind *kind = &lib_kinds[i];
		char name[LIB_NAME_BYTES];
		void *handles[2];
		struct lib_view view;

		lib_name(name);
		WANT(kind->create(name, NULL, &handles[0]), 0);
		WANT(kind->open(name, NULL, &handles[1]), 0);
		lib_view_open(&view, name);
		for (unsigned k = 0; k < 2; k++) {
			WANT(atomic_load(&view.shared->parties[k].attached), 1);
			kind->close(handles[k]);
			WANT(atomic_load(&view.shared->parties[k].attached), 0);
		}
		lib_view_close(&view);
		WANT(kind->unlink(name), 0);
	}
}
END_TEST

/* One bit the other way round. Returns whether the segment opened. */
static bool open_flipped(const struct lib_kind *kind, const char *name,
	uint8_t *bytes, size_t bit)
{
	static const int known[] = {0, -EILSEQ, -EPROTO, -EPROTOTYPE, -EBADMSG};
	uint8_t mask = (uint8_t)(1u << bit % 8);
	size_t k = 0;
	void *handle;
	int err;

	bytes[bit / 8] ^= mask;
	err = kind->open(name, NULL, &handle);
	while (k < COUNT(known) && known[k] != err)
		k++;
	if (k == COUNT(known))
		lib_fail("%s, header bit %zu flipped: open returns %d",
			kind->name, bit, err);
	if (!err) {
		kind->use(handle);
		kind->close(handle);
	}
	bytes[bit / 8] ^= mask;
	return !err;
}

START_TEST(test_segment_header_bit_flipped_opens_or_is_refused)
{
	/* The name space, and what is room for later, may be anything. */
	const size_t checked_bytes =
		offsetof(struct mipc_header, home_namespace);

	for (size_t i = 0; i < LIB_KIND_COUNT; i++) {
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		struct lib_view view;

		make(&lib_kinds[i], name, path);
		lib_view_open(&view, name);
		for (size_t bit = 0; bit < sizeof(struct mipc_header) * 8;
			bit++)
			WANT(open_flipped(&lib_kinds[i], name,
				     (uint8_t *)view.shared, bit),
				bit >= checked_bytes * 8);
		lib_view_close(&view);
		WANT(lib_kinds[i].unlink(name), 0);
	}
}
END_TEST

START_TEST(test_segment_second_create_is_eexist_and_harms_nothing)
{
	for (size_t i = 0; i < LIB_KIND_COUNT * LIB_KIND_COUNT; i++) {
		const struct lib_kind *first = &lib_kinds[i / LIB_KIND_COUNT];
		const struct lib_kind *second = &lib_kinds[i % LIB_KIND_COUNT];
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		struct lib_copy copy;
		void *handle, *other = NULL;

		lib_name(name);
		lib_path(path, name);
		WANT(first->create(name, NULL, &handle), 0);
		copy = lib_copy_of(path);
		WANT(second->create(name, NULL, &other), -EEXIST);
		WANT_TRUE(other == NULL);
		lib_want_unchanged(&copy, path);
		first->use(handle);
		first->close(handle);
		WANT(first->unlink(name), 0);
	}
}
END_TEST

START_TEST(test_segment_replaced_leaves_old_users_alone)
{
	for (size_t i = 0; i < LIB_KIND_COUNT * LIB_KIND_COUNT; i++) {
		const struct lib_kind *old = &lib_kinds[i / LIB_KIND_COUNT];
		const struct lib_kind *new = &lib_kinds[i % LIB_KIND_COUNT];
		char name[LIB_NAME_BYTES];
		void *old_handle, *new_handle, *third;

		lib_name(name);
		WANT(old->create(name, NULL, &old_handle), 0);
		WANT(new->create(name, &replace, &new_handle), 0);
		old->use(old_handle);
		new->use(new_handle);
		WANT(new->open(name, NULL, &third), 0);
		new->close(third);
		old->close(old_handle);
		new->close(new_handle);
		WANT(new->unlink(name), 0);
		/* And where there was none. */
		WANT(new->create(name, &replace, &new_handle), 0);
		new->close(new_handle);
		WANT(new->unlink(name), 0);
	}
}
END_TEST

START_TEST(test_segment_new_file_is_private_and_one_link)
{
	for (size_t i = 0; i < LIB_KIND_COUNT * 2; i++) {
		const struct lib_kind *kind = &lib_kinds[i / 2];
		char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
		struct stat st;
		void *handle;

		umask(0);
		lib_name(name);
		lib_path(path, name);
		WANT(kind->create(name, i % 2 ? &replace : NULL, &handle), 0);
		WANT(lstat(path, &st), 0);
		WANT(st.st_mode, S_IFREG | 0600);
		WANT(st.st_nlink, 1);
		/* All of it is allocated. */
		WANT_TRUE(st.st_blocks * 512 >= st.st_size);
		kind->close(handle);
		WANT(kind->unlink(name), 0);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_segment_no_such_name_is_enoent,
		test_segment_wrong_kind_is_eprototype,
		test_segment_cut_or_grown_is_ebadmsg,
		test_segment_foreign_file_is_eilseq_and_stays,
		test_segment_not_a_regular_file_is_refused_and_stays,
		test_segment_through_a_link_is_refused,
		test_segment_of_another_user_is_eperm_unless_asked_for,
		test_segment_forged_header_is_told_apart,
		test_segment_capacity_of_no_power_of_two_is_ebadmsg,
		test_segment_data_elsewhere_is_ebadmsg,
		test_segment_closed_handle_does_not_look_dead,
		test_segment_header_bit_flipped_opens_or_is_refused,
		test_segment_second_create_is_eexist_and_harms_nothing,
		test_segment_replaced_leaves_old_users_alone,
		test_segment_new_file_is_private_and_one_link,
	};

	return LIB_MAIN("segment", tests);
}
