/* crash.h - the part of a result that tells of a crash case; for
 * save.c and load.c. */
#ifndef IPCMARK_RESULT_CRASH_H
#define IPCMARK_RESULT_CRASH_H

#include <jansson.h>

struct hist;
struct json_reader;
struct result_case;

/* result_crash_add - how it was struck, and each role's recovery, to @crash.
 * @times: makes the object of a histogram. */
void result_crash_add(json_t *crash, const struct result_case *one,
	json_t *(*times)(const struct hist *hist));

/* result_crash_load - the reverse. @times: reads such an object. What results
 * from before there was a choice lack is as it was then. */
void result_crash_load(struct json_reader *reader, const json_t *crash,
	struct result_case *one,
	struct hist *(*times)(
		struct json_reader *reader, const json_t *object));

#endif
