/* print.c - see print.h.
 *
 * A row with nothing wrong takes one line. What is wrong is told by name, and
 * each case of it with the line of source that the victim died at and a command
 * that does it again. No line is longer than a page is wide. What was covered is
 * print_coverage.c's.
 */
#include "crash/print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/wrap.h"
#include "step/symbol.h"

static size_t append(char *text, size_t text_bytes, size_t used,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Returns how long @text is then; beyond its room, at least that. */
static size_t append(
	char *text, size_t text_bytes, size_t used, const char *format, ...)
{
	va_list args;

	if (used >= text_bytes)
		return used;
	va_start(args, format);
	used += (size_t)vsnprintf(text + used, text_bytes - used, format, args);
	va_end(args);
	return used;
}

enum { OPTION_BYTES = 48 };

/* As a shell takes it for one word: what a transport is called may be a command
 * with blanks. */
static void quote(const char *word, char *text, size_t text_bytes)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./:=,+@%";
	size_t at = 0;

	if (!word[strspn(word, plain)]) {
		snprintf(text, text_bytes, "%s", word);
		return;
	}
	text[at++] = '\'';
	for (; *word && at + 6 < text_bytes; word++) {
		if (*word == '\'')
			at += (size_t)sprintf(text + at, "'\\''");
		else
			text[at++] = *word;
	}
	text[at++] = '\'';
	text[at] = '\0';
}

