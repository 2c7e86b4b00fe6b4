/* exec.c - a worker program of somebody else's.
 *
 * "exec:COMMAND" runs COMMAND, split at blanks and not given to a shell, and
 * asks it for slices over its standard input and output; the lines are in
 * docs/worker-protocol.md. It is how a transport of another language, or one
 * that this project should not be linked with, takes part. The program has its
 * own producers and consumers, which stay from slice to slice, and does its own
 * checking of messages.
 *
 * "mp-queue", "mp-simplequeue" and "mp-pipe" are such programs that come along:
 * what Python's own multiprocessing offers.
 *
 * Every answer has a deadline. The first thing that goes wrong ends the program
 * and is the reason that every later slice of the channel reports, so a case
 * cannot hang, and costs its patience once.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/program.h"
#include "case/slice_report.h"
#include "transport/transport.h"
#include "transport/worker_protocol.h"

#ifndef WORKERS_DIR
#define WORKERS_DIR "/usr/local/share/ipcmark/workers"
#endif

#define EXEC_PREFIX "exec:"
#define PATIENCE_VARIABLE "IPCMARK_WORKER_PATIENCE_MS"
#define WORKERS_VARIABLE "IPCMARK_WORKERS"

enum {
	ARGS_MAX = 32,
	LINE_BYTES = 1024,
	PATH_BYTES = 1024,
	HOW_BYTES = 64,
	/* An interpreter's start on a slow and busy machine takes seconds. */
	PATIENCE_MS = 15 * 1000,
	GRACE_MS = 500,
};

#define MS_NS UINT64_C(1000000)

struct exec_channel {
	struct program program;
	struct worker_greeting greeting;
	bool set_up;
	int failure; /* 0 or the -errno of every slice from now on */
	char reason[CASE_REASON_BYTES];
};

/* How long an answer may take, not counting what a slice lasts. */
static uint64_t exec_patience_ns(void)
{
	const char *text = getenv(PATIENCE_VARIABLE);
	char *end;
	unsigned long ms;

	if (!text || !isdigit((unsigned char)*text))
		return PATIENCE_MS * MS_NS;
	errno = 0;
	ms = strtoul(text, &end, 10);
	if (*end || errno || !ms || ms > 3600 * 1000)
		return PATIENCE_MS * MS_NS;
	return ms * MS_NS;
}

/* Split @text at blanks, in place. Returns the number of words. */
static size_t exec_split(char *text, char *argv[ARGS_MAX + 1])
{
	size_t count = 0;
	char *save;

	for (char *word = strtok_r(text, " \t", &save);
		word && count < ARGS_MAX; word = strtok_r(NULL, " \t", &save))
		argv[count++] = word;
	argv[count] = NULL;
	return count;
}

/* The channel is over: end the program, keep the reason. Returns @code. */
static int exec_fail(struct exec_channel *channel, int code, const char *reason)
{
	char how[HOW_BYTES] = "";

	snprintf(channel->reason, sizeof(channel->reason), "%s", reason);
	channel->failure = code;
	program_stop(&channel->program, 0, how, sizeof(how));
	return code;
}

/* The same for a program that did not answer @what with a line. */
static int exec_speechless(
	struct exec_channel *channel, int code, const char *what)
{
	char how[HOW_BYTES] = "";
	char *reason = channel->reason;
	size_t bytes = sizeof(channel->reason);

	/* one that closed its output is most likely ending: hear how */
	program_stop(&channel->program, code == -EPIPE ? GRACE_MS * MS_NS : 0,
		how, sizeof(how));
	if (code == -EPIPE)
		snprintf(reason, bytes,
			"the worker program went away before its answer to "
			"%s: %s",
			what, how);
	else if (code == -ETIMEDOUT)
		snprintf(reason, bytes,
			"the worker program did not answer %s in time "
			"(" PATIENCE_VARIABLE " gives it more)",
			what);
	else if (code == -EMSGSIZE || code == -EBADMSG)
		snprintf(reason, bytes,
			"the worker program's answer to %s is no line of text",
			what);
	else
		snprintf(reason, bytes,
			"cannot talk to the worker program about %s: %s", what,
			strerror(-code));
	channel->failure = code;
	return code;
}

/* Say a line, unless it is NULL, and hear the answer. */
static int exec_ask(struct exec_channel *channel, const char *what,
	const char *line, uint64_t patience_ns, char **ret_answer)
{
	uint64_t deadline_ns = deadline_after(patience_ns);
	int ret = 0;

	if (line)
		ret = program_say(&channel->program, line, deadline_ns);
	if (!ret)
		ret = program_hear(&channel->program, deadline_ns, ret_answer);
	return ret ? exec_speechless(channel, ret, what) : 0;
}

