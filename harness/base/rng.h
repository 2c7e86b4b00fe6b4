/* rng.h - small reproducible random numbers: shuffles, seeds, payloads.
 *
 * splitmix64: a counter that walks through all 2^64 values in steps of the
 * golden ratio, each step stirred by a mixing function. Eight bytes of state,
 * any seed is good (0 too), and the same seed gives the same numbers on every
 * machine, which is all that a plan needs. Not for secrets.
 *
 * Sources: Steele, Lea, Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014 (the generator, the mixing constants are Stafford's
 * variant 13); Lemire, "Fast random integer generation in an interval", 2019
 * (rng_below).
 */
#ifndef IPCMARK_BASE_RNG_H
#define IPCMARK_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

/* rng_mix - stir all bits of @value into all bits of the result; one to one,
 * so different values stay different. */
static inline uint64_t rng_mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

static inline struct rng rng_seeded(uint64_t seed)
{
	return (struct rng){.state = seed};
}

static inline uint64_t rng_next(struct rng *rng)
{
	rng->state += UINT64_C(0x9e3779b97f4a7c15);
	return rng_mix(rng->state);
}

/* rng_derive - a seed of its own for number @index of the things that @seed
 * governs: neighbouring indices give unrelated numbers. */
static inline uint64_t rng_derive(uint64_t seed, uint64_t index)
{
	struct rng rng = rng_seeded(rng_mix(seed) ^ index);

	return rng_next(&rng);
}

/* rng_below - 0 to @bound - 1, each equally likely. @bound is not 0.
 * The upper half of a 32 x 32 bit product; the few products that would favour
 * some values are drawn again. */
static inline uint32_t rng_below(struct rng *rng, uint32_t bound)
{
	uint32_t unfair = -bound % bound;
	uint64_t product;

	do {
		product = (rng_next(rng) >> 32) * bound;
	} while ((uint32_t)product < unfair);
	return (uint32_t)(product >> 32);
}

#endif
