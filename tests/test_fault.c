/* test_fault.c - which losses, and which doubles, does a killed consumer excuse?
 *
 * One message is lost in the whole run, by nobody's death. A consumer that had
 * it copied out and was killed may have taken it along; with leases nobody does.
 * Or some come twice, by nobody's death either: with leases one for each killed
 * consumer may, since another one got what the dead one had; else none.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "own_names.h"
#include "run/fault.h"
#include "run/fault_steps.h"
#include "run/run.h"
#include "transport/list.h"
#include "transport/transport.h"

/* Shared with the workers. */
static _Atomic int *left_to_lose;
static _Atomic int *left_to_double;

/* What this worker received last, to receive it again. */
static struct {
	unsigned char bytes[256];
	size_t len; /* 0: nothing yet */
} latest;

static bool keep_going(void)
{
	return true;
}

static int recv_losing(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int err = transport_queue.recv(endpoint, message, timeout_ns);

	if (!err && *left_to_lose > 0 && (*left_to_lose)-- > 0)
		err = transport_queue.recv(endpoint, message, timeout_ns);
	return err;
}

static int view_losing(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int err = transport_queue.recv_view(endpoint, message, timeout_ns);

	if (!err && *left_to_lose > 0 && (*left_to_lose)-- > 0)
		err = transport_queue.recv_view(endpoint, message, timeout_ns);
	return err;
}

/* Whether @message is the latest once more. */
static bool again(struct inbound *message)
{
	/* once for each: what is sent twice comes out twice, not three times */
	if (!latest.len || *left_to_double <= 0 || (*left_to_double)-- <= 0)
		return false;
	message->data = latest.bytes;
	message->len = latest.len;
	latest.len = 0;
	return true;
}

static int keep_latest(int err, const struct inbound *message)
{
	if (!err && message->len <= sizeof(latest.bytes)) {
		memcpy(latest.bytes, message->data, message->len);
		latest.len = message->len;
	}
	return err;
}

static int recv_doubling(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	if (again(message))
		return 0;
	return keep_latest(
		transport_queue.recv(endpoint, message, timeout_ns), message);
}

static int view_doubling(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	if (again(message))
		return 0;
	return keep_latest(
		transport_queue.recv_view(endpoint, message, timeout_ns),
		message);
}

