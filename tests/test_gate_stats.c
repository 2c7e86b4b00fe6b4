/* test_gate_stats.c - the gate's test, estimate, looks and verdicts, against
 * published tables and another program's values.
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gate/block.h"
#include "gate/judge.h"
#include "gate/sequential.h"
#include "gate/signed_rank.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum { SAMPLES_MAX = SIGNED_RANK_MAX + 1 };

/* Samples of 1 to @count whose W+ is @w_plus: the largest ranks are above 0. */
static void samples_of(double *samples, size_t count, size_t w_plus)
{
	for (size_t rank = count; rank > 0; rank--) {
		bool above = rank <= w_plus;

		samples[rank - 1] = above ? (double)rank : -(double)rank;
		w_plus -= above ? rank : 0;
	}
	ck_assert_uint_eq(w_plus, 0);
}

static struct signed_rank test_of(
	const double *samples, size_t count, double margin)
{
	struct signed_rank test;

	ck_assert_int_eq(signed_rank_test(samples, count, margin, &test), 0);
	return test;
}

/* The least W+ that is significant at a one-sided level. The first 24: Wilcoxon,
 * Katti and Wilcox, "Critical values and probability levels for the Wilcoxon rank
 * sum test and the Wilcoxon signed rank test", 1963, as most textbooks print them
 * (for the smaller sum, n (n + 1) / 2 less). */
static const struct {
	size_t count;
	double level;
	size_t w_plus;
} critical[] = {
	{10, 0.05, 45},
	{10, 0.025, 47},
	{10, 0.01, 50},
	{10, 0.005, 52},
	{15, 0.05, 90},
	{15, 0.025, 95},
	{15, 0.01, 101},
	{15, 0.005, 105},
	{20, 0.05, 150},
	{20, 0.025, 158},
	{20, 0.01, 167},
	{20, 0.005, 173},
	{25, 0.05, 225},
	{25, 0.025, 236},
	{25, 0.01, 249},
	{25, 0.005, 257},
	{30, 0.05, 314},
	{30, 0.025, 328},
	{30, 0.01, 345},
	{30, 0.005, 356},
	{50, 0.05, 809},
	{50, 0.025, 841},
	{50, 0.01, 878},
	{50, 0.005, 902},
	{10, 0.001, 55},
	{20, 0.003, 177},
	{40, 0.006, 596},
};

START_TEST(test_signed_rank_critical_values_are_those_of_the_tables)
{
	double samples[SAMPLES_MAX], mirrored[SAMPLES_MAX];
	size_t count = critical[_i].count, w_plus = critical[_i].w_plus;
	struct signed_rank test;

	samples_of(samples, count, w_plus);
	test = test_of(samples, count, 0);
	ck_assert_double_eq(test.w_plus, (double)w_plus);
	ck_assert_double_le(test.p_greater, critical[_i].level);
	for (size_t i = 0; i < count; i++)
		mirrored[i] = -samples[i];
	ck_assert_double_eq(test_of(mirrored, count, 0).p_less, test.p_greater);
	samples_of(samples, count, w_plus - 1);
	ck_assert_double_gt(
		test_of(samples, count, 0).p_greater, critical[_i].level);
}
END_TEST

/* Values of scipy 1.10.1 (Debian's python3-scipy) and numpy, by
 *
 *   import numpy as np
 *   from scipy.stats import wilcoxon
 *   for n in (5, 10, 21, 48, 200, 512):
 *       x = np.array([(32 + (1 if i * 37 % 101 % 7 < 4 else -1) * i * i) / 1024
 *                     for i in range(1, n + 1)])
 *       print(n, *(wilcoxon(x - 32 / 1024, alternative=a, method='exact')
 *                  for a in ('greater', 'less')))
 *       m = np.sort([(x[i] + x[j]) / 2 for i in range(n) for j in range(i, n)])
 *       f = np.ones(1)                     # of W+, rank by rank
 *       for i in range(1, n + 1):
 *           f = (np.append(f, [0] * i) + np.append([0] * i, f)) / 2
 *       k = int(np.sum(np.cumsum(f) <= .025))
 *       print(np.median(m), m[k - 1], m[-k], 1 - 2 * np.sum(f[:k]))
 *
 * where for n = 5 there is no such k. */
