/* crash.c - how a case was struck, and what it was like around a kill, as
 * JSON and back.
 *
 * Bins that no kill tells of are null. */
#include "result/crash.h"

#include <stdlib.h>

#include "base/json_read.h"
#include "result/result.h"

static json_t *bins_json(const uint32_t bins[AROUND_BINS])
{
	json_t *array = json_array();

	for (int i = 0; array && i < AROUND_BINS; i++)
		json_array_append_new(
			array, bins[i] == AROUND_UNKNOWN
				       ? json_null()
				       : json_integer((json_int_t)bins[i]));
	return array;
}

static json_t *around_json(const struct crash_around *around)
{
	if (!around)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:I}",
		"kills", (json_int_t)around->kills, "bin_ns",
		(json_int_t)AROUND_BIN_NS, "before_bins",
		(json_int_t)AROUND_BEFORE, "mean", bins_json(around->mean),
		"median", bins_json(around->median), "low",
		bins_json(around->low), "high", bins_json(around->high),
		"pauses_before", (json_int_t)around->pauses_before, "pauses",
		(json_int_t)around->pauses, "longest_pause_ns",
		(json_int_t)around->longest_pause_ns);
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

/* Each verdict by its name, so that results stay readable when there are more. */
static json_t *steps_json(const struct crash_steps *steps)
{
	json_t *verdicts;

	if (!steps)
		return json_null();
	verdicts = json_object();
	for (int v = 0; v < VERDICTS; v++)
		json_object_set_new(verdicts, verdict_name((enum verdict)v),
			json_integer((json_int_t)steps->verdicts[v]));
	return json_pack("{s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:b, s:o, s:o, s:o}",
		"trials", (json_int_t)steps->trials, "struck",
		(json_int_t)steps->struck, "missed", (json_int_t)steps->missed,
		"verdicts", verdicts, "duration_ns",
		(json_int_t)steps->duration_ns, "cpus", (json_int_t)steps->cpus,
		"rows", (json_int_t)steps->rows, "rows_ended",
		(json_int_t)steps->rows_ended, "instructions",
		(json_int_t)steps->instructions, "instructions_struck",
		(json_int_t)steps->instructions_struck, "incomplete",
		steps->incomplete, "first", text_or_null(steps->first), "where",
		text_or_null(steps->where), "command",
		text_or_null(steps->command));
}

void result_crash_add(json_t *crash, const struct result_case *one,
	json_t *(*times)(const struct hist *hist))
{
	const struct bench_case *bench = &one->bench;
	const struct crash_figures *figures = &one->outcome.crash;
	bool random = bench->kill_at == KILL_AT_RANDOM;
	json_t *faults = random ? json_array() : json_null();
	json_t *roles = json_object();

	for (int i = 0; random && i < 2; i++)
		if (bench->faults[i])
			json_array_append_new(
				faults, json_string(fault_kind_name(i)));
	for (int i = 0; i < 2; i++)
		json_object_set_new(roles, victim_name(i),
			json_pack("{s:o, s:o}", "recovery_ns",
				times(figures->recovery_of[i]), "around",
				around_json(figures->around[i])));
	json_object_set_new(
		crash, "kill_at", json_string(kill_at_name(bench->kill_at)));
	json_object_set_new(crash, "faults", faults);
	json_object_set_new(crash, "soak_ns",
		random && bench->soak_ns
			? json_integer((json_int_t)bench->soak_ns)
			: json_null());
	json_object_set_new(crash, "holder_memory_bytes",
		json_integer((json_int_t)bench->holder_memory_bytes));
	json_object_set_new(
		crash, "stops", json_integer((json_int_t)figures->stops));
	json_object_set_new(crash, "roles", roles);
	json_object_set_new(crash, "steps", steps_json(figures->steps));
}

static void load_bins(struct json_reader *reader, const json_t *around,
	const char *key, uint32_t bins[AROUND_BINS])
{
	size_t mark;
	json_t *array =
		read_enter(reader, around, key, JSON_ARRAY, true, &mark);

	if (array && json_array_size(array) != AROUND_BINS)
		read_complain(
			reader, NULL, "expected %d bins", (int)AROUND_BINS);
	for (size_t i = 0; array && !reader->failed && i < AROUND_BINS; i++)
		bins[i] = json_is_null(json_array_get(array, i))
				  ? AROUND_UNKNOWN
				  : (uint32_t)read_count_at(reader, array, i,
					    AROUND_UNKNOWN - 1);
	read_leave(reader, mark);
}

static struct crash_around *load_around(
	struct json_reader *reader, const json_t *role)
{
	struct crash_around *around = NULL;
	size_t mark;
	json_t *object =
		read_enter(reader, role, "around", JSON_OBJECT, false, &mark);

