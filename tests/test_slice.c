/* test_slice.c - does a whole slice, workers and all, notice a transport that
 * misbehaves, and say so without hanging?
 *
 * The transports here are our queue with one fault each.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "own_names.h"
#include "run/fault.h"
#include "run/slice.h"
#include "transport/list.h"
#include "transport/transport.h"

enum { EVERY = 1000 }; /* each so many messages goes wrong */

static const uint64_t ms = 1000000;

/* How the messages are checked: the ways are different code. */
static enum verify_mode verify;

static struct bench_case small_case(enum case_mode mode)
{
	struct bench_case bench = {
		.transport = "fake",
		.mode = mode,
		.msg_size_bytes = 64,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.wait = WAIT_BLOCK,
		.verify = verify,
		.warmup_ns = 1 * ms,
		.slice_ns = 20 * ms,
		.rounds = 1,
		.recover_within_ns = 1000 * ms,
	};

	for (unsigned i = 0; i < CASE_MAX_WORKERS; i++)
		bench.cpus[i] = CASE_CPU_ANY;
	return bench;
}

static const char *unique_name(void)
{
	static char name[OWN_NAME_BYTES];

	return own_name(name);
}

/* A busy machine may let a worker sleep through a slice. */
static int run_case(const struct transport *transport,
	const struct bench_case *bench, struct slice_report *report)
{
	const struct slice_request request = {.bench = bench};
	int err = 0;

	memset(report, 0, sizeof(*report));
	for (int tries = 0; tries < 20 && !err && !report->msgs; tries++) {
		memset(report, 0, sizeof(*report));
		err = slice_run(transport, &request, unique_name(), report);
	}
	return err;
}

static int run(const struct transport *transport, enum case_mode mode,
	struct slice_report *report)
{
	const struct bench_case bench = small_case(mode);

	return run_case(transport, &bench, report);
}

/* Faults. Each worker is a process of its own: the counters are its own. */
static unsigned turn;

static int send_losing(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	if (++turn % EVERY == 0)
		return 0;
	return transport_queue.send(endpoint, message, timeout_ns);
}

static int send_doubling(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	int err = transport_queue.send(endpoint, message, timeout_ns);

	if (!err && ++turn % EVERY == 0)
		transport_queue.send(endpoint, message, 1000 * ms);
	return err;
}

static int send_swapping(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	static uint8_t kept[64];
	const struct outbound other = {kept, sizeof(kept)};
	int err;

	if (++turn % EVERY == 1) {
		memcpy(kept, message->data, sizeof(kept));
		return 0;
	}
	do {
		err = transport_queue.send(endpoint, message, timeout_ns);
	} while (turn % EVERY == 2 && err);
	if (turn % EVERY == 2)
		transport_queue.send(endpoint, &other, 1000 * ms);
	return err;
}

static int recv_damaging(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int err = transport_queue.recv(endpoint, message, timeout_ns);

	if (!err && ++turn % EVERY == 0)
		((uint8_t *)message->room)[verify == VERIFY_HEADER ? 60 : 30] ^=
			4;
	return err;
}

static int recv_hanging(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	if (++turn == EVERY)
		pause();
	return transport_queue.recv(endpoint, message, timeout_ns);
}

static int recv_dying(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	if (++turn == EVERY)
		raise(SIGSEGV);
	return transport_queue.recv(endpoint, message, timeout_ns);
}

static int send_failing(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	if (++turn == EVERY)
		return -EIO;
	return transport_queue.send(endpoint, message, timeout_ns);
}

START_TEST(test_slice_good_transport_figures_and_no_complaint)
{
	struct slice_report report;

	verify = (enum verify_mode)_i;
	for (int mode = MODE_THROUGHPUT; mode <= MODE_ROUNDTRIP; mode++) {
		ck_assert_int_eq(
			run(&transport_queue, (enum case_mode)mode, &report),
			0);
		ck_assert_uint_gt(report.msgs, 0);
		ck_assert_uint_ge(report.elapsed_ns, 20 * ms);
		ck_assert_uint_gt(report.cpu_ns, 0);
		ck_assert_uint_eq(report.verify.sent, report.verify.received);
		ck_assert_uint_eq(report.verify.lost, 0);
		ck_assert_uint_eq(report.verify.duplicated, 0);
		ck_assert_uint_eq(report.verify.reordered, 0);
		ck_assert_uint_eq(report.verify.corrupted, 0);
	}
}
END_TEST

START_TEST(test_slice_losing_transport_counts_lost)
{
	struct transport fake = transport_queue;
	struct slice_report report;

	verify = (enum verify_mode)_i;
	fake.send = send_losing;
	ck_assert_int_eq(run(&fake, MODE_THROUGHPUT, &report), 0);
	ck_assert_uint_eq(report.verify.lost, report.verify.sent / EVERY);
	ck_assert_uint_gt(report.verify.lost, 0);
}
END_TEST

