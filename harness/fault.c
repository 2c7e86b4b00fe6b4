/* fault.c - a death at the worst moment, over and over.
 *
 * How a victim is proved to hold the lock: it is stopped (SIGSTOP) at a random
 * moment, and only when it has really stopped the lock is looked at. If it is
 * the victim's, nobody can take it away while the victim stands still, and
 * SIGKILL strikes a holder for certain. If not, it goes on (SIGCONT) and another
 * moment is tried; after some, the victim is made to stand still in the midst of
 * its copy (park.h), and the lock looked at as before. No hook in the library, so
 * it works on anybody's transport that can say who holds its lock.
 *
 * Recovery time: from just before kill(2) to the second success of a survivor
 * that needs the same lock. The first one may have got its lock before the
 * victim did and only now returns; the second one cannot.
 *
 * The ledger: a send that was acknowledged must arrive, once. One that the kill
 * cut short may arrive or not, but whole. What a killed consumer had taken and
 * not yet noted is gone with it: as many messages as consumers were killed. With
 * a lease none is: it goes to another consumer, who may have had later ones
 * before; so as many as that may be out of order.
 */
#include "fault.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "crew.h"
#include "deadline.h"
#include "rng.h"
#include "shm_room.h"
#include "transport.h"

enum {
	BOTH_ROLES = 1 << ROLE_PRODUCER | 1 << ROLE_CONSUMER,
	CHANCES = 5,	       /* to catch a holder, before one is parked */
	MOMENT_MAX_NS = 50000, /* between two of them: up to this */
	POLL_NS = 20000,
	PARK_MS = 100,
	CATCH_MS = 3000,
	STEP_MS = 2000,
};

#define MS UINT64_C(1000000)

struct fault {
	const struct transport *transport;
	const struct bench_case *bench;
	struct outcome *outcome;
	struct crew crew;
	struct rng rng;
	unsigned killed[2];  /* by enum victim */
	unsigned *in_flight; /* by producer number, for the ledger */
};

static enum endpoint_role role_of(enum victim victim)
{
	return victim == VICTIM_PRODUCER ? ROLE_PRODUCER : ROLE_CONSUMER;
}

static void nap(uint64_t duration_ns)
{
	const struct timespec duration = deadline_timespec(duration_ns);

	nanosleep(&duration, NULL);
}

/* A live member of @role, by chance. */
static struct crew_member *pick(struct fault *fault, enum endpoint_role role)
{
	struct crew_member *found = NULL;
	unsigned seen = 0;

	for (unsigned i = 0; i < fault->crew.count; i++) {
		struct crew_member *member = &fault->crew.members[i];

		if (member->pid == 0 || member->job.role != role)
			continue;
		/* each of the n seen so far is the one with chance 1 / n */
		if (rng_below(&fault->rng, ++seen) == 0)
			found = member;
	}
	return found;
}

static bool holds_lock(
	const struct fault *fault, const struct crew_member *member)
{
	return fault->transport->lock_holder(fault->crew.channels[0],
		       member->job.role) == member->pid;
}

static bool stop_member(const struct crew_member *member)
{
	int status;

	return kill(member->pid, SIGSTOP) == 0 &&
	       waitpid(member->pid, &status, WUNTRACED) == member->pid &&
	       WIFSTOPPED(status);
}

/* Stop members of @role until one is caught with the lock. NULL: not in so many
 * tries. */
static struct crew_member *catch_by_chance(
	struct fault *fault, enum endpoint_role role)
{
	for (unsigned i = 0; i < CHANCES; i++) {
		struct crew_member *member = pick(fault, role);

		nap(rng_below(&fault->rng, MOMENT_MAX_NS));
		if (!member || !stop_member(member))
			return NULL;
		if (holds_lock(fault, member))
			return member;
		kill(member->pid, SIGCONT);
	}
	return NULL;
}

/* Have @member stand still in its copy. False: it never came to one. */
static bool park_member(struct fault *fault, const struct crew_member *member)
{
	_Atomic uint32_t *park = &worker_slot_of(
		&fault->crew.block, member->job.role, member->job.number)
					  ->park;
	uint64_t deadline_ns = deadline_after(PARK_MS * MS);

	/* relaxed: the command orders it */
	atomic_store_explicit(park, PARK_ASKED, memory_order_relaxed);
	crew_command(&fault->crew, PHASE_MEASURE, fault->outcome->crash.kills);
	/* acquire: pairs with on_fault() */
	while (atomic_load_explicit(park, memory_order_acquire) != PARKED) {
		if (!deadline_left_ns(deadline_ns))
			return false;
		nap(POLL_NS);
	}
	return true;
}

