/* ring_handle.h - what ring.c (messages) and ring_role.c (who may pass them)
 * share of a handle.
 */
#ifndef MIPC_RING_HANDLE_H
#define MIPC_RING_HANDLE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <mmapipc/ring.h>

#include "counters.h"
#include "pace.h"
#include "record.h"
#include "segment.h"
#include "watch.h"

/* No position: those are multiples of 8, and 0 is one of them, in a ring whose
 * head somebody forged at the very end of all positions. */
#define RING_NONE UINT64_C(1)

struct mipc_ring {
	struct segment segment;
	struct mipc_ring_control *control;
	uint32_t spin_us;
	_Atomic unsigned roles;	  /* as asked for; 0 once broken */
	_Atomic int broken;	  /* -EBADMSG once the segment held nonsense */
	struct watch_place watch; /* by the consumer */
	_Atomic uint64_t watched; /* the consumer's head when it armed that */
	/* Each side's own, on lines of their own: they may be two threads. */
	struct {
		alignas(MIPC_LINE_BYTES) uint64_t tail;
		uint64_t head_seen;
		uint64_t reserved; /* bytes of record; 0: none */
		struct pace pace;
		struct counters counters;
	} producer;
	struct {
		alignas(MIPC_LINE_BYTES) uint64_t head;
		uint64_t peeked; /* the position behind it, or RING_NONE */
		struct pace pace;
		struct counters counters;
	} consumer;
};

static inline _Atomic uint32_t *role_word(const mipc_ring *ring, unsigned role)
{
	return role == MIPC_RING_PRODUCER ? &ring->control->producer
					  : &ring->control->consumer;
}

/* From now on every call ends in enter_slowly(), with -EBADMSG. */
static inline void ring_break(mipc_ring *ring)
{
	/* relaxed: the next store orders it */
	atomic_store_explicit(&ring->broken, -EBADMSG, memory_order_relaxed);
	/* release: who sees that it has no role sees why; pairs with the
	 * acquire in roles_of() */
	atomic_store_explicit(&ring->roles, 0, memory_order_release);
}

static inline unsigned roles_of(const mipc_ring *ring)
{
	/* acquire: pairs with ring_break() */
	return atomic_load_explicit(&ring->roles, memory_order_acquire);
}

/* Bytes that one record may take: its place must leave a word for the 0. */
static inline uint64_t record_limit(const mipc_ring *ring)
{
	return ring->segment.capacity_bytes - RECORD_HEADER_BYTES;
}

static inline bool ring_positions_valid(
	const mipc_ring *ring, uint64_t head, uint64_t tail)
{
	return tail - head <= ring->segment.capacity_bytes &&
	       (head | tail) % MIPC_RECORD_ALIGN == 0;
}

/* ring_find_end - the end of the committed records from @from on, at most a
 * capacity behind @floor. Returns 0; -EBADMSG when they do not parse. */
int ring_find_end(const mipc_ring *ring, uint64_t floor, uint64_t from,
	uint64_t *ret_end);

/* ring_peer_gone - has the holder of @role gone for good? A role that nobody
 * held yet has not. A system call or two. */
bool ring_peer_gone(mipc_ring *ring, unsigned role);

/* ring_peer_left - the same as far as it is written down: cheap. */
bool ring_peer_left(const mipc_ring *ring, unsigned role);

#endif
