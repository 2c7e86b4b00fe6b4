/* report_junit.c - JUnit's XML, as Jenkins, GitLab and GitHub's actions read it.
 *
 * There is no standard, so this keeps to what all of them know: a suite a case,
 * in it a test a metric, and one, "case", for what no metric can say: that messages
 * were lost or damaged, that a build did not work, that the machine was too busy.
 *
 * A REGRESSION, and lost or damaged messages, are a failure. An INCONCLUSIVE is
 * what --inconclusive-exit makes of it: where it does not fail the job, it is
 * "skipped", since nothing was found out; where it does, an "error", which is what
 * a test has that could not be carried out. A green page beside a red job, or the
 * reverse, would be read as a mistake. What is advisory is "skipped", too: no
 * verdict follows from it, and "passed" would be one.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/diag.h"
#include "gate/report.h"
#include "gate/report_text.h"

enum junit_kind { JUNIT_PASS, JUNIT_FAILURE, JUNIT_ERROR, JUNIT_SKIPPED };

struct test {
	char name[32];
	enum junit_kind kind;
	const char *type; /* of a failure or an error */
	const char *message;
	const struct gate_metric_result *metric; /* NULL: "case" */
};

struct tally {
	size_t tests, failures, errors, skipped;
};

enum { TESTS_MAX = METRICS + 1 };

