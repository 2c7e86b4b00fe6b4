/* trial.h - one death, or the like of it, and what becomes of the others.
 */
#ifndef IPCMARK_CRASH_TRIAL_H
#define IPCMARK_CRASH_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash/operation.h"
#include "crash/stage.h"
#include "crash/story.h"
#include "step/trace.h"

enum crash_kind {
	KIND_INSTRUCTION, /* killed at step k */
	KIND_PAIR,	  /* and who comes next in the same call at step j */
	KIND_STOP,	  /* stopped at k, the others go on, then it does */
	KIND_SYSCALL,	  /* the system call that is step k fails */
	KIND_SLEEPER,	  /* killed at k while somebody waits for the outcome */
	KINDS,
};

const char *kind_name(enum crash_kind kind);

/* What is tried, again and again. */
struct trial_case {
	struct crash_operation operation;
	enum crash_path path;
	enum crash_kind kind;
	unsigned room; /* messages that fit into the channel; 0: not known */
	/* Of slow-lock and dead-owner: who has the lock stands at this step of
	 * this trace of a send or a recv. */
	const struct crash_trace *holder_trace;
	size_t holder_k;
	uint64_t late_ns; /* a first success later than that is late */
};

/* Where. */
struct trial_strike {
	const struct crash_trace *trace; /* of the victim's call */
	size_t k;
	int err; /* KIND_SYSCALL: negative of what it returns */
	/* KIND_PAIR: of who comes next. */
	const struct crash_trace *next_trace;
	size_t j;
	/* Instead of all that: record the victim's call, or the next one's. */
	struct crash_trace *record;
	struct crash_trace *record_next;
};

enum { TRIAL_WORDS_BYTES = 160 };

struct trial_report {
	enum verdict verdict;
	bool missed;	      /* the step was not come by */
	bool acted;	      /* it was */
	uint64_t recovery_ns; /* to the first success; 0: none was due */
	char words[TRIAL_WORDS_BYTES]; /* unless fine */
	struct trial_story story;      /* the same */
};

/* trial_run - on @stage, which is drained, and is so again afterwards unless it is
 * spoiled. */
void trial_run(struct crash_stage *stage, const struct trial_case *what,
	const struct trial_strike *strike, struct trial_report *ret_report);

/* trial_room - how many messages fit. Returns 0 when it is more than can be
 * counted, or it goes wrong. */
unsigned trial_room(struct crash_stage *stage);

#endif
