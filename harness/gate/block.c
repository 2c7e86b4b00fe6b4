/* block.c - the order of four slices, and what comes of them. */
#include "gate/block.h"

#include <math.h>

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
	double difference = 0; /* of B's logarithms from A's */

	for (unsigned i = 0; i < BLOCK_SLICES; i++) {
		double term;

		if (!(figures[i] > 0) || !isfinite(figures[i]))
			return NAN;
		term = log(figures[i]);
		difference +=
			block_build(begins_with_b, i) == BUILD_B ? term : -term;
	}
	difference /= 2;
	return more_is_better ? -difference : difference;
}
