/* test_queue_kill.c - a process is killed again and again, some microseconds into
 * a loop of calls, while a producer and a consumer go on.
 *
 * The ledger, in memory that survives the dead: what each producer began to put
 * and what it was told was put; what the consumers got. A put that returned is
 * delivered, one that was killed may be; nothing twice, nothing out of order,
 * nothing torn. A consumer that dies takes at most its last call's messages with
 * it. After each death the queue passes its own check, and the others move on.
 */
#include "lib_stage.h"

#include <errno.h>
#include <stdio.h>

#include <mmapipc/queue.h>

enum {
	KILLS = 50, /* of each kind of victim */
	BATCH = 8,
	STEADY =
		KILLS, /* the producer that lives; the others are 0 to KILLS-1 */
	SENDERS = KILLS + 1,
	/* Messages, so that the ledger has an end: of a victim, and of the
	 * steady producer per victim, while it lives and when it is dead. */
	VICTIM_MAX = 1 << 14,
	WHILE_ALIVE = 40000,
	WHEN_DEAD = 1000,
	STEADY_MAX = KILLS * (WHILE_ALIVE + WHEN_DEAD) + BATCH,
	DELAY_MAX_US = 600,
	PROGRESS = 20, /* messages that the others move after a death */
	/* Short, so that a pause is heard of soon. */
	TIMEOUT_NS = 1000000,
};

struct ledger {
	_Atomic unsigned victims;	   /* that are in their loop, ever */
	_Atomic unsigned pause;		   /* asked for */
	_Atomic unsigned paused;	   /* how many do */
	_Atomic unsigned ended;		   /* no more is put */
	_Atomic unsigned got;		   /* by the consumer that lives */
	_Atomic uint32_t allowed[SENDERS]; /* messages to put */
	_Atomic uint32_t begun[SENDERS];
	_Atomic uint32_t acked[SENDERS];
	_Atomic unsigned char seen[KILLS][VICTIM_MAX];
	_Atomic unsigned char seen_steady[STEADY_MAX];
};

struct play {
	char name[LIB_NAME_BYTES];
	mipc_queue *queue; /* of the test itself, which only looks */
	struct ledger *ledger;
	unsigned sender; /* of a victim */
	unsigned batch;
};

/* Where it may be paused. */
static void between_calls(struct ledger *ledger)
{
	if (!atomic_load(&ledger->pause))
		return;
	atomic_fetch_add(&ledger->paused, 1);
	while (atomic_load(&ledger->pause))
		lib_sleep_us(20);
	atomic_fetch_sub(&ledger->paused, 1);
}

static mipc_queue *attach(struct play *play)
{
	/* Every second sender sleeps at once. */
	const struct mipc_options options = {
		.spin_us = play->sender % 2 ? MIPC_SPIN_NEVER : 0};
	mipc_queue *queue;

	WANT(mipc_queue_open(play->name, &options, &queue), 0);
	return queue;
}

/* One call that puts. */
static void put_some(struct play *play, mipc_queue *queue)
{
	struct ledger *ledger = play->ledger;
	uint32_t number = atomic_load(&ledger->acked[play->sender]);
	struct lib_message messages[BATCH];
	struct iovec batch[BATCH];
	int rc;

	for (unsigned i = 0; i < play->batch; i++)
		batch[i] = (struct iovec){
			&messages[i], lib_message_make(&messages[i],
					      play->sender, number + i)};
	atomic_store(&ledger->begun[play->sender], number + play->batch);
	if (play->batch > 1) {
		rc = mipc_queue_put_batch(
			queue, batch, play->batch, TIMEOUT_NS);
	} else {
		rc = mipc_queue_put(
			queue, &messages[0], batch[0].iov_len, TIMEOUT_NS);
		rc = rc ? rc : 1;
	}
	if (rc == -ETIMEDOUT)
		rc = 0;
	WANT_TRUE(rc >= 0);
	atomic_store(&ledger->acked[play->sender], number + (uint32_t)rc);
	atomic_store(&ledger->begun[play->sender], number + (uint32_t)rc);
}

static void produce(void *arg)
{
	struct play *play = arg;
	struct ledger *ledger = play->ledger;
	mipc_queue *queue = attach(play);

	atomic_fetch_add(&ledger->victims, play->sender != STEADY);
	while (!atomic_load(&ledger->ended)) {
		if (play->sender == STEADY)
			between_calls(ledger);
		if (atomic_load(&ledger->acked[play->sender]) <
			atomic_load(&ledger->allowed[play->sender]))
			put_some(play, queue);
		else
			lib_sleep_us(50);
	}
	mipc_queue_close(queue);
}

