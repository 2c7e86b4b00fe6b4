/* report_bench.c - slices as other tools' benchmarks, in JSON.
 *
 * google-benchmark-a, -b: what a program of google-benchmark writes, a file for
 * each build, since its tools/compare.py takes two files and compares what is of
 * one name. Each slice that counts is a repetition, so that it can do its own test.
 *
 * github-action-benchmark: a list for the tool "customSmallerIsBetter": the median
 * of B's slices, to be plotted over commits. That tool knows one direction a file,
 * so a rate is given as nanoseconds a message.
 *
 * Slices without a message have no time and are in neither; the gate itself counts
 * them as the worst there is.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/stats.h"
#include "gate/report.h"
#include "gate/report_text.h"

static int dump(json_t *json, FILE *out)
{
	int err = !json ? -ENOMEM
		  : json_dumpf(json, out, JSON_INDENT(1) | JSON_PRESERVE_ORDER)
			  ? -EIO
			  : 0;

	json_decref(json);
	if (!err)
		fputc('\n', out);
	return err ? err : ferror(out) ? -EIO : 0;
}

/* The figure by which google-benchmark's "real_time" goes. */
static enum gate_metric time_of(const struct gate_case *which)
{
	return which->bench.mode == MODE_ROUNDTRIP ? METRIC_P50
						   : METRIC_THROUGHPUT;
}

/* @use for each slice of @build in blocks of case @index that count. */
static void each_slice(const struct gate *gate, size_t index,
	enum gate_build build,
	void (*use)(const struct gate_figures *slice, void *arg), void *arg)
{
	for (size_t i = 0; i < gate->block_count; i++) {
		const struct gate_block *block = &gate->blocks[i];

		if (block->case_index != index || block->left_out)
			continue;
		for (unsigned k = 0; k < BLOCK_SLICES; k++)
			if (block_build(block->begins_with_b, k) == build)
				use(&block->slices[k], arg);
	}
}

/* ------------------------------------------------------- google-benchmark */

struct benchmarks {
	json_t *list;
	const struct gate_case *which;
	size_t index; /* of the case */
	size_t of_case;
	size_t total; /* slices of the case */
};

static void count_slice(const struct gate_figures *slice, void *arg)
{
	struct benchmarks *all = arg;

	all->total += isfinite(report_figure(time_of(all->which), slice));
}

static void add_slice(const struct gate_figures *slice, void *arg)
{
	struct benchmarks *all = arg;
	double time_ns = report_figure(time_of(all->which), slice);
	json_t *one;

	if (!isfinite(time_ns))
		return;
	one = json_pack("{s:s, s:i, s:i, s:s, s:s, s:i, s:i, s:i, s:I, s:f, "
			"s:f, s:s}",
		"name", all->which->bench.id, "family_index", (int)all->index,
		"per_family_instance_index", 0, "run_name",
		all->which->bench.id, "run_type", "iteration", "repetitions",
		(int)all->total, "repetition_index", (int)all->of_case,
		"threads",
		(int)(all->which->bench.producers +
			all->which->bench.consumers),
		"iterations", (json_int_t)slice->msgs, "real_time", time_ns,
		"cpu_time", (double)slice->cpu_ns / (double)slice->msgs,
		"time_unit", "ns");
	if (isfinite(slice->p99_ns) && all->which->bench.mode == MODE_ROUNDTRIP)
		json_object_set_new(one, "p99_ns", json_real(slice->p99_ns));
	json_array_append_new(all->list, one);
	all->of_case++;
}

static int report_google(
	const struct gate *gate, enum gate_build build, FILE *out)
{
	const struct build *from = &gate->builds[build];
	struct benchmarks all = {.list = json_array()};
	char started[REPORT_TIME_BYTES];
	json_t *context = json_pack("{s:s, s:s, s:s, s:s}", "date",
		report_started(gate, started), "executable", from->given,
		"library", from->identity.path, "library_id",
		from->identity.id);

	for (size_t i = 0; i < gate->case_count; i++) {
		all.which = &gate->cases[i];
		all.index = i;
		all.of_case = all.total = 0;
		each_slice(gate, i, build, count_slice, &all);
		each_slice(gate, i, build, add_slice, &all);
	}
	return dump(json_pack("{s:o, s:o}", "context", context, "benchmarks",
			    all.list),
		out);
}

int report_google_a(const struct gate *gate, FILE *out)
{
	return report_google(gate, BUILD_A, out);
}

int report_google_b(const struct gate *gate, FILE *out)
{
	return report_google(gate, BUILD_B, out);
}

/* ------------------------------------------------ github-action-benchmark */

struct values {
	double *value;
	size_t count;
	enum gate_metric kind;
};

static void add_value(const struct gate_figures *slice, void *arg)
{
	struct values *values = arg;
	double value = report_figure(values->kind, slice);

	if (isfinite(value))
		values->value[values->count++] = value;
}

static json_t *entry_of(const struct gate *gate, size_t index,
	enum gate_metric kind, struct values *values)
{
	const struct gate_case *which = &gate->cases[index];
	struct interval interval;
	char name[CASE_ID_BYTES + 32], range[64];

	values->kind = kind;
	values->count = 0;
	each_slice(gate, index, BUILD_B, add_value, values);
	if (!values->count)
		return NULL;
	interval = stats_median_interval(values->value, values->count, 0.95);
	snprintf(name, sizeof(name), "%s %s", which->bench.id,
		kind == METRIC_THROUGHPUT ? "time" : metric_name(kind));
	snprintf(range, sizeof(range), "\302\261 %.3g",
		(interval.hi - interval.lo) / 2);
	return json_pack("{s:s, s:s, s:f, s:s, s:s}", "name", name, "unit",
		"ns/message", "value", interval.median, "range", range, "extra",
		which->metrics[kind].judgement.reason);
}

int report_action(const struct gate *gate, FILE *out)
{
	json_t *list = json_array();
	struct values values = {
		.value = calloc(
			gate->block_count * BLOCK_SLICES + 1, sizeof(double))};

	if (!values.value) {
		json_decref(list);
		return -ENOMEM;
	}
	for (size_t i = 0; i < gate->case_count; i++)
		for (int m = 0; m < METRICS; m++) {
			json_t *entry;

			if (!report_takes(&gate->cases[i], (enum gate_metric)m))
				continue;
			entry = entry_of(gate, i, (enum gate_metric)m, &values);
			if (entry)
				json_array_append_new(list, entry);
		}
	free(values.value);
	return dump(list, out);
}
