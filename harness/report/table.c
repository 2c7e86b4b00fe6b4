/* table.c - figures in columns, at most 100 of them wide.
 *
 * What all cases of a section have in common is said once, in its heading.
 * What differs, the transport apart, makes groups: one line names the point of
 * the sweep, the transports follow below each other, the fastest first, so that
 * the eye compares down a column. The last column is the paired ratio to the section's first
 * transport at the same point (ratio.h).
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/text.h"
#include "case/axes.h"
#include "report/machine.h"
#include "report/ratio.h"
#include "report/steps.h"
#include "report/table.h"
#include "result/result.h"

enum {
	LINE_BYTES = 512,
	PAGE_COLUMNS = 100,
	INDENT = 3,	   /* of what goes on in a second line, and a blank */
	NAME_COLUMNS = 26, /* the widest a transport's name may print */
	GROUP_AXES =
		AXES_ALL & ~(AXIS_BIT(AXIS_TRANSPORT) | AXIS_BIT(AXIS_SECTION) |
				   AXIS_BIT(AXIS_MODE)),
};

const char *page_bold(const struct report_page *page)
{
	return page->colour ? "\033[1m" : "";
}

const char *page_red(const struct report_page *page)
{
	return page->colour ? "\033[1;31m" : "";
}

const char *page_dim(const struct report_page *page)
{
	return page->colour ? "\033[2m" : "";
}

const char *page_plain(const struct report_page *page)
{
	return page->colour ? "\033[0m" : "";
}

/* What stands in the first column. Long commands lose their middle: the end
 * tells them apart. */
static void name_text(
	const struct result_case *one, char text[NAME_COLUMNS + 1])
{
	const char *name = one->bench.transport, *mark = "";
	size_t length = strlen(name), room;

	if (one->limit)
		mark = " (limit)";
	else if (one->bench.mode == MODE_CRASH && !one->survives_kill)
		mark = " (no claim)";
	room = NAME_COLUMNS - strlen(mark);
	if (length <= room)
		snprintf(text, NAME_COLUMNS + 1, "%.*s%s", (int)room, name,
			mark);
	else
		snprintf(text, NAME_COLUMNS + 1, "%.7s..%s%s", name,
			name + length - (room - 9), mark);
}

static int name_columns(const struct report_section *section)
{
	char text[NAME_COLUMNS + 1];
	int widest = 9; /* "transport" */

	for (size_t i = 0; i < section->case_count; i++) {
		int columns;

		name_text(section->cases[i], text);
		columns = (int)strlen(text);
		if (columns > widest)
			widest = columns;
	}
	return widest;
}

static void damage_text(
	const struct verify_totals *verify, char *text, size_t text_bytes)
{
	snprintf(text, text_bytes,
		"%" PRIu64 " lost, %" PRIu64 " duplicated, %" PRIu64
		" reordered, %" PRIu64 " corrupted",
		verify->lost, verify->duplicated, verify->reordered,
		verify->corrupted);
}

