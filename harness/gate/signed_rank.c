/* signed_rank.c - exact, by counting.
 *
 * If the middle is the margin, every rank lies above it or below it with the same
 * chance, so the distribution of W+ is that of a sum of coin tosses, each worth
 * one rank. It is built up rank by rank, as chances and not as counts: 2^1024 is
 * more than a double holds, and what underflows is far below any level of use.
 *
 * Without ties it depends on the number of samples only, so it is kept for the
 * last few of those numbers: 256 samples take 2 ms to build and microseconds
 * after that, 1024 a quarter of a second. Ties give a distribution of their own,
 * which is built anew, over doubled ranks so that the middle rank is whole.
 *
 * The median of the means of two is found without making the means: over sorted
 * samples they form a table that rises along each row and column, so a walk along
 * one staircase counts those up to a limit, and halving the interval of possible
 * limits, double by double, ends at the mean itself and not near it.
 */
#include "gate/signed_rank.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One more than a sequence of looks has. */
enum { KEPT_MAX = 9 };

struct ranked {
	double size; /* distance from the margin */
	int side;    /* 1: above it, -1: below it, 0: on it */
};

/* What all ranks can sum up to, and the chance of each sum or more. */
struct tails {
	size_t count; /* ranks */
	size_t total;
	double *chance; /* total + 2 of them, the last 0 */
};

