/* test_queue_lease_peer.c - leases between processes: carried over a fork, left by
 * the dead, waited for, by many at once, and under a scribbler.
 */
#include "lib_stage.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <mmapipc/queue.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	BODY_BYTES = 40,
	TASKS = 20000,
	WORKERS = 3,
	FEEDERS = 2,
	BATCH = 4,
	HOSTILE_ROUNDS = 1500,
	HOSTILE_CALLS = 12,
	LIVE_CALLS = 3000,
};

struct play {
	char name[LIB_NAME_BYTES];
	mipc_queue *queue; /* the parent's */
	struct mipc_lease lease;
	_Atomic unsigned *step;
	uint32_t spin_us;
	uint64_t timeout_ns;
	unsigned index;
	_Atomic unsigned *done; /* by task: how often */
	uint64_t seed;
};

static void begin(struct play *play, uint32_t dead_letter_after)
{
	const struct mipc_options options = {
		.dead_letter_after = dead_letter_after};

	lib_name(play->name);
	play->step = lib_shared(sizeof(*play->step));
	WANT(mipc_queue_create(play->name, 1, &options, &play->queue), 0);
}

static void end(struct play *play)
{
	WANT(mipc_queue_check(play->queue), 0);
	mipc_queue_close(play->queue);
	WANT(mipc_queue_unlink(play->name), 0);
}

static void put(mipc_queue *queue, uint64_t number)
{
	uint8_t body[BODY_BYTES];

	lib_fill(body, sizeof(body), number);
	WANT(mipc_queue_put(queue, body, sizeof(body), LIB_PATIENCE_NS), 0);
}

static void want_get(mipc_queue *queue, uint64_t number)
{
	uint8_t body[BODY_BYTES];
	size_t len;

	WANT(mipc_queue_get(queue, body, sizeof(body), LIB_PATIENCE_NS, &len),
		0);
	WANT(len, BODY_BYTES);
	WANT_TRUE(lib_matches(body, len, number));
}

static struct mipc_lease acquire(
	mipc_queue *queue, uint64_t number, unsigned returns)
{
	struct mipc_lease lease;

	WANT(mipc_queue_acquire(queue, LIB_PATIENCE_NS, &lease), 0);
	WANT(lease.returns, returns);
	WANT_TRUE(lib_matches(lease.data, lease.len, number));
	return lease;
}

static struct mipc_lease reserve(mipc_queue *queue, uint64_t number)
{
	struct mipc_lease lease;

	WANT(mipc_queue_reserve(queue, BODY_BYTES, LIB_PATIENCE_NS, &lease), 0);
	lib_fill(lease.data, lease.len, number);
	return lease;
}

static mipc_queue *attach(const struct play *play)
{
	const struct mipc_options options = {.spin_us = play->spin_us};
	mipc_queue *queue;

	WANT(mipc_queue_open(play->name, &options, &queue), 0);
	return queue;
}

static void use_parents(void *arg)
{
	static int (*const calls[])(
		mipc_queue * queue, struct mipc_lease * lease) = {
		mipc_queue_commit,
		mipc_queue_abort,
		mipc_queue_release,
		mipc_queue_return,
	};
	struct play *play = arg;

	for (size_t i = 0; i < COUNT(calls); i++) {
		struct mipc_lease copy = play->lease;

		WANT(calls[i](play->queue, &copy), -EINVAL);
	}
	/* Its own it may have, with the same handle. */
	put(play->queue, 7);
	play->lease = acquire(play->queue, 7, 0);
	WANT(mipc_queue_release(play->queue, &play->lease), 0);
	mipc_queue_close(play->queue);
}

START_TEST(test_queue_lease_peer_of_the_parent_is_refused_in_a_child)
{
	struct play play = {0};

	begin(&play, 0);
	play.lease = reserve(play.queue, 1);
	lib_join(lib_spawn(use_parents, &play));
	WANT(mipc_queue_commit(play.queue, &play.lease), 0);
	play.lease = acquire(play.queue, 1, 0);
	lib_join(lib_spawn(use_parents, &play));
	WANT_TRUE(lib_matches(play.lease.data, play.lease.len, 1));
	WANT(mipc_queue_release(play.queue, &play.lease), 0);
	end(&play);
}
END_TEST

static void hold_leases(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = attach(play);

	(void)acquire(queue, 0, play->index);
	(void)reserve(queue, 100);
	lib_step(play->step, 1 + play->index);
	lib_sleep_for_ever();
}

