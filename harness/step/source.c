/* source.c - see source.h. A file of a few thousand lines, read at once. */
#include "step/source.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, SOURCE_BYTES_MAX = 1 << 24 };

struct source {
	char *text;	    /* a line is a string in it */
	const char **lines; /* from 0 */
	size_t line_count;
};

static char *read_all(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	struct stat stat;

	if (!file)
		return NULL;
	if (fstat(fileno(file), &stat) == 0 && S_ISREG(stat.st_mode) &&
		stat.st_size < SOURCE_BYTES_MAX)
		text = malloc((size_t)stat.st_size + 1);
	if (text) {
		*ret_len = fread(text, 1, (size_t)stat.st_size, file);
		text[*ret_len] = '\0';
	}
	fclose(file);
	return text;
}

/* Returns whether there was memory for it. */
static bool take_lines(struct source *source, size_t len)
{
	size_t count = 1;

	for (size_t i = 0; i < len; i++)
		count += source->text[i] == '\n';
	source->lines = calloc(count, sizeof(*source->lines));
	if (!source->lines)
		return false;
	for (char *at = source->text, *end; *at; at = end) {
		source->lines[source->line_count++] = at;
		end = at + strcspn(at, "\n");
		if (*end)
			*end++ = '\0';
	}
	return true;
}

struct source *source_open(const char *folder, const char *file)
{
	struct source *source;
	char path[PATH_BYTES];
	size_t len = 0;

	snprintf(path, sizeof(path), "%s%s%s",
		*file != '/' && folder ? folder : "",
		*file != '/' && folder ? "/" : "", file);
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->text = read_all(path, &len);
	if (!source->text || !take_lines(source, len)) {
		source_close(source);
		return NULL;
	}
	return source;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	free(source->lines);
	free(source->text);
	free(source);
}

const char *source_line(const struct source *source, unsigned number)
{
	if (!source || !number || number > source->line_count)
		return NULL;
	return source->lines[number - 1];
}

unsigned source_function(const struct source *source, unsigned number)
{
	for (; source && number && number <= source->line_count; number--) {
		const char *line = source->lines[number - 1];

		/* no label, and no macro's name alone */
		if ((isalpha((unsigned char)*line) || *line == '_') &&
			strchr(line, '(') && !strchr(line, ';'))
			return number;
	}
	return 0;
}
