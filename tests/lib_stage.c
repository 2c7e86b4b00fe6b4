/* lib_stage.c - what the library's tests share: names, processes, bytes. */
#include "lib_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

#include "platform.h"

static char mark[48];  /* of lib_main(): all names of a run begin with it */
static bool in_child;  /* of a test */
static unsigned names; /* given out by this test */
static unsigned kills; /* by this test */

void lib_fail(const char *format, ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	if (!in_child) {
		printf("failed after %u kills\n", kills);
		fflush(stdout);
		ck_abort_msg("%s", words);
	}
	fprintf(stderr, "child %ld: %s\n", (long)getpid(), words);
	_exit(1);
}

void lib_want(
	const char *file, int line, const char *what, int64_t got, int64_t want)
{
	if (got == want)
		return;
	lib_fail("%s:%d: %s is %" PRId64 " (%s), not %" PRId64 " (%s)", file,
		line, what, got, mipc_strerror(got < 0 ? (int)got : 0), want,
		mipc_strerror(want < 0 ? (int)want : 0));
}

void lib_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("SKIP: ", stdout);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
	va_end(args);
}

void lib_name(char name[LIB_NAME_BYTES])
{
	snprintf(name, LIB_NAME_BYTES, "%s-%ld-%u", mark, (long)getpid(),
		names++);
}

void lib_path(char path[LIB_PATH_BYTES], const char *name)
{
	WANT(platform_path(name, path, LIB_PATH_BYTES), 0);
}

void *lib_shared(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	WANT_TRUE(memory != MAP_FAILED);
	return memory;
}

pid_t lib_spawn(void (*act)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	WANT_TRUE(pid >= 0);
	if (pid)
		return pid;
	in_child = true;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* In a new pid namespace the parent's number is 0. */
	if (getppid() != parent && getppid() != 0)
		_exit(1);
	act(arg);
	_exit(0);
}

void lib_join(pid_t pid)
{
	int status;

	WANT(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		lib_fail("child %ld ended with wait status 0x%x", (long)pid,
			(unsigned)status);
}

void lib_kill(pid_t pid)
{
	int status;

	lib_count_kill();
	WANT(kill(pid, SIGKILL), 0);
	WANT(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		lib_fail("child %ld did not live until it was killed: wait "
			 "status 0x%x",
			(long)pid, (unsigned)status);
}

void lib_count_kill(void)
{
	kills++;
}

void lib_detach(void)
{
	in_child = true;
	prctl(PR_SET_PDEATHSIG, 0);
}

void lib_stop(pid_t pid)
{
	int status;

	WANT(kill(pid, SIGSTOP), 0);
	WANT(waitpid(pid, &status, WUNTRACED), pid);
	WANT_TRUE(WIFSTOPPED(status));
}

void lib_await(const _Atomic unsigned *step, unsigned want)
{
	uint64_t deadline_ns = lib_now_ns() + LIB_PATIENCE_NS;

	/* acquire: what was done before lib_step() is seen */
	while (atomic_load_explicit(step, memory_order_acquire) < want) {
		if (lib_now_ns() > deadline_ns)
			lib_fail("step %u never came", want);
		lib_sleep_us(50);
	}
}

void lib_step(_Atomic unsigned *step, unsigned to)
{
	atomic_store_explicit(step, to, memory_order_release);
}

void lib_sleep_for_ever(void)
{
	for (;;)
		pause();
}

uint64_t lib_now_ns(void)
{
	return platform_now_ns();
}

void lib_sleep_us(unsigned us)
{
	platform_sleep_ns((uint64_t)us * 1000);
}

/* A Weyl sequence and a mixer: any seed will do, even 0. */
uint64_t lib_random(uint64_t *state)
{
	uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
	mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return mixed ^ mixed >> 32;
}

uint64_t lib_seed(const char *what)
{
	const char *given = getenv("MIPC_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : lib_now_ns();

	printf("%s: MIPC_TEST_SEED=%" PRIu64 "\n", what, seed);
	fflush(stdout);
	return seed;
}

static uint8_t message_byte(uint64_t number, size_t at)
{
	uint64_t mixed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15) +
			 at * UINT64_C(0xd6e8feb86659fd93);

	return (uint8_t)(mixed >> 56);
}

void lib_fill(void *body, size_t len, uint64_t number)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)body)[i] = message_byte(number, i);
}

