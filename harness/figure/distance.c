/* distance.c - data and commands of the heat map; see distance.h.
 *
 * The picture's commands are plots/distance.gp and hold no number; what they
 * need is said before them, in the same file, so that the figure can be drawn
 * again by hand.
 */
#include "figure/distance.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/gnuplot.h"
#include "figure/plot.h"
#include "machine/distance.h"
#include "machine/env.h"
#include "machine/topo.h"
#include "report/machine.h"

enum { PATH_BYTES = 4096, TICKS_MAX = 16, LINE_BYTES = 512 };

/* dir/name.ending, taken apart. */
struct target {
	char dir[PATH_BYTES];
	char name[PATH_BYTES];
	const char *ending;
};

static int take_apart(const char *path, struct target *ret_target)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');

	if (strlen(path) >= PATH_BYTES || !dot || dot == base ||
		(strcmp(dot, ".svg") != 0 && strcmp(dot, ".png") != 0)) {
		diag_error("--plot: '%.200s' names no figure; end it in .svg "
			   "or .png",
			path);
		return -EINVAL;
	}
	if (strpbrk(base, "\"\\'")) {
		diag_error("--plot: a figure's name cannot have quotes in it");
		return -EINVAL;
	}
	snprintf(ret_target->dir, PATH_BYTES, "%.*s",
		slash ? (int)(slash - path + (slash == path)) : 1,
		slash ? path : ".");
	snprintf(ret_target->name, PATH_BYTES, "%.*s", (int)(dot - base), base);
	ret_target->ending = dot + 1;
	return 0;
}

int distance_plot_check(const char *path)
{
	struct target target;

	return take_apart(path, &target);
}

static FILE *create(const struct target *target, const char *ending)
{
	char path[2 * PATH_BYTES + 8];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%s", target->dir, target->name,
		ending);
	file = fopen(path, "we");
	if (!file)
		diag_error("cannot write %s: %s", path, strerror(errno));
	return file;
}

static int finish(FILE *file, const struct target *target, const char *ending)
{
	bool bad = ferror(file);

	errno = EIO;
	if (fclose(file) == 0 && !bad)
		return 0;
	diag_error("cannot write %s/%s.%s: %s", target->dir, target->name,
		ending, strerror(errno));
	return -EIO;
}

static int write_data(const struct target *target, const struct topo *topo,
	const struct distance_matrix *matrix)
{
	FILE *file = create(target, "tsv");
	size_t count = matrix->count;

	if (!file)
		return -EIO;
	fputs("x\ty\tcpu_x\tcpu_y\tsays\tfirst_ns\tsecond_ns\tclass\n", file);
	for (size_t a = 0; a < count; a++) {
		for (size_t b = 0; b < count; b++) {
			enum topo_distance says =
				topo->distance[a * topo->cpu_count + b];

			fprintf(file, "%zu\t%zu\t%d\t%d\t%d\t", b, a,
				topo->cpus[b], topo->cpus[a], (int)says);
			if (isnan(matrix->first_ns[a * count + b]))
				fputs("NaN\t", file);
			else
				fprintf(file, "%.0f\t",
					matrix->first_ns[a * count + b]);
			if (isnan(matrix->second_ns[a * count + b]))
				fputs("NaN\t", file);
			else
				fprintf(file, "%.0f\t",
					matrix->second_ns[a * count + b]);
			fprintf(file, "%s\n", topo_distance_name(says));
		}
	}
	return finish(file, target, "tsv");
}

/* Text between quotes of gnuplot. */
static void put_quoted(FILE *file, const char *name, const char *text)
{
	fprintf(file, "%s = \"", name);
	for (; *text; text++)
		fputc(*text == '"' || *text == '\\' ? '\'' : *text, file);
	fputs("\"\n", file);
}

/* Which machine it is, and how quiet it was. */
static void put_heading(FILE *file, const struct environment *environment)
{
	const char *grade = env_text(environment, "noise_grade");
	char text[LINE_BYTES];

	put_quoted(
		file, "MACHINE", machine_name(environment, text, sizeof(text)));
	text[0] = '\0';
	if (grade[0])
		text_join(text, sizeof(text), "noise grade %s", grade);
	text_join(text, sizeof(text),
		"first look above the diagonal, second below");
	text_join(text, sizeof(text), "ipcmark %s",
		env_text(environment, "ipcmark_version"));
	put_quoted(file, "METHOD", text);
}

/* What both looks found; HIGH is 0 when they found nothing, on a machine too
 * busy for it. */
static void put_range(FILE *file, const struct distance_matrix *matrix)
{
	double low = NAN, high = NAN;

	for (size_t at = 0; at < matrix->count * matrix->count; at++) {
		low = fmin(
			low, fmin(matrix->first_ns[at], matrix->second_ns[at]));
		high = fmax(high,
			fmax(matrix->first_ns[at], matrix->second_ns[at]));
	}
	fprintf(file, "LOW = %.0f\nHIGH = %.0f\n", isnan(low) ? 0 : low,
		isnan(high) ? 0 : fmax(high, 1.5 * low));
}

/* CPUs by their own numbers, as many as have room. */
static void put_ticks(
	FILE *file, const char *which, const struct topo *topo, size_t count)
{
	size_t every = (count + TICKS_MAX - 1) / TICKS_MAX;

	fprintf(file, "set %s (", which);
	for (size_t i = 0; i < count; i += every ? every : 1)
		fprintf(file, "%s\"%d\" %zu", i ? ", " : "", topo->cpus[i], i);
	fputs(")\n", file);
}

static int write_commands(const struct target *target, const struct topo *topo,
	const struct distance_matrix *matrix,
	const struct distance_doubts *doubts,
	const struct environment *environment)
{
	FILE *file = create(target, "gp");
	char note[32];
	int err;

	if (!file)
		return -EIO;
	fprintf(file,
		"# Written by ipcmark. To draw the figure again, here:\n"
		"#   gnuplot %s.gp\n",
		target->name);
	put_quoted(file, "NAME", target->name);
	put_quoted(file, "OUTPUT", target->ending);
	put_heading(file, environment);
	fprintf(file, "COUNT = %zu\nNOTE_COUNT = %zu\narray NOTE[%zu]\n",
		matrix->count, doubts->count,
		doubts->count ? doubts->count : (size_t)1);
	for (size_t i = 0; i < doubts->count; i++) {
		snprintf(note, sizeof(note), "NOTE[%zu]", i + 1);
		put_quoted(file, note, doubts->text[i]);
	}
	put_range(file, matrix);
	put_ticks(file, "xtics", topo, matrix->count);
	put_ticks(file, "ytics", topo, matrix->count);
	fputc('\n', file);
	err = plot_append_template(file, "distance");
	if (finish(file, target, "gp") && err == 0)
		err = -EIO;
	return err;
}

int distance_plot(const struct topo *topo, const struct distance_matrix *matrix,
	const struct distance_doubts *doubts,
	const struct environment *environment, const char *path)
{
	char script[PATH_BYTES + 4];
	struct target target;
	int err = take_apart(path, &target);

	if (!err)
		err = write_data(&target, topo, matrix);
	if (!err)
		err = write_commands(
			&target, topo, matrix, doubts, environment);
	if (err)
		return err;
	snprintf(script, sizeof(script), "%s.gp", target.name);
	err = gnuplot_run(target.dir, script);
	if (err != -ENOENT)
		return err;
	diag_warn("no gnuplot here, so no figure: install it, then `cd %s && "
		  "gnuplot %s` draws it",
		target.dir, script);
	return 0;
}
