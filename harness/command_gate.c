/* command_gate.c - gate: is build B slower than build A?
 *
 * What can be wrong without measuring is found before it: the command line, the
 * scenario, both builds, the output folder.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "deadline.h"
#include "diag.h"
#include "folder.h"
#include "gate/gate.h"
#include "gate/gate_request.h"
#include "gate/server.h"
#include "option.h"
#include "plan.h"
#include "progress.h"
#include "scenario.h"
#include "session.h"
#include "topo.h"

enum { PATH_BYTES = 4096 };

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

static int start_server(
	struct servers *servers, struct build *build, enum gate_build which)
{
	char reason[SERVER_REASON_BYTES] = "";
	int err = server_start(
		build->dir, &servers->server[which], &build->identity, reason);

	if (!err)
		return 0;
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

/* -------------------------------------------------------------------- run */

static int make_cases(const struct options *options, struct plan *ret_plan)
{
	struct scenario scenario;
	struct topo topo;
	int err = scenario_load(options->arguments, options->argument_count,
		options->sets, options->set_count, &scenario);

	if (err)
		return err;
	err = topo_load(&topo);
	if (err) {
		diag_error("cannot read this machine's topology: %s",
			strerror(-err));
	} else {
		err = plan_make(&scenario, &topo, ret_plan);
		topo_free(&topo);
	}
	scenario_free(&scenario);
	return err;
}

static int measure(struct gate *gate)
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

static int report(const struct options *options, const struct gate *gate)
{
	char path[PATH_BYTES];
	int err;

	gate_print(gate, stdout);
	if (!options->output_dir)
		return 0;
	snprintf(path, sizeof(path), "%s/gate.json", options->output_dir);
	err = gate_save(gate, path);
	if (err)
		diag_error("cannot write '%s': %s", path, strerror(-err));
	else
		printf("result: %s\n", path);
	return err;
}

static int run_gate(const struct options *options, struct gate *gate,
	const struct plan *plan)
{
	int err = gate_prepare(gate, plan->cases, plan->case_count);

	if (!err)
		err = measure(gate);
	if (err)
		return err == -ENOTSUP ? EXIT_NOTHING_RAN : EXIT_USAGE;
	gate_conclude(gate);
	if (gate->exit_code == EXIT_INCONCLUSIVE)
		gate->exit_code = gate_inconclusive_exit(options);
	return report(options, gate) ? EXIT_USAGE : gate->exit_code;
}

int command_gate(const struct options *options)
{
	const struct sigaction action = {.sa_handler = ask_stop};
	struct gate gate = {0};
	struct plan plan;
	int code = EXIT_USAGE;

	if (gate_request_read(options, &gate.request) ||
		(options->output_dir && folder_make(options->output_dir)) ||
		make_cases(options, &plan))
		return EXIT_USAGE;
	if (!build_find(options->build_a, &gate.builds[BUILD_A]) &&
		!build_find(options->build_b, &gate.builds[BUILD_B])) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		session_begin();
		code = run_gate(options, &gate, &plan);
		session_end();
	}
	gate_free(&gate);
	plan_free(&plan);
	return code;
}
