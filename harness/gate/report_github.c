/* report_github.c - annotations for GitHub's log, and the job's summary.
 *
 * An annotation is a line on standard output that the runner takes for a command.
 * One a case that is not a PASS, the worst first, and one for the verdict; GitHub
 * shows ten of a kind of a step and drops the rest, so what would be dropped is
 * counted in the last. An INCONCLUSIVE is an error where --inconclusive-exit makes
 * it fail the job, else a warning.
 *
 * The summary is the Markdown report, appended to the file that the runner names
 * in GITHUB_STEP_SUMMARY; elsewhere there is none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "gate/report.h"
#include "gate/report_text.h"

/* Ten in all, less the verdict and the counts of three outcomes: a skipped case is
 * a warning, of which there is nothing else when the rest are errors. */
enum { OF_CASES_MAX = 10 - 4 };

/* What the runner reads as the end of a line or, in a @property, of its value. */
static void put(FILE *out, const char *text, bool property)
{
	for (; *text; text++) {
		unsigned char letter = (unsigned char)*text;

		if (strchr("%\r\n", letter) ||
			(property && strchr(":,", letter)))
			fprintf(out, "%%%02X", letter);
		else
			fputc(letter, out);
	}
}

static const char *command_of(
	const struct gate *gate, enum report_outcome outcome)
{
	switch (outcome) {
	case OUTCOME_REGRESSION:
	case OUTCOME_VIOLATED:
		return "error";
	case OUTCOME_INCONCLUSIVE:
		return gate->request.inconclusive_exit == EXIT_GOOD ? "warning"
								    : "error";
	case OUTCOME_SKIP:
		return "warning";
	default:
		return "notice";
	}
}

static void annotate(const struct gate *gate, enum report_outcome outcome,
	const char *where, const char *message, FILE *out)
{
	char title[CASE_ID_BYTES + 64];

	snprintf(title, sizeof(title), "ipcmark gate: %s%s%s",
		report_outcome_name(outcome), where[0] ? ": " : "", where);
	fprintf(out, "::%s title=", command_of(gate, outcome));
	put(out, title, true);
	fputs("::", out);
	put(out, message, false);
	fputc('\n', out);
}

/* What would be too many of them is counted instead. */
static void annotate_cases(const struct gate *gate, enum report_outcome outcome,
	size_t *room, FILE *out)
{
	size_t more = 0;
	char text[64];

	for (size_t i = 0; i < gate->case_count; i++) {
		const struct gate_case *which = &gate->cases[i];

		if (report_of_case(which) != outcome)
			continue;
		if (!*room) {
			more++;
			continue;
		}
		annotate(gate, outcome, which->bench.id, which->reason, out);
		(*room)--;
	}
	if (!more)
		return;
	snprintf(text, sizeof(text), "%zu more cases", more);
	annotate(gate, outcome, "", text, out);
}

static int append_summary(const struct gate *gate)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	FILE *summary;
	int err;

	if (!path || !path[0])
		return 0;
	summary = fopen(path, "ae");
	if (!summary) {
		diag_error("cannot append to %s (GITHUB_STEP_SUMMARY): %s",
			path, strerror(errno));
		return -EIO;
	}
	err = report_markdown(gate, summary);
	if (fclose(summary) && !err)
		err = -EIO;
	return err;
}

int report_github(const struct gate *gate, FILE *out)
{
	static const enum report_outcome worst_first[] = {OUTCOME_VIOLATED,
		OUTCOME_REGRESSION, OUTCOME_INCONCLUSIVE, OUTCOME_SKIP};
	enum report_outcome all = report_of_gate(gate);
	size_t room = OF_CASES_MAX;

	for (size_t i = 0; i < sizeof(worst_first) / sizeof(*worst_first); i++)
		annotate_cases(gate, worst_first[i], &room, out);
	annotate(gate, all, "", gate->reason, out);
	if (ferror(out))
		return -EIO;
	return append_summary(gate);
}