	if (!object)
		goto out;
	around = calloc(1, sizeof(*around));
	if (!around) {
		read_complain(reader, NULL, "out of memory");
		goto out;
	}
	read_count(
		reader, object, "bin_ns", AROUND_BIN_NS, AROUND_BIN_NS, true);
	read_count(reader, object, "before_bins", AROUND_BEFORE, AROUND_BEFORE,
		true);
	around->kills = (unsigned)read_count(
		reader, object, "kills", 0, UINT32_MAX, true);
	around->pauses_before = (unsigned)read_count(
		reader, object, "pauses_before", 0, UINT32_MAX, true);
	around->pauses = (unsigned)read_count(
		reader, object, "pauses", 0, UINT32_MAX, true);
	around->longest_pause_ns = read_count(
		reader, object, "longest_pause_ns", 0, UINT64_MAX, true);
	load_bins(reader, object, "mean", around->mean);
	load_bins(reader, object, "median", around->median);
	load_bins(reader, object, "low", around->low);
	load_bins(reader, object, "high", around->high);
out:
	read_leave(reader, mark);
	return around;
}

static void load_faults(struct json_reader *reader, const json_t *crash,
	struct bench_case *bench)
{
	size_t mark;
	json_t *faults =
		read_enter(reader, crash, "faults", JSON_ARRAY, false, &mark);

	for (size_t i = 0; i < json_array_size(faults); i++) {
		const char *word = json_string_value(json_array_get(faults, i));
		int fault = word ? fault_kind_from(word) : -1;

		if (fault >= 0)
			bench->faults[fault] = true;
		else
			read_complain(
				reader, NULL, "expected \"kill\" and \"stop\"");
	}
	read_leave(reader, mark);
}

static struct crash_steps *load_steps(
	struct json_reader *reader, const json_t *crash)
{
	struct crash_steps *steps = NULL;
	size_t mark, inner;
	json_t *verdicts, *object = read_enter(reader, crash, "steps",
				  JSON_OBJECT, false, &mark);

	if (!object)
		goto out;
	steps = calloc(1, sizeof(*steps));
	if (!steps) {
		read_complain(reader, NULL, "out of memory");
		goto out;
	}
	steps->trials =
		read_count(reader, object, "trials", 0, UINT64_MAX, true);
	steps->struck =
		read_count(reader, object, "struck", 0, UINT64_MAX, true);
	steps->missed =
		read_count(reader, object, "missed", 0, UINT64_MAX, true);
	steps->duration_ns =
		read_count(reader, object, "duration_ns", 0, UINT64_MAX, true);
	steps->cpus = (unsigned)read_count(
		reader, object, "cpus", 1, UINT32_MAX, true);
	steps->rows = (unsigned)read_count(
		reader, object, "rows", 0, UINT32_MAX, true);
	steps->rows_ended = (unsigned)read_count(
		reader, object, "rows_ended", 0, UINT32_MAX, true);
	steps->instructions =
		read_count(reader, object, "instructions", 0, UINT64_MAX, true);
	steps->instructions_struck = read_count(
		reader, object, "instructions_struck", 0, UINT64_MAX, true);
	steps->incomplete = read_bool(reader, object, "incomplete");
	read_text(reader, object, "first", steps->first, sizeof(steps->first),
		false);
	read_text(reader, object, "where", steps->where, sizeof(steps->where),
		false);
	read_text(reader, object, "command", steps->command,
		sizeof(steps->command), false);
	verdicts = read_enter(
		reader, object, "verdicts", JSON_OBJECT, true, &inner);
	for (int v = 0; verdicts && v < VERDICTS; v++)
		steps->verdicts[v] = read_count(reader, verdicts,
			verdict_name((enum verdict)v), 0, UINT64_MAX, false);
	read_leave(reader, inner);
out:
	read_leave(reader, mark);
	return steps;
}

void result_crash_load(struct json_reader *reader, const json_t *crash,
	struct result_case *one,
	struct hist *(*times)(struct json_reader *reader, const json_t *object))
{
	struct crash_figures *figures = &one->outcome.crash;
	struct bench_case *bench = &one->bench;
	size_t mark, inner, innermost;
	json_t *roles, *role, *recovery;

	if (json_object_get(crash, "kill_at"))
		bench->kill_at =
			read_word(reader, crash, "kill_at", kill_at_from);
	load_faults(reader, crash, bench);
	bench->soak_ns =
		read_count(reader, crash, "soak_ns", 0, UINT64_MAX, false);
	bench->holder_memory_bytes = read_count(
		reader, crash, "holder_memory_bytes", 0, UINT64_MAX, false);
	figures->stops = (unsigned)read_count(
		reader, crash, "stops", 0, UINT32_MAX, false);
	figures->steps = load_steps(reader, crash);
	roles = read_enter(reader, crash, "roles", JSON_OBJECT, false, &mark);
	for (int i = 0; roles && i < 2; i++) {
		role = read_enter(reader, roles, victim_name(i), JSON_OBJECT,
			false, &inner);
		recovery = read_enter(reader, role, "recovery_ns", JSON_OBJECT,
			false, &innermost);
		if (recovery)
			figures->recovery_of[i] = times(reader, recovery);
		read_leave(reader, innermost);
		if (role)
			figures->around[i] = load_around(reader, role);
		read_leave(reader, inner);
	}
	read_leave(reader, mark);
}
