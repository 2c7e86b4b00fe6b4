/* json_read.c - checked access to JSON; see json_read.h. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/json_read.h"

static const char *type_name(const json_t *json)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "a list",
		[JSON_STRING] = "text",
		[JSON_INTEGER] = "a whole number",
		[JSON_REAL] = "a number with a fraction",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return json ? names[json_typeof(json)] : "nothing";
}

static size_t path_add(struct json_reader *reader, const char *key)
{
	size_t mark = strlen(reader->path);

	snprintf(reader->path + mark, sizeof(reader->path) - mark, "%s%s",
		mark > 0 ? "." : "", key);
	return mark;
}

static size_t path_add_index(struct json_reader *reader, size_t index)
{
	size_t mark = strlen(reader->path);

	snprintf(reader->path + mark, sizeof(reader->path) - mark, "[%zu]",
		index);
	return mark;
}

void read_leave(struct json_reader *reader, size_t mark)
{
	reader->path[mark] = '\0';
}

void read_complain(
	struct json_reader *reader, const char *key, const char *format, ...)
{
	size_t mark = strlen(reader->path);
	char text[256];
	va_list args;

	if (reader->failed)
		return;
	reader->failed = true;
	if (key)
		path_add(reader, key);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	diag_at(reader->file, 0, "%s: %s",
		reader->path[0] ? reader->path : "the whole file", text);
	read_leave(reader, mark);
}

static void expected(struct json_reader *reader, const char *key,
	const char *what, const json_t *found)
{
	read_complain(
		reader, key, "expected %s, found %s", what, type_name(found));
}

/* The member @key; NULL when it is missing or null, after a complaint when it
 * is @required. */
static json_t *member(struct json_reader *reader, const json_t *object,
	const char *key, bool required, const char *what)
{
	json_t *json = json_object_get(object, key);

	if (reader->failed)
		return NULL;
	if (json && !json_is_null(json))
		return json;
	if (required)
		expected(reader, key, what, json);
	return NULL;
}

json_t *read_enter(struct json_reader *reader, const json_t *object,
	const char *key, json_type type, bool required, size_t *ret_mark)
{
	const char *what = type == JSON_ARRAY ? "a list" : "an object";
	json_t *json = member(reader, object, key, required, what);

	if (json && json_typeof(json) != type) {
		expected(reader, key, what, json);
		json = NULL;
	}
	*ret_mark = path_add(reader, key);
	return json;
}

json_t *read_enter_at(struct json_reader *reader, const json_t *array,
	size_t index, size_t *ret_mark)
{
	json_t *json = json_array_get(array, index);

	*ret_mark = path_add_index(reader, index);
	if (reader->failed)
		return NULL;
	if (json_is_object(json))
		return json;
	expected(reader, NULL, "an object", json);
	return NULL;
}

static bool digits_only(const char *text)
{
	return text[0] && text[strspn(text, "0123456789")] == '\0';
}

/* A whole number, or the decimal text of one that a signed number is too small
 * for. Returns false when it is neither. */
static bool count_from(const json_t *json, uint64_t *ret_value)
{
	const char *text = json_string_value(json);
	unsigned long long value;

	if (json_is_integer(json) && json_integer_value(json) >= 0) {
		*ret_value = (uint64_t)json_integer_value(json);
		return true;
	}
	if (!text || !digits_only(text))
		return false;
	errno = 0;
	value = strtoull(text, NULL, 10);
	*ret_value = value;
	return errno == 0;
}

static uint64_t checked_count(struct json_reader *reader, const json_t *json,
	const char *key, uint64_t low, uint64_t high)
{
	uint64_t value;

	if (!count_from(json, &value)) {
		if (json_is_integer(json))
			read_complain(reader, key,
				"expected a whole number that is not negative, "
				"found %" JSON_INTEGER_FORMAT,
				json_integer_value(json));
		else
			expected(reader, key, "a whole number", json);
		return 0;
	}
	if (value >= low && value <= high)
		return value;
	read_complain(reader, key, "expected %llu to %llu, found %llu",
		(unsigned long long)low, (unsigned long long)high,
		(unsigned long long)value);
	return 0;
}

uint64_t read_count(struct json_reader *reader, const json_t *object,
	const char *key, uint64_t low, uint64_t high, bool required)
{
	const json_t *json =
		member(reader, object, key, required, "a whole number");

	return json ? checked_count(reader, json, key, low, high) : 0;
}

uint64_t read_count_at(struct json_reader *reader, const json_t *array,
	size_t index, uint64_t high)
{
	const json_t *json = json_array_get(array, index);
	uint64_t value;
	size_t mark;

	if (reader->failed || json_is_null(json))
		return 0;
	mark = path_add_index(reader, index);
	value = checked_count(reader, json, NULL, 0, high);
	read_leave(reader, mark);
	return value;
}

double read_figure(
	struct json_reader *reader, const json_t *object, const char *key)
{
	const json_t *json = member(reader, object, key, false, "a number");

	if (!json)
		return NAN;
	if (json_is_number(json) && json_number_value(json) >= 0)
		return json_number_value(json);
	if (json_is_number(json))
		read_complain(reader, key,
			"expected a number that is not negative, found %g",
			json_number_value(json));
	else
		expected(reader, key, "a number", json);
	return NAN;
}

double read_signed(
	struct json_reader *reader, const json_t *object, const char *key)
{
	const json_t *json = member(reader, object, key, false, "a number");

	if (!json)
		return NAN;
	if (json_is_number(json))
		return json_number_value(json);
	expected(reader, key, "a number", json);
	return NAN;
}

bool read_bool(
	struct json_reader *reader, const json_t *object, const char *key)
{
	const json_t *json =
		member(reader, object, key, false, "true or false");

	if (json && !json_is_boolean(json))
		expected(reader, key, "true or false", json);
	return json_is_true(json);
}

void read_text(struct json_reader *reader, const json_t *object,
	const char *key, char *buffer, size_t buffer_bytes, bool required)
{
	const json_t *json = member(reader, object, key, required, "text");

	buffer[0] = '\0';
	if (!json)
		return;
	if (!json_is_string(json))
		expected(reader, key, "text", json);
	else if (json_string_length(json) >= buffer_bytes)
		read_complain(reader, key,
			"expected at most %zu bytes of text, found %zu",
			buffer_bytes - 1, json_string_length(json));
	else
		memcpy(buffer, json_string_value(json),
			json_string_length(json) + 1);
}

int read_word(struct json_reader *reader, const json_t *object, const char *key,
	int (*from)(const char *word))
{
	const json_t *json = member(reader, object, key, true, "a word");
	int value;

	if (!json)
		return 0;
	if (!json_is_string(json)) {
		expected(reader, key, "a word", json);
		return 0;
	}
	value = from(json_string_value(json));
	if (value >= 0)
		return value;
	read_complain(reader, key, "\"%.40s\" is no word of this file's schema",
		json_string_value(json));
	return 0;
}
