/* run.h - plan -> run: carry out every case of a plan, in rounds.
 */
#ifndef IPCMARK_RUN_RUN_H
#define IPCMARK_RUN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hist.h"
#include "case/case.h"
#include "case/latency.h"
#include "crash/figures.h"
#include "run/overhead.h"
#include "run/rounds.h"
#include "run/slice.h"

struct plan;

struct outcome {
	enum case_status status;
	char reason[CASE_REASON_BYTES];
	struct round_figures *rounds; /* in the order they ran; owned */
	size_t round_count;
	uint64_t memory_found; /* nodes that had pages of a channel, bit n:
				  node n; 0: nobody said */
	bool huge_known;       /* else nobody asked, or nobody said */
	uint64_t huge_bytes;   /* of a channel that were in huge pages, in the
				round that had least of them */
	struct verify_totals verify;
	struct latency *latency; /* MODE_OPEN, all rounds; owned; else NULL */
	double offered_per_s;	 /* MODE_OPEN; 0: never came to it */
	double saturation_per_s; /* of which that is a share; 0: it is none */
	bool settled;		 /* until: the median is known well enough */
	struct hist *rtt; /* MODE_ROUNDTRIP, all rounds; owned; else NULL */
	struct crash_figures crash; /* MODE_CRASH */
};

struct run {
	struct outcome *outcomes; /* one per case, in the plan's order */
	size_t outcome_count;
	size_t slices_done; /* of the plan, up to the end of a round */
	struct overhead overhead;
	char counters_refused[CASE_REASON_BYTES]; /* "": they are there */
	bool interrupted; /* SIGINT or SIGTERM: figures of the rounds done */
	uint64_t started_unix_ns;
	uint64_t elapsed_ns; /* breaks before a resumption left out ... */
	uint64_t begun_ns;   /* ... since this, by CLOCK_MONOTONIC */
};

/* run_keep - at the end of each round: what there is so far. */
typedef void run_keep(
	void *keeper, const struct plan *plan, const struct run *run);

/* run_plan - measure every case of @plan.
 * @keep: called with @keeper, so that a run can go on after a break; may be NULL.
 * @run: all zeroes, or what was kept, and it goes on from there.
 *   Nothing is left of it after an error.
 * Shows progress on standard error when that is a terminal.
 * Returns 0 (a case that failed is in its outcome) or -errno. */
int run_plan(
	const struct plan *plan, run_keep *keep, void *keeper, struct run *run);

void run_free(struct run *run); /* accepts NULL and half-built ones */

#endif
