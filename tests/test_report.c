/* test_report.c - what a person is shown, by words and by width.
 */
#include <check.h>

#include "report/cost.h"
#include "report/report.h"
#include "sample_result.h"

/* The page; caller frees. */
static char *page(void)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_ptr_nonnull(out);
	report_show(&loaded, out);
	fclose(out);
	return text;
}

static const char *const shown[] = {
	"Test CPU, 2 CPUs\n",
	"50 ns min, ", /* distance */
	"62 ns max",
	"verify header: ",		   /* of the throughput section */
	"verify full: ",		   /* of the others */
	"4.00 M/s   2.00 M/s .. 6.00 M/s", /* ring */
	"0.50x",			   /* pipe at 8 B against the ring */
	"0.25x",			   /* at 64 B */
	"null (limit)",
	"pipe (no claim)",
	"mq carries at most 32 bytes here (1 case)",
	"11 cases: 9 ok, 1 skipped, 0 violated, 1 failed\n",
	/* the harness */
	"The harness itself: 1.75 ns a message (1.50 to 2.00), "
	"61 ns in an open loop\n",
	"No cycles, instructions, misses: this machine shows none\n",
	/* the open loop: offered, p50, p99, p99.9, dropped, lag p99 */
	"1.00 M/s    500 us    990 us    999 us     0.7 %    891 us",
	"dropped: not sent, as the next one was due\n",
	"ends after 12.3 k messages at the latest, rounds once the median's "
	"interval is within 5 %\n",
	"bursts of 4, 2.00 us of work a message, 75 % of 64 B, 25 % of 1 KiB",
	"50 % load, poisson",
};

/* Whose late messages are sent all the same has dropped none to tell of. */
START_TEST(test_report_open_loop_that_drops_nothing_shows_the_sender)
{
	char *text;

	loaded.cases[SAMPLE_OPEN].bench.late = LATE_SEND;
	text = page();
	ck_assert_ptr_nonnull(strstr(text, "sent p99"));
	ck_assert_ptr_nonnull(strstr(text, "999 us   99.0 us    891 us"));
	ck_assert_ptr_null(strstr(text, "dropped:"));
	free(text);
}
END_TEST

START_TEST(test_report_page_has_the_figures)
{
	char *text = page();

	ck_assert_msg(
		strstr(text, shown[_i]), "no \"%s\" in:\n%s", shown[_i], text);
	free(text);
}
END_TEST

