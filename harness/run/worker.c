/* worker.c - the loops that are measured.
 *
 * A worker pins itself, attaches, and then does what the command says, message
 * by message: one relaxed load of the command, which only changes when the
 * phase or the number of kills does; stamp or check; the transport's call; one
 * plain store of its own count. The parent reads the counts at both ends of the
 * measured time, so no worker looks at a clock, except for round trips.
 *
 * All of this is part of what is measured: the transport `null` shows how much
 * it is, and a message of 8 bytes should not take longer in the harness than in
 * a fast transport. So what does not change in a slice is looked up once, in
 * make_calls(), and between two calls of the transport there are no others.
 *
 * A blocking call gets TURN_NS at a time, so that a worker hears of a new phase;
 * WAIT_SPIN is timeout 0 again and again.
 */
#include "run/worker.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/ballast.h"
#include "machine/membind.h"
#include "machine/probe.h"
#include "run/park.h"
#include "run/worker_loop.h"

#define NO_COMMAND UINT64_MAX /* its phase is none */

enum {
	TURN_NS = 20000000,
	SPINS_PER_YIELD = 4096,
	BUFFER_ALIGN = 65536, /* whole pages, however large: see park.h */
};

struct worker_slot *worker_slot_of(const struct control_block *block,
	enum endpoint_role role, unsigned number)
{
	return &block->slots[role == ROLE_PRODUCER
				     ? number
				     : block->producer_numbers + number];
}

static void reach(struct worker *worker, enum phase phase)
{
	/* release: pairs with the parent's acquire in slice.c: what this
	 * worker wrote before is complete */
	atomic_store_explicit(
		&worker->slot->reached, phase + 1, memory_order_release);
}

_Noreturn void worker_give_up(struct worker *worker, int error)
{
	/* release: as reach() */
	atomic_store_explicit(
		&worker->slot->error, error, memory_order_release);
	_exit(1);
}

/* The command now. acquire: pairs with the parent's release. */
static uint64_t look(const struct worker *worker)
{
	return atomic_load_explicit(
		&worker->control->command, memory_order_acquire);
}

static void take_over(struct worker *worker, uint64_t command)
{
	worker->command = command;
	worker->unchanged =
		control_phase(command) < PHASE_STOP ? command : NO_COMMAND;
}

/* Between the measured loops: wait for the parent to go on. */
static void await_phase(struct worker *worker, enum phase phase)
{
	while (control_phase(look(worker)) < phase) {
		const struct timespec nap = {.tv_nsec = 20000};

		nanosleep(&nap, NULL);
	}
	take_over(worker, look(worker));
}

void worker_hear(struct worker *worker)
{
	enum phase before = control_phase(worker->command), now;
	uint64_t command = look(worker);

	if (control_kills(command) != control_kills(worker->command))
		worker->after_kill = 1;
	take_over(worker, command);
	/* relaxed: the command orders it */
	worker->park = atomic_load_explicit(&worker->slot->park,
			       memory_order_relaxed) == PARK_ASKED;
	now = control_phase(command);
	if (before < PHASE_MEASURE && now == PHASE_MEASURE)
		usage_begin(&worker->meter);
	else if (before == PHASE_MEASURE && now > PHASE_MEASURE)
		worker->slot->usage = usage_end(&worker->meter);
}

void worker_settle(struct worker *worker)
{
	unsigned number = worker->job->number;

	worker->ledger_room = verify_settle(&worker->verifier.bits[number],
		&worker->job->block->sent[number]);
}

bool worker_in_vain(struct worker *worker, int rc)
{
	if (rc != -EAGAIN && rc != -ETIMEDOUT && rc != -EINTR)
		worker_give_up(worker, rc);
	/* The peer may be waiting for this very CPU. */
	if (++worker->vain % SPINS_PER_YIELD == 0)
		sched_yield();
	return true;
}

static void park_if_asked(struct worker *worker)
{
	if (__builtin_expect(worker->park, 0)) {
		worker->park = false;
		park_arm();
	}
}

/* Of these and of the loops there are several forms, which the compiler makes:
 * with @single the calls are those for one message, known beforehand; with
 * @crash each of them is recorded. */
