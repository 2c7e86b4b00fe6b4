/* source.h - the text of a program's source, where it is still there.
 */
#ifndef IPCMARK_STEP_SOURCE_H
#define IPCMARK_STEP_SOURCE_H

#include <stddef.h>

struct source;

/* source_open - @file, or @folder/@file if it is not absolute; @folder may be
 * NULL. Returns NULL where there is none: the other calls take that, too. */
struct source *source_open(const char *folder, const char *file);
void source_close(struct source *source);

/* source_line - line @number, from 1, without its end; NULL: there is none. Valid
 * until source_close(). */
const char *source_line(const struct source *source, unsigned number);

/* source_function - the line at which the function begins that line @number is in:
 * the nearest one above that begins with a name at its very left, as for `diff
 * -p`. 0: none. */
unsigned source_function(const struct source *source, unsigned number);

#endif
