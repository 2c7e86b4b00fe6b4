/* about.c - what a figure says of itself, in words.
 *
 * A picture goes places that its table does not: into a page, a talk, a review.
 * So the machine, how quiet it was, how far apart the CPUs were and how often
 * everything was measured are on it, as is a line for each case that has no
 * point, since a gap without a reason reads as a zero.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/text.h"
#include "case/axes.h"
#include "figure/figure.h"
#include "machine/env.h"
#include "report/machine.h"
#include "result/result.h"

enum {
	LINE_BYTES = 512,
	NOTE_COLUMNS = 120, /* what fits below a figure */
	NOTES_MAX = 7,
};

/* Text without what has a meaning in a .tsv. */
void figure_put_text(FILE *out, const char *text)
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
	figure_put_text(out, text);
	fputc('\n', out);
}

/* Went well, and yet nothing arrived in most of its rounds? */
static bool stood_still(const struct result_case *one)
{
	return one->outcome.status == STATUS_OK &&
	       one->bench.mode == MODE_THROUGHPUT &&
	       !(one->msgs_per_s.median > 0);
}

static bool same_trouble(
	const struct result_case *a, const struct result_case *b)
{
	return figure_same_transport(a, b) &&
	       a->outcome.status == b->outcome.status &&
	       stood_still(a) == stood_still(b) &&
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

		some_spared =
			some_spared || (figure_same_transport(one, other) &&
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

	if (stood_still(one)) {
		trouble_extent(figure, one, extent);
		snprintf(text, text_bytes,
			"%.60s: no message in most of its rounds%s",
			one->bench.transport, extent);
		return;
	}
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
	if (one->outcome.status != STATUS_OK || stood_still(one))
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

/* Are there rounds in which nothing arrived? A rate of 0 has no place on a
 * logarithmic axis, either. */
static bool empty_rounds(const struct figure *figure)
{
	for (size_t i = 0; i < figure->case_count; i++) {
		const struct outcome *outcome = &figure->cases[i]->outcome;

		for (size_t r = 0; r < outcome->round_count; r++) {
			if (figure->mode == MODE_THROUGHPUT &&
				outcome->rounds[r].msgs == 0)
				return true;
		}
	}
	return false;
}

/* What its marks mean, where no axis says so; NULL: nothing to add. */
static const char *legend_of(const struct figure *figure)
{
	if (figure->kind == FIGURE_LOAD)
		return "from when a message was due; dotted: from when it was "
		       "sent; a cross: the offered load was not reached";
	if (figure->kind == FIGURE_ROUNDS && empty_rounds(figure))
		return "a cross on the axis: a round without a message";
	if (figure->kind != FIGURE_RANK)
		return NULL;
	if (figure->mode == MODE_THROUGHPUT)
		return "point and number: the median of the rounds; bar: its "
		       "interval";
	return "point and number: median of the rounds' medians; bar: its "
	       "interval; tick, thin line: p99 and slowest of all";
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
	if ((figure->kind == FIGURE_ROUNDS || figure->kind == FIGURE_RANK) &&
		rounds_left_out(figure) > 0) {
		snprintf(text, sizeof(text),
			"%zu more message sizes have no panel: `ipcmark show "
			"--json` has their rounds",
			rounds_left_out(figure));
		put_note(out, text);
	}
	if (legend_of(figure))
		put_note(out, legend_of(figure));
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

/* How far apart the first producer and consumer were; "": not known. */
static const char *distance_of(const struct figure *figure)
{
	for (size_t i = 0; i < figure->case_count; i++) {
		if (figure->cases[i]->bench.distance[0])
			return figure->cases[i]->bench.distance;
	}
	return "";
}

static void put_machine(const struct figure *figure, FILE *out)
{
	const struct bench_case *bench = &figure->cases[0]->bench;
	const struct environment *environment = figure->result->environment;
	const char *version = env_text(environment, "ipcmark_version");
	struct distance_seen seen =
		machine_distance(figure->cases, figure->case_count);
	char text[LINE_BYTES], low[HUMAN_BYTES], high[HUMAN_BYTES];

	put_about(
		out, "machine", machine_name(environment, text, sizeof(text)));
	text[0] = '\0';
	if (env_text(environment, "noise_grade")[0])
		text_join(text, sizeof(text), "noise grade %s",
			env_text(environment, "noise_grade"));
	if (figure->mode == MODE_CRASH && bench->soak_ns)
		text_join(text, sizeof(text), "soak of %s",
			human_time((double)bench->soak_ns, low));
	else if (figure->mode == MODE_CRASH)
		text_join(text, sizeof(text), "%u kills of each victim",
			bench->kills);
	else
		text_join(text, sizeof(text), "%u round%s of %s", bench->rounds,
			bench->rounds == 1 ? "" : "s",
			human_time((double)bench->slice_ns, low));
	if (distance_of(figure)[0])
		text_join(text, sizeof(text), "CPUs %s", distance_of(figure));
	if (seen.probes > 0)
		text_join(text, sizeof(text),
			"one cache line there and back %s to %s",
			human_time(seen.min_ns, low),
			human_time(seen.max_ns, high));
	if (version[0])
		text_join(text, sizeof(text), "ipcmark %s", version);
	put_about(out, "machine", text);
}

static const char *title_of(const struct figure *figure)
{
	static const char *const titles[] = {
		[MODE_THROUGHPUT] = "Throughput against message size",
		[MODE_ROUNDTRIP] = "Round trip time",
		[MODE_CRASH] = "From a SIGKILL to the survivors' next success",
		[MODE_OPEN] = "Latency of messages sent when they are due",
	};
	static const char *const rounds[] = {
		[MODE_THROUGHPUT] = "Throughput in each round",
		[MODE_ROUNDTRIP] = "Median round trip in each round",
		[MODE_CRASH] = "",
		[MODE_OPEN] = "Median latency in each round",
	};
	static const char *const ranks[] = {
		[MODE_THROUGHPUT] = "Throughput, ranked",
		[MODE_ROUNDTRIP] = "Round trip time, ranked",
		[MODE_CRASH] = "",
		[MODE_OPEN] = "Latency of messages sent when they are due, "
			      "ranked",
	};

	switch (figure->kind) {
	case FIGURE_ROUNDS:
		return rounds[figure->mode];
	case FIGURE_RANK:
		return ranks[figure->mode];
	case FIGURE_AROUND:
		return "Throughput around a SIGKILL";
	case FIGURE_LOAD:
		return "Latency against offered load";
	default:
		return titles[figure->mode];
	}
}

/* What all cases have in common and the figure does not draw. */
static unsigned common_axes(const struct figure *figure)
{
	const struct bench_case *bench = &figure->cases[0]->bench;
	unsigned axes =
		AXES_ALL & ~(AXIS_BIT(AXIS_SECTION) | AXIS_BIT(AXIS_MODE) |
				   AXIS_BIT(AXIS_TRANSPORT));

	if (figure->mode == MODE_THROUGHPUT || bench->mix.count > 0)
		axes &= ~AXIS_BIT(AXIS_MSG_SIZE);
	if (figure->mode == MODE_ROUNDTRIP)
		axes &= ~AXIS_BIT(AXIS_WAIT);
	if (figure->kind == FIGURE_LOAD)
		axes &= ~AXIS_BIT(AXIS_RATE);
	return axes & ~axes_usual(bench, axes);
}

/* What an open loop has besides axes. */
static void join_load(
	const struct bench_case *bench, char *text, size_t text_bytes)
{
	const struct size_mix *mix = &bench->mix;
	char part[HUMAN_BYTES];

	for (unsigned i = 0; i < mix->count; i++)
		text_join(text, text_bytes, "%u %% of %s", mix->percent[i],
			human_size(mix->bytes[i], part));
	if (bench->mode != MODE_OPEN)
		return;
	if (bench->burst > 1)
		text_join(text, text_bytes, "bursts of %u", bench->burst);
	if (bench->work_ns)
		text_join(text, text_bytes, "%s of work a message",
			human_time((double)bench->work_ns, part));
	if (bench->late == LATE_DROP)
		text_join(text, text_bytes, "late ones dropped");
}

void about_put(const struct figure *figure, FILE *out)
{
	const struct bench_case *bench = &figure->cases[0]->bench;
	char text[LINE_BYTES];

	fputs("about\ttext\n", out);
	put_about(out, "title", title_of(figure));
	put_about(out, "unit",
		figure->mode == MODE_THROUGHPUT ? "messages" : "time");
	put_about(out, "of",
		figure->mode == MODE_OPEN ? "messages" : "round trips");
	axes_text(bench, common_axes(figure), text, sizeof(text));
	put_about(out, "axes", text);
	text[0] = '\0';
	join_load(bench, text, sizeof(text));
	if (text[0])
		put_about(out, "load", text);
	put_machine(figure, out);
	if (figure->mode == MODE_CRASH && bench->recover_within_ns) {
		snprintf(text, sizeof(text), "%llu",
			(unsigned long long)bench->recover_within_ns);
		put_about(out, "limit_ns", text);
	}
	put_notes(figure, out);
}
