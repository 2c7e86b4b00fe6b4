/* sample_result.h - a small run with figures that are known, and the transports
 * it names: included by exactly one file of a program, it stands in for
 * transport/table.c.
 *
 * Three rounds. In round r the ring moves 2 (r + 1) million messages a second
 * and the pipe half of that at 8 B, a quarter at 64 B; a slow machine in round
 * 0 slows both alike.
 */
#ifndef IPCMARK_TESTS_SAMPLE_RESULT_H
#define IPCMARK_TESTS_SAMPLE_RESULT_H

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/env.h"
#include "plan/plan.h"
#include "result/result.h"
#include "transport/transport.h"

enum {
	SAMPLE_RING_8,
	SAMPLE_RING_64,
	SAMPLE_PIPE_8,
	SAMPLE_PIPE_64,
	SAMPLE_MQ_8,
	SAMPLE_MQ_64,	/* skipped */
	SAMPLE_NULL_8,	/* a limit */
	SAMPLE_RTT,	/* ring */
	SAMPLE_CRASH,	/* queue: 4 kills, all recovered from */
	SAMPLE_CONTROL, /* pipe: makes no claim, and hung */
	SAMPLE_OPEN,	/* ring, 50 % of 2 million: due 1000, 10 of them late */
	SAMPLE_CASES,
	SAMPLE_ROUNDS = 3,
};

struct sample {
	struct plan plan;
	struct run run;
	struct environment environment;
	char path[64]; /* where to save it; removed by sample_end() */
};

const struct transport *transport_find(const char *spec)
{
	static const struct transport stubs[] = {
		{.name = "ring", .caps = CAP_BATCH | CAP_SURVIVES_KILL},
		{.name = "queue", .caps = CAP_BATCH | CAP_SURVIVES_KILL},
		{.name = "pipe", .caps = CAP_BLOCK},
		{.name = "mq", .caps = CAP_BLOCK},
		{.name = "null", .caps = CAP_LIMIT | CAP_LOOPBACK},
	};

	for (size_t i = 0; i < sizeof(stubs) / sizeof(*stubs); i++) {
		if (strcmp(stubs[i].name, spec) == 0)
			return &stubs[i];
	}
	return NULL;
}

static void sample_case(struct sample *sample, size_t index,
	const char *transport, uint64_t size, enum case_mode mode)
{
	static const char *const sections[] = {
		"speed", "latency", "crash", "load"};
	struct bench_case *bench = &sample->plan.cases[index];

	bench->mode = mode;
	snprintf(bench->section, sizeof(bench->section), "%s", sections[mode]);
	snprintf(bench->transport, sizeof(bench->transport), "%s", transport);
	snprintf(bench->id, sizeof(bench->id), "%s/%s/%d", sections[mode],
		transport, (int)size);
	snprintf(bench->placement, sizeof(bench->placement), "near");
	bench->msg_size_bytes = size;
	bench->batch = 1;
	bench->producers = bench->consumers = mode == MODE_CRASH ? 2 : 1;
	for (int i = 0; i < CASE_MAX_WORKERS; i++)
		bench->cpus[i] = i < 2 ? i : CASE_CPU_ANY;
	bench->verify = mode == MODE_THROUGHPUT ? VERIFY_HEADER : VERIFY_FULL;
	bench->warmup_ns = 5000000;
	bench->slice_ns = 100000000;
	bench->rounds = SAMPLE_ROUNDS;
}

/* @per_round: messages in round 0; round r has r + 1 times as many. */
static void sample_rounds(
	struct sample *sample, size_t index, uint64_t per_round)
{
	struct outcome *outcome = &sample->run.outcomes[index];
	bool trips = sample->plan.cases[index].mode == MODE_ROUNDTRIP;

	outcome->rounds = calloc(SAMPLE_ROUNDS, sizeof(*outcome->rounds));
	ck_assert_ptr_nonnull(outcome->rounds);
	outcome->round_count = SAMPLE_ROUNDS;
	for (unsigned r = 0; r < SAMPLE_ROUNDS; r++) {
		outcome->rounds[r] = (struct round_figures){
			.round = r,
			.order = (unsigned)index,
			.start_ns = UINT64_C(1500000000) * (r + 1),
			.msgs = per_round * (r + 1),
			.elapsed_ns = 100000000,
			.p50_ns = trips ? 100000000 / per_round / (r + 1) : 0,
			.cpu_ns = 200000000,
			.distance_before_ns = 50 + r,
			.distance_after_ns = 60 + r,
		};
		outcome->verify.sent += outcome->rounds[r].msgs;
	}
	outcome->verify.received = outcome->verify.sent;
}

