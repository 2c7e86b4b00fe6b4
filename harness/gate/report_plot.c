/* report_plot.c - a gate's two figures.
 *
 * gate-forest: a row a case and metric, the estimate and its interval beside the
 * tolerance and max: what came out. gate-blocks: every block's difference in the
 * order in which they ran, with the estimate as it became: what it came from, and
 * whether it drifted.
 *
 * Data only; plots/forest.gp and plots/blocks.gp draw them. Blocks of rows, by the
 * plan of figure_write(), so that plots/style.gp reads the first four:
 *	forest	4: row, estimate, lo, hi, tolerance, max, verdict, advisory, case,
 *		metric, text
 *	blocks	3 + p, panel p: n, difference, beyond, left out, estimate, lo, hi
 *		3 + P + p: tolerance, max, end of the axis, look, look, ...
 * Shares are in percent.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/stats.h"
#include "base/text.h"
#include "figure/plot.h"
#include "gate/report.h"
#include "gate/report_text.h"
#include "gate/signed_rank.h"
#include "report/machine.h"

enum { PANELS_MAX = 12, CASE_NOTES_MAX = 6 };

#define RUNNING_LEVEL 0.95
/* Of a panel's differences, the axis has so many; what is beyond is at its edge. */
#define SHARE_ON_AXIS 0.95

static double percent(double share)
{
	return isfinite(share) ? 100 * share : NAN;
}

/* Text without what ends a field, or what gnuplot takes for a quote. */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc(strchr("\t\n\r\"", *text) ? ' ' : *text, out);
}

static void put_line(FILE *out, const char *key, const char *text)
{
	fprintf(out, "%s\t", key);
	put_text(out, text);
	fputc('\n', out);
}

static void put_build(FILE *out, const struct gate *gate, enum gate_build which)
{
	const struct build *build = &gate->builds[which];
	char text[BUILD_PATH_BYTES + 128];

	snprintf(text, sizeof(text), "%s  %s%s%.12s%s, %s %.16s",
		which == BUILD_A ? "A" : "B", build->given,
		build->commit[0] ? " (" : "", build->commit,
		build->commit[0] ? ")" : "",
		build->identity.hashed ? "hash of the file" : "build id",
		build->identity.id);
	put_line(out, "machine", text);
}

/* What makes the machine noisy would not go on a line. */
static void put_machine(FILE *out, const struct environment *environment)
{
	const char *grade = env_text(environment, "noise_grade");
	char text[512];

	if (!environment->facts)
		return;
	machine_name(environment, text, sizeof(text));
	if (grade[0])
		text_join(text, sizeof(text), "noise grade %s", grade);
	put_line(out, "machine", text);
}

/* Where a row's verdict is not what came of its case. */
static void put_case_notes(FILE *out, const struct gate *gate)
{
	char text[GATE_REASON_BYTES + CASE_ID_BYTES + 64];
	size_t count = 0;

	for (size_t i = 0; i < gate->case_count; i++) {
		const struct gate_case *which = &gate->cases[i];

		if (report_by_metric(which) || ++count > CASE_NOTES_MAX)
			continue;
		snprintf(text, sizeof(text), "%s: %s, %.90s%s", which->bench.id,
			report_outcome_name(report_of_case(which)),
			which->reason, strlen(which->reason) > 90 ? "..." : "");
		put_line(out, "note", text);
	}
	if (count > CASE_NOTES_MAX) {
		snprintf(text, sizeof(text), "and %zu more cases",
			count - CASE_NOTES_MAX);
		put_line(out, "note", text);
	}
}

static void put_about(FILE *out, const struct gate *gate, const char *title,
	const char *axes, const char *note)
{
	char text[GATE_REASON_BYTES + 64], started[REPORT_TIME_BYTES];

	fputs("key\ttext\n", out);
	snprintf(text, sizeof(text), "%s: %s", title,
		report_outcome_name(report_of_gate(gate)));
	put_line(out, "title", text);
	put_line(out, "axes", axes);
	put_build(out, gate, BUILD_A);
	put_build(out, gate, BUILD_B);
	snprintf(text, sizeof(text),
		"%zu blocks in %.1f s from %s UTC on, seed %" PRIu64,
		gate->block_count, (double)gate->elapsed_ns / 1e9,
		report_started(gate, started), gate->request.seed);
	put_line(out, "machine", text);
	put_machine(out, &gate->environment);
	put_case_notes(out, gate);
	put_line(out, "note", note);
}

/* Blocks 1 to 3 for plots/style.gp, which knows series and ticks. */
static void put_panels(FILE *out, const char *const *titles, size_t panel_count)
{
	fputs("\n\nstyle\tlimit\tpanel\tname\n1\t0\t1\tB\n", out);
	fputs("\n\nposition\tlabel\n0\t-\n", out);
	fputs("\n\npanel\ttitle\n", out);
	for (size_t i = 0; i < panel_count; i++) {
		fprintf(out, "%zu\t", i + 1);
		put_text(out, titles[i]);
		fputc('\n', out);
	}
}

