/* crash_map.c - see crash_map.h.
 *
 * The page is a listing: each line of the sources at which the call had an
 * instruction, under the function it is in, functions in the order in which the
 * call first came to them, and beside it a bar of its deaths. So whoever knows the
 * source sees where it takes effect: the bars change from undone to done there.
 *
 * The picture's commands are plots/map.gp and hold no number; all is placed here
 * in rows, and what they need is said before them in the same file.
 */
#include "figure/crash_map.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/diag.h"
#include "base/gnuplot.h"
#include "crash/campaign.h"
#include "crash/map.h"
#include "crash/print.h"
#include "figure/plot.h"
#include "step/source.h"
#include "step/symbol.h"

enum {
	PATH_BYTES = 4096,
	NAME_BYTES = 128,
	TEXT_BYTES = 512,
	TEXT_COLUMNS = 77, /* what plots/map.gp has room for */
	TAB_COLUMNS = 4,
	GAP_MAX = 1, /* so many lines without code are shown, more are not */
	CUT_OFF = 3, /* times what nine of ten lines have: a longer bar ends */
};

/* Between functions, and for lines that are left out. */
#define HALF_A_ROW 0.5

/* Lines of one function of one file. */
struct block {
	size_t from, to; /* in the map's lines */
	struct source *source;
	unsigned heading; /* its line; 0: not known */
	uint64_t first;
};

/* A row's map on its way to a file. */
struct listing {
	const struct campaign *campaign;
	unsigned row;
	struct crash_map map;
	struct block *blocks;
	size_t block_count;
	FILE *out;
	double y; /* rows so far */
	char name[NAME_BYTES];
	const char *dir;
};

/* --- text -------------------------------------------------------------------- */

/* Not what means something in a .tsv, nor a quotation that never ends. */
static void put_text(FILE *out, const char *text)
{
	bool begun = false;

	for (; *text; text++, begun = true) {
		if (*text == '"' && !begun)
			fputs("''", out);
		else
			fputc(iscntrl((unsigned char)*text) ? ' ' : *text, out);
	}
	if (!begun)
		fputs("\u00a0", out); /* a field that gnuplot sees */
}

/* A line of code, its indentation apart, cut where the page ends. */
static void put_code(FILE *out, const char *code)
{
	unsigned indent = 0, width = 0;
	char text[TEXT_BYTES];
	size_t len = 0;

	for (; *code == ' ' || *code == '\t'; code++)
		indent += *code == '\t' ? TAB_COLUMNS : 1;
	for (; *code && len + 8 < sizeof(text); code++) {
		/* Of a character of several bytes the first one counts. */
		if (((unsigned char)*code & 0xc0) != 0x80 &&
			++width + indent > TEXT_COLUMNS)
			break;
		text[len++] = *code;
	}
	snprintf(text + len, sizeof(text) - len, "%s", *code ? "\u2026" : "");
	fprintf(out, "%u\t", indent);
	put_text(out, text);
}

/* --- blocks ------------------------------------------------------------------ */

