/* report.c - the page that a run ends with.
 *
 * From the top: on what machine, then a table a section (table.c), then
 * what did not come about and why, then one line that counts it all.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/human.h"
#include "base/text.h"
#include "case/axes.h"
#include "machine/env.h"
#include "report/machine.h"
#include "report/report.h"
#include "report/steps.h"
#include "report/table.h"
#include "result/result.h"

enum { PAGE_COLUMNS = 100, LINE_BYTES = 512 };

static void print_line(FILE *out, const char *text)
{
	fprintf(out, "%.*s\n", PAGE_COLUMNS, text);
}

static void print_run(
	const struct report_page *page, const struct result *result)
{
	const char *version = env_text(result->environment, "ipcmark_version");
	time_t seconds = (time_t)(result->started_unix_ns / 1000000000);
	char line[LINE_BYTES] = "", date[32];
	struct tm utc;

	if (version[0])
		snprintf(line, sizeof(line), "ipcmark %s", version);
	text_join(line, sizeof(line), "seed %llu",
		(unsigned long long)result->seed);
	if (result->started_unix_ns && gmtime_r(&seconds, &utc) &&
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &utc))
		text_join(line, sizeof(line), "%s", date);
	print_line(page->out, line);
	if (result->interrupted)
		fprintf(page->out,
			"%sInterrupted: figures are of the rounds done so "
			"far.%s\n",
			page_red(page), page_plain(page));
}

static void print_distance(
	const struct report_page *page, const struct result *result)
{
	const struct result_case **cases =
		calloc(result->case_count + 1, sizeof(*cases));
	char low[HUMAN_BYTES], mid[HUMAN_BYTES], high[HUMAN_BYTES];
	struct distance_seen seen;

	for (size_t i = 0; cases && i < result->case_count; i++)
		cases[i] = &result->cases[i];
	seen = machine_distance(cases, cases ? result->case_count : 0);
	if (seen.probes > 0)
		fprintf(page->out,
			"Distance, one cache line there and back: "
			"%s min, %s median, %s max (%zu probes)\n",
			human_time(seen.min_ns, low),
			human_time(seen.median_ns, mid),
			human_time(seen.max_ns, high), seen.probes);
	free(cases);
}

/* What the harness adds to each message, and what it could not count. */
static void print_harness(
	const struct report_page *page, const struct result *result)
{
	const struct overhead *overhead = &result->overhead;
	char open[HUMAN_BYTES];

	if (overhead->closed_ns > 0)
		fprintf(page->out, "The harness itself: %.2f ns a message",
			overhead->closed_ns);
	if (overhead->closed_ns > 0 && overhead->closed_hi_ns > 0)
		fprintf(page->out, " (%.2f to %.2f)", overhead->closed_lo_ns,
			overhead->closed_hi_ns);
	if (overhead->closed_ns > 0 && overhead->open_ns > 0)
		fprintf(page->out, ", %s in an open loop",
			human_time(overhead->open_ns, open));
	if (overhead->closed_ns > 0)
		fputc('\n', page->out);
	if (result->counters_refused[0])
		fprintf(page->out, "No cycles, instructions, misses: %.64s\n",
			result->counters_refused);
}

static bool same_table(const struct bench_case *a, const struct bench_case *b)
{
	return axes_equal(a, b, AXIS_BIT(AXIS_SECTION) | AXIS_BIT(AXIS_MODE)) &&
	       report_steps_is(a) == report_steps_is(b);
}

static void print_sections(
	const struct report_page *page, const struct result *result)
{
	const struct result_case **cases =
		calloc(result->case_count + 1, sizeof(*cases));
	bool *done = calloc(result->case_count + 1, sizeof(*done));

	for (size_t i = 0; cases && done && i < result->case_count; i++) {
		struct report_section section = {cases, 0};

		for (size_t j = i; j < result->case_count && !done[i]; j++) {
			if (same_table(&result->cases[i].bench,
				    &result->cases[j].bench))
				cases[section.case_count++] = &result->cases[j];
		}
		if (section.case_count > 0)
			report_table(page, &section);
		for (size_t j = i; j < result->case_count; j++)
			done[j] = done[j] || same_table(&result->cases[i].bench,
						     &result->cases[j].bench);
	}
	free(done);
	free(cases);
}

