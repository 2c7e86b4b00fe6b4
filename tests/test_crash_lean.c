/* test_crash_lean.c - what do children have of the libraries of this process?
 */
#include <check.h>
#include <jansson.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "crash/lean.h"

/* Two addresses in libraries that lean.c does not keep for its own sake. */
static uintptr_t first, second;

static int find(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (!strstr(info->dlpi_name, "libz.so") &&
		!strstr(info->dlpi_name, "libjansson.so"))
		return 0;
	if (first)
		second = info->dlpi_addr;
	else
		first = info->dlpi_addr;
	return second != 0;
}

/* Is the page at @address there, in a child? */
static bool child_has(uintptr_t address)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(msync((void *)address, 1, MS_ASYNC) == 0 ? 1 : 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status), "status %d", status);
	return WEXITSTATUS(status) == 1;
}

static void work(void)
{
	lean_use(second);
	ck_assert(!lean_is());
	ck_assert(child_has(first));
	ck_assert(!lean_lacks(first));

	lean_set(true);
	ck_assert(lean_is());
	ck_assert(!child_has(first));
	ck_assert(lean_lacks(first));
	/* what was named, the program and the C library are kept */
	ck_assert(child_has(second));
	ck_assert(!lean_lacks(second));
	ck_assert(!lean_lacks((uintptr_t)&work));
	ck_assert(!lean_lacks((uintptr_t)&_exit));
	ck_assert(!lean_lacks(0));

	lean_set(false);
	ck_assert(!lean_is());
	ck_assert(child_has(first));
	ck_assert(!lean_lacks(first));
}

START_TEST(test_crash_lean_children_lack_what_nobody_named)
{
	work();
}
END_TEST

int main(void)
{
	Suite *suite;
	TCase *tcase;
	SRunner *runner;
	int failed;

#ifdef __SANITIZE_ADDRESS__
	puts("SKIP: the sanitizer's own library would be left out, too");
	return 77;
#endif
	/* so that they are linked */
	printf("zlib %s, jansson %d\n", zlibVersion(),
		json_is_true(json_true()));
	dl_iterate_phdr(find, NULL);
	if (!second) {
		puts("SKIP: not linked with two shared libraries to leave out");
		return 77;
	}
	suite = suite_create("crash_lean");
	tcase = tcase_create("lean");
	tcase_add_test(tcase, test_crash_lean_children_lack_what_nobody_named);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