#define HOT static inline __attribute__((always_inline))

HOT int send_some(struct worker *worker, struct endpoint *endpoint,
	unsigned count, bool single)
{
	const struct calls *calls = &worker->calls;
	int rc;

	if (!single)
		return calls->send_batch(
			endpoint, worker->out, count, calls->turn_ns);
	rc = calls->send(endpoint, worker->out, calls->turn_ns);
	return __builtin_expect(rc != 0, 0) ? rc : 1;
}

HOT int recv_some(struct worker *worker, struct endpoint *endpoint,
	uint64_t timeout_ns, bool single)
{
	const struct calls *calls = &worker->calls;
	int rc;

	if (!single)
		return calls->recv_batch(
			endpoint, worker->in, calls->batch, timeout_ns);
	rc = calls->recv(endpoint, worker->in, timeout_ns);
	return __builtin_expect(rc != 0, 0) ? rc : 1;
}

HOT void stamp(
	struct worker *worker, uint64_t sequence, unsigned count, bool single)
{
	uint8_t *out = worker->buffers;

	verify_stamp(&worker->stamper, out, sequence);
	for (unsigned i = 1; !single && i < count; i++) {
		out += worker->stride;
		verify_stamp(&worker->stamper, out, sequence + i);
	}
}

HOT void check(struct worker *worker, int count, bool single)
{
	const struct inbound *in = worker->in;

	verify_received(&worker->verifier, in->data, in->len);
	for (int i = 1; !single && i < count; i++)
		verify_received(&worker->verifier, in[i].data, in[i].len);
}

/* The same, told to the recorder. */
HOT int send_told(struct worker *worker, unsigned count, uint64_t sequence,
	bool single, bool crash)
{
	int rc;

	if (crash)
		recorder_begin(&worker->recording,
			control_phase(worker->command), RECORDER_SEND,
			sequence);
	rc = send_some(worker, worker->endpoints[0], count, single);
	if (crash)
		recorder_end(&worker->recording, rc, rc > 0 ? (unsigned)rc : 0);
	return rc;
}

HOT int recv_told(struct worker *worker, uint64_t timeout_ns, uint64_t total,
	bool single, bool crash)
{
	int rc;

	if (crash)
		recorder_begin(&worker->recording,
			control_phase(worker->command), RECORDER_RECEIVE,
			total);
	rc = recv_some(worker, worker->endpoints[0], timeout_ns, single);
	if (crash)
		recorder_end(&worker->recording, rc, rc > 0 ? (unsigned)rc : 0);
	return rc;
}

HOT void produce_by(struct worker *worker, bool single, bool crash)
{
	struct sent_line *line = &worker->job->block->sent[worker->job->number];
	const unsigned batch = single ? 1 : worker->calls.batch;
	uint64_t sequence = 0;

	while (!over(worker, PHASE_STOP)) {
		int rc;

		if (__builtin_expect(sequence + batch > worker->ledger_room, 0))
			worker_settle(worker);
		stamp(worker, sequence, batch, single);
		park_if_asked(worker);
		while ((rc = send_told(
				worker, batch, sequence, single, crash)) < 0 &&
			worker_in_vain(worker, rc))
			if (over(worker, PHASE_STOP))
				return;
		sequence += single ? 1 : (unsigned)rc;
		verify_sent(line, sequence);
		note_success(worker, sequence);
	}
}

static void produce(struct worker *worker)
{
	bool single = worker->calls.batch == 1;

	if (worker->recording.track)
		(single ? produce_by(worker, true, true)
			: produce_by(worker, false, true));
	else if (single)
		produce_by(worker, true, false);
	else
		produce_by(worker, false, false);
}

HOT void consume_by(struct worker *worker, bool single, bool crash)
{
	uint64_t total = 0;

	for (;;) {
		bool draining = over(worker, PHASE_DRAIN);
		int rc;

		park_if_asked(worker);
		rc = recv_told(worker,
			draining ? DRAIN_TURN_NS : worker->calls.turn_ns, total,
			single, crash);

		if (rc == -EPIPE || (rc < 0 && draining))
			break;
		if (rc < 0) {
			worker_in_vain(worker, rc);
			continue;
		}
		check(worker, rc, single);
		total += single ? 1 : (unsigned)rc;
		note_success(worker, total);
	}
}

