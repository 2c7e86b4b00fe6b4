/* blocks.c - block after block, until what they say is enough.
 *
 * In each round every case that is still open gets one block, in an order of the
 * round's own, so that whatever the machine does meets all cases. Coins and orders
 * are drawn from the seed, whatever comes out of the slices.
 *
 * Each block has processes of its own to measure in. Where the system puts a
 * process's code, stack and pages can make it some percent slower for as long as it
 * lives, and so B slower than A in each block of a run: that would be taken for the
 * build's doing. Drawn anew for each block it is noise like other noise.
 *
 * A block is run again when something disturbed it that is no figure of it: time
 * that the host took, a pinned worker that was moved all the same, two CPUs that
 * were further apart at one end of the block than at the other. Each of these is
 * asked of the block as a whole, so which build ran when makes no difference
 * (docs/gate.md, "The test"). Where half of all blocks are disturbed, that is what
 * the machine is like: the rest of them counts as any other block does.
 *
 * A build that does not measure - it hangs, its process dies - is tried again
 * twice. If only B does so, it may be B, or the block's coin, which says who is
 * asked first when the machine fails: it takes a dozen times for that to be ruled
 * out. What is lost or damaged ends its case at once.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/stats.h"
#include "gate/gate.h"
#include "session/session.h"

enum {
	MOST_FAILURES = 3,
	SURE_FAILURES = 12,  /* of B alone: by the coin, 1 case of 4,096 */
	LEAST_LEFT_OUT = 16, /* blocks that may be run again in any case */
	CALIBRATION_SLICES = 21,
};

/* Of the block's CPU time that the host may take: its grain is 10 ms, of 240 ms
 * of a block of two CPUs. */
#define MOST_STEAL 0.2
/* Of the distances of a block's slices, the furthest to the nearest. */
#define MOST_DISTANCE 3.0

/* While it lasts. */
struct running {
	struct gate *gate;
	const struct gate_measurer *measurer;
	struct rng coins, orders;
	uint64_t started_ns, deadline_ns;
	uint64_t slices; /* ever: names and seeds */
	double cpus;	 /* of the machine */
};

static const char *build_letter(enum gate_build build)
{
	return build == BUILD_A ? "A" : "B";
}

/* ------------------------------------------------------------- one slice */

static bool is_violated(const struct verify_totals *verify)
{
	return verify->lost || verify->duplicated || verify->reordered ||
	       verify->corrupted;
}

static int ask_slice(struct running *running, struct gate_case *which,
	enum gate_build build, struct gate_answer *answer)
{
	static struct gate_order order;
	uint64_t number = running->slices++;

	order = (struct gate_order){
		.kind = ORDER_SLICE,
		.bench = which->bench,
		.seed = rng_derive(running->gate->request.seed, number),
		.slowed = running->gate->request.slow > 0,
		.delay_ns = which->delay_ns,
		.waits = build == BUILD_B,
	};
	snprintf(order.name, sizeof(order.name), "%s-%" PRIu64, session_token(),
		number);
	return running->measurer->ask(
		running->measurer->arg, build, &order, answer);
}

static void end_case(struct gate_case *which, enum gate_verdict verdict,
	enum case_status status, enum gate_build culprit)
{
	which->verdict = verdict;
	which->status = status;
	which->culprit = culprit;
	which->done = true;
}

static void note_violation(struct gate_case *which, enum gate_build build,
	const struct verify_totals *verify)
{
	end_case(which, VERDICT_INCONCLUSIVE, STATUS_VIOLATED, build);
	snprintf(which->reason, sizeof(which->reason),
		"%s violates data: %" PRIu64 " lost, %" PRIu64
		" twice, %" PRIu64 " out of order, %" PRIu64
		" damaged of %" PRIu64,
		build_letter(build), verify->lost, verify->duplicated,
		verify->reordered, verify->corrupted, verify->sent);
}

/* No fault of a build: the system has nothing more to give, or somebody replaced
 * the library. */
static bool is_outside(int err)
{
	return err == -ESTALE || err == -ENOSPC || err == -ENOMEM ||
	       err == -EAGAIN || err == -EMFILE || err == -ENFILE;
}

/* A that does not work makes B no regression; B that does not work while A does is
 * one, if that is no chance. */
