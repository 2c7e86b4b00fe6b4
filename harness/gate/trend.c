/* trend.c - medians of two runs, one of which was long ago.
 *
 * Whatever the machine did between the two runs is in the ratio, and in no
 * interval: a machine that has another speed today looks like another build.
 * docs/gate.md, "Against a stored result", has how often that cries wolf. So this
 * refuses what it can see to be unlike, and its tolerance is a wide one.
 *
 * The interval is from the worst of one run's interval to the best of the other's,
 * which is wider than either needs.
 */
#include "gate/trend.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "gate/gate.h"
#include "machine/env.h"
#include "result/result.h"

/* What makes it another machine, or another harness. Not the library's version:
 * that is what is looked at. */
static const char *const fingerprint[] = {"cpu_model", "cpus", "cores",
	"l2_bytes", "l3_bytes", "governor", "turbo", "smt", "isolated_cpus",
	"nohz_full_cpus", "mitigations", "hypervisor", "kernel",
	"page_size_bytes", "thp", "clock_source", "compiler",
	"ipcmark_version"};

/* Of few rounds no interval says so much. */
#define LEAST_LEVEL 0.9

static bool same_machine(const struct result *then, const struct result *now)
{
	const json_t *was = then->environment->facts;
	const json_t *is = now->environment->facts;
	bool same = true;

	for (size_t i = 0; i < sizeof(fingerprint) / sizeof(*fingerprint);
		i++) {
		const char *key = fingerprint[i];
		char *a, *b;

		if (json_equal(json_object_get(was, key),
			    json_object_get(is, key)))
			continue;
		a = json_dumps(json_object_get(was, key), JSON_ENCODE_ANY);
		b = json_dumps(json_object_get(is, key), JSON_ENCODE_ANY);
		diag_error("gate: another machine than the baseline's: %s is "
			   "%s, was %s; measure both on one, or use --a and "
			   "--b",
			key, b ? b : "unknown", a ? a : "unknown");
		free(a);
		free(b);
		same = false;
	}
	return same;
}

/* ------------------------------------------------------------ one case */

/* What has to be alike in both for their figures to be. */
static const char *unlike(
	const struct result_case *was, const struct result_case *is)
{
	const struct bench_case *a = &was->bench, *b = &is->bench;

	if (a->mode != b->mode || strcmp(a->transport, b->transport) != 0)
		return "the baseline's is of another kind";
	if (a->msg_size_bytes != b->msg_size_bytes)
		return "another message size";
	if (a->batch != b->batch || a->producers != b->producers ||
		a->consumers != b->consumers)
		return "another batch, or number of workers";
	if (a->wait != b->wait || a->spin_us != b->spin_us)
		return "another way to wait";
	if (a->verify != b->verify)
		return "messages are checked in another way";
	if (a->access != b->access)
		return "messages are accessed in another way";
	if (a->capacity_bytes != b->capacity_bytes || a->huge != b->huge ||
		a->memory != b->memory)
		return "another buffer";
	if (strcmp(a->distance, b->distance) != 0)
		return "its CPUs are not as far apart as the baseline's";
	if (a->slice_ns != b->slice_ns || a->warmup_ns != b->warmup_ns)
		return "slices of another length";
	if (a->rate != b->rate || a->arrival != b->arrival ||
		a->burst != b->burst || a->work_ns != b->work_ns)
		return "another load";
	return NULL;
}

static const struct result_case *case_with_id(
	const struct result *result, const char *id)
{
	for (size_t i = 0; i < result->case_count; i++)
		if (strcmp(result->cases[i].bench.id, id) == 0)
			return &result->cases[i];
	return NULL;
}

/* Time a message, or a trip. */
static struct interval time_of(const struct result_case *one)
{
	struct interval rate = one->msgs_per_s;

	if (one->bench.mode != MODE_THROUGHPUT)
		return one->p50_ns;
	return (struct interval){
		1 / rate.median, 1 / rate.hi, 1 / rate.lo, rate.level};
}

static enum gate_verdict judge(
	const struct interval *worse, double tolerance, double max)
{
	if (worse->level < LEAST_LEVEL)
		return VERDICT_INCONCLUSIVE;
	if (worse->lo > tolerance)
		return VERDICT_REGRESSION;
	if (worse->hi < max && worse->median <= tolerance)
		return VERDICT_PASS;
	return VERDICT_INCONCLUSIVE;
}