static struct hist *sample_hist(uint64_t step_ns, unsigned count)
{
	struct hist *hist = malloc(sizeof(*hist));

	ck_assert_ptr_nonnull(hist);
	hist_init(hist);
	for (unsigned i = 1; i <= count; i++)
		hist_record(hist, i * step_ns);
	return hist;
}

/* The same values, each in one of the rounds: 1, 4, 7 and so on in the first. */
static void sample_times(struct outcome *outcome, enum round_times kind,
	uint64_t step_ns, unsigned count)
{
	for (unsigned r = 0; r < SAMPLE_ROUNDS; r++) {
		struct hist *hist = sample_hist(step_ns, 0);

		for (unsigned i = 1 + r; i <= count; i += SAMPLE_ROUNDS)
			hist_record(hist, i * step_ns);
		ck_assert_int_eq(
			round_keep(&outcome->rounds[r], kind, hist), 0);
		free(hist);
	}
}

static void sample_special(struct sample *sample)
{
	struct bench_case *cases = sample->plan.cases;
	struct outcome *outcomes = sample->run.outcomes;

	cases[SAMPLE_MQ_64].skip = true;
	outcomes[SAMPLE_MQ_64].status = STATUS_SKIP;
	snprintf(outcomes[SAMPLE_MQ_64].reason, CASE_REASON_BYTES,
		"mq carries at most 32 bytes here");
	outcomes[SAMPLE_RTT].rtt = sample_hist(100, 1000);
	sample_times(&outcomes[SAMPLE_RTT], ROUND_TIMES, 100, 1000);
	for (int i = SAMPLE_CRASH; i <= SAMPLE_CONTROL; i++) {
		cases[i].kills = 2;
		cases[i].kill_victim[VICTIM_PRODUCER] = true;
		cases[i].kill_victim[VICTIM_CONSUMER] = true;
		cases[i].recover_within_ns = 50000000;
	}
	outcomes[SAMPLE_CRASH].crash = (struct crash_figures){
		.kills = 4, .lock_held = 4, .recovered = 4};
	outcomes[SAMPLE_CRASH].crash.recovery = sample_hist(100000, 4);
	outcomes[SAMPLE_CONTROL].crash =
		(struct crash_figures){.kills = 1, .lock_held = 1};
	outcomes[SAMPLE_CONTROL].status = STATUS_FAILED;
	snprintf(outcomes[SAMPLE_CONTROL].reason, CASE_REASON_BYTES,
		"nobody went on");
}

/* From when it was due 1 to 1000 us, from when it was sent 1 to 100 us. */
static void sample_open(struct sample *sample)
{
	struct bench_case *bench = &sample->plan.cases[SAMPLE_OPEN];
	struct outcome *outcome = &sample->run.outcomes[SAMPLE_OPEN];
	struct latency *latency = malloc(sizeof(*latency));

	ck_assert_ptr_nonnull(latency);
	latency_init(latency);
	bench->rate = RATE_SHARE | 50;
	bench->arrival = ARRIVAL_POISSON;
	bench->burst = 4;
	bench->work_ns = 2000;
	bench->late = LATE_DROP;
	bench->until_percent = 5;
	bench->count = 12345;
	bench->mix = (struct size_mix){
		.count = 2, .bytes = {64, 1024}, .percent = {75, 25}};
	outcome->saturation_per_s = 2e6;
	outcome->offered_per_s = 1e6;
	outcome->latency = latency;
	latency->due = 1000;
	latency->backlog = 10;
	latency->unsent = 1;
	latency->dropped = 7;
	for (unsigned i = 1; i <= 1000; i++) {
		hist_record(&latency->intended, i * 1000);
		hist_record(&latency->actual, i * 100);
		hist_record(&latency->lag, i * 900);
	}
	sample_times(outcome, ROUND_TIMES, 1000, 1000);
	sample_times(outcome, ROUND_FROM_SEND, 100, 1000);
	sample_times(outcome, ROUND_LAG, 900, 1000);
	for (unsigned r = 0; r < SAMPLE_ROUNDS; r++) {
		struct round_figures *round = &outcome->rounds[r];

		round->p50_ns = 500000 + 1000 * r;
		round->due = 333 + r;
		round->backlog = r;
		round->usage.counts[USAGE_VOLUNTARY] = round->msgs / 2;
		round->usage.counts[USAGE_CYCLES] = USAGE_UNKNOWN;
	}
}