/* Whatever the survivor's way to wait: in the end it gets the message. */
START_TEST(test_queue_lease_peer_holder_killed_goes_to_another)
{
	static const struct {
		uint32_t spin_us;
		uint64_t timeout_ns;
	} ways[] = {
		{0, LIB_PATIENCE_NS},
		{MIPC_SPIN_NEVER, LIB_PATIENCE_NS},
		{MIPC_SPIN_ALWAYS, LIB_PATIENCE_NS},
		{MIPC_SPIN_ALWAYS, 1000000},
		{0, 20000},
		{0, 0},
	};

	for (size_t i = 0; i < COUNT(ways); i++) {
		struct play play = {.spin_us = ways[i].spin_us};
		uint64_t deadline_ns;
		mipc_queue *queue;
		pid_t child;
		int rc;

		begin(&play, 0);
		queue = attach(&play);
		put(play.queue, 0);
		child = lib_spawn(hold_leases, &play);
		lib_await(play.step, 1);
		put(play.queue, 1);
		want_get(queue, 1);
		lib_kill(child);
		deadline_ns = lib_now_ns() + LIB_PATIENCE_NS;
		do
			rc = mipc_queue_acquire(
				queue, ways[i].timeout_ns, &play.lease);
		while (rc && lib_now_ns() < deadline_ns);
		WANT(rc, 0);
		WANT(play.lease.returns, 1);
		WANT_TRUE(lib_matches(play.lease.data, play.lease.len, 0));
		WANT(mipc_queue_release(queue, &play.lease), 0);
		/* The reservation is no message, and in nobody's way. */
		WANT(mipc_queue_acquire(queue, LIB_BRIEF_NS, &play.lease),
			-ETIMEDOUT);
		WANT(mipc_queue_size(queue), 0);
		mipc_queue_close(queue);
		end(&play);
	}
}
END_TEST

START_TEST(test_queue_lease_peer_killers_message_is_a_dead_letter)
{
	struct play play = {0};
	uint8_t body[BODY_BYTES];
	size_t len;

	begin(&play, 3);
	put(play.queue, 0);
	for (play.index = 0; play.index < 3; play.index++) {
		pid_t child = lib_spawn(hold_leases, &play);

		lib_await(play.step, 1 + play.index);
		lib_kill(child);
	}
	put(play.queue, 1);
	want_get(play.queue, 1);
	WANT(mipc_queue_get(
		     play.queue, body, sizeof(body), LIB_BRIEF_NS * 10, &len),
		-ETIMEDOUT);
	WANT(mipc_queue_get_dead(
		     play.queue, body, sizeof(body), LIB_PATIENCE_NS, &len),
		0);
	WANT_TRUE(lib_matches(body, len, 0));
	WANT_TRUE(mipc_queue_empty(play.queue));
	end(&play);
}
END_TEST

/* A handle that is closed is as good as dead, and its slot may have a new owner
 * who is not taken for the old one. */
START_TEST(test_queue_lease_peer_closed_holder_goes_to_another)
{
	struct play play = {0};
	mipc_queue *other;

	begin(&play, 0);
	put(play.queue, 0);
	other = attach(&play);
	(void)acquire(other, 0, 0);
	(void)reserve(other, 1);
	mipc_queue_close(other);
	other = attach(&play);
	play.lease = acquire(other, 0, 1);
	WANT(mipc_queue_release(other, &play.lease), 0);
	WANT(mipc_queue_acquire(other, LIB_BRIEF_NS * 10, &play.lease),
		-ETIMEDOUT);
	WANT_TRUE(mipc_queue_empty(other));
	mipc_queue_close(other);
	end(&play);
}
END_TEST

static void reserve_all_and_hang(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = attach(play);
	struct mipc_lease lease;

	WANT(mipc_queue_reserve(
		     queue, (size_t)mipc_queue_max_len(queue), 0, &lease),
		0);
	lib_step(play->step, 1);
	lib_sleep_for_ever();
}

START_TEST(test_queue_lease_peer_killed_reservation_makes_room)
{
	struct play play = {0};
	uint8_t body[1] = {0};
	pid_t child;

	begin(&play, 0);
	child = lib_spawn(reserve_all_and_hang, &play);
	lib_await(play.step, 1);
	WANT(mipc_queue_put(play.queue, body, 1, LIB_BRIEF_NS), -ETIMEDOUT);
	lib_kill(child);
	put(play.queue, 3); /* without any consumer there */
	want_get(play.queue, 3);
	end(&play);
}
END_TEST

