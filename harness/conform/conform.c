/* conform.c - the list of checks, and one process for each.
 *
 * A check runs in a process group of its own. It ends by itself, by
 * stage_broken(), by a crash that is the transport's, or by the patience here;
 * each is a verdict. The group is killed afterwards, so that nothing a transport
 * started goes on working behind the next check.
 */
#include "conform/conform.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "conform/check.h"
#include "conform/stage.h"
#include "transport/transport.h"

/* Of one check, all its channels together; the slowest, that of sizes over a
 * slow transport on a busy machine, was seen to take a tenth of it. */
#define CHECK_PATIENCE_NS (12 * STAGE_PATIENCE_NS)

static const struct conform_check checks[] = {
	{"null", "destroy and detach accept NULL", check_null,
		CONFORM_TWO_SIDED | CONFORM_LOOPBACK | CONFORM_EXTERNAL, 0},
	{"sizes",
		"messages of every size, from nothing to the largest, arrive "
		"whole",
		check_sizes, CONFORM_TWO_SIDED, 0},
	{"order",
		"mixed sizes, sent and received by polling and by waiting, "
		"arrive in order",
		check_order, CONFORM_TWO_SIDED, 0},
	{"batches",
		"batches arrive in order, whatever size they are received "
		"in",
		check_batches, CONFORM_TWO_SIDED, CAP_BATCH},
	{"empty", "an empty channel says so at once, and after the time-out",
		check_empty, CONFORM_TWO_SIDED, 0},
	{"full", "a full channel refuses, and loses nothing of what it took",
		check_full, CONFORM_TWO_SIDED, 0},
	{"many", "of several producers and consumers, each message comes once",
		check_many, CONFORM_TWO_SIDED,
		CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS},
	{"loopback", "what was sent is handed back", check_loopback,
		CONFORM_LOOPBACK, 0},
	{"peer-gone", "a peer that left or was killed shows as -EPIPE",
		check_peer_gone, CONFORM_TWO_SIDED, CAP_PEER_GONE},
	{"nothing-left", "destroy leaves nothing, though all were killed",
		check_nothing_left, CONFORM_TWO_SIDED, 0},
	{"lock-holder",
		"a killed holder of the lock is seen, and survived or "
		"not as claimed",
		check_lock_holder, CONFORM_TWO_SIDED, CAP_LOCK_HOLDER},
	{0},
};

const struct conform_check *conform_checks(void)
{
	return checks;
}

const struct conform_check *conform_find(const char *name)
{
	for (size_t i = 0; checks[i].name; i++)
		if (strcmp(checks[i].name, name) == 0)
			return &checks[i];
	return NULL;
}

static unsigned sides_of(const struct transport *transport)
{
	if (transport->caps & CAP_EXTERNAL)
		return CONFORM_EXTERNAL;
	if (transport->caps & CAP_LOOPBACK)
		return CONFORM_LOOPBACK;
	return CONFORM_TWO_SIDED;
}

/* Wait for @pid, as long as there is patience. Returns false if it hung. */
static bool check_ended(pid_t pid, int *status)
{
	static const struct timespec tick = {.tv_nsec = 500 * 1000};
	uint64_t deadline_ns = deadline_after(CHECK_PATIENCE_NS);

	while (deadline_left_ns(deadline_ns)) {
		pid_t ended = waitpid(pid, status, WNOHANG);

		if (ended == pid || (ended < 0 && errno != EINTR))
			return true;
		nanosleep(&tick, NULL);
	}
	return false;
}

/* What became of it, from how its process ended and what it noted. */
static enum conform_verdict check_verdict(const struct stage_outcome *outcome,
	bool ended, int status, char *words, size_t words_bytes)
{
	if (!ended) {
		snprintf(words, words_bytes, "the check hung and was killed");
	} else if (WIFSIGNALED(status)) {
		snprintf(words, words_bytes, "it crashed: signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	} else if (outcome->broken) {
		snprintf(words, words_bytes, "%s", outcome->words);
	} else if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		snprintf(words, words_bytes,
			"the process ended with wait status 0x%x",
			(unsigned)status);
	} else if (!outcome->opened) {
		snprintf(words, words_bytes, "%s", outcome->words);
		return CONFORM_SKIPPED;
	} else {
		snprintf(words, words_bytes, "%s", "");
		return CONFORM_KEPT;
	}
	return CONFORM_BROKEN;
}

enum conform_verdict conform_run(const struct conform_check *check,
	const struct transport *transport, const char *spec, char *words,
	size_t words_bytes)
{
	enum conform_verdict verdict;
	struct stage_outcome *outcome;
	int status = 0;
	bool ended;
	pid_t pid;

	if (!(check->sides & sides_of(transport)) ||
		(check->any_of && !(check->any_of & transport->caps))) {
		snprintf(words, words_bytes, "%s", "");
		return CONFORM_UNPROMISED;
	}
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED) {
		snprintf(words, words_bytes, "no memory for the check itself");
		return CONFORM_BROKEN;
	}
	fflush(NULL); /* or the child has it to write, too */
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		stage_begin(outcome, spec);
		check->run(transport);
		_exit(0);
	}
	setpgid(pid, pid); /* both do it: whoever is first */
	ended = pid > 0 && check_ended(pid, &status);
	if (pid > 0) {
		kill(-pid, SIGKILL);
		if (!ended)
			waitpid(pid, &status, 0);
	}
	verdict = check_verdict(outcome, ended, status, words, words_bytes);
	munmap(outcome, sizeof(*outcome));
	return verdict;
}
