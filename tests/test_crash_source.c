/* test_crash_source.c - a source's lines, and the function that each is in. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "step/source.h"

static const char text[] = "int early;\n"	    /* 1 */
			   "static int one(void)\n" /* 2 */
			   "{\n"
			   "\tgoto out;\n"
			   "out:\n"
			   "\treturn 0;\n" /* 6 */
			   "}\n"
			   "int later(int a);\n" /* no function */
			   "void two(int a,\n"	 /* 9 */
			   "\tint b)\n"
			   "{\n"
			   "}"; /* 12, without an end */

static char path[] = "/tmp/ipcmark-test-source-XXXXXX";

static void write_text(void)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
}

static void remove_text(void)
{
	unlink(path);
	memset(path + sizeof(path) - 7, 'X', 6);
}

START_TEST(test_crash_source_line_is_found_by_number)
{
	struct source *source = source_open("/nowhere", path);

	ck_assert_ptr_nonnull(source);
	ck_assert_str_eq(source_line(source, 1), "int early;");
	ck_assert_str_eq(source_line(source, 8), "int later(int a);");
	ck_assert_str_eq(source_line(source, 12), "}");
	ck_assert_ptr_null(source_line(source, 0));
	ck_assert_ptr_null(source_line(source, 13));
	source_close(source);
}
END_TEST

static const struct {
	unsigned line, function;
} functions[] = {{1, 0}, {2, 2}, {4, 2}, {6, 2}, {7, 2}, {8, 2}, {9, 9},
	{12, 9}, {13, 0}};

START_TEST(test_crash_source_function_begins_at_the_left)
{
	struct source *source = source_open(NULL, path);

	ck_assert_ptr_nonnull(source);
	ck_assert_uint_eq(source_function(source, functions[_i].line),
		functions[_i].function);
	source_close(source);
}
END_TEST

START_TEST(test_crash_source_relative_name_is_of_the_folder)
{
	struct source *source = source_open("/tmp", strrchr(path, '/') + 1);

	ck_assert_ptr_nonnull(source);
	source_close(source);
}
END_TEST

START_TEST(test_crash_source_missing_file_has_no_lines)
{
	struct source *source = source_open("/nowhere", "at-all.c");

	ck_assert_ptr_null(source);
	ck_assert_ptr_null(source_line(source, 1));
	ck_assert_uint_eq(source_function(source, 1), 0);
	source_close(source);
	ck_assert_ptr_null(source_open(NULL, "/tmp"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crash_source");
	TCase *tcase = tcase_create("source");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, write_text, remove_text);
	tcase_add_test(tcase, test_crash_source_line_is_found_by_number);
	tcase_add_loop_test(tcase,
		test_crash_source_function_begins_at_the_left, 0,
		sizeof(functions) / sizeof(*functions));
	tcase_add_test(tcase, test_crash_source_relative_name_is_of_the_folder);
	tcase_add_test(tcase, test_crash_source_missing_file_has_no_lines);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
