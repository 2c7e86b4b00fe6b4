/* overhead.c - the harness measures itself, in every run.
 *
 * A figure of 20 ns a message means one thing when the harness takes 2 of them
 * and another when it takes 15, and which of the two it is depends on the
 * machine. So each run begins with a few slices without a transport, whether or
 * not the scenario asks for that, and every report says what they took. It is
 * processor time: the one worker never waits, and on a busy machine it may not
 * run at all for the length of a slice.
 */
#include "overhead.h"

#include <math.h>
#include <stdio.h>

#include "session.h"
#include "slice.h"
#include "stats.h"
#include "transport.h"

enum { SLICES = 5, TRIES_MAX = 20 };

#define SLICE_NS UINT64_C(4000000)
#define WARMUP_NS UINT64_C(1000000)

static const struct transport *find_empty(void)
{
	const struct transport *const *table = transport_table();

	while (*table && !((*table)->caps & CAP_EMPTY))
		table++;
	return *table;
}

static double measure(const struct transport *transport, enum case_mode mode)
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
	const struct slice_request request = {.bench = &bench};
	double costs[SLICES];
	unsigned good = 0;
	char name[LEFTOVER_TOKEN_BYTES + 16];

	for (unsigned i = 0; i < CASE_MAX_WORKERS; i++)
		bench.cpus[i] = CASE_CPU_ANY;
	snprintf(bench.transport, sizeof(bench.transport), "%s",
		transport->name);
	snprintf(name, sizeof(name), "%s-overhead", session_token());
	for (unsigned i = 0; i < TRIES_MAX && good < SLICES; i++) {
		struct slice_report report = {0};

		if (slice_run(transport, &request, name, &report))
			break;
		if (report.msgs > 0 && report.cpu_ns > 0)
			costs[good++] =
				(double)report.cpu_ns / (double)report.msgs;
	}
	return stats_median(costs, good);
}

struct overhead overhead_measure(bool open)
{
	const struct transport *empty = find_empty();
	struct overhead overhead = {NAN, NAN};

	if (!empty)
		return overhead;
	overhead.closed_ns = measure(empty, MODE_THROUGHPUT);
	if (open)
		overhead.open_ns = measure(empty, MODE_OPEN);
	return overhead;
}
