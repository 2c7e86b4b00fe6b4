/* signed_rank.h - paired differences against a margin, without assuming a shape.
 * Pure, no I/O.
 *
 * The exact Wilcoxon signed-rank test and what belongs to it: the Hodges-Lehmann
 * estimate and its interval. They assume that the differences lie symmetrically
 * around their middle, which a fair coin per block sees to (block.h), and nothing
 * else.
 * Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3.1-3.3.
 */
#ifndef IPCMARK_GATE_SIGNED_RANK_H
#define IPCMARK_GATE_SIGNED_RANK_H

#include <stddef.h>

enum { SIGNED_RANK_MAX = 1024 }; /* samples */

struct signed_rank {
	double w_plus;	  /* sum of the ranks of what lies above the margin */
	double p_greater; /* chance of that or more if the middle is the margin */
	double p_less; /* ... and of that sum or more of what lies below it */
};

/* signed_rank_test - is the middle of @samples above @margin, or below it?
 * Ties share their middle rank. A sample equal to the margin has its rank and
 * counts as neither above nor below, which makes both tests more careful.
 * @count: up to SIGNED_RANK_MAX; 0 gives 1 for both.
 * Returns 0; -EINVAL (too many, or not a number); -ENOMEM. */
int signed_rank_test(const double *samples, size_t count, double margin,
	struct signed_rank *ret_test);

/* The middle, and the interval that covers it. */
struct location {
	double estimate; /* the median of all means of two, each with itself too */
	double lo, hi; /* infinite when so few samples cannot bound it */
	double level;  /* what the interval really covers, at least as wanted */
};

/* signed_rank_locate - Hodges-Lehmann estimate with its two-sided interval.
 * Returns as signed_rank_test(); an estimate of NaN for no samples. */
int signed_rank_locate(const double *samples, size_t count, double wanted_level,
	struct location *ret_location);

#endif