static void consume(struct worker *worker)
{
	bool single = worker->calls.batch == 1;

	if (worker->recording.track)
		(single ? consume_by(worker, true, true)
			: consume_by(worker, false, true));
	else if (single)
		consume_by(worker, true, false);
	else
		consume_by(worker, false, false);
}

/* A limit that has no second process: send to itself. */
HOT void loop_back_by(struct worker *worker, bool single)
{
	struct sent_line *line = &worker->job->block->sent[0];
	const unsigned batch = single ? 1 : worker->calls.batch;
	uint64_t sequence = 0;

	while (!over(worker, PHASE_STOP)) {
		int sent, got;

		if (__builtin_expect(sequence + batch > worker->ledger_room, 0))
			worker_settle(worker);
		stamp(worker, sequence, batch, single);
		sent = send_some(worker, worker->endpoints[0], batch, single);
		if (sent < 0)
			worker_give_up(worker, sent);
		sequence += single ? 1 : (unsigned)sent;
		verify_sent(line, sequence);
		do {
			got = recv_some(
				worker, worker->endpoints[1], 0, single);
			if (got <= 0)
				worker_give_up(worker, got);
			check(worker, got, single);
			sent -= got;
		} while (!single && sent > 0);
		note_success(worker, sequence);
	}
}

static void loop_back(struct worker *worker)
{
	if (worker->calls.batch == 1)
		loop_back_by(worker, true);
	else
		loop_back_by(worker, false);
}

/* One message there; false when @until came first. */
static bool send_one(struct worker *worker, uint64_t sequence, enum phase until)
{
	int rc;

	if (__builtin_expect(sequence >= worker->ledger_room, 0))
		worker_settle(worker);
	stamp(worker, sequence, 1, true);
	while ((rc = send_some(worker, worker->endpoints[0], 1, true)) < 0 &&
		worker_in_vain(worker, rc))
		if (over(worker, until))
			return false;
	verify_sent(
		&worker->job->block->sent[worker->job->number], sequence + 1);
	return true;
}

/* One message back; false when @until came first, or the end of them. */
static bool recv_one(struct worker *worker, enum phase until)
{
	int rc;

	while ((rc = recv_some(worker, worker->endpoints[1],
			worker->calls.turn_ns, true)) < 0) {
		if (rc == -EPIPE || over(worker, until))
			return false;
		worker_in_vain(worker, rc);
	}
	check(worker, 1, true);
	return true;
}

/* The side that starts and measures. It ends with a whole round trip, so that
 * nothing is in flight when it stops. */
static void ping(struct worker *worker)
{
	uint64_t sequence = 0;
	uint64_t sent_ns = deadline_clock_ns(CLOCK_MONOTONIC);

	while (!over(worker, PHASE_STOP)) {
		uint64_t back_ns;

		if (!send_one(worker, sequence, PHASE_STOP) ||
			!recv_one(worker, PHASE_DRAIN))
			return;
		back_ns = deadline_clock_ns(CLOCK_MONOTONIC);
		if (control_phase(worker->command) == PHASE_MEASURE)
			hist_record(&worker->control->rtt, back_ns - sent_ns);
		sent_ns = back_ns;
		note_success(worker, ++sequence);
	}
}

/* The side that answers, until the other one has stopped. */
static void pong(struct worker *worker)
{
	uint64_t sequence = 0;

	while (recv_one(worker, PHASE_DRAIN) &&
		send_one(worker, sequence, PHASE_DRAIN)) {
		(void)over(worker, PHASE_DRAIN); /* to hear of a new phase */
		note_success(worker, ++sequence);
	}
}

static void pin(struct worker *worker)
{
	cpu_set_t set;

	if (worker->job->cpu == CASE_CPU_ANY)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)worker->job->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		worker_give_up(worker, -errno);
}

