/* ring_role.c - who may write to a ring and who may read from it.
 *
 * Producer and consumer are roles, each a word that names the party which holds
 * it. A role is taken under the attach lock: from nobody, from one that left, or
 * from one that is dead. The new holder goes on where the old one stopped, at
 * whatever instruction that was:
 *
 *   producer killed     tail says             the next producer
 *   before R1           the end               writes over its scribbles
 *   between R1 and R2   one call too little   walks over the headers
 *   behind R2           the end               goes on
 *
 *   consumer killed before A2: the record is read again; behind it: not.
 */
#include "ring_handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "mutant.h"
#include "party.h"

enum { DEFAULT_CAPACITY_BYTES = 4 << 20 };

int ring_find_end(
	const mipc_ring *ring, uint64_t floor, uint64_t from, uint64_t *ret_end)
{
	uint64_t end = from;

	for (;;) {
		/* A1: pairs with R1 of the producer, alive or dead */
		uint64_t word =
			atomic_load_explicit(record_header(&ring->segment, end),
				memory_order_acquire);
		uint64_t room = record_limit(ring) - (end - floor);
		uint64_t len;

		if (word == 0)
			break;
		if (end - floor > record_limit(ring) ||
			record_parse(word, room, &len))
			return -EBADMSG;
		end += record_bytes(len);
	}
	*ret_end = end;
	return 0;
}

/* Go on where the last producer stopped, which may have died between R1 and
 * R2. */
static int adopt_tail(mipc_ring *ring)
{
	struct mipc_ring_control *control = ring->control;
	/* acquire: pairs with A2 and R2 */
	uint64_t head =
		atomic_load_explicit(&control->head, memory_order_acquire);
	uint64_t tail =
		atomic_load_explicit(&control->tail, memory_order_acquire);
	const uint64_t said = tail;
	int err;

	if (MUTANT(cached_index_kept) && ring->producer.tail)
		return 0;

	/* The consumer may be ahead of a tail that was not brought up to date. */
	if (tail - head > ring->segment.capacity_bytes &&
		!MUTANT(reader_ahead_is_nonsense))
		tail = head;
	if (!ring_positions_valid(ring, head, tail))
		return -EBADMSG;
	err = MUTANT(role_without_walk)
		      ? 0
		      : ring_find_end(ring, head, tail, &tail);
	if (err)
		return err;
	if (MUTANT(forget_wrap) &&
		((tail ^ said) & ring->segment.capacity_bytes))
		tail = said;
	ring->producer.tail = tail;
	ring->producer.head_seen = head;
	ring->producer.reserved = 0;
	/* R2 for the dead */
	atomic_store_explicit(&control->tail, tail, memory_order_release);
	return 0;
}

static int adopt_head(mipc_ring *ring)
{
	/* acquire: pairs with A2 of the last consumer */
	ring->consumer.head = atomic_load_explicit(
		&ring->control->head, memory_order_acquire);
	ring->consumer.peeked = RING_NONE;
	return ring->consumer.head % MIPC_RECORD_ALIGN ? -EBADMSG : 0;
}

/* Does a live party other than us hold the role? Under the attach lock. */
static bool role_taken(const mipc_ring *ring, unsigned role)
{
	/* relaxed: under the attach lock */
	uint32_t state = atomic_load_explicit(
		role_word(ring, role), memory_order_relaxed);

	return state != ROLE_NEVER && state < ROLE_LEFT &&
	       state != ring->segment.party + 1 &&
	       party_alive(&ring->segment, state - 1);
}

static mipc_ring *ring_of(struct segment *segment)
{
	mipc_ring *ring = (mipc_ring *)((char *)segment -
					offsetof(struct mipc_ring, segment));

	ring->control = &segment->shared->ring;
	return ring;
}

/* Take the roles asked for, and go on where their last holders stopped. */
static int join(struct segment *segment)
{
	mipc_ring *ring = ring_of(segment);
	int err = 0;

	/* In a forked child: what the parent did is not ours. */
	counters_reset(&ring->producer.counters);
	counters_reset(&ring->consumer.counters);
	for (unsigned role = 1; role <= MIPC_RING_CONSUMER; role <<= 1)
		if ((roles_of(ring) & role) && role_taken(ring, role))
			return -EBUSY;
	if (roles_of(ring) & MIPC_RING_PRODUCER)
		err = adopt_tail(ring);
	if (!err && (roles_of(ring) & MIPC_RING_CONSUMER))
		err = adopt_head(ring);
	if (err)
		return err;
	/* Where the bytes that mipc_ring_stats() tells start. */
	count_alone(&ring->producer.counters.bytes, ring->producer.tail);
	count_alone(&ring->consumer.counters.bytes, ring->consumer.head);
	for (unsigned role = 1; role <= MIPC_RING_CONSUMER; role <<= 1)
		if (roles_of(ring) & role)
			/* release: pairs with the acquire in ring_peer_gone() */
			atomic_store_explicit(role_word(ring, role),
				segment->party + 1, memory_order_release);
	return 0;
}