static void note(struct ledger *ledger, const struct lib_message *message,
	size_t len, uint32_t next[SENDERS])
{
	uint32_t sender = message->sender, number = message->number;

	lib_message_check(message, len);
	WANT_TRUE(sender < SENDERS);
	WANT_TRUE(number < (sender == STEADY ? STEADY_MAX : VICTIM_MAX));
	/* In order, as far as this consumer sees. */
	WANT_TRUE(number >= next[sender]);
	next[sender] = number + 1;
	WANT(atomic_exchange(sender == STEADY ? &ledger->seen_steady[number]
					      : &ledger->seen[sender][number],
		     1),
		0);
}

/* One call that gets. Returns how many. */
static int get_some(
	struct play *play, mipc_queue *queue, uint32_t next[SENDERS])
{
	struct lib_message messages[BATCH];
	struct iovec batch[BATCH];
	int rc;

	for (unsigned i = 0; i < BATCH; i++)
		batch[i] = (struct iovec){&messages[i], sizeof(messages[i])};
	if (play->batch > 1) {
		rc = mipc_queue_get_batch(
			queue, batch, play->batch, TIMEOUT_NS);
	} else {
		rc = mipc_queue_get(queue, &messages[0], sizeof(messages[0]),
			TIMEOUT_NS, &batch[0].iov_len);
		rc = rc ? rc : 1;
	}
	if (rc == -ETIMEDOUT)
		rc = 0;
	WANT_TRUE(rc >= 0);
	for (int i = 0; i < rc; i++)
		note(play->ledger, &messages[i], batch[i].iov_len, next);
	return rc;
}

/* The consumer that lives. Ends when all has been put and taken. */
static void consume(void *arg)
{
	struct play *play = arg;
	struct ledger *ledger = play->ledger;
	uint32_t next[SENDERS] = {0};
	mipc_queue *queue = attach(play);

	for (;;) {
		bool last = atomic_load(&ledger->ended) > 1;
		int rc;

		between_calls(ledger);
		rc = get_some(play, queue, next);
		atomic_fetch_add(&ledger->got, (unsigned)rc);
		if (last && rc == 0)
			break;
	}
	mipc_queue_close(queue);
}

static void consume_as_victim(void *arg)
{
	struct play *play = arg;
	uint32_t next[SENDERS] = {0};
	mipc_queue *queue = attach(play);

	atomic_fetch_add(&play->ledger->victims, 1);
	for (;;)
		get_some(play, queue, next);
}

static void clear_as_victim(void *arg)
{
	struct play *play = arg;
	mipc_queue *queue = attach(play);

	atomic_fetch_add(&play->ledger->victims, 1);
	for (;;) {
		int err = mipc_queue_clear(queue, TIMEOUT_NS);

		WANT_TRUE(err == 0 || err == -ETIMEDOUT);
	}
}

/* Dies while it opens, puts one, or closes. */
static void attach_as_victim(void *arg)
{
	struct play *play = arg;

	atomic_fetch_add(&play->ledger->victims, 1);
	for (;;) {
		mipc_queue *queue = attach(play);

		put_some(play, queue);
		mipc_queue_close(queue);
	}
}

/* All others stand still; the queue must be in order. */
static void check_at_rest(struct play *play)
{
	struct ledger *ledger = play->ledger;
	uint64_t deadline_ns = lib_now_ns() + LIB_PATIENCE_NS;

	atomic_store(&ledger->pause, 1);
	lib_await(&ledger->paused, 2);
	WANT(mipc_queue_check(play->queue), 0);
	atomic_store(&ledger->pause, 0);
	while (atomic_load(&ledger->paused)) {
		WANT_TRUE(lib_now_ns() < deadline_ns);
		lib_sleep_us(20);
	}
}

static void others_move_on(struct play *play)
{
	struct ledger *ledger = play->ledger;
	uint64_t deadline_ns = lib_now_ns() + LIB_PATIENCE_NS;
	unsigned got = atomic_load(&ledger->got);
	uint32_t acked = atomic_load(&ledger->acked[STEADY]);

	atomic_fetch_add(&ledger->allowed[STEADY], WHEN_DEAD);
	while (atomic_load(&ledger->got) - got < PROGRESS ||
		atomic_load(&ledger->acked[STEADY]) - acked < PROGRESS) {
		WANT_TRUE(lib_now_ns() < deadline_ns);
		lib_sleep_us(20);
	}
}

