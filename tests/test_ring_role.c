/* test_ring_role.c - the ring's roles: what each may do, who may have them, and who
 * has them after their holders' deaths, forks and reboots.
 */
#include "lib_stage.h"

#include <errno.h>
#include <unistd.h>

#include <mmapipc/ring.h>

#include "ring_play.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(test_ring_observer_may_only_look)
{
	struct play play;
	mipc_ring *observer, *other;
	struct iovec message = {&play, 1};
	char byte;
	size_t len;

	play_open(&play, BOTH);
	WANT(mipc_ring_open(play.name, MIPC_RING_OBSERVER, NULL, &observer), 0);
	WANT(mipc_ring_open(play.name, MIPC_RING_OBSERVER, NULL, &other), 0);
	WANT(mipc_ring_write(play.ring, "abc", 3, 0), 0);
	WANT(mipc_ring_write(observer, "abc", 3, 0), -EINVAL);
	WANT(mipc_ring_write_batch(observer, &message, 1, 0), -EINVAL);
	WANT(mipc_ring_read(observer, &byte, 1, 0, &len), -EINVAL);
	WANT(mipc_ring_read_batch(observer, &message, 1, 0), -EINVAL);
	WANT(mipc_ring_clear(observer), -EINVAL);
	WANT(mipc_ring_available_read(observer), 16);
	WANT(mipc_ring_capacity(observer), mipc_ring_capacity(play.ring));
	WANT(mipc_ring_max_len(observer), mipc_ring_max_len(play.ring));
	WANT(mipc_ring_available_write(observer),
		mipc_ring_available_write(play.ring));
	WANT(mipc_ring_check(observer), 0);
	mipc_ring_close(other);
	mipc_ring_close(observer);
	WANT(mipc_ring_available_read(play.ring), 16);
	play_close(&play);
}
END_TEST

START_TEST(test_ring_one_role_may_not_do_the_others_work)
{
	struct play play;
	mipc_ring *consumer;
	char byte;
	size_t len;

	play_open(&play, MIPC_RING_PRODUCER);
	WANT(mipc_ring_open(play.name, MIPC_RING_CONSUMER, NULL, &consumer), 0);
	WANT(mipc_ring_read(play.ring, &byte, 1, 0, &len), -EINVAL);
	WANT(mipc_ring_clear(play.ring), -EINVAL);
	WANT(mipc_ring_write(consumer, "x", 1, 0), -EINVAL);
	mipc_ring_close(consumer);
	play_close(&play);
}
END_TEST

START_TEST(test_ring_role_of_a_live_holder_is_ebusy)
{
	static const struct {
		unsigned held, asked;
		int want;
	} roles[] = {
		{MIPC_RING_OBSERVER, BOTH, 0},
		{MIPC_RING_PRODUCER, MIPC_RING_PRODUCER, -EBUSY},
		{MIPC_RING_PRODUCER, BOTH, -EBUSY},
		{MIPC_RING_PRODUCER, MIPC_RING_CONSUMER, 0},
		{MIPC_RING_CONSUMER, MIPC_RING_CONSUMER, -EBUSY},
		{MIPC_RING_CONSUMER, BOTH, -EBUSY},
		{MIPC_RING_CONSUMER, MIPC_RING_PRODUCER, 0},
		{BOTH, MIPC_RING_PRODUCER, -EBUSY},
		{BOTH, MIPC_RING_CONSUMER, -EBUSY},
		{BOTH, MIPC_RING_OBSERVER, 0},
	};

	for (size_t i = 0; i < COUNT(roles); i++) {
		struct play play;
		mipc_ring *ring = NULL;

		play_open(&play, roles[i].held);
		/* A refusal takes neither role, so the next goes the same. */
		for (unsigned k = 0; k < 2; k++) {
			WANT(mipc_ring_open(
				     play.name, roles[i].asked, NULL, &ring),
				roles[i].want);
			WANT(ring != NULL, roles[i].want == 0);
			mipc_ring_close(ring);
			ring = NULL;
		}
		mipc_ring_close(play.ring);
		WANT(mipc_ring_open(play.name, BOTH, NULL, &play.ring), 0);
		play_close(&play);
	}
}
END_TEST