/* Why a pair has no ratio; NULL: it has one. */
static const char *no_ratio(
	const struct result_case *was, const struct result_case *is)
{
	if (!was)
		return "the baseline has no such case";
	if (is->bench.mode == MODE_CRASH)
		return "a crash section has no speed";
	if (was->outcome.status != STATUS_OK)
		return "the baseline's has no figures";
	if (is->outcome.status != STATUS_OK)
		return "it has no figures";
	if (!(time_of(was).median > 0) || !(time_of(is).median > 0))
		return "no rounds";
	return unlike(was, is);
}

static bool fails_now(
	const struct result_case *was, const struct result_case *is)
{
	return was && was->outcome.status == STATUS_OK &&
	       is->outcome.status == STATUS_FAILED;
}

static void print_gone(
	const struct result *then, const struct result *now, FILE *out)
{
	for (size_t i = 0; i < then->case_count; i++)
		if (!case_with_id(now, then->cases[i].bench.id))
			fprintf(out, "  %-50s SKIP: only the baseline has it\n",
				then->cases[i].bench.id);
}

static enum gate_verdict print_case(const struct result_case *was,
	const struct result_case *is, const struct gate_request *request,
	FILE *out)
{
	enum gate_metric metric = is->bench.mode == MODE_THROUGHPUT
					  ? METRIC_THROUGHPUT
					  : METRIC_P50;
	struct interval a = time_of(was), b = time_of(is);
	struct interval worse = {b.median / a.median - 1, b.lo / a.hi - 1,
		b.hi / a.lo - 1, fmin(a.level, b.level)};
	enum gate_verdict verdict =
		judge(&worse, request->tolerance[metric], request->max[metric]);

	fprintf(out, "  %-50s %+7.1f %%  %+7.1f to %+7.1f %%  %s\n",
		is->bench.id, 100 * worse.median, 100 * worse.lo,
		100 * worse.hi, gate_verdict_name(verdict));
	return verdict;
}

int trend_print(const struct result *then, const struct result *now,
	const struct gate_request *request, FILE *out)
{
	size_t verdicts[VERDICT_INCONCLUSIVE + 1] = {0}, compared = 0;
	enum gate_verdict verdict = VERDICT_PASS;
	bool violated = false;

	if (!same_machine(then, now))
		return EXIT_USAGE;
	fprintf(out,
		"An unpaired comparison: what the machine did between the two "
		"runs is in it.\n\n  %-50s %9s  %20s  %s\n",
		"worse than the baseline", "by", "from, to", "verdict");
	for (size_t i = 0; i < now->case_count; i++) {
		const struct result_case *is = &now->cases[i];
		const struct result_case *was =
			case_with_id(then, is->bench.id);
		const char *why = no_ratio(was, is);

		violated = violated || is->outcome.status == STATUS_VIOLATED;
		if (fails_now(was, is)) {
			fprintf(out, "  %-50s INCONCLUSIVE: it fails now\n",
				is->bench.id);
			verdicts[VERDICT_INCONCLUSIVE]++;
			compared++;
			continue;
		}
		if (why) {
			fprintf(out, "  %-50s SKIP: %s\n", is->bench.id, why);
			continue;
		}
		compared++;
		verdicts[print_case(was, is, request, out)]++;
	}
	print_gone(then, now, out);
	if (verdicts[VERDICT_INCONCLUSIVE])
		verdict = VERDICT_INCONCLUSIVE;
	if (verdicts[VERDICT_REGRESSION])
		verdict = VERDICT_REGRESSION;
	fprintf(out, "\n%s: %zu cases compared, %zu worse, %zu not sure\n",
		violated    ? "VIOLATED"
		: !compared ? "SKIP"
			    : gate_verdict_name(verdict),
		compared, verdicts[VERDICT_REGRESSION],
		verdicts[VERDICT_INCONCLUSIVE]);
	if (violated)
		return EXIT_VIOLATED;
	if (!compared)
		return EXIT_NOTHING_RAN;
	return verdict == VERDICT_REGRESSION	 ? EXIT_REGRESSION
	       : verdict == VERDICT_INCONCLUSIVE ? EXIT_INCONCLUSIVE
						 : EXIT_GOOD;
}
