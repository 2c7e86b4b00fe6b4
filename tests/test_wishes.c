/* test_wishes.c - what a scenario asks of a transport besides passing messages:
 * how long it looks before it sleeps, and which pages it is made of.
 *
 * Whether this system gives huge pages is its own affair. That a channel which
 * wishes for them works is seen everywhere; that it gets them, where they are,
 * and where they are not that it is skipped and told why.
 */
#include <check.h>
#include <errno.h>
#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "case/axes.h"
#include "machine/shm_room.h"
#include "own_names.h"
#include "plan/plan.h"
#include "run/slice.h"
#include "scenario/key.h"
#include "scenario/scenario.h"
#include "transport/list.h"
#include "transport/own.h"
#include "transport/transport.h"

static const uint64_t ms = 1000000;

static struct bench_case case_of(const struct transport *transport)
{
	struct bench_case bench = {
		.mode = MODE_THROUGHPUT,
		.msg_size_bytes = 64,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.wait = WAIT_BLOCK,
		.verify = VERIFY_FULL,
		.warmup_ns = 1 * ms,
		.slice_ns = 20 * ms,
		.rounds = 1,
	};

	snprintf(bench.transport, sizeof(bench.transport), "%s",
		transport->name);
	for (unsigned i = 0; i < CASE_MAX_WORKERS; i++)
		bench.cpus[i] = CASE_CPU_ANY;
	return bench;
}

static const struct {
	const char *text, *again;
	uint32_t spin_us;
} spins[] = {
	{"auto", "auto", SPIN_AUTO},
	{"off", "off", SPIN_OFF},
	{"always", "always", SPIN_ALWAYS},
	{"1us", "1us", 1},
	{"20us", "20us", 20},
	{"3ms", "3000us", 3000},
	{"10s", "10000000us", SPIN_MAX_US},
};
enum { SPINS = sizeof(spins) / sizeof(spins[0]) };

START_TEST(test_wishes_spin_is_read_as_it_is_written)
{
	const struct bench_case bench = {.spin_us = spins[_i].spin_us};
	char text[SPIN_TEXT_BYTES];
	uint32_t spin_us;

	ck_assert_int_eq(spin_from(spins[_i].text, &spin_us), 0);
	ck_assert_uint_eq(spin_us, spins[_i].spin_us);
	ck_assert_str_eq(spin_text(spin_us, text), spins[_i].again);
	for (int i = 0; i < SPINS; i++)
		ck_assert_int_eq(axis_matches(&bench, AXIS_SPIN, spins[i].text),
			i == _i);
}
END_TEST

static const char *const no_spins[] = {"", "of", "0us", "20", "20ns", "1.5us",
	"11s", "10000001us", "99999999999999999999us", "-1us", "+1us"};
enum { NO_SPINS = sizeof(no_spins) / sizeof(no_spins[0]) };

START_TEST(test_wishes_no_spin_is_refused)
{
	uint32_t spin_us;

	ck_assert_int_eq(spin_from(no_spins[_i], &spin_us), -EINVAL);
}
END_TEST

static const struct {
	const char *key, *value;
	const char *complaint; /* NULL: it is taken, as two values */
} values[] = {
	{"spin", "auto, 20us", NULL},
	{"spin", "of", "f:7: spin = 'of' is unknown; did you mean 'off'?"},
	{"spin", "20", "it is auto, off, always, or a time"},
	{"spin", "off, 0us", "spin = '0us' is unknown"},
	{"spin", "1ms, 1000us", "spin: 1000us comes a second time"},
	{"huge", "no, hint", NULL},
	{"huge", "reservd", "f:7: huge = 'reservd' is unknown; did you mean"},
	{"huge", "yes", "it is no, hint or reserved"},
};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

START_TEST(test_wishes_values_are_taken_or_told)
{
	const struct scenario_key *key = scenario_key_find(values[_i].key);
	const struct value_place place = {"f", 7, values[_i].key};
	struct scenario_section section = {0};
	struct capture capture = capture_begin();
	char said[512];
	int error = scenario_key_apply(key, &place, values[_i].value, &section);

	capture_end(&capture, said, sizeof(said));
	ck_assert_int_eq(error, values[_i].complaint ? -EINVAL : 0);
	if (values[_i].complaint)
		ck_assert_msg(strstr(said, values[_i].complaint) != NULL,
			"row %d says '%s'", _i, said);
	else
		ck_assert_uint_eq(section.spin_count + section.huge_count, 2);
	free(section.spins_us);
	free(section.huges);
}
END_TEST