static void let_go(struct fault *fault, const struct crew_member *member)
{
	/* release: pairs with on_fault() */
	atomic_store_explicit(&worker_slot_of(&fault->crew.block,
				      member->job.role, member->job.number)
				       ->park,
		PARK_NO, memory_order_release);
}

/* A member of @role that holds the lock and stands still. NULL: none ever. */
static struct crew_member *catch_holder(
	struct fault *fault, enum endpoint_role role)
{
	uint64_t deadline_ns = deadline_after(CATCH_MS * MS);

	while (deadline_left_ns(deadline_ns)) {
		struct crew_member *member = catch_by_chance(fault, role);

		if (member)
			return member;
		member = pick(fault, role);
		/* who leases makes no copy to stand still in */
		if (role == ROLE_CONSUMER &&
			fault->bench->access != ACCESS_COPY)
			continue;
		if (member && park_member(fault, member) &&
			holds_lock(fault, member))
			return member;
		if (member)
			let_go(fault, member);
	}
	return NULL;
}

/* Wait for the first survivor of @role to say that it got on after kill number
 * @kill. Returns when, on the monotonic clock; 0: not within @patience_ns. */
static uint64_t await_success(struct fault *fault, enum endpoint_role role,
	uint32_t kill, uint64_t patience_ns)
{
	uint64_t deadline_ns = deadline_after(patience_ns);

	do {
		uint64_t first_ns = 0;

		for (unsigned i = 0; i < fault->crew.count; i++) {
			const struct crew_member *member =
				&fault->crew.members[i];
			const struct worker_slot *slot =
				worker_slot_of(&fault->crew.block,
					member->job.role, member->job.number);
			uint64_t at_ns;

			/* acquire: pairs with note_success() */
			if (member->pid == 0 || member->job.role != role ||
				atomic_load_explicit(&slot->survived,
					memory_order_acquire) != kill)
				continue;
			at_ns = atomic_load_explicit(
				&slot->survived_at_ns, memory_order_relaxed);
			if (!first_ns || at_ns < first_ns)
				first_ns = at_ns;
		}
		if (first_ns)
			return first_ns;
		nap(POLL_NS);
	} while (deadline_left_ns(deadline_ns));
	return 0;
}

/* A new worker in the killed one's place. */
static int replace(struct fault *fault, const struct crew_member *victim)
{
	enum endpoint_role role = victim->job.role;
	struct worker_job job = victim->job;
	int place;

	job.number = role == ROLE_PRODUCER
			     ? fault->bench->producers +
				       fault->killed[VICTIM_PRODUCER] - 1
			     : fault->bench->consumers +
				       fault->killed[VICTIM_CONSUMER] - 1;
	place = crew_start(&fault->crew, &job);
	return place < 0 ? place : 0;
}

static int fail(struct fault *fault, const char *what, enum victim victim)
{
	const struct crash_figures *crash = &fault->outcome->crash;

	fault->outcome->status = STATUS_FAILED;
	snprintf(fault->outcome->reason, sizeof(fault->outcome->reason),
		"%s (%s, kill %u)", what, victim_name(victim), crash->kills);
	return -EIO;
}

/* One victim: catch, kill, watch the others, replace. */
static int kill_one(struct fault *fault, enum victim victim)
{
	struct crash_figures *crash = &fault->outcome->crash;
	uint64_t patience_ns = fault->bench->recover_within_ns;
	struct crew_member *member = catch_holder(fault, role_of(victim));
	uint64_t killed_ns, success_ns;

	if (!member)
		return fail(fault, "no worker was ever seen holding the lock",
			victim);
	crash->lock_held++;
	crash->kills++;
	if (victim == VICTIM_PRODUCER)
		fault->in_flight[member->job.number] = fault->bench->batch;
	fault->killed[victim]++;
	crew_command(&fault->crew, PHASE_MEASURE, crash->kills);
	killed_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	crew_kill(member);
	success_ns = await_success(fault, member->job.role, crash->kills,
		patience_ns > 1000 * MS ? patience_ns : 1000 * MS);
	if (!success_ns)
		return fail(fault,
			"the others hung: no success after a holder's death",
			victim);
	hist_record(crash->recovery, success_ns - killed_ns);
	if (success_ns - killed_ns <= patience_ns)
		crash->recovered++;
	return replace(fault, member);
}

