/* lock.h - a lock whose owner may die.
 *
 * For processes, in a segment; not recursive; a thread holds one at a time. See
 * lock.c.
 */
#ifndef MIPC_LOCK_H
#define MIPC_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"
#include "mutant.h"
#include "platform.h"
#include "segment.h"

struct counters;
struct wait;

/* The name of an owner that is not meant as a thread's number. */
#define LOCK_BY_PARTY UINT32_C(0x20000000)

/* lock_name - the calling thread's name in the word. */
static inline uint32_t lock_name(const struct segment *segment)
{
	uint32_t thread = segment->at_home || MUTANT(thread_number_everywhere)
				  ? platform_thread()
				  : 0;

	return thread ? thread : LOCK_BY_PARTY | (segment->party + 1);
}

/* lock_set_owner - behind the word, or before it: see lock.c. */
static inline void lock_set_owner(struct mipc_lock *lock, uint64_t owner)
{
	/* In program order with the word, as a death leaves a prefix: the
	 * signal fences bind the compiler. relaxed: compared with the word by
	 * who reads it. */
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&lock->owner, owner, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
}

/* lock_wait - the slow half of lock_acquire: somebody has it. Returns as that,
 * the word announced if it is ours now. */
int lock_wait(struct mipc_lock *lock, struct segment *segment, uint32_t name,
	struct wait *wait, struct counters *counters);

/* lock_inquire - ask after its owner, and free it if that is dead. */
void lock_inquire(struct mipc_lock *lock, struct segment *segment);

/* lock_hand_on - the slow half of lock_release: somebody may be asleep. */
void lock_hand_on(struct mipc_lock *lock);

/* How long a waiter sleeps before it asks after the owner. Only tests change it,
 * as event_nap_max_ns. */
extern uint64_t lock_nap_ns;

/* lock_acquire_counted - take @lock.
 * @wait: how long; used up together with the caller's other waits.
 * @counters: told of it when the lock was not to be had at once; all who tell
 *   them take this lock; or NULL.
 * Progress: as long as its owner lives and runs. An owner that died is noticed
 * at once where the system tells of it, else within some milliseconds.
 * Returns 0; 1 (acquired from an owner that died holding it: repair first);
 * -EAGAIN (timeout 0 and taken); -ETIMEDOUT; and as segment_wait_begin(), which
 * counts a call that sleeps here. */
static inline int lock_acquire_counted(struct mipc_lock *lock,
	struct segment *segment, struct wait *wait, struct counters *counters)
{
	uint32_t name = lock_name(segment);
	uint32_t seen = 0;
	int rc = 0;

	if (!(name & LOCK_BY_PARTY) && !MUTANT(announce_after_lock))
		platform_announce(&lock->word);
	/* L1: takes the lock. acquire: pairs with L2 of the owner before. */
	if (__builtin_expect(
		    !atomic_compare_exchange_strong_explicit(&lock->word, &seen,
			    name, memory_order_acquire, memory_order_relaxed),
		    0)) {
		rc = lock_wait(lock, segment, name, wait, counters);
		if (rc < 0)
			return rc;
	}
	if (!(name & LOCK_BY_PARTY) && MUTANT(announce_after_lock))
		platform_announce(&lock->word);
	lock_set_owner(lock, (uint64_t)name << 32 | (segment->party + 1));
	return rc;
}

/* lock_acquire - the same, telling nobody. */
static inline int lock_acquire(
	struct mipc_lock *lock, struct segment *segment, struct wait *wait)
{
	return lock_acquire_counted(lock, segment, wait, NULL);
}

static inline void lock_release(struct mipc_lock *lock)
{
	uint32_t seen;

	if (MUTANT(retract_before_unlock))
		platform_retract();
	if (!MUTANT(owner_cleared_late))
		lock_set_owner(lock, 0);
	/* L2: gives the lock back. release: pairs with L1 of the next owner. */
	seen = atomic_exchange_explicit(&lock->word, 0, memory_order_release);
	if (MUTANT(owner_cleared_late))
		lock_set_owner(lock, 0);
	if (__builtin_expect((seen & PLATFORM_WAITERS) != 0, 0))
		lock_hand_on(lock);
	platform_retract();
}

/* lock_bury - free it, as from a dead owner, if the party in @slot died holding
 * it; @slot MIPC_PARTY_COUNT: whoever holds it, as nobody is alive.
 * Under the attach lock, with the slot's byte lock held. */
void lock_bury(struct mipc_lock *lock, uint32_t slot);

/* lock_holder_pid - process that holds it now; 0: nobody. */
uint32_t lock_holder_pid(
	const struct mipc_lock *lock, const struct segment *segment);

/* lock_holder - does anybody hold it? @ret_slot: through which party;
 * MIPC_PARTY_COUNT: not known (yet). A snapshot. */
bool lock_holder(const struct mipc_lock *lock, uint32_t *ret_slot);

/* lock_orphaned - did its last holder die holding it, and nobody came since? */
bool lock_orphaned(const struct mipc_lock *lock);

/* lock_awaited - does anybody hold it whom somebody else may be asleep for? */
bool lock_awaited(const struct mipc_lock *lock);

/* lock_held_ns - for how long at least it has been held by who holds it now, to
 * about a millisecond: since the first one fell asleep for it. 0: nobody has, or
 * nobody holds it. */
uint64_t lock_held_ns(const struct mipc_lock *lock);

#endif
