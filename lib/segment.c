/* segment.c - the way in and the way out.
 *
 * Creating: the file is made without a name, filled, attached to, and only then
 * named, in one step that fails if the name is taken. So nobody ever sees half
 * a segment, and a creator killed at any instruction leaves either nothing or a
 * whole one. (To replace an older one takes a second name in between, which a
 * death can leave.)
 *
 * The pages a segment is made of are the file's own: where those are huge ones
 * out of the system's reserve, everything below is in multiples of these.
 *
 * Opening: all that the file says of itself is read once with pread(), not
 * through a mapping (a file shorter than it says would be SIGBUS), checked
 * against the real size, and copied. What the mapping says later does not count.
 *
 * fork(): the child closes its copies of our descriptors at once, because they
 * share the parent's open file descriptions and would keep its byte locks alive
 * after its death; it attaches anew when it first uses a handle.
 */
#include "segment.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <mmapipc/mmapipc.h>

#include "guard.h"
#include "mutant.h"
#include "party.h"
#include "platform.h"

enum {
	OPEN_TRIES = 8, /* races with unlink and re-create, not attackers */
	DRAIN_PAUSE_NS = 100000,
};

uint32_t segment_epoch = 1;
_Thread_local struct segment *segment_waiting
	__attribute__((tls_model("initial-exec")));

/* All handles of this process, for the fork handlers. */
static pthread_mutex_t handles_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct segment *handles;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static int fork_once_error;

static void before_fork(void)
{
	pthread_mutex_lock(&handles_mutex);
}

static void after_fork_parent(void)
{
	pthread_mutex_unlock(&handles_mutex);
}

static void after_fork_child(void)
{
	segment_epoch++;
	for (struct segment *s = handles; s; s = s->next) {
		int fd;

		/* A new description of the same file, without the locks. */
		if (s->fd < 0 || platform_reopen(s->fd, &fd))
			fd = -1;
		if (s->fd >= 0 && !MUTANT(child_keeps_liveness))
			platform_close(s->fd);
		s->fd = fd;
		/* Their threads stayed with the parent. relaxed: we are the
		 * only one here */
		atomic_store_explicit(&s->waiting, 0, memory_order_relaxed);
	}
	party_after_fork();
	pthread_mutex_unlock(&handles_mutex);
}

static void register_fork_handlers(void)
{
	fork_once_error = platform_at_fork(
		before_fork, after_fork_parent, after_fork_child);
}

/* Lock the list; from here to hold_forks_end() no fork() can come in between. A
 * handle is in the list before its descriptor carries a lock. */
static int hold_forks(void)
{
	pthread_once(&fork_once, register_fork_handlers);
	if (fork_once_error)
		return fork_once_error;
	pthread_mutex_lock(&handles_mutex);
	return 0;
}

static void hold_forks_end(void)
{
	pthread_mutex_unlock(&handles_mutex);
}

static void remember(struct segment *segment)
{
	/* release: pairs with the acquire in segment_is_ours() */
	atomic_store_explicit(
		&segment->epoch, segment_epoch, memory_order_release);
	segment->next = handles;
	segment->link = &handles;
	if (handles)
		handles->link = &segment->next;
	handles = segment;
}

static void forget(struct segment *segment)
{
	*segment->link = segment->next;
	if (segment->next)
		segment->next->link = segment->link;
}

static uint64_t round_up(uint64_t value, uint64_t step)
{
	return (value + step - 1) / step * step;
}

static bool is_mirrored(enum mipc_kind kind)
{
	return kind != MIPC_KIND_SHM;
}

int segment_round_capacity(uint64_t wanted_bytes, uint64_t *ret_bytes)
{
	uint64_t bytes = platform_page_bytes();

	if (wanted_bytes > MIPC_CAPACITY_MAX)
		return -EINVAL;
	while (bytes < wanted_bytes)
		bytes *= 2;
	*ret_bytes = bytes;
	return 0;
}

