/* test_gate_blocks.c - the gate's blocks, measured by a make-believe server: who is
 * asked when, what is left out, and what each outcome comes to.
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "gate/gate.h"

enum { MOST_ORDERS = 20000 };

/* What the two builds do, and what they were asked. */
static struct fake {
	double b_slower;	 /* share */
	unsigned fail_every;	 /* order of ... */
	enum gate_build failing; /* BUILD_COUNT: both */
	int fail_with;
	unsigned lose_at;   /* the order at which B loses one; 0: never */
	unsigned far_every; /* slices of which the CPUs are far apart */
	unsigned stop_at;   /* orders; 0: never */
	unsigned orders, renewed, since_renewal;
	enum gate_build asked[MOST_ORDERS];
	struct rng noise;
	struct gate_count counts[BUILD_COUNT]; /* of its one call */
} fake;

static int fake_ask(void *arg, enum gate_build build,
	const struct gate_order *order, struct gate_answer *ret_answer)
{
	double noise = 1 + (rng_below(&fake.noise, 1000) - 500.0) / 50000;
	double slower = build == BUILD_B ? 1 + fake.b_slower : 1;
	unsigned number = ++fake.orders;

	ck_assert_ptr_eq(arg, &fake);
	ck_assert_uint_le(number, MOST_ORDERS);
	fake.asked[number - 1] = build;
	fake.since_renewal++;
	*ret_answer = (struct gate_answer){0};
	if (order->kind == ORDER_COUNT) {
		ret_answer->counts[0] = fake.counts[build];
		ret_answer->count_count = 1;
		return 0;
	}
	if (fake.fail_every &&
		(build == fake.failing || fake.failing == BUILD_COUNT) &&
		number % fake.fail_every == 0) {
		snprintf(ret_answer->reason, sizeof(ret_answer->reason),
			"it hangs");
		return fake.fail_with ? fake.fail_with : -EPIPE;
	}
	ret_answer->figures = (struct gate_figures){
		.msgs = (uint64_t)(1e6 / slower * noise),
		.elapsed_ns = order->bench.slice_ns,
		.cpu_ns = 2 * order->bench.slice_ns,
		.p50_ns = 1000 * slower * noise,
		.p99_ns = 2000 * slower * noise,
		.p999_ns = 3000 * slower * noise,
		.distance_before_ns = 100,
		.distance_after_ns = 100,
	};
	ret_answer->figures.verify.sent = 1000000;
	if (fake.lose_at && number >= fake.lose_at && build == BUILD_B)
		ret_answer->figures.verify.lost = 1;
	if (fake.far_every && number % fake.far_every == 0)
		ret_answer->figures.distance_before_ns =
			ret_answer->figures.distance_after_ns = 1000;
	return 0;
}

static void fake_renew(void *arg)
{
	ck_assert_ptr_eq(arg, &fake);
	fake.renewed++;
	fake.since_renewal = 0;
}

static bool fake_keep_going(void)
{
	return !fake.stop_at || fake.orders < fake.stop_at;
}

static const struct gate_measurer measurer = {
	.arg = &fake,
	.ask = fake_ask,
	.renew = fake_renew,
	.keep_going = fake_keep_going,
};

static struct bench_case case_of(const char *transport, enum case_mode mode)
{
	struct bench_case bench = {
		.mode = mode,
		.msg_size_bytes = 64,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.wait = WAIT_SPIN,
		.cpus = {0, 1},
	};

	snprintf(bench.id, sizeof(bench.id), "%s-%d", transport, (int)mode);
	snprintf(bench.transport, sizeof(bench.transport), "%s", transport);
	return bench;
}

static void start(struct gate *gate)
{
	fake = (struct fake){.noise = rng_seeded(7)};
	*gate = (struct gate){.request = {.wanted = {true, true, true},
				      .blocks = 64,
				      .slice_ns = 1000000,
				      .seed = 42}};
	for (int m = 0; m < METRICS; m++) {
		gate->request.tolerance[m] = 0.03;
		gate->request.max[m] = 0.08;
	}
}

static void run_two(struct gate *gate)
{
	const struct bench_case cases[] = {case_of("ring", MODE_THROUGHPUT),
		case_of("queue", MODE_ROUNDTRIP)};

	ck_assert_int_eq(gate_prepare(gate, cases, 2), 0);
	ck_assert_int_eq(blocks_run(gate, &measurer), 0);
	gate_conclude(gate);
}

