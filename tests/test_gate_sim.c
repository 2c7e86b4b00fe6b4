/* test_gate_sim.c - the gate's whole procedure on machines that are made up.
 *
 * Each run makes slices of a noise, puts them into blocks by the coin, and holds
 * the looks until there is a verdict, as a real run would. Thousands of runs, from
 * a fixed seed, give the shares of verdicts; each is judged together with its own
 * uncertainty, the Clopper-Pearson bound.
 *
 * What is asked of false alarms holds by proof, whatever the noise (docs/gate.md);
 * these tests see that the code is what was proved. Power is a matter of the noise.
 * First the statistics alone; then blocks_run() with a make-believe server, which
 * disturbs slices, fails and is interrupted, so that which blocks are run again and
 * when a run ends are in the rate, too. The controls show that such noise does
 * deceive a test, and such disturbances a rule, that is not made for it.
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate/block.h"
#include "gate/gate.h"
#include "gate/judge.h"
#include "gate/signed_rank.h"

enum {
	MOST_BLOCKS = 240,
	ALARM_RUNS = 2000,
	POWER_RUNS = 400,
	SERVER_BLOCKS = 64,
	SERVER_RUNS = 700,  /* of each weather */
	FAILS_EVERY = 2000, /* slices, on average */
};

enum noise_kind {
	NOISE_NORMAL,
	NOISE_AUTOCORRELATED,
	NOISE_DRIFTING,
	NOISE_BIMODAL,
	NOISE_PERIODIC,
	NOISE_HEAVY_TAILED,
	NOISE_COUNT,
};

static const char *const noise_names[] = {
	[NOISE_NORMAL] = "normal",
	[NOISE_AUTOCORRELATED] = "autocorrelated",
	[NOISE_DRIFTING] = "drifting",
	[NOISE_BIMODAL] = "bimodal",
	[NOISE_PERIODIC] = "periodic",
	[NOISE_HEAVY_TAILED] = "heavy-tailed",
};

struct machine {
	enum noise_kind kind;
	struct rng rng;
	double level; /* what the noise remembers, of the log rate */
};

static double uniform(struct rng *rng) /* above 0, at most 1 */
{
	return ((double)(rng_next(rng) >> 11) + 1) * 0x1p-53;
}

static double normal(struct rng *rng)
{
	double radius = sqrt(-2 * log(uniform(rng)));

	return radius * cos(2 * M_PI * uniform(rng));
}

static struct machine machine_make(enum noise_kind kind, uint64_t seed)
{
	struct machine machine = {.kind = kind, .rng = rng_seeded(seed)};

	if (kind == NOISE_AUTOCORRELATED)
		machine.level = 0.1 * normal(&machine.rng);
	if (kind == NOISE_BIMODAL)
		machine.level = rng_below(&machine.rng, 2) ? log(3) : 0;
	return machine;
}

/* The logarithm of the next slice's rate. Blocks' differences have a standard
 * deviation of 0.05 to 0.06, but for bimodal and heavy-tailed noise. */
static double machine_slice(struct machine *machine)
{
	struct rng *rng = &machine->rng;

	switch (machine->kind) {
	case NOISE_AUTOCORRELATED: /* AR(1), 0.8, of deviation 0.1 */
		machine->level = 0.8 * machine->level + 0.06 * normal(rng);
		return machine->level;
	case NOISE_DRIFTING: /* a walk downhill, as of one that gets hot */
		machine->level += 0.05 * normal(rng) - 0.01;
		return machine->level + 0.035 * normal(rng);
	case NOISE_BIMODAL: /* threefold, for 50 slices or so */
		if (rng_below(rng, 50) == 0)
			machine->level = log(3) - machine->level;
		return machine->level + 0.05 * normal(rng);
	case NOISE_PERIODIC: /* slow in the first slice of each block */
		machine->level = machine->level == 3 ? 0 : machine->level + 1;
		return 0.05 * normal(rng) - (machine->level == 1 ? 0.06 : 0);
	case NOISE_HEAVY_TAILED: /* t with 2 degrees of freedom: no variance */
		return 0.05 * normal(rng) / sqrt(-log(uniform(rng)));
	default:
		return 0.05 * normal(rng);
	}
}

/* One block where B is worse by @share; d as the gate sees it. */
static double machine_block(
	struct machine *machine, struct rng *coin, double share)
{
	bool begins_with_b = block_coin(coin);
	double figures[BLOCK_SLICES];

