/* compare.h - how much faster is this than that, round by round. */
#ifndef IPCMARK_REPORT_COMPARE_H
#define IPCMARK_REPORT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct result;

/* KEY=VALUE as given on the command line; keys are those of a case in
 * result.json: transport, msg_size_bytes, batch, producers, consumers,
 * placement, wait, section, mode, id. Sizes may be written as in a scenario. */
struct compare_request {
	const char *of;		  /* the numerator's KEY=VALUE */
	const char *to;		  /* the denominator's */
	const char *const *where; /* every further condition on both sides */
	size_t where_count;
	bool json;
};

/* compare_print - for every pair of cases that differ only in the keys of
 * @request->of and ->to: the median of the per-round ratios (messages/s, and
 * where times are the figure the inverse of their median, so that above 1 always
 * means that `of` is faster) with a 95 % interval.
 * Returns an exit code: 0, or EXIT_USAGE after saying that nothing matched. */
int compare_print(const struct result *result,
	const struct compare_request *request, FILE *out);

#endif
