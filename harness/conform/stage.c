/* stage.c - producers and consumers of one channel, as processes.
 *
 * Nothing here trusts the transport: it may be somebody's first try. An actor
 * that crashes or hangs is one that ended badly, and is told apart from one
 * that found something wrong.
 */
#include "conform/stage.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "session/session.h"

static const struct timespec tick = {.tv_nsec = 500 * 1000};

/* Of the one check that this process makes. */
static struct stage_outcome *outcome;
static const char *spec;

void stage_begin(struct stage_outcome *shared, const char *word)
{
	outcome = shared;
	spec = word;
}

void stage_applied(void)
{
	outcome->opened++;
}

void stage_broken(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(outcome->words, sizeof(outcome->words), format, args);
	va_end(args);
	outcome->broken = true;
	_exit(1);
}

void stage_require(const char *what, int got, int want)
{
	if (got != want)
		stage_broken("%s returns %d (%s), not %d (%s)", what, got,
			strerror(abs(got)), want, strerror(abs(want)));
}

bool stage_open(struct stage *stage, const struct transport *transport,
	uint64_t msg_size_bytes, unsigned batch)
{
	static unsigned number;
	char reason[CASE_REASON_BYTES] = "";
	int ret;

	stage->transport = transport;
	/* A process number comes again, the token does not; each check is a
	 * process of its own. */
	snprintf(stage->name, sizeof(stage->name), "%s-%ld-%u", session_token(),
		(long)getpid(), number++);
	stage->config.spec = spec;
	stage->config.name = stage->name;
	stage->config.msg_size_bytes = msg_size_bytes;
	stage->config.batch = batch;
	stage->config.wait = WAIT_BLOCK;
	if (!stage->config.producers)
		stage->config.producers = 1;
	if (!stage->config.consumers)
		stage->config.consumers = 1;
	if (transport->can_run &&
		transport->can_run(&stage->config, reason, sizeof(reason))) {
		if (!outcome->opened)
			snprintf(outcome->words, sizeof(outcome->words), "%s",
				reason);
		return false;
	}
	stage->notes = mmap(NULL, sizeof(*stage->notes), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stage->notes == MAP_FAILED)
		stage_broken("no memory for the check itself");
	ret = transport->create(&stage->config, &stage->channel);
	if (ret)
		stage_broken("create for messages of %llu bytes: %s",
			(unsigned long long)msg_size_bytes, strerror(-ret));
	outcome->opened++;
	return true;
}

void stage_close(struct stage *stage)
{
	const struct transport *transport = stage->transport;

	if (transport->check && transport->check(stage->channel))
		stage_broken("check() finds its invariants broken");
	transport->destroy(stage->channel);
	munmap(stage->notes, sizeof(*stage->notes));
	stage->channel = NULL;
	stage->notes = NULL;
}

/* Actor @index failed. The others may fail of that, but it is not why. */
static void stage_note_first(struct stage *stage, unsigned index)
{
	unsigned nobody = 0;

	atomic_compare_exchange_strong(
		&stage->notes->first, &nobody, index + 1);
}

void stage_fail(struct stage *stage, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(stage->notes->words[stage->actor], STAGE_WORDS_BYTES, format,
		args);
	va_end(args);
	stage_note_first(stage, stage->actor);
	_exit(1);
}

void stage_step(struct stage *stage, unsigned step)
{
	/* release: what was done before is seen by whoever awaited it */
	atomic_store_explicit(&stage->notes->step, step, memory_order_release);
}

void stage_await(struct stage *stage, unsigned step)
{
	uint64_t deadline_ns = deadline_after(STAGE_PATIENCE_NS);

	while (atomic_load_explicit(&stage->notes->step, memory_order_acquire) <
		step) {
		if (!deadline_left_ns(deadline_ns))
			stage_fail(stage, "step %u never came", step);
		nanosleep(&tick, NULL);
	}
}

_Noreturn static void stage_act_out(
	struct stage *stage, const struct stage_actor *actor)
{
	const struct transport *transport = stage->transport;
	struct endpoint *end;
	int ret;

	if (actor->late)
		stage_await(stage, 1);
	ret = transport->attach(
		stage->channel, actor->role, actor->index, &end);
	if (ret)
		stage_fail(stage, "attach: %s", strerror(-ret));
	stage->self = actor;
	actor->act(stage, end);
	transport->detach(end);
	_exit(0);
}

/* Actor @index ended, and not as it should. A crash is why the others failed,
 * even if they said so before it was noticed. */
