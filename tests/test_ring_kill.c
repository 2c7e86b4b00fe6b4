/* test_ring_kill.c - the producer, or the consumer, of a ring is killed again and
 * again, some microseconds into a loop of calls, and another takes its role over.
 *
 * Every message says which life of the producer sent it, and which of its it is.
 * The ledger, in memory that survives the dead, says what each life began to
 * write and what it was told was written, and what came next for the consumers.
 */
#include "lib_stage.h"

#include <errno.h>
#include <stdio.h>

#include <mmapipc/ring.h>

enum {
	KILLS = 75, /* of each kind of victim */
	BATCH = 8,
	DELAY_MAX_US = 600,
	PROGRESS = 20,
	/* Short, so that a pause is heard of soon. */
	TIMEOUT_NS = 1000000,
};

struct ledger {
	_Atomic unsigned victims; /* that are in their loop, ever */
	_Atomic unsigned pause;	  /* asked for */
	_Atomic unsigned paused;
	_Atomic unsigned ended;
	_Atomic uint32_t begun[KILLS + 1];
	_Atomic uint32_t acked[KILLS + 1];
	_Atomic uint32_t life; /* of the producer: what the consumer saw last */
	_Atomic uint32_t next[KILLS + 1]; /* what it expects of each */
	_Atomic unsigned noted_by; /* life of the consumer that noted last */
	_Atomic unsigned moved;	   /* by the one that lives */
};

struct play {
	char name[LIB_NAME_BYTES];
	mipc_ring *ring; /* of the test itself, an observer */
	struct ledger *ledger;
	uint32_t life; /* of the victim; the last one is not killed */
	unsigned batch;
};

static void between_calls(struct ledger *ledger)
{
	if (!atomic_load(&ledger->pause))
		return;
	atomic_store(&ledger->paused, 1);
	while (atomic_load(&ledger->pause))
		lib_sleep_us(20);
	atomic_store(&ledger->paused, 0);
}

static mipc_ring *attach(struct play *play, unsigned role)
{
	/* Every second life sleeps at once. */
	const struct mipc_options options = {
		.spin_us = play->life % 2 ? MIPC_SPIN_NEVER : 0};
	mipc_ring *ring;

	WANT(mipc_ring_open(play->name, role, &options, &ring), 0);
	return ring;
}

/* One call that writes. Returns how many. */
static unsigned write_some(struct play *play, mipc_ring *ring)
{
	struct ledger *ledger = play->ledger;
	uint32_t number = atomic_load(&ledger->acked[play->life]);
	struct lib_message messages[BATCH];
	struct iovec batch[BATCH];
	int rc;

	for (unsigned i = 0; i < play->batch; i++)
		batch[i] = (struct iovec){&messages[i],
			lib_message_make(&messages[i], play->life, number + i)};
	atomic_store(&ledger->begun[play->life], number + play->batch);
	if (play->batch > 1) {
		rc = mipc_ring_write_batch(
			ring, batch, play->batch, TIMEOUT_NS);
	} else {
		rc = mipc_ring_write(
			ring, &messages[0], batch[0].iov_len, TIMEOUT_NS);
		rc = rc ? rc : 1;
	}
	if (rc == -ETIMEDOUT || rc == -EPIPE)
		rc = 0;
	WANT_TRUE(rc >= 0);
	atomic_store(&ledger->acked[play->life], number + (uint32_t)rc);
	atomic_store(&ledger->begun[play->life], number + (uint32_t)rc);
	return (unsigned)rc;
}

/* In order, none missing; of each life at least what it was told was written,
 * and at most one call more. */
static void note(struct play *play, const struct lib_message *message,
	size_t len, bool first)
{
	struct ledger *ledger = play->ledger;
	uint32_t life = message->sender;
	uint32_t expected;

	lib_message_check(message, len);
	WANT_TRUE(life <= KILLS && life >= atomic_load(&ledger->life));
	atomic_store(&ledger->life, life);
	expected = atomic_load(&ledger->next[life]);
	/* Each consumer since the last one that noted anything may have died
	 * with what its only call had taken. */
	if (first && message->number > expected)
		WANT_TRUE(
			message->number - expected <=
			play->batch *
				(play->life - atomic_load(&ledger->noted_by)));
	else
		WANT(message->number, expected);
	atomic_store(&ledger->noted_by, play->life);
	atomic_store(&ledger->next[life], message->number + 1);
}

