/* crash_map.h - a row's map (crash/map.h) as a figure. */
#ifndef IPCMARK_FIGURE_CRASH_MAP_H
#define IPCMARK_FIGURE_CRASH_MAP_H

struct campaign;
struct symbols;

/* map_plot_all - a figure for each row that was asked for, as @dir/map-NAME.png
 * and .svg, with its .tsv and .gp; of all operations only a message's sending and
 * its receipt. Without gnuplot there are the .tsv and the .gp, and a line that
 * says so. Returns 0; -errno after saying what went wrong. */
int map_plot_all(const struct campaign *campaign, struct symbols *symbols,
	const char *dir);

#endif
