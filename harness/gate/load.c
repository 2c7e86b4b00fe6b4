/* load.c - read back what save.c wrote; see load.h.
 *
 * Whatever a report shows, or draws, or counts with is checked here: numbers by
 * their range, words by their lists, indices by what they point at. What JSON has
 * no number for was saved as null, and comes back as what it was: an estimate that
 * there is none of, an interval without an end.
 */
#include "gate/load.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/json_read.h"

enum {
	CASES_MAX = 100000,
	BLOCKS_MAX = 10000000,
	BLOCKS_OF_CASE_MAX = 512,
};

static int verdict_from(const char *word)
{
	for (int i = VERDICT_OPEN; i <= VERDICT_INCONCLUSIVE; i++)
		if (strcmp(word, gate_verdict_name((enum gate_verdict)i)) == 0)
			return i;
	return -1;
}

static int build_from(const char *word)
{
	return strcmp(word, "a") == 0	? BUILD_A
	       : strcmp(word, "b") == 0 ? BUILD_B
					: -1;
}

static int order_from(const char *word)
{
	return strcmp(word, "ABBA") == 0   ? 0
	       : strcmp(word, "BAAB") == 0 ? 1
					   : -1;
}

static bool is_null(const json_t *object, const char *key)
{
	const json_t *json = json_object_get(object, key);

	return !json || json_is_null(json);
}

static uint64_t count_of(
	struct json_reader *reader, const json_t *object, const char *key)
{
	return read_count(reader, object, key, 0, INT64_MAX, true);
}

/* null: @none. */
static double share_of(struct json_reader *reader, const json_t *object,
	const char *key, double none)
{
	return is_null(object, key) ? none : read_signed(reader, object, key);
}

static size_t size_of(struct json_reader *reader, const json_t *object,
	const char *key, uint64_t most)
{
	return (size_t)read_count(reader, object, key, 0, most, true);
}

static void load_request(
	struct json_reader *reader, const json_t *object, struct gate *gate)
{
	struct gate_request *request = &gate->request;

	request->blocks = size_of(reader, object, "blocks", BLOCKS_OF_CASE_MAX);
	request->time_ns = count_of(reader, object, "time_ns");
	request->slice_ns = count_of(reader, object, "slice_ns");
	request->warmup_ns = count_of(reader, object, "warmup_ns");
	request->slow = read_figure(reader, object, "slowed_by");
	request->count_tolerance =
		read_figure(reader, object, "instruction_tolerance");
	request->count_wanted = read_bool(reader, object, "instructions_gated");
	request->inconclusive_exit = (int)read_count(
		reader, object, "inconclusive_exit", 0, 125, true);
}

static void load_build(
	struct json_reader *reader, const json_t *object, struct build *build)
{
	char kind[16];

	build->given = json_string_value(json_object_get(object, "given"));
	if (!build->given)
		read_complain(reader, "given", "expected text");
	read_text(reader, object, "commit", build->commit,
		sizeof(build->commit), false);
	read_text(reader, object, "library", build->identity.path,
		sizeof(build->identity.path), true);
	read_text(reader, object, "id", build->identity.id,
		sizeof(build->identity.id), true);
	read_text(reader, object, "id_is", kind, sizeof(kind), true);
	build->identity.hashed = strcmp(kind, "file hash") == 0;
}

static void load_builds(
	struct json_reader *reader, const json_t *object, struct gate *gate)
{
	for (int i = 0; i < BUILD_COUNT; i++) {
		size_t mark;
		const json_t *one = read_enter(reader, object,
			i == BUILD_A ? "a" : "b", JSON_OBJECT, true, &mark);

		if (one)
			load_build(reader, one, &gate->builds[i]);
		read_leave(reader, mark);
	}
}

static void load_looks(
	struct json_reader *reader, const json_t *array, struct gate *gate)
{
	size_t count = json_array_size(array);

