/* campaign.c - the processes of a campaign, as their parent sees them.
 *
 * One process records, then one director a CPU takes blocks off the plan until it
 * is empty; for trials in which somebody sleeps there are several a CPU, since
 * their time is waited away. All they find is in shared memory, so that nothing is
 * lost with one of them. A director trusts what it drives no more than it must,
 * but a transport's create() or destroy() may end or hang it: then it is given up,
 * its part of the plan is missing, and that is said.
 */
#include "crash/campaign.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "crash/map.h"

enum {
	TRACE_LIMIT = 1 << 18, /* steps of one call */
	COVERAGE_LIMIT = 1 << 17,
	GIVE_UP = 40, /* times the patience without a sign of life */
	/* A trial with a sleeper whom nothing wakes waits for 12 ms and works for
	 * half a one: so many side by side leave half of a CPU idle, and who is
	 * woken gets it at once. */
	SLEEPERS_PER_CPU = 8,
};

#define TRACES_BYTES (UINT64_C(1) << 28) /* given as they are written */

static void *shared_area(size_t bytes)
{
	void *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return area == MAP_FAILED ? NULL : area;
}

const struct crash_trace *campaign_trace(
	const struct campaign *campaign, const struct campaign_unit *unit)
{
	return (const struct crash_trace *)(const void *)(campaign->traces +
							  unit->trace);
}

static size_t tallies_bytes(const struct campaign *campaign)
{
	return sizeof(struct campaign_tally) * CAMPAIGN_ROWS_MAX *
	       campaign->directors;
}

static int allocate(struct campaign *campaign)
{
	int err;

	campaign->traces_bytes = TRACES_BYTES;
	campaign->board = shared_area(sizeof(*campaign->board));
	campaign->traces = shared_area(campaign->traces_bytes);
	campaign->tallies = shared_area(tallies_bytes(campaign));
	if (!campaign->board || !campaign->traces || !campaign->tallies)
		return -ENOMEM;
	err = coverage_create(COVERAGE_LIMIT, &campaign->coverage);
	for (unsigned i = 0; i < campaign->directors && !err; i++) {
		err = trace_create(TRACE_LIMIT, &campaign->scratch[i]);
		campaign->stages[i] = crash_stage_shared();
		if (!campaign->stages[i])
			err = -ENOMEM;
	}
	return err;
}

void campaign_free(struct campaign *campaign)
{
	if (campaign->board)
		munmap(campaign->board, sizeof(*campaign->board));
	if (campaign->traces)
		munmap(campaign->traces, campaign->traces_bytes);
	if (campaign->tallies)
		munmap(campaign->tallies, tallies_bytes(campaign));
	for (unsigned i = 0; i < campaign->directors; i++) {
		trace_destroy(campaign->scratch[i]);
		crash_stage_unshare(campaign->stages[i]);
	}
	coverage_destroy(campaign->coverage);
	coverage_destroy(campaign->of_rows);
	free(campaign->plan);
	*campaign = (struct campaign){0};
}

/* The @index-th CPU that there is for us. */
static void pin(unsigned index)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all) || index--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static unsigned least(unsigned one, unsigned other)
{
	return one < other ? one : other;
}

static unsigned cpu_count(void)
{
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all))
		return 1;
	return CPU_COUNT(&all) > 0 ? (unsigned)CPU_COUNT(&all) : 1;
}

/* A child that leads others: told to stop by the board, not by signals, and by
 * signal when one of its own has ended. */
static pid_t fork_leader(unsigned cpu)
{
	pid_t parent = getpid(), child = fork();
	sigset_t blocked;

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	pin(cpu);
	return 0;
}

/* Until all of them have ended, or are given up. */
static void watch(struct campaign *campaign, pid_t *pids, unsigned count,
	bool (*keep_going)(void), void (*shown)(const struct campaign *))
{
	static const struct timespec moment = {.tv_nsec = 20000000};
	uint64_t patience_ns = GIVE_UP * campaign->request.patience_ns;
	uint64_t beats[CAMPAIGN_DIRECTORS_MAX] = {0};
	uint64_t since_ns[CAMPAIGN_DIRECTORS_MAX] = {0};
	unsigned left = 0;

	for (unsigned i = 0; i < count; i++)
		left += pids[i] ? 1 : 0;
	while (left) {
		uint64_t now_ns = deadline_clock_ns(CLOCK_MONOTONIC);

		if (!keep_going()) {
			campaign->interrupted = true;
			/* relaxed: looked at after each trial */
			atomic_store_explicit(&campaign->board->stop, true,
				memory_order_relaxed);
		}
		for (unsigned i = 0; i < count; i++) {
			uint64_t beat =
				atomic_load_explicit(&campaign->board->beats[i],
					memory_order_relaxed);
			int status;

			if (!pids[i])
				continue;
			if (beat != beats[i] || !since_ns[i]) {
				beats[i] = beat;
				since_ns[i] = now_ns;
			} else if (now_ns - since_ns[i] > patience_ns) {
				kill(pids[i], SIGKILL);
			}
			if (waitpid(pids[i], &status, WNOHANG) != pids[i])
				continue;
			pids[i] = 0;
			left--;
			if (!WIFEXITED(status) || WEXITSTATUS(status))
				campaign->lost_directors++;
		}
		if (shown)
			shown(campaign);
		if (left)
			nanosleep(&moment, NULL);
	}
}

