/* topo.c - which CPUs there are, how far apart, and who runs where.
 *
 * The only file that knows hwloc. What the rest needs of a machine is small: a
 * list of CPUs and the closest thing that each two of them share. That is
 * copied out of hwloc's tree once; placements are then plain search in a
 * matrix, which a synthetic description can stand in for in tests.
 *
 * The list holds only CPUs that this process may run on: hwloc leaves out what
 * the container's cpuset forbids, and we what the affinity mask forbids.
 */
#include "topo.h"

#include <ctype.h>
#include <errno.h>
#include <hwloc.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

static bool shared(hwloc_topology_t tree, hwloc_obj_t a, hwloc_obj_t b,
	hwloc_obj_type_t type)
{
	hwloc_obj_t above_a = hwloc_get_ancestor_obj_by_type(tree, type, a);

	return above_a &&
	       above_a == hwloc_get_ancestor_obj_by_type(tree, type, b);
}

static bool same_numa_node(hwloc_obj_t a, hwloc_obj_t b)
{
	return !a->nodeset || !b->nodeset ||
	       hwloc_bitmap_isequal(a->nodeset, b->nodeset);
}

static enum topo_distance distance_between(
	hwloc_topology_t tree, hwloc_obj_t a, hwloc_obj_t b)
{
	bool package_known =
		hwloc_get_nbobjs_by_type(tree, HWLOC_OBJ_PACKAGE) > 0;

	if (a == b)
		return TOPO_SAME_CPU;
	if (shared(tree, a, b, HWLOC_OBJ_CORE) ||
		shared(tree, a, b, HWLOC_OBJ_L1CACHE))
		return TOPO_SMT;
	if (shared(tree, a, b, HWLOC_OBJ_L2CACHE))
		return TOPO_L2;
	if (shared(tree, a, b, HWLOC_OBJ_L3CACHE))
		return TOPO_L3;
	if (same_numa_node(a, b) &&
		(!package_known || shared(tree, a, b, HWLOC_OBJ_PACKAGE)))
		return TOPO_PACKAGE;
	return TOPO_MACHINE;
}

static size_t cache_bytes(hwloc_topology_t tree, hwloc_obj_type_t type)
{
	hwloc_obj_t cache = hwloc_get_obj_by_type(tree, type, 0);

	return cache && cache->attr ? (size_t)cache->attr->cache.size : 0;
}

static size_t count_of(hwloc_topology_t tree, hwloc_obj_type_t type)
{
	int count = hwloc_get_nbobjs_by_type(tree, type);

	return count > 0 ? (size_t)count : 0;
}

static char *cpu_model(hwloc_topology_t tree)
{
	static const hwloc_obj_type_t where[] = {
		HWLOC_OBJ_PACKAGE, HWLOC_OBJ_MACHINE};

	for (size_t i = 0; i < 2; i++) {
		hwloc_obj_t object = hwloc_get_obj_by_type(tree, where[i], 0);
		const char *model =
			object ? hwloc_obj_get_info_by_name(object, "CPUModel")
			       : NULL;

		if (model)
			return strdup(model);
	}
	return strdup("unknown");
}

/* Copies what we need out of a loaded tree. */
static int copy_tree(hwloc_topology_t tree, struct topo *topo)
{
	hwloc_obj_t units[TOPO_MAX_CPUS], unit = NULL;
	size_t count = 0;

	while (count < TOPO_MAX_CPUS &&
		(unit = hwloc_get_next_obj_by_type(tree, HWLOC_OBJ_PU, unit))) {
		topo->cpus[count] = (int)unit->os_index;
		units[count++] = unit;
	}
	if (count == 0)
		return -ENODEV;
	topo->cpu_count = count;
	topo->distance = calloc(count * count, sizeof(*topo->distance));
	topo->cpu_model = cpu_model(tree);
	if (!topo->distance || !topo->cpu_model)
		return -ENOMEM;
	for (size_t a = 0; a < count; a++)
		for (size_t b = 0; b < count; b++)
			topo->distance[a * count + b] =
				distance_between(tree, units[a], units[b]);
	topo->l1d_bytes = cache_bytes(tree, HWLOC_OBJ_L1CACHE);
	topo->l2_bytes = cache_bytes(tree, HWLOC_OBJ_L2CACHE);
	topo->l3_bytes = cache_bytes(tree, HWLOC_OBJ_L3CACHE);
	topo->packages = count_of(tree, HWLOC_OBJ_PACKAGE);
	topo->cores = count_of(tree, HWLOC_OBJ_CORE);
	topo->numa_nodes = count_of(tree, HWLOC_OBJ_NUMANODE);
	return 0;
}

/* Leaves only the CPUs of the affinity mask. A system that cannot tell (macOS)
 * has none, and nothing is left out. */
