/* hist.c - the log-linear histogram: where a value goes, and reading it back.
 *
 * Times to be counted reach from one line transfer (tens of nanoseconds) to a
 * stall of seconds. Buckets double in width each time the value doubles, and
 * each is cut in 1024 equal parts, so that the error is never above 0.1 % and
 * the place of a value is found with one count of leading zeros.
 *
 * One worker writes, without a lock; the parent reads once the worker has
 * exited or was killed. hist_record() counts the bucket first: a writer killed
 * half-way leaves a histogram in which total and the extremes miss at most its
 * last value, and every reader here takes the buckets as the truth.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hist.h"

enum {
	SUB_HALF = HIST_SUB_BUCKETS / 2,
	SUB_HALF_BITS = 10,
	SUB_BITS = 11,
};

_Static_assert(1 << SUB_BITS == HIST_SUB_BUCKETS, "bits of a sub-bucket");
_Static_assert(1 << SUB_HALF_BITS == SUB_HALF, "bits of half of them");
_Static_assert(((uint64_t)HIST_SUB_BUCKETS << (HIST_BUCKETS - 1)) > HIST_MAX_NS,
	"the last bucket holds the longest time");

static size_t index_of(uint64_t value)
{
	int bits = 64 - __builtin_clzll(value | (HIST_SUB_BUCKETS - 1));
	int bucket = bits - SUB_BITS;

	return ((size_t)bucket << SUB_HALF_BITS) + (size_t)(value >> bucket);
}

uint64_t hist_lowest_at(size_t index)
{
	return index == 0 ? 0 : hist_highest_at(index - 1) + 1;
}

uint64_t hist_highest_at(size_t index)
{
	size_t bucket = index >> SUB_HALF_BITS;
	uint64_t sub = index & (SUB_HALF - 1);

	if (bucket == 0)
		return sub;
	return ((sub + SUB_HALF + 1) << (bucket - 1)) - 1;
}

void hist_init(struct hist *hist)
{
	memset(hist, 0, sizeof(*hist));
	hist->min_ns = UINT64_MAX;
}

struct hist *hist_create(void)
{
	struct hist *hist = calloc(1, sizeof(*hist));

	if (hist)
		hist->min_ns = UINT64_MAX;
	return hist;
}

void hist_record(struct hist *hist, uint64_t value_ns)
{
	if (value_ns == 0)
		value_ns = 1;
	if (value_ns > HIST_MAX_NS)
		value_ns = HIST_MAX_NS;
	hist->counts[index_of(value_ns)]++;
	hist->total++;
	if (value_ns < hist->min_ns)
		hist->min_ns = value_ns;
	if (value_ns > hist->max_ns)
		hist->max_ns = value_ns;
}

void hist_add(struct hist *into, const struct hist *from)
{
	for (size_t i = 0; i < HIST_COUNTS; i++)
		if (from->counts[i]) /* a page of zeroes stays one */
			into->counts[i] += from->counts[i];
	into->total += from->total;
	if (from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
}

/* How many of @total values are @percent of them, rounded up; a product that
 * only rounding lifted above a whole number does not count as above it. */
static uint64_t rank_of(double percent, uint64_t total)
{
	double exact = percent / 100 * (double)total;
	double rank = ceil(exact - exact * 1e-12);

	if (!(rank >= 1))
		return 1;
	return rank >= (double)total ? total : (uint64_t)rank;
}

uint64_t hist_percentile(const struct hist *hist, double percent)
{
	uint64_t rank, seen = 0;

	if (hist->total == 0)
		return 0;
	rank = rank_of(percent, hist->total);
	for (size_t i = 0; i < HIST_COUNTS; i++) {
		uint64_t value;

		seen += hist->counts[i];
		if (seen < rank)
			continue;
		value = hist_highest_at(i);
		return value < hist->max_ns ? value : hist->max_ns;
	}
	return hist->max_ns;
}
