/* test_export.c - the forms that other programs read: every line has as many
 * fields as its heading, text cannot break out of its field, and a log has what
 * each round measured.
 */
#include <check.h>
#include <ftw.h>

#include "report/export.h"
#include "sample_result.h"

/* What @export prints; caller frees. */
static char *printed(void (*export)(const struct result *, FILE *))
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_ptr_nonnull(out);
	export(&loaded, out);
	fclose(out);
	return text;
}

/* The field after @from, unquoted, into @field; returns where it ended. */
static const char *csv_field(const char *from, char field[512])
{
	bool quoted = *from == '"';
	size_t used = 0;

	from += quoted;
	while (quoted ? *from != '"' || from[1] == '"'
		      : *from != ',' && *from != '\r') {
		ck_assert(*from && used < 511);
		if (quoted && *from == '"')
			from++;
		field[used++] = *from++;
	}
	field[used] = '\0';
	return from + quoted;
}

/* The field of case @index below the heading @name. */
static void csv_at(
	const char *text, size_t index, const char *name, char field[512])
{
	size_t columns = 0, wanted = SIZE_MAX, row = 0;

	for (const char *at = text;; at++, columns++) {
		at = csv_field(at, field);
		if (strcmp(field, name) == 0)
			wanted = columns;
		if (*at == '\r') {
			text = at + 2;
			columns++;
			break;
		}
	}
	ck_assert_msg(wanted != SIZE_MAX, "no column %s", name);
	for (;; row++) {
		char found[512] = "";

		for (size_t column = 0; column < columns; column++, text++) {
			text = csv_field(text, field);
			if (column == wanted)
				strcpy(found, field);
			ck_assert_int_eq(
				*text, column + 1 < columns ? ',' : '\r');
		}
		ck_assert_int_eq(*text++, '\n');
		if (row == index) {
			strcpy(field, found);
			return;
		}
	}
}

static const struct {
	size_t index;
	const char *name, *value;
} fields[] = {
	{SAMPLE_RING_8, "id", "speed/ring/8"},
	{SAMPLE_RING_8, "msgs_per_s", "4000000"},
	{SAMPLE_RING_8, "msgs_per_s_hi", "6000000"},
	{SAMPLE_RING_64, "bytes_per_s", "256000000"},
	{SAMPLE_RING_8, "p50_ns", ""},
	{SAMPLE_RING_8, "kills", ""},
	{SAMPLE_MQ_64, "status", "skip"},
	{SAMPLE_MQ_64, "msgs_per_s", ""},
	{SAMPLE_MQ_64, "received", ""},
	{SAMPLE_MQ_64, "reason", "mq carries at most 32 bytes here"},
	{SAMPLE_NULL_8, "limit", "true"},
	{SAMPLE_RTT, "p999_ns", "99903"},
	{SAMPLE_RTT, "max_ns", "100000"},
	{SAMPLE_RTT, "times", "1000"},
	{SAMPLE_CRASH, "recovered", "4"},
	{SAMPLE_OPEN, "p50_ns", "500223"},
	{SAMPLE_OPEN, "sent_p99_ns", "99007"},
	{SAMPLE_OPEN, "lag_p99_ns", "891391"},
	{SAMPLE_OPEN, "offered_per_s", "1000000"},
	{SAMPLE_OPEN, "backlog", "10"},
	{SAMPLE_RTT, "offered_per_s", ""},
	{SAMPLE_CONTROL, "p50_ns", ""},
	{SAMPLE_CONTROL, "reason", "nobody went on"},
};

START_TEST(test_export_csv_has_each_figure_below_its_name)
{
	char *text = printed(export_csv), field[512];

	csv_at(text, fields[_i].index, fields[_i].name, field);
	ck_assert_str_eq(field, fields[_i].value);
	free(text);
}
END_TEST

START_TEST(test_export_csv_text_stays_in_its_field)
{
	static const char nasty[] = "a \"b\", c\nd";
	char *text, field[512];

	strcpy(loaded.cases[SAMPLE_CONTROL].outcome.reason, nasty);
	strcpy(loaded.cases[SAMPLE_RING_8].bench.transport, ",\",");
	text = printed(export_csv);
	csv_at(text, SAMPLE_CONTROL, "reason", field);
	ck_assert_str_eq(field, nasty);
	csv_at(text, SAMPLE_RING_8, "transport", field);
	ck_assert_str_eq(field, ",\",");
	free(text);
}
END_TEST

