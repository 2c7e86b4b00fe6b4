/* test_rival_step.c - somebody else acts before the first, the second, ... the last
 * instruction of a call that races with it.
 *
 * The processor's trap flag stops the call behind each of its instructions; in
 * the k-th trap the rival's stores are made, in the trap's handler, as they could
 * have come from another process at that moment. What the call must then answer
 * holds for every k; that the window was hit at least once is seen, too.
 */
#include "lib_stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <mmapipc/ring.h>

#include "event.h"
#include "lock.h"
#include "platform.h"
#include "record.h"
#include "segment.h"
#include "trap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER };

/* --- The trap ----------------------------------------------------------------- */

static struct {
	void (*give)(
		void); /* once the call waits; NULL: is there from the start */
	void (*act)(void);
	unsigned left; /* traps before the act, from the gift on */
	bool given, acted;
} trap;

static void on_trap(int number)
{
	(void)number;
	if (trap.acted)
		return;
	if (trap.give && !trap.given) {
		trap.given = segment_waiting != NULL;
		if (trap.given)
			trap.give();
		return;
	}
	trap.acted = trap.left-- == 0;
	if (trap.acted)
		trap.act();
}

static void trap_set(void (*give)(void), void (*act)(void), unsigned step)
{
	trap.give = give;
	trap.act = act;
	trap.left = step;
	trap.given = trap.acted = false;
}

/* False: it cannot be had here, and the test is over. */
static bool can_step(void)
{
	const struct sigaction action = {.sa_handler = on_trap};

	WANT(sigaction(SIGTRAP, &action, NULL), 0);
	if (!TRAP_CAN_STEP)
		lib_skip("act at every instruction: needs x86's trap flag");
	return TRAP_CAN_STEP;
}

/* --- A producer that takes its message back -------------------------------------- */

static mipc_ring *ring;
static struct lib_view view;

static void give_record(void)
{
	atomic_store((_Atomic uint64_t *)(void *)view.data, record_word(0));
}

static void take_back(void)
{
	atomic_store((_Atomic uint64_t *)(void *)view.data, 0);
}

static int read_one(uint64_t timeout_ns)
{
	char byte;
	size_t len;

	return mipc_ring_read(ring, &byte, 1, timeout_ns, &len);
}

static int read_many(uint64_t timeout_ns)
{
	char byte;
	struct iovec message = {&byte, 1};
	int rc = mipc_ring_read_batch(ring, &message, 1, timeout_ns);

	return rc == 1 ? 0 : rc;
}

static int peek(uint64_t timeout_ns)
{
	const void *data;
	size_t len;

	return mipc_ring_peek(ring, timeout_ns, &data, &len);
}

static int (*const reads[])(uint64_t timeout_ns) = {read_one, read_many, peek};

/* One read whose message is taken back at @step, and was there from the start or
 * came when it waited. */
static int read_at(int (*read)(uint64_t timeout_ns), bool waits, unsigned step)
{
	const struct mipc_options options = {.spin_us = MIPC_SPIN_NEVER};
	char name[LIB_NAME_BYTES];
	int rc;

	lib_name(name);
	WANT(mipc_ring_create(name, 1, BOTH, &options, &ring), 0);
	lib_view_open(&view, name);
	if (!waits)
		give_record();
	/* Where nobody waits, who comes too late would for ever. */
	if (!waits)
		mipc_ring_cancel(ring);
	trap_set(waits ? give_record : NULL, take_back, step);
	trap_on();
	rc = read(waits ? LIB_BRIEF_NS : MIPC_FOREVER);
	trap_off();
	if (rc == -EBADMSG) {
		give_record();
		WANT(read(0), -EBADMSG); /* and stays so */
	}
	lib_view_close(&view);
	mipc_ring_close(ring);
	WANT(mipc_ring_unlink(name), 0);
	return rc;
}

static void check_read(size_t which, bool waits)
{
	const int too_late = waits ? -ETIMEDOUT : -ECANCELED;
	unsigned step = 0, noticed = 0;

	do {
		int rc = read_at(reads[which], waits, step);

		if (rc && rc != -EBADMSG && rc != too_late)
			lib_fail("read %zu, taken back before instruction %u: "
				 "%s",
				which, step, mipc_strerror(rc));
		noticed += rc == -EBADMSG;
		step++;
	} while (trap.acted);
	printf("read %zu, %s: %u steps, noticed at %u\n", which,
		waits ? "waiting" : "at once", step, noticed);
	WANT_TRUE(noticed > 0);
}

START_TEST(test_rival_step_message_taken_back_is_ebadmsg_not_eagain)
{
	if (!can_step())
		return;
	for (size_t i = 0; i < COUNT(reads); i++) {
		check_read(i, false);
		check_read(i, true);
	}
}
END_TEST

/* --- Another one takes an orphaned lock ------------------------------------------- */

static struct segment segment;