bool lib_matches(const void *body, size_t len, uint64_t number)
{
	for (size_t i = 0; i < len; i++)
		if (((const uint8_t *)body)[i] != message_byte(number, i))
			return false;
	return true;
}

#define MESSAGE_HEAD_BYTES offsetof(struct lib_message, body)

size_t lib_message_make(
	struct lib_message *message, uint32_t sender, uint32_t number)
{
	size_t len = (number * 7 + sender) % (LIB_BODY_MAX_BYTES + 1);

	message->sender = sender;
	message->number = number;
	lib_fill(message->body, len, (uint64_t)sender << 32 | number);
	return MESSAGE_HEAD_BYTES + len;
}

void lib_message_check(const struct lib_message *message, size_t len)
{
	struct lib_message good;

	WANT_TRUE(len >= MESSAGE_HEAD_BYTES);
	WANT(len, lib_message_make(&good, message->sender, message->number));
	WANT(memcmp(message, &good, len), 0);
}

/* Of data in a segment of lib_kinds[]: two pages, so that it is what a ring and
 * a queue have, too, however large a page is. */
static size_t kind_bytes(void)
{
	return 2 * platform_page_bytes();
}

static int create_shm(
	const char *name, const struct mipc_options *options, void **ret_handle)
{
	mipc_shm *made;
	int err = mipc_shm_create(name, kind_bytes(), options, &made);

	if (!err)
		*ret_handle = made;
	return err;
}

static int open_shm(
	const char *name, const struct mipc_options *options, void **ret_handle)
{
	mipc_shm *made;
	int err = mipc_shm_open(name, options, &made);

	if (!err)
		*ret_handle = made;
	return err;
}

static void close_shm(void *handle)
{
	mipc_shm_close(handle);
}

static void use_shm(void *handle)
{
	uint64_t word;

	WANT(mipc_shm_write_u64(handle, kind_bytes() - 8, 77), 0);
	WANT(mipc_shm_read_u64(handle, kind_bytes() - 8, &word), 0);
	WANT(word, 77);
}

/* An observer: so that any number can be open. */
static int create_ring(
	const char *name, const struct mipc_options *options, void **ret_handle)
{
	mipc_ring *made;
	int err = mipc_ring_create(
		name, kind_bytes(), MIPC_RING_OBSERVER, options, &made);

	if (!err)
		*ret_handle = made;
	return err;
}

static int open_ring(
	const char *name, const struct mipc_options *options, void **ret_handle)
{
	mipc_ring *made;
	int err = mipc_ring_open(name, MIPC_RING_OBSERVER, options, &made);

	if (!err)
		*ret_handle = made;
	return err;
}

static void close_ring(void *handle)
{
	mipc_ring_close(handle);
}

static void use_ring(void *handle)
{
	WANT(mipc_ring_capacity(handle), kind_bytes());
	WANT(mipc_ring_available_read(handle), 0);
	WANT(mipc_ring_check(handle), 0);
}

static int create_queue(
	const char *name, const struct mipc_options *options, void **ret_handle)
{
	mipc_queue *made;
	int err = mipc_queue_create(name, kind_bytes(), options, &made);

	if (!err)
		*ret_handle = made;
	return err;
}

static int open_queue(
	const char *name, const struct mipc_options *options, void **ret_handle)
{
	mipc_queue *made;
	int err = mipc_queue_open(name, options, &made);

	if (!err)
		*ret_handle = made;
	return err;
}

static void close_queue(void *handle)
{
	mipc_queue_close(handle);
}

