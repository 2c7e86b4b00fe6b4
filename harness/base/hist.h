/* hist.h - a log-linear histogram of times, 1 ns to 60 s, 3 digits.
 *
 * The bucket layout is HdrHistogram's (lowest 1, highest 60e9, 3 significant
 * digits), so every value is within 0.1 % and any HdrHistogram reader can take
 * it. It holds no pointer: it can live in shared memory, be written by one
 * worker without a lock, and be read by the parent after the worker was killed.
 */
#ifndef IPCMARK_BASE_HIST_H
#define IPCMARK_BASE_HIST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	HIST_SUB_BUCKETS = 2048, /* first power of two >= 2 * 10^3 */
	HIST_BUCKETS = 26,	 /* 2048 << 25 > 60e9 */
	HIST_COUNTS = (HIST_BUCKETS + 1) * (HIST_SUB_BUCKETS / 2),
};

#define HIST_MAX_NS UINT64_C(60000000000)

struct hist {
	uint64_t total;
	uint64_t min_ns; /* exact; UINT64_MAX when empty */
	uint64_t max_ns; /* exact */
	uint64_t counts[HIST_COUNTS];
};

void hist_init(struct hist *hist);

/* hist_create - an empty one, to be freed with free(). It takes memory only where
 * something is counted: thousands of cases have one each. NULL: no memory. */
struct hist *hist_create(void);

/* hist_record - count @value_ns; 0 counts as 1, more than HIST_MAX_NS as it. */
void hist_record(struct hist *hist, uint64_t value_ns);

/* hist_add - add the counts of @from to @into. */
void hist_add(struct hist *into, const struct hist *from);

/* hist_percentile - the value that @percent (0 to 100) of all values do not
 * exceed: the highest value equivalent to its bucket, never above max_ns.
 * Returns 0 for an empty histogram. */
uint64_t hist_percentile(const struct hist *hist, double percent);

/* hist_lowest_at, hist_highest_at - the first and the last value that are
 * counted in counts[@index]. */
uint64_t hist_lowest_at(size_t index);
uint64_t hist_highest_at(size_t index);

/* hist_print - the distribution as HdrHistogram's own tools print it (.hgrm):
 * percentiles that come closer to 100 by halves, 5 steps a half.
 * @unit_ns: what one unit of the values printed is, 1000 for microseconds. */
void hist_print(const struct hist *hist, double unit_ns, FILE *out);

/* hist_encode - HdrHistogram V2, zlib-compressed, base64. Caller frees.
 * Returns 0; -ENOMEM. */
int hist_encode(const struct hist *hist, char **ret_text);

/* hist_decode - the reverse. Checks everything; @ret_hist untouched on error.
 * Returns 0; -EBADMSG for text that is no such histogram. */
int hist_decode(const char *text, struct hist *ret_hist);

#endif
