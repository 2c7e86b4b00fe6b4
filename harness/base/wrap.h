/* wrap.h - long lines, broken where a page of 100 columns ends.
 */
#ifndef IPCMARK_BASE_WRAP_H
#define IPCMARK_BASE_WRAP_H

#include <stdio.h>

enum { WRAP_COLUMNS = 99, WRAP_TEXT_BYTES = 1024 };

/* wrap_put - @text behind @head, in lines of up to WRAP_COLUMNS; each but the
 * first is indented by @indent, each but the last ends with @glue. A word longer
 * than a line stays whole. */
void wrap_put(FILE *out, const char *head, unsigned indent, const char *glue,
	const char *text);

#endif
