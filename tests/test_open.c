/* test_open.c - the open loop, workers and all: does it see what a closed loop
 * hides, and each message that goes wrong?
 *
 * No time is asserted but what a sleep of known length makes certain: while the
 * consumer sleeps, so many messages become due, and each of them waits for what
 * is left of the sleep at least.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "case/latency.h"
#include "own_names.h"
#include "run/slice.h"
#include "transport/list.h"
#include "transport/transport.h"

enum {
	EVERY = 100,	   /* each so many messages goes wrong */
	STALL_AT = 1000,   /* the message that the consumer stalls with */
	STALL_MS = 100,	   /* ... and for how long */
	SLOW_MS = 40,	   /* a message this late has met the stall */
	RATE = 10000,	   /* 1000 messages become due meanwhile */
	SMALL_BUFFER = 64, /* messages, about */
	LONG_SLICE_MS = 1600,
	LIMIT_S = 150, /* of a test: how long a hang takes */
};

static const uint64_t ms = 1000000;

static struct latency latency;
static struct hist rtt;
static unsigned turn; /* each worker's own */

static struct bench_case open_case(enum verify_mode verify)
{
	struct bench_case bench = {
		.transport = "fake",
		.mode = MODE_OPEN,
		.msg_size_bytes = 64,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.wait = WAIT_BLOCK,
		.verify = verify,
		.warmup_ns = 1 * ms,
		.slice_ns = 40 * ms,
		.rounds = 1,
		.burst = 1,
	};

	for (unsigned i = 0; i < CASE_MAX_WORKERS; i++)
		bench.cpus[i] = CASE_CPU_ANY;
	return bench;
}

static int run(const struct transport *transport,
	const struct bench_case *bench, double rate_per_s,
	struct slice_report *report)
{
	const struct slice_request request = {
		.bench = bench, .rate_per_s = rate_per_s, .seed = 3};
	char name[OWN_NAME_BYTES];

	latency_init(&latency);
	hist_init(&rtt);
	*report = (struct slice_report){.latency = &latency, .rtt = &rtt};
	return slice_run(transport, &request, own_name(name), report);
}

static void assert_flawless(const struct verify_totals *verify)
{
	ck_assert_uint_gt(verify->sent, 0);
	ck_assert_uint_eq(verify->sent, verify->received);
	ck_assert_uint_eq(verify->lost, 0);
	ck_assert_uint_eq(verify->duplicated, 0);
	ck_assert_uint_eq(verify->reordered, 0);
	ck_assert_uint_eq(verify->corrupted, 0);
}

/* How many of @hist took longer than @ns, to about a thousandth of them. */
static uint64_t slower_than(const struct hist *hist, uint64_t ns)
{
	unsigned permille = 1000;

	while (permille > 0 && hist_percentile(hist, permille / 10.0) > ns)
		permille--;
	return hist->total * (1000 - permille) / 1000;
}

/* Sleeps once, with the message already in its hands. */
static int recv_stalling(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	const struct timespec stall = {.tv_nsec = STALL_MS * 1000000};
	int err = transport_queue.recv(endpoint, message, timeout_ns);

	if (!err && ++turn == STALL_AT)
		nanosleep(&stall, NULL);
	return err;
}

/* The consumer sleeps for 100 ms while 10 messages become due in each of them:
 * those of the first half wait for 40 ms and more. */
START_TEST(test_open_stall_of_the_consumer_shows_in_every_message)
{
	struct bench_case bench = open_case(VERIFY_HEADER);
	struct transport fake = transport_queue;
	struct slice_report report;

	fake.recv = recv_stalling;
	bench.slice_ns = 400 * ms;
	ck_assert_int_eq(run(&fake, &bench, RATE, &report), 0);
	ck_assert_uint_ge(slower_than(&latency.intended, SLOW_MS * ms), 400);
	assert_flawless(&report.verify);
}
END_TEST

/* One message is in flight: one meets the stall, or as many as the machine
 * itself holds up for as long. */