START_TEST(test_blocks_same_builds_pass)
{
	struct gate gate;

	start(&gate);
	run_two(&gate);
	ck_assert_int_eq(gate.verdict, VERDICT_PASS);
	ck_assert_int_eq(gate.exit_code, EXIT_GOOD);
	ck_assert_uint_eq(fake.orders, 4 * gate.block_count);
	ck_assert_uint_eq(fake.renewed, gate.block_count);
	for (size_t i = 0; i < gate.block_count; i++)
		for (unsigned k = 0; k < BLOCK_SLICES; k++)
			ck_assert_int_eq(fake.asked[4 * i + k],
				block_build(gate.blocks[i].begins_with_b, k));
	gate_free(&gate);
}
END_TEST

START_TEST(test_blocks_slower_build_is_regression_and_ends_early)
{
	struct gate gate;

	start(&gate);
	fake.b_slower = 0.3;
	run_two(&gate);
	ck_assert_int_eq(gate.verdict, VERDICT_REGRESSION);
	ck_assert_int_eq(gate.exit_code, EXIT_REGRESSION);
	ck_assert_uint_eq(gate.cases[0].blocks, 16);
	ck_assert_double_eq_tol(
		gate.cases[0].metrics[METRIC_THROUGHPUT].judgement.estimate,
		0.3, 0.02);
	ck_assert_double_eq_tol(
		gate.cases[1].metrics[METRIC_P50].judgement.estimate, 0.3,
		0.02);
	ck_assert(!gate.cases[1].metrics[METRIC_P99].gated);
	gate_free(&gate);
}
END_TEST

START_TEST(test_blocks_lost_message_is_violation_whatever_the_times)
{
	struct gate gate;

	start(&gate);
	fake.b_slower = 0.3;
	fake.lose_at = 9;
	run_two(&gate);
	ck_assert_int_eq(gate.exit_code, EXIT_VIOLATED);
	ck_assert_ptr_nonnull(strstr(gate.reason, "B violates data: 1 lost"));
	gate_free(&gate);
}
END_TEST

START_TEST(test_blocks_failing_b_is_regression)
{
	struct gate gate;

	start(&gate);
	fake.failing = BUILD_B;
	fake.fail_every = 1;
	run_two(&gate);
	ck_assert_int_eq(gate.exit_code, EXIT_REGRESSION);
	ck_assert_int_eq(gate.cases[0].status, STATUS_FAILED);
	/* as often as it takes for the coin to be ruled out */
	ck_assert_uint_eq(gate.cases[0].left_out, 12);
	ck_assert_ptr_nonnull(strstr(gate.reason, "it hangs"));
	gate_free(&gate);
}
END_TEST

START_TEST(test_blocks_failing_a_is_inconclusive)
{
	struct gate gate;

	start(&gate);
	fake.failing = BUILD_A;
	fake.fail_every = 1;
	run_two(&gate);
	ck_assert_int_eq(gate.exit_code, EXIT_INCONCLUSIVE);
	gate_free(&gate);
}
END_TEST

/* Whoever is asked first by the coin is who fails: that says nothing of B. */
START_TEST(test_blocks_failing_machine_is_no_regression)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct gate gate;

		start(&gate);
		gate.request.seed = seed;
		fake.failing = BUILD_COUNT;
		fake.fail_every = 1;
		run_two(&gate);
		ck_assert_int_eq(gate.exit_code, EXIT_INCONCLUSIVE);
		gate_free(&gate);
	}
}
END_TEST

/* A failure that is not B's, and three of B's. */
START_TEST(test_blocks_full_system_is_no_regression)
{
	struct gate gate;

	start(&gate);
	fake.failing = BUILD_B;
	fake.fail_every = 1;
	fake.fail_with = -ENOSPC;
	run_two(&gate);
	ck_assert_int_eq(gate.exit_code, EXIT_INCONCLUSIVE);
	gate_free(&gate);
}
END_TEST

START_TEST(test_blocks_disturbed_ones_are_run_again)
{
	struct gate gate;
	size_t left_out = 0;

	start(&gate);
	fake.far_every = 13;
	run_two(&gate);
	ck_assert_int_eq(gate.verdict, VERDICT_PASS);
	for (size_t i = 0; i < gate.block_count; i++) {
		left_out += gate.blocks[i].left_out;
		ck_assert_int_eq(
			gate.blocks[i].left_out, gate.blocks[i].why[0] != 0);
	}
	ck_assert_uint_gt(left_out, 0);
	ck_assert_uint_eq(
		left_out, gate.cases[0].left_out + gate.cases[1].left_out);
	gate_free(&gate);
}
END_TEST

