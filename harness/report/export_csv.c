/* export_csv.c - a case a line, for spreadsheets and data frames.
 *
 * One table of columns, each a name and a function that prints one field; a
 * column is added by adding a line to it. The unit is in the name, as in
 * result.json, and never in the field. What was not measured is an empty field.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/export.h"
#include "result/result.h"

struct column {
	const char *name;
	void (*put)(const struct result_case *one, FILE *out);
};

/* Quoted where a comma, a quote or a line's end would be misread. */
static void put_text(const char *text, FILE *out)
{
	bool quote = strpbrk(text, ",\"\r\n") != NULL;

	if (quote)
		fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	if (quote)
		fputc('"', out);
}

static void put_figure(double value, FILE *out)
{
	if (isfinite(value))
		fprintf(out, "%.9g", value);
}

static void put_count(uint64_t value, FILE *out)
{
	fprintf(out, "%" PRIu64, value);
}

static bool ran(const struct result_case *one)
{
	return one->outcome.status != STATUS_SKIP;
}

/* An open loop's times, also when it did not reach its load; NULL: none. */
static const struct latency *latency_of(const struct result_case *one)
{
	enum case_status status = one->outcome.status;

	return status == STATUS_OK || status == STATUS_UNREACHED
		       ? one->outcome.latency
		       : NULL;
}

/* The times that a case has: of its round trips, of its recoveries, or of its
 * messages from when they were due. */
static const struct hist *times_of(const struct result_case *one)
{
	const struct hist *hist = one->bench.mode == MODE_CRASH
					  ? one->outcome.crash.recovery
					  : one->outcome.rtt;

	if (one->bench.mode == MODE_OPEN)
		return latency_of(one) ? &latency_of(one)->intended : NULL;
	if (one->outcome.status != STATUS_OK || !hist || hist->total == 0)
		return NULL;
	return hist;
}

static void put_percentile(
	const struct result_case *one, double percent, FILE *out)
{
	const struct hist *hist = times_of(one);

	if (hist && hist->total > 0)
		put_count(hist_percentile(hist, percent), out);
}

#define TEXT(name, text)                                                 \
	static void put_##name(const struct result_case *one, FILE *out) \
	{                                                                \
		put_text(text, out);                                     \
	}
#define COUNT(name, known, value)                                        \
	static void put_##name(const struct result_case *one, FILE *out) \
	{                                                                \
		if (known)                                               \
			put_count(value, out);                           \
	}
#define FIGURE(name, value)                                              \
	static void put_##name(const struct result_case *one, FILE *out) \
	{                                                                \
		put_figure(value, out);                                  \
	}
#define PERCENTILE(name, percent)                                        \
	static void put_##name(const struct result_case *one, FILE *out) \
	{                                                                \
		put_percentile(one, percent, out);                       \
	}

TEXT(id, one->bench.id)
TEXT(section, one->bench.section)
TEXT(transport, one->bench.transport)
TEXT(limit, one->limit ? "true" : "false")
TEXT(mode, case_mode_name(one->bench.mode))
COUNT(msg_size_bytes, true, one->bench.msg_size_bytes)
COUNT(batch, true, one->bench.batch)
COUNT(producers, true, one->bench.producers)
COUNT(consumers, true, one->bench.consumers)
TEXT(placement, one->bench.placement)
TEXT(wait, wait_mode_name(one->bench.wait))
TEXT(access, access_mode_name(one->bench.access))
TEXT(verify, verify_mode_name(one->bench.verify))
COUNT(capacity_bytes, one->bench.capacity_bytes > 0, one->bench.capacity_bytes)
TEXT(status, case_status_name(one->outcome.status))
COUNT(rounds, ran(one), one->outcome.round_count)
COUNT(slice_ns, one->bench.slice_ns > 0, one->bench.slice_ns)
FIGURE(msgs_per_s, one->msgs_per_s.median)
FIGURE(msgs_per_s_lo, one->msgs_per_s.lo)
FIGURE(msgs_per_s_hi, one->msgs_per_s.hi)
FIGURE(bytes_per_s, one->msgs_per_s.median *(double)one->bench.msg_size_bytes)
FIGURE(cpu_ns_per_msg, one->cpu_ns_per_msg)
PERCENTILE(p50_ns, 50)
PERCENTILE(p90_ns, 90)
PERCENTILE(p99_ns, 99)
PERCENTILE(p999_ns, 99.9)
PERCENTILE(p9999_ns, 99.99)
PERCENTILE(max_ns, 100)
COUNT(times, times_of(one) != NULL, times_of(one)->total)
FIGURE(offered_per_s,
	one->outcome.offered_per_s > 0 ? one->outcome.offered_per_s : NAN)
