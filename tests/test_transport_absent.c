/* test_transport_absent.c - a transport whose library was not there.
 *
 * The stand-ins, as they are where configure found nothing: defined here, they
 * take the place of what this build has.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#undef HAVE_CK
#undef HAVE_QB
#undef HAVE_BOOST
#undef HAVE_ZMQ
#undef HAVE_NNG
#undef HAVE_REDIS
#undef HAVE_ICEORYX
#include "transport/absent.c"

struct row {
	const char *name;
	const char *library; /* a part of the reason */
};

static const struct row rows[] = {
	{"ck-ring", "configure did not find ck ("},
	{"ck-mpmc", "configure did not find ck ("},
	{"qb-rb", "configure did not find libqb ("},
	{"boost-mq", "Boost.Interprocess ("},
	{"zmq", "configure did not find libzmq ("},
	{"nng", "configure did not find nng ("},
	{"redis", "configure did not find hiredis ("},
	{"iceoryx", "configure did not find iceoryx 2's binding for C ("},
};

START_TEST(test_absent_transport_is_found_and_refuses_with_the_library)
{
	const struct row *row = &rows[_i];
	const struct transport *transport = transport_find(row->name);
	struct bench_case bench = {
		.msg_size_bytes = 8,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.wait = WAIT_SPIN,
	};
	char reason[CASE_REASON_BYTES] = "";

	ck_assert_ptr_nonnull(transport);
	ck_assert_int_eq(
		transport_can_run(transport, &bench, reason, sizeof(reason)),
		-ENOTSUP);
	ck_assert_msg(strncmp(reason, "not built in: ", 14) == 0 &&
			      strstr(reason, row->library) != NULL,
		"%s says '%s'", row->name, reason);
	ck_assert_msg(reason[strlen(reason) - 1] == ')', "%s is cut: '%s'",
		row->name, reason);
}
END_TEST

/* Many workers, batches and sleeping: still no reason but the true one. */
START_TEST(test_absent_transport_asked_for_much_still_says_why)
{
	const struct row *row = &rows[_i];
	const struct transport *transport = transport_find(row->name);
	struct bench_case bench = {
		.msg_size_bytes = UINT64_C(1) << 40,
		.batch = 32,
		.producers = transport->caps & CAP_MANY_PRODUCERS ? 2 : 1,
		.consumers = transport->caps & CAP_MANY_CONSUMERS ? 2 : 1,
		.wait = WAIT_BLOCK,
	};
	char reason[CASE_REASON_BYTES] = "";

	ck_assert_int_eq(
		transport_can_run(transport, &bench, reason, sizeof(reason)),
		-ENOTSUP);
	ck_assert_msg(strstr(reason, row->library) != NULL, "%s says '%s'",
		row->name, reason);
}
END_TEST

START_TEST(test_absent_transport_calls_do_nothing)
{
	const struct transport *transport = transport_find(rows[_i].name);
	const struct channel_config config = {.name = "absent"};
	struct channel *channel = NULL;

	ck_assert_int_eq(transport->create(&config, &channel), -ENOTSUP);
	ck_assert_ptr_null(channel);
	transport->destroy(NULL);
	transport->detach(NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_absent_transport_is_found_and_refuses_with_the_library,
		test_absent_transport_asked_for_much_still_says_why,
		test_absent_transport_calls_do_nothing,
	};
	Suite *suite = suite_create("transport-absent");
	TCase *tcase = tcase_create("absent");
	SRunner *runner = srunner_create(suite);
	int failed;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_loop_test(
			tcase, tests[i], 0, sizeof(rows) / sizeof(*rows));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
