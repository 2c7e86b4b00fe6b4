/* test_lock.c - the lock word: who has it, for how long, and that nobody is robbed
 * of it who lives. White-box: lib/lock.c's word and owner. What a death of its owner
 * leaves: test_lock_death.c.
 */
#include "lib_stage.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/mmapipc.h>

#include "lock_stage.h"

#define BY_PARTY UINT32_C(0x20000000)
#define NAME_MASK UINT32_C(0x3fffffff)

START_TEST(test_lock_free_is_zero_and_held_is_the_thread)
{
	struct stage stage;

	if (unnoticed_here("an owner's name is its thread's"))
		return;
	stage_open(&stage);
	WANT_TRUE(stage.segment.at_home);
	for (unsigned i = 0; i < 3; i++) {
		WANT(word_of(&stage), 0);
		WANT(acquire(&stage, i ? MIPC_FOREVER : 0), 0);
		WANT(word_of(&stage), syscall(SYS_gettid));
		WANT(lock_holder_pid(lock_of(&stage), &stage.segment),
			getpid());
		lock_release(lock_of(&stage));
		WANT(lock_holder_pid(lock_of(&stage), &stage.segment), 0);
	}
	stage.segment.at_home = false;
	WANT(acquire(&stage, 0), 0);
	WANT(word_of(&stage), BY_PARTY | (stage.segment.party + 1));
	WANT(lock_holder_pid(lock_of(&stage), &stage.segment), getpid());
	lock_release(lock_of(&stage));
	WANT(word_of(&stage), 0);
	stage_close(&stage);
}
END_TEST

START_TEST(test_lock_held_by_a_live_one_is_waited_for_in_vain)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct stage stage;
		uint64_t start_ns;
		uint32_t word;
		pid_t holder;

		stage_open(&stage);
		holder = spawn_holder(&stage, form);
		word = word_of(&stage);
		/* Polls ask after the owner's life, too, now and then. */
		for (unsigned i = 0; i < 1000; i++)
			WANT(acquire(&stage, 0), -EAGAIN);
		WANT(word_of(&stage), word);
		start_ns = lib_now_ns();
		WANT(acquire(&stage, LIB_BRIEF_NS), -ETIMEDOUT);
		WANT_TRUE(lib_now_ns() - start_ns >= LIB_BRIEF_NS);
		WANT(word_of(&stage), word | PLATFORM_WAITERS);
		WANT(lock_holder_pid(lock_of(&stage), &stage.segment), holder);
		lib_kill(holder);
		stage_close(&stage);
	}
}
END_TEST

START_TEST(test_lock_of_a_stopped_owner_is_not_robbed)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct stage stage;
		pid_t holder;

		stage_open(&stage);
		holder = spawn_holder(&stage, form);
		lib_stop(holder);
		WANT(acquire(&stage, 4 * LIB_BRIEF_NS), -ETIMEDOUT);
		WANT(word_of(&stage) & PLATFORM_OWNER_DIED, 0);
		lib_kill(holder);
		WANT(acquire(&stage, LIB_PATIENCE_NS), 1);
		lock_release(lock_of(&stage));
		stage_close(&stage);
	}
}
END_TEST

enum { TURNS = 20000, CONTENDERS = 3 };

static void contend(void *arg)
{
	struct stage *stage = arg;

	WANT(segment_enter(&stage->segment), 0);
	for (unsigned i = 0; i < TURNS; i++) {
		WANT(acquire(stage, LIB_PATIENCE_NS), 0);
		stage->notes->plain++;
		/* Now and then long enough for the others to sleep. */
		if (i % 1000 == 0)
			lib_sleep_us(300);
		lock_release(lock_of(stage));
	}
}

START_TEST(test_lock_excludes_the_others)
{
	pid_t children[CONTENDERS];
	struct stage stage;

	stage_open(&stage);
	for (unsigned i = 0; i < CONTENDERS; i++)
		children[i] = lib_spawn(contend, &stage);
	for (unsigned i = 0; i < CONTENDERS; i++)
		lib_join(children[i]);
	WANT(stage.notes->plain, TURNS * CONTENDERS);
	WANT(word_of(&stage), 0);
	stage_close(&stage);
}
END_TEST

/* In a child: hold the lock twice, the second time when told to. */
static void hold_again(void *arg)
{
	struct stage *stage = arg;

	WANT(segment_enter(&stage->segment), 0);
	if (stage->form == BY_SLOT)
		stage->segment.at_home = false;
	WANT(acquire(stage, 0), 0);
	lib_step(&stage->notes->step, 1);
	lib_await(&stage->notes->step, 2);
	lock_release(lock_of(stage));
	WANT(acquire(stage, 0), 0);
	lib_step(&stage->notes->step, 3);
	lib_sleep_for_ever();
}

START_TEST(test_lock_time_is_of_this_hold_not_of_one_before)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct stage stage;
		uint32_t word;
		pid_t holder;

		if (form == UNNOTICED)
			continue;
		stage_open(&stage);
		stage.form = form;
		holder = lib_spawn(hold_again, &stage);
		lib_await(&stage.notes->step, 1);
		WANT(lock_held_ns(lock_of(&stage)), 0);
		WANT(acquire(&stage, 2 * LIB_BRIEF_NS), -ETIMEDOUT);
		WANT_TRUE(lock_held_ns(lock_of(&stage)) > 0);
		WANT_TRUE(lock_awaited(lock_of(&stage)));
		word = word_of(&stage);
		lib_step(&stage.notes->step, 2);
		lib_await(&stage.notes->step, 3);
		/* The same name, and somebody waits again. */
		atomic_fetch_or(&lock_of(&stage)->word, PLATFORM_WAITERS);
		WANT(word_of(&stage), word);
		WANT(lock_held_ns(lock_of(&stage)), 0);
		lib_kill(holder);
		stage_close(&stage);
	}
}
END_TEST

