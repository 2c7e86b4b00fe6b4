/* worker.h - what runs in a forked process: the hot loops.
 */
#ifndef IPCMARK_RUN_WORKER_H
#define IPCMARK_RUN_WORKER_H

#include <sys/types.h>

#include "case/case.h"
#include "run/control.h"
#include "transport/transport.h"

struct recorder;

/* Everything a worker is told, before the fork. */
struct worker_job {
	const struct bench_case *bench;
	const struct transport *transport;
	struct channel *channels[2]; /* [1]: the way back, MODE_ROUNDTRIP */
	struct control_block *block;
	enum endpoint_role role;
	unsigned index;	 /* place: which of the case's producers or consumers */
	unsigned number; /* identity: grows when a killed one is replaced */
	int cpu;	 /* or CASE_CPU_ANY */
	bool probes;	 /* takes part in the distance probe */
	pid_t parent;	 /* without it there is nothing to do */
	double rate_per_s; /* MODE_OPEN, all producers together; 0: as fast as
			      it goes */
	uint64_t seed;	   /* MODE_OPEN */
	struct recorder *recorder; /* MODE_CRASH; NULL: none */
	uint64_t ballast_bytes;	   /* that it has besides: see base/ballast.h */
};

/* worker_slot_of - its slot in the control block. */
struct worker_slot *worker_slot_of(const struct control_block *block,
	enum endpoint_role role, unsigned number);

/* worker_main - attach, follow the phases, detach; never returns. */
_Noreturn void worker_main(const struct worker_job *job);

#endif
