/* schedule.h - when messages are due, whatever became of those before. Pure.
 *
 * A group of messages is due at the same instant, one message where there are
 * no bursts; groups are a period apart, always or on average.
 */
#ifndef IPCMARK_RUN_SCHEDULE_H
#define IPCMARK_RUN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "case/case.h"

struct schedule {
	double period_ns;
	double due_ns; /* of the current group, since the start */
	unsigned group;
	unsigned left; /* in the current group */
	bool poisson;
	struct rng rng;
};

/* schedule_make - producer @index of @producers, who send @per_s messages a
 * second together, in bursts of @burst. Fixed arrivals of several producers
 * take turns. The first message is due after 0 to one period. */
struct schedule schedule_make(double per_s, enum arrival arrival,
	unsigned burst, unsigned index, unsigned producers, uint64_t seed);

/* schedule_next - when the next message is due, in ns since the start; never
 * before the last one. */
uint64_t schedule_next(struct schedule *schedule);

/* mix_pick - the size of a message of which @word is the identity: with the
 * same @seed always the same one. */
uint64_t mix_pick(const struct size_mix *mix, uint64_t seed, uint64_t word);

#endif