/* ------------------------------------------------------------------ forest */

static bool is_shown(const struct gate_case *which, int metric)
{
	return report_takes(which, (enum gate_metric)metric) &&
	       isfinite(which->metrics[metric].judgement.estimate);
}

static void put_row(FILE *out, const struct gate *gate,
	const struct gate_case *which, enum gate_metric kind, size_t row)
{
	const struct gate_metric_result *metric = &which->metrics[kind];
	const struct judgement *judgement = &metric->judgement;
	char share[REPORT_SHARE_BYTES], interval[REPORT_INTERVAL_BYTES];

	fprintf(out, "%zu\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\t%d\t%d\t", row,
		percent(judgement->estimate), percent(judgement->lo),
		percent(judgement->hi), percent(gate->request.tolerance[kind]),
		percent(gate->request.max[kind]), (int)judgement->verdict,
		!metric->gated);
	put_text(out, which->bench.id);
	fprintf(out, "\t%s\t%s  (%s)\n", metric_name(kind),
		report_share(judgement->estimate, share),
		report_interval(judgement, interval));
}

static int put_forest(const void *of, FILE *out)
{
	static const char *const title[] = {""};
	const struct gate *gate = of;
	size_t row = 0;

	put_about(out, gate, "B against A",
		"by how much B is worse, of each case and metric: estimate, "
		"and interval of 95 %",
		"An arrow: it goes on beyond the axis. Advisory metrics are "
		"thin; no verdict follows from them.");
	put_panels(out, title, 1);
	fputs("\n\nrow\testimate\tlo\thi\ttolerance\tmax\tverdict\tadvisory\t"
	      "case\tmetric\ttext\n",
		out);
	for (size_t i = 0; i < gate->case_count; i++)
		for (int m = 0; m < METRICS; m++)
			if (is_shown(&gate->cases[i], m))
				put_row(out, gate, &gate->cases[i],
					(enum gate_metric)m, ++row);
	return 0;
}

/* ------------------------------------------------------------------ blocks */

struct panel {
	size_t case_index;
	enum gate_metric kind;
	char title[CASE_ID_BYTES + 64];
};

static size_t list_panels(const struct gate *gate,
	struct panel panels[PANELS_MAX], size_t *ret_all)
{
	size_t count = 0;

	*ret_all = 0;
	for (size_t i = 0; i < gate->case_count; i++)
		for (int m = 0; m < METRICS; m++) {
			const struct gate_case *which = &gate->cases[i];
			struct panel *panel = &panels[count];

			if (!is_shown(which, m) || !which->metrics[m].gated)
				continue;
			(*ret_all)++;
			if (count == PANELS_MAX)
				continue;
			panel->case_index = i;
			panel->kind = (enum gate_metric)m;
			snprintf(panel->title, sizeof(panel->title),
				"%s, %s: %s", which->bench.id,
				metric_name(panel->kind),
				gate_verdict_name(
					which->metrics[m].judgement.verdict));
			count++;
		}
	return count;
}

static const struct gate_metric_result *metric_of(
	const struct gate *gate, const struct panel *panel)
{
	return &gate->cases[panel->case_index].metrics[panel->kind];
}

