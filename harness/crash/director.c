/* director.c - one process that has trials run, block by block.
 *
 * Block b of B takes the steps b, b + B, b + 2 B ... of a trace, on a channel of
 * its own, which has been passed through for a while as the seed says: so a sample
 * of some blocks is spread over all of the trace, positions in the buffer vary,
 * and a trial is played again, exactly, by its block from the beginning.
 *
 * A step that was missed, since the call looked at a clock or found another
 * alignment, is tried again; then it counts as missed, which is shown.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/rng.h"
#include "crash/campaign.h"
#include "crash/lean.h"
#include "crash/map.h"
#include "session/session.h"
#include "step/step.h"

enum {
	TRIES = 3,
	/* Some paths are taken once in a round of the buffer. */
	MISSES = 16,
	SETTLES = 16, /* channels, until what is freed is what is allocated */
	PAIR_SAMPLE = 16, /* of who comes next, to each first death */
};

static const int failures[] = {ENOSPC, ENOMEM, EINTR, EAGAIN};

/* A block while it lasts. */
struct block {
	struct campaign *campaign;
	struct campaign_tally *tally;
	struct campaign_row *row;
	const struct campaign_unit *unit;
	const struct crash_trace *trace;
	struct crash_trace *scratch;
	struct trial_case what;
	struct crash_stage stage;
	unsigned pass, director;
	size_t number;
};

void director_name(char *name, size_t name_bytes)
{
	static unsigned serial;

	/* As long as the one before, as it is allocated, see record_here(). */
	snprintf(name, name_bytes, "%s-%ld-%06u", session_token(),
		(long)getpid(), serial++);
}

static bool open_stage(struct block *block)
{
	char name[STAGE_NAME_BYTES];

	if (block->stage.channel && !block->stage.spoiled)
		return true;
	crash_stage_close(&block->stage);
	director_name(name, sizeof(name));
	return crash_stage_open(&block->stage, name) == 0;
}

/* Begin somewhere in the buffer. */
static void shift(struct block *block)
{
	uint64_t seed = rng_derive(block->campaign->request.seed,
		rng_mix((uint64_t)block->pass << 32 | block->number));
	struct rng rng = rng_seeded(seed);
	unsigned room = block->what.room;
	unsigned count;

	if (!room || block->what.path == PATH_WRAP)
		return;
	count = rng_below(&rng, room + 1);
	if (!count)
		return;
	if (crash_stage_order(&block->stage, ROLE_PRODUCER,
		    &(struct survivor_order){.what = SURVIVOR_SEND,
			    .number = block->stage.next_number,
			    .count = count}) != VERDICT_UNDONE)
		return;
	count = crash_stage_answer(&block->stage, ROLE_PRODUCER)->done;
	block->stage.next_number += count;
	block->stage.passed += count;
	crash_stage_order(&block->stage, ROLE_CONSUMER,
		&(struct survivor_order){.what = SURVIVOR_RECV,
			.count = count,
			.expect = count,
			.timeout_ns = block->stage.patience_ns});
}

static void note_violation(struct block *block,
	const struct trial_strike *strike, const struct trial_report *report)
{
	struct campaign_board *board = block->campaign->board;
	const struct crash_trace *struck =
		strike->next_trace ? strike->next_trace : strike->trace;
	size_t at = strike->next_trace ? strike->j : strike->k;
	/* relaxed: read when all have ended */
	uint64_t place = atomic_fetch_add_explicit(
		&board->violation_count, 1, memory_order_relaxed);

	if (atomic_fetch_add_explicit(
		    &block->row->bad, 1, memory_order_relaxed) +
			1 >=
		CAMPAIGN_BAD_MAX)
		atomic_store_explicit(
			&block->row->ended, true, memory_order_relaxed);
	if (!place)
		board->first_bad_trial = atomic_load_explicit(
			&board->trials, memory_order_relaxed);
	coverage_add(block->campaign->coverage, struck->steps[at].address,
		COVERAGE_VIOLATED);
	if (place >= CAMPAIGN_VIOLATIONS_MAX)
		return;
	board->violations[place] = (struct campaign_violation){
		.row = (unsigned)(block->row - board->rows),
		.pass = block->pass,
		.verdict = report->verdict,
		.k = strike->k,
		.j = strike->next_trace ? strike->j : CAMPAIGN_ANY,
		.err = strike->err,
		.address = struck->steps[at].address,
	};
	memcpy(board->violations[place].words, report->words,
		sizeof(report->words));
	board->violations[place].story = report->story;
}

