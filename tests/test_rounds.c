/* test_rounds.c - the times that rounds keep: together they are those of the case,
 * through a file and back, and without the disturbed ones those of the others.
 */
#include <check.h>
#include <math.h>

#include "report/machine.h"
#include "sample_result.h"

static const struct {
	size_t index;
	enum round_times kind;
} kept[] = {
	{SAMPLE_RTT, ROUND_TIMES},
	{SAMPLE_OPEN, ROUND_TIMES},
	{SAMPLE_OPEN, ROUND_FROM_SEND},
	{SAMPLE_OPEN, ROUND_LAG},
};
enum { KEPT = sizeof(kept) / sizeof(*kept) };

static const struct hist *whole_of(const struct outcome *outcome, size_t what)
{
	const struct latency *latency = outcome->latency;

	if (kept[what].index == SAMPLE_RTT)
		return outcome->rtt;
	if (kept[what].kind == ROUND_TIMES)
		return &latency->intended;
	return kept[what].kind == ROUND_LAG ? &latency->lag : &latency->actual;
}

/* The rounds of @outcome from @first on, added together. */
static struct hist *sum_of(
	const struct outcome *outcome, enum round_times kind, size_t first)
{
	struct hist *sum = hist_create();

	ck_assert_ptr_nonnull(sum);
	ck_assert_int_eq(rounds_add(outcome->rounds + first,
				 outcome->round_count - first, kind, sum),
		0);
	return sum;
}

static void compare_hists(const struct hist *a, const struct hist *b)
{
	ck_assert_uint_eq(a->total, b->total);
	ck_assert_uint_eq(a->max_ns, b->max_ns);
	ck_assert_mem_eq(a->counts, b->counts, sizeof(a->counts));
}

START_TEST(test_rounds_together_are_the_case_to_the_last_count)
{
	struct outcome *outcome = &loaded.cases[kept[_i].index].outcome;
	const struct hist *whole = whole_of(outcome, (size_t)_i);
	struct hist *sum = sum_of(outcome, kept[_i].kind, 0);

	ck_assert(rounds_make_up(
		outcome->rounds, SAMPLE_ROUNDS, kept[_i].kind, whole));
	compare_hists(sum, whole);
	free(sum);
	round_clear(&outcome->rounds[1]);
	ck_assert(!rounds_make_up(
		outcome->rounds, SAMPLE_ROUNDS, kept[_i].kind, whole));
}
END_TEST

START_TEST(test_rounds_left_out_leave_the_times_of_the_others)
{
	struct outcome *outcome = &loaded.cases[kept[_i].index].outcome;
	struct hist *sum = sum_of(outcome, kept[_i].kind, 1);

	outcome->rounds[0].moves = 1;
	ck_assert_int_eq(result_drop_disturbed(&loaded), 0);
	ck_assert_uint_eq(outcome->round_count, SAMPLE_ROUNDS - 1);
	ck_assert_uint_eq(sum->total, 666);
	compare_hists(sum, whole_of(outcome, (size_t)_i));
	ck_assert(!loaded.times_of_all);
	if (kept[_i].index == SAMPLE_OPEN)
		ck_assert_uint_eq(outcome->latency->due, 1000);
	free(sum);
}
END_TEST

START_TEST(test_rounds_all_left_out_leave_no_times)
{
	struct outcome *outcome = &loaded.cases[kept[_i].index].outcome;

	for (size_t r = 0; r < SAMPLE_ROUNDS; r++)
		outcome->rounds[r].moves = 1;
	ck_assert_int_eq(result_drop_disturbed(&loaded), 0);
	ck_assert_uint_eq(whole_of(outcome, (size_t)_i)->total, 0);
	ck_assert(isnan(loaded.cases[kept[_i].index].p50_ns.median));
}
END_TEST

/* As in a result from before rounds had times of their own. */
START_TEST(test_rounds_without_times_leave_those_of_the_case)
{
	struct outcome *outcome = &loaded.cases[kept[_i].index].outcome;

	for (size_t r = 0; r < SAMPLE_ROUNDS; r++)
		round_clear(&outcome->rounds[r]);
	outcome->rounds[0].moves = 1;
	ck_assert_int_eq(result_drop_disturbed(&loaded), 0);
	ck_assert_uint_eq(outcome->round_count, SAMPLE_ROUNDS - 1);
	ck_assert_uint_eq(whole_of(outcome, (size_t)_i)->total, 1000);
	ck_assert(loaded.times_of_all);
}
END_TEST

static const struct {
	bool left_out, times_of_all;
	const char *said;
} disturbed[] = {
	{false, false, "CPU 1): --without-disturbed leaves them out"},
	{true, false, "CPU 1): left out"},
	{true, true,
		"CPU 1): left out of rates and ratios; percentiles are of all"},
};

START_TEST(test_rounds_left_out_are_said_to_be)
{
	const char *said = disturbed[_i].said;
	char text[256];

	loaded.disturbed = (struct disturbed_seen){
		.slices = 21, .steal = 2, .moves = 1, .any = 3};
	loaded.without_disturbed = disturbed[_i].left_out;
	loaded.times_of_all = disturbed[_i].times_of_all;
	machine_disturbed(&loaded, text, sizeof(text));
	ck_assert_uint_gt(strlen(text), strlen(said));
	ck_assert_str_eq(text + strlen(text) - strlen(said), said);
}
END_TEST

START_TEST(test_rounds_of_a_violated_case_have_no_times)
{
	struct outcome *outcome = &sample.run.outcomes[kept[_i].index];
	struct result again;

	outcome->status = STATUS_VIOLATED;
	sample_load(&sample, &again);
	outcome = &again.cases[kept[_i].index].outcome;
	for (size_t r = 0; r < SAMPLE_ROUNDS; r++)
		ck_assert_ptr_null(
			outcome->rounds[r].times[kept[_i].kind].text);
	result_free(&again);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rounds");
	TCase *tcase = tcase_create("rounds");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, sample_set_up, sample_tear_down);
	tcase_add_loop_test(tcase,
		test_rounds_together_are_the_case_to_the_last_count, 0, KEPT);
	tcase_add_loop_test(tcase,
		test_rounds_left_out_leave_the_times_of_the_others, 0, KEPT);
	tcase_add_loop_test(
		tcase, test_rounds_all_left_out_leave_no_times, 0, KEPT);
	tcase_add_loop_test(tcase,
		test_rounds_without_times_leave_those_of_the_case, 0, KEPT);
	tcase_add_loop_test(tcase, test_rounds_left_out_are_said_to_be, 0, 3);
	tcase_add_loop_test(
		tcase, test_rounds_of_a_violated_case_have_no_times, 0, KEPT);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