static void wait_for_messages(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = attach(play);
	struct mipc_lease lease;

	lib_step(play->step, 1);
	lease = acquire(queue, 0, 0);
	WANT(mipc_queue_release(queue, &lease), 0);
	lib_step(play->step, 2);
	lease = acquire(queue, 1, 1);
	WANT(mipc_queue_release(queue, &lease), 0);
	mipc_queue_close(queue);
}

START_TEST(test_queue_lease_peer_commit_and_return_wake_a_sleeper)
{
	struct play play = {.spin_us = MIPC_SPIN_NEVER};
	pid_t child;

	begin(&play, 0);
	play.lease = reserve(play.queue, 0);
	child = lib_spawn(wait_for_messages, &play);
	lib_await(play.step, 1);
	lib_sleep_us(3000);
	WANT(mipc_queue_commit(play.queue, &play.lease), 0);
	lib_await(play.step, 2);
	/* While it cannot be the first, we are. */
	play.lease = reserve(play.queue, 1);
	lib_sleep_us(3000);
	lib_stop(child);
	WANT(mipc_queue_commit(play.queue, &play.lease), 0);
	play.lease = acquire(play.queue, 1, 0);
	WANT(kill(child, SIGCONT), 0);
	lib_sleep_us(3000);
	WANT(mipc_queue_return(play.queue, &play.lease), 0);
	lib_join(child);
	WANT_TRUE(mipc_queue_empty(play.queue));
	end(&play);
}
END_TEST

static void wait_for_room(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = attach(play);

	atomic_fetch_add(play->step, 1);
	put(queue, 1);
	mipc_queue_close(queue);
}

START_TEST(test_queue_lease_peer_release_wakes_producers)
{
	struct play play = {.spin_us = MIPC_SPIN_NEVER};
	pid_t children[3];
	size_t max;

	begin(&play, 0);
	max = (size_t)mipc_queue_max_len(play.queue);
	WANT(mipc_queue_reserve(play.queue, max, 0, &play.lease), 0);
	WANT(mipc_queue_commit(play.queue, &play.lease), 0);
	WANT(mipc_queue_acquire(play.queue, 0, &play.lease), 0);
	for (size_t i = 0; i < COUNT(children); i++)
		children[i] = lib_spawn(wait_for_room, &play);
	lib_await(play.step, COUNT(children));
	lib_sleep_us(3000);
	WANT(mipc_queue_size(play.queue), 1);
	WANT(mipc_queue_release(play.queue, &play.lease), 0);
	for (size_t i = 0; i < COUNT(children); i++)
		lib_join(children[i]);
	for (size_t i = 0; i < COUNT(children); i++)
		want_get(play.queue, 1);
	end(&play);
}
END_TEST

struct task {
	uint32_t number;
	uint8_t body[BODY_BYTES];
};

static size_t task_bytes(uint32_t number)
{
	return sizeof(uint32_t) + number % BODY_BYTES;
}

static void feed(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = attach(play);

	for (uint32_t i = play->index; i < TASKS; i += FEEDERS) {
		struct mipc_lease lease;
		struct task task = {.number = i};

		lib_fill(task.body, i % BODY_BYTES, i);
		if (i % 3 == 0) {
			WANT(mipc_queue_put(queue, &task, task_bytes(i),
				     LIB_PATIENCE_NS),
				0);
			continue;
		}
		WANT(mipc_queue_reserve(
			     queue, task_bytes(i), LIB_PATIENCE_NS, &lease),
			0);
		if (i % 5 == 0) {
			/* Thought better of it, and again. */
			WANT(mipc_queue_abort(queue, &lease), 0);
			WANT(mipc_queue_reserve(queue, task_bytes(i),
				     LIB_PATIENCE_NS, &lease),
				0);
		}
		memcpy(lease.data, &task, task_bytes(i));
		WANT(mipc_queue_commit(queue, &lease), 0);
	}
	mipc_queue_close(queue);
}

/* Returns whether it was a task; else it was the end. */
static bool work_on(
	struct play *play, mipc_queue *queue, struct mipc_lease *lease)
{
	uint32_t number;
	const uint8_t *body = lease->data;

