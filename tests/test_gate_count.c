/* test_gate_count.c - are instructions called exact only where they are?
 *
 * The transport is made up: its send reads a number by the C library, which takes the
 * longer the more digits there are. That is outside of the program, as a build's
 * library would be, and as exact as the digits are the same each time.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate/count.h"
#include "gate/order.h"
#include "step/step.h"
#include "transport/transport.h"

enum { DIGITS = 60, SENDS = 2 }; /* the kinds that send come first */

static struct fake {
	int digits, change; /* of the next number, and from one to the next */
	unsigned messages;
	unsigned long sum; /* so that it is read */
} fake;

static int fake_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	(void)config;
	*ret_channel = (struct channel *)&fake;
	return 0;
}

static int fake_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	(void)role;
	(void)index;
	*ret_endpoint = (struct endpoint *)channel;
	return 0;
}

static int fake_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	static const char zeros[DIGITS + 1] =
		"000000000000000000000000000000000000000000000000000000000000";

	(void)endpoint;
	(void)message;
	(void)timeout_ns;
	fake.sum += strtoul(zeros + DIGITS - fake.digits, NULL, 10);
	fake.digits += fake.change;
	fake.messages++;
	return 0;
}

static int fake_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	(void)endpoint;
	(void)message;
	(void)timeout_ns;
	if (!fake.messages)
		return -EAGAIN;
	fake.messages--;
	return 0;
}

static void fake_destroy(struct channel *channel)
{
	(void)channel;
}

static const struct transport transport = {
	.name = "fake",
	.create = fake_create,
	.attach = fake_attach,
	.send = fake_send,
	.recv = fake_recv,
	.destroy = fake_destroy,
};

static struct gate_answer count(int digits, int change)
{
	static const struct bench_case bench = {.msg_size_bytes = 8};
	struct gate_answer answer = {0};

	fake = (struct fake){.digits = digits, .change = change};
	count_calls(&transport, &bench, "fake", &answer);
	ck_assert_msg(!answer.err, "%d: %s", answer.err, answer.reason);
	ck_assert_uint_gt(answer.count_count, SENDS);
	return answer;
}

START_TEST(test_count_same_calls_are_exact_and_the_longer_has_more)
{
	struct gate_answer few = count(10, 0), many = count(20, 0);

	for (unsigned i = 0; i < few.count_count; i++) {
		ck_assert_msg(
			few.counts[i].exact, "%s", few.counts[i].operation);
		ck_assert(many.counts[i].exact);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		/* what receives is all of the program's own */
		ck_assert_int_eq(few.counts[i].instructions > 0, i < SENDS);
#endif
	}
	for (unsigned i = 0; i < SENDS; i++)
		ck_assert_uint_gt(many.counts[i].instructions,
			few.counts[i].instructions);
}
END_TEST

/* Longer or shorter each time: the least was met once. */
START_TEST(test_count_calls_that_differ_each_time_are_not_exact)
{
	static const struct {
		int digits, change;
	} numbers[] = {{1, 1}, {DIGITS, -1}};
	struct gate_answer answer =
		count(numbers[_i].digits, numbers[_i].change);

	for (unsigned i = 0; i < answer.count_count; i++)
		ck_assert_msg(answer.counts[i].exact == (i >= SENDS), "%s: %d",
			answer.counts[i].operation, answer.counts[i].exact);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate count");
	TCase *tcase = tcase_create("count");
	const char *reason;
	SRunner *runner;
	int failed;

	if (!step_available(&reason)) {
		printf("SKIP: %s\n", reason);
		return 77;
	}
	suite_add_tcase(suite, tcase);
	tcase_add_test(
		tcase, test_count_same_calls_are_exact_and_the_longer_has_more);
	tcase_add_loop_test(tcase,
		test_count_calls_that_differ_each_time_are_not_exact, 0, 2);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
