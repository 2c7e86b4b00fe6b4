/* session.c - the ledger of a run, and the guardian behind it.
 *
 * SIGKILL gives the harness no last word, so somebody else must have it. Three
 * are behind each other:
 *
 *   The kernel ends forked workers with their parent (run/worker.c).
 *   The guardian, a process of its own that only waits for the harness's end of
 *   a pipe to be closed, cleans up at once. Workers inherit that end over the
 *   fork, so the pipe closes when the last of them is gone, and nobody makes
 *   anything any more. The guardian is in a session of its own: a kill of the
 *   harness's whole process group leaves it alone.
 *   The next run of the same user cleans up after all dead ones: leftover.c.
 *
 * The ledger is locked with flock(), which belongs to the open file: it is held
 * until harness, workers and guardian are all gone, and no sooner.
 *
 * What a kill leaves: before the ledger is locked, an empty ledger, which the
 * next sweep takes; after that, the ledger and all that it can lead to. A name
 * that was noted and never made is not found, and that is all.
 */
#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/diag.h"

enum {
	TRIES = 16,	 /* to make a ledger that nobody took away */
	STAT_START = 22, /* the field of /proc/PID/stat */
};

static struct {
	char token[LEFTOVER_TOKEN_BYTES];
	pid_t pid; /* whose token it is */
	bool active;
	int ledger;
	int pipe;	/* written to by us alone; closed: we are gone */
	pid_t guardian; /* 0: none */
} session = {.ledger = -1, .pipe = -1};

/* When this process was started, in ticks since the boot; a process number and
 * that are one process. Where it cannot be had, the clock will do. */
static uint64_t start_ticks(void)
{
	FILE *file = fopen("/proc/self/stat", "re");
	char text[1024];
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	char *at;

	if (file)
		fclose(file);
	text[len] = '\0';
	/* The second field is a name in brackets, which may hold anything. */
	at = strrchr(text, ')');
	for (int field = 2; at && field < STAT_START; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return at ? strtoull(at, NULL, 10) : deadline_clock_ns(CLOCK_MONOTONIC);
}

static void make_token(uint64_t start)
{
	snprintf(session.token, sizeof(session.token), "ipcmark-%ld-%" PRIx64,
		(long)getpid(), start);
	session.pid = getpid();
}

const char *session_token(void)
{
	if (session.pid != getpid() && !session.active)
		make_token(start_ticks());
	return session.token;
}

/* A new ledger, locked. Returns its descriptor; -EEXIST; -EAGAIN when a sweep
 * took it away before it was locked; -errno. */
static int make_ledger(const char *path)
{
	int fd = open(path,
		O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
		0600);
	struct stat status;
	int error;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &status) == 0 &&
		status.st_nlink > 0)
		return fd;
	error = errno == EWOULDBLOCK || errno == 0 ? EAGAIN : errno;
	close(fd);
	return -error;
}

static int open_ledger(void)
{
	uint64_t start = start_ticks();
	char path[LEFTOVER_PATH_BYTES];
	int fd = -EAGAIN;

	/* In two containers that share this memory, two processes may have one
	 * number and one start; whoever comes second takes the next token. */
	for (unsigned i = 0; i < TRIES && (fd == -EAGAIN || fd == -EEXIST);
		i++) {
		make_token(start + i);
		leftover_ledger_path(session.token, path);
		errno = 0;
		fd = make_ledger(path);
	}
	if (fd < 0)
		diag_warn("cannot write %s: %s; should this run be killed, "
			  "what it made stays",
			path, strerror(-fd));
	return fd;
}

static void remove_ledger(void)
{
	char path[LEFTOVER_PATH_BYTES];

	leftover_ledger_path(session.token, path);
	unlink(path);
}

/* The guardian has nothing open but the pipe and the ledger: what reads the
 * harness's output must not wait for it. */
static void close_others(int pipe)
{
	int silence = open("/dev/null", O_RDWR | O_CLOEXEC);
	long most = sysconf(_SC_OPEN_MAX);

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		dup2(silence, fd);
	if (most < 0 || most > 4096)
		most = 4096;
	for (int fd = STDERR_FILENO + 1; fd < most; fd++)
		if (fd != pipe && fd != session.ledger)
			close(fd);
}

static _Noreturn void guard(int pipe)
{
	char word;
	ssize_t got;

	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	close_others(pipe);
	do
		got = read(pipe, &word, 1);
	while (got < 0 && errno == EINTR);
	if (got == 0) {
		leftover_clean(session.token, session.ledger);
		remove_ledger();
	}
	_exit(0);
}

static void start_guardian(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return;
	fflush(NULL);
	session.guardian = fork();
	if (session.guardian == 0)
		guard(ends[0]);
	close(ends[0]);
	if (session.guardian > 0) {
		session.pipe = ends[1];
		return;
	}
	/* The next run cleans up all the same. */
	session.guardian = 0;
	close(ends[1]);
}

void session_begin(void)
{
	leftover_sweep();
	session.ledger = open_ledger();
	if (session.ledger < 0)
		return;
	session.active = true;
	setenv(LEFTOVER_VARIABLE, session.token, 1);
	start_guardian();
}

void session_note(enum leftover_kind kind, const char *name)
{
	char line[LEFTOVER_PATH_BYTES + 16];
	size_t len = leftover_line(kind, name, line, sizeof(line));

	/* One call: whole, or cut short by a full disk and then of no use. */
	if (session.active && len > 0 &&
		write(session.ledger, line, len) != (ssize_t)len)
		diag_warn("cannot write down '%s': should this run be killed, "
			  "it stays",
			name);
}

/* There is nothing to do for it. It may have been killed. */
static void dismiss_guardian(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

	sigaction(SIGPIPE, &ignore, &before);
	if (write(session.pipe, "", 1) < 0)
		errno = 0;
	sigaction(SIGPIPE, &before, NULL);
}

static void end(bool clean)
{
	if (!session.active)
		return;
	if (clean)
		remove_ledger();
	if (session.guardian > 0) {
		if (clean)
			dismiss_guardian();
		close(session.pipe);
		waitpid(session.guardian, NULL, 0);
	}
	unsetenv(LEFTOVER_VARIABLE);
	close(session.ledger);
	session.active = false;
	session.guardian = 0;
	session.pipe = session.ledger = -1;
}

void session_end(void)
{
	end(true);
}

void session_abandon(void)
{
	end(false);
}
