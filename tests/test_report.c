/* test_report.c - what a person is shown, by words and by width, and the files
 * of the figures.
 */
#include <check.h>
#include <sys/stat.h>

#include "capture.h"
#include "plot.h"
#include "report.h"
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
	"10 cases: 8 ok, 1 skipped, 0 violated, 1 failed",
};

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
static char *drawn(const char *name)
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
	unlink(path);
	return text;
}

static void plot_without_gnuplot(char *said, size_t said_bytes)
{
	struct capture capture;

	snprintf(folder, sizeof(folder), "/tmp/test_report_XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	put_template("style.gp", "# the style\n");
	put_template("throughput.gp", "# of throughput\n");
	put_template("roundtrip.gp", "# of roundtrip\n");
	put_template("recovery.gp", "# of recovery\n");
	setenv("IPCMARK_PLOTS", folder, 1);
	setenv("PATH", folder, 1);
	capture = capture_begin();
	ck_assert_int_eq(plot_result(&loaded, folder), 0);
	capture_end(&capture, said, said_bytes);
}

static void remove_templates(void)
{
	free(drawn("style.gp"));
	ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(test_plot_without_gnuplot_writes_the_data_and_says_so_once)
{
	char said[1024], *text;

	plot_without_gnuplot(said, sizeof(said));
	ck_assert_msg(strstr(said, "no gnuplot here"), "said: %s", said);
	ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
	text = drawn("throughput.tsv");
	ck_assert_msg(strstr(text, "\n8\t4e+06\t2e+06\t6e+06\n"), "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "1\t1\t1\tnull (limit)\n"));
	ck_assert_ptr_nonnull(strstr(
		text, "note\tmq carries at most 32 bytes here (64 B)\n"));
	free(text);
	text = drawn("recovery.tsv");
	ck_assert_ptr_nonnull(strstr(text,
		"note\tFAILED  pipe: nobody went on; recovered from 0 of 1 "
		"kills\n"));
	ck_assert_ptr_nonnull(strstr(text, "limit_ns\t50000000\n"));
	free(text);
	text = drawn("roundtrip.tsv");
	ck_assert_ptr_nonnull(strstr(text, "\n1000\t100000\n")); /* slowest */
	free(text);
	free(drawn("throughput.gp"));
	free(drawn("roundtrip.gp"));
	free(drawn("recovery.gp"));
	remove_templates();
}
END_TEST

/* Two batches are two figures, named for them. */
START_TEST(test_plot_figures_are_named_by_what_sets_them_apart)
{
	char said[1024], *text;

	for (int i = SAMPLE_PIPE_8; i <= SAMPLE_NULL_8; i++)
		loaded.cases[i].bench.batch = 32;
	plot_without_gnuplot(said, sizeof(said));
	free(drawn("throughput-batch-1.tsv"));
	text = drawn("throughput-batch-32.tsv");
	ck_assert_ptr_nonnull(strstr(text, "axes\tbatch 32, "));
	free(text);
	text = drawn("throughput-batch-32.gp");
	ck_assert_ptr_nonnull(strstr(text, "NAME = \"throughput-batch-32\""));
	ck_assert_ptr_nonnull(strstr(text, "# the style\n"));
	ck_assert_ptr_nonnull(strstr(text, "# of throughput\n"));
	free(text);
	free(drawn("throughput-batch-1.gp"));
	free(drawn("throughput.gp"));
	free(drawn("roundtrip.tsv"));
	free(drawn("roundtrip.gp"));
	free(drawn("recovery.tsv"));
	free(drawn("recovery.gp"));
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
	tcase_add_test(
		tcase, test_report_violated_case_is_marked_and_has_no_rate);
	tcase_add_test(
		tcase, test_report_fits_a_hundred_columns_without_colour);
	tcase_add_test(tcase,
		test_plot_without_gnuplot_writes_the_data_and_says_so_once);
	tcase_add_test(
		tcase, test_plot_figures_are_named_by_what_sets_them_apart);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
