/* signed_rank.c - exact, by counting.
 *
 * If the middle is the margin, every rank lies above it or below it with the same
 * chance, so the distribution of W+ is that of a sum of coin tosses, each worth
 * one rank. It is built up rank by rank, as chances and not as counts: 2^1024 is
 * more than a double holds, and what underflows is far below any level of use.
 * Ranks are doubled, so that the middle rank of a tie is whole.
 *
 * 1024 samples need a table of a million chances and a second; the few hundred
 * of a long run a few milliseconds.
 */
#include "gate/signed_rank.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct ranked {
	double size; /* distance from the margin */
	bool above;
	unsigned rank2; /* twice its rank */
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

/* Sort, and give what is equally far from the margin the same rank. */
static void rank_all(struct ranked *all, size_t count)
{
	size_t end;

	qsort(all, count, sizeof(*all), by_size);
	for (size_t first = 0; first < count; first = end) {
		end = first + 1;
		while (end < count && all[end].size == all[first].size)
			end++;
		/* ranks first + 1 .. end; twice their middle */
		for (size_t i = first; i < end; i++)
			all[i].rank2 = (unsigned)(first + 1 + end);
	}
}

/* The distribution of twice the sum of the ranks above: chance[s] for s up to
 * count * (count + 1). NULL: no memory. */
static double *distribution(const struct ranked *all, size_t count)
{
	size_t top = 0;
	double *chance = calloc(count * (count + 1) + 1, sizeof(*chance));

	if (!chance)
		return NULL;
	chance[0] = 1;
	for (size_t i = 0; i < count; i++) {
		size_t worth = all[i].rank2;

		top += worth;
		/* downwards, so that each rank is added once */
		for (size_t sum = top; sum >= worth; sum--)
			chance[sum] = chance[sum] / 2 + chance[sum - worth] / 2;
		for (size_t sum = 0; sum < worth; sum++)
			chance[sum] /= 2;
	}
	return chance;
}

int signed_rank_test(const double *samples, size_t count, double margin,
	struct signed_rank *ret_test)
{
	struct ranked *all;
	double *chance;
	size_t above2 = 0;

	if (!usable(samples, count) || !isfinite(margin))
		return -EINVAL;
	*ret_test = (struct signed_rank){.p_greater = 1};
	if (!count)
		return 0;
	all = calloc(count, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		all[i] = (struct ranked){
			.size = fabs(samples[i] - margin),
			.above = samples[i] > margin,
		};
	rank_all(all, count);
	chance = distribution(all, count);
	if (!chance) {
		free(all);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		if (all[i].above)
			above2 += all[i].rank2;
	ret_test->w_plus = (double)above2 / 2;
	/* From the far end, so that small chances are added first. */
	ret_test->p_greater = 0;
	for (size_t sum = count * (count + 1); sum >= above2 && sum != SIZE_MAX;
		sum--)
		ret_test->p_greater += chance[sum];
	if (ret_test->p_greater > 1)
		ret_test->p_greater = 1;
	free(chance);
	free(all);
	return 0;
}

/* The largest k with a chance of W+ < k of at most @tail, were there no ties; 0:
 * there is none. @ret_tail: that chance. */
static int lower_rank(
	size_t count, double tail, size_t *ret_k, double *ret_tail)
{
	struct ranked *all = calloc(count, sizeof(*all));
	double *chance, below = 0;
	size_t k = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		all[i].rank2 = (unsigned)(2 * (i + 1));
	chance = distribution(all, count);
	free(all);
	if (!chance)
		return -ENOMEM;
	while (below + chance[2 * k] <= tail)
		below += chance[2 * k++];
	free(chance);
	*ret_k = k;
	*ret_tail = below;
	return 0;
}

int signed_rank_locate(const double *samples, size_t count, double wanted_level,
	struct location *ret_location)
{
	size_t pairs = count * (count + 1) / 2, at = 0, k;
	double *means, tail;
	int err;

	if (!usable(samples, count) || !(wanted_level > 0 && wanted_level < 1))
		return -EINVAL;
	*ret_location = (struct location){NAN, -INFINITY, INFINITY, 1};
	if (!count)
		return 0;
	err = lower_rank(count, (1 - wanted_level) / 2, &k, &tail);
	if (err)
		return err;
	means = calloc(pairs, sizeof(*means));
	if (!means)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		for (size_t j = i; j < count; j++)
			means[at++] = samples[i] / 2 + samples[j] / 2;
	qsort(means, pairs, sizeof(*means), by_value);
	ret_location->estimate =
		means[(pairs - 1) / 2] / 2 + means[pairs / 2] / 2;
	if (k) {
		ret_location->lo = means[k - 1];
		ret_location->hi = means[pairs - k];
		ret_location->level = 1 - 2 * tail;
	}
	free(means);
	return 0;
}