static _Atomic int *shared_count(int count)
{
	_Atomic int *shared = mmap(NULL, sizeof(*shared),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne((void *)shared, MAP_FAILED);
	*shared = count;
	return shared;
}

static struct outcome run(
	enum access_mode access, enum victim victim, int lose, int twice)
{
	struct transport transport = transport_queue;
	struct bench_case bench = {
		.transport = "queue",
		.mode = MODE_CRASH,
		.msg_size_bytes = 256,
		.batch = 1,
		.producers = 2,
		.consumers = 2,
		.wait = WAIT_BLOCK,
		.access = access,
		.verify = VERIFY_FULL,
		.kills = 5,
		.recover_within_ns = UINT64_C(60000000000),
	};
	struct outcome outcome = {0};
	struct crash_figures owned;
	char name[OWN_NAME_BYTES];

	bench.kill_victim[victim] = true;
	left_to_lose = shared_count(lose);
	left_to_double = shared_count(twice);
	transport.recv = twice ? recv_doubling : recv_losing;
	transport.recv_view = twice ? view_doubling : view_losing;
	for (unsigned i = 0; i < CASE_MAX_WORKERS; i++)
		bench.cpus[i] = CASE_CPU_ANY;
	outcome.crash.recovery = malloc(sizeof(*outcome.crash.recovery));
	ck_assert_ptr_nonnull(outcome.crash.recovery);
	hist_init(outcome.crash.recovery);
	ck_assert_int_eq(fault_run(&transport, &bench, 7, own_name(name),
				 keep_going, &outcome),
		0);
	owned = outcome.crash;
	crash_figures_free(&owned);
	munmap((void *)left_to_lose, sizeof(*left_to_lose));
	munmap((void *)left_to_double, sizeof(*left_to_double));
	return outcome;
}

static const struct {
	enum access_mode access;
	int lose;
	enum case_status status;
} losses[] = {
	{ACCESS_COPY, 0, STATUS_OK},
	{ACCESS_COPY, 1, STATUS_OK},
	{ACCESS_LEASE, 0, STATUS_OK},
	{ACCESS_LEASE, 1, STATUS_VIOLATED},
};

START_TEST(test_fault_loss_is_excused_by_a_kill_but_not_of_a_lease)
{
	struct outcome outcome =
		run(losses[_i].access, VICTIM_CONSUMER, losses[_i].lose, 0);

	ck_assert_msg(outcome.status == losses[_i].status, "%s: %s",
		case_status_name(outcome.status), outcome.reason);
	ck_assert_uint_eq(outcome.crash.kills, 5);
	ck_assert_uint_eq(outcome.crash.lock_held, 5);
}
END_TEST

static const struct {
	enum access_mode access;
	enum victim victim;
	int twice; /* of 5 kills */
	enum case_status status;
} doubles[] = {
	{ACCESS_COPY, VICTIM_CONSUMER, 1, STATUS_VIOLATED},
	{ACCESS_LEASE, VICTIM_CONSUMER, 2, STATUS_OK},
	{ACCESS_LEASE, VICTIM_CONSUMER, 6, STATUS_VIOLATED},
	{ACCESS_LEASE, VICTIM_PRODUCER, 1, STATUS_VIOLATED},
};

START_TEST(test_fault_double_is_excused_by_each_killed_lessee)
{
	struct outcome outcome = run(
		doubles[_i].access, doubles[_i].victim, 0, doubles[_i].twice);

	ck_assert_msg(outcome.status == doubles[_i].status, "%s: %lu twice: %s",
		case_status_name(outcome.status),
		(unsigned long)outcome.verify.duplicated, outcome.reason);
	ck_assert_uint_eq(outcome.crash.kills, 5);
	ck_assert_uint_ge(
		outcome.verify.duplicated, (unsigned)doubles[_i].twice);
}
END_TEST

/* A queue that nobody may die in: how many calls of recv did not end? */
static int recv_counted(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int err;

	++*left_to_lose;
	err = transport_queue.recv(endpoint, message, timeout_ns);
	--*left_to_lose;
	return err;
}

static int check_counted(struct channel *channel)
{
	return *left_to_lose ? -EBADMSG : transport_queue.check(channel);
}

/* As a scenario's case asks for it. */
static struct outcome run_steps(bool mortal, enum kill_at kill_at)
{
	struct transport transport = transport_queue;
	const struct bench_case bench = {
		.transport = "queue",
		.mode = MODE_CRASH,
		.kill_at = kill_at,
		.kills = 1,
		.recover_within_ns = UINT64_C(5000000000),
	};
	struct outcome outcome = {0};

	left_to_lose = shared_count(0);
	if (mortal) {
		transport.recv = recv_counted;
		transport.check = check_counted;
	}
	outcome.crash.recovery = hist_create();
	ck_assert_ptr_nonnull(outcome.crash.recovery);
	ck_assert_int_eq(
		fault_steps_run(&transport, &bench, 7, keep_going, &outcome),
		0);
	munmap((void *)left_to_lose, sizeof(*left_to_lose));
	return outcome;
}

START_TEST(test_fault_steps_of_a_sound_queue_are_counted)
{
	struct outcome outcome = run_steps(false, KILL_AT_SLEEPER);
	const struct crash_steps *steps = outcome.crash.steps;

	ck_assert_msg(outcome.status == STATUS_OK, "%s", outcome.reason);
	ck_assert_uint_gt(steps->rows, 0);
	ck_assert_uint_gt(steps->struck, 0);
	ck_assert_uint_eq(steps->struck + steps->missed, steps->trials);
	ck_assert_uint_eq(outcome.crash.kills, steps->struck);
	ck_assert_uint_eq(outcome.crash.recovered, outcome.crash.kills);
	ck_assert_uint_eq(crash_steps_violations(steps), 0);
	ck_assert_str_eq(steps->first, "");
	crash_figures_free(&outcome.crash);
}
END_TEST

START_TEST(test_fault_steps_of_a_mortal_queue_are_a_violation)
{
	struct outcome outcome = run_steps(true, KILL_AT_SLEEPER);
	const struct crash_steps *steps = outcome.crash.steps;

	ck_assert_int_eq(outcome.status, STATUS_VIOLATED);
	ck_assert_uint_gt(steps->verdicts[VERDICT_BROKEN], 0);
	ck_assert_msg(strncmp(outcome.reason, "broken: ", 8) == 0, "%s",
		outcome.reason);
	ck_assert_msg(
		strncmp(steps->command,
			"ipcmark crash queue --kill-at with-sleeper ", 43) == 0,
		"%s", steps->command);
	crash_figures_free(&outcome.crash);
}
END_TEST

static bool stop_at_once(void)
{
	return false;
}

START_TEST(test_fault_steps_cut_short_prove_nothing)
{
	const struct bench_case bench = {
		.transport = "queue",
		.mode = MODE_CRASH,
		.kill_at = KILL_AT_INSTRUCTION,
		.recover_within_ns = UINT64_C(5000000000),
	};
	struct outcome outcome = {.crash.recovery = hist_create()};
	char text[STEPS_VERDICT_BYTES];

	ck_assert_int_eq(fault_steps_run(&transport_queue, &bench, 7,
				 stop_at_once, &outcome),
		0);
	ck_assert(outcome.crash.steps->incomplete);
	crash_steps_verdict(outcome.crash.steps, "kills", text);
	ck_assert_msg(strstr(text, "a part of it is missing"), "%s", text);
	crash_figures_free(&outcome.crash);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fault");
	TCase *tcase = tcase_create("fault");
	SRunner *runner = srunner_create(suite);
	int failed;

	own_names_begin();
	tcase_add_loop_test(tcase,
		test_fault_loss_is_excused_by_a_kill_but_not_of_a_lease, 0,
		sizeof(losses) / sizeof(losses[0]));
	tcase_add_loop_test(tcase,
		test_fault_double_is_excused_by_each_killed_lessee, 0,
		sizeof(doubles) / sizeof(doubles[0]));
	tcase_add_test(tcase, test_fault_steps_of_a_sound_queue_are_counted);
	tcase_add_test(
		tcase, test_fault_steps_of_a_mortal_queue_are_a_violation);
	tcase_add_test(tcase, test_fault_steps_cut_short_prove_nothing);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