	for (unsigned i = 0; i < BLOCK_SLICES; i++) {
		figures[i] = exp(machine_slice(machine));
		if (block_build(begins_with_b, i) == BUILD_B)
			figures[i] /= 1 + share;
	}
	return block_difference(begins_with_b, figures, true);
}

/* A whole run; returns its last judgement. */
static struct judgement run_one(enum noise_kind kind, double share,
	const struct look_plan *plan, uint64_t seed)
{
	struct machine machine = machine_make(kind, rng_derive(seed, 0));
	struct rng coin = rng_seeded(rng_derive(seed, 1));
	double differences[MOST_BLOCKS];
	struct metric_samples metric = {
		.name = "throughput",
		.differences = differences,
		.tolerance = JUDGE_TOLERANCE,
		.max = JUDGE_MAX,
		.gated = true,
	};
	struct judgement judgement = {.verdict = VERDICT_OPEN};

	/* ck_assert() writes to a pipe each time; this runs a million times */
	while (judgement.verdict == VERDICT_OPEN) {
		const struct look *look;

		if (metric.count == MOST_BLOCKS)
			ck_abort_msg("no verdict at the last look");
		differences[metric.count++] =
			machine_block(&machine, &coin, share);
		look = look_at(plan, metric.count);
		if (look && judge_metric(&metric, look, &judgement))
			ck_abort_msg("judge_metric() failed");
	}
	return judgement;
}

struct tally {
	size_t runs, verdicts[VERDICT_INCONCLUSIVE + 1];
	size_t early_passes; /* before the last look */
	double blocks;	     /* mean */
};

static struct tally run_many(
	enum noise_kind kind, double share, size_t most_blocks, size_t runs)
{
	struct look_plan plan = look_plan_make(
		1, most_blocks, LOOK_ALARM_LEVEL, LOOK_CLEAR_LEVEL);
	struct tally tally = {.runs = runs};

	for (size_t i = 0; i < runs; i++) {
		struct judgement judgement =
			run_one(kind, share, &plan, rng_derive(6, i));

		tally.verdicts[judgement.verdict]++;
		tally.early_passes += judgement.verdict == VERDICT_PASS &&
				      judgement.blocks < most_blocks;
		tally.blocks += (double)judgement.blocks / (double)runs;
	}
	printf("%-14s B %4.1f %% worse: %4zu REGRESSION %4zu PASS (%zu early) "
	       "%4zu INCONCLUSIVE of %zu; %.0f blocks\n",
		noise_names[kind], 100 * share,
		tally.verdicts[VERDICT_REGRESSION],
		tally.verdicts[VERDICT_PASS], tally.early_passes,
		tally.verdicts[VERDICT_INCONCLUSIVE], runs, tally.blocks);
	return tally;
}

/* The chance of at most @hits of @runs at @rate each. */
static double binomial_up_to(size_t hits, size_t runs, double rate)
{
	double sum = 0, n = (double)runs;

	for (size_t i = 0; i <= hits; i++) {
		double k = (double)i;

		sum += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) +
			   k * log(rate) + (n - k) * log1p(-rate));
	}
	return sum;
}

/* The upper end of the Clopper-Pearson interval of 95 %. */
static double upper_bound(size_t hits, size_t runs)
{
	double lo = (double)hits / (double)runs, hi = 1;

	for (unsigned i = 0; i < 40; i++) {
		double middle = lo + (hi - lo) / 2;

		if (binomial_up_to(hits, runs, middle) > 0.025)
			lo = middle;
		else
			hi = middle;
	}
	return hi;
}

static double share(size_t hits, size_t runs)
{
	return (double)hits / (double)runs;
}

/* At most 1 %: so many more than that, by chance, would be one seed in 40. */
static void want_few_alarms(const struct tally *tally)
{
	size_t alarms = tally->verdicts[VERDICT_REGRESSION];

	if (alarms)
		ck_assert_double_ge(
			1 - binomial_up_to(alarms - 1, tally->runs, 0.01),
			0.025);
	ck_assert_double_le(upper_bound(alarms, tally->runs), 0.02);
}

/* ... and a PASS is what an unchanged build deserves. */
START_TEST(test_gate_two_of_the_same_build_raise_no_alarm)
{
	struct tally tally =
		run_many((enum noise_kind)_i, 0, MOST_BLOCKS, ALARM_RUNS);

	ck_assert_double_le(
		share(tally.verdicts[VERDICT_REGRESSION], tally.runs), 0.01);
	want_few_alarms(&tally);
	ck_assert_double_ge(
		share(tally.verdicts[VERDICT_PASS], tally.runs), 0.95);
}
END_TEST

