/* tuning.h - a whole search: what it was for, what it looked at, what it found.
 *
 * command/tune.c fills it in; tuning.c shows it and reads nothing else.
 */
#ifndef IPCMARK_TUNE_TUNING_H
#define IPCMARK_TUNE_TUNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "case/case.h"
#include "plan/plan.h"
#include "tune/goal.h"
#include "tune/tune.h"

struct tuning {
	struct tune_goal goal;
	struct plan plan; /* every case of the space, the skipped ones, too */
	size_t *case_of;  /* candidate -> case; owned */
	/* by candidate, of TUNE_BROKEN: why; owned */
	char (*reasons)[CASE_REASON_BYTES];
	struct tune tune;
	struct tune_verdict verdict;
	uint64_t budget_ns;
	uint64_t elapsed_ns;
	size_t slices;
	bool interrupted;
	bool violated; /* somebody lost, doubled or damaged a message */
};

/* tuning_print_skipped - how many settings cannot be had here, and why. */
void tuning_print_skipped(const struct tuning *tuning, FILE *out);

/* tuning_print - the settings as a section, how sure they are, the table. */
void tuning_print(const struct tuning *tuning, FILE *out);

/* tuning_print_json, tuning_save - the same for a program; the second into a
 * file. Return 0; -errno. */
int tuning_print_json(const struct tuning *tuning, FILE *out);
int tuning_save(const struct tuning *tuning, const char *path);

void tuning_free(struct tuning *tuning); /* accepts half-built ones */

#endif