START_TEST(test_ring_role_of_a_dead_producer_goes_on_behind_its_last)
{
	struct play play;
	mipc_ring *producer;

	play_open(&play, MIPC_RING_CONSUMER);
	for (unsigned lap = 0; lap < 20; lap++) {
		pid_t child = spawn_holder(&play, MIPC_RING_PRODUCER, true);

		WANT(mipc_ring_open(
			     play.name, MIPC_RING_PRODUCER, NULL, &producer),
			-EBUSY);
		lib_kill(child);
		if (lap % 2)
			read_number(play.ring, 0);
		WANT(mipc_ring_open(
			     play.name, MIPC_RING_PRODUCER, NULL, &producer),
			0);
		write_number(producer, FEW);
		for (uint64_t i = lap % 2; i <= FEW; i++)
			read_number(play.ring, i);
		WANT(mipc_ring_available_read(play.ring), 0);
		mipc_ring_close(producer);
	}
	WANT(mipc_ring_check(play.ring), 0);
	play_close(&play);
}
END_TEST

START_TEST(test_ring_role_of_a_dead_consumer_goes_on_with_the_next)
{
	struct play play;
	mipc_ring *consumer;

	play_open(&play, MIPC_RING_PRODUCER);
	for (unsigned lap = 0; lap < 20; lap++) {
		pid_t child;

		for (uint64_t i = 0; i < FEW; i++)
			write_number(play.ring, i);
		child = spawn_holder(&play, MIPC_RING_CONSUMER, true);
		WANT(mipc_ring_open(
			     play.name, MIPC_RING_CONSUMER, NULL, &consumer),
			-EBUSY);
		lib_kill(child);
		WANT(mipc_ring_open(
			     play.name, MIPC_RING_CONSUMER, NULL, &consumer),
			0);
		for (uint64_t i = FEW / 2; i < FEW; i++)
			read_number(consumer, i);
		WANT(mipc_ring_available_read(consumer), 0);
		mipc_ring_close(consumer);
	}
	play_close(&play);
}
END_TEST

/* What a reboot leaves in a file: the slots of those who had the roles before it,
 * and no byte lock at all. */
START_TEST(test_ring_roles_left_by_a_reboot_are_free)
{
	for (unsigned slot = 0; slot < MIPC_PARTY_COUNT; slot += 9) {
		struct play play;
		struct lib_view view;

		play_open(&play, BOTH);
		write_number(play.ring, 0);
		mipc_ring_close(play.ring);
		lib_view_open(&view, play.name);
		atomic_store(&view.shared->parties[slot].attached, slot % 2);
		atomic_store(&view.shared->ring.producer, slot + 1);
		atomic_store(&view.shared->ring.consumer, slot + 1);
		lib_view_close(&view);
		WANT(mipc_ring_open(play.name, BOTH, NULL, &play.ring), 0);
		write_number(play.ring, 1);
		read_number(play.ring, 0);
		read_number(play.ring, 1);
		play_close(&play);
	}
}
END_TEST

/* A producer that was killed between its commit and the tail: white-box. */
START_TEST(test_ring_tail_left_behind_is_brought_up_to_date)
{
	for (unsigned read_first = 0; read_first <= 3; read_first++) {
		struct play play;
		struct lib_view view;
		mipc_ring *producer;
		uint64_t tail;

		play_open(&play, MIPC_RING_CONSUMER);
		WANT(mipc_ring_open(
			     play.name, MIPC_RING_PRODUCER, NULL, &producer),
			0);
		write_number(producer, 0);
		lib_view_open(&view, play.name);
		tail = atomic_load(&view.shared->ring.tail);
		write_number(producer, 1);
		write_number(producer, 2);
		mipc_ring_close(producer);
		atomic_store(&view.shared->ring.tail, tail);

		WANT(mipc_ring_check(play.ring), 0);
		WANT_TRUE(mipc_ring_available_read(play.ring) > 0);
		/* The consumer may even be ahead of the tail. */
		for (uint64_t i = 0; i < read_first; i++)
			read_number(play.ring, i);
		WANT(mipc_ring_check(play.ring), 0);
		WANT(mipc_ring_available_read(play.ring) == 0, read_first == 3);
		WANT(mipc_ring_open(
			     play.name, MIPC_RING_PRODUCER, NULL, &producer),
			0);
		write_number(producer, 3);
		for (uint64_t i = read_first; i <= 3; i++)
			read_number(play.ring, i);
		WANT(mipc_ring_available_read(play.ring), 0);
		mipc_ring_close(producer);
		lib_view_close(&view);
		play_close(&play);
	}
}
END_TEST

/* In a child with a copy of the parent's handle. */
static void use_copy(void *arg)
{
	struct play *play = arg;
	char byte;
	size_t len;

	WANT(mipc_ring_write(play->ring, "x", 1, 0), -EBUSY);
	WANT(mipc_ring_write(play->ring, "x", 1, MIPC_FOREVER), -EBUSY);
	WANT(mipc_ring_read(play->ring, &byte, 1, 0, &len), -EBUSY);
	WANT(mipc_ring_clear(play->ring), -EBUSY);
	/* To look does no harm, nor does closing the copy. */
	WANT_TRUE(mipc_ring_available_read(play->ring) > 0);
	WANT(mipc_ring_check(play->ring), 0);
	mipc_ring_close(play->ring);
}

