/* print_coverage.c - at which instructions nobody was killed.
 *
 * Of the transport's own code and of what it calls: every function in which a
 * recorded call had an instruction. When all of them were to be killed at, each
 * function that is not complete is told by name, with the lines of what is
 * missing; of a sample only how much that is, since what a sample leaves out is
 * left out by chance.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/wrap.h"
#include "crash/print.h"
#include "step/symbol.h"

enum {
	MISSING_SHOWN = 8, /* lines of one function */
	PLACE_BYTES = 256,
};

struct covered {
	const struct coverage_entry *entries;
	size_t from, to; /* of one function */
	size_t executed, struck;
};

static void append(char text[WRAP_TEXT_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(char text[WRAP_TEXT_BYTES], const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, WRAP_TEXT_BYTES - used, format, args);
	va_end(args);
}

/* "lib/lock.h:80"; without a line "+0x1c", into the function. */
static void name_place(
	struct symbols *symbols, uint64_t address, char place[PLACE_BYTES])
{
	struct symbol symbol;

	symbols_find(symbols, address, &symbol);
	if (symbol.file && symbol.line)
		snprintf(place, PLACE_BYTES, "%s:%u", symbols_file(&symbol),
			symbol.line);
	else
		snprintf(place, PLACE_BYTES, "+0x%" PRIx64, symbol.offset);
}

/* Each line once, though it has several instructions in a row. */
static void list_missing(const struct covered *covered, struct symbols *symbols,
	char text[WRAP_TEXT_BYTES])
{
	char place[PLACE_BYTES], last[PLACE_BYTES] = "";
	unsigned shown = 0;

	for (size_t i = covered->from; i < covered->to; i++) {
		const struct coverage_entry *entry = &covered->entries[i];

		if (!entry->counts[COVERAGE_EXECUTED] ||
			entry->counts[COVERAGE_KILLED])
			continue;
		name_place(symbols, entry->address, place);
		if (strcmp(place, last) == 0)
			continue;
		memcpy(last, place, sizeof(last));
		if (shown++ == MISSING_SHOWN) {
			append(text, " ...");
			return;
		}
		append(text, "%s %s", shown == 1 ? "" : ",", place);
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
	char text[WRAP_TEXT_BYTES] = "";

	append(text, "%s%s: killed at %zu of %zu instructions, not at",
		symbol->function ? symbol->function : "nameless code of ",
		symbol->function ? ""
		: symbol->module ? symbol->module
				 : "no known module",
		covered->struck, covered->executed);
	list_missing(covered, symbols, text);
	wrap_put(out, "  ", 6, "", text);
}

/* Of the function that begins at ->from: ->to, and the counts. */
static void measure(struct covered *covered, size_t count,
	struct symbols *symbols, struct symbol *ret_symbol)
{
	const struct coverage_entry *entries = covered->entries;
	struct symbol next;

	symbols_find(symbols, entries[covered->from].address, ret_symbol);
	next = *ret_symbol;
	for (covered->to = covered->from;
		covered->to < count && same_function(ret_symbol, &next);) {
		const uint64_t *counts = entries[covered->to].counts;

		covered->executed += counts[COVERAGE_EXECUTED] > 0;
		covered->struck +=
			counts[COVERAGE_EXECUTED] && counts[COVERAGE_KILLED];
		if (++covered->to < count)
			symbols_find(
				symbols, entries[covered->to].address, &next);
	}
}

/* To a tenth, and 100 only of all. */
static double percent_down(size_t part, size_t all)
{
	return all ? (double)(part * 1000 / all) / 10 : 0;
}

void print_coverage(const struct campaign *campaign, struct symbols *symbols,
	bool whole, FILE *out)
{
	size_t count, complete = 0, functions = 0, executed = 0, struck = 0;
	struct coverage_entry *entries;
	struct symbol symbol;

	if (coverage_list(campaign->coverage, &entries, &count))
		return;
	/* by address, so that a function is in one piece */
	for (size_t from = 0, to; from < count; from = to) {
		struct covered covered = {.entries = entries, .from = from};

		measure(&covered, count, symbols, &symbol);
		to = covered.to;
		functions += covered.executed > 0;
		complete +=
			covered.executed && covered.struck == covered.executed;
		executed += covered.executed;
		struck += covered.struck;
		if (whole && covered.struck < covered.executed)
			print_function(&covered, &symbol, symbols, out);
	}
	if (whole)
		fprintf(out,
			"coverage: killed at %zu of %zu executed instructions "
			"(%.1f %%); %zu of %zu functions whole\n",
			struck, executed, percent_down(struck, executed),
			complete, functions);
	else
		fprintf(out,
			"coverage: a sample; nobody was killed at %zu of %zu "
			"executed instructions\n",
			executed - struck, executed);
	free(entries);
}
