/* report.c - which forms there are, and where each goes.
 *
 * One option for all of them, --report FORMAT=FILE, as often as wanted: a job in
 * CI names on one line what its log, its test page and its comment take.
 */
#include "gate/report.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"

enum { PATH_BYTES = 4096 };

/* The table is both what people see and a form like the others. */
static int report_table(const struct gate *gate, FILE *out)
{
	gate_print(gate, out);
	return ferror(out) ? -EIO : 0;
}

static const struct form {
	const char *name;
	int (*put)(const struct gate *gate, FILE *out);
	bool beside_a_table; /* made to be part of a log */
} forms[] = {
	{"table", report_table, false},
	{"markdown", report_markdown, false},
	{"junit", report_junit, false},
	{"github", report_github, true},
	{"google-benchmark-a", report_google_a, false},
	{"google-benchmark-b", report_google_b, false},
	{"github-action-benchmark", report_action, false},
	{"benchstat-a", report_benchstat_a, false},
	{"benchstat-b", report_benchstat_b, false},
};

enum { FORMS = sizeof(forms) / sizeof(*forms) };

static const struct form *form_of(const char *report)
{
	size_t len = strcspn(report, "=");

	for (size_t i = 0; i < FORMS; i++)
		if (strlen(forms[i].name) == len &&
			strncmp(forms[i].name, report, len) == 0)
			return &forms[i];
	return NULL;
}

/* NULL: standard output. */
static const char *file_of(const char *report)
{
	const char *equals = strchr(report, '=');

	return equals ? equals + 1 : NULL;
}

static int unknown_form(const char *command, const char *report)
{
	const char *names[FORMS + 1] = {0}, *nearest;
	char name[64], all[256] = "";

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(report, "="), report);
	for (size_t i = 0; i < FORMS; i++) {
		names[i] = forms[i].name;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
			i ? ", " : "", forms[i].name);
	}
	nearest = diag_nearest(name, names);
	if (nearest)
		diag_error(
			"%s: --report: unknown format '%s'; did you mean %s?",
			command, name, nearest);
	else
		diag_error("%s: --report: unknown format '%s'; there are %s",
			command, name, all);
	return -EINVAL;
}

/* What has been measured for minutes should not end at a folder that is not
 * there. */
static int check_folder(const char *command, const char *file)
{
	const char *slash = strrchr(file, '/');
	char folder[PATH_BYTES];

	snprintf(folder, sizeof(folder), "%.*s",
		slash ? (int)(slash - file + (slash == file)) : 1,
		slash ? file : ".");
	if (access(folder, W_OK | X_OK) == 0)
		return 0;
	diag_error("%s: --report: cannot write %s: %s: %s", command, file,
		folder, strerror(errno));
	return -EINVAL;
}

int report_check(const char *command, const char *const *reports, size_t count,
	bool shares_output)
{
	for (size_t i = 0; i < count; i++) {
		const struct form *form = form_of(reports[i]);
		const char *file = file_of(reports[i]);

		if (!form)
			return unknown_form(command, reports[i]);
		if (file && (!file[0] || strlen(file) >= PATH_BYTES)) {
			diag_error("%s: --report %s needs the name of a file, "
				   "as in --report %s=FILE",
				command, reports[i], form->name);
			return -EINVAL;
		}
		if (!file && shares_output && !form->beside_a_table) {
			diag_error("%s: --report %s needs a file, as in "
				   "--report %s=FILE: standard output has the "
				   "table",
				command, form->name, form->name);
			return -EINVAL;
		}
		if (file && check_folder(command, file))
			return -EINVAL;
	}
	return 0;
}

/* A pipe or a device cannot be replaced by a file that is whole. */
static bool is_replaceable(const char *path)
{
	struct stat status;

	return lstat(path, &status) || S_ISREG(status.st_mode);
}

static int write_file(
	const struct gate *gate, const struct form *form, const char *path)
{
	bool replace = is_replaceable(path);
	char part[PATH_BYTES + 8];
	FILE *out;
	int err;

	snprintf(part, sizeof(part), "%s%s", path, replace ? ".tmp" : "");
	out = fopen(part, "we");
	if (!out) {
		err = -errno;
		diag_error(
			"--report: cannot write %s: %s", path, strerror(errno));
		return err;
	}
	err = form->put(gate, out);
	if (fclose(out) && !err)
		err = -EIO;
	if (!err && replace && rename(part, path))
		err = -errno;
	if (err) {
		if (replace)
			unlink(part);
		diag_error(
			"--report: cannot write %s: %s", path, strerror(-err));
	}
	return err;
}

int report_write(const struct gate *gate, const char *report)
{
	const struct form *form = form_of(report);
	const char *file = file_of(report);

	if (file)
		return write_file(gate, form, file);
	/* That it did not get out is told at the end, by main(). */
	return form->put(gate, stdout);
}
