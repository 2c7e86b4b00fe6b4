/* test_ring_peer.c - the ring between processes: what one side sends the other, and
 * what it is told when the other is gone.
 */
#include "lib_stage.h"

#include <errno.h>

#include <mmapipc/ring.h>

#include "ring_play.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MESSAGES = 20000 };

static void produce_all(void *arg)
{
	struct play *play = arg;
	mipc_ring *ring;

	WANT(mipc_ring_open(
		     play->name, MIPC_RING_PRODUCER, &play->options, &ring),
		0);
	for (uint64_t i = 0; i < MESSAGES; i++)
		write_number(ring, i);
	mipc_ring_close(ring);
}

START_TEST(test_ring_between_processes_all_arrive_in_order)
{
	static const uint32_t spins[] = {
		0, 20, MIPC_SPIN_NEVER, MIPC_SPIN_ALWAYS};

	for (size_t i = 0; i < COUNT(spins); i++) {
		struct play play;
		mipc_ring *ring;
		pid_t child;
		char byte;
		size_t len;

		play_open(&play, MIPC_RING_OBSERVER);
		play.options.spin_us = spins[i];
		WANT(mipc_ring_open(play.name, MIPC_RING_CONSUMER,
			     &play.options, &ring),
			0);
		child = lib_spawn(produce_all, &play);
		for (uint64_t k = 0; k < MESSAGES; k++)
			read_number(ring, k);
		lib_join(child);
		WANT(mipc_ring_read(ring, &byte, 1, MIPC_FOREVER, &len),
			-EPIPE);
		WANT(mipc_ring_check(ring), 0);
		mipc_ring_close(ring);
		play_close(&play);
	}
}
END_TEST

START_TEST(test_ring_producer_gone_is_epipe_once_empty)
{
	for (unsigned killed = 0; killed < 2; killed++) {
		struct play play;
		struct iovec message;
		unsigned polls = 0;
		char byte;
		size_t len;
		int rc;

		play_open(&play, MIPC_RING_CONSUMER);
		message = (struct iovec){&byte, 1};
		/* One that never came has not gone. */
		WANT(mipc_ring_read(play.ring, &byte, 1, LIB_BRIEF_NS, &len),
			-ETIMEDOUT);
		end_holder(
			&play, spawn_holder(&play, MIPC_RING_PRODUCER, killed));
		for (uint64_t i = 0; i < FEW; i++)
			read_number(play.ring, i);
		WANT(mipc_ring_read(play.ring, &byte, 1, MIPC_FOREVER, &len),
			-EPIPE);
		WANT(mipc_ring_read_batch(play.ring, &message, 1, MIPC_FOREVER),
			-EPIPE);
		/* Polls ask after a dead one's life now and then only. */
		do {
			rc = mipc_ring_read(play.ring, &byte, 1, 0, &len);
		} while (rc == -EAGAIN && ++polls < 5000);
		WANT(rc, -EPIPE);
		/* And a new one makes it good. */
		end_holder(
			&play, spawn_holder(&play, MIPC_RING_PRODUCER, killed));
		for (uint64_t i = 0; i < FEW; i++)
			read_number(play.ring, i);
		play_close(&play);
	}
}
END_TEST

START_TEST(test_ring_consumer_gone_is_epipe_once_full)
{
	for (unsigned killed = 0; killed < 2; killed++) {
		struct iovec message = {"x", 1};
		struct play play;
		unsigned polls = 0;
		pid_t child;
		int rc;

		play_open(&play, MIPC_RING_PRODUCER);
		while (mipc_ring_write(play.ring, "", 0, 0) == 0)
			;
		WANT(mipc_ring_write(play.ring, "", 0, LIB_BRIEF_NS),
			-ETIMEDOUT);
		mipc_ring_close(play.ring);
		WANT(mipc_ring_open(play.name, BOTH, NULL, &play.ring), 0);
		WANT(mipc_ring_clear(play.ring), 0);
		mipc_ring_close(play.ring);
		WANT(mipc_ring_open(
			     play.name, MIPC_RING_PRODUCER, NULL, &play.ring),
			0);

		for (uint64_t i = 0; i < FEW; i++)
			write_number(play.ring, i);
		child = spawn_holder(&play, MIPC_RING_CONSUMER, killed);
		end_holder(&play, child);
		/* Not full: goes on, for the next consumer. */
		while ((rc = mipc_ring_write(
				play.ring, "x", 1, MIPC_FOREVER)) == 0)
			;
		WANT(rc, -EPIPE);
		WANT(mipc_ring_write_batch(
			     play.ring, &message, 1, MIPC_FOREVER),
			-EPIPE);
		do {
			rc = mipc_ring_write(play.ring, "x", 1, 0);
		} while (rc == -EAGAIN && ++polls < 5000);
		WANT(rc, -EPIPE);
		WANT(mipc_ring_check(play.ring), 0);
		play_close(&play);
	}
}
END_TEST

/* Shorter than the look before the first nap, or than one turn of looking for
 * ever: the first of such calls must say it, as there may be no other kind. */
static const struct {
	uint64_t timeout_ns;
	uint32_t spin_us;
} brief_waits[] = {
	{1, 0},
	{1000, 0},
	{20000, 0},
	{1000, MIPC_SPIN_NEVER},
	{1000, 2000},
	{1000, MIPC_SPIN_ALWAYS},
	{2000000, MIPC_SPIN_ALWAYS},
};

