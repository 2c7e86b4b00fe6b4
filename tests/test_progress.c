/* test_progress.c - how much time is left, by the plan and the clock. */
#include <check.h>
#include <stdlib.h>

#include "base/progress.h"

#define S UINT64_C(1000000000)

static const struct {
	uint64_t total_ns, first_ns, done_ns, elapsed_ns;
	int64_t left_s;
} cases[] = {
	{10 * S, 0, 0, 1 * S, -1},	     /* nothing to go by */
	{10 * S, 0, 5 * S, 5 * S, 5},	     /* as planned */
	{10 * S, 0, 5 * S, 15 * S, 15},	     /* three times as long */
	{10 * S, 4 * S, 4 * S, 1 * S, -1},   /* resumed, nothing done yet */
	{10 * S, 4 * S, 6 * S, 1 * S, 2},    /* what was done before is free */
	{10 * S, 0, 10 * S, 12 * S, 0},	     /* all done */
	{10 * S, 0, 11 * S, 12 * S, -1},     /* more than planned */
	{200 * S, 0, 1 * S, 100 * S, 19900}, /* hours */
};

START_TEST(test_progress_left_is_planned_time_stretched)
{
	struct progress progress =
		progress_start(9, cases[_i].total_ns, cases[_i].first_ns);

	ck_assert_int_eq(progress_left_s(&progress, cases[_i].done_ns,
				 cases[_i].elapsed_ns),
		cases[_i].left_s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("progress");
	TCase *tests = tcase_create("progress");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, test_progress_left_is_planned_time_stretched,
		0, sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
