/* json_read.h - take values out of JSON that somebody else wrote.
 *
 * A reader remembers where it is, so that a complaint names the file and the
 * very value: "result.json: cases[3].batch: expected ..., found ...". After
 * the first complaint every call does nothing and returns its neutral value;
 * the caller looks at @failed once, at the end.
 */
#ifndef IPCMARK_BASE_JSON_READ_H
#define IPCMARK_BASE_JSON_READ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_reader {
	const char *file;
	char path[256];
	bool failed;
};

/* read_enter - the object or array @key of @object; NULL when it is null, or
 * missing although @required, or something else. Balanced by read_leave() with
 * the mark that it gave, whatever it returned. */
json_t *read_enter(struct json_reader *reader, const json_t *object,
	const char *key, json_type type, bool required, size_t *ret_mark);

/* read_enter_at - the same for the object at @index of @array. */
json_t *read_enter_at(struct json_reader *reader, const json_t *array,
	size_t index, size_t *ret_mark);

void read_leave(struct json_reader *reader, size_t mark);

/* read_complain - say that @key (NULL: where the reader is) is wrong. */
void read_complain(struct json_reader *reader, const char *key,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A whole number from @low to @high; 0 when it is null and not @required. */
uint64_t read_count(struct json_reader *reader, const json_t *object,
	const char *key, uint64_t low, uint64_t high, bool required);

/* The same of an array's element. */
uint64_t read_count_at(struct json_reader *reader, const json_t *array,
	size_t index, uint64_t high);

/* A number that is not negative; NaN when it is null. */
double read_figure(
	struct json_reader *reader, const json_t *object, const char *key);

/* The same of a number that may be negative. */
double read_signed(
	struct json_reader *reader, const json_t *object, const char *key);

bool read_bool(
	struct json_reader *reader, const json_t *object, const char *key);

/* Text of less than @buffer_bytes; "" when it is null and not @required. */
void read_text(struct json_reader *reader, const json_t *object,
	const char *key, char *buffer, size_t buffer_bytes, bool required);

/* One of the words that @from knows. */
int read_word(struct json_reader *reader, const json_t *object, const char *key,
	int (*from)(const char *word));

#endif