static int by_size(const void *left, const void *right)
{
	double a = ((const struct ranked *)left)->size;
	double b = ((const struct ranked *)right)->size;

	return (a > b) - (a < b);
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static bool usable(const double *samples, size_t count)
{
	if (count > SIGNED_RANK_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(samples[i]))
			return false;
	return true;
}

/* Sort, and give what is equally far from the margin the same rank.
 * @ret_ranks2: twice the ranks, @count of them. Returns: is there a tie? */
static bool rank_all(struct ranked *all, size_t count, unsigned *ret_ranks2)
{
	bool tied = false;
	size_t end;

	qsort(all, count, sizeof(*all), by_size);
	for (size_t first = 0; first < count; first = end) {
		end = first + 1;
		while (end < count && all[end].size == all[first].size)
			end++;
		tied = tied || end - first > 1;
		/* ranks first + 1 .. end; twice their middle */
		for (size_t i = first; i < end; i++)
			ret_ranks2[i] = (unsigned)(first + 1 + end);
	}
	return tied;
}

/* Each of the @count ranks in @worth counts or not, by a coin.
 * Returns 0; -ENOMEM. Caller frees ret_tails->chance. */
static int tails_make(
	const unsigned *worth, size_t count, struct tails *ret_tails)
{
	size_t total = 0, top = 0;
	double *chance;

	for (size_t i = 0; i < count; i++)
		total += worth[i];
	chance = calloc(total + 2, sizeof(*chance));
	if (!chance)
		return -ENOMEM;
	chance[0] = 1;
	for (size_t i = 0; i < count; i++) {
		top += worth[i];
		/* downwards, so that each rank is added once */
		for (size_t sum = top; sum >= worth[i]; sum--)
			chance[sum] =
				(chance[sum] + chance[sum - worth[i]]) / 2;
		for (size_t sum = 0; sum < worth[i]; sum++)
			chance[sum] /= 2;
	}
	/* From the far end, so that small chances are added first. */
	for (size_t sum = total; sum-- > 0;)
		chance[sum] += chance[sum + 1];
	*ret_tails = (struct tails){count, total, chance};
	return 0;
}

/* Of ranks 1 .. @count. NULL: no memory. Valid until as many other counts as are
 * kept were asked for, in this thread. */
static const struct tails *tails_untied(size_t count)
{
	static _Thread_local struct tails kept[KEPT_MAX];
	static _Thread_local unsigned oldest;
	struct tails made;
	unsigned *worth;
	int err;

	for (unsigned i = 0; i < KEPT_MAX; i++)
		if (kept[i].chance && kept[i].count == count)
			return &kept[i];
	worth = calloc(count, sizeof(*worth));
	if (!worth)
		return NULL;
	for (size_t i = 0; i < count; i++)
		worth[i] = (unsigned)(i + 1);
	err = tails_make(worth, count, &made);
	free(worth);
	if (err)
		return NULL;
	free(kept[oldest].chance);
	kept[oldest] = made;
	oldest = (oldest + 1) % KEPT_MAX;
	return &kept[(oldest + KEPT_MAX - 1) % KEPT_MAX];
}

/* A tail is a sum of roundings and may end a hair above 1. */
static double chance_of(const struct tails *tails, size_t sum)
{
	return fmin(tails->chance[sum], 1);
}

static int compare_ranked(struct ranked *all, unsigned *ranks2, size_t count,
	struct signed_rank *ret_test)
{
	bool tied = rank_all(all, count, ranks2);
	size_t above2 = 0, below2 = 0;
	struct tails own;
	const struct tails *tails = &own;
	unsigned unit = tied ? 1 : 2; /* untied ranks are not doubled */

	for (size_t i = 0; i < count; i++) {
		above2 += all[i].side > 0 ? ranks2[i] : 0;
		below2 += all[i].side < 0 ? ranks2[i] : 0;
	}
	if (!tied)
		tails = tails_untied(count);
	else if (tails_make(ranks2, count, &own) != 0)
		tails = NULL;
	if (!tails)
		return -ENOMEM;
	*ret_test = (struct signed_rank){
		.w_plus = (double)above2 / 2,
		.p_greater = chance_of(tails, above2 / unit),
		.p_less = chance_of(tails, below2 / unit),
	};
	if (tied)
		free(own.chance);
	return 0;
}

int signed_rank_test(const double *samples, size_t count, double margin,
	struct signed_rank *ret_test)
{
	struct ranked *all;
	unsigned *ranks2;
	int err = -ENOMEM;

	if (!usable(samples, count) || !isfinite(margin))
		return -EINVAL;
	if (!count) {
		*ret_test = (struct signed_rank){.p_greater = 1, .p_less = 1};
		return 0;
	}
	all = calloc(count, sizeof(*all));
	ranks2 = calloc(count, sizeof(*ranks2));
	if (all && ranks2) {
		for (size_t i = 0; i < count; i++)
			all[i] = (struct ranked){
				.size = fabs(samples[i] - margin),
				.side = (samples[i] > margin) -
					(samples[i] < margin),
			};
		err = compare_ranked(all, ranks2, count, ret_test);
	}
	free(ranks2);
	free(all);
	return err;
}

/* The largest k with a chance of W+ < k of at most @tail; 0: there is none. As
 * likely, by symmetry, is a W+ of more than total - k. */
static size_t lower_rank(const struct tails *tails, double tail)
{
	size_t k = 0, beyond = tails->total + 1;

	while (k + 1 < beyond) {
		size_t middle = k + (beyond - k) / 2;

		if (tails->chance[tails->total + 1 - middle] <= tail)
			k = middle;
		else
			beyond = middle;
	}
	return k;
}

/* Doubles as integers in the same order. */
static uint64_t place_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double value_at(uint64_t place)
{
	uint64_t bits = place >> 63 ? place ^ UINT64_C(1) << 63 : ~place;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* How many means of two of @sorted are at most @limit? */
static size_t means_up_to(const double *sorted, size_t count, double limit)
{
	size_t end = count, means = 0;

	for (size_t i = 0; i < end; i++) {
		while (end > i && sorted[i] / 2 + sorted[end - 1] / 2 > limit)
			end--;
		means += end - i;
	}
	return means;
}

/* The @k-th smallest mean of two, from 1. */
static double mean_at(const double *sorted, size_t count, size_t k)
{
	uint64_t lo = place_of(sorted[0]), hi = place_of(sorted[count - 1]);

	while (lo < hi) {
		uint64_t middle = lo + (hi - lo) / 2;

		if (means_up_to(sorted, count, value_at(middle)) >= k)
			hi = middle;
		else
			lo = middle + 1;
	}
	return value_at(lo);
}

int signed_rank_locate(const double *samples, size_t count, double wanted_level,
	struct location *ret_location)
{
	struct location location = {NAN, -INFINITY, INFINITY, 1};
	const struct tails *tails;
	double *sorted;
	size_t k;

	if (!usable(samples, count) || !(wanted_level > 0 && wanted_level < 1))
		return -EINVAL;
	if (!count) {
		*ret_location = location;
		return 0;
	}
	tails = tails_untied(count);
	sorted = calloc(count, sizeof(*sorted));
	if (!tails || !sorted) {
		free(sorted);
		return -ENOMEM;
	}
	memcpy(sorted, samples, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_value);
	location.estimate = mean_at(sorted, count, (tails->total + 1) / 2) / 2 +
			    mean_at(sorted, count, tails->total / 2 + 1) / 2;
	k = lower_rank(tails, (1 - wanted_level) / 2);
	if (k) {
		location.lo = mean_at(sorted, count, k);
		location.hi = mean_at(sorted, count, tails->total + 1 - k);
		location.level = 1 - 2 * tails->chance[tails->total + 1 - k];
	}
	free(sorted);
	*ret_location = location;
	return 0;
}