/* " --name 50ms", or nothing when it is @usual. */
static const char *time_option(const char *name, uint64_t time_ns,
	uint64_t usual_ns, char text[OPTION_BYTES])
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = {
		{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
	size_t unit = 0;

	text[0] = '\0';
	if (time_ns == usual_ns)
		return text;
	while (unit < 3 && time_ns % units[unit].ns)
		unit++;
	snprintf(text, OPTION_BYTES, " --%s %" PRIu64 "%s", name,
		time_ns / units[unit].ns, units[unit].name);
	return text;
}

char *campaign_command(const struct campaign *campaign,
	const struct campaign_violation *violation, char *text,
	size_t text_bytes)
{
	const struct campaign_request *request = &campaign->request;
	const struct campaign_unit *unit =
		campaign_row_unit(campaign, violation->row);
	enum crash_kind kind = campaign->board->rows[violation->row].kind;
	char spec[CAMPAIGN_COMMAND_BYTES / 2], patience[OPTION_BYTES],
		late[OPTION_BYTES];
	size_t used;

	quote(request->specs[unit->transport], spec, sizeof(spec));
	used = (size_t)snprintf(text, text_bytes, "ipcmark crash %s", spec);
	/* what goes without saying is not said */
	if (kind != KIND_INSTRUCTION)
		used = append(text, text_bytes, used, " --kill-at %s",
			kind_name(kind));
	used = append(text, text_bytes, used, " --operation %s --path %s",
		unit->operation.name, path_name(unit->path));
	if (request->seed != 1)
		used = append(text, text_bytes, used, " --seed %" PRIu64,
			request->seed);
	if (violation->pass)
		used = append(
			text, text_bytes, used, " --pass %u", violation->pass);
	used = append(text, text_bytes, used, " --step %zu", violation->k);
	if (violation->j != CAMPAIGN_ANY)
		used = append(text, text_bytes, used, ":%zu", violation->j);
	append(text, text_bytes, used, "%s%s",
		time_option("patience", request->patience_ns,
			CAMPAIGN_PATIENCE_NS, patience),
		time_option("recover-within", request->late_ns,
			CAMPAIGN_LATE_NS, late));
	return text;
}

/* What was wrong, by name. Returns how much of it there was. */
static uint64_t name_faults(
	const uint64_t verdicts[VERDICTS], char *text, size_t text_bytes)
{
	uint64_t count = 0;
	size_t used = 0;

	text[0] = '\0';
	for (int v = 0; v < VERDICTS; v++) {
		if (verdict_is_fine((enum verdict)v) || !verdicts[v])
			continue;
		used = append(text, text_bytes, used, "%s%s %" PRIu64,
			count ? ", " : "", verdict_name((enum verdict)v),
			verdicts[v]);
		count += verdicts[v];
	}
	return count;
}

static void print_row(const struct campaign *campaign, unsigned index,
	struct campaign_tally *sum, FILE *out)
{
	const struct campaign_row *row = &campaign->board->rows[index];
	const struct campaign_unit *unit = campaign_row_unit(campaign, index);
	char p50[HUMAN_BYTES] = "-", p99[HUMAN_BYTES] = "-",
	     max[HUMAN_BYTES] = "-", each[HUMAN_BYTES] = "-";
	char faults[WRAP_TEXT_BYTES];

	campaign_sum(campaign, index, sum);
	if (sum->recovery.total) {
		human_time((double)hist_percentile(&sum->recovery, 50), p50);
		human_time((double)hist_percentile(&sum->recovery, 99), p99);
		human_time((double)sum->recovery.max_ns, max);
	}
	if (sum->trials)
		human_time((double)sum->spent_ns / (double)sum->trials, each);
	fprintf(out,
		"%-16s %-10s %6zu %7" PRIu64 " %6" PRIu64 " %7" PRIu64
		" %7" PRIu64 " %7s %7s %7s %7s\n",
		unit->operation.name, path_name(unit->path),
		campaign_trace(campaign, unit)->count, sum->struck, sum->missed,
		sum->verdicts[VERDICT_UNDONE],
		sum->verdicts[VERDICT_DONE] + sum->verdicts[VERDICT_PARTLY],
		p50, p99, max, each);
	if (name_faults(sum->verdicts, faults, sizeof(faults)))
		fprintf(out, "    %s%s\n", faults,
			row->ended ? "; ended before its time" : "");
}

/* Those that could not even be recorded. */
static void print_unrecorded(
	const struct campaign *campaign, unsigned transport, FILE *out)
{
	for (unsigned i = 0; i < campaign->board->unit_count; i++) {
		const struct campaign_unit *unit = &campaign->board->units[i];
		char head[WRAP_TEXT_BYTES];

		if (unit->recorded || unit->transport != transport)
			continue;
		snprintf(head, sizeof(head),
			"%-16s %-10s not tried: ", unit->operation.name,
			path_name(unit->path));
		wrap_put(out, head, 4, "", unit->words);
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
				"\n%s, %s\n%-16s %-10s %6s %7s %6s %7s %7s %7s "
				"%7s %7s %7s\n",
				campaign->request.specs[transport],
				kind_name(kind), "operation", "path", "steps",
				kind == KIND_STOP      ? "stops"
				: kind == KIND_SYSCALL ? "fails"
						       : "kills",
				"missed", "undone", "done", "p50", "p99", "max",
				"trial");
		headed = true;
		print_row(campaign, i, sum, out);
	}
}

static void print_place(
	const struct symbol *symbol, uint64_t address, FILE *out)
{
	char text[WRAP_TEXT_BYTES];

	wrap_put(out, "  at ", 5, "",
		symbols_name(symbol, address, text, sizeof(text)));
}

/* --- how much of it ---------------------------------------------------------- */

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
		fprintf(out, "each planned %" PRIu64 " times\n", extent.most);
	else
		fprintf(out, "each planned %" PRIu64 " to %" PRIu64 " times\n",
			extent.fewest, extent.most);
}

/* --- the rest ---------------------------------------------------------------- */

void campaign_print_story(const struct campaign *campaign,
	const struct campaign_violation *violation, FILE *out)
{
	const struct campaign_unit *unit =
		campaign_row_unit(campaign, violation->row);

	story_print(&violation->story, unit->operation.name, out);
}

/* One story of each kind: they are much alike. */
static bool is_first_of_its_kind(
	const struct campaign_board *board, uint64_t index)
{
	const struct campaign_violation *one = &board->violations[index];

	for (uint64_t i = 0; i < index; i++)
		if (board->violations[i].row == one->row &&
			board->violations[i].verdict == one->verdict)
			return false;
	return true;
}

