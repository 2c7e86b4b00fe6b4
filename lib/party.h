/* party.h - who is attached to a segment, and is it alive.
 *
 * Every attached handle has one of MIPC_PARTY_COUNT slots and holds the byte
 * lock of that slot on an open file description of its own. The system drops
 * the lock when the process dies, whatever killed it; pid reuse, pid
 * namespaces, stopped processes and long pauses do not matter.
 */
#ifndef MIPC_PARTY_H
#define MIPC_PARTY_H

#include <stdbool.h>
#include <stdint.h>

struct segment;

/* party_attach - bury the dead, then take a free slot.
 * The caller holds the attach lock. Sets @segment->party.
 * Returns 0; -ENOSPC (all taken by the living); -errno. */
int party_attach(struct segment *segment);

/* party_detach - give the slot back. The locks and roles are given up before. */
void party_detach(struct segment *segment);

/* party_alive - is the handle in @slot attached, by a live process? True for
 * the caller's own slot, false for a slot out of range. A system call. */
bool party_alive(const struct segment *segment, uint32_t slot);

/* party_while_dead - call @action while the party in @slot is known to be dead and
 * nobody else can take the slot. Does nothing when it lives, or when another
 * thread of this process is at it. */
void party_while_dead(struct segment *segment, uint32_t slot,
	void (*action)(void *arg), void *arg);

/* party_after_fork - in the child: no other thread is at anything. */
void party_after_fork(void);

/* party_count - live handles. Some system calls each. */
unsigned party_count(const struct segment *segment);

/* party_lock, party_unlock - the attach lock: one process at a time attaches,
 * takes a role or buries. A holder that dies frees it.
 * party_lock returns 0; -EBUSY (held for a second); -errno. */
int party_lock(const struct segment *segment);
void party_unlock(const struct segment *segment);

#endif