static bool same_file(const struct map_line *one, const struct map_line *other)
{
	const char *a = one->file ? one->file : one->module;
	const char *b = other->file ? other->file : other->module;

	if (!one->file != !other->file)
		return false;
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int by_first(const void *left, const void *right)
{
	const struct block *one = left, *other = right;

	if (one->first != other->first)
		return one->first > other->first ? 1 : -1;
	return (one->from > other->from) - (one->from < other->from);
}

/* @lines are by file and line: a block is in one piece. */
static int make_blocks(struct listing *listing)
{
	const struct crash_map *map = &listing->map;
	struct source *source = NULL;

	listing->blocks = calloc(map->count + 1, sizeof(*listing->blocks));
	if (!listing->blocks)
		return -ENOMEM;
	for (size_t i = 0; i < map->count; i++) {
		const struct map_line *line = &map->lines[i];
		struct block *block =
			listing->blocks + listing->block_count - 1;
		bool same = i && same_file(line, line - 1);
		unsigned heading;

		if (!same)
			source = line->file
					 ? source_open(line->folder, line->file)
					 : NULL;
		heading = source_function(source, line->line);
		if (!same || heading != block->heading) {
			block++;
			listing->block_count++;
			*block = (struct block){
				i, i, source, heading, UINT64_MAX};
		}
		block->to = i + 1;
		if (line->first < block->first)
			block->first = line->first;
	}
	qsort(listing->blocks, listing->block_count, sizeof(struct block),
		by_first);
	return 0;
}

/* A source belongs to all blocks of its file. */
static void free_blocks(struct listing *listing)
{
	for (size_t i = 0; i < listing->block_count; i++) {
		struct source *source = listing->blocks[i].source;

		for (size_t j = i; j < listing->block_count; j++)
			if (listing->blocks[j].source == source)
				listing->blocks[j].source = NULL;
		source_close(source);
	}
	free(listing->blocks);
}

/* --- the data ---------------------------------------------------------------- */

enum row_kind { ROW_HEADING, ROW_LINE, ROW_BETWEEN, ROW_GAP };

/* Columns up to the text. */
static void begin_row(struct listing *listing, enum row_kind kind,
	unsigned number, const struct map_line *line)
{
	static const struct map_line none;

	if (!line)
		line = &none;
	fprintf(listing->out,
		"%.1f\t%d\t%u\t%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t",
		listing->y, (int)kind, number, line->executed, line->struck,
		line->undone, line->done, line->violated);
	listing->y += kind == ROW_GAP ? HALF_A_ROW : 1;
}

/* "put()" of "static __attribute__((always_inline)) int put(mipc_queue *queue,". */
static void put_name(const char *code, char *text, size_t text_bytes)
{
	const char *attribute = strstr(code, "__attribute__"), *from, *to;

	if (attribute && strstr(attribute, "))"))
		code = strstr(attribute, "))") + 2;
	to = code + strcspn(code, "(");
	for (from = to; from > code &&
			(isalnum((unsigned char)from[-1]) || from[-1] == '_');)
		from--;
	snprintf(text, text_bytes, "%.*s()", (int)(to - from), from);
}

static void put_heading(struct listing *listing, const struct block *block)
{
	const struct map_line *line = &listing->map.lines[block->from];
	const char *code = source_line(block->source, block->heading);
	struct map_line sum = {0};
	char text[TEXT_BYTES], name[TEXT_BYTES / 2] = "";

	for (size_t i = block->from; i < block->to; i++) {
		sum.executed += listing->map.lines[i].executed;
		sum.struck += listing->map.lines[i].struck;
	}
	if (code)
		put_name(code, name, sizeof(name));
	if (!line->file)
		snprintf(text, sizeof(text), "%s, of which no lines are known",
			line->module ? line->module : "an unknown module");
	else if (name[0])
		snprintf(text, sizeof(text), "%s: %s",
			symbols_short_path(line->file), name);
	else
		snprintf(text, sizeof(text), "%s%s%s%s",
			symbols_short_path(line->file),
			line->function ? ": " : "",
			line->function ? line->function : "",
			block->source ? "" : "; its source is not here");
	listing->y += HALF_A_ROW;
	begin_row(listing, ROW_HEADING, block->heading, &sum);
	put_code(listing->out, text);
	fputc('\n', listing->out);
}

/* What is between two lines with code: comments, declarations. */
static void put_between(struct listing *listing, const struct block *block,
	unsigned from, unsigned to)
{
	if (from >= to)
		return;
	if (to - from > GAP_MAX || !block->source) {
		begin_row(listing, ROW_GAP, 0, NULL);
		fputs("0\t\u22ee\n", listing->out);
		return;
	}
	for (; from < to; from++) {
		begin_row(listing, ROW_BETWEEN, from, NULL);
		put_code(listing->out, source_line(block->source, from));
		fputc('\n', listing->out);
	}
}

static void put_block(struct listing *listing, const struct block *block)
{
	put_heading(listing, block);
	for (size_t i = block->from; i < block->to; i++) {
		const struct map_line *line = &listing->map.lines[i];
		const char *code = source_line(block->source, line->line);

		if (i > block->from && line->file)
			put_between(
				listing, block, line[-1].line + 1, line->line);
		begin_row(listing, ROW_LINE, line->line, line);
		if (!line->file)
			code = line->function ? line->function
					      : "code without a name";
		put_code(listing->out, code ? code : "");
		fputc('\n', listing->out);
	}
}

static FILE *create(const struct listing *listing, const char *ending)
{
	char path[PATH_BYTES];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s%s", listing->dir, listing->name,
		ending);
	file = fopen(path, "we");
	if (!file)
		diag_error("cannot write %s: %s", path, strerror(errno));
	return file;
}