/* Bytes of file that @header speaks of, in whole pages of the file. */
static uint64_t file_bytes_of(
	const struct mipc_header *header, uint64_t unit_bytes)
{
	return header->data_offset +
	       round_up(header->capacity_bytes, unit_bytes);
}

/* Map the file behind @fd, and open it once more for the locks. */
static int map_segment(struct segment *segment, int fd, enum mipc_kind kind,
	const struct mipc_header *header)
{
	size_t mirror_len =
		is_mirrored(kind) ? (size_t)header->capacity_bytes : 0;
	uint64_t unit;
	size_t len;
	void *base;
	int err = platform_unit(fd, &unit);

	if (!err)
		err = platform_reopen(fd, &segment->fd);
	if (err)
		return err;
	len = (size_t)file_bytes_of(header, unit);
	err = platform_map(fd, unit, len, mirror_len, &base);
	if (err) {
		platform_close(segment->fd);
		return err;
	}
	segment->shared = base;
	segment->data = (uint8_t *)base + header->data_offset;
	segment->capacity_bytes = header->capacity_bytes;
	segment->unit_bytes = unit;
	segment->file_bytes = len;
	segment->map_bytes = len + mirror_len;
	segment->home_namespace = header->home_namespace;
	err = guard_watch(segment);
	if (err) {
		platform_unmap(base, segment->map_bytes);
		platform_close(segment->fd);
	}
	return err;
}

static void unmap_segment(struct segment *segment)
{
	guard_unwatch(segment);
	platform_unmap(segment->shared, segment->map_bytes);
	if (segment->fd >= 0)
		platform_close(segment->fd);
}

/* Everything that a header must say, against the real file. @page: its own. */
static int check_header(const struct mipc_header *header, size_t header_len,
	uint64_t file_bytes, uint64_t page)
{
	enum mipc_kind kind = (enum mipc_kind)header->kind;
	uint64_t capacity = header->capacity_bytes;

	if (header_len < sizeof(header->magic) ||
		memcmp(header->magic, MIPC_MAGIC, sizeof(header->magic)) != 0)
		return -EILSEQ;
	if (header_len < sizeof(*header))
		return -EBADMSG;
	if (header->version != MIPC_LAYOUT_VERSION ||
		header->fingerprint != MIPC_FINGERPRINT)
		return -EPROTO;
	if (header->kind < MIPC_KIND_SHM || header->kind > MIPC_KIND_QUEUE)
		return -EBADMSG;
	if (header->data_offset < sizeof(struct mipc_segment) ||
		header->data_offset % page != 0)
		return -EBADMSG;
	if (is_mirrored(kind) &&
		(capacity < page || capacity > MIPC_CAPACITY_MAX ||
			(capacity & (capacity - 1)) != 0))
		return -EBADMSG;
	if (capacity == 0 || capacity > MIPC_SHM_SIZE_MAX)
		return -EBADMSG;
	if (file_bytes != file_bytes_of(header, page))
		return -EBADMSG;
	return 0;
}

int segment_read_header(
	int fd, uint64_t file_bytes, struct mipc_header *ret_header)
{
	uint64_t unit;
	int64_t got;
	int err = platform_unit(fd, &unit);

	if (err)
		return err;
	memset(ret_header, 0, sizeof(*ret_header));
	got = platform_read_at(fd, ret_header, sizeof(*ret_header), 0);
	return got < 0 ? (int)got
		       : check_header(
				 ret_header, (size_t)got, file_bytes, unit);
}

/* The same, and is it of this kind? Of a file that is not, no more is asked. */
static int read_header(int fd, uint64_t file_bytes, enum mipc_kind kind,
	struct mipc_header *ret_header)
{
	int err = segment_read_header(fd, file_bytes, ret_header);

	if (err && err != -EBADMSG)
		return err;
	if (ret_header->kind != kind && ret_header->kind >= MIPC_KIND_SHM &&
		ret_header->kind <= MIPC_KIND_QUEUE)
		return -EPROTOTYPE;
	return err;
}

