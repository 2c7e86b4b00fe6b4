/* block.h - four slices of two builds, in an order that a coin decides.
 * Pure, no I/O.
 *
 * A B B A or B A A B: whatever changes evenly over the four slices is the same
 * for both builds and drops out. What changes unevenly is as likely for as
 * against either, because of the coin, however the machine's noise is made: that
 * is all that the test (signed_rank.h) assumes.
 */
#ifndef IPCMARK_GATE_BLOCK_H
#define IPCMARK_GATE_BLOCK_H

#include <stdbool.h>

#include "base/rng.h"

enum { BLOCK_SLICES = 4 };

/* No difference counts as more than a factor of 1000; so much has a build that
 * stood still. Ranks ask only for the order, and this is the end of it. */
#define BLOCK_MOST_DIFFERENCE 6.907755278982137

enum gate_build {
	BUILD_A, /* what there was */
	BUILD_B, /* what is to be judged */
	BUILD_COUNT,
};

/* block_coin - does the next block begin with B? */
bool block_coin(struct rng *rng);

/* block_build - whose is slice @slice (0 to 3) of a block? */
enum gate_build block_build(bool begins_with_b, unsigned slice);

/* block_difference - by how much B is worse in this block: the natural logarithm
 * of a ratio, 0.05 for about 5 %.
 * @figures: of the four slices, in the order they ran.
 * @more_is_better: as of messages a second; not as of nanoseconds.
 * A figure that is not a number above 0 is missing, as of a slice without a
 * message. To leave such blocks out would hide a build that stands still, so it
 * counts as the worst there is: BLOCK_MOST_DIFFERENCE if B misses more than A,
 * the negative if A does. Both miss as many: NaN, the block says nothing and must
 * be run again. */
double block_difference(bool begins_with_b, const double figures[BLOCK_SLICES],
	bool more_is_better);

#endif