/* The bytes of the character at @text; 0 if it is none that XML can have. */
static size_t character(const unsigned char *text)
{
	unsigned lead = text[0];
	size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;

	if (lead < 0x20)
		return lead == '\t' || lead == '\n' || lead == '\r';
	if (lead == 0x7f || (lead >= 0x80 && lead < 0xc2) || lead > 0xf4)
		return 0;
	for (size_t i = 1; i <= more; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Surrogates, what is no character, and what is written too long. */
	if ((lead == 0xe0 && text[1] < 0xa0) ||
		(lead == 0xed && text[1] > 0x9f) ||
		(lead == 0xef && text[1] == 0xbf && text[2] > 0xbd) ||
		(lead == 0xf0 && text[1] < 0x90) ||
		(lead == 0xf4 && text[1] > 0x8f))
		return 0;
	return more + 1;
}

/* Text of an attribute or an element; a byte that XML cannot have is a '?'. */
static void put(FILE *out, const char *text)
{
	while (*text) {
		size_t bytes = character((const unsigned char *)text);

		if (!bytes)
			fputc('?', out);
		else if (strchr("&<>\"'\t\n\r", *text))
			fprintf(out, "&#%d;", *text);
		else
			fwrite(text, 1, bytes, out);
		text += bytes ? bytes : 1;
	}
}

static void put_attribute(FILE *out, const char *name, const char *text)
{
	fprintf(out, " %s=\"", name);
	put(out, text);
	fputc('"', out);
}

/* ------------------------------------------------------------ what is what */

static void set_inconclusive(
	const struct gate *gate, const char *message, struct test *test)
{
	test->kind = gate->request.inconclusive_exit == EXIT_GOOD
			     ? JUNIT_SKIPPED
			     : JUNIT_ERROR;
	test->type = "INCONCLUSIVE";
	test->message = message;
}

static struct test case_test(
	const struct gate *gate, const struct gate_case *which)
{
	struct test test = {.name = "case", .message = which->reason};
	enum report_outcome outcome = report_of_case(which);

	test.type = report_outcome_name(outcome);
	if (report_by_metric(which))
		test.kind = JUNIT_PASS;
	else if (outcome == OUTCOME_SKIP)
		test.kind = JUNIT_SKIPPED;
	else if (outcome == OUTCOME_INCONCLUSIVE)
		set_inconclusive(gate, which->reason, &test);
	else
		test.kind = JUNIT_FAILURE;
	return test;
}

static struct test metric_test(const struct gate *gate,
	const struct gate_case *which, enum gate_metric kind)
{
	const struct gate_metric_result *metric = &which->metrics[kind];
	struct test test = {
		.metric = metric, .message = metric->judgement.reason};
	bool gated = metric->gated;

	snprintf(test.name, sizeof(test.name), "%s", metric_name(kind));
	if (!gated)
		test.kind = JUNIT_SKIPPED;
	else if (metric->judgement.verdict == VERDICT_REGRESSION)
		test.kind = JUNIT_FAILURE;
	else if (metric->judgement.verdict == VERDICT_PASS)
		test.kind = JUNIT_PASS;
	else if (!report_by_metric(which) ||
		 metric->judgement.verdict == VERDICT_OPEN)
		test.kind = JUNIT_SKIPPED; /* what ended the case says why */
	else
		set_inconclusive(gate, metric->judgement.reason, &test);
	if (!test.type)
		test.type = gate_verdict_name(metric->judgement.verdict);
	return test;
}

static size_t list_tests(const struct gate *gate, const struct gate_case *which,
	struct test tests[TESTS_MAX], struct tally *tally)
{
	size_t count = 0;

	tests[count++] = case_test(gate, which);
	for (int m = 0; m < METRICS; m++)
		if (which->status != STATUS_SKIP && which->metrics[m].applies)
			tests[count++] =
				metric_test(gate, which, (enum gate_metric)m);
	for (size_t i = 0; i < count; i++) {
		tally->failures += tests[i].kind == JUNIT_FAILURE;
		tally->errors += tests[i].kind == JUNIT_ERROR;
		tally->skipped += tests[i].kind == JUNIT_SKIPPED;
	}
	tally->tests += count;
	return count;
}

/* ------------------------------------------------------------ how it is put */

static void put_tally(FILE *out, const struct tally *tally)
{
	fprintf(out,
		" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		"skipped=\"%zu\"",
		tally->tests, tally->failures, tally->errors, tally->skipped);
}

/* How long the slices of a case ran, in seconds. */
static double seconds_of(const struct gate *gate, size_t case_index)
{
	double ns = 0;

	for (size_t i = 0; i < gate->block_count; i++)
		for (unsigned k = 0; k < BLOCK_SLICES; k++)
			if (gate->blocks[i].case_index == case_index)
				ns += (double)gate->blocks[i]
					      .slices[k]
					      .elapsed_ns;
	return ns / 1e9;
}

static void put_figures(FILE *out, const struct gate *gate,
	const struct gate_metric_result *metric, const struct gate_case *which)
{
	const struct judgement *judgement = &metric->judgement;
	size_t kind = (size_t)(metric - which->metrics);
	char share[REPORT_SHARE_BYTES], interval[REPORT_INTERVAL_BYTES];

	fputs("      <system-out>", out);
	fprintf(out, "B is worse by %s\n",
		report_share(judgement->estimate, share));
	fprintf(out, "interval of %.3g %%: %s\n", 100 * judgement->coverage,
		report_interval(judgement, interval));
	fprintf(out, "tolerance %.3g %%, max %.3g %%\n",
		100 * gate->request.tolerance[kind],
		100 * gate->request.max[kind]);
	fprintf(out, "smallest detectable change %s\n",
		report_share(judgement->detectable, share));
	fprintf(out, "p %.2g, for an alarm at most %.2g\n", judgement->p,
		judgement->level);
	fprintf(out, "blocks %zu, left out %zu\n", judgement->blocks,
		which->left_out);
	put(out, judgement->reason);
	fputs("</system-out>\n", out);
}

/* The message twice: Jenkins takes the attribute, GitLab the text. */
static void put_verdict(FILE *out, const struct test *test)
{
	static const char *const elements[] = {
		[JUNIT_FAILURE] = "failure",
		[JUNIT_ERROR] = "error",
		[JUNIT_SKIPPED] = "skipped",
	};
	bool advisory = test->metric && !test->metric->gated;

	fprintf(out, "      <%s", elements[test->kind]);
	if (test->kind != JUNIT_SKIPPED)
		put_attribute(out, "type", test->type);
	fputs(" message=\"", out);
	put(out, advisory ? "advisory: " : "");
	put(out, test->message);
	fputs("\">", out);
	put(out, advisory ? "advisory: " : "");
	put(out, test->message);
	fprintf(out, "</%s>\n", elements[test->kind]);
}

static void put_test(FILE *out, const struct gate *gate,
	const struct gate_case *which, const struct test *test, double seconds)
{
	bool figures = test->metric && test->metric->judgement.blocks > 0;

	fputs("    <testcase", out);
	put_attribute(out, "classname", which->bench.id);
	put_attribute(out, "name", test->name);
	fprintf(out, " time=\"%.3f\">\n", seconds);
	if (test->kind != JUNIT_PASS)
		put_verdict(out, test);
	if (figures)
		put_figures(out, gate, test->metric, which);
	fputs("    </testcase>\n", out);
}

static void put_property(FILE *out, const char *name, const char *value)
{
	fputs("      <property", out);
	put_attribute(out, "name", name);
	put_attribute(out, "value", value);
	fputs("/>\n", out);
}

static void put_properties(
	FILE *out, const struct gate *gate, const struct gate_case *which)
{
	char text[128], name[64], machine[REPORT_MACHINE_BYTES];

	fputs("    <properties>\n", out);
	for (int i = 0; i < BUILD_COUNT; i++) {
		const struct build *build = &gate->builds[i];
		const char *letter = i == BUILD_A ? "A" : "B";

		snprintf(name, sizeof(name), "build %s", letter);
		put_property(out, name, build->given);
		snprintf(name, sizeof(name), "build %s %s", letter,
			build->identity.hashed ? "file hash" : "id");
		put_property(out, name, build->identity.id);
	}
	snprintf(text, sizeof(text), "%" PRIu64, gate->request.seed);
	put_property(out, "seed", text);
	put_property(out, "command", gate->command);
	if (report_machine(&gate->environment, machine)[0])
		put_property(out, "machine", machine);
	for (size_t i = 0; i < which->count_count; i++) {
		const struct gate_count_pair *pair = &which->counts[i];

		snprintf(name, sizeof(name), "instructions: %s",
			pair->count[BUILD_A].operation);
		snprintf(text, sizeof(text), "A %" PRIu64 ", B %" PRIu64 "%s",
			pair->count[BUILD_A].instructions,
			pair->count[BUILD_B].instructions,
			pair->rise ? ": a rise" : "");
		put_property(out, name, text);
	}
	fputs("    </properties>\n", out);
}

static void put_suite(FILE *out, const struct gate *gate, size_t index)
{
	const struct gate_case *which = &gate->cases[index];
	struct test tests[TESTS_MAX];
	struct tally tally = {0};
	size_t count = list_tests(gate, which, tests, &tally);
	double seconds = seconds_of(gate, index);
	char started[REPORT_TIME_BYTES];

	fputs("  <testsuite", out);
	put_attribute(out, "name", which->bench.id);
	put_tally(out, &tally);
	fprintf(out, " time=\"%.3f\"", seconds);
	put_attribute(out, "timestamp", report_started(gate, started));
	fputs(">\n", out);
	put_properties(out, gate, which);
	for (size_t i = 0; i < count; i++)
		put_test(out, gate, which, &tests[i], i ? 0 : seconds);
	fputs("  </testsuite>\n", out);
}

int report_junit(const struct gate *gate, FILE *out)
{
	struct tally tally = {0};
	struct test tests[TESTS_MAX];

	for (size_t i = 0; i < gate->case_count; i++)
		list_tests(gate, &gate->cases[i], tests, &tally);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
	put_attribute(out, "name", "ipcmark gate");
	put_tally(out, &tally);
	fprintf(out, " time=\"%.3f\">\n", (double)gate->elapsed_ns / 1e9);
	for (size_t i = 0; i < gate->case_count; i++)
		put_suite(out, gate, i);
	fputs("</testsuites>\n", out);
	return ferror(out) ? -EIO : 0;
}
