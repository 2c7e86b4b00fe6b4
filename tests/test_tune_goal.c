/* test_tune_goal.c - a goal in words: is it understood, refused in one line, and
 * made into the right score?
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "run/run.h"
#include "scenario/scenario.h"
#include "tune/goal.h"

static char path[] = "/tmp/test_tune_goal_XXXXXX.ini";

static struct tune_goal goal_of(const char *text)
{
	struct tune_goal goal;

	ck_assert_int_eq(tune_goal_parse(text, &goal), 0);
	return goal;
}

static const struct {
	const char *text;
	enum tune_goal_kind kind;
	double percentile;
	uint64_t rate_per_s, bound_ns;
} good[] = {
	{"max throughput", GOAL_THROUGHPUT, 0, 0, 0},
	{"  max   throughput ", GOAL_THROUGHPUT, 0, 0, 0},
	{"min p99 at 200k", GOAL_LATENCY, 99, 200000, 0},
	{"min p99.9 at 1M", GOAL_LATENCY, 99.9, 1000000, 0},
	{"min cpu under p99 50us", GOAL_CPU, 99, 0, 50000},
	{"min cpu under p50 2ms at 10k", GOAL_CPU, 50, 10000, 2000000},
};
enum { GOOD = sizeof(good) / sizeof(good[0]) };

START_TEST(test_tune_goal_good_text_is_understood)
{
	struct tune_goal goal = goal_of(good[_i].text);

	ck_assert_int_eq(goal.kind, good[_i].kind);
	ck_assert_double_eq(goal.percentile, good[_i].percentile);
	ck_assert_uint_eq(goal.rate_per_s, good[_i].rate_per_s);
	ck_assert_uint_eq(goal.bound_ns, good[_i].bound_ns);
}
END_TEST

static const char *const bad[] = {"", "max", "max speed", "max throughput now",
	"min", "min throughput", "min p99", "min p99 at", "min p99 at 0",
	"min p99 at 50%", "min p99 at 2G", "min p99 under 200k", "min p0 at 1k",
	"min p100 at 1k", "min p9x at 1k", "min p at 1k", "min p9.9.9 at 1k",
	"min cpu", "min cpu under 50us", "min cpu under p99",
	"min cpu under p99 50", "min cpu under p99 0us",
	"min cpu under p99 50us at", "min cpu under p99 50us 200k",
	"min p99 at 1k and a lot more words than a goal has",
	"min p99 at 11111111111111111111111111111111111"};
enum { BAD = sizeof(bad) / sizeof(bad[0]) };

START_TEST(test_tune_goal_bad_text_is_refused_in_one_line)
{
	struct tune_goal goal;
	char text[512];
	struct capture capture = capture_begin();

	ck_assert_int_eq(tune_goal_parse(bad[_i], &goal), -EINVAL);
	capture_end(&capture, text, sizeof(text));
	ck_assert_ptr_nonnull(strchr(text, '\n'));
	ck_assert_str_eq(strchr(text, '\n'), "\n");
}
END_TEST

static int apply(
	const char *goal_text, const char *text, struct scenario *ret_scenario)
{
	struct tune_goal goal = goal_of(goal_text);
	const char *files[] = {path};
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(
		scenario_load_wide(files, 1, NULL, 0, ret_scenario), 0);
	return tune_goal_apply(&goal, &ret_scenario->sections[0]);
}

START_TEST(test_tune_goal_latency_makes_the_section_open)
{
	struct scenario scenario;
	struct scenario_section *section;

	ck_assert_int_eq(
		apply("min p99 at 1k", "[a]\nmsg_size = 64\n", &scenario), 0);
	section = &scenario.sections[0];
	ck_assert_int_eq(section->mode, MODE_OPEN);
	ck_assert_uint_eq(section->rate_count, 1);
	ck_assert_uint_eq(section->rates[0], 1000);
	/* a thousand messages, not 20 */
	ck_assert_uint_eq(section->slice_ns, UINT64_C(1000000000));
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_tune_goal_cpu_takes_the_rate_of_the_scenario)
{
	struct scenario scenario;

	ck_assert_int_eq(
		apply("min cpu under p99 1ms", "[a]\nrate = 100k\n", &scenario),
		0);
	ck_assert_int_eq(scenario.sections[0].mode, MODE_OPEN);
	ck_assert_uint_eq(scenario.sections[0].rates[0], 100000);
	ck_assert_uint_eq(scenario.sections[0].slice_ns, UINT64_C(100000000));
	scenario_free(&scenario);
}
END_TEST

