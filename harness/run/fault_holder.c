/* fault_holder.c - a death at the worst moment, over and over.
 *
 * How a victim is proved to hold the lock: it is stopped (SIGSTOP) at a random
 * moment, and only when it has really stopped the lock is looked at. If it is
 * the victim's, nobody can take it away while the victim stands still, and
 * SIGKILL strikes a holder for certain. If not, it goes on (SIGCONT) and another
 * moment is tried; after some, the victim is made to stand still in the midst of
 * its copy (park.h), and the lock looked at as before. No hook in the library, so
 * it works on anybody's transport that can say who holds its lock.
 *
 * Between two victims there is time for the load to be what it was, so that what
 * is seen around a kill is of that kill.
 */
#include <signal.h>

#include "base/deadline.h"
#include "run/fault_stage.h"
#include "transport/transport.h"

enum {
	CHANCES = 5,	       /* to catch a holder, before one is parked */
	MOMENT_MAX_NS = 50000, /* between two of them: up to this */
	POLL_NS = 20000,
	PARK_MS = 100,
	CATCH_MS = 3000,
	SETTLE_MS = 30, /* more than is looked at around a kill */
};

/* A place of @victim's role, by chance; with a holder's memory the one that has
 * it. */
static unsigned pick(struct fault *fault, enum victim victim)
{
	const struct bench_case *bench = fault->bench;
	unsigned first = victim == VICTIM_PRODUCER ? 0 : bench->producers;
	unsigned count =
		victim == VICTIM_PRODUCER ? bench->producers : bench->consumers;

	if (bench->holder_memory_bytes)
		return first + count - 1;
	return first + rng_below(&fault->rng, count);
}

/* Stop workers until one is caught with the lock: 1, and @ret_place. 0: not in so
 * many tries. -errno: one had ended by itself. */
static int catch_by_chance(
	struct fault *fault, enum victim victim, unsigned *ret_place)
{
	for (unsigned i = 0; i < CHANCES; i++) {
		unsigned place = pick(fault, victim);
		struct crew_member *member = fault_member(fault, place);
		int err;

		fault_nap(rng_below(&fault->rng, MOMENT_MAX_NS));
		err = fault_halt(fault, member);
		if (err)
			return err;
		if (fault_holds_lock(fault, member)) {
			*ret_place = place;
			return 1;
		}
		kill(member->pid, SIGCONT);
	}
	return 0;
}

/* Have @member stand still in its copy. False: it never came to one. */
static bool park_member(struct fault *fault, const struct crew_member *member)
{
	_Atomic uint32_t *park = &worker_slot_of(
		&fault->crew.block, member->job.role, member->job.number)
					  ->park;
	uint64_t deadline_ns = deadline_after(PARK_MS * FAULT_MS);

	/* relaxed: the command orders it */
	atomic_store_explicit(park, PARK_ASKED, memory_order_relaxed);
	crew_command(&fault->crew, PHASE_MEASURE, fault->outcome->crash.kills);
	/* acquire: pairs with on_fault() */
	while (atomic_load_explicit(park, memory_order_acquire) != PARKED) {
		if (!deadline_left_ns(deadline_ns))
			return false;
		fault_nap(POLL_NS);
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

/* Somebody who holds the lock and stands still: 1, and @ret_place. 0: nobody
 * ever. -errno: as above. */
static int catch_holder(
	struct fault *fault, enum victim victim, unsigned *ret_place)
{
	uint64_t deadline_ns = deadline_after(CATCH_MS * FAULT_MS);

	while (deadline_left_ns(deadline_ns)) {
		int caught = catch_by_chance(fault, victim, ret_place);
		struct crew_member *member;

		if (caught)
			return caught;
		*ret_place = pick(fault, victim);
		member = fault_member(fault, *ret_place);
		/* who leases makes no copy to stand still in */
		if (victim == VICTIM_CONSUMER &&
			fault->bench->access != ACCESS_COPY)
			continue;
		if (park_member(fault, member) && !fault_halt(fault, member)) {
			if (fault_holds_lock(fault, member))
				return 1;
			kill(member->pid, SIGCONT);
		}
		let_go(fault, member);
	}
	return 0;
}

/* One victim: catch, kill, watch the others, replace. */
static int kill_one(struct fault *fault, enum victim victim)
{
	struct outcome *outcome = fault->outcome;
	struct fault_wait wait;
	unsigned place = 0;
	int err = catch_holder(fault, victim, &place);

	if (err < 0)
		return err;
	if (!err)
		return fault_fail(fault,
			"no worker was ever seen holding the lock", victim);
	err = fault_kill(fault, place, true, &wait);
	while (!err) {
		err = fault_look(fault, &wait, false);
		if (!err)
			fault_nap(POLL_NS);
	}
	if (err < 0)
		return err;
	err = fault_start(fault, place);
	/* One that has to fill its memory first takes its time. */
	if (!err && fault->bench->holder_memory_bytes)
		err = crew_await(&fault->crew,
			1 << ROLE_PRODUCER | 1 << ROLE_CONSUMER, PHASE_ATTACH,
			FAULT_STEP_MS * FAULT_MS, outcome->reason,
			sizeof(outcome->reason));
	if (!err) {
		fault_nap(SETTLE_MS * FAULT_MS);
		fault_read_series(fault, false);
	}
	return err;
}

int fault_strike_holders(struct fault *fault)
{
	for (unsigned i = 0; i < fault->bench->kills; i++)
		for (int victim = 0; victim < 2; victim++) {
			int err;

			if (!fault->bench->kill_victim[victim] ||
				!fault->keep_going())
				continue;
			err = kill_one(fault, (enum victim)victim);
			if (err)
				return err;
		}
	return 0;
}