static const struct {
	size_t count;
	double w_plus, p_greater, p_less, estimate, lo, hi, level;
} reference[] = {
	{5, 9, 0.40625, 0.6875, NAN, -INFINITY, INFINITY, 1},
	{10, 33, 0.3125, 0.7216796875, 0.0400390625, 0.005859375, 0.07470703125,
		0.951171875},
	{21, 126, 0.36673498153686523, 0.6460328102111816, 0.044921875,
		-0.056640625, 0.13916015625, 0.9540071487426758},
	{48, 734, 0.06829100542032407, 0.9330654624707471, 0.21142578125,
		-0.03515625, 0.5478515625, 0.9511136846863337},
	{200, 11616, 0.0279950531911992, 0.972083711571126, 1.866943359375,
		-0.02490234375, 4.2666015625, 0.9500303687000252},
	{512, 76776, 0.0004413630005948511, 0.9995591137050293, 13.077392578125,
		4.6796875, 22.650390625, 0.95002355995388},
};

static void reference_samples(double *samples, size_t count)
{
	for (size_t i = 1; i <= count; i++) {
		double square = (double)(i * i);

		samples[i - 1] =
			(32 + (i * 37 % 101 % 7 < 4 ? square : -square)) / 1024;
	}
}

START_TEST(test_signed_rank_agrees_with_another_implementation)
{
	double samples[SAMPLES_MAX];
	size_t count = reference[_i].count;
	struct signed_rank test;
	struct location location;

	reference_samples(samples, count);
	test = test_of(samples, count, 32.0 / 1024);
	ck_assert_double_eq(test.w_plus, reference[_i].w_plus);
	ck_assert_double_eq_tol(test.p_greater, reference[_i].p_greater, 1e-13);
	ck_assert_double_eq_tol(test.p_less, reference[_i].p_less, 1e-13);
	ck_assert_int_eq(
		signed_rank_locate(samples, count, 0.95, &location), 0);
	ck_assert(location.lo == reference[_i].lo);
	ck_assert(location.hi == reference[_i].hi);
	ck_assert_double_eq_tol(location.level, reference[_i].level, 1e-13);
	if (!isnan(reference[_i].estimate))
		ck_assert_double_eq(location.estimate, reference[_i].estimate);
}
END_TEST

/* Ties and samples on the margin, by counting all 2^n signs over
 * scipy.stats.rankdata(abs(d)). */
static const struct {
	double samples[12];
	size_t count;
	double w_plus, p_greater, p_less;
} tied[] = {
	{{0}, 0, 0, 1, 1},
	{{5}, 1, 1, 0.5, 1},
	{{0}, 1, 0, 1, 1},
	{{0, 0, 0}, 3, 0, 1, 1},
	{{1, 1, 1, 1}, 4, 10, 0.0625, 1},
	{{0, 1, 2, 3}, 4, 9, 0.125, 1},
	{{-1, -2, 0, 0, 3}, 5, 5, 0.75, 0.5625},
	{{2, 2, -2, 3, 5, -5}, 6, 13.5, 0.3125, 0.78125},
	{{1, 1, -1, 2, 2, 0, 3, -4, 4, 4, 5, 6}, 12, 65, 0.021240234375,
		0.98681640625},
};

START_TEST(test_signed_rank_ties_share_their_middle_rank)
{
	struct signed_rank test = test_of(tied[_i].samples, tied[_i].count, 0);

	ck_assert_double_eq(test.w_plus, tied[_i].w_plus);
	ck_assert_double_eq(test.p_greater, tied[_i].p_greater);
	ck_assert_double_eq(test.p_less, tied[_i].p_less);
}
END_TEST

/* Hollander, Wolfe and Chicken, Table 3.1 and examples 3.1, 3.3, 3.4: scores of a
 * depression scale before and after a tranquilizer. */
