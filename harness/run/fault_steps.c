/* fault_steps.c - from a case to a campaign, and from what it found to figures.
 *
 * A campaign has messages of its own sizes and as many processes as it needs: of
 * the case it takes the transport, the kind, how many trials there are to be, and
 * in what time the others must go on. Who does not come back for twice that time
 * hangs.
 *
 * A death that shows wrong data marks the case as violated, one after which the
 * others do not go on as failed; when there are both, data come first. Where the
 * victim died is told of the first one that decided.
 */
#include "run/fault_steps.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/campaign.h"
#include "crash/print.h"
#include "step/symbol.h"
#include "transport/transport.h"

static enum crash_kind kind_of(enum kill_at kill_at)
{
	switch (kill_at) {
	case KILL_AT_PAIR:
		return KIND_PAIR;
	case KILL_AT_STOP:
		return KIND_STOP;
	case KILL_AT_SYSCALL:
		return KIND_SYSCALL;
	case KILL_AT_SLEEPER:
		return KIND_SLEEPER;
	default:
		return KIND_INSTRUCTION;
	}
}

/* Sums over all rows. */
static int sum_rows(
	const struct campaign *campaign, struct outcome *ret_outcome)
{
	struct campaign_tally *sum = malloc(sizeof(*sum));
	struct crash_steps *steps = ret_outcome->crash.steps;

	if (!sum)
		return -ENOMEM;
	steps->rows = campaign->board->row_count;
	for (unsigned i = 0; i < steps->rows; i++) {
		campaign_sum(campaign, i, sum);
		steps->trials += sum->trials;
		steps->struck += sum->struck;
		steps->missed += sum->missed;
		for (int v = 0; v < VERDICTS; v++)
			steps->verdicts[v] += sum->verdicts[v];
		hist_add(ret_outcome->crash.recovery, &sum->recovery);
		if (campaign->board->rows[i].ended)
			steps->rows_ended++;
	}
	free(sum);
	return 0;
}

static void sum_coverage(
	const struct campaign *campaign, struct crash_steps *steps)
{
	struct coverage_entry *entries;
	size_t count;

	if (coverage_list(campaign->coverage, &entries, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (!entries[i].counts[COVERAGE_EXECUTED])
			continue;
		steps->instructions++;
		if (entries[i].counts[COVERAGE_KILLED] ||
			entries[i].counts[COVERAGE_STOPPED])
			steps->instructions_struck++;
	}
	free(entries);
}

/* Which one to tell of: the first with wrong data, else the first. Blocks are
 * worked on side by side, so that this is the first to be noted. */
static const struct campaign_violation *first_of(
	const struct campaign_board *board)
{
	uint64_t count = board->violation_count;

	if (count > CAMPAIGN_VIOLATIONS_MAX)
		count = CAMPAIGN_VIOLATIONS_MAX;
	for (uint64_t i = 0; i < count; i++)
		if (verdict_is_data(board->violations[i].verdict))
			return &board->violations[i];
	return count ? &board->violations[0] : NULL;
}

static void tell_first(
	const struct campaign *campaign, struct crash_steps *steps)
{
	const struct campaign_violation *first = first_of(campaign->board);
	struct symbols *symbols;
	struct symbol symbol;

	if (!first)
		return;
	snprintf(steps->first, sizeof(steps->first), "%s: %s",
		verdict_name(first->verdict), first->words);
	campaign_command(
		campaign, first, steps->command, sizeof(steps->command));
	if (symbols_open(&symbols))
		return;
	symbols_find(symbols, first->address, &symbol);
	symbols_name(
		&symbol, first->address, steps->where, sizeof(steps->where));
	symbols_close(symbols);
}

/* What came of it, by the gravest. */
static void judge(const struct campaign *campaign, struct outcome *outcome)
{
	const struct crash_steps *steps = outcome->crash.steps;
	uint64_t data = crash_steps_data(steps);
	uint64_t others = crash_steps_violations(steps) - data;

	if (!steps->rows) {
		outcome->status = STATUS_SKIP;
		snprintf(outcome->reason, sizeof(outcome->reason),
			"none of its calls can be struck like this");
	} else if (data || others) {
		outcome->status = data ? STATUS_VIOLATED : STATUS_FAILED;
		snprintf(outcome->reason, sizeof(outcome->reason), "%.*s",
			CASE_REASON_BYTES - 1, steps->first);
	} else if (campaign->lost_directors) {
		outcome->status = STATUS_FAILED;
		snprintf(outcome->reason, sizeof(outcome->reason),
			"%u processes that ran trials were lost, in a "
			"create(), check() or destroy()",
			campaign->lost_directors);
	}
}

static void say_first(
	const struct campaign *campaign, const struct crash_steps *steps)
{
	if (!steps->first[0])
		return;
	fprintf(stderr, "%s\n  at %s\n  again: %s\n", steps->first,
		steps->where, steps->command);
	campaign_print_story(campaign, first_of(campaign->board), stderr);
}

static unsigned narrowed(uint64_t count)
{
	return count > UINT_MAX ? UINT_MAX : (unsigned)count;
}

static int collect(const struct campaign *campaign, struct outcome *outcome)
{
	struct crash_figures *crash = &outcome->crash;
	struct crash_steps *steps = crash->steps;
	int err = sum_rows(campaign, outcome);
	uint64_t bad;

	if (err)
		return err;
	sum_coverage(campaign, steps);
	tell_first(campaign, steps);
	steps->duration_ns = campaign->duration_ns;
	steps->cpus = campaign->cpus;
	steps->incomplete = campaign->interrupted || campaign->lost_directors;
	bad = crash_steps_violations(steps) - crash_steps_data(steps);
	crash->kills = narrowed(steps->struck);
	crash->recovered =
		bad < crash->kills ? crash->kills - (unsigned)bad : 0;
	judge(campaign, outcome);
	return 0;
}

int fault_steps_run(const struct transport *transport,
	const struct bench_case *bench, uint64_t seed, bool (*keep_going)(void),
	struct outcome *ret_outcome)
{
	struct campaign campaign = {
		.request = {.transports = {transport},
			.specs = {bench->transport},
			.transport_count = 1,
			.kinds = 1u << kind_of(bench->kill_at),
			.path = PATHS,
			.step = CAMPAIGN_ANY,
			.second_step = CAMPAIGN_ANY,
			.kills = bench->kills,
			.seed = seed,
			.late_ns = bench->recover_within_ns,
			.patience_ns = case_patience_ns(bench)},
	};
	int err = -ENOMEM;

	ret_outcome->crash.steps = calloc(1, sizeof(*ret_outcome->crash.steps));
	if (ret_outcome->crash.steps)
		err = campaign_run(&campaign, keep_going, NULL);
	if (!err)
		err = collect(&campaign, ret_outcome);
	if (!err)
		say_first(&campaign, ret_outcome->crash.steps);
	campaign_free(&campaign);
	if (err)
		snprintf(ret_outcome->reason, sizeof(ret_outcome->reason),
			"the campaign could not be run: %s", strerror(-err));
	return err;
}
