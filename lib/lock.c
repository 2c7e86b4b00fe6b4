/* lock.c - one word that survives its owner.
 *
 * The word is 0 when free, else the owner's name, with PLATFORM_WAITERS set
 * when somebody may be asleep. A name is
 *
 *   the thread's number, when it counts in the segment's home namespace: the
 *   kernel is told of the word beforehand (platform_announce) and sets
 *   PLATFORM_OWNER_DIED in it when the thread dies, in well under a
 *   millisecond, whatever else the process holds;
 *
 *   LOCK_BY_PARTY and the party's slot otherwise (another pid namespace, or a system
 *   without such a service). No thread has a number with that bit, so the
 *   kernel never touches such a word.
 *
 * Second line, for a word that the kernel missed: whoever has slept for
 * lock_nap_ns asks whether the owner is alive. It is dead if
 *
 *   its name is a party's, and nobody has the byte lock of that slot; or
 *   its name is a thread's, and there is no such thread (seen from home); or
 *   lock->owner says that this very thread holds the lock through a party, and
 *   nobody has the byte lock of that party's slot.
 *
 * lock->owner is written behind the word when the lock is taken, set to 0 before
 * the word when it is released, and before the word by who takes it from a dead
 * owner: so it never speaks of anybody but the word's owner, if of anybody. To
 * be sure that the slot is not given to somebody else meanwhile, the suspicious
 * one holds its byte lock itself while it frees the word (party_while_dead).
 *
 *   word          edge                       taker dies just after it
 *   0          -> name         acquire       kernel, or second line
 *   name       -> name|W       a waiter      nothing lost: the bit is a hint
 *   name|...   -> OWNER_DIED|W kernel, or a waiter who found the owner dead
 *   OWNER_DIED -> name|W       acquire, told to repair; as the first line
 *   name|...   -> 0            release       kernel wakes one waiter (word is 0
 *                                            and announced); else they look
 *                                            again after lock_nap_ns
 *
 * Since when, for people. A holder reads no clock; who falls asleep for it does,
 * and leaves in lock->stamp the time, with the holder's name and the number of
 * its hold: lock->holds, which is counted up by each release that finds somebody
 * asleep. A waiter reads the number before it finds the holder's word marked by
 * PLATFORM_WAITERS, so a stamp that fits both name and number is of that hold:
 * had the hold ended in between, its release would have counted. Nothing but
 * lock_held_ns() ever looks at it.
 *
 *   dies                             leaves
 *   a waiter, before the stamp       no stamp: the next to fall asleep makes one
 *   behind it                        one that stays true while the hold lasts
 *   the holder, before the count     a stamp with the name of the dead; before a
 *                                    party's can be used again, its burial counts
 *
 * What it does not do: fairness; and it never robs an owner that is stopped.
 */
#include "lock.h"

#include <errno.h>

#include "counters.h"
#include "event.h"
#include "mutant.h"
#include "party.h"

#define NAME_MASK UINT32_C(0x3fffffff)

/* Long for a runnable owner, and the question is a system call or two. */
uint64_t lock_nap_ns = 2000000;

enum {
	/* A critical section is some 10 ns: who does not get the lock within
	 * this many pauses waits for an owner that is off its CPU ... */
	SPIN_PAUSES = 128,
	/* ... and between two looks the owner has the line for itself, for so
	 * many pauses at most: enough for dozens of operations. */
	SPIN_PAUSES_PER_LOOK = 64,
	POLLS_PER_SUSPICION = 256,
};

/* A stamp, so that it is one store: bits 0-35 the time in units of 2^20 ns, taken
 * modulo (two years); 36-47 the hold's number; 48-63 the holder's name; the
 * latter two cut to fit. 0: none. */
enum {
	STAMP_TIME_BITS = 36,
	STAMP_UNIT_SHIFT = 20,
	STAMP_HOLD_BITS = 12,
};
#define STAMP_TIME_MASK ((UINT64_C(1) << STAMP_TIME_BITS) - 1)

static uint32_t word_of(const struct mipc_lock *lock)
{
	/* relaxed: L1 orders */
	return atomic_load_explicit(&lock->word, memory_order_relaxed);
}

/* The slot of the party through which the word's owner holds the lock; false:
 * not known. */
static bool owner_slot(
	const struct mipc_lock *lock, uint32_t word, uint32_t *ret_slot)
{
	uint32_t name = word & NAME_MASK;
	uint64_t owner;

	if (name & LOCK_BY_PARTY) {
		*ret_slot = (name & ~LOCK_BY_PARTY) - 1;
		return true;
	}
	/* relaxed: see lock_set_owner() */
	owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
	*ret_slot = (uint32_t)owner - 1;
	return owner >> 32 == name;
}

/* The owner of @word is known to be dead: free the word for it. */
static void orphan(struct mipc_lock *lock, uint32_t word)
{
	if (MUTANT(recover_without_recheck))
		word = word_of(lock);
	/* relaxed: no data goes with it; L1 of the next owner orders */
	atomic_compare_exchange_strong_explicit(&lock->word, &word,
		(word & PLATFORM_WAITERS) | PLATFORM_OWNER_DIED,
		memory_order_relaxed, memory_order_relaxed);
}

