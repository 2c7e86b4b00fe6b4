/* tuning.c - what a search found, for people and for programs.
 *
 * First what one came for: a section to paste. Then how far to trust it, and
 * last the table behind it, best first, with all that were looked at. Who was
 * dropped early has few rounds, and its interval says so.
 */
#include "tune/tuning.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/human.h"
#include "case/axes.h"
#include "scenario/case_section.h"

enum { TEXT_BYTES = 256 };

static const struct bench_case *bench_of(
	const struct tuning *tuning, size_t candidate)
{
	return &tuning->plan.cases[tuning->case_of[candidate]];
}

/* The axes on which not all candidates agree. */
static unsigned varying_axes(const struct tuning *tuning)
{
	unsigned varying = 0;

	for (size_t c = 1; c < tuning->tune.candidate_count; c++)
		for (int i = 0; i < AXIS_COUNT; i++)
			if (!axes_equal(bench_of(tuning, 0),
				    bench_of(tuning, c), AXIS_BIT(i)))
				varying |= AXIS_BIT(i);
	return varying;
}

/* What a candidate is called beside the others. */
static char *name_of(const struct tuning *tuning, size_t candidate,
	unsigned varying, char text[TEXT_BYTES])
{
	axes_text(bench_of(tuning, candidate), varying, text, TEXT_BYTES);
	if (!text[0])
		snprintf(text, TEXT_BYTES, "%s",
			bench_of(tuning, candidate)->transport);
	return text;
}

/* Is case @index the first that is skipped for its reason? */
static bool is_first_of_reason(const struct plan *plan, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (plan->cases[i].skip &&
			strcmp(plan->cases[i].reason,
				plan->cases[index].reason) == 0)
			return false;
	return plan->cases[index].skip;
}

void tuning_print_skipped(const struct tuning *tuning, FILE *out)
{
	const struct plan *plan = &tuning->plan;

	for (size_t i = 0; i < plan->case_count; i++) {
		size_t alike = 0;

		if (!is_first_of_reason(plan, i))
			continue;
		for (size_t j = i; j < plan->case_count; j++)
			alike += plan->cases[j].skip &&
				 strcmp(plan->cases[j].reason,
					 plan->cases[i].reason) == 0;
		fprintf(out, "left out %zu of %zu: %s\n", alike,
			plan->case_count, plan->cases[i].reason);
	}
}

static char *ratio_text(const struct interval *ratio, char text[TEXT_BYTES])
{
	char median[HUMAN_BYTES], lo[HUMAN_BYTES], hi[HUMAN_BYTES];

	snprintf(text, TEXT_BYTES, "%s [%s, %s] (%.1f %%)",
		human_ratio(ratio->median, median), human_ratio(ratio->lo, lo),
		human_ratio(ratio->hi, hi), 100 * ratio->level);
	return text;
}

static size_t count_fate(const struct tune *tune, enum tune_fate fate)
{
	size_t count = 0;

	for (size_t i = 0; i < tune->candidate_count; i++)
		count += tune->candidates[i].fate == fate;
	return count;
}

/* Which share of the space is out, and on how little. */
static void print_dropped(const struct tuning *tuning, FILE *out)
{
	const struct tune *tune = &tuning->tune;
	size_t dropped = tune->candidate_count - tune_left(tune);
	unsigned least = tune->round_count, most = 0;

	fprintf(out, "%zu settings, %u rounds, %zu slices, %.1f s of %.0f s\n",
		tune->candidate_count, tune->round_count, tuning->slices,
		(double)tuning->elapsed_ns / 1e9,
		(double)tuning->budget_ns / 1e9);
	for (size_t i = 0; i < tune->candidate_count; i++) {
		const struct tune_candidate *one = &tune->candidates[i];

		if (one->fate == TUNE_IN)
			continue;
		if (one->dropped_after < least)
			least = one->dropped_after;
		if (one->dropped_after > most)
			most = one->dropped_after;
	}
	if (dropped == 0)
		return;
	fprintf(out,
		"dropped %.0f %% of them after %u to %u rounds: %zu slower, "
		"%zu beyond the bound, %zu short of the load, %zu broken\n",
		100.0 * (double)dropped / (double)tune->candidate_count, least,
		most, count_fate(tune, TUNE_SLOWER),
		count_fate(tune, TUNE_OVER), count_fate(tune, TUNE_SHORT),
		count_fate(tune, TUNE_BROKEN));
}

static void print_sureness(
	const struct tuning *tuning, unsigned varying, FILE *out)
{
	const struct tune_verdict *verdict = &tuning->verdict;
	char text[TEXT_BYTES];

	if (verdict->runner_up == TUNE_NONE) {
		fputs("Nothing else is left to compare it with.\n", out);
		return;
	}
	fprintf(out, "%s",
		verdict->sure ? "Better than " : "Cannot be told apart from ");
	fprintf(out, "the next, %s:\n",
		name_of(tuning, verdict->runner_up, varying, text));
	fprintf(out, "%s over %u rounds%s.\n",
		ratio_text(&verdict->ratio, text), verdict->ratio_rounds,
		verdict->fresh ? " that had no part in choosing these two"
			       : ", by which these two were chosen");
	if (!verdict->sure)
		fprintf(out,
			"Any of the %zu settings that are left may be as "
			"good; more --budget may tell.\n",
			tune_left(&tuning->tune));
}

