/* test_soak.c - random kills and stops, and what is told when a transport does
 * not stand them.
 *
 * The toys are mmapipc's queue with one thing broken; so each verdict must come,
 * with its timeline, and a sound one must get through. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "own_names.h"
#include "recorder/recorder.h"
#include "recorder/timeline.h"
#include "run/fault.h"
#include "run/fault_script.h"
#include "run/run.h"
#include "transport/list.h"
#include "transport/transport.h"

enum { TEXT_BYTES = 65536 };

#define MS UINT64_C(1000000)

static _Atomic int *left; /* shared with the workers: to do wrong */

static bool always(void)
{
	return true;
}

static struct bench_case soak_case(uint64_t soak_ns)
{
	struct bench_case bench = {
		.id = "toy",
		.transport = "queue",
		.mode = MODE_CRASH,
		.msg_size_bytes = 256,
		.batch = 1,
		.producers = 3,
		.consumers = 2,
		.wait = WAIT_BLOCK,
		.verify = VERIFY_FULL,
		.capacity_bytes = 65536,
		.kills = 3,
		.kill_victim = {true, true},
		.kill_at = KILL_AT_RANDOM,
		.faults = {true, true},
		.soak_ns = soak_ns,
		.recover_within_ns = 60000 * MS,
	};

	for (unsigned i = 0; i < CASE_MAX_WORKERS; i++)
		bench.cpus[i] = CASE_CPU_ANY;
	return bench;
}

static struct outcome soak(const struct transport *transport,
	const struct bench_case *bench, int wrong, char *text)
{
	struct outcome outcome = {0};
	struct capture capture;
	char name[OWN_NAME_BYTES];
	int err;

	left = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne((void *)left, MAP_FAILED);
	*left = wrong;
	outcome.crash.recovery = hist_create();
	ck_assert_ptr_nonnull(outcome.crash.recovery);
	capture = capture_begin();
	err = fault_run(transport, bench, 7, own_name(name), always, &outcome);
	capture_end(&capture, text, TEXT_BYTES);
	ck_assert_int_eq(err, 0);
	munmap((void *)left, sizeof(*left));
	return outcome;
}

/* Once so many calls have been made: one goes wrong. */
static bool now_wrong(void)
{
	return *left > 0 && --*left == 0;
}

static int send_losing(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	if (now_wrong())
		return 0;
	return transport_queue.send(endpoint, message, timeout_ns);
}

static int send_doubling(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	if (now_wrong())
		(void)transport_queue.send(endpoint, message, timeout_ns);
	return transport_queue.send(endpoint, message, timeout_ns);
}

static int recv_damaging(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int err = transport_queue.recv(endpoint, message, timeout_ns);

	if (!err && now_wrong())
		((char *)message->room)[100] ^= 1;
	return err;
}

/* From then on no producer gets on, which the next death of one shows. */
static int send_hanging(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	if (*left == 1 || (*left > 1 && --*left == 1))
		for (;;)
			pause();
	return transport_queue.send(endpoint, message, timeout_ns);
}

static const struct {
	const char *what;
	int (*send)(struct endpoint *endpoint, const struct outbound *message,
		uint64_t timeout_ns);
	int (*recv)(struct endpoint *endpoint, struct inbound *message,
		uint64_t timeout_ns);
	int wrong; /* after so many calls */
	enum case_status status;
	const char *says; /* in the timeline */
} toys[] = {
	{"sound", NULL, NULL, 0, STATUS_OK, NULL},
	{"loses", send_losing, NULL, 500, STATUS_VIOLATED, "lost: message"},
	{"doubles", send_doubling, NULL, 500, STATUS_VIOLATED, "came twice"},
	{"damages", NULL, recv_damaging, 500, STATUS_VIOLATED, "came damaged"},
	{"hangs", send_hanging, NULL, 500, STATUS_FAILED, "has not come back"},
};

START_TEST(test_soak_of_a_toy_ends_as_it_must_and_is_told)
{
	struct transport transport = transport_queue;
	struct bench_case bench = soak_case(400 * MS);
	static char text[TEXT_BYTES];
	struct outcome outcome;

	/* What hangs is seen to after a second. */
	if (toys[_i].status == STATUS_FAILED)
		bench.recover_within_ns = 1000 * MS;
	/* Only producers die: no consumer takes a message along. */
	bench.kill_victim[VICTIM_CONSUMER] = false;
	if (toys[_i].send)
		transport.send = toys[_i].send;
	if (toys[_i].recv)
		transport.recv = toys[_i].recv;
	outcome = soak(&transport, &bench, toys[_i].wrong, text);
	ck_assert_msg(outcome.status == toys[_i].status, "%s: %s: %s",
		toys[_i].what, case_status_name(outcome.status),
		outcome.reason);
	if (toys[_i].says) {
		ck_assert_msg(strstr(text, toys[_i].says), "%s: %s",
			toys[_i].what, text);
		ck_assert_ptr_nonnull(strstr(text, "KILLED"));
	} else {
		ck_assert_str_eq(text, "");
		ck_assert_uint_gt(outcome.crash.kills, 0);
		ck_assert_uint_eq(outcome.crash.recovered, outcome.crash.kills);
		ck_assert_ptr_nonnull(outcome.crash.around[VICTIM_PRODUCER]);
		ck_assert_ptr_null(outcome.crash.around[VICTIM_CONSUMER]);
	}
	crash_figures_free(&outcome.crash);
}
END_TEST

