/* test_queue_peer.c - the queue between processes: order per producer, exactly
 * once, waking, forks, and holders of its locks that are stopped or killed.
 */
#include "lib_stage.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <mmapipc/queue.h>

#include "event.h"
#include "lock.h"
#include "platform.h"
#include "segment.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	PRODUCERS = 2,
	CONSUMERS = 2,
	PER_PRODUCER = 20000,
	BATCH = 8,
};

/* What the processes of one test share. */
struct notes {
	_Atomic unsigned step;
	_Atomic unsigned received;
	_Atomic unsigned char seen[PRODUCERS][PER_PRODUCER];
};

struct play {
	char name[LIB_NAME_BYTES];
	mipc_queue *queue; /* of the test itself */
	struct mipc_options options;
	unsigned batch;
	unsigned index; /* of a child */
	bool unnoticed; /* a holder of whose death the kernel tells nobody */
	bool uncounted; /* a holder that did not come to count what it did */
	struct notes *notes;
};

static void play_open(struct play *play)
{
	memset(play, 0, sizeof(*play));
	lib_name(play->name);
	WANT(mipc_queue_create(play->name, 1, NULL, &play->queue), 0);
	play->notes = lib_shared(sizeof(*play->notes));
}

static void play_close(struct play *play)
{
	WANT(mipc_queue_check(play->queue), 0);
	mipc_queue_close(play->queue);
	WANT(mipc_queue_unlink(play->name), 0);
}

static void produce(void *arg)
{
	struct play *play = arg;
	struct lib_message messages[BATCH];
	struct iovec batch[BATCH];
	mipc_queue *queue;
	uint32_t number = 0;

	WANT(mipc_queue_open(play->name, &play->options, &queue), 0);
	while (number < PER_PRODUCER) {
		unsigned count = 0;
		int rc;

		for (; count < play->batch && number + count < PER_PRODUCER;
			count++)
			batch[count] = (struct iovec){&messages[count],
				lib_message_make(&messages[count], play->index,
					number + count)};
		rc = count == 1 ? mipc_queue_put(queue, batch[0].iov_base,
					  batch[0].iov_len, LIB_PATIENCE_NS)
				: mipc_queue_put_batch(
					  queue, batch, count, LIB_PATIENCE_NS);
		if (rc == 0 && count == 1)
			rc = 1;
		WANT_TRUE(rc > 0);
		number += (unsigned)rc;
	}
	mipc_queue_close(queue);
}

/* Once only, and behind the producer's earlier ones that came to us. */
static void note(struct play *play, const struct lib_message *message,
	uint32_t next[PRODUCERS])
{
	WANT_TRUE(
		message->sender < PRODUCERS && message->number < PER_PRODUCER);
	WANT_TRUE(message->number >= next[message->sender]);
	next[message->sender] = message->number + 1;
	WANT(atomic_fetch_add(
		     &play->notes->seen[message->sender][message->number], 1),
		0);
	atomic_fetch_add(&play->notes->received, 1);
}

static void consume(void *arg)
{
	struct play *play = arg;
	struct lib_message messages[BATCH];
	uint32_t next[PRODUCERS] = {0};
	mipc_queue *queue;

	WANT(mipc_queue_open(play->name, &play->options, &queue), 0);
	for (;;) {
		struct iovec batch[BATCH];
		int rc;

		for (unsigned i = 0; i < BATCH; i++)
			batch[i] = (struct iovec){
				&messages[i], sizeof(messages[i])};
		rc = play->batch > 1 ? mipc_queue_get_batch(queue, batch,
					       play->batch, 2000000)
				     : mipc_queue_get(queue, &messages[0],
					       sizeof(messages[0]), 2000000,
					       &batch[0].iov_len);
		if (rc == 0)
			rc = 1;
		if (rc == -ETIMEDOUT && atomic_load(&play->notes->received) ==
						PRODUCERS * PER_PRODUCER)
			break;
		if (rc == -ETIMEDOUT)
			continue;
		WANT_TRUE(rc > 0);
		for (int i = 0; i < rc; i++) {
			lib_message_check(&messages[i], batch[i].iov_len);
			note(play, &messages[i], next);
		}
	}
	mipc_queue_close(queue);
}