static int finish(const struct listing *listing, FILE *file, const char *ending)
{
	bool bad = ferror(file);

	errno = EIO;
	if (fclose(file) == 0 && !bad)
		return 0;
	diag_error("cannot write %s/%s%s: %s", listing->dir, listing->name,
		ending, strerror(errno));
	return -EIO;
}

static int write_data(struct listing *listing)
{
	listing->out = create(listing, ".tsv");
	if (!listing->out)
		return -EIO;
	fputs("y\tkind\tnumber\texecuted\tstruck\tundone\tdone\tviolated\t"
	      "indent\ttext\n",
		listing->out);
	for (size_t i = 0; i < listing->block_count; i++)
		put_block(listing, &listing->blocks[i]);
	return finish(listing, listing->out, ".tsv");
}

/* --- the commands ------------------------------------------------------------ */

/* Text between quotes of gnuplot. */
static void put_quoted(FILE *file, const char *name, const char *text)
{
	fprintf(file, "%s = \"", name);
	for (; *text; text++)
		fputc(*text == '"' || *text == '\\' ? '\'' : *text, file);
	fputs("\"\n", file);
}

static int by_number(const void *left, const void *right)
{
	const uint64_t one = *(const uint64_t *)left;
	const uint64_t other = *(const uint64_t *)right;

	return (one > other) - (one < other);
}

/* How many deaths the longest bar is: a loop's hundreds would leave nothing of
 * all others. */
static uint64_t full_bar(const struct crash_map *map)
{
	uint64_t *deaths = calloc(map->count + 1, sizeof(*deaths));
	uint64_t most = 1, usual;

	if (!deaths)
		return most;
	for (size_t i = 0; i < map->count; i++) {
		const struct map_line *line = &map->lines[i];

		deaths[i] = line->undone + line->done + line->violated;
	}
	qsort(deaths, map->count, sizeof(*deaths), by_number);
	if (map->count) {
		most = deaths[map->count - 1];
		usual = deaths[map->count * 9 / 10];
		if (usual && most > CUT_OFF * usual)
			most = CUT_OFF * usual;
	}
	free(deaths);
	return most ? most : 1;
}

static void put_words(const struct listing *listing, FILE *file)
{
	const struct campaign *campaign = listing->campaign;
	const struct campaign_unit *unit =
		campaign_row_unit(campaign, listing->row);
	const char *spec = campaign->request.specs[unit->transport];
	struct map_line sum = {0};
	struct utsname machine;
	char text[TEXT_BYTES];

	for (size_t i = 0; i < listing->map.count; i++) {
		sum.executed += listing->map.lines[i].executed;
		sum.struck += listing->map.lines[i].struck;
		sum.undone += listing->map.lines[i].undone;
		sum.done += listing->map.lines[i].done;
		sum.violated += listing->map.lines[i].violated;
	}
	snprintf(text, sizeof(text), "%s: deaths in %s, line by line", spec,
		unit->operation.name);
	put_quoted(file, "TITLE", text);
	snprintf(text, sizeof(text),
		"%s, path %s: %" PRIu64 " deaths at %u of the %u instructions "
		"it came through, %" PRIu64 " violations%s",
		kind_name(campaign->board->rows[listing->row].kind),
		path_name(unit->path), sum.undone + sum.done + sum.violated,
		sum.struck, sum.executed, sum.violated,
		campaign->board->rows[listing->row].ended
			? ", and no more tried"
			: "");
	put_quoted(file, "WHAT", text);
	text[0] = '\0';
	if (uname(&machine) == 0)
		snprintf(text, sizeof(text),
			"%s %s %s; functions in the order in which the call "
			"first came to them",
			machine.sysname, machine.release, machine.machine);
	put_quoted(file, "MACHINE", text);
}

