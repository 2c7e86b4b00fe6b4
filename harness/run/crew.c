/* crew.c - fork, watch, reap.
 *
 * No wait here is without a deadline: a worker may hang in the transport that
 * is being tested, and that is a result, not a reason to hang as well. Only pids
 * that we forked and have not reaped are ever signalled.
 */
#include "run/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mmapipc/err.h>

#include "base/deadline.h"
#include "machine/membind.h"
#include "run/slice.h"

enum {
	POLL_NS = 50000,
	FINISH_NS = 1000000000,
};

static const struct transport *transport_of(const struct crew *crew)
{
	return crew->members[0].job.transport;
}

static const struct bench_case *bench_of(const struct crew *crew)
{
	return crew->members[0].job.bench;
}

static int create_channels(struct crew *crew, const char *name)
{
	const struct bench_case *bench = bench_of(crew);
	unsigned channels = bench->mode == MODE_ROUNDTRIP ? 2 : 1;

	for (unsigned i = 0; i < channels; i++) {
		char numbered[128];
		struct channel_config config;
		int err;

		snprintf(numbered, sizeof(numbered), "%s.%u", name, i);
		config = transport_config(bench, numbered);
		err = transport_of(crew)->create(&config, &crew->channels[i]);
		if (err) {
			crew->channels[i] = NULL;
			return err;
		}
	}
	return 0;
}

int crew_create(const struct transport *transport,
	const struct bench_case *bench, const char *name,
	unsigned producer_numbers, unsigned consumer_numbers,
	struct crew *ret_crew)
{
	struct crew crew = {0};
	int err;

	if (producer_numbers + consumer_numbers > CREW_MAX)
		return -E2BIG;
	crew.members = calloc(CREW_MAX, sizeof(*crew.members));
	if (!crew.members)
		return -ENOMEM;
	crew.members[0].job.transport = transport;
	crew.members[0].job.bench = bench;
	err = control_create(
		producer_numbers, consumer_numbers, bench->verify, &crew.block);
	if (!err && bench->mode == MODE_OPEN)
		err = control_add_latencies(&crew.block);
	/* What is allocated here is the channel's; workers see to themselves. */
	if (!err && bench->memory_nodes)
		err = membind_set(bench->memory_nodes,
			bench->memory == MEMORY_INTERLEAVE);
	if (!err)
		err = create_channels(&crew, name);
	if (bench->memory_nodes)
		membind_reset();
	if (err) {
		crew_free(&crew);
		return err;
	}
	*ret_crew = crew;
	return 0;
}

int crew_start(struct crew *crew, const struct worker_job *job)
{
	struct crew_member *member = &crew->members[crew->count];
	pid_t pid;

	if (crew->count == CREW_MAX)
		return -E2BIG;
	member->job = *job;
	member->job.block = &crew->block;
	member->job.parent = getpid();
	memcpy(member->job.channels, crew->channels, sizeof(crew->channels));
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		worker_main(&member->job);
	member->pid = pid;
	return (int)crew->count++;
}

void crew_command(struct crew *crew, enum phase phase, uint32_t kills)
{
	/* release: pairs with the workers' acquire in look() */
	atomic_store_explicit(&crew->block.control->command,
		control_command(phase, ++crew->calls, kills),
		memory_order_release);
}

static struct worker_slot *slot_of(
	const struct crew *crew, const struct crew_member *member)
{
	return worker_slot_of(
		&crew->block, member->job.role, member->job.number);
}

static const char *role_name(enum endpoint_role role)
{
	return role == ROLE_PRODUCER ? "producer" : "consumer";
}

