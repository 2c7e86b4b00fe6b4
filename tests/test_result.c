/* test_result.c - what is saved comes back; what is no result is refused with
 * the place of the fault; what a run means as an exit code.
 */
#include <check.h>
#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "capture.h"
#include "sample_result.h"

static void compare_rounds(
	const struct round_figures *a, const struct round_figures *b)
{
	struct round_figures left = *a, right = *b;

	for (size_t kind = 0; kind < ROUND_TIMES_KINDS; kind++) {
		ck_assert_pstr_eq(a->times[kind].text, b->times[kind].text);
		left.times[kind].text = right.times[kind].text = NULL;
	}
	ck_assert_mem_eq(&left, &right, sizeof(left));
}

START_TEST(test_result_cases_come_back_as_they_were)
{
	const struct bench_case *was = &sample.plan.cases[_i];
	const struct result_case *one = &loaded.cases[_i];
	const struct outcome *outcome = &sample.run.outcomes[_i];
	size_t rounds = outcome->round_count;

	ck_assert_uint_eq(loaded.case_count, SAMPLE_CASES);
	ck_assert_str_eq(one->bench.id, was->id);
	ck_assert_str_eq(one->bench.section, was->section);
	ck_assert_str_eq(one->bench.transport, was->transport);
	ck_assert_str_eq(one->bench.placement, was->placement);
	ck_assert_int_eq(one->bench.mode, was->mode);
	ck_assert_int_eq(one->bench.wait, was->wait);
	ck_assert_int_eq(one->bench.verify, was->verify);
	ck_assert_uint_eq(one->bench.msg_size_bytes, was->msg_size_bytes);
	ck_assert_uint_eq(one->bench.kills, was->kills);
	ck_assert_uint_eq(one->bench.recover_within_ns, was->recover_within_ns);
	ck_assert_int_eq(one->bench.kill_victim[0], was->kill_victim[0]);
	ck_assert_int_eq(one->bench.skip, was->skip);
	ck_assert_int_eq(one->outcome.status, outcome->status);
	ck_assert_str_eq(one->outcome.reason, outcome->reason);
	ck_assert_uint_eq(one->outcome.round_count, rounds);
	for (size_t i = 0; i < rounds; i++)
		compare_rounds(&one->outcome.rounds[i], &outcome->rounds[i]);
	ck_assert_mem_eq(&one->outcome.verify, &outcome->verify,
		sizeof(outcome->verify));
	if (!was->skip)
		ck_assert_mem_eq(one->bench.cpus, was->cpus, sizeof(was->cpus));
}
END_TEST

START_TEST(test_result_run_comes_back_as_it_was)
{
	ck_assert_uint_eq(loaded.seed, UINT64_MAX - 5);
	ck_assert_uint_eq(loaded.started_unix_ns, 1700000000000000000);
	ck_assert(!loaded.interrupted);
	ck_assert_str_eq(env_text(loaded.environment, "cpu_model"), "Test CPU");
	ck_assert_str_eq(env_text(loaded.environment, "governor"), "");
	ck_assert(loaded.cases[SAMPLE_NULL_8].limit);
	ck_assert(!loaded.cases[SAMPLE_RING_8].limit);
	ck_assert(loaded.cases[SAMPLE_CRASH].survives_kill);
	ck_assert(!loaded.cases[SAMPLE_CONTROL].survives_kill);
}
END_TEST

START_TEST(test_result_figures_are_medians_over_rounds)
{
	const struct result_case *ring = &loaded.cases[SAMPLE_RING_8];

	ck_assert_double_eq_tol(ring->msgs_per_s.median, 4e6, 1);
	ck_assert_double_eq_tol(ring->msgs_per_s.lo, 2e6, 1);
	ck_assert_double_eq_tol(ring->msgs_per_s.hi, 6e6, 1);
	ck_assert_double_eq_tol(ring->cpu_ns_per_msg, 500, 1e-6);
	ck_assert_double_nan(loaded.cases[SAMPLE_MQ_64].msgs_per_s.median);
	ck_assert_double_nan(loaded.cases[SAMPLE_RTT].msgs_per_s.median);
	ck_assert_double_nan(loaded.cases[SAMPLE_CRASH].cpu_ns_per_msg);
}
END_TEST

