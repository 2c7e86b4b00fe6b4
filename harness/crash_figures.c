/* crash_figures.c - what can be said of them without knowing how they came. */
#include "crash_figures.h"

#include <stddef.h>
#include <stdlib.h>

enum { SETTLED_BINS = 3 };

void crash_figures_free(struct crash_figures *figures)
{
	free(figures->recovery);
	for (int i = 0; i < 2; i++) {
		free(figures->recovery_of[i]);
		free(figures->around[i]);
	}
	*figures = (struct crash_figures){0};
}

uint32_t crash_around_level(const struct crash_around *around)
{
	uint64_t sum = 0;
	uint32_t known = 0;

	for (int i = 0; i < AROUND_BEFORE; i++) {
		if (around->mean[i] == AROUND_UNKNOWN)
			continue;
		sum += around->mean[i];
		known++;
	}
	return known ? (uint32_t)(sum / known) : 0;
}

int crash_around_recovered(const struct crash_around *around)
{
	uint64_t want =
		(uint64_t)crash_around_level(around) * SETTLED_BINS * 9 / 10;

	for (int i = AROUND_BEFORE; i + SETTLED_BINS <= AROUND_BINS; i++) {
		uint64_t have = 0;

		for (int j = i; j < i + SETTLED_BINS; j++)
			if (around->mean[j] != AROUND_UNKNOWN)
				have += around->mean[j];
		if (want && have >= want)
			return i;
	}
	return -1;
}
