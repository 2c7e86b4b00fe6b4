/* test_pace.c - when looking before sleeping is given up, and when it is tried
 * again. The waits are played, not waited: a peer answers after so many
 * microseconds, by a clock that only this test turns.
 */
#include "lib_stage.h"

#include <errno.h>
#include <string.h>

#include <mmapipc/mmapipc.h>

#include "event.h"
#include "pace.h"
#include "platform.h"

enum {
	LOOK_US = 50, /* what a look costs, if in vain */
	WAKE_US = 60, /* from the wake to the first instruction */
	BRIEF_NS = 5000,
};

struct sums {
	unsigned looks;
	unsigned found; /* of these */
	unsigned us;	/* spent looking */
};

/* @count waits, each for something that comes after @delay_us. */
static struct sums wait_often(struct pace *pace, unsigned count,
	unsigned delay_us, uint64_t *clock_us)
{
	struct sums sums = {0};

	for (unsigned i = 0; i < count; i++) {
		unsigned looked = pace_looks(pace);
		bool found = delay_us < looked * LOOK_US;

		sums.looks += looked > 0;
		sums.us += found ? delay_us : looked * LOOK_US;
		sums.found += found;
		*clock_us += found ? delay_us : delay_us + WAKE_US;
		if (looked)
			pace_learn(pace, delay_us < LOOK_US, *clock_us * 1000);
	}
	return sums;
}

START_TEST(test_pace_steady_traffic_always_looks)
{
	struct pace pace = {0};
	uint64_t clock_us = 0;

	WANT(wait_often(&pace, 1000, 1, &clock_us).found, 1000);
	/* And changes nothing: its line stays clean. */
	WANT(atomic_load(&pace.state), 0);
}
END_TEST

START_TEST(test_pace_slow_traffic_soon_sleeps_at_once)
{
	static const unsigned delays_us[] = {60, 100, 200, 1000, 1000000};

	for (size_t i = 0; i < sizeof(delays_us) / sizeof(delays_us[0]); i++) {
		struct pace pace = {0};
		uint64_t clock_us = 0;
		struct sums sums;

		WANT(wait_often(&pace, 24, delays_us[i], &clock_us).looks, 24);
		WANT_TRUE(!pace_looks(&pace));
		/* Trials remain: two looks, then 16 to 31 waits without. */
		wait_often(&pace, 100, delays_us[i], &clock_us);
		sums = wait_often(&pace, 6000, delays_us[i], &clock_us);
		WANT_TRUE(sums.looks <= 2 * (6000 / 18 + 1));
		WANT_TRUE(sums.looks >= 2 * (6000 / 33));
		WANT_TRUE(sums.us < 6000 * LOOK_US / 4);
	}
}
END_TEST

START_TEST(test_pace_traffic_that_became_fast_is_looked_for_again)
{
	struct pace pace = {0};
	uint64_t clock_us = 0;

	wait_often(&pace, 1000, 500, &clock_us);
	/* At most the longest spell goes by first. */
	WANT_TRUE(wait_often(&pace, 100, 1, &clock_us).found >= 69);
	WANT(wait_often(&pace, 1000, 1, &clock_us).found, 1000);
	WANT(atomic_load(&pace.state), 0);
}
END_TEST

START_TEST(test_pace_rare_stall_does_not_end_the_looking)
{
	struct pace pace = {0};
	uint64_t clock_us = 0;

	for (unsigned i = 0; i < 1000; i++) {
		WANT(wait_often(&pace, 3, 5000, &clock_us).looks, 3);
		WANT(wait_often(&pace, 1, 1, &clock_us).found, 1);
	}
}
END_TEST

START_TEST(test_pace_look_that_seldom_finds_is_given_up)
{
	struct pace pace = {0};
	uint64_t clock_us = 0;
	unsigned looks = 0;

	for (unsigned i = 0; i < 1000; i++) {
		looks += wait_often(&pace, 9, 300, &clock_us).looks;
		looks += wait_often(&pace, 1, 1, &clock_us).looks;
	}
	WANT_TRUE(looks < 10000 / 2);
}
END_TEST

/* Waits without a look after 24 looks in vain. */
static unsigned first_spell(uint64_t salt)
{
	struct pace pace = {0};
	unsigned waits = 0;

	while (pace_looks(&pace))
		pace_learn(&pace, false, salt);
	do
		waits++;
	while (!pace_looks(&pace));
	return waits;
}

/* Or the trials of two sides with the same past would miss each other. */
START_TEST(test_pace_times_between_trials_differ)
{
	unsigned seen = 0;

	for (uint64_t salt = 0; salt < 100; salt++) {
		unsigned waits = first_spell(salt);

		WANT_TRUE(waits >= 4 && waits <= 7);
		seen |= 1u << waits;
	}
	WANT(seen, 0xf0);
}
END_TEST

/* Two that answer each other: neither finds anything as long as the other one has
 * to be woken first. */