struct suspect {
	struct mipc_lock *lock;
	uint32_t word;
	uint32_t slot;
};

/* With the byte lock of the slot in our hands: is it still the same owner? */
static void orphan_if_same(void *arg)
{
	const struct suspect *suspect = arg;
	uint32_t slot;

	if (word_of(suspect->lock) == suspect->word &&
		owner_slot(suspect->lock, suspect->word, &slot) &&
		slot == suspect->slot)
		orphan(suspect->lock, suspect->word);
}

/* Ask after the owner of @word, and free the lock if it is dead. */
static void inquire(
	struct mipc_lock *lock, struct segment *segment, uint32_t word)
{
	struct suspect suspect = {lock, word, 0};
	uint32_t name = word & NAME_MASK;

	if (name == 0)
		return;
	if (!(name & LOCK_BY_PARTY) && segment->at_home &&
		platform_thread_gone(name))
		orphan(lock, word);
	else if (owner_slot(lock, word, &suspect.slot))
		party_while_dead(
			segment, suspect.slot, orphan_if_same, &suspect);
}

/* Nobody speaks for the orphaned word @seen any more. Whoever was faster than we
 * are may speak for it by now: what it says stays. */
static void forget_owner(struct mipc_lock *lock, uint32_t seen)
{
	/* acquire: before the look at the word */
	uint64_t said =
		atomic_load_explicit(&lock->owner, memory_order_acquire);

	/* In program order with the word: as in lock_set_owner() */
	atomic_signal_fence(memory_order_seq_cst);
	if (said && (word_of(lock) == seen || MUTANT(forget_new_owner)))
		atomic_compare_exchange_strong_explicit(&lock->owner, &said, 0,
			memory_order_relaxed, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
}

/* One try to make the free or orphaned @seen ours. Returns as lock_acquire, or
 * -EAGAIN when the word is somebody's or has changed. */
static int try_take(
	struct mipc_lock *lock, uint32_t seen, uint32_t name, uint32_t waiters)
{
	uint32_t flags = (seen & PLATFORM_WAITERS) | waiters;

	if ((seen & NAME_MASK) != 0)
		return -EAGAIN;
	if (seen & PLATFORM_OWNER_DIED)
		forget_owner(lock, seen);
	if (MUTANT(take_without_compare))
		atomic_store(&lock->word, seen);
	/* L1, as in lock_acquire() */
	if (!atomic_compare_exchange_strong_explicit(&lock->word, &seen,
		    name | flags, memory_order_acquire, memory_order_relaxed))
		return -EAGAIN;
	return (seen & PLATFORM_OWNER_DIED) != 0;
}

static uint32_t holds_of(const struct mipc_lock *lock)
{
	/* acquire: the word, looked at after it, is not an older one; a number
	 * that is too old only makes a stamp that says nothing */
	return atomic_load_explicit(&lock->holds, memory_order_acquire);
}

/* A hold has ended that somebody may have left a stamp for. */
static void count_hold(struct mipc_lock *lock)
{
	/* relaxed: compared with a stamp only */
	atomic_fetch_add_explicit(&lock->holds, 1, memory_order_relaxed);
}

/* All of a stamp but the time. */
static uint64_t stamp_label(uint32_t word, uint32_t holds)
{
	uint64_t hold = holds & ((1u << STAMP_HOLD_BITS) - 1);

	return ((uint64_t)(word & 0xffff) << STAMP_HOLD_BITS | hold)
	       << STAMP_TIME_BITS;
}

/* Note down since when somebody waits for the owner of @word, which is marked by
 * PLATFORM_WAITERS; @holds was read before. */
static void leave_stamp(struct mipc_lock *lock, uint32_t word, uint32_t holds)
{
	uint64_t label = stamp_label(word, holds);
	/* relaxed, both: the stamp is one word and says itself what it is of */
	uint64_t stamp =
		atomic_load_explicit(&lock->stamp, memory_order_relaxed);

	if ((stamp & ~STAMP_TIME_MASK) == label && stamp)
		return;
	atomic_store_explicit(&lock->stamp,
		label | ((platform_now_ns() >> STAMP_UNIT_SHIFT) &
				STAMP_TIME_MASK),
		memory_order_relaxed);
}

/* Short of sleeping: the owner is usually about to let go. */
static int spin_for(struct mipc_lock *lock, uint32_t name)
{
	int pauses = 1;

	for (int spent = 0; spent < SPIN_PAUSES; spent += pauses) {
		int rc = try_take(lock, word_of(lock), name, 0);

		if (rc != -EAGAIN)
			return MUTANT(owner_died_unnoticed) ? 0 : rc;
		if (pauses < SPIN_PAUSES_PER_LOOK)
			pauses *= 2;
		for (int i = 0; i < pauses; i++)
			platform_relax();
	}
	return -EAGAIN;
}

static int sleep_for(struct mipc_lock *lock, struct segment *segment,
	uint32_t name, struct wait *wait)
{
	int err = segment_wait_begin(segment);

	while (!err) {
		uint32_t holds = holds_of(lock);
		uint32_t seen = word_of(lock);
		uint64_t nap_ns;
		/* Having slept, we cannot know who else does: keep the bit. */
		int rc = try_take(lock, seen, name,
			MUTANT(waiter_bit_lost) ? 0 : PLATFORM_WAITERS);

		if (rc != -EAGAIN)
			return rc;
		nap_ns = wait_left_ns(wait, lock_nap_ns);
		if (nap_ns == 0)
			return -ETIMEDOUT;
		if ((seen & NAME_MASK) == 0)
			continue; /* changed under our hands: at once again */
		/* relaxed: a hint to the owner, read by L2 */
		if (!(seen & PLATFORM_WAITERS) &&
			!atomic_compare_exchange_strong_explicit(&lock->word,
				&seen, seen | PLATFORM_WAITERS,
				memory_order_relaxed, memory_order_relaxed))
			continue;
		seen |= PLATFORM_WAITERS;
		leave_stamp(lock, seen, holds);
		platform_wait(&lock->word, seen, nap_ns);
		if (MUTANT(stopped_owner_robbed))
			orphan(lock, seen);
		if (word_of(lock) == seen)
			inquire(lock, segment, seen);
		err = segment_wait_error(segment);
	}
	return err;
}

/* Somebody who only polls must find a dead owner, too, some time. */
static int poll_in_vain(
	struct mipc_lock *lock, struct segment *segment, uint32_t name)
{
	/* relaxed: a counter */
	if (MUTANT(polls_never_ask) ||
		atomic_fetch_add_explicit(
			&segment->vain_polls, 1, memory_order_relaxed) %
				POLLS_PER_SUSPICION !=
			POLLS_PER_SUSPICION - 1)
		return -EAGAIN;
	inquire(lock, segment, word_of(lock));
	return spin_for(lock, name);
}

int lock_wait(struct mipc_lock *lock, struct segment *segment, uint32_t name,
	struct wait *wait, struct counters *counters)
{
	int rc = spin_for(lock, name);

	if (rc == -EAGAIN)
		rc = wait_polls(wait) ? poll_in_vain(lock, segment, name)
				      : sleep_for(lock, segment, name, wait);
	if (rc < 0)
		platform_retract();
	else if (counters)
		/* under the lock: it is ours */
		count_alone(&counters->lock_waits, 1);
	return rc;
}

void lock_inquire(struct mipc_lock *lock, struct segment *segment)
{
	inquire(lock, segment, word_of(lock));
}

void lock_hand_on(struct mipc_lock *lock)
{
	count_hold(lock);
	platform_wake(&lock->word, 1);
}

void lock_bury(struct mipc_lock *lock, uint32_t slot)
{
	uint32_t word = word_of(lock);
	uint32_t owner;

	/* It may have died on the way out, before it could; and the slot, a
	 * name, will be somebody else's. */
	count_hold(lock);
	if ((word & NAME_MASK) == 0)
		return;
	if (slot == MIPC_PARTY_COUNT ||
		(owner_slot(lock, word, &owner) && owner == slot))
		orphan(lock, word);
}

uint32_t lock_holder_pid(
	const struct mipc_lock *lock, const struct segment *segment)
{
	uint32_t word = word_of(lock);
	uint32_t slot;

	if ((word & NAME_MASK) == 0)
		return 0;
	if (!owner_slot(lock, word, &slot))
		return word & NAME_MASK; /* its first thread, if it has one */
	if (slot >= MIPC_PARTY_COUNT)
		return 0;
	/* relaxed: a snapshot for people */
	return atomic_load_explicit(
		&segment->shared->parties[slot].pid, memory_order_relaxed);
}

bool lock_holder(const struct mipc_lock *lock, uint32_t *ret_slot)
{
	uint32_t word = word_of(lock);

	if ((word & NAME_MASK) == 0)
		return false;
	if (!owner_slot(lock, word, ret_slot))
		*ret_slot = MIPC_PARTY_COUNT;
	return true;
}

bool lock_orphaned(const struct mipc_lock *lock)
{
	return word_of(lock) & PLATFORM_OWNER_DIED;
}

bool lock_awaited(const struct mipc_lock *lock)
{
	uint32_t word = word_of(lock);

	return (word & NAME_MASK) && (word & PLATFORM_WAITERS);
}

uint64_t lock_held_ns(const struct mipc_lock *lock)
{
	uint32_t holds = holds_of(lock);
	uint32_t word = word_of(lock);
	/* relaxed: as in leave_stamp() */
	uint64_t stamp =
		atomic_load_explicit(&lock->stamp, memory_order_relaxed);
	uint64_t now = platform_now_ns() >> STAMP_UNIT_SHIFT;
	uint64_t held_ns;

	if (!(word & NAME_MASK) || !stamp ||
		(stamp & ~STAMP_TIME_MASK) != stamp_label(word, holds))
		return 0;
	held_ns = ((now - stamp) & STAMP_TIME_MASK) << STAMP_UNIT_SHIFT;
	return held_ns ? held_ns : 1; /* known, but just now */
}
