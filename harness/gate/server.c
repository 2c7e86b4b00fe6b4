/* server.c - one worker program for each build; see server.h.
 *
 * The library is chosen by LD_LIBRARY_PATH: the program has no run path that would
 * come before it. Whether that worked is not believed but asked (identity.h).
 */
#include "gate/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>

#include "base/deadline.h"

#define PROGRAM "ipcmark-gate-worker"
#define SECOND_NS UINT64_C(1000000000)
#define HELLO_NS (10 * SECOND_NS)
#define MARGIN_NS (30 * SECOND_NS) /* beside the slice: all its time-outs */
#define GRACE_NS (2 * SECOND_NS)

enum { PATH_BYTES = 4096, SOCKET = 3 };

/* Beside this program, as in a build tree; where installed programs' helpers are,
 * seen from there; where they were to be installed. */
static int find_program(char path[PATH_BYTES])
{
	/* The tests are in a folder of their own, one below. */
	static const char *const below[] = {"", "/..", "/../libexec/mmapipc"};
	char self[PATH_BYTES - 64], *slash;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		snprintf(path, PATH_BYTES, "%s%s/" PROGRAM, self, below[i]);
		if (access(path, X_OK) == 0)
			return 0;
	}
	snprintf(path, PATH_BYTES, "%s", GATE_WORKER_DIR "/" PROGRAM);
	return access(path, X_OK) == 0 ? 0 : -ENOENT;
}

static void set_library_dir(const char *library_dir)
{
	const char *before = getenv("LD_LIBRARY_PATH");
	char value[2 * PATH_BYTES];

	snprintf(value, sizeof(value), "%s%s%s", library_dir,
		before && *before ? ":" : "", before ? before : "");
	setenv("LD_LIBRARY_PATH", value, 1);
}

/* Its complaints come back through @errors. */
static _Noreturn void be_server(const char *path, const char *library_dir,
	int socket, int errors, pid_t parent)
{
	char number[12];
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0);
	/* nobody reads its complaints for long: they should not end it */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(errors, STDERR_FILENO);
	/* dup2() of a descriptor to itself would leave it to be closed. */
	if (socket == SOCKET)
		fcntl(socket, F_SETFD, 0);
	else
		dup2(socket, SOCKET);
	set_library_dir(library_dir);
	snprintf(number, sizeof(number), "%d", SOCKET);
	execl(path, PROGRAM, number, (char *)NULL);
	_exit(127);
}

/* The whole message, or not: SOCK_SEQPACKET. Returns 0; -ETIMEDOUT; -EPIPE. */
static int hear(int socket, void *message, size_t bytes, uint64_t wait_ns)
{
	uint64_t deadline_ns = deadline_after(wait_ns);

	for (;;) {
		struct pollfd ready = {.fd = socket, .events = POLLIN};
		uint64_t left_ns = deadline_left_ns(deadline_ns);
		ssize_t got;

		if (!left_ns)
			return -ETIMEDOUT;
		if (poll(&ready, 1, (int)(left_ns / 1000000) + 1) <= 0)
			continue; /* also by a signal */
		got = recv(socket, message, bytes, 0);
		if (got == (ssize_t)bytes)
			return 0;
		if (got < 0 && errno == EINTR)
			continue;
		return -EPIPE;
	}
}

/* How it ended, in words; kills it if it has not. */
static void bury(struct gate_server *server, char *how, size_t how_bytes)
{
	uint64_t deadline_ns = deadline_after(GRACE_NS);
	int status = 0;

	if (!server->pid)
		return;
	close(server->socket);
	while (waitpid(server->pid, &status, WNOHANG) == 0) {
		const struct timespec pause = {.tv_nsec = 100000};

		if (!deadline_left_ns(deadline_ns))
			kill(server->pid, SIGKILL);
		nanosleep(&pause, NULL);
	}
	server->pid = 0;
	if (!how)
		return;
	if (WIFSIGNALED(status))
		snprintf(how, how_bytes,
			"the process that measures ended by signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(how, how_bytes,
			"the process that measures ended with exit code %d",
			WEXITSTATUS(status));
}

/* What it had made of one order, and did not come to take away: as run/crew.c and
 * count.c call it. */
static void clean_up_after(const struct gate_order *order)
{
	static const char *const ends[] = {"", ".0", ".1"};
	char name[GATE_NAME_BYTES + 8];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", order->name, ends[i]);
		if (mipc_ring_unlink(name))
			mipc_queue_unlink(name);
	}
}

