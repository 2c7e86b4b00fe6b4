/* verify.c - stamping, checking, and the verdict.
 *
 * Of what runs once a message only the long way is here: whole bodies, and
 * messages that something is wrong with. verify_hot.h has the short way. The
 * checksum (zlib's CRC-32) is for tests and crash runs, where it would otherwise
 * be what is measured; the plain sum keeps up with memory.
 *
 * All atomics here are relaxed: each line has one writer, and the reader waits
 * for it to have stopped (run state, process exit) before it looks.
 */
#include "case/verify.h"

#include <string.h>
#include <time.h>
#include <zlib.h>

#include "case/verify_hot.h"

/* The body of a VERIFY_FULL message: a stream that depends on its word. */
static void fill_body(uint8_t *body, size_t len, uint64_t word)
{
	uint64_t state = verify_mix(word) | 1;

	for (; len >= VERIFY_WORD_BYTES;
		len -= VERIFY_WORD_BYTES, body += VERIFY_WORD_BYTES) {
		state = state * VERIFY_GOLDEN + word;
		memcpy(body, &state, VERIFY_WORD_BYTES);
	}
	if (len) {
		state = state * VERIFY_GOLDEN + word;
		memcpy(body, &state, len);
	}
}

/* Every word of @body, added up. Four sums at once, as one would wait for itself
 * at each word. */
static uint64_t sum_body(const uint8_t *body, size_t len)
{
	uint64_t sums[4] = {0}, words[4] = {0};

	for (; len >= sizeof(words); len -= sizeof(words)) {
		memcpy(words, body, sizeof(words));
		for (unsigned i = 0; i < 4; i++)
			sums[i] += words[i];
		body += sizeof(words);
	}
	memset(words, 0, sizeof(words));
	memcpy(words, body, len);
	for (unsigned i = 0; i < 4; i++)
		sums[i] += words[i];
	return sums[0] + 3 * sums[1] + 5 * sums[2] + 7 * sums[3];
}

/* What the last word of a message has to be. @times: the bytes between its word
 * and its body, which nothing covers. */
static uint64_t tail_of(const uint8_t *message, size_t len, uint64_t word,
	enum verify_mode mode, size_t times)
{
	const uint8_t *body = message + VERIFY_WORD_BYTES + times;
	size_t body_bytes = len - VERIFY_TAIL_FROM_LEN - times;
	uint64_t tail = verify_mix(word);

	if (mode == VERIFY_FULL)
		tail ^= (uint64_t)crc32_z(
				crc32_z(0, message, VERIFY_WORD_BYTES), body,
				body_bytes)
			<< 32;
	if (mode == VERIFY_SUM)
		tail ^= sum_body(body, body_bytes);
	return tail;
}

void verify_prepare(struct stamper *stamper, void *message)
{
	size_t len = stamper->len;

	stamper->first = verify_word(stamper->producer, 0);
	fill_body(message, len, stamper->first);
	stamper->body_sum = 0;
	stamper->tail_at = 0;
	if (len < VERIFY_TAIL_FROM_LEN)
		return;
	if (stamper->mode == VERIFY_SUM)
		stamper->body_sum = sum_body((uint8_t *)message +
						     VERIFY_WORD_BYTES +
						     stamper->times_bytes,
			len - VERIFY_TAIL_FROM_LEN - stamper->times_bytes);
	if (stamper->mode != VERIFY_FULL)
		stamper->tail_at = len - VERIFY_WORD_BYTES;
}

void verify_stamp_slowly(
	const struct stamper *stamper, void *message, uint64_t word)
{
	size_t len = stamper->len, times = stamper->times_bytes;
	uint8_t *bytes = message;
	uint64_t tail;

	memcpy(bytes, &word, len < VERIFY_WORD_BYTES ? len : VERIFY_WORD_BYTES);
	if (len < VERIFY_TAIL_FROM_LEN)
		return;
	if (stamper->mode == VERIFY_FULL) {
		fill_body(bytes + VERIFY_WORD_BYTES + times,
			len - VERIFY_TAIL_FROM_LEN - times, word);
		tail = tail_of(bytes, len, word, VERIFY_FULL, times);
	} else {
		tail = verify_mix(word) ^ stamper->body_sum;
	}
	memcpy(bytes + len - VERIFY_WORD_BYTES, &tail, VERIFY_WORD_BYTES);
}