/* One call that reads. Returns how many. */
static unsigned read_some(struct play *play, mipc_ring *ring, bool first)
{
	struct lib_message messages[BATCH];
	struct iovec batch[BATCH];
	int rc;

	for (unsigned i = 0; i < BATCH; i++)
		batch[i] = (struct iovec){&messages[i], sizeof(messages[i])};
	if (play->batch > 1) {
		rc = mipc_ring_read_batch(ring, batch, play->batch, TIMEOUT_NS);
	} else {
		rc = mipc_ring_read(ring, &messages[0], sizeof(messages[0]),
			TIMEOUT_NS, &batch[0].iov_len);
		rc = rc ? rc : 1;
	}
	if (rc == -ETIMEDOUT || rc == -EPIPE)
		rc = 0;
	WANT_TRUE(rc >= 0);
	for (int i = 0; i < rc; i++)
		note(play, &messages[i], batch[i].iov_len, first && i == 0);
	return (unsigned)rc;
}

static void produce(void *arg)
{
	struct play *play = arg;
	mipc_ring *ring = attach(play, MIPC_RING_PRODUCER);

	atomic_fetch_add(&play->ledger->victims, 1);
	for (;;)
		write_some(play, ring);
}

static void consume(void *arg)
{
	struct play *play = arg;
	mipc_ring *ring = attach(play, MIPC_RING_CONSUMER);
	bool first = true;

	atomic_fetch_add(&play->ledger->victims, 1);
	for (;;)
		first = !read_some(play, ring, first) && first;
}

/* The same, each call with a handle of its own: dies in taking the role, too. */
static void produce_and_leave(void *arg)
{
	struct play *play = arg;

	atomic_fetch_add(&play->ledger->victims, 1);
	for (;;) {
		mipc_ring *ring = attach(play, MIPC_RING_PRODUCER);

		write_some(play, ring);
		mipc_ring_close(ring);
	}
}

/* The one that lives: writes as life KILLS. */
static void produce_steadily(void *arg)
{
	struct play *play = arg;
	struct ledger *ledger = play->ledger;
	mipc_ring *ring;

	play->life = KILLS;
	ring = attach(play, MIPC_RING_PRODUCER);
	while (!atomic_load(&ledger->ended)) {
		between_calls(ledger);
		atomic_fetch_add(&ledger->moved, write_some(play, ring));
	}
	mipc_ring_close(ring);
}

static void consume_steadily(void *arg)
{
	struct play *play = arg;
	struct ledger *ledger = play->ledger;
	mipc_ring *ring = attach(play, MIPC_RING_CONSUMER);

	for (;;) {
		bool last = atomic_load(&ledger->ended);
		unsigned count;

		between_calls(ledger);
		count = read_some(play, ring, false);
		atomic_fetch_add(&ledger->moved, count);
		if (last && count == 0)
			break;
	}
	mipc_ring_close(ring);
}

static void check_at_rest(struct play *play)
{
	struct ledger *ledger = play->ledger;
	uint64_t deadline_ns = lib_now_ns() + LIB_PATIENCE_NS;

	atomic_store(&ledger->pause, 1);
	lib_await(&ledger->paused, 1);
	WANT(mipc_ring_check(play->ring), 0);
	atomic_store(&ledger->pause, 0);
	while (atomic_load(&ledger->paused)) {
		WANT_TRUE(lib_now_ns() < deadline_ns);
		lib_sleep_us(20);
	}
}

/* One life, from taking the role over to death. */
static void live_and_die(
	struct play *play, void (*victim)(void *), uint64_t *seed)
{
	struct ledger *ledger = play->ledger;
	unsigned moved = atomic_load(&ledger->moved);
	pid_t pid = lib_spawn(victim, play);

	lib_await(&ledger->victims, play->life + 1);
	/* The other side has got something from this life. */
	lib_await(&ledger->moved, moved + PROGRESS);
	lib_sleep_us((unsigned)(lib_random(seed) % DELAY_MAX_US));
	lib_kill(pid);
	check_at_rest(play);
}

