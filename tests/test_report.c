/* test_report.c - what a person is shown, by words and by width, and the files
 * of the figures.
 */
#include <check.h>
#include <sys/stat.h>

#include "capture.h"
#include "figure/figure.h"
#include "figure/plot.h"
#include "report/cost.h"
#include "report/report.h"
#include "sample_result.h"

static struct sample sample;
static struct result loaded;
static char folder[32];

static void begin(void)
{
	sample_begin(&sample);
	sample_load(&sample, &loaded);
}

static void end(void)
{
	result_free(&loaded);
	sample_end(&sample);
}

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

	snprintf(folder, sizeof(folder), "/tmp/test_report_XXXXXX");
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
	Suite *suite = suite_create("report");
	TCase *tcase = tcase_create("report");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
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
