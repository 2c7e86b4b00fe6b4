/* table.h - the tables of a report, one kind a mode. */
#ifndef IPCMARK_REPORT_TABLE_H
#define IPCMARK_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct result_case;

/* Where a report goes, and whether that place shows colours. */
struct report_page {
	FILE *out;
	bool colour;
};

/* The cases of one section and one mode, in the plan's order. */
struct report_section {
	const struct result_case *const *cases;
	size_t case_count;
};

/* report_table - heading and rows; nothing when every case was skipped. */
void report_table(
	const struct report_page *page, const struct report_section *section);

/* The escape that starts bold, red or dim text, and the one that ends it; ""
 * where there is no colour. */
const char *page_bold(const struct report_page *page);
const char *page_red(const struct report_page *page);
const char *page_dim(const struct report_page *page);
const char *page_plain(const struct report_page *page);

#endif