static bool same_trouble(
	const struct result_case *a, const struct result_case *b)
{
	return a->outcome.status == b->outcome.status &&
	       strcmp(a->bench.transport, b->bench.transport) == 0 &&
	       strcmp(a->outcome.reason, b->outcome.reason) == 0;
}

/* @text on lines of at most PAGE_COLUMNS, broken at spaces, the first one after
 * @indent, the others further in. */
static void print_wrapped(FILE *out, const char *text, const char *indent)
{
	size_t left = strlen(text), room = PAGE_COLUMNS - strlen(indent);

	while (left > room) {
		size_t take = room;

		while (take > room / 2 && text[take] != ' ')
			take--;
		fprintf(out, "%s%.*s\n", indent, (int)take, text);
		text += take;
		while (*text == ' ')
			text++;
		left = strlen(text);
		indent = "      ";
		room = PAGE_COLUMNS - 6;
	}
	fprintf(out, "%s%s\n", indent, text);
}

/* One line for the case at @index and all later ones like it. */
static void print_trouble(const struct report_page *page,
	const struct result *result, size_t index)
{
	const struct result_case *first = &result->cases[index];
	char line[LINE_BYTES];
	size_t count = 0;

	for (size_t i = 0; i < index; i++) {
		if (same_trouble(&result->cases[i], first))
			return;
	}
	for (size_t i = index; i < result->case_count; i++)
		count += same_trouble(&result->cases[i], first);
	result_reason(first, line, sizeof(line));
	snprintf(line + strlen(line), sizeof(line) - strlen(line),
		" (%zu case%s)", count, count == 1 ? "" : "s");
	print_wrapped(page->out, line, "  ");
}

static size_t print_troubles(const struct report_page *page,
	const struct result *result, enum case_status status,
	const char *heading)
{
	size_t count = 0;

	for (size_t i = 0; i < result->case_count; i++) {
		if (result->cases[i].outcome.status != status)
			continue;
		if (count++ == 0)
			fprintf(page->out, "\n%s%s%s\n",
				status == STATUS_SKIP ? page_bold(page)
						      : page_red(page),
				heading, page_plain(page));
		print_trouble(page, result, i);
	}
	return count;
}

/* Those have a row each, with the reason in place of figures. */
static size_t count_status(const struct result *result, enum case_status status)
{
	size_t count = 0;

	for (size_t i = 0; i < result->case_count; i++)
		count += result->cases[i].outcome.status == status;
	return count;
}

/* How quiet it was, and what came of it. */
static void print_noise(FILE *out, const struct result *result)
{
	char text[4 * LINE_BYTES];

	if (machine_noise(result->environment, text, sizeof(text))[0])
		print_wrapped(out, text, "");
	if (machine_disturbed(result, text, sizeof(text))[0])
		print_wrapped(out, text, "");
}

void report_show(const struct result *result, FILE *out)
{
	struct report_page page = {
		.out = out,
		.colour = isatty(fileno(out)) && !getenv("NO_COLOR"),
	};
	size_t skipped, violated, failed, unreached;
	char line[LINE_BYTES];

	machine_cpu(result->environment, line, sizeof(line));
	fprintf(out, "%s%.*s%s\n", page_bold(&page), PAGE_COLUMNS, line,
		page_plain(&page));
	print_line(
		out, machine_system(result->environment, line, sizeof(line)));
	print_run(&page, result);
	print_distance(&page, result);
	print_harness(&page, result);
	print_noise(out, result);
	print_sections(&page, result);
	violated = print_troubles(&page, result, STATUS_VIOLATED, "VIOLATED");
	failed = print_troubles(&page, result, STATUS_FAILED, "FAILED");
	unreached = count_status(result, STATUS_UNREACHED);
	skipped = print_troubles(&page, result, STATUS_SKIP, "Skipped");
	fprintf(out,
		"\n%zu cases: %zu ok, %zu skipped, %zu violated, %zu failed",
		result->case_count,
		result->case_count - skipped - violated - failed - unreached,
		skipped, violated, failed);
	if (unreached)
		fprintf(out, ", %zu short of their load", unreached);
	fputc('\n', out);
}