START_TEST(test_queue_between_processes_each_arrives_once_in_order)
{
	static const struct {
		unsigned batch;
		uint32_t spin_us;
	} ways[] = {
		{1, 0},
		{BATCH, 0},
		{1, MIPC_SPIN_NEVER},
		{BATCH, MIPC_SPIN_NEVER},
		{1, MIPC_SPIN_ALWAYS},
	};

	for (size_t i = 0; i < COUNT(ways); i++) {
		pid_t children[PRODUCERS + CONSUMERS];
		struct play play;

		play_open(&play);
		play.batch = ways[i].batch;
		play.options.spin_us = ways[i].spin_us;
		for (unsigned k = 0; k < COUNT(children); k++) {
			play.index = k;
			children[k] = lib_spawn(
				k < PRODUCERS ? produce : consume, &play);
		}
		for (unsigned k = 0; k < COUNT(children); k++)
			lib_join(children[k]);
		WANT(atomic_load(&play.notes->received),
			PRODUCERS * PER_PRODUCER);
		WANT_TRUE(mipc_queue_empty(play.queue));
		play_close(&play);
	}
}
END_TEST

static void get_one(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue;
	char byte;
	size_t len;

	WANT(mipc_queue_open(play->name, &play->options, &queue), 0);
	atomic_fetch_add(&play->notes->step, 1);
	WANT(mipc_queue_get(queue, &byte, 1, MIPC_FOREVER, &len), 0);
	mipc_queue_close(queue);
}

static void put_one(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue;

	WANT(mipc_queue_open(play->name, &play->options, &queue), 0);
	atomic_fetch_add(&play->notes->step, 1);
	WANT(mipc_queue_put(queue, "", 0, MIPC_FOREVER), 0);
	mipc_queue_close(queue);
}

START_TEST(test_queue_sleepers_all_wake)
{
	enum { SLEEPERS = 4 };

	for (unsigned lap = 0; lap < 10; lap++) {
		bool getters = lap % 2;
		pid_t children[SLEEPERS];
		struct play play;
		char byte;
		size_t len;

		play_open(&play);
		play.options.spin_us = MIPC_SPIN_NEVER;
		while (!getters && mipc_queue_put(play.queue, "", 0, 0) == 0)
			;
		for (unsigned i = 0; i < SLEEPERS; i++)
			children[i] =
				lib_spawn(getters ? get_one : put_one, &play);
		lib_await(&play.notes->step, SLEEPERS);
		lib_sleep_us(lap * 300);
		for (unsigned i = 0; i < SLEEPERS; i++) {
			if (getters)
				WANT(mipc_queue_put(play.queue, "x", 1, 0), 0);
			else
				WANT(mipc_queue_get(play.queue, &byte, 1,
					     MIPC_FOREVER, &len),
					0);
		}
		for (unsigned i = 0; i < SLEEPERS; i++)
			lib_join(children[i]);
		WANT(mipc_queue_empty(play.queue), getters);
		play_close(&play);
	}
}
END_TEST

START_TEST(test_queue_clear_wakes_all_who_wait_for_room)
{
	pid_t children[3];
	struct play play;

	play_open(&play);
	while (mipc_queue_put(play.queue, "", 0, 0) == 0)
		;
	for (unsigned i = 0; i < COUNT(children); i++)
		children[i] = lib_spawn(put_one, &play);
	lib_await(&play.notes->step, COUNT(children));
	WANT(mipc_queue_clear(play.queue, MIPC_FOREVER), 0);
	for (unsigned i = 0; i < COUNT(children); i++)
		lib_join(children[i]);
	WANT_TRUE(mipc_queue_size(play.queue) <= COUNT(children));
	play_close(&play);
}
END_TEST

static void use_copy(void *arg)
{
	struct play *play = arg;

	for (unsigned i = 0; i < 1000; i++)
		WANT(mipc_queue_put(
			     play->queue, &i, sizeof(i), LIB_PATIENCE_NS),
			0);
	lib_step(&play->notes->step, 1);
	if (play->index)
		lib_sleep_for_ever();
	mipc_queue_close(play->queue);
}

