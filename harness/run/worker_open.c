/* worker_open.c - the open loop: messages leave when they are due.
 *
 * In a closed loop the sender waits for the receiver: while that stalls, nothing
 * is sent, and the one message that met the stall is the only one to tell of
 * it. Here a schedule (schedule.h) decides beforehand when each message is due.
 * A message that could not leave in time leaves as soon as it can and carries
 * the time at which it was due, so that whatever it waited for is in its
 * latency. It carries the time of its sending, too: the latency from there is
 * what a closed loop would have seen, and the difference of the two is the
 * generator's own lag.
 *
 * What counts are the messages due within the measured time, whenever they
 * arrive; so what is due but not sent when the time is over is sent after it,
 * for as long as another slice would take at most. What even then was not sent
 * is counted, and that not all went out in time is what slice.c makes
 * "unreached" of.
 *
 * With late = drop a message gives way: when its turn comes and the next one is
 * due already, it is not sent but counted. A camera does so, whose next picture
 * overwrites the last. What is at the transport's door is not taken back: of a
 * stream, half of it may be on its way. So of a sender that is held up the
 * message at the door arrives late, those behind it are dropped, and the one
 * that is due by then is the next.
 *
 * A message is made ready before it is due; all that is left then is to write
 * two times and to call the transport. Without a rate everything is always due:
 * that is how the most that a case can do is measured, clocks and all.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "case/latency.h"
#include "run/schedule.h"
#include "run/worker_loop.h"

enum {
	TIMES_AT = VERIFY_WORD_BYTES,
	/* A sleep is begun only for longer than it may be late. */
	NAP_FROM_NS = 150000,
	NAP_EARLY_NS = 100000,
	NAP_LONGEST_NS = 5000000, /* to hear of a new phase */
	CACHE_LINE_BYTES = 64,
};

/* In the intended time: the message is one of those that count. */
#define TIME_COUNTS (UINT64_C(1) << 63)
#define GRACE_NS UINT64_C(1000000000)

struct message_times {
	uint64_t due_ns; /* and TIME_COUNTS */
	uint64_t sent_ns;
};

_Static_assert(sizeof(struct message_times) == OPEN_TIMES_BYTES,
	"two times between the word and the body");

struct open_loop {
	struct latency *latency; /* this worker's, shared with the parent */
	struct size_mix mix;
	struct schedule schedule;
	uint64_t started_ns;
	uint64_t sequence;
	uint64_t stop_ns;    /* the measured time was over; 0: it is not */
	uint64_t give_up_ns; /* with what was due by then */
	/* by size, as in the mix */
	struct stamper stampers[CASE_MAX_SIZES];
	uint8_t *buffers[CASE_MAX_SIZES];
};

static uint64_t clock_ns(void)
{
	return deadline_clock_ns(CLOCK_MONOTONIC);
}

static bool paced(const struct worker *worker)
{
	return worker->job->rate_per_s > 0;
}

static void make_messages(struct worker *worker, struct open_loop *loop)
{
	for (unsigned i = 0; i < loop->mix.count; i++) {
		size_t len = loop->mix.bytes[i];
		size_t room = (len / CACHE_LINE_BYTES + 2) * CACHE_LINE_BYTES;

		loop->stampers[i] = worker->stamper;
		loop->stampers[i].len = len;
		loop->buffers[i] = aligned_alloc(CACHE_LINE_BYTES, room);
		if (!loop->buffers[i])
			worker_give_up(worker, -ENOMEM);
		memset(loop->buffers[i], 0, room);
		verify_prepare(&loop->stampers[i], loop->buffers[i]);
	}
}

void worker_open_prepare(struct worker *worker)
{
	const struct worker_job *job = worker->job;
	const struct bench_case *bench = job->bench;
	struct open_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		worker_give_up(worker, -ENOMEM);
	loop->mix = bench->mix;
	if (loop->mix.count == 0)
		loop->mix = (struct size_mix){.count = 1,
			.bytes = {bench->msg_size_bytes},
			.percent = {100}};
	loop->latency =
		&job->block->latencies[worker->slot - job->block->slots];
	latency_init(loop->latency);
	if (job->role == ROLE_PRODUCER)
		make_messages(worker, loop);
	prctl(PR_SET_TIMERSLACK, 1);
	worker->open = loop;
}

/* Is the message due at @due_ns one of those that count? */
static bool counts(const struct worker *worker, uint64_t due_ns)
{
	/* relaxed: the command that follows in the parent orders them; who
	 * sees them a moment late counts a message more or less */
	uint64_t from_ns = atomic_load_explicit(
		&worker->control->measure_from_ns, memory_order_relaxed);
	uint64_t until_ns = atomic_load_explicit(
		&worker->control->measure_until_ns, memory_order_relaxed);

	return from_ns && due_ns >= from_ns && (!until_ns || due_ns < until_ns);
}

