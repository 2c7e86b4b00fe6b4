/* noise.h - what this machine does to work that never changes. */
#ifndef IPCMARK_MACHINE_NOISE_H
#define IPCMARK_MACHINE_NOISE_H

#include <jansson.h>

struct topo;

/* noise_measure - do the same piece of work many times on the first CPU, and
 * add to @facts: aa_difference_percent between the medians of its even and odd
 * turns, aa_spread_percent from its median to the slowest tenth,
 * run_delay_percent that it waited for a CPU, steal_now_percent that the host
 * took from all CPUs meanwhile. What cannot be had is null.
 * Takes about a tenth of a second. Returns 0; -ENOMEM. */
int noise_measure(const struct topo *topo, json_t *facts);

#endif