static void exec_start(struct exec_channel *channel, char *const argv[])
{
	char reason[CASE_REASON_BYTES];
	char *answer;
	int ret = program_start(argv, &channel->program);

	if (ret) {
		snprintf(reason, sizeof(reason), "cannot run '%.100s': %s",
			argv[0], strerror(-ret));
		exec_fail(channel, ret, reason);
		return;
	}
	if (exec_ask(channel, "its start", NULL, exec_patience_ns(), &answer))
		return;
	ret = worker_parse_greeting(
		answer, &channel->greeting, reason, sizeof(reason));
	if (ret)
		exec_fail(channel, ret, reason);
}

/* A program that cannot be had does not fail here, where there is no room for
 * a reason, but in the first slice. */
static int exec_create_argv(char *const argv[], struct channel **ret_channel)
{
	struct exec_channel *channel = calloc(1, sizeof(*channel));

	if (!channel)
		return -ENOMEM;
	exec_start(channel, argv);
	*ret_channel = (struct channel *)channel;
	return 0;
}

static int exec_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	char *argv[ARGS_MAX + 1];
	char *command = strdup(config->spec + strlen(EXEC_PREFIX));
	int ret;

	if (!command)
		return -ENOMEM;
	ret = exec_split(command, argv) ? exec_create_argv(argv, ret_channel)
					: -EINVAL;
	free(command);
	return ret;
}

static int exec_can_run(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	char command[CASE_SPEC_BYTES];
	char *argv[ARGS_MAX + 1];

	if (strncmp(config->spec, EXEC_PREFIX, strlen(EXEC_PREFIX)) != 0)
		command[0] = '\0';
	else
		snprintf(command, sizeof(command), "%s",
			config->spec + strlen(EXEC_PREFIX));
	if (!exec_split(command, argv)) {
		snprintf(reason, reason_bytes,
			"exec needs a command: exec:COMMAND ARGUMENT...");
		return -ENOTSUP;
	}
	if (!program_found(argv[0])) {
		snprintf(reason, reason_bytes,
			"there is no program '%.100s' to execute", argv[0]);
		return -ENOTSUP;
	}
	return 0;
}

static int exec_setup(
	struct exec_channel *channel, const struct bench_case *bench)
{
	char reason[CASE_REASON_BYTES] = "the case does not fit into a line";
	char line[LINE_BYTES];
	char *answer;
	int ret = worker_can_run(
		&channel->greeting, bench, reason, sizeof(reason));

	if (!ret)
		ret = worker_setup_line(bench, line, sizeof(line));
	if (ret)
		return exec_fail(channel, ret, reason);
	ret = exec_ask(channel, "setup", line, exec_patience_ns(), &answer);
	if (ret)
		return ret;
	ret = worker_parse_setup(answer, reason, sizeof(reason));
	if (ret)
		return exec_fail(channel, ret, reason);
	channel->set_up = true;
	return 0;
}

static int exec_slice(struct exec_channel *channel,
	const struct slice_request *request, struct slice_report *ret_report)
{
	uint64_t patience_ns = exec_patience_ns() + request->bench->warmup_ns +
			       request->bench->slice_ns;
	char reason[CASE_REASON_BYTES] = "the slice does not fit into a line";
	char line[LINE_BYTES];
	char *answer;
	int ret = worker_slice_line(request, line, sizeof(line));

	if (ret)
		return exec_fail(channel, ret, reason);
	/* It warms up first, and does not say when it is done with that. */
	ret_report->started_ns =
		deadline_clock_ns(CLOCK_MONOTONIC) + request->bench->warmup_ns;
	ret = exec_ask(channel, "slice", line, patience_ns, &answer);
	if (ret)
		return ret;
	ret = worker_parse_slice(answer, ret_report, reason, sizeof(reason));
	return ret ? exec_fail(channel, ret, reason) : 0;
}

/* Returns 0; -ENOTSUP when the program refuses the case (a SKIP); another
 * -errno when it broke. The reason is in the report. */
static int exec_run_slice(struct channel *base,
	const struct slice_request *request, struct slice_report *ret_report)
{
	struct exec_channel *channel = (struct exec_channel *)base;
	int ret = channel->failure;

	if (!ret && !channel->set_up)
		ret = exec_setup(channel, request->bench);
	if (!ret)
		ret = exec_slice(channel, request, ret_report);
	if (ret)
		snprintf(ret_report->reason, sizeof(ret_report->reason), "%s",
			channel->reason);
	return ret;
}