START_TEST(test_queue_copy_in_forked_child_works_beside_the_parent)
{
	for (unsigned killed = 0; killed < 2; killed++) {
		struct mipc_queue_info info;
		struct play play;
		pid_t child;

		play_open(&play);
		play.index = killed;
		child = lib_spawn(use_copy, &play);
		for (unsigned i = 0; i < 1000; i++) {
			unsigned got;
			size_t len;

			WANT(mipc_queue_get(play.queue, &got, sizeof(got),
				     LIB_PATIENCE_NS, &len),
				0);
			WANT(got, i);
		}
		lib_await(&play.notes->step, 1);
		if (killed)
			lib_kill(child);
		else
			lib_join(child);
		WANT(mipc_queue_inspect(play.queue, &info), 0);
		WANT(info.parties, 1);
		play_close(&play);
	}
}
END_TEST

/* In a child: hold a lock of the queue, as one that is killed in a call does. */
static void hold_lock(void *arg)
{
	struct play *play = arg;
	struct wait wait = {.timeout_ns = MIPC_FOREVER};
	struct segment segment = {0};
	struct mipc_queue_control *control;

	WANT(segment_open(&segment, play->name, MIPC_KIND_QUEUE, NULL), 0);
	control = &segment.shared->queue;
	WANT(lock_acquire(play->index ? &control->consumers.lock
				      : &control->producers.lock,
		     &segment, &wait),
		0);
	if (play->unnoticed)
		platform_retract();
	if (play->uncounted)
		atomic_fetch_sub(play->index ? &control->consumers.count
					     : &control->producers.count,
			1);
	lib_step(&play->notes->step, 1);
	lib_sleep_for_ever();
}

static pid_t spawn_holder(struct play *play, unsigned index)
{
	pid_t child;

	play->index = index;
	lib_step(&play->notes->step, 0);
	child = lib_spawn(hold_lock, play);
	lib_await(&play->notes->step, 1);
	return child;
}

START_TEST(test_queue_stopped_holder_is_waited_for_and_named)
{
	for (unsigned index = 0; index < 2; index++) {
		struct mipc_queue_info info;
		struct play play;
		pid_t child;
		char byte;
		size_t len;
		int rc;

		play_open(&play);
		WANT(mipc_queue_put(play.queue, "a", 1, 0), 0);
		child = spawn_holder(&play, index);
		lib_stop(child);
		WANT(mipc_queue_inspect(play.queue, &info), 0);
		WANT(info.producer_lock_holder, index ? 0 : child);
		WANT(info.consumer_lock_holder, index ? child : 0);
		/* Its own side waits; the other does not care. */
		rc = mipc_queue_put(play.queue, "b", 1, 2 * LIB_BRIEF_NS);
		WANT(rc, index ? 0 : -ETIMEDOUT);
		WANT(mipc_queue_put(play.queue, "c", 1, 0),
			index ? 0 : -EAGAIN);
		rc = mipc_queue_get(
			play.queue, &byte, 1, 2 * LIB_BRIEF_NS, &len);
		WANT(rc, index ? -ETIMEDOUT : 0);
		rc = mipc_queue_clear(play.queue, 2 * LIB_BRIEF_NS);
		WANT(rc, index ? -ETIMEDOUT : 0);
		WANT(mipc_queue_clear(play.queue, 0), index ? -EAGAIN : 0);
		WANT(mipc_queue_inspect(play.queue, &info), 0);
		WANT(info.recoveries, 0);
		lib_kill(child);
		play_close(&play);
	}
}
END_TEST

START_TEST(test_queue_killed_holder_is_replaced_and_counted)
{
	struct mipc_queue_info info;
	struct play play;

	play_open(&play);
	for (unsigned lap = 0; lap < 100; lap++) {
		char byte = 0;
		size_t len;

		lib_kill(spawn_holder(&play, lap % 2));
		WANT(mipc_queue_put(play.queue, "a", 1, MIPC_FOREVER), 0);
		WANT(mipc_queue_check(play.queue), 0);
		WANT(mipc_queue_get(play.queue, &byte, 1, MIPC_FOREVER, &len),
			0);
		WANT(byte, 'a');
		WANT(mipc_queue_check(play.queue), 0);
		WANT(mipc_queue_inspect(play.queue, &info), 0);
		WANT(info.recoveries, lap + 1);
		WANT(info.producer_lock_holder, 0);
		WANT(info.consumer_lock_holder, 0);
	}
	play_close(&play);
}
END_TEST