static const struct {
	const char *goal, *text;
} unfit[] = {
	{"max throughput", "[a]\nmode = roundtrip\n"},
	{"max throughput", "[a]\nrate = 100k\n"},
	{"max throughput", "[a]\nkills = 3\n"},
	{"max throughput", "[a]\nmsg_size = 8, 64\n"},
	{"min p99 at 1k", "[a]\nmode = roundtrip\n"},
	{"min p99 at 1k", "[a]\nmode = open\narrival = fixed, poisson\n"},
	{"min cpu under p99 1ms", "[a]\n"},
	{"min cpu under p99 1ms", "[a]\nrate = 1k, 2k\n"},
	{"min cpu under p99 1ms", "[a]\nrate = 50%\n"},
};
enum { UNFIT = sizeof(unfit) / sizeof(unfit[0]) };

START_TEST(test_tune_goal_unfit_section_is_refused_with_its_place)
{
	struct scenario scenario;
	char text[512];
	struct capture capture = capture_begin();

	ck_assert_int_eq(
		apply(unfit[_i].goal, unfit[_i].text, &scenario), -EINVAL);
	capture_end(&capture, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, ".ini:1: section [a] "));
	ck_assert_str_eq(strchr(text, '\n'), "\n");
	scenario_free(&scenario);
}
END_TEST

/* 100 messages in 1 ms of time and 50 us of CPU, latencies of 1 to 100 us. */
static struct outcome outcome_of(
	struct round_figures *round, struct latency *latency)
{
	*round = (struct round_figures){
		.msgs = 100, .elapsed_ns = 1000000, .cpu_ns = 50000};
	latency_init(latency);
	for (uint64_t us = 1; us <= 100; us++)
		hist_record(&latency->intended, us * 1000);
	return (struct outcome){
		.rounds = round, .round_count = 1, .latency = latency};
}

static const struct {
	const char *goal;
	double figure, excess;
} scores[] = {
	{"max throughput", 100000, 0},
	{"min p99 at 1k", 99000, 0},
	{"min p50 at 1k", 50000, 0},
	{"min cpu under p99 198us", 500, 0.5},
	{"min cpu under p50 25us", 500, 2},
};

START_TEST(test_tune_goal_round_gets_its_score)
{
	static struct latency latency;
	struct round_figures round;
	struct outcome outcome = outcome_of(&round, &latency);
	struct tune_goal goal = goal_of(scores[_i].goal);
	double excess, score = tune_goal_score(&goal, &outcome, &excess);

	ck_assert_double_eq_tol(tune_goal_figure(&goal, score),
		scores[_i].figure, scores[_i].figure / 1000);
	ck_assert_double_eq_tol(excess, scores[_i].excess, 0.002);
	outcome.round_count = 0;
	ck_assert(isnan(tune_goal_score(&goal, &outcome, &excess)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tune_goal");
	TCase *tcase = tcase_create("tune_goal");
	SRunner *runner;
	int fd = mkstemps(path, 4), failed;

	if (fd < 0)
		return 1;
	close(fd);
	tcase_add_loop_test(
		tcase, test_tune_goal_good_text_is_understood, 0, GOOD);
	tcase_add_loop_test(
		tcase, test_tune_goal_bad_text_is_refused_in_one_line, 0, BAD);
	tcase_add_test(tcase, test_tune_goal_latency_makes_the_section_open);
	tcase_add_test(
		tcase, test_tune_goal_cpu_takes_the_rate_of_the_scenario);
	tcase_add_loop_test(tcase,
		test_tune_goal_unfit_section_is_refused_with_its_place, 0,
		UNFIT);
	tcase_add_loop_test(tcase, test_tune_goal_round_gets_its_score, 0, 5);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	unlink(path);
	return failed != 0;
}