static int start_all(struct fault *fault)
{
	const struct bench_case *bench = fault->bench;

	for (unsigned i = 0; i < bench->producers + bench->consumers; i++) {
		bool producer = i < bench->producers;
		unsigned index = producer ? i : i - bench->producers;
		const struct worker_job job = {
			.bench = bench,
			.transport = fault->transport,
			.role = producer ? ROLE_PRODUCER : ROLE_CONSUMER,
			.index = index,
			.number = index,
			.cpu = bench->cpus[i],
		};
		int err = crew_start(&fault->crew, &job);

		if (err < 0)
			return err;
	}
	return 0;
}

static int conduct(struct fault *fault, bool (*keep_going)(void))
{
	struct outcome *outcome = fault->outcome;
	struct crew *crew = &fault->crew;
	const size_t room = sizeof(outcome->reason);
	int err = crew_await(crew, BOTH_ROLES, PHASE_ATTACH, STEP_MS * MS,
		outcome->reason, room);

	if (err)
		return err;
	crew_command(crew, PHASE_PROBE_BEFORE, 0);
	err = crew_await(crew, BOTH_ROLES, PHASE_PROBE_BEFORE, STEP_MS * MS,
		outcome->reason, room);
	if (err)
		return err;
	crew_command(crew, PHASE_MEASURE, 0);
	nap(fault->bench->warmup_ns);
	for (unsigned i = 0; i < fault->bench->kills; i++)
		for (int victim = 0; victim < 2; victim++) {
			if (!fault->bench->kill_victim[victim] || !keep_going())
				continue;
			err = kill_one(fault, (enum victim)victim);
			if (err)
				return err;
		}
	crew_command(crew, PHASE_STOP, outcome->crash.kills);
	err = crew_await(crew, 1 << ROLE_PRODUCER, PHASE_STOP, STEP_MS * MS,
		outcome->reason, room);
	if (err)
		return err;
	crew_command(crew, PHASE_DRAIN, outcome->crash.kills);
	return crew_await(crew, 1 << ROLE_CONSUMER, PHASE_DRAIN, STEP_MS * MS,
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

	crew_verify(&fault->crew, fault->in_flight, &outcome->verify);
	if (totals->lost > excused || totals->duplicated ||
		totals->reordered > (leased ? taken : 0) || totals->corrupted) {
		outcome->status = STATUS_VIOLATED;
		snprintf(outcome->reason, sizeof(outcome->reason),
			"%llu lost (%llu went with killed consumers at most), "
			"%llu twice, %llu out of order, %llu damaged",
			(unsigned long long)totals->lost,
			(unsigned long long)excused,
			(unsigned long long)totals->duplicated,
			(unsigned long long)totals->reordered,
			(unsigned long long)totals->corrupted);
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

int fault_run(const struct transport *transport, const struct bench_case *bench,
	uint64_t seed, const char *name, bool (*keep_going)(void),
	struct outcome *ret_outcome)
{
	struct fault fault = {
		.transport = transport,
		.bench = bench,
		.outcome = ret_outcome,
	};
	unsigned producers =
		bench->producers +
		(bench->kill_victim[VICTIM_PRODUCER] ? bench->kills : 0);
	unsigned consumers =
		bench->consumers +
		(bench->kill_victim[VICTIM_CONSUMER] ? bench->kills : 0);
	int err;

	fault.rng = rng_seeded(seed);
	fault.in_flight = calloc(producers, sizeof(*fault.in_flight));
	if (!fault.in_flight)
		return -ENOMEM;
	err = crew_create(
		transport, bench, name, producers, consumers, &fault.crew);
	if (err) {
		snprintf(ret_outcome->reason, sizeof(ret_outcome->reason),
			"the channel could not be made: %s", strerror(-err));
		if (err == -ENOSPC)
			shm_room_reason(ret_outcome->reason,
				sizeof(ret_outcome->reason));
		free(fault.in_flight);
		return err;
	}
	err = start_all(&fault);
	if (!err)
		err = conduct(&fault, keep_going);
	crew_finish(&fault.crew);
	if (!err)
		judge(&fault);
	else if (!ret_outcome->reason[0])
		snprintf(ret_outcome->reason, sizeof(ret_outcome->reason),
			"a worker could not be started: %s", strerror(-err));
	crew_free(&fault.crew);
	free(fault.in_flight);
	if (err)
		ret_outcome->status = STATUS_FAILED;
	return 0;
}
