/* fuzz_open.c - any bytes behind any name or descriptor, opened as each kind of
 * segment, by fuzzing.
 *
 * The input changes a valid segment of some kind: the header by bits that are
 * flipped, the rest by words that are written, the length by a number of bytes
 * (with no bytes of input at all it is valid); or it is the file's contents as it
 * stands. A header that was found valid with another capacity gets a file of the
 * length it asks for. What opens is used: a few calls that poll.
 *
 * It is opened by its name, or by a descriptor: of sealed memory with the same
 * bytes, of memory that is not sealed or not enough (which is never opened), or of
 * something else altogether.
 *
 * There is one file, written anew each time.
 */
#include "fuzz_input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

enum {
	CHANGED_HEADER_BYTES = 48,
	FILE_BYTES_MAX = 1 << 18,
	SCRIBBLES_MAX = 16,
	BODY_BYTES = 4096,
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
	BY_NAME = -2, /* in the place of a descriptor; -1 is one to be tried */
	NO_SEGMENTS = 16,
	ANY_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

static char name[64], path[96];
static int file;

/* Descriptors of what can never be a segment, and the file with its name. */
static int not_segments[NO_SEGMENTS];
static unsigned not_segment_count;

/* A valid segment's bytes, by kind. */
static struct {
	uint8_t *bytes;
	size_t len;
} valid[MIPC_KIND_QUEUE + 1];

static uint8_t *body;
static alignas(256) uint8_t contents[FILE_BYTES_MAX];

static void load(enum mipc_kind kind)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	must(fd >= 0);
	len = read(fd, contents, sizeof(contents));
	must(len > 0 && len < FILE_BYTES_MAX);
	valid[kind].len = (size_t)len;
	valid[kind].bytes = malloc((size_t)len);
	must(valid[kind].bytes != NULL);
	memcpy(valid[kind].bytes, contents, (size_t)len);
	close(fd);
	must(!unlink(path));
}

static void remove_file(void)
{
	unlink(path);
}

static void add_not_segment(int fd)
{
	must(not_segment_count < NO_SEGMENTS);
	not_segments[not_segment_count++] = fd;
}

static void open_not_segments(void)
{
	const char *const paths[] = {"/", "/dev/null", "/dev/zero",
		"/proc/self/mem", "/proc/self/exe", path};
	int ends[2];

	for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		add_not_segment(open(paths[i], O_RDONLY | O_CLOEXEC));
	add_not_segment(open(path, O_PATH | O_CLOEXEC));
	must(!pipe2(ends, O_CLOEXEC));
	add_not_segment(ends[0]);
	add_not_segment(ends[1]);
	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	add_not_segment(ends[0]);
	add_not_segment(epoll_create1(EPOLL_CLOEXEC));
	add_not_segment(eventfd(0, EFD_CLOEXEC));
	for (unsigned i = 0; i < not_segment_count; i++)
		must(not_segments[i] >= 0);
	add_not_segment(file);
	/* Closed, never opened, and no descriptor at all. */
	must(!close(ends[1]));
	add_not_segment(ends[1]);
	add_not_segment(-1);
	add_not_segment(1 << 30);
}

