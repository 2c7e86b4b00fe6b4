/* test_watch.c - the descriptor for event loops: when it is readable and when not,
 * across processes, forks, deaths and close.
 */
#include "lib_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>

enum {
	MESSAGES = 20000,
	PATIENCE_MS = 20000,
	/* To see that nothing happens. Several naps of the watcher. */
	QUIET_MS = 50,
};

/* Ring and queue are watched alike. */
struct way {
	const char *name;
	void *(*make)(const char *name); /* and attach as consumer */
	void *(*join)(const char *name); /* as producer */
	int (*send)(void *handle, const void *data, size_t len, uint64_t ns);
	int (*receive)(void *handle, void *data, size_t size, uint64_t ns,
		size_t *ret_len);
	int (*fd)(void *handle);
	int (*arm)(void *handle);
	void (*cancel)(void *handle);
	void (*close)(void *handle);
	int (*unlink)(const char *name);
};

static void *make_ring(const char *name)
{
	mipc_ring *ring;

	WANT(mipc_ring_create(name, 1, MIPC_RING_CONSUMER, NULL, &ring), 0);
	return ring;
}

static void *join_ring(const char *name)
{
	mipc_ring *ring;

	WANT(mipc_ring_open(name, MIPC_RING_PRODUCER, NULL, &ring), 0);
	return ring;
}

static int send_ring(void *handle, const void *data, size_t len, uint64_t ns)
{
	return mipc_ring_write(handle, data, len, ns);
}

static int receive_ring(
	void *handle, void *data, size_t size, uint64_t ns, size_t *ret_len)
{
	return mipc_ring_read(handle, data, size, ns, ret_len);
}

static int ring_fd(void *handle)
{
	return mipc_ring_event_fd(handle);
}

static int arm_ring(void *handle)
{
	return mipc_ring_event_arm(handle);
}

static void cancel_ring(void *handle)
{
	mipc_ring_cancel(handle);
}

static void close_ring(void *handle)
{
	mipc_ring_close(handle);
}

static void *make_queue(const char *name)
{
	mipc_queue *queue;

	WANT(mipc_queue_create(name, 1, NULL, &queue), 0);
	return queue;
}

static void *join_queue(const char *name)
{
	mipc_queue *queue;

	WANT(mipc_queue_open(name, NULL, &queue), 0);
	return queue;
}

static int send_queue(void *handle, const void *data, size_t len, uint64_t ns)
{
	return mipc_queue_put(handle, data, len, ns);
}

static int receive_queue(
	void *handle, void *data, size_t size, uint64_t ns, size_t *ret_len)
{
	return mipc_queue_get(handle, data, size, ns, ret_len);
}

static int queue_fd(void *handle)
{
	return mipc_queue_event_fd(handle);
}

static int arm_queue(void *handle)
{
	return mipc_queue_event_arm(handle);
}

static void cancel_queue(void *handle)
{
	mipc_queue_cancel(handle);
}

static void close_queue(void *handle)
{
	mipc_queue_close(handle);
}