static const char *const shown[] = {
	"Test CPU, 2 CPUs",
	"### speed\n",
	"| 8 B | ring | 4.00 M/s | 2.00 M/s .. 6.00 M/s | 32.0 MB/s |",
	"| 8 B | null (limit) |",
	"| 64 B | mq | skip: mq carries at most 32 bytes here | | | | |\n",
	"| queue | 4 | 4 | 4 |",
	"failed: pipe: nobody went on",
	"| ring | 1.00 M/s | 500 us | 990 us |",
};

START_TEST(test_export_markdown_has_the_figures_and_the_gaps)
{
	char *text = printed(export_markdown);

	ck_assert_msg(
		strstr(text, shown[_i]), "no \"%s\" in:\n%s", shown[_i], text);
	free(text);
}
END_TEST

/* Cells are counted as a reader of Markdown does: an escaped bar is text. */
START_TEST(test_export_markdown_rows_are_as_wide_as_their_head)
{
	size_t wide = 0, rows = 0;
	char *text;

	strcpy(loaded.cases[SAMPLE_CONTROL].outcome.reason, "a|b\n| c | d");
	strcpy(loaded.cases[SAMPLE_RING_8].bench.transport, "exec:a|b");
	text = printed(export_markdown);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		size_t bars = 0;

		if (line[0] != '|') {
			wide = 0;
			continue;
		}
		for (size_t i = 0; line[i]; i++)
			bars += line[i] == '|' &&
				(i == 0 || line[i - 1] != '\\');
		if (wide == 0)
			wide = bars;
		ck_assert_msg(bars == wide, "%zu bars, not %zu: %s", bars, wide,
			line);
		rows++;
	}
	ck_assert_uint_ge(rows, SAMPLE_CASES + 3 * 2); /* tables have heads */
	free(text);
}
END_TEST

static int take_away(const char *path, const struct stat *status, int type,
	struct FTW *place)
{
	(void)status, (void)type, (void)place;
	return remove(path);
}

/* The log NAME.hlog that export_hdr() makes in a folder of its own; caller
 * frees. */
static char *hdr_log(const char *name)
{
	char dir[] = "/tmp/test_export_XXXXXX", path[256], *text = NULL;
	size_t bytes = 0;
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(export_hdr(&loaded, dir), 0);
	snprintf(path, sizeof(path), "%s/%s.hlog", dir, name);
	file = fopen(path, "re");
	ck_assert_msg(file != NULL, "no %s", path);
	ck_assert_int_gt(getdelim(&text, &bytes, '\0', file), 0);
	fclose(file);
	ck_assert_int_eq(nftw(dir, take_away, 8, FTW_DEPTH | FTW_PHYS), 0);
	return text;
}

/* Interval @index of a log: its numbers into @ret_numbers, its histogram. */
static struct hist *hdr_interval(
	const char *log, size_t index, double ret_numbers[3])
{
	struct hist *hist = malloc(sizeof(*hist));
	const char *line = log;
	char *text = NULL;

	for (size_t i = 0; line && i <= index; i++)
		line = strstr(line + 1, "\nTag=");
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(
		sscanf(line, "\nTag=%*[^,],%lf,%lf,%lf,%ms", &ret_numbers[0],
			&ret_numbers[1], &ret_numbers[2], &text),
		4);
	ck_assert_ptr_nonnull(hist);
	ck_assert_int_eq(hist_decode(text, hist), 0);
	free(text);
	return hist;
}

static size_t hdr_intervals(const char *log)
{
	size_t count = 0;

	while ((log = strstr(log + 1, "\nTag=")))
		count++;
	return count;
}

static const struct {
	const char *name;
	double step_ms; /* of the 1000 values, all one such step apart */
} logs[] = {
	{"latency-ring-64", 1e-4},
	{"load-ring-1024", 1e-3},
	{"load-ring-1024-from-send", 1e-4},
	{"load-ring-1024-lag", 9e-4},
};

