/* test_event.c - looking, sleeping, waking: what ends a wait, and that no
 * wake-up is lost for longer than one nap. White-box: the event's word.
 */
#include "lib_stage.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <mmapipc/mmapipc.h>

#include "event.h"

enum {
	ROUNDS = 5000,
	SLEEPERS = 4,
	ALL = 1 << 20,
};

/* A counter that is waited for, and the event it is announced by. */
struct counter {
	struct mipc_event event;
	_Atomic uint64_t value;
};

struct play {
	struct counter there, back;
	_Atomic unsigned step;
	_Atomic unsigned woken;
};

struct goal {
	struct counter *counter;
	uint64_t value;
};

static bool reached(void *arg)
{
	const struct goal *goal = arg;

	return atomic_load_explicit(&goal->counter->value,
		       memory_order_relaxed) >= goal->value;
}

static int await(struct counter *counter, uint64_t value, uint64_t timeout_ns,
	uint32_t spin_us)
{
	struct goal goal = {counter, value};
	const struct condition condition = {reached, NULL, &goal};
	struct wait wait = {.timeout_ns = timeout_ns, .spin_us = spin_us};

	return event_await(&counter->event, &condition, &wait);
}

static void advance(struct counter *counter)
{
	atomic_fetch_add_explicit(&counter->value, 1, memory_order_release);
	event_notify(&counter->event, 1);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static int in_vain(void *arg)
{
	unsigned *questions = arg;

	return ++*questions == 3 ? -EPIPE : 0;
}

static const uint32_t spins[] = {0, 1, 200, MIPC_SPIN_NEVER, MIPC_SPIN_ALWAYS};
#define SPIN_COUNT (sizeof(spins) / sizeof(spins[0]))

START_TEST(test_event_poll_answers_at_once)
{
	static struct counter counter;

	for (size_t i = 0; i < SPIN_COUNT; i++) {
		atomic_store(&counter.value, 0);
		WANT(await(&counter, 1, 0, spins[i]), -EAGAIN);
		advance(&counter);
		WANT(await(&counter, 1, 0, spins[i]), 0);
	}
	/* Nobody slept, so nobody was said to. */
	WANT(atomic_load(&counter.event.word), 0);
}
END_TEST

START_TEST(test_event_met_before_needs_no_time)
{
	static struct counter counter;

	advance(&counter);
	for (size_t i = 0; i < SPIN_COUNT; i++) {
		WANT(await(&counter, 1, 1, spins[i]), 0);
		WANT(await(&counter, 1, MIPC_FOREVER, spins[i]), 0);
		WANT(await(&counter, 1, MIPC_FOREVER - 1, spins[i]), 0);
	}
}
END_TEST

START_TEST(test_event_unmet_times_out_and_not_before)
{
	/* Within one nap, and over several. */
	static const uint64_t timeouts_ns[] = {1, 1000, 3000000, 25000000};
	static struct counter counter;

	for (size_t i = 0; i < SPIN_COUNT * 4; i++) {
		uint64_t timeout_ns = timeouts_ns[i % 4];
		uint64_t start_ns = lib_now_ns();

		WANT(await(&counter, 1, timeout_ns, spins[i / 4]), -ETIMEDOUT);
		WANT_TRUE(lib_now_ns() - start_ns >= timeout_ns);
	}
}
END_TEST

START_TEST(test_event_hopeless_ends_the_wait_with_its_error)
{
	static struct mipc_event event;

	for (size_t i = 0; i < SPIN_COUNT; i++) {
		unsigned questions = 0;
		const struct condition condition = {never, in_vain, &questions};
		struct wait wait = {
			.timeout_ns = MIPC_FOREVER, .spin_us = spins[i]};

		WANT(event_await(&event, &condition, &wait), -EPIPE);
		WANT(questions, 3);
	}
}
END_TEST

static int count_question(void *arg)
{
	unsigned *questions = arg;

	++*questions;
	return 0;
}

static int always_in_vain(void *arg)
{
	(void)arg;
	return -EPIPE;
}

/* One call of a caller who only ever waits briefly is all there is. */
START_TEST(test_event_brief_wait_asks_whether_there_is_hope)
{
	static const uint64_t timeouts_ns[] = {1, 1000, 20000, 3000000};
	static struct mipc_event event;

	for (size_t i = 0; i < SPIN_COUNT * 4; i++) {
		unsigned questions = 0;
		const struct condition hope = {
			never, count_question, &questions};
		const struct condition none = {never, always_in_vain, NULL};
		struct wait first = {.timeout_ns = timeouts_ns[i % 4],
			.spin_us = spins[i / 4]};
		struct wait second = first;

		WANT(event_await(&event, &hope, &first), -ETIMEDOUT);
		WANT_TRUE(questions > 0);
		WANT(event_await(&event, &none, &second), -EPIPE);
	}
}
END_TEST

static bool asked(void *arg)
{
	return *(const unsigned *)arg > 0;
}

/* Tending the dead may set free what is waited for: at the last moment, too. */
START_TEST(test_event_met_by_the_last_question_is_met)
{
	static struct mipc_event event;

	for (size_t i = 0; i < SPIN_COUNT; i++) {
		unsigned questions = 0;
		const struct condition condition = {
			asked, count_question, &questions};
		struct wait wait = {.timeout_ns = 1, .spin_us = spins[i]};

		WANT(event_await(&event, &condition, &wait), 0);
		WANT(questions, 1);
	}
}
END_TEST

static void echo(void *arg)
{
	struct play *play = arg;

	for (uint64_t i = 1; i <= ROUNDS; i++) {
		WANT(await(&play->there, i, LIB_PATIENCE_NS, MIPC_SPIN_NEVER),
			0);
		advance(&play->back);
	}
}

/* Both always sleep. A wake-up that is missed costs a nap of 10 ms; so can this
 * machine, but not in one round of ten. */
START_TEST(test_event_ping_pong_loses_no_wakeup)
{
	struct play *play = lib_shared(sizeof(*play));
	pid_t child = lib_spawn(echo, play);
	unsigned slow = 0;

	for (uint64_t i = 1; i <= ROUNDS; i++) {
		uint64_t start_ns = lib_now_ns();

		advance(&play->there);
		WANT(await(&play->back, i, LIB_PATIENCE_NS, MIPC_SPIN_NEVER),
			0);
		slow += lib_now_ns() - start_ns > 9000000;
	}
	lib_join(child);
	if (slow > ROUNDS / 10)
		lib_fail("%u of %u rounds took a whole nap", slow, ROUNDS);
}
END_TEST

/* Up to one nap is what a wake-up may be late; so each of these must end. */
static void sleep_once(void *arg)
{
	struct play *play = arg;

	atomic_fetch_add(&play->step, 1);
	WANT(await(&play->there, ALL, LIB_PATIENCE_NS, MIPC_SPIN_NEVER), 0);
	atomic_fetch_add(&play->woken, 1);
}

START_TEST(test_event_notify_all_wakes_every_sleeper)
{
	struct play *play = lib_shared(sizeof(*play));
	pid_t children[SLEEPERS];

	for (unsigned i = 0; i < SLEEPERS; i++)
		children[i] = lib_spawn(sleep_once, play);
	lib_await(&play->step, SLEEPERS);
	atomic_store(&play->there.value, ALL);
	event_notify(&play->there.event, INT_MAX);
	for (unsigned i = 0; i < SLEEPERS; i++)
		lib_join(children[i]);
	WANT(atomic_load(&play->woken), SLEEPERS);
}
END_TEST

START_TEST(test_event_waker_that_died_before_the_wake_costs_one_nap)
{
	struct play *play = lib_shared(sizeof(*play));
	pid_t child = lib_spawn(sleep_once, play);

	lib_await(&play->step, 1);
	lib_sleep_us(2000); /* asleep by now, or not: both must end */
	atomic_store(&play->there.value, ALL);
	/* And here the waker dies. */
	lib_join(child);
	WANT(atomic_load(&play->woken), 1);
}
END_TEST

START_TEST(test_event_killed_sleeper_harms_nobody)
{
	struct play *play = lib_shared(sizeof(*play));

	for (unsigned i = 0; i < 50; i++) {
		pid_t killed, lives;

		lib_step(&play->step, 0);
		atomic_store(&play->there.value, 0);
		atomic_store(&play->woken, 0);
		killed = lib_spawn(sleep_once, play);
		lib_await(&play->step, 1);
		lib_sleep_us(i * 10);
		lib_kill(killed);
		lives = lib_spawn(sleep_once, play);
		lib_await(&play->step, 2);
		atomic_store(&play->there.value, ALL);
		event_notify(&play->there.event, 1);
		lib_join(lives);
		WANT(atomic_load(&play->woken), 1);
	}
}
END_TEST

START_TEST(test_event_notify_without_sleepers_leaves_the_word_alone)
{
	static struct counter counter;

	for (unsigned i = 0; i < 10; i++)
		advance(&counter);
	WANT(atomic_load(&counter.event.word), 0);
	/* The bit that somebody left: found out once, then gone. */
	atomic_store(&counter.event.word, 1);
	advance(&counter);
	WANT(atomic_load(&counter.event.word) & 1, 0);
	WANT_TRUE(atomic_load(&counter.event.word) != 0);
}
END_TEST

START_TEST(test_event_any_word_is_lived_with)
{
	uint64_t seed = lib_seed("event words");
	static struct counter counter;

	for (unsigned i = 0; i < 200; i++) {
		atomic_store(&counter.event.word, (uint32_t)lib_random(&seed));
		event_notify(&counter.event, 1);
		WANT(await(&counter, ALL, 1000, MIPC_SPIN_NEVER), -ETIMEDOUT);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_event_poll_answers_at_once,
		test_event_met_before_needs_no_time,
		test_event_unmet_times_out_and_not_before,
		test_event_hopeless_ends_the_wait_with_its_error,
		test_event_brief_wait_asks_whether_there_is_hope,
		test_event_met_by_the_last_question_is_met,
		test_event_ping_pong_loses_no_wakeup,
		test_event_notify_all_wakes_every_sleeper,
		test_event_waker_that_died_before_the_wake_costs_one_nap,
		test_event_killed_sleeper_harms_nobody,
		test_event_notify_without_sleepers_leaves_the_word_alone,
		test_event_any_word_is_lived_with,
	};

	return LIB_MAIN("event", tests);
}
