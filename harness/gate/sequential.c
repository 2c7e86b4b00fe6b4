/* sequential.c - looks at 16, 32, 64, 128, 256, 512 blocks.
 *
 * 16 first: the surest that n blocks can be is 2^-n, and with a dozen gated
 * metrics the first look still has more than that to spend. Each look has more of
 * the level of false alarms than the one before, as 1, 2, 3, ...: what is worse by
 * much shows anyway, what is worse by little needs the last look. An early PASS is
 * as welcome at any, so that level is divided evenly. docs/gate.md, "When it
 * looks", has what other divisions gave.
 */
#include "gate/sequential.h"

enum { FIRST_LOOK = 16, MOST_BLOCKS = FIRST_LOOK << (LOOKS_MAX - 1) };

struct look_plan look_plan_make(size_t metrics, size_t most_blocks,
	double alarm_level, double clear_level)
{
	struct look_plan plan = {.count = 0};
	size_t blocks = FIRST_LOOK, parts;

	if (most_blocks > MOST_BLOCKS)
		most_blocks = MOST_BLOCKS;
	if (metrics == 0)
		metrics = 1;
	while (blocks < most_blocks) {
		plan.looks[plan.count++].blocks = blocks;
		blocks *= 2;
	}
	plan.looks[plan.count].blocks = most_blocks;
	plan.looks[plan.count++].last = true;
	parts = plan.count * (plan.count + 1) / 2; /* 1 + 2 + ... */
	for (size_t i = 0; i < plan.count; i++) {
		struct look *look = &plan.looks[i];

		look->alarm_level = alarm_level * (double)(i + 1) /
				    (double)(parts * metrics);
		look->clear_level = clear_level / (double)plan.count;
	}
	return plan;
}

const struct look *look_at(const struct look_plan *plan, size_t blocks)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->looks[i].blocks == blocks)
			return &plan->looks[i];
	return NULL;
}

struct look look_last(const struct look_plan *plan, size_t blocks)
{
	struct look last = {.blocks = blocks, .last = true};

	for (size_t i = 0; i < plan->count; i++) {
		if (plan->looks[i].blocks < blocks)
			continue;
		last.alarm_level += plan->looks[i].alarm_level;
		last.clear_level += plan->looks[i].clear_level;
	}
	return last;
}