static int restrict_to_mask(hwloc_topology_t tree)
{
	hwloc_bitmap_t mask = hwloc_bitmap_alloc();
	int error = 0;

	if (!mask)
		return -ENOMEM;
	if (hwloc_get_cpubind(tree, mask, HWLOC_CPUBIND_THREAD) == 0 &&
		!hwloc_bitmap_iszero(mask) &&
		hwloc_bitmap_intersects(
			mask, hwloc_topology_get_topology_cpuset(tree)) &&
		hwloc_topology_restrict(tree, mask, 0) != 0)
		error = errno ? -errno : -EIO;
	hwloc_bitmap_free(mask);
	return error;
}

static int load(const char *synthetic, struct topo *ret_topo)
{
	struct topo topo = {0};
	hwloc_topology_t tree;
	int error = 0;

	if (hwloc_topology_init(&tree) != 0)
		return -ENOMEM;
	errno = 0;
	if (synthetic && hwloc_topology_set_synthetic(tree, synthetic) != 0)
		error = -EINVAL;
	else if (hwloc_topology_load(tree) != 0)
		error = errno ? -errno : -EIO;
	if (!error && !synthetic)
		error = restrict_to_mask(tree);
	if (!error)
		error = copy_tree(tree, &topo);
	hwloc_topology_destroy(tree);
	if (error)
		topo_free(&topo);
	else
		*ret_topo = topo;
	return error;
}

int topo_load(struct topo *ret_topo)
{
	return load(NULL, ret_topo);
}

int topo_load_synthetic(const char *description, struct topo *ret_topo)
{
	return load(description, ret_topo);
}

static size_t index_of(const struct topo *topo, int cpu)
{
	size_t index = 0;

	while (index < topo->cpu_count && topo->cpus[index] != cpu)
		index++;
	return index;
}

enum topo_distance topo_distance(const struct topo *topo, int cpu_a, int cpu_b)
{
	size_t a = index_of(topo, cpu_a), b = index_of(topo, cpu_b);

	if (cpu_a == cpu_b)
		return TOPO_SAME_CPU;
	if (a == topo->cpu_count || b == topo->cpu_count)
		return TOPO_MACHINE;
	return topo->distance[a * topo->cpu_count + b];
}

const char *topo_distance_name(enum topo_distance distance)
{
	static const char *const names[] = {
		[TOPO_SAME_CPU] = "same-cpu",
		[TOPO_SMT] = "same-core",
		[TOPO_L2] = "same-l2",
		[TOPO_L3] = "same-l3",
		[TOPO_PACKAGE] = "same-package",
		[TOPO_MACHINE] = "across",
	};

	if ((size_t)distance >= sizeof(names) / sizeof(names[0]))
		return "?";
	return names[distance];
}

/* A placement in the making. Indices into topo->cpus. */
struct placing {
	const struct topo *topo;
	bool far;
	bool used[TOPO_MAX_CPUS];
	size_t producers[CASE_MAX_WORKERS], consumers[CASE_MAX_WORKERS];
	unsigned producer_count, consumer_count;
	unsigned own_producers, own_consumers; /* with a CPU of their own */
};

static enum topo_distance between(
	const struct topo *topo, size_t index_a, size_t index_b)
{
	return topo->distance[index_a * topo->cpu_count + index_b];
}

/* The first pair with the smallest (far: largest) distance. */
static void first_pair(const struct topo *topo, bool far, size_t *ret_a,
	size_t *ret_b, bool *ret_all_alike)
{
	enum topo_distance best = between(topo, 0, 1);

	*ret_a = 0;
	*ret_b = 1;
	*ret_all_alike = true;
	for (size_t a = 0; a < topo->cpu_count; a++) {
		for (size_t b = a + 1; b < topo->cpu_count; b++) {
			enum topo_distance here = between(topo, a, b);

			if (here != between(topo, 0, 1))
				*ret_all_alike = false;
			if (far ? here <= best : here >= best)
				continue;
			best = here;
			*ret_a = a;
			*ret_b = b;
		}
	}
}

static unsigned total_distance(const struct topo *topo, size_t cpu,
	const size_t *others, unsigned count)
{
	unsigned total = 0;

	for (unsigned i = 0; i < count; i++)
		total += between(topo, cpu, others[i]);
	return total;
}

/* A CPU for one more producer or consumer: an unused one, as close to (far: as
 * far from) those it talks to as there is, and among equals as close to its
 * own kind. Returns cpu_count when all are in use. */
static size_t best_unused(const struct placing *placing, bool producer)
{
	const struct topo *topo = placing->topo;
	const size_t *own = producer ? placing->producers : placing->consumers;
	const size_t *other =
		producer ? placing->consumers : placing->producers;
	unsigned own_count =
		producer ? placing->producer_count : placing->consumer_count;
	unsigned other_count =
		producer ? placing->consumer_count : placing->producer_count;
	size_t best = topo->cpu_count;
	unsigned best_other = 0, best_own = 0;

	for (size_t cpu = 0; cpu < topo->cpu_count; cpu++) {
		unsigned to_other, to_own;
		bool better;

		if (placing->used[cpu])
			continue;
		to_other = total_distance(topo, cpu, other, other_count);
		to_own = total_distance(topo, cpu, own, own_count);
		better = placing->far ? to_other > best_other
				      : to_other < best_other;
		if (best == topo->cpu_count || better ||
			(to_other == best_other && to_own < best_own)) {
			best = cpu;
			best_other = to_other;
			best_own = to_own;
		}
	}
	return best;
}

