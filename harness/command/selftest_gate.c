/* selftest_gate.c - selftest-gate: what is a verdict worth here, now?
 *
 * The library is measured against a copy of itself, again and again: as it is, where
 * every REGRESSION is a false alarm, and with B's calls slower by a known share, where
 * every one that is not found is missed. Both are shares of few runs, so they come
 * with their intervals.
 *
 * The copy is made anew for each run, in a folder whose path is longer by one letter
 * each time, and so is the environment of who measures it: as between two builds,
 * file, pages and stack lie elsewhere. If that were taken for a change, it would show
 * here.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/rng.h"
#include "base/scratch.h"
#include "base/wrap.h"
#include "command/command.h"
#include "gate/gate.h"
#include "gate/gate_request.h"
#include "gate/measure.h"
#include "gate/report_text.h"
#include "machine/topo.h"
#include "option/option.h"
#include "plan/plan.h"
#include "session/session.h"

enum {
	HALVINGS = 60,
	LENGTHS = 16, /* of paths: a stack is aligned to as many bytes */
};

struct tally {
	double slow; /* share; 0: A against A */
	unsigned runs, verdicts[VERDICT_INCONCLUSIVE + 1], violated;
	double elapsed_s, longest_s;
	/* Of each case, the sum of the runs' estimates, and of how many. */
	struct seen {
		double sum;
		unsigned runs;
	} * seen;
};

/* The chance of @hits or fewer of @runs at @share each. */
static double chance_up_to(unsigned hits, unsigned runs, double share)
{
	double sum = 0;

	for (unsigned k = 0; k <= hits; k++)
		sum += exp(lgamma(runs + 1.0) - lgamma(k + 1.0) -
			   lgamma(runs - k + 1.0) + k * log(share) +
			   (runs - k) * log1p(-share));
	return sum;
}

/* The share at which so many or fewer have the chance @chance. */
static double share_at(unsigned hits, unsigned runs, double chance)
{
	double lo = 0, hi = 1;

	for (int i = 0; i < HALVINGS; i++) {
		double middle = (lo + hi) / 2;

		if (chance_up_to(hits, runs, middle) > chance)
			lo = middle;
		else
			hi = middle;
	}
	return lo;
}

/* Clopper and Pearson's 95 %. */
static double lower_bound(unsigned hits, unsigned runs)
{
	return hits ? share_at(hits - 1, runs, 0.975) : 0;
}

static double upper_bound(unsigned hits, unsigned runs)
{
	return hits < runs ? share_at(hits, runs, 0.025) : 1;
}

/* Of the case's first gated metric. */
static double estimate_of(const struct gate_case *which)
{
	for (int m = 0; m < METRICS; m++)
		if (which->metrics[m].gated)
			return which->metrics[m].judgement.estimate;
	return NAN;
}

static void note_seen(struct seen *seen, const struct gate_case *which)
{
	double estimate = estimate_of(which);

	if (!isfinite(estimate))
		return;
	seen->sum += estimate;
	seen->runs++;
}

static int copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out, err = 0;
	ssize_t wrote = 1;

	if (in < 0)
		return -errno;
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	while (out >= 0 && wrote > 0)
		wrote = sendfile(out, in, NULL, 1 << 20);
	if (out < 0 || wrote < 0)
		err = -errno;
	if (out >= 0 && close(out) && !err)
		err = -errno;
	close(in);
	return err;
}

/* The library of @build in a folder of its own, with a name as long as @turn says. */
static int copy_build(const struct build *build, unsigned turn,
	struct scratch *scratch, struct build *ret_copy)
{
	char name[SCRATCH_PATH_BYTES], from[BUILD_PATH_BYTES + 64];
	char to[SCRATCH_PATH_BYTES + 64];
	struct build copy = *build;
	int err;

	snprintf(name, sizeof(name), "%s%.*s", session_token(),
		(int)(turn % LENGTHS), "-gate-copy------");
	snprintf(from, sizeof(from), "%s/" BUILD_LIBRARY, build->dir);
	err = scratch_make(name, scratch);
	if (!err) {
		snprintf(copy.dir, sizeof(copy.dir), "%s", scratch->path);
		snprintf(to, sizeof(to), "%s/" BUILD_LIBRARY, scratch->path);
		err = copy_file(from, to);
	}
	if (err)
		diag_error("selftest-gate: cannot copy '%s' to a temporary "
			   "folder: %s; TMPDIR may name another",
			from, strerror(-err));
	else
		*ret_copy = copy;
	return err;
}

static int run_once(const struct gate_request *request,
	const struct build *build, const struct plan *plan, uint64_t run,
	struct tally *tally)
{
	struct scratch scratch = {0};
	struct gate gate = {.request = *request};
	double seconds;
	int err;

	gate.request.seed = rng_derive(request->seed, run);
	gate.request.slow = tally->slow;
	gate.request.till_worse = true;
	gate.request.no_count = true;
	gate.builds[BUILD_A] = *build;
	err = copy_build(build, tally->runs, &scratch, &gate.builds[BUILD_B]);
	if (!err)
		err = gate_prepare(&gate, plan->cases, plan->case_count);
	if (!err)
		err = gate_measure(&gate);
	if (!err)
		gate_conclude(&gate);
	if (!err && gate.exit_code == EXIT_NOTHING_RAN) {
		diag_error("selftest-gate: every case was skipped");
		err = -1;
	}
	if (!err && !gate.interrupted) {
		seconds = (double)gate.elapsed_ns / 1e9;
		tally->runs++;
		tally->verdicts[gate.verdict]++;
		tally->violated += gate.exit_code == EXIT_VIOLATED;
		tally->elapsed_s += seconds;
		for (size_t i = 0; i < gate.case_count; i++)
			note_seen(&tally->seen[i], &gate.cases[i]);
		tally->longest_s = fmax(tally->longest_s, seconds);
	}
	gate_free(&gate);
	scratch_remove(&scratch);
	return err;
}

