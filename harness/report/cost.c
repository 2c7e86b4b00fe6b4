/* cost.c - the table behind `show --cost`.
 *
 * Medians over rounds, of all workers of a case together, divided by its
 * messages. What the kernel did not give is "-", never 0.
 */
#include "report/cost.h"

#include <math.h>
#include <string.h>

#include "base/human.h"
#include "result/result.h"

enum { ID_COLUMNS = 40, ID_HEAD = 22 };

/* Long ids lose their middle: both ends tell them apart. */
static const char *id_text(const char *id, char text[ID_COLUMNS + 1])
{
	size_t length = strlen(id);

	if (length <= ID_COLUMNS)
		snprintf(text, ID_COLUMNS + 1, "%s", id);
	else
		snprintf(text, ID_COLUMNS + 1, "%.*s..%s", (int)ID_HEAD, id,
			id + length - (ID_COLUMNS - ID_HEAD - 2));
	return text;
}

static const char *amount_text(double amount, char text[HUMAN_BYTES])
{
	if (isnan(amount))
		snprintf(text, HUMAN_BYTES, "-");
	else if (amount > 0 && amount < 0.0005)
		snprintf(text, HUMAN_BYTES, "%.0e", amount);
	else
		snprintf(text, HUMAN_BYTES, "%.3g", amount);
	return text;
}

static void print_row(const struct result_case *one, FILE *out)
{
	const double *usage = one->usage_per_msg;
	char id[ID_COLUMNS + 1], cpu[HUMAN_BYTES], text[HUMAN_BYTES];

	fprintf(out, "%-*s %8s", (int)ID_COLUMNS, id_text(one->bench.id, id),
		human_time(one->cpu_ns_per_msg, cpu));
	fprintf(out, " %7s", amount_text(usage[USAGE_VOLUNTARY], text));
	fprintf(out, " %7s", amount_text(usage[USAGE_INVOLUNTARY], text));
	fprintf(out, " %7s",
		amount_text(
			usage[USAGE_MINOR_FAULTS] + usage[USAGE_MAJOR_FAULTS],
			text));
	for (int kind = USAGE_COUNTERS; kind < USAGE_KINDS; kind++)
		fprintf(out, " %7s", amount_text(usage[kind], text));
	fputc('\n', out);
}

void report_cost(const struct result *result, FILE *out)
{
	fprintf(out, "\n%-*s %8s %7s %7s %7s %7s %7s %7s\n", (int)ID_COLUMNS,
		"a message of", "CPU", "waits", "preempt", "faults", "cycles",
		"instr.", "misses");
	for (size_t i = 0; i < result->case_count; i++) {
		const struct result_case *one = &result->cases[i];

		if (one->outcome.status == STATUS_OK &&
			one->bench.mode != MODE_CRASH)
			print_row(one, out);
	}
}