START_TEST(test_ring_brief_read_of_an_orphan_is_epipe_once_empty)
{
	for (size_t i = 0; i < COUNT(brief_waits); i++) {
		struct play play;
		mipc_ring *ring;
		char byte;
		size_t len;

		play_open(&play, MIPC_RING_OBSERVER);
		play.options.spin_us = brief_waits[i].spin_us;
		WANT(mipc_ring_open(play.name, MIPC_RING_CONSUMER,
			     &play.options, &ring),
			0);
		end_holder(
			&play, spawn_holder(&play, MIPC_RING_PRODUCER, true));
		for (uint64_t k = 0; k < FEW; k++)
			read_number(ring, k);
		WANT(mipc_ring_read(
			     ring, &byte, 1, brief_waits[i].timeout_ns, &len),
			-EPIPE);
		mipc_ring_close(ring);
		play_close(&play);
	}
}
END_TEST

START_TEST(test_ring_brief_write_to_an_orphan_is_epipe_once_full)
{
	for (size_t i = 0; i < COUNT(brief_waits); i++) {
		struct play play;
		mipc_ring *ring;

		play_open(&play, MIPC_RING_OBSERVER);
		play.options.spin_us = brief_waits[i].spin_us;
		WANT(mipc_ring_open(play.name, MIPC_RING_PRODUCER,
			     &play.options, &ring),
			0);
		for (uint64_t k = 0; k < FEW; k++)
			write_number(ring, k);
		end_holder(
			&play, spawn_holder(&play, MIPC_RING_CONSUMER, true));
		while (mipc_ring_write(ring, "x", 1, 0) == 0)
			;
		WANT(mipc_ring_write(ring, "x", 1, brief_waits[i].timeout_ns),
			-EPIPE);
		mipc_ring_close(ring);
		play_close(&play);
	}
}
END_TEST

static void wait_for_the_end(void *arg)
{
	struct play *play = arg;
	char byte;
	mipc_ring *ring;
	size_t len;

	WANT(mipc_ring_open(play->name, play->role, &play->options, &ring), 0);
	lib_step(&play->notes->step, 2);
	if (play->role == MIPC_RING_CONSUMER)
		WANT(mipc_ring_read(ring, &byte, 1, MIPC_FOREVER, &len),
			-EPIPE);
	else
		WANT(mipc_ring_write(ring, "x", 1, MIPC_FOREVER), -EPIPE);
	mipc_ring_close(ring);
}

static void fill_and_stay(void *arg)
{
	struct play *play = arg;
	mipc_ring *ring;

	WANT(mipc_ring_open(play->name, BOTH, NULL, &ring), 0);
	while (mipc_ring_write(ring, "x", 1, 0) == 0)
		;
	mipc_ring_close(ring);
	WANT(mipc_ring_open(play->name, MIPC_RING_CONSUMER, NULL, &ring), 0);
	lib_step(&play->notes->step, 1);
	lib_sleep_for_ever();
}

static void stay(void *arg)
{
	struct play *play = arg;
	mipc_ring *ring;

	WANT(mipc_ring_open(play->name, MIPC_RING_PRODUCER, NULL, &ring), 0);
	lib_step(&play->notes->step, 1);
	lib_sleep_for_ever();
}

/* It waits for ever, without a timeout; then its peer is killed. */
START_TEST(test_ring_sleeper_wakes_when_its_peer_is_killed)
{
	for (unsigned i = 0; i < 4; i++) {
		struct play play;
		pid_t peer, sleeper;

		play_open(&play, MIPC_RING_OBSERVER);
		peer = lib_spawn(i % 2 ? stay : fill_and_stay, &play);
		lib_await(&play.notes->step, 1);
		play.role = i % 2 ? MIPC_RING_CONSUMER : MIPC_RING_PRODUCER;
		play.options.spin_us = i / 2 ? MIPC_SPIN_NEVER : 0;
		sleeper = lib_spawn(wait_for_the_end, &play);
		lib_await(&play.notes->step, 2);
		lib_sleep_us(3000);
		lib_kill(peer);
		lib_join(sleeper);
		play_close(&play);
	}
}
END_TEST

START_TEST(test_ring_stopped_peer_is_not_gone)
{
	struct play play;
	mipc_ring *producer;
	pid_t child;
	char byte;
	size_t len;

	play_open(&play, MIPC_RING_CONSUMER);
	child = spawn_holder(&play, MIPC_RING_PRODUCER, true);
	lib_stop(child);
	for (uint64_t i = 0; i < FEW; i++)
		read_number(play.ring, i);
	WANT(mipc_ring_read(play.ring, &byte, 1, 4 * LIB_BRIEF_NS, &len),
		-ETIMEDOUT);
	WANT(mipc_ring_open(play.name, MIPC_RING_PRODUCER, NULL, &producer),
		-EBUSY);
	lib_kill(child);
	play_close(&play);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_ring_between_processes_all_arrive_in_order,
		test_ring_producer_gone_is_epipe_once_empty,
		test_ring_consumer_gone_is_epipe_once_full,
		test_ring_brief_read_of_an_orphan_is_epipe_once_empty,
		test_ring_brief_write_to_an_orphan_is_epipe_once_full,
		test_ring_sleeper_wakes_when_its_peer_is_killed,
		test_ring_stopped_peer_is_not_gone,
	};

	return LIB_MAIN("ring_peer", tests);
}