static void sample_begin(struct sample *sample)
{
	int fd;

	*sample = (struct sample){.path = "/tmp/test_result_XXXXXX"};
	fd = mkstemp(sample->path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	sample->plan.scenario_text = "[speed]\ntransport = ring, pipe\n";
	sample->plan.seed = UINT64_MAX - 5; /* no signed number holds it */
	sample->plan.cases = calloc(SAMPLE_CASES, sizeof(struct bench_case));
	sample->run.outcomes = calloc(SAMPLE_CASES, sizeof(struct outcome));
	ck_assert(sample->plan.cases && sample->run.outcomes);
	sample->plan.case_count = sample->run.outcome_count = SAMPLE_CASES;
	sample->run.started_unix_ns = 1700000000000000000;
	sample->run.overhead = (struct overhead){1.75, 61, 1.5, 2};
	snprintf(sample->run.counters_refused, CASE_REASON_BYTES,
		"this machine shows none");
	sample->environment.facts =
		json_pack("{s:s, s:i, s:s, s:n}", "cpu_model", "Test CPU",
			"cpus", 2, "kernel", "Linux 6.0", "governor");
	sample_case(sample, SAMPLE_RING_8, "ring", 8, MODE_THROUGHPUT);
	sample_case(sample, SAMPLE_RING_64, "ring", 64, MODE_THROUGHPUT);
	sample_case(sample, SAMPLE_PIPE_8, "pipe", 8, MODE_THROUGHPUT);
	sample_case(sample, SAMPLE_PIPE_64, "pipe", 64, MODE_THROUGHPUT);
	sample_case(sample, SAMPLE_MQ_8, "mq", 8, MODE_THROUGHPUT);
	sample_case(sample, SAMPLE_MQ_64, "mq", 64, MODE_THROUGHPUT);
	sample_case(sample, SAMPLE_NULL_8, "null", 8, MODE_THROUGHPUT);
	sample_case(sample, SAMPLE_RTT, "ring", 64, MODE_ROUNDTRIP);
	sample_case(sample, SAMPLE_CRASH, "queue", 64, MODE_CRASH);
	sample_case(sample, SAMPLE_CONTROL, "pipe", 64, MODE_CRASH);
	sample_case(sample, SAMPLE_OPEN, "ring", 1024, MODE_OPEN);
	sample_rounds(sample, SAMPLE_RING_8, 200000);
	sample_rounds(sample, SAMPLE_RING_64, 200000);
	sample_rounds(sample, SAMPLE_PIPE_8, 100000);
	sample_rounds(sample, SAMPLE_PIPE_64, 50000);
	sample_rounds(sample, SAMPLE_MQ_8, 40000);
	sample_rounds(sample, SAMPLE_NULL_8, 900000);
	sample_rounds(sample, SAMPLE_RTT, 1000);
	sample_rounds(sample, SAMPLE_OPEN, 1000);
	sample_open(sample);
	sample_special(sample);
}

/* Save and load again, through the file. */
static void sample_load(struct sample *sample, struct result *result)
{
	ck_assert_int_eq(result_save(&sample->plan, &sample->run,
				 &sample->environment, sample->path),
		0);
	ck_assert_int_eq(result_load(sample->path, result), 0);
}

static void sample_end(struct sample *sample)
{
	for (size_t i = 0; i < SAMPLE_CASES; i++) {
		rounds_free(sample->run.outcomes[i].rounds,
			sample->run.outcomes[i].round_count);
		free(sample->run.outcomes[i].rtt);
		free(sample->run.outcomes[i].latency);
		free(sample->run.outcomes[i].crash.recovery);
	}
	free(sample->run.outcomes);
	free(sample->plan.cases);
	env_free(&sample->environment);
	unlink(sample->path);
}

/* The sample of a program's tests, and what came back from its file. */
static struct sample sample;
static struct result loaded;

static void sample_set_up(void)
{
	sample_begin(&sample);
	sample_load(&sample, &loaded);
}

static void sample_tear_down(void)
{
	result_free(&loaded);
	sample_end(&sample);
}

#endif