static const char *fate_text(
	const struct tuning *tuning, size_t candidate, char text[TEXT_BYTES])
{
	static const char *const words[] = {
		[TUNE_SLOWER] = "slower",
		[TUNE_OVER] = "beyond the bound",
		[TUNE_SHORT] = "short of the load",
	};
	const struct tune_candidate *one = &tuning->tune.candidates[candidate];

	if (one->fate == TUNE_IN)
		return candidate == tuning->verdict.leader ? "best" : "left";
	if (one->fate == TUNE_BROKEN)
		return tuning->reasons[candidate];
	snprintf(text, TEXT_BYTES, "%s, dropped after %u", words[one->fate],
		one->dropped_after);
	return text;
}

static void print_row(const struct tuning *tuning, size_t candidate,
	unsigned varying, FILE *out)
{
	struct interval score = tune_score(&tuning->tune, candidate), ratio;
	char name[TEXT_BYTES], text[TEXT_BYTES], median[HUMAN_BYTES];
	char lo[HUMAN_BYTES], hi[HUMAN_BYTES], human[HUMAN_BYTES];
	bool less = tuning->goal.kind != GOAL_THROUGHPUT;

	ratio.median = NAN;
	if (tuning->verdict.leader != TUNE_NONE)
		tune_ratio(&tuning->tune, candidate, tuning->verdict.leader, 0,
			&ratio);
	tune_goal_figure_text(
		&tuning->goal, score.median, median, sizeof(median));
	tune_goal_figure_text(
		&tuning->goal, less ? score.hi : score.lo, lo, sizeof(lo));
	tune_goal_figure_text(
		&tuning->goal, less ? score.lo : score.hi, hi, sizeof(hi));
	fprintf(out, "%6u  %10s  %10s  %10s  %8s  %s  (%s)\n",
		tune_rounds(&tuning->tune, candidate), median, lo, hi,
		human_ratio(ratio.median, human),
		name_of(tuning, candidate, varying, name),
		fate_text(tuning, candidate, text));
}

static void print_table(
	const struct tuning *tuning, unsigned varying, FILE *out)
{
	size_t count = tuning->tune.candidate_count;
	size_t *order = calloc(count + 1, sizeof(*order));

	if (order && tune_rank(&tuning->tune, order) == 0) {
		fprintf(out, "%6s  %10s  %10s  %10s  %8s  %s\n", "rounds",
			"median", "from", "to", "to best", "setting");
		for (size_t i = 0; i < count; i++)
			print_row(tuning, order[i], varying, out);
	}
	free(order);
}

void tuning_print(const struct tuning *tuning, FILE *out)
{
	const struct tune_verdict *verdict = &tuning->verdict;
	unsigned varying = varying_axes(tuning);
	char text[TEXT_BYTES];

	if (tuning->interrupted)
		fputs("interrupted; this is what was known by then\n\n", out);
	if (verdict->leader == TUNE_NONE) {
		fprintf(out, "No setting serves for '%s'.\n\n",
			tuning->goal.text);
	} else {
		struct interval score =
			tune_score(&tuning->tune, verdict->leader);

		fprintf(out, "; tuned for '%s': %s\n", tuning->goal.text,
			tune_goal_figure_text(&tuning->goal, score.median, text,
				sizeof(text)));
		case_print_section(bench_of(tuning, verdict->leader), out);
		fputc('\n', out);
		print_sureness(tuning, varying, out);
	}
	print_dropped(tuning, out);
	fputc('\n', out);
	print_table(tuning, varying, out);
}

