/* figures.h - what a crash case has shown. */
#ifndef IPCMARK_CRASH_FIGURES_H
#define IPCMARK_CRASH_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hist.h"
#include "crash/ledger.h" /* enum verdict */

enum {
	AROUND_BINS = 40,   /* 40 ms ... */
	AROUND_BEFORE = 10, /* ... of which 10 before the kill */
	AROUND_BIN_NS = 1000000,
};

/* In a bin: no kill tells of it, as another one came in between. */
#define AROUND_UNKNOWN UINT32_MAX

/* Throughput around the kills of one role, laid on top of each other: messages
 * that the whole role got through in each bin. */
struct crash_around {
	unsigned kills; /* that are in it */
	uint32_t mean[AROUND_BINS];
	uint32_t median[AROUND_BINS];
	uint32_t low[AROUND_BINS];  /* a tenth of the kills has less ... */
	uint32_t high[AROUND_BINS]; /* ... and a tenth more */
	/* Kills in whose 10 ms before, and after, the role stood still for a
	 * millisecond or more; and its longest standstill after one. */
	unsigned pauses_before, pauses;
	uint64_t longest_pause_ns;
};

enum {
	STEPS_WHAT_BYTES = 200,
	STEPS_WHERE_BYTES = 256,
	STEPS_COMMAND_BYTES = 512,
};

/* What a campaign found that struck at single steps. */
struct crash_steps {
	uint64_t trials; /* struck or missed their step */
	uint64_t struck;
	uint64_t missed;
	uint64_t verdicts[VERDICTS];
	uint64_t duration_ns; /* on ->cpus */
	unsigned cpus;
	unsigned rows;	       /* calls in a state of the channel */
	unsigned rows_ended;   /* given up, with too many violations */
	uint64_t instructions; /* that the calls executed; 0: not looked at */
	uint64_t instructions_struck;
	bool incomplete; /* cut short, or a part of it is missing */
	/* The first violation; "": none. */
	char first[STEPS_WHAT_BYTES];
	char where[STEPS_WHERE_BYTES];
	char command[STEPS_COMMAND_BYTES]; /* has it again */
};

/* crash_steps_violations - of any kind. crash_steps_data - those that show in the
 * messages; the others keep the survivors from going on. */
uint64_t crash_steps_violations(const struct crash_steps *steps);
uint64_t crash_steps_data(const struct crash_steps *steps);

/* crash_steps_other - those that no table has a column for: other than lost,
 * duplicated, torn, hung and refused. */
uint64_t crash_steps_other(const struct crash_steps *steps);

/* crash_steps_verdict - what it proves, in one line. @struck: what was done to
 * victims, such as "kills". Returns @text. */
enum { STEPS_VERDICT_BYTES = 160 };
const char *crash_steps_verdict(const struct crash_steps *steps,
	const char *struck, char text[STEPS_VERDICT_BYTES]);

struct crash_figures {
	unsigned kills;	    /* victims killed */
	unsigned lock_held; /* of these, proved to hold the lock when killed */
	unsigned recovered; /* after which the survivors went on in time */
	unsigned stops;	    /* KILL_AT_RANDOM: victims stopped for a while */
	struct hist *recovery; /* from the kill to the next success; owned */
	/* The same by enum victim; owned; NULL: none of them was killed. */
	struct hist *recovery_of[2];
	struct crash_around *around[2];
	struct crash_steps *steps; /* kill_at_is_step(); owned; else NULL */
};

/* crash_figures_free - what it owns; accepts half-built ones. */
void crash_figures_free(struct crash_figures *figures);

/* crash_around_level - the mean of the bins before the kill; 0: unknown. */
uint32_t crash_around_level(const struct crash_around *around);

/* crash_around_recovered - the bin from which on throughput is back: it and the
 * two behind it make up nine tenths of that level. -1: it never is. */
int crash_around_recovered(const struct crash_around *around);

#endif
