/* test_topo.c - distances and placements, on machines of all shapes. */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case/case.h"
#include "machine/topo.h"

/* 2 packages, each one L3 over 4 cores with their own L2 and 2 threads. The
 * numbers run along the tree: 0 and 1 are one core, 0 to 7 one package. */
static const char server[] = "pack:2 l3:1 l2:4 core:1 pu:2";
/* One package with two L3s, 2 cores each, no SMT. */
static const char chiplets[] = "pack:1 l3:2 core:2 pu:1";
static const char one_cpu[] = "pack:1 core:1 pu:1";
static const char uniform[] = "pack:1 l3:1 core:4 pu:1";
static const char clusters[] = "pack:1 l2:2 core:2 pu:1";
static const char no_cache[] = "pack:1 core:2 pu:1";
static const char packages_on_a_node[] = "[numa] pack:2 core:2 pu:1";
static const char numa[] = "pack:1 numa:2 core:2 pu:1";

static const struct {
	const char *machine;
	int a, b;
	enum topo_distance distance;
} distances[] = {
	{server, 3, 3, TOPO_SAME_CPU}, {server, 0, 1, TOPO_SMT},
	{server, 0, 2, TOPO_L3}, {server, 7, 0, TOPO_L3},
	{server, 0, 8, TOPO_MACHINE}, {chiplets, 0, 1, TOPO_L3},
	{chiplets, 1, 2, TOPO_PACKAGE}, {clusters, 0, 1, TOPO_L2},
	{clusters, 0, 2, TOPO_PACKAGE}, {no_cache, 0, 1, TOPO_PACKAGE},
	{numa, 0, 1, TOPO_PACKAGE}, {numa, 1, 2, TOPO_NODE},
	{one_cpu, 0, 0, TOPO_SAME_CPU},
	{one_cpu, 0, 5, TOPO_MACHINE}, /* no such CPU: as far as it gets */
};

START_TEST(test_topo_distance_is_the_closest_thing_shared)
{
	struct topo topo;

	ck_assert_int_eq(topo_load_synthetic(distances[_i].machine, &topo), 0);
	ck_assert_int_eq(topo_distance(&topo, distances[_i].a, distances[_i].b),
		distances[_i].distance);
	ck_assert_int_eq(topo_distance(&topo, distances[_i].b, distances[_i].a),
		distances[_i].distance);
	topo_free(&topo);
}
END_TEST

static const struct {
	const char *machine, *placement;
	unsigned producers, consumers;
	int cpus[8];
} placements[] = {
	{server, "near", 1, 1, {0, 1}},
	{server, "far", 1, 1, {0, 8}},
	/* producers stay in one package, consumers in the other */
	{server, "far", 2, 2, {0, 1, 8, 9}},
	/* the second pair as close to the first as there is */
	{server, "near", 2, 2, {0, 2, 1, 3}},
	{chiplets, "near", 1, 1, {0, 1}},
	{chiplets, "far", 1, 1, {0, 2}},
	{chiplets, "far", 2, 2, {0, 1, 2, 3}},
	{uniform, "near", 1, 1, {0, 1}},
	{uniform, "near", 2, 2, {0, 2, 1, 3}},
	/* no CPU left: producers share with producers */
	{no_cache, "near", 2, 2, {0, 0, 1, 1}},
	{no_cache, "near", 1, 3, {0, 1, 1, 1}},
	{uniform, "near", 4, 2, {0, 2, 0, 2, 1, 3}},
	{one_cpu, "any", 1, 1, {CASE_CPU_ANY, CASE_CPU_ANY}},
	{server, "any", 1, 1, {CASE_CPU_ANY, CASE_CPU_ANY}},
	{server, "3/9", 1, 1, {3, 9}},
	{server, "3/9", 2, 2, {3, 9, 3, 9}},
	{server, "5", 1, 2, {5, 5, 5}},
	{one_cpu, "0/0", 1, 1, {0, 0}},
};

