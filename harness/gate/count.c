/* count.c - follow calls step by step; see count.h.
 *
 * A forked process is both producer and consumer, so nobody races with it: no call
 * waits, and each is as it was the time before. Counted is what is not in the
 * program's own code, that is the library and what it calls; the few instructions
 * around the call are the same for each build anyway. Of several times the least
 * counts: the first calls may still resolve symbols or fault pages in.
 */
#include "gate/count.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "gate/order.h"
#include "run/slice.h"
#include "step/step.h"
#include "transport/transport.h"

enum {
	TIMES = 4,	      /* each call is followed */
	TRACE_LIMIT = 400000, /* a copy of a megabyte is 65,000 by SSE */
	AHEAD = 2,	      /* messages that are there, if some are */
	MOST_BYTES = 1 << 20,
	CHILD_NS = 1000000000,
};

struct caller {
	const struct transport *transport;
	struct endpoint *ends[2]; /* by role */
	struct outbound out;
	struct inbound in;
	int result;
};

static void call_send(void *arg)
{
	struct caller *caller = arg;

	caller->result = caller->transport->send(
		caller->ends[ROLE_PRODUCER], &caller->out, 0);
}

static void call_recv(void *arg)
{
	struct caller *caller = arg;

	caller->result = caller->transport->recv(
		caller->ends[ROLE_CONSUMER], &caller->in, 0);
}

static const struct {
	const char *name;
	void (*call)(void *arg);
	unsigned before; /* messages that are there */
} kinds[] = {
	{"send, empty", call_send, 0},
	{"send, some", call_send, AHEAD},
	{"receive, last", call_recv, 1},
	{"receive, some", call_recv, 1 + AHEAD},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static uint64_t outside(const struct crash_trace *trace)
{
	uint64_t count = 0;

	for (size_t i = 0; i < trace->count; i++)
		count += identity_outside(trace->steps[i].address);
	return count;
}

/* Take all there is, then put what is wanted. */
static int prepare(struct caller *caller, unsigned before)
{
	do
		call_recv(caller);
	while (caller->result == 0);
	for (unsigned i = 0; i < before; i++) {
		call_send(caller);
		if (caller->result)
			return caller->result;
	}
	return 0;
}

static int count_kind(struct caller *caller, unsigned kind,
	struct crash_trace *trace, struct gate_count *count)
{
	uint64_t least = UINT64_MAX, again = 0;

	for (unsigned i = 0; i < TIMES; i++) {
		uint64_t steps;
		int err = prepare(caller, kinds[kind].before);

		if (err)
			return err;
		trace_clear(trace);
		err = step_record(trace, kinds[kind].call, caller);
		if (!err)
			err = caller->result;
		if (err)
			return err;
		steps = outside(trace);
		again = steps == least ? again + 1 : steps < least ? 1 : again;
		least = steps < least ? steps : least;
	}
	snprintf(count->operation, sizeof(count->operation), "%s",
		kinds[kind].name);
	count->instructions = least;
	count->exact = again > 1;
	return 0;
}

/* In the child; what it finds is in shared memory. */
static int count_all(struct caller *caller, struct channel *channel,
	const struct bench_case *bench, struct crash_trace *trace,
	struct gate_answer *answer)
{
	static unsigned char room[MOST_BYTES], body[MOST_BYTES];
	int err = 0;

	memset(body, 1, sizeof(body));
	memset(room, 1, sizeof(room));
	caller->out = (struct outbound){body, bench->msg_size_bytes};
	caller->in = (struct inbound){.room = room, .room_bytes = sizeof(room)};
	for (int role = 0; role < 2 && !err; role++)
		err = caller->transport->attach(channel,
			(enum endpoint_role)role, 0, &caller->ends[role]);
	for (unsigned kind = 0; kind < KINDS && !err; kind++) {
		err = count_kind(caller, kind, trace, &answer->counts[kind]);
		if (!err)
			answer->count_count = kind + 1;
	}
	return err;
}

static int in_child(const struct transport *transport, struct channel *channel,
	const struct bench_case *bench, struct crash_trace *trace,
	struct gate_answer *shared)
{
	uint64_t deadline_ns = deadline_after(30 * (uint64_t)CHILD_NS);
	pid_t parent = getpid(), child;
	int status = 0;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		struct caller caller = {.transport = transport};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		shared->err = count_all(&caller, channel, bench, trace, shared);
		_exit(0);
	}
	while (waitpid(child, &status, WNOHANG) == 0) {
		const struct timespec pause = {.tv_nsec = 1000000};

		if (!deadline_left_ns(deadline_ns))
			kill(child, SIGKILL);
		nanosleep(&pause, NULL);
	}
	if (WIFSIGNALED(status)) {
		snprintf(shared->reason, sizeof(shared->reason),
			"who followed the calls ended by signal %d",
			WTERMSIG(status));
		return -ECHILD;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status)) {
		snprintf(shared->reason, sizeof(shared->reason),
			"who followed the calls ended with %d",
			WEXITSTATUS(status));
		return -ECHILD;
	}
	return shared->err;
}

static int count_in(const struct transport *transport,
	const struct bench_case *bench, const char *name,
	struct gate_answer *shared)
{
	struct bench_case alone = *bench;
	struct channel_config config;
	struct crash_trace *trace = NULL;
	struct channel *channel;
	const char *reason;
	int err;

	if (!step_available(&reason)) {
		snprintf(shared->reason, sizeof(shared->reason), "%s", reason);
		return -ENOTSUP;
	}
	if (bench->msg_size_bytes > MOST_BYTES) {
		snprintf(shared->reason, sizeof(shared->reason),
			"messages of more than 1 MiB are not followed");
		return -ENOTSUP;
	}
	alone.producers = alone.consumers = alone.batch = 1;
	config = transport_config(&alone, name);
	err = trace_create(TRACE_LIMIT, &trace);
	if (!err)
		err = transport->create(&config, &channel);
	if (!err) {
		err = in_child(transport, channel, &alone, trace, shared);
		transport->destroy(channel);
	}
	trace_destroy(trace);
	return err;
}

void count_calls(const struct transport *transport,
	const struct bench_case *bench, const char *name,
	struct gate_answer *answer)
{
	struct gate_answer *shared = mmap(NULL, sizeof(*shared),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED) {
		answer->err = -ENOMEM;
		return;
	}
	shared->err = count_in(transport, bench, name, shared);
	if (shared->err && !shared->reason[0])
		snprintf(shared->reason, sizeof(shared->reason),
			"the calls could not be followed: %s",
			strerror(-shared->err));
	*answer = *shared;
	munmap(shared, sizeof(*shared));
}
