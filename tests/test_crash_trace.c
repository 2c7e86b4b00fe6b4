/* test_crash_trace.c - what is known of instructions: traces, coverage, symbols. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash/coverage.h"
#include "step/symbol.h"
#include "step/trace.h"

enum { LIMIT = 100 };

static bool plant_but_at_30(uint64_t address)
{
	return address != 30;
}

START_TEST(test_trace_anchor_takes_the_fewest_traps)
{
	static const uint64_t addresses[] = {10, 20, 10, 30, 20, 40, 40};
	static const uint32_t anchors[] = {0, 1, 1, 1, 4, 5, 5};
	struct crash_trace *trace;

	ck_assert_int_eq(trace_create(LIMIT, &trace), 0);
	for (size_t i = 0; i < 7; i++)
		trace_add(trace, addresses[i], 0);
	ck_assert(!trace->complete);
	ck_assert_int_eq(trace_finish(trace, plant_but_at_30), 0);
	ck_assert(trace->complete);
	for (size_t i = 0; i < 7; i++)
		ck_assert_uint_eq(trace->steps[i].anchor, anchors[i]);
	ck_assert_int_eq(trace_finish(trace, NULL), 0);
	ck_assert_uint_eq(trace->steps[6].anchor, TRACE_NO_ANCHOR);
	trace_clear(trace);
	ck_assert_uint_eq(trace->count, 0);
	ck_assert_uint_eq(trace->limit, LIMIT);
	ck_assert(!trace->complete);
	trace_destroy(trace);
}
END_TEST

START_TEST(test_coverage_of_several_processes_is_one)
{
	enum { CHILDREN = 4, ADDRESSES = 500 };
	struct crash_coverage *coverage;
	struct coverage_entry *entries;
	pid_t pids[CHILDREN];
	size_t count;
	int status;

	ck_assert_int_eq(coverage_create(ADDRESSES, &coverage), 0);
	for (int c = 0; c < CHILDREN; c++) {
		pids[c] = fork();
		for (uint64_t i = 1; pids[c] == 0 && i <= ADDRESSES; i++)
			if (coverage_add(coverage, i * 3,
				    i % 2 ? COVERAGE_EXECUTED
					  : COVERAGE_KILLED))
				_exit(1);
		if (pids[c] == 0)
			_exit(0);
	}
	for (int c = 0; c < CHILDREN; c++) {
		ck_assert_int_eq(waitpid(pids[c], &status, 0), pids[c]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(coverage_list(coverage, &entries, &count), 0);
	ck_assert_uint_eq(count, ADDRESSES);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(entries[i].address, 3 * (i + 1));
		ck_assert_uint_eq(
			entries[i].counts[(i + 1) % 2 ? COVERAGE_EXECUTED
						      : COVERAGE_KILLED],
			CHILDREN);
	}
	ck_assert_uint_eq(
		coverage_count(coverage, COVERAGE_KILLED), ADDRESSES / 2);
	ck_assert_uint_eq(coverage_count(coverage, COVERAGE_VIOLATED), 0);
	ck_assert_int_eq(coverage_add(coverage, 1, COVERAGE_KILLED), -ENOSPC);
	ck_assert_int_eq(coverage_add(coverage, 3, COVERAGE_VIOLATED), 0);
	free(entries);
	coverage_destroy(coverage);
}
END_TEST

START_TEST(test_symbol_of_an_instruction_is_its_function_and_line)
{
	uint64_t address = (uint64_t)(uintptr_t)plant_but_at_30;
	const char *reason = NULL;
	struct symbols *symbols;
	struct symbol symbol;
	char text[256];

	ck_assert_int_eq(symbols_open(&symbols), 0);
	symbols_find(symbols, 16, &symbol);
	ck_assert_ptr_null(symbol.module);
	ck_assert_str_eq(symbols_name(&symbol, 16, text, sizeof(text)), "0x10");
	symbols_find(symbols, address, &symbol);
	ck_assert_ptr_nonnull(symbol.module);
	if (!symbols_have_lines(&reason)) {
		printf("SKIP: lines: %s\n", reason);
		symbols_close(symbols);
		return;
	}
	ck_assert_ptr_nonnull(symbol.function);
	ck_assert_str_eq(symbol.function, "plant_but_at_30");
	ck_assert_uint_eq(symbol.offset, 0);
	symbols_name(&symbol, address, text, sizeof(text));
	printf("%s\n", text);
	/* Without -g there are none. */
	if (symbol.file) {
		ck_assert_ptr_nonnull(
			strstr(text, "tests/test_crash_trace.c:"));
		ck_assert_uint_gt(symbol.line, 0);
	}
	symbols_close(symbols);
}
END_TEST

START_TEST(test_symbol_text_has_what_is_known)
{
	static const struct {
		struct symbol symbol;
		const char *text;
	} cases[] = {
		{{.module = NULL}, "0xff"},
		{{.module = "m", .offset = 255}, "m+0xff"},
		{{.module = "m", .function = "f", .offset = 1}, "m: f+0x1"},
		{{.module = "m", .function = "f", .offset = 1, .file = "s.c"},
			"m: f+0x1 (s.c)"},
		{{.module = "m",
			 .function = "f",
			 .offset = 1,
			 .file = "s.c",
			 .line = 20},
			"m: f+0x1 (s.c:20)"},
	};
	char text[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_str_eq(
			symbols_name(&cases[i].symbol, 255, text, sizeof(text)),
			cases[i].text);
	ck_assert_str_eq(symbols_name(&cases[4].symbol, 255, text, 4), "m: ");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_trace_anchor_takes_the_fewest_traps,
		test_coverage_of_several_processes_is_one,
		test_symbol_of_an_instruction_is_its_function_and_line,
		test_symbol_text_has_what_is_known,
	};
	Suite *suite = suite_create("crash_trace");
	TCase *tcase = tcase_create("crash_trace");
	SRunner *runner = srunner_create(suite);
	int failed;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
