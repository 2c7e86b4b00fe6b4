/* record.h - how a message lies in a ring's or queue's data area.
 *
 * An 8-byte word, then the message, then padding to 8 bytes. The word is
 *
 *   bits 0-7    state: enum record_state
 *   bits 8-45   length in bytes
 *   bits 46-51  the slot of the party that writes or leases it; else 0
 *   bits 52-59  that party's generation; else 0
 *   bits 60-63  how often it was given back or left behind, at most 15
 *
 * so a word of 0 is never a record, not even an empty one. A ring knows READY
 * only.
 */
#ifndef MIPC_RECORD_H
#define MIPC_RECORD_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "layout.h"
#include "segment.h"

enum {
	RECORD_HEADER_BYTES = 8,
	RECORD_RETURNS_MAX = 15,
};

/* Who may take which edge, and what a death leaves:
 *
 *   (none)  -> READY    put, under the producers' lock
 *   (none)  -> WRITING  reserve, the same; dead: a survivor makes it DONE
 *   WRITING -> READY    commit, by its party
 *   WRITING -> DONE     abort, by its party
 *   READY   -> DONE     get of a message behind others' leases, under the
 *                       consumers' lock (else the head just passes it)
 *   READY   -> LEASED   acquire, the same; dead: a survivor makes it READY
 *   LEASED  -> DONE     release, by its party
 *   LEASED  -> READY    return, by its party
 *   LEASED  -> DEAD     the last return that the queue allows
 *   DEAD    -> DONE     get_dead, under the consumers' lock
 */
enum record_state {
	RECORD_READY = 1,
	RECORD_WRITING = 2,
	RECORD_LEASED = 3,
	RECORD_DONE = 4,
	RECORD_DEAD = 5,
};

static inline uint64_t record_bytes(uint64_t len)
{
	return (RECORD_HEADER_BYTES + len + MIPC_RECORD_ALIGN - 1) &
	       ~(uint64_t)(MIPC_RECORD_ALIGN - 1);
}

/* record_at - where the record at a free-running position lies, contiguous up
 * to a whole capacity thanks to the mirror. In bounds whatever @position is. */
static inline uint8_t *record_at(
	const struct segment *segment, uint64_t position)
{
	return segment->data + (position & (segment->capacity_bytes - 1));
}

/* record_header - its first word; @position is a multiple of 8. */
static inline _Atomic uint64_t *record_header(
	const struct segment *segment, uint64_t position)
{
	position &= ~(uint64_t)(MIPC_RECORD_ALIGN - 1);
	return (_Atomic uint64_t *)(void *)record_at(segment, position);
}

/* record_copy_long - of more than 64 bytes. */
void record_copy_long(void *to, const void *from, size_t len);

/* record_copy - memcpy, without the call for what is short: the call takes longer
 * than the copy. The two halves overlap where @len is no sum of them. */
static inline void record_copy(void *to, const void *from, size_t len)
{
	const uint8_t *source = from;
	uint8_t *target = to;

	if (len > 64) {
		record_copy_long(to, from, len);
	} else if (len < 8) {
		if (len)
			memcpy(target, source, len);
	} else if (len <= 16) {
		memcpy(target, source, 8);
		memcpy(target + len - 8, source + len - 8, 8);
	} else if (len <= 32) {
		memcpy(target, source, 16);
		memcpy(target + len - 16, source + len - 16, 16);
	} else {
		memcpy(target, source, 32);
		memcpy(target + len - 32, source + len - 32, 32);
	}
}

#define RECORD_LEN_MASK ((UINT64_C(1) << 38) - 1)

static inline uint64_t record_word(uint64_t len)
{
	return len << 8 | RECORD_READY;
}

static inline enum record_state record_state(uint64_t word)
{
	return (enum record_state)(word & 0xff);
}

static inline uint64_t record_len(uint64_t word)
{
	return word >> 8 & RECORD_LEN_MASK;
}

static inline uint32_t record_slot(uint64_t word)
{
	return word >> 46 & 0x3f;
}

static inline uint32_t record_generation(uint64_t word)
{
	return word >> 52 & 0xff;
}

static inline unsigned record_returns(uint64_t word)
{
	return (unsigned)(word >> 60);
}

/* record_with - @word in another state, of nobody. */
static inline uint64_t record_with(uint64_t word, enum record_state state)
{
	return (word & ~(UINT64_C(0x3fff) << 46 | 0xff)) | state;
}

/* record_owned - the same, of a party. */
static inline uint64_t record_owned(uint64_t word, enum record_state state,
	uint32_t slot, uint32_t generation)
{
	return record_with(word, state) | (uint64_t)(slot & 0x3f) << 46 |
	       (uint64_t)(generation & 0xff) << 52;
}

/* record_fits - may it be a record of at most @limit bytes, header and padding
 * included? */
static inline bool record_fits(uint64_t word, uint64_t limit)
{
	uint64_t len = record_len(word);

	return record_state(word) >= RECORD_READY &&
	       record_state(word) <= RECORD_DEAD && len < limit &&
	       record_bytes(len) <= limit;
}

/* record_is_fresh - may it be a record of at most @limit bytes that is READY and
 * was never given back? Then nothing stands above its length, so all of that is
 * compared as if it were length. */
static inline bool record_is_fresh(
	uint64_t word, uint64_t limit, uint64_t *ret_len)
{
	uint64_t len = word >> 8;

	*ret_len = len;
	return record_state(word) == RECORD_READY && len < limit &&
	       record_bytes(len) <= limit;
}

/* record_parse - length of the READY record whose word was loaded as @word.
 * Returns 0; -EBADMSG. */
static inline int record_parse(uint64_t word, uint64_t limit, uint64_t *ret_len)
{
	if (!record_fits(word, limit) || record_state(word) != RECORD_READY)
		return -EBADMSG;
	*ret_len = record_len(word);
	return 0;
}

#endif
