/* print.c - a plan as a table, before anything runs.
 *
 * An id says everything that the axes decided; beside it stand the CPUs that
 * the case will get (producers, then consumers) and how often it runs. Skipped
 * cases follow with their reasons: a case that is quietly missing would be
 * taken for one that ran.
 */
#include "plan/plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/human.h"
#include "crash/campaign.h"

enum {
	CPUS_BYTES = 48,
	TIMES_BYTES = 64,
};

/* "0,2>1,3"; many workers are cut short: the full list is in the result. */
static const char *cpus_text(
	const struct bench_case *bench, char room[CPUS_BYTES])
{
	unsigned workers = bench->producers + bench->consumers;
	size_t used = 0;

	if (bench->cpus[0] == CASE_CPU_ANY)
		return "any";
	for (unsigned i = 0; i < workers; i++) {
		const char *joint = i == 0		    ? ""
				    : i == bench->producers ? ">"
							    : ",";
		int wrote = snprintf(room + used, CPUS_BYTES - used, "%s%d",
			joint, bench->cpus[i]);

		used += (size_t)wrote;
		if (used > CPUS_BYTES - 16 && i + 1 < workers) {
			strcpy(room + used, ",...");
			break;
		}
	}
	return room;
}

static const char *times_text(
	const struct bench_case *bench, char room[TIMES_BYTES])
{
	char time[HUMAN_BYTES];
	unsigned victims = bench->kill_victim[VICTIM_PRODUCER] +
			   bench->kill_victim[VICTIM_CONSUMER];

	if (bench->mode == MODE_CRASH && bench->kill_at == KILL_AT_RANDOM &&
		bench->soak_ns)
		snprintf(room, TIMES_BYTES, "soak of %s",
			human_time((double)bench->soak_ns, time));
	else if (bench->mode == MODE_CRASH && kill_at_is_step(bench->kill_at) &&
		 !bench->kills)
		snprintf(room, TIMES_BYTES, "a death at each step");
	else if (bench->mode == MODE_CRASH && kill_at_is_step(bench->kill_at))
		snprintf(room, TIMES_BYTES, "about %u deaths at steps",
			bench->kills);
	else if (bench->mode == MODE_CRASH)
		snprintf(room, TIMES_BYTES, "%u kills, recovery within %s",
			bench->kills * victims,
			human_time((double)bench->recover_within_ns, time));
	else
		snprintf(room, TIMES_BYTES, "%s%u x %s",
			bench->until_percent ? "up to " : "", bench->rounds,
			human_time((double)bench->slice_ns, time));
	return room;
}

static int wider(int width, const char *text)
{
	return (int)strlen(text) > width ? (int)strlen(text) : width;
}

static void print_runnable(const struct plan *plan, FILE *out)
{
	int id_width = 4, cpus_width = 4;
	char cpus[CPUS_BYTES], times[TIMES_BYTES];

	for (size_t i = 0; i < plan->case_count; i++) {
		if (plan->cases[i].skip)
			continue;
		id_width = wider(id_width, plan->cases[i].id);
		cpus_width =
			wider(cpus_width, cpus_text(&plan->cases[i], cpus));
	}
	fprintf(out, "%-*s  %-10s  %-*s  %-6s  %s\n", id_width, "case", "mode",
		cpus_width, "CPUs", "verify", "runs");
	for (size_t i = 0; i < plan->case_count; i++) {
		const struct bench_case *bench = &plan->cases[i];

		if (bench->skip)
			continue;
		fprintf(out, "%-*s  %-10s  %-*s  %-6s  %s\n", id_width,
			bench->id, case_mode_name(bench->mode), cpus_width,
			cpus_text(bench, cpus), verify_mode_name(bench->verify),
			times_text(bench, times));
	}
}

static void print_skipped(const struct plan *plan, size_t skipped, FILE *out)
{
	int id_width = 0;

	for (size_t i = 0; i < plan->case_count; i++)
		if (plan->cases[i].skip)
			id_width = wider(id_width, plan->cases[i].id);
	fprintf(out, "\n%zu %s here and %s skipped:\n", skipped,
		skipped == 1 ? "case cannot run" : "cases cannot run",
		skipped == 1 ? "is" : "are");
	for (size_t i = 0; i < plan->case_count; i++)
		if (plan->cases[i].skip)
			fprintf(out, "%-*s  %s\n", id_width, plan->cases[i].id,
				plan->cases[i].reason);
}

/* Nobody knows before how often survivors hang: that is what is to be found. */
static void print_hangs(const struct plan *plan, FILE *out)
{
	uint64_t patience_ns = 0;
	char time[HUMAN_BYTES];

	for (size_t i = 0; i < plan->case_count; i++) {
		const struct bench_case *bench = &plan->cases[i];

		if (!bench->skip && bench->mode == MODE_CRASH &&
			kill_at_is_step(bench->kill_at) &&
			case_patience_ns(bench) > patience_ns)
			patience_ns = case_patience_ns(bench);
	}
	if (patience_ns)
		fprintf(out,
			"Hangs are not in it: each takes up to %s more; "
			"after %d a row ends\n",
			human_time((double)patience_ns, time),
			CAMPAIGN_BAD_MAX);
}

void plan_print(const struct plan *plan, FILE *out)
{
	size_t skipped = 0, ran;
	uint64_t seconds = (plan->estimated_ns + 999999999) / 1000000000;

	for (size_t i = 0; i < plan->case_count; i++)
		skipped += plan->cases[i].skip;
	ran = plan->case_count - skipped;
	if (ran > 0)
		print_runnable(plan, out);
	if (skipped > 0)
		print_skipped(plan, skipped, out);
	fprintf(out,
		"\n%zu cases in %zu slices, order shuffled by seed %" PRIu64,
		ran, plan->slice_count, plan->seed);
	if (seconds >= 60)
		fprintf(out, ", about %" PRIu64 " min %" PRIu64 " s\n",
			seconds / 60, seconds % 60);
	else
		fprintf(out, ", about %" PRIu64 " s\n", seconds);
	print_hangs(plan, out);
}
