/* save.c - a run as JSON, written whole or not at all.
 *
 * The reader of the file, a person or a program, must never take the absence
 * of a figure for a figure: what was not measured is null, never 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "machine/env.h"
#include "plan/plan.h"
#include "result/crash.h"
#include "result/result.h"
#include "session/session.h"
#include "transport/transport.h"

static json_t *figure(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* A count. JSON numbers of this library are signed; what is beyond that, a
 * random seed say, is written as text. */
static json_t *count(uint64_t value)
{
	char text[32];

	if (value <= INT64_MAX)
		return json_integer((json_int_t)value);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_string(text);
}

/* A figure for which 0 means that it was not taken. */
static json_t *count_or_null(uint64_t value)
{
	return value ? count(value) : json_null();
}

/* Text; bytes beyond ASCII that are no UTF-8 become question marks. */
static json_t *text_or_null(const char *text)
{
	json_t *json;
	char *copy;

	if (!text || !text[0])
		return json_null();
	json = json_string(text);
	if (json)
		return json;
	copy = strdup(text);
	if (!copy)
		return NULL;
	for (char *at = copy; *at; at++) {
		if ((unsigned char)*at > 0x7f)
			*at = '?';
	}
	json = json_string(copy);
	free(copy);
	return json;
}

static json_t *histogram_text(const struct hist *hist)
{
	json_t *json;
	char *text;

	if (hist_encode(hist, &text))
		return NULL;
	json = json_string(text);
	free(text);
	return json;
}

static json_t *times_json(const struct hist *hist)
{
	if (!hist || hist->total == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "p50",
		count(hist_percentile(hist, 50)), "p90",
		count(hist_percentile(hist, 90)), "p99",
		count(hist_percentile(hist, 99)), "p999",
		count(hist_percentile(hist, 99.9)), "max", count(hist->max_ns),
		"count", count(hist->total), "histogram", histogram_text(hist));
}

static json_t *rtt_json(const struct result_case *one)
{
	if (one->outcome.status != STATUS_OK)
		return json_null();
	return times_json(one->outcome.rtt);
}

/* 200000, or "50%" of the saturation, as a scenario would have it. */
static json_t *rate_json(const struct bench_case *bench)
{
	char text[32];

	if (bench->mode != MODE_OPEN)
		return json_null();
	if (!(bench->rate & RATE_SHARE))
		return count(bench->rate);
	snprintf(
		text, sizeof(text), "%" PRIu64 "%%", bench->rate & ~RATE_SHARE);
	return json_string(text);
}

static json_t *mix_json(const struct size_mix *mix)
{
	json_t *sizes = json_array();

	if (mix->count == 0) {
		json_decref(sizes);
		return json_null();
	}
	for (unsigned i = 0; sizes && i < mix->count; i++)
		json_array_append_new(sizes,
			json_pack("{s:o, s:o}", "bytes", count(mix->bytes[i]),
				"percent", count(mix->percent[i])));
	return sizes;
}

/* An open loop's load and times. They are kept when the load was not reached,
 * too: the status says so. */
static json_t *open_json(const struct result_case *one)
{
	const struct bench_case *bench = &one->bench;
	const struct outcome *outcome = &one->outcome;
	const struct latency *latency = outcome->latency;
	bool known = latency && (outcome->status == STATUS_OK ||
					outcome->status == STATUS_UNREACHED);

	if (bench->mode != MODE_OPEN)
		return json_null();
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
			 " s:o, s:o, s:o, s:o}",
		"arrival", arrival_name(bench->arrival), "late",
		late_mode_name(bench->late), "burst", count(bench->burst),
		"work_ns", count(bench->work_ns), "msg_sizes",
		mix_json(&bench->mix), "offered_per_s",
		outcome->offered_per_s > 0 ? figure(outcome->offered_per_s)
					   : json_null(),
		"saturation_per_s",
		outcome->saturation_per_s > 0
			? figure(outcome->saturation_per_s)
			: json_null(),
		"due", known ? count(latency->due) : json_null(), "backlog",
		known ? count(latency->backlog) : json_null(), "unsent",
		known ? count(latency->unsent) : json_null(), "dropped",
		known ? count(latency->dropped) : json_null(), "latency_ns",
		times_json(known ? &latency->intended : NULL),
		"latency_from_send_ns",
		times_json(known ? &latency->actual : NULL), "lag_ns",
		times_json(known ? &latency->lag : NULL));
}

