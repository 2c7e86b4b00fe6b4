/* report.h - a gate in the forms that other programs take.
 *
 * Each form is one function of struct gate, whether it was measured just now or
 * read from gate.json. What has no figure is empty or left out, never 0.
 */
#ifndef IPCMARK_GATE_REPORT_H
#define IPCMARK_GATE_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include "gate/gate.h"

/* report_check - the values of --report: FORMAT or FORMAT=FILE, each with a known
 * form. @command: "gate" or "show", for messages; @shares_output: standard output
 * has a table already, so only what is made to stand beside one may do without a
 * file. Returns 0; -EINVAL after saying what is wrong. */
int report_check(const char *command, const char *const *reports, size_t count,
	bool shares_output);

/* report_write - one of those, to its file or to standard output. A file is
 * written whole or not at all. Returns 0; -errno after saying what is wrong. */
int report_write(const struct gate *gate, const char *report);

/* The forms, each in a file of its own. They return 0; -ENOMEM; -EIO. */
int report_junit(const struct gate *gate, FILE *out);
int report_github(const struct gate *gate, FILE *out);
int report_markdown(const struct gate *gate, FILE *out);
int report_google_a(const struct gate *gate, FILE *out);
int report_google_b(const struct gate *gate, FILE *out);
int report_action(const struct gate *gate, FILE *out);
int report_benchstat_a(const struct gate *gate, FILE *out);
int report_benchstat_b(const struct gate *gate, FILE *out);

/* report_plot - figures of it into the folder @dir: NAME.tsv, .gp, .svg and .png,
 * as plot_result() does. Returns 0; -errno after saying what is wrong. */
int report_plot(const struct gate *gate, const char *dir);

#endif
