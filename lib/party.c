/* party.c - the slots of attached handles.
 *
 * Order is what makes a death harmless. Attaching: the byte lock first, then the
 * slot's words. Detaching: words first, byte lock last. So a slot whose byte
 * lock is free names nobody alive, and `attached` left at 1 under a free byte
 * lock says that its party died.
 *
 * A crash leaves: a slot marked attached, words in locks and roles that name
 * it. The next one to attach, in whatever slot, buries it: bury() in
 * queue_admin.c and ring_role.c.
 *
 * Byte locks belong to an open file description, which all threads of a handle
 * share, so within a process one thread at a time may take somebody else's.
 */
#include "party.h"

#include <errno.h>

#include "counters.h"
#include "layout.h"
#include "mutant.h"
#include "platform.h"
#include "segment.h"

enum {
	ATTACH_TRIES = 1000, /* a millisecond apart */
	ATTACH_PAUSE_NS = 1000000,
};

/* The bytes that are locked lie far behind any file's end, where nobody reads:
 * byte locks need no byte. */
#define ATTACH_BYTE (UINT64_C(1) << 61)
#define SLOT_BYTE(slot) (ATTACH_BYTE + 1 + (slot))

int party_lock(const struct segment *segment)
{
	for (int i = 0; i < ATTACH_TRIES; i++) {
		int err = platform_byte_lock(segment->fd, ATTACH_BYTE, false);

		if (err != -EAGAIN)
			return err;
		platform_sleep_ns(ATTACH_PAUSE_NS);
	}
	return -EBUSY;
}

void party_unlock(const struct segment *segment)
{
	platform_byte_unlock(segment->fd, ATTACH_BYTE);
}

/* Is any handle but this one attached? */
static bool alone(const struct segment *segment)
{
	return platform_bytes_held(
		       segment->fd, SLOT_BYTE(0), MIPC_PARTY_COUNT) == 0;
}

/* Free what the dead party in @slot held. Its byte lock is ours. */
static void bury(struct segment *segment, uint32_t slot)
{
	struct mipc_party *party = &segment->shared->parties[slot];

	/* relaxed, both: ordered by the attach lock */
	if (!atomic_load_explicit(&party->attached, memory_order_relaxed))
		return;
	if (MUTANT(buried_before_freed))
		atomic_store(&party->attached, 0);
	if (segment->bury)
		segment->bury(segment, slot);
	count_shared(&segment->dead_found, 1);
	atomic_store_explicit(&party->attached, 0, memory_order_relaxed);
}

/* So that nobody waits for the dead, and nothing with a number that is used
 * again can be taken for them. */
static void bury_the_dead(struct segment *segment)
{
	for (uint32_t slot = 0; slot < MIPC_PARTY_COUNT; slot++) {
		/* relaxed: as above */
		if (!atomic_load_explicit(
			    &segment->shared->parties[slot].attached,
			    memory_order_relaxed) ||
			platform_byte_lock(segment->fd, SLOT_BYTE(slot), false))
			continue;
		bury(segment, slot);
		platform_byte_unlock(segment->fd, SLOT_BYTE(slot));
	}
	/* After a reboot a word may name a thread that never was ours. */
	if (segment->bury && alone(segment))
		segment->bury(segment, MIPC_PARTY_COUNT);
}

int party_attach(struct segment *segment)
{
	segment->party = MIPC_PARTY_COUNT; /* none yet: not even a copy's */
	bury_the_dead(segment);
	for (uint32_t slot = 0; slot < MIPC_PARTY_COUNT; slot++) {
		struct mipc_party *party = &segment->shared->parties[slot];
		int err =
			platform_byte_lock(segment->fd, SLOT_BYTE(slot), false);

		if (err == -EAGAIN)
			continue;
		if (err)
			return err;
		/* Somebody may have been looking at it when the dead were
		 * buried (party_while_dead). */
		bury(segment, slot);
		/* relaxed: as above */
		segment->generation =
			1 + atomic_fetch_add_explicit(&party->generation, 1,
				    memory_order_relaxed);
		atomic_store_explicit(
			&party->pid, platform_process(), memory_order_relaxed);
		atomic_store_explicit(
			&party->attached, 1, memory_order_relaxed);
		segment->party = slot;
		return 0;
	}
	return -ENOSPC;
}

void party_detach(struct segment *segment)
{
	struct mipc_party *party = &segment->shared->parties[segment->party];

	if (MUTANT(detach_unlocks_first))
		platform_byte_unlock(segment->fd, SLOT_BYTE(segment->party));
	/* release: whatever this party did in the segment comes first */
	atomic_store_explicit(&party->attached, 0, memory_order_release);
	platform_byte_unlock(segment->fd, SLOT_BYTE(segment->party));
}

static atomic_flag at_it = ATOMIC_FLAG_INIT;

void party_after_fork(void)
{
	atomic_flag_clear_explicit(&at_it, memory_order_relaxed);
}

void party_while_dead(struct segment *segment, uint32_t slot,
	void (*action)(void *arg), void *arg)
{
	if (slot >= MIPC_PARTY_COUNT || slot == segment->party)
		return;
	/* acquire, release: between the threads of this process */
	if (atomic_flag_test_and_set_explicit(&at_it, memory_order_acquire))
		return;
	/* Shared, so that nobody takes us for the party itself. */
	if (!platform_byte_lock(segment->fd, SLOT_BYTE(slot), true)) {
		action(arg);
		platform_byte_unlock(segment->fd, SLOT_BYTE(slot));
	}
	atomic_flag_clear_explicit(&at_it, memory_order_release);
}

bool party_alive(const struct segment *segment, uint32_t slot)
{
	if (slot >= MIPC_PARTY_COUNT)
		return false;
	if (slot == segment->party)
		return true;
	if (MUTANT(liveness_by_pid))
		return !platform_thread_gone(
			atomic_load(&segment->shared->parties[slot].pid));
	/* When the system cannot say, nobody is declared dead. */
	return platform_bytes_held(segment->fd, SLOT_BYTE(slot), 1) != 0;
}

unsigned party_count(const struct segment *segment)
{
	unsigned count = 0;

	for (uint32_t slot = 0; slot < MIPC_PARTY_COUNT; slot++)
		/* relaxed: a snapshot */
		if (atomic_load_explicit(
			    &segment->shared->parties[slot].attached,
			    memory_order_relaxed) &&
			party_alive(segment, slot))
			count++;
	return count;
}