START_TEST(test_soak_of_all_roles_accounts_for_every_message)
{
	static const struct transport *const sound[] = {&transport_queue,
		&transport_fcntl_queue, &transport_robust_queue};
	struct bench_case bench = soak_case(0);
	static char text[TEXT_BYTES];
	struct outcome outcome = soak(sound[_i], &bench, 0, text);

	ck_assert_msg(outcome.status == STATUS_OK, "%s", outcome.reason);
	ck_assert_uint_ge(outcome.crash.kills, 6);
	ck_assert_uint_le(outcome.verify.lost, outcome.crash.kills);
	crash_figures_free(&outcome.crash);
}
END_TEST

START_TEST(test_soak_silent_about_a_transport_that_claims_nothing)
{
	struct transport transport = transport_queue;
	struct bench_case bench = soak_case(200 * MS);
	static char text[TEXT_BYTES];
	struct outcome outcome;

	transport.caps &= ~(unsigned)CAP_SURVIVES_KILL;
	transport.send = send_doubling;
	outcome = soak(&transport, &bench, 100, text);
	ck_assert_int_eq(outcome.status, STATUS_VIOLATED);
	ck_assert_str_eq(text, "");
	crash_figures_free(&outcome.crash);
}
END_TEST

/* Replays a script: somebody of each role is always at work, nobody is struck
 * who is not there, and all are at the end. */
static void check_script(
	const struct bench_case *bench, const struct fault_script *script)
{
	enum { RUNS, STOPPED, DEAD } state[CASE_MAX_WORKERS] = {RUNS};
	unsigned workers = bench->producers + bench->consumers;
	uint64_t last_ns = 0;

	for (size_t i = 0; i < script->count; i++) {
		const struct fault_step *step = &script->steps[i];
		unsigned running[2] = {0, 0};

		ck_assert_uint_ge(step->at_ns, last_ns);
		last_ns = step->at_ns;
		switch (step->deed) {
		case DEED_KILL:
			ck_assert_int_ne(state[step->place], DEAD);
			state[step->place] = DEAD;
			break;
		case DEED_STOP:
			ck_assert_int_eq(state[step->place], RUNS);
			state[step->place] = STOPPED;
			break;
		case DEED_CONTINUE:
			ck_assert_int_eq(state[step->place], STOPPED);
			state[step->place] = RUNS;
			break;
		case DEED_RESPAWN:
			ck_assert_int_eq(state[step->place], DEAD);
			state[step->place] = RUNS;
		}
		for (unsigned place = 0; place < workers; place++)
			running[place >= bench->producers] +=
				state[place] == RUNS;
		ck_assert_uint_gt(running[0], 0);
		ck_assert_uint_gt(running[1], 0);
	}
	for (unsigned place = 0; place < workers; place++)
		ck_assert_int_eq(state[place], RUNS);
}

START_TEST(test_script_somebody_of_each_role_always_runs)
{
	struct bench_case bench = soak_case(10000 * MS);
	struct fault_script script;

	bench.faults[FAULT_KILL] = _i != 1;
	bench.faults[FAULT_STOP] = _i != 2;
	for (uint64_t seed = 0; seed < 20; seed++) {
		ck_assert_int_eq(fault_script_make(&bench, seed, &script), 0);
		ck_assert_uint_gt(script.count, 100);
		check_script(&bench, &script);
		fault_script_free(&script);
	}
}
END_TEST

START_TEST(test_script_same_seed_same_deeds_another_seed_others)
{
	struct bench_case bench = soak_case(1000 * MS);
	struct fault_script scripts[3];

	for (uint64_t i = 0; i < 3; i++)
		ck_assert_int_eq(
			fault_script_make(&bench, i / 2, &scripts[i]), 0);
	ck_assert_uint_eq(scripts[0].count, scripts[1].count);
	for (size_t i = 0; i < scripts[0].count; i++) {
		const struct fault_step *one = &scripts[0].steps[i];
		const struct fault_step *other = &scripts[1].steps[i];

		ck_assert_uint_eq(one->at_ns, other->at_ns);
		ck_assert_uint_eq(one->place, other->place);
		ck_assert_int_eq(one->deed, other->deed);
	}
	ck_assert_uint_ne(scripts[0].steps[0].at_ns, scripts[2].steps[0].at_ns);
	for (size_t i = 0; i < 3; i++)
		fault_script_free(&scripts[i]);
}
END_TEST