START_TEST(test_export_hdr_log_has_an_interval_a_round)
{
	char *log = hdr_log(logs[_i].name);
	size_t total = 0;

	ck_assert_uint_eq(hdr_intervals(log), SAMPLE_ROUNDS);
	for (size_t r = 0; r < SAMPLE_ROUNDS; r++) {
		double numbers[3];
		struct hist *hist = hdr_interval(log, r, numbers);
		/* The last value of each: 1000, 998 and 999 steps. */
		double last = r == 0 ? 1000 : 997 + (double)r;

		ck_assert_double_eq(numbers[0], 1.5 * (double)(r + 1));
		ck_assert_double_eq(numbers[1], 0.1);
		ck_assert_double_eq_tol(
			numbers[2], last * logs[_i].step_ms, 0.00051);
		ck_assert_uint_eq(hist->total, r == 0 ? 334 : 333);
		total += hist->total;
		free(hist);
	}
	ck_assert_uint_eq(total, 1000);
	free(log);
}
END_TEST

/* A case of a result from before rounds kept theirs, or one that has none. */
START_TEST(test_export_hdr_log_of_no_rounds_is_one_interval)
{
	struct outcome *outcome = &loaded.cases[SAMPLE_RTT].outcome;
	struct hist *hist;
	double numbers[3];
	char *log;

	for (size_t r = 0; r < SAMPLE_ROUNDS; r++)
		round_clear(&outcome->rounds[r]);
	log = hdr_log("latency-ring-64");
	ck_assert_uint_eq(hdr_intervals(log), 1);
	hist = hdr_interval(log, 0, numbers);
	ck_assert_double_eq(numbers[0], 0);
	ck_assert_double_eq_tol(numbers[1], 0.3, 1e-9);
	ck_assert_uint_eq(hist->total, 1000);
	free(hist);
	free(log);
	log = hdr_log("crash-queue-64");
	ck_assert_uint_eq(hdr_intervals(log), 1);
	free(log);
}
END_TEST

/* The crash case as one of single steps, @hung of its deaths harmful. */
static char *markdown_of_steps(uint64_t hung)
{
	struct result_case *one = &loaded.cases[SAMPLE_CRASH];
	struct crash_steps *steps = calloc(1, sizeof(*steps));

	ck_assert_ptr_nonnull(steps);
	steps->trials = steps->struck = 3000;
	steps->verdicts[VERDICT_UNDONE] = 3000 - hung;
	steps->verdicts[VERDICT_HANG] = hung;
	one->bench.kill_at = KILL_AT_INSTRUCTION;
	one->outcome.crash.steps = steps;
	return printed(export_markdown);
}

START_TEST(test_export_markdown_of_steps_without_harm_says_what_that_proves)
{
	char *text = markdown_of_steps(0);

	ck_assert_msg(strstr(text, "\n| queue | yes | 0 | 0 | 0 | 0 | 0 | 0 | "
				   "200 us | 400 us | 3000 |\n"),
		"%s", text);
	ck_assert_ptr_nonnull(
		strstr(text, "queue: 0 violations in 3000 kills: "
			     "fewer than 3/3000 = 0.001 at 95 %"));
	free(text);
}
END_TEST

START_TEST(test_export_markdown_of_steps_with_harm_says_which)
{
	char *text = markdown_of_steps(7);

	ck_assert_msg(strstr(text, "\n| queue | no | 7 | 0 | 0 | 0 | 0 | 0 | "),
		"%s", text);
	ck_assert_ptr_null(strstr(text, "violations in"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("export");
	TCase *tcase = tcase_create("export");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, sample_set_up, sample_tear_down);
	tcase_add_loop_test(tcase,
		test_export_csv_has_each_figure_below_its_name, 0,
		sizeof(fields) / sizeof(*fields));
	tcase_add_test(tcase, test_export_csv_text_stays_in_its_field);
	tcase_add_loop_test(tcase,
		test_export_markdown_has_the_figures_and_the_gaps, 0,
		sizeof(shown) / sizeof(*shown));
	tcase_add_test(
		tcase, test_export_markdown_rows_are_as_wide_as_their_head);
	tcase_add_loop_test(tcase, test_export_hdr_log_has_an_interval_a_round,
		0, sizeof(logs) / sizeof(*logs));
	tcase_add_test(tcase, test_export_hdr_log_of_no_rounds_is_one_interval);
	tcase_add_test(tcase,
		test_export_markdown_of_steps_without_harm_says_what_that_proves);
	tcase_add_test(
		tcase, test_export_markdown_of_steps_with_harm_says_which);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
