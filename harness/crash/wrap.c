/* wrap.c - see wrap.h. Columns are bytes: there is little but ASCII in it. */
#include "crash/wrap.h"

#include <string.h>

void wrap_put(FILE *out, const char *head, unsigned indent, const char *glue,
	const char *text)
{
	size_t column = strlen(head);
	int begun = 0; /* words of this line */

	fputs(head, out);
	while (*text) {
		size_t len = strcspn(text, " ");

		if (begun && column + 1 + len + strlen(glue) > WRAP_COLUMNS) {
			fprintf(out, "%s\n%*s", glue, (int)indent, "");
			column = indent;
			begun = 0;
		}
		fprintf(out, "%s%.*s", begun ? " " : "", (int)len, text);
		column += len + (size_t)begun;
		begun = 1;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}
