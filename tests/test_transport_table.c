/* test_transport_table.c - the table of transports, and why a case is skipped.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport/transport.h"

enum {
	EVERY_CAP = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BATCH |
		    CAP_BLOCK | CAP_LOCK_HOLDER,
};

START_TEST(test_transport_table_every_entry_is_complete)
{
	const struct transport *const *table = transport_table();
	char reason[CASE_REASON_BYTES] = "";

	for (size_t i = 0; table[i]; i++) {
		const struct transport *each = table[i];

		ck_assert_msg(!transport_complete(each, reason, sizeof(reason)),
			"%s: %s", each->name, reason);
	}
}
END_TEST

/* One that has everything, less one thing. */
START_TEST(test_transport_complete_missing_call_is_told)
{
	static const struct {
		size_t offset;
		const char *words;
	} calls[] = {
		{offsetof(struct transport, name), "no name"},
		{offsetof(struct transport, summary), "no summary"},
		{offsetof(struct transport, create), "create or destroy"},
		{offsetof(struct transport, destroy), "create or destroy"},
		{offsetof(struct transport, attach), "attach, send"},
		{offsetof(struct transport, send), "attach, send"},
		{offsetof(struct transport, recv), "attach, send"},
		{offsetof(struct transport, detach), "attach, send"},
		{offsetof(struct transport, send_batch), "CAP_BATCH"},
		{offsetof(struct transport, recv_batch), "CAP_BATCH"},
		{offsetof(struct transport, recv_view), "CAP_VIEW"},
		{offsetof(struct transport, lock_holder), "CAP_LOCK_HOLDER"},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct transport one = *transport_find("queue");
		char reason[CASE_REASON_BYTES] = "";

		one.caps |= CAP_VIEW;
		one.recv_view = one.recv;
		ck_assert_int_eq(
			transport_complete(&one, reason, sizeof(reason)), 0);
		memset((char *)&one + calls[i].offset, 0, sizeof(void *));
		ck_assert_int_eq(
			transport_complete(&one, reason, sizeof(reason)),
			-EINVAL);
		ck_assert_msg(strstr(reason, calls[i].words) != NULL,
			"row %zu says '%s'", i, reason);
	}
}
END_TEST

START_TEST(test_transport_find_name_gives_that_transport)
{
	const struct transport *const *table = transport_table();

	/* also proves that no name is there twice */
	for (size_t i = 0; table[i]; i++)
		ck_assert_ptr_eq(transport_find(table[i]->name), table[i]);
	ck_assert_str_eq(transport_find("exec:./mine -x")->name, "exec");
	ck_assert_ptr_null(transport_find("pip"));
	ck_assert_ptr_null(transport_find(""));
}
END_TEST

static uint64_t short_max_len(void)
{
	return 100;
}

static int never(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	snprintf(reason, reason_bytes, "not on %llu bytes",
		(unsigned long long)config->msg_size_bytes);
	return -ENOTSUP;
}

/* A case that everything can run, but for what a row changes of it. */
struct row {
	const char *reason; /* a part of it; NULL: can run */
	unsigned without;   /* capabilities that the transport lacks */
	unsigned with;	    /* and those it has besides */
	enum case_mode mode;
	uint64_t msg_size_bytes;
	unsigned batch;
	unsigned producers;
	unsigned consumers;
	enum wait_mode wait;
	bool kill_producer;
	bool kill_consumer;
	bool never;
};

#define T MODE_THROUGHPUT
#define R MODE_ROUNDTRIP
#define C MODE_CRASH
#define O MODE_OPEN

