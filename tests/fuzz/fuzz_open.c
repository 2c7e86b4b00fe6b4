/* fuzz_open.c - a file with any bytes in it, opened as each kind of segment, by
 * fuzzing.
 *
 * The input changes a valid segment of some kind: the header by bits that are
 * flipped, the rest by words that are written, the length by a number of bytes
 * (with no bytes of input at all it is valid); or it is the file's contents as it
 * stands. A header that was found valid with another capacity gets a file of the
 * length it asks for. What opens is used: a few calls that poll.
 *
 * There is one file, written anew each time.
 */
#include "fuzz_input.h"

#include <errno.h>
#include <fcntl.h>
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
};

static char name[64], path[96];
static int file;

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
	return 0;
}

static void must_refuse_or_open(int err)
{
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

/* As each kind: at most one of them opens. */
static void open_all(unsigned roles)
{
	mipc_queue *queue;
	mipc_ring *ring;
	mipc_shm *shm;
	int errs[3] = {mipc_shm_open(name, NULL, &shm)};

	if (!errs[0]) {
		use_shm(shm);
		mipc_shm_close(shm);
	}
	errs[1] = mipc_ring_open(name, roles, NULL, &ring);
	if (!errs[1]) {
		use_ring(ring);
		mipc_ring_close(ring);
	}
	errs[2] = mipc_queue_open(name, NULL, &queue);
	if (!errs[2]) {
		use_queue(queue);
		mipc_queue_close(queue);
	}
	for (unsigned i = 0; i < 3; i++)
		must_refuse_or_open(errs[i]);
	must(!errs[0] + !errs[1] + !errs[2] <= 1);
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
	unsigned kind = choice & 3;

	if (kind == 0) {
		len = (size_t)(input.end - input.at);
		memcpy(contents, input.at, len);
	} else {
		len = make_changed(&input, kind, choice & 16);
	}
	must(!ftruncate(file, (off_t)len));
	must(pwrite(file, contents, len, 0) == (ssize_t)len);
	open_all(choice >> 2 & BOTH);
	return 0;
}
