/* test_lock.c - the lock word: who has it, what a death of its owner leaves, and
 * that only the dead are robbed. White-box: lib/lock.c's word and owner.
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

#include "event.h"
#include "lock.h"
#include "platform.h"
#include "segment.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BY_PARTY UINT32_C(0x20000000)
#define NAME_MASK UINT32_C(0x3fffffff)
/* docs/format.md, "Party slot" */
#define SLOT_1_BYTE ((UINT64_C(1) << 61) + 1 + 1)

enum { KILLED_HOLDERS = 1000 };

/* How a holder in a child is set up. */
enum holder_form {
	AT_HOME,    /* the kernel knows */
	UNNOTICED,  /* at home, but the kernel was told nothing */
	BY_SLOT,    /* named by its party */
	FORM_COUNT, /* how many there are */
	UNNAMED,    /* unnoticed, and killed before it wrote lock->owner */
};

/* What the processes of one test share. */
struct notes {
	_Atomic unsigned step;
	_Atomic uint32_t thread; /* the holder's number */
	_Atomic int got;
	uint64_t plain; /* what the lock guards */
	_Atomic int pid;
};

struct stage {
	struct segment segment;
	char name[LIB_NAME_BYTES];
	struct notes *notes;
	enum holder_form form;
	struct segment *used; /* to lock by; ours, unless a test has two */
};

static struct mipc_lock *lock_of(struct stage *stage)
{
	return &stage->used->shared->queue.producers.lock;
}

static uint32_t word_of(struct stage *stage)
{
	return atomic_load(&lock_of(stage)->word);
}

static void bury(struct segment *segment, uint32_t slot)
{
	lock_bury(&segment->shared->queue.producers.lock, slot);
}

static void stage_open(struct stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	lib_name(stage->name);
	stage->segment.bury = bury;
	WANT(segment_create(&stage->segment, stage->name, MIPC_KIND_QUEUE,
		     65536, NULL),
		0);
	stage->used = &stage->segment;
	stage->notes = lib_shared(sizeof(*stage->notes));
}

static void stage_close(struct stage *stage)
{
	segment_close(&stage->segment);
	WANT(segment_unlink(stage->name, MIPC_KIND_QUEUE), 0);
}

static int acquire(struct stage *stage, uint64_t timeout_ns)
{
	struct wait wait = {.timeout_ns = timeout_ns};
	int rc = lock_acquire(lock_of(stage), stage->used, &wait);

	segment_wait_end();
	return rc;
}

/* In a child: hold the lock in the way that the stage says, for ever. */
static void hold(void *arg)
{
	struct stage *stage = arg;

	WANT(segment_enter(&stage->segment), 0);
	if (stage->form == BY_SLOT)
		stage->segment.at_home = false;
	WANT(acquire(stage, LIB_PATIENCE_NS), 0);
	if (stage->form == UNNOTICED || stage->form == UNNAMED)
		platform_retract();
	if (stage->form == UNNAMED)
		atomic_store(&lock_of(stage)->owner, 0);
	atomic_store(&stage->notes->thread, platform_thread());
	lib_step(&stage->notes->step, 1);
	lib_sleep_for_ever();
}

static pid_t spawn_holder(struct stage *stage, enum holder_form form)
{
	pid_t holder;

	stage->form = form;
	lib_step(&stage->notes->step, 0);
	holder = lib_spawn(hold, stage);
	lib_await(&stage->notes->step, 1);
	return holder;
}

/* Is there nobody to tell of our death? So it is under qemu-user: every owner is
 * then named by its party. */
static bool unnoticed_here(const char *what)
{
	if (platform_thread())
		return false;
	lib_skip("%s: get_robust_list(2) gives no list here", what);
	return true;
}

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

START_TEST(test_lock_of_a_killed_owner_is_marked_by_the_kernel)
{
	struct stage stage;

	if (unnoticed_here("the kernel marks a dead owner's lock"))
		return;
	stage_open(&stage);
	lib_kill(spawn_holder(&stage, AT_HOME));
	WANT(word_of(&stage), PLATFORM_OWNER_DIED);
	/* The fast path: even a poll finds it. */
	WANT(acquire(&stage, 0), 1);
	WANT(word_of(&stage), syscall(SYS_gettid));
	lock_release(lock_of(&stage));
	WANT(word_of(&stage), 0);
	WANT(acquire(&stage, 0), 0);
	lock_release(lock_of(&stage));
	stage_close(&stage);
}
END_TEST

START_TEST(test_lock_of_a_killed_owner_goes_to_the_next)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct stage stage;

		stage_open(&stage);
		lib_kill(spawn_holder(&stage, form));
		WANT(acquire(&stage, LIB_PATIENCE_NS), 1);
		lock_release(lock_of(&stage));
		/* Told once only. */
		WANT(acquire(&stage, LIB_PATIENCE_NS), 0);
		lock_release(lock_of(&stage));
		stage_close(&stage);
	}
}
END_TEST

