/* test_hist.c - where values go, what comes back, and which text is refused. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hist.h"

static struct hist *hist_new(void)
{
	struct hist *hist = malloc(sizeof(*hist));

	ck_assert_ptr_nonnull(hist);
	hist_init(hist);
	return hist;
}

static const uint64_t values[] = {1, 2, 999, 1023, 1024, 2047, 2048, 2049, 4095,
	4096, 5000, 123456, 1000000, 999999999, UINT64_C(12345678901),
	HIST_MAX_NS - 1, HIST_MAX_NS};

START_TEST(test_hist_value_comes_back_within_a_thousandth)
{
	struct hist *hist = hist_new();
	uint64_t value = values[_i], found;

	hist_record(hist, value);
	hist_record(hist, HIST_MAX_NS); /* so that max_ns does not help */
	found = hist_percentile(hist, 50);
	ck_assert_uint_ge(found, value);
	ck_assert_msg(found - value <= value / 1000, "%llu came back as %llu",
		(unsigned long long)value, (unsigned long long)found);
	free(hist);
}
END_TEST

START_TEST(test_hist_extremes_are_exact)
{
	struct hist *hist = hist_new();

	hist_record(hist, 1234567);
	hist_record(hist, 7654321);
	ck_assert_uint_eq(hist->min_ns, 1234567);
	ck_assert_uint_eq(hist->max_ns, 7654321);
	ck_assert_uint_eq(hist_percentile(hist, 100), 7654321);
	free(hist);
}
END_TEST

START_TEST(test_hist_out_of_range_is_clamped)
{
	struct hist *hist = hist_new();

	hist_record(hist, 0);
	hist_record(hist, UINT64_MAX);
	ck_assert_uint_eq(hist->min_ns, 1);
	ck_assert_uint_eq(hist->max_ns, HIST_MAX_NS);
	ck_assert_uint_eq(hist_percentile(hist, 50), 1);
	free(hist);
}
END_TEST

START_TEST(test_hist_empty_has_no_percentile)
{
	struct hist *hist = hist_new();

	ck_assert_uint_eq(hist_percentile(hist, 99), 0);
	free(hist);
}
END_TEST

/* Of 1 .. 1000, p % are at most 10 p. */
static const struct {
	double percent;
	uint64_t value;
} ranks[] = {{0, 1}, {0.05, 1}, {0.1, 1}, {0.11, 2}, {50, 500}, {90, 900},
	{99, 990}, {99.9, 999}, {99.91, 1000}, {100, 1000}};

START_TEST(test_hist_percentile_is_the_rank_rounded_up)
{
	struct hist *hist = hist_new();

	for (uint64_t value = 1; value <= 1000; value++)
		hist_record(hist, value);
	ck_assert_uint_eq(
		hist_percentile(hist, ranks[_i].percent), ranks[_i].value);
	free(hist);
}
END_TEST

START_TEST(test_hist_add_sums_counts_and_extremes)
{
	struct hist *a = hist_new(), *b = hist_new();

	hist_record(a, 100);
	hist_record(b, 50);
	hist_record(b, 5000000);
	hist_add(a, b);
	ck_assert_uint_eq(a->total, 3);
	ck_assert_uint_eq(a->min_ns, 50);
	ck_assert_uint_eq(a->max_ns, 5000000);
	ck_assert_uint_eq(hist_percentile(a, 50), 100);
	free(a);
	free(b);
}
END_TEST

/* A writer killed between the bucket and the total. */
START_TEST(test_hist_half_recorded_value_does_not_get_lost)
{
	struct hist *hist = hist_new(), *back = hist_new();
	char *text;

	hist_record(hist, 10);
	hist->counts[20]++;
	ck_assert_int_eq(hist_encode(hist, &text), 0);
	ck_assert_int_eq(hist_decode(text, back), 0);
	ck_assert_uint_eq(back->total, 2);
	free(text);
	free(hist);
	free(back);
}
END_TEST

static void fill(struct hist *hist, int kind)
{
	uint64_t state = 88172645463325252;

	for (int i = 0; i < (kind == 0 ? 0 : 20000); i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		hist_record(
			hist, kind == 1 ? state % 3000 : state >> (state & 63));
	}
	if (kind == 2) /* a count of many LEB128 bytes */
		hist->counts[77] += UINT64_C(1) << 62;
}

