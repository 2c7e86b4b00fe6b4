/* print.h - what a campaign found: as a table, and as a file.
 *
 * Nothing here starts anything.
 */
#ifndef IPCMARK_CRASH_PRINT_H
#define IPCMARK_CRASH_PRINT_H

#include <stdio.h>

#include "crash/campaign.h"

struct symbols;

/* campaign_print - the table, what was covered, each violation with what plays it
 * again, and the verdict. */
void campaign_print(
	const struct campaign *campaign, struct symbols *symbols, FILE *out);

/* campaign_print_story - what all did in the trial of @violation. */
void campaign_print_story(const struct campaign *campaign,
	const struct campaign_violation *violation, FILE *out);

/* campaign_save - save.c's: all of that as JSON. Returns 0; -errno. */
int campaign_save(const struct campaign *campaign, struct symbols *symbols,
	const char *file);

/* campaign_command - the command that plays a violation again. */
char *campaign_command(const struct campaign *campaign,
	const struct campaign_violation *violation, char *text,
	size_t text_bytes);

/* print_coverage - print_coverage.c's: what was killed at. @whole: all was to be. */
void print_coverage(const struct campaign *campaign, struct symbols *symbols,
	bool whole, FILE *out);

enum { CAMPAIGN_COMMAND_BYTES = 512 };

#endif