/* Leave what roles party @slot holds; MIPC_PARTY_COUNT: whoever does. */
static void leave_roles(mipc_ring *ring, uint32_t slot)
{
	for (unsigned role = 1; role <= MIPC_RING_CONSUMER; role <<= 1) {
		_Atomic uint32_t *word = role_word(ring, role);
		/* relaxed: the exchange below decides */
		uint32_t state =
			atomic_load_explicit(word, memory_order_relaxed);

		if (state == ROLE_NEVER || state >= ROLE_LEFT ||
			(slot != MIPC_PARTY_COUNT && state != slot + 1))
			continue;
		/* release: what the party wrote or read comes first; pairs
		 * with the acquire in ring_peer_gone() */
		if (atomic_compare_exchange_strong_explicit(word, &state,
			    ROLE_LEFT, memory_order_release,
			    memory_order_relaxed))
			event_notify(role == MIPC_RING_PRODUCER
					     ? &ring->control->readable
					     : &ring->control->writable,
				1);
	}
}

static void bury(struct segment *segment, uint32_t slot)
{
	leave_roles(ring_of(segment), slot);
}

static void spoil(struct segment *segment)
{
	ring_break(ring_of(segment));
}

static int allocate(unsigned roles, const struct mipc_options *options,
	mipc_ring **ret_ring)
{
	const unsigned all = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER;
	mipc_ring *ring;

	if (roles & ~all)
		return -EINVAL;
	ring = aligned_alloc(alignof(mipc_ring), sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	memset(ring, 0, sizeof(*ring));
	ring->segment.bury = bury;
	ring->segment.join = join;
	ring->segment.spoil = spoil;
	atomic_init(&ring->roles, roles);
	ring->spin_us = options ? options->spin_us : 0;
	*ret_ring = ring;
	return 0;
}

int mipc_ring_create(const char *name, uint64_t capacity_bytes, unsigned roles,
	const struct mipc_options *options, mipc_ring **ret_ring)
{
	uint64_t capacity;
	mipc_ring *ring;
	int err;

	if (!ret_ring ||
		segment_round_capacity(capacity_bytes ? capacity_bytes
						      : DEFAULT_CAPACITY_BYTES,
			&capacity))
		return -EINVAL;
	err = allocate(roles, options, &ring);
	if (err)
		return err;
	err = segment_create(
		&ring->segment, name, MIPC_KIND_RING, capacity, options);
	if (err) {
		free(ring);
		return err;
	}
	*ret_ring = ring;
	return 0;
}

/* By name, or with @name NULL by descriptor. */
static int open_ring(const char *name, int fd, unsigned roles,
	const struct mipc_options *options, mipc_ring **ret_ring)
{
	mipc_ring *ring;
	int err;

	if (!ret_ring)
		return -EINVAL;
	err = allocate(roles, options, &ring);
	if (err)
		return err;
	err = name ? segment_open(&ring->segment, name, MIPC_KIND_RING, options)
		   : segment_from_fd(
			     &ring->segment, fd, MIPC_KIND_RING, options);
	if (err) {
		free(ring);
		return err;
	}
	*ret_ring = ring;
	return 0;
}

int mipc_ring_open(const char *name, unsigned roles,
	const struct mipc_options *options, mipc_ring **ret_ring)
{
	return name ? open_ring(name, -1, roles, options, ret_ring) : -EINVAL;
}

int mipc_ring_from_fd(int fd, unsigned roles,
	const struct mipc_options *options, mipc_ring **ret_ring)
{
	return open_ring(NULL, fd, roles, options, ret_ring);
}

int mipc_ring_fd(const mipc_ring *ring)
{
	return segment_share_fd(&ring->segment);
}

int mipc_ring_memory(const mipc_ring *ring, struct mipc_memory *ret_memory)
{
	return segment_memory(&ring->segment, ret_memory);
}

void mipc_ring_close(mipc_ring *ring)
{
	if (!ring)
		return;
	watch_close(&ring->watch);
	/* The threads that wait first: they may hold the role. */
	segment_drain(&ring->segment);
	if (segment_is_ours(&ring->segment))
		leave_roles(ring, ring->segment.party);
	segment_close(&ring->segment);
	free(ring);
}

void mipc_ring_cancel(mipc_ring *ring)
{
	segment_cancel(&ring->segment);
}

int mipc_ring_unlink(const char *name)
{
	return segment_unlink(name, MIPC_KIND_RING);
}

struct departed {
	mipc_ring *ring;
	_Atomic uint32_t *word;
	uint32_t state;
};

/* With the byte lock of its slot in our hands: write down that it has gone. */
static void mark_left(void *arg)
{
	const struct departed *departed = arg;
	uint32_t state = departed->state;

	/* release: as in leave_roles() */
	if (atomic_compare_exchange_strong_explicit(departed->word, &state,
		    ROLE_LEFT, memory_order_release, memory_order_relaxed))
		count_shared(&departed->ring->segment.dead_found, 1);
}

bool ring_peer_gone(mipc_ring *ring, unsigned role)
{
	struct departed departed = {ring, role_word(ring, role), 0};

	/* acquire: pairs with the release in leave_roles(): what it did before
	 * is seen by whoever sees it gone */
	departed.state =
		atomic_load_explicit(departed.word, memory_order_acquire);
	if (departed.state == ROLE_NEVER)
		return false;
	if (departed.state < ROLE_LEFT)
		party_while_dead(&ring->segment, departed.state - 1, mark_left,
			&departed);
	/* acquire: as above */
	return atomic_load_explicit(departed.word, memory_order_acquire) >=
	       ROLE_LEFT;
}

bool ring_peer_left(const mipc_ring *ring, unsigned role)
{
	/* acquire: as above */
	return atomic_load_explicit(role_word(ring, role),
		       memory_order_acquire) >= ROLE_LEFT;
}