START_TEST(test_result_histograms_come_back_whole)
{
	const struct hist *rtt = loaded.cases[SAMPLE_RTT].outcome.rtt;
	const struct crash_figures *crash =
		&loaded.cases[SAMPLE_CRASH].outcome.crash;

	ck_assert_ptr_nonnull(rtt);
	ck_assert_mem_eq(rtt->counts,
		sample.run.outcomes[SAMPLE_RTT].rtt->counts,
		sizeof(rtt->counts));
	ck_assert_uint_eq(rtt->max_ns, 100000); /* exact, by "max" */
	ck_assert_uint_eq(crash->kills, 4);
	ck_assert_uint_eq(crash->recovered, 4);
	ck_assert_ptr_nonnull(crash->recovery);
	ck_assert_uint_eq(crash->recovery->total, 4);
	ck_assert_ptr_null(loaded.cases[SAMPLE_CONTROL].outcome.crash.recovery);
}
END_TEST

START_TEST(test_result_open_loop_comes_back_as_it_was)
{
	const struct result_case *one = &loaded.cases[SAMPLE_OPEN];
	const struct bench_case *bench = &one->bench,
				*was = &sample.plan.cases[SAMPLE_OPEN];
	const struct latency *latency = one->outcome.latency,
			     *sent = sample.run.outcomes[SAMPLE_OPEN].latency;

	ck_assert_uint_eq(bench->rate, RATE_SHARE | 50);
	ck_assert_int_eq(bench->arrival, ARRIVAL_POISSON);
	ck_assert_uint_eq(bench->burst, 4);
	ck_assert_uint_eq(bench->work_ns, 2000);
	ck_assert_int_eq(bench->late, was->late);
	ck_assert_uint_eq(bench->until_percent, 5);
	ck_assert_uint_eq(bench->count, 12345);
	ck_assert_mem_eq(&bench->mix, &was->mix, sizeof(was->mix));
	ck_assert_double_eq(one->outcome.saturation_per_s, 2e6);
	ck_assert_double_eq(one->outcome.offered_per_s, 1e6);
	ck_assert_ptr_nonnull(latency);
	ck_assert_uint_eq(latency->due, 1000);
	ck_assert_uint_eq(latency->backlog, 10);
	ck_assert_uint_eq(latency->unsent, 1);
	ck_assert_uint_eq(latency->dropped, 7);
	ck_assert_mem_eq(latency->intended.counts, sent->intended.counts,
		sizeof(sent->intended.counts));
	ck_assert_mem_eq(latency->actual.counts, sent->actual.counts,
		sizeof(sent->actual.counts));
	ck_assert_mem_eq(latency->lag.counts, sent->lag.counts,
		sizeof(sent->lag.counts));
	ck_assert_double_eq(one->p50_ns.median, 501000);
	ck_assert_double_eq(one->usage_per_msg[USAGE_VOLUNTARY], 0.5);
	ck_assert(isnan(one->usage_per_msg[USAGE_CYCLES]));
	for (unsigned r = 0; r < SAMPLE_ROUNDS; r++) {
		const struct round_figures *round = &one->outcome.rounds[r];

		ck_assert_uint_eq(round->p50_ns, 500000 + 1000 * r);
		ck_assert_uint_eq(round->due, 333 + r);
		ck_assert_uint_eq(round->backlog, r);
		ck_assert_uint_eq(
			round->usage.counts[USAGE_VOLUNTARY], round->msgs / 2);
		ck_assert_uint_eq(
			round->usage.counts[USAGE_CYCLES], USAGE_UNKNOWN);
	}
	ck_assert_double_eq(loaded.overhead.closed_ns, 1.75);
	ck_assert_double_eq(loaded.overhead.closed_lo_ns, 1.5);
	ck_assert_double_eq(loaded.overhead.closed_hi_ns, 2);
	ck_assert_double_eq(loaded.overhead.open_ns, 61);
	ck_assert_str_eq(loaded.counters_refused, "this machine shows none");
}
END_TEST

static json_t *saved(void)
{
	json_t *json = json_load_file(sample.path, 0, NULL);

	ck_assert_ptr_nonnull(json);
	return json;
}

static json_t *at(json_t *json, size_t index, const char *key)
{
	json_t *one = json_array_get(json_object_get(json, "cases"), index);

	ck_assert_ptr_nonnull(json_object_get(one, key));
	return json_object_get(one, key);
}

