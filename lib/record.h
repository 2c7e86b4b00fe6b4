/* record.h - how a message lies in a ring's or queue's data area.
 *
 * An 8-byte word, then the message, then padding to 8 bytes. The word is
 *
 *   bits 0-7    state: 0 (nothing here yet) or RECORD_READY
 *   bits 8-47   length in bytes
 *   bits 48-63  0
 *
 * so a word of 0 is never a record, not even an empty one.
 */
#ifndef MIPC_RECORD_H
#define MIPC_RECORD_H

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

#include "layout.h"
#include "segment.h"

enum {
	RECORD_READY = 1,
	RECORD_HEADER_BYTES = 8,
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

static inline uint64_t record_word(uint64_t len)
{
	return len << 8 | RECORD_READY;
}

/* record_parse - length of the record whose word was loaded as @word.
 * @limit: bytes that it may take, header and padding included.
 * Returns 0; -EBADMSG. */
static inline int record_parse(uint64_t word, uint64_t limit, uint64_t *ret_len)
{
	uint64_t len = word >> 8;

	if ((word & 0xff) != RECORD_READY || len >= limit ||
		record_bytes(len) > limit)
		return -EBADMSG;
	*ret_len = len;
	return 0;
}

#endif