static int record(struct campaign *campaign, unsigned from, unsigned to,
	bool (*keep_going)(void))
{
	pid_t pid = fork_leader(0);

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		campaign_record(campaign, from, to);
		_exit(0);
	}
	watch(campaign, &pid, 1, keep_going, NULL);
	return 0;
}

/* The first size tells how many passes there are, and so how many other sizes. */
static int record_all(struct campaign *campaign, bool (*keep_going)(void))
{
	unsigned base = campaign->request.pass % CAMPAIGN_SIZES, passes;
	int err = record(campaign, base, base + 1, keep_going);

	if (err)
		return err;
	campaign_plan_rows(campaign);
	passes = campaign_plan_passes(campaign);
	if (passes > CAMPAIGN_SIZES - base)
		passes = CAMPAIGN_SIZES - base;
	if (passes > 1)
		err = record(campaign, base + 1, base + passes, keep_going);
	campaign_plan_rows(campaign);
	return err;
}

/* The plan up to @end, by @count directors. */
static void direct_to(struct campaign *campaign, size_t end, unsigned count,
	bool (*keep_going)(void), void (*shown)(const struct campaign *))
{
	pid_t pids[CAMPAIGN_DIRECTORS_MAX];

	/* relaxed: no director is there, and those to come are forked */
	atomic_store_explicit(&campaign->board->next_block, campaign->plan_end,
		memory_order_relaxed);
	campaign->plan_end = end;
	for (unsigned i = 0; i < count; i++) {
		pids[i] = fork_leader(i % campaign->cpus);
		if (pids[i] == 0) {
			director_run(campaign, i);
			_exit(0);
		}
		if (pids[i] < 0) {
			pids[i] = 0;
			campaign->lost_directors++;
		}
	}
	watch(campaign, pids, count, keep_going, shown);
}

static void direct(struct campaign *campaign, bool (*keep_going)(void),
	void (*shown)(const struct campaign *))
{
	const struct campaign_row *rows = campaign->board->rows;
	size_t awake = 0;

	/* kind by kind, and sleepers are the last */
	while (awake < campaign->plan_count &&
		rows[campaign->plan[awake].row].kind != KIND_SLEEPER)
		awake++;
	if (awake)
		direct_to(campaign, awake, campaign->cpus, keep_going, shown);
	if (awake < campaign->plan_count)
		direct_to(campaign, campaign->plan_count, campaign->directors,
			keep_going, shown);
}

/* What is to be covered. What directors record by themselves they add. */
static void note_executed(struct campaign *campaign)
{
	const struct campaign_board *board = campaign->board;

	for (unsigned i = 0; i < board->unit_count; i++) {
		const struct campaign_unit *unit = &board->units[i];

		if (unit->recorded && !operation_allocates(&unit->operation))
			coverage_add_trace(campaign->coverage,
				campaign_trace(campaign, unit));
	}
}

int campaign_run(struct campaign *campaign, bool (*keep_going)(void),
	void (*shown)(const struct campaign *campaign))
{
	uint64_t started_ns;
	int err;

	campaign->cpus = least(
		campaign->request.cpus ? campaign->request.cpus : cpu_count(),
		CAMPAIGN_DIRECTORS_MAX);
	campaign->directors = campaign->request.kinds & 1u << KIND_SLEEPER
				      ? least(SLEEPERS_PER_CPU * campaign->cpus,
						CAMPAIGN_DIRECTORS_MAX)
				      : campaign->cpus;
	err = allocate(campaign);
	if (!err)
		err = record_all(campaign, keep_going);
	if (!err)
		err = campaign_plan_blocks(campaign);
	if (!err)
		err = map_begin(campaign);
	if (err)
		return err;
	for (unsigned i = 0; i < campaign->board->row_count; i++)
		for (unsigned d = 0; d < campaign->directors; d++)
			hist_init(&campaign->tallies[d * CAMPAIGN_ROWS_MAX + i]
					   .recovery);
	note_executed(campaign);
	started_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	direct(campaign, keep_going, shown);
	campaign->duration_ns = deadline_clock_ns(CLOCK_MONOTONIC) - started_ns;
	return 0;
}

void campaign_sum(const struct campaign *campaign, unsigned row,
	struct campaign_tally *ret_sum)
{
	memset(ret_sum, 0, sizeof(*ret_sum));
	hist_init(&ret_sum->recovery);
	for (unsigned d = 0; d < campaign->directors; d++) {
		const struct campaign_tally *one =
			&campaign->tallies[d * CAMPAIGN_ROWS_MAX + row];

		ret_sum->trials += one->trials;
		ret_sum->spent_ns += one->spent_ns;
		ret_sum->struck += one->struck;
		ret_sum->missed += one->missed;
		for (unsigned v = 0; v < VERDICTS; v++)
			ret_sum->verdicts[v] += one->verdicts[v];
		hist_add(&ret_sum->recovery, &one->recovery);
	}
}
