/* steps.h - the table of cases that were struck at single steps.
 */
#ifndef IPCMARK_REPORT_STEPS_H
#define IPCMARK_REPORT_STEPS_H

#include <stdbool.h>

#include "report/table.h"

struct bench_case;

/* report_steps_is - is @bench one of them? Those have tables of their own. */
bool report_steps_is(const struct bench_case *bench);

/* report_steps_method - the heading's second line. */
void report_steps_method(
	const struct report_page *page, const struct bench_case *bench);

/* report_steps_columns - what stands above the rows. @columns: those of a name. */
void report_steps_columns(const struct report_page *page, int columns);

/* report_steps_row - a case, under the @name that the table gives it. */
void report_steps_row(const struct report_page *page,
	const struct result_case *one, const char *name, int columns);

#endif
