/* fault_script.h - what happens to whom in a random soak, and when.
 *
 * Pure: the same case and seed always give the same script.
 */
#ifndef IPCMARK_RUN_FAULT_SCRIPT_H
#define IPCMARK_RUN_FAULT_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "case/case.h"

enum fault_deed {
	DEED_KILL,
	DEED_RESPAWN, /* another one in the killed one's place */
	DEED_STOP,
	DEED_CONTINUE,
};

struct fault_step {
	uint64_t at_ns; /* from the beginning of the soak */
	enum fault_deed deed;
	unsigned place; /* producers, then consumers */
};

struct fault_script {
	struct fault_step *steps; /* by time; owned */
	size_t count, room;
	unsigned kills[2]; /* by enum victim */
};

/* FAULT_KILLS_MAX - of each role, however long the soak. */
enum { FAULT_KILLS_MAX = 4000 };

/* fault_script_make - of one MODE_CRASH case, KILL_AT_RANDOM.
 *
 * Somebody of each role always runs; whoever is stopped may be killed. A script
 * ends with everybody at work.
 * Returns 0; -ENOMEM. */
int fault_script_make(const struct bench_case *bench, uint64_t seed,
	struct fault_script *ret_script);

void fault_script_free(struct fault_script *script);

/* fault_deed_name - a word for people. */
const char *fault_deed_name(enum fault_deed deed);

#endif
