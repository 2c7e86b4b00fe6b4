/* test_schedule.c - when an open loop's messages are due, and how long they
 * are: is it what was asked for, and the same for the same seed?
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "run/schedule.h"

enum { MANY = 100000 };

static const struct {
	double per_s;
	unsigned burst, index, producers;
	uint64_t due[6];
} fixed[] = {
	{1000000, 1, 0, 1, {0, 1000, 2000, 3000, 4000, 5000}},
	{3000000, 1, 0, 1, {0, 333, 666, 1000, 1333, 1666}},
	/* two producers take turns */
	{1000000, 1, 0, 2, {0, 2000, 4000, 6000, 8000, 10000}},
	{1000000, 1, 1, 2, {1000, 3000, 5000, 7000, 9000, 11000}},
	/* bursts */
	{1000000, 3, 0, 1, {0, 0, 0, 3000, 3000, 3000}},
	{1000000, 2, 1, 2, {2000, 2000, 6000, 6000, 10000, 10000}},
	{0.5, 1, 0, 1,
		{0, 2000000000, 4000000000, 6000000000, 8000000000,
			10000000000}},
};
enum { FIXED = sizeof(fixed) / sizeof(fixed[0]) };

START_TEST(test_schedule_fixed_arrivals_are_at_their_times)
{
	struct schedule schedule = schedule_make(fixed[_i].per_s, ARRIVAL_FIXED,
		fixed[_i].burst, fixed[_i].index, fixed[_i].producers, 1);

	for (int i = 0; i < 6; i++)
		ck_assert_uint_eq(schedule_next(&schedule), fixed[_i].due[i]);
}
END_TEST

/* Exponential gaps: their mean and their standard deviation are the period. */
START_TEST(test_schedule_poisson_gaps_are_exponential)
{
	struct schedule schedule =
		schedule_make(1000, ARRIVAL_POISSON, 1, 0, 1, (uint64_t)_i);
	double sum = 0, squares = 0, period = 1e6;
	uint64_t last = 0, longer = 0;

	for (int i = 0; i < MANY; i++) {
		uint64_t due = schedule_next(&schedule);
		double gap = (double)(due - last);

		ck_assert_uint_ge(due, last);
		sum += gap;
		squares += gap * gap;
		longer += gap > period;
		last = due;
	}
	sum /= MANY;
	squares /= MANY;
	/* five standard errors */
	ck_assert_double_eq_tol(sum / period, 1, 5 / sqrt(MANY));
	ck_assert_double_eq_tol(
		sqrt(squares - sum * sum) / period, 1, 10 / sqrt(MANY));
	ck_assert_double_eq_tol(
		(double)longer / MANY, exp(-1), 2.5 / sqrt(MANY));
}
END_TEST

START_TEST(test_schedule_poisson_depends_on_seed_and_producer_alone)
{
	struct schedule a = schedule_make(1000, ARRIVAL_POISSON, 1, 0, 2, 7);
	struct schedule b = schedule_make(1000, ARRIVAL_POISSON, 1, 0, 2, 7);
	struct schedule other[] = {
		schedule_make(1000, ARRIVAL_POISSON, 1, 1, 2, 7),
		schedule_make(1000, ARRIVAL_POISSON, 1, 0, 2, 8)};
	unsigned same[2] = {0};

	for (int i = 0; i < 100; i++) {
		uint64_t due = schedule_next(&a);

		ck_assert_uint_eq(due, schedule_next(&b));
		for (int j = 0; j < 2; j++)
			same[j] += due == schedule_next(&other[j]);
	}
	ck_assert_uint_lt(same[0], 5);
	ck_assert_uint_lt(same[1], 5);
}
END_TEST

START_TEST(test_schedule_poisson_bursts_are_due_together)
{
	struct schedule schedule =
		schedule_make(1000, ARRIVAL_POISSON, 4, 0, 1, 1);
	uint64_t last = 0;

	for (int i = 0; i < 100; i++) {
		uint64_t due = schedule_next(&schedule);

		ck_assert_uint_gt(due, last);
		for (int j = 1; j < 4; j++)
			ck_assert_uint_eq(schedule_next(&schedule), due);
		last = due;
	}
}
END_TEST

START_TEST(test_mix_sizes_come_as_often_as_they_should)
{
	static const struct size_mix mix = {
		.count = 3, .bytes = {64, 1024, 65536}, .percent = {70, 25, 5}};
	unsigned seen[3] = {0};

	for (uint64_t word = 0; word < MANY; word++) {
		uint64_t size = mix_pick(&mix, (uint64_t)_i, word);

		for (unsigned i = 0; i < 3; i++)
			seen[i] += size == mix.bytes[i];
		ck_assert_uint_eq(size, mix_pick(&mix, (uint64_t)_i, word));
	}
	ck_assert_uint_eq(seen[0] + seen[1] + seen[2], MANY);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_double_eq_tol((double)seen[i] / MANY,
			mix.percent[i] / 100.0, 2.5 / sqrt(MANY));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tcase = tcase_create("schedule");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase,
		test_schedule_fixed_arrivals_are_at_their_times, 0, FIXED);
	tcase_add_loop_test(
		tcase, test_schedule_poisson_gaps_are_exponential, 0, 5);
	tcase_add_test(tcase,
		test_schedule_poisson_depends_on_seed_and_producer_alone);
	tcase_add_test(tcase, test_schedule_poisson_bursts_are_due_together);
	tcase_add_loop_test(
		tcase, test_mix_sizes_come_as_often_as_they_should, 0, 3);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
