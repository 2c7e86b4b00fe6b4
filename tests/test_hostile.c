/* test_hostile.c - a peer writes anything anywhere. Every call then still ends,
 * in time, with a documented answer, and touches nothing outside the segment;
 * what it delivers may be wrong.
 *
 * The scribbling is done in two ways: between two calls, so that every call meets
 * every kind of nonsense in every word; and by another process all the while.
 */
#include "lib_stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	ROUNDS = 2000,
	LIVE_CALLS = 3000,
	BATCH = 4,
	BODY_BYTES = 4096,
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
};

/* All that a call may wait. */
#define TIMEOUT_NS UINT64_C(200000)

static const int answers[] = {
	0, -EAGAIN, -ETIMEDOUT, -EPIPE, -EMSGSIZE, -EBADMSG};

static void want_answer(const char *call, int rc, uint64_t round)
{
	for (size_t i = 0; i < COUNT(answers); i++)
		if (rc == answers[i] || rc > 0)
			return;
	lib_fail("round %llu: %s returns %d (%s)", (unsigned long long)round,
		call, rc, mipc_strerror(rc));
}

#define ANSWER(call) want_answer(#call, call, round)

/* A value that may hit something: a position, a length, or noise. */
static uint64_t nonsense(uint64_t *seed, uint64_t capacity)
{
	uint64_t r = lib_random(seed);
	const uint64_t values[] = {0, 1, 7, 8, capacity - 8, capacity,
		capacity + 8, capacity * 2, UINT64_MAX, UINT64_MAX - 7,
		UINT64_C(1) << 63, UINT32_MAX, 0x4000000000000001, r,
		r % capacity, r % capacity << 8 | 1, (capacity - 16) << 8 | 1,
		(capacity - 8) << 8 | 1, UINT64_MAX << 8 | 1, 0x101};

	return values[lib_random(seed) % COUNT(values)];
}

/* Some words of parties, control block or data; never of the header, which is
 * read once, at open. */
static void scribble(struct lib_view *view, uint64_t *seed, unsigned words)
{
	uint64_t capacity = view->data_bytes;

	while (words--) {
		uint64_t r = lib_random(seed);
		size_t from, to;

		switch (r % 8) {
		case 0:
			from = offsetof(struct mipc_segment, parties);
			to = offsetof(struct mipc_segment, ring);
			break;
		case 1:
		case 2:
		case 3:
		case 4:
			from = offsetof(struct mipc_segment, ring);
			to = sizeof(struct mipc_segment);
			break;
		default:
			from = view->bytes - view->data_bytes;
			to = view->bytes;
		}
		from += (r >> 8) % ((to - from) / 8) * 8;
		atomic_store_explicit(
			(_Atomic uint64_t *)(void *)((uint8_t *)view->shared +
						     from),
			nonsense(seed, capacity), memory_order_relaxed);
	}
}

/* What a ring or a queue is called with. */
struct buffers {
	uint8_t out[BODY_BYTES], in[BODY_BYTES];
	struct iovec put[BATCH], get[BATCH];
	size_t len;
};

static void buffers_reset(struct buffers *buffers, uint64_t *seed)
{
	for (unsigned i = 0; i < BATCH; i++) {
		buffers->put[i] =
			(struct iovec){buffers->out, lib_random(seed) % 1000};
		buffers->get[i] =
			(struct iovec){buffers->in + i * (BODY_BYTES / BATCH),
				lib_random(seed) % (BODY_BYTES / BATCH + 1)};
	}
}

/* Reserve and commit; every byte in between is touched. */
static void fill_in_place(
	mipc_ring *ring, size_t len, uint64_t timeout_ns, uint64_t round)
{
	void *place = NULL;
	int rc = mipc_ring_reserve(ring, len, timeout_ns, &place);

	want_answer("mipc_ring_reserve", rc, round);
	if (rc)
		return;
	memset(place, 0x2a, len);
	/* Of less, and once too often. */
	ANSWER(mipc_ring_commit(ring, len / 2));
	rc = mipc_ring_commit(ring, 0);
	WANT_TRUE(rc == -EINVAL || rc == -EBADMSG);
}