	if (count > LOOKS_MAX) {
		read_complain(reader, NULL, "expected at most %d, found %zu",
			LOOKS_MAX, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct look *look = &gate->looks.looks[i];
		size_t mark;
		const json_t *one = read_enter_at(reader, array, i, &mark);

		if (one) {
			look->blocks = size_of(
				reader, one, "blocks", BLOCKS_OF_CASE_MAX);
			look->alarm_level =
				read_figure(reader, one, "alarm_level");
			look->clear_level =
				read_figure(reader, one, "clear_level");
			look->last = i + 1 == count;
		}
		read_leave(reader, mark);
	}
	gate->looks.count = count;
}

/* ------------------------------------------------------------------- cases */

static void load_judgement(struct json_reader *reader, const json_t *object,
	struct judgement *judgement)
{
	judgement->verdict = (enum gate_verdict)read_word(
		reader, object, "verdict", verdict_from);
	read_text(reader, object, "reason", judgement->reason,
		sizeof(judgement->reason), true);
	judgement->estimate = share_of(reader, object, "estimate", NAN);
	judgement->lo = share_of(reader, object, "lo", -INFINITY);
	judgement->hi = share_of(reader, object, "hi", INFINITY);
	judgement->coverage = read_figure(reader, object, "coverage");
	judgement->p = read_figure(reader, object, "p");
	judgement->level = read_figure(reader, object, "level");
	judgement->detectable =
		share_of(reader, object, "detectable", INFINITY);
	judgement->blocks =
		size_of(reader, object, "blocks", BLOCKS_OF_CASE_MAX);
}

static void load_differences(struct json_reader *reader, const json_t *object,
	const struct gate_case *which, struct gate_metric_result *metric)
{
	size_t mark, count;
	const json_t *array = read_enter(
		reader, object, "differences", JSON_ARRAY, true, &mark);

	count = json_array_size(array);
	if (array && count != which->blocks)
		read_complain(reader, NULL, "expected %zu, found %zu",
			which->blocks, count);
	metric->differences = calloc(count + 1, sizeof(double));
	for (size_t i = 0; metric->differences && i < count; i++) {
		const json_t *one = json_array_get(array, i);

		if (!json_is_number(one))
			read_complain(reader, NULL, "expected numbers");
		metric->differences[i] = json_number_value(one);
	}
	read_leave(reader, mark);
}

static void load_metric(struct json_reader *reader, const json_t *object,
	struct gate *gate, struct gate_case *which)
{
	enum gate_metric kind = (enum gate_metric)read_word(
		reader, object, "name", metric_from);
	struct gate_metric_result *metric = &which->metrics[kind];
	double tolerance = read_figure(reader, object, "tolerance");
	double max = read_figure(reader, object, "max");

	if (metric->applies) {
		read_complain(reader, "name", "found \"%s\" twice",
			metric_name(kind));
		return;
	}
	if (!(max > tolerance))
		read_complain(reader, "max",
			"expected a share above that of \"tolerance\"");
	gate->request.tolerance[kind] = tolerance;
	gate->request.max[kind] = max;
	metric->applies = true;
	metric->gated = read_bool(reader, object, "gated");
	gate->request.wanted[kind] = metric->gated;
	load_judgement(reader, object, &metric->judgement);
	load_differences(reader, object, which, metric);
}

static void load_count(struct json_reader *reader, const json_t *object,
	struct gate_count_pair *pair)
{
	struct gate_count *a = &pair->count[BUILD_A],
			  *b = &pair->count[BUILD_B];

	read_text(reader, object, "operation", a->operation,
		sizeof(a->operation), true);
	a->instructions = count_of(reader, object, "a");
	a->exact = read_bool(reader, object, "exact");
	*b = *a;
	b->instructions = count_of(reader, object, "b");
	pair->change = share_of(reader, object, "change", NAN);
	pair->rise = read_bool(reader, object, "rise");
}

/* The objects of array @key, at most @most of them. */
static size_t enter_list(struct json_reader *reader, const json_t *object,
	const char *key, size_t most, const json_t **ret_array,
	size_t *ret_mark)
{
	*ret_array =
		read_enter(reader, object, key, JSON_ARRAY, true, ret_mark);
	if (json_array_size(*ret_array) <= most)
		return json_array_size(*ret_array);
	read_complain(reader, NULL, "expected at most %zu, found %zu", most,
		json_array_size(*ret_array));
	return 0;
}

static void load_lists(struct json_reader *reader, const json_t *object,
	struct gate *gate, struct gate_case *which)
{
	const json_t *array, *one;
	size_t mark, inner, count;

