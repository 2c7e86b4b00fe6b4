/* judge.h - what the blocks so far say of one metric, and of all.
 * Pure, no I/O.
 *
 *   REGRESSION    B is worse by more than the tolerance: the signed-rank test of
 *                 the differences against it, at this look's level.
 *   PASS          before the end: B is not worse by the tolerance, at this
 *                 look's level. At the end: it is not worse by `max`, at 95 %.
 *   INCONCLUSIVE  neither, at the end. Never a pass.
 *
 * In between, where B is worse but by less than `max`, only the end decides.
 */
#ifndef IPCMARK_GATE_JUDGE_H
#define IPCMARK_GATE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/sequential.h"
#include "gate/signed_rank.h"

enum verdict {
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

enum { JUDGEMENT_REASON_BYTES = 192 };

struct judgement {
	enum verdict verdict;
	/* Shares by which B is worse, above -1; below 0: it is better. */
	double estimate;
	double lo, hi; /* covers it at 95 % */
	double p;      /* of the test against the tolerance */
	double level;  /* that p had to be at or below */
	/* The smallest change that as many blocks of such noise would find
	 * 19 times of 20: tolerance included. Infinite: too few blocks. */
	double detectable;
	size_t blocks;
	char reason[JUDGEMENT_REASON_BYTES]; /* one sentence */
};

/* judge_metric - at @look; @last: there will be no more blocks.
 * Returns 0; -EINVAL and -ENOMEM as signed_rank_test(). */
int judge_metric(const struct metric_samples *metric, const struct look *look,
	bool last, struct judgement *ret_judgement);

/* judge_all - of the gated ones: REGRESSION if one is, else OPEN if one is, else
 * INCONCLUSIVE if one is, else PASS; INCONCLUSIVE when none is gated. */
enum verdict judge_all(const struct metric_samples *metrics,
	const struct judgement *judgements, size_t count);

/* verdict_name - "PASS"; for messages and files. */
const char *verdict_name(enum verdict verdict);

#endif