static void make_calls(struct worker *worker)
{
	const struct transport *transport = worker->job->transport;
	const struct bench_case *bench = worker->job->bench;

	worker->calls = (struct calls){
		.send = transport->send,
		.recv = bench->access == ACCESS_COPY ? transport->recv
						     : transport->recv_view,
		.send_batch = transport->send_batch,
		.recv_batch = transport->recv_batch,
		.batch = bench->batch,
		.turn_ns = bench->wait == WAIT_SPIN ? 0 : TURN_NS,
	};
	worker->stamper = (struct stamper){
		.len = bench->msg_size_bytes,
		.mode = bench->verify,
		.producer = worker->job->number,
		.times_bytes = bench->mode == MODE_OPEN ? OPEN_TIMES_BYTES : 0,
	};
}

static void make_buffers(struct worker *worker)
{
	const struct bench_case *bench = worker->job->bench;
	size_t len = bench->msg_size_bytes;
	size_t all;

	worker->stride = (len + 63) / 64 * 64 + 64;
	/* Twice: what is sent and what is received, for the round trip. */
	all = 2 * bench->batch * worker->stride;
	all = (all + BUFFER_ALIGN - 1) / BUFFER_ALIGN * BUFFER_ALIGN;
	worker->out = calloc(bench->batch, sizeof(*worker->out));
	worker->in = calloc(bench->batch, sizeof(*worker->in));
	if (!worker->out || !worker->in ||
		posix_memalign((void **)&worker->buffers, BUFFER_ALIGN, all))
		worker_give_up(worker, -ENOMEM);
	if (bench->mode == MODE_CRASH)
		park_prepare(worker->buffers, all, worker->slot);
	for (unsigned i = 0; i < bench->batch; i++) {
		uint8_t *out = worker->buffers + i * worker->stride;
		uint8_t *in = out + bench->batch * worker->stride;

		verify_prepare(&worker->stamper, out);
		worker->out[i] = (struct outbound){out, len};
		memset(in, 0, worker->stride);
		worker->in[i] = (struct inbound){
			.room = in,
			.room_bytes = worker->stride,
		};
	}
}

static void make_verifier(struct worker *worker)
{
	const struct worker_job *job = worker->job;
	/* In a round trip both sides consume: their numbers are their roles'. */
	unsigned consumer =
		job->bench->mode == MODE_ROUNDTRIP ? job->role : job->number;

	worker->verifier = (struct verifier){
		.ledger = control_ledger(job->block, consumer),
		.bits = job->block->bits,
		.twice = &job->block->control->twice,
		.mode = job->bench->verify,
		.producer_count = job->block->producer_numbers,
		.len = job->bench->msg_size_bytes,
		.times_bytes = worker->stamper.times_bytes,
		.alarm = job->recorder ? &job->recorder->alarm : NULL,
		.leases = job->bench->access == ACCESS_LEASE,
		.glance_len = verify_glance(
			job->bench->verify, job->bench->msg_size_bytes),
	};
	worker->ledger_room = worker->verifier.bits ? LEDGER_AHEAD : UINT64_MAX;
}

static void attach_to(struct worker *worker, unsigned channel,
	enum endpoint_role role, unsigned endpoint)
{
	const struct worker_job *job = worker->job;
	int err = job->transport->attach(job->channels[channel], role,
		job->index, &worker->endpoints[endpoint]);

	if (err)
		worker_give_up(worker, err);
}

/* Its own buffers are made by now; what it allocates from here on, the kernel's
 * for a pipe say, is the channel's. */
static void bind_memory(struct worker *worker)
{
	const struct bench_case *bench = worker->job->bench;
	int err = bench->memory_nodes
			  ? membind_set(bench->memory_nodes,
				    bench->memory == MEMORY_INTERLEAVE)
			  : 0;

	if (err)
		worker_give_up(worker, err);
}

/* Where the channel's pages lie, once they have been used. */
static void find_memory(struct worker *worker)
{
	char name[48];

	if (!worker->job->bench->memory_nodes)
		return;
	/* Behind a '/', or behind "/memfd:". */
	snprintf(name, sizeof(name), "ipcmark-%ld-", (long)getppid());
	/* relaxed: reach() orders it */
	atomic_store_explicit(&worker->slot->memory_found, membind_found(name),
		memory_order_relaxed);
}

