/* fault.h - kill and stop workers, and watch the others.
 */
#ifndef IPCMARK_RUN_FAULT_H
#define IPCMARK_RUN_FAULT_H

#include "run/run.h"

struct transport;

/* fault_run - one MODE_CRASH case: its kills, the recovery times, the ledger.
 * @name: unique; for what the transport has to name.
 * @keep_going: asked between kills; false ends the run early.
 * @ret_outcome: status, reason, verify and crash are filled; ->crash.recovery
 *   is the caller's and receives the times; what else it owns is made here.
 * Returns 0 (whatever the transport did); -errno when nothing could be run, with
 * @ret_outcome->reason. */
int fault_run(const struct transport *transport, const struct bench_case *bench,
	uint64_t seed, const char *name, bool (*keep_going)(void),
	struct outcome *ret_outcome);

#endif