static const struct row rows[] = {
	{NULL, 0, 0, T, 100, 8, 3, 2, WAIT_BLOCK, false, false, false},
	{NULL, 0, 0, R, 0, 1, 1, 1, WAIT_SPIN, false, false, false},
	{NULL, 0, 0, C, 64, 1, 2, 2, WAIT_SPIN, true, true, false},
	{NULL, 0, 0, C, 64, 1, 2, 1, WAIT_SPIN, true, false, false},
	{NULL, EVERY_CAP, 0, T, 64, 1, 1, 1, WAIT_SPIN, false, false, false},
	{"takes one producer, not 3", CAP_MANY_PRODUCERS, 0, T, 64, 1, 3, 1,
		WAIT_SPIN, false, false, false},
	{"takes one consumer, not 2", CAP_MANY_CONSUMERS, 0, T, 64, 1, 1, 2,
		WAIT_SPIN, false, false, false},
	{"no calls for batches", CAP_BATCH, 0, T, 64, 2, 1, 1, WAIT_SPIN, false,
		false, false},
	{"cannot wait by blocking", CAP_BLOCK, 0, T, 64, 1, 1, 1, WAIT_BLOCK,
		false, false, false},
	{"at most 100 bytes", 0, 0, T, 101, 1, 1, 1, WAIT_SPIN, false, false,
		false},
	{"measures round trips only", 0, CAP_NO_THROUGHPUT, T, 64, 1, 1, 1,
		WAIT_SPIN, false, false, false},
	{"measures no round trips", 0, CAP_NO_ROUNDTRIP, R, 64, 1, 1, 1,
		WAIT_SPIN, false, false, false},
	{"between one producer and one consumer", 0, 0, R, 64, 1, 2, 1,
		WAIT_SPIN, false, false, false},
	{"one message in flight", 0, 0, R, 64, 4, 1, 1, WAIT_SPIN, false, false,
		false},
	{"has one worker", 0, CAP_LOOPBACK, T, 64, 1, 2, 1, WAIT_SPIN, false,
		false, false},
	{"no lock whose holder", CAP_LOCK_HOLDER, 0, C, 64, 1, 2, 2, WAIT_SPIN,
		true, true, false},
	{"is a limit", 0, CAP_LIMIT, C, 64, 1, 2, 2, WAIT_SPIN, true, true,
		false},
	{"its own workers", 0, CAP_EXTERNAL, C, 64, 1, 2, 2, WAIT_SPIN, true,
		true, false},
	{"2 producers or more", 0, 0, C, 64, 1, 1, 2, WAIT_SPIN, true, true,
		false},
	{"2 consumers or more", 0, 0, C, 64, 1, 2, 1, WAIT_SPIN, true, true,
		false},
	{"more than 64 workers", 0, 0, T, 64, 1, 40, 25, WAIT_SPIN, false,
		false, false},
	{"more than 64 workers", 0, 0, T, 64, 1, UINT32_MAX, 2, WAIT_SPIN,
		false, false, false},
	{"a producer and a consumer", 0, 0, T, 64, 1, 0, 1, WAIT_SPIN, false,
		false, false},
	{NULL, 0, 0, O, 32, 1, 2, 2, WAIT_SPIN, false, false, false},
	{"32 bytes at least, not 31", 0, 0, O, 31, 1, 1, 1, WAIT_SPIN, false,
		false, false},
	{"not in batches of 2", 0, 0, O, 64, 2, 1, 1, WAIT_SPIN, false, false,
		false},
	{"know no open loop", 0, CAP_EXTERNAL, O, 64, 1, 1, 1, WAIT_SPIN, false,
		false, false},
	{"measures round trips only", 0, CAP_NO_THROUGHPUT, O, 64, 1, 1, 1,
		WAIT_SPIN, false, false, false},
	{"not on 64 bytes", 0, 0, T, 64, 1, 1, 1, WAIT_SPIN, false, false,
		true},
};