static const struct way ways[] = {
	{"ring", make_ring, join_ring, send_ring, receive_ring, ring_fd,
		arm_ring, cancel_ring, close_ring, mipc_ring_unlink},
	{"queue", make_queue, join_queue, send_queue, receive_queue, queue_fd,
		arm_queue, cancel_queue, close_queue, mipc_queue_unlink},
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

struct play {
	const struct way *way;
	char name[LIB_NAME_BYTES];
	void *consumer;
	_Atomic unsigned *steps;
	unsigned burst;
};

static void play_open(struct play *play, const struct way *way)
{
	memset(play, 0, sizeof(*play));
	play->way = way;
	lib_name(play->name);
	play->consumer = way->make(play->name);
	play->steps = lib_shared(sizeof(*play->steps));
}

static void play_close(struct play *play)
{
	play->way->close(play->consumer);
	WANT(play->way->unlink(play->name), 0);
}

static bool readable_within(int fd, int timeout_ms)
{
	struct pollfd wait = {fd, POLLIN, 0};
	int rc = poll(&wait, 1, timeout_ms);

	WANT_TRUE(rc >= 0);
	return rc == 1;
}

static int receive_number(struct play *play, unsigned *ret_number)
{
	size_t len = 0;
	int err = play->way->receive(
		play->consumer, ret_number, sizeof(*ret_number), 0, &len);

	if (!err)
		WANT(len, sizeof(*ret_number));
	return err;
}

/* Nothing there, armed, and not readable: somebody who attached may have been told
 * of for nothing. */
static void calm(struct play *play)
{
	int fd = play->way->fd(play->consumer);
	unsigned number;

	do
		WANT(receive_number(play, &number), -EAGAIN);
	while (play->way->arm(play->consumer) == 1 || readable_within(fd, 2));
}

static void check_is_readable_from_a_message_to_the_next_arm(
	const struct way *way)
{
	struct play play;
	unsigned number = 7;
	void *producer;
	int fd;

	play_open(&play, way);
	producer = way->join(play.name);
	fd = way->fd(play.consumer);
	WANT_TRUE(fd >= 0);
	WANT(way->fd(play.consumer), fd);
	WANT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	calm(&play);
	WANT_TRUE(!readable_within(fd, QUIET_MS));
	for (unsigned i = 0; i < 100; i++) {
		WANT(way->send(producer, &i, sizeof(i), 0), 0);
		WANT_TRUE(readable_within(fd, PATIENCE_MS));
		/* A message left behind is told of again, whoever asks. */
		WANT(way->arm(play.consumer), 1);
		WANT_TRUE(readable_within(fd, 0));
		WANT(receive_number(&play, &number), 0);
		WANT(number, i);
		WANT(receive_number(&play, &number), -EAGAIN);
		WANT(way->arm(play.consumer), 0);
		WANT(way->arm(play.consumer), 0);
	}
	calm(&play);
	WANT_TRUE(!readable_within(fd, QUIET_MS));
	way->close(producer);
	play_close(&play);
}

START_TEST(test_watch_is_readable_from_a_message_to_the_next_arm)
{
	for (unsigned i = 0; i < WAYS; i++)
		check_is_readable_from_a_message_to_the_next_arm(&ways[i]);
}
END_TEST

static void check_finds_what_was_there_before(const struct way *way)
{
	struct play play;
	void *producer;

	play_open(&play, way);
	producer = way->join(play.name);
	WANT(way->arm(play.consumer), -EINVAL); /* no descriptor yet */
	WANT(way->send(producer, "x", 1, 0), 0);
	WANT_TRUE(readable_within(way->fd(play.consumer), PATIENCE_MS));
	way->close(producer);
	play_close(&play);
}

START_TEST(test_watch_finds_what_was_there_before)
{
	for (unsigned i = 0; i < WAYS; i++)
		check_finds_what_was_there_before(&ways[i]);
}
END_TEST

static void send_all(void *arg)
{
	struct play *play = arg;
	void *producer = play->way->join(play->name);

	for (unsigned i = 0; i < MESSAGES; i++) {
		if (i % play->burst == 0) /* let the loop fall asleep */
			lib_await(play->steps, i);
		WANT(play->way->send(producer, &i, sizeof(i), LIB_PATIENCE_NS),
			0);
	}
	lib_await(play->steps, MESSAGES + 1);
	play->way->close(producer);
}

/* The producer goes on as soon as the loop has got what it sent, while the loop
 * arms: between any two of its instructions. */
static void check_loses_no_message_between_read_and_poll(const struct way *way)
{
	static const unsigned bursts[] = {1, 2, 64};

	for (unsigned k = 0; k < 3; k++) {
		struct play play;
		unsigned next = 0, number = 0;
		pid_t child;
		int fd;

		play_open(&play, way);
		play.burst = bursts[k];
		child = lib_spawn(send_all, &play);
		fd = play.way->fd(play.consumer);
		while (next < MESSAGES) {
			if (!readable_within(fd, PATIENCE_MS))
				lib_fail("%s: message %u was never told of",
					play.way->name, next);
			while (receive_number(&play, &number) == 0) {
				WANT(number, next);
				lib_step(play.steps, ++next);
			}
			WANT_TRUE(play.way->arm(play.consumer) >= 0);
		}
		lib_step(play.steps, MESSAGES + 1);
		lib_join(child);
		play_close(&play);
	}
}

START_TEST(test_watch_loses_no_message_between_read_and_poll)
{
	for (unsigned i = 0; i < WAYS; i++)
		check_loses_no_message_between_read_and_poll(&ways[i]);
}
END_TEST

/* A commit without a wake: what a producer leaves that is killed between them. */
static void check_finds_a_message_whose_producer_died_before_the_wake(
	const struct way *way)
{
	for (unsigned i = 0; i < 20; i++) {
		struct play play;
		struct lib_view view;
		_Atomic uint32_t *event;
		void *producer;
		int fd;

		play_open(&play, way);
		producer = way->join(play.name);
		lib_view_open(&view, play.name);
		event = way == &ways[0]
				? &view.shared->ring.readable.word
				: &view.shared->queue.consumers.event.word;
		fd = way->fd(play.consumer);
		calm(&play);
		/* Asleep; then, to the producer, as if nobody was. */
		while (!(atomic_load(event) & 1))
			lib_sleep_us(100);
		lib_sleep_us(i * 500);
		atomic_store(event, atomic_load(event) & ~3u);
		WANT(way->send(producer, "x", 1, 0), 0);
		WANT_TRUE(readable_within(fd, PATIENCE_MS));
		lib_view_close(&view);
		way->close(producer);
		play_close(&play);
	}
}

START_TEST(test_watch_finds_a_message_whose_producer_died_before_the_wake)
{
	for (unsigned i = 0; i < WAYS; i++)
		check_finds_a_message_whose_producer_died_before_the_wake(
			&ways[i]);
}
END_TEST

static void send_and_wait(void *arg)
{
	struct play *play = arg;
	void *producer = play->way->join(play->name);

	WANT(play->way->send(producer, "x", 1, 0), 0);
	lib_step(play->steps, 1);
	lib_sleep_for_ever();
}

START_TEST(test_watch_of_a_ring_tells_of_a_producer_that_was_killed)
{
	struct play play;
	pid_t child;
	char byte;
	size_t len;
	int fd;

	play_open(&play, &ways[0]);
	child = lib_spawn(send_and_wait, &play);
	lib_await(play.steps, 1);
	fd = mipc_ring_event_fd(play.consumer);
	WANT(mipc_ring_read(play.consumer, &byte, 1, 0, &len), 0);
	calm(&play);
	lib_kill(child);
	WANT_TRUE(readable_within(fd, PATIENCE_MS));
	WANT(mipc_ring_read(play.consumer, &byte, 1, 0, &len), -EPIPE);
	WANT(mipc_ring_event_arm(play.consumer), 1);
	play_close(&play);
}
END_TEST

static void lease_and_wait(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = play->way->join(play->name);
	struct mipc_lease lease;

	WANT(mipc_queue_acquire(queue, LIB_PATIENCE_NS, &lease), 0);
	lib_step(play->steps, 1);
	lib_sleep_for_ever();
}

START_TEST(test_watch_of_a_queue_tells_of_what_a_dead_worker_had_leased)
{
	struct play play;
	char byte;
	size_t len;
	pid_t child;
	int fd;

	play_open(&play, &ways[1]);
	child = lib_spawn(lease_and_wait, &play);
	WANT(mipc_queue_put(play.consumer, "x", 1, 0), 0);
	lib_await(play.steps, 1);
	fd = mipc_queue_event_fd(play.consumer);
	calm(&play);
	lib_kill(child);
	WANT_TRUE(readable_within(fd, PATIENCE_MS));
	WANT(mipc_queue_get(play.consumer, &byte, 1, 0, &len), 0);
	play_close(&play);
}
END_TEST

/* In a child that has the parent's handle and its descriptor. */
static void watch_copy(void *arg)
{
	struct play *play = arg;
	unsigned number;
	int fd;

	if (play->way->fd == ring_fd) { /* the role stays with the parent */
		WANT(play->way->fd(play->consumer), -EBUSY);
		WANT(play->way->arm(play->consumer), -EBUSY);
	} else {
		WANT(play->way->arm(play->consumer), -EINVAL);
		fd = play->way->fd(play->consumer);
		WANT_TRUE(fd >= 0);
		WANT(play->way->fd(play->consumer), fd);
		calm(play);
		number = 1;
		WANT(play->way->send(
			     play->consumer, &number, sizeof(number), 0),
			0);
		WANT_TRUE(readable_within(fd, PATIENCE_MS));
		WANT(receive_number(play, &number), 0);
	}
	play->way->close(play->consumer);
}

static void close_copy(void *arg)
{
	struct play *play = arg;

	play->way->close(play->consumer);
}

/* A thread in the child of a process with threads: the system and its C library
 * can do it, what some tests are run under cannot. */
static bool child_has_threads(void)
{
#ifdef __SANITIZE_THREAD__
	lib_skip("a watch in a forked child: ThreadSanitizer cannot follow");
	return false;
#else
	if (getenv("MIPC_TEST_QEMU"))
		lib_skip("a watch in a forked child: qemu-user gives up");
	return !getenv("MIPC_TEST_QEMU");
#endif
}

static void check_in_a_forked_child_is_its_own(const struct way *way)
{
	struct play play;
	/* The ring's is refused before it comes to a thread. */
	bool only_close = way->fd != ring_fd && !child_has_threads();
	unsigned number = 3;
	void *producer;
	int fd;

	play_open(&play, way);
	producer = way->join(play.name);
	fd = way->fd(play.consumer);
	for (unsigned i = 0; i < 20; i++) {
		/* At any state of the watcher, its mutex included. */
		way->arm(play.consumer);
		lib_sleep_us(i * 10);
		lib_join(lib_spawn(
			only_close || i % 2 ? close_copy : watch_copy, &play));
		/* The parent's goes on, whatever the child told it of. */
		calm(&play);
		WANT(way->send(producer, &number, sizeof(number), 0), 0);
		WANT_TRUE(readable_within(fd, PATIENCE_MS));
		WANT(receive_number(&play, &number), 0);
	}
	way->close(producer);
	play_close(&play);
}

START_TEST(test_watch_in_a_forked_child_is_its_own)
{
	for (unsigned i = 0; i < WAYS; i++)
		check_in_a_forked_child_is_its_own(&ways[i]);
}
END_TEST

static void check_ends_with_its_handle_in_any_state(const struct way *way)
{
	for (unsigned i = 0; i < 200; i++) {
		struct play play;
		int fd;

		play_open(&play, way);
		fd = way->fd(play.consumer);
		lib_sleep_us(i % 10 * 20);
		if (i % 3 == 0)
			way->arm(play.consumer);
		play_close(&play);
		WANT(fcntl(fd, F_GETFD), -1); /* closed */
	}
}

START_TEST(test_watch_ends_with_its_handle_in_any_state)
{
	for (unsigned i = 0; i < WAYS; i++)
		check_ends_with_its_handle_in_any_state(&ways[i]);
}
END_TEST

static _Atomic unsigned signals;

static void note_signal(int number)
{
	(void)number;
	atomic_fetch_add(&signals, 1);
}

/* A signal to the process goes to a thread that takes it: never the watcher. */
static void check_takes_no_signal(const struct way *way)
{
	const struct sigaction note = {.sa_handler = note_signal};
	unsigned before = atomic_load(&signals);
	struct play play;
	sigset_t usr1;

	WANT(sigaction(SIGUSR1, &note, NULL), 0);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	play_open(&play, way);
	WANT_TRUE(play.way->fd(play.consumer) >= 0);
	WANT(sigprocmask(SIG_BLOCK, &usr1, NULL), 0);
	for (unsigned i = 0; i < 10; i++) {
		WANT(kill(getpid(), SIGUSR1), 0);
		lib_sleep_us(3000);
	}
	WANT(atomic_load(&signals), before);
	WANT(sigprocmask(SIG_UNBLOCK, &usr1, NULL), 0);
	WANT(atomic_load(&signals), before + 1);
	play_close(&play);
}

START_TEST(test_watch_takes_no_signal)
{
	for (unsigned i = 0; i < WAYS; i++)
		check_takes_no_signal(&ways[i]);
}
END_TEST

/* Or a loop that goes by the book would turn for ever without a rest. */
static void check_of_a_cancelled_handle_ends_the_loop(const struct way *way)
{
	struct play play;
	unsigned number = 5;
	void *producer;
	int fd;

	play_open(&play, way);
	producer = way->join(play.name);
	fd = way->fd(play.consumer);
	calm(&play);
	way->cancel(play.consumer);
	WANT_TRUE(readable_within(fd, PATIENCE_MS));
	WANT(receive_number(&play, &number), -EAGAIN);
	WANT(way->arm(play.consumer), -ECANCELED);
	/* What there is to take is told of first. */
	WANT(way->send(producer, &number, sizeof(number), 0), 0);
	WANT(way->arm(play.consumer), 1);
	WANT(receive_number(&play, &number), 0);
	WANT(way->arm(play.consumer), -ECANCELED);
	way->close(producer);
	play_close(&play);
}

START_TEST(test_watch_of_a_cancelled_handle_ends_the_loop)
{
	for (unsigned i = 0; i < WAYS; i++)
		check_of_a_cancelled_handle_ends_the_loop(&ways[i]);
}
END_TEST

START_TEST(test_watch_of_a_ring_is_the_consumers)
{
	struct play play;
	mipc_ring *producer;

	play_open(&play, &ways[0]);
	producer = play.way->join(play.name);
	WANT(mipc_ring_event_fd(producer), -EINVAL);
	WANT(mipc_ring_event_arm(producer), -EINVAL);
	mipc_ring_close(producer);
	play_close(&play);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_watch_is_readable_from_a_message_to_the_next_arm,
		test_watch_finds_what_was_there_before,
		test_watch_loses_no_message_between_read_and_poll,
		test_watch_finds_a_message_whose_producer_died_before_the_wake,
		test_watch_of_a_ring_tells_of_a_producer_that_was_killed,
		test_watch_of_a_queue_tells_of_what_a_dead_worker_had_leased,
		test_watch_in_a_forked_child_is_its_own,
		test_watch_ends_with_its_handle_in_any_state,
		test_watch_takes_no_signal,
		test_watch_of_a_cancelled_handle_ends_the_loop,
		test_watch_of_a_ring_is_the_consumers,
	};

	return LIB_MAIN("watch", tests);
}