static const struct {
	unsigned caps;
	enum wait_mode wait;
	uint32_t spin_us;
	enum huge_pages huge;
	const char *reason; /* NULL: it runs */
} rows[] = {
	{CAP_BLOCK, WAIT_BLOCK, SPIN_AUTO, HUGE_PAGES_NO, NULL},
	{CAP_BLOCK | CAP_SPIN, WAIT_BLOCK, SPIN_OFF, HUGE_PAGES_NO, NULL},
	{CAP_BLOCK | CAP_HUGE, WAIT_SPIN, SPIN_AUTO, HUGE_PAGES_HINT, NULL},
	{CAP_BLOCK, WAIT_BLOCK, 20, HUGE_PAGES_NO,
		"some cannot be told how long to look before it sleeps: no "
		"spin = 20us"},
	{CAP_BLOCK | CAP_SPIN, WAIT_SPIN, SPIN_ALWAYS, HUGE_PAGES_NO,
		"spin = always is for calls that sleep, which wait = spin "
		"does not use"},
	{CAP_BLOCK | CAP_SPIN, WAIT_BLOCK, SPIN_AUTO, HUGE_PAGES_RESERVED,
		"some cannot be told to use huge pages: no huge = reserved"},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

START_TEST(test_wishes_beyond_capabilities_are_skipped_with_a_reason)
{
	const struct transport some = {.name = "some", .caps = rows[_i].caps};
	struct bench_case bench = case_of(&some);
	char reason[CASE_REASON_BYTES] = "";
	int ret;

	bench.wait = rows[_i].wait;
	bench.spin_us = rows[_i].spin_us;
	bench.huge = rows[_i].huge;
	ret = transport_can_run(&some, &bench, reason, sizeof(reason));
	ck_assert_int_eq(ret, rows[_i].reason ? -ENOTSUP : 0);
	ck_assert_str_eq(reason, rows[_i].reason ? rows[_i].reason : "");
}
END_TEST

/* The library's own count of sleeps. */
static uint64_t sleeps(const struct transport *transport, uint32_t spin_us)
{
	struct bench_case bench = case_of(transport);
	struct channel_config config;
	struct channel *channel;
	struct endpoint *end;
	struct mipc_stats stats;
	char name[OWN_NAME_BYTES], room[64];
	struct inbound message = {.room = room, .room_bytes = sizeof(room)};

	bench.spin_us = spin_us;
	config = transport_config(&bench, own_name(name));
	ck_assert_int_eq(transport->create(&config, &channel), 0);
	ck_assert_int_eq(transport->attach(channel, ROLE_CONSUMER, 0, &end), 0);
	ck_assert_int_eq(transport->recv(end, &message, 20 * ms), -ETIMEDOUT);
	/* A ring's endpoint is the handle, a queue's begins with it. */
	if (transport == &transport_ring)
		mipc_ring_stats((mipc_ring *)end, &stats);
	else
		mipc_queue_stats(*(mipc_queue **)end, &stats);
	transport->detach(end);
	transport->destroy(channel);
	return stats.received.naps;
}

static const struct transport *const ours[] = {
	&transport_ring, &transport_queue};

START_TEST(test_wishes_spin_decides_whether_the_library_sleeps)
{
	ck_assert_uint_eq(sleeps(ours[_i], SPIN_ALWAYS), 0);
	ck_assert_uint_eq(sleeps(ours[_i], 1000000), 0);
	ck_assert_uint_gt(sleeps(ours[_i], SPIN_OFF), 0);
}
END_TEST

START_TEST(test_wishes_become_the_library_s_options)
{
	struct channel_config config = {.spin_us = 20};

	ck_assert_uint_eq(own_options(&config).spin_us, 20);
	ck_assert_uint_eq(own_options(&config).flags, 0);
	config.spin_us = SPIN_OFF;
	ck_assert_uint_eq(own_options(&config).spin_us, MIPC_SPIN_NEVER);
	config.huge = HUGE_PAGES_HINT;
	ck_assert_uint_eq(
		own_options(&config).flags, MIPC_MEMFD | MIPC_HUGE_PAGES);
	config.huge = HUGE_PAGES_RESERVED;
	ck_assert_uint_eq(
		own_options(&config).flags, MIPC_MEMFD | MIPC_HUGE_RESERVED);
}
END_TEST

static struct slice_report measured(
	const struct transport *transport, enum huge_pages huge)
{
	struct bench_case bench = case_of(transport);
	const struct slice_request request = {.bench = &bench, .seed = 5};
	struct slice_report report = {0};
	char name[OWN_NAME_BYTES];
	int err = 0;

	bench.huge = huge;
	bench.capacity_bytes = 16 << 20;
	/* A busy machine may let a worker sleep through a slice. */
	for (int tries = 0; tries < 20 && !err && !report.msgs; tries++)
		err = slice_run(transport, &request, own_name(name), &report);
	ck_assert_msg(err == 0, "%s: %s: %s", transport->name,
		huge_pages_name(huge), report.reason);
	ck_assert_uint_gt(report.msgs, 0);
	ck_assert_uint_eq(report.verify.sent, report.verify.received);
	ck_assert_uint_eq(report.verify.corrupted, 0);
	return report;
}

/* Whether the hint is heeded or not: memory that has no name. */
START_TEST(test_wishes_hint_passes_messages_and_tells_what_it_got)
{
	ck_assert_int_ge(measured(ours[_i], HUGE_PAGES_HINT).huge_bytes, 0);
	ck_assert_int_lt(measured(ours[_i], HUGE_PAGES_NO).huge_bytes, 0);
}
END_TEST

START_TEST(test_wishes_huge_pages_are_had_or_skipped)
{
	const struct transport *transport = ours[_i & 1];
	enum huge_pages huge = _i & 2 ? HUGE_PAGES_HINT : HUGE_PAGES_RESERVED;
	struct bench_case bench = case_of(transport);
	char reason[CASE_REASON_BYTES] = "";
	int ret;

	bench.huge = huge;
	bench.capacity_bytes = 16 << 20;
	ret = transport_can_run(transport, &bench, reason, sizeof(reason));
	if (ret == 0) {
		ck_assert_int_gt(measured(transport, huge).huge_bytes, 0);
		return;
	}
	ck_assert_int_eq(ret, -ENOTSUP);
	ck_assert_msg(strstr(reason, huge == HUGE_PAGES_HINT
					     ? "shmem_enabled"
					     : "nr_hugepages") != NULL,
		"'%s'", reason);
	printf("SKIP: huge = %s: %s\n", huge_pages_name(huge), reason);
}
END_TEST

START_TEST(test_wishes_buffer_beyond_the_room_there_is_is_told_the_remedy)
{
	char reason[CASE_REASON_BYTES] = "";

	ck_assert_int_eq(shm_room_check(4096, reason, sizeof(reason)), 0);
	ck_assert_int_eq(
		shm_room_check(UINT64_C(1) << 60, reason, sizeof(reason)),
		-ENOTSUP);
	ck_assert_msg(strstr(reason, "--shm-size") != NULL, "'%s'", reason);
	ck_assert_uint_lt(strlen(reason), sizeof(reason) - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wishes");
	TCase *tests = tcase_create("wishes");
	SRunner *runner = srunner_create(suite);
	int failed;

	own_names_begin();
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(
		tests, test_wishes_spin_is_read_as_it_is_written, 0, SPINS);
	tcase_add_loop_test(tests, test_wishes_no_spin_is_refused, 0, NO_SPINS);
	tcase_add_loop_test(
		tests, test_wishes_values_are_taken_or_told, 0, VALUES);
	tcase_add_loop_test(tests,
		test_wishes_beyond_capabilities_are_skipped_with_a_reason, 0,
		ROWS);
	tcase_add_loop_test(tests,
		test_wishes_spin_decides_whether_the_library_sleeps, 0, 2);
	tcase_add_test(tests, test_wishes_become_the_library_s_options);
	tcase_add_loop_test(tests,
		test_wishes_hint_passes_messages_and_tells_what_it_got, 0, 2);
	tcase_add_loop_test(
		tests, test_wishes_huge_pages_are_had_or_skipped, 0, 4);
	tcase_add_test(tests,
		test_wishes_buffer_beyond_the_room_there_is_is_told_the_remedy);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
