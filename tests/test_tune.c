/* test_tune.c - is the best found, on machines as noisy as real ones, and is it
 * said when nothing can be found?
 *
 * Each simulation is fixed by its seed. The machine drifts from round to round;
 * some rounds are slow as a whole, as when a neighbour works; some slices are
 * slow alone, as when the host moves a CPU; and each score has its own jitter.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "tune/tune.h"

enum { SEEDS = 100, MANY = 48 };

struct machine {
	struct rng rng;
	double drift; /* logarithm */
	double jitter, walk;
	unsigned slow_rounds, slow_slices; /* percent */
	double slow_round, slow_slice;	   /* factor */
	bool round_is_slow;
};

static double uniform(struct rng *rng)
{
	return ((double)(rng_next(rng) >> 11) + 0.5) / 9007199254740992.0;
}

/* About normal: the sum of twelve. */
static double normal(struct rng *rng)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += uniform(rng);
	return sum;
}

static const struct machine kinds[] = {
	{.jitter = 0.03, .walk = 0.02},
	{.jitter = 0.05, .walk = 0.15},
	{.jitter = 0.03,
		.walk = 0.1,
		.slow_rounds = 30,
		.slow_round = 8,
		.slow_slices = 10,
		.slow_slice = 4},
	{.jitter = 0.02, .walk = 0.02, .slow_slices = 15, .slow_slice = 10},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void next_round(struct machine *machine)
{
	machine->drift += machine->walk * normal(&machine->rng);
	machine->round_is_slow =
		rng_below(&machine->rng, 100) < machine->slow_rounds;
}

static double score_of(struct machine *machine, double speed)
{
	double score = speed * exp(machine->drift +
				       machine->jitter * normal(&machine->rng));

	if (machine->round_is_slow)
		score /= machine->slow_round;
	if (rng_below(&machine->rng, 100) < machine->slow_slices)
		score /= machine->slow_slice;
	return score;
}

/* Rounds until @slices are used. @excesses: NULL, or one a candidate. */
static void search(struct tune *tune, struct machine machine, uint64_t seed,
	const double *speeds, const double *excesses, size_t slices)
{
	machine.rng = rng_seeded(seed);
	while (slices >= tune_left(tune) && tune_left(tune) > 0) {
		next_round(&machine);
		ck_assert_int_eq(tune_begin_round(tune), 0);
		slices -= tune_left(tune);
		for (size_t i = 0; i < tune->candidate_count; i++)
			if (tune->candidates[i].fate == TUNE_IN)
				tune_record(tune, i,
					score_of(&machine, speeds[i]),
					excesses ? excesses[i] : 0);
		ck_assert_int_eq(tune_end_round(tune), 0);
	}
	tune_finish(tune);
}

/* From 1 down to 0.3, in an order of the seed's; a few are about as good as the
 * best, as settings are. */
static void make_speeds(uint64_t seed, double *speeds)
{
	struct rng rng = rng_seeded(seed + 1000);

	for (size_t i = 0; i < MANY; i++)
		speeds[i] = i == 0  ? 1
			    : i < 4 ? 0.99 - 0.03 * (double)i
				    : 0.3 + 0.6 * uniform(&rng);
	for (uint32_t left = MANY; left > 1; left--) {
		uint32_t pick = rng_below(&rng, left);
		double taken = speeds[pick];

		speeds[pick] = speeds[left - 1];
		speeds[left - 1] = taken;
	}
}

START_TEST(test_tune_noisy_machine_finds_the_best)
{
	double speeds[MANY];
	unsigned found = 0, wrong = 0;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct tune_verdict verdict;
		struct tune tune;

		make_speeds(seed, speeds);
		ck_assert_int_eq(tune_init(MANY, &tune), 0);
		search(&tune, kinds[_i], seed, speeds, NULL, 1000);
		ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
		ck_assert_uint_ne(verdict.leader, TUNE_NONE);
		found += speeds[verdict.leader] >= 0.97;
		wrong += verdict.sure && speeds[verdict.leader] < 1;
		tune_free(&tune);
	}
	ck_assert_msg(found >= 95, "kind %d: found in %u of %d seeds", _i,
		found, SEEDS);
	ck_assert_msg(wrong <= 5, "kind %d: sure and wrong in %u of %d", _i,
		wrong, SEEDS);
}
END_TEST

