/* run.c - run and plan: from a scenario to a result.
 *
 * The way through: scenario, topology, plan; run; result.json. Everything that
 * can go wrong without measuring goes wrong before it: the output folder is
 * made and tried first, because nobody likes to hear after ten minutes that it
 * cannot be written. What is shown and drawn at the end is read back from the
 * file, by the same code that reads it a year later.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/folder.h"
#include "command/command.h"
#include "figure/plot.h"
#include "machine/env.h"
#include "machine/topo.h"
#include "option/option.h"
#include "plan/plan.h"
#include "report/export.h"
#include "report/report.h"
#include "result/journal.h"
#include "result/result.h"
#include "run/run.h"
#include "scenario/scenario.h"
#include "session/session.h"

enum { PATH_BYTES = 4096 };

/* From the command line to a plan. Everything wrong has been said. */
static int make_plan(const struct options *options, struct topo *ret_topo,
	struct plan *ret_plan)
{
	struct scenario scenario;
	int error = scenario_load(options->arguments, options->argument_count,
		options->sets, options->set_count, &scenario);

	if (error == -ENOMEM)
		diag_error("out of memory");
	if (error)
		return error;
	if (options->short_form)
		scenario_shorten(&scenario);
	error = topo_load(ret_topo);
	if (error) {
		diag_error("cannot read this machine's topology: %s",
			strerror(-error));
		goto out;
	}
	error = plan_make(&scenario, ret_topo, ret_plan);
	if (error == -ENOMEM)
		diag_error("out of memory");
	if (error)
		topo_free(ret_topo);
out:
	scenario_free(&scenario);
	return error;
}

int command_plan(const struct options *options)
{
	struct topo topo;
	struct plan plan;

	if (make_plan(options, &topo, &plan))
		return EXIT_USAGE;
	plan_print(&plan, stdout);
	plan_free(&plan);
	topo_free(&topo);
	return EXIT_GOOD;
}

/* results/NAME for the first scenario file .../NAME.ini. */
static void default_dir(const char *file, char *dir, size_t dir_bytes)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	size_t len = strlen(name);

	if (len > 4 && strcmp(name + len - 4, ".ini") == 0)
		len -= 4;
	snprintf(dir, dir_bytes, "results/%.*s", (int)len, name);
}

static int choose_dir(const struct options *options, char dir[PATH_BYTES])
{
	const char *wanted = options->output_dir;

	if (!wanted)
		default_dir(options->arguments[0], dir, PATH_BYTES);
	else if (strlen(wanted) < PATH_BYTES)
		snprintf(dir, PATH_BYTES, "%s", wanted);
	else
		return folder_make(wanted); /* says that it is too long */
	return 0;
}

/* The folder, and what there is in it of a run that was cut short; all before
 * anything is measured. */
static int prepare_run(const struct options *options, const struct plan *plan,
	const char *dir, struct journal *ret_journal, struct run *ret_run)
{
	int error = options->resume ? 0 : folder_make(dir);

	if (!error)
		error = folder_claim(dir);
	if (error)
		return error;
	*ret_journal = journal_of(dir, plan);
	*ret_run = (struct run){0};
	if (options->resume) {
		error = journal_load(ret_journal, plan, ret_run);
		if (error == -ENOMEM)
			diag_error("out of memory");
		return error;
	}
	if (journal_exists(ret_journal))
		diag_warn("%s is of a run that was not finished and is thrown "
			  "away; --resume would have gone on with it",
			ret_journal->path);
	journal_remove(ret_journal);
	return 0;
}

static int save(const struct plan *plan, const struct run *run,
	const struct environment *environment, const char *path)
{
	int error = result_save(plan, run, environment, path);

	if (error)
		diag_error("cannot write '%s': %s", path, strerror(-error));
	return error;
}

/* Reads the file back; from here on nothing else is looked at. */
static int present(
	const struct options *options, const char *path, const char *dir)
{
	char logs[PATH_BYTES];
	struct result result;
	int code;

	if (result_load(path, &result))
		return EXIT_USAGE;
	report_show(&result, stdout);
	fflush(stdout);
	/* A figure that cannot be drawn, or a log that cannot be written, has
	 * been complained about; it makes what was measured neither better nor
	 * worse. */
	if (snprintf(logs, sizeof(logs), "%s/latency", dir) < (int)sizeof(logs))
		(void)export_hdr(&result, logs);
	if (!options->no_plot)
		(void)plot_result(&result, dir);
	fprintf(stdout, "\nresult: %s\n", path);
	code = result_exit_code(&result);
	result_free(&result);
	return code;
}

/* From a plan to its result. Returns the exit code. */
static int run_and_present(const struct options *options,
	const struct plan *plan, const struct topo *topo)
{
	char dir[PATH_BYTES], path[PATH_BYTES + 16];
	struct environment environment = {0};
	struct journal journal;
	struct run run;
	int error;

	if (topo->elsewhere) {
		diag_error("HWLOC_XMLFILE or HWLOC_SYNTHETIC describes another "
			   "machine, on which nothing can be run from here; "
			   "unset it, or use `ipcmark plan`");
		return EXIT_USAGE;
	}
	if (choose_dir(options, dir) ||
		prepare_run(options, plan, dir, &journal, &run))
		return EXIT_USAGE;
	snprintf(path, sizeof(path), "%s/result.json", dir);
	/* Before the run: during it the load is our own. */
	error = command_look_around(topo, &environment);
	if (error) {
		run_free(&run);
		goto out;
	}
	error = run_plan(plan, journal_keep, &journal, &run);
	if (error) {
		diag_error("the run could not be carried out: %s",
			strerror(-error));
		goto out;
	}
	error = save(plan, &run, &environment, path);
	/* A run that was interrupted can be gone on with later. */
	if (!error && !run.interrupted)
		journal_remove(&journal);
	run_free(&run);
out:
	env_free(&environment);
	return error ? EXIT_USAGE : present(options, path, dir);
}

/* The plan, and how much of it a run that is resumed has left. */
static int dry_run(const struct options *options)
{
	char dir[PATH_BYTES];
	struct journal journal;
	struct run run = {0};
	struct topo topo;
	struct plan plan;
	int error;

	if (make_plan(options, &topo, &plan))
		return EXIT_USAGE;
	error = choose_dir(options, dir);
	if (!error && options->resume) {
		journal = journal_of(dir, &plan);
		error = journal_load(&journal, &plan, &run);
	}
	if (!error) {
		plan_print(&plan, stdout);
		if (options->resume)
			printf("%zu slices are done, %zu are left\n",
				run.slices_done,
				plan.slice_count - run.slices_done);
	}
	run_free(&run);
	plan_free(&plan);
	topo_free(&topo);
	return error ? EXIT_USAGE : EXIT_GOOD;
}

int command_run(const struct options *options)
{
	struct topo topo;
	struct plan plan;
	int code = EXIT_USAGE;

	if (options->dry_run)
		return dry_run(options);
	session_begin();
	if (make_plan(options, &topo, &plan) == 0) {
		code = run_and_present(options, &plan, &topo);
		plan_free(&plan);
		topo_free(&topo);
	}
	session_end();
	return code;
}
