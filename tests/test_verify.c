/* test_verify.c - does the ledger see every kind of wrong message, and nothing
 * wrong in right ones?
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "case/verify_hot.h"
#include "run/control.h"

enum {
	MESSAGES = 100,
	MAX_LEN = 256,
	PRODUCERS = 2,
	CONSUMERS = 2,
	SETTLING = 12, /* moments of a death while a chunk is settled */
};

/* A channel in a test's own hands. */
struct stage {
	struct control_block block;
	struct verifier verifier[CONSUMERS];
	struct stamper stamper[PRODUCERS];
	size_t len;
	uint8_t messages[PRODUCERS][MAX_LEN];
	uint8_t *message; /* the one sent last */
};

static void setup(struct stage *stage, enum verify_mode mode, size_t len,
	unsigned producers)
{
	memset(stage, 0, sizeof(*stage));
	stage->len = len;
	ck_assert_int_eq(
		control_create(producers, CONSUMERS, mode, &stage->block), 0);
	for (unsigned c = 0; c < CONSUMERS; c++)
		stage->verifier[c] = (struct verifier){
			.ledger = control_ledger(&stage->block, c),
			.bits = stage->block.bits,
			.twice = &stage->block.control->twice,
			.mode = mode,
			.producer_count = producers,
			.len = len,
			.glance_len = verify_glance(mode, len),
		};
	for (unsigned p = 0; p < PRODUCERS; p++) {
		stage->stamper[p] = (struct stamper){
			.len = len,
			.mode = mode,
			.producer = p,
		};
		verify_prepare(&stage->stamper[p], stage->messages[p]);
	}
}

static void send(struct stage *stage, unsigned producer, uint64_t sequence)
{
	stage->message = stage->messages[producer];
	verify_stamp(&stage->stamper[producer], stage->message, sequence);
	verify_sent(&stage->block.sent[producer], sequence + 1);
}

static void receive(struct stage *stage, unsigned consumer)
{
	verify_received(&stage->verifier[consumer], stage->message, stage->len);
}

static struct verify_totals finish(struct stage *stage, unsigned *in_flight)
{
	struct verify_ledger *ledgers[CONSUMERS];
	struct verify_totals totals;

	for (unsigned c = 0; c < CONSUMERS; c++)
		ledgers[c] = control_ledger(&stage->block, c);
	verify_total(&stage->verifier[0], stage->block.sent, in_flight, ledgers,
		CONSUMERS, &totals);
	control_free(&stage->block);
	return totals;
}

static void expect(struct verify_totals totals, uint64_t lost, uint64_t twice,
	uint64_t reordered, uint64_t corrupted)
{
	ck_assert_uint_eq(totals.lost, lost);
	ck_assert_uint_eq(totals.duplicated, twice);
	ck_assert_uint_eq(totals.reordered, reordered);
	ck_assert_uint_eq(totals.corrupted, corrupted);
}

static const struct {
	enum verify_mode mode;
	size_t len;
} forms[] = {
	{VERIFY_HEADER, 8},
	{VERIFY_HEADER, 15},
	{VERIFY_HEADER, 16},
	{VERIFY_HEADER, 64},
	{VERIFY_SUM, 8},
	{VERIFY_SUM, 16},
	{VERIFY_SUM, 17},
	{VERIFY_SUM, 64},
	{VERIFY_SUM, 255},
	{VERIFY_FULL, 8},
	{VERIFY_FULL, 16},
	{VERIFY_FULL, 17},
	{VERIFY_FULL, 64},
	{VERIFY_FULL, 255},
};
enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

START_TEST(test_verify_good_messages_no_complaint)
{
	static const size_t lens[] = {0, 1, 3, 7, 8, 9, 15, 16, 17, 64, 255};
	struct stage stage;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (int mode = VERIFY_FULL; mode <= VERIFY_SUM; mode++) {
			struct verify_totals totals;

			setup(&stage, (enum verify_mode)mode, lens[i], 1);
			for (unsigned m = 0; m < MESSAGES; m++) {
				send(&stage, 0, m);
				receive(&stage, 0);
			}
			totals = finish(&stage, NULL);
			expect(totals, 0, 0, 0, 0);
			ck_assert_uint_eq(totals.sent, MESSAGES);
			ck_assert_uint_eq(totals.received, MESSAGES);
		}
}
END_TEST

START_TEST(test_verify_many_to_many_no_complaint)
{
	struct stage stage;

	setup(&stage, forms[_i].mode, forms[_i].len, PRODUCERS);
	for (unsigned m = 0; m < MESSAGES; m++)
		for (unsigned p = 0; p < PRODUCERS; p++) {
			send(&stage, p, m);
			receive(&stage, (m + p) % CONSUMERS);
		}
	expect(finish(&stage, NULL), 0, 0, 0, 0);
}
END_TEST

