/* plot.h - a result as figures. */
#ifndef IPCMARK_PLOT_H
#define IPCMARK_PLOT_H

struct result;

/* plot_result - write each figure's .tsv, .gp, .svg and .png into @dir.
 * Without gnuplot the .tsv and .gp are written all the same, with one line
 * that says how to draw them later.
 * Returns 0 or -errno after saying what went wrong. */
int plot_result(const struct result *result, const char *dir);

#endif
