/* figure_data.c - one figure as a .tsv that gnuplot and a person can read.
 *
 * All that a figure shows comes from here, titles, tick labels and notes
 * included, so that the .gp files hold nothing of any result. A transport has
 * the same style in all figures of a result: its place among those of the
 * whole result, limits counted apart.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "axes.h"
#include "env.h"
#include "figure.h"
#include "human.h"
#include "machine.h"
#include "result.h"

enum {
	LINE_BYTES = 512,
	NOTE_COLUMNS = 130, /* what fits below a figure */
	NOTES_MAX = 7,
	TICKS_MAX = 7, /* labels that fit below a panel */
	STEPS_PER_DECADE = 24,
};

/* One curve: a transport, on a panel. */
struct series {
	const struct result_case *example;
	unsigned panel;
};

struct series_list {
	struct series *series;
	size_t count;
};

/* Text without what has a meaning in a .tsv. */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"')
			fputc('\'', out);
		else
			fputc(iscntrl((unsigned char)*text) ? ' ' : *text, out);
	}
}

static void put_about(FILE *out, const char *key, const char *text)
{
	fprintf(out, "%s\t", key);
	put_text(out, text);
	fputc('\n', out);
}

/* May a series be on more than one panel? Then panels are not of cases but of
 * what is drawn of them: the clock that latency is taken by. */
static bool two_clocks(const struct figure *figure)
{
	return figure->mode == MODE_OPEN && figure->kind == FIGURE_SUMMARY;
}

static bool same_transport(
	const struct result_case *a, const struct result_case *b)
{
	return strcmp(a->bench.transport, b->bench.transport) == 0;
}

/* The place of @one's transport among the result's, from 1; limits apart. */
static unsigned style_of(
	const struct result *result, const struct result_case *one)
{
	unsigned style = 1;

	for (size_t i = 0; i < result->case_count; i++) {
		const struct result_case *other = &result->cases[i];
		bool seen = false;

		if (same_transport(other, one))
			break;
		for (size_t j = 0; j < i && !seen; j++)
			seen = same_transport(&result->cases[j], other);
		style += !seen && other->limit == one->limit;
	}
	return style;
}

/* Panels are ways of waiting, for round trips; else there is one. */
static unsigned panel_of(
	const struct figure *figure, const struct result_case *one)
{
	enum wait_mode wait = one->bench.wait;
	unsigned panel = 1;

	if (figure->kind == FIGURE_ROUNDS)
		return rounds_panel(figure, one);
	if (figure->mode != MODE_ROUNDTRIP || wait == 0)
		return 1;
	for (size_t i = 0; i < figure->case_count; i++) {
		if (figure->cases[i]->bench.wait < wait &&
			figure_drawable(figure->cases[i]))
			panel = 2;
	}
	return panel;
}

/* Add a series for each transport and panel; @limits or all others. */
static void add_series(
	const struct figure *figure, struct series_list *list, bool limits)
{
	for (size_t i = 0; i < figure->case_count; i++) {
		const struct result_case *one = figure->cases[i];
		unsigned panel = panel_of(figure, one);
		bool seen = false;

		for (size_t j = 0; j < list->count && !seen; j++)
			seen = list->series[j].panel == panel &&
			       same_transport(list->series[j].example, one);
		if (!seen && panel > 0 && figure_drawable(one) &&
			one->limit == limits)
			list->series[list->count++] =
				(struct series){one, panel};
	}
}

/* A second series of each, on the second panel. */
static void double_series(struct series_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		list->series[list->count + i] = list->series[i];
		list->series[list->count + i].panel = 2;
	}
	list->count *= 2;
}

static int list_series(const struct figure *figure, struct series_list *list)
{
	list->series = calloc(2 * figure->case_count, sizeof(*list->series));
	if (!list->series)
		return -ENOMEM;
	add_series(figure, list, false);
	/* A bound is a line; how its rounds scatter says nothing of others. */
	if (figure->kind != FIGURE_ROUNDS)
		add_series(figure, list, true);
	if (two_clocks(figure))
		double_series(list);
	return 0;
}

static bool same_trouble(
	const struct result_case *a, const struct result_case *b)
{
	return same_transport(a, b) && a->outcome.status == b->outcome.status &&
	       strcmp(a->outcome.reason, b->outcome.reason) == 0;
}

