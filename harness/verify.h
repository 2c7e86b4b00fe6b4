/* verify.h - what a message carries, and the ledger that accounts for it.
 *
 * Layout of a message of `len` bytes, little-endian:
 *
 *   len < 8     the low bytes of the word: producer << 48 | sequence
 *   len >= 8    the word, then padding ...
 *   len >= 16   ... the body, and in the last 8 bytes a tail: a mix of the word
 *               (VERIFY_HEADER), or that and the checksum of all before it
 *               (VERIFY_FULL, whose body differs from message to message)
 *
 * The producer's side counts what was sent; each consumer has a ledger with a
 * line per producer. Lines only ever grow, lie in memory that all share, and are
 * written by one worker: what a killed worker had done is there to be read.
 */
#ifndef IPCMARK_VERIFY_H
#define IPCMARK_VERIFY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "case.h"
#include "slice.h"

/* One producer's messages, as one side saw them. */
struct ledger_line {
	_Atomic uint64_t count;
	_Atomic uint64_t sum;  /* of the words, mixed: order does not matter */
	_Atomic uint64_t next; /* the sequence number expected next */
	_Atomic uint64_t late; /* came after a later one */
};

struct ledger {
	_Atomic uint64_t corrupted;
	struct ledger_line lines[]; /* by producer number */
};

/* Which messages of one producer were received by anybody: VERIFY_FULL. */
enum { LEDGER_BITS = 1 << 26 };
struct ledger_bits {
	_Atomic uint64_t words[LEDGER_BITS / 64];
};

/* verify_prepare - once per buffer: everything that verify_stamp() leaves. */
void verify_prepare(void *message, size_t len, unsigned producer);

/* verify_stamp - make @message the producer's next one. */
void verify_stamp(void *message, size_t len, enum verify_mode mode,
	unsigned producer, uint64_t sequence);

/* verify_sent - note in the producer's own line that it was accepted. */
void verify_sent(
	struct ledger_line *line, unsigned producer, uint64_t sequence);

/* What a consumer checks messages against. */
struct verifier {
	struct ledger *ledger;	  /* this consumer's */
	struct ledger_bits *bits; /* by producer; VERIFY_FULL, else NULL */
	_Atomic uint64_t *twice;  /* shared: messages seen a second time */
	enum verify_mode mode;
	unsigned producer_count;
	size_t len; /* of every message */
};

/* verify_received - check one message and note it. */
void verify_received(
	const struct verifier *verifier, const void *message, size_t len);

/* verify_total - the verdict over one slice, once everybody has stopped.
 * @sent: a line per producer.
 * @in_flight: per producer, messages that may have arrived although their send
 *   was never acknowledged, because it was killed; NULL: none.
 * @ledgers: one per consumer.
 * With bits it is exact. Without, losses and doubles are told from counts and
 * sums, so that as many of one as of the other show as at least one each. */
void verify_total(const struct verifier *verifier,
	const struct ledger_line *sent, const unsigned *in_flight,
	struct ledger *const *ledgers, unsigned ledger_count,
	struct verify_totals *ret_totals);

#endif
