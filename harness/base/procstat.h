/* procstat.h - what the kernel counted: time stolen, moves, waits for a CPU. */
#ifndef IPCMARK_BASE_PROCSTAT_H
#define IPCMARK_BASE_PROCSTAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Of all CPUs since boot, in the kernel's ticks. */
struct procstat_cpu {
	uint64_t total, steal;
};

/* Each returns false, and writes nothing, where the system does not say. */
bool procstat_cpu(struct procstat_cpu *ret_cpu);

/* procstat_delay - how long @pid was ready to run and did not. */
bool procstat_delay(pid_t pid, uint64_t *ret_ns);

/* procstat_moves - how often @pid went from one CPU to another. */
bool procstat_moves(pid_t pid, uint64_t *ret_moves);

/* procstat_tick_ns - the kernel's tick. */
uint64_t procstat_tick_ns(void);

#endif