/* Where on the figure's axis the cases in the same trouble as @one are; ""
 * when it is all cases of this transport. */
static void trouble_extent(const struct figure *figure,
	const struct result_case *one, char text[NOTE_COLUMNS])
{
	uint64_t low = UINT64_MAX, high = 0;
	char from[HUMAN_BYTES], to[HUMAN_BYTES];
	bool some_spared = false;

	for (size_t i = 0; i < figure->case_count; i++) {
		const struct result_case *other = figure->cases[i];
		uint64_t size = other->bench.msg_size_bytes;

		some_spared = some_spared || (same_transport(one, other) &&
						     !same_trouble(one, other));
		if (!same_trouble(one, other))
			continue;
		low = size < low ? size : low;
		high = size > high ? size : high;
	}
	text[0] = '\0';
	if (!some_spared || figure->mode == MODE_CRASH)
		return;
	if (figure->mode == MODE_OPEN) {
		axes_text(&one->bench, AXIS_BIT(AXIS_RATE), from, sizeof(from));
		snprintf(text, NOTE_COLUMNS, " (%s)", from);
		return;
	}
	if (figure->mode == MODE_ROUNDTRIP)
		snprintf(text, NOTE_COLUMNS, " (%s)",
			wait_mode_name(one->bench.wait));
	else if (low == high)
		snprintf(text, NOTE_COLUMNS, " (%s)", human_size(low, from));
	else
		snprintf(text, NOTE_COLUMNS, " (%s to %s)",
			human_size(low, from), human_size(high, to));
}

/* Write @text as notes, broken at spaces; returns how many lines it took. */
static size_t put_note(FILE *out, const char *text)
{
	char line[NOTE_COLUMNS + 8];
	size_t lines = 0;

	while (*text) {
		size_t take = strlen(text);

		if (take > NOTE_COLUMNS) {
			take = NOTE_COLUMNS;
			while (take > NOTE_COLUMNS / 2 && text[take] != ' ')
				take--;
		}
		snprintf(line, sizeof(line), "%s%.*s", lines ? "    " : "",
			(int)take, text);
		put_about(out, "note", line);
		text += take;
		text += strspn(text, " ");
		lines++;
	}
	return lines;
}

static void note_text(const struct figure *figure,
	const struct result_case *one, char *text, size_t text_bytes)
{
	const struct crash_figures *crash = &one->outcome.crash;
	enum case_status status = one->outcome.status;
	char why[LINE_BYTES], extent[NOTE_COLUMNS];
	const char *mark = "";

	if (status == STATUS_OK) {
		snprintf(text, text_bytes,
			"%.60s: recovered in time from %u of %u kills only",
			one->bench.transport, crash->recovered, crash->kills);
		return;
	}
	if (status != STATUS_SKIP)
		mark = status == STATUS_VIOLATED    ? "VIOLATED  "
		       : status == STATUS_UNREACHED ? "UNREACHED  "
						    : "FAILED  ";
	trouble_extent(figure, one, extent);
	snprintf(text, text_bytes, "%s%s%s", mark,
		result_reason(one, why, sizeof(why)), extent);
	if (figure->mode == MODE_CRASH && status == STATUS_FAILED)
		snprintf(text + strlen(text), text_bytes - strlen(text),
			"; recovered from %u of %u kills", crash->recovered,
			crash->kills);
}

/* Does @one need a note in @figure? */
static bool noteworthy(
	const struct figure *figure, const struct result_case *one)
{
	if (figure->kind == FIGURE_ROUNDS && one->limit)
		return false;
	if (figure->kind == FIGURE_LOAD &&
		one->outcome.status == STATUS_UNREACHED)
		return false; /* its point is marked */
	if (one->outcome.status != STATUS_OK)
		return true;
	return one->bench.mode == MODE_CRASH &&
	       one->outcome.crash.recovered < one->outcome.crash.kills;
}

/* Are there figures of messages of 0 bytes, which the axis cannot show? */
static bool empty_messages(const struct figure *figure)
{
	bool any = false;

	for (size_t i = 0; i < figure->case_count; i++)
		any = any ||
		      (figure->mode == MODE_THROUGHPUT &&
			      figure->cases[i]->outcome.status == STATUS_OK &&
			      figure->cases[i]->bench.msg_size_bytes == 0);
	return any;
}