COUNT(sent_p99_ns, latency_of(one) && latency_of(one)->actual.total > 0,
	hist_percentile(&latency_of(one)->actual, 99))
COUNT(lag_p99_ns, latency_of(one) && latency_of(one)->lag.total > 0,
	hist_percentile(&latency_of(one)->lag, 99))
COUNT(due, latency_of(one) != NULL, latency_of(one)->due)
COUNT(backlog, latency_of(one) != NULL, latency_of(one)->backlog)
COUNT(kills, ran(one) && one->bench.mode == MODE_CRASH,
	one->outcome.crash.kills)
COUNT(recovered, ran(one) && one->bench.mode == MODE_CRASH,
	one->outcome.crash.recovered)
COUNT(sent, ran(one), one->outcome.verify.sent)
COUNT(received, ran(one), one->outcome.verify.received)
COUNT(lost, ran(one), one->outcome.verify.lost)
COUNT(duplicated, ran(one), one->outcome.verify.duplicated)
COUNT(reordered, ran(one), one->outcome.verify.reordered)
COUNT(corrupted, ran(one), one->outcome.verify.corrupted)
TEXT(reason, one->outcome.reason)

#define COLUMN(name)              \
	{                         \
#name, put_##name \
	}

static const struct column columns[] = {
	COLUMN(id),
	COLUMN(section),
	COLUMN(transport),
	COLUMN(limit),
	COLUMN(mode),
	COLUMN(msg_size_bytes),
	COLUMN(batch),
	COLUMN(producers),
	COLUMN(consumers),
	COLUMN(placement),
	COLUMN(wait),
	COLUMN(access),
	COLUMN(verify),
	COLUMN(capacity_bytes),
	COLUMN(status),
	COLUMN(rounds),
	COLUMN(slice_ns),
	COLUMN(msgs_per_s),
	COLUMN(msgs_per_s_lo),
	COLUMN(msgs_per_s_hi),
	COLUMN(bytes_per_s),
	COLUMN(cpu_ns_per_msg),
	COLUMN(p50_ns),
	COLUMN(p90_ns),
	COLUMN(p99_ns),
	COLUMN(p999_ns),
	COLUMN(p9999_ns),
	COLUMN(max_ns),
	COLUMN(times),
	COLUMN(offered_per_s),
	COLUMN(sent_p99_ns),
	COLUMN(lag_p99_ns),
	COLUMN(due),
	COLUMN(backlog),
	COLUMN(kills),
	COLUMN(recovered),
	COLUMN(sent),
	COLUMN(received),
	COLUMN(lost),
	COLUMN(duplicated),
	COLUMN(reordered),
	COLUMN(corrupted),
	COLUMN(reason),
};

enum { COLUMNS = sizeof(columns) / sizeof(*columns) };

void export_csv(const struct result *result, FILE *out)
{
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(out, "%s%s", i > 0 ? "," : "", columns[i].name);
	fputs("\r\n", out);
	for (size_t c = 0; c < result->case_count; c++) {
		for (size_t i = 0; i < COLUMNS; i++) {
			if (i > 0)
				fputc(',', out);
			columns[i].put(&result->cases[c], out);
		}
		fputs("\r\n", out);
	}
}