START_TEST(test_closed_loop_hides_the_stall)
{
	struct bench_case bench = open_case(VERIFY_HEADER);
	struct transport fake = transport_queue;
	struct slice_report report;
	uint64_t slow;

	fake.recv = recv_stalling;
	bench.mode = MODE_ROUNDTRIP;
	bench.slice_ns = 400 * ms;
	ck_assert_int_eq(run(&fake, &bench, 0, &report), 0);
	ck_assert_uint_ge(rtt.max_ns, STALL_MS * ms);
	slow = slower_than(&rtt, SLOW_MS * ms);
	/* 400 ms hold no more of them, whoever is to blame */
	ck_assert_uint_le(slow, 400 / SLOW_MS + rtt.total / 1000);
}
END_TEST

/* With little room the sender is held up: from when it sent, all looks well. */
START_TEST(test_open_stall_hides_in_the_time_from_actual_send)
{
	struct bench_case bench = open_case(VERIFY_HEADER);
	struct transport fake = transport_queue;
	struct slice_report report;

	fake.recv = recv_stalling;
	bench.slice_ns = 400 * ms;
	bench.capacity_bytes = SMALL_BUFFER * 64;
	ck_assert_int_eq(run(&fake, &bench, RATE, &report), 0);
	ck_assert_uint_ge(slower_than(&latency.intended, SLOW_MS * ms), 400);
	ck_assert_uint_ge(slower_than(&latency.lag, SLOW_MS * ms), 400);
	ck_assert_uint_le(
		slower_than(&latency.actual, SLOW_MS * ms), 4 * SMALL_BUFFER);
}
END_TEST

static const struct {
	const struct transport *transport;
	enum verify_mode verify;
	enum access_mode access;
	enum arrival arrival;
	unsigned producers, consumers, burst;
	bool mixed;
} good[] = {
	{&transport_queue, VERIFY_HEADER, .producers = 1, .consumers = 1},
	{&transport_queue, VERIFY_SUM, .producers = 1, .consumers = 1},
	{&transport_queue, VERIFY_FULL, .producers = 1, .consumers = 1},
	{&transport_queue, VERIFY_FULL, .producers = 3, .consumers = 2,
		.mixed = true},
	{&transport_queue, VERIFY_HEADER, .producers = 2, .consumers = 1,
		.burst = 50, .mixed = true},
	{&transport_ring, VERIFY_SUM, ACCESS_VIEW, .producers = 1,
		.consumers = 1, .mixed = true},
	{&transport_queue, VERIFY_FULL, ACCESS_LEASE, .producers = 2,
		.consumers = 2, .mixed = true},
	{&transport_ring, VERIFY_HEADER, .arrival = ARRIVAL_POISSON,
		.producers = 1, .consumers = 1, .burst = 10},
	{&transport_pipe, VERIFY_FULL, .producers = 1, .consumers = 1,
		.mixed = true},
	{&transport_null, VERIFY_SUM, .producers = 1, .consumers = 1,
		.mixed = true},
};
enum { GOOD = sizeof(good) / sizeof(good[0]) };

static const struct size_mix three = {
	.count = 3, .bytes = {32, 100, 4096}, .percent = {60, 30, 10}};

START_TEST(test_open_good_transport_every_due_message_is_timed)
{
	struct bench_case bench = open_case(good[_i].verify);
	struct slice_report report;

	bench.access = good[_i].access;
	bench.arrival = good[_i].arrival;
	bench.producers = good[_i].producers;
	bench.consumers = good[_i].consumers;
	bench.burst = good[_i].burst ? good[_i].burst : 1;
	if (good[_i].mixed) {
		bench.mix = three;
		bench.msg_size_bytes = 4096;
	}
	ck_assert_int_eq(run(good[_i].transport, &bench, RATE, &report), 0);
	assert_flawless(&report.verify);
	ck_assert_uint_gt(latency.due, 0);
	/* all that was due was sent, in time or not, and has arrived */
	ck_assert_uint_eq(latency.due, latency.intended.total + latency.unsent);
	ck_assert_uint_eq(latency.due, latency.actual.total + latency.unsent);
	ck_assert_uint_le(latency.lag.total, latency.due);
	ck_assert_uint_ge(latency.lag.total, latency.intended.total);
	ck_assert_uint_ge(latency.backlog, latency.unsent);
	/* who was sent later than due cannot have been faster from then */
	ck_assert_uint_ge(latency.intended.max_ns, latency.actual.max_ns);
}
END_TEST

/* A fault each: the ledger has to see it through times and sizes. */
static int send_losing(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	if (++turn % EVERY == 0)
		return 0;
	return transport_queue.send(endpoint, message, timeout_ns);
}

