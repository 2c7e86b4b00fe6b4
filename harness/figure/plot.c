/* plot.c - `ipcmark plot`: the files of each figure, and gnuplot to draw them.
 *
 * For a figure NAME: NAME.tsv, the data; NAME.gp, all that gnuplot needs to
 * draw it again by hand (the shared style and the figure's own commands, no
 * number of any result); NAME.svg and NAME.png. gnuplot is run without a
 * shell, in the figures' folder, and may be missing: the data are there all
 * the same.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/gnuplot.h"
#include "figure/figure.h"
#include "figure/plot.h"
#include "result/result.h"

#ifndef PLOTS_DIR
#define PLOTS_DIR "/usr/local/share/ipcmark/plots"
#endif
#ifndef SOURCE_PLOTS_DIR
#define SOURCE_PLOTS_DIR "plots"
#endif

enum {
	PATH_BYTES = 4096,
	COPY_BYTES = 8192,
};

static bool fits(int length)
{
	return length >= 0 && length < PATH_BYTES;
}

/* The folder of the .gp files; NULL after a complaint. */
static const char *template_folder(void)
{
	const char *const folders[] = {
		getenv("IPCMARK_PLOTS"), PLOTS_DIR, SOURCE_PLOTS_DIR};
	char path[PATH_BYTES];

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		if (!folders[i] || !folders[i][0])
			continue;
		if (fits(snprintf(
			    path, sizeof(path), "%s/style.gp", folders[i])) &&
			access(path, R_OK) == 0)
			return folders[i];
	}
	diag_error("no style.gp in %s nor %s; set IPCMARK_PLOTS to the folder "
		   "that has ipcmark's .gp files",
		PLOTS_DIR, SOURCE_PLOTS_DIR);
	return NULL;
}

/* Open @dir/@name@ending for writing; NULL after a complaint. */
static FILE *create_in(const char *dir, const char *name, const char *ending)
{
	char path[PATH_BYTES];
	FILE *file = NULL;

	errno = ENAMETOOLONG;
	if (fits(snprintf(path, sizeof(path), "%s/%s%s", dir, name, ending)))
		file = fopen(path, "we");
	if (!file)
		diag_error("cannot write %s/%s%s: %s", dir, name, ending,
			strerror(errno));
	return file;
}

/* Close @file, which create_in() opened; says so when writing failed. */
static int close_in(
	FILE *file, const char *dir, const char *name, const char *ending)
{
	bool bad = ferror(file);

	errno = EIO;
	if (fclose(file) == 0 && !bad)
		return 0;
	diag_error(
		"cannot write %s/%s%s: %s", dir, name, ending, strerror(errno));
	return -EIO;
}

/* Append the template @name.gp to @out. */
static int append_template(FILE *out, const char *folder, const char *name)
{
	char path[PATH_BYTES], buffer[COPY_BYTES];
	FILE *in = NULL;
	size_t got;

	errno = ENAMETOOLONG;
	if (fits(snprintf(path, sizeof(path), "%s/%s.gp", folder, name)))
		in = fopen(path, "re");
	if (!in) {
		int err = -errno;

		diag_error("cannot read %s/%s.gp: %s; set IPCMARK_PLOTS to the "
			   "folder that has ipcmark's .gp files",
			folder, name, strerror(errno));
		return err;
	}
	while ((got = fread(buffer, 1, sizeof(buffer), in)) > 0)
		fwrite(buffer, 1, got, out);
	fclose(in);
	return 0;
}

static int write_data(const struct plot_job *job, const char *dir)
{
	FILE *file = create_in(dir, job->name, ".tsv");
	int err;

	if (!file)
		return -EIO;
	err = job->put(job->of, file);
	if (close_in(file, dir, job->name, ".tsv") && err == 0)
		err = -EIO;
	return err;
}

static int write_commands(
	const struct plot_job *job, const char *dir, const char *folder)
{
	FILE *file = create_in(dir, job->name, ".gp");
	int err;

	if (!file)
		return -EIO;
	fprintf(file,
		"# Written by ipcmark. To draw the figure again, here:\n"
		"#   gnuplot %s.gp\n"
		"NAME = \"%s\"\n\n",
		job->name, job->name);
	err = append_template(file, folder, "style");
	if (err == 0) {
		fputc('\n', file);
		err = append_template(file, folder, job->template);
	}
	if (close_in(file, dir, job->name, ".gp") && err == 0)
		err = -EIO;
	return err;
}

int plot_append_template(FILE *out, const char *name)
{
	const char *folder = template_folder();

	return folder ? append_template(out, folder, name) : -ENOENT;
}

int plot_jobs(const struct plot_job *jobs, size_t count, const char *dir)
{
	const char *folder = template_folder();
	char script[FIGURE_NAME_BYTES + 8];
	bool missing = false;
	int err = folder ? 0 : -ENOENT;

	for (size_t i = 0; err == 0 && i < count; i++) {
		err = write_data(&jobs[i], dir);
		if (err == 0)
			err = write_commands(&jobs[i], dir, folder);
		if (err || missing)
			continue;
		snprintf(script, sizeof(script), "%s.gp", jobs[i].name);
		err = gnuplot_run(dir, script);
		if (err != -ENOENT)
			continue;
		err = 0;
		missing = true;
		diag_warn("no gnuplot here, so no figures: install it, then "
			  "`cd %s && gnuplot *.gp` draws them",
			dir);
	}
	return err;
}

static int put_figure(const void *of, FILE *out)
{
	return figure_write(of, out);
}

static int plot_all(const struct figure_list *list, const char *dir)
{
	struct plot_job *jobs = calloc(list->figure_count, sizeof(*jobs));
	int err;

	if (!jobs) {
		diag_error("out of memory while drawing");
		return -ENOMEM;
	}
	for (size_t i = 0; i < list->figure_count; i++)
		jobs[i] = (struct plot_job){
			.name = list->figures[i].name,
			.template = figure_template(&list->figures[i]),
			.put = put_figure,
			.of = &list->figures[i],
		};
	err = plot_jobs(jobs, list->figure_count, dir);
	free(jobs);
	return err;
}

int plot_result(const struct result *result, const char *dir)
{
	struct figure_list list;
	int err;

	if (mkdir(dir, 0777) && errno != EEXIST) {
		err = -errno;
		diag_error(
			"cannot make the folder %s: %s", dir, strerror(errno));
		return err;
	}
	err = figure_list_make(result, &list);
	if (err) {
		diag_error("out of memory while grouping the cases");
		return err;
	}
	if (list.figure_count == 0)
		diag_warn("%s: no case has figures to draw", result->path);
	else
		err = plot_all(&list, dir);
	figure_list_free(&list);
	return err;
}
