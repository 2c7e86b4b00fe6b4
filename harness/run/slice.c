/* slice.c - one case, measured once.
 *
 *   fork -> attach -> probe -> warm up -> [ count .. count ] -> stop -> drain
 *        -> probe -> verdict
 *
 * The measured time is what the parent's clock says between two looks at the
 * workers' counts; how late it wakes up for the second one does not matter.
 */
#include "run/slice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "machine/shm_room.h"
#include "run/crew.h"
#include "run/disturb.h"
#include "transport/transport.h"

enum {
	COUNT_POLL_NS = 50000,
	BOTH_ROLES = 1 << ROLE_PRODUCER | 1 << ROLE_CONSUMER,
};

/* How long nothing at all may happen before it is a hang. A worker of a slow
 * transport may need most of it for one call with a large message. */
#define PATIENCE_NS UINT64_C(2000000000)
#define ATTACH_NS UINT64_C(5000000000)

static int start_workers(struct crew *crew, const struct transport *transport,
	const struct slice_request *request)
{
	const struct bench_case *bench = request->bench;
	bool loopback = transport->caps & CAP_LOOPBACK;
	bool roundtrip = bench->mode == MODE_ROUNDTRIP;
	unsigned count = loopback ? 1 : bench->producers + bench->consumers;
	bool probes = !loopback && bench->cpus[0] != CASE_CPU_ANY &&
		      bench->cpus[0] != bench->cpus[bench->producers];

	for (unsigned i = 0; i < count; i++) {
		bool producer = i < bench->producers;
		unsigned index = producer ? i : i - bench->producers;
		const struct worker_job job = {
			.bench = bench,
			.transport = transport,
			.role = producer ? ROLE_PRODUCER : ROLE_CONSUMER,
			.index = roundtrip ? 0 : index,
			/* Both sides of a round trip send. */
			.number = roundtrip ? i : index,
			.cpu = bench->cpus[i],
			.probes = probes && index == 0,
			.rate_per_s = request->rate_per_s,
			.seed = request->seed,
		};
		int err = crew_start(crew, &job);

		if (err < 0)
			return err;
	}
	return 0;
}

static void sleep_ns(uint64_t duration_ns)
{
	const struct timespec duration = deadline_timespec(duration_ns);

	/* A signal may cut it short: the elapsed time is measured. */
	nanosleep(&duration, NULL);
}

/* Until bench->count more messages than @before have got through, or the slice
 * has lasted as long as it may. */
static void sleep_until_count(const struct crew *crew,
	const struct bench_case *bench, uint64_t before)
{
	uint64_t deadline_ns = deadline_after(bench->slice_ns);

	while (deadline_left_ns(deadline_ns) &&
		crew_messages(crew) - before < bench->count)
		sleep_ns(COUNT_POLL_NS);
}

static void measure(struct crew *crew, const struct bench_case *bench,
	struct slice_report *report)
{
	struct control *control = crew->block.control;
	struct disturb disturb;

	crew_command(crew, PHASE_WARMUP, 0);
	sleep_ns(bench->warmup_ns);
	/* Looked at before and after the measured time, not within it: to
	 * read files takes long enough to be seen. */
	disturb_begin(crew, &disturb);
	/* relaxed: the command after it publishes it; so below */
	atomic_store_explicit(&control->measure_from_ns,
		deadline_clock_ns(CLOCK_MONOTONIC), memory_order_relaxed);
	crew_command(crew, PHASE_MEASURE, 0);
	report->msgs = crew_messages(crew);
	report->cpu_ns = crew_cpu_ns(crew);
	report->started_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	if (bench->count)
		sleep_until_count(crew, bench, report->msgs);
	else
		sleep_ns(bench->slice_ns);
	report->msgs = crew_messages(crew) - report->msgs;
	report->elapsed_ns =
		deadline_clock_ns(CLOCK_MONOTONIC) - report->started_ns;
	report->cpu_ns = crew_cpu_ns(crew) - report->cpu_ns;
	atomic_store_explicit(&control->measure_until_ns,
		deadline_clock_ns(CLOCK_MONOTONIC), memory_order_relaxed);
	disturb_end(crew, &disturb, report);
}

