/* test_namespace.c - threads of the same number in two pid namespaces: neither is
 * taken for the other, alive or dead. White-box: the queue's lock.
 */
#include "lib_stage.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform.h"
#include "queue_handle.h"

enum {
	MESSAGES = 5000, /* of each sender */
	SENDERS = 2,
};

/* What all the processes share. */
struct scene {
	char name[LIB_NAME_BYTES];
	_Atomic unsigned step;
	_Atomic unsigned attached;
	_Atomic unsigned held;
	_Atomic pid_t pid;
	_Atomic int why_not;
	unsigned index;
};

static int lock_producers(mipc_queue *queue, uint64_t timeout_ns)
{
	struct wait wait = {.timeout_ns = timeout_ns};
	int rc = lock_acquire(
		&side_of(queue, PRODUCERS)->lock, &queue->segment, &wait);

	segment_wait_end();
	return rc;
}

/* Into a pid namespace of its own; what is not allowed as a user may be so as
 * one's own root. */
static int leave_namespace(void)
{
	if (!unshare(CLONE_NEWPID) || !unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return 0;
	return errno;
}

static void send_from_elsewhere(mipc_queue *queue, unsigned sender)
{
	struct lib_message message;

	for (uint32_t i = 0; i < MESSAGES; i++) {
		size_t len = lib_message_make(&message, sender, i);

		WANT(mipc_queue_put(queue, &message, len, LIB_PATIENCE_NS), 0);
	}
}

struct holder {
	struct scene *scene;
	mipc_queue *queue;
};

/* The second thread of its namespace, of a number that the other one has not. */
static void *hold_for_a_while(void *arg)
{
	struct holder *holder = arg;

	WANT(lock_producers(holder->queue, LIB_PATIENCE_NS), 0);
	lib_step(&holder->scene->held, 1);
	lib_await(&holder->scene->held, 2);
	lock_release(&side_of(holder->queue, PRODUCERS)->lock);
	return NULL;
}

static void hold_by_a_thread(struct scene *scene, mipc_queue *queue)
{
	struct holder holder = {scene, queue};
	pthread_t thread;

	WANT(pthread_create(&thread, NULL, hold_for_a_while, &holder), 0);
	WANT(pthread_join(thread, NULL), 0);
}

/* Whoever has no thread of that number must not take it for a dead one. */
static void wait_for_the_thread(struct scene *scene, mipc_queue *queue)
{
	lib_await(&scene->held, 1);
	WANT(lock_producers(queue, 4 * LIB_BRIEF_NS), -ETIMEDOUT);
	lib_step(&scene->held, 2);
}

/* Process 1 of its namespace. The first of them makes the queue, so its
 * namespace is the home of thread numbers. */
static void be_number_one(void *arg)
{
	struct scene *scene = arg;
	unsigned index = scene->index;
	mipc_queue *queue;

	WANT(getpid(), 1);
	WANT(index ? mipc_queue_open(scene->name, NULL, &queue)
		   : mipc_queue_create(scene->name, 1, NULL, &queue),
		0);
	WANT(queue->segment.at_home, index == 0);
	atomic_fetch_add(&scene->attached, 1);
	lib_await(&scene->step, 1);
	send_from_elsewhere(queue, index);
	atomic_fetch_add(&scene->attached, 1);
	/* Nobody sends any more. */
	lib_await(&scene->attached, 2 * SENDERS);
	if (index == 0)
		hold_by_a_thread(scene, queue);
	else
		wait_for_the_thread(scene, queue);
	/* Each takes the lock when it is its turn, and keeps it. */
	lib_await(&scene->step, 2 + index * 2);
	WANT(lock_producers(queue, LIB_PATIENCE_NS), index);
	if (platform_thread())
		WANT(atomic_load(&side_of(queue, PRODUCERS)->lock.word) &
				0x7fffffff,
			index ? 0x20000000 | (queue->segment.party + 1) : 1);
	lib_step(&scene->step, 3 + index * 2);
	/* Another of the same number can neither take nor free it. */
	lib_sleep_for_ever();
}

/* Have it in a namespace of its own, and tell its number in ours. */
static void parent_of_number_one(void *arg)
{
	struct scene *scene = arg;
	int err = leave_namespace();

	atomic_store(&scene->why_not, err);
	if (!err) {
		pid_t child = lib_spawn(be_number_one, scene);

		atomic_store(&scene->pid, child);
		waitpid(child, NULL, 0);
		return;
	}
	atomic_store(&scene->pid, -1);
}

/* Returns its number in our namespace; -1: it cannot be had. */
static pid_t start_number_one(
	struct scene *scene, unsigned index, pid_t *ret_parent)
{
	scene->index = index;
	atomic_store(&scene->pid, 0);
	*ret_parent = lib_spawn(parent_of_number_one, scene);
	while (!atomic_load(&scene->pid))
		lib_sleep_us(100);
	if (atomic_load(&scene->pid) > 0)
		lib_await(&scene->attached, index + 1);
	return atomic_load(&scene->pid);
}

static void receive_from_both(mipc_queue *queue)
{
	uint32_t next[SENDERS] = {0};

	for (unsigned i = 0; i < SENDERS * MESSAGES; i++) {
		struct lib_message message;
		size_t len;

		WANT(mipc_queue_get(queue, &message, sizeof(message),
			     LIB_PATIENCE_NS, &len),
			0);
		lib_message_check(&message, len);
		WANT(message.number, next[message.sender]++);
	}
}

START_TEST(test_namespace_equal_thread_numbers_are_two_owners)
{
	struct scene *scene = lib_shared(sizeof(*scene));
	pid_t one[2], parents[2];
	mipc_queue *queue;
	char byte;
	size_t len;

	lib_name(scene->name);
	one[0] = start_number_one(scene, 0, &parents[0]);
	if (one[0] < 0) {
		lib_skip("pid namespaces: unshare(CLONE_NEWPID): %s",
			strerror(atomic_load(&scene->why_not)));
		lib_join(parents[0]);
		return;
	}
	one[1] = start_number_one(scene, 1, &parents[1]);
	WANT(mipc_queue_open(scene->name, NULL, &queue), 0);
	WANT_TRUE(!queue->segment.at_home);
	lib_step(&scene->step, 1);
	receive_from_both(queue);
	lib_await(&scene->attached, 2 * SENDERS);
	/* The first of the two has it: */
	lib_step(&scene->step, 2);
	lib_await(&scene->step, 3);
	WANT(mipc_queue_put(queue, "x", 1, 3 * LIB_BRIEF_NS), -ETIMEDOUT);
	/* the second waits for it, and gets it from the dead: */
	lib_step(&scene->step, 4);
	lib_sleep_us(20000);
	WANT(atomic_load(&scene->step), 4);
	WANT(kill(one[0], SIGKILL), 0);
	lib_await(&scene->step, 5);
	WANT(mipc_queue_put(queue, "x", 1, 3 * LIB_BRIEF_NS), -ETIMEDOUT);
	WANT(kill(one[1], SIGKILL), 0);
	WANT(mipc_queue_put(queue, "y", 1, LIB_PATIENCE_NS), 0);
	WANT(mipc_queue_get(queue, &byte, 1, 0, &len), 0);
	WANT(byte, 'y');
	WANT(mipc_queue_check(queue), 0);
	lib_join(parents[0]);
	lib_join(parents[1]);
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(scene->name), 0);
}
END_TEST