START_TEST(test_script_without_an_end_has_as_many_kills_as_asked_for)
{
	struct bench_case bench = soak_case(0);
	struct fault_script script;

	bench.kills = 25;
	bench.kill_victim[VICTIM_CONSUMER] = false;
	ck_assert_int_eq(fault_script_make(&bench, 1, &script), 0);
	ck_assert_uint_eq(script.kills[VICTIM_PRODUCER], 25);
	ck_assert_uint_eq(script.kills[VICTIM_CONSUMER], 0);
	fault_script_free(&script);
}
END_TEST

START_TEST(test_recorder_keeps_the_last_events_and_what_has_not_ended)
{
	struct recorder *recorder = recorder_create(2);
	struct recording recording;
	struct recorder_view view;
	uint64_t bin;
	uint32_t messages = 0;

	ck_assert_ptr_nonnull(recorder);
	recording = recorder_begin_track(recorder, 1, 9);
	for (unsigned i = 0; i < 3 * RECORDER_EVENTS; i++) {
		recorder_begin(&recording, 0, RECORDER_SEND, i);
		recorder_end(&recording, 1, 2);
	}
	bin = recording.last_ns / RECORDER_BIN_NS;
	recorder_begin(&recording, 0, RECORDER_RECEIVE, 77);
	ck_assert(!recorder_last(&recorder->tracks[0], 0, &view));
	ck_assert(recorder_last(&recorder->tracks[1], 0, &view));
	ck_assert_int_eq(view.code, RECORDER_RUNS);
	ck_assert_int_eq(view.operation, RECORDER_RECEIVE);
	ck_assert_uint_eq(view.sequence, 77);
	ck_assert_uint_eq(view.number, 9);
	ck_assert(recorder_last(&recorder->tracks[1], 1, &view));
	ck_assert_int_eq(view.code, 1);
	ck_assert_uint_eq(view.sequence, 3 * RECORDER_EVENTS - 1);
	ck_assert(!recorder_last(
		&recorder->tracks[1], RECORDER_EVENTS - 1, &view));
	for (uint64_t i = 0; i < RECORDER_BINS; i++)
		messages += recorder_messages(&recorder->tracks[1], bin - i);
	ck_assert_uint_eq(messages, 2 * 3 * RECORDER_EVENTS);
	/* who comes in its place goes on behind it */
	recording = recorder_begin_track(recorder, 1, 10);
	recorder_begin(&recording, 0, RECORDER_ATTACH, 0);
	ck_assert(recorder_last(&recorder->tracks[1], 1, &view));
	ck_assert_uint_eq(view.sequence, 77);
	/* and nobody once there is an alarm */
	recorder->alarm.kind = ALARM_TWICE;
	recorder_begin(&recording, 0, RECORDER_SEND, 5);
	ck_assert(recorder_last(&recorder->tracks[1], 0, &view));
	ck_assert_int_eq(view.operation, RECORDER_ATTACH);
	recorder_free(recorder);
}
END_TEST

START_TEST(test_timeline_finds_when_a_message_was_sent)
{
	struct timeline timeline = {.producers = 2};
	const uint64_t sent[][2] = {{5, 0}, {9, 3}, {9, 3}, {9, 20}};
	struct timeline_deed deed = {.what = "deed", .place = 0};

	for (unsigned i = 0; i < 4; i++) {
		deed.at_ns = 100 * (i + 1);
		/* from the third one on, producer #2 has place 1 */
		deed.place = i >= 2;
		deed.number = i >= 2 ? 2 : 0;
		ck_assert_int_eq(timeline_add(&timeline, &deed, sent[i]), 0);
	}
	ck_assert_uint_eq(timeline_sent(&timeline, 0, 4), 100);
	ck_assert_uint_eq(timeline_sent(&timeline, 0, 5), 200);
	ck_assert_uint_eq(timeline_sent(&timeline, 0, 9), 0);
	ck_assert_uint_eq(timeline_sent(&timeline, 2, 10), 400);
	ck_assert_uint_eq(timeline_sent(&timeline, 3, 0), 0);
	timeline_free(&timeline);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("soak");
	TCase *tcase = tcase_create("soak");
	SRunner *runner = srunner_create(suite);
	int failed;

	own_names_begin();
	tcase_add_loop_test(tcase,
		test_soak_of_a_toy_ends_as_it_must_and_is_told, 0,
		sizeof(toys) / sizeof(toys[0]));
	tcase_add_loop_test(
		tcase, test_soak_of_all_roles_accounts_for_every_message, 0, 3);
	tcase_add_test(
		tcase, test_soak_silent_about_a_transport_that_claims_nothing);
	tcase_add_loop_test(
		tcase, test_script_somebody_of_each_role_always_runs, 0, 3);
	tcase_add_test(
		tcase, test_script_same_seed_same_deeds_another_seed_others);
	tcase_add_test(tcase,
		test_script_without_an_end_has_as_many_kills_as_asked_for);
	tcase_add_test(tcase,
		test_recorder_keeps_the_last_events_and_what_has_not_ended);
	tcase_add_test(tcase, test_timeline_finds_when_a_message_was_sent);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