START_TEST(test_slice_doubling_transport_counts_duplicates)
{
	struct transport fake = transport_queue;
	struct slice_report report;

	verify = (enum verify_mode)_i;
	fake.send = send_doubling;
	ck_assert_int_eq(run(&fake, MODE_THROUGHPUT, &report), 0);
	ck_assert_uint_gt(report.verify.duplicated, 0);
	ck_assert_uint_eq(report.verify.lost, 0);
}
END_TEST

START_TEST(test_slice_swapping_transport_counts_reordered)
{
	struct transport fake = transport_queue;
	struct slice_report report;

	verify = (enum verify_mode)_i;
	fake.send = send_swapping;
	ck_assert_int_eq(run(&fake, MODE_THROUGHPUT, &report), 0);
	ck_assert_uint_gt(report.verify.reordered, 0);
	ck_assert_uint_eq(report.verify.duplicated, 0);
}
END_TEST

START_TEST(test_slice_damaging_transport_counts_corrupted)
{
	struct transport fake = transport_queue;
	struct slice_report report;

	verify = (enum verify_mode)_i;
	fake.recv = recv_damaging;
	ck_assert_int_eq(run(&fake, MODE_THROUGHPUT, &report), 0);
	ck_assert_uint_gt(report.verify.corrupted, 0);
}
END_TEST

/* The word of the next message, as it was when the one before was viewed. */
static int recv_view_early(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	static uint8_t stale[64];
	int err = transport_ring.recv_view(endpoint, message, timeout_ns);

	if (!err && ++turn % EVERY == 0)
		message->data = stale;
	else if (!err)
		memcpy(stale, message->data, sizeof(stale));
	return err;
}

static int run_view(
	const struct transport *transport, struct slice_report *report)
{
	struct bench_case bench = small_case(MODE_THROUGHPUT);

	bench.access = ACCESS_VIEW;
	return run_case(transport, &bench, report);
}

START_TEST(test_slice_viewing_ring_no_complaint)
{
	struct slice_report report;

	verify = (enum verify_mode)_i;
	ck_assert_int_eq(run_view(&transport_ring, &report), 0);
	ck_assert_uint_gt(report.msgs, 0);
	ck_assert_uint_eq(report.verify.sent, report.verify.received);
	ck_assert_uint_eq(report.verify.lost, 0);
	ck_assert_uint_eq(report.verify.duplicated, 0);
	ck_assert_uint_eq(report.verify.reordered, 0);
	ck_assert_uint_eq(report.verify.corrupted, 0);
}
END_TEST

/* Many more messages than there is room for: each is given back. */
START_TEST(test_slice_leasing_queue_frees_each_message)
{
	struct bench_case bench = small_case(MODE_THROUGHPUT);
	const struct slice_request request = {.bench = &bench};
	struct slice_report report = {0};

	bench.access = ACCESS_LEASE;
	bench.capacity_bytes = 4096;
	ck_assert_int_eq(
		slice_run(&transport_queue, &request, unique_name(), &report),
		0);
	ck_assert_uint_gt(report.verify.sent, 4096 / 8);
	ck_assert_uint_eq(report.verify.sent, report.verify.received);
	ck_assert_uint_eq(report.verify.lost, 0);
}
END_TEST

START_TEST(test_slice_view_of_the_wrong_message_is_noticed)
{
	struct transport fake = transport_ring;
	struct slice_report report;

	verify = (enum verify_mode)_i;
	fake.recv_view = recv_view_early;
	ck_assert_int_eq(run_view(&fake, &report), 0);
	ck_assert_uint_gt(report.verify.lost, 0);
	ck_assert_uint_gt(
		report.verify.duplicated + report.verify.reordered, 0);
}
END_TEST

START_TEST(test_slice_dying_worker_fails_with_its_signal)
{
	struct transport fake = transport_queue;
	struct slice_report report;

	fake.recv = recv_dying;
	ck_assert_int_lt(run(&fake, MODE_THROUGHPUT, &report), 0);
	ck_assert_ptr_nonnull(strstr(report.reason, "consumer 0"));
}
END_TEST

START_TEST(test_slice_failing_worker_fails_with_its_error)
{
	struct transport fake = transport_queue;
	struct slice_report report;

	fake.send = send_failing;
	ck_assert_int_eq(run(&fake, MODE_THROUGHPUT, &report), -EIO);
	ck_assert_ptr_nonnull(strstr(report.reason, "producer 0"));
	ck_assert_ptr_nonnull(strstr(report.reason, strerror(EIO)));
}
END_TEST

START_TEST(test_slice_hanging_worker_ends_with_time_out)
{
	struct transport fake = transport_queue;
	struct slice_report report;

	fake.recv = recv_hanging;
	ck_assert_int_eq(run(&fake, MODE_THROUGHPUT, &report), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(report.reason, "consumer 0 hung"));
}
END_TEST