/* A case without figures: why, in place of them. */
static void print_broken(const struct report_page *page,
	const struct result_case *one, int columns)
{
	static const char *const words[] = {
		[STATUS_OK] = "ok",
		[STATUS_SKIP] = "skip",
		[STATUS_VIOLATED] = "VIOLATED",
		[STATUS_FAILED] = "FAILED",
		[STATUS_UNREACHED] = "UNREACHED",
	};
	const char *word = words[one->outcome.status];
	bool violated = one->outcome.status == STATUS_VIOLATED;
	char name[NAME_COLUMNS + 1], text[CASE_REASON_BYTES];

	name_text(one, name);
	if (violated)
		damage_text(&one->outcome.verify, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", one->outcome.reason);
	fprintf(page->out, "    %-*s  %s%s%s  %.*s\n", columns, name,
		page_red(page), word, page_plain(page),
		100 - 4 - columns - 2 - (int)strlen(word) - 2, text);
}

static void ratio_text(const struct result_case *one,
	const struct result_case *first, char text[HUMAN_BYTES])
{
	struct interval ratio = {NAN, NAN, NAN, 0};

	if (first)
		ratio_of(one, first, &ratio);
	human_ratio(ratio.median, text);
}

static void print_rate(const struct report_page *page,
	const struct result_case *one, const struct result_case *first,
	int columns)
{
	double size = (double)one->bench.msg_size_bytes;
	char name[NAME_COLUMNS + 1], rate[HUMAN_BYTES], lo[HUMAN_BYTES],
		hi[HUMAN_BYTES], bytes[HUMAN_BYTES], cpu[HUMAN_BYTES],
		ratio[HUMAN_BYTES];

	name_text(one, name);
	ratio_text(one, first, ratio);
	fprintf(page->out, "    %-*s  %10s  %9s .. %-9s  %9s  %9s  %9s\n",
		columns, name, human_rate(one->msgs_per_s.median, rate),
		human_rate(one->msgs_per_s.lo, lo),
		human_rate(one->msgs_per_s.hi, hi),
		human_byte_rate(one->msgs_per_s.median * size, bytes),
		human_time(one->cpu_ns_per_msg, cpu), ratio);
}

static char *percentile_text(
	const struct hist *hist, double percent, char text[HUMAN_BYTES])
{
	double value = NAN;

	if (hist && hist->total > 0)
		value = (double)hist_percentile(hist, percent);
	return human_time(value, text);
}

static void print_roundtrip(const struct report_page *page,
	const struct result_case *one, const struct result_case *first,
	int columns)
{
	const struct hist *rtt = one->outcome.rtt;
	char name[NAME_COLUMNS + 1], p50[HUMAN_BYTES], p99[HUMAN_BYTES],
		p999[HUMAN_BYTES], max[HUMAN_BYTES], cpu[HUMAN_BYTES],
		ratio[HUMAN_BYTES];

	name_text(one, name);
	ratio_text(one, first, ratio);
	fprintf(page->out, "    %-*s  %9s  %9s  %9s  %9s  %9s  %9s\n", columns,
		name, percentile_text(rtt, 50, p50),
		percentile_text(rtt, 99, p99), percentile_text(rtt, 99.9, p999),
		percentile_text(rtt, 100, max),
		human_time(one->cpu_ns_per_msg, cpu), ratio);
}

/* Of what was due, in percent. */
static char *dropped_text(const struct latency *latency, char text[HUMAN_BYTES])
{
	if (!latency || latency->due == 0)
		snprintf(text, HUMAN_BYTES, "-");
	else if (latency->dropped == 0)
		snprintf(text, HUMAN_BYTES, "none");
	else
		snprintf(text, HUMAN_BYTES, "%.2g %%",
			100 * (double)latency->dropped / (double)latency->due);
	return text;
}

static void print_open(const struct report_page *page,
	const struct result_case *one, const struct result_case *first,
	int columns)
{
	const struct latency *latency = one->outcome.latency;
	char name[NAME_COLUMNS + 1], offered[HUMAN_BYTES], p50[HUMAN_BYTES],
		p99[HUMAN_BYTES], p999[HUMAN_BYTES], sent[HUMAN_BYTES],
		lag[HUMAN_BYTES], ratio[HUMAN_BYTES];

	name_text(one, name);
	ratio_text(one, first, ratio);
	fprintf(page->out, "    %-*s  %9s  %8s  %8s  %8s  %8s  %8s  %6s\n",
		columns, name, human_rate(one->outcome.offered_per_s, offered),
		percentile_text(latency ? &latency->intended : NULL, 50, p50),
		percentile_text(latency ? &latency->intended : NULL, 99, p99),
		percentile_text(
			latency ? &latency->intended : NULL, 99.9, p999),
		one->bench.late == LATE_DROP
			? dropped_text(latency, sent)
			: percentile_text(
				  latency ? &latency->actual : NULL, 99, sent),
		percentile_text(latency ? &latency->lag : NULL, 99, lag),
		ratio);
}

static void print_crash(const struct report_page *page,
	const struct result_case *one, int columns)
{
	static const char *const verdicts[] = {
		[STATUS_OK] = "ok",
		[STATUS_SKIP] = "skip",
		[STATUS_VIOLATED] = "VIOLATED",
		[STATUS_FAILED] = "FAILED",
		[STATUS_UNREACHED] = "UNREACHED",
	};
	const struct crash_figures *crash = &one->outcome.crash;
	const struct hist *recovery = crash->recovery;
	char name[NAME_COLUMNS + 1], p50[HUMAN_BYTES], p99[HUMAN_BYTES],
		max[HUMAN_BYTES], text[CASE_REASON_BYTES];
	enum case_status status = one->outcome.status;
	bool good = status == STATUS_OK && crash->recovered == crash->kills;

	if (status == STATUS_VIOLATED)
		recovery = NULL;
	name_text(one, name);
	fprintf(page->out, "    %-*s  %6u  %9u  %9u  %9s  %9s  %9s  %s%s%s\n",
		columns, name, crash->kills, crash->lock_held, crash->recovered,
		percentile_text(recovery, 50, p50),
		percentile_text(recovery, 99, p99),
		percentile_text(recovery, 100, max), good ? "" : page_red(page),
		status == STATUS_OK && !good ? "LATE" : verdicts[status],
		good ? "" : page_plain(page));
	if (good || status == STATUS_OK)
		return;
	if (status == STATUS_VIOLATED)
		damage_text(&one->outcome.verify, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", one->outcome.reason);
	fprintf(page->out, "      %.94s\n", text);
}

static void print_steps(const struct report_page *page,
	const struct result_case *one, int columns)
{
	char name[NAME_COLUMNS + 1];

	name_text(one, name);
	report_steps_row(page, one, name, columns);
}

static void print_row(const struct report_page *page,
	const struct result_case *one, const struct result_case *first,
	int columns)
{
	if (report_steps_is(&one->bench))
		print_steps(page, one, columns);
	else if (one->bench.mode == MODE_CRASH)
		print_crash(page, one, columns);
	else if (one->outcome.status != STATUS_OK)
		print_broken(page, one, columns);
	else if (one->bench.mode == MODE_ROUNDTRIP)
		print_roundtrip(page, one, first, columns);
	else if (one->bench.mode == MODE_OPEN)
		print_open(page, one, first, columns);
	else
		print_rate(page, one, first, columns);
}

static void print_columns(const struct report_page *page,
	const struct result_case *first, int columns)
{
	char versus[HUMAN_BYTES];

	snprintf(versus, sizeof(versus), "vs %.6s", first->bench.transport);
	fputs(page_dim(page), page->out);
	switch (first->bench.mode) {
	case MODE_THROUGHPUT:
		fprintf(page->out, "    %-*s  %10s  %22s  %9s  %9s  %9s\n",
			columns, "transport", "messages/s", "interval      ",
			"bytes/s", "CPU/msg", versus);
		break;
	case MODE_ROUNDTRIP:
		fprintf(page->out, "    %-*s  %9s  %9s  %9s  %9s  %9s  %9s\n",
			columns, "transport", "p50", "p99", "p99.9", "max",
			"CPU/trip", versus);
		break;
	case MODE_OPEN:
		fprintf(page->out,
			"    %-*s  %9s  %8s  %8s  %8s  %8s  %8s  %6s\n",
			columns, "transport", "offered", "p50", "p99", "p99.9",
			first->bench.late == LATE_DROP ? "dropped" : "sent p99",
			"lag p99", versus);
		break;
	case MODE_CRASH:
		if (report_steps_is(&first->bench)) {
			report_steps_columns(page, columns);
			break;
		}
		fprintf(page->out, "    %-*s  %6s  %9s  %9s  %9s  %9s  %9s\n",
			columns, "transport", "kills", "held lock", "recovered",
			"p50", "p99", "max");
	}
	fputs(page_plain(page), page->out);
}

/* The rest of a line that has @column columns already, and as many more as it
 * takes, broken at blanks: nothing of a heading is cut off, or one could not
 * tell two of them apart. */
static void print_wrapped(
	const struct report_page *page, const char *text, size_t column)
{
	while (*text) {
		size_t len = strcspn(text, " ");

		if (column + 1 + len > PAGE_COLUMNS && column > INDENT) {
			fprintf(page->out, "\n%*s", INDENT, "");
			column = INDENT;
		}
		fprintf(page->out, " %.*s", (int)len, text);
		column += 1 + len;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', page->out);
}

/* A line of its own below a heading. */
static void print_line(const struct report_page *page, const char *text)
{
	fputc(' ', page->out);
	print_wrapped(page, text, 1);
}

/* A third line, where measuring ends earlier than time and rounds say. */
static void print_limits(
	const struct report_page *page, const struct bench_case *bench)
{
	char line[LINE_BYTES] = "", count[HUMAN_BYTES];

	if (bench->count)
		text_join(line, sizeof(line),
			"a slice ends after %s messages at the latest",
			human_count(bench->count, count));
	if (bench->until_percent)
		text_join(line, sizeof(line),
			"rounds once the median's interval is within %u %%",
			bench->until_percent);
	if (line[0])
		print_line(page, line);
}

/* An open loop's next lines: what is sent, and from when latency counts. */
static void print_load(
	const struct report_page *page, const struct bench_case *bench)
{
	char line[LINE_BYTES] = "", size[HUMAN_BYTES], work[HUMAN_BYTES];
	const struct size_mix *mix = &bench->mix;

	fputs(bench->late == LATE_DROP
			? "  latency from when a message was due; dropped: not "
			  "sent, as the next one was due\n"
			: "  latency from when a message was due; sent: from "
			  "when it left; lag: in between\n",
		page->out);
	if (bench->burst > 1)
		text_join(line, sizeof(line), "bursts of %u", bench->burst);
	if (bench->work_ns)
		text_join(line, sizeof(line), "%s of work a message",
			human_time((double)bench->work_ns, work));
	for (unsigned i = 0; i < mix->count; i++)
		text_join(line, sizeof(line), "%u %% of %s", mix->percent[i],
			human_size(mix->bytes[i], size));
	if (line[0])
		print_line(page, line);
}

/* Who only wished for huge pages has not measured them. */
static void print_wishes(
	const struct report_page *page, const struct report_section *section)
{
	size_t wished = 0, none = 0;

	for (size_t i = 0; i < section->case_count; i++) {
		const struct result_case *one = section->cases[i];

		if (one->bench.huge == HUGE_PAGES_NO ||
			!one->outcome.huge_known)
			continue;
		wished++;
		none += one->outcome.huge_bytes == 0;
	}
	if (none)
		fprintf(page->out,
			"  %zu of %zu cases that wished for huge pages got "
			"none\n",
			none, wished);
}

/* The heading's second line: how the figures came about. */
static void print_method(
	const struct report_page *page, const struct report_section *section)
{
	const struct bench_case *bench = &section->cases[0]->bench;
	char slice[HUMAN_BYTES], within[HUMAN_BYTES], received[HUMAN_BYTES];
	struct verify_totals sum = {0};
	double level = NAN;

	if (report_steps_is(bench)) {
		report_steps_method(page, bench);
		return;
	}
	for (size_t i = 0; i < section->case_count; i++) {
		const struct result_case *one = section->cases[i];

		if (one->outcome.status == STATUS_OK ||
			one->outcome.status == STATUS_UNREACHED)
			sum.received += one->outcome.verify.received;
		if (!isnan(one->msgs_per_s.median) &&
			!(one->msgs_per_s.level >= level))
			level = one->msgs_per_s.level;
	}
	fprintf(page->out, "  verify %s: %s messages checked and good",
		verify_mode_name(bench->verify),
		human_count(sum.received, received));
	if (bench->mode == MODE_CRASH)
		fprintf(page->out,
			"; survivors must go on within %s of a SIGKILL\n",
			human_time((double)bench->recover_within_ns, within));
	else if (bench->mode != MODE_THROUGHPUT)
		fprintf(page->out, "; %u rounds of %s\n", bench->rounds,
			human_time((double)bench->slice_ns, slice));
	else
		fprintf(page->out,
			"; median of %u rounds of %s, %.1f %% interval\n",
			bench->rounds,
			human_time((double)bench->slice_ns, slice),
			100 * level);
	print_limits(page, bench);
	print_wishes(page, section);
	if (bench->mode == MODE_OPEN)
		print_load(page, bench);
}

/* What stands before a heading's text, in columns. */
static size_t heading_columns(const struct bench_case *bench, const char *mode)
{
	size_t columns = strlen("[]") + strlen(bench->section);

	if (strcmp(bench->section, mode) != 0)
		columns += strlen(" ,") + strlen(mode);
	return columns;
}

static void print_heading(const struct report_page *page,
	const struct report_section *section, unsigned varying)
{
	const struct bench_case *bench = &section->cases[0]->bench;
	unsigned constant = GROUP_AXES & ~varying & ~AXIS_BIT(AXIS_VERIFY);
	const char *mode = case_mode_name(bench->mode);
	char text[LINE_BYTES];

	constant &= ~axes_usual(bench, constant);
	axes_text(bench, constant, text, sizeof(text));
	fprintf(page->out, "\n%s[%s]%s", page_bold(page), bench->section,
		page_plain(page));
	if (strcmp(bench->section, mode) != 0)
		fprintf(page->out, " %s%s", mode, text[0] ? "," : "");
	print_wrapped(page, text, heading_columns(bench, mode));
	print_method(page, section);
}

/* The first case at the same point, if it has figures: what the others are
 * compared with. */
static const struct result_case *base_of(
	const struct report_section *section, const struct result_case *one)
{
	for (size_t i = 0; i < section->case_count; i++) {
		const struct result_case *other = section->cases[i];

		if (strcmp(other->bench.transport,
			    section->cases[0]->bench.transport) == 0 &&
			axes_equal(&other->bench, &one->bench, GROUP_AXES))
			return other;
	}
	return NULL;
}

static bool shown(const struct result_case *one)
{
	return one->outcome.status != STATUS_SKIP;
}

/* Does an earlier case stand for the group of section->cases[@index]? */
static bool group_seen(const struct report_section *section, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (shown(section->cases[i]) &&
			axes_equal(&section->cases[i]->bench,
				&section->cases[index]->bench, GROUP_AXES))
			return true;
	}
	return false;
}

/* How good a case is, the more the better: messages per second, or round trips
 * and latencies by their median. Without figures it is worse than any. */
static double merit(const struct result_case *one)
{
	const struct hist *rtt = one->outcome.rtt;

	if (one->bench.mode == MODE_OPEN)
		return isnan(one->p50_ns.median) ? -1
						 : 1 / (1 + one->p50_ns.median);
	if (one->bench.mode != MODE_ROUNDTRIP)
		return isnan(one->msgs_per_s.median) ? -1
						     : one->msgs_per_s.median;
	if (!rtt || !rtt->total)
		return -1;
	return 1 / (1 + (double)hist_percentile(rtt, 50));
}

/* Above another in its group? Crashes are not for ranking. */
static bool ranks_above(
	const struct result_case *one, const struct result_case *other)
{
	return one->bench.mode != MODE_CRASH && merit(one) > merit(other);
}

/* Put @one among the @count ranked so far; equals keep the plan's order. */
static void rank(const struct result_case **ranked, size_t count,
	const struct result_case *one)
{
	size_t at = count;

	for (; at > 0 && ranks_above(one, ranked[at - 1]); at--)
		ranked[at] = ranked[at - 1];
	ranked[at] = one;
}

/* One point of the sweep, over the rows of its transports. */
static void print_point(const struct report_page *page, const char *text)
{
	fprintf(page->out, " %s", page_bold(page));
	print_wrapped(page, text, 1);
	fputs(page_plain(page), page->out);
}

static void print_group(const struct report_page *page,
	const struct report_section *section, size_t index, unsigned varying)
{
	const struct result_case **ranked =
		calloc(section->case_count, sizeof(*ranked));
	size_t count = 0;
	const struct result_case *leader = section->cases[index];
	int columns = name_columns(section);
	char text[LINE_BYTES];

	if (varying)
		print_point(page,
			axes_text(&leader->bench, varying, text, sizeof(text)));
	for (size_t i = 0; ranked && i < section->case_count; i++) {
		const struct result_case *one = section->cases[i];

		if (shown(one) &&
			axes_equal(&one->bench, &leader->bench, GROUP_AXES))
			rank(ranked, count++, one);
	}
	for (size_t i = 0; i < count; i++)
		print_row(
			page, ranked[i], base_of(section, ranked[i]), columns);
	free(ranked);
}

void report_table(
	const struct report_page *page, const struct report_section *section)
{
	unsigned varying =
		result_varying(section->cases, section->case_count, GROUP_AXES);
	bool headed = false;

	for (size_t i = 0; i < section->case_count; i++) {
		if (!shown(section->cases[i]) || group_seen(section, i))
			continue;
		if (!headed) {
			print_heading(page, section, varying);
			print_columns(
				page, section->cases[0], name_columns(section));
		}
		headed = true;
		print_group(page, section, i, varying);
	}
}
