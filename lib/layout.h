/* layout.h - every byte that processes share.
 *
 * A segment is one file:
 *
 *   0          struct mipc_header         what this is; constant once visible
 *   256        struct mipc_party[64]      who is attached
 *   8448       struct mipc_ring_control   or mipc_queue_control, or nothing
 *   data_offset  capacity_bytes of data   page-aligned; to the end of the file
 *
 * The data of a ring or queue is mapped twice in a row, so that a record that
 * runs over the end is contiguous. Positions run free (64 bits) and are taken
 * modulo the capacity, a power of two.
 *
 * Lines are 128 bytes: the coherence granule of Apple's M series, and what
 * x86's adjacent-line prefetcher fetches as a pair. Nothing here is a pointer,
 * an errno or a type whose width differs between systems.
 *
 * Nothing read from here is trusted: see "Hostile peers" in docs/design.md.
 */
#ifndef MIPC_LAYOUT_H
#define MIPC_LAYOUT_H

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define MIPC_MAGIC "mmapipc" /* 8 bytes with its NUL */

enum {
	MIPC_LAYOUT_VERSION = 2,
	MIPC_LINE_BYTES = 128,
	MIPC_PARTY_COUNT = 64,
	MIPC_RECORD_ALIGN = 8,
};

#define MIPC_CAPACITY_MAX \
	(UINT64_C(1) << 38) /* a record's length has 38 bits */
#define MIPC_SHM_SIZE_MAX (UINT64_C(1) << 40)

enum mipc_kind {
	MIPC_KIND_SHM = 1,
	MIPC_KIND_RING = 2,
	MIPC_KIND_QUEUE = 3,
};

struct mipc_header {
	alignas(256) char magic[8];
	uint32_t version;     /* MIPC_LAYOUT_VERSION */
	uint32_t fingerprint; /* MIPC_FINGERPRINT: sizes and byte order */
	uint32_t kind;	      /* enum mipc_kind */
	uint32_t data_offset; /* a multiple of the creator's page size */
	uint64_t capacity_bytes;
	/* The pid namespace in which thread ids in lock words are meant; parties
	 * of another one name themselves by party number. 0: none. */
	uint64_t home_namespace;
};
static_assert(sizeof(struct mipc_header) == 256, "layout");
static_assert(offsetof(struct mipc_header, home_namespace) == 32, "layout");

/* One attached handle. Its holder is alive exactly as long as it holds the
 * byte lock of this slot (party.h); everything in here is only a hint, except
 * to the holder of that byte lock. */
struct mipc_party {
	alignas(MIPC_LINE_BYTES) _Atomic uint32_t attached; /* 0 or 1 */
	_Atomic uint32_t pid;				    /* for people */
	/* Counts who had this slot, so that a lease of the one before is not
	 * taken for the next one's. */
	_Atomic uint32_t generation;
	uint32_t unused;
	/* For people: when the party, having none, last came to have a
	 * reservation or a lease (monotonic clock, in ns). Says something only
	 * while a record names the party. See queue_lease.c. */
	_Atomic uint64_t reserving_since;
	_Atomic uint64_t leasing_since;
};
static_assert(sizeof(struct mipc_party) == MIPC_LINE_BYTES, "layout");
static_assert(offsetof(struct mipc_party, reserving_since) == 16, "layout");

/* A lock: the word is 0 when free, else who holds it; owner says through which
 * party, once the holder came to write it. For people: stamp says since when
 * somebody has been waiting for that very holder. See lock.c. */
struct mipc_lock {
	_Atomic uint32_t word;
	_Atomic uint32_t holds; /* counts holds that somebody slept for */
	_Atomic uint64_t owner; /* thread << 32 | slot + 1; 0: not known */
	_Atomic uint64_t stamp;
};
static_assert(sizeof(struct mipc_lock) == 24, "layout");

/* Something that can be waited for. Bit 0: somebody may be asleep here; bit 1:
 * since the last wake-up; the rest counts wake-ups. See event.c. */