	if (lease->len == 0) {
		WANT(mipc_queue_release(queue, lease), 0);
		return false;
	}
	memcpy(&number, body, sizeof(number));
	WANT_TRUE(number < TASKS);
	WANT(lease->len, task_bytes(number));
	WANT_TRUE(lib_matches(
		body + sizeof(number), lease->len - sizeof(number), number));
	if (lib_random(&play->seed) % 8 == 0 && lease->returns < 10) {
		WANT(mipc_queue_return(queue, lease), 0);
		return true;
	}
	atomic_fetch_add(&play->done[number], 1);
	WANT(mipc_queue_release(queue, lease), 0);
	return true;
}

static void work(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = attach(play);
	bool more = true;

	while (more) {
		struct mipc_lease leases[BATCH];
		int count = mipc_queue_acquire_batch(queue, leases,
			1 + (unsigned)(lib_random(&play->seed) % BATCH),
			LIB_PATIENCE_NS);

		WANT_TRUE(count > 0);
		for (int i = 0; i < count; i++) {
			/* One end for each of us. */
			if (!more && leases[i].len == 0)
				WANT(mipc_queue_return(queue, &leases[i]), 0);
			else if (!work_on(play, queue, &leases[i]))
				more = false;
		}
	}
	mipc_queue_close(queue);
}