static const char *what_of(const struct tally *tally, char what[32])
{
	snprintf(what, 32, "%.3g %% slower", 100 * tally->slow);
	return tally->slow > 0 ? what : "the same";
}

static void print_row(const struct tally *tally)
{
	unsigned hits = tally->verdicts[VERDICT_REGRESSION];
	char what[32];

	if (!tally->runs)
		return;
	printf("  %-14s %4u %6u %10u %12u   %5.1f %% (%.1f to %.1f) %8.1f s "
	       "%8.1f s\n",
		what_of(tally, what), tally->runs,
		tally->verdicts[VERDICT_PASS], hits,
		tally->verdicts[VERDICT_INCONCLUSIVE],
		100.0 * hits / tally->runs,
		100 * lower_bound(hits, tally->runs),
		100 * upper_bound(hits, tally->runs),
		tally->elapsed_s / tally->runs, tally->longest_s);
}

/* How well the delay was met. */
static void print_seen(
	const struct plan *plan, const struct tally *tallies, size_t count)
{
	char what[32];

	printf("\n  %-36s", "by how much B was seen to be worse");
	for (size_t i = 0; i < count; i++)
		printf(" %14s", what_of(&tallies[i], what));
	putchar('\n');
	for (size_t k = 0; k < plan->case_count; k++) {
		printf("  %-36s", plan->cases[k].id);
		for (size_t i = 0; i < count; i++) {
			const struct seen *seen = &tallies[i].seen[k];

			if (seen->runs)
				printf(" %+12.1f %%",
					100 * seen->sum / seen->runs);
			else
				printf(" %14s", "-");
		}
		putchar('\n');
	}
}

/* What to do with it. */
static void print_advice(const struct tally *tallies, size_t count)
{
	const struct tally *found = NULL;
	double longest_s = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tally *tally = &tallies[i];

		longest_s = fmax(longest_s, tally->longest_s);
		if (tally->slow > 0 && tally->runs &&
			tally->verdicts[VERDICT_REGRESSION] == tally->runs &&
			(!found || tally->slow < found->slow))
			found = tally;
	}
	if (count < 2)
		return;
	if (found)
		printf("\n%.3g %% is found here in each of %u runs; a run took "
		       "%.0f s at most: --time %.0fs\n",
			100 * found->slow, found->runs, longest_s,
			ceil(1.5 * longest_s));
	else
		printf("\nnot one of these changes is found in each run here: "
		       "more --time and --blocks, fewer cases, or a quieter "
		       "machine\n");
}

static int outcome(const struct tally *tallies, size_t count)
{
	if (gate_stopped())
		return EXIT_INCONCLUSIVE;
	for (size_t i = 0; i < count; i++)
		if (tallies[i].violated)
			return EXIT_VIOLATED;
	return EXIT_GOOD;
}

static int run_all(const struct selftest_request *request,
	const struct build *build, const struct plan *plan,
	const struct environment *environment)
{
	struct tally tallies[SELFTEST_SHARES_MAX + 1] = {{0}};
	char machine[REPORT_MACHINE_BYTES];
	size_t count = request->share_count + 1;
	uint64_t run = 0;
	struct seen *seen = calloc(count * plan->case_count + 1, sizeof(*seen));
	int err = seen ? 0 : -ENOMEM;

	for (size_t i = 0; i < count; i++) {
		tallies[i].slow = i ? request->shares[i - 1] : 0;
		tallies[i].seen = seen + i * plan->case_count;
	}
	/* In turns: what the machine does meets all of them. */
	for (unsigned n = 0; n < request->runs && !err; n++)
		for (size_t i = 0; i < count && !err && !gate_stopped(); i++)
			err = run_once(&request->gate, build, plan, run++,
				&tallies[i]);
	if (tallies[0].runs) {
		printf("%s against a copy, seed %" PRIu64 "\n", build->given,
			request->gate.seed);
		wrap_put(stdout, "On ", 3, "",
			report_machine(environment, machine));
		putchar('\n');
		printf("  %-14s %4s %6s %10s %12s   %-22s %10s %10s\n", "B is",
			"runs", "PASS", "REGRESSION", "INCONCLUSIVE",
			"REGRESSION (95 %)", "a run", "longest");
		for (size_t i = 0; i < count; i++)
			print_row(&tallies[i]);
		print_seen(plan, tallies, count);
		print_advice(tallies, count);
	}
	free(seen);
	return err ? EXIT_USAGE : outcome(tallies, count);
}

int command_selftest_gate(const struct options *options)
{
	struct selftest_request request;
	struct environment environment;
	struct build build;
	struct topo topo;
	struct plan plan;
	int code = EXIT_USAGE;

	if (selftest_request_read(options, &request) ||
		gate_cases(options, &topo, &plan))
		return EXIT_USAGE;
	if (!build_find(options->build_a, &build) &&
		!command_look_around(&topo, &environment)) {
		gate_catch_signals();
		session_begin();
		code = run_all(&request, &build, &plan, &environment);
		session_end();
		env_free(&environment);
	}
	plan_free(&plan);
	topo_free(&topo);
	return code;
}
