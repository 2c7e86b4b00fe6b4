/* report_markdown.c - a gate as a comment on a merge request.
 *
 * Read from the top by somebody in a hurry: the verdict, why, a line a metric that
 * the verdict follows from, which builds, how to repeat it. What only explains
 * those is folded. The first line is no text but a mark by which a robot finds
 * its comment again, to write over it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/human.h"
#include "base/markdown.h"
#include "gate/report.h"
#include "gate/report_text.h"

enum { LEFT_OUT_MAX = 12 }; /* that are listed */

static void put_metric(FILE *out, const struct gate *gate,
	const struct gate_case *which, enum gate_metric kind)
{
	const struct gate_metric_result *metric = &which->metrics[kind];
	const struct judgement *judgement = &metric->judgement;
	bool alarm = judgement->verdict == VERDICT_REGRESSION && metric->gated;
	char text[REPORT_INTERVAL_BYTES];

	fputs("|", out);
	markdown_put_cell(out, which->bench.id);
	markdown_put_cell(out, metric_name(kind));
	fprintf(out, " %s%s%s |", alarm ? "**" : "",
		report_share(judgement->estimate, text), alarm ? "**" : "");
	fprintf(out, " %s |", report_interval(judgement, text));
	fprintf(out, " %.3g %% |", 100 * gate->request.tolerance[kind]);
	fprintf(out, " %s |", report_share(judgement->detectable, text));
	fprintf(out, " %zu |", judgement->blocks);
	fprintf(out, " %s%s%s |\n", alarm ? "**" : "",
		gate_verdict_name(judgement->verdict), alarm ? "**" : "");
}

/* What came of a case for another reason than its figures. */
static void put_case(FILE *out, const struct gate_case *which)
{
	enum report_outcome outcome = report_of_case(which);
	bool good = outcome == OUTCOME_SKIP || outcome == OUTCOME_PASS;
	const char *strong = good ? "" : "**";

	fputs("|", out);
	markdown_put_cell(out, which->bench.id);
	fprintf(out, " - | - | - | - | - | %zu | %s%s%s |\n", which->blocks,
		strong, report_outcome_name(outcome), strong);
}

static bool has_metrics(const struct gate_case *which, bool gated)
{
	for (int m = 0; m < METRICS; m++)
		if (report_takes(which, (enum gate_metric)m) &&
			which->metrics[m].gated == gated)
			return true;
	return false;
}

static void put_table(FILE *out, const struct gate *gate, bool gated)
{
	fputs("| case | metric | B is worse by | interval | tolerance | could "
	      "see | blocks | verdict |\n"
	      "| :--- | :--- | ---: | :---: | ---: | ---: | ---: | :--- |\n",
		out);
	for (size_t i = 0; i < gate->case_count; i++) {
		const struct gate_case *which = &gate->cases[i];

		if (gated &&
			(!report_by_metric(which) || !has_metrics(which, true)))
			put_case(out, which);
		for (int m = 0; m < METRICS; m++)
			if (report_takes(which, (enum gate_metric)m) &&
				which->metrics[m].gated == gated)
				put_metric(
					out, gate, which, (enum gate_metric)m);
	}
}

/* Of what is no PASS, a sentence each, unless there is only the one that the
 * verdict has told already. */
static void put_reasons(FILE *out, const struct gate *gate)
{
	size_t count = 0;

	for (size_t i = 0; i < gate->case_count; i++)
		count += report_of_case(&gate->cases[i]) != OUTCOME_PASS;
	for (size_t i = 0; count > 1 && i < gate->case_count; i++) {
		const struct gate_case *which = &gate->cases[i];

		if (report_of_case(which) == OUTCOME_PASS)
			continue;
		fprintf(out, "\n- **%s**: ",
			report_outcome_name(report_of_case(which)));
		markdown_put(out, which->bench.id);
		fputs(": ", out);
		markdown_put(out, which->reason);
	}
	if (count > 1)
		fputc('\n', out);
}

static void put_builds(FILE *out, const struct gate *gate)
{
	bool same = strcmp(gate->builds[BUILD_A].identity.id,
			    gate->builds[BUILD_B].identity.id) == 0;
	char machine[REPORT_MACHINE_BYTES];

	fputs("\n| build | given | commit | identity |\n"
	      "| :--- | :--- | :--- | :--- |\n",
		out);
	for (int i = 0; i < BUILD_COUNT; i++) {
		const struct build *build = &gate->builds[i];
		char commit[16];

		snprintf(commit, sizeof(commit), "%.12s", build->commit);
		fprintf(out, "| %s |", i == BUILD_A ? "A, before" : "B, now");
		markdown_put_cell(out, build->given);
		markdown_put_cell(out, commit[0] ? commit : "-");
		fprintf(out, " %s `%s` |\n",
			build->identity.hashed ? "hash of the file"
					       : "build id",
			build->identity.id);
	}
	if (same)
		fputs("\nA and B are the same build.\n", out);
	if (!report_machine(&gate->environment, machine)[0])
		return;
	fputs("\nMeasured on ", out);
	markdown_put(out, machine);
	fputs(".\n", out);
}

