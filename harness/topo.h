/* topo.h - the machine -> topo: which CPUs there are and how far apart.
 *
 * topo.c is the only file that includes hwloc.h.
 */
#ifndef IPCMARK_TOPO_H
#define IPCMARK_TOPO_H

#include <stdbool.h>
#include <stddef.h>

enum { TOPO_MAX_CPUS = 1024 };

/* The closest thing two CPUs share, nearest first. */
enum topo_distance {
	TOPO_SAME_CPU,
	TOPO_SMT, /* one core */
	TOPO_L2,
	TOPO_L3,
	TOPO_PACKAGE, /* no cache shared */
	TOPO_MACHINE, /* different packages or NUMA nodes */
};

struct topo {
	int cpus[TOPO_MAX_CPUS]; /* the system's numbers, those we may use */
	size_t cpu_count;
	enum topo_distance *distance; /* cpu_count x cpu_count, by index */
	char *cpu_model;
	size_t l1d_bytes, l2_bytes, l3_bytes; /* 0: unknown */
	size_t packages, cores, numa_nodes;
};

/* topo_load - of this machine, limited to the CPUs that this process may use.
 * Returns 0; -errno. */
int topo_load(struct topo *ret_topo);

/* topo_load_synthetic - from an hwloc synthetic description, for tests, e.g.
 * "pack:2 l3:1 core:4 pu:2". */
int topo_load_synthetic(const char *description, struct topo *ret_topo);

enum topo_distance topo_distance(const struct topo *topo, int cpu_a, int cpu_b);
const char *topo_distance_name(enum topo_distance distance);

/* topo_place - CPUs for @worker_count workers, the first @producers of which
 * are producers.
 * @placement: "near" (closest pair of distinct CPUs), "far" (most distant
 *   pair), "any" (not pinned), or CPUs joined by '/', used cyclically.
 *   Producers get the pair's first CPU, consumers its second, more workers
 *   more CPUs as close (far: as distant) as there are, and share when there
 *   are no more.
 * @ret_cpus: room for @worker_count.
 * Returns 0; -ENOTSUP with @reason (one CPU only; "far" where all pairs are
 * equally near); -EINVAL with @reason (no such CPU, not a placement). */
int topo_place(const struct topo *topo, const char *placement,
	unsigned producers, unsigned worker_count, int *ret_cpus, char *reason,
	size_t reason_bytes);

void topo_free(struct topo *topo);

#endif
