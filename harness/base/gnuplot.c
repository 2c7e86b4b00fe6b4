/* gnuplot.c - a program that may be missing; see gnuplot.h. Run without a
 * shell, and for so long at most.
 */
#include "base/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/diag.h"

enum {
	GNUPLOT_SECONDS = 60, /* a figure takes one; this is a hang */
	EXIT_NO_PROGRAM = 127,
};

/* In the child: become gnuplot. It has nothing to say that a second run by
 * hand would not say again. */
static void exec_gnuplot(const char *dir, const char *script, pid_t parent)
{
	char *argv[] = {"gnuplot", "-d", (char *)script, NULL};
	int silence = open("/dev/null", O_RDWR);

#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	if (silence >= 0) {
		dup2(silence, STDIN_FILENO);
		dup2(silence, STDOUT_FILENO);
		dup2(silence, STDERR_FILENO);
	}
	alarm(GNUPLOT_SECONDS);
	if (chdir(dir))
		_exit(EXIT_FAILURE);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? EXIT_NO_PROGRAM : EXIT_FAILURE);
}

int gnuplot_run(const char *dir, const char *script)
{
	pid_t parent = getpid(), child, reaped;
	int status;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		exec_gnuplot(dir, script, parent);
	do {
		reaped = waitpid(child, &status, 0);
	} while (reaped < 0 && errno == EINTR);
	if (reaped == child && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (reaped == child && WIFEXITED(status) &&
		WEXITSTATUS(status) == EXIT_NO_PROGRAM)
		return -ENOENT;
	diag_error("gnuplot did not draw %s/%s; `cd %s && gnuplot %s` says why",
		dir, script, dir, script);
	return -EIO;
}
