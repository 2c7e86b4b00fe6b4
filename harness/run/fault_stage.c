/* fault_stage.c - workers, their deaths, and who gets over them.
 *
 * Recovery time: from just before kill(2) to the second success of a survivor
 * that needs the same lock. The first one may have got its lock before the
 * victim did and only now returns; the second one cannot.
 */
#include "run/fault_stage.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/deadline.h"
#include "step/whence.h"
#include "transport/transport.h"

enum { PATIENCE_MIN_MS = 1000 };

enum victim fault_victim(const struct fault *fault, unsigned place)
{
	return place < fault->bench->producers ? VICTIM_PRODUCER
					       : VICTIM_CONSUMER;
}

unsigned fault_places(const struct fault *fault)
{
	return fault->bench->producers + fault->bench->consumers;
}

struct crew_member *fault_member(struct fault *fault, unsigned place)
{
	return &fault->crew.members[fault->members[place]];
}

void fault_nap(uint64_t duration_ns)
{
	const struct timespec duration = deadline_timespec(duration_ns);

	nanosleep(&duration, NULL);
}

/* With a holder's memory, the last one of each role that is killed has it. */
static bool has_ballast(const struct fault *fault, unsigned place)
{
	const struct bench_case *bench = fault->bench;
	enum victim victim = fault_victim(fault, place);

	return bench->kill_at == KILL_AT_HOLDER && bench->kill_victim[victim] &&
	       (place + 1 == bench->producers ||
		       place + 1 == fault_places(fault));
}

int fault_start(struct fault *fault, unsigned place)
{
	const struct bench_case *bench = fault->bench;
	enum victim victim = fault_victim(fault, place);
	bool producer = victim == VICTIM_PRODUCER;
	unsigned index = producer ? place : place - bench->producers;
	unsigned here = producer ? bench->producers : bench->consumers;
	struct worker_job job = {
		.bench = bench,
		.transport = fault->transport,
		.role = producer ? ROLE_PRODUCER : ROLE_CONSUMER,
		.index = index,
		.number = index,
		.cpu = bench->cpus[place],
		.recorder = fault->recorder,
		.ballast_bytes = has_ballast(fault, place)
					 ? bench->holder_memory_bytes
					 : 0,
	};
	bool first = fault->crew.count < fault_places(fault);
	int member;

	if (!first)
		job.number = here + fault->started[victim]++;
	member = crew_start(&fault->crew, &job);
	if (member < 0)
		return member;
	fault->members[place] = (unsigned)member;
	return first ? 0 : fault_note(fault, DEED_RESPAWN, place, false);
}

int fault_halt(struct fault *fault, struct crew_member *member)
{
	struct outcome *outcome = fault->outcome;
	int status;

	if (kill(member->pid, SIGSTOP) ||
		waitpid(member->pid, &status, WUNTRACED) != member->pid)
		return -errno;
	if (WIFSTOPPED(status))
		return 0;
	return crew_explain(&fault->crew, member, status, outcome->reason,
		sizeof(outcome->reason));
}

bool fault_holds_lock(
	const struct fault *fault, const struct crew_member *member)
{
	return fault->transport->lock_holder &&
	       fault->transport->lock_holder(fault->crew.channels[0],
		       member->job.role) == member->pid;
}

/* Of one that is parked, where the fault was and not where its handler waits. */
static uint64_t stands_at(
	const struct fault *fault, const struct crew_member *member)
{
	const struct worker_slot *slot = worker_slot_of(
		&fault->crew.block, member->job.role, member->job.number);

	/* acquire: pairs with on_fault() */
	if (atomic_load_explicit(&slot->park, memory_order_acquire) == PARKED)
		return atomic_load_explicit(
			&slot->parked_at, memory_order_relaxed);
	return whence_read(member->pid);
}

int fault_note(
	struct fault *fault, enum fault_deed deed, unsigned place, bool held)
{
	const struct crew_member *member = fault_member(fault, place);
	uint64_t sent[CASE_MAX_WORKERS];
	struct timeline_deed entry = {
		.at_ns = deadline_clock_ns(CLOCK_MONOTONIC),
		.what = fault_deed_name(deed),
		.place = place,
		.number = member->job.number,
		.held = held,
		.killed = deed == DEED_KILL,
	};