/* The ring at 8 B has rounds of 2, 4 and 6 million messages a second. */
START_TEST(test_result_disturbed_rounds_are_counted_and_can_be_left_out)
{
	struct outcome *outcome = &sample.run.outcomes[SAMPLE_RING_8];
	struct result again;
	size_t slices = 0;

	outcome->rounds[0].steal_ns = 10000000;
	outcome->rounds[0].delay_ns = 300;
	outcome->rounds[1].moves = 2;
	sample.run.outcomes[SAMPLE_PIPE_8].rounds[2].steal_ns = 1;
	sample.run.outcomes[SAMPLE_PIPE_8].rounds[2].moves = 1;
	/* To wait for a CPU is not held against a slice. */
	sample.run.outcomes[SAMPLE_PIPE_8].rounds[1].delay_ns = 1;
	sample_load(&sample, &again);
	for (size_t i = 0; i < again.case_count; i++)
		slices += again.cases[i].outcome.round_count;
	ck_assert_uint_eq(again.disturbed.slices, slices);
	ck_assert_uint_eq(again.disturbed.steal, 2);
	ck_assert_uint_eq(again.disturbed.moves, 2);
	ck_assert_uint_eq(again.disturbed.any, 3);
	outcome = &again.cases[SAMPLE_RING_8].outcome;
	ck_assert_uint_eq(outcome->rounds[0].steal_ns, 10000000);
	ck_assert_uint_eq(outcome->rounds[0].delay_ns, 300);
	ck_assert_uint_eq(outcome->rounds[1].moves, 2);
	ck_assert_double_eq_tol(
		again.cases[SAMPLE_RING_8].msgs_per_s.median, 4e6, 1);
	ck_assert_int_eq(result_drop_disturbed(&again), 0);
	ck_assert_uint_eq(outcome->round_count, 1);
	ck_assert_uint_eq(outcome->rounds[0].round, 2);
	ck_assert_double_eq_tol(
		again.cases[SAMPLE_RING_8].msgs_per_s.median, 6e6, 1);
	ck_assert_uint_eq(again.cases[SAMPLE_PIPE_8].outcome.round_count, 2);
	ck_assert_uint_eq(again.cases[SAMPLE_PIPE_64].outcome.round_count, 3);
	result_free(&again);
}
END_TEST

START_TEST(test_result_memory_and_distance_come_back)
{
	struct bench_case *bench = &sample.plan.cases[SAMPLE_RING_8];
	struct result again;

	bench->memory = MEMORY_INTERLEAVE;
	bench->memory_nodes = UINT64_C(1) << 63 | 5;
	snprintf(bench->distance, sizeof(bench->distance), "other-node");
	sample.run.outcomes[SAMPLE_RING_8].memory_found = 4;
	sample_load(&sample, &again);
	bench = &again.cases[SAMPLE_RING_8].bench;
	ck_assert_int_eq(bench->memory, MEMORY_INTERLEAVE);
	ck_assert_uint_eq(bench->memory_nodes, UINT64_C(1) << 63 | 5);
	ck_assert_str_eq(bench->distance, "other-node");
	ck_assert_uint_eq(again.cases[SAMPLE_RING_8].outcome.memory_found, 4);
	ck_assert_int_eq(again.cases[SAMPLE_PIPE_8].bench.memory, MEMORY_ANY);
	ck_assert_uint_eq(again.cases[SAMPLE_PIPE_8].bench.memory_nodes, 0);
	result_free(&again);
}
END_TEST

START_TEST(test_result_spin_and_huge_pages_come_back)
{
	struct bench_case *bench = &sample.plan.cases[SAMPLE_RING_8];
	struct outcome *outcome = &sample.run.outcomes[SAMPLE_RING_8];
	struct result again;

	bench->spin_us = 20;
	bench->huge = HUGE_PAGES_HINT;
	outcome->huge_known = true;
	sample_load(&sample, &again);
	bench = &again.cases[SAMPLE_RING_8].bench;
	ck_assert_uint_eq(bench->spin_us, 20);
	ck_assert_int_eq(bench->huge, HUGE_PAGES_HINT);
	/* none, which is not the same as not known */
	ck_assert(again.cases[SAMPLE_RING_8].outcome.huge_known);
	ck_assert_uint_eq(again.cases[SAMPLE_RING_8].outcome.huge_bytes, 0);
	ck_assert_uint_eq(again.cases[SAMPLE_PIPE_8].bench.spin_us, SPIN_AUTO);
	ck_assert(!again.cases[SAMPLE_PIPE_8].outcome.huge_known);
	result_free(&again);
	outcome->huge_bytes = 6 << 20;
	sample_load(&sample, &again);
	ck_assert_uint_eq(
		again.cases[SAMPLE_RING_8].outcome.huge_bytes, 6 << 20);
	result_free(&again);
}
END_TEST