static void exec_destroy(struct channel *base)
{
	struct exec_channel *channel = (struct exec_channel *)base;
	char how[HOW_BYTES];

	if (!channel)
		return;
	if (channel->program.pid)
		(void)program_say(&channel->program, "quit\n",
			deadline_after(GRACE_MS * MS_NS));
	program_stop(&channel->program, GRACE_MS * MS_NS, how, sizeof(how));
	free(channel);
}

/* Where a worker program is: where the user says, where it was installed, or in the
 * source tree that this program was built from. */
static bool workers_find(const char *file, char *path, size_t path_bytes)
{
	const char *said = getenv(WORKERS_VARIABLE);
	const char *const dirs[] = {
		said ? said : WORKERS_DIR,
#ifdef SOURCE_WORKERS_DIR
		said ? said : SOURCE_WORKERS_DIR,
#endif
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if ((size_t)snprintf(path, path_bytes, "%s/%s", dirs[i], file) <
				path_bytes &&
			access(path, R_OK) == 0)
			return true;
	return false;
}

/* The worker programs that come along, one transport each. */
static const struct mp {
	const char *name;
	const char *file;
	const char *what;
} mps[] = {
	{"mp-queue", "mp_queue.py", "multiprocessing.Queue"},
	{"mp-simplequeue", "mp_simplequeue.py", "multiprocessing.SimpleQueue"},
	{"mp-pipe", "mp_pipe.py", "multiprocessing.Pipe"},
};

static const struct mp *mp_of(const char *name)
{
	for (size_t i = 0; i < sizeof(mps) / sizeof(*mps); i++)
		if (strcmp(mps[i].name, name) == 0)
			return &mps[i];
	return NULL;
}

static int mp_can_run(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	const struct mp *mp = mp_of(config->spec);
	char path[PATH_BYTES];

	if (!mp)
		snprintf(reason, reason_bytes, "'%s' is no worker program",
			config->spec);
	else if (!program_found("python3"))
		snprintf(reason, reason_bytes,
			"%s needs python3, which is not installed", mp->name);
	else if (!workers_find(mp->file, path, sizeof(path)))
		snprintf(reason, reason_bytes,
			"%s is not where it was installed; "
			"set " WORKERS_VARIABLE " to its directory",
			mp->file);
	else if (config->wait == WAIT_SPIN)
		snprintf(reason, reason_bytes, "%s can only wait by blocking",
			mp->what);
#ifdef __linux__
	else if (access("/dev/shm", W_OK))
		snprintf(reason, reason_bytes,
			"multiprocessing needs semaphores, and /dev/shm cannot "
			"be written");
#endif
	else
		return 0;
	return -ENOTSUP;
}

static int mp_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	const struct mp *mp = mp_of(config->spec);
	char path[PATH_BYTES];
	char *argv[] = {"python3", path, NULL};

	/* all of the rest comes with the first slice's case */
	if (!mp || !workers_find(mp->file, path, sizeof(path)))
		return -ENOENT;
	return exec_create_argv(argv, ret_channel);
}

const struct transport transport_exec = {
	.name = "exec",
	.summary = "exec:COMMAND, any program that speaks the worker protocol",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BATCH |
		CAP_BLOCK | CAP_EXTERNAL,
	.can_run = exec_can_run,
	.create = exec_create,
	.run_slice = exec_run_slice,
	.destroy = exec_destroy,
};

const struct transport transport_mp_queue = {
	.name = "mp-queue",
	.summary = "Python's own multiprocessing.Queue",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BLOCK |
		CAP_EXTERNAL,
	.can_run = mp_can_run,
	.create = mp_create,
	.run_slice = exec_run_slice,
	.destroy = exec_destroy,
};

const struct transport transport_mp_simplequeue = {
	.name = "mp-simplequeue",
	.summary = "Python's multiprocessing.SimpleQueue: a pipe and two locks",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BLOCK |
		CAP_EXTERNAL,
	.can_run = mp_can_run,
	.create = mp_create,
	.run_slice = exec_run_slice,
	.destroy = exec_destroy,
};

const struct transport transport_mp_pipe = {
	.name = "mp-pipe",
	.summary = "Python's multiprocessing.Pipe, bytes one way",
	.caps = CAP_BLOCK | CAP_EXTERNAL,
	.can_run = mp_can_run,
	.create = mp_create,
	.run_slice = exec_run_slice,
	.destroy = exec_destroy,
};
