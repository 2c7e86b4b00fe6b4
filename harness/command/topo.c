/* topo.c - topo and env: this machine, and what to make of it.
 *
 * topo shows two things side by side: what the system says of its CPUs, and how
 * long a cache line takes between each two of them. A person who sees both knows
 * what `near` and `l3` are worth here; where they differ, a line says how.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "command/command.h"
#include "figure/distance.h"
#include "machine/distance.h"
#include "machine/env.h"
#include "machine/topo.h"
#include "option/option.h"
#include "report/machine.h"

enum { LINE_BYTES = 512, WIDE_MATRIX = 24 };

int command_look_around(
	const struct topo *topo, struct environment *ret_environment)
{
	int err = env_collect(topo, ret_environment);

	if (!err && !topo->elsewhere) {
		err = env_grade(topo, ret_environment);
		if (err)
			env_free(ret_environment);
	}
	if (err)
		diag_error("cannot look at this machine: %s", strerror(-err));
	return err;
}

/* This machine, or the one that HWLOC_XMLFILE describes. */
static int load(struct topo *ret_topo)
{
	int err = topo_load(ret_topo);

	if (err)
		diag_error("cannot read this machine's topology: %s",
			strerror(-err));
	return err;
}

static void print_grade(const json_t *facts)
{
	const json_t *list = json_object_get(facts, "noise_complaints");
	const char *letter =
		json_string_value(json_object_get(facts, "noise_grade"));

	if (!letter)
		return;
	printf("\nNoise grade %s%s\n", letter,
		json_array_size(list) ? ", of A to D:" : ": nothing to mend");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		printf("  %s\n      %s\n",
			json_string_value(json_object_get(one, "what")),
			json_string_value(json_object_get(one, "remedy")));
	}
}

static void print_machine(const struct environment *environment)
{
	char text[LINE_BYTES];

	puts(machine_cpu(environment, text, sizeof(text)));
	puts(machine_system(environment, text, sizeof(text)));
}