START_TEST(test_ring_copy_in_forked_child_is_ebusy_while_the_parent_lives)
{
	struct play play;
	mipc_ring *other;

	play_open(&play, BOTH);
	write_number(play.ring, 0);
	lib_join(lib_spawn(use_copy, &play));
	WANT(mipc_ring_open(play.name, MIPC_RING_CONSUMER, NULL, &other),
		-EBUSY);
	write_number(play.ring, 1);
	read_number(play.ring, 0);
	read_number(play.ring, 1);
	play_close(&play);
}
END_TEST

/* The grandchild, whose parent dies. It must not be killed with it. */
static void inherit(struct play *play)
{
	int rc;

	lib_detach();
	rc = mipc_ring_write(play->ring, "early", 5, 0);
	atomic_store(&play->notes->result, rc);
	lib_step(&play->notes->step, 1);
	lib_await(&play->notes->step, 3);
	write_number(play->ring, 2);
	write_number(play->ring, 3);
	if (!play->killed)
		mipc_ring_close(play->ring);
	lib_step(&play->notes->step, 4);
	_exit(0);
}

static void bequeath(void *arg)
{
	struct play *play = arg;

	WANT(mipc_ring_open(play->name, MIPC_RING_PRODUCER, NULL, &play->ring),
		0);
	write_number(play->ring, 0);
	if (fork() == 0)
		inherit(play);
	lib_await(&play->notes->step, 1);
	write_number(play->ring, 1); /* of which the copy knows nothing */
	lib_step(&play->notes->step, 2);
	lib_sleep_for_ever();
}

START_TEST(test_ring_copy_in_forked_child_takes_over_from_the_dead_parent)
{
	for (unsigned killed = 0; killed < 2; killed++) {
		struct play play;
		pid_t parent;

		play_open(&play, MIPC_RING_CONSUMER);
		play.killed = killed;
		parent = lib_spawn(bequeath, &play);
		lib_await(&play.notes->step, 2);
		WANT(atomic_load(&play.notes->result), -EBUSY);
		lib_kill(parent);
		lib_step(&play.notes->step, 3);
		lib_await(&play.notes->step, 4);
		for (uint64_t i = 0; i < 4; i++)
			read_number(play.ring, i);
		play_close(&play);
	}
}
END_TEST

/* A child that never uses its copy must not make the dead parent look alive. */
static void keep_copy(void *arg)
{
	struct play *play = arg;

	WANT(mipc_ring_open(play->name, MIPC_RING_PRODUCER, NULL, &play->ring),
		0);
	if (fork() == 0) {
		lib_detach();
		lib_step(&play->notes->step, 1);
		lib_await(&play->notes->step, 2);
		lib_step(&play->notes->step, 3);
		_exit(0);
	}
	lib_sleep_for_ever();
}

START_TEST(test_ring_idle_forked_child_does_not_keep_the_role)
{
	struct play play;
	mipc_ring *producer;
	pid_t parent;
	char byte;
	size_t len;

	play_open(&play, MIPC_RING_CONSUMER);
	parent = lib_spawn(keep_copy, &play);
	lib_await(&play.notes->step, 1);
	WANT(mipc_ring_open(play.name, MIPC_RING_PRODUCER, NULL, &producer),
		-EBUSY);
	lib_kill(parent);
	WANT(mipc_ring_read(play.ring, &byte, 1, 40 * LIB_BRIEF_NS, &len),
		-EPIPE);
	WANT(mipc_ring_open(play.name, MIPC_RING_PRODUCER, NULL, &producer), 0);
	lib_step(&play.notes->step, 2);
	lib_await(&play.notes->step, 3);
	mipc_ring_close(producer);
	play_close(&play);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_ring_observer_may_only_look,
		test_ring_one_role_may_not_do_the_others_work,
		test_ring_role_of_a_live_holder_is_ebusy,
		test_ring_role_of_a_dead_producer_goes_on_behind_its_last,
		test_ring_role_of_a_dead_consumer_goes_on_with_the_next,
		test_ring_roles_left_by_a_reboot_are_free,
		test_ring_tail_left_behind_is_brought_up_to_date,
		test_ring_copy_in_forked_child_is_ebusy_while_the_parent_lives,
		test_ring_copy_in_forked_child_takes_over_from_the_dead_parent,
		test_ring_idle_forked_child_does_not_keep_the_role,
	};

	return LIB_MAIN("ring_role", tests);
}