/* Behind its commit, before its count: the next one's count starts from there. */
START_TEST(test_queue_killed_before_the_count_is_counted_by_the_next)
{
	for (unsigned index = 0; index < 2; index++) {
		struct play play;
		char byte;
		size_t len;

		play_open(&play);
		play.uncounted = true;
		for (unsigned i = 0; i < 3; i++)
			WANT(mipc_queue_put(play.queue, "a", 1, 0), 0);
		WANT(mipc_queue_get(play.queue, &byte, 1, 0, &len), 0);
		lib_kill(spawn_holder(&play, index));
		WANT(mipc_queue_size(play.queue), 2);
		WANT(mipc_queue_put(play.queue, "b", 1, MIPC_FOREVER), 0);
		WANT(mipc_queue_get(play.queue, &byte, 1, MIPC_FOREVER, &len),
			0);
		WANT(mipc_queue_size(play.queue), 2);
		play_close(&play);
	}
}
END_TEST

START_TEST(test_queue_killed_holder_is_buried_by_the_next_to_open)
{
	for (unsigned index = 0; index < 2; index++) {
		struct play play;
		mipc_queue *other;
		char byte;
		size_t len;

		play_open(&play);
		play.unnoticed = true;
		WANT(mipc_queue_put(play.queue, "a", 1, 0), 0);
		lib_kill(spawn_holder(&play, index));
		WANT(mipc_queue_put(play.queue, "b", 1, 0),
			index ? 0 : -EAGAIN);
		WANT(mipc_queue_get(play.queue, &byte, 1, 0, &len),
			index ? -EAGAIN : 0);
		WANT(mipc_queue_open(play.name, NULL, &other), 0);
		WANT(mipc_queue_put(play.queue, "c", 1, 0), 0);
		WANT(mipc_queue_get(play.queue, &byte, 1, 0, &len), 0);
		mipc_queue_close(other);
		play_close(&play);
	}
}
END_TEST

/* What a reboot leaves in a file: words of those who were there before it, some
 * of whose numbers belong to others by now, and no byte lock at all. */
START_TEST(test_queue_left_locked_by_a_reboot_opens_free)
{
	static const uint32_t words[] = {
		1, 0x80000001, 0x1ffffff7, 0x20000001, 0x20000040, 0xc0000001};

	for (size_t i = 0; i < COUNT(words); i++) {
		struct play play;
		struct lib_view view;
		char byte;
		size_t len;

		play_open(&play);
		WANT(mipc_queue_put(play.queue, "a", 1, 0), 0);
		mipc_queue_close(play.queue);
		lib_view_open(&view, play.name);
		for (unsigned k = 0; k < MIPC_PARTY_COUNT; k++)
			atomic_store(&view.shared->parties[k].attached, k % 2);
		atomic_store(&view.shared->queue.producers.lock.word, words[i]);
		atomic_store(&view.shared->queue.consumers.lock.word, words[i]);
		lib_view_close(&view);
		WANT(mipc_queue_open(play.name, NULL, &play.queue), 0);
		WANT(mipc_queue_put(play.queue, "b", 1, 0), 0);
		WANT(mipc_queue_get(play.queue, &byte, 1, 0, &len), 0);
		WANT(byte, 'a');
		play_close(&play);
	}
}
END_TEST

START_TEST(test_queue_sleeper_goes_on_when_the_holder_is_killed)
{
	for (unsigned index = 0; index < 2; index++) {
		struct play play;
		pid_t holder, sleeper;

		play_open(&play);
		if (index)
			WANT(mipc_queue_put(play.queue, "x", 1, 0), 0);
		holder = spawn_holder(&play, index);
		sleeper = lib_spawn(index ? get_one : put_one, &play);
		lib_await(&play.notes->step, 2);
		lib_sleep_us(5000);
		lib_kill(holder);
		lib_join(sleeper);
		WANT(mipc_queue_size(play.queue), index ? 0 : 1);
		play_close(&play);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_queue_between_processes_each_arrives_once_in_order,
		test_queue_sleepers_all_wake,
		test_queue_clear_wakes_all_who_wait_for_room,
		test_queue_copy_in_forked_child_works_beside_the_parent,
		test_queue_stopped_holder_is_waited_for_and_named,
		test_queue_killed_holder_is_replaced_and_counted,
		test_queue_killed_before_the_count_is_counted_by_the_next,
		test_queue_killed_holder_is_buried_by_the_next_to_open,
		test_queue_left_locked_by_a_reboot_opens_free,
		test_queue_sleeper_goes_on_when_the_holder_is_killed,
	};

	return LIB_MAIN("queue_peer", tests);
}
