/* export.h - a result in the forms that other programs take.
 *
 * Each reads only the result, as report.h does. What has no figure is empty,
 * never 0.
 */
#ifndef IPCMARK_REPORT_EXPORT_H
#define IPCMARK_REPORT_EXPORT_H

#include <jansson.h>
#include <stdio.h>

struct result;

/* export_markdown - the tables of `ipcmark show` for a README or an issue. */
void export_markdown(const struct result *result, FILE *out);

/* export_csv - one line a case after a line of column names, as RFC 4180 has
 * it; times in nanoseconds, rates in messages a second. */
void export_csv(const struct result *result, FILE *out);

/* export_json - the document that the result was loaded from, as
 * docs/result.schema.json describes it.
 * Returns 0 or -errno after saying what went wrong. */
int export_json(const struct result *result, FILE *out);

/* export_document - any document, in the one form that files of ipcmark have.
 * Returns 0 or -errno after saying what went wrong. */
int export_document(const json_t *document, FILE *out);

/* export_hdr - for each histogram of the result @dir/NAME.hlog, an interval log
 * of HdrHistogram with an interval a round, and @dir/NAME.hgrm, its percentiles in
 * microseconds. @dir is made when there is something to write.
 * Returns 0 or -errno after saying what went wrong. */
int export_hdr(const struct result *result, const char *dir);

#endif
