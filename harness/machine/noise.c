/* noise.c - an A/A of the machine; see noise.h.
 *
 * The work is arithmetic in registers: nothing but the clock of the CPU and who
 * else gets it can change how long it takes. It is done by a process of its own,
 * which is pinned; ours stays where it was.
 */
#include "machine/noise.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/procstat.h"
#include "base/rng.h"
#include "base/stats.h"
#include "machine/topo.h"

enum {
	TURNS = 80, /* even, so that both halves have as many */
	STEPS = 700000,
};

/* What the process that works leaves behind. */
struct diary {
	double turns_ns[TURNS];
	uint64_t elapsed_ns, delay_ns;
	uint64_t sum; /* of the work, so that it is done */
	bool delay_known, done;
};

static _Noreturn void work(struct diary *diary, int cpu)
{
	struct rng rng = rng_seeded(1);
	uint64_t delay_ns = 0, delay_end_ns = 0, started_ns;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		_exit(1);
	diary->delay_known = procstat_delay(getpid(), &delay_ns);
	started_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	for (int turn = 0; turn < TURNS; turn++) {
		uint64_t begin_ns = deadline_clock_ns(CLOCK_MONOTONIC);

		for (int step = 0; step < STEPS; step++)
			diary->sum += rng_next(&rng);
		diary->turns_ns[turn] =
			(double)(deadline_clock_ns(CLOCK_MONOTONIC) - begin_ns);
	}
	diary->elapsed_ns = deadline_clock_ns(CLOCK_MONOTONIC) - started_ns;
	diary->delay_known =
		procstat_delay(getpid(), &delay_end_ns) && diary->delay_known;
	diary->delay_ns = delay_end_ns - delay_ns;
	diary->done = true;
	_exit(0);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static json_t *percent(bool known, double value)
{
	return known && isfinite(value) ? json_real(100 * value) : json_null();
}

static int add_facts(struct diary *diary, json_t *facts)
{
	double half[2][TURNS / 2], medians[2], difference, spread;
	bool done = diary->done;

	for (int i = 0; i < TURNS; i++)
		half[i % 2][i / 2] = diary->turns_ns[i];
	for (int i = 0; i < 2; i++)
		medians[i] = stats_median(half[i], TURNS / 2);
	difference = fabs(medians[0] / medians[1] - 1);
	qsort(diary->turns_ns, TURNS, sizeof(double), by_value);
	spread = diary->turns_ns[TURNS * 9 / 10] / diary->turns_ns[TURNS / 2] -
		 1;
	if (json_object_set_new(facts, "aa_difference_percent",
		    percent(done, difference)) ||
		json_object_set_new(
			facts, "aa_spread_percent", percent(done, spread)) ||
		json_object_set_new(facts, "run_delay_percent",
			percent(done && diary->delay_known,
				(double)diary->delay_ns /
					(double)diary->elapsed_ns)))
		return -ENOMEM;
	return 0;
}

int noise_measure(const struct topo *topo, json_t *facts)
{
	struct procstat_cpu before, after;
	bool known = procstat_cpu(&before);
	struct diary *diary = mmap(NULL, sizeof(*diary), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double stolen = NAN;
	pid_t pid;
	int err;

	if (diary == MAP_FAILED)
		return -ENOMEM;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		work(diary, topo->cpus[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (known && procstat_cpu(&after) && after.total > before.total)
		stolen = (double)(after.steal - before.steal) /
			 (double)(after.total - before.total);
	err = add_facts(diary, facts);
	munmap(diary, sizeof(*diary));
	if (!err && json_object_set_new(
			    facts, "steal_now_percent", percent(true, stolen)))
		err = -ENOMEM;
	return err;
}
