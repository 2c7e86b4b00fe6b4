/* data.c - one figure as a .tsv that gnuplot and a person can read.
 *
 * All that a figure shows comes from here, titles, tick labels and notes
 * included, so that the .gp files hold nothing of any result. A transport has
 * the same style in all figures of a result: its place among those of the
 * whole result, limits counted apart.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "figure/figure.h"
#include "result/result.h"

enum {
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

/* May a series be on more than one panel? Then panels are not of cases but of
 * what is drawn of them: the clock that latency is taken by. */
static bool two_clocks(const struct figure *figure)
{
	return figure->mode == MODE_OPEN &&
	       (figure->kind == FIGURE_SUMMARY || figure->kind == FIGURE_RANK);
}

/* The place of @one's transport among the result's, from 1; limits apart. */
static unsigned style_of(
	const struct result *result, const struct result_case *one)
{
	unsigned style = 1;

	for (size_t i = 0; i < result->case_count; i++) {
		const struct result_case *other = &result->cases[i];
		bool seen = false;

		if (figure_same_transport(other, one))
			break;
		for (size_t j = 0; j < i && !seen; j++)
			seen = figure_same_transport(&result->cases[j], other);
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

	if (figure->kind == FIGURE_ROUNDS || figure->kind == FIGURE_RANK)
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
			       figure_same_transport(
				       list->series[j].example, one);
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

/* Of each transport those panels for whose role a victim was killed; they are
 * counted from 1 without a gap. */
static void add_around(const struct figure *figure, struct series_list *list)
{
	for (unsigned panel = 1; panel <= 2; panel++)
		for (size_t i = 0; i < figure->case_count; i++)
			if (around_drawable(figure->cases[i], panel))
				list->series[list->count++] = (struct series){
					figure->cases[i], panel};
}

/* Is only the second of the two panels there? */
static bool lacks_first(const struct figure *figure)
{
	for (size_t i = 0; i < figure->case_count; i++)
		if (around_drawable(figure->cases[i], 1))
			return false;
	return figure->kind == FIGURE_AROUND;
}

static int list_series(const struct figure *figure, struct series_list *list)
{
	list->series = calloc(2 * figure->case_count, sizeof(*list->series));
	if (!list->series)
		return -ENOMEM;
	if (figure->kind == FIGURE_AROUND) {
		add_around(figure, list);
		return 0;
	}
	add_series(figure, list, false);
	/* A bound is a line; how its rounds scatter says nothing of others. */
	if (figure->kind != FIGURE_ROUNDS)
		add_series(figure, list, true);
	if (two_clocks(figure))
		double_series(list);
	return 0;
}

static void put_series_list(
	const struct figure *figure, const struct series_list *list, FILE *out)
{
	fputs("\n\nstyle\tlimit\tpanel\tname\n", out);
	for (size_t i = 0; i < list->count; i++) {
		const struct result_case *one = list->series[i].example;
		size_t length = strlen(one->bench.transport);

		fprintf(out, "%u\t%d\t%u\t", style_of(figure->result, one),
			one->limit,
			list->series[i].panel - lacks_first(figure));
		if (length > 20) {
			/* A command: its end tells it from others. */
			fputs("..", out);
			figure_put_text(
				out, one->bench.transport + length - 18);
		} else {
			figure_put_text(out, one->bench.transport);
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

	if (figure->kind == FIGURE_AROUND)
		return around_title(series->panel);
	if (two_clocks(figure))
		return series->panel == 1 ? "from when it was due"
					  : "from when it was sent";
	if (figure->mode == MODE_ROUNDTRIP)
		return waiting[series->example->bench.wait];
	if (figure->mode == MODE_THROUGHPUT && figure->kind != FIGURE_SUMMARY)
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
		fprintf(out, "%u\t%s\n", series->panel - lacks_first(figure),
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
			!figure_same_transport(one, series->example) ||
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
	about_put(figure, out);
	put_series_list(figure, &list, out);
	err = put_ticks(figure, out);
	put_panels(figure, &list, out);
	for (size_t i = 0; i < list.count && !err; i++) {
		const struct series *series = &list.series[i];

		fputs("\n\n# ", out);
		figure_put_text(out, series->example->bench.transport);
		fputc('\n', out);
		if (figure->kind == FIGURE_ROUNDS)
			err = rounds_put(series->example, out);
		else if (figure->kind == FIGURE_RANK)
			rank_put(series->example, series->panel, out);
		else if (figure->kind == FIGURE_AROUND)
			around_put(series->example, series->panel, out);
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
