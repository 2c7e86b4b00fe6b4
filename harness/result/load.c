/* load.c - a result from a file, believed only after a look at all of it.
 *
 * The file may be old, edited by hand, cut off or somebody else's altogether.
 * Whatever it holds, the outcome is a whole struct result or one line that
 * says which value is wrong; base/json_read.h has the tools. Rounds are read by
 * load_rounds.c.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/json_read.h"
#include "machine/env.h"
#include "result/crash.h"
#include "result/load.h"
#include "result/result.h"

bool load_dense(struct json_reader *reader, const json_t *figures,
	struct hist *ret_hist)
{
	uint64_t max = read_count(reader, figures, "max", 0, HIST_MAX_NS, true);
	const json_t *text = json_object_get(figures, "histogram");

	if (reader->failed)
		return false;
	if (!json_is_string(text) ||
		hist_decode(json_string_value(text), ret_hist)) {
		read_complain(reader, "histogram",
			"expected a histogram (HdrHistogram V2, 1 ns to 60 s, "
			"3 digits, base64)");
		return false;
	}
	/* The text knows the last bucket only, "max" the value. */
	if (max >= hist_percentile(ret_hist, 100) / 1024 * 1023 &&
		max < ret_hist->max_ns)
		ret_hist->max_ns = max;
	return true;
}

/* The histogram within @figures. Added to an empty one it takes memory only
 * where there is something; a result may have thousands. */
static struct hist *load_hist(struct json_reader *reader, const json_t *figures)
{
	struct hist *dense = malloc(sizeof(*dense));
	struct hist *hist = hist_create();

	if (!dense || !hist)
		read_complain(reader, NULL, "out of memory");
	else if (load_dense(reader, figures, dense)) {
		hist_add(hist, dense);
		free(dense);
		return hist;
	}
	free(dense);
	free(hist);
	return NULL;
}

static void load_placement(struct json_reader *reader, const json_t *json,
	struct bench_case *bench)
{
	size_t mark, inner;
	json_t *placement =
		read_enter(reader, json, "placement", JSON_OBJECT, true, &mark);
	json_t *obtained = NULL;

	for (size_t i = 0; i < CASE_MAX_WORKERS; i++)
		bench->cpus[i] = CASE_CPU_ANY;
	if (!placement)
		goto out;
	read_text(reader, placement, "requested", bench->placement,
		sizeof(bench->placement), true);
	obtained = read_enter(
		reader, placement, "obtained", JSON_ARRAY, false, &inner);
	if (json_array_size(obtained) > CASE_MAX_WORKERS)
		read_complain(reader, NULL, "more than %d CPUs",
			(int)CASE_MAX_WORKERS);
	for (size_t i = 0; !reader->failed && i < json_array_size(obtained);
		i++) {
		if (!json_is_null(json_array_get(obtained, i)))
			bench->cpus[i] = (int)read_count_at(
				reader, obtained, i, INT32_MAX);
	}
	read_leave(reader, inner);
	read_text(reader, placement, "distance", bench->distance,
		sizeof(bench->distance), false);
out:
	read_leave(reader, mark);
}

static uint64_t load_nodes(
	struct json_reader *reader, const json_t *json, const char *key)
{
	uint64_t nodes = 0;
	size_t mark;
	json_t *list = read_enter(reader, json, key, JSON_ARRAY, false, &mark);

	for (size_t i = 0; !reader->failed && i < json_array_size(list); i++)
		nodes |= UINT64_C(1) << read_count_at(reader, list, i, 63);
	read_leave(reader, mark);
	return nodes;
}

/* Results from before there was a choice do not have it. */
static void load_memory(
	struct json_reader *reader, const json_t *json, struct result_case *one)
{
	size_t mark;
	json_t *memory =
		read_enter(reader, json, "memory", JSON_OBJECT, false, &mark);

	if (memory) {
		one->bench.memory = read_word(
			reader, memory, "requested", memory_place_from);
		one->bench.memory_nodes = load_nodes(reader, memory, "nodes");
		one->outcome.memory_found =
			load_nodes(reader, memory, "obtained");
	}
	read_leave(reader, mark);
}

/* Results from before these could be chosen have what was usual. */
static void load_wishes(
	struct json_reader *reader, const json_t *json, struct result_case *one)
{
	const json_t *spin = json_object_get(json, "spin");
	const char *word = json_string_value(spin);
	size_t mark;
	json_t *huge =
		read_enter(reader, json, "huge", JSON_OBJECT, false, &mark);