START_TEST(test_hist_text_brings_every_count_back)
{
	struct hist *hist = hist_new(), *back = hist_new();
	char *text;

	fill(hist, _i);
	ck_assert_int_eq(hist_encode(hist, &text), 0);
	ck_assert_int_eq(hist_decode(text, back), 0);
	ck_assert_mem_eq(hist->counts, back->counts, sizeof(hist->counts));
	free(text);
	free(hist);
	free(back);
}
END_TEST

/* Written by another implementation of the format: 3 times 1, 1000 times 180,
 * 2047 and 2048 twice each, 70 times 5200, 5 times 1e6, once 59999999999. */
static const char foreign[] =
	"HISTFAAAADV4nJNpmSzMwMAgygABzFCaEYh5f7hHMNh/gAqwPWa6wD9ZloVlqUgP4/Qq"
	"rs1/GZkA7G0Kyg==";

START_TEST(test_hist_text_of_another_writer_is_read)
{
	struct hist *hist = hist_new();

	ck_assert_int_eq(hist_decode(foreign, hist), 0);
	ck_assert_uint_eq(hist->total, 1083);
	ck_assert_uint_eq(hist->counts[1], 3);
	ck_assert_uint_eq(hist->counts[180], 1000);
	ck_assert_uint_eq(hist->counts[2047], 2);
	ck_assert_uint_eq(hist->counts[2048], 2);
	ck_assert_uint_eq(hist_percentile(hist, 50), 180);
	ck_assert_uint_eq(hist_percentile(hist, 99), 5203);
	ck_assert_uint_eq(hist_percentile(hist, 99.9), 1000447);
	free(hist);
}
END_TEST

static const char *const garbage[] = {"", "=", "====", "HIST", "HIS",
	"HISTFA==", "HISTFAAAADV4nJNpmSzMwMAgygAB", "!!!!",
	"HISTFAAAADV4nJNp\nmSzMwMAg==",
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

START_TEST(test_hist_garbage_is_refused_and_changes_nothing)
{
	struct hist *hist = hist_new(), *before = hist_new();

	hist_record(hist, 42);
	*before = *hist;
	ck_assert_int_eq(hist_decode(garbage[_i], hist), -EBADMSG);
	ck_assert_mem_eq(hist, before, sizeof(*hist));
	free(hist);
	free(before);
}
END_TEST

/* Every single character of a good text replaced or the text cut there. */
START_TEST(test_hist_damaged_text_never_breaks_the_reader)
{
	struct hist *hist = hist_new();
	char text[sizeof(foreign)];

	for (size_t i = 0; i + 1 < sizeof(foreign); i++) {
		memcpy(text, foreign, sizeof(text));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		hist_decode(text, hist);
		text[i] = '\0';
		ck_assert_int_eq(hist_decode(text, hist), -EBADMSG);
	}
	free(hist);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hist");
	TCase *tcase = tcase_create("hist");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase,
		test_hist_value_comes_back_within_a_thousandth, 0,
		sizeof(values) / sizeof(*values));
	tcase_add_test(tcase, test_hist_extremes_are_exact);
	tcase_add_test(tcase, test_hist_out_of_range_is_clamped);
	tcase_add_test(tcase, test_hist_empty_has_no_percentile);
	tcase_add_loop_test(tcase, test_hist_percentile_is_the_rank_rounded_up,
		0, sizeof(ranks) / sizeof(*ranks));
	tcase_add_test(tcase, test_hist_add_sums_counts_and_extremes);
	tcase_add_test(tcase, test_hist_half_recorded_value_does_not_get_lost);
	tcase_add_loop_test(
		tcase, test_hist_text_brings_every_count_back, 0, 3);
	tcase_add_test(tcase, test_hist_text_of_another_writer_is_read);
	tcase_add_loop_test(tcase,
		test_hist_garbage_is_refused_and_changes_nothing, 0,
		sizeof(garbage) / sizeof(*garbage));
	tcase_add_test(tcase, test_hist_damaged_text_never_breaks_the_reader);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