START_TEST(test_result_absent_figures_are_null)
{
	json_t *json = saved();

	ck_assert(json_is_null(at(json, SAMPLE_MQ_64, "throughput")));
	ck_assert(json_is_null(at(json, SAMPLE_MQ_64, "cpu_ns_per_msg")));
	ck_assert(json_is_null(
		json_object_get(at(json, SAMPLE_MQ_64, "verify"), "received")));
	ck_assert(json_is_null(json_object_get(
		at(json, SAMPLE_MQ_64, "placement"), "obtained")));
	ck_assert(json_is_null(at(json, SAMPLE_RING_8, "rtt_ns")));
	ck_assert(json_is_null(at(json, SAMPLE_RING_8, "crash")));
	ck_assert(json_is_null(at(json, SAMPLE_RING_8, "reason")));
	ck_assert(json_is_null(at(json, SAMPLE_RTT, "throughput")));
	ck_assert(json_is_null(json_object_get(
		at(json, SAMPLE_CONTROL, "crash"), "recovery_ns")));
	json_decref(json);
}
END_TEST

START_TEST(test_result_violated_case_has_no_rate)
{
	json_t *json;

	sample.run.outcomes[SAMPLE_RING_8].status = STATUS_VIOLATED;
	sample.run.outcomes[SAMPLE_RTT].status = STATUS_VIOLATED;
	result_free(&loaded);
	sample_load(&sample, &loaded);
	json = saved();
	ck_assert(json_is_null(at(json, SAMPLE_RING_8, "throughput")));
	ck_assert(json_is_null(at(json, SAMPLE_RTT, "rtt_ns")));
	json_decref(json);
}
END_TEST

START_TEST(test_result_save_replaces_or_leaves_alone)
{
	char before[4096] = "/nonexistent/folder/result.json";

	ck_assert_int_eq(result_save(&sample.plan, &sample.run,
				 &sample.environment, before),
		-ENOENT);
	ck_assert_int_eq(result_save(&sample.plan, &sample.run,
				 &sample.environment, sample.path),
		0);
	snprintf(before, sizeof(before), "%s.%ld.tmp", sample.path,
		(long)getpid());
	ck_assert_int_ne(access(before, F_OK), 0);
}
END_TEST

/* A value changed in the saved file, and what the complaint must name. */
static const struct {
	const char *from, *to, *complaint;
} faults[] = {
	{"\"schema\": \"ipcmark-result-1\"", "\"schema\": \"ipcmark-result-9\"",
		"schema: this version reads"},
	{"\"seed\": \"18446744073709551610\"", "\"seed\": -3",
		"seed: expected a whole number that is not negative"},
	{"\"seed\": \"18446744073709551610\"", "\"seed\": \"18e9\"",
		"seed: expected a whole number, found text"},
	{"\"seed\": \"18446744073709551610\"",
		"\"seed\": \"99999999999999999999\"", "seed: expected"},
	{"\"batch\": 1,", "\"batch\": 99999999999999,",
		"cases[0].batch: expected 1 to 4294967295"},
	{"\"batch\": 1,", "\"batch\": \"many\",", "cases[0].batch: expected"},
	{"\"batch\": 1,", "\"batch\": 1.5,",
		"cases[0].batch: expected a whole number, found a number with"},
	{"\"batch\": 1,", "\"bitch\": 1,",
		"cases[0].batch: expected a whole "
		"number, found nothing"},
	{"\"batch\": 1,", "\"batch\": 1, \"batch\": 2,", "duplicate"},
	{"\"producers\": 1,", "\"producers\": 65,", "cases[0].producers"},
	{"\"access\": \"copy\"", "\"access\": \"look\"",
		"cases[0].access: \"look\" is no word"},
	{"\"mode\": \"throughput\"", "\"mode\": \"thoughput\"",
		"cases[0].mode: \"thoughput\" is no word"},
	{"\"status\": \"ok\"", "\"status\": true", "cases[0].status"},
	{"\"lost\": 0", "\"lost\": []",
		"cases[0].verify.lost: expected a whole number, found a list"},
	{"\"distance_ns\": [\n", "\"distance_ns\": [1,\n",
		"cases[0].rounds[0].distance_ns: expected two"},
	{"\"elapsed_ns\": 100000000", "\"elapsed_ns\": null",
		"cases[0].rounds[0].elapsed_ns: expected"},
	{"\"rounds\": [", "\"rounds\": [7,",
		"cases[0].rounds[0]: expected an object"},
	{"\"median\": ", "\"median\": -", "cases[0].throughput.msgs_per_s"},
	{"\"lo\": ", "\"lo\": 9", "expected lo <= median <= hi"},
	{"\"histogram\": \"HIST", "\"histogram\": \"HISS",
		"cases[7].rtt_ns.histogram: expected a histogram"},
	{"\"max\": 100000,", "\"max\": 1e999,", "real number overflow"},
	{"\"kills\": 4,", "\"kills\": 3,", "cases[8].crash.lock_held"},
	{"\"producer\",\n", "3,\n", "cases[8].crash.victims"},
	{"\"environment\": {", "\"environment\": 3, \"x\": {", "environment"},
	{"\"cases\": [", "\"cases\": {}, \"x\": [",
		"cases: expected a list, found an object"},
	{"\"cases\": [", "\"cases\": [", NULL}, /* no fault: the control */
};