static json_t *number_json(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

static json_t *interval_json(const struct interval *interval)
{
	return json_pack("{s:o, s:o, s:o, s:f}", "median",
		number_json(interval->median), "lo", number_json(interval->lo),
		"hi", number_json(interval->hi), "level", interval->level);
}

/* A score's interval in the goal's own unit. */
static json_t *figure_json(
	const struct tune_goal *goal, const struct interval *score)
{
	double a = tune_goal_figure(goal, score->lo);
	double b = tune_goal_figure(goal, score->hi);
	struct interval figure = {
		.median = tune_goal_figure(goal, score->median),
		.lo = a < b ? a : b,
		.hi = a < b ? b : a,
		.level = score->level,
	};

	return interval_json(&figure);
}

static json_t *settings_json(const struct bench_case *bench)
{
	char spin[SPIN_TEXT_BYTES];

	return json_pack("{s:s, s:s, s:s, s:I, s:i, s:i, s:i, s:s, s:s, s:s,"
			 " s:I, s:s, s:I, s:s, s:s, s:s}",
		"id", bench->id, "mode", case_mode_name(bench->mode),
		"transport", bench->transport, "msg_size_bytes",
		(json_int_t)bench->msg_size_bytes, "batch", (int)bench->batch,
		"producers", (int)bench->producers, "consumers",
		(int)bench->consumers, "placement", bench->placement, "wait",
		wait_mode_name(bench->wait), "access",
		access_mode_name(bench->access), "capacity_bytes",
		(json_int_t)bench->capacity_bytes, "verify",
		verify_mode_name(bench->verify), "rate_per_s",
		(json_int_t)(bench->mode == MODE_OPEN ? bench->rate : 0),
		"memory", memory_place_name(bench->memory), "spin",
		spin_text(bench->spin_us, spin), "huge",
		huge_pages_name(bench->huge));
}

static json_t *candidate_json(const struct tuning *tuning, size_t candidate)
{
	static const char *const fates[] = {
		[TUNE_IN] = "left",
		[TUNE_SLOWER] = "slower",
		[TUNE_OVER] = "over",
		[TUNE_SHORT] = "short",
		[TUNE_BROKEN] = "broken",
	};
	const struct tune *tune = &tuning->tune;
	const struct tune_candidate *one = &tune->candidates[candidate];
	struct interval score = tune_score(tune, candidate);
	json_t *rounds = json_array();

	for (unsigned r = 0; rounds && r < tune->round_count; r++)
		json_array_append_new(
			rounds, number_json(tune_goal_figure(&tuning->goal,
					tune->scores[r * tune->candidate_count +
						     candidate])));
	return json_pack("{s:o, s:s, s:i, s:s, s:i, s:o, s:o}", "settings",
		settings_json(bench_of(tuning, candidate)), "fate",
		fates[one->fate], "dropped_after", (int)one->dropped_after,
		"reason", tuning->reasons[candidate], "rounds",
		(int)tune_rounds(tune, candidate),
		tune_goal_unit(&tuning->goal),
		figure_json(&tuning->goal, &score), "by_round", rounds);
}

static json_t *id_json(const struct tuning *tuning, size_t candidate)
{
	return candidate == TUNE_NONE
		       ? json_null()
		       : json_string(bench_of(tuning, candidate)->id);
}

static json_t *verdict_json(const struct tuning *tuning)
{
	const struct tune_verdict *verdict = &tuning->verdict;

	return json_pack("{s:o, s:o, s:o, s:i, s:b, s:b, s:i}", "best",
		id_json(tuning, verdict->leader), "next",
		id_json(tuning, verdict->runner_up), "ratio",
		interval_json(&verdict->ratio), "ratio_rounds",
		(int)verdict->ratio_rounds, "fresh", (int)verdict->fresh,
		"sure", (int)verdict->sure, "left",
		(int)tune_left(&tuning->tune));
}

static json_t *tuning_json(const struct tuning *tuning)
{
	json_t *candidates = json_array(), *skipped = json_array();

	for (size_t i = 0; i < tuning->tune.candidate_count; i++)
		json_array_append_new(candidates, candidate_json(tuning, i));
	for (size_t i = 0; i < tuning->plan.case_count; i++) {
		const struct bench_case *bench = &tuning->plan.cases[i];

		if (bench->skip)
			json_array_append_new(skipped,
				json_pack("{s:s, s:s}", "id", bench->id,
					"reason", bench->reason));
	}
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:i, s:b, s:o, s:o,"
			 " s:o}",
		"schema", "ipcmark-tune-1", "goal", tuning->goal.text,
		"scenario", tuning->plan.scenario_text, "seed",
		(json_int_t)tuning->plan.seed, "budget_ns",
		(json_int_t)tuning->budget_ns, "elapsed_ns",
		(json_int_t)tuning->elapsed_ns, "rounds",
		(int)tuning->tune.round_count, "interrupted",
		(int)tuning->interrupted, "verdict", verdict_json(tuning),
		"candidates", candidates, "skipped", skipped);
}

int tuning_print_json(const struct tuning *tuning, FILE *out)
{
	json_t *json = tuning_json(tuning);
	int err = json ? 0 : -ENOMEM;

	errno = 0;
	if (!err &&
		(json_dumpf(json, out, JSON_INDENT(1) | JSON_PRESERVE_ORDER) ||
			fputc('\n', out) == EOF))
		err = errno ? -errno : -EIO;
	json_decref(json);
	return err;
}

int tuning_save(const struct tuning *tuning, const char *path)
{
	char *temporary = NULL;
	FILE *file;
	int err;

	if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0)
		return -ENOMEM;
	file = fopen(temporary, "we");
	if (!file) {
		err = -errno;
		goto out;
	}
	err = tuning_print_json(tuning, file);
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
out:
	free(temporary);
	return err;
}

void tuning_free(struct tuning *tuning)
{
	tune_free(&tuning->tune);
	plan_free(&tuning->plan);
	free(tuning->case_of);
	free(tuning->reasons);
	*tuning = (struct tuning){0};
}