/* What the lock's last owner, and the rival, said of themselves. */
static const uint64_t dead_owner = UINT64_C(77) << 32 | 9;
static const uint32_t rival_name = LOCK_BY_PARTY | 8;
static const uint64_t rival_owner = (uint64_t)(LOCK_BY_PARTY | 8) << 32 | 8;

static struct mipc_lock *lock(void)
{
	return &segment.shared->queue.producers.lock;
}

static bool rival_has_it;

static void take_orphan(void)
{
	uint32_t word = PLATFORM_OWNER_DIED;

	rival_has_it = atomic_compare_exchange_strong(
		&lock()->word, &word, rival_name);
	if (rival_has_it)
		atomic_store(&lock()->owner, rival_owner);
}

/* Or it would be asked after in vain when it dies in turn. */
START_TEST(test_rival_step_slow_taker_leaves_the_new_owners_name)
{
	unsigned step = 0, lost = 0;
	char name[LIB_NAME_BYTES];

	if (!can_step())
		return;
	lib_name(name);
	WANT(segment_create(&segment, name, MIPC_KIND_QUEUE, 65536, NULL), 0);
	do {
		struct wait poll = {.timeout_ns = 0};
		int rc;

		atomic_store(&lock()->owner, dead_owner);
		atomic_store(&lock()->word, PLATFORM_OWNER_DIED);
		atomic_store(&segment.vain_polls, 0);
		rival_has_it = false;
		trap_set(NULL, take_orphan, step++);
		trap_on();
		rc = lock_acquire(lock(), &segment, &poll);
		trap_off();
		WANT(rc, rival_has_it ? -EAGAIN : 1);
		if (rival_has_it) {
			WANT(atomic_load(&lock()->word), rival_name);
			WANT(atomic_load(&lock()->owner), rival_owner);
			lost++;
			continue;
		}
		WANT(atomic_load(&lock()->owner), (uint64_t)lock_name(&segment)
								  << 32 |
							  (segment.party + 1));
		lock_release(lock());
	} while (trap.acted);
	printf("an orphaned lock: %u steps, lost at %u\n", step, lost);
	WANT_TRUE(lost > 0);
	segment_close(&segment);
	WANT(segment_unlink(name, MIPC_KIND_QUEUE), 0);
}
END_TEST

/* --- Another one is faster to find an owner dead ------------------------------------ */

/* No thread has such a number, and no party such a name. */
static const uint32_t nobody = LOCK_BY_PARTY - 2;
static uint32_t living_name;

static void take_from_the_dead(void)
{
	uint32_t word = nobody;

	if (atomic_compare_exchange_strong(&lock()->word, &word, living_name))
		return;
	word = PLATFORM_OWNER_DIED;
	atomic_compare_exchange_strong(&lock()->word, &word, living_name);
}

/* It asked after the dead one, and must not free what is the living one's. */
START_TEST(test_rival_step_slow_inquirer_robs_nobody)
{
	struct segment living = {0};
	unsigned step = 0;
	char name[LIB_NAME_BYTES];

	if (!can_step())
		return;
	lib_name(name);
	WANT(segment_create(&segment, name, MIPC_KIND_QUEUE, 65536, NULL), 0);
	WANT(segment_open(&living, name, MIPC_KIND_QUEUE, NULL), 0);
	living_name = LOCK_BY_PARTY | (living.party + 1);
	do {
		atomic_store(&lock()->owner, 0);
		atomic_store(&lock()->word, nobody);
		trap_set(NULL, take_from_the_dead, step++);
		trap_on();
		lock_inquire(lock(), &segment);
		trap_off();
		WANT(atomic_load(&lock()->word),
			trap.acted ? living_name : PLATFORM_OWNER_DIED);
	} while (trap.acted);
	printf("a dead owner: %u steps\n", step);
	atomic_store(&lock()->word, 0);
	segment_close(&living);
	segment_close(&segment);
	WANT(segment_unlink(name, MIPC_KIND_QUEUE), 0);
}
END_TEST

/* --- Another one takes a lock that is being given back ------------------------------- */

static void take_free(void)
{
	uint32_t word = 0;

	if (atomic_compare_exchange_strong(&lock()->word, &word, rival_name))
		atomic_store(&lock()->owner, rival_owner);
}

/* Or it would be asked after in vain, as above. */
START_TEST(test_rival_step_release_leaves_the_next_owners_name)
{
	unsigned step = 0, taken = 0;
	char name[LIB_NAME_BYTES];

	if (!can_step())
		return;
	lib_name(name);
	WANT(segment_create(&segment, name, MIPC_KIND_QUEUE, 65536, NULL), 0);
	do {
		struct wait poll = {.timeout_ns = 0};

		WANT(lock_acquire(lock(), &segment, &poll), 0);
		trap_set(NULL, take_free, step++);
		trap_on();
		lock_release(lock());
		trap_off();
		if (atomic_load(&lock()->word) == rival_name) {
			WANT(atomic_load(&lock()->owner), rival_owner);
			taken++;
		}
		atomic_store(&lock()->owner, 0);
		atomic_store(&lock()->word, 0);
	} while (trap.acted);
	printf("a release: %u steps, taken at %u\n", step, taken);
	WANT_TRUE(taken > 0);
	segment_close(&segment);
	WANT(segment_unlink(name, MIPC_KIND_QUEUE), 0);
}
END_TEST

