/* ring_play.h - what the tests of a ring between processes share: a ring, messages
 * by number, and a child that has a role and does something as such.
 */
#ifndef MIPC_TESTS_RING_PLAY_H
#define MIPC_TESTS_RING_PLAY_H

#include "lib_stage.h"

#include <stdatomic.h>
#include <string.h>

#include <mmapipc/ring.h>

enum {
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
	FEW = 10,
};

/* What the processes of one test share. */
struct notes {
	_Atomic unsigned step;
	_Atomic int result;
};

struct play {
	char name[LIB_NAME_BYTES];
	mipc_ring *ring; /* of the test itself */
	struct mipc_options options;
	struct notes *notes;
	unsigned role; /* of a child */
	bool killed;   /* is the child killed, or does it close? */
};

static inline void play_open(struct play *play, unsigned roles)
{
	memset(play, 0, sizeof(*play));
	lib_name(play->name);
	WANT(mipc_ring_create(play->name, 1, roles, NULL, &play->ring), 0);
	play->notes = lib_shared(sizeof(*play->notes));
}

static inline void play_close(struct play *play)
{
	mipc_ring_close(play->ring);
	WANT(mipc_ring_unlink(play->name), 0);
}

static inline void write_number(mipc_ring *ring, uint64_t number)
{
	uint8_t body[256];
	size_t len = number * 13 % sizeof(body);

	lib_fill(body, len, number);
	WANT(mipc_ring_write(ring, body, len, LIB_PATIENCE_NS), 0);
}

static inline void read_number(mipc_ring *ring, uint64_t number)
{
	uint8_t body[256];
	size_t len = 0;

	WANT(mipc_ring_read(ring, body, sizeof(body), LIB_PATIENCE_NS, &len),
		0);
	WANT(len, number * 13 % sizeof(body));
	WANT_TRUE(lib_matches(body, len, number));
}

/* Hold a role, and do something as such, until told to end. */
static inline void hold_role(void *arg)
{
	struct play *play = arg;
	mipc_ring *ring;

	WANT(mipc_ring_open(play->name, play->role, NULL, &ring), 0);
	if (play->role & MIPC_RING_PRODUCER)
		for (uint64_t i = 0; i < FEW; i++)
			write_number(ring, i);
	else
		for (uint64_t i = 0; i < FEW / 2; i++)
			read_number(ring, i);
	lib_step(&play->notes->step, 1);
	if (play->killed)
		lib_sleep_for_ever();
	lib_await(&play->notes->step, 2);
	mipc_ring_close(ring);
}

static inline pid_t spawn_holder(struct play *play, unsigned role, bool killed)
{
	pid_t child;

	play->role = role;
	play->killed = killed;
	lib_step(&play->notes->step, 0);
	child = lib_spawn(hold_role, play);
	lib_await(&play->notes->step, 1);
	return child;
}

static inline void end_holder(struct play *play, pid_t child)
{
	if (play->killed) {
		lib_kill(child);
	} else {
		lib_step(&play->notes->step, 2);
		lib_join(child);
	}
}

#endif
