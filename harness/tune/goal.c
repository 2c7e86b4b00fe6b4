/* goal.c - from a goal in words to a score for each round.
 *
 * A goal decides what is measured as well: latency is latency under a load, so
 * the section becomes an open one at the goal's rate. The rate is messages a
 * second and never a share: a share of what each candidate can do at most would
 * ask most of those that can do most, and compare nothing.
 *
 * A percentile needs enough messages to stand on: of a thousand, ten are beyond
 * p99. And a load is not reached when a twentieth of it waits at a slice's end,
 * so a short slice fails by one pause of the machine. Slices are made as long as
 * a thousand messages take, and 100 ms at least.
 */
#include "tune/goal.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/human.h"
#include "run/run.h"
#include "scenario/scenario.h"
#include "scenario/value.h"

enum { WORDS_MAX = 8, WORD_BYTES = 24, SLICE_MSGS_MIN = 1000 };

#define SECOND_NS UINT64_C(1000000000)
#define SLICE_NS_MIN (SECOND_NS / 10)
#define SLICE_NS_MAX (10 * SECOND_NS)
#define RATE_MAX UINT64_C(1000000000)

struct words {
	char at[WORDS_MAX][WORD_BYTES];
	size_t count;
};

static int complain(const char *text, const char *what)
{
	diag_error("--goal '%s': %s; it is 'max throughput', 'min p99 at 200k' "
		   "or 'min cpu under p99 50us'",
		text, what);
	return -EINVAL;
}

static bool split(const char *text, struct words *ret_words)
{
	struct words words = {.count = 0};

	for (;;) {
		size_t len;

		text += strspn(text, " \t");
		len = strcspn(text, " \t");
		if (len == 0)
			break;
		if (words.count == WORDS_MAX || len >= WORD_BYTES)
			return false;
		memcpy(words.at[words.count++], text, len);
		text += len;
	}
	*ret_words = words;
	return true;
}

static bool is(const struct words *words, size_t index, const char *word)
{
	return index < words->count && strcmp(words->at[index], word) == 0;
}

/* "p99", "p99.9" */
static bool parse_percentile(const char *word, double *ret_percentile)
{
	char *end;
	double percentile;

	if (word[0] != 'p' || word[1] < '0' || word[1] > '9' ||
		strspn(word + 1, "0123456789.") != strlen(word + 1))
		return false;
	percentile = strtod(word + 1, &end);
	if (*end || percentile <= 0 || percentile >= 100)
		return false;
	*ret_percentile = percentile;
	return true;
}

static bool parse_rate(const char *word, uint64_t *ret_rate)
{
	uint64_t rate;

	if (value_size(word, &rate) || rate < 1 || rate > RATE_MAX)
		return false;
	*ret_rate = rate;
	return true;
}

/* The rest from word @index on: nothing, or "at RATE". */
static int parse_at(const struct words *words, size_t index, bool needed,
	struct tune_goal *goal)
{
	if (words->count == index && !needed)
		return 0;
	if (!is(words, index, "at") || words->count != index + 2)
		return complain(goal->text,
			needed ? "needs a load, as in 'at 200k'"
			       : "expected 'at RATE' or nothing at its end");
	if (!parse_rate(words->at[index + 1], &goal->rate_per_s))
		return complain(goal->text,
			"the rate is messages a second, from 1 to 1G");
	return 0;
}

static int parse_cpu(const struct words *words, struct tune_goal *goal)
{
	static const struct value_range range = {1, 60 * SECOND_NS};
	const struct value_place place = {
		.file = "--goal", .line = 0, .key = "the bound"};

	goal->kind = GOAL_CPU;
	if (!is(words, 2, "under") || words->count < 5)
		return complain(
			goal->text, "needs a bound, as in 'under p99 50us'");
	if (!parse_percentile(words->at[3], &goal->percentile))
		return complain(goal->text,
			"the bound is of a percentile between p0 and p100");
	if (value_time(&place, words->at[4], &range, &goal->bound_ns))
		return -EINVAL;
	return parse_at(words, 5, false, goal);
}

int tune_goal_parse(const char *text, struct tune_goal *ret_goal)
{
	struct tune_goal goal = {.kind = GOAL_THROUGHPUT};
	struct words words;
	int error;

	if (!split(text, &words) || strlen(text) >= sizeof(goal.text))
		return complain(text, "is too long");
	memcpy(goal.text, text, strlen(text) + 1);
	if (words.count < 2)
		return complain(text, "is no goal");
	if (is(&words, 0, "max")) {
		if (!is(&words, 1, "throughput") || words.count != 2)
			return complain(text, "only throughput can be at most");
		*ret_goal = goal;
		return 0;
	}
	if (!is(&words, 0, "min"))
		return complain(text, "begins with neither max nor min");
	if (is(&words, 1, "cpu")) {
		error = parse_cpu(&words, &goal);
	} else {
		goal.kind = GOAL_LATENCY;
		if (!parse_percentile(words.at[1], &goal.percentile))
			return complain(text,
				"what is to be least is cpu, or a percentile "
				"between p0 and p100");
		error = parse_at(&words, 2, true, &goal);
	}
	if (!error)
		*ret_goal = goal;
	return error;
}

