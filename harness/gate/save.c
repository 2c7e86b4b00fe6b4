/* save.c - a gate as JSON, with each slice of it, written whole or not at all. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/gate.h"

enum { PATH_BYTES = 4096 };

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* JSON knows no infinity. */
static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *request_of(const struct gate *gate)
{
	const struct gate_request *request = &gate->request;
	json_t *all = json_object();

	json_object_set_new(all, "blocks", number(request->blocks));
	json_object_set_new(all, "time_ns", number(request->time_ns));
	json_object_set_new(all, "slice_ns", number(request->slice_ns));
	json_object_set_new(all, "warmup_ns", number(request->warmup_ns));
	json_object_set_new(all, "slowed_by", real(request->slow));
	json_object_set_new(
		all, "instruction_tolerance", real(request->count_tolerance));
	json_object_set_new(
		all, "instructions_gated", json_boolean(request->count_wanted));
	json_object_set_new(all, "inconclusive_exit",
		json_integer(request->inconclusive_exit));
	return all;
}

static json_t *builds_of(const struct gate *gate)
{
	json_t *all = json_object();

	for (int i = 0; i < BUILD_COUNT; i++) {
		const struct build *build = &gate->builds[i];
		json_t *one = json_object();

		json_object_set_new(one, "given", json_string(build->given));
		json_object_set_new(one, "commit",
			build->commit[0] ? json_string(build->commit)
					 : json_null());
		json_object_set_new(
			one, "library", json_string(build->identity.path));
		json_object_set_new(one, "id", json_string(build->identity.id));
		json_object_set_new(one, "id_is",
			json_string(build->identity.hashed ? "file hash"
							   : "build id"));
		json_object_set_new(all, i == BUILD_A ? "a" : "b", one);
	}
	return all;
}