/* Peek and release; every byte in between is touched. */
static void look_in_place(mipc_ring *ring, uint64_t timeout_ns, uint64_t round)
{
	const void *data = NULL;
	size_t len = 0;
	volatile uint8_t last;
	int rc = mipc_ring_peek(ring, timeout_ns, &data, &len);

	want_answer("mipc_ring_peek", rc, round);
	if (rc)
		return;
	WANT_TRUE(len <= mipc_ring_max_len(ring));
	for (size_t i = 0; i < len; i++)
		last = ((const uint8_t *)data)[i];
	(void)last;
	ANSWER(mipc_ring_release(ring));
}

static void call_ring(
	mipc_ring *ring, struct buffers *b, uint64_t *seed, uint64_t round)
{
	uint64_t timeout_ns = round % 4 ? 0 : TIMEOUT_NS;
	size_t len = lib_random(seed) % 600;

	buffers_reset(b, seed);
	switch (lib_random(seed) % 12) {
	case 9:
		fill_in_place(ring, len, timeout_ns, round);
		break;
	case 10:
	case 11:
		look_in_place(ring, timeout_ns, round);
		break;
	case 0:
	case 1:
		ANSWER(mipc_ring_write(ring, b->out, len, timeout_ns));
		break;
	case 2:
	case 3:
		ANSWER(mipc_ring_read(
			ring, b->in, BODY_BYTES, timeout_ns, &b->len));
		break;
	case 4:
		ANSWER(mipc_ring_write_batch(ring, b->put, BATCH, timeout_ns));
		break;
	case 5:
		ANSWER(mipc_ring_read_batch(ring, b->get, BATCH, timeout_ns));
		break;
	case 6:
		ANSWER(mipc_ring_clear(ring));
		break;
	case 7:
		ANSWER(mipc_ring_check(ring));
		break;
	default:
		WANT_TRUE(mipc_ring_available_read(ring) <=
			  mipc_ring_capacity(ring));
		WANT_TRUE(mipc_ring_available_write(ring) <=
			  mipc_ring_max_len(ring));
	}
}

static void call_queue(
	mipc_queue *queue, struct buffers *b, uint64_t *seed, uint64_t round)
{
	uint64_t timeout_ns = round % 4 ? 0 : TIMEOUT_NS;
	size_t len = lib_random(seed) % 600;
	struct mipc_queue_info info;

	buffers_reset(b, seed);
	switch (lib_random(seed) % 9) {
	case 0:
	case 1:
		ANSWER(mipc_queue_put(queue, b->out, len, timeout_ns));
		break;
	case 2:
	case 3:
		ANSWER(mipc_queue_get(
			queue, b->in, BODY_BYTES, timeout_ns, &b->len));
		break;
	case 4:
		ANSWER(mipc_queue_put_batch(queue, b->put, BATCH, timeout_ns));
		break;
	case 5:
		ANSWER(mipc_queue_get_batch(queue, b->get, BATCH, timeout_ns));
		break;
	case 6:
		ANSWER(mipc_queue_clear(queue, timeout_ns));
		break;
	case 7:
		ANSWER(mipc_queue_check(queue));
		(void)mipc_queue_size(queue);
		(void)mipc_queue_empty(queue);
		break;
	default:
		ANSWER(mipc_queue_inspect(queue, &info));
	}
}

/* A new ring with some messages in it, part of a lap on. */
static mipc_ring *new_ring(const char *name, uint64_t *seed)
{
	static uint8_t body[1000];
	uint64_t count = lib_random(seed) % 12;
	mipc_ring *ring;
	size_t len;

	WANT(mipc_ring_create(name, 1, BOTH, NULL, &ring), 0);
	for (uint64_t i = 0; i < count; i++)
		WANT(mipc_ring_write(ring, body, lib_random(seed) % 300, 0), 0);
	for (uint64_t i = lib_random(seed) % (count + 1); i; i--)
		WANT(mipc_ring_read(ring, body, sizeof(body), 0, &len), 0);
	return ring;
}