	if (huge) {
		one->bench.huge =
			read_word(reader, huge, "requested", huge_pages_from);
		one->outcome.huge_known = json_is_integer(
			json_object_get(huge, "obtained_bytes"));
		one->outcome.huge_bytes = read_count(
			reader, huge, "obtained_bytes", 0, UINT64_MAX, false);
	}
	read_leave(reader, mark);
	if (spin && (!word || spin_from(word, &one->bench.spin_us)))
		read_complain(reader, "spin",
			"expected \"auto\", \"off\", \"always\" or a time");
}

static void load_bench(struct json_reader *reader, const json_t *json,
	struct bench_case *bench)
{
	read_text(reader, json, "id", bench->id, sizeof(bench->id), true);
	read_text(reader, json, "section", bench->section,
		sizeof(bench->section), true);
	read_text(reader, json, "transport", bench->transport,
		sizeof(bench->transport), true);
	bench->mode = read_word(reader, json, "mode", case_mode_from);
	bench->wait = read_word(reader, json, "wait", wait_mode_from);
	/* Results from before there was a choice have only copied. */
	if (json_object_get(json, "access"))
		bench->access =
			read_word(reader, json, "access", access_mode_from);
	bench->msg_size_bytes =
		read_count(reader, json, "msg_size_bytes", 0, UINT64_MAX, true);
	bench->batch = (unsigned)read_count(
		reader, json, "batch", 1, UINT32_MAX, true);
	bench->producers = (unsigned)read_count(
		reader, json, "producers", 0, CASE_MAX_WORKERS, true);
	bench->consumers = (unsigned)read_count(
		reader, json, "consumers", 0, CASE_MAX_WORKERS, true);
	bench->capacity_bytes = read_count(
		reader, json, "capacity_bytes", 0, UINT64_MAX, false);
	bench->warmup_ns =
		read_count(reader, json, "warmup_ns", 0, UINT64_MAX, false);
	bench->slice_ns =
		read_count(reader, json, "slice_ns", 0, UINT64_MAX, false);
	bench->rounds = (unsigned)read_count(
		reader, json, "rounds_planned", 0, UINT32_MAX, false);
	bench->count = read_count(reader, json, "count", 0, UINT64_MAX, false);
	bench->until_percent = (unsigned)read_count(
		reader, json, "until_percent", 0, UINT32_MAX, false);
	if (!reader->failed &&
		bench->producers + bench->consumers > CASE_MAX_WORKERS)
		read_complain(reader, "consumers",
			"more than %d workers together with the producers",
			(int)CASE_MAX_WORKERS);
	load_placement(reader, json, bench);
}

static void load_verify(
	struct json_reader *reader, const json_t *json, struct result_case *one)
{
	struct verify_totals *verify = &one->outcome.verify;
	const struct {
		const char *key;
		uint64_t *at;
	} totals[] = {
		{"sent", &verify->sent},
		{"received", &verify->received},
		{"lost", &verify->lost},
		{"duplicated", &verify->duplicated},
		{"reordered", &verify->reordered},
		{"corrupted", &verify->corrupted},
	};
	size_t mark;
	json_t *object =
		read_enter(reader, json, "verify", JSON_OBJECT, true, &mark);

	if (object)
		one->bench.verify =
			read_word(reader, object, "mode", verify_mode_from);
	for (size_t i = 0; object && i < sizeof(totals) / sizeof(*totals); i++)
		*totals[i].at = read_count(
			reader, object, totals[i].key, 0, UINT64_MAX, false);
	read_leave(reader, mark);
}

static void load_victims(struct json_reader *reader, const json_t *crash,
	struct bench_case *bench)
{
	size_t mark;
	json_t *victims =
		read_enter(reader, crash, "victims", JSON_ARRAY, false, &mark);

	for (size_t i = 0; i < json_array_size(victims); i++) {
		const char *word =
			json_string_value(json_array_get(victims, i));
		int victim = word ? victim_from(word) : -1;

		if (victim >= 0)
			bench->kill_victim[victim] = true;
		else
			read_complain(reader, NULL,
				"expected \"producer\" and \"consumer\"");
	}
	read_leave(reader, mark);
}

static void load_crash(
	struct json_reader *reader, const json_t *json, struct result_case *one)
{
	struct crash_figures *crash = &one->outcome.crash;
	size_t mark, inner;
	json_t *recovery;
	json_t *object = read_enter(reader, json, "crash", JSON_OBJECT,
		one->bench.mode == MODE_CRASH, &mark);

