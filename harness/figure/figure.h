/* figure.h - which figures a result has, and the data of each.
 *
 * Internal to plot.c. A figure shows the cases that differ only on the axes it
 * draws; every other difference makes another figure.
 */
#ifndef IPCMARK_FIGURE_FIGURE_H
#define IPCMARK_FIGURE_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "case/case.h"

struct result;
struct result_case;

enum { FIGURE_NAME_BYTES = 128 };

enum figure_kind {
	FIGURE_SUMMARY, /* what came out: a curve a transport */
	FIGURE_ROUNDS,	/* what it came from: a point a round */
	FIGURE_LOAD,	/* what it becomes with the load: a point a rate */
	FIGURE_RANK,	/* FIGURE_SUMMARY of so many that each has a row */
	FIGURE_AROUND,	/* throughput before and after a kill */
};

struct figure {
	const struct result *result;
	enum figure_kind kind;
	enum case_mode mode;
	char name
		[FIGURE_NAME_BYTES]; /* of its files, e.g. throughput-batch-32 */
	const struct result_case **cases; /* skipped ones included; owned */
	size_t case_count;
};

struct figure_list {
	struct figure *figures;
	size_t figure_count;
};

/* figure_list_make - every figure that has something to show.
 * Returns 0 or -ENOMEM. */
int figure_list_make(const struct result *result, struct figure_list *ret_list);

void figure_list_free(struct figure_list *list);

/* figure_same_transport - may @a and @b be points of one curve? */
bool figure_same_transport(
	const struct result_case *a, const struct result_case *b);

/* load_put - the points of @example's transport by offered load: messages a
 * second, whether they were reached, and in seconds the median and the 99th
 * percentile of the latency, from when a message was due and from when it was
 * sent, and the interval of the first of them over the rounds. */
void load_put(const struct figure *figure, const struct result_case *example,
	FILE *out);

/* about_put - block 0 of the data: title, axes, machine, notes. */
void about_put(const struct figure *figure, FILE *out);

/* figure_put_text - @text without what has a meaning in a .tsv. */
void figure_put_text(FILE *out, const char *text);

/* around_drawable - does @one tell what was around a kill, on @panel: 1, of a
 * producer; 2, of a consumer? around_title - what that panel shows. around_put -
 * its rows there: time, throughput in percent of that before, and the marks. */
bool around_drawable(const struct result_case *one, unsigned panel);
const char *around_title(unsigned panel);
void around_put(const struct result_case *one, unsigned panel, FILE *out);

/* figure_drawable - is there anything to draw of @one? A message of 0 bytes has
 * no place on a logarithmic axis. */
bool figure_drawable(const struct result_case *one);

/* figure_template - the name of its .gp file among the installed ones. */
const char *figure_template(const struct figure *figure);

/* rank_wanted - does @figure, a FIGURE_SUMMARY, have more curves than can be told
 * apart, or only one point of each? Then it is to be a FIGURE_RANK. */
bool rank_wanted(const struct figure *figure);

/* rank_put - the row of @one on @panel: messages a second with the interval, or
 * in seconds the median with its interval, the 99th percentile and the slowest;
 * NaN where there is none. */
void rank_put(const struct result_case *one, unsigned panel, FILE *out);

/* rounds_panel - the panel of a FIGURE_ROUNDS or FIGURE_RANK that @one is on,
 * from 1; 0: it is on none. rounds_left_out - how many points of the sweep have no panel. */
unsigned rounds_panel(
	const struct figure *figure, const struct result_case *one);
size_t rounds_left_out(const struct figure *figure);

/* rounds_put - the rows of @one: round, value, and the median of the values
 * with its interval. Returns 0 or -ENOMEM. */
int rounds_put(const struct result_case *one, FILE *out);

/* figure_write - its data for gnuplot. Blocks, separated by two empty lines,
 * each with a row of headings:
 *   0  about	key, text: title, axes, load, machine, limit_ns, note
 *   1  series	style, limit (0 or 1), panel, name
 *   2  ticks	position on the x axis, label (throughput only)
 *   3  panels	panel, title
 *   4..	one a series, in the order of block 1
 * Returns 0 or -ENOMEM; errors of @out are left to ferror(). */
int figure_write(const struct figure *figure, FILE *out);

#endif