	if (deed == DEED_KILL || deed == DEED_STOP) {
		entry.address = stands_at(fault, member);
		entry.doing_known = recorder_last(
			&fault->recorder->tracks[place], 0, &entry.doing);
	}
	for (unsigned i = 0; i < fault->bench->producers; i++)
		/* relaxed: about how many */
		sent[i] = atomic_load_explicit(
			&fault->crew.block
				 .sent[fault_member(fault, i)->job.number]
				 .count,
			memory_order_relaxed);
	return timeline_add(&fault->timeline, &entry, sent);
}

int fault_kill(struct fault *fault, unsigned place, bool held,
	struct fault_wait *ret_wait)
{
	struct crash_figures *crash = &fault->outcome->crash;
	struct crew_member *member = fault_member(fault, place);
	enum victim victim = fault_victim(fault, place);
	uint64_t patience_ns = fault->bench->recover_within_ns;
	int err = fault_note(fault, DEED_KILL, place, held);

	if (err)
		return err;
	crash->lock_held += held;
	crash->kills++;
	fault->killed[victim]++;
	if (victim == VICTIM_PRODUCER)
		fault->in_flight[member->job.number] = fault->bench->batch;
	if (patience_ns < PATIENCE_MIN_MS * FAULT_MS)
		patience_ns = PATIENCE_MIN_MS * FAULT_MS;
	crew_command(&fault->crew, PHASE_MEASURE, crash->kills);
	fault->last_kill_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	crew_kill(member);
	*ret_wait = (struct fault_wait){
		.kill = crash->kills,
		.victim = victim,
		.killed_ns = fault->last_kill_ns,
		.since_ns = fault->last_kill_ns,
		.deadline_ns = deadline_after(patience_ns),
	};
	return fault_series_add(&fault->series[victim], fault->last_kill_ns);
}

/* When somebody of @role first said that it got on after kill number @kill, or
 * after a later one; 0: nobody has. */
static uint64_t success_ns(
	const struct fault *fault, enum endpoint_role role, uint32_t kill)
{
	uint64_t first_ns = 0;

	for (unsigned i = 0; i < fault_places(fault); i++) {
		const struct crew_member *member =
			&fault->crew.members[fault->members[i]];
		const struct worker_slot *slot;
		uint64_t at_ns;

		if (member->pid == 0 || member->job.role != role)
			continue;
		slot = worker_slot_of(
			&fault->crew.block, role, member->job.number);
		/* acquire: pairs with note_success() */
		if (atomic_load_explicit(
			    &slot->survived, memory_order_acquire) < kill)
			continue;
		at_ns = atomic_load_explicit(
			&slot->survived_at_ns, memory_order_relaxed);
		if (!first_ns || at_ns < first_ns)
			first_ns = at_ns;
	}
	return first_ns;
}

int fault_look(struct fault *fault, const struct fault_wait *wait, bool patient)
{
	struct crash_figures *crash = &fault->outcome->crash;
	enum endpoint_role role =
		wait->victim == VICTIM_PRODUCER ? ROLE_PRODUCER : ROLE_CONSUMER;
	uint64_t at_ns = success_ns(fault, role, wait->kill);
	uint64_t took_ns;

	if (!at_ns) {
		if (patient || deadline_left_ns(wait->deadline_ns))
			return 0;
		fault_fail(fault, "the others hung: no success after a death",
			wait->victim);
		return -ETIMEDOUT;
	}
	/* A stop that ended only behind that success has not delayed it. */
	took_ns = at_ns -
		  (at_ns > wait->since_ns ? wait->since_ns : wait->killed_ns);
	hist_record(crash->recovery, took_ns);
	if (!crash->recovery_of[wait->victim])
		crash->recovery_of[wait->victim] = hist_create();
	if (crash->recovery_of[wait->victim])
		hist_record(crash->recovery_of[wait->victim], took_ns);
	if (took_ns <= fault->bench->recover_within_ns)
		crash->recovered++;
	return 1;
}

void fault_read_series(struct fault *fault, bool all)
{
	const struct recorder_track *tracks = fault->recorder->tracks;
	uint64_t now_ns = deadline_clock_ns(CLOCK_MONOTONIC);

	fault_series_read(&fault->series[VICTIM_PRODUCER], tracks,
		fault->bench->producers, now_ns, all);
	fault_series_read(&fault->series[VICTIM_CONSUMER],
		tracks + fault->bench->producers, fault->bench->consumers,
		now_ns, all);
}

int fault_fail(struct fault *fault, const char *what, enum victim victim)
{
	struct outcome *outcome = fault->outcome;

	outcome->status = STATUS_FAILED;
	snprintf(outcome->reason, sizeof(outcome->reason), "%s (%s, kill %u)",
		what, victim_name(victim), outcome->crash.kills);
	return -EIO;
}
