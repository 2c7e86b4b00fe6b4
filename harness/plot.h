/* plot.h - a result as figures. */
#ifndef IPCMARK_PLOT_H
#define IPCMARK_PLOT_H

#include <stdio.h>

struct result;

/* plot_result - write each figure's .tsv, .gp, .svg and .png into @dir.
 * Without gnuplot the .tsv and .gp are written all the same, with one line
 * that says how to draw them later.
 * Returns 0 or -errno after saying what went wrong. */
int plot_result(const struct result *result, const char *dir);

/* plot_append_template - the installed commands @name.gp, to @out.
 * Returns 0; -errno after saying what is wrong. */
int plot_append_template(FILE *out, const char *name);

#endif