START_TEST(test_topo_place_gives_the_cpus_expected)
{
	unsigned workers = placements[_i].producers + placements[_i].consumers;
	int cpus[CASE_MAX_WORKERS];
	char reason[CASE_REASON_BYTES] = "";
	struct topo topo;

	ck_assert_int_eq(topo_load_synthetic(placements[_i].machine, &topo), 0);
	ck_assert_msg(topo_place(&topo, placements[_i].placement,
			      placements[_i].producers, workers, cpus, reason,
			      sizeof(reason)) == 0,
		"%s", reason);
	for (unsigned i = 0; i < workers; i++)
		ck_assert_msg(cpus[i] == placements[_i].cpus[i],
			"%s %s %up%uc: worker %u on %d, not %d",
			placements[_i].machine, placements[_i].placement,
			placements[_i].producers, placements[_i].consumers, i,
			cpus[i], placements[_i].cpus[i]);
	topo_free(&topo);
}
END_TEST

static const struct {
	const char *machine, *placement;
	unsigned producers, workers;
	int error;
	const char *reason;
} refusals[] = {
	{one_cpu, "near", 1, 2, -ENOTSUP, "two CPUs"},
	{one_cpu, "far", 1, 2, -ENOTSUP, "two CPUs"},
	{uniform, "far", 1, 2, -ENOTSUP, "equally near"},
	{no_cache, "far", 1, 2, -ENOTSUP, "equally near"},
	{packages_on_a_node, "cross-numa", 1, 2, -ENOTSUP, "one NUMA node"},
	{server, "16/0", 1, 2, -EINVAL, "CPU 16"},
	{server, "0/99999999999999999999", 1, 2, -EINVAL, "CPU 9999"},
	{server, "nera", 1, 2, -EINVAL, "not a placement"},
	{server, "0/", 1, 2, -EINVAL, "not a placement"},
	{server, "/0", 1, 2, -EINVAL, "not a placement"},
	{server, "0,1", 1, 2, -EINVAL, "not a placement"},
	{server, "", 1, 2, -EINVAL, "not a placement"},
	{server, "near", 0, 2, -EINVAL, "1 producer"},
	{server, "near", 2, 2, -EINVAL, "1 consumer"},
	{server, "near", 1, CASE_MAX_WORKERS + 1, -EINVAL, "64 workers"},
};

START_TEST(test_topo_place_impossible_says_why)
{
	int cpus[CASE_MAX_WORKERS + 1];
	char reason[CASE_REASON_BYTES] = "";
	struct topo topo;

	ck_assert_int_eq(topo_load_synthetic(refusals[_i].machine, &topo), 0);
	ck_assert_int_eq(topo_place(&topo, refusals[_i].placement,
				 refusals[_i].producers, refusals[_i].workers,
				 cpus, reason, sizeof(reason)),
		refusals[_i].error);
	ck_assert_msg(strstr(reason, refusals[_i].reason) != NULL,
		"reason '%s' without '%s'", reason, refusals[_i].reason);
	topo_free(&topo);
}
END_TEST

/* What a machine is, from tests/topologies. */
static int load_saved(const char *name, struct topo *topo)
{
	char path[512];

	ck_assert_ptr_nonnull(getenv("top_srcdir"));
	snprintf(path, sizeof(path), "%s/tests/topologies/%s.xml",
		getenv("top_srcdir"), name);
	return topo_load_xml(path, topo);
}

