/* test_guard.c - the file under a handle is truncated: with the guard every call
 * ends, the next one with -EBADMSG, and any other SIGBUS goes where it would
 * have gone. libcheck gives each test a process, so each installs its own guard.
 */
#include "lib_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	BODY_BYTES = 3000,
	CAPACITY_BYTES = 1 << 16,
	OFFSETS = 24,
	LIVE_ROUNDS = 300,
	PATIENCE_MS = 20000,
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
};

/* One segment of each product, and what is done with it. */
struct target {
	const char *name;
	int (*create)(const char *name, void **ret_handle);
	int (*open)(const char *name, void **ret_handle);
	void (*close)(void *handle);
	int (*in)(void *handle);  /* 0 while it works */
	int (*out)(void *handle); /* the same */
	int (*unlink)(const char *name);
};

static uint8_t body[BODY_BYTES];

static int create_ring(const char *name, void **ret_handle)
{
	return mipc_ring_create(
		name, CAPACITY_BYTES, BOTH, NULL, (mipc_ring **)ret_handle);
}

static int open_ring(const char *name, void **ret_handle)
{
	return mipc_ring_open(name, BOTH, NULL, (mipc_ring **)ret_handle);
}

static void close_ring(void *handle)
{
	mipc_ring_close(handle);
}

static int write_ring(void *handle)
{
	return mipc_ring_write(handle, body, sizeof(body), 0);
}

static int read_ring(void *handle)
{
	size_t len;

	return mipc_ring_read(handle, body, sizeof(body), 0, &len);
}

static int create_queue(const char *name, void **ret_handle)
{
	return mipc_queue_create(
		name, CAPACITY_BYTES, NULL, (mipc_queue **)ret_handle);
}

static int open_queue(const char *name, void **ret_handle)
{
	return mipc_queue_open(name, NULL, (mipc_queue **)ret_handle);
}

static void close_queue(void *handle)
{
	mipc_queue_close(handle);
}

static int put_queue(void *handle)
{
	return mipc_queue_put(handle, body, sizeof(body), 0);
}

static int get_queue(void *handle)
{
	size_t len;

	return mipc_queue_get(handle, body, sizeof(body), 0, &len);
}

static int create_shm(const char *name, void **ret_handle)
{
	return mipc_shm_create(
		name, CAPACITY_BYTES, NULL, (mipc_shm **)ret_handle);
}

static int open_shm(const char *name, void **ret_handle)
{
	return mipc_shm_open(name, NULL, (mipc_shm **)ret_handle);
}

static void close_shm(void *handle)
{
	mipc_shm_close(handle);
}

static int write_shm(void *handle)
{
	return mipc_shm_write(
		handle, CAPACITY_BYTES - BODY_BYTES, body, sizeof(body));
}

static int read_shm(void *handle)
{
	return mipc_shm_read(
		handle, CAPACITY_BYTES - BODY_BYTES, body, sizeof(body));
}

static const struct target targets[] = {
	{"ring", create_ring, open_ring, close_ring, write_ring, read_ring,
		mipc_ring_unlink},
	{"queue", create_queue, open_queue, close_queue, put_queue, get_queue,
		mipc_queue_unlink},
	{"shm", create_shm, open_shm, close_shm, write_shm, read_shm,
		mipc_shm_unlink},
};

static void truncate_to(const char *name, off_t size_bytes)
{
	char path[LIB_PATH_BYTES];

	lib_path(path, name);
	WANT(truncate(path, size_bytes), 0);
}

/* Whatever is in it. */
static void remove_file(const char *name)
{
	char path[LIB_PATH_BYTES];

	lib_path(path, name);
	WANT(unlink(path), 0);
}

/* What to cut a file down to: nothing, within the header's page, to where the
 * data start, and in the midst of them. */
static off_t cut(unsigned which)
{
	const off_t page = (off_t)sysconf(_SC_PAGESIZE);
	const off_t data =
		((off_t)sizeof(struct mipc_segment) + page - 1) / page * page;
	const off_t sizes[] = {0, 100, data, data + CAPACITY_BYTES / 2};

	return sizes[which];
}

