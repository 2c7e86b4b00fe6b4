/* test_plot.c - the figures of a result: which there are, what they are called, and
 * what stands in their files.
 */
#include <check.h>
#include <sys/stat.h>

#include "capture.h"
#include "figure/figure.h"
#include "figure/plot.h"
#include "sample_result.h"

static char folder[32];

static void put_template(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* The file @name in the figures' folder; caller frees. */
static char *read_drawn(const char *name)
{
	char path[128];
	char *text = calloc(1, 65536);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	ck_assert_msg(file, "no %s", path);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_gt(fread(text, 1, 65535, file), 0);
	fclose(file);
	return text;
}

static void remove_file(const char *name, const char *ending)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, ending);
	ck_assert_msg(unlink(path) == 0, "no %s", path);
}

/* Both files of the figure @name, which must be there. */
static void remove_drawn(const char *name)
{
	remove_file(name, ".tsv");
	remove_file(name, ".gp");
}

static void plot_without_gnuplot(char *said, size_t said_bytes)
{
	struct capture capture;

	snprintf(folder, sizeof(folder), "/tmp/test_plot_XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	put_template("style.gp", "# the style\n");
	put_template("throughput.gp", "# of throughput\n");
	put_template("roundtrip.gp", "# of roundtrip\n");
	put_template("rounds.gp", "# of rounds\n");
	put_template("recovery.gp", "# of recovery\n");
	put_template("rank.gp", "# of rank\n");
	setenv("IPCMARK_PLOTS", folder, 1);
	setenv("PATH", folder, 1);
	capture = capture_begin();
	ck_assert_int_eq(plot_result(&loaded, folder), 0);
	capture_end(&capture, said, said_bytes);
}

/* The templates that no figure of the same name was written over. */
static void remove_templates(void)
{
	remove_file("style", ".gp");
	remove_file("rounds", ".gp");
	remove_file("rank", ".gp");
	ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(test_plot_without_gnuplot_writes_the_data_and_says_so_once)
{
	char said[1024], *text;

	plot_without_gnuplot(said, sizeof(said));
	ck_assert_msg(strstr(said, "no gnuplot here"), "said: %s", said);
	ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
	text = read_drawn("throughput.tsv");
	ck_assert_msg(strstr(text, "\n8\t4e+06\t2e+06\t6e+06\n"), "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "1\t1\t1\tnull (limit)\n"));
	ck_assert_ptr_nonnull(strstr(
		text, "note\tmq carries at most 32 bytes here (64 B)\n"));
	free(text);
	text = read_drawn("recovery.tsv");
	ck_assert_ptr_nonnull(strstr(text,
		"note\tFAILED  pipe: nobody went on; recovered from 0 of 1 "
		"kills\n"));
	ck_assert_ptr_nonnull(strstr(text, "limit_ns\t50000000\n"));
	free(text);
	text = read_drawn("roundtrip.tsv");
	ck_assert_ptr_nonnull(strstr(text, "\n1000\t100000\n")); /* slowest */
	free(text);
	remove_drawn("throughput");
	remove_drawn("roundtrip");
	remove_drawn("recovery");
	remove_drawn("throughput-rounds");
	remove_drawn("roundtrip-rounds");
	remove_drawn("latency");
	remove_drawn("latency-rounds");
	remove_templates();
}
END_TEST

/* The figure of rounds: no limit, one panel a size, each round with its value
 * and the median of all. */
START_TEST(test_plot_rounds_has_a_point_a_round)
{
	char said[1024], *text;

	plot_without_gnuplot(said, sizeof(said));
	text = read_drawn("throughput-rounds.tsv");
	ck_assert_ptr_nonnull(strstr(text, "\n1\t2e+06\t4e+06\t2e+06\t6e+06\n"
					   "2\t4e+06\t4e+06\t2e+06\t6e+06\n"
					   "3\t6e+06\t4e+06\t2e+06\t6e+06\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n1\t8 B\n2\t64 B\n"));
	ck_assert_ptr_null(strstr(text, "null"));
	ck_assert_ptr_nonnull(strstr(text, "title\tThroughput in each round"));
	ck_assert_ptr_nonnull(strstr(text, "note\tmq carries"));
	free(text);
	text = read_drawn("roundtrip-rounds.tsv");
	ck_assert_ptr_nonnull(strstr(text, "\n1\t0.0001\t5e-05\t"));
	free(text);
	text = read_drawn("throughput-rounds.gp");
	ck_assert_ptr_nonnull(strstr(text, "# of rounds\n"));
	free(text);
	remove_drawn("throughput");
	remove_drawn("roundtrip");
	remove_drawn("recovery");
	remove_drawn("throughput-rounds");
	remove_drawn("roundtrip-rounds");
	remove_drawn("latency");
	remove_drawn("latency-rounds");
	remove_templates();
}
END_TEST

/* Latency by both clocks, a panel each; with a second rate, by load, too. */
START_TEST(test_plot_open_loop_has_both_clocks_and_a_curve_by_load)
{
	struct result_case cases[2] = {
		loaded.cases[SAMPLE_OPEN], loaded.cases[SAMPLE_OPEN]};
	struct result result = loaded;
	char *text = NULL;
	size_t bytes = 0;
	struct figure_list list;
	FILE *out;

	cases[0].bench.rate = RATE_SHARE | 90;
	cases[0].outcome.offered_per_s = 1.8e6;
	cases[0].outcome.status = STATUS_UNREACHED;
	result.cases = cases;
	result.case_count = 2;
	ck_assert_int_eq(figure_list_make(&result, &list), 0);
	ck_assert_uint_eq(list.figure_count, 5);
	for (size_t i = 0; i < list.figure_count; i++) {
		out = open_memstream(&text, &bytes);
		ck_assert_ptr_nonnull(out);
		ck_assert_int_eq(figure_write(&list.figures[i], out), 0);
		fclose(out);
		if (strcmp(list.figures[i].name, "load") == 0)
			ck_assert_msg(strstr(text, "\n1e+06\t1\t0.000500223\t"
						   "0.000990207\t5.0015e-05\t"
						   "9.9007e-05\t") &&
					      strstr(text, "\n1.8e+06\t0\t"),
				"%s", text);
		else if (strcmp(list.figures[i].name, "latency-90-load") == 0)
			ck_assert_msg(
				strstr(text, "\n1000\t1000000\n") &&
					strstr(text, "\n1000\t100000\n") &&
					strstr(text, "1\tfrom when it was due"
						     "\n2\tfrom when it was "
						     "sent\n"),
				"%s", text);
		free(text);
	}
	ck_assert_str_eq(list.figures[0].name, "latency-90-load");
	ck_assert_str_eq(list.figures[1].name, "load");
	figure_list_free(&list);
}
END_TEST

/* Ten sizes, six panels: the smallest, the largest, and what lies between. */
START_TEST(test_plot_rounds_of_many_sizes_fit_on_a_page)
{
	struct result_case cases[SAMPLE_CASES];
	struct result result = loaded;
	struct figure_list list;
	const struct figure *rounds;
	unsigned panels[SAMPLE_CASES + 1] = {0};

	for (size_t i = 0; i < SAMPLE_CASES; i++) {
		cases[i] = loaded.cases[SAMPLE_RING_8];
		cases[i].bench.msg_size_bytes = UINT64_C(8) << i;
	}
	result.cases = cases;
	ck_assert_int_eq(figure_list_make(&result, &list), 0);
	ck_assert_uint_eq(list.figure_count, 2);
	rounds = &list.figures[1];
	for (size_t i = 0; i < SAMPLE_CASES; i++)
		panels[rounds_panel(rounds, &cases[i])]++;
	ck_assert_uint_eq(panels[0], SAMPLE_CASES - 6);
	for (int panel = 1; panel <= 6; panel++)
		ck_assert_uint_eq(panels[panel], 1);
	ck_assert_uint_eq(rounds_panel(rounds, &cases[0]), 1);
	ck_assert_uint_eq(rounds_panel(rounds, &cases[SAMPLE_CASES - 1]), 6);
	ck_assert_uint_eq(rounds_left_out(rounds), SAMPLE_CASES - 6);
	figure_list_free(&list);
}
END_TEST

/* The first figure of @result, as data; caller frees. Its name and template
 * must be these. */
static char *first_figure(
	const struct result *result, const char *name, const char *template)
{
	struct figure_list list;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(figure_list_make(result, &list), 0);
	ck_assert_str_eq(list.figures[0].name, name);
	ck_assert_str_eq(figure_template(&list.figures[0]), template);
	ck_assert_int_eq(figure_write(&list.figures[0], out), 0);
	fclose(out);
	figure_list_free(&list);
	return text;
}

/* Ten curves can be told apart, eleven get a row each; so do points that have
 * no second one to make a curve with. */
START_TEST(test_plot_of_many_transports_is_a_row_each)
{
	struct result_case cases[22];
	struct result result = loaded;
	char *text;

	result.cases = cases;
	for (int i = 0; i < 22; i++) {
		cases[i] = loaded.cases[i % 2 ? SAMPLE_RING_64 : SAMPLE_RING_8];
		snprintf(cases[i].bench.transport,
			sizeof(cases[i].bench.transport), "way-%d", i / 2);
	}
	result.case_count = 20;
	free(first_figure(&result, "throughput", "throughput"));
	result.case_count = 22;
	text = first_figure(&result, "throughput", "rank");
	ck_assert_msg(strstr(text, "\n1\t8 B\n2\t64 B\n"), "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "\n11\t0\t2\tway-10\n"));
	ck_assert_msg(strstr(text, "value\tlo\thi\tp99\tmax\n"
				   "4e+06\t2e+06\t6e+06\tnan\tnan\n"),
		"%s", text);
	free(text);
	result.case_count = 1;
	free(first_figure(&result, "throughput", "rank"));
}
END_TEST

/* A latency's row has its tail, in seconds, by the clock of its panel. */
START_TEST(test_plot_of_many_latencies_has_their_tails)
{
	struct result_case cases[11];
	struct result result = loaded;
	char *text, *second;

	result.cases = cases;
	result.case_count = 11;
	for (int i = 0; i < 11; i++) {
		cases[i] = loaded.cases[SAMPLE_OPEN];
		snprintf(cases[i].bench.transport,
			sizeof(cases[i].bench.transport), "way-%d", i);
	}
	text = first_figure(&result, "latency", "rank");
	second = strstr(text, "\tnan\tnan\t9.9007e-05\t0.0001\n");
	ck_assert_msg(second && strstr(text, "\t0.000990207\t0.001\n") < second,
		"%s", text);
	free(text);
}
END_TEST

/* A round without a message is one with a rate, and the median says so. */
START_TEST(test_plot_rounds_shows_a_round_without_messages)
{
	struct result_case one = loaded.cases[SAMPLE_RING_8];
	struct round_figures rounds[SAMPLE_ROUNDS];
	struct result result = loaded;
	struct figure_list list;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_ptr_nonnull(out);
	memcpy(rounds, one.outcome.rounds, sizeof(rounds));
	rounds[1].msgs = 0;
	one.outcome.rounds = rounds;
	result.cases = &one;
	result.case_count = 1;
	ck_assert_int_eq(figure_list_make(&result, &list), 0);
	ck_assert_uint_eq(list.figure_count, 2);
	ck_assert_int_eq(figure_write(&list.figures[1], out), 0);
	fclose(out);
	ck_assert_msg(strstr(text, "\n2\t0\t2e+06\t0\t6e+06\n"), "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "note\ta cross on the axis"));
	free(text);
	figure_list_free(&list);
}
END_TEST

/* A gap has a reason, of which the sizes are a part. */
START_TEST(test_plot_of_what_stood_still_says_so)
{
	struct result_case cases[2] = {
		loaded.cases[SAMPLE_RING_8], loaded.cases[SAMPLE_RING_64]};
	struct result result = loaded;
	char *text;

	cases[1].msgs_per_s.median = 0;
	result.cases = cases;
	result.case_count = 2;
	text = first_figure(&result, "throughput", "rank");
	ck_assert_msg(strstr(text, "note\tring: no message in most of its "
				   "rounds (64 B)\n"),
		"%s", text);
	free(text);
}
END_TEST

/* What ended behind the measured time of every round is in no round. */
START_TEST(test_plot_of_trips_in_no_round_draws_nothing)
{
	struct result_case one = loaded.cases[SAMPLE_RTT];
	struct round_figures rounds[SAMPLE_ROUNDS];
	struct result result = loaded;
	struct figure_list list;

	memcpy(rounds, one.outcome.rounds, sizeof(rounds));
	for (int i = 0; i < SAMPLE_ROUNDS; i++)
		rounds[i].p50_ns = 0;
	one.outcome.rounds = rounds;
	result.cases = &one;
	result.case_count = 1;
	ck_assert_uint_gt(one.outcome.rtt->total, 0);
	ck_assert_int_eq(figure_list_make(&result, &list), 0);
	ck_assert_uint_eq(list.figure_count, 0);
	figure_list_free(&list);
}
END_TEST

/* The whole measured time was one trip: none ended in it, and it has a time. */
START_TEST(test_plot_of_one_long_trip_has_its_point)
{
	struct result_case one = loaded.cases[SAMPLE_RTT];
	struct round_figures round = {.p50_ns = 2000, .elapsed_ns = 1000};
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	one.outcome.rounds = &round;
	one.outcome.round_count = 1;
	ck_assert(figure_drawable(&one));
	ck_assert_int_eq(rounds_put(&one, out), 0);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "\n1\t2e-06\t2e-06\t"));
	free(text);
}
END_TEST

/* What is no axis, as a burst, is told by the section. */
START_TEST(test_plot_figures_of_one_name_get_their_section_s)
{
	static const char *const sections[] = {"even", "burst", "other"};
	struct result_case cases[3];
	struct result result = loaded;
	struct figure_list list;

	for (int i = 0; i < 3; i++) {
		cases[i] = loaded.cases[SAMPLE_OPEN];
		cases[i].bench.rate = i < 2 ? 20000 : 30000;
		snprintf(cases[i].bench.section, sizeof(cases[i].bench.section),
			"%s", sections[i]);
	}
	cases[1].bench.burst = 100;
	result.cases = cases;
	result.case_count = 3;
	ck_assert_int_eq(figure_list_make(&result, &list), 0);
	ck_assert_str_eq(list.figures[0].name, "latency-20.0-k-s-offered");
	ck_assert_str_eq(
		list.figures[1].name, "latency-20.0-k-s-offered-burst");
	ck_assert_str_eq(list.figures[2].name, "latency-30.0-k-s-offered");
	figure_list_free(&list);
}
END_TEST

/* Two batches are two figures, named for them. */
START_TEST(test_plot_figures_are_named_by_what_sets_them_apart)
{
	char said[1024], *text;

	for (int i = SAMPLE_PIPE_8; i <= SAMPLE_NULL_8; i++)
		loaded.cases[i].bench.batch = 32;
	plot_without_gnuplot(said, sizeof(said));
	text = read_drawn("throughput-batch-32.tsv");
	ck_assert_ptr_nonnull(strstr(text, "axes\tbatch 32, "));
	free(text);
	text = read_drawn("throughput-batch-32.gp");
	ck_assert_ptr_nonnull(strstr(text, "NAME = \"throughput-batch-32\""));
	ck_assert_ptr_nonnull(strstr(text, "# the style\n"));
	ck_assert_ptr_nonnull(strstr(text, "# of throughput\n"));
	free(text);
	remove_drawn("throughput-batch-1");
	remove_drawn("throughput-batch-32");
	remove_drawn("throughput-batch-1-rounds");
	remove_drawn("throughput-batch-32-rounds");
	remove_drawn("roundtrip");
	remove_drawn("roundtrip-rounds");
	remove_drawn("latency");
	remove_drawn("latency-rounds");
	remove_drawn("recovery");
	remove_file("throughput", ".gp");
	remove_templates();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plot");
	TCase *tcase = tcase_create("plot");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, sample_set_up, sample_tear_down);
	tcase_add_test(tcase,
		test_plot_without_gnuplot_writes_the_data_and_says_so_once);
	tcase_add_test(tcase, test_plot_rounds_has_a_point_a_round);
	tcase_add_test(
		tcase, test_plot_open_loop_has_both_clocks_and_a_curve_by_load);
	tcase_add_test(tcase, test_plot_rounds_of_many_sizes_fit_on_a_page);
	tcase_add_test(tcase, test_plot_of_many_transports_is_a_row_each);
	tcase_add_test(tcase, test_plot_of_many_latencies_has_their_tails);
	tcase_add_test(tcase, test_plot_rounds_shows_a_round_without_messages);
	tcase_add_test(tcase, test_plot_of_what_stood_still_says_so);
	tcase_add_test(tcase, test_plot_of_trips_in_no_round_draws_nothing);
	tcase_add_test(tcase, test_plot_of_one_long_trip_has_its_point);
	tcase_add_test(
		tcase, test_plot_figures_of_one_name_get_their_section_s);
	tcase_add_test(
		tcase, test_plot_figures_are_named_by_what_sets_them_apart);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
