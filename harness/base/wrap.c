/* wrap.c - see wrap.h. Columns are bytes: there is little but ASCII in it. */
#include "base/wrap.h"

#include <stdbool.h>
#include <string.h>

/* A word, with the blanks in it that a shell leaves alone: glue is for commands. */
static size_t word_len(const char *text, const char *glue)
{
	bool quoted = false;
	size_t len = 0;

	for (; text[len] && (quoted || text[len] != ' '); len++) {
		if (*glue && text[len] == '\'' &&
			!(len && text[len - 1] == '\\'))
			quoted = !quoted;
	}
	return len;
}

void wrap_put(FILE *out, const char *head, unsigned indent, const char *glue,
	const char *text)
{
	size_t column = strlen(head);
	int begun = 0; /* words of this line */

	fputs(head, out);
	while (*text) {
		size_t len = word_len(text, glue);

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
