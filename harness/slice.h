/* slice.h - one slice: what is asked of the workers, and what comes back.
 *
 * A slice is one case measured once, for slice_ns, within one round.
 */
#ifndef IPCMARK_SLICE_H
#define IPCMARK_SLICE_H

#include <stdint.h>

#include "case.h"
#include "usage.h"

struct channel_config;
struct hist;
struct latency;
struct transport;

/* Totals of the message ledger, summed over workers and slices. */
struct verify_totals {
	uint64_t sent;
	uint64_t received;
	uint64_t lost;
	uint64_t duplicated;
	uint64_t reordered;
	uint64_t corrupted;
};

struct slice_request {
	const struct bench_case *bench;
	unsigned round;
	uint64_t seed;	   /* of this slice: run seed, case and round mixed */
	double rate_per_s; /* MODE_OPEN; 0: as fast as it goes */
};

struct slice_report {
	uint64_t msgs;	     /* received (throughput) or returned (round trip)
				within elapsed_ns */
	uint64_t started_ns; /* when that time began, by CLOCK_MONOTONIC */
	uint64_t elapsed_ns;
	uint64_t cpu_ns;	     /* of all workers, within elapsed_ns */
	uint64_t distance_before_ns; /* one line's round trip between producer 0
					and consumer 0; 0: not measured */
	uint64_t distance_after_ns;
	uint64_t memory_found; /* nodes of the channel's pages; 0: not known */
	int64_t huge_bytes; /* of the channel in huge pages; negative: not asked
			       for, or not known */
	uint64_t steal_ns;  /* that the host took from all CPUs meanwhile; its
			      grain is the kernel's tick, 10 ms mostly */
	uint64_t delay_ns;  /* that workers waited for a CPU, together */
	uint64_t moves;	    /* of workers from one CPU to another */
	struct verify_totals verify; /* of the whole slice, warm-up included */
	struct usage usage; /* of all workers, within about elapsed_ns */
	struct hist *rtt;   /* caller's; round trips are recorded into it */
	struct latency *latency;	/* caller's; added to, MODE_OPEN */
	char reason[CASE_REASON_BYTES]; /* when the call failed */
};

/* slice_config - the channel that a case needs.
 * @name: kept by reference. */
struct channel_config slice_config(
	const struct bench_case *bench, const char *name);

/* slice_run - measure one case once, with workers forked for it.
 * @name: unique; for what the transport has to name.
 * Returns 0; -ENOSPC when there is no room for the channel; -errno, each with
 * @ret_report->reason: nothing is left behind, and no
 * figure counts. */
int slice_run(const struct transport *transport,
	const struct slice_request *request, const char *name,
	struct slice_report *ret_report);

#endif