START_TEST(test_verify_missing_message_counts_lost)
{
	struct stage stage;

	setup(&stage, forms[_i].mode, forms[_i].len, 1);
	for (unsigned m = 0; m < MESSAGES; m++) {
		send(&stage, 0, m);
		if (m != 41)
			receive(&stage, 0);
	}
	expect(finish(&stage, NULL), 1, 0, 0, 0);
}
END_TEST

START_TEST(test_verify_last_message_missing_counts_lost)
{
	struct stage stage;

	setup(&stage, forms[_i].mode, forms[_i].len, 1);
	for (unsigned m = 0; m < MESSAGES; m++) {
		send(&stage, 0, m);
		if (m != MESSAGES - 1)
			receive(&stage, 0);
	}
	expect(finish(&stage, NULL), 1, 0, 0, 0);
}
END_TEST

START_TEST(test_verify_message_twice_counts_duplicate)
{
	struct stage stage;
	struct verify_totals totals;

	setup(&stage, forms[_i].mode, forms[_i].len, 1);
	for (unsigned m = 0; m < MESSAGES; m++) {
		send(&stage, 0, m);
		receive(&stage, 0);
		if (m == 41)
			receive(&stage, 1);
	}
	totals = finish(&stage, NULL);
	ck_assert_uint_eq(totals.duplicated, 1);
	ck_assert_uint_eq(totals.lost, 0);
}
END_TEST

START_TEST(test_verify_one_for_another_counts_both)
{
	struct stage stage;
	uint8_t kept[MAX_LEN];
	struct verify_totals totals;

	setup(&stage, forms[_i].mode, forms[_i].len, 1);
	for (unsigned m = 0; m < MESSAGES; m++) {
		send(&stage, 0, m);
		if (m == 41)
			memcpy(kept, stage.message, stage.len);
		if (m == 42) {
			verify_received(&stage.verifier[0], kept, stage.len);
			continue;
		}
		receive(&stage, 0);
	}
	totals = finish(&stage, NULL);
	ck_assert_uint_eq(totals.lost, 1);
	ck_assert_uint_eq(totals.duplicated, 1);
}
END_TEST

START_TEST(test_verify_swapped_messages_count_reordered)
{
	struct stage stage;

	setup(&stage, forms[_i].mode, forms[_i].len, 1);
	for (unsigned m = 0; m < MESSAGES; m += 2) {
		uint8_t first[MAX_LEN];

		send(&stage, 0, m);
		memcpy(first, stage.message, stage.len);
		send(&stage, 0, m + 1);
		receive(&stage, 0);
		verify_received(&stage.verifier[0], first, stage.len);
	}
	expect(finish(&stage, NULL), 0, 0, MESSAGES / 2, 0);
}
END_TEST

/* Every bit of a message that the mode promises to look at. */
START_TEST(test_verify_flipped_bit_counts_damage)
{
	struct stage stage;
	size_t len = forms[_i].len;

	if (len < 16)
		return; /* all of it is identity: see the other tests */
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct verify_totals totals;
		bool seen = forms[_i].mode != VERIFY_HEADER || bit < 64 ||
			    bit >= 8 * (len - 8);

		setup(&stage, forms[_i].mode, len, 1);
		send(&stage, 0, 0);
		stage.message[bit / 8] ^= (uint8_t)(1u << bit % 8);
		receive(&stage, 0);
		totals = finish(&stage, NULL);
		ck_assert_msg((totals.corrupted == 1) == seen,
			"bit %zu of %zu bytes: %d", bit, len,
			(int)totals.corrupted);
	}
}
END_TEST

START_TEST(test_verify_wrong_length_counts_damage)
{
	struct stage stage;

	setup(&stage, forms[_i].mode, forms[_i].len, 1);
	send(&stage, 0, 0);
	verify_received(&stage.verifier[0], stage.message, stage.len - 1);
	expect(finish(&stage, NULL), 1, 0, 0, 1);
}
END_TEST

START_TEST(test_verify_killed_senders_message_may_arrive)
{
	unsigned in_flight[] = {1};
	struct stage stage;

	for (unsigned arrived = 0; arrived <= 2; arrived++) {
		setup(&stage, VERIFY_FULL, 64, 1);
		for (unsigned m = 0; m < MESSAGES; m++) {
			send(&stage, 0, m);
			receive(&stage, 0);
		}
		for (unsigned m = 0; m < arrived; m++) {
			verify_stamp(
				&stage.stamper[0], stage.message, MESSAGES + m);
			receive(&stage, 0);
		}
		/* One was on its way; a second one nobody can have sent. */
		expect(finish(&stage, in_flight), 0, 0, 0, arrived > 1 ? 1 : 0);
	}
}
END_TEST

START_TEST(test_verify_bodies_differ_between_messages)
{
	struct stage stage;
	uint8_t first[MAX_LEN];

	setup(&stage, VERIFY_FULL, 64, 1);
	send(&stage, 0, 0);
	memcpy(first, stage.message, stage.len);
	send(&stage, 0, 1);
	ck_assert_mem_ne(first + 8, stage.message + 8, 48);
	control_free(&stage.block);
}
END_TEST

