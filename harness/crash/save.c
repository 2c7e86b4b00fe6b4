/* save.c - a campaign as JSON, written whole or not at all. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash/map.h"
#include "crash/print.h"
#include "step/symbol.h"

enum {
	FORMAT_VERSION = 1,
	SYMBOL_BYTES = 256,
};

/* JSON has no unsigned 64-bit numbers: beyond, which only a seed can be, text. */
static json_t *number(uint64_t value)
{
	if (value > INT64_MAX)
		return json_sprintf("%" PRIu64, value);
	return json_integer((json_int_t)value);
}

static json_t *time_or_null(const struct hist *hist, double percent)
{
	return hist->total ? number(hist_percentile(hist, percent))
			   : json_null();
}

static json_t *recovery_of(const struct hist *hist)
{
	json_t *all = json_object();
	char *text = NULL;

	json_object_set_new(all, "count", number(hist->total));
	json_object_set_new(all, "p50_ns", time_or_null(hist, 50));
	json_object_set_new(all, "p99_ns", time_or_null(hist, 99));
	json_object_set_new(all, "max_ns", time_or_null(hist, 100));
	if (hist->total && hist_encode(hist, &text) == 0)
		json_object_set_new(all, "histogram", json_string(text));
	free(text);
	return all;
}

static json_t *row_of(const struct campaign *campaign, unsigned index,
	struct campaign_tally *sum)
{
	const struct campaign_row *row = &campaign->board->rows[index];
	const struct campaign_unit *unit = campaign_row_unit(campaign, index);
	json_t *all = json_object(), *verdicts = json_object();

	campaign_sum(campaign, index, sum);
	json_object_set_new(all, "transport",
		json_string(campaign->request.specs[unit->transport]));
	json_object_set_new(all, "kill_at", json_string(kind_name(row->kind)));
	json_object_set_new(
		all, "operation", json_string(unit->operation.name));
	json_object_set_new(all, "path", json_string(path_name(unit->path)));
	json_object_set_new(
		all, "steps", number(campaign_trace(campaign, unit)->count));
	json_object_set_new(all, "trials", number(sum->trials));
	json_object_set_new(all, "struck", number(sum->struck));
	json_object_set_new(all, "missed", number(sum->missed));
	json_object_set_new(all, "ended_early", json_boolean(row->ended));
	for (int v = 0; v < VERDICTS; v++)
		json_object_set_new(verdicts, verdict_name((enum verdict)v),
			number(sum->verdicts[v]));
	json_object_set_new(all, "verdicts", verdicts);
	json_object_set_new(all, "recovery", recovery_of(&sum->recovery));
	return all;
}

static json_t *unrecorded_of(const struct campaign *campaign)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < campaign->board->unit_count; i++) {
		const struct campaign_unit *unit = &campaign->board->units[i];

		if (!unit->recorded)
			json_array_append_new(all,
				json_pack("{s:s, s:s, s:s, s:s}", "transport",
					campaign->request
						.specs[unit->transport],
					"operation", unit->operation.name,
					"path", path_name(unit->path), "reason",
					unit->words));
	}
	return all;
}

static json_t *violations_of(
	const struct campaign *campaign, struct symbols *symbols)
{
	const struct campaign_board *board = campaign->board;
	uint64_t count = board->violation_count;
	json_t *all = json_array();

	if (count > CAMPAIGN_VIOLATIONS_MAX)
		count = CAMPAIGN_VIOLATIONS_MAX;
	for (uint64_t i = 0; i < count; i++) {
		const struct campaign_violation *one = &board->violations[i];
		char command[CAMPAIGN_COMMAND_BYTES], name[SYMBOL_BYTES];
		struct symbol symbol;

		symbols_find(symbols, one->address, &symbol);
		symbols_name(&symbol, one->address, name, sizeof(name));
		campaign_command(campaign, one, command, sizeof(command));
		json_array_append_new(all,
			json_pack("{s:i, s:s, s:s, s:s, s:s}", "row",
				(int)one->row, "verdict",
				verdict_name(one->verdict), "what", one->words,
				"at", name, "command", command));
	}
	return all;
}

