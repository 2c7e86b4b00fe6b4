/* ledger.h - what there was, what was being done, what came out: was it right?
 *
 * Pure: knows messages by their numbers only. Every message of a trial has the
 * next number, in the order in which they were sent, so that order, loss and
 * doubling can be told from the numbers that came out.
 */
#ifndef IPCMARK_CRASH_LEDGER_H
#define IPCMARK_CRASH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ipcmark/transport.h>

/* What a trial came to. The first three are as they should be. */
enum verdict {
	VERDICT_UNDONE, /* as if the call had never been made */
	VERDICT_DONE,	/* as if it had returned */
	VERDICT_PARTLY, /* some of a batch that need not be whole */
	/* data */
	VERDICT_LOST,
	VERDICT_DUPLICATED,
	VERDICT_TORN, /* bytes that nobody sent */
	VERDICT_REORDERED,
	VERDICT_BROKEN, /* check() finds its invariants broken */
	/* the survivors */
	VERDICT_HANG,	 /* a call does not come back */
	VERDICT_REFUSED, /* calls fail, for as long as we wait */
	VERDICT_LATE,	 /* the first success comes, but too late */
	VERDICT_CRASHED, /* one of them died of it */
	VERDICTS,
};

enum {
	LEDGER_ACTORS_MAX = 4,
	LEDGER_BEFORE_MAX = 2048,
};

/* Who made one call on the channel. */
struct ledger_actor {
	enum transport_effect effect;
	unsigned count; /* messages that it puts or takes at most */
	/* It came back and said it has done them; else it was killed
	 * or failed, and may have done some. What a returned taker took is to be
	 * among what was seen. */
	bool returned;
	unsigned short_by; /* having returned, it has done so many fewer */
	bool whole;	   /* killed, it has done all of them or none */
};

/* Numbers: @before from @first on, then those of each actor that puts, in turn,
 * then @after that survivors sent and that were taken. */
struct ledger {
	uint64_t first;
	unsigned before;
	struct ledger_actor actors[LEDGER_ACTORS_MAX];
	unsigned actor_count;
	unsigned victim; /* of these: whose call was done or not */
	unsigned after;
	unsigned taken; /* by actors that returned: ahead of what is gone */
	bool unordered; /* the dead one's may come behind what is newer */
};

/* A message that came out. */
struct ledger_message {
	uint64_t number;
	bool whole; /* its bytes are those of that number */
};

const char *verdict_name(enum verdict verdict);
bool verdict_is_fine(enum verdict verdict);
/* verdict_is_data - a fault of the data, and not of who goes on. */
bool verdict_is_data(enum verdict verdict);

/* ledger_end - the number behind all those of the ledger. */
uint64_t ledger_end(const struct ledger *ledger);

/* ledger_least - how many messages must come out, whatever was done. */
unsigned ledger_least(const struct ledger *ledger);

/* ledger_judge - of all that came out, in that order. What came out wrong is told
 * before what did not come out. @ret_number: the message it is about. */
enum verdict ledger_judge(const struct ledger *ledger,
	const struct ledger_message *seen, size_t seen_count,
	uint64_t *ret_number);

#endif