	count = enter_list(reader, object, "metrics", METRICS, &array, &mark);
	for (size_t i = 0; i < count; i++) {
		one = read_enter_at(reader, array, i, &inner);
		if (one)
			load_metric(reader, one, gate, which);
		read_leave(reader, inner);
	}
	read_leave(reader, mark);
	count = enter_list(reader, object, "instructions", GATE_OPERATIONS_MAX,
		&array, &mark);
	for (size_t i = 0; i < count; i++) {
		one = read_enter_at(reader, array, i, &inner);
		if (one)
			load_count(reader, one, &which->counts[i]);
		read_leave(reader, inner);
	}
	which->count_count = count;
	read_leave(reader, mark);
}

static void load_bench(struct json_reader *reader, const json_t *object,
	struct bench_case *bench)
{
	read_text(reader, object, "id", bench->id, sizeof(bench->id), true);
	read_text(reader, object, "section", bench->section,
		sizeof(bench->section), true);
	read_text(reader, object, "transport", bench->transport,
		sizeof(bench->transport), true);
	bench->mode = (enum case_mode)read_word(
		reader, object, "mode", case_mode_from);
	bench->wait = (enum wait_mode)read_word(
		reader, object, "wait", wait_mode_from);
	bench->msg_size_bytes = count_of(reader, object, "msg_size_bytes");
	bench->batch = (unsigned)read_count(
		reader, object, "batch", 0, CASE_MAX_BATCH, true);
	bench->producers = (unsigned)read_count(
		reader, object, "producers", 0, CASE_MAX_WORKERS, true);
	bench->consumers = (unsigned)read_count(
		reader, object, "consumers", 0, CASE_MAX_WORKERS, true);
	read_text(reader, object, "placement", bench->placement,
		sizeof(bench->placement), true);
}

static void load_case(struct json_reader *reader, const json_t *object,
	struct gate *gate, struct gate_case *which)
{
	load_bench(reader, object, &which->bench);
	which->status = (enum case_status)read_word(
		reader, object, "status", case_status_from);
	if (!is_null(object, "culprit"))
		which->culprit = (enum gate_build)read_word(
			reader, object, "culprit", build_from);
	if (which->status != STATUS_SKIP)
		which->verdict = (enum gate_verdict)read_word(
			reader, object, "verdict", verdict_from);
	read_text(reader, object, "reason", which->reason,
		sizeof(which->reason), true);
	which->done = which->judged = true;
	which->blocks = size_of(reader, object, "blocks", BLOCKS_OF_CASE_MAX);
	which->left_out =
		size_of(reader, object, "blocks_left_out", BLOCKS_MAX);
	which->disturbed =
		size_of(reader, object, "blocks_disturbed", BLOCKS_OF_CASE_MAX);
	which->delay_ns = read_figure(reader, object, "delay_ns");
	load_lists(reader, object, gate, which);
	read_text(reader, object, "instructions_reason", which->count_reason,
		sizeof(which->count_reason), false);
}

static void load_cases(
	struct json_reader *reader, const json_t *object, struct gate *gate)
{
	const json_t *array;
	size_t mark, inner,
		count = enter_list(
			reader, object, "cases", CASES_MAX, &array, &mark);