static void note_failure(struct gate_case *which, enum gate_build build,
	const char *reason, int err)
{
	unsigned failures = ++which->failures[build];
	bool only_b;

	which->outside |= is_outside(err);
	only_b = !which->failures[BUILD_A] && !which->outside;
	snprintf(which->failure, sizeof(which->failure), "%s",
		reason[0] ? reason : strerror(-err));
	if (failures < (only_b ? SURE_FAILURES : MOST_FAILURES))
		return;
	end_case(which, only_b ? VERDICT_REGRESSION : VERDICT_INCONCLUSIVE,
		STATUS_FAILED, build);
	snprintf(which->reason, sizeof(which->reason),
		"%s does not work, %u times: %s", build_letter(build), failures,
		which->failure);
}

/* Returns whether the slice counts. */
static bool run_slice(struct running *running, struct gate_case *which,
	struct gate_block *block, unsigned slice)
{
	enum gate_build build = block_build(block->begins_with_b, slice);
	struct gate_answer answer;
	int err = ask_slice(running, which, build, &answer);

	if (!err)
		err = answer.err;
	if (err == -EBADMSG) { /* what the library itself calls damaged */
		answer.figures.verify.corrupted++;
		err = 0;
	}
	if (err) {
		snprintf(block->why, sizeof(block->why), "%s: %s",
			build_letter(build),
			answer.reason[0] ? answer.reason : strerror(-err));
		note_failure(which, build, answer.reason, err);
		return false;
	}
	block->slices[slice] = answer.figures;
	if (is_violated(&answer.figures.verify)) {
		snprintf(block->why, sizeof(block->why), "%s violates data",
			build_letter(build));
		note_violation(which, build, &answer.figures.verify);
		return false;
	}
	return true;
}

/* ------------------------------------------------------------- one block */

/* The nearer of a slice's two probes: a probe that was interrupted says nothing of
 * the CPUs. 0: none was taken. */
static double nearest_probe(const struct gate_figures *slice)
{
	double before = (double)slice->distance_before_ns;
	double after = (double)slice->distance_after_ns;

	if (!(before > 0) || !(after > 0))
		return fmax(before, after);
	return fmin(before, after);
}

/* The slice with the furthest CPUs as a factor of that with the nearest; 1 without
 * any. */
static double distance_factor(const struct gate_block *block)
{
	double nearest = INFINITY, furthest = 0;

	for (unsigned i = 0; i < BLOCK_SLICES; i++) {
		double ns = nearest_probe(&block->slices[i]);

		if (!(ns > 0))
			continue;
		nearest = fmin(nearest, ns);
		furthest = fmax(furthest, ns);
	}
	return furthest > 0 ? furthest / nearest : 1;
}

static bool is_disturbed(const struct running *running,
	const struct gate_case *which, struct gate_block *block)
{
	double steal_ns = 0, elapsed_ns = 0, factor = distance_factor(block);
	uint64_t moves = 0;

	for (unsigned i = 0; i < BLOCK_SLICES; i++) {
		steal_ns += (double)block->slices[i].steal_ns;
		elapsed_ns += (double)block->slices[i].elapsed_ns;
		moves += block->slices[i].moves;
	}
	steal_ns /= elapsed_ns * running->cpus;
	if (which->bench.cpus[0] != CASE_CPU_ANY && moves)
		snprintf(block->why, sizeof(block->why),
			"a pinned worker was moved");
	else if (steal_ns > MOST_STEAL)
		snprintf(block->why, sizeof(block->why),
			"the host took %.0f %% of the CPU time",
			100 * steal_ns);
	else if (factor > MOST_DISTANCE)
		snprintf(block->why, sizeof(block->why),
			"the CPUs' distance changed %.1f-fold", factor);
	return block->why[0];
}

static double difference_of(
	const struct gate_block *block, enum gate_metric metric)
{
	double figures[BLOCK_SLICES];

	for (unsigned i = 0; i < BLOCK_SLICES; i++)
		figures[i] = metric_value(metric, &block->slices[i]);
	return block_difference(
		block->begins_with_b, figures, metric_more_is_better(metric));
}

/* No more than those that count, or a machine that is never at rest would never be
 * measured. */
static bool may_run_again(const struct gate_case *which)
{
	return which->left_out < LEAST_LEFT_OUT + which->blocks;
}

