/* event.c - look for a while, then sleep; and wake whoever sleeps.
 *
 * A sleeper and a waker must not miss each other:
 *
 *   sleeper  W1 sets bit 0 of the word;  W2 looks once more;  sleeps on the word
 *   waker    W3 has made it true;        W4 fence;  reads bit 0;  bumps the word
 *
 * W1 and W4 are both sequentially consistent, so either the sleeper sees what
 * the waker did, or the waker sees the bit. The waker bumps the count above the
 * bits, then wakes; a sleeper that came in between finds the word changed and
 * does not sleep. Bit 0 stays set until a wake has found nobody more, so that a
 * second waker, whose message is for a second sleeper, does not pass by while
 * the first is on its way. Clearing it must not forget who lay down after the
 * bump: bit 1, cleared by the bump and set by W1, changes the word if one did.
 *
 * Crash: a sleeper that was killed leaves the bit, which costs the next waker
 * one system call. A waker killed between W3 and the wake leaves a sleeper
 * asleep beside a true condition, until the next waker, for the bit is still
 * there, or until it looks by itself: no sleep is longer than 10 ms.
 * The condition, never the word, is what counts.
 */
#include "event.h"

#include <errno.h>

#include <mmapipc/mmapipc.h>

#include "counters.h"
#include "mutant.h"
#include "platform.h"

uint64_t event_nap_max_ns = 10000000;

enum {
	/* To be woken costs about 55-75 us on a halted CPU; looking for as long
	 * before sleeping at most doubles the cost and, while traffic flows,
	 * saves it. Whether it does, pace.c learns. */
	SPIN_DEFAULT_NS = 50000,
	SPIN_TURNS_PER_LOOK = 16, /* between two looks at the clock */
	TURN_MAX_NS = 10000000,	  /* of looking, between two questions */
};

#define ONE_BUMP UINT32_C(4)

uint64_t wait_left_ns(struct wait *wait, uint64_t at_most_ns)
{
	uint64_t now;

	if (wait->timeout_ns == MIPC_FOREVER)
		return at_most_ns;
	now = platform_now_ns();
	if (wait->deadline_ns == 0) {
		wait->deadline_ns = now + wait->timeout_ns;
		if (wait->deadline_ns < now)
			wait->deadline_ns = UINT64_MAX;
	}
	if (now >= wait->deadline_ns)
		return 0;
	return wait->deadline_ns - now < at_most_ns ? wait->deadline_ns - now
						    : at_most_ns;
}

/* A wait that is over before a usual look is shows nothing; and a nap that short
 * takes ten times as long. */
static bool learns(const struct wait *wait)
{
	return wait->spin_us == 0 && wait->pace &&
	       wait->timeout_ns > SPIN_DEFAULT_NS;
}

static uint64_t spin_budget_ns(const struct wait *wait)
{
	static _Atomic unsigned cpu_count;
	/* relaxed: whoever comes first finds the same number */
	unsigned cpus = atomic_load_explicit(&cpu_count, memory_order_relaxed);

	if (wait->spin_us == MIPC_SPIN_ALWAYS)
		return UINT64_MAX;
	if (wait->spin_us == MIPC_SPIN_NEVER)
		return 0;
	if (wait->spin_us != 0)
		return (uint64_t)wait->spin_us * 1000;
	if (cpus == 0) {
		cpus = platform_cpu_count();
		atomic_store_explicit(&cpu_count, cpus, memory_order_relaxed);
	}
	/* On one CPU nothing can happen while we look. */
	if (cpus == 1)
		return 0;
	return SPIN_DEFAULT_NS * (learns(wait) ? pace_looks(wait->pace) : 1);
}

/* Look for @budget_ns. */
static bool spin_until_met(
	const struct condition *condition, uint64_t budget_ns)
{
	uint64_t until_ns;

	if (budget_ns == 0)
		return condition->met(condition->arg);
	until_ns = platform_now_ns() + budget_ns;
	do {
		for (int i = 0; i < SPIN_TURNS_PER_LOOK; i++) {
			if (condition->met(condition->arg))
				return true;
			platform_relax();
		}
	} while (platform_now_ns() < until_ns);
	return false;
}