struct mipc_event {
	alignas(MIPC_LINE_BYTES) _Atomic uint32_t word;
};
static_assert(sizeof(struct mipc_event) == MIPC_LINE_BYTES, "layout");

/* The word of a role, but for a party's slot + 1: nobody yet, or nobody any
 * more. */
enum role_state {
	ROLE_NEVER = 0,
	ROLE_LEFT = 0x10000,
};

/* Every writer has its own line, so that a side that has nothing to tell the
 * other leaves the other's cache alone. */
struct mipc_ring_control {
	/* Written by the producer after each commit. Behind the committed
	 * records by at most the one call that was killed in between. */
	alignas(MIPC_LINE_BYTES) _Atomic uint64_t tail;
	/* Written by the consumer: everything before it is free. */
	alignas(MIPC_LINE_BYTES) _Atomic uint64_t head;
	/* Who holds a role: a party's slot + 1, or enum role_state. */
	alignas(MIPC_LINE_BYTES) _Atomic uint32_t producer;
	_Atomic uint32_t consumer;
	struct mipc_event readable; /* the consumer sleeps here */
	struct mipc_event writable; /* the producer sleeps here */
};
static_assert(
	sizeof(struct mipc_ring_control) == 5 * MIPC_LINE_BYTES, "layout");

/* One side of a queue, producers or consumers: its lock, and what the lock
 * guards. */
struct mipc_queue_side {
	alignas(MIPC_LINE_BYTES) struct mipc_lock lock;
	/* The other side's position when last looked at. */
	_Atomic uint64_t other_position;
	/* What position and count are about to become: lets the next owner
	 * recompute the count when this one died around the commit. */
	_Atomic uint64_t intent_position;
	_Atomic uint64_t intent_count;
	_Atomic uint64_t count; /* messages that ever passed here */
	/* Consumers only: all before it was seen not to be READY. Up to here
	 * it is what each call touches: 64 bytes, a line on most machines. */
	_Atomic uint64_t cursor;
	_Atomic uint64_t recoveries; /* owners that died */
	/* The commit: tail or head. On a line of its own, which the other side
	 * reads, while the lock's line stays with its holders. */
	alignas(MIPC_LINE_BYTES) _Atomic uint64_t position;
	struct mipc_event event; /* this side sleeps here */
};
static_assert(sizeof(struct mipc_queue_side) == 3 * MIPC_LINE_BYTES, "layout");
static_assert(offsetof(struct mipc_queue_side, recoveries) == 64, "layout");

struct mipc_queue_control {
	struct mipc_queue_side producers; /* position is the tail */
	struct mipc_queue_side consumers; /* position is the head */
	/* Says that something before the cursor has changed: look again from
	 * the head. Written by whoever commits, aborts or gives back. */
	alignas(MIPC_LINE_BYTES) _Atomic uint32_t look_again;
	/* Returns after which a message is a dead letter; 0: never. Constant
	 * once visible. */
	_Atomic uint32_t dead_letter_after;
};
static_assert(
	sizeof(struct mipc_queue_control) == 7 * MIPC_LINE_BYTES, "layout");

struct mipc_segment {
	struct mipc_header header;
	struct mipc_party parties[MIPC_PARTY_COUNT];
	union {
		struct mipc_ring_control ring;
		struct mipc_queue_control queue;
	};
};
static_assert(offsetof(struct mipc_segment, parties) == 256, "layout");
static_assert(offsetof(struct mipc_segment, ring) == 8448, "layout");

/* Differs when a size, an offset or the byte order does. */
#define MIPC_FINGERPRINT                                           \
	((uint32_t)(sizeof(struct mipc_segment) * 2654435761u ^    \
		    offsetof(struct mipc_segment, ring) * 40503u ^ \
		    sizeof(struct mipc_ring_control) << 20 ^       \
		    sizeof(struct mipc_queue_control) << 8 ^       \
		    MIPC_PARTY_COUNT))

#endif
