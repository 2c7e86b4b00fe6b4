/* map.c - see map.h.
 *
 * Deaths are counted by row and address while they happen, in memory that all
 * directors share; which line an address is of is asked once, at the end. The key
 * of a count has the row in the bits that no address of a process has.
 *
 * A line is what the compiler made of it: its instructions may be in several
 * places, and those of a function that was inlined are in the function they went
 * to. For whoever looks at a source they are of that source's line.
 */
#include "crash/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "step/symbol.h"

enum {
	ROW_SHIFT = 52, /* 2,048 rows are 11 bits */
	ROOM_MORE = 4096,
	LIMIT_MAX = 1 << 20, /* 128 MiB */
};

#define ADDRESS_MASK ((UINT64_C(1) << ROW_SHIFT) - 1)

_Static_assert(CAMPAIGN_ROWS_MAX <= 1 << (64 - ROW_SHIFT), "a row has a key");

static uint64_t key_of(unsigned row, uint64_t address)
{
	return (uint64_t)row << ROW_SHIFT | (address & ADDRESS_MASK);
}

bool map_is_of(const struct campaign *campaign, unsigned row)
{
	enum crash_kind kind = campaign->board->rows[row].kind;

	return kind == KIND_INSTRUCTION || kind == KIND_SLEEPER;
}

/* The @size-th unit of @row; NULL: that size is not recorded on its own. */
static const struct crash_trace *trace_of(
	const struct campaign *campaign, unsigned row, unsigned size)
{
	const struct campaign_board *board = campaign->board;
	const unsigned *units = board->rows[row].units;

	if (!map_is_of(campaign, row) || (size && units[size] == units[0]))
		return NULL;
	return campaign_trace(campaign, &board->units[units[size]]);
}

/* What the row's calls come through, of each size: they differ by a few
 * instructions. Returns how many steps that are. */
static size_t note_executed(struct campaign *campaign, unsigned row)
{
	size_t steps = 0;

	for (unsigned size = 0; size < CAMPAIGN_SIZES; size++) {
		const struct crash_trace *trace = trace_of(campaign, row, size);

		steps += trace ? trace->count : 0;
		for (size_t k = 0;
			campaign->of_rows && trace && k < trace->count; k++)
			(void)coverage_add(campaign->of_rows,
				key_of(row, trace->steps[k].address),
				COVERAGE_EXECUTED);
	}
	return steps;
}

int map_begin(struct campaign *campaign)
{
	size_t limit = 0;
	int err;

	/* Without a table yet it is only counted. */
	for (unsigned row = 0; row < campaign->board->row_count; row++)
		limit += note_executed(campaign, row);
	/* What is recorded anew where it is struck (director.c) may differ. */
	limit = 2 * limit + ROOM_MORE;
	err = coverage_create(
		limit < LIMIT_MAX ? limit : LIMIT_MAX, &campaign->of_rows);
	for (unsigned row = 0; !err && row < campaign->board->row_count; row++)
		(void)note_executed(campaign, row);
	return err;
}

void map_note(struct campaign *campaign, unsigned row, uint64_t address,
	enum verdict verdict)
{
	enum coverage_what what = !verdict_is_fine(verdict) ? COVERAGE_VIOLATED
				  : verdict == VERDICT_UNDONE ? COVERAGE_UNDONE
							      : COVERAGE_DONE;

	if (!map_is_of(campaign, row))
		return;
	(void)coverage_add(campaign->of_rows, key_of(row, address), what);
	if (what != COVERAGE_VIOLATED) /* which director.c has noted */
		(void)coverage_add(campaign->coverage, address, what);
}

/* --- after the last death ---------------------------------------------------- */

static int by_address(const void *left, const void *right)
{
	const uint64_t one = ((const struct coverage_entry *)left)->address;
	const uint64_t other = ((const struct coverage_entry *)right)->address;

	return (one > other) - (one < other);
}