static json_t *looks_of(const struct gate *gate)
{
	json_t *all = json_array();

	for (size_t i = 0; i < gate->looks.count; i++) {
		const struct look *look = &gate->looks.looks[i];
		json_t *one = json_object();

		json_object_set_new(one, "blocks", number(look->blocks));
		json_object_set_new(
			one, "alarm_level", real(look->alarm_level));
		json_object_set_new(
			one, "clear_level", real(look->clear_level));
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *metric_of(const struct gate *gate, const struct gate_case *which,
	enum gate_metric kind)
{
	const struct gate_metric_result *metric = &which->metrics[kind];
	const struct judgement *judgement = &metric->judgement;
	json_t *all = json_object(), *differences = json_array();

	json_object_set_new(all, "name", json_string(metric_name(kind)));
	json_object_set_new(all, "unit", json_string(metric_unit(kind)));
	json_object_set_new(all, "more_is_better",
		json_boolean(metric_more_is_better(kind)));
	json_object_set_new(all, "gated", json_boolean(metric->gated));
	json_object_set_new(all, "verdict",
		json_string(gate_verdict_name(judgement->verdict)));
	json_object_set_new(all, "reason", json_string(judgement->reason));
	json_object_set_new(
		all, "tolerance", real(gate->request.tolerance[kind]));
	json_object_set_new(all, "max", real(gate->request.max[kind]));
	json_object_set_new(all, "estimate", real(judgement->estimate));
	json_object_set_new(all, "lo", real(judgement->lo));
	json_object_set_new(all, "hi", real(judgement->hi));
	json_object_set_new(all, "coverage", real(judgement->coverage));
	json_object_set_new(all, "p", real(judgement->p));
	json_object_set_new(all, "level", real(judgement->level));
	json_object_set_new(all, "detectable", real(judgement->detectable));
	json_object_set_new(all, "blocks", number(judgement->blocks));
	for (size_t i = 0; i < which->blocks; i++)
		json_array_append_new(
			differences, real(metric->differences[i]));
	json_object_set_new(all, "differences", differences);
	return all;
}

static json_t *counts_of(const struct gate_case *which)
{
	json_t *all = json_array();

	for (size_t i = 0; i < which->count_count; i++) {
		const struct gate_count_pair *pair = &which->counts[i];
		const struct gate_count *a = &pair->count[BUILD_A];
		const struct gate_count *b = &pair->count[BUILD_B];
		json_t *one = json_object();

		json_object_set_new(
			one, "operation", json_string(a->operation));
		json_object_set_new(one, "a", number(a->instructions));
		json_object_set_new(one, "b", number(b->instructions));
		json_object_set_new(
			one, "exact", json_boolean(a->exact && b->exact));
		json_object_set_new(one, "change", real(pair->change));
		json_object_set_new(one, "rise", json_boolean(pair->rise));
		json_array_append_new(all, one);
	}
	return all;
}

static void set_bench(json_t *all, const struct bench_case *bench)
{
	json_t *cpus = json_array();
	unsigned workers = bench->producers + bench->consumers;

	json_object_set_new(all, "id", json_string(bench->id));
	json_object_set_new(all, "section", json_string(bench->section));
	json_object_set_new(all, "transport", json_string(bench->transport));
	json_object_set_new(
		all, "mode", json_string(case_mode_name(bench->mode)));
	json_object_set_new(
		all, "msg_size_bytes", number(bench->msg_size_bytes));
	json_object_set_new(all, "batch", number(bench->batch));
	json_object_set_new(all, "producers", number(bench->producers));
	json_object_set_new(all, "consumers", number(bench->consumers));
	json_object_set_new(
		all, "wait", json_string(wait_mode_name(bench->wait)));
	json_object_set_new(all, "placement", json_string(bench->placement));
	for (unsigned i = 0; i < workers; i++)
		json_array_append_new(cpus, json_integer(bench->cpus[i]));
	json_object_set_new(all, "cpus", cpus);
}

static json_t *case_of(const struct gate *gate, const struct gate_case *which)
{
	bool culprit = which->status == STATUS_VIOLATED ||
		       which->status == STATUS_FAILED;
	json_t *all = json_object(), *metrics = json_array();

	set_bench(all, &which->bench);
	json_object_set_new(
		all, "status", json_string(case_status_name(which->status)));
	json_object_set_new(all, "culprit",
		!culprit ? json_null()
			 : json_string(which->culprit == BUILD_A ? "a" : "b"));
	json_object_set_new(all, "verdict",
		which->status == STATUS_SKIP
			? json_null()
			: json_string(gate_verdict_name(which->verdict)));
	json_object_set_new(all, "reason", json_string(which->reason));
	json_object_set_new(all, "blocks", number(which->blocks));
	json_object_set_new(all, "blocks_left_out", number(which->left_out));
	json_object_set_new(all, "blocks_disturbed", number(which->disturbed));
	json_object_set_new(all, "delay_ns", real(which->delay_ns));
	for (int m = 0; m < METRICS; m++)
		if (which->metrics[m].applies && which->status != STATUS_SKIP)
			json_array_append_new(metrics,
				metric_of(gate, which, (enum gate_metric)m));
	json_object_set_new(all, "metrics", metrics);
	json_object_set_new(all, "instructions", counts_of(which));
	json_object_set_new(all, "instructions_reason",
		which->count_reason[0] ? json_string(which->count_reason)
				       : json_null());
	return all;
}

static json_t *slice_of(const struct gate_block *block, unsigned index)
{
	const struct gate_figures *slice = &block->slices[index];
	enum gate_build build = block_build(block->begins_with_b, index);
	json_t *all = json_object();

	json_object_set_new(
		all, "build", json_string(build == BUILD_A ? "a" : "b"));
	json_object_set_new(all, "msgs", number(slice->msgs));
	json_object_set_new(all, "elapsed_ns", number(slice->elapsed_ns));
	json_object_set_new(all, "cpu_ns", number(slice->cpu_ns));
	json_object_set_new(all, "p50_ns", real(slice->p50_ns));
	json_object_set_new(all, "p99_ns", real(slice->p99_ns));
	json_object_set_new(all, "p999_ns", real(slice->p999_ns));
	json_object_set_new(
		all, "distance_before_ns", number(slice->distance_before_ns));
	json_object_set_new(
		all, "distance_after_ns", number(slice->distance_after_ns));
	json_object_set_new(all, "steal_ns", number(slice->steal_ns));
	json_object_set_new(all, "delay_ns", number(slice->delay_ns));
	json_object_set_new(all, "moves", number(slice->moves));
	json_object_set_new(all, "sent", number(slice->verify.sent));
	json_object_set_new(all, "lost", number(slice->verify.lost));
	json_object_set_new(
		all, "duplicated", number(slice->verify.duplicated));
	json_object_set_new(all, "reordered", number(slice->verify.reordered));
	json_object_set_new(all, "corrupted", number(slice->verify.corrupted));
	return all;
}

/* Slices that never ran, after one that failed, are not there. */
static json_t *blocks_of(const struct gate *gate)
{
	json_t *all = json_array();

	for (size_t i = 0; i < gate->block_count; i++) {
		const struct gate_block *block = &gate->blocks[i];
		json_t *one = json_object(), *slices = json_array();

		json_object_set_new(one, "case", number(block->case_index));
		json_object_set_new(one, "from_ns", number(block->from_ns));
		json_object_set_new(one, "order",
			json_string(block->begins_with_b ? "BAAB" : "ABBA"));
		json_object_set_new(
			one, "left_out", json_boolean(block->left_out));
		json_object_set_new(one, "why",
			block->why[0] ? json_string(block->why) : json_null());
		for (unsigned k = 0; k < BLOCK_SLICES; k++)
			if (block->slices[k].elapsed_ns)
				json_array_append_new(
					slices, slice_of(block, k));
		json_object_set_new(one, "slices", slices);
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *gate_json(const struct gate *gate)
{
	json_t *all = json_object(), *cases = json_array();

	json_object_set_new(all, "schema", json_string(GATE_SCHEMA));
	json_object_set_new(all, "ipcmark", json_string(PACKAGE_VERSION));
	json_object_set_new(
		all, "verdict", json_string(gate_verdict_name(gate->verdict)));
	json_object_set_new(all, "reason", json_string(gate->reason));
	json_object_set_new(all, "exit_code", json_integer(gate->exit_code));
	json_object_set_new(
		all, "interrupted", json_boolean(gate->interrupted));
	json_object_set_new(
		all, "out_of_time", json_boolean(gate->out_of_time));
	json_object_set_new(all, "command",
		gate->command[0] ? json_string(gate->command) : json_null());
	/* Seeds use all 64 bits, JSON's integers have a sign. */
	json_object_set_new(all, "seed",
		json_sprintf("%llu", (unsigned long long)gate->request.seed));
	json_object_set_new(
		all, "started_unix_ns", number(gate->started_unix_ns));
	json_object_set_new(all, "elapsed_ns", number(gate->elapsed_ns));
	json_object_set_new(all, "request", request_of(gate));
	json_object_set_new(all, "builds", builds_of(gate));
	json_object_set_new(all, "environment",
		gate->environment.facts ? json_incref(gate->environment.facts)
					: json_null());
	json_object_set_new(all, "same_build",
		json_boolean(!strcmp(gate->builds[BUILD_A].identity.id,
			gate->builds[BUILD_B].identity.id)));
	json_object_set_new(all, "looks", looks_of(gate));
	for (size_t i = 0; i < gate->case_count; i++)
		json_array_append_new(cases, case_of(gate, &gate->cases[i]));
	json_object_set_new(all, "cases", cases);
	json_object_set_new(all, "blocks", blocks_of(gate));
	return all;
}

static int write_json(const json_t *all, const char *path)
{
	FILE *file = fopen(path, "we");
	bool bad;

	if (!file)
		return -errno;
	errno = 0;
	bad = json_dumpf(all, file, JSON_INDENT(1) | JSON_PRESERVE_ORDER) ||
	      fputc('\n', file) == EOF;
	if (fclose(file) || bad)
		return errno ? -errno : -EIO;
	return 0;
}

int gate_save(const struct gate *gate, const char *path)
{
	json_t *all = gate_json(gate);
	char part[PATH_BYTES + 16];
	int err;

	if (!all)
		return -ENOMEM;
	snprintf(part, sizeof(part), "%s.tmp", path);
	err = write_json(all, part);
	if (!err && rename(part, path))
		err = -errno;
	if (err)
		unlink(part);
	json_decref(all);
	return err;
}