static mipc_queue *new_queue(const char *name, uint64_t *seed)
{
	static uint8_t body[1000];
	uint64_t count = lib_random(seed) % 12;
	mipc_queue *queue;
	size_t len;

	WANT(mipc_queue_create(name, 1, NULL, &queue), 0);
	for (uint64_t i = 0; i < count; i++)
		WANT(mipc_queue_put(queue, body, lib_random(seed) % 300, 0), 0);
	for (uint64_t i = lib_random(seed) % (count + 1); i; i--)
		WANT(mipc_queue_get(queue, body, sizeof(body), 0, &len), 0);
	return queue;
}

START_TEST(test_hostile_ring_scribbled_between_calls_answers)
{
	uint64_t seed = lib_seed("hostile ring");
	static struct buffers buffers;
	char name[LIB_NAME_BYTES];
	unsigned spoiled = 0;

	lib_name(name);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		mipc_ring *ring = new_ring(name, &seed);
		mipc_ring *other = NULL;
		struct lib_view view;

		lib_view_open(&view, name);
		for (unsigned i = 0; i < 3; i++) {
			scribble(&view, &seed, 1 + lib_random(&seed) % 8);
			for (unsigned k = 0; k < 4; k++)
				call_ring(ring, &buffers, &seed, round);
		}
		/* A new one, in all roles: may find it good, taken, or bad. */
		if (round % 2)
			mipc_ring_close(ring);
		switch (mipc_ring_open(name, BOTH, NULL, &other)) {
		case 0:
			call_ring(other, &buffers, &seed, round);
			break;
		case -EBADMSG:
			spoiled++;
			break;
		case -EBUSY:
			break;
		default:
			lib_fail("round %llu: open", (unsigned long long)round);
		}
		mipc_ring_close(other);
		if (round % 2 == 0)
			mipc_ring_close(ring);
		lib_view_close(&view);
		WANT(mipc_ring_unlink(name), 0);
	}
	WANT_TRUE(spoiled > 0);
}
END_TEST

START_TEST(test_hostile_queue_scribbled_between_calls_answers)
{
	uint64_t seed = lib_seed("hostile queue");
	static struct buffers buffers;
	char name[LIB_NAME_BYTES];

	lib_name(name);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		mipc_queue *queue = new_queue(name, &seed);
		mipc_queue *other;
		struct lib_view view;

		lib_view_open(&view, name);
		for (unsigned i = 0; i < 3; i++) {
			scribble(&view, &seed, 1 + lib_random(&seed) % 8);
			for (unsigned k = 0; k < 4; k++)
				call_queue(queue, &buffers, &seed, round);
		}
		WANT(mipc_queue_open(name, NULL, &other), 0);
		call_queue(other, &buffers, &seed, round);
		mipc_queue_close(other);
		mipc_queue_close(queue);
		lib_view_close(&view);
		WANT(mipc_queue_unlink(name), 0);
	}
}
END_TEST

/* Offsets and lengths that a check could get wrong; the answer follows from
 * them alone. */
static void call_shm(mipc_shm *shm, uint64_t size, uint64_t *seed)
{
	const uint64_t offsets[] = {0, 1, 8, size - 8, size - 1, size, size + 1,
		size + 8, UINT64_MAX, UINT64_MAX - 7, lib_random(seed),
		lib_random(seed) % size};
	uint64_t offset = offsets[lib_random(seed) % COUNT(offsets)];
	uint64_t len = lib_random(seed) % 64;
	bool inside = offset <= size && len <= size - offset;
	bool word = offset <= size && size - offset >= 8;
	int word_rc = !word ? -ERANGE : offset % 8 ? -EINVAL : 0;
	uint8_t buffer[64] = {0};
	uint64_t value = 0;
	void *view;

	WANT(mipc_shm_read(shm, offset, buffer, (size_t)len),
		inside ? 0 : -ERANGE);
	WANT(mipc_shm_write(shm, offset, buffer, (size_t)len),
		inside ? 0 : -ERANGE);
	WANT(mipc_shm_read_u64(shm, offset, &value), word_rc);
	WANT(mipc_shm_write_u64(shm, offset, value), word_rc);
	WANT(mipc_shm_add_u64(shm, offset, 1, &value), word_rc);
	WANT(mipc_shm_view(shm, offset, (size_t)len, &view),
		inside ? 0 : -ERANGE);
	WANT(mipc_shm_size(shm), size);
}