START_TEST(test_lock_time_does_not_pass_on_to_who_takes_over)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct segment other = {.bury = bury};
		struct stage stage;
		uint32_t holds;
		pid_t holder;

		stage_open(&stage);
		holder = spawn_holder(&stage, form);
		WANT(acquire(&stage, 2 * LIB_BRIEF_NS), -ETIMEDOUT);
		WANT_TRUE(lock_held_ns(lock_of(&stage)) > 0);
		lib_kill(holder);
		WANT(acquire(&stage, LIB_PATIENCE_NS), 1);
		WANT(lock_held_ns(lock_of(&stage)), 0);
		lock_release(lock_of(&stage));
		/* The dead one's slot, and with it its name, is used again. */
		holds = atomic_load(&lock_of(&stage)->holds);
		WANT(segment_open(&other, stage.name, MIPC_KIND_QUEUE, NULL),
			0);
		WANT_TRUE(atomic_load(&lock_of(&stage)->holds) != holds);
		segment_close(&other);
		stage_close(&stage);
	}
}
END_TEST

static void *hold_in_thread(void *arg)
{
	struct stage *stage = arg;

	WANT(acquire(stage, 0), 0);
	lock_release(lock_of(stage));
	lib_step(&stage->notes->step, 1);
	lib_await(&stage->notes->step, 2);
	WANT(acquire(stage, 0), 0);
	lib_step(&stage->notes->step, 3);
	lib_sleep_for_ever();
	return NULL;
}

/* A process with two threads. One locked through a handle that was closed since,
 * and owns the lock through another, which the second thread uses meanwhile. */
static void hold_with_two_threads(void *arg)
{
	struct stage *stage = arg;
	struct segment second = {.bury = bury};
	pthread_t thread;

	WANT(segment_enter(&stage->segment), 0);
	WANT(pthread_create(&thread, NULL, hold_in_thread, stage), 0);
	lib_await(&stage->notes->step, 1);
	WANT(segment_open(&second, stage->name, MIPC_KIND_QUEUE, NULL), 0);
	stage->used = &second;
	segment_close(&stage->segment);
	lib_step(&stage->notes->step, 2);
	lib_await(&stage->notes->step, 3);
	WANT(acquire(stage, 0), -EAGAIN);
	lib_step(&stage->notes->step, 4);
	lib_sleep_for_ever();
}

START_TEST(test_lock_owner_whose_old_handle_was_closed_is_not_robbed)
{
	struct stage stage;
	pid_t holder;

	stage_open(&stage);
	holder = lib_spawn(hold_with_two_threads, &stage);
	lib_await(&stage.notes->step, 4);
	lib_stop(holder);
	WANT(acquire(&stage, 4 * LIB_BRIEF_NS), -ETIMEDOUT);
	lib_kill(holder);
	WANT(acquire(&stage, LIB_PATIENCE_NS), 1);
	lock_release(lock_of(&stage));
	stage_close(&stage);
}
END_TEST

/* In a new pid namespace, whose first process this is the parent of. */
static void hold_elsewhere(void *arg)
{
	struct stage *stage = arg;
	pid_t child;

	if (unshare(CLONE_NEWPID)) {
		atomic_store(&stage->notes->got, errno);
		lib_step(&stage->notes->step, 1);
		return;
	}
	stage->form = AT_HOME;
	child = lib_spawn(hold, stage);
	atomic_store(&stage->notes->pid, child);
	waitpid(child, NULL, 0);
}

START_TEST(test_lock_of_another_pid_namespace_is_held_and_taken_over)
{
	struct stage stage;
	pid_t child;

	if (unnoticed_here("an owner's name at home and elsewhere"))
		return;
	stage_open(&stage);
	child = lib_spawn(hold_elsewhere, &stage);
	lib_await(&stage.notes->step, 1);
	if (atomic_load(&stage.notes->got)) {
		lib_skip("pid namespaces: unshare(CLONE_NEWPID): %s",
			strerror(atomic_load(&stage.notes->got)));
		lib_join(child);
		stage_close(&stage);
		return;
	}
	WANT_TRUE(word_of(&stage) & BY_PARTY);
	WANT(atomic_load(&stage.notes->thread), 1);
	WANT(acquire(&stage, LIB_BRIEF_NS), -ETIMEDOUT);
	while (!atomic_load(&stage.notes->pid))
		lib_sleep_us(50);
	WANT(kill(atomic_load(&stage.notes->pid), SIGKILL), 0);
	WANT(acquire(&stage, LIB_PATIENCE_NS), 1);
	WANT(word_of(&stage) & NAME_MASK, syscall(SYS_gettid));
	lock_release(lock_of(&stage));
	lib_join(child);
	stage_close(&stage);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_lock_free_is_zero_and_held_is_the_thread,
		test_lock_held_by_a_live_one_is_waited_for_in_vain,
		test_lock_of_a_stopped_owner_is_not_robbed,
		test_lock_time_is_of_this_hold_not_of_one_before,
		test_lock_time_does_not_pass_on_to_who_takes_over,
		test_lock_excludes_the_others,
		test_lock_owner_whose_old_handle_was_closed_is_not_robbed,
		test_lock_of_another_pid_namespace_is_held_and_taken_over,
	};

	return LIB_MAIN("lock", tests);
}