/* Every block is. */
START_TEST(test_blocks_always_disturbed_are_judged_all_the_same)
{
	struct gate gate;

	start(&gate);
	fake.far_every = 4;
	fake.b_slower = 0.1;
	run_two(&gate);
	ck_assert_int_eq(gate.exit_code, EXIT_REGRESSION);
	for (size_t i = 0; i < gate.case_count; i++) {
		const struct gate_case *which = &gate.cases[i];

		ck_assert_uint_ge(which->disturbed, 1);
		ck_assert_uint_le(which->left_out, which->blocks + 16);
	}
	gate_free(&gate);
}
END_TEST

START_TEST(test_blocks_interrupted_is_no_pass)
{
	struct gate gate;

	start(&gate);
	fake.stop_at = 80;
	run_two(&gate);
	ck_assert(gate.interrupted);
	ck_assert_int_eq(gate.exit_code, EXIT_INCONCLUSIVE);
	gate_free(&gate);
}
END_TEST

/* Where instructions alone decide. */
static const struct {
	struct gate_count a, b;
	int exit_code;
	const char *said;
} counted[] = {
	{{"send", 100, true}, {"send", 110, true}, EXIT_REGRESSION,
		"10.0 % more instructions (send: 110, was 100)"},
	{{"send", 100, true}, {"send", 101, true}, EXIT_GOOD, "did not rise"},
	{{"send", 100, true}, {"send", 110, false}, EXIT_INCONCLUSIVE,
		"could not be counted exactly"},
	{{"send", 100, false}, {"send", 110, true}, EXIT_INCONCLUSIVE,
		"could not be counted exactly"},
	{{"send", 100, false}, {"send", 100, false}, EXIT_GOOD, "did not rise"},
};

START_TEST(test_counts_decide_only_where_they_are_exact)
{
	const struct bench_case bench = case_of("ring", MODE_THROUGHPUT);
	struct gate gate;

	start(&gate);
	memset(gate.request.wanted, 0, sizeof(gate.request.wanted));
	gate.request.count_wanted = true;
	gate.request.count_tolerance = 0.02;
	fake.counts[BUILD_A] = counted[_i].a;
	fake.counts[BUILD_B] = counted[_i].b;
	ck_assert_int_eq(gate_prepare(&gate, &bench, 1), 0);
	counts_run(&gate, &measurer);
	gate_conclude(&gate);
	ck_assert_int_eq(gate.exit_code, counted[_i].exit_code);
	ck_assert_msg(strstr(gate.cases[0].reason, counted[_i].said) != NULL,
		"%s", gate.cases[0].reason);
	gate_free(&gate);
}
END_TEST

START_TEST(test_prepare_others_are_skipped_with_reason)
{
	const struct bench_case cases[] = {case_of("pipe", MODE_THROUGHPUT),
		case_of("ring", MODE_OPEN), case_of("queue", MODE_CRASH)};
	struct gate gate;

	start(&gate);
	ck_assert_int_eq(gate_prepare(&gate, cases, 3), 0);
	ck_assert_int_eq(blocks_run(&gate, &measurer), 0);
	gate_conclude(&gate);
	ck_assert_int_eq(gate.exit_code, EXIT_NOTHING_RAN);
	ck_assert_uint_eq(fake.orders, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(gate.cases[i].status, STATUS_SKIP);
		ck_assert(gate.cases[i].reason[0]);
	}
	gate_free(&gate);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate blocks");
	TCase *tcase = tcase_create("blocks");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, test_blocks_same_builds_pass);
	tcase_add_test(
		tcase, test_blocks_slower_build_is_regression_and_ends_early);
	tcase_add_test(tcase,
		test_blocks_lost_message_is_violation_whatever_the_times);
	tcase_add_test(tcase, test_blocks_failing_b_is_regression);
	tcase_add_test(tcase, test_blocks_failing_a_is_inconclusive);
	tcase_add_test(tcase, test_blocks_failing_machine_is_no_regression);
	tcase_add_test(tcase, test_blocks_full_system_is_no_regression);
	tcase_add_test(tcase, test_blocks_disturbed_ones_are_run_again);
	tcase_add_test(
		tcase, test_blocks_always_disturbed_are_judged_all_the_same);
	tcase_add_test(tcase, test_blocks_interrupted_is_no_pass);
	tcase_add_loop_test(tcase, test_counts_decide_only_where_they_are_exact,
		0, sizeof(counted) / sizeof(*counted));
	tcase_add_test(tcase, test_prepare_others_are_skipped_with_reason);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