static void kill_again_and_again(const char *what, void (*victim)(void *),
	void (*other)(void *), unsigned batch)
{
	struct play play = {.batch = batch};
	uint64_t seed = lib_seed(what);
	struct ledger *ledger;
	bool producers = other == consume_steadily;
	unsigned in_flight = 0;
	pid_t steady;

	lib_name(play.name);
	WANT(mipc_ring_create(
		     play.name, 1 << 14, MIPC_RING_OBSERVER, NULL, &play.ring),
		0);
	ledger = play.ledger = lib_shared(sizeof(*play.ledger));
	steady = lib_spawn(other, &play);
	for (play.life = 0; play.life < KILLS; play.life++)
		live_and_die(&play, victim, &seed);
	lib_step(&ledger->ended, 1);
	lib_join(steady);
	for (unsigned i = 0; producers && i < KILLS; i++) {
		uint32_t got = atomic_load(&ledger->next[i]);

		WANT_TRUE(got >= atomic_load(&ledger->acked[i]));
		WANT_TRUE(got <= atomic_load(&ledger->begun[i]));
		in_flight += got != atomic_load(&ledger->acked[i]);
	}
	printf("%s: %d killed, %u messages moved, %u written by the killed in "
	       "their last call\n",
		what, KILLS, atomic_load(&ledger->moved), in_flight);
	WANT(mipc_ring_check(play.ring), 0);
	mipc_ring_close(play.ring);
	WANT(mipc_ring_unlink(play.name), 0);
}

START_TEST(test_ring_kill_of_the_producer_loses_nothing)
{
	kill_again_and_again("kill the producer", produce, consume_steadily, 1);
}
END_TEST

START_TEST(test_ring_kill_of_the_batch_producer_loses_nothing)
{
	kill_again_and_again(
		"kill the batch producer", produce, consume_steadily, BATCH);
}
END_TEST

START_TEST(test_ring_kill_of_a_producer_that_comes_and_goes_loses_nothing)
{
	kill_again_and_again("kill the producer that comes and goes",
		produce_and_leave, consume_steadily, 1);
}
END_TEST

START_TEST(test_ring_kill_of_the_consumer_loses_at_most_its_last)
{
	kill_again_and_again("kill the consumer", consume, produce_steadily, 1);
}
END_TEST

START_TEST(test_ring_kill_of_the_batch_consumer_loses_at_most_its_last)
{
	kill_again_and_again(
		"kill the batch consumer", consume, produce_steadily, BATCH);
}
END_TEST

struct holder {
	char name[LIB_NAME_BYTES];
	unsigned role;
	_Atomic unsigned step;
};

static void hold_the_role(void *arg)
{
	struct holder *holder = arg;
	mipc_ring *ring;

	WANT(mipc_ring_open(holder->name, holder->role, NULL, &ring), 0);
	lib_step(&holder->step, 1);
	lib_sleep_for_ever();
}

/* Nobody sleeps, closes or opens who would have found the dead one first. */
START_TEST(test_ring_kill_is_found_by_who_only_polls)
{
	for (unsigned role = 1; role <= MIPC_RING_CONSUMER; role <<= 1) {
		struct holder *holder = lib_shared(sizeof(*holder));
		unsigned other = role ^ MIPC_RING_PRODUCER ^ MIPC_RING_CONSUMER;
		unsigned polls = 0;
		mipc_ring *ring;
		pid_t child;
		size_t len;
		char byte;
		int rc;

		lib_name(holder->name);
		holder->role = role;
		WANT(mipc_ring_create(holder->name, 1, other, NULL, &ring), 0);
		child = lib_spawn(hold_the_role, holder);
		lib_await(&holder->step, 1);
		lib_kill(child);
		do {
			rc = other == MIPC_RING_PRODUCER
				     ? mipc_ring_write(ring, "x", 1, 0)
				     : mipc_ring_read(ring, &byte, 1, 0, &len);
		} while (rc == 0 || (rc == -EAGAIN && ++polls < 5000));
		WANT(rc, -EPIPE);
		mipc_ring_close(ring);
		WANT(mipc_ring_unlink(holder->name), 0);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_ring_kill_of_the_producer_loses_nothing,
		test_ring_kill_of_the_batch_producer_loses_nothing,
		test_ring_kill_of_a_producer_that_comes_and_goes_loses_nothing,
		test_ring_kill_of_the_consumer_loses_at_most_its_last,
		test_ring_kill_of_the_batch_consumer_loses_at_most_its_last,
		test_ring_kill_is_found_by_who_only_polls,
	};

	return LIB_MAIN("ring_kill", tests);
}
