/* sequential.h - when to look at the blocks, and how sure to be then.
 * Pure, no I/O.
 *
 * To look again and again at a fixed level finds something in the end, whether it
 * is there or not. So there are few looks, each after twice as many blocks as the
 * one before, and the whole run's chance of a mistake is divided between them. The
 * sum of the parts bounds that chance, whatever depends on what.
 *
 * There are two mistakes, each with its own level. A false alarm is made if any
 * of the metrics makes it, so that level is divided between the metrics, too. A
 * PASS takes all of them, so one that is worse is missed only if its own test
 * misses it, and that level is not divided.
 */
#ifndef IPCMARK_GATE_SEQUENTIAL_H
#define IPCMARK_GATE_SEQUENTIAL_H

#include <stdbool.h>
#include <stddef.h>

enum { LOOKS_MAX = 6 };

#define LOOK_ALARM_LEVEL 0.01 /* by default; of REGRESSION without one */
#define LOOK_CLEAR_LEVEL 0.05 /* ... of an early PASS in spite of one */

struct look {
	size_t blocks;
	double alarm_level; /* one-sided, for REGRESSION: for one metric */
	double clear_level; /* one-sided, for PASS before the end */
	bool last;	    /* there will be no more blocks */
};

struct look_plan {
	struct look looks[LOOKS_MAX];
	size_t count;
};

/* look_plan_make - looks for @metrics gated metrics, and @most_blocks at most
 * (the last look, whether or not it is one of the usual ones; 512 if it is more).
 * @alarm_level: of a false alarm in the whole run, over all metrics.
 * @clear_level: of an early PASS for what is worse by the tolerance, likewise. */
struct look_plan look_plan_make(size_t metrics, size_t most_blocks,
	double alarm_level, double clear_level);

/* look_at - the look due after @blocks blocks; NULL: none is. */
const struct look *look_at(const struct look_plan *plan, size_t blocks);

/* look_last - the look to end with now, when time is up before the plan is: at the
 * levels of all looks that were not held. To be called instead of the look that
 * is due, and only if what ended the run was not the blocks' outcome. */
struct look look_last(const struct look_plan *plan, size_t blocks);

#endif