/* Its track, if there is a recorder. */
static void take_track(struct worker *worker)
{
	const struct worker_job *job = worker->job;

	if (job->recorder)
		worker->recording = recorder_begin_track(job->recorder,
			job->role == ROLE_PRODUCER
				? job->index
				: job->bench->producers + job->index,
			job->number);
}

static void attach(struct worker *worker)
{
	const struct worker_job *job = worker->job;

	recorder_begin(&worker->recording, PHASE_ATTACH, RECORDER_ATTACH, 0);
	if (job->bench->mode == MODE_ROUNDTRIP) {
		bool first = job->role == ROLE_PRODUCER;

		/* Each sends on [0] and receives on [1]. In this order on both
		 * sides, so that neither waits for the other to attach. */
		attach_to(worker, !first, ROLE_PRODUCER, 0);
		attach_to(worker, first, ROLE_CONSUMER, 1);
		return;
	}
	attach_to(worker, 0, job->role, 0);
	if (job->transport->caps & CAP_LOOPBACK)
		attach_to(worker, 0, ROLE_CONSUMER, 1);
	recorder_end(&worker->recording, 0, 0);
}

static void detach(struct worker *worker)
{
	recorder_begin(&worker->recording, control_phase(worker->command),
		RECORDER_DETACH, 0);
	for (unsigned i = 0; i < 2; i++) {
		if (worker->endpoints[i])
			worker->job->transport->detach(worker->endpoints[i]);
		worker->endpoints[i] = NULL;
	}
	recorder_end(&worker->recording, 0, 0);
}

static void probe(struct worker *worker, enum phase phase)
{
	unsigned which = phase == PHASE_PROBE_AFTER;

	await_phase(worker, phase);
	if (worker->job->probes)
		/* relaxed: reach() orders it */
		atomic_store_explicit(&worker->slot->distance_ns[which],
			probe_distance(&worker->control->probe,
				worker->job->role == ROLE_PRODUCER, which),
			memory_order_relaxed);
	reach(worker, phase);
}

static void run_loop(struct worker *worker)
{
	const struct worker_job *job = worker->job;
	bool producer = job->role == ROLE_PRODUCER;

	await_phase(worker, PHASE_WARMUP);
	if (control_phase(worker->command) == PHASE_MEASURE)
		usage_begin(&worker->meter); /* it slept through the warm-up */
	worker->after_kill =
		1; /* somebody may have been killed before we came */
	if (job->bench->mode == MODE_OPEN)
		worker_open_run(worker);
	else if (job->transport->caps & CAP_LOOPBACK)
		loop_back(worker);
	else if (job->bench->mode == MODE_ROUNDTRIP)
		(producer ? ping : pong)(worker);
	else
		(producer ? produce : consume)(worker);
	find_memory(worker);
	/* Before DRAIN: a producer's detach may hand over what it held back. */
	if (producer)
		detach(worker);
	reach(worker, producer ? PHASE_STOP : PHASE_DRAIN);
}

_Noreturn void worker_main(const struct worker_job *job)
{
	struct worker worker = {
		.job = job,
		.control = job->block->control,
		.slot = worker_slot_of(job->block, job->role, job->number),
	};

	/* The parent ends us in its own time; if it cannot, the system does,
	 * unless it was gone before we could say so. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != job->parent)
		_exit(1);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	worker.slot->usage = usage_unknown();
	usage_open(&worker.meter);
	pin(&worker);
	make_calls(&worker);
	make_buffers(&worker);
	make_verifier(&worker);
	if (job->bench->mode == MODE_OPEN)
		worker_open_prepare(&worker);
	bind_memory(&worker);
	if (ballast_load(job->ballast_bytes))
		worker_give_up(&worker, -ENOMEM);
	take_track(&worker);
	attach(&worker);
	reach(&worker, PHASE_ATTACH);
	probe(&worker, PHASE_PROBE_BEFORE);
	run_loop(&worker);
	probe(&worker, PHASE_PROBE_AFTER);
	detach(&worker);
	_exit(0);
}