/* As bad as allowed: where the chance of an alarm is greatest. The early passes
 * are mistakes, too, at their own level. */
START_TEST(test_gate_b_at_the_tolerance_raises_no_alarm)
{
	const char *wanted = getenv("MIPC_TEST_RUNS");
	size_t runs = wanted ? strtoul(wanted, NULL, 10) : 2 * ALARM_RUNS;
	struct tally tally = run_many(
		(enum noise_kind)_i, JUDGE_TOLERANCE, MOST_BLOCKS, runs);

	want_few_alarms(&tally);
	ck_assert_double_le(
		share(tally.early_passes, tally.runs), LOOK_CLEAR_LEVEL);
}
END_TEST

/* Blocks of half a second: 240 are 120 s, 120 are 60 s. The heavy tails of two
 * degrees of freedom, whose variance is infinite, hide 5 % in that time. */
static const struct {
	double share;
	size_t most_blocks;
	double least[NOISE_COUNT]; /* share of runs that find it */
} powers[] = {
	{0.05, 240, {0.95, 0.95, 0.95, 0.95, 0.95, 0.5}},
	{0.08, 240, {0.95, 0.95, 0.95, 0.95, 0.95, 0.95}},
	{0.10, 120, {0.99, 0.99, 0.99, 0.99, 0.99, 0.99}},
};

START_TEST(test_gate_a_worse_build_is_found)
{
	for (unsigned kind = 0; kind < NOISE_COUNT; kind++) {
		struct tally tally = run_many((enum noise_kind)kind,
			powers[_i].share, powers[_i].most_blocks, POWER_RUNS);

		ck_assert_double_ge(
			share(tally.verdicts[VERDICT_REGRESSION], tally.runs),
			powers[_i].least[kind]);
	}
}
END_TEST

/* With hardly any blocks: the verdict is another, but no PASS. */
START_TEST(test_gate_a_short_run_does_not_pass_what_is_worse)
{
	struct tally tally =
		run_many((enum noise_kind)_i, JUDGE_MAX, 16, 2 * ALARM_RUNS);

	ck_assert_double_le(
		share(tally.verdicts[VERDICT_PASS], tally.runs), 0.05);
}
END_TEST

/* The interval, at a look that is held whatever came before. */
START_TEST(test_gate_interval_covers_what_is_there)
{
	static const size_t counts[] = {16, 64};
	const struct look look = {64, 0.002, 0.01, true};

	for (size_t c = 0; c < 2; c++) {
		struct look_plan plan = {.looks = {look}, .count = 1};
		size_t covered = 0;

		plan.looks[0].blocks = counts[c];
		for (size_t i = 0; i < ALARM_RUNS; i++) {
			struct judgement judgement =
				run_one((enum noise_kind)_i, 0.04, &plan,
					rng_derive(7, i));

			covered += judgement.lo <= 0.04 && judgement.hi >= 0.04;
		}
		/* three standard deviations below 0.95 */
		ck_assert_double_ge(share(covered, ALARM_RUNS), 0.935);
	}
}
END_TEST

/* What a run calls detectable, it finds: B worse by the mean of what unchanged
 * builds' runs say. */
START_TEST(test_gate_what_is_detectable_is_detected)
{
	static const size_t counts[] = {16, 64, 240};
	const struct look look = {0, 0.003, 0.01, true};

	for (size_t c = 0; c < 3; c++) {
		struct look_plan plan = {.looks = {look}, .count = 1};
		double detectable = 0, found = 0;

		plan.looks[0].blocks = counts[c];
		for (size_t i = 0; i < POWER_RUNS; i++)
			detectable += run_one(NOISE_NORMAL, 0, &plan,
					      rng_derive(8, i))
					      .detectable /
				      POWER_RUNS;
		for (size_t i = 0; i < ALARM_RUNS; i++)
			found += run_one(NOISE_NORMAL, detectable, &plan,
					 rng_derive(9, i))
					 .verdict == VERDICT_REGRESSION;
		printf("%zu blocks: %.1f %% worse is detectable, found in "
		       "%.1f %%\n",
			counts[c], 100 * detectable, 100 * found / ALARM_RUNS);
		ck_assert_double_ge(found / ALARM_RUNS, 0.90);
		ck_assert_double_le(found / ALARM_RUNS, 0.985);
	}
}
END_TEST

/* Wilcoxon's rank-sum test, one-sided at 1 %, in the normal form that textbooks
 * allow for so many: are the @count figures of B less than those of A? */
