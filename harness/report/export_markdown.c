/* export_markdown.c - the tables of a result for a README, an issue, a wiki.
 *
 * GitHub's dialect. A section and mode has one table; the axes on which its
 * cases differ are columns, so that a table can be cut down by deleting lines
 * and still says what each line is. Skipped cases stay in it with their reason:
 * who only sees the table must see the gap. The last column is the paired ratio
 * to the section's first transport at the same point (ratio.h).
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/human.h"
#include "base/markdown.h"
#include "case/axes.h"
#include "machine/env.h"
#include "report/export.h"
#include "report/machine.h"
#include "report/ratio.h"
#include "report/steps.h"
#include "result/result.h"

enum {
	LINE_BYTES = 512,
	POINT_AXES =
		AXES_ALL & ~(AXIS_BIT(AXIS_TRANSPORT) | AXIS_BIT(AXIS_SECTION) |
				   AXIS_BIT(AXIS_MODE)),
	TABLE_AXES = AXIS_BIT(AXIS_SECTION) | AXIS_BIT(AXIS_MODE),
	FIGURES_STEPS = MODE_OPEN + 1,
};

static bool same_table(const struct result_case *a, const struct result_case *b)
{
	return axes_equal(&a->bench, &b->bench, TABLE_AXES) &&
	       report_steps_is(&a->bench) == report_steps_is(&b->bench);
}

static void put_time(FILE *out, const struct hist *hist, double percent)
{
	double value = NAN;
	char text[HUMAN_BYTES];

	if (hist && hist->total > 0)
		value = (double)hist_percentile(hist, percent);
	markdown_put_cell(out, human_time(value, text));
}

static void put_ratio(FILE *out, const struct result_case *one,
	const struct result_case *first)
{
	struct interval ratio = {NAN, NAN, NAN, 0};
	char text[HUMAN_BYTES];

	if (first)
		ratio_of(one, first, &ratio);
	markdown_put_cell(out, human_ratio(ratio.median, text));
}

static void put_rate(FILE *out, const struct result_case *one,
	const struct result_case *first)
{
	double size = (double)one->bench.msg_size_bytes;
	char text[HUMAN_BYTES], low[HUMAN_BYTES], high[HUMAN_BYTES];
	char both[2 * HUMAN_BYTES + 8];

	markdown_put_cell(out, human_rate(one->msgs_per_s.median, text));
	snprintf(both, sizeof(both), "%s .. %s",
		human_rate(one->msgs_per_s.lo, low),
		human_rate(one->msgs_per_s.hi, high));
	markdown_put_cell(out, both);
	markdown_put_cell(
		out, human_byte_rate(one->msgs_per_s.median * size, text));
	markdown_put_cell(out, human_time(one->cpu_ns_per_msg, text));
	put_ratio(out, one, first);
}

static void put_roundtrip(FILE *out, const struct result_case *one,
	const struct result_case *first)
{
	char text[HUMAN_BYTES];

	put_time(out, one->outcome.rtt, 50);
	put_time(out, one->outcome.rtt, 99);
	put_time(out, one->outcome.rtt, 99.9);
	put_time(out, one->outcome.rtt, 100);
	markdown_put_cell(out, human_time(one->cpu_ns_per_msg, text));
	put_ratio(out, one, first);
}

/* From when a message was due, but for "sent": from when it left. */
static void put_open(FILE *out, const struct result_case *one,
	const struct result_case *first)
{
	const struct latency *latency = one->outcome.latency;
	const struct hist *due = latency ? &latency->intended : NULL;
	char text[HUMAN_BYTES];

	markdown_put_cell(out, human_rate(one->outcome.offered_per_s, text));
	put_time(out, due, 50);
	put_time(out, due, 99);
	put_time(out, due, 99.9);
	put_time(out, latency ? &latency->actual : NULL, 99);
	put_time(out, latency ? &latency->lag : NULL, 99);
	put_ratio(out, one, first);
}

static void put_crash(FILE *out, const struct result_case *one)
{
	const struct crash_figures *crash = &one->outcome.crash;

	fprintf(out, " %u | %u | %u |", crash->kills, crash->lock_held,
		crash->recovered);
	put_time(out, crash->recovery, 50);
	put_time(out, crash->recovery, 99);
	put_time(out, crash->recovery, 100);
}

