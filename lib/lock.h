/* lock.h - a lock whose owner may die.
 *
 * For processes, in a segment; not recursive; a thread holds one at a time. See
 * lock.c.
 */
#ifndef MIPC_LOCK_H
#define MIPC_LOCK_H

#include <stdint.h>

#include "layout.h"

struct segment;
struct wait;

/* How long a waiter sleeps before it asks after the owner. Only tests change it,
 * as event_nap_max_ns. */
extern uint64_t lock_nap_ns;

/* lock_acquire - take @lock.
 * @wait: how long; used up together with the caller's other waits.
 * Progress: as long as its owner lives and runs. An owner that died is noticed
 * at once where the system tells of it, else within some milliseconds.
 * Returns 0; 1 (acquired from an owner that died holding it: repair first);
 * -EAGAIN (timeout 0 and taken); -ETIMEDOUT. */
int lock_acquire(
	struct mipc_lock *lock, struct segment *segment, struct wait *wait);

void lock_release(struct mipc_lock *lock);

/* lock_bury - free it, as from a dead owner, if the party in @slot died holding
 * it; @slot MIPC_PARTY_COUNT: whoever holds it, as nobody is alive.
 * Under the attach lock, with the slot's byte lock held. */
void lock_bury(struct mipc_lock *lock, uint32_t slot);

/* lock_holder_pid - process that holds it now; 0: nobody. */
uint32_t lock_holder_pid(
	const struct mipc_lock *lock, const struct segment *segment);

#endif