static char *read_saved(void)
{
	FILE *file = fopen(sample.path, "r");
	char *text = calloc(1, 1 << 20);

	ck_assert(file && text);
	ck_assert_uint_gt(fread(text, 1, (1 << 20) - 1, file), 0);
	fclose(file);
	return text;
}

static void write_saved(const char *text, size_t length)
{
	FILE *file = fopen(sample.path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

static int load_quietly(struct result *result, char *said, size_t said_bytes)
{
	struct capture capture = capture_begin();
	int err = result_load(sample.path, result);

	capture_end(&capture, said, said_bytes);
	return err;
}

START_TEST(test_result_fault_is_named_by_file_and_place)
{
	char *text = read_saved(), *mutant = calloc(1, 1 << 20);
	char *found = strstr(text, faults[_i].from), said[1024];
	struct result result;
	int err;

	ck_assert_ptr_nonnull(mutant);
	ck_assert_msg(found, "%s is not in the file", faults[_i].from);
	snprintf(mutant, 1 << 20, "%.*s%s%s", (int)(found - text), text,
		faults[_i].to, found + strlen(faults[_i].from));
	write_saved(mutant, strlen(mutant));
	err = load_quietly(&result, said, sizeof(said));
	if (!faults[_i].complaint) {
		ck_assert_int_eq(err, 0);
		result_free(&result);
	} else {
		ck_assert_int_eq(err, -EBADMSG);
		ck_assert_msg(
			strstr(said, faults[_i].complaint), "said: %s", said);
		ck_assert_msg(strstr(said, sample.path), "said: %s", said);
		ck_assert_msg(strchr(said, '\n') == said + strlen(said) - 1,
			"more than one line: %s", said);
	}
	free(mutant);
	free(text);
}
END_TEST

static void load_any(const char *text, size_t length)
{
	struct result result;
	char said[1024];

	write_saved(text, length);
	if (load_quietly(&result, said, sizeof(said)) == 0)
		result_free(&result);
	else
		ck_assert_uint_gt(strlen(said), 0);
}

START_TEST(test_result_cut_off_file_is_refused)
{
	char *text = read_saved(), said[1024];
	size_t length = strrchr(text, '}') - text;
	struct result result;

	for (size_t cut = 0; cut < length; cut += 1 + length / 150) {
		write_saved(text, cut);
		ck_assert_int_eq(
			load_quietly(&result, said, sizeof(said)), -EBADMSG);
	}
	free(text);
}
END_TEST

/* Values swapped for others of every type and size: any answer will do, but
 * nothing may be touched that is not ours (run under sanitizers). */
START_TEST(test_result_random_damage_never_breaks_the_reader)
{
	static const char *const junk[] = {"null", "true", "[]", "{}", "-1",
		"1e300", "9223372036854775807", "\"\"", "[[[]]]", "\"ring\"",
		"0", "{\"a\":1}"};
	char *text = read_saved(), *mutant = calloc(1, 1 << 20);
	uint64_t state = 88172645463325252;
	size_t length = strlen(text);

	ck_assert_ptr_nonnull(mutant);
	for (int i = 0; i < 400; i++) {
		const char *value;
		size_t width;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		value = strchr(text + state % (length - 1000), ':');
		width = strcspn(value + 2, ",\n");
		snprintf(mutant, 1 << 20, "%.*s%s%s", (int)(value + 2 - text),
			text, junk[state % 12], value + 2 + width);
		load_any(mutant, strlen(mutant));
		memcpy(mutant, text, length + 1);
		mutant[state % length] = (char)(state >> 32);
		load_any(mutant, length);
	}
	free(mutant);
	free(text);
}
END_TEST

START_TEST(test_result_no_file_is_said_so)
{
	struct result result;
	char said[1024];

	unlink(sample.path);
	ck_assert_int_eq(load_quietly(&result, said, sizeof(said)), -ENOENT);
	ck_assert_ptr_nonnull(strstr(said, sample.path));
}
END_TEST

static const struct {
	int index; /* the case that is changed, -1: none */
	enum case_status status;
	int recovered; /* -1: as it was */
	int code;
} verdicts[] = {
	{-1, STATUS_OK, -1, EXIT_GOOD}, /* the control's hang is no fault */
	{SAMPLE_RING_8, STATUS_VIOLATED, -1, EXIT_VIOLATED},
	{SAMPLE_RING_8, STATUS_FAILED, -1, EXIT_INCONCLUSIVE},
	{SAMPLE_RING_8, STATUS_SKIP, -1, EXIT_GOOD},
	{SAMPLE_OPEN, STATUS_UNREACHED, -1, EXIT_INCONCLUSIVE},
	{SAMPLE_CRASH, STATUS_VIOLATED, -1, EXIT_VIOLATED},
	{SAMPLE_CRASH, STATUS_FAILED, -1, EXIT_RECOVERY},
	{SAMPLE_CRASH, STATUS_OK, 3, EXIT_RECOVERY},
	{SAMPLE_CONTROL, STATUS_VIOLATED, -1, EXIT_GOOD},
};

START_TEST(test_result_exit_code_says_what_the_run_means)
{
	if (verdicts[_i].index >= 0) {
		struct outcome *outcome =
			&loaded.cases[verdicts[_i].index].outcome;

		outcome->status = verdicts[_i].status;
		if (verdicts[_i].recovered >= 0)
			outcome->crash.recovered =
				(unsigned)verdicts[_i].recovered;
	}
	ck_assert_int_eq(result_exit_code(&loaded), verdicts[_i].code);
}
END_TEST

START_TEST(test_result_violation_outweighs_all_and_skips_are_nothing)
{
	loaded.cases[SAMPLE_RING_8].outcome.status = STATUS_FAILED;
	loaded.cases[SAMPLE_CRASH].outcome.status = STATUS_FAILED;
	loaded.cases[SAMPLE_NULL_8].outcome.status = STATUS_VIOLATED;
	ck_assert_int_eq(result_exit_code(&loaded), EXIT_VIOLATED);
	for (size_t i = 0; i < SAMPLE_CASES; i++)
		loaded.cases[i].outcome.status = STATUS_SKIP;
	ck_assert_int_eq(result_exit_code(&loaded), EXIT_NOTHING_RAN);
	loaded.interrupted = true;
	ck_assert_int_eq(result_exit_code(&loaded), EXIT_INCONCLUSIVE);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_result_open_loop_comes_back_as_it_was);
	tcase_add_loop_test(tcase, test_result_cases_come_back_as_they_were, 0,
		SAMPLE_CASES);
	tcase_add_test(tcase, test_result_run_comes_back_as_it_was);
	tcase_add_test(tcase, test_result_figures_are_medians_over_rounds);
	tcase_add_test(tcase, test_result_histograms_come_back_whole);
	tcase_add_test(tcase,
		test_result_disturbed_rounds_are_counted_and_can_be_left_out);
	tcase_add_test(tcase, test_result_memory_and_distance_come_back);
	tcase_add_test(tcase, test_result_spin_and_huge_pages_come_back);
	tcase_add_test(tcase, test_result_absent_figures_are_null);
	tcase_add_test(tcase, test_result_violated_case_has_no_rate);
	tcase_add_test(tcase, test_result_save_replaces_or_leaves_alone);
	tcase_add_loop_test(tcase, test_result_fault_is_named_by_file_and_place,
		0, sizeof(faults) / sizeof(*faults));
	tcase_add_test(tcase, test_result_cut_off_file_is_refused);
	tcase_add_test(
		tcase, test_result_random_damage_never_breaks_the_reader);
	tcase_add_test(tcase, test_result_no_file_is_said_so);
	tcase_add_loop_test(tcase,
		test_result_exit_code_says_what_the_run_means, 0,
		sizeof(verdicts) / sizeof(*verdicts));
	tcase_add_test(tcase,
		test_result_violation_outweighs_all_and_skips_are_nothing);
}

int main(void)
{
	Suite *suite = suite_create("result");
	TCase *tcase = tcase_create("result");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, sample_set_up, sample_tear_down);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
