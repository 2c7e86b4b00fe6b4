/* procstat.c - a few numbers out of /proc; see procstat.h. */
#include "base/procstat.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 512 };

bool procstat_cpu(struct procstat_cpu *ret_cpu)
{
	struct procstat_cpu cpu = {0};
	FILE *file = fopen("/proc/stat", "re");
	uint64_t t[8];
	int got;

	if (!file)
		return false;
	got = fscanf(file,
		"cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		" %" SCNu64 " %" SCNu64 " %" SCNu64,
		&t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
	fclose(file);
	if (got != 8)
		return false;
	for (int i = 0; i < 8; i++)
		cpu.total += t[i];
	cpu.steal = t[7];
	*ret_cpu = cpu;
	return true;
}

static FILE *open_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	return fopen(path, "re");
}

bool procstat_delay(pid_t pid, uint64_t *ret_ns)
{
	FILE *file = open_of(pid, "schedstat");
	uint64_t ran_ns, delay_ns;
	int got;

	if (!file)
		return false;
	got = fscanf(file, "%" SCNu64 " %" SCNu64, &ran_ns, &delay_ns);
	fclose(file);
	if (got != 2)
		return false;
	*ret_ns = delay_ns;
	return true;
}

bool procstat_moves(pid_t pid, uint64_t *ret_moves)
{
	FILE *file = open_of(pid, "sched");
	char line[LINE_BYTES];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		if (!colon || strncmp(line, "se.nr_migrations", 16) != 0)
			continue;
		found = sscanf(colon + 1, "%" SCNu64, ret_moves) == 1;
	}
	if (file)
		fclose(file);
	return found;
}

uint64_t procstat_tick_ns(void)
{
	long per_second = sysconf(_SC_CLK_TCK);

	return per_second > 0 ? UINT64_C(1000000000) / (uint64_t)per_second : 0;
}