static int recv_damaging(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int err = transport_queue.recv(endpoint, message, timeout_ns);

	if (!err && ++turn % EVERY == 0) /* the byte after the times */
		((uint8_t *)message->room)[24] ^= 4;
	return err;
}

/* Good at both ends, but of another length. */
static int recv_cutting(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int err = transport_queue.recv(endpoint, message, timeout_ns);

	if (!err && message->len == 100 && ++turn % 10 == 0) {
		memmove((uint8_t *)message->room + 24,
			(uint8_t *)message->room + 92, 8);
		message->len = 32;
	}
	return err;
}

static struct verify_totals faulty(
	const struct transport *fake, enum verify_mode verify)
{
	struct bench_case bench = open_case(verify);
	struct slice_report report;

	bench.mix = three;
	bench.msg_size_bytes = 4096;
	ck_assert_int_eq(run(fake, &bench, 2 * RATE, &report), 0);
	return report.verify;
}

START_TEST(test_open_losing_transport_counts_lost)
{
	struct transport fake = transport_queue;
	struct verify_totals verify;

	fake.send = send_losing;
	verify = faulty(&fake, (enum verify_mode)_i);
	ck_assert_uint_eq(verify.lost, verify.sent / EVERY);
	ck_assert_uint_gt(verify.lost, 0);
}
END_TEST

START_TEST(test_open_damaging_transport_counts_corrupted)
{
	static const enum verify_mode modes[] = {VERIFY_FULL, VERIFY_SUM};
	struct transport fake = transport_queue;

	fake.recv = recv_damaging;
	ck_assert_uint_gt(faulty(&fake, modes[_i]).corrupted, 0);
}
END_TEST

START_TEST(test_open_wrong_size_of_the_mix_is_corrupted)
{
	struct transport fake = transport_queue;

	fake.recv = recv_cutting;
	ck_assert_uint_gt(faulty(&fake, (enum verify_mode)_i).corrupted, 0);
}
END_TEST

/* Each message takes a millisecond and more: a hundredth of what is due. */
START_TEST(test_open_load_that_is_too_much_is_not_reached)
{
	struct bench_case bench = open_case(VERIFY_HEADER);
	struct slice_report report;

	bench.work_ns = 1 * ms;
	bench.capacity_bytes = SMALL_BUFFER * 64;
	ck_assert_int_eq(run(&transport_queue, &bench, 10 * RATE, &report), 0);
	assert_flawless(&report.verify);
	ck_assert(!latency_reached(&latency));
	ck_assert_uint_gt(latency.backlog, latency.due / 2);
}
END_TEST

/* The same load for a sender that does not insist: what its consumer cannot take
 * is dropped, whatever else becomes of the rest. */
START_TEST(test_open_late_messages_are_dropped_and_counted)
{
	struct bench_case bench = open_case(VERIFY_FULL);
	struct slice_report report;

	bench.work_ns = 1 * ms;
	bench.capacity_bytes = SMALL_BUFFER * 64;
	bench.late = LATE_DROP;
	bench.burst = _i ? 4 : 1;
	ck_assert_int_eq(run(&transport_queue, &bench, 10 * RATE, &report), 0);
	assert_flawless(&report.verify);
	/* A sender that is kept from running has not dropped its last ones. */
	ck_assert_uint_gt(latency.dropped, 0);
	ck_assert_uint_gt(latency.dropped + latency.unsent, latency.due / 2);
	ck_assert_uint_lt(latency.dropped, latency.due);
	ck_assert_uint_eq(latency.due,
		latency.intended.total + latency.unsent + latency.dropped);
	/* Who was never sent may not have come to have a lag. */
	ck_assert_uint_le(latency.lag.total + latency.dropped, latency.due);
	ck_assert_uint_ge(latency.lag.total + latency.dropped + latency.unsent,
		latency.due);
	ck_assert(latency_reached(&latency));
}
END_TEST

/* A burst is due at once: its own messages do not overtake each other. */
START_TEST(test_open_burst_that_fits_is_not_dropped)
{
	struct bench_case bench = open_case(VERIFY_HEADER);
	struct slice_report report;

	bench.late = LATE_DROP;
	bench.burst = 100;
	bench.slice_ns = 400 * ms;
	ck_assert_int_eq(run(&transport_queue, &bench, 5000, &report), 0);
	assert_flawless(&report.verify);
	/* Not none: a machine that stands still for 20 ms drops a burst. */
	ck_assert_uint_lt(latency.dropped, latency.due / 2);
}
END_TEST