struct attack {
	char name[LIB_NAME_BYTES];
	uint64_t seed;
	_Atomic unsigned *step; /* shared with the attacker */
};

static void attack_all_the_while(void *arg)
{
	struct attack *attack = arg;
	struct lib_view view;

	lib_view_open(&view, attack->name);
	lib_step(attack->step, 1);
	for (;;) {
		scribble(&view, &attack->seed, 16);
		/* Some peace, so that not every call fails at once. */
		if (lib_random(&attack->seed) % 4 == 0)
			lib_sleep_us(20);
	}
}

static pid_t start_attack(struct attack *attack)
{
	pid_t child;

	lib_step(attack->step, 0);
	child = lib_spawn(attack_all_the_while, attack);
	lib_await(attack->step, 1);
	return child;
}

START_TEST(test_hostile_ring_under_a_live_scribbler_answers)
{
	struct attack attack = {.seed = lib_seed("live ring")};
	static struct buffers buffers;
	uint64_t seed = attack.seed;
	unsigned opened = 0;
	mipc_ring *ring;
	pid_t child;

	attack.step = lib_shared(sizeof(*attack.step));
	lib_name(attack.name);
	ring = new_ring(attack.name, &seed);
	child = start_attack(&attack);
	for (uint64_t round = 0; round < LIVE_CALLS; round++) {
		int err;

		if (ring)
			call_ring(ring, &buffers, &seed, round);
		if (ring && round % 8 != 7)
			continue;
		/* A broken handle stays so: get another. */
		mipc_ring_close(ring);
		ring = NULL;
		err = mipc_ring_open(attack.name, BOTH, NULL, &ring);
		WANT_TRUE(err == 0 || err == -EBADMSG || err == -EBUSY);
		opened += err == 0;
	}
	WANT_TRUE(opened > 0);
	mipc_ring_close(ring);
	lib_kill(child);
	WANT(mipc_ring_unlink(attack.name), 0);
}
END_TEST

START_TEST(test_hostile_queue_under_a_live_scribbler_answers)
{
	struct attack attack = {.seed = lib_seed("live queue")};
	static struct buffers buffers;
	uint64_t seed = attack.seed;
	mipc_queue *queue;
	pid_t child;

	attack.step = lib_shared(sizeof(*attack.step));
	lib_name(attack.name);
	queue = new_queue(attack.name, &seed);
	child = start_attack(&attack);
	for (uint64_t round = 0; round < LIVE_CALLS; round++) {
		call_queue(queue, &buffers, &seed, round);
		if (round % 8 == 7) {
			mipc_queue_close(queue);
			WANT(mipc_queue_open(attack.name, NULL, &queue), 0);
		}
	}
	mipc_queue_close(queue);
	lib_kill(child);
	WANT(mipc_queue_unlink(attack.name), 0);
}
END_TEST

/* The header too: it was read once. */
static void attack_every_byte(void *arg)
{
	struct attack *attack = arg;
	struct lib_view view;

	lib_view_open(&view, attack->name);
	lib_step(attack->step, 1);
	for (;;) {
		uint64_t r = lib_random(&attack->seed);
		bool data = r & 1;
		size_t at = data ? view.bytes - view.data_bytes : 0;
		size_t len =
			data ? view.data_bytes : sizeof(struct mipc_segment);

		at += (size_t)((r >> 8) % (len / 8)) * 8;
		atomic_store_explicit(
			(_Atomic uint64_t *)(void *)((uint8_t *)view.shared +
						     at),
			lib_random(&attack->seed), memory_order_relaxed);
	}
}

