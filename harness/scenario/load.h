/* load.h - the right-hand sides that say how much is sent and when:
 * rates, bursts, mixes of sizes, percentages; for key.c.
 *
 * As in value.h: what is wrong with the text has been said before an
 * error is returned.
 */
#ifndef IPCMARK_SCENARIO_LOAD_H
#define IPCMARK_SCENARIO_LOAD_H

#include "case/case.h"
#include "scenario/value.h"

/* value_rates - a comma list of messages a second (200k) and shares of the
 * saturation (50%), ranges of either among them (10%..90%/5); RATE_SHARE tells
 * them apart. Returns 0; -EINVAL; -ENOMEM. Free @ret_list only after 0. */
int value_rates(const struct value_place *place, const char *text,
	struct value_list *ret_list);

/* A burst: so many at a time. @every_ns is 0 when the rate says how often. */
struct burst {
	unsigned count;
	uint64_t every_ns;
};

/* value_burst - "N", or "N every T". Returns 0; -EINVAL. */
int value_burst(const struct value_place *place, const char *text,
	struct burst *ret_burst);

/* value_mix - a comma list of SIZE:SHARE%, or "none". The shares are whole and
 * make 100. Returns 0; -EINVAL; -ENOMEM. */
int value_mix(const struct value_place *place, const char *text,
	struct size_mix *ret_mix);

/* value_percent - "5%", or "none" for 0. Returns 0; -EINVAL. */
int value_percent(const struct value_place *place, const char *text,
	const struct value_range *range, unsigned *ret_percent);

#endif
