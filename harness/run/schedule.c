/* schedule.c - the open loop's clock: arrivals that nobody can hold up.
 *
 * What makes a loop open is that the time of each message is decided before
 * anything is sent. So the schedule is a pure function of rate and seed, and a
 * transport that stalls finds all that became due meanwhile still waiting.
 *
 * Poisson arrivals: the gaps are exponential, the inverse of their distribution
 * at a uniform number. The sum of several producers' is a Poisson process, too.
 *
 * The size of a message follows from its identity, not from a generator's
 * state: the receiver can tell which size it has to have.
 */
#include "run/schedule.h"

#include <math.h>

/* Above 0 and below 1. */
static double uniform(struct rng *rng)
{
	return ((double)(rng_next(rng) >> 11) + 0.5) * 0x1p-53;
}

static double gap(struct schedule *schedule)
{
	if (!schedule->poisson)
		return schedule->period_ns;
	return -log(uniform(&schedule->rng)) * schedule->period_ns;
}

struct schedule schedule_make(double per_s, enum arrival arrival,
	unsigned burst, unsigned index, unsigned producers, uint64_t seed)
{
	struct schedule schedule = {
		.period_ns = 1e9 * burst * producers / per_s,
		.group = burst,
		.left = burst,
		.poisson = arrival == ARRIVAL_POISSON,
		.rng = rng_seeded(rng_derive(seed, index)),
	};

	if (schedule.poisson)
		schedule.due_ns = gap(&schedule);
	else
		schedule.due_ns = schedule.period_ns * index / producers;
	return schedule;
}

uint64_t schedule_next(struct schedule *schedule)
{
	if (schedule->left == 0) {
		schedule->due_ns += gap(schedule);
		schedule->left = schedule->group;
	}
	schedule->left--;
	return (uint64_t)schedule->due_ns;
}

uint64_t mix_pick(const struct size_mix *mix, uint64_t seed, uint64_t word)
{
	struct rng rng = rng_seeded(rng_mix(seed) ^ word);
	unsigned percent = rng_below(&rng, 100), last = mix->count - 1;

	for (unsigned i = 0; i < last; i++) {
		if (percent < mix->percent[i])
			return mix->bytes[i];
		percent -= mix->percent[i];
	}
	return mix->bytes[last];
}