static void put_repeat(FILE *out, const struct gate *gate)
{
	if (!gate->command[0])
		return;
	fputs("\nTo repeat it:\n\n```sh\n", out);
	fputs(gate->command, out);
	fputs("\n```\n", out);
}

/* ------------------------------------------------------------- what is folded */

static void put_count(FILE *out, const struct gate_case *which,
	const struct gate_count_pair *pair)
{
	char share[REPORT_SHARE_BYTES];

	fputs("|", out);
	markdown_put_cell(out, which->bench.id);
	markdown_put_cell(out, pair->count[BUILD_A].operation);
	fprintf(out, " %" PRIu64 " | %" PRIu64 " | %s%s%s |\n",
		pair->count[BUILD_A].instructions,
		pair->count[BUILD_B].instructions,
		report_share(pair->change, share),
		pair->count[BUILD_A].exact && pair->count[BUILD_B].exact
			? ""
			: ", not exact",
		pair->rise ? ", **a rise**" : "");
}

/* Those that changed; of the others it is enough to know how many they are. */
static void put_counts(FILE *out, const struct gate *gate)
{
	size_t same = 0, changed = 0;

	for (size_t i = 0; i < gate->case_count; i++) {
		const struct gate_case *which = &gate->cases[i];

		for (size_t k = 0; k < which->count_count; k++) {
			const struct gate_count_pair *pair = &which->counts[k];

			if (pair->change == 0) {
				same++;
				continue;
			}
			if (!changed++)
				fputs("\nInstructions of a call:\n\n"
				      "| case | call | A | B | change |\n"
				      "| :--- | :--- | ---: | ---: | ---: |\n",
					out);
			put_count(out, which, pair);
		}
	}
	if (same)
		fprintf(out,
			"\n%zu%s calls take as many instructions in B as in "
			"A.\n",
			same, changed ? " other" : "");
}

static void put_left_out(FILE *out, const struct gate *gate)
{
	size_t count = 0;

	fputs("\nBlocks left out:\n\n", out);
	for (size_t i = 0; i < gate->block_count; i++) {
		const struct gate_block *block = &gate->blocks[i];

		if (!block->left_out || ++count > LEFT_OUT_MAX)
			continue;
		fprintf(out, "- block %zu, ", i + 1);
		markdown_put(out, gate->cases[block->case_index].bench.id);
		fputs(": ", out);
		markdown_put(out, block->why);
		fputc('\n', out);
	}
	if (count > LEFT_OUT_MAX)
		fprintf(out, "- and %zu more\n", count - LEFT_OUT_MAX);
}

static void put_settings(FILE *out, const struct gate *gate)
{
	char slice[HUMAN_BYTES], started[REPORT_TIME_BYTES];

	fprintf(out,
		"\n%zu blocks in %.1f s%s%s, from %s UTC on; slices of %s; "
		"seed %" PRIu64 ". ",
		gate->block_count, (double)gate->elapsed_ns / 1e9,
		gate->out_of_time ? ", out of time" : "",
		gate->interrupted ? ", interrupted" : "",
		report_started(gate, started),
		human_time((double)gate->request.slice_ns, slice),
		gate->request.seed);
	fputs("\"B is worse by\" is the median over blocks of four slices, A "
	      "and B in turns; \"could see\" is the smallest change that such "
	      "a run finds 19 times of 20.\n",
		out);
}

static void put_folded(FILE *out, const struct gate *gate)
{
	bool advisory = false, counts = false, left_out = false;

	for (size_t i = 0; i < gate->case_count; i++) {
		advisory = advisory || has_metrics(&gate->cases[i], false);
		counts = counts || gate->cases[i].count_count;
	}
	for (size_t i = 0; i < gate->block_count; i++)
		left_out = left_out || gate->blocks[i].left_out;
	fputs("\n<details><summary>Details</summary>\n", out);
	if (advisory) {
		fputs("\nAdvisory, no verdict follows from these:\n\n", out);
		put_table(out, gate, false);
	}
	if (counts)
		put_counts(out, gate);
	if (left_out)
		put_left_out(out, gate);
	put_settings(out, gate);
	fputs("\n</details>\n", out);
}

int report_markdown(const struct gate *gate, FILE *out)
{
	fprintf(out, "<!-- ipcmark gate -->\n### ipcmark gate: %s\n\n",
		report_outcome_name(report_of_gate(gate)));
	markdown_put(out, gate->reason);
	fputs("\n\n", out);
	put_table(out, gate, true);
	put_reasons(out, gate);
	put_builds(out, gate);
	put_repeat(out, gate);
	put_folded(out, gate);
	return ferror(out) ? -EIO : 0;
}
