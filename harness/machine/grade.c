/* grade.c - what makes figures move, and how to stop it; see grade.h.
 *
 * One row a cause. The limits are where a cause begins to show beside the
 * differences that people look for, some percent; they are no measurement of
 * how much it costs here. That is what the A/A rows are for: the same work done
 * twice, interleaved, differs by what the machine does to it and nothing else.
 */
#include "machine/grade.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void complain(struct grade *grade, enum grade_weight weight,
	const char *remedy, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void complain(struct grade *grade, enum grade_weight weight,
	const char *remedy, const char *format, ...)
{
	struct complaint *complaint = &grade->complaints[grade->count];
	va_list arguments;

	if (grade->count == GRADE_MAX_COMPLAINTS)
		return;
	grade->count++;
	complaint->weight = weight;
	complaint->remedy = remedy;
	va_start(arguments, format);
	vsnprintf(complaint->what, sizeof(complaint->what), format, arguments);
	va_end(arguments);
}

static const char *word(const json_t *facts, const char *key)
{
	const char *text = json_string_value(json_object_get(facts, key));

	return text ? text : "";
}

static double number(const json_t *facts, const char *key)
{
	const json_t *value = json_object_get(facts, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Settings: words that have a better one. */
static const struct {
	const char *fact;
	const char *bad;  /* NULL: any but @good */
	const char *good; /* NULL: none */
	enum grade_weight weight;
	const char *name, *why; /* the word stands between them */
	const char *remedy;
} settings[] = {
	{"governor", NULL, "performance", GRADE_MOVES, "governor ",
		": the clock follows the load",
		"cpupower frequency-set -g performance"},
	{"turbo", "on", NULL, GRADE_TRIFLE, "turbo ",
		": the clock follows heat and neighbours",
		"echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or "
		"echo 0 > /sys/devices/system/cpu/cpufreq/boost"},
	{"smt", "on", NULL, GRADE_TRIFLE, "SMT ",
		": a core's other thread takes its share",
		"echo off > /sys/devices/system/cpu/smt/control"},
	{"thp", "always", NULL, GRADE_TRIFLE, "huge pages ",
		": which pages are huge is chance",
		"echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"},
	{"hypervisor", NULL, "none", GRADE_MOVES, "virtual machine (",
		"): the host moves its CPUs",
		"measure on the metal, or have the host pin each virtual CPU"},
};

static void judge_settings(const json_t *facts, struct grade *grade)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const char *is = word(facts, settings[i].fact);
		bool bad = settings[i].bad ? strcmp(is, settings[i].bad) == 0
					   : strcmp(is, settings[i].good) != 0;

		if (!is[0] || !bad)
			continue;
		complain(grade, settings[i].weight, settings[i].remedy,
			"%s%.24s%s", settings[i].name, is, settings[i].why);
	}
	if (strcmp(word(facts, "isolated_cpus"), "none") == 0)
		complain(grade, GRADE_TRIFLE,
			"isolcpus=LIST nohz_full=LIST on the kernel's command "
			"line, then placement = CPUs of that list",
			"no CPU is isolated: ticks and other tasks cut in");
}

/* Quantities: the larger the worse. */
static const struct {
	const char *fact;
	double moves, drowns;
	const char *before, *after; /* of the value, in words */
	const char *remedy;
} quantities[] = {
	{"steal_now_percent", 0.5, 5, "the host took ", " % of the CPU time",
		"a machine with fewer neighbours, or dedicated CPUs"},
	{"load_per_cpu", 0.3, 0.9, "load ", " per CPU before the run",
		"stop what else runs: `top` shows it"},
	{"run_delay_percent", 1, 10, "",
		" % of the time waiting for a CPU that was busy",
		"stop what else runs, or isolate CPUs for the measurement"},
	{"clock_resolution_ns", 100, 1000, "the clock steps by ", " ns",
		"echo tsc > /sys/devices/system/clocksource/clocksource0/"
		"current_clocksource"},
	{"aa_spread_percent", 5, 50, "A/A: the same work takes up to ",
		" % longer",
		"see the other complaints; without any, more rounds"},
	{"aa_difference_percent", 2, 10,
		"A/A: halves of the same work differ by ", " %",
		"see the other complaints; without any, more rounds"},
};

static void judge_quantities(const json_t *facts, struct grade *grade)
{
	for (size_t i = 0; i < sizeof(quantities) / sizeof(quantities[0]);
		i++) {
		double value = number(facts, quantities[i].fact);

		if (!(value > quantities[i].moves))
			continue;
		complain(grade,
			value > quantities[i].drowns ? GRADE_DROWNS
						     : GRADE_MOVES,
			quantities[i].remedy, "%s%.3g%s", quantities[i].before,
			value, quantities[i].after);
	}
}

void grade_make(const json_t *facts, struct grade *ret_grade)
{
	struct grade grade = {.letter = 'A'};
	size_t moves = 0, drowns = 0;

	judge_settings(facts, &grade);
	judge_quantities(facts, &grade);
	for (size_t i = 0; i < grade.count; i++) {
		moves += grade.complaints[i].weight == GRADE_MOVES;
		drowns += grade.complaints[i].weight == GRADE_DROWNS;
	}
	if (drowns > 0 || moves >= 3)
		grade.letter = 'D';
	else if (moves > 0)
		grade.letter = 'C';
	else if (grade.count > 0)
		grade.letter = 'B';
	*ret_grade = grade;
}

int grade_store(const struct grade *grade, json_t *facts)
{
	const char letter[2] = {grade->letter, '\0'};
	json_t *list = json_array();

	for (size_t i = 0; list && i < grade->count; i++) {
		const struct complaint *one = &grade->complaints[i];

		if (json_array_append_new(
			    list, json_pack("{s:s, s:s}", "what", one->what,
					  "remedy", one->remedy))) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	if (!list ||
		json_object_set_new(
			facts, "noise_grade", json_string(letter)) ||
		json_object_set_new(facts, "noise_complaints", list))
		return -ENOMEM;
	return 0;
}