static int check_hello(const struct gate_hello *hello,
	struct identity *ret_identity, char reason[SERVER_REASON_BYTES])
{
	if (hello->magic != GATE_HELLO_MAGIC ||
		hello->order_bytes != sizeof(struct gate_order) ||
		hello->answer_bytes != sizeof(struct gate_answer)) {
		snprintf(reason, SERVER_REASON_BYTES,
			PROGRAM " is of another version than ipcmark: "
				"install both anew");
		return -EPROTO;
	}
	if (hello->err == -ENOTSUP) {
		snprintf(reason, SERVER_REASON_BYTES,
			PROGRAM " has the library built in (--disable-shared), "
				"so it cannot measure another one");
		return -ENOTSUP;
	}
	if (hello->err) {
		snprintf(reason, SERVER_REASON_BYTES,
			"which library it has cannot be told: %s",
			strerror(-hello->err));
		return hello->err;
	}
	*ret_identity = hello->identity;
	return 0;
}

/* The dynamic linker's own sentence, if that is what it died of. */
static void read_errors(int errors, char reason[SERVER_REASON_BYTES])
{
	char text[SERVER_REASON_BYTES - 100];
	ssize_t got = read(errors, text, sizeof(text) - 1);

	if (got <= 0)
		return;
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	snprintf(reason, SERVER_REASON_BYTES, "it cannot be loaded: %s", text);
}

static int greet(struct gate_server *server, int errors,
	struct identity *ret_identity, char reason[SERVER_REASON_BYTES])
{
	struct gate_hello hello;
	int err = hear(server->socket, &hello, sizeof(hello), HELLO_NS);

	if (!err)
		err = check_hello(&hello, ret_identity, reason);
	else
		bury(server, reason, SERVER_REASON_BYTES);
	if (err == -EPIPE)
		read_errors(errors, reason);
	if (err)
		server_end(server);
	return err;
}

int server_start(const char *library_dir, struct gate_server *ret_server,
	struct identity *ret_identity, char reason[SERVER_REASON_BYTES])
{
	struct gate_server server = {0};
	int sockets[2], errors[2], err;
	pid_t parent = getpid();
	char path[PATH_BYTES];

	if (find_program(path)) {
		snprintf(reason, SERVER_REASON_BYTES,
			PROGRAM " is not there: install ipcmark as a whole, "
				"configured without --disable-shared");
		return -ENOENT;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	if (pipe2(errors, O_CLOEXEC | O_NONBLOCK)) {
		err = -errno;
		close(sockets[0]);
		close(sockets[1]);
		return err;
	}
	fflush(NULL);
	server.pid = fork();
	if (server.pid == 0)
		be_server(path, library_dir, sockets[1], errors[1], parent);
	err = server.pid < 0 ? -errno : 0;
	close(sockets[1]);
	close(errors[1]);
	server.socket = sockets[0];
	if (err)
		close(sockets[0]);
	else
		err = greet(&server, errors[0], ret_identity, reason);
	close(errors[0]);
	if (!err)
		*ret_server = server;
	return err;
}

int server_ask(struct gate_server *server, const struct gate_order *order,
	struct gate_answer *ret_answer)
{
	int err = -EPIPE;

	if (server->pid && send(server->socket, order, sizeof(*order),
				   MSG_NOSIGNAL) == (ssize_t)sizeof(*order))
		err = hear(server->socket, ret_answer, sizeof(*ret_answer),
			order->bench.slice_ns + order->bench.warmup_ns +
				MARGIN_NS);
	if (!err)
		return 0;
	memset(ret_answer, 0, sizeof(*ret_answer));
	ret_answer->err = err;
	if (err == -ETIMEDOUT && server->pid)
		kill(server->pid, SIGKILL);
	bury(server, ret_answer->reason, sizeof(ret_answer->reason));
	if (err == -ETIMEDOUT)
		snprintf(ret_answer->reason, sizeof(ret_answer->reason),
			"no answer within %.0f s",
			(double)(order->bench.slice_ns +
				 order->bench.warmup_ns + MARGIN_NS) /
				1e9);
	clean_up_after(order);
	return err;
}

void server_end(struct gate_server *server)
{
	bury(server, NULL, 0);
}