static int open_checked(const char *path, enum mipc_kind kind, bool any_owner,
	struct mipc_header *ret_header, int *ret_fd)
{
	uint64_t file_bytes;
	int fd;
	int err = platform_open(path, any_owner, &fd, &file_bytes);

	if (err)
		return err;
	err = read_header(fd, file_bytes, kind, ret_header);
	if (err) {
		platform_close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

/* Does an answer of open_checked() mean a segment, whole or damaged? */
static bool is_ours(int err)
{
	return err == 0 || err == -EBADMSG || err == -EPROTO;
}

/* Become a party. Anew in each process: a child may be in another namespace. */
static int attach(struct segment *segment)
{
	int err = party_lock(segment);

	if (err)
		return err;
	/* relaxed: nobody uses the handle yet */
	atomic_store_explicit(&segment->dead_found, 0, memory_order_relaxed);
	segment->at_home = segment->home_namespace != 0 &&
			   segment->home_namespace == platform_namespace();
	err = party_attach(segment);
	if (!err && segment->join) {
		err = segment->join(segment);
		if (err)
			party_detach(segment);
	}
	party_unlock(segment);
	return err;
}

/* What create may take the place of: nothing, or a segment, however damaged. */
static int check_replaceable(const char *path)
{
	struct mipc_header header;
	int fd;
	int err = open_checked(path, MIPC_KIND_SHM, false, &header, &fd);

	if (!err)
		platform_close(fd);
	return is_ours(err) || err == -ENOENT || err == -EPROTOTYPE ? 0 : err;
}

/* Give a new file its pages, and @header what follows from how large they are. */
static int give_pages(const struct platform_new_file *file,
	const struct mipc_options *options, struct mipc_header *header)
{
	uint32_t flags = options ? options->flags : 0;
	const struct platform_wish wish = {
		.huge = flags & MIPC_HUGE_PAGES,
		.node = flags & MIPC_NUMA_NODE ? (int)options->numa_node
					       : PLATFORM_ANY_NODE,
	};
	uint64_t unit;
	int err = platform_unit(file->fd, &unit);

	if (err)
		return err;
	if ((flags & MIPC_HUGE_RESERVED) && unit == platform_page_bytes())
		return -ENOTSUP; /* a path elsewhere than on hugetlbfs */
	if (unit > UINT32_MAX)
		return -ENOTSUP; /* pages of 16 GiB: see data_offset */
	header->data_offset =
		(uint32_t)round_up(sizeof(struct mipc_segment), unit);
	if (is_mirrored((enum mipc_kind)header->kind) &&
		header->capacity_bytes < unit)
		header->capacity_bytes = unit;
	return platform_allocate(file, file_bytes_of(header, unit), &wish);
}

/* A new segment, mapped and attached to; what is left is its name. Written
 * through the mapping: a file of huge pages has no write(2). */
static int make_segment(struct segment *segment, enum mipc_kind kind,
	const struct mipc_header *header, const struct platform_new_file *file)
{
	int err = map_segment(segment, file->fd, kind, header);

	if (err)
		return err;
	memcpy(&segment->shared->header, header, sizeof(*header));
	remember(segment);
	err = attach(segment);
	if (err) {
		forget(segment);
		unmap_segment(segment);
	}
	return err;
}

/* With @path: a file of that name; else memory that its descriptor leads to. */
static int create_locked(struct segment *segment, const char *path,
	const char *label, struct mipc_header *header,
	const struct mipc_options *options)
{
	uint32_t flags = options ? options->flags : 0;
	struct platform_new_file file;
	int err = path ? platform_create(path, &file)
		       : platform_create_sealed(
				 label, flags & MIPC_HUGE_RESERVED, &file);

	if (err)
		return err;
	err = give_pages(&file, options, header);
	if (!err && path && MUTANT(named_too_early))
		err = platform_publish(&file, path, flags & MIPC_REPLACE);
	if (!err)
		err = make_segment(
			segment, (enum mipc_kind)header->kind, header, &file);
	if (!err && path && !MUTANT(named_too_early)) {
		err = platform_publish(&file, path, flags & MIPC_REPLACE);
		if (err) {
			forget(segment);
			unmap_segment(segment);
		}
	}
	if (err)
		platform_discard(&file);
	else if (path)
		platform_close(file.fd);
	else
		segment->share_fd = file.fd;
	return err;
}

/* Advice first: it is heeded when a page is touched. */
static void advise(
	const struct segment *segment, const struct mipc_options *options)
{
	uint32_t flags = options ? options->flags : 0;

	if (flags & MIPC_HUGE_PAGES)
		platform_prefer_huge(segment->shared, segment->map_bytes);
	if (flags & MIPC_PREFAULT)
		platform_prefault(segment->shared, segment->map_bytes);
}

int segment_create(struct segment *segment, const char *name,
	enum mipc_kind kind, uint64_t capacity_bytes,
	const struct mipc_options *options)
{
	struct mipc_header header = {
		.magic = MIPC_MAGIC,
		.version = MIPC_LAYOUT_VERSION,
		.fingerprint = MIPC_FINGERPRINT,
		.kind = kind,
		.capacity_bytes = capacity_bytes,
		.home_namespace = platform_namespace(),
	};
	uint32_t flags = options ? options->flags : 0;
	bool named = !(flags & MIPC_MEMFD);
	char path[PLATFORM_PATH_BYTES];
	int err = named ? platform_path(name, path, sizeof(path)) : 0;

	if ((flags & MIPC_NUMA_NODE) &&
		options->numa_node >= PLATFORM_NODE_COUNT)
		return -EINVAL;
	if (!err && named && (flags & MIPC_REPLACE))
		err = check_replaceable(path);
	if (!err)
		err = hold_forks();
	if (err)
		return err;
	segment->share_fd = -1;
	err = create_locked(
		segment, named ? path : NULL, name, &header, options);
	hold_forks_end();
	if (!err)
		advise(segment, options);
	return err;
}

/* Map what was checked, and join in. @path: must still lead there; or NULL. */
static int enter_file(struct segment *segment, int fd, const char *path,
	const struct mipc_header *header)
{
	int err =
		map_segment(segment, fd, (enum mipc_kind)header->kind, header);

	if (err)
		return err;
	remember(segment);
	err = attach(segment);
	if (!err && path && !MUTANT(old_file_opened) &&
		!platform_same_file(segment->fd, path)) {
		/* Replaced meanwhile: we would talk to nobody. */
		party_detach(segment);
		err = -ESTALE;
	}
	if (err) {
		forget(segment);
		unmap_segment(segment);
	}
	return err;
}

static int open_locked(struct segment *segment, const char *path,
	enum mipc_kind kind, bool any_owner)
{
	struct mipc_header header;
	int fd;
	int err = open_checked(path, kind, any_owner, &header, &fd);

	if (err)
		return err;
	err = enter_file(segment, fd, path, &header);
	platform_close(fd);
	return err;
}

int segment_open(struct segment *segment, const char *name, enum mipc_kind kind,
	const struct mipc_options *options)
{
	bool any_owner = options && (options->flags & MIPC_ANY_OWNER);
	char path[PLATFORM_PATH_BYTES];
	int err = platform_path(name, path, sizeof(path));

	if (!err)
		err = hold_forks();
	if (err)
		return err;
	segment->share_fd = -1;
	err = -ESTALE;
	for (int i = 0; err == -ESTALE && i < OPEN_TRIES; i++)
		err = open_locked(segment, path, kind, any_owner);
	hold_forks_end();
	if (!err)
		advise(segment, options);
	return err == -ESTALE ? -EBUSY : err;
}

int segment_from_fd(struct segment *segment, int fd, enum mipc_kind kind,
	const struct mipc_options *options)
{
	struct mipc_header header;
	uint64_t file_bytes;
	/* Unsealed, its sender could truncate it under our feet. */
	int err = platform_sealed_size(fd, &file_bytes);

	if (!err)
		err = read_header(fd, file_bytes, kind, &header);
	if (!err)
		err = hold_forks();
	if (err)
		return err;
	err = platform_reopen(fd, &segment->share_fd);
	if (!err) {
		err = enter_file(segment, segment->share_fd, NULL, &header);
		if (err)
			platform_close(segment->share_fd);
	}
	hold_forks_end();
	if (!err)
		advise(segment, options);
	return err;
}

int segment_share_fd(const struct segment *segment)
{
	return segment->share_fd < 0 ? -ENOTSUP : segment->share_fd;
}

int segment_memory(
	const struct segment *segment, struct mipc_memory *ret_memory)
{
	size_t len = segment->file_bytes;
	struct mipc_memory memory = {.page_bytes = segment->unit_bytes};
	int node;
	int err;

	if (!ret_memory)
		return -EINVAL;
	/* What was not touched yet the system says nothing of. Once only: the
	 * second half of a mirrored mapping is the same memory. */
	platform_prefault(segment->shared, len);
	err = platform_inspect(segment->shared, len, segment->unit_bytes,
		&memory.huge_bytes, &node);
	if (err)
		return err;
	memory.bytes = len;
	memory.numa_node = node;
	*ret_memory = memory;
	return 0;
}

int segment_reattach(struct segment *segment)
{
	int err = 0;

	pthread_mutex_lock(&handles_mutex);
	if (segment_is_ours(segment))
		goto out; /* another thread was faster */
	err = segment->fd < 0 ? -ENOTSUP : attach(segment);
	if (!err)
		/* release: pairs with the acquire in segment_is_ours() */
		atomic_store_explicit(
			&segment->epoch, segment_epoch, memory_order_release);
out:
	pthread_mutex_unlock(&handles_mutex);
	return err;
}

int segment_wait_begin(struct segment *segment)
{
	if (segment_waiting != segment) {
		segment_waiting = segment;
		/* V1: seq_cst: either segment_drain() sees us (V4) or we see
		 * that it came (V2) */
		atomic_fetch_add_explicit(
			&segment->waiting, 1, memory_order_seq_cst);
	}
	/* V2 */
	return atomic_load_explicit(&segment->wait_error, memory_order_seq_cst);
}

void segment_wait_done(void)
{
	struct segment *segment = segment_waiting;

	segment_waiting = NULL;
	/* release: all that the call did in there comes first; pairs with V4 */
	atomic_fetch_sub_explicit(&segment->waiting, 1, memory_order_release);
}

void segment_cancel(struct segment *segment)
{
	int none = 0;

	/* V3: pairs with V2. What was said before it stays. */
	atomic_compare_exchange_strong_explicit(&segment->wait_error, &none,
		-ECANCELED, memory_order_seq_cst, memory_order_seq_cst);
}

void segment_drain(struct segment *segment)
{
	segment_cancel(segment);
	/* V4: sees V1, or the end of the call with all that it did. Not for
	 * ever: a wait looks at wait_error before each of its naps. */
	while (atomic_load_explicit(&segment->waiting, memory_order_seq_cst))
		platform_sleep_ns(DRAIN_PAUSE_NS);
}

void segment_spoil(struct segment *segment)
{
	/* relaxed: see segment_wait_error() */
	atomic_store_explicit(
		&segment->wait_error, -EBADMSG, memory_order_relaxed);
	segment->spoil(segment);
}

void segment_close(struct segment *segment)
{
	segment_drain(segment);
	pthread_mutex_lock(&handles_mutex);
	forget(segment);
	/* A copy in a forked child that was never used holds no slot. */
	if (segment_is_ours(segment))
		party_detach(segment);
	unmap_segment(segment);
	if (segment->share_fd >= 0)
		platform_close(segment->share_fd);
	pthread_mutex_unlock(&handles_mutex);
}

int segment_unlink(const char *name, enum mipc_kind kind)
{
	char path[PLATFORM_PATH_BYTES];
	struct mipc_header header;
	int fd;
	int err = platform_path(name, path, sizeof(path));

	if (err)
		return err;
	err = open_checked(path, kind, false, &header, &fd);
	if (!err)
		platform_close(fd);
	return is_ours(err) ? platform_unlink(path) : err;
}
