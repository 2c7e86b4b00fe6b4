/* markdown.h - text that is not meant as markup, in GitHub's dialect. */
#ifndef IPCMARK_BASE_MARKDOWN_H
#define IPCMARK_BASE_MARKDOWN_H

#include <stdio.h>

/* markdown_put - @text so that it shows as it is, on one line, in a table's cell
 * too. */
void markdown_put(FILE *out, const char *text);

/* markdown_put_cell - likewise, as a cell: " TEXT |". */
void markdown_put_cell(FILE *out, const char *text);

#endif