/* Each instruction, with its line: for a map of the sources. */
static json_t *coverage_of(
	const struct campaign *campaign, struct symbols *symbols)
{
	static const char *const names[COVERAGE_KINDS] = {"executed", "killed",
		"stopped", "failed", "undone", "done", "violated"};
	struct coverage_entry *entries;
	json_t *all = json_array();
	size_t count;

	if (coverage_list(campaign->coverage, &entries, &count))
		return all;
	for (size_t i = 0; i < count; i++) {
		json_t *one = json_object();
		struct symbol symbol;

		symbols_find(symbols, entries[i].address, &symbol);
		json_object_set_new(one, "module",
			symbol.module ? json_string(symbol.module)
				      : json_null());
		json_object_set_new(one, "function",
			symbol.function ? json_string(symbol.function)
					: json_null());
		json_object_set_new(one, "offset", number(symbol.offset));
		json_object_set_new(one, "file",
			symbol.file ? json_string(symbol.file) : json_null());
		json_object_set_new(one, "line",
			symbol.line ? number(symbol.line) : json_null());
		for (int kind = 0; kind < COVERAGE_KINDS; kind++)
			json_object_set_new(one, names[kind],
				number(entries[i].counts[kind]));
		json_array_append_new(all, one);
	}
	free(entries);
	return all;
}

/* Each line of the sources, of all rows whose deaths are single ones. */
static json_t *lines_of(
	const struct campaign *campaign, struct symbols *symbols)
{
	json_t *all = json_array();
	struct crash_map map;

	if (map_make(campaign, symbols, MAP_ALL_ROWS, &map))
		return all;
	for (size_t i = 0; i < map.count; i++) {
		const struct map_line *line = &map.lines[i];

		json_array_append_new(all,
			json_pack("{s:s?, s:s?, s:s?, s:o, s:i, s:i, s:I, "
				  "s:I, s:I}",
				"module", line->module, "function",
				line->function, "file", line->file, "line",
				line->file ? number(line->line) : json_null(),
				"instructions", (int)line->executed,
				"instructions_killed_at", (int)line->struck,
				"undone", (json_int_t)line->undone, "done",
				(json_int_t)line->done, "violated",
				(json_int_t)line->violated));
	}
	map_free(&map);
	return all;
}

int campaign_save(const struct campaign *campaign, struct symbols *symbols,
	const char *file)
{
	struct campaign_tally *sum = malloc(sizeof(*sum));
	json_t *all = json_object(), *rows = json_array();
	char part[4096];
	int err = 0;

	if (!sum || !all || !rows) {
		err = -ENOMEM;
		goto out;
	}
	for (unsigned i = 0; i < campaign->board->row_count; i++)
		json_array_append_new(rows, row_of(campaign, i, sum));
	json_object_set_new(all, "format", json_string("ipcmark crash"));
	json_object_set_new(all, "format_version", number(FORMAT_VERSION));
	json_object_set_new(all, "seed", number(campaign->request.seed));
	json_object_set_new(all, "duration_ns", number(campaign->duration_ns));
	json_object_set_new(all, "cpus", number(campaign->cpus));
	json_object_set_new(
		all, "interrupted", json_boolean(campaign->interrupted));
	json_object_set_new(
		all, "violations", number(campaign->board->violation_count));
	json_object_set(all, "rows", rows);
	json_object_set_new(all, "not_tried", unrecorded_of(campaign));
	json_object_set_new(all, "cases", violations_of(campaign, symbols));
	json_object_set_new(all, "coverage", coverage_of(campaign, symbols));
	json_object_set_new(all, "lines", lines_of(campaign, symbols));
	snprintf(part, sizeof(part), "%s.tmp", file);
	if (json_dump_file(all, part, JSON_INDENT(1) | JSON_PRESERVE_ORDER) ||
		rename(part, file))
		err = errno ? -errno : -EIO;
	if (err)
		unlink(part);
out:
	json_decref(rows);
	json_decref(all);
	free(sum);
	return err;
}
