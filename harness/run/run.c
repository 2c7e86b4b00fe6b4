/* run.c - rounds.
 *
 * Slices run in the plan's order: in each round every case once. So whatever the
 * machine is doing at the time happens to all of them, and the figures of one
 * round can be compared with each other, whatever happened in the next.
 *
 * At the end of each round the keeper gets all there is, so that a run that was
 * killed can go on at the round it was in.
 *
 * A case that fails is not tried again in later rounds; a message lost, doubled
 * or damaged marks the case for good, but it goes on being measured.
 */
#include "run/run.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/human.h"
#include "base/progress.h"
#include "plan/plan.h"
#include "run/fault.h"
#include "run/fault_steps.h"
#include "run/saturation.h"
#include "run/until.h"
#include "session/session.h"
#include "transport/transport.h"

enum { EXTERNAL_STAY = 32 }; /* cases whose workers stay all rounds long */

/* A case while the run lasts. */
struct running {
	const struct transport *transport;
	struct channel
		*channel;  /* CAP_EXTERNAL: its workers, all rounds long */
	uint64_t begun_ns; /* of the run: what a round's start is told from */
};

static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal)
{
	(void)signal;
	stop_asked = 1;
}

static bool keep_going(void)
{
	return !stop_asked;
}

/* SIGINT and SIGTERM end the run after the slice in hand. */
static void catch_signals(struct sigaction old[2])
{
	struct sigaction action = {.sa_handler = ask_stop};

	stop_asked = 0;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, &old[0]);
	sigaction(SIGTERM, &action, &old[1]);
}

static void restore_signals(const struct sigaction old[2])
{
	sigaction(SIGINT, &old[0], NULL);
	sigaction(SIGTERM, &old[1], NULL);
}

/* One, where there is none: a resumed run has those of its cases. */
static int want_hist(struct hist **hist)
{
	if (!*hist)
		*hist = hist_create();
	return *hist ? 0 : -ENOMEM;
}

static int want_latency(struct latency **latency)
{
	if (!*latency)
		*latency = latency_create();
	return *latency ? 0 : -ENOMEM;
}

/* A channel that never fitted into this system's memory says nothing against its
 * transport; one that did and does no more is another matter. */
static void fail(struct outcome *outcome, int err, const char *reason)
{
	outcome->status = err == -ENOSPC && !outcome->round_count
				  ? STATUS_SKIP
				  : STATUS_FAILED;
	snprintf(outcome->reason, sizeof(outcome->reason), "%s",
		reason[0] ? reason : strerror(-err));
}

static void add_totals(
	struct verify_totals *into, const struct verify_totals *from)
{
	into->sent += from->sent;
	into->received += from->received;
	into->lost += from->lost;
	into->duplicated += from->duplicated;
	into->reordered += from->reordered;
	into->corrupted += from->corrupted;
}

static int add_round(struct outcome *outcome, const struct plan_slice *slice,
	const struct slice_report *report, uint64_t begun_ns)
{
	struct round_figures *rounds = realloc(
		outcome->rounds, (outcome->round_count + 1) * sizeof(*rounds));

	if (!rounds)
		return -ENOMEM;
	outcome->rounds = rounds;
	rounds[outcome->round_count++] = (struct round_figures){
		.round = slice->round,
		.order = slice->order,
		.start_ns = report->started_ns - begun_ns,
		.msgs = report->msgs,
		.elapsed_ns = report->elapsed_ns,
		.cpu_ns = report->cpu_ns,
		.distance_before_ns = report->distance_before_ns,
		.distance_after_ns = report->distance_after_ns,
		.usage = report->usage,
		.steal_ns = report->steal_ns,
		.delay_ns = report->delay_ns,
		.moves = report->moves,
	};
	return 0;
}

/* What the slice's own histograms say, before they become part of the whole. */
static int add_times(struct outcome *outcome, const struct slice_report *report)
{
	struct round_figures *round =
		&outcome->rounds[outcome->round_count - 1];
	const struct latency *latency = report->latency;
	int err = 0;

	if (report->rtt) {
		round->p50_ns = hist_percentile(report->rtt, 50);
		err = round_keep(round, ROUND_TIMES, report->rtt);
		hist_add(outcome->rtt, report->rtt);
	}
	if (latency) {
		round->p50_ns = hist_percentile(&latency->intended, 50);
		round->due = latency->due;
		round->backlog = latency->backlog;
		err = round_keep(round, ROUND_TIMES, &latency->intended);
		if (!err)
			err = round_keep(
				round, ROUND_FROM_SEND, &latency->actual);
		if (!err)
			err = round_keep(round, ROUND_LAG, &latency->lag);
		latency_add(outcome->latency, latency);
	}
	return err;
}