START_TEST(test_lock_of_a_killed_owner_is_found_by_polling)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct stage stage;
		unsigned polls = 0;
		int rc;

		stage_open(&stage);
		lib_kill(spawn_holder(&stage, form));
		do {
			rc = acquire(&stage, 0);
		} while (rc == -EAGAIN && ++polls < 1000);
		WANT(rc, 1);
		lock_release(lock_of(&stage));
		stage_close(&stage);
	}
}
END_TEST

/* Only the thread's number is there, and is asked for. */
START_TEST(test_lock_of_one_killed_before_it_wrote_its_name_is_found)
{
	struct stage stage;
	unsigned polls = 0;
	pid_t holder;
	int rc;

	if (unnoticed_here("an owner of which only the thread is known"))
		return;
	stage_open(&stage);
	holder = spawn_holder(&stage, UNNAMED);
	lib_stop(holder);
	WANT(acquire(&stage, 4 * LIB_BRIEF_NS), -ETIMEDOUT);
	lib_kill(holder);
	do {
		rc = acquire(&stage, 0);
	} while (rc == -EAGAIN && ++polls < 1000);
	WANT(rc, 1);
	lock_release(lock_of(&stage));
	stage_close(&stage);
}
END_TEST

static void wait_for_it(void *arg)
{
	struct stage *stage = arg;

	WANT(segment_enter(&stage->segment), 0);
	lib_step(&stage->notes->step, 2);
	atomic_store(&stage->notes->got, acquire(stage, MIPC_FOREVER));
	lock_release(lock_of(stage));
}

START_TEST(test_lock_waiter_is_told_of_the_death)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct stage stage;
		pid_t holder, waiter;
		uint64_t deadline_ns;

		stage_open(&stage);
		holder = spawn_holder(&stage, form);
		waiter = lib_spawn(wait_for_it, &stage);
		lib_await(&stage.notes->step, 2);
		deadline_ns = lib_now_ns() + LIB_PATIENCE_NS;
		while (!(word_of(&stage) & PLATFORM_WAITERS))
			WANT_TRUE(lib_now_ns() < deadline_ns);
		lib_kill(holder);
		lib_join(waiter);
		WANT(atomic_load(&stage.notes->got), 1);
		WANT(word_of(&stage), 0);
		stage_close(&stage);
	}
}
END_TEST

/* The kernel's notice does not depend on where the owner was: before its word
 * was taken and after it was given back, a death must change nothing. */
static void announce_and_stay(void *arg)
{
	struct stage *stage = arg;

	WANT(segment_enter(&stage->segment), 0);
	(void)platform_thread();
	platform_announce(&lock_of(stage)->word);
	lib_step(&stage->notes->step, 1);
	lib_sleep_for_ever();
}

START_TEST(test_lock_death_of_one_that_only_announced_changes_nothing)
{
	struct stage stage;
	uint32_t word;
	pid_t child;

	stage_open(&stage);
	for (unsigned held = 0; held < 2; held++) {
		if (held)
			WANT(acquire(&stage, 0), 0);
		word = word_of(&stage);
		lib_step(&stage.notes->step, 0);
		child = lib_spawn(announce_and_stay, &stage);
		lib_await(&stage.notes->step, 1);
		lib_kill(child);
		WANT(word_of(&stage), word);
		if (held)
			lock_release(lock_of(&stage));
	}
	stage_close(&stage);
}
END_TEST

/* A party and no more, in the lowest free slot. */
static void attend(void *arg)
{
	struct stage *stage = arg;

	WANT(segment_enter(&stage->segment), 0);
	lib_step(&stage->notes->step, 1);
	lib_sleep_for_ever();
}

static pid_t spawn_bystander(struct stage *stage)
{
	pid_t child;

	lib_step(&stage->notes->step, 0);
	child = lib_spawn(attend, stage);
	lib_await(&stage->notes->step, 1);
	return child;
}

/* Whether the new one gets the dead owner's slot or one before it, whose party
 * died as well. */
START_TEST(test_lock_dead_owner_is_buried_when_another_attaches)
{
	for (unsigned i = 0; i < FORM_COUNT * 2; i++) {
		struct segment other = {.bury = bury};
		struct stage stage;
		pid_t bystander = 0, holder;

		stage_open(&stage);
		if (i % 2)
			bystander = spawn_bystander(&stage);
		holder = spawn_holder(&stage, i / 2);
		if (i % 2)
			lib_kill(bystander);
		lib_kill(holder);
		WANT(segment_open(&other, stage.name, MIPC_KIND_QUEUE, NULL),
			0);
		WANT(other.party, 1);
		WANT(word_of(&stage), PLATFORM_OWNER_DIED);
		WANT(acquire(&stage, 0), 1);
		lock_release(lock_of(&stage));
		segment_close(&other);
		stage_close(&stage);
	}
}
END_TEST

/* Else they would sleep on beside a lock that is free. */
START_TEST(test_lock_freed_for_the_dead_still_says_that_others_sleep)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct segment other = {.bury = bury};
		struct stage stage;
		pid_t holder;

		stage_open(&stage);
		holder = spawn_holder(&stage, form);
		atomic_fetch_or(&lock_of(&stage)->word, PLATFORM_WAITERS);
		lib_kill(holder);
		WANT(segment_open(&other, stage.name, MIPC_KIND_QUEUE, NULL),
			0);
		WANT(word_of(&stage), PLATFORM_OWNER_DIED | PLATFORM_WAITERS);
		WANT(acquire(&stage, 0), 1);
		WANT_TRUE(word_of(&stage) & PLATFORM_WAITERS);
		lock_release(lock_of(&stage));
		segment_close(&other);
		stage_close(&stage);
	}
}
END_TEST