/* With some messages in them, and as if their maker had been killed. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct mipc_lease lease;
	mipc_queue *queue;
	mipc_ring *ring;
	mipc_shm *shm;

	(void)argc;
	(void)argv;
	snprintf(name, sizeof(name), "mmapipc-fuzz-%ld", (long)getpid());
	snprintf(path, sizeof(path), "/dev/shm/%s", name);
	body = calloc(1, BODY_BYTES);
	must(!mipc_shm_create(name, BODY_BYTES, NULL, &shm));
	load(MIPC_KIND_SHM);
	must(!mipc_ring_create(name, 1, BOTH, NULL, &ring));
	for (unsigned i = 0; i < 6; i++)
		must(!mipc_ring_write(ring, body, 50 * i, 0));
	load(MIPC_KIND_RING);
	must(!mipc_queue_create(name, 1, NULL, &queue));
	for (unsigned i = 0; i < 6; i++)
		must(!mipc_queue_put(queue, body, 50 * i, 0));
	must(!mipc_queue_acquire(queue, 0, &lease));
	must(!mipc_queue_reserve(queue, 100, 0, &lease));
	load(MIPC_KIND_QUEUE);
	mipc_shm_close(shm);
	mipc_ring_close(ring);
	mipc_queue_close(queue);
	file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(file >= 0);
	atexit(remove_file);
	open_not_segments();
	return 0;
}

static void must_refuse_or_open(int err)
{
	must(mipc_strerror(err)[0] != '\0');
	must(err == 0 || err == -EBADMSG || err == -EILSEQ || err == -EPROTO ||
		err == -EPROTOTYPE || err == -EBUSY || err == -ENOMEM);
}

static void use_shm(mipc_shm *shm)
{
	uint64_t size = mipc_shm_size(shm);
	uint64_t word;
	void *view;

	must(!mipc_shm_view(shm, 0, size, &view));
	memset(view, 1, size);
	must(mipc_shm_view(shm, size, 1, &view) == -ERANGE);
	must(mipc_shm_read_u64(shm, size & ~UINT64_C(7), &word) == -ERANGE);
	must(mipc_shm_add_u64(shm, size & ~UINT64_C(7), 1, &word) == -ERANGE);
	must(!mipc_shm_clear(shm));
}

static void use_ring(mipc_ring *ring)
{
	const void *peeked;
	size_t len;

	(void)mipc_ring_check(ring);
	(void)mipc_ring_available_read(ring);
	if (!mipc_ring_peek(ring, 0, &peeked, &len))
		memset((void *)(uintptr_t)peeked, 1, len);
	(void)mipc_ring_write(
		ring, body, mipc_ring_available_write(ring) % 900, 0);
	for (unsigned i = 0; i < 4; i++)
		if (mipc_ring_read(ring, body, BODY_BYTES, 0, &len))
			break;
	(void)mipc_ring_clear(ring);
}

static void use_queue(mipc_queue *queue)
{
	struct mipc_queue_info info;
	struct mipc_lease lease;
	size_t len;

	(void)mipc_queue_check(queue);
	(void)mipc_queue_inspect(queue, &info);
	(void)mipc_queue_put(queue, body, 300, 0);
	for (unsigned i = 0; i < 4; i++)
		if (mipc_queue_get(queue, body, BODY_BYTES, 0, &len))
			break;
	if (!mipc_queue_acquire(queue, 0, &lease)) {
		memset(lease.data, 1, lease.len);
		(void)mipc_queue_return(queue, &lease);
	}
	(void)mipc_queue_get_dead(queue, body, BODY_BYTES, 0, &len);
	(void)mipc_queue_clear(queue, 0);
}

/* As each kind, by @fd or BY_NAME. */
static void open_all(int fd, unsigned roles, int errs[3])
{
	mipc_queue *queue;
	mipc_ring *ring;
	mipc_shm *shm;

	errs[0] = fd == BY_NAME ? mipc_shm_open(name, NULL, &shm)
				: mipc_shm_from_fd(fd, NULL, &shm);
	if (!errs[0]) {
		use_shm(shm);
		must((mipc_shm_fd(shm) >= 0) == (fd != BY_NAME));
		mipc_shm_close(shm);
	}
	errs[1] = fd == BY_NAME ? mipc_ring_open(name, roles, NULL, &ring)
				: mipc_ring_from_fd(fd, roles, NULL, &ring);
	if (!errs[1]) {
		use_ring(ring);
		must((mipc_ring_fd(ring) >= 0) == (fd != BY_NAME));
		mipc_ring_close(ring);
	}
	errs[2] = fd == BY_NAME ? mipc_queue_open(name, NULL, &queue)
				: mipc_queue_from_fd(fd, NULL, &queue);
	if (!errs[2]) {
		use_queue(queue);
		must((mipc_queue_fd(queue) >= 0) == (fd != BY_NAME));
		mipc_queue_close(queue);
	}
}

