/* diag.h - what the program says to a person, and how it exits.
 *
 * One line each: what, where, how to mend it. The library never prints; the
 * harness prints only through here, to standard error.
 */
#ifndef IPCMARK_BASE_DIAG_H
#define IPCMARK_BASE_DIAG_H

enum exit_code {
	EXIT_GOOD = 0,
	EXIT_REGRESSION = 1,   /* gate */
	EXIT_USAGE = 2,	       /* command line, scenario or file error */
	EXIT_INCONCLUSIVE = 3, /* gate */
	EXIT_VIOLATED = 4,     /* loss, duplicate, order, corruption */
	EXIT_RECOVERY = 5, /* recovery failed, or later than recover_within */
	EXIT_NOTHING_RAN = 77, /* every case was skipped */
};

/* "ipcmark: MESSAGE\n" */
void diag_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "ipcmark: warning: MESSAGE\n" */
void diag_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "FILE:LINE: MESSAGE\n"; @line 0: the file as a whole. */
void diag_at(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* diag_nearest - the candidate a mistyped word was probably meant to be.
 * @candidates: ends with NULL.
 * Returns one of @candidates, or NULL when none is near. */
const char *diag_nearest(const char *word, const char *const *candidates);

/* diag_unknown - say that @what, such as "crash: unknown --path", has no such
 * @word, and which of @candidates (ends with NULL) is near, or else @otherwise,
 * where they are to be found. */
void diag_unknown(const char *what, const char *word,
	const char *const *candidates, const char *otherwise);

#endif
