/* rank.c - a figure of more transports than curves can be told apart.
 *
 * Seventeen curves over three sizes are a tangle, and ten points over a single
 * size a stack. Both become a table that is drawn: a row a transport, the best
 * at the top, a panel a point of the sweep. The rows of a limit are among the
 * others, since what is nearer to it than another is the question.
 */
#include <math.h>

#include "figure/figure.h"
#include "result/result.h"

/* plots/style.gp has twelve styles; ten are as many as an eye keeps apart. */
enum { CURVES_MAX = 10 };

bool rank_wanted(const struct figure *figure)
{
	uint64_t size_bytes = 0;
	bool one_size = true;
	size_t curves = 0;

	if (figure->kind != FIGURE_SUMMARY || figure->mode == MODE_CRASH)
		return false;
	for (size_t i = 0; i < figure->case_count; i++) {
		const struct result_case *one = figure->cases[i];
		bool seen = one->limit;

		if (!figure_drawable(one))
			continue;
		if (size_bytes == 0)
			size_bytes = one->bench.msg_size_bytes;
		one_size = one_size && one->bench.msg_size_bytes == size_bytes;
		for (size_t j = 0; j < i && !seen; j++)
			seen = figure_drawable(figure->cases[j]) &&
			       figure_same_transport(figure->cases[j], one);
		curves += !seen;
	}
	return curves > CURVES_MAX ||
	       (figure->mode == MODE_THROUGHPUT && one_size);
}

static void put_row(FILE *out, const struct interval *interval, double unit,
	double tail, double worst)
{
	fprintf(out, "%.6g\t%.6g\t%.6g\t%.6g\t%.6g\n", interval->median / unit,
		interval->lo / unit, interval->hi / unit, tail / unit,
		worst / unit);
}

void rank_put(const struct result_case *one, unsigned panel, FILE *out)
{
	const struct latency *latency = one->outcome.latency;
	const struct hist *hist = one->outcome.rtt;
	struct interval p50 = one->p50_ns;

	fputs("value\tlo\thi\tp99\tmax\n", out);
	if (one->bench.mode == MODE_THROUGHPUT) {
		put_row(out, &one->msgs_per_s, 1, NAN, NAN);
		return;
	}
	if (latency)
		hist = panel == 1 ? &latency->intended : &latency->actual;
	/* Rounds have a median of the one clock that a user waits by. */
	if ((latency && panel != 1) || isnan(p50.median)) {
		p50.median = (double)hist_percentile(hist, 50);
		p50.lo = p50.hi = NAN;
	}
	put_row(out, &p50, 1e9, (double)hist_percentile(hist, 99),
		(double)hist->max_ns);
}
