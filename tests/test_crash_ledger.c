/* test_crash_ledger.c - what came out is judged rightly. */
#include <check.h>
#include <stdlib.h>

#include "crash/ledger.h"

#define SEEN_MAX 8

/* Three are there, numbers 10 to 12; then the victim's, then one more. */
enum { FIRST = 10, BEFORE = 3 };

struct row {
	const char *name;
	struct ledger_actor victim;
	bool unordered;
	int seen[SEEN_MAX]; /* numbers from FIRST on, as 1, 2 ...; < 0: torn */
	enum verdict verdict;
};

#define PUTS(many)                                                       \
	{                                                                \
		.effect = EFFECT_PUTS, .count = many, .whole = many == 1 \
	}
#define TAKES(many)                                   \
	{                                             \
		.effect = EFFECT_TAKES, .count = many \
	}

static const struct row rows[] = {
	{"put, undone", PUTS(1), false, {1, 2, 3, 5}, VERDICT_UNDONE},
	{"put, done", PUTS(1), false, {1, 2, 3, 4, 5}, VERDICT_DONE},
	{"put, one from before is lost", PUTS(1), false, {1, 3, 5},
		VERDICT_LOST},
	{"put, the first is lost", PUTS(1), false, {2, 3, 5}, VERDICT_LOST},
	{"put, the one behind is lost", PUTS(1), false, {1, 2, 3},
		VERDICT_LOST},
	{"put twice", PUTS(1), false, {1, 2, 3, 4, 4, 5}, VERDICT_DUPLICATED},
	{"put, torn", PUTS(1), false, {1, 2, 3, -4, 5}, VERDICT_TORN},
	{"put, nobody's", PUTS(1), false, {1, 2, 3, 5, 6}, VERDICT_TORN},
	{"put, out of order", PUTS(1), false, {1, 2, 3, 5, 4},
		VERDICT_REORDERED},
	{"put, out of order as it may", PUTS(1), true, {1, 2, 3, 5, 4},
		VERDICT_DONE},
	{"batch, a part", PUTS(2), false, {1, 2, 3, 4, 6}, VERDICT_PARTLY},
	{"batch, without its first", PUTS(2), false, {1, 2, 3, 5, 6},
		VERDICT_LOST},
	{"whole batch, a part",
		{.effect = EFFECT_PUTS, .count = 2, .whole = true}, false,
		{1, 2, 3, 4, 6}, VERDICT_LOST},
	{"acknowledged put, not there",
		{.effect = EFFECT_PUTS, .count = 1, .returned = true}, false,
		{1, 2, 3, 5}, VERDICT_LOST},
	{"get, undone", TAKES(1), false, {1, 2, 3, 4}, VERDICT_UNDONE},
	{"get, done", TAKES(1), false, {2, 3, 4}, VERDICT_DONE},
	{"get, two are gone", TAKES(1), false, {3, 4}, VERDICT_LOST},
	{"get, not the oldest", TAKES(1), false, {1, 3, 4}, VERDICT_LOST},
	{"get of two, one is gone", TAKES(2), false, {2, 3, 4}, VERDICT_PARTLY},
	{"whole get of two, one is gone",
		{.effect = EFFECT_TAKES, .count = 2, .whole = true}, false,
		{2, 3, 4}, VERDICT_LOST},
	{"clear, undone", {.effect = EFFECT_CLEARS}, false, {1, 2, 3, 4},
		VERDICT_UNDONE},
	{"clear, done", {.effect = EFFECT_CLEARS}, false, {4}, VERDICT_DONE},
	{"clear, half", {.effect = EFFECT_CLEARS}, false, {3, 4}, VERDICT_LOST},
	{"clear that returned, undone",
		{.effect = EFFECT_CLEARS, .returned = true}, false,
		{1, 2, 3, 4}, VERDICT_DUPLICATED},
	{"nothing done", {.effect = EFFECT_NONE}, false, {1, 2, 3, 4},
		VERDICT_UNDONE},
	{"nothing done, one gone", {.effect = EFFECT_NONE}, false, {2, 3, 4},
		VERDICT_LOST},
};

START_TEST(test_crash_ledger_outcome_gives_verdict)
{
	const struct row *row = &rows[_i];
	const struct ledger ledger = {
		.first = FIRST,
		.before = BEFORE,
		.actors = {row->victim},
		.actor_count = 1,
		.after = 1,
		.unordered = row->unordered,
	};
	struct ledger_message seen[SEEN_MAX];
	size_t count = 0;
	uint64_t number;
	enum verdict verdict;

	for (; count < SEEN_MAX && row->seen[count]; count++)
		seen[count] = (struct ledger_message){
			(uint64_t)(FIRST - 1 + abs(row->seen[count])),
			row->seen[count] > 0};
	verdict = ledger_judge(&ledger, seen, count, &number);
	ck_assert_msg(verdict == row->verdict, "%s: %s, not %s", row->name,
		verdict_name(verdict), verdict_name(row->verdict));
}
END_TEST

START_TEST(test_crash_ledger_earlier_message_is_a_duplicate)
{
	const struct ledger ledger = {.first = FIRST,
		.before = 1,
		.actors = {PUTS(1)},
		.actor_count = 1};
	const struct ledger_message seen[] = {{FIRST - 1, true}, {FIRST, true}};
	uint64_t number;

	ck_assert_int_eq(
		ledger_judge(&ledger, seen, 2, &number), VERDICT_DUPLICATED);
	ck_assert_uint_eq(number, FIRST - 1);
}
END_TEST

START_TEST(test_crash_ledger_two_deaths_may_take_two)
{
	struct ledger ledger = {.first = FIRST,
		.before = BEFORE,
		.actors = {TAKES(1), TAKES(1)},
		.actor_count = 2};
	const struct ledger_message last = {FIRST + 2, true};
	uint64_t number;

	ck_assert_uint_eq(ledger_least(&ledger), 1);
	ck_assert_int_eq(
		ledger_judge(&ledger, &last, 1, &number), VERDICT_DONE);
	ledger.actor_count = 1;
	ck_assert_uint_eq(ledger_least(&ledger), 2);
	ck_assert_int_eq(
		ledger_judge(&ledger, &last, 1, &number), VERDICT_LOST);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crash_ledger");
	TCase *tcase = tcase_create("ledger");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, test_crash_ledger_outcome_gives_verdict, 0,
		sizeof(rows) / sizeof(*rows));
	tcase_add_test(tcase, test_crash_ledger_earlier_message_is_a_duplicate);
	tcase_add_test(tcase, test_crash_ledger_two_deaths_may_take_two);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
