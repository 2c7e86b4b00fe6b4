/* print.c - see print.h.
 *
 * A row with nothing wrong takes one line. What is wrong is told by name, and
 * each case of it with the line of source that the victim died at and a command
 * that does it again. Coverage is of the transport's own code and of what it
 * calls: every function in which a recorded call had an instruction.
 */
#include "crash/print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crash/symbol.h"
#include "human.h"

enum { MISSING_SHOWN = 8 /* addresses of one function */ };

char *campaign_command(const struct campaign *campaign,
	const struct campaign_violation *violation, char *text,
	size_t text_bytes)
{
	const struct campaign_request *request = &campaign->request;
	const struct campaign_unit *unit =
		campaign_row_unit(campaign, violation->row);
	enum crash_kind kind = campaign->board->rows[violation->row].kind;
	char second[32] = "";

	if (violation->j != CAMPAIGN_ANY)
		snprintf(second, sizeof(second), ":%zu", violation->j);
	snprintf(text, text_bytes,
		"ipcmark crash %s --kill-at %s --operation %s --path %s "
		"--seed %" PRIu64 " --pass %u --step %zu%s",
		request->specs[unit->transport], kind_name(kind),
		unit->operation.name, path_name(unit->path), request->seed,
		violation->pass, violation->k, second);
	return text;
}

static void print_faults(const struct campaign_tally *sum, FILE *out)
{
	for (int v = 0; v < VERDICTS; v++)
		if (!verdict_is_fine((enum verdict)v) && sum->verdicts[v])
			fprintf(out, " %s %" PRIu64,
				verdict_name((enum verdict)v),
				sum->verdicts[v]);
}

static void print_row(const struct campaign *campaign, unsigned index,
	struct campaign_tally *sum, FILE *out)
{
	const struct campaign_row *row = &campaign->board->rows[index];
	const struct campaign_unit *unit = campaign_row_unit(campaign, index);
	char p50[HUMAN_BYTES] = "-", p99[HUMAN_BYTES] = "-",
	     max[HUMAN_BYTES] = "-";

	campaign_sum(campaign, index, sum);
	if (sum->recovery.total) {
		human_time((double)hist_percentile(&sum->recovery, 50), p50);
		human_time((double)hist_percentile(&sum->recovery, 99), p99);
		human_time((double)sum->recovery.max_ns, max);
	}
	fprintf(out,
		"%-16s %-10s %6zu %8" PRIu64 " %6" PRIu64 " %8" PRIu64
		" %8" PRIu64 " %8s %8s %8s ",
		unit->operation.name, path_name(unit->path),
		campaign_trace(campaign, unit)->count, sum->struck, sum->missed,
		sum->verdicts[VERDICT_UNDONE],
		sum->verdicts[VERDICT_DONE] + sum->verdicts[VERDICT_PARTLY],
		p50, p99, max);
	print_faults(sum, out);
	if (row->ended)
		fprintf(out, " (ended: too many)");
	fputc('\n', out);
}

/* Those that could not even be recorded. */
static void print_unrecorded(
	const struct campaign *campaign, unsigned transport, FILE *out)
{
	for (unsigned i = 0; i < campaign->board->unit_count; i++) {
		const struct campaign_unit *unit = &campaign->board->units[i];

		if (unit->recorded || unit->transport != transport)
			continue;
		fprintf(out, "%-16s %-10s not tried: %s\n",
			unit->operation.name, path_name(unit->path),
			unit->words);
	}
}

static void print_table(const struct campaign *campaign, enum crash_kind kind,
	unsigned transport, struct campaign_tally *sum, FILE *out)
{
	bool headed = false;

	for (unsigned i = 0; i < campaign->board->row_count; i++) {
		if (campaign->board->rows[i].kind != kind ||
			campaign_row_unit(campaign, i)->transport != transport)
			continue;
		if (!headed)
			fprintf(out,
				"\n%s, %s\n%-16s %-10s %6s %8s %6s %8s %8s %8s "
				"%8s %8s\n",
				campaign->request.specs[transport],
				kind_name(kind), "operation", "path", "steps",
				kind == KIND_STOP      ? "stops"
				: kind == KIND_SYSCALL ? "failures"
						       : "kills",
				"missed", "undone", "done", "p50", "p99",
				"max");
		headed = true;
		print_row(campaign, i, sum, out);
	}
}

/* --- coverage ---------------------------------------------------------------- */

struct covered {
	const struct coverage_entry *entries;
	size_t from, to; /* of one function */
	size_t executed, struck;
};