static bool unpaired_alarm(const double *a, const double *b, size_t count)
{
	double pairs = (double)(count * count), less = 0;
	double deviation = sqrt(pairs * (double)(2 * count + 1) / 12);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			less += b[i] < a[j];
	return (less - pairs / 2) / deviation > 2.326;
}

/* The control: A first, then B, then the usual test. */
START_TEST(test_gate_without_blocks_drift_raises_alarms)
{
	enum { SLICES = 32 };
	static const enum noise_kind kinds[] = {NOISE_NORMAL, NOISE_DRIFTING};
	size_t alarms[2] = {0};

	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < ALARM_RUNS; i++) {
			struct machine machine =
				machine_make(kinds[k], rng_derive(10, i));
			double a[SLICES], b[SLICES];

			for (size_t j = 0; j < SLICES; j++)
				a[j] = machine_slice(&machine);
			for (size_t j = 0; j < SLICES; j++)
				b[j] = machine_slice(&machine);
			alarms[k] += unpaired_alarm(a, b, SLICES);
		}
		printf("unpaired, %s: %zu alarms of %d\n",
			noise_names[kinds[k]], alarms[k], ALARM_RUNS);
	}
	/* right where nothing drifts, and no use where it does */
	ck_assert_double_le(share(alarms[0], ALARM_RUNS), 0.02);
	ck_assert_double_ge(share(alarms[1], ALARM_RUNS), 0.10);
}
END_TEST

/* --------------------------------------------- all of it, with a server */

/* What happens to slices beside the noise. */
struct weather {
	const char *name;
	unsigned every;		 /* slices, on average, one is disturbed, ... */
	bool meets[BUILD_COUNT]; /* ... if it is of such a build */
	bool shows[BUILD_COUNT]; /* is it told that something was? */
};

static struct server {
	struct machine machine;
	struct rng rng;
	const struct weather *weather;
	double b_worse;
	unsigned asked, stop_at; /* orders */
} server;

/* A disturbed slice has half of its messages: a worker was moved, which is told
 * unless the weather hides it. The two speeds of a bimodal machine are those of
 * near and far CPUs. Draws as often whoever is asked. */
static int serve(void *arg, enum gate_build build,
	const struct gate_order *order, struct gate_answer *ret_answer)
{
	double rate = 1e9 * exp(machine_slice(&server.machine));
	bool struck = rng_below(&server.rng, server.weather->every) == 0;
	bool hit = struck && server.weather->meets[build];
	bool fails = rng_below(&server.rng, FAILS_EVERY) == 0;
	bool far = server.machine.kind == NOISE_BIMODAL &&
		   !(server.machine.level > 0);

	(void)arg;
	server.asked++;
	*ret_answer = (struct gate_answer){.reason = "it died"};
	if (fails)
		return -EPIPE;
	if (build == BUILD_B)
		rate /= 1 + server.b_worse;
	ret_answer->figures = (struct gate_figures){
		.msgs = (uint64_t)(hit ? rate / 2 : rate),
		.elapsed_ns = order->bench.slice_ns,
		.cpu_ns = 2 * order->bench.slice_ns,
		.distance_before_ns = far ? 500 : 100,
		.distance_after_ns = far ? 500 : 100,
		.moves = hit && server.weather->shows[build],
	};
	return 0;
}

static void serve_anew(void *arg)
{
	(void)arg;
}

static bool serves(void)
{
	return server.asked < server.stop_at;
}

/* Half of the runs are cut short, at a moment that knows nothing of them. */
static enum gate_verdict serve_run(enum noise_kind kind, double b_worse,
	const struct weather *weather, uint64_t seed)
{
	static const struct gate_measurer measurer = {
		.ask = serve, .renew = serve_anew, .keep_going = serves};
	const struct bench_case bench = {
		.mode = MODE_THROUGHPUT,
		.transport = "ring",
		.wait = WAIT_SPIN,
		.cpus = {0, 1},
	};
	struct gate gate = {.request = {.wanted = {true},
				    .blocks = SERVER_BLOCKS,
				    .slice_ns = 1000000,
				    .seed = rng_derive(seed, 0)}};
	enum gate_verdict verdict;

	for (int m = 0; m < METRICS; m++) {
		gate.request.tolerance[m] = JUDGE_TOLERANCE;
		gate.request.max[m] = JUDGE_MAX;
	}
	server = (struct server){
		.machine = machine_make(kind, rng_derive(seed, 1)),
		.rng = rng_seeded(rng_derive(seed, 2)),
		.weather = weather,
		.b_worse = b_worse,
	};
	server.stop_at = 40 + rng_below(&server.rng, 800);
	if (gate_prepare(&gate, &bench, 1) || blocks_run(&gate, &measurer))
		ck_abort_msg("no memory");
	gate_conclude(&gate);
	verdict = gate.verdict;
	gate_free(&gate);
	return verdict;
}

