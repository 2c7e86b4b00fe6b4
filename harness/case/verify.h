/* verify.h - what a message carries, and the ledger that accounts for it.
 *
 * Layout of a message of `len` bytes, little-endian:
 *
 *   len < 8     the low bytes of the word: producer << 48 | sequence
 *   len >= 8    the word, then padding ...
 *   len >= 16   ... the body, and in the last 8 bytes a tail: a mix of the word
 *               (VERIFY_HEADER), or that and the sum of the body (VERIFY_SUM,
 *               whose body is the same in all messages of a producer), or that
 *               and the checksum of all before it (VERIFY_FULL, whose body
 *               differs from message to message)
 *
 * An open loop's message, 32 bytes at least, has two times between the word and
 * the body, which are written when all else is done: no checksum covers them.
 *
 * The producer's side counts what was sent; each consumer has a ledger with a
 * line per producer. Lines only ever grow, lie in memory that all share, and are
 * written by one worker: what a killed worker had done is there to be read.
 *
 * What runs once a message, stamping and checking, is in verify_hot.h.
 */
#ifndef IPCMARK_CASE_VERIFY_H
#define IPCMARK_CASE_VERIFY_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/line_pair.h"
#include "case/case.h"

/* Totals of the message ledger, summed over workers and slices. */
struct verify_totals {
	uint64_t sent;
	uint64_t received;
	uint64_t lost;
	uint64_t duplicated;
	uint64_t reordered;
	uint64_t corrupted;
};

/* Of an open loop's message: its two times, and the shortest that has room for
 * them beside what every message has. */
enum { OPEN_TIMES_BYTES = 16, OPEN_MIN_BYTES = 32 };

/* What one producer sent: so many, from 0 on, in order. On a line of its own:
 * written at every message, while the producers beside it write theirs. */
struct sent_line {
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t count;
	/* VERIFY_FULL: of the oldest messages, whose bits are given to newer
	 * ones, how many chunks (upper half), and how many messages in them
	 * nobody received (lower half). One word, so that a death leaves both
	 * or neither. */
	_Atomic uint64_t settled;
};

/* One producer's messages, as one consumer saw them. The message that comes when
 * it should changes only ->next; the others keep these true:
 *
 *   messages received               beside + next
 *   their identities, added up      sum + verify_step(next)
 *
 * where a message adds the same whenever it comes, and a producer's first n add
 * verify_step(n). All unsigned, modulo 2^64. */
struct ledger_line {
	_Atomic uint64_t next;	 /* the sequence number expected next */
	_Atomic uint64_t beside; /* see above */
	_Atomic uint64_t sum;	 /* see above */
	_Atomic uint64_t late;	 /* came after a later one */
};

struct verify_ledger {
	_Atomic uint64_t corrupted;
	struct ledger_line lines[]; /* by producer number */
};

/* Which messages of one producer were received by anybody: VERIFY_FULL. A window
 * that goes with the producer: message n has bit n % LEDGER_BITS. What is half a
 * window behind the newest is settled, a chunk at a time, and its bits are used
 * again: by then each of its messages was noted, or never will be. */
enum {
	LEDGER_BITS = 1 << 26,
	LEDGER_AHEAD = LEDGER_BITS / 2, /* messages unsettled at most */
	LEDGER_CHUNK = 1 << 16,
};
struct ledger_bits {
	_Atomic uint64_t words[LEDGER_BITS / 64];
};

/* What was wrong first, so that everybody can stop writing over what led to it.
 * One writer wins. */
enum alarm_kind { ALARM_NONE, ALARM_TWICE, ALARM_LATE, ALARM_DAMAGED };
struct verify_alarm {
	_Atomic uint32_t kind; /* enum alarm_kind */
	_Atomic uint64_t word; /* of the message */
	_Atomic uint64_t at_ns;
};

/* What a producer stamps its messages with. */
struct stamper {
	size_t len; /* of every message */
	enum verify_mode mode;
	unsigned producer;
	size_t times_bytes; /* between the word and the body; 0 or 16 */
	/* What verify_prepare() finds, the same for all buffers: */
	uint64_t first;	   /* the word of its first message */
	uint64_t body_sum; /* VERIFY_SUM: of each prepared buffer; else 0 */
	size_t tail_at;	   /* a word here and one in front are all; else 0 */
};

/* verify_prepare - once per buffer of ->len bytes: everything that
 * verify_stamp() leaves. */
void verify_prepare(struct stamper *stamper, void *message);

/* verify_stamp_slowly - verify_stamp() for every message and mode. */
void verify_stamp_slowly(
	const struct stamper *stamper, void *message, uint64_t word);

/* What a consumer checks messages against. */
struct verifier {
	struct verify_ledger *ledger; /* this consumer's */
	struct ledger_bits *bits;     /* by producer; VERIFY_FULL, else NULL */
	_Atomic uint64_t *twice;      /* shared: messages seen a second time */
	enum verify_mode mode;
	unsigned producer_count;
	size_t len;	    /* of every message */
	size_t times_bytes; /* as in the stamper */
	size_t glance_len;  /* see verify_glance() */
	/* raised by what is wrong with a message; NULL: nobody asks. A lease
	 * may bring one twice, and late: no alarm for that. */
	struct verify_alarm *alarm;
	bool leases;
};

/* verify_glance - the ->glance_len for ->mode and ->len: the length itself when
 * a look at both ends says all, else one that no message has. */
static inline size_t verify_glance(enum verify_mode mode, size_t len)
{
	return mode == VERIFY_HEADER && len >= sizeof(uint64_t) ? len
								: SIZE_MAX;
}

/* verify_received_slowly - verify_received() for every message and mode; what
 * verify_received() itself cannot take for good at a glance comes here. */
void verify_received_slowly(
	const struct verifier *verifier, const void *message, size_t len);

/* verify_settle - by the producer itself: make room in its window for a chunk of
 * messages more. Returns up to which message there is room now; at first it is
 * LEDGER_AHEAD. */
uint64_t verify_settle(struct ledger_bits *bits, struct sent_line *line);

/* verify_first_lost - which message of one producer is the first that was sent
 * and not received, of those that are not settled? False: all were. */
bool verify_first_lost(const struct ledger_bits *bits,
	const struct sent_line *line, uint64_t *ret_sequence);

/* verify_total - the verdict over one slice, once everybody has stopped.
 * @sent: a line per producer.
 * @in_flight: per producer, messages that may have arrived although their send
 *   was never acknowledged, because it was killed; NULL: none.
 * @ledgers: one per consumer.
 * With bits it is exact. Without, losses and doubles are told from counts and
 * sums, so that as many of one as of the other show as at least one each. */
void verify_total(const struct verifier *verifier, const struct sent_line *sent,
	const unsigned *in_flight, struct verify_ledger *const *ledgers,
	unsigned ledger_count, struct verify_totals *ret_totals);

#endif
