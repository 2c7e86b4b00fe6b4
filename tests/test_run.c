/* test_run.c - what a run makes of its slices: loads that are shares, loads that
 * are too much, rounds that end when enough is known, and what the harness says
 * of itself; and what of all that a resumed run still has.
 *
 * The transports here take their place in the table: one is our queue, the other
 * takes a millisecond for each message.
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plan/plan.h"
#include "result/journal.h"
#include "run/run.h"
#include "run/until.h"
#include "transport/list.h"
#include "transport/transport.h"

static int recv_slowly(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	int err = transport_queue.recv(endpoint, message, timeout_ns);

	if (!err)
		nanosleep(&nap, NULL);
	return err;
}

static struct transport slow;
static const struct transport *const table[] = {
	&transport_null, &transport_queue, &slow, NULL};

const struct transport *const *transport_table(void)
{
	return table;
}

const struct transport *transport_find(const char *spec)
{
	for (size_t i = 0; table[i]; i++)
		if (strcmp(table[i]->name, spec) == 0)
			return table[i];
	return NULL;
}

int transport_can_run(const struct transport *transport,
	const struct bench_case *bench, char *reason, size_t reason_bytes)
{
	(void)transport, (void)bench, (void)reason, (void)reason_bytes;
	return 0;
}

enum { CASES_MAX = 3, ROUNDS = 2 };

struct stage {
	struct bench_case cases[CASES_MAX];
	struct plan_slice slices[CASES_MAX * ROUNDS];
	struct plan plan;
	struct run run;
};

static void add_case(struct stage *stage, const char *transport, uint64_t rate)
{
	size_t index = stage->plan.case_count++;
	struct bench_case *bench = &stage->cases[index];

	*bench = (struct bench_case){
		.mode = MODE_OPEN,
		.msg_size_bytes = 64,
		.capacity_bytes = 4096,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.wait = WAIT_BLOCK,
		.verify = VERIFY_HEADER,
		.warmup_ns = 1000000,
		.slice_ns = 40000000,
		.rounds = ROUNDS,
		.rate = rate,
		.burst = 1,
	};
	strcpy(bench->transport, transport);
	strcpy(bench->section, "load");
	strcpy(bench->placement, "any");
	for (unsigned i = 0; i < CASE_MAX_WORKERS; i++)
		bench->cpus[i] = CASE_CPU_ANY;
	for (unsigned round = 0; round < ROUNDS; round++)
		stage->slices[stage->plan.slice_count++] = (struct plan_slice){
			.round = round, .case_index = index, .seed = round};
	stage->plan.cases = stage->cases;
	stage->plan.slices = stage->slices;
}

static void carry_out(struct stage *stage)
{
	slow = transport_queue;
	slow.name = "slow";
	slow.recv = recv_slowly;
	ck_assert_int_eq(run_plan(&stage->plan, NULL, NULL, &stage->run), 0);
}

START_TEST(test_run_offered_load_that_is_too_much_is_unreached)
{
	struct stage stage = {0};
	const struct outcome *outcome;

	add_case(&stage, "slow", 100000);
	carry_out(&stage);
	outcome = &stage.run.outcomes[0];
	ck_assert_int_eq(outcome->status, STATUS_UNREACHED);
	ck_assert_msg(strstr(outcome->reason, "100 k/s offered") != NULL, "%s",
		outcome->reason);
	ck_assert_uint_eq(outcome->round_count, ROUNDS);
	ck_assert_double_eq(outcome->offered_per_s, 100000);
	ck_assert_double_eq(outcome->saturation_per_s, 0);
	run_free(&stage.run);
}
END_TEST

/* A message takes 1 ms at least, so 1000 a second are the most; while a closed
 * loop's figure for the queue would be thousands of times that. */
START_TEST(test_run_share_is_of_what_the_same_case_can_do)
{
	struct stage stage = {0};
	const struct outcome *half, *fifth;

	add_case(&stage, "slow", RATE_SHARE | 50);
	add_case(&stage, "slow", RATE_SHARE | 20);
	carry_out(&stage);
	half = &stage.run.outcomes[0];
	fifth = &stage.run.outcomes[1];
	ck_assert_double_gt(half->saturation_per_s, 0);
	ck_assert_double_lt(half->saturation_per_s, 1100);
	ck_assert_double_eq(
		half->offered_per_s, half->saturation_per_s * 50 / 100);
	/* measured once for both */
	ck_assert_double_eq(fifth->saturation_per_s, half->saturation_per_s);
	ck_assert_double_eq(
		fifth->offered_per_s, half->saturation_per_s * 20 / 100);
	run_free(&stage.run);
}
END_TEST