int crew_explain(const struct crew *crew, struct crew_member *member,
	int status, char *reason, size_t reason_bytes)
{
	/* acquire: pairs with give_up() */
	int error = atomic_load_explicit(
		&slot_of(crew, member)->error, memory_order_acquire);

	member->pid = 0;
	if (error)
		snprintf(reason, reason_bytes, "%s %u: %s",
			role_name(member->job.role), member->job.index,
			strerror(-error));
	else if (WIFSIGNALED(status))
		snprintf(reason, reason_bytes, "%s %u died of signal %d (%s)",
			role_name(member->job.role), member->job.index,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(reason, reason_bytes, "%s %u left with status %d",
			role_name(member->job.role), member->job.index,
			WEXITSTATUS(status));
	return error ? error : -ECHILD;
}

/* Has @member ended, though nobody told it to? */
static int check_alive(struct crew *crew, struct crew_member *member,
	char *reason, size_t reason_bytes)
{
	int status;

	if (waitpid(member->pid, &status, WNOHANG) != member->pid)
		return 0;
	return crew_explain(crew, member, status, reason, reason_bytes);
}

static void nap(void)
{
	const struct timespec duration = {.tv_nsec = POLL_NS};

	nanosleep(&duration, NULL);
}

static bool has_reached(const struct worker_slot *slot, enum phase phase)
{
	/* acquire: pairs with reach() */
	return atomic_load_explicit(&slot->reached, memory_order_acquire) >=
	       (uint32_t)phase + 1;
}

/* Wait for one member. @deadline_ns moves on while messages get through. */
static int await_member(struct crew *crew, struct crew_member *member,
	enum phase phase, uint64_t patience_ns, char *reason,
	size_t reason_bytes)
{
	const struct worker_slot *slot = slot_of(crew, member);
	uint64_t deadline_ns = deadline_after(patience_ns);
	uint64_t messages = crew_messages(crew);

	while (!has_reached(slot, phase)) {
		int err = check_alive(crew, member, reason, reason_bytes);
		uint64_t now = crew_messages(crew);

		/* Behind the last phase it ends at once, as it should. */
		if (err)
			return has_reached(slot, phase) ? 0 : err;
		if (now != messages)
			deadline_ns = deadline_after(patience_ns);
		messages = now;
		if (!deadline_left_ns(deadline_ns)) {
			snprintf(reason, reason_bytes,
				"%s %u hung: nothing for %.1f s",
				role_name(member->job.role), member->job.index,
				(double)patience_ns / 1e9);
			return -ETIMEDOUT;
		}
		nap();
	}
	return 0;
}

int crew_await(struct crew *crew, unsigned roles, enum phase phase,
	uint64_t patience_ns, char *reason, size_t reason_bytes)
{
	int err = 0;

	for (unsigned i = 0; !err && i < crew->count; i++) {
		struct crew_member *member = &crew->members[i];

		if (member->pid && (roles & 1u << member->job.role))
			err = await_member(crew, member, phase, patience_ns,
				reason, reason_bytes);
	}
	return err;
}

void crew_kill(struct crew_member *member)
{
	if (member->pid == 0)
		return;
	kill(member->pid, SIGKILL);
	waitpid(member->pid, NULL, 0);
	member->pid = 0;
}

void crew_finish(struct crew *crew)
{
	uint64_t deadline_ns = deadline_after(FINISH_NS);

	crew_command(crew, PHASE_EXIT, 0);
	for (unsigned i = 0; i < crew->count; i++) {
		struct crew_member *member = &crew->members[i];

		while (member->pid && deadline_left_ns(deadline_ns)) {
			if (waitpid(member->pid, NULL, WNOHANG) == member->pid)
				member->pid = 0;
			else
				nap();
		}
		crew_kill(member);
	}
}

uint64_t crew_messages(const struct crew *crew)
{
	const struct bench_case *bench = bench_of(crew);
	bool first_counts = bench->mode == MODE_ROUNDTRIP ||
			    (transport_of(crew)->caps & CAP_LOOPBACK);
	uint64_t total = 0;

	for (unsigned i = 0; i < crew->count; i++) {
		const struct crew_member *member = &crew->members[i];

		if (first_counts ? i > 0 : member->job.role == ROLE_PRODUCER)
			continue;
		/* relaxed: about how many, at about this time */
		total += atomic_load_explicit(
			&slot_of(crew, member)->count, memory_order_relaxed);
	}
	return total;
}

uint64_t crew_cpu_ns(const struct crew *crew)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < crew->count; i++) {
		clockid_t clock;

		if (crew->members[i].pid &&
			!clock_getcpuclockid(crew->members[i].pid, &clock))
			total += deadline_clock_ns(clock);
	}
	return total;
}

struct usage crew_usage(const struct crew *crew)
{
	struct usage total = {{0}};

	for (unsigned i = 0; i < crew->count; i++)
		usage_add(&total, &slot_of(crew, &crew->members[i])->usage);
	return total;
}

void crew_latency(const struct crew *crew, struct latency *latency)
{
	for (unsigned i = 0; i < crew->count; i++) {
		const struct worker_slot *slot =
			slot_of(crew, &crew->members[i]);

		latency_add(latency,
			&crew->block.latencies[slot - crew->block.slots]);
	}
}

void crew_verify(const struct crew *crew, const unsigned *in_flight,
	struct verify_totals *ret_totals)
{
	const struct control_block *block = &crew->block;
	const struct verifier verifier = {
		.bits = block->bits,
		.twice = &block->control->twice,
		.mode = bench_of(crew)->verify,
		.producer_count = block->producer_numbers,
		.len = bench_of(crew)->msg_size_bytes,
	};
	struct verify_ledger *ledgers[CREW_MAX];

	for (unsigned i = 0; i < block->consumer_numbers; i++)
		ledgers[i] = control_ledger(block, i);
	verify_total(&verifier, block->sent, in_flight, ledgers,
		block->consumer_numbers, ret_totals);
}

void crew_free(struct crew *crew)
{
	for (unsigned i = 0; i < crew->count; i++)
		crew_kill(&crew->members[i]);
	for (unsigned i = 0; i < 2; i++)
		if (crew->channels[i])
			transport_of(crew)->destroy(crew->channels[i]);
	control_free(&crew->block);
	free(crew->members);
	*crew = (struct crew){0};
}
