/* scenario_file.h - the file in which a test writes its scenarios: another one for
 * each program that runs.
 */
#ifndef IPCMARK_TESTS_SCENARIO_FILE_H
#define IPCMARK_TESTS_SCENARIO_FILE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/test_scenario_XXXXXX.ini";

static inline void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* run_with_file - run @suite while there is such a file. Returns main()'s exit
 * status. */
static inline int run_with_file(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed, file = mkstemps(path, 4);

	if (file < 0)
		return EXIT_FAILURE;
	close(file);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	unlink(path);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