static json_t *recovery_json(const struct hist *recovery)
{
	if (!recovery || recovery->total == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "p50",
		count(hist_percentile(recovery, 50)), "p99",
		count(hist_percentile(recovery, 99)), "max",
		count(recovery->max_ns), "count", count(recovery->total),
		"histogram", histogram_text(recovery));
}

static json_t *victims_json(const struct bench_case *bench)
{
	json_t *victims = json_array();

	for (int i = 0; victims && i < 2; i++) {
		if (bench->kill_victim[i])
			json_array_append_new(
				victims, json_string(victim_name(i)));
	}
	return victims;
}

static json_t *crash_json(const struct result_case *one)
{
	const struct crash_figures *crash = &one->outcome.crash;
	const struct bench_case *bench = &one->bench;
	bool ran = one->outcome.status != STATUS_SKIP;
	json_t *json;

	if (bench->mode != MODE_CRASH)
		return json_null();
	json = json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "kills",
		ran ? count(crash->kills) : json_null(), "lock_held",
		ran ? count(crash->lock_held) : json_null(), "recovered",
		ran ? count(crash->recovered) : json_null(), "recovery_ns",
		recovery_json(ran ? crash->recovery : NULL), "survives_claimed",
		one->survives_kill, "kills_per_victim", count(bench->kills),
		"victims", victims_json(bench), "recover_within_ns",
		count_or_null(bench->recover_within_ns));
	if (json)
		result_crash_add(json, one, recovery_json);
	return json;
}

static json_t *verify_json(const struct result_case *one)
{
	const struct verify_totals *verify = &one->outcome.verify;
	const char *mode = verify_mode_name(one->bench.verify);

	if (one->outcome.status == STATUS_SKIP)
		return json_pack("{s:s, s:n, s:n, s:n, s:n, s:n, s:n}", "mode",
			mode, "sent", "received", "lost", "duplicated",
			"reordered", "corrupted");
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "mode", mode,
		"sent", count(verify->sent), "received",
		count(verify->received), "lost", count(verify->lost),
		"duplicated", count(verify->duplicated), "reordered",
		count(verify->reordered), "corrupted",
		count(verify->corrupted));
}

static json_t *interval_json(const struct interval *interval)
{
	if (isnan(interval->median))
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "median",
		figure(interval->median), "lo", figure(interval->lo), "hi",
		figure(interval->hi), "level", figure(interval->level));
}

static json_t *throughput_json(const struct interval *rate)
{
	if (isnan(rate->median))
		return json_null();
	return json_pack("{s:o}", "msgs_per_s", interval_json(rate));
}

/* Of one round, counted; of a case, medians a message. */
static json_t *usage_json(const struct usage *usage, const double *per_msg)
{
	json_t *json = json_object();

	for (int i = 0; json && i < USAGE_KINDS; i++)
		json_object_set_new(json, usage_name(i),
			per_msg ? figure(per_msg[i])
			: usage->counts[i] == USAGE_UNKNOWN
				? json_null()
				: count(usage->counts[i]));
	return json;
}

static json_t *placement_json(const struct bench_case *bench)
{
	size_t workers = bench->producers + bench->consumers;
	json_t *obtained = json_null();

	if (!bench->skip)
		obtained = json_array();
	for (size_t i = 0; !bench->skip && i < workers; i++)
		json_array_append_new(
			obtained, bench->cpus[i] == CASE_CPU_ANY
					  ? json_null()
					  : json_integer(bench->cpus[i]));
	return json_pack("{s:o, s:o, s:o}", "requested",
		text_or_null(bench->placement), "obtained", obtained,
		"distance", text_or_null(bench->distance));
}

/* A set of NUMA nodes as a list; null when it is empty: not known. */
static json_t *nodes_json(uint64_t nodes)
{
	json_t *list = nodes ? json_array() : json_null();

	for (int node = 0; nodes >> node; node++) {
		if (nodes >> node & 1)
			json_array_append_new(list, json_integer(node));
		if (node == 63)
			break;
	}
	return list;
}

static json_t *memory_json(const struct result_case *one)
{
	return json_pack("{s:s, s:o, s:o}", "requested",
		memory_place_name(one->bench.memory), "nodes",
		nodes_json(one->bench.memory_nodes), "obtained",
		nodes_json(one->outcome.memory_found));
}

