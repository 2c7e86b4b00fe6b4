/* pace.c - learn whether looking before sleeping pays.
 *
 * To look costs a CPU for as long as it lasts; to sleep and be woken costs about
 * as much, and latency. So looking is right as long as it finds something in
 * every third wait or so, and wrong beside a peer that is slow or idle.
 *
 * Doubt counts: a look in vain adds 1, one that found something takes 3 away.
 * At DOUBT_MAX the next waits sleep at once, 4 to 7 of them the first time, twice
 * and then four times as many later; then a trial of TRIAL looks shows whether
 * times have changed. When doubt is back at 0, it all starts anew.
 *
 * Two sides that answer each other, and both sleep, would go on so for ever: to
 * be woken takes longer than a look, so whoever looks gives up just before the
 * other one answers, and is asleep when it does. So one look in eight, the first
 * of a trial among them, is long enough for the other side to be woken; from
 * then on it finds us awake, if it looks. To find something behind the usual
 * length is no relief, though: the traffic may just be that slow. And the waits
 * between two trials are not always as many, or those of two sides could miss
 * each other for ever.
 *
 * What it does not do: measure times. The look is short against a wake-up, so
 * whether it found something is all there is to know.
 */
#include "pace.h"

enum {
	DOUBT_MAX = 24,
	RELIEF = 3, /* by a look that found something */
	TRIAL = 2,
	LONG_LOOK = 3,	     /* usual ones: two slow wake-ups */
	LONG_LOOK_EVERY = 8, /* doubts */
	LONG_LOOK_AT = (DOUBT_MAX - TRIAL) % LONG_LOOK_EVERY,
	SPELL = 4, /* waits without looking, at level 0 */
	LEVEL_MAX = 2,
};

/* The state: bits 0-7 doubt, 8-15 level, 16-31 waits left without looking. */
static uint32_t state_of(uint32_t doubt, uint32_t level, uint32_t spell)
{
	return doubt | level << 8 | spell << 16;
}

unsigned pace_looks(struct pace *pace)
{
	/* relaxed, all of these: nothing else goes with it */
	uint32_t state =
		atomic_load_explicit(&pace->state, memory_order_relaxed);
	uint32_t spell = state >> 16;

	if (spell == 0)
		return (state & 0xff) % LONG_LOOK_EVERY == LONG_LOOK_AT
			       ? LONG_LOOK
			       : 1;
	atomic_store_explicit(
		&pace->state, state - (1u << 16), memory_order_relaxed);
	return 0;
}

void pace_learn(struct pace *pace, bool met, uint64_t salt)
{
	uint32_t state =
		atomic_load_explicit(&pace->state, memory_order_relaxed);
	uint32_t doubt = state & 0xff;
	uint32_t level = state >> 8 & 0xff;
	uint32_t spell = state >> 16; /* another thread's */
	uint32_t next;

	if (met)
		doubt = doubt > RELIEF ? doubt - RELIEF : 0;
	else if (doubt < DOUBT_MAX)
		doubt++;
	if (doubt == 0)
		level = 0;
	if (doubt == DOUBT_MAX) {
		spell = SPELL << level;
		spell += (uint32_t)(salt % spell);
		doubt = DOUBT_MAX - TRIAL;
		if (level < LEVEL_MAX)
			level++;
	}
	next = state_of(doubt, level, spell);
	/* In steady traffic nothing changes, and the line stays clean. */
	if (next != state)
		atomic_store_explicit(&pace->state, next, memory_order_relaxed);
}