/* At most one of them opens. */
static void open_as_one_kind(int fd, unsigned roles)
{
	int errs[3];

	open_all(fd, roles, errs);
	for (unsigned i = 0; i < 3; i++)
		must_refuse_or_open(errs[i]);
	must(!errs[0] + !errs[1] + !errs[2] <= 1);
}

/* Memory with these contents, sealed as @seals says. */
static void open_memory(size_t len, int seals, unsigned roles)
{
	const int enough = F_SEAL_SHRINK | F_SEAL_GROW;
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int errs[3];

	must(fd >= 0);
	must(!ftruncate(fd, (off_t)len));
	must(pwrite(fd, contents, len, 0) == (ssize_t)len);
	must(!fcntl(fd, F_ADD_SEALS, seals));
	if ((seals & enough) == enough && !(seals & F_SEAL_WRITE)) {
		open_as_one_kind(fd, roles);
	} else {
		open_all(fd, roles, errs);
		for (unsigned i = 0; i < 3; i++)
			must(errs[i] < 0);
		if ((seals & enough) != enough)
			must(errs[0] == -EPERM && errs[1] == -EPERM &&
				errs[2] == -EPERM);
	}
	must(!close(fd));
}

static void open_not_segment(unsigned which, unsigned roles)
{
	int errs[3];

	open_all(not_segments[which % not_segment_count], roles, errs);
	for (unsigned i = 0; i < 3; i++)
		must(errs[i] == -EBADF || errs[i] == -EILSEQ ||
			errs[i] == -EPERM);
}

/* The file of a changed segment. Returns its length. */
static size_t make_changed(
	struct input *input, enum mipc_kind kind, bool change_header)
{
	struct mipc_header *header = (void *)contents;
	unsigned cut = (unsigned)input_bytes(input, 1);
	size_t len = valid[kind].len;
	uint64_t wanted;

	memcpy(contents, valid[kind].bytes, len);
	memset(contents + len, 0, sizeof(contents) - len);
	for (size_t i = 0; change_header && i < CHANGED_HEADER_BYTES; i++)
		contents[i] ^= (uint8_t)input_bytes(input, 1);
	for (unsigned i = 0; i < SCRIBBLES_MAX && input_left(input); i++) {
		struct scribble scribble =
			input_scribble(input, len - BODY_BYTES, BODY_BYTES, 0);
		uint64_t word;

		memcpy(&word, contents + scribble.offset, sizeof(word));
		word = scribbled(&scribble, word, BODY_BYTES, 0, 1);
		memcpy(contents + scribble.offset, &word, sizeof(word));
	}
	wanted = header->data_offset + header->capacity_bytes;
	if (cut < 32)
		return wanted < FILE_BYTES_MAX ? (size_t)wanted : len;
	return cut < 128 ? len : len - (cut - 128) * (cut - 128);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input input = {bytes, bytes + len};
	unsigned choice = (unsigned)input_bytes(&input, 1);
	unsigned roles = choice >> 2 & BOTH;
	unsigned kind = choice & 3;
	/* Sealed against a change of size, or in any other way. */
	int seals = F_SEAL_SHRINK | F_SEAL_GROW;

	if ((choice & 0xe0) == 0xe0) {
		open_not_segment((unsigned)input_bytes(&input, 1), roles);
		return 0;
	}
	if ((choice & 0xe0) == 0xc0)
		seals = (int)input_bytes(&input, 1) & ANY_SEALS;
	if (kind == 0) {
		len = (size_t)(input.end - input.at);
		memcpy(contents, input.at, len);
	} else {
		len = make_changed(&input, kind, choice & 16);
	}
	if (choice & 0x80) {
		open_memory(len, seals, roles);
		return 0;
	}
	must(!ftruncate(file, (off_t)len));
	must(pwrite(file, contents, len, 0) == (ssize_t)len);
	open_as_one_kind(BY_NAME, roles);
	return 0;
}
