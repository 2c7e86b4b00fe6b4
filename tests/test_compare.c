/* test_compare.c - ratios that are known, pairs that must not be made, and
 * requests that are refused.
 */
#include <check.h>
#include <math.h>

#include "base/diag.h"
#include "capture.h"
#include "report/compare.h"
#include "report/ratio.h"
#include "sample_result.h"

/* The JSON answer; NULL when there was none. */
static json_t *compare(const char *of, const char *to, const char *where,
	int *ret_code, char *said, size_t said_bytes)
{
	struct compare_request request = {.of = of, .to = to, .json = true};
	struct capture capture;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	json_t *json;

	ck_assert_ptr_nonnull(out);
	request.where = &where;
	request.where_count = where ? 1 : 0;
	capture = capture_begin();
	*ret_code = compare_print(&loaded, &request, out);
	capture_end(&capture, said, said_bytes);
	fclose(out);
	json = json_loads(text, 0, NULL);
	free(text);
	return json;
}

static double ratio_at(const json_t *json, size_t index)
{
	const json_t *pair =
		json_array_get(json_object_get(json, "pairs"), index);

	return json_number_value(
		json_object_get(json_object_get(pair, "ratio"), "median"));
}

static const struct {
	const char *of, *to, *where;
	size_t pairs;
	double first; /* ratio of the first pair */
} known[] = {
	{"transport=ring", "transport=pipe", NULL, 2, 2},
	{"transport=pipe", "transport=ring", NULL, 2, 0.5},
	{"transport=ring", "transport=pipe", "msg_size_bytes=64", 1, 4},
	{"transport=ring", "transport=pipe", "msg_size=64", 1, 4},
	{"transport=ring", "transport=ring", "msg_size=64", 0, 0},
	{"transport=ring", "transport=mq", NULL, 2, 5},
	{"msg_size=64", "msg_size=8", "transport=pipe", 1, 0.5},
	{"msg_size=64", "transport=pipe", NULL, 5, 2}, /* ring 64, pipe 8 */
	{"id=speed/ring/8", "id=speed/pipe/64", NULL, 1, 4},
	{"transport=queue", "transport=pipe", NULL, 0, 0}, /* crash only */
};

START_TEST(test_compare_ratio_is_the_known_one)
{
	char said[1024];
	int code;
	json_t *json = compare(known[_i].of, known[_i].to, known[_i].where,
		&code, said, sizeof(said));

	if (known[_i].pairs == 0) {
		ck_assert_int_eq(code, EXIT_USAGE);
		ck_assert_ptr_nonnull(strstr(said, "no two cases match"));
		return;
	}
	ck_assert_int_eq(code, EXIT_GOOD);
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "pairs")),
		known[_i].pairs);
	ck_assert_double_eq_tol(ratio_at(json, 0), known[_i].first, 1e-9);
	json_decref(json);
}
END_TEST

/* mq at 64 B was skipped: a pair without a ratio, and the reason. */
START_TEST(test_compare_skipped_side_has_a_reason_and_no_ratio)
{
	char said[1024];
	int code;
	json_t *json = compare("transport=ring", "transport=mq", NULL, &code,
		said, sizeof(said));
	const json_t *pair = json_array_get(json_object_get(json, "pairs"), 1);

	ck_assert(json_is_null(json_object_get(pair, "ratio")));
	ck_assert_str_eq(json_string_value(json_object_get(pair, "reason")),
		"mq carries at most 32 bytes here");
	json_decref(json);
}
END_TEST

/* Rates trebled over the rounds for both alike; the ratio did not move. */
START_TEST(test_compare_ratio_is_taken_within_rounds)
{
	struct interval ratio;

	ck_assert_uint_eq(ratio_of(&loaded.cases[SAMPLE_RING_8],
				  &loaded.cases[SAMPLE_PIPE_8], &ratio),
		SAMPLE_ROUNDS);
	ck_assert_double_eq_tol(ratio.lo, 2, 1e-9);
	ck_assert_double_eq_tol(ratio.hi, 2, 1e-9);
}
END_TEST

