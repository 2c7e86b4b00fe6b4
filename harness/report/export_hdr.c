/* export_hdr.c - the histograms of a result as HdrHistogram's files.
 *
 * A histogram has a pair of files. NAME.hlog is an interval log, format 1.3, for
 * HistogramLogProcessor and everything else that reads such logs: an interval is
 * a round, and between two of them lie the slices of other cases. They begin in
 * seconds since the run did; a break before the run was resumed does not count.
 * What has no rounds, or a result from before they kept their times, is one
 * interval, as long as all that was measured and without a place in the run.
 * NAME.hgrm is the table of percentiles, which plotters take. In both a value is
 * in nanoseconds times the unit that the format has for it: the log's maxima in
 * milliseconds, the table in microseconds.
 *
 * Files are written in place: they can be written again at any time.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/folder.h"
#include "machine/env.h"
#include "report/export.h"
#include "result/result.h"

enum { PATH_BYTES = 4096, TAG_BYTES = CASE_ID_BYTES + 16 };

#define LOG_UNIT_NS 1e6	  /* of the maxima in a log: what its readers expect */
#define TABLE_UNIT_NS 1e3 /* of the values in a table */

/* The histograms that a case may have, and what a file's name says of each
 * where there is more than one. */
struct histogram {
	const struct hist *hist;
	const char *ending;
	enum round_times kind; /* what it is called in a round, if it has any */
};

enum { HISTOGRAMS = 5 };

static size_t histograms_of(
	const struct result_case *one, struct histogram found[HISTOGRAMS])
{
	const struct outcome *outcome = &one->outcome;
	const struct latency *latency = outcome->latency;
	const struct histogram all[HISTOGRAMS] = {
		{outcome->rtt, "", ROUND_TIMES},
		{outcome->crash.recovery, "", ROUND_TIMES},
		{latency ? &latency->intended : NULL, "", ROUND_TIMES},
		{latency ? &latency->actual : NULL, "-from-send",
			ROUND_FROM_SEND},
		{latency ? &latency->lag : NULL, "-lag", ROUND_LAG},
	};
	size_t count = 0;

	if (outcome->status != STATUS_OK && outcome->status != STATUS_UNREACHED)
		return 0;
	for (size_t i = 0; i < HISTOGRAMS; i++) {
		if (all[i].hist && all[i].hist->total > 0)
			found[count++] = all[i];
	}
	return count;
}

/* What a case is called in a file's name and as a log's tag: neither may have
 * blanks or commas, and a command as a transport may have anything. */
static void tag_of(const struct result_case *one, char tag[TAG_BYTES])
{
	size_t used = 0;

	for (const char *at = one->bench.id; *at && used < CASE_ID_BYTES;
		at++) {
		bool plain = isalnum((unsigned char)*at) || *at == '.' ||
			     *at == '-' || *at == '_';

		if (plain && !(used == 0 && *at == '.'))
			tag[used++] = *at;
		else if (used > 0 && tag[used - 1] != '-')
			tag[used++] = '-';
	}
	tag[used] = '\0';
}

/* Cases whose names differ only in what a tag cannot have get numbers. */
static void tag_apart(
	const struct result *result, size_t index, char tag[TAG_BYTES])
{
	char other[TAG_BYTES];
	size_t same = 1;

	tag_of(&result->cases[index], tag);
	for (size_t i = 0; i < index; i++) {
		tag_of(&result->cases[i], other);
		same += strcmp(other, tag) == 0;
	}
	if (same > 1)
		snprintf(tag + strlen(tag), TAG_BYTES - strlen(tag), "-%zu",
			same);
}

static double seconds_measured(const struct result_case *one)
{
	uint64_t sum_ns = 0;

	for (size_t i = 0; i < one->outcome.round_count; i++)
		sum_ns += one->outcome.rounds[i].elapsed_ns;
	return (double)sum_ns / 1e9;
}

