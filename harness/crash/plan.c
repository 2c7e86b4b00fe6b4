/* plan.c - which calls are struck where, in which order.
 *
 * Whatever can be recorded becomes a row for each kind of campaign that it makes
 * sense for. A row's steps go in blocks (director.c). When fewer trials are wanted
 * than there are points, some blocks of each row are taken, evenly; when more, all
 * are taken again, with messages of other sizes at other positions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "crash/campaign.h"

enum {
	BLOCK_STEPS = 64,
	WRAP_STEPS = 8, /* of these the crossing is sure, see trial.c */
	PAIRS_EACH = 16,
	FAILURES = 4,
};

static const size_t sizes[CAMPAIGN_SIZES] = {64, 8, 200, 24, 400, 16};

size_t campaign_size_bytes(unsigned pass)
{
	return sizes[pass % CAMPAIGN_SIZES];
}

size_t campaign_blocks(size_t steps, enum crash_path path, enum crash_kind kind)
{
	size_t each = path == PATH_WRAP ? WRAP_STEPS : BLOCK_STEPS;

	if (kind == KIND_PAIR)
		each = 1;
	/* few and far between */
	if (kind == KIND_SYSCALL)
		return 1;
	return (steps + each - 1) / each;
}

static size_t system_calls(const struct crash_trace *trace)
{
	size_t count = 0;

	for (size_t k = 0; k < trace->count; k++)
		count += trace->steps[k].flags & TRACE_SYSCALL ? 1 : 0;
	return count;
}

/* A sleeper waits for a message, or for room. Only where a death is said to harm
 * nobody does one taken message make room for one. */
static bool wakes_somebody(const struct transport *transport,
	const struct crash_operation *operation, enum crash_path path)
{
	if (!(transport->caps & CAP_BLOCK) ||
		operation->effect == EFFECT_NONE ||
		operation->effect == EFFECT_MAKES)
		return false;
	if (operation->effect == EFFECT_PUTS)
		return path == PATH_EMPTY;
	return path == PATH_FULL && transport->caps & CAP_SURVIVES_KILL;
}

bool campaign_suits(enum crash_kind kind, const struct transport *transport,
	const struct crash_operation *operation, enum crash_path path)
{
	switch (kind) {
	case KIND_INSTRUCTION:
		return true;
	case KIND_PAIR:
		return path < PATH_SLOW_LOCK;
	case KIND_STOP:
		/* whether a view that was waited for took it, nobody can tell */
		return path < PATH_SLOW_LOCK && !operation->vague;
	case KIND_SYSCALL:
		return path != PATH_SLOW_LOCK;
	case KIND_SLEEPER:
		return wakes_somebody(transport, operation, path);
	default:
		return false;
	}
}

static uint64_t points_of(const struct campaign *campaign,
	const struct campaign_unit *unit, enum crash_kind kind)
{
	const struct crash_trace *trace = campaign_trace(campaign, unit);

	if (!campaign_suits(kind, campaign->request.transports[unit->transport],
		    &unit->operation, unit->path))
		return 0;
	if (kind == KIND_PAIR)
		return trace->count * (uint64_t)PAIRS_EACH;
	if (kind == KIND_SYSCALL)
		return system_calls(trace) * (uint64_t)FAILURES;
	return trace->count;
}

/* The same with messages of another size; if there is none, itself. */
static unsigned find_unit(
	const struct campaign_board *board, unsigned like, unsigned size)
{
	const struct campaign_unit *one = &board->units[like];

	for (unsigned i = 0; i < board->unit_count; i++) {
		const struct campaign_unit *other = &board->units[i];

		if (other->recorded && other->size == size &&
			other->transport == one->transport &&
			other->path == one->path &&
			!strcmp(other->operation.name, one->operation.name))
			return i;
	}
	return like;
}

void campaign_plan_rows(struct campaign *campaign)
{
	struct campaign_board *board = campaign->board;
	unsigned base = campaign->request.pass % CAMPAIGN_SIZES;

	board->row_count = 0;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		if (!(campaign->request.kinds & 1u << kind))
			continue;
		for (unsigned i = 0; i < board->unit_count; i++) {
			const struct campaign_unit *unit = &board->units[i];
			struct campaign_row *row =
				&board->rows[board->row_count];
			uint64_t points;

			if (!unit->recorded || unit->size != base ||
				board->row_count == CAMPAIGN_ROWS_MAX)
				continue;
			points = points_of(
				campaign, unit, (enum crash_kind)kind);
			if (!points)
				continue;
			row->kind = (enum crash_kind)kind;
			row->points = points;
			row->units[0] = i;
			for (unsigned size = 0; size < CAMPAIGN_SIZES; size++)
				row->units[size] = find_unit(board, i, size);
			board->row_count++;
		}
	}
}

