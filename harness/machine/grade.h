/* grade.h - how quiet is this machine? From facts to a letter, and what to do.
 *
 *   A  nothing to complain of
 *   B  trifles: figures hold, to a few percent
 *   C  one thing that moves figures: trust ratios within a round
 *   D  something that drowns them, or three that move them
 */
#ifndef IPCMARK_MACHINE_GRADE_H
#define IPCMARK_MACHINE_GRADE_H

#include <jansson.h>
#include <stddef.h>

struct topo;

enum { GRADE_MAX_COMPLAINTS = 16 };

enum grade_weight {
	GRADE_TRIFLE,
	GRADE_MOVES,
	GRADE_DROWNS,
};

struct complaint {
	enum grade_weight weight;
	char what[120];
	const char *remedy; /* static */
};

struct grade {
	char letter; /* 'A' to 'D' */
	size_t count;
	struct complaint complaints[GRADE_MAX_COMPLAINTS];
};

/* grade_make - from the facts of an environment. Pure; a fact that is unknown
 * is no complaint. */
void grade_make(const json_t *facts, struct grade *ret_grade);

/* grade_store - into the same facts: noise_grade and noise_complaints.
 * Returns 0; -ENOMEM. */
int grade_store(const struct grade *grade, json_t *facts);

#endif
