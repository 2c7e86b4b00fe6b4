/* result.h - run -> result.json -> everything that people look at.
 *
 * result_save() writes it once; report, plot and compare read only what
 * result_load() gives back, so an old result can be drawn again anywhere.
 */
#ifndef IPCMARK_RESULT_RESULT_H
#define IPCMARK_RESULT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stats.h"
#include "case/case.h"
#include "run/run.h"

struct plan;
struct environment;

#define RESULT_SCHEMA "ipcmark-result-1"

/* One case as the file tells it: what was asked, what came out. */
struct result_case {
	struct bench_case bench;
	struct outcome outcome;
	struct interval
		msgs_per_s;	/* over rounds; median NaN without figures */
	double cpu_ns_per_msg;	/* NaN without figures */
	struct interval p50_ns; /* over rounds: of round trips, or of latencies
				   from when a message was due */
	double usage_per_msg[USAGE_KINDS]; /* medians; NaN: unknown */
	/* What its transport said of itself when it was measured: later stages
	 * may run where that transport does not exist. */
	bool limit;	    /* CAP_LIMIT */
	bool survives_kill; /* CAP_SURVIVES_KILL */
};

/* How many slices something happened to that was not part of the measurement. */
struct disturbed_seen {
	size_t slices; /* all of them */
	size_t steal;  /* the host took CPU time ... */
	size_t moves;  /* ... a worker went to another CPU ... */
	size_t any;    /* ... one or both */
};

struct result {
	char *path; /* where it was loaded from, for messages */
	uint64_t seed;
	uint64_t started_unix_ns;
	bool interrupted;
	bool without_disturbed; /* result_drop_disturbed() was called */
	bool times_of_all;	/* it could not leave them out of a histogram */
	struct disturbed_seen disturbed; /* of the rounds in the file */
	struct overhead overhead;	 /* NaN: not measured */
	char counters_refused[CASE_REASON_BYTES]; /* "": they were there */
	struct environment *environment;	  /* owned */
	struct result_case *cases;
	size_t case_count;
};

/* result_save - write @path whole or not at all (temporary name, rename).
 * Returns 0 or -errno. */
int result_save(const struct plan *plan, const struct run *run,
	const struct environment *environment, const char *path);

/* result_load - read and check a result.
 * Says what is wrong with the file and where. Returns 0; -errno; -EBADMSG. */
int result_load(const char *path, struct result *ret_result);

void result_free(struct result *result);

/* result_exit_code - what the whole run means: EXIT_VIOLATED before
 * EXIT_RECOVERY before EXIT_INCONCLUSIVE (a case failed or could not reach the
 * load it was to have, or the run was interrupted) before EXIT_NOTHING_RAN before
 * EXIT_GOOD. A transport that never claimed to survive a kill does not make the run
 * fail by not doing so. */
int result_exit_code(const struct result *result);

/* result_disturbed - was @round? */
bool result_disturbed(const struct round_figures *round);

/* result_drop_disturbed - leave those rounds out, and make the figures and the
 * histograms anew. What is kept for all rounds together stays as it is: verdicts,
 * what was due, and histograms where rounds have none of their own.
 * Returns 0; -ENOMEM after saying so. */
int result_drop_disturbed(struct result *result);

/* result_figures - fill in what follows from the rounds of an outcome that is
 * STATUS_OK; NaN for any other, and a rate only for MODE_THROUGHPUT. */
void result_figures(struct result_case *one);

/* result_reason - why @one has no figures, with its transport named once.
 * Returns @text. */
char *result_reason(
	const struct result_case *one, char *text, size_t text_bytes);

/* result_varying - those axes of @mask on which not all of @cases agree. */
unsigned result_varying(const struct result_case *const *cases,
	size_t case_count, unsigned mask);

#endif