enum { CUTS = 4 };

/* Messages in and out, so that the next ones lie at another offset, up to over
 * the end; one stays. */
static void advance(const struct target *target, void *handle, unsigned laps)
{
	WANT(target->in(handle), 0);
	for (unsigned i = 0; i < laps; i++) {
		WANT(target->in(handle), 0);
		WANT(target->out(handle), 0);
	}
}

/* Calls until one has met the hole; then all that read or write are refused. */
static void want_end(const struct target *target, void *handle)
{
	bool met = false;

	for (unsigned i = 0; i < 60 && !met; i++)
		met = target->in(handle) == -EBADMSG ||
		      target->out(handle) == -EBADMSG;
	if (!met)
		lib_fail("%s: no call was refused", target->name);
	for (unsigned i = 0; i < 3; i++) {
		WANT(target->in(handle), -EBADMSG);
		WANT(target->out(handle), -EBADMSG);
	}
}

START_TEST(test_guard_truncated_segment_is_ebadmsg_from_then_on)
{
	WANT(mipc_guard_sigbus(), 0);
	WANT(mipc_guard_sigbus(), 0);
	for (unsigned i = 0; i < COUNT(targets) * CUTS * OFFSETS; i++) {
		const struct target *target = &targets[i % COUNT(targets)];
		unsigned which = i / COUNT(targets) % CUTS;
		unsigned laps = i / COUNT(targets) / CUTS;
		char name[LIB_NAME_BYTES];
		void *handle, *other;

		lib_name(name);
		WANT(target->create(name, &handle), 0);
		advance(target, handle, laps);
		truncate_to(name, cut(which));
		want_end(target, handle);
		target->close(handle);
		/* The name can be had again. */
		WANT(target->open(name, &other),
			cut(which) ? -EBADMSG : -EILSEQ);
		WANT(cut(which) ? target->unlink(name) : 0, 0);
		if (!cut(which))
			remove_file(name);
	}
}
END_TEST

struct victim {
	const struct target *target;
	char name[LIB_NAME_BYTES];
	void *handle;
	_Atomic unsigned step;
};

static void meet_the_hole(void *arg)
{
	struct victim *victim = arg;

	want_end(victim->target, victim->handle);
}

/* How SIGBUS was handled before the guard came. */
enum earlier {
	BY_DEFAULT,
	IGNORED,
	BY_PLAIN,
	BY_SIGINFO,
	EARLIER_COUNT,
};

struct chain {
	enum earlier earlier;
	bool sent; /* by kill(2), not by a fault */
};

static uint8_t *hole;

static void end_plainly(int number)
{
	_exit(number == SIGBUS ? 0 : 1);
}

static void end_knowingly(int number, siginfo_t *info, void *context)
{
	bool told = info->si_code <= 0 || info->si_addr == hole;

	_exit(number == SIGBUS && told && context ? 0 : 1);
}

static void handle_as(enum earlier earlier)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	if (earlier == IGNORED)
		action.sa_handler = SIG_IGN;
	if (earlier == BY_PLAIN)
		action.sa_handler = end_plainly;
	if (earlier == BY_SIGINFO) {
		action.sa_sigaction = end_knowingly;
		action.sa_flags = SA_SIGINFO;
	}
	WANT(sigaction(SIGBUS, &action, NULL), 0);
}

static void meet_it_in_ones_own(void *arg)
{
	struct victim *victim = arg;

	/* A sanitizer has a handler of its own. */
	handle_as(BY_DEFAULT);
	WANT(victim->target->create(victim->name, &victim->handle), 0);
	truncate_to(victim->name, cut(2));
	meet_the_hole(arg);
}

