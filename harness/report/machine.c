/* machine.c - an environment in words; see machine.h.
 *
 * A fact that is unknown is left out: a page full of "unknown" helps nobody,
 * and result.json says null.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/text.h"
#include "machine/env.h"
#include "report/machine.h"

static json_int_t fact_count(
	const struct environment *environment, const char *key)
{
	return json_integer_value(json_object_get(environment->facts, key));
}

static void join_cache(const struct environment *environment, const char *key,
	const char *name, char *text, size_t text_bytes)
{
	json_int_t bytes = fact_count(environment, key);
	char size[HUMAN_BYTES];

	if (bytes > 0)
		text_join(text, text_bytes, "%s %s", name,
			human_size((uint64_t)bytes, size));
}

static void join_fact(const struct environment *environment, const char *key,
	const char *name, char *text, size_t text_bytes)
{
	const char *value = env_text(environment, key);

	if (value[0])
		text_join(text, text_bytes, "%s%s", name, value);
}

char *machine_cpu(
	const struct environment *environment, char *text, size_t text_bytes)
{
	const char *model = env_text(environment, "cpu_model");
	const char *host = env_text(environment, "hypervisor");
	json_int_t cpus = fact_count(environment, "cpus");

	text[0] = '\0';
	text_join(text, text_bytes, "%s", model[0] ? model : "unknown CPU");
	if (cpus > 0)
		text_join(text, text_bytes, "%lld CPU%s", (long long)cpus,
			cpus == 1 ? "" : "s");
	join_cache(environment, "l2_bytes", "L2", text, text_bytes);
	join_cache(environment, "l3_bytes", "L3", text, text_bytes);
	if (host[0] && strcmp(host, "none") != 0)
		text_join(text, text_bytes, "virtual (%s)", host);
	return text;
}

char *machine_name(
	const struct environment *environment, char *text, size_t text_bytes)
{
	machine_cpu(environment, text, text_bytes);
	join_fact(environment, "kernel", "", text, text_bytes);
	return text;
}

char *machine_system(
	const struct environment *environment, char *text, size_t text_bytes)
{
	json_int_t step_ns = fact_count(environment, "clock_resolution_ns");
	char step[HUMAN_BYTES];

	text[0] = '\0';
	join_fact(environment, "kernel", "", text, text_bytes);
	join_fact(environment, "governor", "governor ", text, text_bytes);
	join_fact(environment, "turbo", "turbo ", text, text_bytes);
	join_fact(environment, "smt", "SMT ", text, text_bytes);
	join_fact(environment, "clock_source", "clock ", text, text_bytes);
	if (step_ns > 0)
		text_join(text, text_bytes, "step %s",
			human_time((double)step_ns, step));
	return text;
}

char *machine_noise(
	const struct environment *environment, char *text, size_t text_bytes)
{
	const json_t *facts = environment->facts;
	const json_t *list = json_object_get(facts, "noise_complaints");
	const char *letter = env_text(environment, "noise_grade");

	text[0] = '\0';
	if (!letter[0])
		return text;
	snprintf(text, text_bytes, "Noise grade %.1s", letter);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *what = json_string_value(
			json_object_get(json_array_get(list, i), "what"));
		size_t used = strlen(text);

		if (what)
			snprintf(text + used, text_bytes - used, "%s%s",
				i ? "; " : ": ", what);
	}
	return text;
}

char *machine_disturbed(
	const struct result *result, char *text, size_t text_bytes)
{
	const struct disturbed_seen *seen = &result->disturbed;

	text[0] = '\0';
	if (seen->any > 0)
		snprintf(text, text_bytes,
			"%zu of %zu slices disturbed (the host took CPU time "
			"%zu, a worker changed CPU %zu): %s",
			seen->any, seen->slices, seen->steal, seen->moves,
			!result->without_disturbed
				? "--without-disturbed leaves them out"
			: result->times_of_all
				? "left out of rates and ratios; percentiles "
				  "are of all"
				: "left out");
	return text;
}

/* Add the probes of @outcome to @probes; returns how many there are then. */
static size_t add_probes(
	const struct outcome *outcome, double *probes, size_t count)
{
	for (size_t i = 0; i < outcome->round_count; i++) {
		const struct round_figures *round = &outcome->rounds[i];

		if (round->distance_before_ns)
			probes[count++] = (double)round->distance_before_ns;
		if (round->distance_after_ns)
			probes[count++] = (double)round->distance_after_ns;
	}
	return count;
}

struct distance_seen machine_distance(
	const struct result_case *const *cases, size_t case_count)
{
	struct distance_seen seen = {0, NAN, NAN, NAN};
	size_t room = 0;
	double *probes;

	for (size_t i = 0; i < case_count; i++)
		room += 2 * cases[i]->outcome.round_count;
	probes = room ? malloc(room * sizeof(*probes)) : NULL;
	if (!probes)
		return seen;
	for (size_t i = 0; i < case_count; i++)
		seen.probes =
			add_probes(&cases[i]->outcome, probes, seen.probes);
	seen.median_ns = stats_median(probes, seen.probes);
	for (size_t i = 0; i < seen.probes; i++) {
		seen.min_ns = fmin(seen.min_ns, probes[i]);
		seen.max_ns = fmax(seen.max_ns, probes[i]);
	}
	free(probes);
	return seen;
}