static json_t *huge_json(const struct result_case *one)
{
	return json_pack("{s:s, s:o}", "requested",
		huge_pages_name(one->bench.huge), "obtained_bytes",
		one->outcome.huge_known ? count(one->outcome.huge_bytes)
					: json_null());
}

/* The times of a round are those of its case, percentiles left out: they follow.
 * False: no memory. */
static bool add_times(
	json_t *round, const char *key, const struct round_hist *times)
{
	json_t *json;

	if (!times->text)
		return true;
	json = json_pack("{s:o, s:o, s:s}", "max", count(times->max_ns),
		"count", count(times->total), "histogram", times->text);
	return json_object_set_new(round, key, json) == 0;
}

static json_t *round_json(const struct round_figures *round)
{
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:[o, o], s:o, s:o, s:o,"
		" s:o, s:o, s:o, s:o}",
		"round", count(round->round), "order", count(round->order),
		"start_ns", count_or_null(round->start_ns), "msgs",
		count(round->msgs), "elapsed_ns", count(round->elapsed_ns),
		"cpu_ns", count_or_null(round->cpu_ns), "distance_ns",
		count_or_null(round->distance_before_ns),
		count_or_null(round->distance_after_ns), "p50_ns",
		count_or_null(round->p50_ns), "due", count_or_null(round->due),
		"backlog", round->due ? count(round->backlog) : json_null(),
		"usage", usage_json(&round->usage, NULL), "steal_ns",
		count(round->steal_ns), "run_delay_ns", count(round->delay_ns),
		"moves", count(round->moves));
}

/* As for the whole case: what lost messages has no times. */
static bool add_all_times(
	json_t *json, const struct result_case *one, size_t index)
{
	const struct round_hist *times = one->outcome.rounds[index].times;
	bool open = one->bench.mode == MODE_OPEN;

	if (one->outcome.status != STATUS_OK &&
		!(open && one->outcome.status == STATUS_UNREACHED))
		return true;
	return add_times(json, open ? "latency_ns" : "rtt_ns",
		       &times[ROUND_TIMES]) &&
	       add_times(
		       json, "latency_from_send_ns", &times[ROUND_FROM_SEND]) &&
	       add_times(json, "lag_ns", &times[ROUND_LAG]);
}

static json_t *rounds_json(const struct result_case *one)
{
	const struct outcome *outcome = &one->outcome;
	json_t *rounds = json_array();

	for (size_t i = 0; rounds && i < outcome->round_count; i++) {
		json_t *json = round_json(&outcome->rounds[i]);
		bool whole = json && add_all_times(json, one, i);

		if (json_array_append_new(rounds, json) || !whole) {
			json_decref(rounds);
			return NULL;
		}
	}
	return rounds;
}

static json_t *case_json(const struct result_case *one)
{
	const struct bench_case *bench = &one->bench;
	const struct outcome *outcome = &one->outcome;
	const char *reason =
		outcome->reason[0] ? outcome->reason : bench->reason;
	char spin[SPIN_TEXT_BYTES];

	return json_pack(
		"{s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
		" s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
		" s:o, s:o,"
		" s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"id", text_or_null(bench->id), "section",
		text_or_null(bench->section), "transport",
		text_or_null(bench->transport), "limit", one->limit, "mode",
		case_mode_name(bench->mode), "msg_size_bytes",
		count(bench->msg_size_bytes), "batch", count(bench->batch),
		"producers", count(bench->producers), "consumers",
		count(bench->consumers), "capacity_bytes",
		count_or_null(bench->capacity_bytes), "placement",
		placement_json(bench), "memory", memory_json(one), "wait",
		wait_mode_name(bench->wait), "spin",
		spin_text(bench->spin_us, spin), "huge", huge_json(one),
		"access", access_mode_name(bench->access), "status",
		case_status_name(outcome->status), "reason",
		text_or_null(reason), "throughput",
		throughput_json(&one->msgs_per_s), "rtt_ns", rtt_json(one),
		"verify", verify_json(one), "crash", crash_json(one),
		"cpu_ns_per_msg", figure(one->cpu_ns_per_msg), "warmup_ns",
		count(bench->warmup_ns), "slice_ns", count(bench->slice_ns),
		"rounds_planned", count(bench->rounds), "rounds",
		rounds_json(one), "rate", rate_json(bench), "open",
		open_json(one), "p50_ns", interval_json(&one->p50_ns), "count",
		count_or_null(bench->count), "until_percent",
		count_or_null(bench->until_percent), "usage_per_msg",
		usage_json(NULL, one->usage_per_msg));
}

