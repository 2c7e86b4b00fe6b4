/* markdown.c - see markdown.h. */
#include "base/markdown.h"

#include <string.h>

void markdown_put(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("|\\`*_<>[]", *text))
			fputc('\\', out);
		fputc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
	}
}

void markdown_put_cell(FILE *out, const char *text)
{
	fputc(' ', out);
	markdown_put(out, text);
	fputs(" |", out);
}