START_TEST(test_tune_clear_best_is_told_apart)
{
	double speeds[MANY];
	unsigned sure = 0;

	for (size_t i = 0; i < MANY; i++)
		speeds[i] = i == 17 ? 1 : 0.8;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct tune_verdict verdict;
		struct tune tune;

		ck_assert_int_eq(tune_init(MANY, &tune), 0);
		search(&tune, kinds[_i], seed, speeds, NULL, 1000);
		ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
		sure += verdict.sure && verdict.leader == 17;
		tune_free(&tune);
	}
	ck_assert_msg(
		sure >= 95, "kind %d: in %u of %d seeds", _i, sure, SEEDS);
}
END_TEST

/* The better one of equals is an accident, and it must not be called anything
 * else. A 95 % interval is wrong in 5 of 100. */
START_TEST(test_tune_equal_candidates_are_not_told_apart)
{
	static const size_t counts[] = {2, 3, 12, MANY};
	double speeds[MANY];

	for (size_t i = 0; i < MANY; i++)
		speeds[i] = 1;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		unsigned sure = 0;

		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct tune_verdict verdict;
			struct tune tune;

			ck_assert_int_eq(tune_init(counts[c], &tune), 0);
			search(&tune, kinds[_i], seed, speeds, NULL, 1000);
			ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
			ck_assert_uint_ne(verdict.runner_up, TUNE_NONE);
			sure += verdict.sure;
			tune_free(&tune);
		}
		ck_assert_msg(sure <= 10, "kind %d, %zu: sure in %u of %d", _i,
			counts[c], sure, SEEDS);
	}
}
END_TEST

START_TEST(test_tune_beyond_the_bound_is_out_however_fast)
{
	static const double speeds[] = {3, 1, 2, 1.5, 0.5};
	static const double excesses[] = {1.2, 0.5, 2, 0.9, 0};
	struct tune_verdict verdict;
	struct tune tune;

	ck_assert_int_eq(tune_init(5, &tune), 0);
	search(&tune, kinds[0], 1, speeds, excesses, 200);
	ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
	ck_assert_uint_eq(verdict.leader, 3);
	ck_assert_uint_eq(verdict.runner_up, 1);
	ck_assert_int_eq(tune.candidates[0].fate, TUNE_OVER);
	ck_assert_int_eq(tune.candidates[2].fate, TUNE_OVER);
	ck_assert_uint_eq(tune.candidates[0].dropped_after, TUNE_STAGE_ROUNDS);
	tune_free(&tune);
}
END_TEST

/* The budget may end before the first stage does. */
START_TEST(test_tune_beyond_the_bound_is_out_after_one_round)
{
	static const double speeds[] = {3, 1}, excesses[] = {1.2, 0.5};
	struct tune_verdict verdict;
	struct tune tune;

	ck_assert_int_eq(tune_init(2, &tune), 0);
	search(&tune, kinds[0], 1, speeds, excesses, 2);
	ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
	ck_assert_uint_eq(tune.round_count, 1);
	ck_assert_uint_eq(verdict.leader, 1);
	ck_assert_uint_eq(verdict.runner_up, TUNE_NONE);
	tune_free(&tune);
}
END_TEST

