/* measure.c - a gate with a server for each build; see measure.h. */
#include "gate/measure.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "base/deadline.h"
#include "base/diag.h"
#include "base/progress.h"
#include "gate/gate.h"
#include "gate/server.h"

static volatile sig_atomic_t stop_asked;
static struct progress progress;

static void ask_stop(int signal)
{
	(void)signal;
	stop_asked = 1;
}

static bool keep_going(void)
{
	return !stop_asked;
}

/* Of all blocks that there may be: most cases are decided long before. */
static void show(const struct gate *gate)
{
	progress.total = gate->case_count * gate->request.blocks;
	progress.total_ns = progress.total;
	progress_step(
		&progress, gate->block_count, gate->block_count, 0, "gate");
}

/* ---------------------------------------------------------------- servers */

struct servers {
	struct gate_server server[BUILD_COUNT];
	const struct build *builds;
};

/* Which one it was at the beginning, and no other. */
static int start_again(const struct servers *servers, enum gate_build build,
	struct gate_server *server, char reason[SERVER_REASON_BYTES])
{
	const struct build *known = &servers->builds[build];
	struct identity identity;
	int err = server_start(known->dir, server, &identity, reason);

	if (err || strcmp(identity.id, known->identity.id) == 0)
		return err;
	server_end(server);
	snprintf(reason, SERVER_REASON_BYTES,
		"its library was replaced during the run: %.200s",
		identity.path);
	return -ESTALE;
}

static void renew(void *arg)
{
	struct servers *servers = arg;

	for (int i = 0; i < BUILD_COUNT; i++)
		server_end(&servers->server[i]);
}

/* Started when it is needed. Whether the build works is for the block to find
 * out. */
static int ask(void *arg, enum gate_build build, const struct gate_order *order,
	struct gate_answer *ret_answer)
{
	struct servers *servers = arg;
	struct gate_server *server = &servers->server[build];

	if (!server->pid) {
		char reason[SERVER_REASON_BYTES] = "";
		int err = start_again(servers, build, server, reason);

		if (err) {
			*ret_answer = (struct gate_answer){.err = err};
			snprintf(ret_answer->reason, sizeof(ret_answer->reason),
				"%s", reason);
			return err;
		}
	}
	return server_ask(server, order, ret_answer);
}

/* The dynamic linker goes on looking where it cannot use what it was shown. */
static bool is_the_one(const struct build *build)
{
	char path[BUILD_PATH_BYTES + sizeof(BUILD_LIBRARY)];
	struct stat wanted, loaded;

	snprintf(path, sizeof(path), "%s/" BUILD_LIBRARY, build->dir);
	return !stat(path, &wanted) && !stat(build->identity.path, &loaded) &&
	       wanted.st_dev == loaded.st_dev && wanted.st_ino == loaded.st_ino;
}

static int start_server(
	struct servers *servers, struct build *build, enum gate_build which)
{
	char reason[SERVER_REASON_BYTES] = "";
	int err = server_start(
		build->dir, &servers->server[which], &build->identity, reason);

	if (!err && is_the_one(build))
		return 0;
	if (!err) {
		server_end(&servers->server[which]);
		snprintf(reason, sizeof(reason),
			"%.200s was loaded instead; is it of this machine's "
			"kind, and without ':' in its path?",
			build->identity.path);
		err = -ESTALE;
	}
	diag_error("%s, '%s': %s", which == BUILD_A ? "A" : "B", build->given,
		reason[0] ? reason : strerror(-err));
	return err;
}

static int start_servers(struct servers *servers, struct gate *gate)
{
	int err = 0;

	servers->builds = gate->builds;
	for (int i = 0; i < BUILD_COUNT && !err; i++)
		err = start_server(
			servers, &gate->builds[i], (enum gate_build)i);
	return err;
}

/* Two folders have paths of different lengths, which shift a process's stack; that
 * is noise only as long as the system shifts it, too. */
static void check_randomized(void)
{
	FILE *file = fopen("/proc/sys/kernel/randomize_va_space", "re");
	bool off = personality(0xffffffff) & ADDR_NO_RANDOMIZE;

	if (file) {
		off = off || fgetc(file) == '0';
		fclose(file);
	}
	if (off)
		diag_warn("gate: addresses are not randomised here (setarch "
			  "-R, or kernel.randomize_va_space = 0): where a "
			  "build lies may look like what it costs");
}

int gate_measure(struct gate *gate)
{
	struct servers servers = {0};
	const struct gate_measurer measurer = {
		.arg = &servers,
		.ask = ask,
		.renew = renew,
		.keep_going = keep_going,
		.show = show,
	};
	int err = start_servers(&servers, gate);

	check_randomized();
	if (!err) {
		gate->started_unix_ns = deadline_clock_ns(CLOCK_REALTIME);
		progress = progress_start(1, 1, 0);
		if (!gate->request.no_count)
			counts_run(gate, &measurer);
		err = blocks_run(gate, &measurer);
		progress_end(&progress);
		if (err)
			diag_error("gate: %s", strerror(-err));
	}
	renew(&servers);
	return err;
}

bool gate_stopped(void)
{
	return stop_asked;
}

void gate_catch_signals(void)
{
	struct sigaction action = {.sa_handler = ask_stop};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}
