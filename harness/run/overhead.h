/* overhead.h - what the harness itself adds to each message. */
#ifndef IPCMARK_RUN_OVERHEAD_H
#define IPCMARK_RUN_OVERHEAD_H

#include <stdbool.h>

enum { OVERHEAD_MSG_BYTES = 64 };

/* Nanoseconds a message; NaN: not measured. */
struct overhead {
	double closed_ns; /* throughput: the median of its slices ... */
	double open_ns;	  /* with its clocks, times and histograms */
	double closed_lo_ns, closed_hi_ns; /* ... and its 95 % interval */
};

/* overhead_measure - by short slices of the transport that passes nothing.
 * @cpu: where; or CASE_CPU_ANY: on the one that the caller is on.
 * @open: of the open loop, too. */
struct overhead overhead_measure(int cpu, bool open);

#endif
