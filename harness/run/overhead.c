/* overhead.c - the harness measures itself, in every run.
 *
 * A figure of 20 ns a message means one thing when the harness takes 2 of them
 * and another when it takes 15, and which of the two it is depends on the
 * machine. So each run begins with some slices without a transport, whether or
 * not the scenario asks for that, and every report says what they took.
 *
 * It is processor time: the one worker never waits, and on a busy machine it may
 * not run at all for the length of a slice. The worker stays on one CPU, that of
 * the run's first worker: a move in a short slice costs more than it measures.
 * Closed and open slices take turns, so that what happens to one in these tenths
 * of a second happens to the other.
 */
#include "run/overhead.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>

#include "base/stats.h"
#include "run/slice.h"
#include "session/session.h"
#include "transport/transport.h"

/* An interval of 95 % needs six; these leave out the lowest and the highest. All
 * of it takes 0.1 s, and as much again for the open loop. */
enum { SLICES = 9, FAILURES_MAX = 9 };

#define SLICE_NS UINT64_C(8000000)
#define WARMUP_NS UINT64_C(2000000)

static const struct transport *find_empty(void)
{
	const struct transport *const *table = transport_table();

	while (*table && !((*table)->caps & CAP_EMPTY))
		table++;
	return *table;
}

static struct bench_case make_case(
	const struct transport *transport, int cpu, enum case_mode mode)
{
	struct bench_case bench = {
		.mode = mode,
		.msg_size_bytes = OVERHEAD_MSG_BYTES,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.burst = 1,
		.verify = VERIFY_HEADER,
		.warmup_ns = WARMUP_NS,
		.slice_ns = SLICE_NS,
	};

	for (unsigned i = 0; i < CASE_MAX_WORKERS; i++)
		bench.cpus[i] = cpu;
	snprintf(bench.transport, sizeof(bench.transport), "%s",
		transport->name);
	return bench;
}

/* What a message took in one slice; NaN when it went wrong. */
static double measure(
	const struct transport *transport, int cpu, enum case_mode mode)
{
	struct bench_case bench = make_case(transport, cpu, mode);
	const struct slice_request request = {.bench = &bench};
	struct slice_report report = {0};
	char name[LEFTOVER_TOKEN_BYTES + 16];

	snprintf(name, sizeof(name), "%s-overhead", session_token());
	if (slice_run(transport, &request, name, &report) || report.msgs == 0 ||
		report.cpu_ns == 0)
		return NAN;
	return (double)report.cpu_ns / (double)report.msgs;
}

struct overhead overhead_measure(int cpu, bool open)
{
	const struct transport *empty = find_empty();
	struct overhead overhead = {NAN, NAN, NAN, NAN};
	double closed_ns[SLICES], open_ns[SLICES];
	unsigned good = 0, failed = 0;
	struct interval closed;

	if (!empty)
		return overhead;
	if (cpu == CASE_CPU_ANY)
		cpu = sched_getcpu();
	while (good < SLICES && failed < FAILURES_MAX) {
		closed_ns[good] = measure(empty, cpu, MODE_THROUGHPUT);
		open_ns[good] = open ? measure(empty, cpu, MODE_OPEN) : 0;
		if (isnan(closed_ns[good]) || isnan(open_ns[good]))
			failed++;
		else
			good++;
	}
	closed = stats_median_interval(closed_ns, good, 0.95);
	overhead.closed_ns = closed.median;
	overhead.closed_lo_ns = closed.lo;
	overhead.closed_hi_ns = closed.hi;
	if (open)
		overhead.open_ns = stats_median(open_ns, good);
	return overhead;
}