START_TEST(test_tune_all_beyond_the_bound_leaves_nobody)
{
	static const double speeds[] = {3, 1}, excesses[] = {1.2, 1.5};
	struct tune_verdict verdict;
	struct tune tune;

	ck_assert_int_eq(tune_init(2, &tune), 0);
	search(&tune, kinds[0], 1, speeds, excesses, 100);
	ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
	ck_assert_uint_eq(verdict.leader, TUNE_NONE);
	ck_assert_uint_eq(tune_left(&tune), 0);
	ck_assert(!verdict.sure);
	tune_free(&tune);
}
END_TEST

static void play(struct tune *tune, const double (*rounds)[4], unsigned count)
{
	for (unsigned r = 0; r < count; r++) {
		ck_assert_int_eq(tune_begin_round(tune), 0);
		for (size_t i = 0; i < tune->candidate_count; i++)
			if (tune->candidates[i].fate == TUNE_IN)
				tune_record(tune, i, rounds[r][i], 0);
		ck_assert_int_eq(tune_end_round(tune), 0);
	}
}

/* 0: it could not do what was asked. Twice is an accident, three of five not. */
START_TEST(test_tune_falling_short_in_most_rounds_is_out)
{
	static const double rounds[5][4] = {{9, 9, 5, 1}, {0, 0, 5, 1},
		{0, 9, 5, 1}, {0, 0, 5, 1}, {9, 9, 5, 1}};
	struct tune_verdict verdict;
	struct tune tune;

	ck_assert_int_eq(tune_init(4, &tune), 0);
	play(&tune, rounds, 5);
	ck_assert_int_eq(tune.candidates[0].fate, TUNE_SHORT);
	ck_assert_int_eq(tune.candidates[1].fate, TUNE_IN);
	ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
	ck_assert_uint_eq(verdict.leader, 1);
	ck_assert_uint_eq(verdict.runner_up, 2);
	tune_free(&tune);
}
END_TEST

/* Each candidate in the worse half by its median; only candidate 3 differs. */
static const struct {
	double of_3[5];
	enum tune_fate fate;
} halves[] = {
	/* slower in every round, if only by a little */
	{{9, 9, 9, 9, 9}, TUNE_SLOWER},
	/* better than the leader once: a stage more */
	{{9, 9, 9, 9, 12}, TUNE_IN},
	/* the same, but worse by more than luck explains */
	{{5, 5, 5, 5, 12}, TUNE_SLOWER},
};

START_TEST(test_tune_worse_half_goes_unless_it_reaches_the_leader)
{
	double rounds[5][4];
	struct tune tune;

	for (int r = 0; r < 5; r++) {
		rounds[r][0] = 10;
		rounds[r][1] = 9.5;
		rounds[r][2] = 1;
		rounds[r][3] = halves[_i].of_3[r];
	}
	ck_assert_int_eq(tune_init(4, &tune), 0);
	play(&tune, rounds, 5);
	ck_assert_int_eq(tune.candidates[0].fate, TUNE_IN);
	ck_assert_int_eq(tune.candidates[1].fate, TUNE_IN);
	ck_assert_int_eq(tune.candidates[2].fate, TUNE_SLOWER);
	ck_assert_int_eq(tune.candidates[3].fate, halves[_i].fate);
	ck_assert(tune.final);
	ck_assert_uint_eq(tune.final_begin, 5);
	tune_free(&tune);
}
END_TEST

/* What was seen while the finalists were chosen says nothing fair of them. */
START_TEST(test_tune_final_rounds_alone_give_the_ratio)
{
	static const double rounds[11][4] = {{20, 10, 1, 1}, {20, 10, 1, 1},
		{20, 10, 1, 1}, {20, 10, 1, 1}, {20, 10, 1, 1}, {12, 10, 1, 1},
		{12, 10, 1, 1}, {12, 10, 1, 1}, {12, 10, 1, 1}, {12, 10, 1, 1},
		{12, 10, 1, 1}};
	struct tune_verdict verdict;
	struct tune tune;

	ck_assert_int_eq(tune_init(4, &tune), 0);
	play(&tune, rounds, 10);
	ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
	ck_assert(!verdict.fresh); /* 5 are too few for 95 % */
	ck_assert_uint_eq(verdict.ratio_rounds, 10);
	tune_free(&tune);
	ck_assert_int_eq(tune_init(4, &tune), 0);
	play(&tune, rounds, 11);
	ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
	ck_assert(verdict.fresh);
	ck_assert(verdict.sure);
	ck_assert_uint_eq(verdict.ratio_rounds, 6);
	ck_assert_double_eq_tol(verdict.ratio.median, 1.2, 1e-9);
	tune_free(&tune);
}
END_TEST

