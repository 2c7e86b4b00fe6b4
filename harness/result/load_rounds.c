/* load_rounds.c - the rounds of a case from a file.
 *
 * A round's histogram stays the text that it is in the file: it is needed once
 * in a while only, and dense it would take fifty times as much. It is decoded
 * here all the same, and thrown away: what is kept can be decoded.
 */
#include <stdlib.h>
#include <string.h>

#include "result/load.h"
#include "result/result.h"

/* Results from before there was such a list have none. */
static void load_usage(
	struct json_reader *reader, const json_t *json, struct usage *usage)
{
	size_t mark;
	json_t *object =
		read_enter(reader, json, "usage", JSON_OBJECT, false, &mark);

	*usage = usage_unknown();
	for (int i = 0; object && i < USAGE_KINDS; i++) {
		const json_t *known = json_object_get(object, usage_name(i));

		if (known && !json_is_null(known))
			usage->counts[i] = read_count(reader, object,
				usage_name(i), 0, UINT64_MAX, true);
	}
	read_leave(reader, mark);
}

/* Results from before rounds had times of their own have none. */
static void load_times(struct json_reader *reader, const json_t *json,
	const char *key, struct hist *scratch, struct round_hist *times)
{
	size_t mark;
	json_t *object =
		read_enter(reader, json, key, JSON_OBJECT, false, &mark);

	if (object && load_dense(reader, object, scratch) &&
		scratch->total > 0) {
		times->text = strdup(json_string_value(
			json_object_get(object, "histogram")));
		times->total = scratch->total;
		times->max_ns = scratch->max_ns;
		if (!times->text)
			read_complain(reader, NULL, "out of memory");
	}
	read_leave(reader, mark);
}

static void load_all_times(struct json_reader *reader, const json_t *json,
	bool open, struct hist *scratch, struct round_figures *round)
{
	struct round_hist *times = round->times;

	if (!open) {
		load_times(
			reader, json, "rtt_ns", scratch, &times[ROUND_TIMES]);
		return;
	}
	load_times(reader, json, "latency_ns", scratch, &times[ROUND_TIMES]);
	load_times(reader, json, "latency_from_send_ns", scratch,
		&times[ROUND_FROM_SEND]);
	load_times(reader, json, "lag_ns", scratch, &times[ROUND_LAG]);
}

static void load_round(struct json_reader *reader, const json_t *json,
	struct round_figures *round)
{
	size_t mark;
	json_t *distance;

	round->round = (unsigned)read_count(
		reader, json, "round", 0, UINT32_MAX, true);
	round->order = (unsigned)read_count(
		reader, json, "order", 0, UINT32_MAX, true);
	round->msgs = read_count(reader, json, "msgs", 0, UINT64_MAX, true);
	round->elapsed_ns =
		read_count(reader, json, "elapsed_ns", 0, UINT64_MAX, true);
	round->start_ns =
		read_count(reader, json, "start_ns", 0, UINT64_MAX, false);
	round->cpu_ns =
		read_count(reader, json, "cpu_ns", 0, UINT64_MAX, false);
	round->steal_ns =
		read_count(reader, json, "steal_ns", 0, UINT64_MAX, false);
	round->delay_ns =
		read_count(reader, json, "run_delay_ns", 0, UINT64_MAX, false);
	round->moves = read_count(reader, json, "moves", 0, UINT64_MAX, false);
	distance = read_enter(
		reader, json, "distance_ns", JSON_ARRAY, false, &mark);
	if (distance && json_array_size(distance) != 2)
		read_complain(reader, NULL,
			"expected two values, before and after the slice");
	if (distance && !reader->failed) {
		round->distance_before_ns =
			read_count_at(reader, distance, 0, UINT64_MAX);
		round->distance_after_ns =
			read_count_at(reader, distance, 1, UINT64_MAX);
	}
	read_leave(reader, mark);
	round->p50_ns =
		read_count(reader, json, "p50_ns", 0, UINT64_MAX, false);
	round->due = read_count(reader, json, "due", 0, UINT64_MAX, false);
	round->backlog =
		read_count(reader, json, "backlog", 0, UINT64_MAX, false);
	load_usage(reader, json, &round->usage);
}

void load_rounds(struct json_reader *reader, const json_t *json, bool open,
	struct outcome *outcome)
{
	size_t mark;
	json_t *array =
		read_enter(reader, json, "rounds", JSON_ARRAY, true, &mark);
	size_t count = json_array_size(array);
	struct hist *scratch = malloc(sizeof(*scratch));

	if (count > 0)
		outcome->rounds = calloc(count, sizeof(*outcome->rounds));
	if (outcome->rounds && scratch)
		outcome->round_count = count;
	else if (count > 0)
		read_complain(reader, NULL, "out of memory");
	for (size_t i = 0; i < outcome->round_count; i++) {
		size_t inner;
		json_t *round = read_enter_at(reader, array, i, &inner);

		if (round) {
			load_round(reader, round, &outcome->rounds[i]);
			load_all_times(reader, round, open, scratch,
				&outcome->rounds[i]);
		}
		read_leave(reader, inner);
	}
	free(scratch);
	read_leave(reader, mark);
}