/* What all rounds had at least. */
static void add_huge(struct outcome *outcome, int64_t huge_bytes)
{
	if (huge_bytes < 0)
		return;
	if (!outcome->huge_known || (uint64_t)huge_bytes < outcome->huge_bytes)
		outcome->huge_bytes = (uint64_t)huge_bytes;
	outcome->huge_known = true;
}

static void judge(struct outcome *outcome)
{
	const struct verify_totals *totals = &outcome->verify;

	if (!totals->lost && !totals->duplicated && !totals->reordered &&
		!totals->corrupted)
		return;
	outcome->status = STATUS_VIOLATED;
	snprintf(outcome->reason, sizeof(outcome->reason),
		"%" PRIu64 " lost, %" PRIu64 " twice, %" PRIu64
		" out of order, %" PRIu64 " damaged of %" PRIu64,
		totals->lost, totals->duplicated, totals->reordered,
		totals->corrupted, totals->sent);
}

/* A transport with workers of its own: they are started once. */
static int external_slice(struct running *running,
	const struct slice_request *request, const char *name,
	struct slice_report *report)
{
	const struct transport *transport = running->transport;

	if (!running->channel) {
		struct channel_config config =
			transport_config(request->bench, name);
		int err = transport->create(&config, &running->channel);

		if (err) {
			running->channel = NULL;
			return err;
		}
	}
	return transport->run_slice(running->channel, request, report);
}

static int measure(struct running *running, const struct plan_slice *slice,
	const struct bench_case *bench, const char *name,
	struct outcome *outcome, struct slice_report *report)
{
	const struct slice_request request = {
		.bench = bench,
		.round = slice->round,
		.seed = slice->seed,
		.rate_per_s = outcome->offered_per_s,
	};
	bool external = running->transport->caps & CAP_EXTERNAL;
	int err;

	/* Whoever measures knows better. */
	report->started_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	err = external ? external_slice(running, &request, name, report)
		       : slice_run(running->transport, &request, name, report);
	if (err == -ENOTSUP && external) {
		/* Only the program itself knows what it cannot do. */
		outcome->status = STATUS_SKIP;
		snprintf(outcome->reason, sizeof(outcome->reason), "%s",
			report->reason);
		return 0;
	}
	if (err) {
		fail(outcome, err, report->reason);
		return 0;
	}
	outcome->memory_found |= report->memory_found;
	add_huge(outcome, report->huge_bytes);
	add_totals(&outcome->verify, &report->verify);
	judge(outcome);
	err = add_round(outcome, slice, report, running->begun_ns);
	if (!err)
		err = add_times(outcome, report);
	if (err)
		return err;
	outcome->settled =
		until_settled(bench, outcome->rounds, outcome->round_count);
	return 0;
}

/* A slice with histograms of its own. */
static int measure_slice(const struct plan *plan,
	const struct plan_slice *slice, struct running *running,
	const char *name, struct run *run)
{
	const struct bench_case *bench = &plan->cases[slice->case_index];
	struct outcome *outcome = &run->outcomes[slice->case_index];
	struct slice_report report = {
		.usage = usage_unknown(), .huge_bytes = -1};
	int err = 0;

	if (bench->mode == MODE_ROUNDTRIP)
		err = want_hist(&report.rtt);
	if (bench->mode == MODE_OPEN)
		err = want_latency(&report.latency);
	if (!err && bench->mode == MODE_OPEN && outcome->offered_per_s <= 0) {
		err = saturation_settle(plan, slice->case_index,
			running->transport, slice->seed, name, run->outcomes,
			report.reason, sizeof(report.reason));
		if (err) {
			fail(outcome, err, report.reason);
			goto out;
		}
	}
	if (!err)
		err = measure(running, slice, bench, name, outcome, &report);
	free(report.rtt);
	free(report.latency);
	return err;
out:
	free(report.latency);
	return 0;
}

/* The timeline of what went wrong has been printed: how to have it again. The
 * victims and their moments are the same then, by the seed; what each of them is
 * doing at that moment is the machine's. */