static void note(struct block *block, const struct trial_strike *strike,
	const struct trial_report *report)
{
	struct campaign_tally *tally = block->tally;
	const struct crash_trace *struck =
		strike->next_trace ? strike->next_trace : strike->trace;
	size_t at = strike->next_trace ? strike->j : strike->k;

	tally->trials++;
	tally->verdicts[report->verdict]++;
	atomic_fetch_add_explicit(
		&block->campaign->board->trials, 1, memory_order_relaxed);
	if (report->missed)
		tally->missed++;
	else
		tally->struck++;
	if (!report->missed && block->row->kind != KIND_PAIR)
		coverage_add(block->campaign->coverage,
			struck->steps[at].address,
			block->row->kind == KIND_STOP	   ? COVERAGE_STOPPED
			: block->row->kind == KIND_SYSCALL ? COVERAGE_FAILED
							   : COVERAGE_KILLED);
	if (!report->missed)
		map_note(block->campaign,
			(unsigned)(block->row - block->campaign->board->rows),
			struck->steps[at].address, report->verdict);
	if (report->recovery_ns)
		hist_record(&tally->recovery, report->recovery_ns);
	if (!verdict_is_fine(report->verdict))
		note_violation(block, strike, report);
}

/* Once. Who crashed may have lacked what lean.c took from it: then again, and from
 * now on always, with all there is. Who was to live in a host's memory, and could
 * not be started there, gets memory of its own. */
static void try_once(struct block *block, const struct trial_strike *strike,
	struct trial_report *ret_report)
{
	trial_run(&block->stage, &block->what, strike, ret_report);
	if (ret_report->verdict != VERDICT_CRASHED)
		return;
	if (lean_lacks(block->stage.shared->fault.address))
		lean_set(false);
	else if (!block->stage.unhosted)
		return;
	block->stage.unhosted = false;
	block->stage.alone = true;
	if (strike->record_next)
		trace_clear(strike->record_next);
	if (open_stage(block))
		trial_run(&block->stage, &block->what, strike, ret_report);
}

/* One point, again when it was missed; and when it was late, since the machine
 * may have been. */
static void strike_at(struct block *block, const struct trial_strike *strike)
{
	struct trial_report report;
	unsigned misses = 0, lates = 0;

	while (misses < MISSES && lates < TRIES) {
		/* relaxed: a sign of life */
		atomic_fetch_add_explicit(
			&block->campaign->board->beats[block->director], 1,
			memory_order_relaxed);
		if (!open_stage(block))
			return;
		try_once(block, strike, &report);
		if (verdict_is_fine(report.verdict)
				? !report.missed
				: report.verdict != VERDICT_LATE)
			break;
		if (report.verdict == VERDICT_LATE)
			lates++;
		else
			misses++;
	}
	note(block, strike, &report);
}

static bool going_on(const struct block *block)
{
	/* relaxed: a trial more or less */
	return !atomic_load_explicit(
		       &block->campaign->board->stop, memory_order_relaxed) &&
	       !atomic_load_explicit(&block->row->ended, memory_order_relaxed);
}

/* The first death is at @k; those of who comes next, at all or some of its
 * steps. */
static void strike_pairs(struct block *block, size_t k)
{
	const struct campaign_request *request = &block->campaign->request;
	struct trial_strike strike = {.trace = block->trace, .k = k};
	struct trial_report report;
	size_t step = 1;

	if (!open_stage(block))
		return;
	trace_clear(block->scratch);
	strike.record_next = block->scratch;
	try_once(block, &strike, &report);
	strike.record_next = NULL;
	strike.next_trace = block->scratch;
	if (!verdict_is_fine(report.verdict) || !block->scratch->complete) {
		strike.next_trace = NULL;
		note(block, &strike, &report);
		return;
	}
	if (request->kills && request->second_step == CAMPAIGN_ANY)
		step = block->scratch->count / PAIR_SAMPLE + 1;
	for (strike.j = rng_derive(request->seed, k) % step;
		strike.j < block->scratch->count && going_on(block);
		strike.j += step) {
		if (request->second_step == CAMPAIGN_ANY ||
			request->second_step == strike.j)
			strike_at(block, &strike);
	}
}

static void strike_point(struct block *block, size_t k)
{
	struct trial_strike strike = {.trace = block->trace, .k = k};

	if (block->row->kind == KIND_PAIR) {
		strike_pairs(block, k);
	} else if (block->row->kind == KIND_SYSCALL) {
		if (!(block->trace->steps[k].flags & TRACE_SYSCALL))
			return;
		for (size_t i = 0; i < sizeof(failures) / sizeof(*failures);
			i++) {
			strike.err = failures[i];
			strike_at(block, &strike);
		}
	} else {
		strike_at(block, &strike);
	}
}