static bool always(void)
{
	return true;
}

static struct outcome crash(const struct transport *transport, unsigned kills)
{
	struct bench_case bench = small_case(MODE_CRASH);
	struct outcome outcome = {0};
	struct crash_figures owned;

	bench.producers = bench.consumers = 2;
	bench.kills = kills;
	bench.kill_victim[VICTIM_PRODUCER] = true;
	bench.kill_victim[VICTIM_CONSUMER] = true;
	outcome.crash.recovery = malloc(sizeof(*outcome.crash.recovery));
	ck_assert_ptr_nonnull(outcome.crash.recovery);
	hist_init(outcome.crash.recovery);
	ck_assert_int_eq(fault_run(transport, &bench, 1, unique_name(), always,
				 &outcome),
		0);
	owned = outcome.crash;
	crash_figures_free(&owned);
	return outcome;
}

START_TEST(test_fault_queue_survives_holders_death)
{
	struct outcome outcome = crash(&transport_queue, 10);

	ck_assert_msg(outcome.status == STATUS_OK, "%s", outcome.reason);
	ck_assert_uint_eq(outcome.crash.kills, 20);
	ck_assert_uint_eq(outcome.crash.lock_held, 20);
	ck_assert_uint_eq(outcome.crash.recovered, 20);
	/* what the killed consumers had just taken, at most */
	ck_assert_uint_le(outcome.verify.lost, 10);
}
END_TEST

START_TEST(test_fault_plain_mutex_is_seen_to_hang)
{
	struct outcome outcome = crash(&transport_mutex_queue, 1);

	ck_assert_int_eq(outcome.status, STATUS_FAILED);
	ck_assert_uint_eq(outcome.crash.kills, 1);
	ck_assert_uint_eq(outcome.crash.lock_held, 1);
	ck_assert_uint_eq(outcome.crash.recovered, 0);
	ck_assert_ptr_nonnull(strstr(outcome.reason, "hung"));
}
END_TEST

START_TEST(test_fault_losing_transport_is_violated)
{
	struct transport fake = transport_queue;
	struct outcome outcome;

	fake.send = send_losing;
	outcome = crash(&fake, 1);
	ck_assert_int_eq(outcome.status, STATUS_VIOLATED);
}
END_TEST

/* Says that nobody ever holds the lock: nothing must be claimed then. */
static pid_t nobody(struct channel *channel, enum endpoint_role role)
{
	(void)channel;
	(void)role;
	return 0;
}

START_TEST(test_fault_unproved_holder_is_not_killed)
{
	struct transport fake = transport_queue;
	struct outcome outcome;

	fake.lock_holder = nobody;
	outcome = crash(&fake, 1);
	ck_assert_int_eq(outcome.status, STATUS_FAILED);
	ck_assert_uint_eq(outcome.crash.kills, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slice");
	TCase *tcase = tcase_create("slice");
	SRunner *runner = srunner_create(suite);
	int failed;

	own_names_begin();
	tcase_add_loop_test(tcase,
		test_slice_good_transport_figures_and_no_complaint, VERIFY_FULL,
		VERIFY_SUM + 1);
	tcase_add_loop_test(tcase, test_slice_losing_transport_counts_lost,
		VERIFY_FULL, VERIFY_SUM + 1);
	tcase_add_loop_test(tcase,
		test_slice_doubling_transport_counts_duplicates, VERIFY_FULL,
		VERIFY_SUM + 1);
	tcase_add_loop_test(tcase,
		test_slice_swapping_transport_counts_reordered, VERIFY_FULL,
		VERIFY_SUM + 1);
	tcase_add_loop_test(tcase,
		test_slice_damaging_transport_counts_corrupted, VERIFY_FULL,
		VERIFY_SUM + 1);
	tcase_add_test(tcase, test_slice_leasing_queue_frees_each_message);
	tcase_add_loop_test(tcase, test_slice_viewing_ring_no_complaint,
		VERIFY_FULL, VERIFY_SUM + 1);
	tcase_add_loop_test(tcase,
		test_slice_view_of_the_wrong_message_is_noticed, VERIFY_FULL,
		VERIFY_SUM + 1);
	tcase_add_test(tcase, test_slice_dying_worker_fails_with_its_signal);
	tcase_add_test(tcase, test_slice_failing_worker_fails_with_its_error);
	tcase_add_test(tcase, test_slice_hanging_worker_ends_with_time_out);
	tcase_add_test(tcase, test_fault_queue_survives_holders_death);
	tcase_add_test(tcase, test_fault_plain_mutex_is_seen_to_hang);
	tcase_add_test(tcase, test_fault_losing_transport_is_violated);
	tcase_add_test(tcase, test_fault_unproved_holder_is_not_killed);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