/* Nothing is ever early or late without a rate: that is what saturates. */
START_TEST(test_open_without_a_rate_sends_as_fast_as_it_goes)
{
	struct bench_case bench = open_case(VERIFY_HEADER);
	struct slice_report report;

	bench.slice_ns = 400 * ms;
	ck_assert_int_eq(run(&transport_queue, &bench, 0, &report), 0);
	assert_flawless(&report.verify);
	ck_assert_uint_gt(report.msgs, 0);
	ck_assert_uint_eq(latency.backlog, 0);
}
END_TEST

/* The slice would last a minute, the test as long as its own limit. */
START_TEST(test_slice_count_ends_it_before_its_time)
{
	struct bench_case bench = open_case(VERIFY_HEADER);
	struct slice_report report;

	bench.mode = (enum case_mode)_i;
	bench.count = 1000;
	bench.slice_ns = 100000 * ms;
	ck_assert_int_eq(run(&transport_queue, &bench, RATE, &report), 0);
	assert_flawless(&report.verify);
	ck_assert_uint_ge(report.msgs, 1000);
	ck_assert_uint_lt(report.elapsed_ns, bench.slice_ns);
}
END_TEST

static bool usage_known(const struct usage *usage)
{
	for (int kind = 0; kind < USAGE_COUNTERS; kind++)
		if (usage->counts[kind] == USAGE_UNKNOWN)
			return false;
	return true;
}

/* A busy machine may let a worker sleep through a whole slice, of which it then
 * rightly knows nothing; but not through all of them, which become longer. */
START_TEST(test_slice_usage_of_all_workers_is_known)
{
	struct bench_case bench = open_case(VERIFY_HEADER);
	struct slice_report report = {0};
	bool known = false;

	bench.mode = (enum case_mode)_i;
	bench.slice_ns = 100 * ms;
	for (int tries = 0; tries < 20 && !known; tries++) {
		ck_assert_int_eq(
			run(&transport_queue, &bench, RATE, &report), 0);
		known = usage_known(&report.usage);
		if (bench.slice_ns < LONG_SLICE_MS * ms)
			bench.slice_ns *= 2;
	}
	ck_assert(known);
}
END_TEST

/* The modes of rounds. */
static const int timed[] = {MODE_THROUGHPUT, MODE_ROUNDTRIP, MODE_OPEN};

int main(void)
{
	Suite *suite = suite_create("open");
	TCase *tcase = tcase_create("open");
	SRunner *runner = srunner_create(suite);
	int failed;

	own_names_begin();
	tcase_set_timeout(tcase, LIMIT_S);
	tcase_add_test(
		tcase, test_open_stall_of_the_consumer_shows_in_every_message);
	tcase_add_test(tcase, test_closed_loop_hides_the_stall);
	tcase_add_test(
		tcase, test_open_stall_hides_in_the_time_from_actual_send);
	tcase_add_loop_test(tcase,
		test_open_good_transport_every_due_message_is_timed, 0, GOOD);
	tcase_add_loop_test(tcase, test_open_losing_transport_counts_lost,
		VERIFY_FULL, VERIFY_SUM + 1);
	tcase_add_loop_test(
		tcase, test_open_damaging_transport_counts_corrupted, 0, 2);
	tcase_add_loop_test(tcase, test_open_wrong_size_of_the_mix_is_corrupted,
		VERIFY_FULL, VERIFY_SUM + 1);
	tcase_add_test(tcase, test_open_load_that_is_too_much_is_not_reached);
	tcase_add_loop_test(
		tcase, test_open_late_messages_are_dropped_and_counted, 0, 2);
	tcase_add_test(tcase, test_open_burst_that_fits_is_not_dropped);
	tcase_add_test(
		tcase, test_open_without_a_rate_sends_as_fast_as_it_goes);
	for (unsigned i = 0; i < sizeof(timed) / sizeof(timed[0]); i++) {
		tcase_add_loop_test(tcase,
			test_slice_count_ends_it_before_its_time, timed[i],
			timed[i] + 1);
		tcase_add_loop_test(tcase,
			test_slice_usage_of_all_workers_is_known, timed[i],
			timed[i] + 1);
	}
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
