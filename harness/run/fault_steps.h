/* fault_steps.h - a crash case whose victims are struck at single steps.
 */
#ifndef IPCMARK_RUN_FAULT_STEPS_H
#define IPCMARK_RUN_FAULT_STEPS_H

#include "run/run.h"

struct transport;

/* fault_steps_run - one MODE_CRASH case with kill_at_is_step(): a campaign, as
 * `ipcmark crash` makes one, of its transport and its kind alone.
 * @seed: of the campaign; its command says it.
 * @keep_going: asked now and then; false ends it early.
 * @ret_outcome: status, reason and crash are filled; ->crash.recovery is the
 *   caller's and receives the times; ->crash.steps is made here.
 * Returns 0 (whatever the transport did); -errno when nothing could be run, with
 * @ret_outcome->reason. */
int fault_steps_run(const struct transport *transport,
	const struct bench_case *bench, uint64_t seed, bool (*keep_going)(void),
	struct outcome *ret_outcome);

#endif
