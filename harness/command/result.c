/* result.c - show, plot and compare: what reads a result only. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/folder.h"
#include "command/command.h"
#include "figure/plot.h"
#include "gate/load.h"
#include "gate/report.h"
#include "option/option.h"
#include "report/compare.h"
#include "report/cost.h"
#include "report/export.h"
#include "report/report.h"
#include "result/result.h"

enum { PATH_BYTES = 4096 };

int command_load_result(const char *argument, struct result *ret_result)
{
	char path[PATH_BYTES];
	struct stat status;
	bool is_folder =
		stat(argument, &status) == 0 && S_ISDIR(status.st_mode);
	int wrote = snprintf(path, sizeof(path), "%s%s", argument,
		is_folder ? "/result.json" : "");

	if (wrote < 0 || (size_t)wrote >= sizeof(path)) {
		diag_error("the result's path is too long");
		return -ENAMETOOLONG;
	}
	return result_load(path, ret_result);
}

/* ------------------------------------------------------------------- gates */

/* What only a run's result has; NULL: nothing of it was asked for. */
static const char *option_of_runs(const struct options *options)
{
	return options->csv		    ? "--csv"
	       : options->cost		    ? "--cost"
	       : options->hdr_dir	    ? "--hdr"
	       : options->without_disturbed ? "--without-disturbed"
					    : NULL;
}

static int show_gate(const struct options *options, const char *path)
{
	const char *unfit = option_of_runs(options);
	struct gate_file file;
	int err = 0;

	if (unfit) {
		diag_error("show: %s is of the result of a run, and %s is a "
			   "gate's; it has --markdown, --json and --report",
			unfit, path);
		return EXIT_USAGE;
	}
	if (report_check(
		    "show", options->reports, options->report_count, false) ||
		gate_file_load(path, &file))
		return EXIT_USAGE;
	if (options->json)
		err = export_document(file.document, stdout);
	else if (options->markdown)
		err = report_markdown(&file.gate, stdout);
	else if (!options->report_count)
		gate_print(&file.gate, stdout);
	for (size_t i = 0; !err && i < options->report_count; i++)
		err = report_write(&file.gate, options->reports[i]);
	gate_file_free(&file);
	return err ? EXIT_USAGE : EXIT_GOOD;
}

static int plot_gate(const char *path, const char *dir)
{
	struct gate_file file;
	int err = gate_file_load(path, &file);

	if (err)
		return EXIT_USAGE;
	err = report_plot(&file.gate, dir);
	gate_file_free(&file);
	return err ? EXIT_USAGE : EXIT_GOOD;
}

/* ----------------------------------------------------------------- results */

int command_show(const struct options *options)
{
	char path[PATH_BYTES];
	struct result result;
	int error = 0;

	if (gate_file_find(options->arguments[0], path, sizeof(path)))
		return show_gate(options, path);
	if (options->report_count) {
		diag_error("show: --report is of a gate; a run's result has "
			   "--markdown, --csv, --json and --hdr");
		return EXIT_USAGE;
	}
	if (command_load_result(options->arguments[0], &result))
		return EXIT_USAGE;
	if (options->without_disturbed)
		error = result_drop_disturbed(&result);
	if (error)
		goto out;
	if (options->json)
		error = export_json(&result, stdout);
	else if (options->csv)
		export_csv(&result, stdout);
	else if (options->markdown)
		export_markdown(&result, stdout);
	else
		report_show(&result, stdout);
	if (options->cost)
		report_cost(&result, stdout);
	if (!error && options->hdr_dir)
		error = export_hdr(&result, options->hdr_dir);
out:
	result_free(&result);
	return error ? EXIT_USAGE : EXIT_GOOD;
}

/* The folder that a result was loaded from. */
static void folder_of(const char *path, char *folder, size_t folder_bytes)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(folder, folder_bytes, ".");
	else if (slash == path)
		snprintf(folder, folder_bytes, "/");
	else
		snprintf(folder, folder_bytes, "%.*s", (int)(slash - path),
			path);
}

int command_plot(const struct options *options)
{
	char folder[PATH_BYTES], path[PATH_BYTES];
	struct result result;
	int error = 0;

	if (options->output_dir && folder_make(options->output_dir))
		return EXIT_USAGE;
	if (gate_file_find(options->arguments[0], path, sizeof(path))) {
		folder_of(path, folder, sizeof(folder));
		return plot_gate(path,
			options->output_dir ? options->output_dir : folder);
	}
	if (command_load_result(options->arguments[0], &result))
		return EXIT_USAGE;
	folder_of(result.path, folder, sizeof(folder));
	if (!error)
		error = plot_result(&result,
			options->output_dir ? options->output_dir : folder);
	result_free(&result);
	return error ? EXIT_USAGE : EXIT_GOOD;
}

int command_compare(const struct options *options)
{
	struct compare_request request = {
		.of = options->of,
		.to = options->to,
		.where = options->wheres,
		.where_count = options->where_count,
		.json = options->json,
	};
	struct result result;
	int code;

	if (command_load_result(options->arguments[0], &result))
		return EXIT_USAGE;
	if (options->without_disturbed && result_drop_disturbed(&result))
		code = EXIT_USAGE;
	else
		code = compare_print(&result, &request, stdout);
	result_free(&result);
	return code;
}
