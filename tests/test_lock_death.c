/* test_lock_death.c - what a death of its owner leaves of the lock word: who marks it,
 * who finds it, and who gets it next. White-box: lib/lock.c's word and owner.
 */
#include "lib_stage.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/mmapipc.h>

#include "lock_stage.h"

/* docs/format.md, "Party slot" */
#define SLOT_1_BYTE ((UINT64_C(1) << 61) + 1 + 1)

enum { KILLED_HOLDERS = 1000 };

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

int main(void)
{
	const TTest *const tests[] = {
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
	};

	return LIB_MAIN("lock_death", tests);
}