/* Those of @row, in place, with addresses for keys, each address once. */
static size_t keep(struct coverage_entry *entries, size_t count, unsigned row)
{
	size_t kept = 0, distinct = 0;

	for (size_t i = 0; i < count; i++) {
		if (row != MAP_ALL_ROWS &&
			entries[i].address >> ROW_SHIFT != row)
			continue;
		entries[kept] = entries[i];
		entries[kept++].address &= ADDRESS_MASK;
	}
	qsort(entries, kept, sizeof(*entries), by_address);
	for (size_t i = 0; i < kept; i++) {
		struct coverage_entry *last = &entries[distinct - 1];

		if (!distinct || last->address != entries[i].address) {
			entries[distinct++] = entries[i];
			continue;
		}
		for (int what = 0; what < COVERAGE_KINDS; what++)
			last->counts[what] += entries[i].counts[what];
	}
	return distinct;
}

/* When the call came to @address first, of messages of the first size. */
static uint64_t first_at(
	const struct campaign *campaign, unsigned row, uint64_t address)
{
	const struct crash_trace *trace;

	if (row == MAP_ALL_ROWS)
		return 0;
	trace = campaign_trace(campaign, campaign_row_unit(campaign, row));
	for (size_t k = 0; k < trace->count; k++)
		if (trace->steps[k].address == address)
			return k;
	return UINT64_MAX;
}

static int compare_texts(const char *one, const char *other)
{
	if (!one || !other)
		return (one == NULL) - (other == NULL);
	return strcmp(one, other);
}

static int by_line(const void *left, const void *right)
{
	const struct map_line *one = left, *other = right;
	int order = compare_texts(one->file, other->file);

	if (!order && one->file)
		return (one->line > other->line) - (one->line < other->line);
	if (!order)
		order = compare_texts(one->module, other->module);
	if (!order)
		order = compare_texts(one->function, other->function);
	return order;
}

static void add(struct map_line *to, const struct map_line *from)
{
	if (from->first < to->first)
		to->first = from->first;
	to->executed += from->executed;
	to->struck += from->struck;
	to->undone += from->undone;
	to->done += from->done;
	to->violated += from->violated;
}

static struct map_line line_of(const struct campaign *campaign, unsigned row,
	struct symbols *symbols, const struct coverage_entry *entry)
{
	const uint64_t *counts = entry->counts;
	uint64_t deaths = counts[COVERAGE_UNDONE] + counts[COVERAGE_DONE] +
			  counts[COVERAGE_VIOLATED];
	struct symbol symbol;

	symbols_find(symbols, entry->address, &symbol);
	return (struct map_line){
		.module = symbol.module,
		.function = symbol.function,
		.file = symbol.line ? symbol.file : NULL,
		.folder = symbol.folder,
		.line = symbol.line,
		.first = first_at(campaign, row, entry->address),
		.executed = 1,
		.struck = deaths > 0,
		.undone = counts[COVERAGE_UNDONE],
		.done = counts[COVERAGE_DONE],
		.violated = counts[COVERAGE_VIOLATED],
	};
}

static void fill(const struct campaign *campaign, unsigned row,
	struct symbols *symbols, const struct coverage_entry *entries,
	size_t count, struct crash_map *map)
{
	for (size_t i = 0; i < count; i++)
		map->lines[i] = line_of(campaign, row, symbols, &entries[i]);
	qsort(map->lines, count, sizeof(*map->lines), by_line);
	for (size_t i = 0; i < count; i++) {
		struct map_line *last =
			map->count ? &map->lines[map->count - 1] : NULL;

		if (last && by_line(last, &map->lines[i]) == 0)
			add(last, &map->lines[i]);
		else
			map->lines[map->count++] = map->lines[i];
	}
}

int map_make(const struct campaign *campaign, struct symbols *symbols,
	unsigned row, struct crash_map *ret_map)
{
	struct crash_map map = {0};
	struct coverage_entry *entries;
	size_t count;
	int err = coverage_list(campaign->of_rows, &entries, &count);

	if (err)
		return err;
	count = keep(entries, count, row);
	map.lines = calloc(count + 1, sizeof(*map.lines));
	if (map.lines)
		fill(campaign, row, symbols, entries, count, &map);
	else
		err = -ENOMEM;
	free(entries);
	if (!err)
		*ret_map = map;
	return err;
}

void map_free(struct crash_map *map)
{
	free(map->lines);
	*map = (struct crash_map){0};
}
