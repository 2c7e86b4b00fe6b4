/* verify_hot.h - what is done to every message, inline.
 *
 * Its cost is part of every figure, for the limits as well, so it does little:
 * at most one multiplication, and one plain store to a line that only this worker
 * writes. The receiving half only knows the message that is exactly the next one
 * of its producer, and the one that comes after a gap; whatever differs, or needs
 * its whole body read, has changed nothing yet and is looked at again by
 * verify_received_slowly().
 *
 * All atomics are relaxed: each line has one writer, and the reader waits for it
 * to have stopped (run state, process exit) before it looks.
 */
#ifndef IPCMARK_CASE_VERIFY_HOT_H
#define IPCMARK_CASE_VERIFY_HOT_H

#include <string.h>

#include "case/verify.h"

#define VERIFY_GOLDEN \
	UINT64_C(0x9E3779B97F4A7C15) /* 2^64 / golden ratio, odd */

enum {
	VERIFY_WORD_BYTES = 8,
	VERIFY_TAIL_FROM_LEN = 16, /* shorter messages have no tail */
	VERIFY_PRODUCER_SHIFT = 48,
};

#define VERIFY_SEQUENCE_MASK ((UINT64_C(1) << VERIFY_PRODUCER_SHIFT) - 1)

static inline uint64_t verify_get(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static inline void verify_set(_Atomic uint64_t *value, uint64_t to)
{
	atomic_store_explicit(value, to, memory_order_relaxed);
}

static inline uint64_t verify_mix(uint64_t word)
{
	word = (word + 1) * VERIFY_GOLDEN;
	return word ^ word >> 32;
}

/* The sum of all messages before @sequence: what each adds is the difference of
 * two neighbours, so that a whole run of them is added by its ends. 0 at 0. */
static inline uint64_t verify_step(uint64_t sequence)
{
	sequence *= VERIFY_GOLDEN;
	return sequence ^ sequence >> 32;
}

static inline uint64_t verify_word(unsigned producer, uint64_t sequence)
{
	return (uint64_t)producer << VERIFY_PRODUCER_SHIFT | sequence;
}

/* verify_stamp - make the prepared @message the producer's next one. */
static inline void verify_stamp(
	const struct stamper *stamper, void *message, uint64_t sequence)
{
	uint64_t word = stamper->first | sequence;
	size_t tail_at = stamper->tail_at;
	uint8_t *bytes = message;
	uint64_t tail;

	if (__builtin_expect(tail_at != 0, 1)) {
		memcpy(bytes, &word, sizeof(word));
		tail = verify_mix(word) ^ stamper->body_sum;
		memcpy(bytes + tail_at, &tail, sizeof(tail));
	} else {
		verify_stamp_slowly(stamper, message, word);
	}
}

/* verify_sent - note in the producer's own line that all its messages before
 * @sequence were accepted. */
static inline void verify_sent(struct sent_line *line, uint64_t sequence)
{
	verify_set(&line->count, sequence);
}

/* verify_note_gap - @sequence comes next, where @next should have. */
static inline void verify_note_gap(
	struct ledger_line *line, uint64_t next, uint64_t sequence)
{
	verify_set(&line->beside, verify_get(&line->beside) + next - sequence);
	verify_set(&line->sum, verify_get(&line->sum) + verify_step(next) -
				       verify_step(sequence));
}

/* verify_received - check one message and note it. */
static inline void verify_received(
	const struct verifier *verifier, const void *message, size_t len)
{
	const uint8_t *bytes = message;
	struct ledger_line *line;
	uint64_t word, next;

	if (len != verifier->glance_len)
		goto slowly;
	memcpy(&word, bytes, VERIFY_WORD_BYTES);
	if (len >= VERIFY_TAIL_FROM_LEN) {
		uint64_t tail;

		memcpy(&tail, bytes + len - VERIFY_WORD_BYTES,
			VERIFY_WORD_BYTES);
		if (tail != verify_mix(word))
			goto slowly;
	}
	if (word >> VERIFY_PRODUCER_SHIFT >= verifier->producer_count)
		goto slowly;
	line = &verifier->ledger->lines[word >> VERIFY_PRODUCER_SHIFT];
	word &= VERIFY_SEQUENCE_MASK;
	next = verify_get(&line->next);
	if (__builtin_expect(word != next, 0)) {
		if (word < next)
			goto slowly;
		verify_note_gap(line, next, word);
	}
	verify_set(&line->next, word + 1);
	return;
slowly:
	verify_received_slowly(verifier, message, len);
}

#endif
