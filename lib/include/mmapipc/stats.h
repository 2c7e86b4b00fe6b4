/* stats.h - what one handle has done and met since it attached.
 *
 * Counted in private memory: nobody else sees it, and it costs others nothing.
 * What an object as a whole has seen is in <mmapipc/inspect.h>.
 */
#ifndef MMAPIPC_STATS_H
#define MMAPIPC_STATS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One direction: what was written or put, or what was read, got or acquired. */
struct mipc_side_stats {
	uint64_t messages;
	/* Ring: of them, headers of 8 and padding to 8 included. A queue's are
	 * not counted by handle; see struct mipc_info. */
	uint64_t bytes;
	uint64_t batches; /* calls that passed two messages or more at once */
	/* Found full (sending) or empty (receiving): polls in vain, and waits,
	 * each counted once. Of these: */
	uint64_t blocked;
	uint64_t spins_paid; /* what was waited for came before any sleep, or is
				being looked for now */
	uint64_t slept;	     /* had to sleep, at least once */
	uint64_t gave_up;    /* polls; and waits that ended before any sleep */
	uint64_t naps;	     /* sleeps altogether: at most 10 ms each */
	/* Queue: the side's lock. */
	uint64_t lock_waits; /* taken, but not at the first try */
	uint64_t recoveries; /* taken over from an owner that died */
	uint64_t reserved[4];
};

struct mipc_stats {
	struct mipc_side_stats sent;
	struct mipc_side_stats received;
	/* Queue: of the messages received, those that had been given back or
	 * left by the dead before. */
	uint64_t redelivered;
	/* Queue: reservations and leases of the dead that this handle settled. */
	uint64_t leases_recovered;
	/* Parties that this handle was the first to find dead: when it attached
	 * or, on a ring, when it asked after the other side. */
	uint64_t peers_found_dead;
	/* Zero; room for what later versions add. */
	uint64_t reserved[5];
};

#ifdef __cplusplus
}
#endif

#endif
