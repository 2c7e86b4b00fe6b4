/* test_crash_wrap.c - long lines end where a page does, and lose nothing. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wrap.h"

/* @text as it is put, in a buffer of this file's. */
static const char *put(const char *text, const char *glue)
{
	static char buffer[2048];
	FILE *out = fmemopen(buffer, sizeof(buffer), "w");

	ck_assert_ptr_nonnull(out);
	wrap_put(out, "  again: ", 9, glue, text);
	fclose(out);
	return buffer;
}

/* "one one one ...", @count words behind one of @first letters. */
static const char *words(size_t first, size_t count)
{
	static char text[1024];

	memset(text, 'w', first);
	text[first] = '\0';
	for (size_t i = 0; i < count; i++)
		strcat(text, " one");
	return text;
}

START_TEST(test_crash_wrap_short_text_is_one_line)
{
	ck_assert_str_eq(put("one two", " \\"), "  again: one two\n");
	ck_assert_str_eq(put("", " \\"), "  again: \n");
}
END_TEST

START_TEST(test_crash_wrap_lines_fit_with_their_glue)
{
	const char *text = put(words((size_t)_i, 60), " \\");
	size_t lines = 0, count = 0;

	for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
		size_t len = strcspn(at, "\n");

		ck_assert_uint_le(len, WRAP_COLUMNS);
		ck_assert_uint_gt(len, 9);
		if (lines++)
			ck_assert_int_eq(strncmp(at, "         one", 12), 0);
		if (at[len + 1])
			ck_assert_int_eq(strncmp(at + len - 2, " \\", 2), 0);
	}
	for (const char *at = text; (at = strstr(at, "one")); at += 3)
		count++;
	ck_assert_uint_eq(count, 60);
	ck_assert_uint_eq(lines, 3);
}
END_TEST

START_TEST(test_crash_wrap_long_word_stays_whole)
{
	char text[160], word[140];

	memset(word, 'w', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	snprintf(text, sizeof(text), "one %s two", word);
	ck_assert_ptr_nonnull(strstr(put(text, ""), word));
}
END_TEST

/* A shell does not join lines within quotes. */
START_TEST(test_crash_wrap_quoted_word_of_a_command_stays_whole)
{
	static const char word[] =
		"'plugin:./a path  with blanks, and of a length that no line "
		"of a page has room for, behind its head.so'";
	char text[256];

	snprintf(text, sizeof(text), "crash %s --step 5", word);
	ck_assert_ptr_nonnull(strstr(put(text, " \\"), word));
	ck_assert_ptr_null(strstr(put(text, ""), word));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crash_wrap");
	TCase *tcase = tcase_create("wrap");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, test_crash_wrap_short_text_is_one_line);
	/* so that a line ends at each column of a word */
	tcase_add_loop_test(
		tcase, test_crash_wrap_lines_fit_with_their_glue, 1, 5);
	tcase_add_test(tcase, test_crash_wrap_long_word_stays_whole);
	tcase_add_test(
		tcase, test_crash_wrap_quoted_word_of_a_command_stays_whole);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
