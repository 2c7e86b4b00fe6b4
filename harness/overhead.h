/* overhead.h - what the harness itself adds to each message. */
#ifndef IPCMARK_OVERHEAD_H
#define IPCMARK_OVERHEAD_H

#include <stdbool.h>

enum { OVERHEAD_MSG_BYTES = 64 };

/* Nanoseconds a message; NaN: not measured. */
struct overhead {
	double closed_ns; /* throughput */
	double open_ns;	  /* with its clocks, times and histograms */
};

/* overhead_measure - by a few short slices of the transport that passes
 * nothing. @open: of the open loop, too. */
struct overhead overhead_measure(bool open);

#endif