/* Ranked third for its bad rounds, but in the good ones it beat the leader. */
START_TEST(test_tune_third_that_reaches_the_leader_leaves_it_open)
{
	static const double rounds[6][4] = {{10, 9, 12}, {10, 9, 12},
		{10, 9, 5}, {10, 9, 5}, {10, 9, 5}, {10, 9, 5}};
	struct tune_verdict verdict;
	struct tune tune;

	ck_assert_int_eq(tune_init(3, &tune), 0);
	play(&tune, rounds, 6);
	ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
	ck_assert_uint_eq(verdict.leader, 0);
	ck_assert_uint_eq(verdict.runner_up, 1);
	ck_assert_double_gt(verdict.ratio.lo, 1);
	ck_assert(!verdict.sure);
	tune_free(&tune);
}
END_TEST

START_TEST(test_tune_broken_candidate_is_out_at_once)
{
	static const double rounds[1][4] = {{9, 5, NAN, NAN}};
	struct tune_verdict verdict;
	struct tune tune;
	size_t order[2];

	ck_assert_int_eq(tune_init(2, &tune), 0);
	play(&tune, rounds, 1);
	tune_break(&tune, 0);
	ck_assert_uint_eq(tune_left(&tune), 1);
	ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
	ck_assert_uint_eq(verdict.leader, 1);
	ck_assert_uint_eq(verdict.runner_up, TUNE_NONE);
	ck_assert_int_eq(tune_rank(&tune, order), 0);
	ck_assert_uint_eq(order[1], 0);
	tune_free(&tune);
}
END_TEST

START_TEST(test_tune_without_a_round_knows_nothing)
{
	struct tune_verdict verdict;
	struct tune tune;

	ck_assert_int_eq(tune_init(5, &tune), 0);
	tune_finish(&tune);
	ck_assert_int_eq(tune_verdict(&tune, &verdict), 0);
	ck_assert_uint_eq(verdict.leader, TUNE_NONE);
	ck_assert(isnan(tune_score(&tune, 0).median));
	tune_free(&tune);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tune");
	TCase *tcase = tcase_create("tune");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
		tcase, test_tune_noisy_machine_finds_the_best, 0, KINDS);
	tcase_add_loop_test(
		tcase, test_tune_clear_best_is_told_apart, 0, KINDS);
	tcase_add_loop_test(
		tcase, test_tune_equal_candidates_are_not_told_apart, 0, KINDS);
	tcase_add_test(tcase, test_tune_beyond_the_bound_is_out_however_fast);
	tcase_add_test(
		tcase, test_tune_beyond_the_bound_is_out_after_one_round);
	tcase_add_test(tcase, test_tune_all_beyond_the_bound_leaves_nobody);
	tcase_add_test(tcase, test_tune_falling_short_in_most_rounds_is_out);
	tcase_add_loop_test(tcase,
		test_tune_worse_half_goes_unless_it_reaches_the_leader, 0, 3);
	tcase_add_test(tcase, test_tune_final_rounds_alone_give_the_ratio);
	tcase_add_test(
		tcase, test_tune_third_that_reaches_the_leader_leaves_it_open);
	tcase_add_test(tcase, test_tune_broken_candidate_is_out_at_once);
	tcase_add_test(tcase, test_tune_without_a_round_knows_nothing);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