static int write_commands(const struct listing *listing)
{
	FILE *file = create(listing, ".gp");
	int err;

	if (!file)
		return -EIO;
	fprintf(file,
		"# Written by ipcmark. To draw the figure again, here:\n"
		"#   gnuplot %s.gp\n"
		"NAME = \"%s\"\nROWS = %.1f\nFULL = %" PRIu64 "\n",
		listing->name, listing->name, listing->y,
		full_bar(&listing->map));
	put_words(listing, file);
	fputc('\n', file);
	err = plot_append_template(file, "map");
	if (finish(listing, file, ".gp") && !err)
		err = -EIO;
	return err;
}

/* --- which ------------------------------------------------------------------- */

/* A file's name: a plugin's path has slashes in it. */
static void name_it(struct listing *listing)
{
	const struct campaign *campaign = listing->campaign;
	const struct campaign_unit *unit =
		campaign_row_unit(campaign, listing->row);
	enum crash_kind kind = campaign->board->rows[listing->row].kind;

	snprintf(listing->name, sizeof(listing->name), "map-%s-%s-%s%s%s",
		campaign->request.specs[unit->transport], unit->operation.name,
		path_name(unit->path), kind == KIND_INSTRUCTION ? "" : "-",
		kind == KIND_INSTRUCTION ? "" : kind_name(kind));
	for (char *at = listing->name; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("-_.", *at))
			*at = '-';
}

static bool wanted(const struct campaign *campaign, unsigned row)
{
	const struct campaign_unit *unit = campaign_row_unit(campaign, row);
	const struct campaign_request *request = &campaign->request;

	if (!map_is_of(campaign, row))
		return false;
	if (request->operation || request->path != PATHS)
		return true;
	return unit->path == PATH_SOME &&
	       (unit->operation.call == CALL_SEND ||
		       unit->operation.call == CALL_RECV);
}

/* -ENOENT: all is there but gnuplot. */
static int plot_row(const struct campaign *campaign, struct symbols *symbols,
	const char *dir, unsigned row)
{
	struct listing listing = {.campaign = campaign, .row = row, .dir = dir};
	char script[NAME_BYTES + 8];
	int err = map_make(campaign, symbols, row, &listing.map);

	if (err)
		return err;
	name_it(&listing);
	err = make_blocks(&listing);
	if (!err)
		err = write_data(&listing);
	if (!err)
		err = write_commands(&listing);
	free_blocks(&listing);
	map_free(&listing.map);
	if (err)
		return err == -ENOENT ? -EIO : err;
	snprintf(script, sizeof(script), "%s.gp", listing.name);
	return gnuplot_run(dir, script);
}

int map_plot_all(const struct campaign *campaign, struct symbols *symbols,
	const char *dir)
{
	bool missing = false;

	for (unsigned row = 0; row < campaign->board->row_count; row++) {
		int err = 0;

		if (wanted(campaign, row))
			err = plot_row(campaign, symbols, dir, row);
		if (err && err != -ENOENT)
			return err;
		missing = missing || err;
	}
	if (missing)
		diag_warn("no gnuplot here, so no figures: install it, then "
			  "`cd %s && for f in map-*.gp; do gnuplot $f; done` "
			  "draws them",
			dir);
	return 0;
}