/* Short: the end of a path tells enough to whoever has the sources. */
static void print_place(
	const struct symbol *symbol, uint64_t address, FILE *out)
{
	const char *file = symbol->file ? symbol->file : "";
	unsigned slashes = 0;

	for (const char *at = file + strlen(file); at > file; at--)
		if (at[-1] == '/' && ++slashes == 2) {
			file = at;
			break;
		}
	if (symbol->function)
		fprintf(out, "%s+0x%" PRIx64, symbol->function, symbol->offset);
	else if (symbol->module)
		fprintf(out, "%s+0x%" PRIx64, symbol->module, symbol->offset);
	else
		fprintf(out, "0x%" PRIx64, address);
	if (*file)
		fprintf(out, " (%s:%u)", file, symbol->line);
}

static void print_missing(
	const struct covered *covered, struct symbols *symbols, FILE *out)
{
	unsigned shown = 0;

	for (size_t i = covered->from; i < covered->to; i++) {
		const struct coverage_entry *entry = &covered->entries[i];
		struct symbol symbol;

		if (!entry->counts[COVERAGE_EXECUTED] ||
			entry->counts[COVERAGE_KILLED])
			continue;
		if (shown++ == MISSING_SHOWN) {
			fprintf(out, "    ...\n");
			return;
		}
		symbols_find(symbols, entry->address, &symbol);
		fprintf(out, "    not killed at ");
		print_place(&symbol, entry->address, out);
		fputc('\n', out);
	}
}

static bool same_text(const char *one, const char *other)
{
	if (!one || !other)
		return one == other;
	return strcmp(one, other) == 0;
}

/* Code that nobody has a name for is one function of its module. */
static bool same_function(const struct symbol *one, const struct symbol *other)
{
	return same_text(one->function, other->function) &&
	       same_text(one->module, other->module);
}

static void print_function(const struct covered *covered,
	const struct symbol *symbol, struct symbols *symbols, FILE *out)
{
	fprintf(out, "  %s%s: %zu of %zu instructions\n",
		symbol->function ? symbol->function : "nameless code of ",
		symbol->function ? ""
		: symbol->module ? symbol->module
				 : "no known module",
		covered->struck, covered->executed);
	print_missing(covered, symbols, out);
}

/* How often each of a row's steps was on the plan. */
static uint64_t turns_of(const struct campaign *campaign, unsigned index)
{
	const struct campaign_row *row = &campaign->board->rows[index];
	const struct campaign_unit *unit = campaign_row_unit(campaign, index);

	return row->blocks /
	       campaign_blocks(campaign_trace(campaign, unit)->count,
		       unit->path, row->kind);
}

/* Of one kind of campaign; none of it: @fewest is the highest number. */
struct extent {
	uint64_t rows, points, fewest, most;
};

static struct extent extent_of(
	const struct campaign *campaign, enum crash_kind kind)
{
	struct extent extent = {.fewest = UINT64_MAX};

	for (unsigned i = 0; i < campaign->board->row_count; i++) {
		uint64_t turns;

		if (campaign->board->rows[i].kind != kind)
			continue;
		turns = turns_of(campaign, i);
		extent.rows++;
		extent.points += campaign->board->rows[i].points;
		if (turns < extent.fewest)
			extent.fewest = turns;
		if (turns > extent.most)
			extent.most = turns;
	}
	return extent;
}

/* Was it all to be killed at? */
static bool is_whole(const struct campaign *campaign)
{
	return extent_of(campaign, KIND_INSTRUCTION).fewest > 0 &&
	       !campaign->interrupted && !campaign->lost_directors;
}

static void print_extent(const struct campaign *campaign, enum crash_kind kind,
	uint64_t struck, FILE *out)
{
	struct extent extent = extent_of(campaign, kind);

	if (!extent.rows || campaign->request.step != CAMPAIGN_ANY)
		return;
	fprintf(out,
		"%s: %" PRIu64 " times, at the %" PRIu64 " points of %" PRIu64
		" rows; ",
		kind_name(kind), struck, extent.points, extent.rows);
	if (!extent.fewest)
		fprintf(out, "a sample of them\n");
	else if (extent.fewest == extent.most)
		fprintf(out, "each on the plan %" PRIu64 " times\n",
			extent.most);
	else
		fprintf(out,
			"each on the plan %" PRIu64 " to %" PRIu64 " times\n",
			extent.fewest, extent.most);
}

/* To a tenth, and 100 only of all. */
static double percent_down(size_t part, size_t all)
{
	return all ? (double)(part * 1000 / all) / 10 : 0;
}

/* By address, so that a function is in one piece. Whole ones in a number, the
 * others by name. */