START_TEST(test_run_says_what_the_harness_costs)
{
	struct stage stage = {0};

	add_case(&stage, "queue", 1000);
	stage.cases[0].mode = (enum case_mode)_i;
	carry_out(&stage);
	ck_assert_double_gt(stage.run.overhead.closed_lo_ns, 0);
	ck_assert_double_ge(
		stage.run.overhead.closed_ns, stage.run.overhead.closed_lo_ns);
	ck_assert_double_le(
		stage.run.overhead.closed_ns, stage.run.overhead.closed_hi_ns);
	if (_i == MODE_OPEN)
		ck_assert_double_gt(stage.run.overhead.open_ns, 0);
	else
		ck_assert(isnan(stage.run.overhead.open_ns));
	run_free(&stage.run);
}
END_TEST

static void compare_hists(const struct hist *a, const struct hist *b)
{
	ck_assert_uint_eq(a->total, b->total);
	ck_assert_uint_eq(a->max_ns, b->max_ns);
	ck_assert_mem_eq(a->counts, b->counts, sizeof(a->counts));
}

static void compare_rounds(
	const struct round_figures *a, const struct round_figures *b)
{
	struct round_figures left = *a, right = *b;

	for (size_t kind = 0; kind < ROUND_TIMES_KINDS; kind++) {
		ck_assert_pstr_eq(a->times[kind].text, b->times[kind].text);
		left.times[kind].text = right.times[kind].text = NULL;
	}
	ck_assert_mem_eq(&left, &right, sizeof(left));
}

static void compare_outcomes(const struct outcome *a, const struct outcome *b)
{
	ck_assert_int_eq(a->status, b->status);
	ck_assert_str_eq(a->reason, b->reason);
	ck_assert_double_eq(a->offered_per_s, b->offered_per_s);
	ck_assert_double_eq(a->saturation_per_s, b->saturation_per_s);
	ck_assert_mem_eq(&a->verify, &b->verify, sizeof(a->verify));
	ck_assert_uint_eq(a->round_count, b->round_count);
	for (size_t i = 0; i < a->round_count; i++)
		compare_rounds(&a->rounds[i], &b->rounds[i]);
	ck_assert_uint_eq(a->latency->due, b->latency->due);
	ck_assert_uint_eq(a->latency->backlog, b->latency->backlog);
	ck_assert_uint_eq(a->latency->unsent, b->latency->unsent);
	compare_hists(&a->latency->intended, &b->latency->intended);
	compare_hists(&a->latency->actual, &b->latency->actual);
	compare_hists(&a->latency->lag, &b->latency->lag);
}

/* Measured, written down, read again, and gone on with though nothing is left
 * to do: all is as it was, and nothing is measured a second time. */
