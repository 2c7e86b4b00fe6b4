/* report_benchstat.c - slices in the form of `go test -bench`, for benchstat.
 *
 * A file for each build, a line a slice that counts, so that benchstat has its
 * samples and does its own statistics: benchstat A B. It compares them without
 * pairs, so on a machine that drifts it sees less than the gate, or more than there
 * is. Slices without a message have no time, and no line.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "gate/report.h"
#include "gate/report_text.h"

/* A name is one word, and begins with a capital letter. */
static void put_name(FILE *out, const struct bench_case *bench)
{
	fputs("BenchmarkGate/", out);
	for (const char *at = bench->id; *at; at++)
		fputc((unsigned char)*at <= ' ' ? '_' : *at, out);
}

static void put_slice(FILE *out, const struct bench_case *bench,
	const struct gate_figures *slice)
{
	bool trips = bench->mode == MODE_ROUNDTRIP;
	double time_ns =
		report_figure(trips ? METRIC_P50 : METRIC_THROUGHPUT, slice);

	if (!isfinite(time_ns))
		return;
	put_name(out, bench);
	fprintf(out, " %" PRIu64 " %.6g ns/op", slice->msgs, time_ns);
	fprintf(out, " %.6g cpu-ns/op",
		(double)slice->cpu_ns / (double)slice->msgs);
	if (trips && isfinite(slice->p99_ns) && isfinite(slice->p999_ns))
		fprintf(out, " %.6g p99-ns/op %.6g p99.9-ns/op", slice->p99_ns,
			slice->p999_ns);
	else if (!trips)
		fprintf(out, " %.6g msgs/s", 1e9 / time_ns);
	fputc('\n', out);
}

static int report_benchstat(
	const struct gate *gate, enum gate_build build, FILE *out)
{
	const struct build *from = &gate->builds[build];

	/* "key: value" of the build would make it another table. */
	fprintf(out, "# %s, %s %s\npkg: mmapipc\n",
		build == BUILD_A ? "A" : "B", from->commit, from->identity.id);
	fputs("Unit msgs/s better=higher\nUnit cpu-ns/op better=lower\n"
	      "Unit p99-ns/op better=lower\nUnit p99.9-ns/op better=lower\n",
		out);
	for (size_t i = 0; i < gate->block_count; i++) {
		const struct gate_block *block = &gate->blocks[i];

		for (unsigned k = 0; k < BLOCK_SLICES && !block->left_out; k++)
			if (block_build(block->begins_with_b, k) == build)
				put_slice(out,
					&gate->cases[block->case_index].bench,
					&block->slices[k]);
	}
	return ferror(out) ? -EIO : 0;
}

int report_benchstat_a(const struct gate *gate, FILE *out)
{
	return report_benchstat(gate, BUILD_A, out);
}

int report_benchstat_b(const struct gate *gate, FILE *out)
{
	return report_benchstat(gate, BUILD_B, out);
}
