/* ratio.h - one case against another, round by round. */
#ifndef IPCMARK_REPORT_RATIO_H
#define IPCMARK_REPORT_RATIO_H

#include <stddef.h>

#include "base/stats.h"

struct result_case;

/* ratio_of - the median over rounds of (messages/s of @of) / (messages/s of
 * @to), both taken in the same round, with a 95 % interval. For round trips
 * messages/s is the inverse of the mean round trip, so above 1 always means
 * that @of is faster.
 * Returns the number of rounds paired; 0, and a NaN median, when the two have
 * no round in common or one of them has no figures. */
size_t ratio_of(const struct result_case *of, const struct result_case *to,
	struct interval *ret_ratio);

#endif