START_TEST(test_signed_rank_locate_gives_a_textbook_s_example)
{
	static const double before[] = {
		1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
	static const double after[] = {
		0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
	double samples[COUNT(before)];
	struct signed_rank test;
	struct location location;

	for (size_t i = 0; i < COUNT(before); i++)
		samples[i] = before[i] - after[i];
	test = test_of(samples, COUNT(samples), 0);
	ck_assert_double_eq(test.w_plus, 40);
	ck_assert_double_eq_tol(test.p_greater, 0.0195, 5e-5);
	ck_assert_int_eq(
		signed_rank_locate(samples, COUNT(samples), 0.96, &location),
		0);
	ck_assert_double_eq_tol(location.estimate, 0.46, 1e-9);
	ck_assert_double_eq_tol(location.lo, 0.01, 1e-9);
	ck_assert_double_eq_tol(location.hi, 0.786, 1e-9);
	ck_assert_double_eq_tol(location.level, 0.961, 5e-4);
}
END_TEST

START_TEST(test_signed_rank_locate_all_equal_is_a_point)
{
	double samples[] = {-0.5, -0.5, -0.5, -0.5, -0.5, -0.5, -0.5};
	struct location location;

	ck_assert_int_eq(
		signed_rank_locate(samples, COUNT(samples), 0.95, &location),
		0);
	ck_assert_double_eq(location.estimate, -0.5);
	ck_assert_double_eq(location.lo, -0.5);
	ck_assert_double_eq(location.hi, -0.5);
	ck_assert_int_eq(signed_rank_locate(samples, 1, 0.95, &location), 0);
	ck_assert_double_eq(location.estimate, -0.5);
	ck_assert(isinf(location.lo) && isinf(location.hi));
	ck_assert_int_eq(signed_rank_locate(NULL, 0, 0.95, &location), 0);
	ck_assert_double_nan(location.estimate);
}
END_TEST

START_TEST(test_signed_rank_refuses_what_it_cannot_rank)
{
	double samples[SAMPLES_MAX] = {0};
	struct signed_rank test;
	struct location location;

	ck_assert_int_eq(
		signed_rank_test(samples, SAMPLES_MAX, 0, &test), -EINVAL);
	ck_assert_int_eq(
		signed_rank_locate(samples, SAMPLES_MAX, 0.95, &location),
		-EINVAL);
	ck_assert_int_eq(signed_rank_test(samples, 3, NAN, &test), -EINVAL);
	ck_assert_int_eq(signed_rank_locate(samples, 3, 1, &location), -EINVAL);
	samples[2] = NAN;
	ck_assert_int_eq(signed_rank_test(samples, 3, 0, &test), -EINVAL);
	samples[2] = INFINITY;
	ck_assert_int_eq(
		signed_rank_locate(samples, 3, 0.95, &location), -EINVAL);
}
END_TEST

/* More counts than are kept, up to the most, twice. */
START_TEST(test_signed_rank_keeps_distributions_apart)
{
	double samples[SAMPLES_MAX];

	for (size_t i = 0; i < SAMPLES_MAX; i++)
		samples[i] = (double)(i + 1);
	for (size_t i = 0; i < 48; i++) {
		size_t count = i % 24 ? 8 * (i % 24) : SIGNED_RANK_MAX;

		/* all above: one of 2^n, and a double to the end */
		ck_assert_double_eq(test_of(samples, count, 0).p_greater,
			ldexp(1, -(int)count));
	}
}
END_TEST

START_TEST(test_block_order_is_abba_or_baab)
{
	for (unsigned slice = 0; slice < BLOCK_SLICES; slice++) {
		bool outer = slice == 0 || slice == 3;

		ck_assert_int_eq(
			block_build(false, slice), outer ? BUILD_A : BUILD_B);
		ck_assert_int_eq(
			block_build(true, slice), outer ? BUILD_B : BUILD_A);
	}
}
END_TEST

START_TEST(test_block_coin_is_fair_and_repeats_by_its_seed)
{
	struct rng rng = rng_seeded(1), again = rng_seeded(1);
	size_t heads = 0, changes = 0, tosses = 10000;
	bool last = false;

	for (size_t i = 0; i < tosses; i++) {
		bool coin = block_coin(&rng);

		ck_assert_int_eq(coin, block_coin(&again));
		heads += coin;
		changes += i && coin != last;
		last = coin;
	}
	/* four standard deviations of 50 */
	ck_assert(heads > 4800 && heads < 5200);
	ck_assert(changes > 4800 && changes < 5200);
}
END_TEST

static const struct {
	double figures[BLOCK_SLICES]; /* A B B A */
	bool more_is_better;
	double difference;
} blocks[] = {
	{{200, 100, 100, 200}, true, M_LN2},
	{{200, 100, 100, 200}, false, -M_LN2},
	{{100, 200, 400, 800}, true, 0}, /* steady growth drops out */
	{{100, 100, 100, 400}, true, M_LN2},
	{{1, 1, 1, 1}, false, 0},
	/* what is missing is the worst there is */
	{{1, 0, 1, 1}, true, BLOCK_MOST_DIFFERENCE},
	{{1, NAN, 1, 1}, false, BLOCK_MOST_DIFFERENCE},
	{{1, 1, 1, INFINITY}, true, -BLOCK_MOST_DIFFERENCE},
	{{-1, 1, 0, 0}, true, -BLOCK_MOST_DIFFERENCE},
	{{0, 1, 1, 1}, false, -BLOCK_MOST_DIFFERENCE},
	{{0, 1, 0, 1}, true, NAN},
	{{0, 0, 0, 0}, false, NAN},
	{{1e300, 1, 1, 1e300}, true, BLOCK_MOST_DIFFERENCE},
	{{1e300, 1, 1, 1e300}, false, -BLOCK_MOST_DIFFERENCE},
};

START_TEST(test_block_difference_is_above_0_if_b_is_worse)
{
	const double *abba = blocks[_i].figures;
	/* the same slices, the builds exchanged */
	double found = block_difference(false, abba, blocks[_i].more_is_better);
	double exchanged =
		block_difference(true, abba, blocks[_i].more_is_better);

	if (isnan(blocks[_i].difference)) {
		ck_assert_double_nan(found);
		ck_assert_double_nan(exchanged);
		return;
	}
	ck_assert_double_eq_tol(found, blocks[_i].difference, 1e-12);
	ck_assert_double_eq(exchanged, -found);
}
END_TEST

START_TEST(test_look_plan_spends_its_levels_once)
{
	static const size_t most[] = {1, 16, 17, 120, 512, 100000};

	for (size_t i = 0; i < COUNT(most); i++) {
		struct look_plan plan = look_plan_make(3, most[i], 0.01, 0.05);
		double alarm = 0, clear = 0;
		size_t before = 0;

		ck_assert(plan.count >= 1 && plan.count <= LOOKS_MAX);
		for (size_t j = 0; j < plan.count; j++) {
			const struct look *look = &plan.looks[j];

			ck_assert_uint_gt(look->blocks, before);
			ck_assert_int_eq(look->last, j + 1 == plan.count);
			ck_assert_ptr_eq(look_at(&plan, look->blocks), look);
			before = look->blocks;
			alarm += 3 * look->alarm_level;
			clear += look->clear_level;
		}
		ck_assert_uint_eq(before, most[i] > 512 ? 512 : most[i]);
		ck_assert_double_eq_tol(alarm, 0.01, 1e-12);
		ck_assert_double_eq_tol(clear, 0.05, 1e-12);
		ck_assert_ptr_null(look_at(&plan, before + 1));
	}
}
END_TEST

START_TEST(test_look_last_has_what_is_left)
{
	struct look_plan plan = look_plan_make(1, 240, 0.15, 0.05);
	/* looks at 16, 32, 64, 128, 240 with .01, .02, .03, .04, .05 */
	struct look last = look_last(&plan, 100);

	ck_assert_uint_eq(plan.count, 5);
	ck_assert(last.last);
	ck_assert_uint_eq(last.blocks, 100);
	ck_assert_double_eq_tol(last.alarm_level, 0.09, 1e-12);
	ck_assert_double_eq_tol(last.clear_level, 0.02, 1e-12);
	ck_assert_double_eq_tol(look_last(&plan, 3).alarm_level, 0.15, 1e-12);
	ck_assert_double_eq_tol(look_last(&plan, 240).alarm_level, 0.05, 1e-12);
}
END_TEST

/* d's of @count blocks evenly over @middle +- @spread, all different. */
static void spread_out(
	double *differences, size_t count, double middle, double spread)
{
	for (size_t i = 0; i < count; i++)
		differences[i] =
			middle +
			spread * (2 * (double)i / (double)(count - 1) - 1);
}

enum { JUDGED_BLOCKS = 64 };
static const struct {
	double middle, spread;
	bool last;
	enum gate_verdict verdict;
	const char *reason;
} verdicts[] = {
	{0.10, 0.05, false, VERDICT_REGRESSION, "more than the tolerance of 3"},
	{0.10, 0.05, true, VERDICT_REGRESSION, "more than the tolerance of 3"},
	{0.00, 0.05, false, VERDICT_PASS, "surely within the tolerance"},
	{-0.50, 0.05, true, VERDICT_PASS, "39.3 % better"},
	{0.03, 0.05, false, VERDICT_OPEN, "not decided"},
	{0.025, 0.05, true, VERDICT_PASS, "surely below 8 %"},
	{0.032, 0.05, true, VERDICT_INCONCLUSIVE, "but not surely"},
	{0.00, 0.80, true, VERDICT_INCONCLUSIVE, "cannot be ruled out"},
	{0.00, 0.80, false, VERDICT_OPEN, "not decided"},
	/* all the same, on the tolerance and off it */
	{0.00, 0, false, VERDICT_PASS, "(95 %: +0.0 to +0.0)"},
	{0.04, 0, false, VERDICT_REGRESSION, "4.1 % worse"},
};

START_TEST(test_judge_verdict_follows_from_the_blocks)
{
	double differences[JUDGED_BLOCKS];
	struct metric_samples metric = {"throughput", differences,
		JUDGED_BLOCKS, JUDGE_TOLERANCE, JUDGE_MAX, true};
	struct look look = {JUDGED_BLOCKS, 0.002, 0.01, verdicts[_i].last};
	struct judgement judgement;

	spread_out(differences, JUDGED_BLOCKS, verdicts[_i].middle,
		verdicts[_i].spread);
	ck_assert_int_eq(judge_metric(&metric, &look, &judgement), 0);
	ck_assert_msg(judgement.verdict == verdicts[_i].verdict, "%s: %s",
		gate_verdict_name(judgement.verdict), judgement.reason);
	ck_assert_msg(strncmp(judgement.reason, "throughput: ", 12) == 0 &&
			      strstr(judgement.reason, verdicts[_i].reason),
		"%s", judgement.reason);
	ck_assert_double_eq_tol(
		judgement.estimate, expm1(verdicts[_i].middle), 1e-9);
	ck_assert(judgement.lo <= judgement.estimate + 1e-12 &&
		  judgement.estimate <= judgement.hi + 1e-12);
	ck_assert_double_ge(judgement.detectable, JUDGE_TOLERANCE - 1e-12);
	ck_assert_double_eq(judgement.level, 0.002);
	ck_assert_uint_eq(judgement.blocks, JUDGED_BLOCKS);
}
END_TEST

/* However bad they look, or good: too few blocks decide nothing. */
START_TEST(test_judge_few_blocks_are_never_green)
{
	double differences[] = {9, 9, 9, 9, 9};
	struct look_plan plan = look_plan_make(
		1, COUNT(differences), LOOK_ALARM_LEVEL, LOOK_CLEAR_LEVEL);

	for (size_t count = 0; count <= COUNT(differences); count++) {
		struct look look = look_last(&plan, count);
		struct metric_samples metric = {"p50", differences, count,
			JUDGE_TOLERANCE, JUDGE_MAX, true};
		struct judgement judgement;

		ck_assert_int_eq(judge_metric(&metric, &look, &judgement), 0);
		ck_assert_int_eq(judgement.verdict, VERDICT_INCONCLUSIVE);
		ck_assert(isinf(judgement.detectable));
		ck_assert_ptr_nonnull(strstr(judgement.reason,
			count ? "too few blocks" : "not one block"));
		for (size_t i = 0; i < COUNT(differences); i++)
			differences[i] = -differences[i];
	}
}
END_TEST

/* Eight blocks are at best as sure as one of 256. */
START_TEST(test_judge_nothing_is_detectable_that_cannot_reach_the_level)
{
	double differences[8];
	struct metric_samples metric = {
		"p50", differences, 8, JUDGE_TOLERANCE, JUDGE_MAX, true};
	struct look look = {8, 1.0 / 257, 0.01, true};
	struct judgement judgement;

	spread_out(differences, 8, 0.5, 0.05);
	ck_assert_int_eq(judge_metric(&metric, &look, &judgement), 0);
	ck_assert_int_eq(judgement.verdict, VERDICT_INCONCLUSIVE);
	ck_assert(isinf(judgement.detectable));
	look.alarm_level = 1.0 / 256;
	ck_assert_int_eq(judge_metric(&metric, &look, &judgement), 0);
	ck_assert_int_eq(judgement.verdict, VERDICT_REGRESSION);
	ck_assert(isfinite(judgement.detectable));
}
END_TEST

START_TEST(test_judge_refuses_nonsense)
{
	double differences[JUDGED_BLOCKS] = {NAN};
	struct look look = {JUDGED_BLOCKS, 0.002, 0.01, true};
	struct metric_samples metric = {"p50", differences, JUDGED_BLOCKS,
		JUDGE_TOLERANCE, JUDGE_MAX, true};
	struct judgement judgement;

	ck_assert_int_eq(judge_metric(&metric, &look, &judgement), -EINVAL);
	differences[0] = 0;
	ck_assert_int_eq(judge_metric(&metric, &look, &judgement), 0);
	metric.tolerance = metric.max;
	ck_assert_int_eq(judge_metric(&metric, &look, &judgement), -EINVAL);
	metric.tolerance = -0.01;
	ck_assert_int_eq(judge_metric(&metric, &look, &judgement), -EINVAL);
	metric.tolerance = NAN;
	ck_assert_int_eq(judge_metric(&metric, &look, &judgement), -EINVAL);
}
END_TEST

#define R VERDICT_REGRESSION
#define P VERDICT_PASS
#define O VERDICT_OPEN
#define I VERDICT_INCONCLUSIVE
static const struct {
	enum gate_verdict each[3];
	bool gated[3];
	enum gate_verdict all;
} together[] = {
	{{P, P, P}, {true, true, true}, P},
	{{P, O, R}, {true, true, true}, R},
	{{R, O, I}, {false, true, true}, O},
	{{P, I, P}, {true, true, true}, I},
	{{R, I, P}, {false, false, true}, P},
	{{P, P, P}, {false, false, false}, I},
};
#undef R
#undef P
#undef O
#undef I

START_TEST(test_judge_all_is_as_good_as_the_worst_gated)
{
	struct metric_samples metrics[3] = {{0}};
	struct judgement judgements[3] = {{0}};

	for (size_t i = 0; i < 3; i++) {
		metrics[i].gated = together[_i].gated[i];
		judgements[i].verdict = together[_i].each[i];
	}
	ck_assert_str_eq(gate_verdict_name(judge_all(metrics, judgements, 3)),
		gate_verdict_name(together[_i].all));
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase,
		test_signed_rank_critical_values_are_those_of_the_tables, 0,
		COUNT(critical));
	tcase_add_loop_test(tcase,
		test_signed_rank_agrees_with_another_implementation, 0,
		COUNT(reference));
	tcase_add_loop_test(tcase,
		test_signed_rank_ties_share_their_middle_rank, 0, COUNT(tied));
	tcase_add_test(
		tcase, test_signed_rank_locate_gives_a_textbook_s_example);
	tcase_add_test(tcase, test_signed_rank_locate_all_equal_is_a_point);
	tcase_add_test(tcase, test_signed_rank_refuses_what_it_cannot_rank);
	tcase_add_test(tcase, test_signed_rank_keeps_distributions_apart);
	tcase_add_test(tcase, test_block_order_is_abba_or_baab);
	tcase_add_test(tcase, test_block_coin_is_fair_and_repeats_by_its_seed);
	tcase_add_loop_test(tcase,
		test_block_difference_is_above_0_if_b_is_worse, 0,
		COUNT(blocks));
	tcase_add_test(tcase, test_look_plan_spends_its_levels_once);
	tcase_add_test(tcase, test_look_last_has_what_is_left);
	tcase_add_loop_test(tcase, test_judge_verdict_follows_from_the_blocks,
		0, COUNT(verdicts));
	tcase_add_test(tcase, test_judge_few_blocks_are_never_green);
	tcase_add_test(tcase,
		test_judge_nothing_is_detectable_that_cannot_reach_the_level);
	tcase_add_test(tcase, test_judge_refuses_nonsense);
	tcase_add_loop_test(tcase, test_judge_all_is_as_good_as_the_worst_gated,
		0, COUNT(together));
}

int main(void)
{
	Suite *suite = suite_create("gate_stats");
	TCase *tcase = tcase_create("gate_stats");
	SRunner *runner = srunner_create(suite);
	int failed;

	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
