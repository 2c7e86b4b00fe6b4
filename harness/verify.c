/* verify.c - stamping, checking, and the verdict.
 *
 * The cost is part of every figure, for the limits as well, so the hot half
 * does little: one multiplication to mix, plain stores to lines that only this
 * worker writes. The checksum (zlib's CRC-32) is for tests and crash runs, where
 * it would otherwise be what is measured.
 *
 * All atomics here are relaxed: each line has one writer, and the reader waits
 * for it to have stopped (run state, process exit) before it looks.
 */
#include "verify.h"

#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15) /* 2^64 / golden ratio, odd */

enum {
	WORD_BYTES = 8,
	TAIL_FROM_LEN = 16, /* shorter messages have no tail */
	PRODUCER_SHIFT = 48,
};

#define SEQUENCE_MASK ((UINT64_C(1) << PRODUCER_SHIFT) - 1)

static uint64_t get(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void set(_Atomic uint64_t *value, uint64_t to)
{
	atomic_store_explicit(value, to, memory_order_relaxed);
}

static uint64_t mix(uint64_t word)
{
	word = (word + 1) * GOLDEN;
	return word ^ word >> 32;
}

static uint64_t word_of(unsigned producer, uint64_t sequence)
{
	return (uint64_t)producer << PRODUCER_SHIFT | sequence;
}

/* The body of a VERIFY_FULL message: a stream that depends on its word. */
static void fill_body(uint8_t *body, size_t len, uint64_t word)
{
	uint64_t state = mix(word) | 1;

	for (; len >= WORD_BYTES; len -= WORD_BYTES, body += WORD_BYTES) {
		state = state * GOLDEN + word;
		memcpy(body, &state, WORD_BYTES);
	}
	if (len) {
		state = state * GOLDEN + word;
		memcpy(body, &state, len);
	}
}

static uint64_t tail_of(const uint8_t *message, size_t len, uint64_t word,
	enum verify_mode mode)
{
	uint64_t tail = mix(word);

	if (mode == VERIFY_FULL)
		tail ^= (uint64_t)crc32_z(0, message, len - WORD_BYTES) << 32;
	return tail;
}

void verify_prepare(void *message, size_t len, unsigned producer)
{
	fill_body(message, len, word_of(producer, 0));
}

void verify_stamp(void *message, size_t len, enum verify_mode mode,
	unsigned producer, uint64_t sequence)
{
	uint64_t word = word_of(producer, sequence);
	uint8_t *bytes = message;
	uint64_t tail;

	memcpy(bytes, &word, len < WORD_BYTES ? len : WORD_BYTES);
	if (len < TAIL_FROM_LEN)
		return;
	if (mode == VERIFY_FULL)
		fill_body(bytes + WORD_BYTES, len - TAIL_FROM_LEN, word);
	tail = tail_of(bytes, len, word, mode);
	memcpy(bytes + len - WORD_BYTES, &tail, WORD_BYTES);
}

static void note(struct ledger_line *line, uint64_t word, uint64_t next)
{
	set(&line->sum, get(&line->sum) + mix(word));
	set(&line->next, next);
	set(&line->count, get(&line->count) + 1);
}

void verify_sent(struct ledger_line *line, unsigned producer, uint64_t sequence)
{
	note(line, word_of(producer, sequence), sequence + 1);
}

static void count_corrupted(const struct verifier *verifier)
{
	set(&verifier->ledger->corrupted,
		get(&verifier->ledger->corrupted) + 1);
}

/* Too short to say whose it is: with one producer it can be checked against what
 * should come; with several it only counts. */
static void received_short(
	const struct verifier *verifier, const void *message, size_t len)
{
	struct ledger_line *line = &verifier->ledger->lines[0];
	uint64_t word = get(&line->next);

	if (verifier->producer_count == 1 && memcmp(message, &word, len) != 0)
		set(&line->late, get(&line->late) + 1);
	note(line, word, word + 1);
}

static bool intact(const struct verifier *verifier, const uint8_t *message,
	size_t len, uint64_t word)
{
	uint64_t tail;

	if (word >> PRODUCER_SHIFT >= verifier->producer_count)
		return false;
	if (verifier->bits && (word & SEQUENCE_MASK) >= LEDGER_BITS)
		return false;
	if (len < TAIL_FROM_LEN)
		return true;
	memcpy(&tail, message + len - WORD_BYTES, WORD_BYTES);
	return tail == tail_of(message, len, word, verifier->mode);
}

/* Returns whether the bit was set before. */
static bool set_bit(struct ledger_bits *bits, uint64_t sequence)
{
	uint64_t bit = UINT64_C(1) << sequence % 64;

	return atomic_fetch_or_explicit(
		       &bits->words[sequence / 64], bit, memory_order_relaxed) &
	       bit;
}

void verify_received(
	const struct verifier *verifier, const void *message, size_t len)
{
	struct ledger_line *line;
	uint64_t word, sequence, next;

	if (len != verifier->len) {
		count_corrupted(verifier);
		return;
	}
	if (len < WORD_BYTES) {
		received_short(verifier, message, len);
		return;
	}
	memcpy(&word, message, WORD_BYTES);
	if (!intact(verifier, message, len, word)) {
		count_corrupted(verifier);
		return;
	}
	sequence = word & SEQUENCE_MASK;
	line = &verifier->ledger->lines[word >> PRODUCER_SHIFT];
	next = get(&line->next);
	if (verifier->bits &&
		set_bit(&verifier->bits[word >> PRODUCER_SHIFT], sequence))
		atomic_fetch_add_explicit(
			verifier->twice, 1, memory_order_relaxed);
	else if (sequence < next)
		set(&line->late, get(&line->late) + 1);
	if (sequence >= next)
		next = sequence + 1;
	note(line, word, next);
}

/* Of one producer, by the bits: lost before @acknowledged, strangers from
 * @acknowledged + @in_flight on. */
static void total_by_bits(const struct ledger_bits *bits, uint64_t acknowledged,
	unsigned in_flight, struct verify_totals *totals)
{
	for (uint64_t i = 0; i < LEDGER_BITS / 64; i++) {
		uint64_t have = get(&bits->words[i]);
		uint64_t first = i * 64;

		if (first + 64 <= acknowledged) {
			totals->lost +=
				64 - (unsigned)__builtin_popcountll(have);
			continue;
		}
		if (first >= acknowledged + in_flight + 64 && have == 0)
			break; /* nothing comes after a gap of a whole word */
		for (unsigned j = 0; j < 64; j++) {
			bool there = have >> j & 1;

			if (first + j < acknowledged)
				totals->lost += !there;
			else if (first + j >= acknowledged + in_flight)
				totals->corrupted += there;
		}
	}
}

/* Of one producer, by counts and sums over all consumers. */
static void total_by_counts(const struct ledger_line *sent, uint64_t count,
	uint64_t sum, struct verify_totals *totals)
{
	uint64_t wanted = get(&sent->count);

	if (count < wanted)
		totals->lost += wanted - count;
	else if (count > wanted)
		totals->duplicated += count - wanted;
	else if (sum != get(&sent->sum)) {
		totals->lost++;
		totals->duplicated++;
	}
}

void verify_total(const struct verifier *verifier,
	const struct ledger_line *sent, const unsigned *in_flight,
	struct ledger *const *ledgers, unsigned ledger_count,
	struct verify_totals *ret_totals)
{
	bool by_bits = verifier->bits && verifier->len >= WORD_BYTES;
	bool mixed = verifier->len < WORD_BYTES && verifier->producer_count > 1;
	struct verify_totals totals = {0};
	struct ledger_line everybody = {0};
	uint64_t all_count = 0;

	for (unsigned p = 0; p < verifier->producer_count; p++) {
		uint64_t count = 0, sum = 0;

		for (unsigned c = 0; c < ledger_count; c++) {
			const struct ledger_line *line = &ledgers[c]->lines[p];

			count += get(&line->count);
			sum += get(&line->sum);
			totals.reordered += get(&line->late);
		}
		totals.sent += get(&sent[p].count);
		all_count += count;
		if (by_bits)
			total_by_bits(&verifier->bits[p], get(&sent[p].count),
				in_flight ? in_flight[p] : 0, &totals);
		else if (verifier->len < WORD_BYTES)
			sum = get(&sent[p].sum); /* identity is not known */
		if (!by_bits && !mixed)
			total_by_counts(&sent[p], count, sum, &totals);
	}
	if (mixed) {
		set(&everybody.count, totals.sent);
		total_by_counts(&everybody, all_count, 0, &totals);
	}
	for (unsigned c = 0; c < ledger_count; c++)
		totals.corrupted += get(&ledgers[c]->corrupted);
	totals.received = all_count;
	if (by_bits)
		totals.duplicated = get(verifier->twice);
	*ret_totals = totals;
}