/* Step by step, each with its deadline. */
static int conduct(struct crew *crew, const struct bench_case *bench,
	struct slice_report *report)
{
	const size_t room = sizeof(report->reason);
	int err = crew_await(crew, BOTH_ROLES, PHASE_ATTACH, ATTACH_NS,
		report->reason, room);

	if (err)
		return err;
	crew_command(crew, PHASE_PROBE_BEFORE, 0);
	err = crew_await(crew, BOTH_ROLES, PHASE_PROBE_BEFORE, PATIENCE_NS,
		report->reason, room);
	if (err)
		return err;
	measure(crew, bench, report);
	crew_command(crew, PHASE_STOP, 0);
	err = crew_await(crew, 1 << ROLE_PRODUCER, PHASE_STOP, PATIENCE_NS,
		report->reason, room);
	if (err)
		return err;
	crew_command(crew, PHASE_DRAIN, 0);
	err = crew_await(crew, 1 << ROLE_CONSUMER, PHASE_DRAIN, PATIENCE_NS,
		report->reason, room);
	if (err)
		return err;
	crew_command(crew, PHASE_PROBE_AFTER, 0);
	return crew_await(crew, BOTH_ROLES, PHASE_PROBE_AFTER, PATIENCE_NS,
		report->reason, room);
}

static void collect(const struct crew *crew, const struct bench_case *bench,
	struct slice_report *report)
{
	const struct worker_slot *first = &crew->block.slots[0];

	/* relaxed: the workers have ended */
	report->distance_before_ns = atomic_load_explicit(
		&first->distance_ns[0], memory_order_relaxed);
	report->distance_after_ns = atomic_load_explicit(
		&first->distance_ns[1], memory_order_relaxed);
	for (unsigned i = 0; i < crew->count; i++)
		/* relaxed: as above */
		report->memory_found |=
			atomic_load_explicit(&crew->block.slots[i].memory_found,
				memory_order_relaxed);
	crew_verify(crew, NULL, &report->verify);
	report->usage = crew_usage(crew);
	if (bench->mode == MODE_OPEN && report->latency)
		crew_latency(crew, report->latency);
	if (bench->mode == MODE_ROUNDTRIP && report->rtt)
		hist_add(report->rtt, &crew->block.control->rtt);
}

int slice_run(const struct transport *transport,
	const struct slice_request *request, const char *name,
	struct slice_report *ret_report)
{
	const struct bench_case *bench = request->bench;
	bool roundtrip = bench->mode == MODE_ROUNDTRIP;
	struct crew crew;
	int err = crew_create(transport, bench, name,
		roundtrip ? 2 : bench->producers,
		roundtrip ? 2 : bench->consumers, &crew);

	if (err == -ENOSPC) {
		shm_room_reason(ret_report->reason, sizeof(ret_report->reason));
		return err;
	}
	if (err) {
		snprintf(ret_report->reason, sizeof(ret_report->reason),
			"the channel could not be made: %s", strerror(-err));
		return err;
	}
	err = start_workers(&crew, transport, request);
	if (err)
		snprintf(ret_report->reason, sizeof(ret_report->reason),
			"a worker could not be started: %s", strerror(-err));
	else
		err = conduct(&crew, bench, ret_report);
	if (err == -ENOSPC)
		err = -EIO; /* a worker's; the channel was to be had */
	crew_finish(&crew);
	if (!err)
		collect(&crew, bench, ret_report);
	ret_report->huge_bytes =
		!err && bench->huge != HUGE_PAGES_NO && transport->huge_bytes
			? transport->huge_bytes(crew.channels[0])
			: -1;
	if (!err && transport->check && transport->check(crew.channels[0])) {
		err = -EBADMSG;
		snprintf(ret_report->reason, sizeof(ret_report->reason),
			"the transport breaks its own invariants");
	}
	crew_free(&crew);
	return err;
}