	gate->cases = calloc(count + 1, sizeof(*gate->cases));
	gate->case_count = gate->cases ? count : 0;
	for (size_t i = 0; i < gate->case_count && !reader->failed; i++) {
		const json_t *one = read_enter_at(reader, array, i, &inner);

		if (one)
			load_case(reader, one, gate, &gate->cases[i]);
		read_leave(reader, inner);
	}
	read_leave(reader, mark);
}

/* ------------------------------------------------------------------ blocks */

static void load_slice(struct json_reader *reader, const json_t *object,
	bool begins_with_b, unsigned index, struct gate_figures *slice)
{
	int build = read_word(reader, object, "build", build_from);
	struct verify_totals *verify = &slice->verify;

	if (!reader->failed && build != (int)block_build(begins_with_b, index))
		read_complain(
			reader, "build", "this slice is not of that build");
	slice->msgs = count_of(reader, object, "msgs");
	slice->elapsed_ns = count_of(reader, object, "elapsed_ns");
	slice->cpu_ns = count_of(reader, object, "cpu_ns");
	slice->p50_ns = read_figure(reader, object, "p50_ns");
	slice->p99_ns = read_figure(reader, object, "p99_ns");
	slice->p999_ns = read_figure(reader, object, "p999_ns");
	slice->distance_before_ns =
		count_of(reader, object, "distance_before_ns");
	slice->distance_after_ns =
		count_of(reader, object, "distance_after_ns");
	slice->steal_ns = count_of(reader, object, "steal_ns");
	slice->delay_ns = count_of(reader, object, "delay_ns");
	slice->moves = count_of(reader, object, "moves");
	verify->sent = count_of(reader, object, "sent");
	verify->lost = count_of(reader, object, "lost");
	verify->duplicated = count_of(reader, object, "duplicated");
	verify->reordered = count_of(reader, object, "reordered");
	verify->corrupted = count_of(reader, object, "corrupted");
}

static void load_block(struct json_reader *reader, const json_t *object,
	const struct gate *gate, struct gate_block *block)
{
	const json_t *array, *one;
	size_t mark, inner, count;

	block->case_index = (size_t)read_count(reader, object, "case", 0,
		gate->case_count ? gate->case_count - 1 : 0, true);
	block->from_ns = count_of(reader, object, "from_ns");
	block->begins_with_b =
		read_word(reader, object, "order", order_from) == 1;
	block->left_out = read_bool(reader, object, "left_out");
	read_text(reader, object, "why", block->why, sizeof(block->why), false);
	count = enter_list(
		reader, object, "slices", BLOCK_SLICES, &array, &mark);
	for (unsigned i = 0; i < count; i++) {
		one = read_enter_at(reader, array, i, &inner);
		if (one)
			load_slice(reader, one, block->begins_with_b, i,
				&block->slices[i]);
		read_leave(reader, inner);
	}
	if (!reader->failed && !block->left_out && count < BLOCK_SLICES)
		read_complain(reader, NULL, "expected 4, found %zu", count);
	read_leave(reader, mark);
}

/* As many blocks count as their case says: reports number them. */
static void check_blocks(struct json_reader *reader, const struct gate *gate)
{
	for (size_t c = 0; c < gate->case_count && !reader->failed; c++) {
		size_t count = 0;

		for (size_t i = 0; i < gate->block_count; i++)
			count += gate->blocks[i].case_index == c &&
				 !gate->blocks[i].left_out;
		if (count != gate->cases[c].blocks)
			read_complain(reader, "blocks",
				"expected %zu that count of case %zu, found "
				"%zu",
				gate->cases[c].blocks, c, count);
	}
}

static void load_blocks(
	struct json_reader *reader, const json_t *object, struct gate *gate)
{
	const json_t *array;
	size_t mark, inner,
		count = enter_list(
			reader, object, "blocks", BLOCKS_MAX, &array, &mark);

	gate->blocks = calloc(count + 1, sizeof(*gate->blocks));
	gate->block_count = gate->block_room = gate->blocks ? count : 0;
	if (count && !gate->case_count)
		read_complain(reader, NULL, "found blocks of no case");
	for (size_t i = 0; i < gate->block_count && !reader->failed; i++) {
		const json_t *one = read_enter_at(reader, array, i, &inner);

		if (one)
			load_block(reader, one, gate, &gate->blocks[i]);
		read_leave(reader, inner);
	}
	read_leave(reader, mark);
	check_blocks(reader, gate);
}

/* -------------------------------------------------------------- all of it */

static void load_part(struct json_reader *reader, const json_t *json,
	const char *key, json_type type, struct gate *gate,
	void (*load)(struct json_reader *, const json_t *, struct gate *))
{
	size_t mark;
	const json_t *part = read_enter(reader, json, key, type, true, &mark);

	if (part)
		load(reader, part, gate);
	read_leave(reader, mark);
}

/* Gates of earlier versions do not tell of their machine. */
static void load_environment(
	struct json_reader *reader, const json_t *json, struct gate *gate)
{
	size_t mark;