/* One nap. Returns whether the condition was seen met before it. */
static bool sleep_once(struct mipc_event *event,
	const struct condition *condition, uint64_t nap_ns)
{
	/* W1: says that somebody may sleep. seq_cst: pairs with W4. */
	const uint32_t bits = EVENT_MAYBE_ASLEEP | EVENT_NEWLY_ASLEEP;
	uint32_t word = atomic_fetch_or_explicit(
				&event->word, bits, memory_order_seq_cst) |
			bits;

	/* W2: the last look. Cannot move before W1. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!MUTANT(no_second_look) && condition->met(condition->arg))
		return true;
	platform_wait(&event->word, word, nap_ns);
	return false;
}

/* The time is up. Whoever only ever waits briefly never comes to a nap, and must
 * hear of a dead peer all the same; and asking may have brought what was waited
 * for to light. */
static int end_in_vain(const struct condition *condition)
{
	int err = condition->hopeless ? condition->hopeless(condition->arg) : 0;

	if (err)
		return err;
	return condition->met(condition->arg) ? 0 : -ETIMEDOUT;
}

/* After a first look in vain. @ret_naps: how often it slept. */
static int look_and_nap(struct mipc_event *event,
	const struct condition *condition, struct wait *wait,
	uint64_t *ret_naps)
{
	uint64_t spin_ns = spin_budget_ns(wait);
	bool learn = learns(wait) && spin_ns;

	for (*ret_naps = 0;;) {
		uint64_t turn_max_ns = learn ? SPIN_DEFAULT_NS : TURN_MAX_NS;
		uint64_t turn_ns =
			spin_ns < turn_max_ns ? spin_ns : turn_max_ns;
		bool met =
			spin_until_met(condition, wait_left_ns(wait, turn_ns));
		uint64_t nap_ns;
		int err;

		if (learn)
			pace_learn(
				wait->pace, met, met ? 0 : platform_now_ns());
		if (met)
			return 0;
		learn = false;
		/* Spent once per call: to look again for as long after each nap
		 * would be idle work for ever. */
		if (wait->spin_us != MIPC_SPIN_ALWAYS)
			spin_ns -= turn_ns;
		nap_ns = wait_left_ns(wait,
			MUTANT(untimed_sleep) ? UINT64_MAX : event_nap_max_ns);
		if (nap_ns == 0)
			return end_in_vain(condition);
		err = condition->hopeless ? condition->hopeless(condition->arg)
					  : 0;
		if (err)
			return err;
		if (spin_ns != 0)
			continue;
		++*ret_naps;
		if (sleep_once(event, condition, nap_ns))
			return 0;
	}
}

int event_await(struct mipc_event *event, const struct condition *condition,
	struct wait *wait)
{
	struct counters *counters = wait->counters;
	uint64_t naps;
	int err;

	/* Before any look at the clock: mostly it is there already. */
	if (condition->met(condition->arg))
		return 0;
	if (wait_polls(wait))
		return -EAGAIN;
	/* While there is nothing to be late for. */
	if (counters)
		count_shared(&counters->waits, 1);
	err = look_and_nap(event, condition, wait, &naps);
	if (!counters)
		return err;
	if (naps) {
		count_shared(&counters->slept, 1);
		count_shared(&counters->naps, naps);
	} else if (err) {
		count_shared(&counters->gave_up, 1);
	}
	return err;
}

void event_wake(struct mipc_event *event, uint32_t word, int count)
{
	while (word & EVENT_MAYBE_ASLEEP) {
		uint32_t bumped = (word + ONE_BUMP) & ~EVENT_NEWLY_ASLEEP;

		if (MUTANT(sleeping_bit_cleared_first))
			bumped &= ~EVENT_MAYBE_ASLEEP;
		/* seq_cst: a sleeper's W1 comes either before, and is woken, or
		 * after, and finds the count changed */
		if (!atomic_compare_exchange_weak_explicit(&event->word, &word,
			    bumped, memory_order_seq_cst, memory_order_relaxed))
			continue;
		/* The bit stays as long as there may be more of them: wakers
		 * that come meanwhile must look, too. If all were woken and
		 * nobody lay down since, it goes. relaxed: the exchange tells
		 * by itself whether somebody did */
		if (platform_wake(&event->word, count) < count)
			atomic_compare_exchange_strong_explicit(&event->word,
				&bumped, bumped & ~EVENT_MAYBE_ASLEEP,
				memory_order_relaxed, memory_order_relaxed);
		return;
	}
}