	if (!object)
		goto out;
	crash->kills = (unsigned)read_count(
		reader, object, "kills", 0, UINT32_MAX, false);
	crash->lock_held = (unsigned)read_count(
		reader, object, "lock_held", 0, crash->kills, false);
	crash->recovered = (unsigned)read_count(
		reader, object, "recovered", 0, crash->kills, false);
	one->survives_kill = read_bool(reader, object, "survives_claimed");
	one->bench.kills = (unsigned)read_count(
		reader, object, "kills_per_victim", 0, UINT32_MAX, false);
	one->bench.recover_within_ns = read_count(
		reader, object, "recover_within_ns", 0, UINT64_MAX, false);
	load_victims(reader, object, &one->bench);
	recovery = read_enter(
		reader, object, "recovery_ns", JSON_OBJECT, false, &inner);
	if (recovery)
		crash->recovery = load_hist(reader, recovery);
	read_leave(reader, inner);
	result_crash_load(reader, object, one, load_hist);
out:
	read_leave(reader, mark);
}

static void load_rtt(
	struct json_reader *reader, const json_t *json, struct result_case *one)
{
	size_t mark;
	json_t *object =
		read_enter(reader, json, "rtt_ns", JSON_OBJECT, false, &mark);

	if (object)
		one->outcome.rtt = load_hist(reader, object);
	read_leave(reader, mark);
}

/* A rate as a scenario has it: a number, or text such as "50%". */
static void load_rate(struct json_reader *reader, const json_t *json,
	struct bench_case *bench)
{
	const json_t *rate = json_object_get(json, "rate");
	const char *text = json_string_value(rate);
	char *end = NULL;
	unsigned long percent;

	if (!text) {
		bench->rate = read_count(
			reader, json, "rate", 1, RATE_SHARE - 1, true);
		return;
	}
	percent = strtoul(text, &end, 10);
	if (text[0] < '1' || text[0] > '9' || strcmp(end, "%") != 0 ||
		percent > 1000)
		read_complain(reader, "rate",
			"expected messages a second, or a share such as "
			"\"50%%\"");
	bench->rate = RATE_SHARE | percent;
}

static void load_mix(
	struct json_reader *reader, const json_t *json, struct size_mix *mix)
{
	size_t mark;
	json_t *sizes =
		read_enter(reader, json, "msg_sizes", JSON_ARRAY, false, &mark);

	if (json_array_size(sizes) > CASE_MAX_SIZES)
		read_complain(reader, NULL, "more than %d sizes",
			(int)CASE_MAX_SIZES);
	for (size_t i = 0; !reader->failed && i < json_array_size(sizes); i++) {
		size_t inner;
		json_t *size = read_enter_at(reader, sizes, i, &inner);

		mix->bytes[i] = read_count(
			reader, size, "bytes", 0, UINT64_MAX, size != NULL);
		mix->percent[i] = (unsigned)read_count(
			reader, size, "percent", 1, 100, size != NULL);
		mix->count++;
		read_leave(reader, inner);
	}
	read_leave(reader, mark);
}

/* The histogram @key of @object into @into, which is empty. */
static void load_times(struct json_reader *reader, const json_t *object,
	const char *key, struct hist *into)
{
	size_t mark;
	json_t *times =
		read_enter(reader, object, key, JSON_OBJECT, false, &mark);
	struct hist *hist = times ? load_hist(reader, times) : NULL;

	if (hist)
		hist_add(into, hist);
	free(hist);
	read_leave(reader, mark);
}

static void load_latency(struct json_reader *reader, const json_t *object,
	struct outcome *outcome)
{
	struct latency *latency = latency_create();

	if (!latency) {
		read_complain(reader, NULL, "out of memory");
		return;
	}
	outcome->latency = latency;
	latency->due = read_count(reader, object, "due", 0, UINT64_MAX, false);
	latency->backlog =
		read_count(reader, object, "backlog", 0, latency->due, false);
	latency->unsent = read_count(
		reader, object, "unsent", 0, latency->backlog, false);
	latency->dropped =
		read_count(reader, object, "dropped", 0, latency->due, false);
	load_times(reader, object, "latency_ns", &latency->intended);
	load_times(reader, object, "latency_from_send_ns", &latency->actual);
	load_times(reader, object, "lag_ns", &latency->lag);
}

