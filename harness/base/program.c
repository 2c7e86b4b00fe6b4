/* program.c - another program, spoken to line by line, with deadlines.
 *
 * Nothing that the program does, or fails to do, may hang the harness: both
 * pipes do not block, and every wait is a poll() with what is left of a
 * deadline. Whether it could be executed at all is told by a third pipe, which
 * a successful exec closes.
 *
 * The harness killed by SIGKILL cannot clean up. Then the program's standard
 * input ends, which asks a well-behaved one to leave, and where the system has
 * PR_SET_PDEATHSIG the program is killed outright. What it started itself is
 * its own to care for; what does not, session/leftover.c finds by its environment.
 */
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/deadline.h"

enum {
	LINE_MAX_BYTES = 1 << 20, /* a histogram of every value is half that */
	READ_BYTES = 4096,
	PATH_BYTES = 1024,
	GRACE_TICK_NS = 2 * 1000 * 1000,
};

bool program_found(const char *name)
{
	const char *at = getenv("PATH");
	char path[PATH_BYTES];

	if (strchr(name, '/'))
		return access(name, X_OK) == 0;
	if (!at)
		at = "/bin:/usr/bin";
	while (*at) {
		size_t len = strcspn(at, ":");

		if ((size_t)snprintf(path, sizeof(path), "%.*s/%s",
			    len ? (int)len : 1, len ? at : ".",
			    name) < sizeof(path) &&
			access(path, X_OK) == 0)
			return true;
		at += len;
		at += *at == ':';
	}
	return false;
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

/* In the child: become the program, or tell why not. Does not return. */
static void program_become(
	char *const argv[], pid_t parent, int in, int out, int telltale)
{
	sigset_t none;
	int error;

	setpgid(0, 0);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* gone before that counted */
		_exit(1);
#endif
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	error = errno;
	if (write(telltale, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

/* Ends that must not be standard input or output themselves: dup2() onto its
 * own number would leave it close-on-exec. */
static int pipe_above_standard(int pair[2])
{
	if (pipe2(pair, O_CLOEXEC)) {
		pair[0] = pair[1] = -1;
		return -errno;
	}
	for (int i = 0; i < 2; i++) {
		int moved;

		if (pair[i] > STDERR_FILENO)
			continue;
		moved = fcntl(pair[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (moved < 0)
			return -errno;
		close(pair[i]);
		pair[i] = moved;
	}
	return 0;
}

/* Returns 0 once the program runs, or the errno that kept it from running. */
static int program_executed(int telltale)
{
	int error = 0;
	ssize_t got;

	do
		got = read(telltale, &error, sizeof(error));
	while (got < 0 && errno == EINTR);
	return got == sizeof(error) ? -error : 0;
}

int program_start(char *const argv[], struct program *ret_program)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, telltale[2] = {-1, -1};
	pid_t pid = -1, parent = getpid();
	int ret;

	ret = pipe_above_standard(in);
	if (!ret)
		ret = pipe_above_standard(out);
	if (!ret)
		ret = pipe_above_standard(telltale);
	if (ret)
		goto fail;
	pid = fork();
	if (pid < 0) {
		ret = -errno;
		goto fail;
	}
	if (!pid)
		program_become(argv, parent, in[0], out[1], telltale[1]);
	setpgid(pid, pid); /* whoever comes first; the other one fails */
	close(telltale[1]);
	telltale[1] = -1;
	ret = program_executed(telltale[0]);
	if (ret)
		goto fail;
	close(telltale[0]);
	close(in[0]);
	close(out[1]);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	*ret_program = (struct program){.pid = pid, .in = in[1], .out = out[0]};
	return 0;
fail:
	close_pair(in);
	close_pair(out);
	close_pair(telltale);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return ret;
}

/* Returns 0 when ready or interrupted; -ETIMEDOUT; -errno. */
static int program_wait(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd ready = {.fd = fd, .events = events};
	uint64_t left_ns = deadline_left_ns(deadline_ns);
	struct timespec left = deadline_timespec(left_ns);

	if (!left_ns)
		return -ETIMEDOUT;
	if (ppoll(&ready, 1, &left, NULL) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

/* write(), with -EPIPE instead of a SIGPIPE that would end the harness. */
static ssize_t write_quietly(int fd, const char *bytes, size_t count)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	ssize_t written;

	sigaction(SIGPIPE, &ignore, &before);
	written = write(fd, bytes, count);
	if (written < 0)
		written = -errno;
	sigaction(SIGPIPE, &before, NULL);
	return written;
}

int program_say(struct program *program, const char *line, uint64_t deadline_ns)
{
	size_t left = strlen(line);

	while (left) {
		ssize_t written = write_quietly(program->in, line, left);
		int ret = 0;

		if (written >= 0) {
			line += written;
			left -= (size_t)written;
		} else if (written == -EAGAIN) {
			ret = program_wait(program->in, POLLOUT, deadline_ns);
		} else if (written != -EINTR) {
			ret = (int)written;
		}
		if (ret)
			return ret;
	}
	return 0;
}

static int program_read(struct program *program)
{
	ssize_t got;

	if (program->used + READ_BYTES > program->room) {
		size_t room = program->room ? 2 * program->room
					    : 4 * (size_t)READ_BYTES;
		char *text = realloc(program->text, room);

		if (!text)
			return -ENOMEM;
		program->text = text;
		program->room = room;
	}
	got = read(program->out, program->text + program->used, READ_BYTES);
	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	if (!got)
		return -EPIPE;
	program->used += (size_t)got;
	return 0;
}

int program_hear(struct program *program, uint64_t deadline_ns, char **ret_line)
{
	size_t searched = 0;

	program->used -= program->heard;
	if (program->heard)
		memmove(program->text, program->text + program->heard,
			program->used);
	program->heard = 0;
	for (;;) {
		char *end = NULL;
		int ret;

		if (program->used > searched)
			end = memchr(program->text + searched, '\n',
				program->used - searched);
		if (end) {
			*end = '\0';
			program->heard = (size_t)(end + 1 - program->text);
			if (strlen(program->text) + 1 != program->heard)
				return -EBADMSG;
			*ret_line = program->text;
			return 0;
		}
		searched = program->used;
		if (searched > LINE_MAX_BYTES)
			return -EMSGSIZE;
		ret = program_read(program);
		if (ret == -EAGAIN)
			ret = program_wait(program->out, POLLIN, deadline_ns);
		if (ret)
			return ret;
	}
}

static void describe(int status, char *how, size_t how_bytes)
{
	if (WIFEXITED(status))
		snprintf(how, how_bytes, "it ended with status %d",
			WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(how, how_bytes, "it was killed by signal %d",
			WTERMSIG(status));
	else
		snprintf(how, how_bytes, "it ended");
}

void program_stop(
	struct program *program, uint64_t grace_ns, char *how, size_t how_bytes)
{
	static const struct timespec tick = {.tv_nsec = GRACE_TICK_NS};
	uint64_t deadline_ns;
	int status = 0;
	pid_t ended;

	if (!program->pid)
		return;
	close(program->in);
	close(program->out);
	deadline_ns = deadline_after(grace_ns);
	do {
		ended = waitpid(program->pid, &status, WNOHANG);
		if (ended)
			break;
		nanosleep(&tick, NULL);
	} while (deadline_left_ns(deadline_ns));
	/* the rest of the group too, whether or not its leader is gone */
	kill(-program->pid, SIGKILL);
	if (!ended) {
		snprintf(how, how_bytes, "it was still running");
		while (waitpid(program->pid, &status, 0) < 0 && errno == EINTR)
			;
	} else if (ended > 0) {
		describe(status, how, how_bytes);
	} else {
		snprintf(how, how_bytes, "it ended");
	}
	free(program->text);
	*program = (struct program){0};
}
