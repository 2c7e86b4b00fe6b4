/* usage.c - getrusage() and perf_event_open(), read at both ends of a slice.
 *
 * A worker looks at its own counts when it hears that measuring begins and that
 * it ends, so the measured loops have nothing to do with it. The processor's
 * counters are three descriptors of the worker's own process: kernels refuse
 * them (perf_event_paranoid), virtual machines often have none. That is no
 * error: such counts are unknown, and the report says once why.
 *
 * With more events than the processor has counters, the kernel lets them take
 * turns and says how long each had its turn; the count is scaled by that.
 */
#include "case/usage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/perf_event.h>
#include <sys/syscall.h>
#endif

enum { COUNTERS = USAGE_KINDS - USAGE_COUNTERS };

static const char *const names[USAGE_KINDS + 1] = {
	[USAGE_VOLUNTARY] = "voluntary_switches",
	[USAGE_INVOLUNTARY] = "involuntary_switches",
	[USAGE_MINOR_FAULTS] = "minor_faults",
	[USAGE_MAJOR_FAULTS] = "major_faults",
	[USAGE_CYCLES] = "cycles",
	[USAGE_INSTRUCTIONS] = "instructions",
	[USAGE_LLC_MISSES] = "llc_misses",
};

const char *usage_name(enum usage_kind kind)
{
	return names[kind];
}

struct usage usage_unknown(void)
{
	struct usage usage;

	for (int i = 0; i < USAGE_KINDS; i++)
		usage.counts[i] = USAGE_UNKNOWN;
	return usage;
}

void usage_add(struct usage *into, const struct usage *from)
{
	for (int i = 0; i < USAGE_KINDS; i++) {
		if (into->counts[i] == USAGE_UNKNOWN ||
			from->counts[i] == USAGE_UNKNOWN)
			into->counts[i] = USAGE_UNKNOWN;
		else
			into->counts[i] += from->counts[i];
	}
}

#ifdef __linux__

/* A counter of this process, wherever it runs. Returns it or -errno. */
static int open_counter(int index)
{
	static const uint64_t events[COUNTERS][2] = {
		{PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
		{PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
		{PERF_TYPE_HW_CACHE,
			PERF_COUNT_HW_CACHE_LL |
				PERF_COUNT_HW_CACHE_OP_READ << 8 |
				PERF_COUNT_HW_CACHE_RESULT_MISS << 16},
	};
	struct perf_event_attr attr = {
		.type = (uint32_t)events[index][0],
		.size = sizeof(attr),
		.config = events[index][1],
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	long fd = syscall(
		SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

#else

static int open_counter(int index)
{
	(void)index;
	return -ENOSYS;
}

#endif

static uint64_t read_counter(int fd)
{
	uint64_t values[3]; /* count, time it was wanted, time it counted */

	if (fd < 0 || read(fd, values, sizeof(values)) != sizeof(values))
		return USAGE_UNKNOWN;
	if (values[2] == 0)
		return values[1] ? USAGE_UNKNOWN : 0;
	if (values[2] >= values[1])
		return values[0];
	return (uint64_t)((double)values[0] * (double)values[1] /
			  (double)values[2]);
}

static struct usage usage_now(const struct usage_meter *meter)
{
	struct usage usage = usage_unknown();
	struct rusage system;

	if (getrusage(RUSAGE_SELF, &system) == 0) {
		usage.counts[USAGE_VOLUNTARY] = (uint64_t)system.ru_nvcsw;
		usage.counts[USAGE_INVOLUNTARY] = (uint64_t)system.ru_nivcsw;
		usage.counts[USAGE_MINOR_FAULTS] = (uint64_t)system.ru_minflt;
		usage.counts[USAGE_MAJOR_FAULTS] = (uint64_t)system.ru_majflt;
	}
	for (int i = 0; i < COUNTERS; i++)
		usage.counts[USAGE_COUNTERS + i] = read_counter(meter->fds[i]);
	return usage;
}

void usage_open(struct usage_meter *meter)
{
	for (int i = 0; i < COUNTERS; i++)
		meter->fds[i] = open_counter(i);
	meter->begun = usage_unknown();
}

void usage_begin(struct usage_meter *meter)
{
	meter->begun = usage_now(meter);
}

struct usage usage_end(const struct usage_meter *meter)
{
	struct usage usage = usage_now(meter);

	for (int i = 0; i < USAGE_KINDS; i++) {
		uint64_t begun = meter->begun.counts[i];

		if (begun == USAGE_UNKNOWN || usage.counts[i] < begun)
			usage.counts[i] = USAGE_UNKNOWN;
		else if (usage.counts[i] != USAGE_UNKNOWN)
			usage.counts[i] -= begun;
	}
	return usage;
}

bool usage_refusal(char *reason, size_t reason_bytes)
{
	int fd = open_counter(0);

	if (fd >= 0) {
		close(fd);
		return false;
	}
	if (fd == -EACCES || fd == -EPERM)
		snprintf(reason, reason_bytes,
			"the kernel does not let this user have them; lower "
			"kernel.perf_event_paranoid to 2");
	else if (fd == -ENOENT || fd == -EOPNOTSUPP || fd == -ENODEV)
		snprintf(reason, reason_bytes,
			"this machine shows none; a virtual machine needs a "
			"virtual PMU");
	else
		snprintf(reason, reason_bytes, "%s", strerror(-fd));
	return true;
}