/* A stage with a producer that has gone around its window one and a half times.
 * Of the messages @lost nobody gets any. */
static void go_around(struct stage *stage, const uint64_t *lost, size_t count)
{
	uint64_t room = LEDGER_AHEAD;

	setup(stage, VERIFY_FULL, 8, 1);
	for (uint64_t i = 0; i < LEDGER_BITS + LEDGER_AHEAD; i++) {
		if (i == room)
			room = verify_settle(
				stage->block.bits, stage->block.sent);
		send(stage, 0, i);
		if (count && i == *lost) {
			count--;
			lost++;
		} else {
			receive(stage, i % CONSUMERS);
		}
	}
}

START_TEST(test_verify_window_goes_on_with_its_producer)
{
	/* settled long ago, at a chunk's ends, and not yet */
	static const uint64_t lost[] = {0, 5, LEDGER_CHUNK - 1, LEDGER_CHUNK,
		LEDGER_BITS - 1, LEDGER_BITS, LEDGER_BITS + LEDGER_AHEAD - 1};
	const size_t count = sizeof(lost) / sizeof(lost[0]);
	struct stage stage;
	uint64_t first = 0;

	go_around(&stage, lost, count);
	ck_assert(
		verify_first_lost(stage.block.bits, stage.block.sent, &first));
	/* what is half a window old is settled, with those that are lost */
	ck_assert_uint_eq(first, lost[5]);
	expect(finish(&stage, NULL), count, 0, 0, 0);
}
END_TEST

START_TEST(test_verify_window_knows_doubles_and_strangers)
{
	unsigned in_flight[] = {2};
	struct stage stage;
	const uint64_t end = LEDGER_BITS + LEDGER_AHEAD;

	go_around(&stage, NULL, 0);
	/* once more, within the window; then what was out at a death, and one
	 * that nobody has sent */
	send(&stage, 0, end - LEDGER_CHUNK);
	receive(&stage, 0);
	send(&stage, 0, end);
	receive(&stage, 0);
	send(&stage, 0, end + 2);
	receive(&stage, 0);
	verify_sent(stage.block.sent, end);
	expect(finish(&stage, in_flight), 0, 1, 0, 1);
}
END_TEST

/* Killed between any two stores of verify_settle(): all is as if before, or as if
 * behind it. */
START_TEST(test_verify_killed_while_settling_changes_nothing)
{
	const uint64_t chunks = LEDGER_BITS / LEDGER_CHUNK;
	struct stage stage;
	struct ledger_bits *bits;
	struct sent_line *line;

	/* as go_around() leaves it, with one lost */
	setup(&stage, VERIFY_FULL, 8, 1);
	bits = stage.block.bits;
	line = stage.block.sent;
	verify_sent(line, LEDGER_BITS + LEDGER_AHEAD);
	verify_set(&line->settled, chunks << 32);
	for (size_t i = 0; i < LEDGER_AHEAD / 64; i++)
		verify_set(&bits->words[i], i == 7 ? ~UINT64_C(1) : UINT64_MAX);
	if (_i > 0) /* the sum is noted, and then some bits are 0 */
		verify_set(&line->settled, (chunks + 1) << 32 | 1);
	for (int i = 0; i < (_i - 1) * 100 && i < LEDGER_CHUNK / 64; i++)
		verify_set(&bits->words[i], 0);
	expect(finish(&stage, NULL), 1, 0, 0, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verify");
	TCase *tcase = tcase_create("ledger");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_verify_good_messages_no_complaint);
	tcase_add_loop_test(
		tcase, test_verify_many_to_many_no_complaint, 0, FORMS);
	tcase_add_loop_test(
		tcase, test_verify_missing_message_counts_lost, 0, FORMS);
	tcase_add_loop_test(
		tcase, test_verify_last_message_missing_counts_lost, 0, FORMS);
	tcase_add_loop_test(
		tcase, test_verify_message_twice_counts_duplicate, 0, FORMS);
	tcase_add_loop_test(
		tcase, test_verify_one_for_another_counts_both, 0, FORMS);
	tcase_add_loop_test(
		tcase, test_verify_swapped_messages_count_reordered, 0, FORMS);
	tcase_add_loop_test(
		tcase, test_verify_flipped_bit_counts_damage, 0, FORMS);
	tcase_add_loop_test(
		tcase, test_verify_wrong_length_counts_damage, 0, FORMS);
	tcase_add_test(tcase, test_verify_killed_senders_message_may_arrive);
	tcase_add_test(tcase, test_verify_bodies_differ_between_messages);
	tcase_add_test(tcase, test_verify_window_goes_on_with_its_producer);
	tcase_add_test(tcase, test_verify_window_knows_doubles_and_strangers);
	tcase_add_loop_test(tcase,
		test_verify_killed_while_settling_changes_nothing, 0, SETTLING);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
