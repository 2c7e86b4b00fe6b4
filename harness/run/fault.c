/* fault.c - one crash case: its workers, its victims, and the verdict.
 *
 * When and whom it strikes is in fault_holder.c and fault_random.c.
 *
 * The ledger: a send that was acknowledged must arrive, once. One that the kill
 * cut short may arrive or not, but whole. What a killed consumer had taken and
 * not yet noted is gone with it: as many messages as consumers were killed. With
 * a lease none is: it goes to another consumer, who may have had later ones
 * before, and may be one that was noted already; so as many as that may be out
 * of order, and come twice.
 */
#include "run/fault.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/diag.h"
#include "machine/shm_room.h"
#include "run/fault_stage.h"
#include "run/fault_story.h"
#include "transport/transport.h"

enum { BOTH_ROLES = 1 << ROLE_PRODUCER | 1 << ROLE_CONSUMER };

static int start_all(struct fault *fault)
{
	int err = 0;

	for (unsigned i = 0; !err && i < fault_places(fault); i++)
		err = fault_start(fault, i);
	return err;
}

/* To attach takes as long as it takes to fill a holder's memory. */
static uint64_t attach_ns(const struct bench_case *bench)
{
	return FAULT_STEP_MS * FAULT_MS + 4 * bench->holder_memory_bytes;
}

static int conduct(struct fault *fault)
{
	struct outcome *outcome = fault->outcome;
	struct crew *crew = &fault->crew;
	const size_t room = sizeof(outcome->reason);
	const uint64_t step_ns = FAULT_STEP_MS * FAULT_MS;
	int err = crew_await(crew, BOTH_ROLES, PHASE_ATTACH,
		attach_ns(fault->bench), outcome->reason, room);

	if (err)
		return err;
	crew_command(crew, PHASE_PROBE_BEFORE, 0);
	err = crew_await(crew, BOTH_ROLES, PHASE_PROBE_BEFORE, step_ns,
		outcome->reason, room);
	if (err)
		return err;
	crew_command(crew, PHASE_MEASURE, 0);
	fault_nap(fault->bench->warmup_ns);
	err = fault->bench->kill_at == KILL_AT_RANDOM
		      ? fault_strike_at_random(fault)
		      : fault_strike_holders(fault);
	fault_read_series(fault, true);
	if (err)
		return err;
	crew_command(crew, PHASE_STOP, outcome->crash.kills);
	err = crew_await(crew, 1 << ROLE_PRODUCER, PHASE_STOP, step_ns,
		outcome->reason, room);
	if (err)
		return err;
	crew_command(crew, PHASE_DRAIN, outcome->crash.kills);
	return crew_await(crew, 1 << ROLE_CONSUMER, PHASE_DRAIN, step_ns,
		outcome->reason, room);
}

/* What the ledger says, less what the kills excuse. */
static void judge(struct fault *fault)
{
	struct outcome *outcome = fault->outcome;
	const struct verify_totals *totals = &outcome->verify;
	bool leased = fault->bench->access == ACCESS_LEASE;
	uint64_t taken =
		(uint64_t)fault->killed[VICTIM_CONSUMER] * fault->bench->batch;
	uint64_t excused = leased ? 0 : taken;
	uint64_t again = leased ? taken : 0;

	crew_verify(&fault->crew, fault->in_flight, &outcome->verify);
	if (totals->lost > excused || totals->duplicated > again ||
		totals->reordered > again || totals->corrupted) {
		outcome->status = STATUS_VIOLATED;
		snprintf(outcome->reason, sizeof(outcome->reason),
			"%" PRIu64 " lost (%" PRIu64
			" went with killed consumers at most), %" PRIu64
			" twice, %" PRIu64 " out of order, %" PRIu64 " damaged",
			totals->lost, excused, totals->duplicated,
			totals->reordered, totals->corrupted);
	} else if (fault->transport->check &&
		   fault->transport->check(fault->crew.channels[0])) {
		outcome->status = STATUS_VIOLATED;
		snprintf(outcome->reason, sizeof(outcome->reason),
			"the transport breaks its own invariants");
	} else if (outcome->crash.recovered < outcome->crash.kills) {
		outcome->status = STATUS_FAILED;
		snprintf(outcome->reason, sizeof(outcome->reason),
			"%u of %u recoveries took longer than recover_within",
			outcome->crash.kills - outcome->crash.recovered,
			outcome->crash.kills);
	}
}

static int make_crew(
	struct fault *fault, uint64_t seed, const char *name, bool *ret_crew)
{
	const struct bench_case *bench = fault->bench;
	unsigned more[2] = {0, 0};
	int err = 0;

	if (bench->kill_at == KILL_AT_RANDOM) {
		err = fault_script_make(bench, seed, &fault->script);
		memcpy(more, fault->script.kills, sizeof(more));
	} else {
		for (int victim = 0; victim < 2; victim++)
			more[victim] =
				bench->kill_victim[victim] ? bench->kills : 0;
	}
	if (err)
		return err;
	fault->rng = rng_seeded(seed);
	fault->timeline.producers = bench->producers;
	fault->recorder = recorder_create(fault_places(fault));
	fault->in_flight = calloc(bench->producers + more[VICTIM_PRODUCER],
		sizeof(*fault->in_flight));
	if (!fault->recorder || !fault->in_flight)
		return -ENOMEM;
	err = crew_create(fault->transport, bench, name,
		bench->producers + more[VICTIM_PRODUCER],
		bench->consumers + more[VICTIM_CONSUMER], &fault->crew);
	*ret_crew = !err;
	return err;
}

static void free_all(struct fault *fault)
{
	recorder_free(fault->recorder);
	timeline_free(&fault->timeline);
	fault_script_free(&fault->script);
	for (int i = 0; i < 2; i++)
		fault_series_free(&fault->series[i]);
	free(fault->in_flight);
}

static int run_crew(struct fault *fault)
{
	struct outcome *outcome = fault->outcome;
	int err = start_all(fault);

	if (!err)
		err = conduct(fault);
	if (err && !outcome->reason[0])
		snprintf(outcome->reason, sizeof(outcome->reason),
			"a worker could not be started: %s", strerror(-err));
	if (err)
		fault_story_of_hang(fault, stderr);
	crew_finish(&fault->crew);
	if (!err) {
		judge(fault);
		if (outcome->status == STATUS_VIOLATED)
			fault_story_of_violation(fault, stderr);
	}
	for (int i = 0; i < 2; i++)
		outcome->crash.around[i] = fault_series_sum(&fault->series[i]);
	crew_free(&fault->crew);
	return err;
}

int fault_run(const struct transport *transport, const struct bench_case *bench,
	uint64_t seed, const char *name, bool (*keep_going)(void),
	struct outcome *ret_outcome)
{
	struct fault fault = {
		.transport = transport,
		.bench = bench,
		.outcome = ret_outcome,
		.keep_going = keep_going,
	};
	bool made = false;
	int err = make_crew(&fault, seed, name, &made);

	if (!made) {
		snprintf(ret_outcome->reason, sizeof(ret_outcome->reason),
			"the channel could not be made: %s", strerror(-err));
		if (err == -ENOSPC)
			shm_room_reason(ret_outcome->reason,
				sizeof(ret_outcome->reason));
		free_all(&fault);
		return err;
	}
	if (run_crew(&fault))
		ret_outcome->status = STATUS_FAILED;
	free_all(&fault);
	return 0;
}
