/* tune.c - successive halving over interleaved rounds.
 *
 * All candidates that are left are measured in every round, so a round's scores
 * saw the same machine and are compared with each other only. After a stage of
 * some rounds the worse half may go. Who was merely unlucky must not: of the
 * worse half a candidate is dropped when the interval of its ratio to the leader
 * ends below 1, or when its median is so far below that luck in most rounds
 * would be needed to explain it. Where all are alike nobody is dropped, the
 * rounds go on, and the intervals get narrower.
 *
 * To rank candidates takes a yardstick that does not depend on one of them: in
 * each round the median score of those that are left. The rank is the median
 * over rounds of the score over that. All of them share each round's yardstick,
 * so it cancels wherever two are compared.
 *
 * A leader that was picked from many because it looked good looks better than
 * it is. So once few are left the rounds begin anew for the last question, how
 * much better the first is than the second: its interval uses the final rounds
 * only, in which nobody had been chosen for what he did in them. If there are
 * too few of these it uses all rounds, and says so.
 *
 * Source of the halving: Jamieson and Talwalkar, "Non-stochastic best arm
 * identification and hyperparameter optimization", AISTATS 2016. The rule of
 * who may be dropped is this file's own.
 */
#include "tune/tune.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* So much below the leader at the median of a stage is no luck: of 5 rounds 3
 * would have had to be slow. */
#define CUT 0.8
/* What two scores of a round can differ by; beyond it one of them is 0. */
#define RATIO_MAX 1e6
#define LEVEL 0.95
/* The sign test reaches that level with so many rounds and not with fewer. */
enum { LEVEL_ROUNDS = 6 };

int tune_init(size_t count, struct tune *ret_tune)
{
	struct tune tune = {.candidate_count = count};

	tune.candidates = calloc(count + 1, sizeof(*tune.candidates));
	if (!tune.candidates)
		return -ENOMEM;
	tune.final = count <= TUNE_FINALISTS;
	*ret_tune = tune;
	return 0;
}

void tune_free(struct tune *tune)
{
	free(tune->candidates);
	free(tune->scores);
	free(tune->excesses);
	*tune = (struct tune){0};
}

