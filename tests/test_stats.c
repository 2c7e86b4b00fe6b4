/* test_stats.c - medians, and intervals against exact binomial tables. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/stats.h"

static const struct {
	double values[6];
	size_t count;
	double median;
} medians[] = {
	{{7}, 1, 7}, {{1, 2}, 2, 1.5}, {{9, 1, 5}, 3, 5},
	{{4, 1, 3, 2}, 4, 2.5}, {{5, 5, 5, 5, 1, 9}, 6, 5},
	{{NAN, 3, 1, NAN, 2}, 5, 2},
	{{1e308, 1e308}, 2, 1e308}, /* their sum is no double */
};

START_TEST(test_stats_median_is_the_middle)
{
	ck_assert_double_eq(stats_median(medians[_i].values, medians[_i].count),
		medians[_i].median);
}
END_TEST

START_TEST(test_stats_nothing_has_no_median)
{
	double nan = NAN;

	ck_assert_double_nan(stats_median(NULL, 0));
	ck_assert_double_nan(stats_median(&nan, 1));
	ck_assert_double_nan(stats_median_interval(NULL, 0, 0.95).median);
}
END_TEST

START_TEST(test_stats_values_stay_as_they_are)
{
	double values[] = {3, 1, 2};

	stats_median(values, 3);
	stats_median_interval(values, 3, 0.95);
	ck_assert(values[0] == 3 && values[1] == 1 && values[2] == 2);
}
END_TEST

/* Of the values 1 .. n: which of them bound the median, and the level, from
 * tables of the binomial distribution with p = 1/2. */
static const struct {
	size_t count;
	double wanted, lo, hi, level;
} intervals[] = {
	{1, 0.95, 1, 1, 0},
	{2, 0.95, 1, 2, 0.5},
	{5, 0.95, 1, 5, 0.9375}, /* too few: the whole range */
	{6, 0.95, 1, 6, 0.96875},
	{9, 0.95, 2, 8, 0.9609375},
	{10, 0.95, 2, 9, 0.978515625},
	{20, 0.95, 6, 15, 0.958610534667969},
	{20, 0.99, 4, 17, 0.997423171997070},
	{1001, 0.95, 470, 532, 0.950015476497246},
	{5000, 0.95, 2431, 2570, 0.950684141895828},
};

START_TEST(test_stats_interval_is_the_narrowest_that_covers)
{
	size_t count = intervals[_i].count;
	double *values = malloc(count * sizeof(*values));
	struct interval found;

	ck_assert_ptr_nonnull(values);
	for (size_t i = 0; i < count; i++) /* back to front: not sorted */
		values[i] = (double)(count - i);
	found = stats_median_interval(values, count, intervals[_i].wanted);
	ck_assert_double_eq(found.lo, intervals[_i].lo);
	ck_assert_double_eq(found.hi, intervals[_i].hi);
	ck_assert_double_eq_tol(found.level, intervals[_i].level, 1e-9);
	ck_assert_double_eq(found.median, (double)(count + 1) / 2);
	free(values);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stats");
	TCase *tcase = tcase_create("stats");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, test_stats_median_is_the_middle, 0,
		sizeof(medians) / sizeof(*medians));
	tcase_add_test(tcase, test_stats_nothing_has_no_median);
	tcase_add_test(tcase, test_stats_values_stay_as_they_are);
	tcase_add_loop_test(tcase,
		test_stats_interval_is_the_narrowest_that_covers, 0,
		sizeof(intervals) / sizeof(*intervals));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