static void load_open(
	struct json_reader *reader, const json_t *json, struct result_case *one)
{
	struct bench_case *bench = &one->bench;
	struct outcome *outcome = &one->outcome;
	bool open = bench->mode == MODE_OPEN;
	double per_s;
	size_t mark;
	json_t *object =
		read_enter(reader, json, "open", JSON_OBJECT, open, &mark);

	if (!object || !open)
		goto out;
	bench->arrival = read_word(reader, object, "arrival", arrival_from);
	bench->burst = (unsigned)read_count(
		reader, object, "burst", 1, UINT32_MAX, true);
	bench->work_ns =
		read_count(reader, object, "work_ns", 0, UINT64_MAX, false);
	/* Results from before there was a choice have dropped nothing. */
	if (json_object_get(object, "late"))
		bench->late = read_word(reader, object, "late", late_mode_from);
	load_mix(reader, object, &bench->mix);
	per_s = read_figure(reader, object, "offered_per_s");
	outcome->offered_per_s = isnan(per_s) ? 0 : per_s;
	per_s = read_figure(reader, object, "saturation_per_s");
	outcome->saturation_per_s = isnan(per_s) ? 0 : per_s;
	load_latency(reader, object, outcome);
out:
	read_leave(reader, mark);
	if (open)
		load_rate(reader, json, bench);
}

static void load_usage_per_msg(struct json_reader *reader, const json_t *json,
	double per_msg[USAGE_KINDS])
{
	size_t mark;
	json_t *object = read_enter(
		reader, json, "usage_per_msg", JSON_OBJECT, false, &mark);

	for (int i = 0; i < USAGE_KINDS; i++)
		per_msg[i] = read_figure(reader, object, usage_name(i));
	read_leave(reader, mark);
}

/* @key of @object, an interval; NaN without one. */
static struct interval load_interval(
	struct json_reader *reader, const json_t *object, const char *key)
{
	struct interval interval = {NAN, NAN, NAN, 0};
	size_t mark;
	json_t *found =
		read_enter(reader, object, key, JSON_OBJECT, false, &mark);

	if (found) {
		interval.median = read_figure(reader, found, "median");
		interval.lo = read_figure(reader, found, "lo");
		interval.hi = read_figure(reader, found, "hi");
		interval.level = read_figure(reader, found, "level");
		if (!reader->failed &&
			(isnan(interval.median) ||
				!(interval.lo <= interval.median) ||
				!(interval.median <= interval.hi)))
			read_complain(
				reader, NULL, "expected lo <= median <= hi");
	}
	read_leave(reader, mark);
	return interval;
}

static void load_throughput(
	struct json_reader *reader, const json_t *json, struct interval *rate)
{
	size_t mark;
	json_t *object = read_enter(
		reader, json, "throughput", JSON_OBJECT, false, &mark);

	if (object && !json_object_get(object, "msgs_per_s"))
		read_complain(reader, "msgs_per_s", "it is missing");
	*rate = load_interval(reader, object, "msgs_per_s");
	read_leave(reader, mark);
}

static void load_case(
	struct json_reader *reader, const json_t *json, struct result_case *one)
{
	load_bench(reader, json, &one->bench);
	load_memory(reader, json, one);
	load_wishes(reader, json, one);
	one->outcome.status =
		read_word(reader, json, "status", case_status_from);
	read_text(reader, json, "reason", one->outcome.reason,
		sizeof(one->outcome.reason), false);
	one->bench.skip = one->outcome.status == STATUS_SKIP;
	if (one->bench.skip)
		memcpy(one->bench.reason, one->outcome.reason,
			sizeof(one->bench.reason));
	one->limit = read_bool(reader, json, "limit");
	load_throughput(reader, json, &one->msgs_per_s);
	load_rtt(reader, json, one);
	load_verify(reader, json, one);
	load_crash(reader, json, one);
	load_open(reader, json, one);
	one->p50_ns = load_interval(reader, json, "p50_ns");
	load_usage_per_msg(reader, json, one->usage_per_msg);
	one->cpu_ns_per_msg = read_figure(reader, json, "cpu_ns_per_msg");
	load_rounds(reader, json, one->bench.mode == MODE_OPEN, &one->outcome);
}

static void load_cases(
	struct json_reader *reader, const json_t *json, struct result *result)
{
	size_t mark;
	json_t *array =
		read_enter(reader, json, "cases", JSON_ARRAY, true, &mark);
	size_t count = json_array_size(array);

