/* plan.h - scenario + topology -> plan: every case, CPU and seed, in order.
 *
 * Pure: the same scenario, topology and seed always give the same plan, and
 * plan_print() shows all of it. Nothing is decided later.
 */
#ifndef IPCMARK_PLAN_PLAN_H
#define IPCMARK_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "case/case.h"

struct scenario;
struct topo;

/* Slices whose median is the most that a case can do, of which its rate is a
 * share. */
enum { SATURATION_SLICES = 3 };

/* One slice: case @case_index in round @round. */
struct plan_slice {
	unsigned round;
	unsigned order; /* position within the round */
	size_t case_index;
	uint64_t seed;
};

struct plan {
	char *scenario_text; /* its files as written and --set, for the result */
	char *command;	     /* that makes this plan; "": not known */
	uint64_t seed;
	struct bench_case *cases; /* skipped ones included */
	size_t case_count;
	struct plan_slice *slices; /* in the order in which they run: round by
				      round, shuffled within each; a crash
				      case has one slice, after all rounds */
	size_t slice_count;
	uint64_t estimated_ns;
	bool part; /* of a search: says nothing of the harness, no progress */
};

/* plan_make - the cross product of every section's axes, shuffled by its seed.
 * Returns 0; -EINVAL after saying what is wrong; -ENOMEM. */
int plan_make(const struct scenario *scenario, const struct topo *topo,
	struct plan *ret_plan);

/* plan_slice_ns - about how long one of its slices takes. */
uint64_t plan_slice_ns(const struct plan *plan, size_t index);

/* plan_round - one round, the @round-th, of those cases of @plan that @indices
 * names, in an order of its own. Its case i is number @indices[i] of @plan.
 * Returns 0; -ENOMEM. */
int plan_round(const struct plan *plan, const size_t *indices, size_t count,
	unsigned round, struct plan *ret_plan);

/* plan_print - every case with its CPUs, why a case is skipped, and how long
 * the run will take. */
void plan_print(const struct plan *plan, FILE *out);

void plan_free(struct plan *plan);

#endif
