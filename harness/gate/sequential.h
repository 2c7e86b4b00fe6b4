/* sequential.h - when to look at the blocks, and how sure to be then.
 * Pure, no I/O.
 *
 * To look again and again at a fixed level finds something in the end, whether it
 * is there or not. So there are few looks, each after about twice as many blocks
 * as the one before, and the whole run's chance of a false alarm is divided
 * between them and between the metrics that are judged. The sum of the parts
 * bounds the chance, whatever depends on what.
 */
#ifndef IPCMARK_GATE_SEQUENTIAL_H
#define IPCMARK_GATE_SEQUENTIAL_H

#include <stddef.h>

enum { LOOKS_MAX = 8 };

struct look {
	size_t blocks;
	double alarm_level; /* one-sided, for REGRESSION: for one metric */
	double clear_level; /* one-sided, for PASS before the end */
};

struct look_plan {
	struct look looks[LOOKS_MAX];
	size_t count;
};

/* look_plan_make - looks for @metrics judged metrics, and @most_blocks at most
 * (the last look, whether or not it is one of the usual ones).
 * @alarm_level: of a false alarm in the whole run, over all metrics, e.g. 0.01.
 * @clear_level: of an early PASS for what is worse by the tolerance, likewise. */
struct look_plan look_plan_make(size_t metrics, size_t most_blocks,
	double alarm_level, double clear_level);

/* look_at - the look due after @blocks blocks; NULL: none is. */
const struct look *look_at(const struct look_plan *plan, size_t blocks);

#endif
