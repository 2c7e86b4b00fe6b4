/* reaper.c - clean up after a harness that was killed.
 *
 * The kernel sends a signal to a child whose parent dies, if the child asked for
 * it. It is blocked and waited for, so it cannot come between asking and
 * waiting; a parent that died before the child could ask is noticed by its pid.
 * A session of its own keeps it out of what is sent to the harness's group. It
 * holds no descriptor: a pipe's other end must see the harness go.
 *
 * The reaper killed together with the harness cleans nothing.
 */
#include "base/reaper.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum {
	DESCRIPTORS = 1024, /* closed one by one where there is no better way */
};

static void close_all(void)
{
#ifdef CLOSE_RANGE_UNSHARE
	if (!close_range(0, ~0u, 0))
		return;
#endif
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		close(fd);
}

_Noreturn static void reap(
	void (*clean)(const void *), const void *what, pid_t parent)
{
	sigset_t all, death;
	int signal_number;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&death);
	sigaddset(&death, SIGUSR1);
	close_all();
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
#endif
	while (getppid() == parent)
		sigwait(&death, &signal_number);
	clean(what);
	_exit(0);
}

int reaper_start(
	void (*clean)(const void *what), const void *what, pid_t *ret_reaper)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		reap(clean, what, parent);
	*ret_reaper = pid;
	return 0;
}

void reaper_stop(pid_t reaper)
{
	if (reaper <= 0)
		return;
	kill(reaper, SIGKILL);
	while (waitpid(reaper, NULL, 0) < 0 && errno == EINTR)
		;
}
