/* diag.c - one line to a person, and the guess behind "did you mean".
 *
 * Each message is put together first and written with one call, so that lines
 * of several processes sharing one standard error do not mix; what it quotes
 * cannot steer a terminal.
 *
 * The guess is the candidate with the fewest edits: a letter changed, added,
 * lost, or swapped with its neighbour; case does not count. A third of the
 * longer word's letters may differ; more, and any short word would be "near"
 * any other, and a wrong guess is worse than none. A word that begins a
 * candidate ("fcntl" for "fcntl-queue") is taken for it when no edit is near.
 */
#include "base/diag.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	LINE_BYTES = 1024,
	WORD_MAX = 63,	/* longer words are not mistyped keywords */
	PREFIX_MIN = 3, /* fewer letters begin too many words */
};

/* What is quoted may come from a file that is none of ours: an escape sequence
 * in it is not for the terminal. Bytes of UTF-8 are left alone. */
static void disarm(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]))
			text[i] = '?';
}

static void write_line(const char *line, size_t len)
{
	fwrite(line, 1, len, stderr);
	fflush(stderr);
}

/* Puts "@prefix MESSAGE\n" together; what does not fit is cut. */
__attribute__((format(printf, 2, 0))) static void say(
	const char *prefix, const char *format, va_list arguments)
{
	char line[LINE_BYTES];
	size_t used, room;
	int wrote;

	wrote = snprintf(line, sizeof(line) - 1, "%s", prefix);
	used = wrote < 0 ? 0 : (size_t)wrote;
	if (used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	room = sizeof(line) - 1 - used;
	wrote = vsnprintf(line + used, room, format, arguments);
	if (wrote > 0)
		used += (size_t)wrote < room ? (size_t)wrote : room - 1;
	disarm(line, used);
	line[used++] = '\n';
	write_line(line, used);
}

void diag_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("ipcmark: ", format, arguments);
	va_end(arguments);
}

void diag_warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("ipcmark: warning: ", format, arguments);
	va_end(arguments);
}

void diag_at(const char *file, int line, const char *format, ...)
{
	char prefix[LINE_BYTES / 2];
	va_list arguments;

	if (line > 0)
		snprintf(prefix, sizeof(prefix), "%s:%d: ", file, line);
	else
		snprintf(prefix, sizeof(prefix), "%s: ", file);
	va_start(arguments, format);
	say(prefix, format, arguments);
	va_end(arguments);
}

static int lower(char c)
{
	return tolower((unsigned char)c);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edits between two words of at most WORD_MAX letters, a swap of neighbours
 * counting as one (optimal string alignment), row by row. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	size_t len_a = strlen(a), len_b = strlen(b);

	for (size_t j = 0; j <= len_b; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= len_a; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= len_b; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);

			row[j] = min3(last[j] + 1, row[j - 1] + 1,
				last[j - 1] + !same);
			if (i > 1 && j > 1 &&
				lower(a[i - 1]) == lower(b[j - 2]) &&
				lower(a[i - 2]) == lower(b[j - 1]) &&
				before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[len_b];
}

static bool begins(const char *word, const char *candidate)
{
	size_t i;

	for (i = 0; word[i]; i++)
		if (lower(word[i]) != lower(candidate[i]))
			return false;
	return i >= PREFIX_MIN;
}

const char *diag_nearest(const char *word, const char *const *candidates)
{
	const char *nearest = NULL, *continued = NULL;
	size_t len = strlen(word);
	unsigned least = ~0u;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (size_t i = 0; candidates[i]; i++) {
		size_t candidate_len = strlen(candidates[i]);
		size_t longer = len > candidate_len ? len : candidate_len;
		unsigned limit = longer < 2 ? 0 : (unsigned)(longer + 1) / 3;
		unsigned edits;

		if (candidate_len > WORD_MAX)
			continue;
		if (!continued && begins(word, candidates[i]))
			continued = candidates[i];
		edits = edit_distance(word, candidates[i]);
		if (edits <= limit && edits < least) {
			least = edits;
			nearest = candidates[i];
		}
	}
	return nearest ? nearest : continued;
}

void diag_unknown(const char *what, const char *word,
	const char *const *candidates, const char *otherwise)
{
	const char *nearest = diag_nearest(word, candidates);

	if (nearest)
		diag_error("%s '%s'; did you mean '%s'?", what, word, nearest);
	else
		diag_error("%s '%s'; %s", what, word, otherwise);
}
