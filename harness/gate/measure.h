/* measure.h - blocks and counts of a gate, with a server for each build. */
#ifndef IPCMARK_GATE_MEASURE_H
#define IPCMARK_GATE_MEASURE_H

#include <stdbool.h>

struct gate;
struct options;
struct plan;
struct topo;

/* gate_catch_signals - from here on SIGINT and SIGTERM end the measuring after the
 * slice in hand. gate_stopped: did one come? */
void gate_catch_signals(void);
bool gate_stopped(void);

/* gate_measure - a prepared @gate: counts, blocks, judgements. Says what is wrong
 * and shows progress. Returns 0; -ENOTSUP: no other library can be measured here;
 * -errno. */
int gate_measure(struct gate *gate);

/* gate_cases - the cases of the scenario files of a command line, for this machine.
 * Returns 0; -errno after saying what is wrong. */
int gate_cases(const struct options *options, struct topo *ret_topo,
	struct plan *ret_plan);

#endif
