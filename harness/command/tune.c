/* tune.c - tune: from a scenario and a goal to the settings to take.
 *
 * The space is the plan of the scenario, every setting it leaves open being an
 * axis. Then round by round: those that are left, each one slice, in an order
 * shuffled anew; their scores to tune/tune.c, which says who is left. The clock is
 * looked at before each round, with what the slices so far took on the average,
 * so the budget is kept to within the length of a round.
 *
 * A signal ends the search after the slice in hand; what is known by then is
 * shown. run_plan() catches signals while it runs and puts back what was there
 * before it, so the handler here sees those that come between two rounds.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/diag.h"
#include "base/folder.h"
#include "command/command.h"
#include "machine/topo.h"
#include "option/option.h"
#include "run/run.h"
#include "scenario/scenario.h"
#include "scenario/value.h"
#include "session/session.h"
#include "tune/tuning.h"

enum { PATH_BYTES = 4096 };

#define SECOND_NS UINT64_C(1000000000)
/* Unless told otherwise. */
#define BUDGET_NS (60 * SECOND_NS)
#define BUDGET_MOST_NS (600 * SECOND_NS)

static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal)
{
	(void)signal;
	stop_asked = 1;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = ask_stop};

	stop_asked = 0;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int parse_budget(const char *text, uint64_t *ret_ns)
{
	static const struct value_range range = {SECOND_NS, 86400 * SECOND_NS};
	const struct value_place place = {
		.file = "--budget", .line = 0, .key = "the budget"};

	*ret_ns = 0; /* see set_budget() */
	return text ? value_time(&place, text, &range, ret_ns) : 0;
}

static int load_section(const struct options *options,
	const struct tune_goal *goal, struct scenario *ret_scenario)
{
	int error =
		scenario_load_wide(options->arguments, options->argument_count,
			options->sets, options->set_count, ret_scenario);

	if (error == -ENOMEM)
		diag_error("out of memory");
	if (error)
		return error;
	if (ret_scenario->section_count != 1) {
		diag_error("tune: %s has %zu sections; what is to be tuned is "
			   "one, in a file of its own",
			options->arguments[0], ret_scenario->section_count);
		error = -EINVAL;
	} else {
		error = tune_goal_apply(goal, &ret_scenario->sections[0]);
	}
	if (error)
		scenario_free(ret_scenario);
	return error;
}

static int make_plan(const struct options *options, struct tuning *tuning)
{
	struct scenario scenario;
	struct topo topo;
	int error = load_section(options, &tuning->goal, &scenario);

	if (error)
		return error;
	error = topo_load(&topo);
	if (error) {
		diag_error("cannot read this machine's topology: %s",
			strerror(-error));
	} else if (topo.elsewhere) {
		diag_error("HWLOC_XMLFILE or HWLOC_SYNTHETIC describes another "
			   "machine, on which nothing can be tuned from here; "
			   "unset it");
		error = -EINVAL;
		topo_free(&topo);
	} else {
		error = plan_make(&scenario, &topo, &tuning->plan);
		if (error == -ENOMEM)
			diag_error("out of memory");
		topo_free(&topo);
	}
	scenario_free(&scenario);
	return error;
}