int command_env(const struct options *options)
{
	struct environment environment;
	struct topo topo;
	int err;

	if (load(&topo))
		return EXIT_USAGE;
	err = command_look_around(&topo, &environment);
	topo_free(&topo);
	if (err)
		return EXIT_USAGE;
	if (options->json) {
		json_dumpf(environment.facts, stdout,
			JSON_INDENT(1) | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else {
		print_machine(&environment);
		print_grade(environment.facts);
	}
	env_free(&environment);
	return EXIT_GOOD;
}

static void print_cpus(const struct topo *topo)
{
	printf("\nWhat the machine says: %zu package%s, %zu NUMA node%s, %zu "
	       "core%s, %zu CPU%s\n",
		topo->packages, topo->packages == 1 ? "" : "s",
		topo->numa_nodes, topo->numa_nodes == 1 ? "" : "s", topo->cores,
		topo->cores == 1 ? "" : "s", topo->cpu_count,
		topo->cpu_count == 1 ? "" : "s");
	printf("  %5s %5s %7s %5s  %s\n", "CPU", "core", "package", "node",
		"kind");
	for (size_t i = 0; i < topo->cpu_count; i++) {
		const struct topo_cpu *unit = &topo->units[i];

		printf("  %5d %5d %7d %5d  %s\n", topo->cpus[i], unit->core,
			unit->package, unit->node,
			unit->kind == TOPO_KIND_ONE
				? "-"
				: topo_kind_name(unit->kind));
	}
}

/* How many pairs of each class, with the first of them. */
static void print_classes(const struct topo *topo)
{
	for (int class = TOPO_SMT; class <= TOPO_MACHINE; class ++) {
		size_t pairs = 0, first = 0;

		for (size_t at = 0; at < topo->cpu_count * topo->cpu_count;
			at++) {
			if (at / topo->cpu_count >= at % topo->cpu_count ||
				(int)topo->distance[at] != class)
				continue;
			first = pairs++ ? first : at;
		}
		if (pairs)
			printf("  %-14s %zu pair%s, such as CPUs %d and %d\n",
				topo_distance_name(class), pairs,
				pairs == 1 ? "" : "s",
				topo->cpus[first / topo->cpu_count],
				topo->cpus[first % topo->cpu_count]);
	}
}

static void print_cell(double ns)
{
	if (isnan(ns))
		printf(" %5s", "-");
	else
		printf(" %5.0f", ns);
}

static void print_matrix(
	const struct topo *topo, const struct distance_matrix *matrix)
{
	size_t count = matrix->count;

	printf("\nWhat a probe found: ns for a cache line there and back; "
	       "first "
	       "look above the\ndiagonal, second below\n  %5s",
		"CPU");
	for (size_t b = 0; b < count; b++)
		printf(" %5d", topo->cpus[b]);
	putchar('\n');
	for (size_t a = 0; a < count; a++) {
		printf("  %5d", topo->cpus[a]);
		for (size_t b = 0; b < count; b++) {
			if (a == b)
				printf(" %5s", ".");
			else
				print_cell(
					(a < b ? matrix->first_ns
					       : matrix->second_ns)[a * count +
								    b]);
		}
		putchar('\n');
	}
	if (count < topo->cpu_count)
		printf("  (the first %zu of %zu CPUs)\n", count,
			topo->cpu_count);
}

static void print_doubts(const struct distance_doubts *doubts)
{
	if (doubts->count == 0)
		puts("\nThe two agree.");
	else
		puts("\nWhere they do not agree:");
	for (size_t i = 0; i < doubts->count; i++)
		printf("  %s\n", doubts->text[i]);
}

static json_t *matrix_json(const double *ns, size_t count)
{
	json_t *rows = json_array();

	for (size_t a = 0; rows && a < count; a++) {
		json_t *row = json_array();

		for (size_t b = 0; row && b < count; b++)
			json_array_append_new(
				row, isnan(ns[a * count + b])
					     ? json_null()
					     : json_real(ns[a * count + b]));
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *says_json(const struct topo *topo)
{
	json_t *rows = json_array();

	for (size_t a = 0; rows && a < topo->cpu_count; a++) {
		json_t *row = json_array();

		for (size_t b = 0; row && b < topo->cpu_count; b++)
			json_array_append_new(row,
				json_string(topo_distance_name(
					topo->distance[a * topo->cpu_count +
						       b])));
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *cpus_json(const struct topo *topo)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < topo->cpu_count; i++) {
		const struct topo_cpu *unit = &topo->units[i];
		const char *kind = topo_kind_name(unit->kind);

		json_array_append_new(list,
			json_pack("{s:i, s:i, s:i, s:i, s:o}", "cpu",
				topo->cpus[i], "core", unit->core, "package",
				unit->package, "numa_node", unit->node, "kind",
				kind[0] ? json_string(kind) : json_null()));
	}
	return list;
}

static int print_json(const struct topo *topo,
	const struct distance_matrix *matrix,
	const struct distance_doubts *doubts,
	const struct environment *environment)
{
	json_t *list = json_array(), *all;
	int err;

	for (size_t i = 0; list && i < doubts->count; i++)
		json_array_append_new(list, json_string(doubts->text[i]));
	all = json_pack("{s:s, s:O, s:o, s:o, s:o, s:o, s:o}", "schema",
		"ipcmark-topo-1", "environment", environment->facts, "cpus",
		cpus_json(topo), "says", says_json(topo), "first_ns",
		matrix_json(matrix->first_ns, matrix->count), "second_ns",
		matrix_json(matrix->second_ns, matrix->count), "disagreements",
		list);
	err = all ? json_dumpf(all, stdout, JSON_INDENT(1)) : -1;
	putchar('\n');
	json_decref(all);
	return err;
}

/* Everything, once it is known. */
static int show(const struct options *options, const struct topo *topo,
	const struct distance_matrix *matrix, struct environment *environment)
{
	struct distance_doubts doubts;
	int err = 0;

	distance_judge(topo, matrix, &doubts);
	if (options->json) {
		err = print_json(topo, matrix, &doubts, environment);
	} else {
		print_machine(environment);
		print_cpus(topo);
		print_classes(topo);
		if (matrix->count) {
			print_matrix(topo, matrix);
			print_doubts(&doubts);
		}
		print_grade(environment->facts);
	}
	fflush(stdout);
	if (!err && options->plot_file)
		err = distance_plot(
			topo, matrix, &doubts, environment, options->plot_file);
	return err;
}

int command_topo(const struct options *options)
{
	struct distance_matrix matrix = {0};
	struct environment environment;
	struct topo topo;
	int err, code = EXIT_USAGE;

	if (options->plot_file && distance_plot_check(options->plot_file))
		return EXIT_USAGE;
	if (load(&topo))
		return EXIT_USAGE;
	if (topo.elsewhere && options->plot_file) {
		diag_error("--plot: HWLOC_XMLFILE or HWLOC_SYNTHETIC describes "
			   "another machine, and only this one can be "
			   "measured; unset it");
		goto out;
	}
	if (command_look_around(&topo, &environment))
		goto out;
	err = topo.elsewhere ? 0 : distance_measure(&topo, &matrix);
	if (err)
		diag_error("out of memory");
	else if (show(options, &topo, &matrix, &environment) == 0)
		code = EXIT_GOOD;
	distance_free(&matrix);
	env_free(&environment);
out:
	topo_free(&topo);
	return code;
}