static void put_start(const struct result *result, FILE *out)
{
	time_t seconds = (time_t)(result->started_unix_ns / 1000000000);
	char date[64];
	struct tm utc;

	if (result->started_unix_ns == 0 || !gmtime_r(&seconds, &utc) ||
		strftime(date, sizeof(date), "%a %b %d %H:%M:%S UTC %Y",
			&utc) == 0)
		return;
	fprintf(out, "#[StartTime: %.3f (seconds since epoch), %s]\n",
		(double)result->started_unix_ns / 1e9, date);
}

static void put_interval(double start_s, double length_s, uint64_t max_ns,
	const char *text, const char *tag, FILE *out)
{
	fprintf(out, "Tag=%s,%.3f,%.3f,%.3f,%s\n", tag, start_s, length_s,
		(double)max_ns / LOG_UNIT_NS, text);
}

static int put_whole(const struct result_case *one, const struct hist *hist,
	const char *tag, FILE *out)
{
	char *text;
	int err = hist_encode(hist, &text);

	if (err)
		return err;
	put_interval(0, seconds_measured(one), hist->max_ns, text, tag, out);
	free(text);
	return 0;
}

static int put_log(const struct result *result, const struct result_case *one,
	const struct histogram *what, const char *tag, FILE *out)
{
	const struct outcome *outcome = &one->outcome;

	fprintf(out,
		"#[Logged with ipcmark %s]\n"
		"#[Histogram log format version 1.3]\n",
		env_text(result->environment, "ipcmark_version"));
	put_start(result, out);
	fprintf(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
		     "\"Interval_Compressed_Histogram\"\n");
	if (!rounds_make_up(outcome->rounds, outcome->round_count, what->kind,
		    what->hist))
		return put_whole(one, what->hist, tag, out);
	for (size_t i = 0; i < outcome->round_count; i++) {
		const struct round_figures *round = &outcome->rounds[i];
		const struct round_hist *times = &round->times[what->kind];

		if (times->text)
			put_interval((double)round->start_ns / 1e9,
				(double)round->elapsed_ns / 1e9, times->max_ns,
				times->text, tag, out);
	}
	return 0;
}

static int put_files(const struct result *result, const struct result_case *one,
	const struct histogram *what, const char *dir, const char *tag)
{
	static const char *const endings[] = {".hlog", ".hgrm"};
	char path[PATH_BYTES];

	for (int i = 0; i < 2; i++) {
		FILE *file = NULL;
		int length = snprintf(
			path, sizeof(path), "%s/%s%s", dir, tag, endings[i]);
		int err = 0;

		errno = ENAMETOOLONG;
		if (length >= 0 && (size_t)length < sizeof(path))
			file = fopen(path, "we");
		if (!file)
			err = -errno;
		else if (i == 0)
			err = put_log(result, one, what, tag, file);
		else
			hist_print(what->hist, TABLE_UNIT_NS, file);
		if (file && ferror(file) && !err)
			err = -EIO;
		if (file && fclose(file) && !err)
			err = -errno;
		if (err) {
			diag_error("cannot write %s: %s; give another folder "
				   "with -o DIR",
				path, strerror(-err));
			return err;
		}
	}
	return 0;
}

int export_hdr(const struct result *result, const char *dir)
{
	char tag[TAG_BYTES], name[TAG_BYTES + 16];
	bool made = false;
	int err = 0;

	for (size_t i = 0; !err && i < result->case_count; i++) {
		const struct result_case *one = &result->cases[i];
		struct histogram hists[HISTOGRAMS];
		size_t count = histograms_of(one, hists);

		if (count > 0 && !made)
			err = folder_make(dir);
		made = made || count > 0;
		if (count > 0)
			tag_apart(result, i, tag);
		for (size_t h = 0; !err && h < count; h++) {
			snprintf(name, sizeof(name), "%s%s", tag,
				hists[h].ending);
			err = put_files(result, one, &hists[h], dir, name);
		}
	}
	return err;
}
