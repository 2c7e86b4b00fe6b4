/* conform_table.h - one check of the conformance suite over the whole table of
 * transports, as a test: what test_transport.c and test_transport_gone.c share.
 */
#ifndef IPCMARK_TESTS_CONFORM_TABLE_H
#define IPCMARK_TESTS_CONFORM_TABLE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "conform/conform.h"
#include "own_names.h"
#include "transport/transport.h"

/* Fail unless transport @index of the table keeps what @name checks. */
static inline void table_keeps(const char *name, int index)
{
	const struct transport *transport = transport_table()[index];
	const struct conform_check *check = conform_find(name);
	char words[CASE_REASON_BYTES] = "";
	enum conform_verdict verdict;

	ck_assert_ptr_nonnull(check);
	verdict = conform_run(
		check, transport, transport->name, words, sizeof(words));
	if (verdict == CONFORM_SKIPPED)
		printf("SKIP: %s, %s: %s\n", transport->name, name, words);
	ck_assert_msg(verdict != CONFORM_BROKEN, "%s, %s: %s", transport->name,
		name, words);
}

/* Run each of @tests once for every index of the table. Returns main()'s exit
 * status. */
static inline int table_main(
	const char *suite_name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(suite_name);
	SRunner *runner = srunner_create(suite);
	int transports = 0;
	int failed;

	own_names_begin();
	while (transport_table()[transports])
		transports++;
	for (size_t i = 0; i < count; i++) {
		TCase *tcase = tcase_create(tests[i]->name);

		tcase_set_timeout(tcase, 150);
		tcase_add_loop_test(tcase, tests[i], 0, transports);
		suite_add_tcase(suite, tcase);
	}
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