START_TEST(test_hostile_shm_under_a_live_scribbler_keeps_its_bounds)
{
	const uint64_t size = 10000; /* no whole pages */
	struct attack attack = {.seed = lib_seed("live shm")};
	uint64_t seed = attack.seed;
	mipc_shm *shm;
	char path[LIB_PATH_BYTES];
	pid_t child;

	attack.step = lib_shared(sizeof(*attack.step));
	lib_name(attack.name);
	WANT(mipc_shm_create(attack.name, size, NULL, &shm), 0);
	child = lib_spawn(attack_every_byte, &attack);
	lib_await(attack.step, 1);
	for (uint64_t round = 0; round < LIVE_CALLS * 10; round++)
		call_shm(shm, size, &seed);
	lib_kill(child);
	mipc_shm_close(shm);
	/* By now it may be a segment no more. */
	lib_path(path, attack.name);
	WANT(remove(path), 0);
}
END_TEST

START_TEST(test_hostile_broken_handle_stays_broken)
{
	char name[LIB_NAME_BYTES];
	struct mipc_ring_control *ring_control;
	struct mipc_queue_control *queue_control;
	struct lib_view view;
	mipc_queue *queue;
	mipc_ring *ring;
	char byte;
	size_t len;

	lib_name(name);
	WANT(mipc_ring_create(name, 1, BOTH, NULL, &ring), 0);
	lib_view_open(&view, name);
	ring_control = &view.shared->ring;
	WANT(mipc_ring_write(ring, "x", 1, 0), 0);
	atomic_store((_Atomic uint64_t *)(void *)view.data, UINT64_MAX);
	WANT(mipc_ring_read(ring, &byte, 1, 0, &len), -EBADMSG);
	atomic_store((_Atomic uint64_t *)(void *)view.data, 1 << 8 | 1);
	WANT(mipc_ring_read(ring, &byte, 1, 0, &len), -EBADMSG);
	WANT(mipc_ring_write(ring, "x", 1, 0), -EBADMSG);
	WANT(mipc_ring_clear(ring), -EBADMSG);
	mipc_ring_close(ring);
	/* The segment is good again, so a new handle is. */
	WANT(mipc_ring_open(name, BOTH, NULL, &ring), 0);
	WANT(mipc_ring_read(ring, &byte, 1, 0, &len), 0);
	WANT_TRUE(atomic_load(&ring_control->head) == 16);
	mipc_ring_close(ring);
	lib_view_close(&view);
	WANT(mipc_ring_unlink(name), 0);

	WANT(mipc_queue_create(name, 1, NULL, &queue), 0);
	lib_view_open(&view, name);
	queue_control = &view.shared->queue;
	atomic_store(&queue_control->producers.position, 1 << 20);
	WANT(mipc_queue_get(queue, &byte, 1, MIPC_FOREVER, &len), -EBADMSG);
	atomic_store(&queue_control->producers.position, 0);
	WANT(mipc_queue_put(queue, "x", 1, 0), -EBADMSG);
	WANT(mipc_queue_clear(queue, 0), -EBADMSG);
	mipc_queue_close(queue);
	WANT(mipc_queue_open(name, NULL, &queue), 0);
	WANT(mipc_queue_put(queue, "x", 1, 0), 0);
	mipc_queue_close(queue);
	lib_view_close(&view);
	WANT(mipc_queue_unlink(name), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_hostile_ring_scribbled_between_calls_answers,
		test_hostile_queue_scribbled_between_calls_answers,
		test_hostile_ring_under_a_live_scribbler_answers,
		test_hostile_queue_under_a_live_scribbler_answers,
		test_hostile_shm_under_a_live_scribbler_keeps_its_bounds,
		test_hostile_broken_handle_stays_broken,
	};

	return LIB_MAIN("hostile", tests);
}
