/* test_distance.c - what is made of a matrix, and that one can be measured. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "machine/distance.h"
#include "machine/topo.h"

/* 0 and 1 are one core, 0 to 3 share an L3, 4 to 7 another. */
static const char machine[] = "pack:1 l3:2 l2:2 core:1 pu:2";

/* As such a machine would measure. */
static double honest_ns(const struct topo *topo, size_t a, size_t b)
{
	static const double ns[] = {
		[TOPO_SAME_CPU] = NAN,
		[TOPO_SMT] = 25,
		[TOPO_L2] = 40,
		[TOPO_L3] = 70,
		[TOPO_PACKAGE] = 180,
		[TOPO_NODE] = 250,
		[TOPO_MACHINE] = 400,
	};

	return ns[topo->distance[a * topo->cpu_count + b]];
}

static void fill(const struct topo *topo, struct distance_matrix *matrix)
{
	size_t count = topo->cpu_count;

	matrix->count = count;
	matrix->first_ns = calloc(count * count, sizeof(double));
	matrix->second_ns = calloc(count * count, sizeof(double));
	ck_assert(matrix->first_ns && matrix->second_ns);
	for (size_t a = 0; a < count; a++)
		for (size_t b = 0; b < count; b++)
			matrix->first_ns[a * count + b] =
				matrix->second_ns[a * count + b] =
					honest_ns(topo, a, b);
}

/* Every pair of @class takes @ns at the look(s) in @looks. */
static void falsify(const struct topo *topo, struct distance_matrix *matrix,
	enum topo_distance class, double ns, int looks)
{
	for (size_t at = 0; at < matrix->count * matrix->count; at++) {
		if (topo->distance[at] != class)
			continue;
		if (looks & 1)
			matrix->first_ns[at] = ns;
		if (looks & 2)
			matrix->second_ns[at] = ns;
	}
}

static const struct {
	enum topo_distance class;
	double ns;
	int looks;
	const char *doubt; /* NULL: none */
} lies[] = {
	{TOPO_SMT, 25, 3, NULL},
	{TOPO_SMT, 27, 2, NULL}, /* looks differ a little */
	{TOPO_L3, 150, 2, "8 of 28 pairs moved between two looks"},
	{TOPO_L3, 320, 3, "no shared cache is that slow"},
	{TOPO_SMT, 100, 3, "same-core is nearer than same-l3"},
	{TOPO_PACKAGE, 50, 3, "same-l3 is nearer than same-package"},
	{TOPO_PACKAGE, NAN, 3, NULL}, /* nothing measured is no doubt */
};

START_TEST(test_distance_judge_says_where_the_machine_is_wrong)
{
	struct distance_matrix matrix;
	struct distance_doubts doubts;
	struct topo topo;

	ck_assert_int_eq(topo_load_synthetic(machine, &topo), 0);
	fill(&topo, &matrix);
	falsify(&topo, &matrix, lies[_i].class, lies[_i].ns, lies[_i].looks);
	distance_judge(&topo, &matrix, &doubts);
	if (!lies[_i].doubt)
		ck_assert_msg(doubts.count == 0, "%s", doubts.text[0]);
	else
		ck_assert_msg(doubts.count >= 1 &&
				      strstr(doubts.text[0], lies[_i].doubt),
			"%zu: %s", doubts.count, doubts.text[0]);
	distance_free(&matrix);
	topo_free(&topo);
}
END_TEST

START_TEST(test_distance_judge_sees_pairs_that_are_not_alike)
{
	struct distance_matrix matrix;
	struct distance_doubts doubts;
	struct topo topo;

	ck_assert_int_eq(topo_load_synthetic(machine, &topo), 0);
	fill(&topo, &matrix);
	matrix.first_ns[0 * 8 + 7] = matrix.second_ns[0 * 8 + 7] = 500;
	distance_judge(&topo, &matrix, &doubts);
	ck_assert_uint_eq(doubts.count, 1);
	ck_assert_msg(strstr(doubts.text[0], "180 to 500 ns") != NULL, "%s",
		doubts.text[0]);
	distance_free(&matrix);
	topo_free(&topo);
}
END_TEST

START_TEST(test_distance_measure_here_is_symmetric_and_positive)
{
	struct distance_matrix matrix;
	struct topo topo;

	ck_assert_int_eq(topo_load(&topo), 0);
	if (topo.cpu_count > 4)
		topo.cpu_count = 4; /* enough to see it */
	ck_assert_int_eq(distance_measure(&topo, &matrix), 0);
	ck_assert_uint_eq(matrix.count, topo.cpu_count);
	for (size_t a = 0; a < matrix.count; a++) {
		ck_assert(isnan(matrix.first_ns[a * matrix.count + a]));
		for (size_t b = 0; b < matrix.count; b++) {
			double there = matrix.first_ns[a * matrix.count + b];
			double back = matrix.first_ns[b * matrix.count + a];

			/* On a busy machine a pair may have gone unmeasured. */
			ck_assert(isnan(there) == isnan(back));
			ck_assert(
				isnan(there) || (there > 0 && !(there < back) &&
							!(there > back)));
		}
	}
	distance_free(&matrix);
	distance_free(NULL);
	topo_free(&topo);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("distance");
	TCase *tests = tcase_create("distance");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests,
		test_distance_judge_says_where_the_machine_is_wrong, 0,
		sizeof(lies) / sizeof(lies[0]));
	tcase_add_test(
		tests, test_distance_judge_sees_pairs_that_are_not_alike);
	tcase_add_test(
		tests, test_distance_measure_here_is_symmetric_and_positive);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
