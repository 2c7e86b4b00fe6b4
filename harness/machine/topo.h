/* topo.h - the machine -> topo: which CPUs there are and how far apart.
 *
 * topo.c is the only file that includes hwloc.h.
 */
#ifndef IPCMARK_MACHINE_TOPO_H
#define IPCMARK_MACHINE_TOPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "case/case.h"

enum { TOPO_MAX_CPUS = 1024 };

/* The closest thing two CPUs share, nearest first. */
enum topo_distance {
	TOPO_SAME_CPU,
	TOPO_SMT, /* one core */
	TOPO_L2,
	TOPO_L3,
	TOPO_PACKAGE, /* no cache shared */
	TOPO_NODE,    /* different NUMA nodes of one package */
	TOPO_MACHINE, /* different packages */
};

/* What sort of core, where there are several. */
enum topo_kind {
	TOPO_KIND_ONE, /* all are alike, or nobody says */
	TOPO_KIND_P,   /* the fast ones */
	TOPO_KIND_E,   /* the sparing ones */
	TOPO_KIND_MIDDLE,
};

/* What is known of one CPU. -1: unknown. */
struct topo_cpu {
	int core, package; /* counted from 0 */
	int node;	   /* NUMA node, the system's number */
	enum topo_kind kind;
};

struct topo {
	int cpus[TOPO_MAX_CPUS]; /* the system's numbers, those we may use */
	size_t cpu_count;
	struct topo_cpu *units;	      /* cpu_count, by index */
	enum topo_distance *distance; /* cpu_count x cpu_count, by index */
	char *cpu_model;
	size_t l1d_bytes, l2_bytes, l3_bytes; /* 0: unknown */
	size_t packages, cores, numa_nodes;
	bool elsewhere; /* not this machine's: HWLOC_XMLFILE or a test's */
};

/* topo_load - of this machine, limited to the CPUs that this process may use.
 * hwloc takes another machine's from HWLOC_XMLFILE or HWLOC_SYNTHETIC: ->elsewhere
 * is set then.
 * Returns 0; -errno. */
int topo_load(struct topo *ret_topo);

/* topo_load_synthetic - from an hwloc synthetic description, for tests, e.g.
 * "pack:2 l3:1 core:4 pu:2". */
int topo_load_synthetic(const char *description, struct topo *ret_topo);

/* topo_load_xml - from a file that hwloc saved, such as lstopo's. */
int topo_load_xml(const char *path, struct topo *ret_topo);

/* topo_index - place of @cpu in ->cpus; ->cpu_count when it is none of them. */
size_t topo_index(const struct topo *topo, int cpu);

enum topo_distance topo_distance(const struct topo *topo, int cpu_a, int cpu_b);
const char *topo_distance_name(enum topo_distance distance);
const char *topo_kind_name(enum topo_kind kind); /* "P", "E", "middle", "" */

/* topo_placement_words - every placement that is a word; ends with NULL. */
const char *const *topo_placement_words(void);

/* topo_place - CPUs for @worker_count workers, the first @producers of which
 * are producers. topo_place.c has the rules.
 * @placement: "near" (closest pair of distinct CPUs), "far" (most distant
 *   pair), "any" (not pinned); what a producer and its consumer share, "smt",
 *   "l2", "l3" or "package", or do not, "cross-package", "cross-numa"; their
 *   kinds, "P+P", "P+E", "E+E"; or CPUs joined by '/', used cyclically.
 * @ret_cpus: room for @worker_count.
 * Returns 0; -ENOTSUP with @reason (this machine has no such pair); -EINVAL
 * with @reason (no such CPU, not a placement). */
int topo_place(const struct topo *topo, const char *placement,
	unsigned producers, unsigned worker_count, int *ret_cpus, char *reason,
	size_t reason_bytes);

/* topo_memory - the NUMA nodes that @memory means for workers on @cpus, the
 * first @producers of which are producers: of the first producer, of the first
 * consumer, or all. Bit n: node n; 0: any.
 * Returns 0; -ENOTSUP with @reason. */
int topo_memory(const struct topo *topo, enum memory_place memory,
	const int *cpus, unsigned producers, uint64_t *ret_nodes, char *reason,
	size_t reason_bytes);

void topo_free(struct topo *topo);

#endif
