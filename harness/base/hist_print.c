/* hist_print.c - a histogram as the table that HdrHistogram's tools print.
 *
 * Plotters and spreadsheets take it, and so do people: a line a percentile,
 * where 1/(1-Percentile) is the axis on which each further nine is one step.
 * The steps grow finer towards 100: from p on, the next one is a fifth of half
 * the way to 100, for as long as that is before the next halving. A step
 * without a value of its own is left out, the largest value ends the table.
 *
 * A value stands for its bucket: the highest in it, its middle for mean and
 * deviation. Only so do two tools agree on one histogram, and that is why the
 * exact maximum, which struct hist knows, is not used here.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#include "base/hist.h"

enum { STEPS_A_HALF = 5 };

static double percent_after(double percent)
{
	double halvings = floor(log2(100 / (100 - percent)));

	return percent + 100 / (STEPS_A_HALF * exp2(halvings + 1));
}

static double middle_of(size_t index)
{
	uint64_t low = hist_lowest_at(index);

	return (double)(low + (hist_highest_at(index) - low + 1) / 2);
}

/* Returns the last index that has counts; 0 for an empty histogram. */
static size_t last_used(const struct hist *hist)
{
	size_t last = HIST_COUNTS - 1;

	while (last > 0 && hist->counts[last] == 0)
		last--;
	return last;
}

static void print_steps(const struct hist *hist, double unit_ns, FILE *out)
{
	uint64_t total = 0, seen = 0;
	size_t last = last_used(hist);
	double percent = 0;

	for (size_t i = 0; i <= last; i++)
		total += hist->counts[i];
	for (size_t i = 0; total > 0 && i <= last; i++) {
		double value = (double)hist_highest_at(i) / unit_ns;

		seen += hist->counts[i];
		if (hist->counts[i] == 0)
			continue;
		/* At the largest value one step stands for all that are left.
		 */
		while (100 * (double)seen / (double)total >= percent) {
			fprintf(out, "%12.3f %2.12f %10" PRIu64 " %14.2f\n",
				value, percent / 100, seen,
				1 / (1 - percent / 100));
			percent = percent_after(percent);
			if (seen == total)
				break;
		}
	}
	if (total > 0)
		fprintf(out, "%12.3f %2.12f %10" PRIu64 "\n",
			(double)hist_highest_at(last) / unit_ns, 1.0, total);
}

static void print_sums(const struct hist *hist, double unit_ns, FILE *out)
{
	size_t last = last_used(hist);
	double sum = 0, squares = 0, mean = 0, deviation = 0;
	uint64_t total = 0;

	for (size_t i = 0; i <= last; i++) {
		total += hist->counts[i];
		sum += middle_of(i) * (double)hist->counts[i];
	}
	if (total > 0)
		mean = sum / (double)total;
	for (size_t i = 0; i <= last; i++)
		squares += (middle_of(i) - mean) * (middle_of(i) - mean) *
			   (double)hist->counts[i];
	if (total > 0)
		deviation = sqrt(squares / (double)total);
	fprintf(out,
		"#[Mean    = %12.3f, StdDeviation   = %12.3f]\n"
		"#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n"
		"#[Buckets = %12d, SubBuckets     = %12d]\n",
		mean / unit_ns, deviation / unit_ns,
		total > 0 ? (double)hist_highest_at(last) / unit_ns : 0, total,
		HIST_BUCKETS, HIST_SUB_BUCKETS);
}

void hist_print(const struct hist *hist, double unit_ns, FILE *out)
{
	fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile",
		"TotalCount", "1/(1-Percentile)");
	print_steps(hist, unit_ns, out);
	print_sums(hist, unit_ns, out);
}
