/* survivor.h - a process that has nothing to do with a death, and goes on.
 *
 * It does what it is ordered to through memory that it shares with who orders
 * it, one order at a time, and says there what came of it.
 */
#ifndef IPCMARK_CRASH_SURVIVOR_H
#define IPCMARK_CRASH_SURVIVOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "crash/ledger.h"
#include "recorder/recorder.h"
#include "transport/transport.h"

enum survivor_what {
	SURVIVOR_SEND,	 /* messages @number on, @count of them */
	SURVIVOR_RECV,	 /* up to @count messages; see below */
	SURVIVOR_MAKE,	 /* what ->own says, see EFFECT_MAKES */
	SURVIVOR_DETACH, /* let go; it attaches again for the next order */
	SURVIVOR_END,
};

enum { SURVIVOR_SEEN_MAX = LEDGER_BEFORE_MAX };

struct survivor_order {
	enum survivor_what what;
	uint64_t number;
	unsigned count;
	/* SEND: how long each may take; 0: as many as there is room for, which
	 * is no failure.
	 * RECV: how long each of the first @expect may take; behind these what
	 * is there at once, and no failure when nothing is. */
	uint64_t timeout_ns;
	unsigned expect;
	/* RECV: while fewer than @most came, how long to wait for one that may
	 * be there and takes a call that waits to be found. */
	uint64_t linger_ns;
	unsigned most;
	const struct transport_operation *own; /* MAKE */
};

struct survivor_answer {
	int result; /* 0, or what the call said that failed */
	unsigned done;
	uint64_t first_ns; /* from the order to the first success; 0: none */
	uint64_t at_ns;	   /* when this was said */
	struct ledger_message seen[SURVIVOR_SEEN_MAX];
};

/* In shared memory. */
struct survivor_mail {
	_Atomic uint32_t turn; /* odd: an order; even: its answer */
	unsigned phase;	       /* of the trial, for the recorder */
	struct survivor_order order;
	struct survivor_answer answer;
};

struct survivor_job {
	const struct transport *transport;
	struct channel *channel;
	enum endpoint_role role;
	size_t msg_size_bytes;
	struct survivor_mail *mail;
	struct recorder *recorder;
	unsigned track; /* its own in it */
};

/* survivor_run - in the process forked for it: obey, until SURVIVOR_END. */
_Noreturn void survivor_run(const struct survivor_job *job);

/* survivor_give - have it obey. survivor_await - until @deadline_ns for the
 * answer, or a little while. Returns whether it came. */
void survivor_give(
	struct survivor_mail *mail, const struct survivor_order *order);
bool survivor_await(struct survivor_mail *mail, uint64_t timeout_ns);

#endif