static void say_how_to_repeat(const struct plan *plan,
	const struct bench_case *bench, const struct transport *transport,
	const struct outcome *outcome)
{
	if (outcome->status == STATUS_OK || !plan->command ||
		!plan->command[0] || !(transport->caps & CAP_SURVIVES_KILL))
		return;
	fprintf(stderr,
		"  the same victims at the same moments: %s --set "
		"global.seed=%" PRIu64 " --set '%s.transport=%s' --set "
		"'%s.kill_at=%s'\n\n",
		plan->command, plan->seed, bench->section, bench->transport,
		bench->section, kill_at_name(bench->kill_at));
}

/* One slice of the plan. Returns 0 whatever the case does; -ENOMEM. */
static int run_slice(const struct plan *plan, size_t index,
	struct running *running, struct run *run)
{
	const struct plan_slice *slice = &plan->slices[index];
	struct outcome *outcome = &run->outcomes[slice->case_index];
	const struct bench_case *bench = &plan->cases[slice->case_index];
	char name[LEFTOVER_TOKEN_BYTES + 32];
	int err;

	if (outcome->status == STATUS_SKIP ||
		outcome->status == STATUS_FAILED || outcome->settled)
		return 0;
	snprintf(name, sizeof(name), "%s-%zu", session_token(), index);
	if (bench->mode != MODE_CRASH)
		return measure_slice(plan, slice, running, name, run);
	if (kill_at_is_step(bench->kill_at))
		err = fault_steps_run(running->transport, bench, slice->seed,
			keep_going, outcome);
	else
		err = fault_run(running->transport, bench, slice->seed, name,
			keep_going, outcome);
	if (err)
		fail(outcome, err, outcome->reason);
	else if (!kill_at_is_step(bench->kill_at))
		say_how_to_repeat(plan, bench, running->transport, outcome);
	return 0;
}

static int prepare(
	const struct plan *plan, struct run *run, struct running *running)
{
	for (size_t i = 0; i < plan->case_count; i++) {
		const struct bench_case *bench = &plan->cases[i];
		struct outcome *outcome = &run->outcomes[i];
		int err = 0;

		running[i].transport = transport_find(bench->transport);
		running[i].begun_ns = run->begun_ns;
		if (bench->skip || !running[i].transport) {
			outcome->status = STATUS_SKIP;
			snprintf(outcome->reason, sizeof(outcome->reason), "%s",
				bench->skip ? bench->reason
					    : "no such transport");
			continue;
		}
		if (bench->mode == MODE_ROUNDTRIP)
			err = want_hist(&outcome->rtt);
		else if (bench->mode == MODE_OPEN)
			err = want_latency(&outcome->latency);
		else if (bench->mode == MODE_CRASH)
			err = want_hist(&outcome->crash.recovery);
		if (err)
			return err;
		/* Where a resumed run goes on. */
		outcome->settled = until_settled(
			bench, outcome->rounds, outcome->round_count);
	}
	return 0;
}

/* Is slice @index the last one of its round? Each crash case is a round of its
 * own: it is compared with nothing. */
static bool ends_round(const struct plan *plan, size_t index)
{
	const struct plan_slice *slice = &plan->slices[index];

	return index + 1 == plan->slice_count ||
	       slice[1].round != slice->round ||
	       plan->cases[slice->case_index].mode == MODE_CRASH ||
	       plan->cases[slice[1].case_index].mode == MODE_CRASH;
}

/* Workers that stay cost memory and process numbers; with many such cases each
 * slice has to start them anew. */
static bool let_workers_stay(const struct plan *plan)
{
	size_t external = 0;

	for (size_t i = 0; i < plan->case_count; i++) {
		const struct transport *transport =
			transport_find(plan->cases[i].transport);

		if (!plan->cases[i].skip && transport &&
			(transport->caps & CAP_EXTERNAL))
			external++;
	}
	return external <= EXTERNAL_STAY;
}

static void end_workers(struct running *running)
{
	if (running->channel)
		running->transport->destroy(running->channel);
	running->channel = NULL;
}

static int run_slices(const struct plan *plan, run_keep *keep, void *keeper,
	struct run *run, struct running *running)
{
	const bool stay = let_workers_stay(plan);
	struct progress progress;
	uint64_t done_ns = 0;
	int err = 0;