static int grow(double **rows, size_t old, size_t more)
{
	double *grown = realloc(*rows, (old + more + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	for (size_t i = old; i < old + more; i++)
		grown[i] = NAN;
	*rows = grown;
	return 0;
}

int tune_begin_round(struct tune *tune)
{
	size_t old = tune->round_count * tune->candidate_count;

	if (grow(&tune->scores, old, tune->candidate_count) ||
		grow(&tune->excesses, old, tune->candidate_count))
		return -ENOMEM;
	tune->round_count++;
	return 0;
}

static size_t cell(const struct tune *tune, unsigned round, size_t candidate)
{
	return round * tune->candidate_count + candidate;
}

void tune_record(
	struct tune *tune, size_t candidate, double score, double excess)
{
	size_t at = cell(tune, tune->round_count - 1, candidate);

	tune->scores[at] = score;
	tune->excesses[at] = excess;
}

static void drop(struct tune *tune, size_t candidate, enum tune_fate fate)
{
	tune->candidates[candidate] =
		(struct tune_candidate){fate, tune->round_count};
}

void tune_break(struct tune *tune, size_t candidate)
{
	drop(tune, candidate, TUNE_BROKEN);
}

static bool is_in(const struct tune *tune, size_t candidate)
{
	return tune->candidates[candidate].fate == TUNE_IN;
}

size_t tune_left(const struct tune *tune)
{
	size_t left = 0;

	for (size_t i = 0; i < tune->candidate_count; i++)
		left += is_in(tune, i);
	return left;
}

unsigned tune_rounds(const struct tune *tune, size_t candidate)
{
	unsigned rounds = 0;

	for (unsigned r = 0; r < tune->round_count; r++)
		rounds += !isnan(tune->scores[cell(tune, r, candidate)]);
	return rounds;
}

/* One candidate's column of @rows. Without memory it has no values. */
static struct interval column(
	const struct tune *tune, const double *rows, size_t candidate)
{
	double *values = calloc(tune->round_count + 1, sizeof(*values));
	struct interval interval;

	for (unsigned r = 0; values && r < tune->round_count; r++)
		values[r] = rows[cell(tune, r, candidate)];
	interval = stats_median_interval(
		values, values ? tune->round_count : 0, LEVEL);
	free(values);
	return interval;
}

struct interval tune_score(const struct tune *tune, size_t candidate)
{
	return column(tune, tune->scores, candidate);
}

unsigned tune_ratio(const struct tune *tune, size_t of, size_t to,
	unsigned first, struct interval *ret_ratio)
{
	double *ratios = calloc(tune->round_count + 1, sizeof(*ratios));
	unsigned count = 0;

	for (unsigned r = first; ratios && r < tune->round_count; r++) {
		double ratio = tune->scores[cell(tune, r, of)] /
			       tune->scores[cell(tune, r, to)];

		/* 0 / 0: neither could do it, which compares nothing */
		if (!isnan(ratio))
			ratios[count++] = fmin(ratio, RATIO_MAX);
	}
	*ret_ratio = stats_median_interval(ratios, count, LEVEL);
	free(ratios);
	return count;
}

/* A candidate in the order of a rank. */
struct place {
	size_t candidate;
	int group;	/* those still in, those dropped after so many rounds */
	double quality; /* within the group, more is better; NaN last */
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (isnan(x->quality) != isnan(y->quality))
		return isnan(x->quality) ? 1 : -1;
	if (x->quality > y->quality)
		return -1;
	if (x->quality < y->quality)
		return 1;
	return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

/* The yardstick of each round: the median score of those that are left, or, in
 * a round that most of them failed, of the others. NaN where there is none. */
static int make_yards(const struct tune *tune, double *yards)
{
	double *row = calloc(tune->candidate_count + 1, sizeof(*row));

	if (!row)
		return -ENOMEM;
	for (unsigned r = 0; r < tune->round_count; r++) {
		size_t count = 0;

		for (size_t i = 0; i < tune->candidate_count; i++) {
			double score = tune->scores[cell(tune, r, i)];

			if (is_in(tune, i) && score > 0)
				row[count++] = score;
		}
		yards[r] = stats_median(row, count);
	}
	free(row);
	return 0;
}

static int group_of(const struct tune *tune, size_t candidate)
{
	const struct tune_candidate *one = &tune->candidates[candidate];

	if (one->fate == TUNE_IN)
		return -1;
	if (one->fate == TUNE_SLOWER)
		return (int)(tune->round_count - one->dropped_after);
	return (int)tune->round_count + (int)one->fate;
}

int tune_rank(const struct tune *tune, size_t *ret_order)
{
	size_t count = tune->candidate_count;
	struct place *places = calloc(count + 1, sizeof(*places));
	double *yards = calloc(tune->round_count + 1, sizeof(*yards));
	double *parts = calloc(tune->round_count + 1, sizeof(*parts));
	int err = -ENOMEM;

	if (!places || !yards || !parts)
		goto out;
	err = make_yards(tune, yards);
	if (err)
		goto out;
	for (size_t i = 0; i < count; i++) {
		for (unsigned r = 0; r < tune->round_count; r++)
			parts[r] = tune->scores[cell(tune, r, i)] / yards[r];
		places[i] = (struct place){i, group_of(tune, i),
			stats_median(parts, tune->round_count)};
	}
	qsort(places, count, sizeof(*places), compare_places);
	for (size_t i = 0; i < count; i++)
		ret_order[i] = places[i].candidate;
out:
	free(places);
	free(yards);
	free(parts);
	return err;
}

/* Those that are out whoever else is there. */
static void drop_unfit(struct tune *tune)
{
	for (size_t i = 0; i < tune->candidate_count; i++) {
		if (!is_in(tune, i))
			continue;
		if (column(tune, tune->scores, i).median <= 0)
			drop(tune, i, TUNE_SHORT);
		else if (column(tune, tune->excesses, i).median > 1)
			drop(tune, i, TUNE_OVER);
	}
}

void tune_finish(struct tune *tune)
{
	if (tune->round_count > 0)
		drop_unfit(tune);
}

/* Of the worse half, those that are told apart from the leader. */
static int drop_slower(struct tune *tune)
{
	size_t left = tune_left(tune), keep = (left + 1) / 2;
	size_t *order = calloc(tune->candidate_count + 1, sizeof(*order));
	int err = order ? tune_rank(tune, order) : -ENOMEM;

	if (keep < 2)
		keep = 2;
	for (size_t i = keep; !err && i < left; i++) {
		struct interval ratio;

		tune_ratio(tune, order[i], order[0], 0, &ratio);
		if (ratio.hi < 1 || ratio.median < CUT)
			drop(tune, order[i], TUNE_SLOWER);
	}
	free(order);
	return err;
}

int tune_end_round(struct tune *tune)
{
	int err = 0;

	if (tune->round_count - tune->stage_begin < TUNE_STAGE_ROUNDS)
		return 0;
	tune->stage_begin = tune->round_count;
	drop_unfit(tune);
	if (tune->final)
		return 0;
	if (tune_left(tune) > TUNE_FINALISTS)
		err = drop_slower(tune);
	if (!err && tune_left(tune) <= TUNE_FINALISTS) {
		tune->final = true;
		tune->final_begin = tune->round_count;
	}
	return err;
}

/* One who could do it, only less well. */
static bool is_rival(const struct tune *tune, size_t candidate)
{
	enum tune_fate fate = tune->candidates[candidate].fate;

	return fate == TUNE_IN || fate == TUNE_SLOWER;
}

/* Is the leader above each of the others that are still in? Those that were
 * dropped as slower had been told apart then. */
static bool told_apart(const struct tune *tune, size_t leader, unsigned first)
{
	for (size_t i = 0; i < tune->candidate_count; i++) {
		struct interval ratio;

		if (i == leader || !is_in(tune, i))
			continue;
		tune_ratio(tune, leader, i, first, &ratio);
		if (!(ratio.lo > 1 && ratio.level >= LEVEL))
			return false;
	}
	return true;
}

int tune_verdict(const struct tune *tune, struct tune_verdict *ret_verdict)
{
	struct tune_verdict verdict = {.leader = TUNE_NONE,
		.runner_up = TUNE_NONE,
		.ratio = {NAN, NAN, NAN, 0}};
	size_t *order = calloc(tune->candidate_count + 1, sizeof(*order));
	unsigned first = 0;
	int err = order ? tune_rank(tune, order) : -ENOMEM;

	if (err || tune_left(tune) == 0 || tune_rounds(tune, order[0]) == 0)
		goto out;
	verdict.leader = order[0];
	if (tune->final &&
		tune->round_count >= tune->final_begin + LEVEL_ROUNDS)
		first = tune->final_begin;
	if (tune->candidate_count > 1 && is_rival(tune, order[1]) &&
		tune_ratio(tune, order[0], order[1], 0, &verdict.ratio)) {
		verdict.runner_up = order[1];
		/* A runner-up that was dropped has no final rounds. */
		if (!is_in(tune, order[1]))
			first = 0;
		verdict.ratio_rounds = tune_ratio(
			tune, order[0], order[1], first, &verdict.ratio);
		verdict.fresh = tune->final && first == tune->final_begin;
	}
	verdict.sure = told_apart(tune, order[0], first) &&
		       (verdict.runner_up == TUNE_NONE || verdict.ratio.lo > 1);
out:
	free(order);
	if (!err)
		*ret_verdict = verdict;
	return err;
}
