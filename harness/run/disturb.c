/* disturb.c - counts before and after; see disturb.h.
 *
 * The steal is the whole machine's: the kernel counts it for each CPU in ticks
 * of 10 ms, so one slice is too short to tell whose it was. The workers' counts
 * are exact.
 */
#include "run/disturb.h"

#include "case/slice_report.h"
#include "run/crew.h"

static void count_workers(const struct crew *crew, struct disturb *disturb)
{
	disturb->delay_ns = disturb->moves = 0;
	for (unsigned i = 0; i < crew->count; i++) {
		pid_t pid = crew->members[i].pid;
		uint64_t value;

		if (!pid)
			continue;
		if (procstat_delay(pid, &value))
			disturb->delay_ns += value;
		if (procstat_moves(pid, &value))
			disturb->moves += value;
	}
}

void disturb_begin(const struct crew *crew, struct disturb *ret_disturb)
{
	struct disturb disturb = {0};

	count_workers(crew, &disturb);
	disturb.cpu_known = procstat_cpu(&disturb.cpu);
	*ret_disturb = disturb;
}

/* A worker that has ended takes its counts along. */
static uint64_t growth(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

void disturb_end(const struct crew *crew, const struct disturb *disturb,
	struct slice_report *report)
{
	struct disturb now = {0};

	now.cpu_known = disturb->cpu_known && procstat_cpu(&now.cpu);
	count_workers(crew, &now);
	report->delay_ns = growth(disturb->delay_ns, now.delay_ns);
	report->moves = growth(disturb->moves, now.moves);
	report->steal_ns = now.cpu_known
				   ? growth(disturb->cpu.steal, now.cpu.steal) *
					     procstat_tick_ns()
				   : 0;
}