static void put_number(FILE *out, uint64_t number)
{
	fprintf(out, " %" PRIu64 " |", number);
}

/* One that was given up in the middle has not survived, nor shown that it does
 * not. */
static void put_steps(FILE *out, const struct result_case *one)
{
	const struct crash_figures *crash = &one->outcome.crash;
	const struct crash_steps *steps = crash->steps;
	const uint64_t *verdicts = steps->verdicts;

	markdown_put_cell(out, crash_steps_violations(steps) ? "no"
			       : steps->incomplete	     ? "unknown"
							     : "yes");
	put_number(out, verdicts[VERDICT_HANG]);
	put_number(out, verdicts[VERDICT_LOST]);
	put_number(out, verdicts[VERDICT_DUPLICATED]);
	put_number(out, verdicts[VERDICT_TORN]);
	put_number(out, verdicts[VERDICT_REFUSED]);
	put_number(out, crash_steps_other(steps));
	put_time(out, crash->recovery, 50);
	put_time(out, crash->recovery, 100);
	put_number(out, steps->struck);
}

/* Below the table: what those without a violation have shown. */
static void put_proofs(
	FILE *out, const struct result *result, const struct result_case *first)
{
	char text[STEPS_VERDICT_BYTES];

	fputc('\n', out);
	for (size_t i = 0; i < result->case_count; i++) {
		const struct result_case *one = &result->cases[i];
		const struct crash_steps *steps = one->outcome.crash.steps;

		if (!same_table(one, first) || !steps ||
			crash_steps_violations(steps) || !steps->struck)
			continue;
		crash_steps_verdict(steps, "kills", text);
		fprintf(out, "%s: %s.  \n", one->bench.transport, text);
	}
}

/* The columns after transport and point, by mode. */
static const struct {
	const char *heads[10];
	size_t count;
} figures[] = {
	[MODE_THROUGHPUT] = {{"messages/s", "interval", "bytes/s", "CPU/msg",
				     "vs "},
		5},
	[MODE_ROUNDTRIP] = {{"p50", "p99", "p99.9", "max", "CPU/trip", "vs "},
		6},
	[MODE_CRASH] = {{"kills", "held lock", "recovered", "p50", "p99",
				"max"},
		6},
	[MODE_OPEN] = {{"offered", "p50", "p99", "p99.9", "sent p99", "lag p99",
			       "vs "},
		7},
	[FIGURES_STEPS] = {{"survives", "hung", "lost", "duplicated", "torn",
				   "refused", "other", "p50", "max", "kills"},
		10},
};

static size_t figures_of(const struct result_case *one)
{
	return report_steps_is(&one->bench) ? FIGURES_STEPS : one->bench.mode;
}

/* What a column of points is called: its values have their units. */
static const char *axis_head(enum axis axis)
{
	switch (axis) {
	case AXIS_MSG_SIZE:
		return "size";
	case AXIS_CAPACITY:
		return "capacity";
	default:
		return axis_name(axis);
	}
}

static void put_heads(
	FILE *out, const struct result_case *first, unsigned varying)
{
	size_t count = figures[figures_of(first)].count;

	fputs("\n|", out);
	for (int axis = 0; axis < AXIS_COUNT; axis++) {
		if (varying & AXIS_BIT(axis))
			markdown_put_cell(out, axis_head(axis));
	}
	fputs(" transport |", out);
	for (size_t i = 0; i < count; i++) {
		char head[LINE_BYTES];
		const char *text = figures[figures_of(first)].heads[i];

		snprintf(head, sizeof(head), "%s%s", text,
			strcmp(text, "vs ") == 0 ? first->bench.transport : "");
		markdown_put_cell(out, head);
	}
	fputs("\n|", out);
	for (int axis = 0; axis < AXIS_COUNT; axis++) {
		if (varying & AXIS_BIT(axis))
			fputs(" ---: |", out);
	}
	fputs(" :--- |", out);
	for (size_t i = 0; i < count; i++)
		fputs(" ---: |", out);
	fputc('\n', out);
}

/* In place of figures: the verdict, then empty cells. */
static void put_broken(FILE *out, const struct result_case *one)
{
	char reason[LINE_BYTES], text[LINE_BYTES + 32];

	snprintf(text, sizeof(text), "%s: %s",
		case_status_name(one->outcome.status),
		result_reason(one, reason, sizeof(reason)));
	markdown_put_cell(out, text);
	for (size_t i = 1; i < figures[figures_of(one)].count; i++)
		fputs(" |", out);
}

