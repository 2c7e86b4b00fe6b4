/* fault_stage.h - a crew whose members are killed: what every way of doing it
 * has in common. Private to fault*.c. */
#ifndef IPCMARK_RUN_FAULT_STAGE_H
#define IPCMARK_RUN_FAULT_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "recorder/recorder.h"
#include "recorder/timeline.h"
#include "run/crew.h"
#include "run/fault_script.h"
#include "run/fault_series.h"
#include "run/run.h"

#define FAULT_MS UINT64_C(1000000)

enum { FAULT_STEP_MS = 2000 };

/* A place is one of the case's workers, producers first, whoever has it now. */
struct fault {
	const struct transport *transport;
	const struct bench_case *bench;
	struct outcome *outcome;
	bool (*keep_going)(void);
	struct crew crew;
	struct rng rng;
	struct recorder *recorder;
	struct timeline timeline;
	struct fault_series series[2];	    /* by enum victim */
	struct fault_script script;	    /* KILL_AT_RANDOM */
	unsigned members[CASE_MAX_WORKERS]; /* by place: where in the crew */
	unsigned killed[2], started[2];	    /* by enum victim; anew */
	unsigned *in_flight; /* by producer number, for the ledger */
	uint64_t last_kill_ns;
};

/* A kill that nobody has got over yet. */
struct fault_wait {
	uint32_t kill;
	enum victim victim;
	uint64_t killed_ns;
	uint64_t since_ns;    /* that, or the end of the last stop */
	uint64_t deadline_ns; /* from then on it is a hang */
};

/* What happens between warm-up and end. Return 0; -errno, with the sentence in
 * the outcome's reason. */
int fault_strike_holders(struct fault *fault);
int fault_strike_at_random(struct fault *fault);

enum victim fault_victim(const struct fault *fault, unsigned place);
unsigned fault_places(const struct fault *fault);
struct crew_member *fault_member(struct fault *fault, unsigned place);

/* fault_start - a worker in @place: the first one there, or in place of one that
 * was killed. Returns 0; -errno. */
int fault_start(struct fault *fault, unsigned place);

/* fault_halt - stop it and see it stand. Returns 0; -errno when it has ended,
 * and the reason says why. */
int fault_halt(struct fault *fault, struct crew_member *member);

/* fault_holds_lock - does @member, which stands still, hold its lock? */
bool fault_holds_lock(
	const struct fault *fault, const struct crew_member *member);

/* fault_note - a deed for the timeline; -ENOMEM. */
int fault_note(
	struct fault *fault, enum fault_deed deed, unsigned place, bool held);

/* fault_kill - SIGKILL for who has @place and stands still. @ret_wait: what to
 * wait for. Returns 0; -ENOMEM. */
int fault_kill(struct fault *fault, unsigned place, bool held,
	struct fault_wait *ret_wait);

/* fault_look - did anybody get over it? Returns 1, and the time is recorded; 0:
 * not yet; unless @patient, -ETIMEDOUT: a hang, and the reason says so. */
int fault_look(
	struct fault *fault, const struct fault_wait *wait, bool patient);

/* fault_read_series - throughput around the kills that are over. */
void fault_read_series(struct fault *fault, bool all);

/* fault_fail - the case fails. Returns -EIO. */
int fault_fail(struct fault *fault, const char *what, enum victim victim);

void fault_nap(uint64_t duration_ns);

#endif