START_TEST(test_transport_can_run_says_why_not)
{
	const struct row *row = &rows[_i];
	const struct transport transport = {
		.name = "some",
		.caps = (EVERY_CAP & ~row->without) | row->with,
		.max_len = short_max_len,
		.can_run = row->never ? never : NULL,
	};
	struct bench_case bench = {
		.transport = "some",
		.mode = row->mode,
		.msg_size_bytes = row->msg_size_bytes,
		.batch = row->batch,
		.producers = row->producers,
		.consumers = row->consumers,
		.wait = row->wait,
		.kill_victim = {[VICTIM_PRODUCER] = row->kill_producer,
			[VICTIM_CONSUMER] = row->kill_consumer},
	};
	char reason[CASE_REASON_BYTES] = "";
	int ret = transport_can_run(&transport, &bench, reason, sizeof(reason));

	ck_assert_msg(ret == (row->reason ? -ENOTSUP : 0),
		"row %d returns %d: %s", _i, ret, reason);
	if (row->reason)
		ck_assert_msg(strstr(reason, row->reason) != NULL,
			"row %d says '%s'", _i, reason);
}
END_TEST

/* Ways of receiving and of checking that not all have. */
START_TEST(test_transport_can_run_access_and_verify_say_why_not)
{
	static const struct {
		enum access_mode access;
		enum verify_mode verify;
		unsigned caps;
		unsigned batch;
		const char *reason;
	} ways[] = {
		{ACCESS_COPY, VERIFY_SUM, 0, 1, NULL},
		{ACCESS_VIEW, VERIFY_SUM, CAP_VIEW, 1, NULL},
		{ACCESS_VIEW, VERIFY_SUM, 0, 1, "where it lies"},
		{ACCESS_VIEW, VERIFY_SUM, CAP_VIEW | CAP_BATCH, 2,
			"not in batches of 2"},
		{ACCESS_LEASE, VERIFY_SUM, CAP_VIEW | CAP_LEASE, 1, NULL},
		{ACCESS_LEASE, VERIFY_SUM, CAP_VIEW, 1, "has no leases"},
		{ACCESS_LEASE, VERIFY_SUM, CAP_VIEW | CAP_LEASE | CAP_BATCH, 2,
			"not in batches of 2"},
		{ACCESS_COPY, VERIFY_SUM, CAP_EXTERNAL, 1, "verify = sum"},
		{ACCESS_COPY, VERIFY_FULL, CAP_EXTERNAL, 1, NULL},
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		const struct transport transport = {
			.name = "some",
			.caps = ways[i].caps,
		};
		const struct bench_case bench = {
			.transport = "some",
			.msg_size_bytes = 64,
			.batch = ways[i].batch,
			.producers = 1,
			.consumers = 1,
			.access = ways[i].access,
			.verify = ways[i].verify,
		};
		char reason[CASE_REASON_BYTES] = "";
		int ret = transport_can_run(
			&transport, &bench, reason, sizeof(reason));

		ck_assert_msg(ret == (ways[i].reason ? -ENOTSUP : 0),
			"row %zu returns %d: %s", i, ret, reason);
		if (ways[i].reason)
			ck_assert_msg(strstr(reason, ways[i].reason) != NULL,
				"row %zu says '%s'", i, reason);
	}
}
END_TEST

START_TEST(test_transport_can_run_message_beyond_mq_names_the_setting)
{
	const struct transport *mq = transport_find("mq");
	struct bench_case bench = {
		.transport = "mq",
		.producers = 1,
		.consumers = 1,
		.batch = 1,
	};
	char reason[CASE_REASON_BYTES] = "";

	bench.msg_size_bytes = mq->max_len() + 1;
	ck_assert_int_eq(transport_can_run(mq, &bench, reason, sizeof(reason)),
		-ENOTSUP);
	ck_assert_msg(strstr(reason, "fs.mqueue.msgsize_max") != NULL,
		"it says '%s'", reason);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("transport-table");
	TCase *tcase = tcase_create("table");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_transport_table_every_entry_is_complete);
	tcase_add_test(tcase, test_transport_complete_missing_call_is_told);
	tcase_add_test(tcase, test_transport_find_name_gives_that_transport);
	tcase_add_loop_test(tcase, test_transport_can_run_says_why_not, 0,
		sizeof(rows) / sizeof(*rows));
	tcase_add_test(
		tcase, test_transport_can_run_access_and_verify_say_why_not);
	tcase_add_test(tcase,
		test_transport_can_run_message_beyond_mq_names_the_setting);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
