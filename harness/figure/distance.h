/* distance.h - the matrix of distances as a heat map. */
#ifndef IPCMARK_FIGURE_DISTANCE_H
#define IPCMARK_FIGURE_DISTANCE_H

struct distance_doubts;
struct distance_matrix;
struct environment;
struct topo;

/* distance_plot_check - can @path be a figure's name? Returns 0; -EINVAL after
 * saying why not. */
int distance_plot_check(const char *path);

/* distance_plot - draw @path, which ends in .svg or .png, and write the .tsv
 * with its numbers and the .gp that makes it beside it. Without gnuplot those
 * two are written, and a warning says so.
 * @environment: for the heading; caller keeps.
 * Returns 0; -errno after saying what is wrong. */
int distance_plot(const struct topo *topo, const struct distance_matrix *matrix,
	const struct distance_doubts *doubts,
	const struct environment *environment, const char *path);

#endif