static void add_worker(struct placing *placing, bool producer)
{
	size_t *own = producer ? placing->producers : placing->consumers;
	unsigned *count =
		producer ? &placing->producer_count : &placing->consumer_count;
	unsigned *alone =
		producer ? &placing->own_producers : &placing->own_consumers;
	size_t cpu = best_unused(placing, producer);

	if (cpu < placing->topo->cpu_count) {
		placing->used[cpu] = true;
		own[(*count)++] = cpu;
		(*alone)++;
		return;
	}
	/* All in use: share with the own kind, in turn, so that producers and
	 * consumers stay apart. */
	own[*count] = own[*count % *alone];
	(*count)++;
}

static int place_pair(const struct topo *topo, bool far, unsigned producers,
	unsigned worker_count, int *ret_cpus, char *reason, size_t reason_bytes)
{
	struct placing placing = {.topo = topo,
		.far = far,
		.own_producers = 1,
		.own_consumers = 1};
	unsigned consumers = worker_count - producers;
	bool all_alike;
	size_t a, b;

	if (topo->cpu_count < 2) {
		snprintf(reason, reason_bytes,
			"placement %s needs two CPUs, and this process may use "
			"one; use placement = any",
			far ? "far" : "near");
		return -ENOTSUP;
	}
	first_pair(topo, far, &a, &b, &all_alike);
	if (far && all_alike) {
		snprintf(reason, reason_bytes,
			"placement far: all %zu CPUs are equally near each "
			"other here (%s); see placement near",
			topo->cpu_count,
			topo_distance_name(between(topo, a, b)));
		return -ENOTSUP;
	}
	placing.used[a] = placing.used[b] = true;
	placing.producers[placing.producer_count++] = a;
	placing.consumers[placing.consumer_count++] = b;
	for (unsigned i = 1; i < producers || i < consumers; i++) {
		if (i < producers)
			add_worker(&placing, true);
		if (i < consumers)
			add_worker(&placing, false);
	}
	for (unsigned i = 0; i < worker_count; i++)
		ret_cpus[i] =
			topo->cpus[i < producers
					   ? placing.producers[i]
					   : placing.consumers[i - producers]];
	return 0;
}

/* "0/2/4" into @cpus. Returns how many, or -EINVAL with @reason. */
static int parse_list(const struct topo *topo, const char *text, int *cpus,
	char *reason, size_t reason_bytes)
{
	int count = 0;

	for (;;) {
		char *rest;
		long cpu;

		if (!isdigit((unsigned char)text[0]) ||
			count == CASE_MAX_WORKERS)
			break;
		errno = 0;
		cpu = strtol(text, &rest, 10);
		if (errno || cpu > INT_MAX ||
			index_of(topo, (int)cpu) == topo->cpu_count) {
			snprintf(reason, reason_bytes,
				"this process cannot run on CPU %.*s; it may "
				"use %zu CPUs, %d first",
				(int)(rest - text), text, topo->cpu_count,
				topo->cpus[0]);
			return -EINVAL;
		}
		cpus[count++] = (int)cpu;
		if (*rest == '\0')
			return count;
		if (*rest != '/')
			break;
		text = rest + 1;
	}
	snprintf(reason, reason_bytes,
		"not a placement: it is near, far, any, or up to %d CPUs "
		"joined by '/'",
		CASE_MAX_WORKERS);
	return -EINVAL;
}

int topo_place(const struct topo *topo, const char *placement,
	unsigned producers, unsigned worker_count, int *ret_cpus, char *reason,
	size_t reason_bytes)
{
	int cpus[CASE_MAX_WORKERS], count;

	if (producers == 0 || producers >= worker_count ||
		worker_count > CASE_MAX_WORKERS) {
		snprintf(reason, reason_bytes,
			"a case has 1 producer and 1 consumer at least, and %d "
			"workers at most",
			CASE_MAX_WORKERS);
		return -EINVAL;
	}
	if (strcmp(placement, "any") == 0) {
		for (unsigned i = 0; i < worker_count; i++)
			ret_cpus[i] = CASE_CPU_ANY;
		return 0;
	}
	if (strcmp(placement, "near") == 0 || strcmp(placement, "far") == 0)
		return place_pair(topo, placement[0] == 'f', producers,
			worker_count, ret_cpus, reason, reason_bytes);
	count = parse_list(topo, placement, cpus, reason, reason_bytes);
	if (count < 0)
		return count;
	for (unsigned i = 0; i < worker_count; i++)
		ret_cpus[i] = cpus[i % (unsigned)count];
	return 0;
}

void topo_free(struct topo *topo)
{
	if (!topo)
		return;
	free(topo->distance);
	free(topo->cpu_model);
	*topo = (struct topo){0};
}
