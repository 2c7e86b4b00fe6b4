/* judge.h - what the blocks so far say of one metric, and of all.
 * Pure, no I/O.
 *
 *   REGRESSION    B is worse by more than the tolerance: the signed-rank test of
 *                 the differences against it, at this look's level.
 *   PASS          B is not worse by `max`: the interval's upper bound. And it is
 *                 better than the tolerance by the test, at this look's level;
 *                 when there are no more blocks, the estimate is enough.
 *   INCONCLUSIVE  neither, at the end. Never a pass.
 *
 * "Worse by a share s" of 0.05: B's nanoseconds are 1.05 of A's, or A's messages
 * a second are 1.05 of B's.
 */
#ifndef IPCMARK_GATE_JUDGE_H
#define IPCMARK_GATE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/sequential.h"

#define JUDGE_TOLERANCE 0.03 /* by default */
#define JUDGE_MAX 0.08

enum gate_verdict {
	VERDICT_OPEN, /* more blocks are wanted */
	VERDICT_PASS,
	VERDICT_REGRESSION,
	VERDICT_INCONCLUSIVE,
};

/* All of a metric that the judgement depends on. */
struct metric_samples {
	const char *name;	   /* e.g. "throughput" */
	const double *differences; /* of the blocks, in the order they ran:
				      block_difference() */
	size_t count;
	double tolerance; /* share by which B may be worse: 0.03 */
	double max;	  /* ... and may not be, at all: 0.08 */
	bool gated;	  /* else advisory: judged, but nothing follows */
};

enum { JUDGEMENT_REASON_BYTES = 256 };

struct judgement {
	enum gate_verdict verdict;
	/* Shares by which B is worse, above -1; below 0: it is better. The
	 * estimate is NaN without blocks. */
	double estimate;
	double lo, hi;	 /* of this look; infinite: too few blocks */
	double coverage; /* of lo to hi: 0.95, or the next level there is */
	double p;	 /* of the test against the tolerance */
	double level;	 /* that p had to be at or below */
	/* The smallest change that as many blocks of such noise would find
	 * 19 times of 20: tolerance included. Infinite: too few blocks. */
	double detectable;
	size_t blocks;
	char reason[JUDGEMENT_REASON_BYTES]; /* one sentence */
};

/* judge_metric - at @look.
 * @metric: may have fewer differences than the look has blocks, or none.
 * Returns 0; -EINVAL (not 0 <= tolerance < max, or as signed_rank_test());
 * -ENOMEM. */
int judge_metric(const struct metric_samples *metric, const struct look *look,
	struct judgement *ret_judgement);

/* judge_all - of the gated ones: REGRESSION if one is, else OPEN if one is, else
 * INCONCLUSIVE if one is, else PASS; INCONCLUSIVE when none is gated. */
enum gate_verdict judge_all(const struct metric_samples *metrics,
	const struct judgement *judgements, size_t count);

/* gate_verdict_name - "PASS"; for messages and files. */
const char *gate_verdict_name(enum gate_verdict verdict);

#endif