/* --- A producer that fills the ring under a reader ----------------------------------- */

static mipc_ring *writer;
static uint8_t ones[4096], twos[4096];

/* As much as there is room for. */
static void fill_ring(void)
{
	while (!mipc_ring_write(writer, twos, 1000, 0))
		;
}

START_TEST(test_rival_step_message_being_read_is_not_written_over)
{
	unsigned step = 0;

	if (!can_step())
		return;
	memset(ones, 1, sizeof(ones));
	memset(twos, 2, sizeof(twos));
	do {
		uint8_t got[1000];
		char name[LIB_NAME_BYTES];
		size_t len;

		lib_name(name);
		WANT(mipc_ring_create(
			     name, 4096, MIPC_RING_PRODUCER, NULL, &writer),
			0);
		WANT(mipc_ring_open(name, MIPC_RING_CONSUMER, NULL, &ring), 0);
		for (unsigned i = 0; i < 4; i++)
			WANT(mipc_ring_write(writer, ones, sizeof(got), 0), 0);
		trap_set(NULL, fill_ring, step++);
		trap_on();
		WANT(mipc_ring_read(ring, got, sizeof(got), 0, &len), 0);
		trap_off();
		WANT(len, sizeof(got));
		if (memcmp(got, ones, sizeof(got)) != 0)
			lib_fail("written over before instruction %u", step);
		mipc_ring_close(ring);
		mipc_ring_close(writer);
		WANT(mipc_ring_unlink(name), 0);
	} while (trap.acted);
	printf("a read: %u steps\n", step);
}
END_TEST

/* --- Another one attaches while a handle is closed ----------------------------------- */

/* A process that attaches when told to, and lets go when told so. */
struct joiner {
	char name[LIB_NAME_BYTES];
	_Atomic unsigned step; /* 1: join; 2: joined; 3: leave; 4: left */
	_Atomic uint32_t slot;
};
static struct joiner *joiner;

static void join_and_leave(void *arg)
{
	struct segment own;

	(void)arg;
	for (;;) {
		while (atomic_load(&joiner->step) != 1)
			lib_sleep_us(5);
		own = (struct segment){0};
		WANT(segment_open(&own, joiner->name, MIPC_KIND_QUEUE, NULL),
			0);
		atomic_store(&joiner->slot, own.party);
		lib_step(&joiner->step, 2);
		while (atomic_load(&joiner->step) != 3)
			lib_sleep_us(5);
		segment_close(&own);
		lib_step(&joiner->step, 4);
	}
}

static void have_it_join(void)
{
	lib_step(&joiner->step, 1);
	while (atomic_load(&joiner->step) != 2)
		lib_sleep_us(5);
}

/* Or, when the other one dies, nobody would bury it. */
START_TEST(test_rival_step_close_leaves_the_slots_next_holder_alone)
{
	unsigned step = 0, same_slot = 0;
	pid_t child;

	if (!can_step())
		return;
	joiner = lib_shared(sizeof(*joiner));
	lib_name(joiner->name);
	WANT(segment_create(
		     &segment, joiner->name, MIPC_KIND_QUEUE, 65536, NULL),
		0);
	child = lib_spawn(join_and_leave, NULL);
	do {
		struct segment leaver = {0};
		uint32_t slot;

		WANT(segment_open(&leaver, joiner->name, MIPC_KIND_QUEUE, NULL),
			0);
		slot = leaver.party;
		trap_set(NULL, have_it_join, step++);
		trap_on();
		segment_close(&leaver);
		trap_off();
		if (!trap.acted)
			break;
		same_slot += atomic_load(&joiner->slot) == slot;
		WANT(atomic_load(&segment.shared
					  ->parties[atomic_load(&joiner->slot)]
					  .attached),
			1);
		lib_step(&joiner->step, 3);
		lib_await(&joiner->step, 4);
	} while (trap.acted);
	printf("a close: %u steps, same slot at %u\n", step, same_slot);
	WANT_TRUE(same_slot > 0);
	lib_kill(child);
	segment_close(&segment);
	WANT(segment_unlink(joiner->name, MIPC_KIND_QUEUE), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_rival_step_message_taken_back_is_ebadmsg_not_eagain,
		test_rival_step_slow_taker_leaves_the_new_owners_name,
		test_rival_step_slow_inquirer_robs_nobody,
		test_rival_step_release_leaves_the_next_owners_name,
		test_rival_step_message_being_read_is_not_written_over,
		test_rival_step_close_leaves_the_slots_next_holder_alone,
	};

	return LIB_MAIN("rival_step", tests);
}