/* Only the first one counts. relaxed: for a person, later on. */
static void raise_alarm(
	const struct verifier *verifier, enum alarm_kind kind, uint64_t word)
{
	struct verify_alarm *alarm = verifier->alarm;
	uint32_t none = ALARM_NONE;
	struct timespec now;

	if (!alarm || (verifier->leases && kind != ALARM_DAMAGED) ||
		!atomic_compare_exchange_strong_explicit(&alarm->kind, &none,
			kind, memory_order_relaxed, memory_order_relaxed))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	verify_set(&alarm->word, word);
	verify_set(&alarm->at_ns,
		(uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

static void count_corrupted(const struct verifier *verifier, uint64_t word)
{
	raise_alarm(verifier, ALARM_DAMAGED, word);
	verify_set(&verifier->ledger->corrupted,
		verify_get(&verifier->ledger->corrupted) + 1);
}

/* @sequence came after a later one. */
static void note_behind(struct ledger_line *line, uint64_t sequence)
{
	verify_set(&line->beside, verify_get(&line->beside) + 1);
	verify_set(&line->sum, verify_get(&line->sum) +
				       verify_step(sequence + 1) -
				       verify_step(sequence));
}

/* Too short to say whose it is: with one producer it can be checked against what
 * should come; with several it only counts. */
static void received_short(
	const struct verifier *verifier, const void *message, size_t len)
{
	struct ledger_line *line = &verifier->ledger->lines[0];
	uint64_t word = verify_get(&line->next);

	if (verifier->producer_count == 1 && memcmp(message, &word, len) != 0)
		verify_set(&line->late, verify_get(&line->late) + 1);
	verify_set(&line->next, word + 1);
}

static bool intact(const struct verifier *verifier, const uint8_t *message,
	size_t len, uint64_t word)
{
	uint64_t tail;

	if (word >> VERIFY_PRODUCER_SHIFT >= verifier->producer_count)
		return false;
	if (len < VERIFY_TAIL_FROM_LEN)
		return true;
	memcpy(&tail, message + len - VERIFY_WORD_BYTES, VERIFY_WORD_BYTES);
	return tail == tail_of(message, len, word, verifier->mode,
			       verifier->times_bytes);
}

/* Where the bits of messages from 64 * @index on are. */
static size_t word_at(uint64_t index)
{
	return index % (LEDGER_BITS / 64);
}

/* Returns whether the bit was set before. */
static bool set_bit(struct ledger_bits *bits, uint64_t sequence)
{
	uint64_t bit = UINT64_C(1) << sequence % 64;

	return atomic_fetch_or_explicit(&bits->words[word_at(sequence / 64)],
		       bit, memory_order_relaxed) &
	       bit;
}

static uint64_t settled_chunks(uint64_t settled)
{
	return settled >> 32;
}

/* A death before the store of ->settled has changed nothing; one behind it may
 * leave bits of messages that are settled. They would be those of messages half a
 * window ahead, behind a gap that no account looks beyond. */
uint64_t verify_settle(struct ledger_bits *bits, struct sent_line *line)
{
	uint64_t settled = verify_get(&line->settled);
	uint64_t chunk = settled_chunks(settled);
	uint64_t from = chunk * (LEDGER_CHUNK / 64);
	uint64_t lost = settled & UINT32_MAX;

	for (uint64_t i = from; i < from + LEDGER_CHUNK / 64; i++)
		lost += 64 - (unsigned)__builtin_popcountll(
				     verify_get(&bits->words[word_at(i)]));
	if (lost > UINT32_MAX)
		lost = UINT32_MAX;
	verify_set(&line->settled, (chunk + 1) << 32 | lost);
	/* relaxed stores and a fence for the compiler: what a death leaves is
	 * a prefix of them */
	atomic_signal_fence(memory_order_seq_cst);
	for (uint64_t i = from; i < from + LEDGER_CHUNK / 64; i++)
		verify_set(&bits->words[word_at(i)], 0);
	return (chunk + 1) * LEDGER_CHUNK + LEDGER_AHEAD;
}

void verify_received_slowly(
	const struct verifier *verifier, const void *message, size_t len)
{
	struct ledger_line *line;
	uint64_t word, sequence, next;

	if (len != verifier->len) {
		count_corrupted(verifier, UINT64_MAX);
		return;
	}
	if (len < VERIFY_WORD_BYTES) {
		received_short(verifier, message, len);
		return;
	}
	memcpy(&word, message, VERIFY_WORD_BYTES);
	if (!intact(verifier, message, len, word)) {
		count_corrupted(verifier, word);
		return;
	}
	sequence = word & VERIFY_SEQUENCE_MASK;
	line = &verifier->ledger->lines[word >> VERIFY_PRODUCER_SHIFT];
	next = verify_get(&line->next);
	if (verifier->bits &&
		set_bit(&verifier->bits[word >> VERIFY_PRODUCER_SHIFT],
			sequence)) {
		atomic_fetch_add_explicit(
			verifier->twice, 1, memory_order_relaxed);
		raise_alarm(verifier, ALARM_TWICE, word);
	} else if (sequence < next) {
		verify_set(&line->late, verify_get(&line->late) + 1);
		raise_alarm(verifier, ALARM_LATE, word);
	}
	if (sequence < next) {
		note_behind(line, sequence);
	} else {
		verify_note_gap(line, next, sequence);
		verify_set(&line->next, sequence + 1);
	}
}

/* Of one producer, by the bits: lost before what was acknowledged, strangers from
 * that + @in_flight on. */
static void total_by_bits(const struct ledger_bits *bits,
	const struct sent_line *line, unsigned in_flight,
	struct verify_totals *totals)
{
	uint64_t acknowledged = verify_get(&line->count);
	uint64_t settled = verify_get(&line->settled);
	uint64_t from = settled_chunks(settled) * LEDGER_CHUNK;
	uint64_t end = from + LEDGER_BITS;

	totals->lost += settled & UINT32_MAX;
	for (uint64_t i = from / 64; i < end / 64; i++) {
		uint64_t have = verify_get(&bits->words[word_at(i)]);
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

bool verify_first_lost(const struct ledger_bits *bits,
	const struct sent_line *line, uint64_t *ret_sequence)
{
	uint64_t acknowledged = verify_get(&line->count);
	uint64_t i = settled_chunks(verify_get(&line->settled)) * LEDGER_CHUNK;

	for (; i < acknowledged; i++) {
		uint64_t have = verify_get(&bits->words[word_at(i / 64)]);

		if (have == UINT64_MAX) {
			i |= 63;
		} else if (!(have >> i % 64 & 1)) {
			*ret_sequence = i;
			return true;
		}
	}
	return false;
}

/* Of one producer, by counts and sums over all consumers. */
static void total_by_counts(uint64_t sent, uint64_t count, uint64_t sum,
	struct verify_totals *totals)
{
	if (count < sent)
		totals->lost += sent - count;
	else if (count > sent)
		totals->duplicated += count - sent;
	else if (sum != verify_step(sent)) {
		totals->lost++;
		totals->duplicated++;
	}
}

void verify_total(const struct verifier *verifier, const struct sent_line *sent,
	const unsigned *in_flight, struct verify_ledger *const *ledgers,
	unsigned ledger_count, struct verify_totals *ret_totals)
{
	bool identified = verifier->len >= VERIFY_WORD_BYTES;
	bool mixed = !identified && verifier->producer_count > 1;
	struct verify_totals totals = {0};

	for (unsigned p = 0; p < verifier->producer_count; p++) {
		uint64_t wanted = verify_get(&sent[p].count);
		uint64_t count = 0, sum = 0;

		for (unsigned c = 0; c < ledger_count; c++) {
			const struct ledger_line *line = &ledgers[c]->lines[p];
			uint64_t next = verify_get(&line->next);

			count += verify_get(&line->beside) + next;
			sum += verify_get(&line->sum) + verify_step(next);
			totals.reordered += verify_get(&line->late);
		}
		totals.sent += wanted;
		totals.received += count;
		if (verifier->bits && identified)
			total_by_bits(&verifier->bits[p], &sent[p],
				in_flight ? in_flight[p] : 0, &totals);
		else if (!mixed)
			total_by_counts(wanted, count,
				identified ? sum : verify_step(wanted),
				&totals);
	}
	if (mixed)
		total_by_counts(totals.sent, totals.received,
			verify_step(totals.sent), &totals);
	for (unsigned c = 0; c < ledger_count; c++)
		totals.corrupted += verify_get(&ledgers[c]->corrupted);
	if (verifier->bits && identified)
		totals.duplicated = verify_get(verifier->twice);
	*ret_totals = totals;
}