/* What allocates memory takes a path that depends on all that this process has
 * allocated before: recorded anew where it is struck, once for the blocks of a row
 * that follow each other, since it takes as long as hundreds of trials; and on a
 * channel behind others of its kind, as those of the blocks to come. So is what
 * somebody sleeps beside, as whoever does it wakes him. */
static void record_here(struct block *block)
{
	static const struct campaign_unit *latest;
	bool sleeper = block->row->kind == KIND_SLEEPER;
	struct trial_case what = block->what;
	struct trial_report report;

	if (block->row->kind == KIND_PAIR)
		latest = NULL; /* it records there, too */
	if (block->row->kind == KIND_PAIR ||
		(!sleeper && !operation_allocates(&block->what.operation)))
		return;
	if (latest == block->unit) {
		block->trace = block->scratch;
		return;
	}
	latest = NULL;
	for (unsigned i = 0; i < SETTLES && !sleeper; i++) {
		crash_stage_close(&block->stage);
		if (!open_stage(block))
			return;
	}
	if (!sleeper)
		what.kind = KIND_INSTRUCTION;
	trace_clear(block->scratch);
	trial_run(&block->stage, &what,
		&(struct trial_strike){.record = block->scratch}, &report);
	if (verdict_is_fine(report.verdict) && block->scratch->complete &&
		block->scratch->count) {
		block->trace = block->scratch;
		latest = block->unit;
		coverage_add_trace(block->campaign->coverage, block->trace);
	}
}

static void run_block(struct block *block)
{
	const struct campaign_request *request = &block->campaign->request;
	size_t blocks = campaign_blocks(
		campaign_trace(block->campaign, block->unit)->count,
		block->what.path, block->row->kind);

	if (open_stage(block))
		record_here(block);
	if (open_stage(block))
		shift(block);
	for (size_t k = block->number;
		k < block->trace->count && going_on(block); k += blocks) {
		if (request->step != CAMPAIGN_ANY && k > request->step)
			break;
		strike_point(block, k);
	}
	crash_stage_close(&block->stage);
}

static void begin_block(struct campaign *campaign, unsigned director,
	const struct campaign_block *planned, struct block *ret_block)
{
	const struct campaign_request *request = &campaign->request;
	struct campaign_board *board = campaign->board;
	struct campaign_row *row = &board->rows[planned->row];
	unsigned size = planned->pass % CAMPAIGN_SIZES;
	const struct campaign_unit *unit = &board->units[row->units[size]];

	*ret_block = (struct block){
		.campaign = campaign,
		.tally = &campaign->tallies[director * CAMPAIGN_ROWS_MAX +
					    planned->row],
		.row = row,
		.unit = unit,
		.trace = campaign_trace(campaign, unit),
		.scratch = campaign->scratch[director],
		.pass = planned->pass,
		.director = director,
		.number = planned->block,
		.what = {.operation = unit->operation,
			.path = unit->path,
			.kind = row->kind,
			.room = unit->room,
			.holder_trace = (const struct crash_trace *)(const void
					*)(campaign->traces +
					   unit->holder_trace),
			.holder_k = unit->holder_k,
			.late_ns = request->late_ns},
		.stage = {.transport = request->transports[unit->transport],
			.spec = request->specs[unit->transport],
			.msg_size_bytes = campaign_size_bytes(planned->pass),
			.patience_ns = request->patience_ns,
			.alone = !lean_is(),
			.shared = campaign->stages[director]},
	};
}

/* What the recorded calls call, children need; and little else. */
static void grow_lean(const struct campaign *campaign)
{
	const struct campaign_board *board = campaign->board;

	for (unsigned i = 0; i < board->unit_count; i++) {
		const struct crash_trace *trace =
			campaign_trace(campaign, &board->units[i]);

		if (!board->units[i].recorded)
			continue;
		for (size_t k = 0; k < trace->count; k++)
			lean_use(trace->steps[k].address);
		step_open(trace);
	}
	lean_set(true);
}

void director_run(struct campaign *campaign, unsigned director)
{
	static struct block block;
	uint64_t begun_ns;
	size_t at;

	grow_lean(campaign);
	crash_stage_watch(campaign->stages[director]);
	for (;;) {
		/* relaxed: the plan was there before the fork */
		at = atomic_fetch_add_explicit(
			&campaign->board->next_block, 1, memory_order_relaxed);
		if (at >= campaign->plan_end)
			return;
		begin_block(campaign, director, &campaign->plan[at], &block);
		if (!going_on(&block))
			continue;
		begun_ns = deadline_clock_ns(CLOCK_MONOTONIC);
		run_block(&block);
		block.tally->spent_ns +=
			deadline_clock_ns(CLOCK_MONOTONIC) - begun_ns;
	}
}