static void stage_note_end(struct stage *stage, unsigned index, int status)
{
	char *words = stage->notes->words[index];

	if (*words) {
		stage_note_first(stage, index);
	} else if (WIFSIGNALED(status)) {
		snprintf(words, STAGE_WORDS_BYTES, "it crashed: signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
		atomic_store(&stage->notes->first, index + 1);
	} else {
		snprintf(words, STAGE_WORDS_BYTES, "ended with status %d",
			WEXITSTATUS(status));
		atomic_store(&stage->notes->first, index + 1);
	}
}

/* Returns true once @pid has ended. */
static bool stage_ended(struct stage *stage, const struct stage_actor *actor,
	unsigned index, pid_t pid, bool *good)
{
	int status;
	pid_t ended = waitpid(pid, &status, WNOHANG);

	if (!ended)
		return false;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	if (actor->killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	stage_note_end(stage, index, status);
	*good = false;
	return true;
}

static void stage_verdict(struct stage *stage, const struct stage_actor *actors)
{
	unsigned bad = atomic_load(&stage->notes->first);
	char words[STAGE_WORDS_BYTES];

	if (!bad--)
		return;
	memcpy(words, stage->notes->words[bad], sizeof(words));
	stage->transport->destroy(stage->channel); /* a failure ends here */
	stage_broken("messages of %llu bytes, %s %u: %s",
		(unsigned long long)stage->config.msg_size_bytes,
		actors[bad].role == ROLE_PRODUCER ? "producer" : "consumer",
		actors[bad].index, words);
}

void stage_run(
	struct stage *stage, const struct stage_actor *actors, unsigned count)
{
	uint64_t deadline_ns = deadline_after(3 * STAGE_PATIENCE_NS);
	pid_t pids[STAGE_ACTORS_MAX];
	unsigned left = count;
	bool good = true;
	int status;

	for (unsigned i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			stage_broken("cannot fork: %s", strerror(errno));
		stage->actor = i;
		if (!pids[i])
			stage_act_out(stage, &actors[i]);
	}
	while (left && good && deadline_left_ns(deadline_ns)) {
		for (unsigned i = 0; i < count; i++) {
			if (pids[i] && stage_ended(stage, &actors[i], i,
					       pids[i], &good)) {
				pids[i] = 0;
				left--;
			}
		}
		if (left)
			nanosleep(&tick, NULL);
	}
	for (unsigned i = 0; i < count; i++) {
		if (!pids[i])
			continue;
		kill(pids[i], SIGKILL);
		waitpid(pids[i], &status, 0);
		if (good) {
			snprintf(stage->notes->words[i], STAGE_WORDS_BYTES,
				"hung and was killed");
			stage_note_first(stage, i);
		} else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
			stage_note_end(stage, i, status);
		}
	}
	stage_verdict(stage, actors);
}

void stage_fill(void *body, size_t len, uint64_t seq)
{
	unsigned char *bytes = body;
	uint64_t word = (seq + 1) * UINT64_C(0xd1342543de82ef95);

	for (size_t at = 0; at < len; at += sizeof(word)) {
		size_t part = len - at < sizeof(word) ? len - at : sizeof(word);

		word = word * UINT64_C(0x5851f42d4c957f2d) + 1;
		memcpy(bytes + at, &word, part);
	}
}

void stage_expect(struct stage *stage, const struct inbound *message,
	size_t len, uint64_t seq)
{
	static unsigned char *expected;
	static size_t room;

	if (room < len) {
		free(expected);
		expected = malloc(len);
		if (!expected)
			stage_fail(stage, "no memory");
		room = len;
	}
	if (message->len != len)
		stage_fail(stage, "message %llu has %zu bytes, not %zu",
			(unsigned long long)seq, message->len, len);
	stage_fill(expected, len, seq);
	for (size_t i = 0; i < len; i++) {
		unsigned got = ((const unsigned char *)message->data)[i];

		if (got != expected[i])
			stage_fail(stage,
				"message %llu of %zu bytes: byte %zu is "
				"0x%02x, not 0x%02x",
				(unsigned long long)seq, len, i, got,
				expected[i]);
	}
}

void stage_send(struct stage *stage, struct endpoint *end,
	const struct outbound *message, uint64_t seq)
{
	int ret = stage->transport->send(end, message, STAGE_PATIENCE_NS);

	if (ret)
		stage_fail(stage, "send of message %llu: %s",
			(unsigned long long)seq, strerror(-ret));
}

void stage_recv(struct stage *stage, struct endpoint *end,
	struct inbound *message, uint64_t seq)
{
	int ret = stage->transport->recv(end, message, STAGE_PATIENCE_NS);

	if (ret)
		stage_fail(stage, "receive of message %llu: %s",
			(unsigned long long)seq, strerror(-ret));
}

void stage_expect_code(struct stage *stage, const char *what, int got, int want)
{
	if (got != want)
		stage_fail(stage, "%s returns %d (%s), not %d (%s)", what, got,
			strerror(abs(got)), want, strerror(abs(want)));
}

struct stage_actor stage_actor_of(
	void (*act)(struct stage *, struct endpoint *), enum endpoint_role role,
	unsigned index)
{
	return (struct stage_actor){.act = act, .role = role, .index = index};
}

void *stage_room(struct stage *stage, size_t len)
{
	void *room = calloc(1, len + 1);

	if (!room)
		stage_fail(stage, "no memory");
	return room;
}

void stage_produce_few(struct stage *stage, struct endpoint *end)
{
	size_t len = stage->config.msg_size_bytes;
	unsigned char *body = stage_room(stage, len);

	for (uint64_t seq = 0; seq < STAGE_FEW; seq++) {
		stage_fill(body, len, seq);
		stage_send(stage, end,
			&(struct outbound){.data = body, .len = len}, seq);
	}
	free(body);
}

void stage_consume_few(struct stage *stage, struct endpoint *end)
{
	size_t len = stage->config.msg_size_bytes;
	struct inbound message = {
		.room = stage_room(stage, len), .room_bytes = len};

	for (uint64_t seq = 0; seq < STAGE_FEW; seq++) {
		stage_recv(stage, end, &message, seq);
		stage_expect(stage, &message, len, seq);
	}
	free(message.room);
}
