/* gate.h - two builds, measured in turns, and what comes of it.
 *
 *	request -> gate_prepare() -> blocks_run() -> gate_conclude() -> save, print
 *
 * Everything that is known about a run is in struct gate; save.c writes all of it
 * down, and what shows it later reads only that file.
 */
#ifndef IPCMARK_GATE_GATE_H
#define IPCMARK_GATE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "gate/block.h"
#include "gate/build.h"
#include "gate/judge.h"
#include "gate/metric.h"
#include "gate/order.h"
#include "machine/env.h"

/* docs/gate.md, "How long a slice is", has what these were measured by. */
#define GATE_SLICE_NS UINT64_C(30000000)
#define GATE_WARMUP_NS UINT64_C(3000000)
#define GATE_INSTRUCTION_TOLERANCE 0.02 /* by default */
/* Two runs of one and the same build, minutes apart on a shared machine. */
#define TREND_TOLERANCE 0.3
#define TREND_MAX 0.6

#define GATE_SCHEMA "ipcmark-gate-1"

enum {
	GATE_REASON_BYTES = 400,
	GATE_COMMAND_BYTES = 4096,
	GATE_BLOCKS = 256,
};

struct gate_request {
	double tolerance[METRICS], max[METRICS]; /* shares: 0.03 */
	bool wanted[METRICS];			 /* to be gated */
	size_t blocks;				 /* of a case, at most */
	uint64_t time_ns;			 /* of the whole run; 0: any */
	uint64_t slice_ns, warmup_ns;
	uint64_t seed;
	double slow;	 /* B's sends get slower by this share; 0: not */
	bool till_worse; /* the first case that is worse ends the run */
	int inconclusive_exit;
	bool no_count;
	double count_tolerance; /* share by which instructions may rise */
	bool count_wanted;	/* to be gated: a rise is a REGRESSION */
};

/* One block; its slices in the order they ran. */
struct gate_block {
	size_t case_index;
	bool begins_with_b;
	bool left_out;	  /* disturbed, or failed: it counts for nothing */
	char why[96];	  /* ... and why; of a disturbed one that counts, too */
	uint64_t from_ns; /* since the run began */
	struct gate_figures slices[BLOCK_SLICES];
};

struct gate_metric_result {
	bool applies, gated;
	double *differences; /* of the blocks that count; owned */
	struct judgement judgement;
};

/* Of one call: B's instructions beside A's. */
struct gate_count_pair {
	struct gate_count count[BUILD_COUNT];
	double change; /* share */
	bool rise;     /* over the tolerance, and both exact */
};

struct gate_case {
	struct bench_case bench;
	enum case_status status; /* as in a run; VIOLATED, FAILED: ->culprit */
	enum gate_build culprit;
	char reason[GATE_REASON_BYTES]; /* one sentence; of the verdict too */
	enum gate_verdict verdict;
	bool done;
	bool judged;		 /* with all of its blocks */
	size_t blocks, left_out; /* those that count, those that do not */
	size_t disturbed;	 /* of those that count */
	size_t no_figure;	 /* of those that do not */
	unsigned failures[BUILD_COUNT];
	bool outside;			 /* one of them was no build's fault */
	char failure[CASE_REASON_BYTES]; /* the last of them */
	double delay_ns;		 /* in B's slices, of request.slow */
	struct gate_metric_result metrics[METRICS];
	char count_reason[CASE_REASON_BYTES]; /* why there are no counts */
	size_t count_count;
	struct gate_count_pair counts[GATE_OPERATIONS_MAX];
};

struct gate {
	struct gate_request request;
	struct build builds[BUILD_COUNT];
	/* Before the first block; no facts: not known, as of older files. */
	struct environment environment; /* owned */
	struct gate_case *cases;	/* owned */
	size_t case_count;
	struct gate_block *blocks; /* in the order they ran; owned */
	size_t block_count, block_room;
	struct look_plan looks;
	char command[GATE_COMMAND_BYTES]; /* that repeats it; "": not known */
	uint64_t started_unix_ns, elapsed_ns;
	bool interrupted, out_of_time;
	enum gate_verdict verdict;
	int exit_code;
	char reason[GATE_REASON_BYTES];
};

/* Who measures: a server for each build, or a test. */
struct gate_measurer {
	void *arg;
	/* Carries out @order on @build. As server_ask(); after an error the next
	 * call may work again. */
	int (*ask)(void *arg, enum gate_build build,
		const struct gate_order *order, struct gate_answer *ret_answer);
	/* Before each block: whatever a process is lucky or unlucky with for as
	 * long as it lives, where its code and its stack lie, is drawn anew. */
	void (*renew)(void *arg);
	bool (*keep_going)(void);
	/* shown(done) - after each block; NULL: nobody looks. */
	void (*show)(const struct gate *gate);
};

/* gate_prepare - cases from @cases, @request already in @gate. Those that are not
 * for the gate are SKIP. Returns 0; -ENOMEM. */
int gate_prepare(
	struct gate *gate, const struct bench_case *cases, size_t case_count);

/* blocks_run - until each case is decided, the time is over or somebody asks to
 * stop; with judgements. Returns 0; -ENOMEM. */
int blocks_run(struct gate *gate, const struct gate_measurer *measurer);

/* counts_run - each case's calls in both builds. */
void counts_run(struct gate *gate, const struct gate_measurer *measurer);

/* gate_conclude - the verdict of all cases, in ->verdict, ->reason and
 * ->exit_code. */
void gate_conclude(struct gate *gate);

/* gate_print - for people. */
void gate_print(const struct gate *gate, FILE *out);

/* gate_save - as @path, docs/gate.schema.json, whole or not at all.
 * Returns 0; -errno. */
int gate_save(const struct gate *gate, const char *path);

void gate_free(struct gate *gate); /* accepts half-built ones */

#endif
