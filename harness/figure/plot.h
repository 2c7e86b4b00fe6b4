/* plot.h - a result as figures. */
#ifndef IPCMARK_FIGURE_PLOT_H
#define IPCMARK_FIGURE_PLOT_H

#include <stddef.h>
#include <stdio.h>

struct result;

/* plot_result - write each figure's .tsv, .gp, .svg and .png into @dir.
 * Without gnuplot the .tsv and .gp are written all the same, with one line
 * that says how to draw them later.
 * Returns 0 or -errno after saying what went wrong. */
int plot_result(const struct result *result, const char *dir);

/* One figure: its name, the .gp with its commands, and who puts its data @of what;
 * blocks as figure_write() has them. */
struct plot_job {
	const char *name, *template;
	int (*put)(const void *of, FILE *out);
	const void *of;
};

/* plot_jobs - files and gnuplot for each. Returns as plot_result(). */
int plot_jobs(const struct plot_job *jobs, size_t count, const char *dir);

/* plot_append_template - the installed commands @name.gp, to @out.
 * Returns 0; -errno after saying what is wrong. */
int plot_append_template(FILE *out, const char *name);

#endif