START_TEST(test_compare_rounds_of_one_side_only_do_not_count)
{
	struct interval ratio;

	loaded.cases[SAMPLE_PIPE_8].outcome.rounds[0].round = 9;
	loaded.cases[SAMPLE_PIPE_8].outcome.rounds[1].msgs = 0;
	ck_assert_uint_eq(ratio_of(&loaded.cases[SAMPLE_RING_8],
				  &loaded.cases[SAMPLE_PIPE_8], &ratio),
		1);
	loaded.cases[SAMPLE_PIPE_8].outcome.status = STATUS_VIOLATED;
	ck_assert_uint_eq(ratio_of(&loaded.cases[SAMPLE_RING_8],
				  &loaded.cases[SAMPLE_PIPE_8], &ratio),
		0);
	ck_assert_double_nan(ratio.median);
}
END_TEST

/* 100 trips of 10 ns; or 5 of them, one of which met an interrupt. */
START_TEST(test_compare_round_trips_are_compared_by_their_medians)
{
	struct round_figures quiet[] = {
		{.msgs = 100, .elapsed_ns = 1000, .p50_ns = 10}};
	struct round_figures met[] = {
		{.msgs = 5, .elapsed_ns = 1000, .p50_ns = 20}};
	struct result_case of = {.bench.mode = MODE_ROUNDTRIP,
		.outcome = {.status = STATUS_OK,
			.rounds = quiet,
			.round_count = 1}};
	struct result_case to = {.bench.mode = MODE_ROUNDTRIP,
		.outcome = {
			.status = STATUS_OK, .rounds = met, .round_count = 1}};
	struct interval ratio;

	ck_assert_uint_eq(ratio_of(&of, &to, &ratio), 1);
	ck_assert_double_eq_tol(ratio.median, 2, 1e-9);
	of.bench.mode = to.bench.mode = MODE_THROUGHPUT;
	ck_assert_uint_eq(ratio_of(&of, &to, &ratio), 1);
	ck_assert_double_eq_tol(ratio.median, 20, 1e-9);
}
END_TEST

START_TEST(test_compare_text_has_a_line_a_pair)
{
	struct compare_request request = {
		.of = "transport=ring", .to = "transport=pipe"};
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_int_eq(compare_print(&loaded, &request, out), EXIT_GOOD);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "8 B"));
	ck_assert_ptr_nonnull(strstr(text, "64 B"));
	ck_assert_ptr_nonnull(strstr(text, "[2, 2]"));
	free(text);
}
END_TEST

static const struct {
	const char *of, *to, *where, *complaint;
} refused[] = {
	{"transprt=ring", "transport=pipe", NULL,
		"--of: no key \"transprt\"; did you mean \"transport\"?"},
	{"transport=ring", "transport", NULL, "--to: expected KEY=VALUE"},
	{"transport=ring", "=pipe", NULL, "--to: expected KEY=VALUE"},
	{"transport=ring", "transport=pipe", "batch=many",
		"--where: \"many\" is no value of batch"},
	{"transport=ring", "transport=pipe", "wait=sometimes",
		"--where: \"sometimes\" is no value of wait"},
	{"transport=ring", "transport=pipe", "batch=7", "no two cases match"},
	{"transport=ring", "transport=mq", "msg_size=64",
		"none of the 1 pairs has figures"},
};

START_TEST(test_compare_bad_request_is_a_usage_error)
{
	char said[1024];
	int code;
	json_t *json = compare(refused[_i].of, refused[_i].to,
		refused[_i].where, &code, said, sizeof(said));

	ck_assert_ptr_null(json);
	ck_assert_int_eq(code, EXIT_USAGE);
	ck_assert_msg(strstr(said, refused[_i].complaint), "said: %s", said);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compare");
	TCase *tcase = tcase_create("compare");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, sample_set_up, sample_tear_down);
	tcase_add_loop_test(tcase, test_compare_ratio_is_the_known_one, 0,
		sizeof(known) / sizeof(*known));
	tcase_add_test(
		tcase, test_compare_skipped_side_has_a_reason_and_no_ratio);
	tcase_add_test(tcase, test_compare_ratio_is_taken_within_rounds);
	tcase_add_test(
		tcase, test_compare_rounds_of_one_side_only_do_not_count);
	tcase_add_test(
		tcase, test_compare_round_trips_are_compared_by_their_medians);
	tcase_add_test(tcase, test_compare_text_has_a_line_a_pair);
	tcase_add_loop_test(tcase, test_compare_bad_request_is_a_usage_error, 0,
		sizeof(refused) / sizeof(*refused));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