static struct tally serve_many(enum noise_kind kind, double b_worse,
	const struct weather *weather, size_t runs)
{
	struct tally tally = {.runs = runs};

	for (size_t i = 0; i < runs; i++)
		tally.verdicts[serve_run(
			kind, b_worse, weather, rng_derive(11, i))]++;
	printf("%-14s %-22s B %4.1f %% worse: %4zu REGRESSION %4zu PASS "
	       "%4zu INCONCLUSIVE of %zu\n",
		noise_names[kind], weather->name, 100 * b_worse,
		tally.verdicts[VERDICT_REGRESSION],
		tally.verdicts[VERDICT_PASS],
		tally.verdicts[VERDICT_INCONCLUSIVE], runs);
	return tally;
}

static const enum noise_kind server_noises[] = {
	NOISE_NORMAL, NOISE_AUTOCORRELATED, NOISE_BIMODAL};
enum { SERVER_NOISES = sizeof(server_noises) / sizeof(*server_noises) };

static const struct weather weathers[] = {
	{"disturbed", 10, {true, true}, {true, true}},
	{"most blocks disturbed", 2, {true, true}, {true, true}},
	{"disturbed in A", 10, {true, false}, {true, true}},
	{"disturbed in B", 10, {false, true}, {true, true}},
};
enum { WEATHERS = sizeof(weathers) / sizeof(*weathers) };

/* B at the tolerance, where the chance of an alarm is greatest. */
START_TEST(test_gate_blocks_run_again_raise_no_alarm)
{
	struct tally all = {.runs = WEATHERS * SERVER_RUNS};

	for (int i = 0; i < WEATHERS; i++)
		all.verdicts[VERDICT_REGRESSION] +=
			serve_many(server_noises[_i], JUDGE_TOLERANCE,
				&weathers[i], SERVER_RUNS)
				.verdicts[VERDICT_REGRESSION];
	want_few_alarms(&all);
}
END_TEST

/* The control: rules that ask whose slice was disturbed. To run again only what hurt
 * A leaves in what hurt B: alarms. The other way round a worse B hides. */
START_TEST(test_gate_blocks_run_again_for_one_build_deceive)
{
	enum { RUNS = 200 };
	static const struct weather of_a = {
		"only A's told", 10, {true, true}, {true, false}};
	static const struct weather of_b = {
		"only B's told", 10, {true, true}, {false, true}};
	enum noise_kind kind = server_noises[_i];
	struct tally alarms = serve_many(kind, JUDGE_TOLERANCE, &of_a, RUNS);
	struct tally found = serve_many(kind, JUDGE_MAX, weathers, RUNS);
	struct tally hidden = serve_many(kind, JUDGE_MAX, &of_b, RUNS);

	ck_assert_double_ge(
		share(alarms.verdicts[VERDICT_REGRESSION], RUNS), 0.2);
	ck_assert_double_ge(
		share(found.verdicts[VERDICT_REGRESSION], RUNS), 0.9);
	ck_assert_double_le(
		share(hidden.verdicts[VERDICT_REGRESSION], RUNS), 0.4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate_sim");
	TCase *tcase = tcase_create("gate_sim");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase,
		test_gate_two_of_the_same_build_raise_no_alarm, 0, NOISE_COUNT);
	tcase_add_loop_test(tcase, test_gate_b_at_the_tolerance_raises_no_alarm,
		0, NOISE_COUNT);
	tcase_add_loop_test(tcase, test_gate_a_worse_build_is_found, 0,
		sizeof(powers) / sizeof(*powers));
	tcase_add_loop_test(tcase,
		test_gate_a_short_run_does_not_pass_what_is_worse, 0,
		NOISE_COUNT);
	tcase_add_loop_test(
		tcase, test_gate_interval_covers_what_is_there, 0, NOISE_COUNT);
	tcase_add_test(tcase, test_gate_what_is_detectable_is_detected);
	tcase_add_test(tcase, test_gate_without_blocks_drift_raises_alarms);
	tcase_add_loop_test(tcase, test_gate_blocks_run_again_raise_no_alarm, 0,
		SERVER_NOISES);
	tcase_add_loop_test(tcase,
		test_gate_blocks_run_again_for_one_build_deceive, 0,
		SERVER_NOISES);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
