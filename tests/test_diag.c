/* test_diag.c - one line each, and guesses that help rather than mislead. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "capture.h"
#include "case/case.h"

static const char *const words[] = {"ring", "queue", "pipe", "socketpair", "mq",
	"fcntl-queue", "mutex-queue", "null", "line", NULL};

static const struct {
	const char *word, *meant;
} guesses[] = {
	{"rnig", "ring"},	       /* swapped */
	{"quue", "queue"},	       /* lost */
	{"ppipe", "pipe"},	       /* added */
	{"pipa", "pipe"},	       /* changed */
	{"Ring", "ring"},	       /* case alone */
	{"MQ", "mq"},		       /* short, case alone */
	{"mg", "mq"},		       /* short */
	{"fnctl-qeue", "fcntl-queue"}, /* two slips in a long word */
	{"fcntl", "fcntl-queue"},      /* the beginning */
	{"socket", "socketpair"},      /* the beginning */
	{"zeromq", NULL},	       /* no slip of any */
	{"x", NULL},		       /* would be near everything */
	{"", NULL},
	{"throughput", NULL},
	{"a-word-far-longer-than-any-that-a-scenario-could-hold-and-then-some-"
	 "more-of-it",
		NULL},
};

START_TEST(test_diag_nearest_finds_what_was_meant)
{
	const char *found = diag_nearest(guesses[_i].word, words);

	if (!guesses[_i].meant)
		ck_assert_msg(!found, "'%s' -> '%s'", guesses[_i].word, found);
	else
		ck_assert_pstr_eq(found, guesses[_i].meant);
}
END_TEST

START_TEST(test_diag_quoted_control_bytes_do_not_reach_the_terminal)
{
	struct capture capture = capture_begin();
	char text[512];

	diag_error("unknown '%s'", "\033[31mr\x7fng\n");
	diag_at("\033.ini", 1, "%s", "caf\xc3\xa9");
	capture_end(&capture, text, sizeof(text));
	ck_assert_str_eq(text, "ipcmark: unknown '?[31mr?ng?'\n"
			       "?.ini:1: caf\xc3\xa9\n");
}
END_TEST

START_TEST(test_diag_message_is_one_line_with_its_place)
{
	struct capture capture = capture_begin();
	char text[512];

	diag_error("no %s", "ring");
	diag_warn("%d left", 3);
	diag_at("a.ini", 7, "odd");
	diag_at("a.ini", 0, "empty");
	capture_end(&capture, text, sizeof(text));
	ck_assert_str_eq(text, "ipcmark: no ring\n"
			       "ipcmark: warning: 3 left\n"
			       "a.ini:7: odd\n"
			       "a.ini: empty\n");
}
END_TEST

START_TEST(test_diag_message_too_long_is_cut_and_still_a_line)
{
	struct capture capture;
	char text[4096], longer[3000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	capture = capture_begin();
	diag_at(longer, 1, "%s", longer);
	capture_end(&capture, text, sizeof(text));
	ck_assert_uint_lt(strlen(text), 2000);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

START_TEST(test_case_names_read_back_as_themselves)
{
	for (int i = MODE_THROUGHPUT; i <= MODE_OPEN; i++)
		ck_assert_int_eq(case_mode_from(case_mode_name(i)), i);
	for (int i = WAIT_SPIN; i <= WAIT_BLOCK; i++)
		ck_assert_int_eq(wait_mode_from(wait_mode_name(i)), i);
	for (int i = VERIFY_FULL; i <= VERIFY_HEADER; i++)
		ck_assert_int_eq(verify_mode_from(verify_mode_name(i)), i);
	for (int i = VICTIM_PRODUCER; i <= VICTIM_CONSUMER; i++)
		ck_assert_int_eq(victim_from(victim_name(i)), i);
	for (int i = STATUS_OK; i <= STATUS_UNREACHED; i++)
		ck_assert_int_eq(case_status_from(case_status_name(i)), i);
	for (int i = ARRIVAL_FIXED; i <= ARRIVAL_POISSON; i++)
		ck_assert_int_eq(arrival_from(arrival_name(i)), i);
	ck_assert_int_eq(case_mode_from("Throughput"), -1);
	ck_assert_int_eq(case_status_from(""), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diag");
	TCase *tests = tcase_create("diag");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, test_diag_nearest_finds_what_was_meant, 0,
		sizeof(guesses) / sizeof(guesses[0]));
	tcase_add_test(tests, test_diag_message_is_one_line_with_its_place);
	tcase_add_test(tests,
		test_diag_quoted_control_bytes_do_not_reach_the_terminal);
	tcase_add_test(
		tests, test_diag_message_too_long_is_cut_and_still_a_line);
	tcase_add_test(tests, test_case_names_read_back_as_themselves);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