START_TEST(test_report_violated_case_is_marked_and_has_no_rate)
{
	struct outcome *outcome = &loaded.cases[SAMPLE_PIPE_8].outcome;
	char *text, *row;

	outcome->status = STATUS_VIOLATED;
	outcome->verify.lost = 3;
	text = page();
	row = strstr(text, "VIOLATED  3 lost");
	ck_assert_msg(row, "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "1 violated"));
	row[strcspn(row, "\n")] = '\0';
	ck_assert_ptr_null(strstr(row, "M/s"));
	free(text);
}
END_TEST

START_TEST(test_report_unreached_case_says_why_and_has_no_times)
{
	struct outcome *outcome = &loaded.cases[SAMPLE_OPEN].outcome;
	char *text, *row;

	outcome->status = STATUS_UNREACHED;
	snprintf(outcome->reason, sizeof(outcome->reason),
		"1.00 M/s offered: 30.0 %% of it was not sent in time");
	text = page();
	row = strstr(text, "UNREACHED  1.00 M/s offered: 30.0 %");
	ck_assert_msg(row, "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "1 failed, 1 short of their load"));
	row[strcspn(row, "\n")] = '\0';
	ck_assert_ptr_null(strstr(row, " us"));
	free(text);
}
END_TEST

START_TEST(test_report_cost_is_a_message_s_and_unknown_is_no_figure)
{
	char *text = NULL, *row;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_ptr_nonnull(out);
	report_cost(&loaded, out);
	fclose(out);
	row = strstr(text, "load/ring/1024");
	ck_assert_msg(row, "%s", text);
	row[strcspn(row, "\n")] = '\0';
	/* switches that it made, and none that it was made to; no cycles */
	ck_assert_msg(strstr(row, "     0.5       0       0       -       0"),
		"%s", row);
	ck_assert_ptr_null(strstr(text, "crash/"));
	free(text);
}
END_TEST

/* By the figures and not by the plan, whichever way round they are. */
START_TEST(test_report_fastest_transport_stands_first)
{
	struct interval *ring = &loaded.cases[SAMPLE_RING_8].msgs_per_s;
	struct interval *pipe = &loaded.cases[SAMPLE_PIPE_8].msgs_per_s;

	for (int turn = 0; turn < 2; turn++) {
		const char *at_ring, *at_pipe;
		char *text;

		ring->median = turn ? 1e6 : 2e6;
		pipe->median = turn ? 2e6 : 1e6;
		text = page();
		at_ring = strstr(text, "\n    ring ");
		at_pipe = strstr(text, "\n    pipe ");
		ck_assert_msg(
			at_ring && at_pipe && (at_ring < at_pipe) == !turn,
			"%s", text);
		free(text);
	}
}
END_TEST

START_TEST(test_report_says_how_quiet_it_was_and_how_many_were_disturbed)
{
	json_t *facts = loaded.environment->facts;
	char *text = page();

	ck_assert_ptr_null(strstr(text, "Noise grade"));
	ck_assert_ptr_null(strstr(text, "disturbed"));
	free(text);
	json_object_set_new(facts, "noise_grade", json_string("C"));
	json_object_set_new(facts, "noise_complaints",
		json_pack("[{s:s}, {s:s}]", "what", "governor powersave",
			"what", "SMT on"));
	loaded.disturbed = (struct disturbed_seen){
		.slices = 21, .steal = 2, .moves = 1, .any = 3};
	text = page();
	ck_assert_msg(
		strstr(text, "Noise grade C: governor powersave; SMT on\n"),
		"%s", text);
	ck_assert_msg(
		strstr(text, "3 of 21 slices disturbed (the host took CPU "
			     "time 2, a worker changed CPU 1)"),
		"%s", text);
	free(text);
}
END_TEST

START_TEST(test_report_fits_a_hundred_columns_without_colour)
{
	char *text;

	memset(loaded.cases[SAMPLE_RING_8].bench.transport, 'x', 250);
	memset(loaded.cases[SAMPLE_MQ_64].outcome.reason, 'y', 190);
	text = page();
	ck_assert_ptr_null(strchr(text, '\033'));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		ck_assert_msg(strlen(line) <= 100, "%zu columns: %s",
			strlen(line), line);
	free(text);
}
END_TEST

/* Two sections that differ in what stands last must not look alike. */
START_TEST(test_report_long_heading_goes_on_in_the_next_line)
{
	static const char *const last[] = {"buffer 64 GiB", "access lease",
		"spin 12345us", "huge reserved", "memory interleave"};
	char *text, *heading, *end;

	for (size_t i = 0; i < loaded.case_count; i++) {
		struct bench_case *bench = &loaded.cases[i].bench;

		bench->msg_size_bytes = 1000001;
		bench->producers = bench->consumers = 17;
		snprintf(bench->placement, sizeof(bench->placement),
			"0/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17");
		bench->capacity_bytes = UINT64_C(64) << 30;
		bench->access = ACCESS_LEASE;
		bench->memory = MEMORY_INTERLEAVE;
		bench->spin_us = 12345;
		bench->huge = HUGE_PAGES_RESERVED;
	}
	text = page();
	heading = strstr(text, "\n[");
	ck_assert_ptr_nonnull(heading);
	end = strstr(heading, "\n  verify");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	for (char *at = heading; (at = strchr(at, '\n')); *at = ' ')
		ck_assert_uint_le((size_t)(strcspn(at + 1, "\n")), 100);
	for (char *at = heading + 1; (at = strchr(at, ' ')); at++)
		while (at[1] == ' ')
			memmove(at + 1, at + 2, strlen(at + 2) + 1);
	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		ck_assert_msg(strstr(heading, last[i]) != NULL, "no '%s' in %s",
			last[i], heading);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tcase = tcase_create("report");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, sample_set_up, sample_tear_down);
	tcase_add_loop_test(tcase, test_report_page_has_the_figures, 0,
		sizeof(shown) / sizeof(*shown));
	tcase_add_test(tcase, test_report_fastest_transport_stands_first);
	tcase_add_test(tcase,
		test_report_open_loop_that_drops_nothing_shows_the_sender);
	tcase_add_test(
		tcase, test_report_violated_case_is_marked_and_has_no_rate);
	tcase_add_test(tcase,
		test_report_says_how_quiet_it_was_and_how_many_were_disturbed);
	tcase_add_test(
		tcase, test_report_unreached_case_says_why_and_has_no_times);
	tcase_add_test(tcase,
		test_report_cost_is_a_message_s_and_unknown_is_no_figure);
	tcase_add_test(
		tcase, test_report_fits_a_hundred_columns_without_colour);
	tcase_add_test(
		tcase, test_report_long_heading_goes_on_in_the_next_line);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
