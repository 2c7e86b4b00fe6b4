/* tally.h - has everything that was sent been received?
 *
 * For libraries that pass messages on by threads of their own: a producer that
 * closes its socket may take queued messages along, and a consumer that finds
 * nothing may only be early. So a producer that leaves waits until all was
 * received. Every worker counts in shared memory, in a line pair of its own:
 * one plain store a message.
 */
#ifndef IPCMARK_TRANSPORT_TALLY_H
#define IPCMARK_TRANSPORT_TALLY_H

#include <stdalign.h>
#include <stdatomic.h>
#include <time.h>

#include "base/deadline.h"
#include "base/line_pair.h"
#include "base/shared.h"
#include "transport/transport.h"

enum { TALLY_TICK_NS = 200 * 1000 };

#define TALLY_PATIENCE_NS UINT64_C(5000000000)

struct tally_count {
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t messages;
};

struct tally {
	struct tally_count *counts; /* shared: producers, then consumers */
	unsigned producers;
	unsigned consumers;
};

static inline size_t tally_bytes(const struct tally *tally)
{
	return (tally->producers + tally->consumers) *
	       sizeof(struct tally_count);
}

/* tally_make - in the parent. Returns 0 or -ENOMEM. */
static inline int tally_make(
	const struct channel_config *config, struct tally *tally)
{
	tally->producers = config->producers;
	tally->consumers = config->consumers;
	tally->counts = shared_map(tally_bytes(tally));
	return tally->counts ? 0 : -ENOMEM;
}

/* tally_free - accepts one that was never made. */
static inline void tally_free(struct tally *tally)
{
	if (tally->counts)
		munmap(tally->counts, tally_bytes(tally));
	tally->counts = NULL;
}

/* tally_of - the count of one worker. */
static inline struct tally_count *tally_of(
	const struct tally *tally, enum endpoint_role role, unsigned index)
{
	return tally->counts + index +
	       (role == ROLE_CONSUMER ? tally->producers : 0);
}

/* tally_add - one more message. */
static inline void tally_add(struct tally_count *count)
{
	/* relaxed: one writer, and no memory depends on it */
	uint64_t messages =
		atomic_load_explicit(&count->messages, memory_order_relaxed);

	atomic_store_explicit(
		&count->messages, messages + 1, memory_order_relaxed);
}

static inline uint64_t tally_sum(
	const struct tally_count *counts, unsigned count)
{
	uint64_t sum = 0;

	/* relaxed: only when it stops growing does it matter */
	for (unsigned i = 0; i < count; i++)
		sum += atomic_load_explicit(
			&counts[i].messages, memory_order_relaxed);
	return sum;
}

/* tally_linger - wait until all was received, or patience is over: nobody may
 * be there to receive. */
static inline void tally_linger(const struct tally *tally)
{
	static const struct timespec tick = {.tv_nsec = TALLY_TICK_NS};
	uint64_t deadline_ns = deadline_after(TALLY_PATIENCE_NS);

	while (tally_sum(tally->counts + tally->producers, tally->consumers) <
			tally_sum(tally->counts, tally->producers) &&
		deadline_left_ns(deadline_ns))
		nanosleep(&tick, NULL);
}

#endif