static void put_notes(const struct figure *figure, FILE *out)
{
	char text[2 * LINE_BYTES], before[2 * LINE_BYTES];
	size_t lines = 0, left = 0;

	for (size_t i = 0; i < figure->case_count; i++) {
		bool seen = false;

		if (!noteworthy(figure, figure->cases[i]))
			continue;
		note_text(figure, figure->cases[i], text, sizeof(text));
		for (size_t j = 0; j < i && !seen; j++) {
			if (!noteworthy(figure, figure->cases[j]))
				continue;
			note_text(figure, figure->cases[j], before,
				sizeof(before));
			seen = strcmp(before, text) == 0;
		}
		if (!seen && lines < NOTES_MAX)
			lines += put_note(out, text);
		else if (!seen)
			left++;
	}
	if (figure->kind == FIGURE_ROUNDS && rounds_left_out(figure) > 0) {
		snprintf(text, sizeof(text),
			"%zu more message sizes have no panel: `ipcmark show "
			"--json` has their rounds",
			rounds_left_out(figure));
		put_note(out, text);
	}
	if (figure->kind == FIGURE_LOAD)
		put_note(out, "from when a message was due; dotted: from when "
			      "it was sent; a cross: the offered load was not "
			      "reached");
	if (empty_messages(figure))
		put_note(out, "0 B has no place on a logarithmic axis: see "
			      "`ipcmark show`");
	if (left == 0)
		return;
	snprintf(text, sizeof(text),
		"and %zu more without figures: `ipcmark show` lists them",
		left);
	put_note(out, text);
}

static void put_machine(const struct figure *figure, FILE *out)
{
	const struct bench_case *bench = &figure->cases[0]->bench;
	const struct environment *environment = figure->result->environment;
	const char *version = env_text(environment, "ipcmark_version");
	struct distance_seen seen =
		machine_distance(figure->cases, figure->case_count);
	char text[LINE_BYTES], low[HUMAN_BYTES], high[HUMAN_BYTES];

	machine_cpu(figure->result, text, sizeof(text));
	text_join(text, sizeof(text), "%s", env_text(environment, "kernel"));
	put_about(out, "machine", text);
	text[0] = '\0';
	if (env_text(environment, "noise_grade")[0])
		text_join(text, sizeof(text), "noise grade %s",
			env_text(environment, "noise_grade"));
	if (figure->mode == MODE_CRASH)
		text_join(text, sizeof(text), "%u kills of each victim",
			bench->kills);
	else
		text_join(text, sizeof(text), "%u round%s of %s", bench->rounds,
			bench->rounds == 1 ? "" : "s",
			human_time((double)bench->slice_ns, low));
	if (seen.probes > 0)
		text_join(text, sizeof(text),
			"one cache line there and back %s to %s",
			human_time(seen.min_ns, low),
			human_time(seen.max_ns, high));
	if (version[0])
		text_join(text, sizeof(text), "ipcmark %s", version);
	put_about(out, "machine", text);
}

