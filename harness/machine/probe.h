/* probe.h - how far apart are two CPUs, now?
 *
 * The round trip of one cache line between two processes. On a virtual machine
 * the answer changes several-fold while what the system reports stays the same.
 */
#ifndef IPCMARK_MACHINE_PROBE_H
#define IPCMARK_MACHINE_PROBE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/line_pair.h"

/* The two lines that it sends to and fro. */
struct probe_lines {
	alignas(LINE_PAIR_BYTES) _Atomic uint32_t ping;
	alignas(LINE_PAIR_BYTES) _Atomic uint32_t pong;
};

/* probe_distance - one of two parties, each pinned to its CPU.
 * @first: the one that starts and measures.
 * @generation: differs from probe to probe on the same lines.
 * Bounded: gives up after some milliseconds when the other does not answer.
 * Returns the median round trip in ns to the first party, 0 when it gave up and
 * to the other one. */
uint64_t probe_distance(
	struct probe_lines *lines, bool first, uint32_t generation);

#endif
