/* distance.h - every CPU to every other: measured, twice, and judged.
 *
 * The system says what two CPUs share; the probe says how long a cache line
 * takes. On real hardware the one explains the other. A virtual machine may be
 * told anything, and its CPUs may be moved while it looks.
 */
#ifndef IPCMARK_MACHINE_DISTANCE_H
#define IPCMARK_MACHINE_DISTANCE_H

#include <stddef.h>

struct topo;

enum {
	DISTANCE_MAX_CPUS = 128, /* some 16000 probes of a millisecond */
	DISTANCE_MAX_DOUBTS = 8,
};

/* Nanoseconds of a round trip by index of CPU, count x count; NaN where none
 * was measured, and on the diagonal. Symmetric. */
struct distance_matrix {
	size_t count; /* the topology's first CPUs */
	double *first_ns, *second_ns;
};

/* Where the machine's word and the measurement, or two measurements, differ. */
struct distance_doubts {
	size_t count;
	char text[DISTANCE_MAX_DOUBTS][200];
};

/* distance_measure - each pair of the first DISTANCE_MAX_CPUS CPUs, then each
 * a second time. Returns 0; -ENOMEM. */
int distance_measure(
	const struct topo *topo, struct distance_matrix *ret_matrix);

/* distance_judge - does @matrix fit what @topo says? Pure. */
void distance_judge(const struct topo *topo,
	const struct distance_matrix *matrix,
	struct distance_doubts *ret_doubts);

void distance_free(struct distance_matrix *matrix); /* accepts NULL */

#endif