	for (size_t i = 0; i < run->slices_done; i++)
		done_ns += plan_slice_ns(plan, i);
	progress =
		progress_start(plan->slice_count, plan->estimated_ns, done_ns);
	if (plan->part)
		progress.shown = false;
	for (size_t i = run->slices_done;
		!err && i < plan->slice_count && keep_going(); i++) {
		const struct plan_slice *slice = &plan->slices[i];
		size_t at = slice->case_index;
		bool crash = plan->cases[at].mode == MODE_CRASH;

		progress_step(&progress, i, done_ns,
			crash ? 0 : slice->round + 1, plan->cases[at].id);
		err = run_slice(plan, i, &running[at], run);
		if (!stay)
			end_workers(&running[at]);
		done_ns += plan_slice_ns(plan, i);
		if (err || !ends_round(plan, i) || !keep_going())
			continue;
		run->slices_done = i + 1;
		run->elapsed_ns =
			deadline_clock_ns(CLOCK_MONOTONIC) - run->begun_ns;
		if (keep)
			keep(keeper, plan, run);
	}
	progress_end(&progress);
	run->interrupted = stop_asked;
	return err;
}

/* What a run that was cut short never came to is no success. */
static void mark_not_run(const struct plan *plan, struct run *run)
{
	for (size_t i = 0; i < plan->case_count; i++) {
		struct outcome *outcome = &run->outcomes[i];

		if (outcome->status != STATUS_OK || outcome->round_count ||
			outcome->crash.kills)
			continue;
		outcome->status = STATUS_SKIP;
		snprintf(outcome->reason, sizeof(outcome->reason),
			"the run was interrupted before its first round");
	}
}

/* What could not send as much as it was to has measured another load. */
static void mark_unreached(const struct plan *plan, struct run *run)
{
	for (size_t i = 0; i < plan->case_count; i++) {
		struct outcome *outcome = &run->outcomes[i];
		const struct latency *latency = outcome->latency;
		char rate[HUMAN_BYTES];

		if (!latency || outcome->status != STATUS_OK ||
			latency_reached(latency))
			continue;
		outcome->status = STATUS_UNREACHED;
		snprintf(outcome->reason, sizeof(outcome->reason),
			"%s offered: %.1f %% of it was not sent in time, "
			"%.1f %% never",
			human_rate(outcome->offered_per_s, rate),
			100 * (double)latency->backlog / (double)latency->due,
			100 * (double)latency->unsent / (double)latency->due);
	}
}

/* What every report says, whatever the scenario asks for; once a run, so not
 * again where a resumed one has it already. */
static void look_at_ourselves(const struct plan *plan, struct run *run)
{
	bool open = false;
	int cpu = CASE_CPU_ANY;

	if (plan->part)
		return;
	for (size_t i = 0; i < plan->case_count; i++) {
		const struct bench_case *bench = &plan->cases[i];

		if (bench->skip)
			continue;
		open |= bench->mode == MODE_OPEN;
		if (cpu == CASE_CPU_ANY)
			cpu = bench->cpus[0];
	}
	if (isnan(run->overhead.closed_ns))
		run->overhead = overhead_measure(cpu, open);
	if (!run->counters_refused[0])
		usage_refusal(
			run->counters_refused, sizeof(run->counters_refused));
}

int run_plan(
	const struct plan *plan, run_keep *keep, void *keeper, struct run *run)
{
	struct running *running = calloc(plan->case_count, sizeof(*running));
	struct sigaction old[2];
	int err;

	/* A resumed run goes on where its clock stood. */
	run->begun_ns = deadline_clock_ns(CLOCK_MONOTONIC) - run->elapsed_ns;
	run->outcome_count = plan->case_count;
	if (!run->outcomes) {
		run->started_unix_ns = deadline_clock_ns(CLOCK_REALTIME);
		run->overhead = (struct overhead){NAN, NAN, NAN, NAN};
		run->outcomes =
			calloc(plan->case_count, sizeof(*run->outcomes));
	}
	err = running && run->outcomes ? prepare(plan, run, running) : -ENOMEM;
	if (!err) {
		catch_signals(old);
		look_at_ourselves(plan, run);
		err = run_slices(plan, keep, keeper, run, running);
		restore_signals(old);
		mark_not_run(plan, run);
		mark_unreached(plan, run);
	}
	for (size_t i = 0; running && i < plan->case_count; i++)
		end_workers(&running[i]);
	free(running);
	run->elapsed_ns = deadline_clock_ns(CLOCK_MONOTONIC) - run->begun_ns;
	if (err)
		run_free(run);
	return err;
}

void run_free(struct run *run)
{
	if (!run)
		return;
	for (size_t i = 0; run->outcomes && i < run->outcome_count; i++) {
		rounds_free(
			run->outcomes[i].rounds, run->outcomes[i].round_count);
		free(run->outcomes[i].rtt);
		free(run->outcomes[i].latency);
		crash_figures_free(&run->outcomes[i].crash);
	}
	free(run->outcomes);
	*run = (struct run){0};
}