static void use_queue(void *handle)
{
	char body[5];
	size_t len = 0;

	WANT(mipc_queue_put(handle, "hello", 5, 0), 0);
	WANT(mipc_queue_get(handle, body, sizeof(body), 0, &len), 0);
	WANT(len, 5);
	WANT(memcmp(body, "hello", 5), 0);
}

const struct lib_kind lib_kinds[LIB_KIND_COUNT] = {
	{"shm", true, create_shm, open_shm, mipc_shm_unlink, close_shm,
		use_shm},
	{"ring", false, create_ring, open_ring, mipc_ring_unlink, close_ring,
		use_ring},
	{"queue", false, create_queue, open_queue, mipc_queue_unlink,
		close_queue, use_queue},
};

void lib_view_open(struct lib_view *view, const char *name)
{
	char path[LIB_PATH_BYTES];
	struct stat st;
	int fd;

	lib_path(path, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	WANT_TRUE(fd >= 0 && !fstat(fd, &st));
	view->bytes = (size_t)st.st_size;
	view->shared = mmap(
		NULL, view->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	WANT_TRUE(view->shared != MAP_FAILED);
	close(fd);
	view->data = (uint8_t *)view->shared + view->shared->header.data_offset;
	view->data_bytes = view->bytes - view->shared->header.data_offset;
}

void lib_view_close(struct lib_view *view)
{
	munmap(view->shared, view->bytes);
}

struct lib_copy lib_copy_of(const char *path)
{
	struct lib_copy copy = {0};
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	WANT_TRUE(fd >= 0 && !fstat(fd, &st));
	copy.len = (size_t)st.st_size;
	copy.bytes = malloc(copy.len + 1);
	WANT_TRUE(copy.bytes != NULL);
	WANT(read(fd, copy.bytes, copy.len), copy.len);
	close(fd);
	return copy;
}

void lib_copy_free(struct lib_copy *copy)
{
	free(copy->bytes);
	copy->bytes = NULL;
}

void lib_want_unchanged(struct lib_copy *copy, const char *path)
{
	struct lib_copy now = lib_copy_of(path);

	WANT(now.len, copy->len);
	for (size_t i = 0; i < now.len; i++)
		if (now.bytes[i] != copy->bytes[i])
			lib_fail("%s: byte %zu was 0x%02x and is 0x%02x", path,
				i, copy->bytes[i], now.bytes[i]);
	lib_copy_free(&now);
	lib_copy_free(copy);
}

void lib_write_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	WANT_TRUE(fd >= 0);
	WANT(write(fd, bytes, len), len);
	close(fd);
}

static int remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Returns how many names the tests left behind. */
static size_t sweep(void)
{
	char name[LIB_NAME_BYTES], pattern[LIB_PATH_BYTES];
	size_t count;
	glob_t found;

	snprintf(name, sizeof(name), "%s-*", mark);
	lib_path(pattern, name);
	if (glob(pattern, 0, NULL, &found))
		return 0;
	count = found.gl_pathc;
	for (size_t i = 0; i < count; i++) {
		printf("left behind: %s\n", found.gl_pathv[i]);
		nftw(found.gl_pathv[i], remove_one, 8, FTW_DEPTH | FTW_PHYS);
	}
	globfree(&found);
	return count;
}

int lib_main(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	SRunner *srunner = srunner_create(suite);
	int failed;

	/* The time, too: a run that was killed may have left names under this
	 * process number. */
	snprintf(mark, sizeof(mark), "mmapipc-test-%ld-%" PRIx64,
		(long)getpid(), lib_now_ns());
	for (size_t i = 0; i < count; i++) {
		TCase *tcase = tcase_create(tests[i]->name);

		/* a hang, not slowness */
		tcase_set_timeout(tcase, 100);
		tcase_add_test(tcase, tests[i]);
		suite_add_tcase(suite, tcase);
	}
	srunner_run_all(srunner, CK_NORMAL);
	failed = srunner_ntests_failed(srunner);
	srunner_free(srunner);
	if (sweep() > 0 && !failed) {
		puts("a test that passed left a name in shared memory");
		failed = 1;
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