static void put_abouts(const struct figure *figure, FILE *out)
{
	static const char *const titles[] = {
		[MODE_THROUGHPUT] = "Throughput against message size",
		[MODE_ROUNDTRIP] = "Round trip time",
		[MODE_CRASH] = "From a SIGKILL to the survivors' next success",
		[MODE_OPEN] = "Latency of messages sent when they are due",
	};
	static const char *const rounds[] = {
		[MODE_THROUGHPUT] = "Throughput in each round",
		[MODE_ROUNDTRIP] = "Mean round trip time in each round",
		[MODE_CRASH] = "",
		[MODE_OPEN] = "Median latency in each round",
	};
	const struct bench_case *bench = &figure->cases[0]->bench;
	unsigned axes =
		AXES_ALL & ~(AXIS_BIT(AXIS_SECTION) | AXIS_BIT(AXIS_MODE) |
				   AXIS_BIT(AXIS_TRANSPORT));
	char text[LINE_BYTES];

	if (figure->mode == MODE_THROUGHPUT)
		axes &= ~AXIS_BIT(AXIS_MSG_SIZE);
	if (figure->mode == MODE_ROUNDTRIP)
		axes &= ~AXIS_BIT(AXIS_WAIT);
	if (figure->kind == FIGURE_LOAD)
		axes &= ~AXIS_BIT(AXIS_RATE);
	if (bench->capacity_bytes == 0)
		axes &= ~AXIS_BIT(AXIS_CAPACITY);
	if (bench->access == ACCESS_COPY)
		axes &= ~AXIS_BIT(AXIS_ACCESS);
	if (bench->memory == MEMORY_ANY)
		axes &= ~AXIS_BIT(AXIS_MEMORY);
	fputs("about\ttext\n", out);
	put_about(out, "title",
		figure->kind == FIGURE_ROUNDS ? rounds[figure->mode]
		: figure->kind == FIGURE_LOAD ? "Latency against offered load"
					      : titles[figure->mode]);
	put_about(out, "unit",
		figure->mode == MODE_THROUGHPUT ? "messages" : "time");
	put_about(out, "of",
		figure->mode == MODE_OPEN ? "messages" : "round trips");
	put_about(out, "axes", axes_text(bench, axes, text, sizeof(text)));
	put_machine(figure, out);
	if (figure->mode == MODE_CRASH && bench->recover_within_ns) {
		snprintf(text, sizeof(text), "%llu",
			(unsigned long long)bench->recover_within_ns);
		put_about(out, "limit_ns", text);
	}
	put_notes(figure, out);
}

static void put_series_list(
	const struct figure *figure, const struct series_list *list, FILE *out)
{
	fputs("\n\nstyle\tlimit\tpanel\tname\n", out);
	for (size_t i = 0; i < list->count; i++) {
		const struct result_case *one = list->series[i].example;
		size_t length = strlen(one->bench.transport);

		fprintf(out, "%u\t%d\t%u\t", style_of(figure->result, one),
			one->limit, list->series[i].panel);
		if (length > 20) {
			/* A command: its end tells it from others. */
			fputs("..", out);
			put_text(out, one->bench.transport + length - 18);
		} else {
			put_text(out, one->bench.transport);
		}
		fputs(one->limit ? " (limit)\n" : "\n", out);
	}
}

static int size_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int put_ticks(const struct figure *figure, FILE *out)
{
	uint64_t *sizes = malloc(figure->case_count * sizeof(*sizes));
	size_t count = 0, every, kept = 0;
	char size[HUMAN_BYTES];

	if (!sizes)
		return -ENOMEM;
	for (size_t i = 0; i < figure->case_count; i++)
		sizes[i] = figure->cases[i]->bench.msg_size_bytes;
	qsort(sizes, figure->case_count, sizeof(*sizes), size_order);
	for (size_t i = 0; i < figure->case_count; i++) {
		if (sizes[i] > 0 && (i == 0 || sizes[i] != sizes[i - 1]))
			sizes[count++] = sizes[i];
	}
	every = (count + TICKS_MAX - 1) / TICKS_MAX;
	fputs("\n\nbytes\tlabel\n", out);
	for (size_t i = 0; i < count; i++) {
		bool label =
			figure->mode == MODE_THROUGHPUT && kept++ % every == 0;

		fprintf(out, "%llu\t%s\n", (unsigned long long)sizes[i],
			label ? human_size(sizes[i], size) : " ");
	}
	free(sizes);
	return 0;
}

static const char *panel_title(
	const struct figure *figure, const struct series *series, char *size)
{
	static const char *const waiting[] = {
		[WAIT_SPIN] = "polling (wait = spin)",
		[WAIT_BLOCK] = "sleeping (wait = block)",
	};

	if (two_clocks(figure))
		return series->panel == 1 ? "from when it was due"
					  : "from when it was sent";
	if (figure->mode == MODE_ROUNDTRIP)
		return waiting[series->example->bench.wait];
	if (figure->kind == FIGURE_ROUNDS && figure->mode == MODE_THROUGHPUT)
		return human_size(series->example->bench.msg_size_bytes, size);
	if (figure->kind == FIGURE_ROUNDS)
		return "from when a message was due";
	return " ";
}