/* No CPU: there is no such pair on that machine. */
static const struct {
	const char *machine, *placement;
	unsigned producers, consumers;
	int cpus[8];
} meanings[] = {
	{"two-socket", "near", 1, 1, {0, 8}},
	{"two-socket", "smt", 1, 1, {0, 8}},
	{"two-socket", "smt", 2, 2, {0, 1, 8, 9}},
	{"two-socket", "l2", 1, 1, {-1}},
	{"two-socket", "l3", 1, 1, {0, 1}},
	/* four cores before any second thread */
	{"two-socket", "l3", 2, 2, {0, 2, 1, 3}},
	{"two-socket", "package", 1, 1, {-1}},
	{"two-socket", "cross-package", 1, 1, {0, 4}},
	{"two-socket", "cross-package", 2, 2, {0, 1, 4, 5}},
	{"two-socket", "cross-numa", 1, 1, {0, 4}},
	{"two-socket", "P+P", 1, 1, {-1}},
	{"hybrid", "smt", 1, 1, {0, 1}},
	{"hybrid", "l2", 1, 1, {4, 5}},
	{"hybrid", "l3", 1, 1, {0, 2}},
	{"hybrid", "package", 1, 1, {-1}},
	{"hybrid", "P+P", 1, 1, {0, 2}},
	{"hybrid", "P+E", 1, 1, {0, 4}},
	{"hybrid", "P+E", 2, 2, {0, 2, 4, 5}},
	{"hybrid", "P+E", 3, 1, {0, 2, 1, 4}},
	{"hybrid", "E+E", 1, 1, {4, 5}},
	{"hybrid", "E+E", 3, 2, {4, 6, 4, 5, 7}},
	{"hybrid", "cross-numa", 1, 1, {-1}},
	{"chiplets", "smt", 1, 1, {-1}},
	{"chiplets", "l3", 1, 1, {0, 1}},
	{"chiplets", "l3", 2, 2, {0, 2, 1, 3}},
	{"chiplets", "l3", 1, 2, {0, 1, 1}},
	{"chiplets", "package", 1, 1, {0, 2}},
	{"chiplets", "cross-numa", 1, 1, {0, 4}},
	{"chiplets", "cross-package", 1, 1, {-1}},
	{"chiplets", "far", 1, 1, {0, 4}},
	{"m-series", "l2", 1, 1, {0, 1}},
	{"m-series", "l3", 1, 1, {-1}},
	{"m-series", "package", 1, 1, {0, 4}},
	{"m-series", "P+P", 1, 1, {4, 5}},
	{"m-series", "P+E", 1, 1, {4, 0}},
	{"m-series", "E+E", 1, 1, {0, 1}},
	{"three-kinds", "P+E", 1, 1, {5, 0}},
	{"three-kinds", "P+E", 2, 2, {5, 5, 0, 0}},
	{"three-kinds", "P+P", 1, 1, {-1}},
	{"favoured", "P+P", 1, 1, {-1}},
	{"favoured", "P+E", 1, 1, {-1}},
};

START_TEST(test_topo_place_by_meaning_is_that_or_says_there_is_none)
{
	unsigned producers = meanings[_i].producers;
	unsigned workers = producers + meanings[_i].consumers;
	int cpus[CASE_MAX_WORKERS], error;
	char reason[CASE_REASON_BYTES] = "";
	struct topo topo;

	ck_assert_int_eq(load_saved(meanings[_i].machine, &topo), 0);
	error = topo_place(&topo, meanings[_i].placement, producers, workers,
		cpus, reason, sizeof(reason));
	if (meanings[_i].cpus[0] < 0) {
		ck_assert_int_eq(error, -ENOTSUP);
		ck_assert_msg(strstr(reason, meanings[_i].placement) != NULL &&
				      strstr(reason, "here; `ipcmark topo`"),
			"%s", reason);
	} else {
		ck_assert_msg(error == 0, "%s %s: %s", meanings[_i].machine,
			meanings[_i].placement, reason);
		for (unsigned i = 0; i < workers; i++)
			ck_assert_msg(cpus[i] == meanings[_i].cpus[i],
				"%s %s: worker %u on %d, not %d",
				meanings[_i].machine, meanings[_i].placement, i,
				cpus[i], meanings[_i].cpus[i]);
	}
	topo_free(&topo);
}
END_TEST

/* However many there are: no producer shares a CPU with a consumer, and each
 * pair is what the word says. */
START_TEST(test_topo_place_by_meaning_holds_for_every_pair)
{
	struct topo topo;
	int cpus[CASE_MAX_WORKERS];
	char reason[CASE_REASON_BYTES];

	ck_assert_int_eq(load_saved("two-socket", &topo), 0);
	for (unsigned producers = 1; producers <= 32; producers++) {
		for (unsigned consumers = 1; consumers <= 32; consumers++) {
			unsigned more =
				producers > consumers ? producers : consumers;

			ck_assert_int_eq(topo_place(&topo, "smt", producers,
						 producers + consumers, cpus,
						 reason, sizeof(reason)),
				0);
			for (unsigned i = 0; i < more; i++)
				ck_assert_int_eq(
					topo_distance(&topo,
						cpus[i % producers],
						cpus[producers +
							i % consumers]),
					TOPO_SMT);
		}
	}
	topo_free(&topo);
}
END_TEST

