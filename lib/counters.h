/* counters.h - what a handle counts, in its private memory.
 *
 * Two ways to count, and for each counter one of them: by whom nobody else can
 * meet (a ring's only producer; whoever has the queue's lock), which costs what an
 * ordinary addition does; and by any thread, where it is slow anyway.
 * Both are atomic so that another thread may read them at any time; relaxed, as
 * nothing is concluded from one counter about another.
 */
#ifndef MIPC_COUNTERS_H
#define MIPC_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include <mmapipc/stats.h>

/* One direction. The meanings are those of struct mipc_side_stats. */
struct counters {
	/* By the only one: */
	_Atomic uint64_t messages;
	_Atomic uint64_t bytes; /* ring: its position when it came */
	_Atomic uint64_t batches;
	_Atomic uint64_t lock_waits;
	_Atomic uint64_t recoveries;
	_Atomic uint64_t redelivered;
	_Atomic uint64_t leases_recovered;
	/* In vain; a ring's by the only one, a queue's by anybody. Also says
	 * when a poll has to ask after the dead. */
	_Atomic uint64_t polls;
	/* By anybody. A spin that paid is what is left of these, so that
	 * nothing is counted between the message and its reader. */
	_Atomic uint64_t waits;
	_Atomic uint64_t slept;
	_Atomic uint64_t gave_up; /* waits */
	_Atomic uint64_t naps;
};

/* count_alone - nobody else can be counting here now. Returns the sum. */
static inline uint64_t count_alone(_Atomic uint64_t *counter, uint64_t more)
{
	/* relaxed, both: one writer; see above */
	uint64_t sum =
		atomic_load_explicit(counter, memory_order_relaxed) + more;

	atomic_store_explicit(counter, sum, memory_order_relaxed);
	return sum;
}

/* count_shared - others may be. Returns the sum. */
static inline uint64_t count_shared(_Atomic uint64_t *counter, uint64_t more)
{
	/* relaxed: see above */
	return atomic_fetch_add_explicit(counter, more, memory_order_relaxed) +
	       more;
}

/* count_passed - one call's messages. */
static inline void count_passed(struct counters *counters, uint64_t messages)
{
	count_alone(&counters->messages, messages);
	if (messages > 1)
		count_alone(&counters->batches, 1);
}

/* counters_reset - of a handle that nobody uses yet. */
void counters_reset(struct counters *counters);

/* counters_read - all of a handle's. @peers_found_dead: as in segment.h. */
void counters_read(const struct counters *sent, const struct counters *received,
	const _Atomic uint64_t *peers_found_dead, struct mipc_stats *ret_stats);

#endif
