/* tune.h - which of many settings is the best, in as few slices as it takes.
 *
 * Pure: scores of rounds go in, who is still looked at and who leads comes out.
 * Nothing here knows what a score is made of; more is better.
 */
#ifndef IPCMARK_TUNE_TUNE_H
#define IPCMARK_TUNE_TUNE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/stats.h"

enum {
	/* The rounds of a stage. Of an even number the median is a mean of two,
	 * and one slow slice pulls it; of 3 two slow ones do. */
	TUNE_STAGE_ROUNDS = 5,
	/* So few get the rest of the time. */
	TUNE_FINALISTS = 3,
};

#define TUNE_NONE ((size_t)-1)

enum tune_fate {
	TUNE_IN,
	TUNE_SLOWER, /* in the worse half, and told apart from the leader */
	TUNE_OVER,   /* beyond the bound in most of its rounds */
	TUNE_SHORT,  /* in most of its rounds it could not do what was asked */
	TUNE_BROKEN, /* it went wrong, for good */
};

struct tune_candidate {
	enum tune_fate fate;
	unsigned dropped_after; /* rounds; of TUNE_IN: 0 */
};

struct tune {
	struct tune_candidate *candidates; /* owned */
	size_t candidate_count;
	double *scores;	  /* [round][candidate]; NaN: was not measured; owned */
	double *excesses; /* the same; above 1 is beyond the bound; owned */
	unsigned round_count;
	unsigned stage_begin; /* the first round of the stage */
	bool final;
	unsigned final_begin; /* the first round after the last was dropped */
};

/* What is known by now. */
struct tune_verdict {
	size_t leader;	       /* TUNE_NONE: nobody is left */
	size_t runner_up;      /* TUNE_NONE: there is no other with figures */
	struct interval ratio; /* leader over runner-up, in the same rounds */
	unsigned ratio_rounds;
	bool fresh; /* these rounds had no part in choosing the finalists */
	bool sure;  /* the leader is told apart from all others */
};

/* tune_init - @count candidates, all of them in. Returns 0; -ENOMEM. */
int tune_init(size_t count, struct tune *ret_tune);

/* tune_begin_round - make room for one round more. Returns 0; -ENOMEM. */
int tune_begin_round(struct tune *tune);

/* tune_record - what @candidate did in this round.
 * @score: 0 when it could not do what was asked.
 * @excess: what is bounded, over its bound; 0 where nothing is. */
void tune_record(
	struct tune *tune, size_t candidate, double score, double excess);

/* tune_break - @candidate is out at once. */
void tune_break(struct tune *tune, size_t candidate);

/* tune_end_round - at the end of a stage: who goes? Returns 0; -ENOMEM. */
int tune_end_round(struct tune *tune);

/* tune_finish - there are no more rounds, though the stage may not be over: who
 * is beyond the bound or falls short goes. */
void tune_finish(struct tune *tune);

size_t tune_left(const struct tune *tune);

/* tune_score - median and interval of a candidate's scores; NaN: none. */
struct interval tune_score(const struct tune *tune, size_t candidate);

/* tune_rounds - those in which it was measured. */
unsigned tune_rounds(const struct tune *tune, size_t candidate);

/* tune_ratio - median over the rounds from @first of @of's score over @to's,
 * with its 95 % interval. Returns the number of rounds; 0 and NaN: none. */
unsigned tune_ratio(const struct tune *tune, size_t of, size_t to,
	unsigned first, struct interval *ret_ratio);

/* tune_rank - all candidates in the order of how good they are: those still in
 * first, then those dropped for being slower, the latest first, then the rest.
 * @ret_order: room for all. Returns 0; -ENOMEM. */
int tune_rank(const struct tune *tune, size_t *ret_order);

/* tune_verdict - who leads, and how sure that is. Returns 0; -ENOMEM. */
int tune_verdict(const struct tune *tune, struct tune_verdict *ret_verdict);

void tune_free(struct tune *tune); /* accepts half-built ones */

#endif