/* Each metric's difference, if there are all; else the block says nothing. */
static bool take_differences(struct gate_case *which, struct gate_block *block)
{
	double differences[METRICS];

	for (int m = 0; m < METRICS; m++) {
		if (!which->metrics[m].applies)
			continue;
		differences[m] = difference_of(block, (enum gate_metric)m);
		if (isnan(differences[m])) {
			which->no_figure++;
			snprintf(block->why, sizeof(block->why),
				"no %s in either build",
				metric_name((enum gate_metric)m));
			return false;
		}
	}
	for (int m = 0; m < METRICS; m++)
		if (which->metrics[m].applies)
			which->metrics[m].differences[which->blocks] =
				differences[m];
	which->blocks++;
	return true;
}

static struct gate_block *add_block(struct gate *gate)
{
	if (gate->block_count == gate->block_room) {
		size_t room = gate->block_room ? 2 * gate->block_room : 64;
		struct gate_block *blocks =
			realloc(gate->blocks, room * sizeof(*blocks));

		if (!blocks)
			return NULL;
		gate->blocks = blocks;
		gate->block_room = room;
	}
	return &gate->blocks[gate->block_count++];
}

static int run_block(struct running *running, size_t case_index)
{
	struct gate *gate = running->gate;
	struct gate_case *which = &gate->cases[case_index];
	struct gate_block *block = add_block(gate);
	bool good = true;

	if (!block)
		return -ENOMEM;
	*block = (struct gate_block){
		.case_index = case_index,
		.begins_with_b = block_coin(&running->coins),
		.from_ns = deadline_clock_ns(CLOCK_MONOTONIC) -
			   running->started_ns,
	};
	running->measurer->renew(running->measurer->arg);
	for (unsigned i = 0; i < BLOCK_SLICES && good; i++)
		good = run_slice(running, which, block, i);
	if (good && is_disturbed(running, which, block)) {
		good = !may_run_again(which);
		which->disturbed += good;
	}
	if (good)
		good = take_differences(which, block);
	block->left_out = !good;
	which->left_out += !good;
	return 0;
}

/* -------------------------------------------------------------- one look */

static int judge_metrics(const struct gate *gate, struct gate_case *which,
	const struct look *look, enum gate_verdict *ret_verdict)
{
	struct metric_samples samples[METRICS];
	struct judgement judgements[METRICS];
	size_t count = 0;

	for (int m = 0; m < METRICS; m++) {
		struct gate_metric_result *metric = &which->metrics[m];
		int err;

		if (!metric->applies)
			continue;
		samples[count] = (struct metric_samples){
			.name = metric_name((enum gate_metric)m),
			.differences = metric->differences,
			.count = which->blocks,
			.tolerance = gate->request.tolerance[m],
			.max = gate->request.max[m],
			.gated = metric->gated,
		};
		err = judge_metric(&samples[count], look, &metric->judgement);
		if (err)
			return err;
		judgements[count++] = metric->judgement;
	}
	*ret_verdict = judge_all(samples, judgements, count);
	return 0;
}

static int judge_case(const struct gate *gate, struct gate_case *which,
	const struct look *look)
{
	int err = judge_metrics(gate, which, look, &which->verdict);

	for (int m = 0; m < METRICS && !err; m++) {
		const struct gate_metric_result *metric = &which->metrics[m];

		if (!metric->gated ||
			metric->judgement.verdict != which->verdict)
			continue;
		snprintf(which->reason, sizeof(which->reason), "%s",
			metric->judgement.reason);
		break;
	}
	which->done = which->verdict != VERDICT_OPEN;
	return err;
}

/* How many is a matter of all blocks so far, so not of their outcome. */
static bool too_few_figures(struct gate_case *which)
{
	if (which->done || which->no_figure <= LEAST_LEFT_OUT + which->blocks)
		return false;
	end_case(which, VERDICT_INCONCLUSIVE, STATUS_OK, BUILD_A);
	snprintf(which->reason, sizeof(which->reason),
		"%zu of %zu blocks have no figure: give it longer slices",
		which->no_figure, which->no_figure + which->blocks);
	return true;
}

static int look_at_case(
	struct gate *gate, struct gate_case *which, size_t blocks_before)
{
	const struct look *look;

	if (which->done || too_few_figures(which) ||
		which->blocks == blocks_before)
		return 0;
	look = look_at(&gate->looks, which->blocks);
	which->judged = look != NULL;
	return look ? judge_case(gate, which, look) : 0;
}

/* ------------------------------------------------------------ all of them */

static bool is_settled(const struct gate *gate)
{
	for (size_t i = 0; i < gate->case_count; i++)
		if (gate->cases[i].verdict == VERDICT_REGRESSION)
			return gate->request.till_worse;
	return false;
}

