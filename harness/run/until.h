/* until.h - may the rounds end before there were as many as allowed? Pure. */
#ifndef IPCMARK_RUN_UNTIL_H
#define IPCMARK_RUN_UNTIL_H

#include <stdbool.h>
#include <stddef.h>

struct bench_case;
struct round_figures;

/* until_settled - is the interval of @bench's median, at a level of 95 %, as
 * narrow as it was to be? The median is of rates, for round trips and open
 * loops of the rounds' median times. Without ->until_percent: never. */
bool until_settled(const struct bench_case *bench,
	const struct round_figures *rounds, size_t count);

#endif
