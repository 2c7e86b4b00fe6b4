/* gate.c - gate: is build B slower than build A?
 *
 * What can be wrong without measuring is found before it: the command line, the
 * scenario, both builds, the output folder.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/folder.h"
#include "command/command.h"
#include "gate/gate.h"
#include "gate/gate_request.h"
#include "gate/measure.h"
#include "gate/report.h"
#include "gate/trend.h"
#include "machine/topo.h"
#include "option/option.h"
#include "plan/plan.h"
#include "result/result.h"
#include "scenario/scenario.h"
#include "session/session.h"

enum { PATH_BYTES = 4096 };

int gate_cases(const struct options *options, struct topo *ret_topo,
	struct plan *ret_plan)
{
	struct scenario scenario;
	int err = scenario_load(options->arguments, options->argument_count,
		options->sets, options->set_count, &scenario);

	if (err)
		return err;
	err = topo_load(ret_topo);
	if (err) {
		diag_error("cannot read this machine's topology: %s",
			strerror(-err));
	} else {
		err = plan_make(&scenario, ret_topo, ret_plan);
		if (err)
			topo_free(ret_topo);
	}
	scenario_free(&scenario);
	return err;
}

static int report(const struct options *options, const struct gate *gate)
{
	char path[PATH_BYTES];
	int err = 0, report_err;

	gate_print(gate, stdout);
	if (options->output_dir) {
		snprintf(path, sizeof(path), "%s/gate.json",
			options->output_dir);
		err = gate_save(gate, path);
		if (err)
			diag_error(
				"cannot write '%s': %s", path, strerror(-err));
		else
			printf("result: %s\n", path);
	}
	for (size_t i = 0; i < options->report_count; i++) {
		report_err = report_write(gate, options->reports[i]);
		if (!err)
			err = report_err;
	}
	return err;
}

static int run_gate(const struct options *options, struct gate *gate,
	const struct plan *plan, const struct topo *topo)
{
	int err = gate_prepare(gate, plan->cases, plan->case_count);

	if (!err)
		err = command_look_around(topo, &gate->environment);
	if (!err)
		err = gate_measure(gate);
	if (err)
		return err == -ENOTSUP ? EXIT_NOTHING_RAN : EXIT_USAGE;
	gate_command_text(options, gate, gate->command);
	gate_conclude(gate);
	if (gate->exit_code == EXIT_INCONCLUSIVE)
		gate->exit_code = gate->request.inconclusive_exit;
	return report(options, gate) ? EXIT_USAGE : gate->exit_code;
}

/* No build takes part. */
static int command_trend(
	const struct options *options, const struct gate_request *request)
{
	struct result then, now;
	int code;

	if (command_load_result(options->baseline, &then))
		return EXIT_USAGE;
	if (command_load_result(options->arguments[0], &now)) {
		result_free(&then);
		return EXIT_USAGE;
	}
	code = trend_print(&then, &now, request, stdout);
	if (code == EXIT_INCONCLUSIVE)
		code = request->inconclusive_exit;
	result_free(&then);
	result_free(&now);
	return code;
}

int command_gate(const struct options *options)
{
	struct gate gate = {0};
	struct topo topo;
	struct plan plan;
	int code = EXIT_USAGE;

	if (gate_request_read(options, &gate.request))
		return EXIT_USAGE;
	if (options->baseline && options->report_count) {
		diag_error("gate: --report is of two builds; --baseline has "
			   "its table only");
		return EXIT_USAGE;
	}
	if (options->baseline)
		return command_trend(options, &gate.request);
	if ((options->output_dir && folder_make(options->output_dir)) ||
		report_check("gate", options->reports, options->report_count,
			true) ||
		gate_cases(options, &topo, &plan))
		return EXIT_USAGE;
	if (!build_find(options->build_a, &gate.builds[BUILD_A]) &&
		!build_find(options->build_b, &gate.builds[BUILD_B])) {
		gate_catch_signals();
		session_begin();
		code = run_gate(options, &gate, &plan, &topo);
		session_end();
	}
	gate_free(&gate);
	plan_free(&plan);
	topo_free(&topo);
	return code;
}