static void put_panels(
	const struct figure *figure, const struct series_list *list, FILE *out)
{
	char size[HUMAN_BYTES];
	unsigned done = 0;

	fputs("\n\npanel\ttitle\n", out);
	for (size_t i = 0; i < list->count; i++) {
		const struct series *series = &list->series[i];

		if (done & (1u << series->panel))
			continue;
		done |= 1u << series->panel;
		fprintf(out, "%u\t%s\n", series->panel,
			panel_title(figure, series, size));
	}
}

/* By size, whatever the order in the scenario: @after is the last one done. */
static const struct result_case *next_size(const struct figure *figure,
	const struct series *series, const struct result_case *after)
{
	const struct result_case *best = NULL;

	for (size_t i = 0; i < figure->case_count; i++) {
		const struct result_case *one = figure->cases[i];
		uint64_t size = one->bench.msg_size_bytes;

		if (!figure_drawable(one) ||
			!same_transport(one, series->example) ||
			(after && size <= after->bench.msg_size_bytes) ||
			(best && size >= best->bench.msg_size_bytes))
			continue;
		best = one;
	}
	return best;
}

static void put_rates(
	const struct figure *figure, const struct series *series, FILE *out)
{
	const struct result_case *one = NULL;

	fputs("bytes\tmsgs_per_s\tlo\thi\n", out);
	while ((one = next_size(figure, series, one)))
		fprintf(out, "%llu\t%.6g\t%.6g\t%.6g\n",
			(unsigned long long)one->bench.msg_size_bytes,
			one->msgs_per_s.median, one->msgs_per_s.lo,
			one->msgs_per_s.hi);
}

/* One in how many values is at least so long: 1 is all, 100 the slowest 1 %.
 * The curve ends at the single slowest value. */
static void put_percentiles(const struct series *series, FILE *out)
{
	const struct latency *latency = series->example->outcome.latency;
	const struct hist *rtt = series->example->outcome.rtt;
	double end;

	if (latency)
		rtt = series->panel == 1 ? &latency->intended
					 : &latency->actual;
	end = (double)rtt->total;

	fputs("one_in\tns\n", out);
	for (int i = 0;; i++) {
		double one_in = pow(10, (double)i / STEPS_PER_DECADE);

		if (one_in >= end)
			break;
		fprintf(out, "%.6g\t%llu\n", one_in,
			(unsigned long long)hist_percentile(
				rtt, 100 * (1 - 1 / one_in)));
	}
	fprintf(out, "%.6g\t%llu\n", end, (unsigned long long)rtt->max_ns);
}

/* The share of all kills that was over after so long. A transport that did not
 * always recover has a curve that does not reach 100 %. */
static void put_recoveries(const struct series *series, FILE *out)
{
	const struct crash_figures *crash = &series->example->outcome.crash;
	const struct hist *recovery = crash->recovery;
	uint64_t last = 0;
	double all = (double)recovery->total;

	if (crash->kills > recovery->total)
		all = crash->kills;
	fputs("ns\tpercent_of_kills\n", out);
	for (uint64_t i = 1; i <= recovery->total; i++) {
		uint64_t value = hist_percentile(
			recovery, 100 * (double)i / (double)recovery->total);

		if (i == 1)
			fprintf(out, "%llu\t0\n", (unsigned long long)value);
		if (value != last || i == recovery->total)
			fprintf(out, "%llu\t%.6g\n", (unsigned long long)value,
				100 * (double)i / all);
		last = value;
	}
}

int figure_write(const struct figure *figure, FILE *out)
{
	struct series_list list = {0};
	int err = list_series(figure, &list);

	if (err)
		return err;
	put_abouts(figure, out);
	put_series_list(figure, &list, out);
	err = put_ticks(figure, out);
	put_panels(figure, &list, out);
	for (size_t i = 0; i < list.count && !err; i++) {
		const struct series *series = &list.series[i];

		fputs("\n\n# ", out);
		put_text(out, series->example->bench.transport);
		fputc('\n', out);
		if (figure->kind == FIGURE_ROUNDS)
			err = rounds_put(series->example, out);
		else if (figure->kind == FIGURE_LOAD)
			load_put(figure, series->example, out);
		else if (figure->mode == MODE_THROUGHPUT)
			put_rates(figure, series, out);
		else if (figure->mode != MODE_CRASH)
			put_percentiles(series, out);
		else
			put_recoveries(series, out);
	}
	free(list.series);
	return err;
}