static void print_violations(
	const struct campaign *campaign, struct symbols *symbols, FILE *out)
{
	const struct campaign_board *board = campaign->board;
	uint64_t count = board->violation_count;

	if (count > CAMPAIGN_VIOLATIONS_MAX)
		count = CAMPAIGN_VIOLATIONS_MAX;
	for (uint64_t i = 0; i < count; i++) {
		const struct campaign_violation *one = &board->violations[i];
		char text[CAMPAIGN_COMMAND_BYTES], head[64];
		struct symbol symbol;

		fputc('\n', out);
		snprintf(
			head, sizeof(head), "%s: ", verdict_name(one->verdict));
		snprintf(text, sizeof(text), "%s%s%s", one->words,
			one->err ? ", after " : "",
			one->err ? strerror(one->err) : "");
		wrap_put(out, head, 4, "", text);
		symbols_find(symbols, one->address, &symbol);
		print_place(&symbol, one->address, out);
		wrap_put(out, "  again: ", 9, " \\",
			campaign_command(campaign, one, text, sizeof(text)));
		if (is_first_of_its_kind(board, i))
			campaign_print_story(campaign, one, out);
	}
	if (board->violation_count > count)
		fprintf(out, "\n... and %" PRIu64 " more\n",
			board->violation_count - count);
}

/* The last line, and the one to quote. */
static void print_verdict(const uint64_t verdicts[VERDICTS], uint64_t struck,
	uint64_t first_bad_trial, FILE *out)
{
	char faults[WRAP_TEXT_BYTES];
	uint64_t bad = name_faults(verdicts, faults, sizeof(faults));

	if (bad)
		fprintf(out,
			"%" PRIu64 " violations in %" PRIu64
			" kills, the first in trial %" PRIu64 ": %s\n",
			bad, struck, first_bad_trial, faults);
	else if (struck)
		fprintf(out,
			"0 violations in %" PRIu64
			" kills: fewer than 3/%" PRIu64 " = %.2g at 95 %%\n",
			struck, struck, 3.0 / (double)struck);
	else
		fprintf(out, "no verdict: nobody was killed\n");
}

static void print_end(
	const struct campaign *campaign, struct campaign_tally *sum, FILE *out)
{
	double seconds = (double)campaign->duration_ns / 1e9;
	uint64_t struck = 0, missed = 0, trials = 0, of_kind[KINDS] = {0};
	uint64_t verdicts[VERDICTS] = {0};
	char trials_rate[HUMAN_BYTES];

	for (unsigned i = 0; i < campaign->board->row_count; i++) {
		campaign_sum(campaign, i, sum);
		of_kind[campaign->board->rows[i].kind] += sum->struck;
		struck += sum->struck;
		missed += sum->missed;
		trials += sum->trials;
		for (int v = 0; v < VERDICTS; v++)
			verdicts[v] += sum->verdicts[v];
	}
	fputc('\n', out);
	for (int kind = 0; kind < KINDS; kind++)
		print_extent(
			campaign, (enum crash_kind)kind, of_kind[kind], out);
	fprintf(out,
		"%" PRIu64 " trials in %.1f s on %u CPUs: %s; %" PRIu64
		" missed their step\n",
		trials, seconds, campaign->cpus,
		human_rate(seconds > 0 ? (double)trials / seconds : 0,
			trials_rate),
		missed);
	if (campaign->interrupted)
		fprintf(out, "interrupted: this is a part of it\n");
	if (campaign->lost_directors)
		fprintf(out,
			"incomplete: %u of the processes that run trials were "
			"lost, in a create(), check() or destroy()\n",
			campaign->lost_directors);
	print_verdict(verdicts, struck, campaign->board->first_bad_trial, out);
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
		print_coverage(campaign, symbols, is_whole(campaign), out);
	}
	print_end(campaign, sum, out);
	free(sum);
}