START_TEST(test_queue_lease_peer_many_do_each_task_once)
{
	struct play play = {.seed = lib_seed("lease tasks")};
	pid_t feeders[FEEDERS], workers[WORKERS];

	begin(&play, 0);
	play.done = lib_shared(TASKS * sizeof(*play.done));
	for (play.index = 0; play.index < WORKERS; play.index++) {
		(void)lib_random(&play.seed);
		workers[play.index] = lib_spawn(work, &play);
	}
	for (play.index = 0; play.index < FEEDERS; play.index++)
		feeders[play.index] = lib_spawn(feed, &play);
	for (unsigned i = 0; i < FEEDERS; i++)
		lib_join(feeders[i]);
	/* A task that is given back late comes behind an end: so not before
	 * all are done. */
	for (unsigned i = 0; i < TASKS; i++)
		lib_await(&play.done[i], 1);
	for (unsigned i = 0; i < WORKERS; i++)
		WANT(mipc_queue_put(play.queue, NULL, 0, LIB_PATIENCE_NS), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		lib_join(workers[i]);
	for (unsigned i = 0; i < TASKS; i++)
		WANT(play.done[i], 1);
	WANT(mipc_queue_clear(play.queue, LIB_PATIENCE_NS), 0);
	WANT_TRUE(mipc_queue_empty(play.queue));
	end(&play);
}
END_TEST

static const int answers[] = {
	0, -EAGAIN, -ETIMEDOUT, -EMSGSIZE, -EBADMSG, -EINVAL};

static void want_answer(const char *call, int rc, uint64_t round)
{
	for (size_t i = 0; i < COUNT(answers); i++)
		if (rc == answers[i] || rc > 0)
			return;
	lib_fail("round %llu: %s returns %d (%s)", (unsigned long long)round,
		call, rc, mipc_strerror(rc));
}

#define ANSWER(call) want_answer(#call, call, round)

/* Anything into words of control block and data. */
static void scribble(struct lib_view *view, uint64_t *seed, unsigned words)
{
	uint64_t capacity = view->data_bytes;

	while (words--) {
		uint64_t r = lib_random(seed);
		const uint64_t values[] = {0, 8, capacity, UINT64_MAX, r,
			r % capacity & ~7ull, (r % capacity) << 8 | r % 6,
			(capacity - 8) << 8 | r % 6, (r % 64) << 46 | 0x2803,
			(r % 64) << 46 | 0x2802, r << 60 | 0x2805, 0x2804};
		bool data = lib_random(seed) % 4;
		size_t from = data ? view->bytes - view->data_bytes
				   : offsetof(struct mipc_segment, queue);
		size_t bytes = data ? view->data_bytes / (1 + r % 8)
				    : sizeof(struct mipc_queue_control);

		from += lib_random(seed) % (bytes / 8) * 8;
		atomic_store_explicit(
			(_Atomic uint64_t *)(void *)((uint8_t *)view->shared +
						     from),
			values[lib_random(seed) % COUNT(values)],
			memory_order_relaxed);
	}
}

/* What may be held at once. Data are touched as far as the lease says. */
struct holdings {
	struct mipc_lease leases[BATCH];
	uint8_t buffer[4096];
};

static void touch(struct mipc_lease *lease)
{
	if (lease->data && lease->len)
		memset(lease->data, 0x2a, lease->len);
}

static void call_any(mipc_queue *queue, struct holdings *holdings,
	uint64_t *seed, uint64_t round)
{
	uint64_t timeout_ns = round % 8 ? 0 : 200000;
	struct mipc_lease *lease = &holdings->leases[lib_random(seed) % BATCH];
	struct mipc_lease batch[BATCH] = {0};
	size_t len;

	switch (lib_random(seed) % 10) {
	case 0:
	case 1:
		ANSWER(mipc_queue_reserve(
			queue, lib_random(seed) % 500, timeout_ns, lease));
		touch(lease);
		break;
	case 2:
		ANSWER(mipc_queue_commit(queue, lease));
		break;
	case 3:
		ANSWER(mipc_queue_abort(queue, lease));
		break;
	case 4:
	case 5:
		ANSWER(mipc_queue_acquire(queue, timeout_ns, lease));
		touch(lease);
		break;
	case 6:
		ANSWER(mipc_queue_release(queue, lease));
		break;
	case 7:
		ANSWER(mipc_queue_return(queue, lease));
		break;
	case 8:
		ANSWER(mipc_queue_acquire_batch(
			queue, batch, BATCH, timeout_ns));
		for (size_t i = 0; i < BATCH; i++)
			touch(&batch[i]);
		ANSWER(mipc_queue_release_batch(queue, batch, BATCH));
		break;
	default:
		ANSWER(mipc_queue_get_dead(queue, holdings->buffer,
			sizeof(holdings->buffer), timeout_ns, &len));
	}
}

START_TEST(test_queue_lease_peer_scribbled_between_calls_answers)
{
	uint64_t seed = lib_seed("hostile lease");
	static struct holdings holdings;
	struct play play = {0};

	for (uint64_t round = 0; round < HOSTILE_ROUNDS; round++) {
		struct lib_view view;

		memset(&holdings, 0, sizeof(holdings));
		begin(&play, (uint32_t)(round % 4));
		lib_view_open(&view, play.name);
		for (unsigned i = 0; i < HOSTILE_CALLS; i++)
			call_any(play.queue, &holdings, &seed, round);
		for (unsigned i = 0; i < HOSTILE_CALLS; i++) {
			scribble(&view, &seed, 1 + i % 4);
			call_any(play.queue, &holdings, &seed, round);
		}
		lib_view_close(&view);
		mipc_queue_close(play.queue);
		WANT(mipc_queue_unlink(play.name), 0);
	}
}
END_TEST

static void scribble_for_ever(void *arg)
{
	struct play *play = arg;
	struct lib_view view;

	lib_view_open(&view, play->name);
	lib_step(play->step, 1);
	for (;;) {
		scribble(&view, &play->seed, 8);
		lib_sleep_us(20);
	}
}

START_TEST(test_queue_lease_peer_under_a_live_scribbler_answers)
{
	struct play play = {.seed = lib_seed("live lease")};
	static struct holdings holdings;
	uint64_t seed = play.seed;
	pid_t child;

	begin(&play, 2);
	child = lib_spawn(scribble_for_ever, &play);
	lib_await(play.step, 1);
	for (uint64_t round = 0; round < LIVE_CALLS; round++) {
		call_any(play.queue, &holdings, &seed, round);
		if (round % 8 != 7)
			continue;
		mipc_queue_close(play.queue);
		memset(&holdings, 0, sizeof(holdings));
		play.queue = attach(&play);
	}
	lib_kill(child);
	mipc_queue_close(play.queue);
	WANT(mipc_queue_unlink(play.name), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_queue_lease_peer_of_the_parent_is_refused_in_a_child,
		test_queue_lease_peer_holder_killed_goes_to_another,
		test_queue_lease_peer_killers_message_is_a_dead_letter,
		test_queue_lease_peer_closed_holder_goes_to_another,
		test_queue_lease_peer_killed_reservation_makes_room,
		test_queue_lease_peer_commit_and_return_wake_a_sleeper,
		test_queue_lease_peer_release_wakes_producers,
		test_queue_lease_peer_many_do_each_task_once,
		test_queue_lease_peer_scribbled_between_calls_answers,
		test_queue_lease_peer_under_a_live_scribbler_answers,
	};

	return LIB_MAIN("queue_lease_peer", tests);
}