/* Is the time over? From then on only what was due before is sent. */
static bool stopped(struct worker *worker)
{
	struct open_loop *loop = worker->open;

	if (loop->stop_ns || !over(worker, PHASE_STOP))
		return loop->stop_ns;
	/* relaxed: worker_hear() has acquired the command that follows it */
	loop->stop_ns = atomic_load_explicit(
		&worker->control->measure_until_ns, memory_order_relaxed);
	loop->give_up_ns = worker->job->bench->slice_ns;
	if (loop->give_up_ns > GRACE_NS)
		loop->give_up_ns = GRACE_NS;
	loop->give_up_ns += clock_ns();
	return true;
}

static void await_moment(
	const struct worker *worker, uint64_t now_ns, uint64_t due_ns)
{
	uint64_t nap_ns = due_ns - now_ns;
	struct timespec nap;

	if (worker->job->bench->wait == WAIT_SPIN || nap_ns < NAP_FROM_NS) {
		deadline_relax();
		return;
	}
	nap_ns -= NAP_EARLY_NS;
	nap = deadline_timespec(
		nap_ns < NAP_LONGEST_NS ? nap_ns : NAP_LONGEST_NS);
	nanosleep(&nap, NULL);
}

/* Wait until the message is due. Returns the time then; 0 when the measured
 * time is over before. */
static uint64_t await_due(struct worker *worker, uint64_t due_ns)
{
	for (;;) {
		uint64_t now_ns = clock_ns();

		if (now_ns >= due_ns)
			return now_ns;
		if (stopped(worker))
			return 0;
		await_moment(worker, now_ns, due_ns);
	}
}

/* The next message, but for its times. */
static struct outbound make_ready(struct worker *worker)
{
	struct open_loop *loop = worker->open;
	uint64_t word = verify_word(worker->stamper.producer, loop->sequence);
	uint64_t len = loop->mix.bytes[0];
	unsigned i = 0;

	if (loop->mix.count > 1)
		len = mix_pick(&loop->mix, worker->job->seed, word);
	while (loop->mix.bytes[i] != len)
		i++;
	verify_stamp(&loop->stampers[i], loop->buffers[i], loop->sequence);
	return (struct outbound){loop->buffers[i], len};
}

/* Which size the message must have: the verifier is told. */
static void expect_size(struct worker *worker, const struct inbound *in)
{
	struct open_loop *loop = worker->open;
	uint64_t word;

	if (loop->mix.count == 1 || in->len < sizeof(word))
		return;
	memcpy(&word, in->data, sizeof(word));
	worker->verifier.len = mix_pick(&loop->mix, worker->job->seed, word);
	worker->verifier.glance_len =
		verify_glance(worker->verifier.mode, worker->verifier.len);
}