static int make_candidates(struct tuning *tuning)
{
	const struct plan *plan = &tuning->plan;
	size_t count = 0;

	tuning->case_of =
		calloc(plan->case_count + 1, sizeof(*tuning->case_of));
	tuning->reasons =
		calloc(plan->case_count + 1, sizeof(*tuning->reasons));
	if (!tuning->case_of || !tuning->reasons) {
		diag_error("out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < plan->case_count; i++)
		if (!plan->cases[i].skip)
			tuning->case_of[count++] = i;
	return tune_init(count, &tuning->tune);
}

/* Nothing can be dropped before the first stage is over; if that takes more than
 * half of the time, the rest is worth little. Who names no time gets enough of
 * it: how large the space is depends on what the machine has. */
static int set_budget(struct tuning *tuning)
{
	uint64_t least_ns = 2 * TUNE_STAGE_ROUNDS * tuning->plan.estimated_ns;

	if (!tuning->budget_ns) {
		tuning->budget_ns = least_ns > BUDGET_NS ? least_ns : BUDGET_NS;
		if (tuning->budget_ns > BUDGET_MOST_NS)
			tuning->budget_ns = BUDGET_MOST_NS;
	}
	if (least_ns <= tuning->budget_ns)
		return 0;
	diag_error("tune: %zu settings need --budget %.0fs at least; raise it, "
		   "or give fewer values, or shorter slices",
		tuning->tune.candidate_count, ceil((double)least_ns / 1e9));
	return -EINVAL;
}

/* What one candidate's slice says. */
static void take_outcome(struct tuning *tuning, size_t candidate,
	const struct run *run, size_t i)
{
	const struct outcome *outcome = &run->outcomes[i];
	double score, excess;

	/* A signal to the whole group ends workers, too: nobody's fault. */
	if (run->interrupted && (outcome->status == STATUS_SKIP ||
					outcome->status == STATUS_FAILED))
		return;
	switch (outcome->status) {
	case STATUS_OK:
		score = tune_goal_score(&tuning->goal, outcome, &excess);
		tune_record(&tuning->tune, candidate, score, excess);
		break;
	case STATUS_UNREACHED:
		tune_record(&tuning->tune, candidate, 0, 0);
		break;
	default:
		if (outcome->status == STATUS_VIOLATED)
			tuning->violated = true;
		snprintf(tuning->reasons[candidate],
			sizeof(tuning->reasons[candidate]), "%s",
			outcome->reason);
		tune_break(&tuning->tune, candidate);
	}
}

/* @candidates, @indices: room for all candidates. */
static int run_round(struct tuning *tuning, size_t *candidates, size_t *indices)
{
	struct tune *tune = &tuning->tune;
	size_t count = 0;
	struct plan part;
	struct run run = {0};
	int error;

	for (size_t i = 0; i < tune->candidate_count; i++) {
		if (tune->candidates[i].fate != TUNE_IN)
			continue;
		candidates[count] = i;
		indices[count++] = tuning->case_of[i];
	}
	error = plan_round(
		&tuning->plan, indices, count, tune->round_count, &part);
	if (error)
		return error;
	error = run_plan(&part, NULL, NULL, &run);
	if (!error)
		error = tune_begin_round(tune);
	if (error)
		goto out;
	for (size_t i = 0; i < count; i++)
		take_outcome(tuning, candidates[i], &run, i);
	tuning->slices += count;
	tuning->interrupted |= run.interrupted;
	error = tune_end_round(tune);
out:
	run_free(&run);
	plan_free(&part);
	return error;
}

/* Where it is, for who waits before a terminal. */
static void show_progress(const struct tuning *tuning)
{
	double left_s =
		((double)tuning->budget_ns - (double)tuning->elapsed_ns) / 1e9;

	if (isatty(STDERR_FILENO))
		fprintf(stderr,
			"\r\033[K%zu of %zu settings left after %u "
			"rounds, %.0f s to go",
			tune_left(&tuning->tune), tuning->tune.candidate_count,
			tuning->tune.round_count, fmax(left_s, 0));
}

/* Is there time for one more round? */
static bool has_time(const struct tuning *tuning)
{
	double slice_ns;

	if (tuning->slices == 0)
		return true;
	slice_ns = (double)tuning->elapsed_ns / (double)tuning->slices;
	return (double)tuning->elapsed_ns +
		       slice_ns * (double)tune_left(&tuning->tune) <=
	       (double)tuning->budget_ns;
}

static int search(struct tuning *tuning)
{
	size_t count = tuning->tune.candidate_count;
	size_t *candidates = calloc(count + 1, sizeof(*candidates));
	size_t *indices = calloc(count + 1, sizeof(*indices));
	uint64_t started_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	int error = candidates && indices ? 0 : -ENOMEM;

	catch_signals();
	while (!error && !stop_asked && !tuning->interrupted &&
		tune_left(&tuning->tune) > 0 && has_time(tuning)) {
		show_progress(tuning);
		error = run_round(tuning, candidates, indices);
		tuning->elapsed_ns =
			deadline_clock_ns(CLOCK_MONOTONIC) - started_ns;
	}
	tuning->interrupted |= stop_asked;
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	tune_finish(&tuning->tune);
	if (!error)
		error = tune_verdict(&tuning->tune, &tuning->verdict);
	free(candidates);
	free(indices);
	if (error)
		diag_error("the search could not be carried out: %s",
			strerror(-error));
	return error;
}

static int present(const struct options *options, const struct tuning *tuning)
{
	char path[PATH_BYTES + 16];
	int error;

	if (options->json) {
		error = tuning_print_json(tuning, stdout);
		if (error)
			diag_error("cannot write the output: %s",
				strerror(-error));
	} else {
		tuning_print(tuning, stdout);
		error = 0;
	}
	if (error || !options->output_dir)
		return error;
	snprintf(path, sizeof(path), "%s/tune.json", options->output_dir);
	error = tuning_save(tuning, path);
	if (error)
		diag_error("cannot write '%s': %s", path, strerror(-error));
	return error;
}

static int exit_code(const struct tuning *tuning)
{
	if (tuning->violated)
		return EXIT_VIOLATED;
	if (tuning->interrupted || tuning->verdict.leader == TUNE_NONE)
		return EXIT_INCONCLUSIVE;
	return EXIT_GOOD;
}

/* All that can go wrong before anything is measured. */
static int prepare(const struct options *options, struct tuning *tuning)
{
	if (tune_goal_parse(options->goal, &tuning->goal) ||
		parse_budget(options->budget, &tuning->budget_ns) ||
		make_plan(options, tuning) || make_candidates(tuning) ||
		set_budget(tuning))
		return -EINVAL;
	return options->output_dir ? folder_make(options->output_dir) : 0;
}

int command_tune(const struct options *options)
{
	struct tuning tuning = {.budget_ns = 0};
	int code = EXIT_USAGE;

	if (prepare(options, &tuning))
		goto out;
	tuning_print_skipped(&tuning, options->json ? stderr : stdout);
	if (tuning.tune.candidate_count == 0) {
		code = EXIT_NOTHING_RAN;
		goto out;
	}
	if (!options->json)
		fputc('\n', stdout);
	fflush(stdout);
	session_begin();
	if (search(&tuning) == 0 && present(options, &tuning) == 0)
		code = exit_code(&tuning);
	session_end();
out:
	tuning_free(&tuning);
	return code;
}