static void print_coverage(
	const struct campaign *campaign, struct symbols *symbols, FILE *out)
{
	struct coverage_entry *entries;
	size_t count, whole = 0, functions = 0, executed = 0, struck = 0;
	struct symbol first, next;

	if (coverage_list(campaign->coverage, &entries, &count))
		return;
	for (size_t from = 0, to; from < count; from = to) {
		struct covered covered = {.entries = entries, .from = from};

		symbols_find(symbols, entries[from].address, &first);
		next = first;
		for (to = from; to < count && same_function(&first, &next);) {
			covered.executed +=
				entries[to].counts[COVERAGE_EXECUTED] > 0;
			covered.struck +=
				entries[to].counts[COVERAGE_EXECUTED] &&
				entries[to].counts[COVERAGE_KILLED];
			if (++to < count)
				symbols_find(
					symbols, entries[to].address, &next);
		}
		covered.to = to;
		if (!covered.executed)
			continue;
		functions++;
		executed += covered.executed;
		struck += covered.struck;
		if (covered.struck == covered.executed) {
			whole++;
			continue;
		}
		if (is_whole(campaign))
			print_function(&covered, &first, symbols, out);
	}
	fprintf(out,
		"coverage: killed at %zu of %zu executed instructions (%.1f "
		"%%); at all of them in %zu of %zu functions\n",
		struck, executed, percent_down(struck, executed), whole,
		functions);
	free(entries);
}

/* --- the rest ---------------------------------------------------------------- */

static void print_violations(
	const struct campaign *campaign, struct symbols *symbols, FILE *out)
{
	const struct campaign_board *board = campaign->board;
	uint64_t count = board->violation_count;

	if (count > CAMPAIGN_VIOLATIONS_MAX)
		count = CAMPAIGN_VIOLATIONS_MAX;
	for (uint64_t i = 0; i < count; i++) {
		const struct campaign_violation *one = &board->violations[i];
		char command[CAMPAIGN_COMMAND_BYTES];
		struct symbol symbol;

		symbols_find(symbols, one->address, &symbol);
		fprintf(out, "\n%s: %s%s%s\n  at ", verdict_name(one->verdict),
			one->words, one->err ? ", after " : "",
			one->err ? strerror(one->err) : "");
		print_place(&symbol, one->address, out);
		fprintf(out, "\n  again: %s\n",
			campaign_command(
				campaign, one, command, sizeof(command)));
	}
	if (board->violation_count > count)
		fprintf(out, "\n... and %" PRIu64 " more\n",
			board->violation_count - count);
}

static void print_verdict(
	const struct campaign *campaign, struct campaign_tally *sum, FILE *out)
{
	double seconds = (double)campaign->duration_ns / 1e9;
	uint64_t bad = campaign->board->violation_count, struck = 0, missed = 0,
		 trials = 0, of_kind[KINDS] = {0};
	char trials_rate[HUMAN_BYTES];

	for (unsigned i = 0; i < campaign->board->row_count; i++) {
		campaign_sum(campaign, i, sum);
		of_kind[campaign->board->rows[i].kind] += sum->struck;
		struck += sum->struck;
		missed += sum->missed;
		trials += sum->trials;
	}
	fputc('\n', out);
	for (int kind = 0; kind < KINDS; kind++)
		print_extent(
			campaign, (enum crash_kind)kind, of_kind[kind], out);
	fprintf(out,
		"%" PRIu64 " trials in %.1f s on %u CPUs: %s; %" PRIu64
		" missed their step\n",
		trials, seconds, campaign->directors,
		human_rate(seconds > 0 ? (double)trials / seconds : 0,
			trials_rate),
		missed);
	if (bad)
		fprintf(out, "%" PRIu64 " violations in %" PRIu64 " kills\n",
			bad, struck);
	else if (struck)
		fprintf(out,
			"0 violations in %" PRIu64
			" kills: fewer than 3/%" PRIu64 " = %.2g at 95 %%\n",
			struck, struck, 3.0 / (double)struck);
	if (campaign->interrupted)
		fprintf(out, "interrupted: this is a part of it\n");
	if (campaign->lost_directors)
		fprintf(out,
			"incomplete: %u of the processes that run trials were "
			"lost, in a create(), check() or destroy()\n",
			campaign->lost_directors);
}

void campaign_print(
	const struct campaign *campaign, struct symbols *symbols, FILE *out)
{
	struct campaign_tally *sum = malloc(sizeof(*sum));

	if (!sum)
		return;
	for (unsigned t = 0; t < campaign->request.transport_count; t++) {
		for (int kind = 0; kind < KINDS; kind++)
			print_table(
				campaign, (enum crash_kind)kind, t, sum, out);
		print_unrecorded(campaign, t, out);
	}
	print_violations(campaign, symbols, out);
	if (campaign->request.kinds & 1u << KIND_INSTRUCTION &&
		campaign->request.step == CAMPAIGN_ANY) {
		fputc('\n', out);
		print_coverage(campaign, symbols, out);
	}
	print_verdict(campaign, sum, out);
	free(sum);
}
