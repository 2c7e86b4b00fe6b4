/* probe.c - send a number to and fro over two lines.
 *
 * Each direction has its own line, written by one side only, so a round trip is
 * two line transfers; it is reported as it is. Chunks of a few trips each are
 * timed, and their median taken, so that an interrupt in one does not count.
 */
#include "machine/probe.h"

#include <stdlib.h>

#include "base/deadline.h"
#include "base/stats.h"

enum {
	WARM_TRIPS = 100,
	CHUNKS = 21,
	TRIPS_PER_CHUNK = 20,
	TRIPS = WARM_TRIPS + CHUNKS * TRIPS_PER_CHUNK,
	GIVE_UP_NS = 20000000,
};

/* Wait until @line says @value. */
static bool await(
	const _Atomic uint32_t *line, uint32_t value, uint64_t deadline_ns)
{
	/* acquire: pairs with the other side's release store of the line */
	for (unsigned turn = 1;
		atomic_load_explicit(line, memory_order_acquire) != value;
		turn++)
		if (turn % 1024 == 0 && !deadline_left_ns(deadline_ns))
			return false;
	return true;
}

uint64_t probe_distance(
	struct probe_lines *lines, bool first, uint32_t generation)
{
	_Atomic uint32_t *mine = first ? &lines->ping : &lines->pong;
	_Atomic uint32_t *theirs = first ? &lines->pong : &lines->ping;
	uint64_t deadline_ns = deadline_after(GIVE_UP_NS);
	double chunks_ns[CHUNKS];
	uint64_t started_ns = 0;

	for (uint32_t trip = 0; trip < TRIPS; trip++) {
		uint32_t value = (generation + 1) << 16 | (trip + 1);
		uint32_t timed = trip - WARM_TRIPS;

		if (trip >= WARM_TRIPS && timed % TRIPS_PER_CHUNK == 0) {
			uint64_t now = deadline_clock_ns(CLOCK_MONOTONIC);

			if (timed)
				chunks_ns[timed / TRIPS_PER_CHUNK - 1] =
					(double)(now - started_ns);
			started_ns = now;
		}
		if (!first && !await(theirs, value, deadline_ns))
			return 0;
		/* release: pairs with await() of the other side */
		atomic_store_explicit(mine, value, memory_order_release);
		if (first && !await(theirs, value, deadline_ns))
			return 0;
	}
	if (!first)
		return 0;
	chunks_ns[CHUNKS - 1] =
		(double)(deadline_clock_ns(CLOCK_MONOTONIC) - started_ns);
	return (uint64_t)(stats_median(chunks_ns, CHUNKS) / TRIPS_PER_CHUNK +
			  0.5);
}