static void put_row(FILE *out, const struct result_case *one,
	const struct result_case *first, unsigned varying)
{
	enum case_mode mode = one->bench.mode;
	char text[LINE_BYTES];

	fputc('|', out);
	for (int axis = 0; axis < AXIS_COUNT; axis++) {
		if (varying & AXIS_BIT(axis))
			markdown_put_cell(
				out, axes_text(&one->bench, AXIS_BIT(axis),
					     text, sizeof(text)));
	}
	snprintf(text, sizeof(text), "%s%s", one->bench.transport,
		one->limit ? " (limit)" : "");
	markdown_put_cell(out, text);
	if (report_steps_is(&one->bench) && one->outcome.crash.steps)
		put_steps(out, one);
	else if (one->outcome.status != STATUS_OK)
		put_broken(out, one);
	else if (mode == MODE_THROUGHPUT)
		put_rate(out, one, first);
	else if (mode == MODE_ROUNDTRIP)
		put_roundtrip(out, one, first);
	else if (mode == MODE_OPEN)
		put_open(out, one, first);
	else
		put_crash(out, one);
	fputc('\n', out);
}

/* The case of @first's transport at the point of @one, if there is one. */
static const struct result_case *base_of(const struct result *result,
	const struct result_case *first, const struct result_case *one)
{
	for (size_t i = 0; i < result->case_count; i++) {
		const struct result_case *other = &result->cases[i];

		if (same_table(other, first) &&
			axes_equal(&other->bench, &first->bench,
				AXIS_BIT(AXIS_TRANSPORT)) &&
			axes_equal(&other->bench, &one->bench, POINT_AXES))
			return other;
	}
	return NULL;
}

/* The axes on which the cases of @first's table differ. */
static unsigned varying_of(
	const struct result *result, const struct result_case *first)
{
	unsigned varying = 0;

	for (size_t i = 0; i < result->case_count; i++) {
		const struct result_case *both[2] = {first, &result->cases[i]};

		if (same_table(first, both[1]))
			varying |= result_varying(both, 2, POINT_AXES);
	}
	return varying;
}

static void put_table(
	const struct result *result, const struct result_case *first, FILE *out)
{
	unsigned varying = varying_of(result, first);
	unsigned constant = POINT_AXES & ~varying;
	char text[LINE_BYTES], slice[HUMAN_BYTES];

	if (first->bench.capacity_bytes == 0)
		constant &= ~AXIS_BIT(AXIS_CAPACITY);
	fprintf(out, "\n### %s\n\n%s, %s", first->bench.section,
		case_mode_name(first->bench.mode),
		axes_text(&first->bench, constant, text, sizeof(text)));
	if (first->bench.mode != MODE_CRASH)
		fprintf(out, "; %u rounds of %s", first->bench.rounds,
			human_time((double)first->bench.slice_ns, slice));
	fputc('\n', out);
	put_heads(out, first, varying);
	for (size_t i = 0; i < result->case_count; i++) {
		const struct result_case *one = &result->cases[i];

		if (same_table(one, first))
			put_row(out, one, base_of(result, first, one), varying);
	}
	if (report_steps_is(&first->bench))
		put_proofs(out, result, first);
}

void export_markdown(const struct result *result, FILE *out)
{
	const char *version = env_text(result->environment, "ipcmark_version");
	char text[LINE_BYTES];

	fprintf(out, "%s  \n",
		machine_cpu(result->environment, text, sizeof(text)));
	fprintf(out, "%s",
		machine_system(result->environment, text, sizeof(text)));
	if (version[0])
		fprintf(out, "  \nipcmark %s, seed %" PRIu64, version,
			result->seed);
	fputc('\n', out);
	if (result->interrupted)
		fputs("\n**Interrupted**: figures are of the rounds done so "
		      "far.\n",
			out);
	for (size_t i = 0; i < result->case_count; i++) {
		const struct result_case *one = &result->cases[i];
		bool first = true;

		for (size_t j = 0; j < i && first; j++)
			first = !same_table(one, &result->cases[j]);
		if (first)
			put_table(result, one, out);
	}
}