static int refuse(const struct scenario_section *section,
	const struct tune_goal *goal, const char *why)
{
	diag_at(section->file, section->line,
		"section [%s] cannot be tuned for '%s': %s", section->name,
		goal->text, why);
	return -EINVAL;
}

/* A load for GOAL_CPU and GOAL_LATENCY. */
static int apply_rate(
	const struct tune_goal *goal, struct scenario_section *section)
{
	uint64_t slice_ns;

	if (goal->rate_per_s) {
		section->rates[0] = goal->rate_per_s;
		section->rate_count = 1;
	} else if (section->mode != MODE_OPEN) {
		return refuse(section, goal,
			"it says no rate; add one, or write 'at 200k' at the "
			"end of the goal");
	}
	if (section->rate_count != 1)
		return refuse(section, goal,
			"the rate is what is asked for, give one");
	if (section->rates[0] & RATE_SHARE)
		return refuse(section, goal,
			"its rate is a share of what each candidate can do; "
			"give messages a second");
	section->mode = MODE_OPEN;
	slice_ns = SLICE_MSGS_MIN * SECOND_NS / section->rates[0];
	if (slice_ns > SLICE_NS_MAX)
		slice_ns = SLICE_NS_MAX;
	if (slice_ns < SLICE_NS_MIN)
		slice_ns = SLICE_NS_MIN;
	if (section->slice_ns < slice_ns)
		section->slice_ns = slice_ns;
	return 0;
}

int tune_goal_apply(
	const struct tune_goal *goal, struct scenario_section *section)
{
	if (section->msg_size_count != 1)
		return refuse(section, goal,
			"msg_size is what is passed, not how; give one, or "
			"msg_sizes");
	section->rounds = 1;
	section->until_percent = 0;
	if (goal->kind == GOAL_THROUGHPUT) {
		if (section->mode == MODE_THROUGHPUT)
			return 0;
		return refuse(section, goal,
			"it is not a throughput section; remove mode, rate and "
			"kill");
	}
	if (section->mode != MODE_THROUGHPUT && section->mode != MODE_OPEN)
		return refuse(section, goal,
			"it is neither an open nor a throughput section");
	if (section->mode == MODE_OPEN && section->arrival_count != 1)
		return refuse(section, goal,
			"the arrivals are what is asked for, give one");
	return apply_rate(goal, section);
}

static double percentile_ns(
	const struct tune_goal *goal, const struct outcome *outcome)
{
	if (!outcome->latency || outcome->latency->intended.total == 0)
		return NAN;
	return (double)hist_percentile(
		&outcome->latency->intended, goal->percentile);
}

double tune_goal_score(const struct tune_goal *goal,
	const struct outcome *outcome, double *ret_excess)
{
	const struct round_figures *round;

	*ret_excess = 0;
	if (outcome->round_count == 0)
		return NAN;
	round = &outcome->rounds[outcome->round_count - 1];
	switch (goal->kind) {
	case GOAL_LATENCY:
		return 1 / percentile_ns(goal, outcome);
	case GOAL_CPU:
		*ret_excess =
			percentile_ns(goal, outcome) / (double)goal->bound_ns;
		if (round->cpu_ns == 0 || round->msgs == 0)
			return NAN;
		return (double)round->msgs / (double)round->cpu_ns;
	default:
		if (round->elapsed_ns == 0)
			return NAN;
		return (double)round->msgs * 1e9 / (double)round->elapsed_ns;
	}
}

double tune_goal_figure(const struct tune_goal *goal, double score)
{
	return goal->kind == GOAL_THROUGHPUT ? score : 1 / score;
}

char *tune_goal_figure_text(const struct tune_goal *goal, double score,
	char *text, size_t text_bytes)
{
	double figure = tune_goal_figure(goal, score);
	char human[HUMAN_BYTES];

	if (!isfinite(figure))
		snprintf(text, text_bytes, "-");
	else if (goal->kind == GOAL_THROUGHPUT)
		snprintf(text, text_bytes, "%s", human_rate(figure, human));
	else
		snprintf(text, text_bytes, "%s", human_time(figure, human));
	return text;
}

const char *tune_goal_unit(const struct tune_goal *goal)
{
	static const char *const units[] = {
		[GOAL_THROUGHPUT] = "msgs_per_s",
		[GOAL_LATENCY] = "latency_ns",
		[GOAL_CPU] = "cpu_ns_per_msg",
	};

	return units[goal->kind];
}