/* Process 1 of its namespace, where the number of who holds the lease is nobody's
 * or somebody else's. */
static void want_the_lease(void *arg)
{
	struct scene *scene = arg;
	struct mipc_lease lease;
	mipc_queue *queue;

	WANT(mipc_queue_open(scene->name, NULL, &queue), 0);
	WANT(mipc_queue_acquire(queue, 4 * LIB_BRIEF_NS, &lease), -ETIMEDOUT);
	lib_step(&scene->step, 1);
	WANT(mipc_queue_acquire(queue, LIB_PATIENCE_NS, &lease), 0);
	WANT(lease.returns, 1);
	mipc_queue_close(queue);
}

static void ask_from_elsewhere(void *arg)
{
	struct scene *scene = arg;
	int err = leave_namespace();

	atomic_store(&scene->why_not, err);
	if (!err)
		lib_join(lib_spawn(want_the_lease, scene));
}

static void hold_the_lease(void *arg)
{
	struct scene *scene = arg;
	struct mipc_lease lease;
	mipc_queue *queue;

	WANT(mipc_queue_open(scene->name, NULL, &queue), 0);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	lib_step(&scene->held, 1);
	lib_sleep_for_ever();
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	WANT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid != 0;
}

/* A process number says nothing of who lives: neither elsewhere, nor, once the
 * number is somebody else's, at home. */
START_TEST(test_namespace_lease_of_who_lives_elsewhere_is_kept)
{
	struct scene *scene = lib_shared(sizeof(*scene));
	pid_t holder, asker;
	mipc_queue *queue;

	lib_name(scene->name);
	WANT(mipc_queue_create(scene->name, 1, NULL, &queue), 0);
	WANT(mipc_queue_put(queue, "x", 1, 0), 0);
	holder = lib_spawn(hold_the_lease, scene);
	lib_await(&scene->held, 1);
	asker = lib_spawn(ask_from_elsewhere, scene);
	while (!atomic_load(&scene->step) && !has_ended(asker))
		lib_sleep_us(1000);
	lib_kill(holder);
	lib_join(asker);
	if (atomic_load(&scene->why_not))
		lib_skip("pid namespaces: unshare(CLONE_NEWPID): %s",
			strerror(atomic_load(&scene->why_not)));
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(scene->name), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_namespace_equal_thread_numbers_are_two_owners,
		test_namespace_lease_of_who_lives_elsewhere_is_kept,
	};

	return LIB_MAIN("namespace", tests);
}