/* Somebody who asks whether the owner in slot 1 is dead has its byte lock while
 * the dead are buried, and lets go before a slot is taken: here, when it comes to
 * the one in slot 2. */
static int asking_fd;

static void bury_and_let_go(struct segment *segment, uint32_t slot)
{
	bury(segment, slot);
	if (slot == 2)
		platform_byte_unlock(asking_fd, SLOT_1_BYTE);
}

START_TEST(test_lock_dead_owner_is_buried_by_the_next_in_its_slot)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct segment other = {.bury = bury_and_let_go};
		struct stage stage;
		pid_t bystander, holder;

		stage_open(&stage);
		holder = spawn_holder(&stage, form);
		bystander = spawn_bystander(&stage);
		lib_kill(holder);
		lib_kill(bystander);
		asking_fd = stage.segment.fd;
		WANT(platform_byte_lock(asking_fd, SLOT_1_BYTE, true), 0);
		WANT(segment_open(&other, stage.name, MIPC_KIND_QUEUE, NULL),
			0);
		WANT(other.party, 1);
		WANT(word_of(&stage), PLATFORM_OWNER_DIED);
		segment_close(&other);
		stage_close(&stage);
	}
}
END_TEST

static void die_burying(struct segment *segment, uint32_t slot)
{
	(void)segment;
	if (slot != MIPC_PARTY_COUNT)
		kill(getpid(), SIGKILL);
}

static void attach_and_die(void *arg)
{
	struct stage *stage = arg;
	struct segment own = {.bury = die_burying};

	(void)segment_open(&own, stage->name, MIPC_KIND_QUEUE, NULL);
}

/* Until all is done, the dead one's slot says that it is to be buried. */
START_TEST(test_lock_dead_owner_is_buried_though_who_began_it_was_killed)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct segment other = {.bury = bury};
		struct stage stage;
		pid_t holder, killed;
		int status;

		stage_open(&stage);
		holder = spawn_holder(&stage, form);
		lib_kill(holder);
		killed = lib_spawn(attach_and_die, &stage);
		WANT(waitpid(killed, &status, 0), killed);
		WANT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		WANT(segment_open(&other, stage.name, MIPC_KIND_QUEUE, NULL),
			0);
		WANT(word_of(&stage), PLATFORM_OWNER_DIED);
		WANT(acquire(&stage, 0), 1);
		lock_release(lock_of(&stage));
		segment_close(&other);
		stage_close(&stage);
	}
}
END_TEST

START_TEST(test_lock_live_owner_is_not_buried_when_another_attaches)
{
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		struct segment other = {.bury = bury};
		struct stage stage;
		uint32_t word;
		pid_t holder;

		stage_open(&stage);
		holder = spawn_holder(&stage, form);
		word = word_of(&stage);
		WANT(segment_open(&other, stage.name, MIPC_KIND_QUEUE, NULL),
			0);
		WANT(word_of(&stage), word);
		segment_close(&other);
		lib_kill(holder);
		stage_close(&stage);
	}
}
END_TEST

/* Every holder dies with the lock; every next one is told, none is delayed. */
START_TEST(test_lock_a_thousand_killed_holders_are_all_noticed)
{
	struct stage stage;

	stage_open(&stage);
	for (unsigned i = 0; i < KILLED_HOLDERS; i++) {
		lib_kill(spawn_holder(&stage, AT_HOME));
		WANT(acquire(&stage, LIB_PATIENCE_NS), 1);
		lock_release(lock_of(&stage));
	}
	stage_close(&stage);
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
		test_lock_of_a_killed_owner_is_marked_by_the_kernel,
		test_lock_of_a_killed_owner_goes_to_the_next,
		test_lock_of_a_killed_owner_is_found_by_polling,
		test_lock_of_one_killed_before_it_wrote_its_name_is_found,
		test_lock_waiter_is_told_of_the_death,
		test_lock_death_of_one_that_only_announced_changes_nothing,
		test_lock_dead_owner_is_buried_when_another_attaches,
		test_lock_freed_for_the_dead_still_says_that_others_sleep,
		test_lock_dead_owner_is_buried_by_the_next_in_its_slot,
		test_lock_dead_owner_is_buried_though_who_began_it_was_killed,
		test_lock_live_owner_is_not_buried_when_another_attaches,
		test_lock_a_thousand_killed_holders_are_all_noticed,
		test_lock_time_is_of_this_hold_not_of_one_before,
		test_lock_time_does_not_pass_on_to_who_takes_over,
		test_lock_excludes_the_others,
		test_lock_owner_whose_old_handle_was_closed_is_not_robbed,
		test_lock_of_another_pid_namespace_is_held_and_taken_over,
	};

	return LIB_MAIN("lock", tests);
}