START_TEST(test_topo_saved_machine_is_told_from_this_one)
{
	struct topo topo;

	ck_assert_int_eq(load_saved("hybrid", &topo), 0);
	ck_assert(topo.elsewhere);
	ck_assert_int_eq(topo.units[0].kind, TOPO_KIND_P);
	ck_assert_int_eq(topo.units[2].kind, TOPO_KIND_P);
	ck_assert_int_eq(topo.units[7].kind, TOPO_KIND_E);
	ck_assert_int_eq(topo.units[3].core, 1);
	ck_assert_int_eq(topo.units[3].node, 0);
	ck_assert_str_eq(topo.cpu_model, "Hybrid");
	topo_free(&topo);
	ck_assert_int_lt(load_saved("no-such-machine", &topo), 0);
	ck_assert_int_eq(topo_load(&topo), 0);
	ck_assert(!topo.elsewhere);
	topo_free(&topo);
}
END_TEST

START_TEST(test_topo_place_most_workers_fit_on_any_machine)
{
	static const char *const machines[] = {
		server, chiplets, uniform, clusters, no_cache, numa};

	for (size_t m = 0; m < sizeof(machines) / sizeof(machines[0]); m++) {
		int cpus[CASE_MAX_WORKERS];
		char reason[CASE_REASON_BYTES];
		struct topo topo;

		ck_assert_int_eq(topo_load_synthetic(machines[m], &topo), 0);
		ck_assert_int_eq(topo_place(&topo, "near", 32, 64, cpus, reason,
					 sizeof(reason)),
			0);
		/* Producers and consumers never share a CPU. */
		for (int p = 0; p < 32; p++)
			for (int c = 32; c < 64; c++)
				ck_assert_int_ne(cpus[p], cpus[c]);
		topo_free(&topo);
	}
}
END_TEST

START_TEST(test_topo_load_counts_what_is_there)
{
	struct topo topo;

	ck_assert_int_eq(topo_load_synthetic(server, &topo), 0);
	ck_assert_uint_eq(topo.cpu_count, 16);
	ck_assert_uint_eq(topo.packages, 2);
	ck_assert_uint_eq(topo.cores, 8);
	ck_assert_uint_gt(topo.l3_bytes, 0);
	ck_assert_uint_gt(topo.l2_bytes, 0);
	ck_assert_ptr_nonnull(topo.cpu_model);
	topo_free(&topo);
	topo_free(&topo); /* accepts what is empty */
	topo_free(NULL);
	ck_assert_int_eq(
		topo_load_synthetic("no such machine", &topo), -EINVAL);
}
END_TEST

START_TEST(test_topo_load_here_keeps_to_the_affinity_mask)
{
	struct topo topo;
	cpu_set_t mask, all;
	int first = 0;

	ck_assert_int_eq(topo_load(&topo), 0);
	ck_assert_uint_ge(topo.cpu_count, 1);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	ck_assert_uint_eq(topo.cpu_count, (size_t)CPU_COUNT(&all));
	topo_free(&topo);
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&mask);
	CPU_SET(first, &mask);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(mask), &mask), 0);
	ck_assert_int_eq(topo_load(&topo), 0);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(all), &all), 0);
	ck_assert_uint_eq(topo.cpu_count, 1);
	ck_assert_int_eq(topo.cpus[0], first);
	topo_free(&topo);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	Suite *suite = suite_create("topo");
	TCase *tests = tcase_create("topo");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests,
		test_topo_distance_is_the_closest_thing_shared, 0,
		ROWS(distances));
	tcase_add_loop_test(tests, test_topo_place_gives_the_cpus_expected, 0,
		ROWS(placements));
	tcase_add_loop_test(
		tests, test_topo_place_impossible_says_why, 0, ROWS(refusals));
	tcase_add_loop_test(tests,
		test_topo_place_by_meaning_is_that_or_says_there_is_none, 0,
		ROWS(meanings));
	tcase_add_test(tests, test_topo_place_by_meaning_holds_for_every_pair);
	tcase_add_test(tests, test_topo_saved_machine_is_told_from_this_one);
	tcase_add_test(tests, test_topo_place_most_workers_fit_on_any_machine);
	tcase_add_test(tests, test_topo_load_counts_what_is_there);
	tcase_add_test(tests, test_topo_load_here_keeps_to_the_affinity_mask);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
