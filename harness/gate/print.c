/* print.c - a gate's outcome as a table for people. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/human.h"
#include "base/wrap.h"
#include "gate/gate.h"
#include "gate/report_text.h"

static void print_build(
	const struct gate *gate, enum gate_build build, FILE *out)
{
	const struct build *one = &gate->builds[build];

	fprintf(out, "%s  %s", build == BUILD_A ? "A" : "B", one->given);
	if (one->commit[0])
		fprintf(out, " (%.12s)", one->commit);
	fprintf(out, "\n   %s\n   %s %s\n", one->identity.path,
		one->identity.hashed ? "hash of the file" : "build id",
		one->identity.id);
}

static const char *share(double value, char text[HUMAN_BYTES])
{
	if (isfinite(value))
		snprintf(text, HUMAN_BYTES, "%+.1f %%", 100 * value);
	else
		snprintf(text, HUMAN_BYTES, "-");
	return text;
}

static void print_metric(const struct gate_metric_result *metric,
	enum gate_metric kind, FILE *out)
{
	const struct judgement *judgement = &metric->judgement;
	char estimate[HUMAN_BYTES], lo[HUMAN_BYTES], hi[HUMAN_BYTES];
	char seen[HUMAN_BYTES];

	fprintf(out, "  %-10s %8s  %8s to %-8s %9s %6zu  %s%s\n",
		metric_name(kind), share(judgement->estimate, estimate),
		share(judgement->lo, lo), share(judgement->hi, hi),
		share(judgement->detectable, seen), judgement->blocks,
		gate_verdict_name(judgement->verdict),
		metric->gated ? "" : " (advisory)");
}

static void print_counts(const struct gate_case *which, FILE *out)
{
	if (which->count_reason[0])
		fprintf(out, "  instructions: %s\n", which->count_reason);
	for (size_t i = 0; i < which->count_count; i++) {
		const struct gate_count_pair *pair = &which->counts[i];
		bool exact = pair->count[BUILD_A].exact &&
			     pair->count[BUILD_B].exact;

		fprintf(out,
			"  instructions of %-13s  A %" PRIu64 ", B %" PRIu64
			" (%+.1f %%)%s%s\n",
			pair->count[BUILD_A].operation,
			pair->count[BUILD_A].instructions,
			pair->count[BUILD_B].instructions, 100 * pair->change,
			exact ? "" : ", not the same each time",
			pair->rise ? ": A RISE" : "");
	}
}

static void print_case(const struct gate_case *which, FILE *out)
{
	fprintf(out, "\n%s\n", which->bench.id);
	if (which->status == STATUS_SKIP) {
		fprintf(out, "  SKIP: %s\n", which->reason);
		return;
	}
	for (int m = 0; m < METRICS; m++)
		if (which->metrics[m].applies && which->blocks)
			print_metric(
				&which->metrics[m], (enum gate_metric)m, out);
	print_counts(which, out);
	if (which->left_out)
		fprintf(out,
			"  %zu disturbed or failed blocks were run again\n",
			which->left_out);
	if (which->disturbed)
		fprintf(out,
			"  %zu disturbed blocks were counted all the same: "
			"more "
			"than half of all were\n",
			which->disturbed);
	fprintf(out, "  %s: %s\n",
		which->status == STATUS_VIOLATED
			? "VIOLATED"
			: gate_verdict_name(which->verdict),
		which->reason);
}

void gate_print(const struct gate *gate, FILE *out)
{
	char machine[REPORT_MACHINE_BYTES];

	print_build(gate, BUILD_A, out);
	print_build(gate, BUILD_B, out);
	if (strcmp(gate->builds[BUILD_A].identity.id,
		    gate->builds[BUILD_B].identity.id) == 0)
		fprintf(out, "A and B are the same build\n");
	if (report_machine(&gate->environment, machine)[0])
		wrap_put(out, "On ", 3, "", machine);
	fprintf(out, "\n  %-10s %8s  %8s    %-8s %9s %6s  %s\n", "B is worse",
		"by", "from", "to", "could see", "blocks", "verdict");
	for (size_t i = 0; i < gate->case_count; i++)
		print_case(&gate->cases[i], out);
	fprintf(out, "\n%zu blocks in %.1f s, seed %" PRIu64 "%s%s\n",
		gate->block_count, (double)gate->elapsed_ns / 1e9,
		gate->request.seed, gate->out_of_time ? ", out of time" : "",
		gate->interrupted ? ", interrupted" : "");
	fprintf(out, "%s: %s\n",
		gate->exit_code == EXIT_VIOLATED ? "VIOLATED"
		: gate->exit_code == EXIT_NOTHING_RAN
			? "SKIP"
			: gate_verdict_name(gate->verdict),
		gate->reason);
}