	gate->environment.facts = json_incref(read_enter(
		reader, json, "environment", JSON_OBJECT, false, &mark));
	read_leave(reader, mark);
}

static void load_all(
	struct json_reader *reader, const json_t *json, struct gate *gate)
{
	char schema[64];

	if (!json_is_object(json)) {
		read_complain(reader, NULL,
			"expected a gate of ipcmark, found a list");
		return;
	}
	read_text(reader, json, "schema", schema, sizeof(schema), true);
	if (!reader->failed && strcmp(schema, GATE_SCHEMA) != 0)
		read_complain(reader, "schema",
			"this version reads \"%s\", found \"%s\"; use the "
			"ipcmark that wrote the file",
			GATE_SCHEMA, schema);
	gate->verdict = (enum gate_verdict)read_word(
		reader, json, "verdict", verdict_from);
	read_text(reader, json, "reason", gate->reason, sizeof(gate->reason),
		true);
	gate->exit_code =
		(int)read_count(reader, json, "exit_code", 0, 255, true);
	gate->interrupted = read_bool(reader, json, "interrupted");
	gate->out_of_time = read_bool(reader, json, "out_of_time");
	read_text(reader, json, "command", gate->command, sizeof(gate->command),
		false);
	gate->request.seed =
		read_count(reader, json, "seed", 0, UINT64_MAX, true);
	gate->started_unix_ns = count_of(reader, json, "started_unix_ns");
	gate->elapsed_ns = count_of(reader, json, "elapsed_ns");
	load_part(reader, json, "request", JSON_OBJECT, gate, load_request);
	load_part(reader, json, "builds", JSON_OBJECT, gate, load_builds);
	load_environment(reader, json, gate);
	load_part(reader, json, "looks", JSON_ARRAY, gate, load_looks);
	load_cases(reader, json, gate);
	load_blocks(reader, json, gate);
}

int gate_file_load(const char *path, struct gate_file *ret_file)
{
	struct json_reader reader = {.file = path};
	struct gate_file file = {0};
	json_error_t error;

	file.document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!file.document) {
		diag_at(path, error.line > 0 ? error.line : 0,
			"%s; a gate is written whole, so this file was cut or "
			"edited",
			error.text);
		return -EBADMSG;
	}
	load_all(&reader, file.document, &file.gate);
	if (reader.failed) {
		gate_file_free(&file);
		return -EBADMSG;
	}
	*ret_file = file;
	return 0;
}

void gate_file_free(struct gate_file *file)
{
	gate_free(&file->gate);
	json_decref(file->document);
	file->document = NULL;
}

/* Whatever else is wrong with it, a file that says so is a gate. */
static bool says_gate(const char *path)
{
	json_t *json = json_load_file(path, 0, NULL);
	const char *schema = json_string_value(json_object_get(json, "schema"));
	bool is_gate = schema && strncmp(schema, "ipcmark-gate-", 13) == 0;

	json_decref(json);
	return is_gate;
}

bool gate_file_find(const char *argument, char *ret_path, size_t path_bytes)
{
	struct stat status;
	int wrote;

	if (stat(argument, &status))
		return false;
	if (!S_ISDIR(status.st_mode)) {
		wrote = snprintf(ret_path, path_bytes, "%s", argument);
		return wrote > 0 && (size_t)wrote < path_bytes &&
		       says_gate(ret_path);
	}
	wrote = snprintf(ret_path, path_bytes, "%s/result.json", argument);
	if (wrote < 0 || (size_t)wrote >= path_bytes ||
		stat(ret_path, &status) == 0)
		return false;
	snprintf(ret_path, path_bytes, "%s/gate.json", argument);
	return stat(ret_path, &status) == 0;
}