START_TEST(test_run_resumed_has_all_that_open_cases_had)
{
	char dir[] = "/tmp/test_run_XXXXXX", nothing[] = "";
	struct stage stage = {0};
	struct journal journal;
	struct run resumed;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	add_case(&stage, "slow", RATE_SHARE | 50);
	add_case(&stage, "slow", 100000);
	strcpy(stage.cases[0].id, "share");
	strcpy(stage.cases[1].id, "too much");
	stage.plan.scenario_text = nothing;
	carry_out(&stage);
	journal = journal_of(dir, &stage.plan);
	journal_keep(&journal, &stage.plan, &stage.run);
	ck_assert_int_eq(journal_load(&journal, &stage.plan, &resumed), 0);
	ck_assert_uint_eq(resumed.slices_done, stage.plan.slice_count);
	ck_assert_int_eq(run_plan(&stage.plan, NULL, NULL, &resumed), 0);
	for (size_t i = 0; i < 2; i++)
		compare_outcomes(&stage.run.outcomes[i], &resumed.outcomes[i]);
	ck_assert_uint_eq(stage.run.started_unix_ns, resumed.started_unix_ns);
	ck_assert_double_eq(
		stage.run.overhead.closed_ns, resumed.overhead.closed_ns);
	ck_assert_double_eq(
		stage.run.overhead.open_ns, resumed.overhead.open_ns);
	ck_assert_str_eq(stage.run.counters_refused, resumed.counters_refused);
	run_free(&resumed);
	run_free(&stage.run);
	journal_remove(&journal);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

static void compare_sum(const struct outcome *outcome, enum round_times kind,
	const struct hist *whole)
{
	struct hist *sum = hist_create();

	ck_assert_ptr_nonnull(sum);
	ck_assert_uint_gt(whole->total, 0);
	ck_assert_int_eq(
		rounds_add(outcome->rounds, outcome->round_count, kind, sum),
		0);
	compare_hists(sum, whole);
	free(sum);
}

START_TEST(test_run_times_of_the_rounds_are_those_of_the_case)
{
	struct stage stage = {0};
	const struct outcome *open, *trips;

	add_case(&stage, "queue", 1000);
	add_case(&stage, "queue", 0);
	stage.cases[1].mode = MODE_ROUNDTRIP;
	/* Something happens in so long on a busy machine, too. */
	stage.cases[0].slice_ns = stage.cases[1].slice_ns = 150000000;
	carry_out(&stage);
	open = &stage.run.outcomes[0];
	trips = &stage.run.outcomes[1];
	compare_sum(open, ROUND_TIMES, &open->latency->intended);
	compare_sum(open, ROUND_FROM_SEND, &open->latency->actual);
	compare_sum(open, ROUND_LAG, &open->latency->lag);
	compare_sum(trips, ROUND_TIMES, trips->rtt);
	run_free(&stage.run);
}
END_TEST

/* In the stage all rounds of a case come before those of the next. */
static uint64_t check_starts(const struct outcome *outcome, uint64_t after_ns)
{
	ck_assert_uint_gt(outcome->round_count, 0);
	for (size_t i = 0; i < outcome->round_count; i++) {
		const struct round_figures *round = &outcome->rounds[i];

		ck_assert_uint_ge(round->start_ns, after_ns);
		after_ns = round->start_ns + round->elapsed_ns;
	}
	return after_ns;
}

START_TEST(test_run_rounds_start_one_after_the_other_within_the_run)
{
	struct stage stage = {0};
	uint64_t after_ns = 0;

	add_case(&stage, "queue", 1000);
	add_case(&stage, "queue", 1000);
	carry_out(&stage);
	for (size_t i = 0; i < 2; i++)
		after_ns = check_starts(&stage.run.outcomes[i],
			after_ns + stage.cases[i].warmup_ns);
	ck_assert_uint_le(after_ns, stage.run.elapsed_ns);
	run_free(&stage.run);
}
END_TEST

/* The run before has lasted an hour, whatever the clock says by now. */
START_TEST(test_run_resumed_rounds_start_after_those_before)
{
	const uint64_t hour_ns = UINT64_C(3600000000000);
	struct stage stage = {0};
	uint64_t after_ns;

	add_case(&stage, "queue", 1000);
	stage.run.outcomes = calloc(1, sizeof(*stage.run.outcomes));
	ck_assert_ptr_nonnull(stage.run.outcomes);
	stage.run.elapsed_ns = hour_ns;
	carry_out(&stage);
	after_ns = check_starts(&stage.run.outcomes[0], hour_ns);
	ck_assert_uint_le(after_ns, stage.run.elapsed_ns);
	run_free(&stage.run);
}
END_TEST

START_TEST(test_run_resumed_leaves_settled_cases_alone)
{
	struct stage stage = {0};
	struct outcome *outcome;

	add_case(&stage, "queue", 1000);
	stage.cases[0].until_percent = 5;
	outcome = calloc(1, sizeof(*outcome));
	ck_assert_ptr_nonnull(outcome);
	outcome->rounds = calloc(6, sizeof(*outcome->rounds));
	ck_assert_ptr_nonnull(outcome->rounds);
	outcome->round_count = 6;
	for (unsigned i = 0; i < 6; i++)
		outcome->rounds[i].p50_ns = 100;
	stage.run.outcomes = outcome;
	carry_out(&stage);
	ck_assert(outcome->settled);
	ck_assert_uint_eq(outcome->round_count, 6);
	run_free(&stage.run);
}
END_TEST

/* What an id does not tell makes another plan all the same. */
START_TEST(test_run_journal_is_of_one_load)
{
	struct stage stage = {0};
	struct bench_case *bench = &stage.cases[0], before;
	char nothing[] = "";
	uint64_t fingerprint;

	add_case(&stage, "queue", 1000);
	stage.plan.scenario_text = nothing;
	bench->mix = (struct size_mix){2, {32, 64}, {50, 50}};
	before = *bench;
	fingerprint = journal_of("", &stage.plan).fingerprint;
	for (int field = 0; field < 14; field++) {
		*bench = before;
		bench->rate += field == 1;
		bench->arrival += field == 2;
		bench->burst += field == 3;
		bench->work_ns += field == 4;
		bench->count += field == 5;
		bench->until_percent += field == 6;
		bench->mix.count -= field == 7;
		bench->mix.bytes[1] += field == 8;
		bench->mix.percent[1] += field == 9;
		bench->memory += field == 10;
		bench->memory_nodes += field == 11;
		bench->spin_us += field == 12;
		bench->huge += field == 13;
		ck_assert_msg((journal_of("", &stage.plan).fingerprint ==
				      fingerprint) == (field == 0),
			"field %d", field);
	}
}
END_TEST

static const struct {
	unsigned percent;
	enum case_mode mode;
	uint64_t figures[9]; /* of the rounds, until a 0 */
	bool settled;
} widths[] = {
	{0, MODE_THROUGHPUT, {100, 100, 100, 100, 100, 100}, false},
	{5, MODE_THROUGHPUT, {100, 100, 100, 100, 100, 100}, true},
	{5, MODE_THROUGHPUT, {100, 100, 100, 100, 100}, false}, /* too few */
	{5, MODE_THROUGHPUT, {100, 102, 101, 100, 104, 103}, true},
	{5, MODE_THROUGHPUT, {100, 102, 101, 100, 106, 103}, false},
	{6, MODE_THROUGHPUT, {100, 102, 101, 100, 106, 103}, true},
	{5, MODE_OPEN, {100, 102, 101, 100, 104, 103}, true},
	{5, MODE_ROUNDTRIP, {100, 102, 101, 100, 106, 103}, false},
	/* nine: the best and the worst no longer count */
	{5, MODE_OPEN, {100, 102, 101, 100, 160, 103, 30, 101, 102}, true},
};
enum { WIDTHS = sizeof(widths) / sizeof(widths[0]) };

START_TEST(test_until_rounds_end_once_the_interval_is_narrow)
{
	struct bench_case bench = {
		.mode = widths[_i].mode, .until_percent = widths[_i].percent};
	struct round_figures rounds[9] = {{0}};
	size_t count = 0;

	for (; count < 9 && widths[_i].figures[count]; count++) {
		uint64_t figure = widths[_i].figures[count];

		/* the other mode's figure tells nothing */
		rounds[count].elapsed_ns = 1000;
		rounds[count].msgs = bench.mode == MODE_THROUGHPUT
					     ? figure
					     : 1000 * count + 1;
		rounds[count].p50_ns = bench.mode == MODE_THROUGHPUT
					       ? 1000 * count + 1
					       : figure;
	}
	ck_assert_int_eq(
		until_settled(&bench, rounds, count), widths[_i].settled);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("run");
	TCase *tcase = tcase_create("run");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(
		tcase, test_run_offered_load_that_is_too_much_is_unreached);
	tcase_add_test(tcase, test_run_share_is_of_what_the_same_case_can_do);
	tcase_add_loop_test(tcase, test_run_says_what_the_harness_costs,
		MODE_THROUGHPUT, MODE_THROUGHPUT + 1);
	tcase_add_loop_test(tcase, test_run_says_what_the_harness_costs,
		MODE_OPEN, MODE_OPEN + 1);
	tcase_add_test(tcase, test_run_resumed_has_all_that_open_cases_had);
	tcase_add_test(tcase, test_run_resumed_leaves_settled_cases_alone);
	tcase_add_test(
		tcase, test_run_times_of_the_rounds_are_those_of_the_case);
	tcase_add_test(tcase,
		test_run_rounds_start_one_after_the_other_within_the_run);
	tcase_add_test(tcase, test_run_resumed_rounds_start_after_those_before);
	tcase_add_test(tcase, test_run_journal_is_of_one_load);
	tcase_add_loop_test(tcase,
		test_until_rounds_end_once_the_interval_is_narrow, 0, WIDTHS);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
