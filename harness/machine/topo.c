/* topo.c - which CPUs there are, of which kind, and how far apart.
 *
 * The only file that knows hwloc. What the rest needs of a machine is small: a
 * list of CPUs, what is known of each, and the closest thing that each two of
 * them share. That is copied out of hwloc's tree once; placements are then
 * plain search in a matrix (topo_place.c), which a synthetic description or a
 * saved one can stand in for in tests.
 *
 * Two kinds of cores are told apart by what they are, not by how fast they are
 * clocked: many a processor has a favoured core or two, which hwloc lists as a
 * kind of its own.
 *
 * The list holds only CPUs that this process may run on: hwloc leaves out what
 * the container's cpuset forbids, and we what the affinity mask forbids.
 */
#include "machine/topo.h"

#include <errno.h>
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

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
	if (package_known && !shared(tree, a, b, HWLOC_OBJ_PACKAGE))
		return TOPO_MACHINE;
	return same_numa_node(a, b) ? TOPO_PACKAGE : TOPO_NODE;
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

static int number_of(
	hwloc_topology_t tree, hwloc_obj_t unit, hwloc_obj_type_t type)
{
	hwloc_obj_t above = hwloc_get_ancestor_obj_by_type(tree, type, unit);

	return above ? (int)above->logical_index : -1;
}

#if HWLOC_API_VERSION >= 0x00020400
static const char *kind_info(
	hwloc_topology_t tree, unsigned kind, const char *name)
{
	struct hwloc_info_s *infos;
	unsigned count = 0;

	if (hwloc_cpukinds_get_info(tree, kind, NULL, NULL, &count, &infos, 0))
		return NULL;
	for (unsigned i = 0; i < count; i++)
		if (strcmp(infos[i].name, name) == 0)
			return infos[i].value;
	return NULL;
}

/* By name where the processor has one for it, else by what hwloc ranks it. */
static enum topo_kind kind_of(
	hwloc_topology_t tree, unsigned kind, unsigned kinds, int rank)
{
	const char *type = kind_info(tree, kind, "CoreType");

	if (type)
		return strcmp(type, "IntelAtom") == 0 ? TOPO_KIND_E
						      : TOPO_KIND_P;
	if (rank < 0 || (!kind_info(tree, kind, "DarwinCompatible") &&
				!kind_info(tree, kind, "LinuxCapacity")))
		return TOPO_KIND_ONE;
	/* Ranked kinds come in order, the most sparing first. */
	if (kind == 0)
		return TOPO_KIND_E;
	return kind == kinds - 1 ? TOPO_KIND_P : TOPO_KIND_MIDDLE;
}

static void find_kinds(hwloc_topology_t tree, struct topo *topo)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	int kinds = hwloc_cpukinds_get_nr(tree, 0);
	bool several = false;

	for (int kind = 0; set && kinds > 1 && kind < kinds; kind++) {
		enum topo_kind sort;
		int rank;

		if (hwloc_cpukinds_get_info(
			    tree, (unsigned)kind, set, &rank, NULL, NULL, 0))
			continue;
		sort = kind_of(tree, (unsigned)kind, (unsigned)kinds, rank);
		for (size_t i = 0; i < topo->cpu_count; i++)
			if (hwloc_bitmap_isset(set, (unsigned)topo->cpus[i]))
				topo->units[i].kind = sort;
	}
	hwloc_bitmap_free(set);
	for (size_t i = 1; i < topo->cpu_count; i++)
		several = several || topo->units[i].kind != topo->units[0].kind;
	for (size_t i = 0; !several && i < topo->cpu_count; i++)
		topo->units[i].kind = TOPO_KIND_ONE;
}
#else
static void find_kinds(hwloc_topology_t tree, struct topo *topo)
{
	(void)tree;
	(void)topo;
}
#endif

static struct topo_cpu cpu_of(hwloc_topology_t tree, hwloc_obj_t unit)
{
	return (struct topo_cpu){
		.core = number_of(tree, unit, HWLOC_OBJ_CORE),
		.package = number_of(tree, unit, HWLOC_OBJ_PACKAGE),
		.node = unit->nodeset ? hwloc_bitmap_first(unit->nodeset) : -1,
	};
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
	topo->units = calloc(count, sizeof(*topo->units));
	topo->cpu_model = cpu_model(tree);
	if (!topo->distance || !topo->units || !topo->cpu_model)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		topo->units[i] = cpu_of(tree, units[i]);
	find_kinds(tree, topo);
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
	topo->elsewhere = !hwloc_topology_is_thissystem(tree);
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

/* What stands in for this machine; both NULL: nothing does. */
struct source {
	const char *synthetic, *xml;
};

static int load(const struct source *source, struct topo *ret_topo)
{
	struct topo topo = {0};
	hwloc_topology_t tree;
	int error = 0;

	if (hwloc_topology_init(&tree) != 0)
		return -ENOMEM;
	errno = 0;
	if (source->synthetic &&
		hwloc_topology_set_synthetic(tree, source->synthetic) != 0)
		error = -EINVAL;
	else if (source->xml && hwloc_topology_set_xml(tree, source->xml) != 0)
		error = errno ? -errno : -EINVAL;
	else if (hwloc_topology_load(tree) != 0)
		error = errno ? -errno : -EIO;
	if (!error && hwloc_topology_is_thissystem(tree))
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
	return load(&(struct source){0}, ret_topo);
}

int topo_load_synthetic(const char *description, struct topo *ret_topo)
{
	return load(&(struct source){.synthetic = description}, ret_topo);
}

int topo_load_xml(const char *path, struct topo *ret_topo)
{
	return load(&(struct source){.xml = path}, ret_topo);
}

size_t topo_index(const struct topo *topo, int cpu)
{
	size_t index = 0;

	while (index < topo->cpu_count && topo->cpus[index] != cpu)
		index++;
	return index;
}

enum topo_distance topo_distance(const struct topo *topo, int cpu_a, int cpu_b)
{
	size_t a = topo_index(topo, cpu_a), b = topo_index(topo, cpu_b);

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
		[TOPO_NODE] = "other-node",
		[TOPO_MACHINE] = "other-package",
	};

	if ((size_t)distance >= sizeof(names) / sizeof(names[0]))
		return "?";
	return names[distance];
}

const char *topo_kind_name(enum topo_kind kind)
{
	static const char *const names[] = {
		[TOPO_KIND_ONE] = "",
		[TOPO_KIND_P] = "P",
		[TOPO_KIND_E] = "E",
		[TOPO_KIND_MIDDLE] = "middle",
	};

	return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind]
							       : "?";
}

void topo_free(struct topo *topo)
{
	if (!topo)
		return;
	free(topo->units);
	free(topo->distance);
	free(topo->cpu_model);
	*topo = (struct topo){0};
}
