/* counters.c - from the counters of a handle to what its user is shown.
 *
 * Counters are read one after the other while they go on: each is right, no two
 * are of one moment. The one that is a difference is kept from going below 0.
 */
#include "counters.h"

#include <assert.h>

static uint64_t read_one(const _Atomic uint64_t *counter)
{
	/* relaxed: see counters.h */
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void counters_reset(struct counters *counters)
{
	_Atomic uint64_t *const all[] = {
		&counters->messages,
		&counters->bytes,
		&counters->batches,
		&counters->lock_waits,
		&counters->recoveries,
		&counters->redelivered,
		&counters->leases_recovered,
		&counters->polls,
		&counters->waits,
		&counters->slept,
		&counters->gave_up,
		&counters->naps,
	};

	static_assert(sizeof(all) / sizeof(all[0]) * sizeof(uint64_t) ==
			      sizeof(*counters),
		"all of them");
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		/* relaxed: nobody uses the handle yet */
		atomic_store_explicit(all[i], 0, memory_order_relaxed);
}

static struct mipc_side_stats side_stats(const struct counters *counters)
{
	struct mipc_side_stats stats = {
		.messages = read_one(&counters->messages),
		.bytes = read_one(&counters->bytes),
		.batches = read_one(&counters->batches),
		.slept = read_one(&counters->slept),
		.naps = read_one(&counters->naps),
		.lock_waits = read_one(&counters->lock_waits),
		.recoveries = read_one(&counters->recoveries),
	};
	uint64_t polls = read_one(&counters->polls);
	uint64_t gave_up = read_one(&counters->gave_up);
	uint64_t ended = stats.slept + gave_up;
	/* Last: no wait ends before it was counted. */
	uint64_t waits = read_one(&counters->waits);

	stats.gave_up = gave_up + polls;
	stats.blocked = waits + polls;
	stats.spins_paid = waits > ended ? waits - ended : 0;
	return stats;
}

void counters_read(const struct counters *sent, const struct counters *received,
	const _Atomic uint64_t *peers_found_dead, struct mipc_stats *ret_stats)
{
	*ret_stats = (struct mipc_stats){
		.sent = side_stats(sent),
		.received = side_stats(received),
		.redelivered = read_one(&received->redelivered),
		.leases_recovered = read_one(&received->leases_recovered),
		.peers_found_dead = read_one(peers_found_dead),
	};
}
