/* block.c - the order of four slices, and what comes of them. */
#include "gate/block.h"

#include <math.h>

/* 0 for a figure that is not there. */
static double usable_log(double figure, bool *ret_usable)
{
	*ret_usable = figure > 0 && isfinite(figure);
	return *ret_usable ? log(figure) : 0;
}

bool block_coin(struct rng *rng)
{
	return rng_below(rng, 2) != 0;
}

enum gate_build block_build(bool begins_with_b, unsigned slice)
{
	bool outer = slice == 0 || slice == BLOCK_SLICES - 1;

	return outer == begins_with_b ? BUILD_B : BUILD_A;
}

double block_difference(bool begins_with_b, const double figures[BLOCK_SLICES],
	bool more_is_better)
{
	unsigned missing[BUILD_COUNT] = {0};
	double difference = 0; /* of A's logarithms from B's, twice */

	for (unsigned i = 0; i < BLOCK_SLICES; i++) {
		enum gate_build build = block_build(begins_with_b, i);
		bool usable;
		double term = usable_log(figures[i], &usable);

		missing[build] += !usable;
		difference += build == BUILD_B ? term : -term;
	}
	if (missing[BUILD_A] != missing[BUILD_B])
		return missing[BUILD_B] > missing[BUILD_A]
			       ? BLOCK_MOST_DIFFERENCE
			       : -BLOCK_MOST_DIFFERENCE;
	if (missing[BUILD_A])
		return NAN;
	difference /= more_is_better ? -2 : 2;
	return fmax(-BLOCK_MOST_DIFFERENCE,
		fmin(difference, BLOCK_MOST_DIFFERENCE));
}