static uint64_t since(uint64_t then_ns, uint64_t now_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

/* The message in worker->in was there at @now_ns. */
static void take(struct worker *worker, uint64_t now_ns)
{
	struct latency *latency = worker->open->latency;
	const struct inbound *in = worker->in;
	struct message_times times = {0};

	if (in->len >= OPEN_MIN_BYTES)
		memcpy(&times, (const uint8_t *)in->data + TIMES_AT,
			sizeof(times));
	if (times.due_ns & TIME_COUNTS) {
		hist_record(&latency->intended,
			since(times.due_ns & ~TIME_COUNTS, now_ns));
		hist_record(&latency->actual, since(times.sent_ns, now_ns));
	}
	expect_size(worker, in);
	verify_received(&worker->verifier, in->data, in->len);
}

/* A limit that has no second process gets its own message back. */
static void take_own(struct worker *worker)
{
	int rc = worker->calls.recv(worker->endpoints[1], worker->in, 0);

	if (rc)
		worker_give_up(worker, rc);
	take(worker, clock_ns());
}

/* Has it taken too long to send what was due when the time was over? */
static bool given_up(const struct worker *worker)
{
	const struct open_loop *loop = worker->open;

	return loop->stop_ns && clock_ns() >= loop->give_up_ns;
}

/* Returns false when it was given up. */
static bool send_now(struct worker *worker, const struct outbound *message)
{
	struct open_loop *loop = worker->open;
	int rc;

	while ((rc = worker->calls.send(worker->endpoints[0], message,
			worker->calls.turn_ns)) < 0 &&
		worker_in_vain(worker, rc))
		if (stopped(worker) && given_up(worker))
			return false;
	loop->sequence++;
	verify_sent(
		&worker->job->block->sent[worker->job->number], loop->sequence);
	if (worker->job->transport->caps & CAP_LOOPBACK)
		take_own(worker);
	note_success(worker, loop->sequence);
	return true;
}

/* Is the next message, or the next burst of them, due by @now_ns as well? Asked
 * of a copy of the schedule, which goes on from where it was. */
static bool overtaken(const struct worker *worker, uint64_t now_ns)
{
	struct schedule ahead = worker->open->schedule;

	if (worker->job->bench->late != LATE_DROP || !paced(worker))
		return false;
	ahead.left = 0;
	return worker->open->started_ns + schedule_next(&ahead) <= now_ns;
}

/* One message, due at @due_ns. Returns false when there is to be no other. */
static bool send_due(
	struct worker *worker, const struct outbound *message, uint64_t due_ns)
{
	struct latency *latency = worker->open->latency;
	uint64_t now_ns = paced(worker) ? await_due(worker, due_ns) : due_ns;
	struct message_times times = {due_ns, now_ns};
	bool counted, sent;

	if (!now_ns)
		return false;
	counted = counts(worker, due_ns);
	latency->due += counted;
	if (overtaken(worker, now_ns)) {
		latency->dropped += counted;
		return true;
	}
	if (counted) {
		times.due_ns |= TIME_COUNTS;
		hist_record(&latency->lag, now_ns - due_ns);
	}
	/* The buffer is ours: only the interface reads it as const. */
	memcpy((uint8_t *)message->data + TIMES_AT, &times, sizeof(times));
	sent = send_now(worker, message);
	if (counted) {
		latency->backlog += worker->open->stop_ns != 0;
		latency->unsent += !sent;
	}
	return sent;
}

static uint64_t next_due_ns(struct open_loop *loop)
{
	return loop->started_ns + schedule_next(&loop->schedule);
}

/* What is still due, from @due_ns on, will not be sent. */
static void give_rest_up(struct worker *worker, uint64_t due_ns)
{
	struct open_loop *loop = worker->open;

	while (!stopped(worker))
		await_moment(worker, 0, NAP_LONGEST_NS);
	for (; due_ns < loop->stop_ns; due_ns = next_due_ns(loop)) {
		bool counted = counts(worker, due_ns);

		loop->latency->due += counted;
		loop->latency->backlog += counted;
		loop->latency->unsent += counted;
	}
}

static void generate(struct worker *worker)
{
	const struct worker_job *job = worker->job;
	const struct bench_case *bench = job->bench;
	struct open_loop *loop = worker->open;
	uint64_t due_ns;

	if (paced(worker))
		loop->schedule = schedule_make(job->rate_per_s, bench->arrival,
			bench->burst, job->index, bench->producers, job->seed);
	loop->started_ns = clock_ns();
	for (;;) {
		struct outbound message;

		due_ns = paced(worker) ? next_due_ns(loop) : clock_ns();
		if (stopped(worker) &&
			(!paced(worker) || due_ns >= loop->stop_ns))
			return;
		if (given_up(worker))
			break;
		if (loop->sequence == worker->ledger_room)
			worker_settle(worker);
		message = make_ready(worker);
		if (!send_due(worker, &message, due_ns)) {
			due_ns = paced(worker) ? next_due_ns(loop) : 0;
			break;
		}
	}
	if (paced(worker))
		give_rest_up(worker, due_ns);
}

/* What the consumer does with a message, besides checking it. */
static void work_until(uint64_t done_ns)
{
	while (clock_ns() < done_ns)
		deadline_relax();
}

static void serve(struct worker *worker)
{
	uint64_t work_ns = worker->job->bench->work_ns;
	uint64_t total = 0;

	for (;;) {
		bool draining = over(worker, PHASE_DRAIN);
		int rc = worker->calls.recv(worker->endpoints[0], worker->in,
			draining ? DRAIN_TURN_NS : worker->calls.turn_ns);
		uint64_t now_ns;

		if (rc == -EPIPE || (rc < 0 && draining))
			break;
		if (rc < 0) {
			worker_in_vain(worker, rc);
			continue;
		}
		now_ns = clock_ns();
		take(worker, now_ns);
		/* What is left when all have stopped may be a long queue. */
		if (work_ns && !draining)
			work_until(now_ns + work_ns);
		note_success(worker, ++total);
	}
}

void worker_open_run(struct worker *worker)
{
	if (worker->job->role == ROLE_PRODUCER)
		generate(worker);
	else
		serve(worker);
}