/* What a block that is left out would have said; NaN: it has not all slices. */
static double left_out_difference(
	const struct gate_block *block, enum gate_metric kind)
{
	double figures[BLOCK_SLICES];

	for (unsigned i = 0; i < BLOCK_SLICES; i++) {
		if (!block->slices[i].elapsed_ns)
			return NAN;
		figures[i] = metric_value(kind, &block->slices[i]);
	}
	return block_difference(
		block->begins_with_b, figures, metric_more_is_better(kind));
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* From zero to here, and as far down, the axis goes. */
static double end_of_axis(const struct gate *gate, const struct panel *panel)
{
	const struct gate_metric_result *metric = metric_of(gate, panel);
	size_t count = gate->cases[panel->case_index].blocks;
	double *sizes = calloc(count + 1, sizeof(*sizes));
	double end = 150 * gate->request.max[panel->kind];

	if (!sizes)
		return end;
	for (size_t i = 0; i < count; i++)
		sizes[i] = fabs(100 * expm1(metric->differences[i]));
	qsort(sizes, count, sizeof(*sizes), by_size);
	if (count)
		end = fmax(end, 1.08 * sizes[(size_t)(SHARE_ON_AXIS *
						      (double)(count - 1))]);
	free(sizes);
	return end;
}

/* Each of the first, then fewer: the work grows with their cube, and the estimate
 * moves less and less. */
static bool is_estimated(size_t blocks, size_t all)
{
	size_t step = blocks < 32 ? 1 : blocks / 16;

	return blocks == all || blocks % step == 0;
}

/* What is known after @blocks that count, to @known; else it stays. */
static int estimate(const struct gate_metric_result *metric, size_t blocks,
	size_t all, struct location *known)
{
	if (!is_estimated(blocks, all))
		return 0;
	return signed_rank_locate(
		metric->differences, blocks, RUNNING_LEVEL, known);
}

static void put_estimate(FILE *out, const struct location *known)
{
	bool ends = isfinite(known->lo) && isfinite(known->hi);

	fprintf(out, "\t%.6g\t%.6g\t%.6g\n", percent(expm1(known->estimate)),
		ends ? percent(expm1(known->lo)) : NAN,
		ends ? percent(expm1(known->hi)) : NAN);
}

static int put_blocks_of(FILE *out, const struct gate *gate,
	const struct panel *panel, double end)
{
	const struct gate_metric_result *metric = metric_of(gate, panel);
	size_t all = gate->cases[panel->case_index].blocks;
	struct location known = {NAN, NAN, NAN, 0};
	size_t number = 0, counted = 0;
	int err = 0;

	fputs("\n\nn\tdifference\tbeyond\tleft_out\testimate\tlo\thi\n", out);
	for (size_t i = 0; i < gate->block_count && !err; i++) {
		const struct gate_block *block = &gate->blocks[i];
		double difference;

		if (block->case_index != panel->case_index)
			continue;
		difference = block->left_out
				     ? left_out_difference(block, panel->kind)
				     : metric->differences[counted];
		difference = percent(expm1(difference));
		fprintf(out, "%zu\t%.6g\t%d\t%d", ++number,
			fmax(-end, fmin(end, difference)),
			fabs(difference) > end ? (difference > 0 ? 1 : -1) : 0,
			block->left_out);
		if (!block->left_out)
			err = estimate(metric, ++counted, all, &known);
		put_estimate(out, &known);
	}
	return err;
}

/* A look lies behind the block that made it due. */
static void put_marks(FILE *out, const struct gate *gate,
	const struct panel *panel, double end)
{
	size_t number = 0, counted = 0;

	fprintf(out, "\n\ntolerance\tmax\tend\tlook\n%.6g\t%.6g\t%.6g\tNaN\n",
		percent(gate->request.tolerance[panel->kind]),
		percent(gate->request.max[panel->kind]), end);
	for (size_t i = 0; i < gate->block_count; i++) {
		const struct gate_block *block = &gate->blocks[i];

		if (block->case_index != panel->case_index)
			continue;
		number++;
		if (block->left_out)
			continue;
		counted++;
		for (size_t k = 0; k < gate->looks.count; k++)
			if (gate->looks.looks[k].blocks == counted)
				fprintf(out, "NaN\tNaN\tNaN\t%zu\n", number);
	}
}

static int put_blocks(const void *of, FILE *out)
{
	static struct panel panels[PANELS_MAX];
	const struct gate *gate = of;
	const char *titles[PANELS_MAX] = {0};
	char note[160] = "Hollow: left out, because something disturbed the "
			 "block. At an edge: beyond the axis.";
	size_t all, count = list_panels(gate, panels, &all);
	int err = 0;

	for (size_t p = 0; p < count; p++)
		titles[p] = panels[p].title;
	if (all > count)
		snprintf(note + strlen(note), sizeof(note) - strlen(note),
			" %zu more are not drawn.", all - count);
	put_about(out, gate, "Block by block",
		"by how much B is worse, in percent, by number of the case's "
		"block",
		note);
	put_panels(out, titles, count);
	for (size_t p = 0; p < count && !err; p++)
		err = put_blocks_of(
			out, gate, &panels[p], end_of_axis(gate, &panels[p]));
	for (size_t p = 0; p < count; p++)
		put_marks(out, gate, &panels[p], end_of_axis(gate, &panels[p]));
	return err;
}

int report_plot(const struct gate *gate, const char *dir)
{
	const struct plot_job jobs[] = {
		{"gate-forest", "forest", put_forest, gate},
		{"gate-blocks", "blocks", put_blocks, gate},
	};
	bool any = false, gated = false;

	for (size_t i = 0; i < gate->case_count; i++)
		for (int m = 0; m < METRICS; m++) {
			bool shown = is_shown(&gate->cases[i], m);

			any = any || shown;
			gated = gated ||
				(shown && gate->cases[i].metrics[m].gated);
		}
	if (!any) {
		diag_warn("no case of this gate has figures to draw");
		return 0;
	}
	return plot_jobs(jobs, gated ? 2 : 1, dir);
}
