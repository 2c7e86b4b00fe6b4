/* worker_loop.h - what the loops of a worker have in common; private to them.
 *
 * worker.c has the closed loops, worker_open.c the open one. What runs once a
 * message is inline here: one relaxed load of the command, one plain store of
 * the worker's own count.
 */
#ifndef IPCMARK_RUN_WORKER_LOOP_H
#define IPCMARK_RUN_WORKER_LOOP_H

#include "base/deadline.h"
#include "case/usage.h"
#include "case/verify_hot.h"
#include "recorder/recorder.h"
#include "run/worker.h"

enum { DRAIN_TURN_NS = 5000000 };

/* How a slice passes its messages: out of the job, for the hot loops. */
struct calls {
	int (*send)(struct endpoint *endpoint, const struct outbound *message,
		uint64_t timeout_ns);
	int (*recv)(struct endpoint *endpoint, struct inbound *message,
		uint64_t timeout_ns);
	int (*send_batch)(struct endpoint *endpoint,
		const struct outbound *messages, unsigned count,
		uint64_t timeout_ns);
	int (*recv_batch)(struct endpoint *endpoint, struct inbound *messages,
		unsigned count, uint64_t timeout_ns);
	unsigned batch; /* 1: the calls for a single message */
	uint64_t turn_ns;
};

struct worker {
	const struct worker_job *job;
	struct control *control;
	struct worker_slot *slot;
	struct endpoint *endpoints[2]; /* [0] sends or receives the traffic */
	struct calls calls;
	struct stamper stamper;
	uint64_t command;    /* as last seen */
	uint64_t unchanged;  /* the same, or none: see over() */
	unsigned after_kill; /* successes since; see note_success() */
	bool park;	     /* at the next message: see park.h */
	unsigned vain;	     /* polls in a row without a message */
	struct usage_meter meter;
	struct verifier verifier;
	uint64_t
		ledger_room; /* messages before this one can be accounted for */
	struct outbound *out;
	struct inbound *in;
	uint8_t *buffers; /* batch times the stride */
	size_t stride;
	struct open_loop *open;	    /* MODE_OPEN: see worker_open.c */
	struct recording recording; /* MODE_CRASH */
};

/* worker_give_up - end this process, and leave @error for the parent. */
_Noreturn void worker_give_up(struct worker *worker, int error);

/* worker_hear - there is a new command: take it over, and at both ends of the
 * measured time look at what the worker has used. */
void worker_hear(struct worker *worker) __attribute__((cold));

/* worker_in_vain - a call returned @rc: was it only for want of room or
 * messages? Anything else ends the worker. Returns true. */
bool worker_in_vain(struct worker *worker, int rc);

/* worker_settle - there is no room for the next messages in the ledger: make some,
 * for LEDGER_CHUNK more. */
void worker_settle(struct worker *worker) __attribute__((cold));

/* worker_open_prepare, worker_open_run - MODE_OPEN: once before the worker says
 * that it is there, and in place of the closed loops. */
void worker_open_prepare(struct worker *worker);
void worker_open_run(struct worker *worker);

/* Has the phase come to @until, which is PHASE_STOP or later? Cheap: one load
 * that rarely misses. As long as the command is the one before it has not; for
 * that ->unchanged is no command at all from PHASE_STOP on. */
static inline bool over(struct worker *worker, enum phase until)
{
	/* relaxed: worker_hear() loads it again before it learns from it */
	uint64_t command = atomic_load_explicit(
		&worker->control->command, memory_order_relaxed);

	if (__builtin_expect(command == worker->unchanged, 1))
		return false;
	worker_hear(worker);
	return control_phase(worker->command) >= until;
}

/* Count, and in crash runs say that we got on. The first success after a kill
 * may have held its lock before it; the second one cannot have. */
static inline void note_success(struct worker *worker, uint64_t total)
{
	/* relaxed: one writer; the parent only wants to know about how many */
	atomic_store_explicit(
		&worker->slot->count, total, memory_order_relaxed);
	if (__builtin_expect(worker->after_kill == 0, 1))
		return;
	if (worker->after_kill++ < 2)
		return;
	worker->after_kill = 0;
	atomic_store_explicit(&worker->slot->survived_at_ns,
		deadline_clock_ns(CLOCK_MONOTONIC), memory_order_relaxed);
	/* release: pairs with the acquire in fault_stage.c */
	atomic_store_explicit(&worker->slot->survived,
		control_kills(worker->command), memory_order_release);
}

#endif
