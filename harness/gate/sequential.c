/* sequential.c - looks at 12, 24, 48, 96, 192, 384 blocks.
 *
 * 12 and not 10: the surest that n blocks can be is 2^-n, which for three metrics
 * at a tenth of 1 % takes 12. All looks have the same part of the level: what is
 * worse by much shows at the first ones, what is worse by little at the last ones,
 * and neither is worth more.
 */
#include "gate/sequential.h"

enum { FIRST_LOOK = 12, MOST_BLOCKS = FIRST_LOOK << (LOOKS_MAX - 1) };

struct look_plan look_plan_make(size_t metrics, size_t most_blocks,
	double alarm_level, double clear_level)
{
	struct look_plan plan = {.count = 0};
	size_t blocks = FIRST_LOOK;

	if (most_blocks > MOST_BLOCKS)
		most_blocks = MOST_BLOCKS;
	if (metrics == 0)
		metrics = 1;
	while (blocks < most_blocks) {
		plan.looks[plan.count++].blocks = blocks;
		blocks *= 2;
	}
	plan.looks[plan.count++].blocks = most_blocks;
	for (size_t i = 0; i < plan.count; i++) {
		double parts = (double)(plan.count * metrics);

		plan.looks[i].alarm_level = alarm_level / parts;
		plan.looks[i].clear_level = clear_level / parts;
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
