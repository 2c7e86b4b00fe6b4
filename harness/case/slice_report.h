/* slice_report.h - one slice: what is asked of the workers, and what comes back.
 *
 * A slice is one case measured once, for slice_ns, within one round.
 */
#ifndef IPCMARK_CASE_SLICE_REPORT_H
#define IPCMARK_CASE_SLICE_REPORT_H

#include <stdint.h>

#include "case/case.h"
#include "case/usage.h"
#include "case/verify.h"

struct hist;
struct latency;

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

#endif