/* What a producer was told was put is there, and at most one call more.
 * Returns how many of the former are missing. */
static uint32_t count_missing(struct ledger *ledger, unsigned sender)
{
	_Atomic unsigned char *seen =
		sender == STEADY ? ledger->seen_steady : ledger->seen[sender];
	uint32_t acked = atomic_load(&ledger->acked[sender]);
	uint32_t begun = atomic_load(&ledger->begun[sender]);
	uint32_t missing = 0;

	for (uint32_t i = 0; i < acked; i++)
		missing += !atomic_load(&seen[i]);
	if (sender != STEADY)
		for (uint32_t i = begun; i < VICTIM_MAX; i++)
			WANT(atomic_load(&seen[i]), 0);
	return missing;
}

/* @lost_max: messages that a death may take with it; UINT32_MAX: any number. */
static void kill_again_and_again(const char *what, void (*victim)(void *),
	unsigned batch, uint32_t lost_max)
{
	struct play play = {.batch = batch};
	uint64_t seed = lib_seed(what);
	struct mipc_queue_info info;
	uint32_t missing = 0;
	pid_t producer, consumer;

	lib_name(play.name);
	WANT(mipc_queue_create(play.name, 1 << 16, NULL, &play.queue), 0);
	play.ledger = lib_shared(sizeof(*play.ledger));
	play.sender = STEADY;
	producer = lib_spawn(produce, &play);
	consumer = lib_spawn(consume, &play);
	for (play.sender = 0; play.sender < KILLS; play.sender++) {
		pid_t pid;

		atomic_store(
			&play.ledger->allowed[play.sender], VICTIM_MAX - BATCH);
		atomic_fetch_add(&play.ledger->allowed[STEADY], WHILE_ALIVE);
		pid = lib_spawn(victim, &play);
		lib_await(&play.ledger->victims, play.sender + 1);
		lib_sleep_us((unsigned)(lib_random(&seed) % DELAY_MAX_US));
		lib_kill(pid);
		others_move_on(&play);
		check_at_rest(&play);
	}
	lib_step(&play.ledger->ended, 1);
	lib_join(producer);
	lib_step(&play.ledger->ended, 2);
	lib_join(consumer);
	for (unsigned i = 0; i < SENDERS && lost_max != UINT32_MAX; i++)
		missing += count_missing(play.ledger, i);
	if (lost_max != UINT32_MAX && missing > lost_max * KILLS)
		lib_fail("%u messages lost, more than %u by each of %u deaths",
			missing, lost_max, KILLS);
	WANT(mipc_queue_size(play.queue), 0);
	WANT(mipc_queue_inspect(play.queue, &info), 0);
	WANT(info.parties, 1);
	printf("%s: %d killed, %llu of them with a lock, %u messages, "
	       "%u lost\n",
		what, KILLS, (unsigned long long)info.recoveries,
		atomic_load(&play.ledger->got), missing);
	mipc_queue_close(play.queue);
	WANT(mipc_queue_unlink(play.name), 0);
}

START_TEST(test_queue_kill_in_put_loses_nothing)
{
	kill_again_and_again("kill in put", produce, 1, 0);
}
END_TEST

START_TEST(test_queue_kill_in_put_batch_loses_nothing)
{
	kill_again_and_again("kill in put_batch", produce, BATCH, 0);
}
END_TEST

START_TEST(test_queue_kill_in_get_loses_what_was_taken)
{
	kill_again_and_again("kill in get", consume_as_victim, 1, 1);
}
END_TEST

START_TEST(test_queue_kill_in_get_batch_loses_what_was_taken)
{
	kill_again_and_again(
		"kill in get_batch", consume_as_victim, BATCH, BATCH);
}
END_TEST

START_TEST(test_queue_kill_in_clear_harms_nobody)
{
	kill_again_and_again("kill in clear", clear_as_victim, 1, UINT32_MAX);
}
END_TEST

START_TEST(test_queue_kill_in_open_and_close_loses_nothing)
{
	kill_again_and_again("kill in open, close", attach_as_victim, 1, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_queue_kill_in_put_loses_nothing,
		test_queue_kill_in_put_batch_loses_nothing,
		test_queue_kill_in_get_loses_what_was_taken,
		test_queue_kill_in_get_batch_loses_what_was_taken,
		test_queue_kill_in_clear_harms_nobody,
		test_queue_kill_in_open_and_close_loses_nothing,
	};

	return LIB_MAIN("queue_kill", tests);
}