/* How did @pid end? The signal; 0: with exit status 0. */
static int signal_of(pid_t pid)
{
	int status;

	WANT(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	WANT(WEXITSTATUS(status), 0);
	return 0;
}

START_TEST(test_guard_not_asked_for_is_sigbus)
{
	struct victim *victim = lib_shared(sizeof(*victim));

	for (unsigned i = 0; i < COUNT(targets); i++) {
		victim->target = &targets[i];
		lib_name(victim->name);
		WANT(signal_of(lib_spawn(meet_it_in_ones_own, victim)), SIGBUS);
		WANT(targets[i].unlink(victim->name), 0);
	}
}
END_TEST

START_TEST(test_guard_goes_on_in_a_forked_child)
{
	struct victim *victim = lib_shared(sizeof(*victim));

	WANT(mipc_guard_sigbus(), 0);
	/* The role of a ring stays with the parent. */
	for (unsigned i = 1; i < COUNT(targets); i++) {
		victim->target = &targets[i];
		lib_name(victim->name);
		WANT(targets[i].create(victim->name, &victim->handle), 0);
		truncate_to(victim->name, cut(2));
		lib_join(lib_spawn(meet_the_hole, victim));
		want_end(victim->target, victim->handle);
		targets[i].close(victim->handle);
		remove_file(victim->name);
	}
}
END_TEST

static void wait_in_vain(void *arg)
{
	struct victim *victim = arg;
	bool ring = victim->target == &targets[0];
	uint8_t buffer[BODY_BYTES];
	void *handle;
	size_t len;

	WANT(mipc_guard_sigbus(), 0);
	WANT(ring ? mipc_ring_open(victim->name, MIPC_RING_CONSUMER, NULL,
			    (mipc_ring **)&handle)
		  : open_queue(victim->name, &handle),
		0);
	lib_step(&victim->step, 1);
	/* Where it waits the memory is gone; and so says the wait itself. */
	WANT(ring ? mipc_ring_read(
			    handle, buffer, sizeof(buffer), MIPC_FOREVER, &len)
		  : mipc_queue_get(
			    handle, buffer, sizeof(buffer), MIPC_FOREVER, &len),
		-EBADMSG);
	victim->target->close(handle);
}

START_TEST(test_guard_waiter_is_told)
{
	struct victim *victim = lib_shared(sizeof(*victim));

	WANT(mipc_guard_sigbus(), 0);
	for (unsigned i = 0; i < 20; i++) {
		mipc_ring *ring = NULL;
		void *handle = NULL;
		pid_t child;

		victim->target = &targets[i % 2];
		lib_name(victim->name);
		lib_step(&victim->step, 0);
		if (i % 2 == 0)
			WANT(mipc_ring_create(victim->name, CAPACITY_BYTES,
				     MIPC_RING_PRODUCER, NULL, &ring),
				0);
		else
			WANT(create_queue(victim->name, &handle), 0);
		child = lib_spawn(wait_in_vain, victim);
		lib_await(&victim->step, 1);
		lib_sleep_us(i * 100);
		truncate_to(victim->name, 0);
		lib_join(child);
		victim->target->close(i % 2 ? handle : (void *)ring);
		remove_file(victim->name);
	}
}
END_TEST

START_TEST(test_guard_view_over_a_hole_reads_zeroes)
{
	char name[LIB_NAME_BYTES];
	mipc_shm *shm;
	uint64_t word;
	void *view;
	uint8_t *bytes;

	WANT(mipc_guard_sigbus(), 0);
	lib_name(name);
	WANT(mipc_shm_create(name, CAPACITY_BYTES, NULL, &shm), 0);
	WANT(mipc_shm_view(shm, 0, CAPACITY_BYTES, &view), 0);
	bytes = view;
	memset(bytes, 7, CAPACITY_BYTES);
	truncate_to(name, cut(3));
	WANT(bytes[0], 7);
	WANT(mipc_shm_read_u64(shm, 0, &word), 0);
	for (size_t i = CAPACITY_BYTES; i-- > CAPACITY_BYTES / 2;) {
		WANT(bytes[i], 0);
		bytes[i] = 9;
	}
	/* What lies before it is still shared. */
	WANT(bytes[CAPACITY_BYTES / 2 - 1], 7);
	WANT(mipc_shm_read_u64(shm, 0, &word), -EBADMSG);
	WANT(mipc_shm_write_u64(shm, 0, 1), -EBADMSG);
	WANT(mipc_shm_add_u64(shm, 0, 1, NULL), -EBADMSG);
	WANT(mipc_shm_clear(shm), -EBADMSG);
	WANT(mipc_shm_view(shm, 0, 1, &view), -EBADMSG);
	WANT(mipc_shm_size(shm), CAPACITY_BYTES);
	WANT(bytes[0], 7);
	mipc_shm_close(shm);
	WANT(mipc_shm_unlink(name), 0);
}
END_TEST

START_TEST(test_guard_lock_before_the_hole_is_released_for_all)
{
	char name[LIB_NAME_BYTES];
	struct mipc_queue_control *control;
	struct lib_view view;
	void *handle;

	WANT(mipc_guard_sigbus(), 0);
	lib_name(name);
	WANT(create_queue(name, &handle), 0);
	lib_view_open(&view, name);
	control = &view.shared->queue;
	truncate_to(name, cut(2));
	/* Under the producers' lock it meets the hole; then it is refused. */
	(void)put_queue(handle);
	WANT(put_queue(handle), -EBADMSG);
	WANT(atomic_load(&control->producers.lock.word), 0);
	WANT(atomic_load(&control->producers.lock.owner), 0);
	close_queue(handle);
	lib_view_close(&view);
	WANT(mipc_queue_unlink(name), 0);
}
END_TEST

/* Memory of which the file is gone, and which is none of the library's. */
static uint8_t *foreign_hole(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create("hole", MFD_CLOEXEC);
	uint8_t *memory;

	WANT_TRUE(fd >= 0 && !ftruncate(fd, (off_t)page));
	memory = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	WANT_TRUE(memory != MAP_FAILED);
	WANT(ftruncate(fd, 0), 0);
	close(fd);
	return memory;
}

static void meet_something_else(void *arg)
{
	const struct chain *chain = arg;
	char name[LIB_NAME_BYTES];
	void *handle;

	handle_as(chain->earlier);
	lib_name(name);
	WANT(create_queue(name, &handle), 0);
	WANT(mipc_queue_unlink(name), 0);
	WANT(mipc_guard_sigbus(), 0);
	hole = foreign_hole();
	if (chain->sent)
		raise(SIGBUS);
	else
		_exit(*(volatile uint8_t *)hole ? 2 : 3);
	/* Only what is ignored comes here. */
	_exit(chain->earlier == IGNORED ? 0 : 4);
}

START_TEST(test_guard_other_sigbus_goes_where_it_would_have_gone)
{
	for (unsigned i = 0; i < EARLIER_COUNT * 2; i++) {
		struct chain chain = {
			.earlier = (enum earlier)(i / 2), .sent = i % 2};
		bool deadly = chain.earlier == BY_DEFAULT ||
			      (chain.earlier == IGNORED && !chain.sent);

		WANT(signal_of(lib_spawn(meet_something_else, &chain)),
			deadly ? SIGBUS : 0);
	}
}
END_TEST

/* Once a handle is closed its addresses are nobody's. */
static void meet_it_after_close(void *arg)
{
	char name[LIB_NAME_BYTES];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *handles[3], *view;

	(void)arg;
	handle_as(BY_DEFAULT);
	WANT(mipc_guard_sigbus(), 0);
	lib_name(name);
	WANT(create_shm(name, &handles[0]), 0);
	WANT(open_shm(name, &handles[1]), 0);
	WANT(open_shm(name, &handles[2]), 0);
	WANT(mipc_shm_unlink(name), 0);
	WANT(mipc_shm_view(handles[1], 0, 1, &view), 0);
	close_shm(handles[1]);
	hole = foreign_hole();
	WANT_TRUE(mremap(hole, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
			  view) == view);
	_exit(*(volatile uint8_t *)view ? 2 : 3);
}

START_TEST(test_guard_closed_handle_is_not_mended)
{
	WANT(signal_of(lib_spawn(meet_it_after_close, NULL)), SIGBUS);
}
END_TEST

/* Truncate and restore at random, all the while. */
static void cut_for_ever(void *arg)
{
	struct victim *victim = arg;
	uint64_t seed = lib_now_ns();
	char path[LIB_PATH_BYTES];
	struct stat st;

	lib_path(path, victim->name);
	WANT(stat(path, &st), 0);
	lib_step(&victim->step, 1);
	for (;;) {
		off_t size = st.st_size;

		WANT(truncate(
			     path, (off_t)(lib_random(&seed) % (uint64_t)size)),
			0);
		lib_sleep_us((unsigned)(lib_random(&seed) % 50));
		WANT(truncate(path, size), 0);
		lib_sleep_us((unsigned)(lib_random(&seed) % 50));
	}
}

START_TEST(test_guard_under_a_live_truncater_answers)
{
	struct victim *victim = lib_shared(sizeof(*victim));

	WANT(mipc_guard_sigbus(), 0);
	for (unsigned i = 0; i < LIVE_ROUNDS; i++) {
		const struct target *target = &targets[i % COUNT(targets)];
		void *handle;
		pid_t child;

		lib_name(victim->name);
		lib_step(&victim->step, 0);
		WANT(target->create(victim->name, &handle), 0);
		advance(target, handle, i % OFFSETS);
		child = lib_spawn(cut_for_ever, victim);
		lib_await(&victim->step, 1);
		for (unsigned k = 0; k < 40; k++) {
			(void)target->in(handle);
			(void)target->out(handle);
			if (k % 8 != 7)
				continue;
			target->close(handle);
			handle = NULL;
			/* A header of zeroes is none; a short file is bad. */
			if (target->open(victim->name, &handle))
				handle = NULL;
			if (!handle)
				break;
		}
		if (handle)
			target->close(handle);
		lib_kill(child);
		remove_file(victim->name);
	}
}
END_TEST

/* Here it is the watcher, a thread of the handle's own, that meets the hole. */
static void check_event_loop_is_told(const struct target *target,
	int (*event_fd)(void *handle), int (*arm)(void *handle))
{
	char name[LIB_NAME_BYTES];
	struct pollfd bell = {.events = POLLIN};
	void *handle;

	lib_name(name);
	WANT(target->create(name, &handle), 0);
	bell.fd = event_fd(handle);
	WANT_TRUE(bell.fd >= 0);
	do
		WANT(target->out(handle), -EAGAIN);
	while (arm(handle) == 1 || poll(&bell, 1, 2) == 1);
	truncate_to(name, 0);
	WANT(poll(&bell, 1, PATIENCE_MS), 1);
	WANT(target->out(handle), -EBADMSG);
	WANT(arm(handle), -EBADMSG);
	target->close(handle);
	remove_file(name);
}

static int ring_event_fd(void *handle)
{
	return mipc_ring_event_fd(handle);
}

static int ring_event_arm(void *handle)
{
	return mipc_ring_event_arm(handle);
}

static int queue_event_fd(void *handle)
{
	return mipc_queue_event_fd(handle);
}

static int queue_event_arm(void *handle)
{
	return mipc_queue_event_arm(handle);
}

START_TEST(test_guard_event_loop_is_told)
{
	WANT(mipc_guard_sigbus(), 0);
	check_event_loop_is_told(&targets[0], ring_event_fd, ring_event_arm);
	check_event_loop_is_told(&targets[1], queue_event_fd, queue_event_arm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_guard_truncated_segment_is_ebadmsg_from_then_on,
		test_guard_not_asked_for_is_sigbus,
		test_guard_goes_on_in_a_forked_child,
		test_guard_waiter_is_told,
		test_guard_event_loop_is_told,
		test_guard_view_over_a_hole_reads_zeroes,
		test_guard_lock_before_the_hole_is_released_for_all,
		test_guard_other_sigbus_goes_where_it_would_have_gone,
		test_guard_closed_handle_is_not_mended,
		test_guard_under_a_live_truncater_answers,
	};

	return LIB_MAIN("guard", tests);
}