static unsigned rounds_until_both_look(uint64_t seed)
{
	struct pace sides[2] = {{0}, {0}};
	uint64_t clock_us = lib_random(&seed) % 1000;
	unsigned in_a_row = 0, rounds = 0;
	bool asleep = true; /* was the side that now answers? */

	wait_often(&sides[0], lib_random(&seed) % 200, 1000, &clock_us);
	wait_often(&sides[1], lib_random(&seed) % 200, 1000, &clock_us);
	for (; in_a_row < 20; rounds++) {
		bool both = true;

		for (unsigned i = 0; i < 2; i++) {
			unsigned looked = pace_looks(&sides[i]);
			unsigned delay_us = asleep ? WAKE_US : 1;
			bool found = delay_us < looked * LOOK_US;

			clock_us += delay_us;
			if (looked)
				pace_learn(&sides[i], delay_us < LOOK_US,
					clock_us * 1000 +
						lib_random(&seed) % 1000);
			asleep = !found;
			both &= found;
		}
		in_a_row = both ? in_a_row + 1 : 0;
		if (rounds > 100000)
			lib_fail("two sides never met");
	}
	return rounds;
}

START_TEST(test_pace_two_sleeping_sides_find_each_other)
{
	uint64_t seed = lib_seed("pace");
	uint64_t all = 0;

	for (unsigned i = 0; i < 200; i++)
		all += rounds_until_both_look(lib_random(&seed));
	/* A round is some 120 us as long as both sleep. */
	WANT_TRUE(all / 200 < 500);
}
END_TEST

struct looks {
	struct mipc_event event;
	struct pace pace;
	unsigned count;
};

static bool count_look(void *arg)
{
	struct looks *looks = arg;

	looks->count++;
	return false;
}

static int give_up(void *arg)
{
	(void)arg;
	return -EPIPE;
}

/* Looks in a wait whose end comes before the first nap. */
static unsigned looks_of_a_wait(struct looks *looks, uint32_t spin_us)
{
	const struct condition condition = {count_look, give_up, looks};
	struct wait wait = {.timeout_ns = MIPC_FOREVER,
		.spin_us = spin_us,
		.pace = &looks->pace};

	looks->count = 0;
	WANT(event_await(&looks->event, &condition, &wait), -EPIPE);
	return looks->count;
}

START_TEST(test_pace_default_wait_of_an_idle_side_looks_but_once)
{
	static struct looks looks;

	if (platform_cpu_count() == 1) {
		lib_skip("on one CPU nobody looks");
		return;
	}
	for (unsigned i = 0; i < 24; i++)
		WANT_TRUE(looks_of_a_wait(&looks, 0) > 2);
	WANT(looks_of_a_wait(&looks, 0), 2); /* before, and for a budget of 0 */
}
END_TEST

START_TEST(test_pace_explicit_spin_is_as_asked_for_and_teaches_nothing)
{
	static struct looks looks;

	for (unsigned i = 0; i < 50; i++) {
		WANT_TRUE(looks_of_a_wait(&looks, 1) > 2);
		WANT_TRUE(looks_of_a_wait(&looks, 100) > 2);
		WANT(looks_of_a_wait(&looks, MIPC_SPIN_NEVER), 2);
	}
	WANT(atomic_load(&looks.pace.state), 0);
}
END_TEST

/* The same of a wait that is over before a usual look is. */
static unsigned looks_of_a_brief_wait(struct looks *looks)
{
	const struct condition condition = {count_look, NULL, looks};
	struct wait wait = {.timeout_ns = BRIEF_NS, .pace = &looks->pace};

	looks->count = 0;
	WANT(event_await(&looks->event, &condition, &wait), -ETIMEDOUT);
	return looks->count;
}

/* To nap for so short a time takes ten times as long. */
START_TEST(test_pace_brief_wait_always_looks_and_teaches_nothing)
{
	static struct looks looks;
	uint32_t state;

	if (platform_cpu_count() == 1) {
		lib_skip("on one CPU nobody looks");
		return;
	}
	for (unsigned i = 0; i < 100; i++)
		WANT_TRUE(looks_of_a_brief_wait(&looks) > 4);
	WANT(atomic_load(&looks.pace.state), 0);
	/* And beside others that were in vain. */
	for (unsigned i = 0; i < 24; i++)
		looks_of_a_wait(&looks, 0);
	state = atomic_load(&looks.pace.state);
	WANT_TRUE(state != 0);
	for (unsigned i = 0; i < 100; i++)
		WANT_TRUE(looks_of_a_brief_wait(&looks) > 4);
	WANT(atomic_load(&looks.pace.state), state);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_pace_steady_traffic_always_looks,
		test_pace_slow_traffic_soon_sleeps_at_once,
		test_pace_traffic_that_became_fast_is_looked_for_again,
		test_pace_rare_stall_does_not_end_the_looking,
		test_pace_look_that_seldom_finds_is_given_up,
		test_pace_times_between_trials_differ,
		test_pace_two_sleeping_sides_find_each_other,
		test_pace_default_wait_of_an_idle_side_looks_but_once,
		test_pace_explicit_spin_is_as_asked_for_and_teaches_nothing,
		test_pace_brief_wait_always_looks_and_teaches_nothing,
	};

	return LIB_MAIN("pace", tests);
}