	if (count > 0)
		result->cases = calloc(count, sizeof(*result->cases));
	if (result->cases)
		result->case_count = count;
	else if (count > 0)
		read_complain(reader, NULL, "out of memory");
	for (size_t i = 0; i < result->case_count && !reader->failed; i++) {
		size_t inner;
		json_t *one = read_enter_at(reader, array, i, &inner);

		if (one)
			load_case(reader, one, &result->cases[i]);
		read_leave(reader, inner);
	}
	read_leave(reader, mark);
}

static void load_environment(
	struct json_reader *reader, const json_t *json, struct result *result)
{
	size_t mark;
	json_t *facts = read_enter(
		reader, json, "environment", JSON_OBJECT, true, &mark);

	result->environment = calloc(1, sizeof(*result->environment));
	if (!result->environment)
		read_complain(reader, NULL, "out of memory");
	else
		result->environment->facts = json_incref(facts);
	read_leave(reader, mark);
}

static void load_harness(
	struct json_reader *reader, const json_t *json, struct result *result)
{
	size_t mark;
	json_t *harness =
		read_enter(reader, json, "harness", JSON_OBJECT, false, &mark);

	result->overhead.closed_ns =
		read_figure(reader, harness, "closed_ns_per_msg");
	result->overhead.closed_lo_ns =
		read_figure(reader, harness, "closed_lo_ns_per_msg");
	result->overhead.closed_hi_ns =
		read_figure(reader, harness, "closed_hi_ns_per_msg");
	result->overhead.open_ns =
		read_figure(reader, harness, "open_ns_per_msg");
	read_leave(reader, mark);
	read_text(reader, json, "counters_refused", result->counters_refused,
		sizeof(result->counters_refused), false);
}

static void count_disturbed(struct result *result)
{
	struct disturbed_seen *seen = &result->disturbed;

	for (size_t i = 0; i < result->case_count; i++) {
		const struct outcome *outcome = &result->cases[i].outcome;

		for (size_t r = 0; r < outcome->round_count; r++) {
			const struct round_figures *round = &outcome->rounds[r];

			seen->slices++;
			seen->steal += round->steal_ns > 0;
			seen->moves += round->moves > 0;
			seen->any += result_disturbed(round);
		}
	}
}

static void load_all(
	struct json_reader *reader, const json_t *json, struct result *result)
{
	char schema[64];

	if (!json_is_object(json)) {
		read_complain(reader, NULL,
			"expected a result of ipcmark, found a list");
		return;
	}
	read_text(reader, json, "schema", schema, sizeof(schema), true);
	if (!reader->failed && strcmp(schema, RESULT_SCHEMA) != 0)
		read_complain(reader, "schema",
			"this version reads \"%s\", found \"%s\"; use the "
			"ipcmark that wrote the file",
			RESULT_SCHEMA, schema);
	result->seed = read_count(reader, json, "seed", 0, UINT64_MAX, true);
	result->started_unix_ns = read_count(
		reader, json, "started_unix_ns", 0, UINT64_MAX, false);
	result->interrupted = read_bool(reader, json, "interrupted");
	load_harness(reader, json, result);
	load_environment(reader, json, result);
	load_cases(reader, json, result);
	count_disturbed(result);
}

/* The file's JSON; NULL after a complaint, @ret_err says what kind. */
static json_t *parse_file(const char *path, int *ret_err)
{
	FILE *file = fopen(path, "re");
	json_error_t error;
	json_t *json;

	if (!file) {
		*ret_err = -errno;
		diag_error("cannot read %s: %s; give the result.json of a run",
			path, strerror(errno));
		return NULL;
	}
	json = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (!json) {
		*ret_err = -EBADMSG;
		diag_at(path, error.line > 0 ? error.line : 0,
			"not a result of ipcmark: %s", error.text);
	}
	fclose(file);
	return json;
}

int result_load(const char *path, struct result *ret_result)
{
	struct json_reader reader = {.file = path};
	struct result result = {0};
	int err = 0;
	json_t *json = parse_file(path, &err);

	if (!json)
		return err;
	result.path = strdup(path);
	if (result.path)
		load_all(&reader, json, &result);
	if (!result.path)
		err = -ENOMEM;
	else if (reader.failed)
		err = -EBADMSG;
	json_decref(json);
	if (err) {
		result_free(&result);
		return err;
	}
	*ret_result = result;
	return 0;
}
