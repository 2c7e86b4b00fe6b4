/* around.c - throughput around a kill: before, the dip, and back.
 *
 * All kills of a case laid on top of each other, in percent of what the role got
 * through before: so transports of different speed can be on one page, and what
 * is compared is how deep and how long each one dips. A panel is a role.
 */
#include "figure/figure.h"
#include "result/result.h"

bool around_drawable(const struct result_case *one, unsigned panel)
{
	const struct crash_around *around =
		one->outcome.crash.around[panel - 1];

	return one->bench.mode == MODE_CRASH &&
	       one->outcome.status == STATUS_OK && around &&
	       crash_around_level(around) > 0;
}

const char *around_title(unsigned panel)
{
	return panel == 1 ? "a producer killed: messages sent by all producers"
			  : "a consumer killed: messages received by all "
			    "consumers";
}

/* Of what was before, or NaN. */
static void put_share(uint32_t messages, double level, FILE *out)
{
	if (messages == AROUND_UNKNOWN)
		fputs("\tNaN", out);
	else
		fprintf(out, "\t%.4g", 100 * messages / level);
}

void around_put(const struct result_case *one, unsigned panel, FILE *out)
{
	const struct crash_around *around =
		one->outcome.crash.around[panel - 1];
	const struct hist *recovery = one->outcome.crash.recovery_of[panel - 1];
	double level = crash_around_level(around);
	double bin_ms = AROUND_BIN_NS / 1e6;
	int back = crash_around_recovered(around);

	fputs("ms\tmean\tmedian\tlow\thigh\tnoticed_ms\trecovered_ms\tkills\n",
		out);
	for (int i = 0; i < AROUND_BINS; i++) {
		if (around->mean[i] == AROUND_UNKNOWN)
			continue;
		fprintf(out, "%.4g", (i - AROUND_BEFORE + 0.5) * bin_ms);
		put_share(around->mean[i], level, out);
		put_share(around->median[i], level, out);
		put_share(around->low[i], level, out);
		put_share(around->high[i], level, out);
		fprintf(out, "\t%.4g",
			recovery ? (double)hist_percentile(recovery, 50) / 1e6
				 : 0.0);
		if (back < 0)
			fputs("\tNaN", out);
		else
			fprintf(out, "\t%.4g", (back - AROUND_BEFORE) * bin_ms);
		fprintf(out, "\t%u\n", around->kills);
	}
}
