/* figures.c - what can be said of them without knowing how they came. */
#include "crash/figures.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { SETTLED_BINS = 3 };

void crash_figures_free(struct crash_figures *figures)
{
	free(figures->recovery);
	for (int i = 0; i < 2; i++) {
		free(figures->recovery_of[i]);
		free(figures->around[i]);
	}
	free(figures->steps);
	*figures = (struct crash_figures){0};
}

uint64_t crash_steps_violations(const struct crash_steps *steps)
{
	uint64_t sum = 0;

	for (int v = 0; v < VERDICTS; v++)
		if (!verdict_is_fine((enum verdict)v))
			sum += steps->verdicts[v];
	return sum;
}

uint64_t crash_steps_data(const struct crash_steps *steps)
{
	uint64_t sum = 0;

	for (int v = 0; v < VERDICTS; v++)
		if (verdict_is_data((enum verdict)v))
			sum += steps->verdicts[v];
	return sum;
}

uint64_t crash_steps_other(const struct crash_steps *steps)
{
	return crash_steps_violations(steps) - steps->verdicts[VERDICT_LOST] -
	       steps->verdicts[VERDICT_DUPLICATED] -
	       steps->verdicts[VERDICT_TORN] - steps->verdicts[VERDICT_HANG] -
	       steps->verdicts[VERDICT_REFUSED];
}

/* The rule of three: what was never seen in N trials is rarer than 3/N. */
const char *crash_steps_verdict(const struct crash_steps *steps,
	const char *struck, char text[STEPS_VERDICT_BYTES])
{
	uint64_t bad = crash_steps_violations(steps);
	const char *part = steps->incomplete ? "; a part of it is missing" : "";

	if (bad)
		snprintf(text, STEPS_VERDICT_BYTES,
			"%" PRIu64 " violations in %" PRIu64 " %s%s", bad,
			steps->struck, struck, part);
	else if (steps->struck)
		snprintf(text, STEPS_VERDICT_BYTES,
			"0 violations in %" PRIu64 " %s: fewer than 3/%" PRIu64
			" = %.2g at 95 %%%s",
			steps->struck, struck, steps->struck,
			3.0 / (double)steps->struck, part);
	else
		snprintf(text, STEPS_VERDICT_BYTES, "no %s%s", struck, part);
	return text;
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
