/* ck.h - what the two transports over ck_ring share: element types,
 * sizes, and the memory they live in.
 *
 * ck_ring moves elements of a size known at compile time, by copy, between
 * indices of its own; the elements lie in an array that the user brings. So the
 * fastest way for a small message is to be an element: a struct of just its
 * size, CK_RING_PROTOTYPE for it, and the copies become a few moves. That is
 * done for powers of two from 8 bytes on, up to where slots were measured to be
 * faster; either .c has its own bound. Elements carry no length and pass
 * messages of exactly their size, as a user with a fixed struct would have it:
 * anything shorter is -EMSGSIZE.
 *
 * Any other message goes into a slot, and the element says which slot and how
 * long. What makes a slot free again differs: see either .c.
 *
 * The rings, their elements and the slots are one shared anonymous mapping,
 * made before the fork, every page allocated at once. The ring struct is laid
 * out for lines of CK_MD_CACHELINE; each of the parts here begins on a line
 * pair.
 */
#ifndef IPCMARK_TRANSPORT_CK_H
#define IPCMARK_TRANSPORT_CK_H

#include <ck_ring.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/shared.h"
#include "transport/capacity.h"
#include "transport/transport.h"

#define CK_SIZES_TO_256(X) X(8) X(16) X(32) X(64) X(128) X(256)
#define CK_SIZES_TO_1024(X) CK_SIZES_TO_256(X) X(512) X(1024)

enum {
	CK_PART_ALIGN = 128,
	CK_LINE_BYTES = 64,
	CK_COUNT_MIN = 4,
	CK_COUNT_MAX = 1 << 24,
	CK_RINGS_MAX = 2,
	CK_ELEMENT_MIN = 8,
};

/* ck_ring finds an element's place with 32 bits. */
#define CK_ELEMENTS_MAX_BYTES (UINT64_C(1) << 31)
/* More than any ring could hold two of. */
#define CK_MESSAGE_MAX (UINT64_C(1) << 40)

/* Of bytes, so that any address will do for one. */
#define CK_ELEMENT(size)                  \
	struct ck_element_##size {        \
		unsigned char body[size]; \
	};
CK_SIZES_TO_1024(CK_ELEMENT)

/* The element of a message that lies in a slot. */
struct ck_ticket {
	uint32_t slot;
	uint32_t unused;
	uint64_t len;
};

struct ck_channel {
	uint64_t msg_size_bytes;
	uint64_t stride; /* from slot to slot; 0: messages are elements */
	unsigned count;	 /* of each ring; it holds one less */
	unsigned ring_count;
	struct ck_ring *rings[CK_RINGS_MAX];
	void *elements[CK_RINGS_MAX];
	unsigned char *slots; /* count of them */
	void *map;
	size_t mapped_bytes;
};

static inline size_t ck_part(size_t bytes)
{
	return (bytes + CK_PART_ALIGN - 1) / CK_PART_ALIGN * CK_PART_ALIGN;
}

/* How many messages fit the capacity: a power of two, as ck_ring wants it. */
static inline unsigned ck_count(uint64_t capacity, uint64_t each)
{
	unsigned count = CK_COUNT_MIN;

	while (count < CK_COUNT_MAX && (uint64_t)count * 2 * each <= capacity)
		count *= 2;
	return count;
}

/* Map what @channel's sizes ask for, and find the parts in it. */
static inline int ck_map(struct ck_channel *channel)
{
	size_t each = channel->stride ? sizeof(struct ck_ticket)
				      : channel->msg_size_bytes;
	size_t ring_bytes = ck_part(sizeof(struct ck_ring));
	size_t elements_bytes = ck_part(each * channel->count);
	unsigned char *at;

	channel->mapped_bytes =
		channel->ring_count * (ring_bytes + elements_bytes) +
		channel->stride * channel->count;
	channel->map = shared_map(channel->mapped_bytes);
	if (!channel->map)
		return -ENOMEM;
	at = channel->map;
	for (unsigned i = 0; i < channel->ring_count; i++) {
		channel->rings[i] = (struct ck_ring *)at;
		channel->elements[i] = at + ring_bytes;
		ck_ring_init(channel->rings[i], channel->count);
		at += ring_bytes + elements_bytes;
	}
	channel->slots = at;
	return 0;
}

/* ck_make - a channel whose messages are elements, if their size is a power of
 * two from 8 to @element_max; else they lie in slots and it has @slot_rings
 * rings. Returns 0 or -errno. */
static inline int ck_make(const struct channel_config *config,
	uint64_t element_max, unsigned slot_rings,
	struct ck_channel **ret_channel)
{
	uint64_t capacity = capacity_choose(config);
	uint64_t size = config->msg_size_bytes;
	struct ck_channel *channel;
	int err;

	if (size > CK_MESSAGE_MAX)
		return -EMSGSIZE;
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return -ENOMEM;
	channel->msg_size_bytes = size;
	if (size >= CK_ELEMENT_MIN && size <= element_max &&
		(size & (size - 1)) == 0) {
		channel->ring_count = 1;
		if (capacity > CK_ELEMENTS_MAX_BYTES)
			capacity = CK_ELEMENTS_MAX_BYTES;
		channel->count = ck_count(capacity, size);
	} else {
		channel->ring_count = slot_rings;
		channel->stride = ((size ? size : 1) + CK_LINE_BYTES - 1) /
				  CK_LINE_BYTES * CK_LINE_BYTES;
		channel->count = ck_count(capacity, channel->stride);
	}
	err = ck_map(channel);
	if (err) {
		free(channel);
		return err;
	}
	*ret_channel = channel;
	return 0;
}

static inline void ck_destroy(struct channel *base)
{
	struct ck_channel *channel = (struct ck_channel *)base;

	if (!channel)
		return;
	munmap(channel->map, channel->mapped_bytes);
	free(channel);
}

static inline unsigned char *ck_slot(
	const struct ck_channel *channel, unsigned slot)
{
	return channel->slots + (size_t)slot * channel->stride;
}

/* Nobody uses the ring: it holds no more than it can. Not ck_ring_valid(): that
 * one looks at p_head, which single producers never move, and compares indices
 * that have gone round. */
static inline int ck_check(struct channel *base)
{
	const struct ck_channel *channel = (struct ck_channel *)base;

	for (unsigned i = 0; i < channel->ring_count; i++) {
		const struct ck_ring *ring = channel->rings[i];

		if (ring->size != channel->count ||
			ring->mask != channel->count - 1 ||
			ring->p_tail - ring->c_head > ring->mask)
			return -EBADMSG;
	}
	return 0;
}

#endif