static json_t *cases_json(const struct plan *plan, const struct run *run)
{
	json_t *cases = json_array();

	for (size_t i = 0; cases && i < plan->case_count; i++) {
		struct result_case one = {.bench = plan->cases[i]};
		const struct transport *transport =
			transport_find(one.bench.transport);

		one.outcome.status = STATUS_SKIP;
		if (i < run->outcome_count)
			one.outcome = run->outcomes[i];
		if (transport) {
			one.limit = transport->caps & CAP_LIMIT;
			one.survives_kill = transport->caps & CAP_SURVIVES_KILL;
		}
		result_figures(&one);
		if (json_array_append_new(cases, case_json(&one))) {
			json_decref(cases);
			return NULL;
		}
	}
	return cases;
}

static json_t *started_json(uint64_t unix_ns)
{
	time_t seconds = (time_t)(unix_ns / 1000000000);
	char text[32];
	struct tm utc;

	if (unix_ns == 0 || !gmtime_r(&seconds, &utc) ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		return json_null();
	return json_string(text);
}

/* What the harness itself adds to a message of 64 bytes. */
static json_t *harness_json(const struct overhead *overhead)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "closed_ns_per_msg",
		figure(overhead->closed_ns), "closed_lo_ns_per_msg",
		figure(overhead->closed_lo_ns), "closed_hi_ns_per_msg",
		figure(overhead->closed_hi_ns), "open_ns_per_msg",
		figure(overhead->open_ns));
}

static json_t *result_json(const struct plan *plan, const struct run *run,
	const struct environment *environment)
{
	json_t *facts = environment && environment->facts
				? json_incref(environment->facts)
				: json_object();

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o,"
			 " s:o}",
		"schema", RESULT_SCHEMA, "started",
		started_json(run->started_unix_ns), "started_unix_ns",
		count_or_null(run->started_unix_ns), "elapsed_ns",
		count_or_null(run->elapsed_ns), "seed", count(plan->seed),
		"interrupted", run->interrupted, "harness",
		harness_json(&run->overhead), "counters_refused",
		text_or_null(run->counters_refused), "environment", facts,
		"scenario", text_or_null(plan->scenario_text), "cases",
		cases_json(plan, run));
}

/* Write @json to a new file @path and see it on the disk. */
static int write_json(const json_t *json, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	FILE *file;
	int err = 0;

	if (fd < 0)
		return -errno;
	file = fdopen(fd, "w");
	if (!file) {
		err = -errno;
		close(fd);
		return err;
	}
	errno = 0;
	if (json_dumpf(json, file, JSON_INDENT(1) | JSON_PRESERVE_ORDER) ||
		fputc('\n', file) == EOF || fflush(file) || fsync(fd))
		err = errno ? -errno : -EIO;
	if (fclose(file) && err == 0)
		err = errno ? -errno : -EIO;
	return err;
}

/* A temporary file beside the result is one more thing to be removed after a
 * kill, wherever the next run is started. */
static void note_temporary(const char *temporary)
{
	const char *slash = strrchr(temporary, '/');
	char *folder =
		slash ? strndup(temporary, (size_t)(slash - temporary) + 1)
		      : strdup(".");
	char *real = folder ? realpath(folder, NULL) : NULL;
	char *path = NULL;

	if (real && asprintf(&path, "%s/%s", real,
			    slash ? slash + 1 : temporary) >= 0)
		session_note(LEFTOVER_PATH, path);
	free(path);
	free(real);
	free(folder);
}

int result_save(const struct plan *plan, const struct run *run,
	const struct environment *environment, const char *path)
{
	json_t *json = result_json(plan, run, environment);
	char *temporary = NULL;
	int err = -ENOMEM;

	if (!json)
		goto out;
	if (asprintf(&temporary, "%s.%s.tmp", path, session_token()) < 0) {
		temporary = NULL;
		goto out;
	}
	note_temporary(temporary);
	err = write_json(json, temporary);
	if (err == 0 && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
out:
	free(temporary);
	json_decref(json);
	return err;
}