/* Beyond the first pass nobody spins for a lock again: that takes as long as three
 * other deaths, at hundreds of turns of the same few instructions. A full channel
 * is cleared message by message, in thousands of steps when they are small, which
 * is the same. Nor does anybody come or go again, which no message's size changes
 * anything about. */
bool campaign_repeats(
	const struct crash_operation *operation, enum crash_path path)
{
	if (operation->effect == EFFECT_CLEARS && path == PATH_FULL)
		return false;
	return path != PATH_SLOW_LOCK && !operation_allocates(operation);
}

static bool row_repeats(const struct campaign *campaign, unsigned row)
{
	const struct campaign_unit *unit = campaign_row_unit(campaign, row);

	return campaign_repeats(&unit->operation, unit->path);
}

/* Of the first pass, or of one beyond it. */
static uint64_t points_of_kind(
	const struct campaign *campaign, enum crash_kind kind, bool beyond)
{
	const struct campaign_board *board = campaign->board;
	uint64_t points = 0;

	for (unsigned i = 0; i < board->row_count; i++)
		if (board->rows[i].kind == kind &&
			(!beyond || row_repeats(campaign, i)))
			points += board->rows[i].points;
	return points;
}

/* A call that is recorded anew where it is struck (director.c) may have fewer steps
 * there, and the number asked for is to be reached: a fiftieth more. */
static uint64_t wanted_kills(const struct campaign *campaign)
{
	return campaign->request.kills + campaign->request.kills / 50;
}

/* Of one kind: one, but for as many as it takes to kill at instructions often
 * enough. */
static unsigned passes_of(const struct campaign *campaign, enum crash_kind kind)
{
	uint64_t points = points_of_kind(campaign, kind, false);
	uint64_t beyond = points_of_kind(campaign, kind, true);
	uint64_t kills = wanted_kills(campaign);

	if (kind != KIND_INSTRUCTION || !beyond || kills <= points ||
		campaign->request.step != CAMPAIGN_ANY)
		return 1;
	return 1 + (unsigned)((kills - points + beyond - 1) / beyond);
}

unsigned campaign_plan_passes(const struct campaign *campaign)
{
	return passes_of(campaign, KIND_INSTRUCTION);
}

static int add_block(
	struct campaign *campaign, unsigned row, unsigned pass, size_t block)
{
	if (campaign->plan_count % 1024 == 0) {
		struct campaign_block *more = realloc(campaign->plan,
			(campaign->plan_count + 1024) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		campaign->plan = more;
	}
	campaign->plan[campaign->plan_count++] =
		(struct campaign_block){row, pass, block};
	campaign->board->rows[row].blocks++;
	return 0;
}

/* @wanted of the @points of all rows of its kind; all, if that is more. */
static int add_row(struct campaign *campaign, unsigned index, unsigned pass,
	uint64_t wanted, uint64_t points)
{
	const struct campaign_request *request = &campaign->request;
	const struct campaign_row *row = &campaign->board->rows[index];
	const struct campaign_unit *unit =
		&campaign->board->units[row->units[pass % CAMPAIGN_SIZES]];
	size_t steps = campaign_trace(campaign, unit)->count;
	size_t blocks = campaign_blocks(steps, unit->path, row->kind);
	size_t some = blocks, skew;
	int err = 0;

	/* beside a sleeper it has some more: those by which he is woken */
	if (request->step != CAMPAIGN_ANY)
		return request->step < steps || row->kind == KIND_SLEEPER
			       ? add_block(campaign, index, pass,
					 request->step % blocks)
			       : 0;
	if (wanted < points)
		some = (size_t)((blocks * wanted + points - 1) / points);
	skew = rng_derive(request->seed, index) % blocks;
	for (size_t i = 0; i < some && !err; i++)
		err = add_block(campaign, index, pass,
			(i * blocks / some + skew) % blocks);
	return err;
}

int campaign_plan_blocks(struct campaign *campaign)
{
	const struct campaign_board *board = campaign->board;
	int err = 0;

	for (unsigned kind = 0; kind < KINDS; kind++) {
		uint64_t left = wanted_kills(campaign);
		unsigned passes = passes_of(campaign, (enum crash_kind)kind);

		if (!left)
			left = UINT64_MAX;
		for (unsigned pass = 0; pass < passes; pass++) {
			uint64_t points = points_of_kind(
				campaign, (enum crash_kind)kind, pass > 0);

			for (unsigned i = 0; i < board->row_count && !err; i++)
				if (board->rows[i].kind == kind &&
					(!pass || row_repeats(campaign, i)))
					err = add_row(campaign, i,
						campaign->request.pass + pass,
						left, points);
			left = left > points ? left - points : 0;
		}
	}
	return err;
}