static bool may_go_on(const struct running *running)
{
	struct gate *gate = running->gate;

	if (!running->measurer->keep_going())
		gate->interrupted = true;
	else if (!deadline_left_ns(running->deadline_ns))
		gate->out_of_time = true;
	return !gate->interrupted && !gate->out_of_time;
}

static void shuffle(struct rng *rng, size_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t k = rng_below(rng, (uint32_t)i), swap = order[i - 1];

		order[i - 1] = order[k];
		order[k] = swap;
	}
}

static size_t open_cases(const struct gate *gate, size_t *order)
{
	size_t count = 0;

	for (size_t i = 0; i < gate->case_count; i++)
		if (!gate->cases[i].done)
			order[count++] = i;
	return count;
}

static int run_rounds(struct running *running, size_t *order)
{
	struct gate *gate = running->gate;
	size_t count;

	while ((count = open_cases(gate, order)) > 0) {
		shuffle(&running->orders, order, count);
		for (size_t i = 0; i < count; i++) {
			struct gate_case *which = &gate->cases[order[i]];
			size_t before = which->blocks;
			int err;

			if (is_settled(gate) || !may_go_on(running))
				return 0;
			err = run_block(running, order[i]);
			if (!err)
				err = look_at_case(gate, which, before);
			if (err)
				return err;
			if (running->measurer->show)
				running->measurer->show(gate);
		}
	}
	return 0;
}

/* What is still open when the time is over. A case that ended for another reason
 * than its figures has them all the same, for people. */
static int last_looks(struct gate *gate)
{
	int err = 0;

	for (size_t i = 0; i < gate->case_count && !err; i++) {
		struct gate_case *which = &gate->cases[i];
		struct look last = look_last(&gate->looks, which->blocks);
		enum gate_verdict unused;

		if (which->status == STATUS_SKIP)
			continue;
		if (!which->done)
			err = judge_case(gate, which, &last);
		else if (!which->judged)
			err = judge_metrics(gate, which, &last, &unused);
		which->done = true;
	}
	return err;
}

/* What a message takes in one slice of A; NaN: no slice. */
static double message_ns(struct running *running, struct gate_case *which)
{
	struct gate_answer answer;

	if (ask_slice(running, which, BUILD_A, &answer) || answer.err)
		return NAN;
	return which->bench.mode == MODE_ROUNDTRIP
		       ? answer.figures.p50_ns
		       : 1e9 / metric_value(METRIC_THROUGHPUT, &answer.figures);
}

/* By so much does each message of B have to come later for it to take longer by
 * the share wanted: a trip is two. */
static void slow_down(struct running *running, struct gate_case *which)
{
	double times_ns[CALIBRATION_SLICES], message;
	size_t count = 0;

	for (unsigned i = 0; i < CALIBRATION_SLICES; i++) {
		double time_ns = message_ns(running, which);

		if (isfinite(time_ns))
			times_ns[count++] = time_ns;
	}
	message = stats_median(times_ns, count) /
		  (which->bench.mode == MODE_ROUNDTRIP ? 2 : 1);
	if (count)
		which->delay_ns = running->gate->request.slow * message;
	else
		end_case(which, VERDICT_INCONCLUSIVE, STATUS_FAILED, BUILD_A);
	if (!count)
		snprintf(which->reason, sizeof(which->reason),
			"what a message takes is not known: no slice worked");
}

int blocks_run(struct gate *gate, const struct gate_measurer *measurer)
{
	struct running running = {
		.gate = gate,
		.measurer = measurer,
		.coins = rng_seeded(gate->request.seed),
		.orders =
			rng_seeded(rng_derive(gate->request.seed, UINT64_MAX)),
		.started_ns = deadline_clock_ns(CLOCK_MONOTONIC),
		.cpus = fmax((double)sysconf(_SC_NPROCESSORS_ONLN), 1),
	};
	size_t *order = calloc(gate->case_count + 1, sizeof(*order));
	int err;

	if (!order)
		return -ENOMEM;
	running.deadline_ns = gate->request.time_ns
				      ? deadline_after(gate->request.time_ns)
				      : UINT64_MAX;
	for (size_t i = 0; gate->request.slow > 0 && i < gate->case_count; i++)
		if (!gate->cases[i].done)
			slow_down(&running, &gate->cases[i]);
	err = run_rounds(&running, order);
	free(order);
	if (!err)
		err = last_looks(gate);
	gate->elapsed_ns =
		deadline_clock_ns(CLOCK_MONOTONIC) - running.started_ns;
	return err;
}
