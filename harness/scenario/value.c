/* value.c - numbers with units, times, lists and ranges.
 *
 * Everything is whole numbers: a size that is not a whole number of bytes and
 * a time below a nanosecond do not exist, and "1.5Ki" is better written as what
 * it is. A time without unit is refused, because the tools that people come
 * from disagree on what it would be.
 *
 * A list is split at commas, and only there: "exec:./peer --fast" is one word.
 */
#include "scenario/value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

enum { ELEMENT_BYTES = 256 };

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{"k", UINT64_C(1000)},
	{"Ki", UINT64_C(1) << 10},
	{"M", UINT64_C(1000000)},
	{"Mi", UINT64_C(1) << 20},
	{"G", UINT64_C(1000000000)},
	{"Gi", UINT64_C(1) << 30},
	{NULL, 0},
};

static const struct unit time_units[] = {
	{"ns", UINT64_C(1)},
	{"us", UINT64_C(1000)},
	{"ms", UINT64_C(1000000)},
	{"s", UINT64_C(1000000000)},
	{NULL, 0},
};

static const char *const size_unit_names[] = {
	"k", "Ki", "M", "Mi", "G", "Gi", NULL};
static const char *const time_unit_names[] = {"ns", "us", "ms", "s", NULL};

static const struct unit *unit_find(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (strcmp(units->name, name) == 0)
			return units;
	return NULL;
}

/* The digits at the start of @text; @ret_rest: what follows them. */
static int digits(const char *text, uint64_t *ret_value, const char **ret_rest)
{
	char *rest;
	unsigned long long value;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &rest, 10);
	if (errno == ERANGE)
		return -ERANGE;
	*ret_value = value;
	*ret_rest = rest;
	return 0;
}

static int times(uint64_t a, uint64_t b, uint64_t *ret_product)
{
	if (b != 0 && a > UINT64_MAX / b)
		return -ERANGE;
	*ret_product = a * b;
	return 0;
}

/* A size's unit without its B; @unit is what follows the digits. */
static void strip_b(const char *unit, char *name, size_t name_bytes)
{
	size_t len = strlen(unit);

	if (len > 0 && unit[len - 1] == 'B')
		len--;
	snprintf(name, name_bytes, "%.*s", (int)len, unit);
}

int value_size(const char *text, uint64_t *ret_value)
{
	const char *rest;
	const struct unit *unit;
	char name[8];
	uint64_t value;
	int error = digits(text, &value, &rest);

	if (error)
		return error;
	if (strlen(rest) >= sizeof(name))
		return -EINVAL;
	strip_b(rest, name, sizeof(name));
	if (!name[0]) {
		*ret_value = value;
		return 0;
	}
	unit = unit_find(size_units, name);
	if (!unit)
		return -EINVAL;
	return times(value, unit->factor, ret_value);
}

static int complain(const struct value_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int complain(const struct value_place *place, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	diag_at(place->file, place->line, "%s", message);
	return -EINVAL;
}

static int out_of_range(const struct value_place *place, const char *text,
	const struct value_range *range)
{
	return complain(place,
		"%s is from %" PRIu64 " to %" PRIu64 ", not '%s'", place->key,
		range->min, range->max, text);
}

static int bad_number(const struct value_place *place, const char *text)
{
	const char *rest, *nearest;
	uint64_t ignored;
	char name[ELEMENT_BYTES];

	if (!text[0])
		return complain(place, "%s has no value", place->key);
	if (digits(text, &ignored, &rest) != 0 || rest[0] == '.' ||
		isspace((unsigned char)rest[0]))
		return complain(place,
			"%s = '%s' is not a whole number, such as 64 or 64Ki",
			place->key, text);
	strip_b(rest, name, sizeof(name));
	nearest = diag_nearest(name, size_unit_names);
	if (nearest)
		return complain(place,
			"unknown unit '%s' in '%s'; did you mean '%s'? "
			"(k is 1000, Ki is 1024)",
			rest, text, nearest);
	return complain(place,
		"unknown unit '%s' in '%s'; k is 1000, Ki is 1024, and so M, "
		"Mi, G, Gi",
		rest, text);
}

int value_number(const struct value_place *place, const char *text,
	const struct value_range *range, uint64_t *ret_value)
{
	uint64_t value;
	int error = value_size(text, &value);

	if (error == -EINVAL)
		return bad_number(place, text);
	if (error || value < range->min || value > range->max)
		return out_of_range(place, text, range);
	*ret_value = value;
	return 0;
}

/* A time in the largest unit that it is a whole number of. */
static const char *time_text(uint64_t ns, char *room, size_t room_bytes)
{
	const struct unit *unit = &time_units[3];

	while (unit > time_units && ns % unit->factor != 0)
		unit--;
	snprintf(room, room_bytes, "%" PRIu64 "%s", ns / unit->factor,
		ns == 0 ? "ns" : unit->name);
	return room;
}

static int bad_time_unit(
	const struct value_place *place, const char *text, const char *name)
{
	const char *nearest = diag_nearest(name, time_unit_names);

	if (!name[0])
		return complain(place,
			"a time needs a unit: %s = %sms, or ns, us, s",
			place->key, text);
	if (nearest)
		return complain(place,
			"unknown unit '%s' in '%s'; did you mean '%s'?", name,
			text, nearest);
	return complain(place,
		"unknown unit '%s' in '%s'; a time is in ns, us, ms or s", name,
		text);
}

int value_time(const struct value_place *place, const char *text,
	const struct value_range *range, uint64_t *ret_ns)
{
	char min_text[32], max_text[32];
	const struct unit *unit;
	const char *rest;
	uint64_t value;
	int error = digits(text, &value, &rest);

	if (!text[0])
		return complain(place, "%s has no value", place->key);
	if (error == -EINVAL || (!error && rest[0] == '.'))
		return complain(place,
			"%s = '%s' is not a whole number with a unit, such as "
			"100ms",
			place->key, text);
	if (!error) {
		while (isspace((unsigned char)rest[0]))
			rest++;
		unit = unit_find(time_units, rest);
		if (!unit)
			return bad_time_unit(place, text, rest);
		error = times(value, unit->factor, &value);
	}
	if (error || value < range->min || value > range->max)
		return complain(place, "%s is from %s to %s, not '%s'",
			place->key,
			time_text(range->min, min_text, sizeof(min_text)),
			time_text(range->max, max_text, sizeof(max_text)),
			text);
	*ret_ns = value;
	return 0;
}

/* Cuts the next element out of a comma list, without the blanks around it.
 * Returns 1, 0 at the end, -EINVAL after a complaint. */
static int next_element(const struct value_place *place, const char **at,
	char *element, size_t element_bytes)
{
	const char *begin = *at, *end;

	if (!begin)
		return 0;
	end = begin + strcspn(begin, ",");
	*at = *end ? end + 1 : NULL;
	while (begin < end && isspace((unsigned char)begin[0]))
		begin++;
	while (end > begin && isspace((unsigned char)end[-1]))
		end--;
	if (begin == end)
		return complain(place,
			*at ? "%s: nothing stands before a comma"
			    : "%s has no value, or ends with a comma",
			place->key);
	if ((size_t)(end - begin) >= element_bytes)
		return complain(place,
			"%s: '%.32s...' is longer than %zu "
			"letters",
			place->key, begin, element_bytes - 1);
	snprintf(element, element_bytes, "%.*s", (int)(end - begin), begin);
	return 1;
}

static int append_number(const struct value_place *place, const char *text,
	uint64_t value, struct value_list *list)
{
	uint64_t *longer;

	for (size_t i = 0; i < list->count; i++)
		if (list->numbers[i] == value)
			return complain(place,
				"%s: %" PRIu64 " comes a second time, with "
				"'%s'",
				place->key, value, text);
	if (list->count == VALUE_LIST_MAX)
		return complain(place, "%s has more than %d values", place->key,
			VALUE_LIST_MAX);
	longer = realloc(list->numbers, (list->count + 1) * sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	list->numbers = longer;
	list->numbers[list->count++] = value;
	return 0;
}

static int append_geometric(const struct value_place *place, const char *text,
	const uint64_t ends[2], uint64_t factor, struct value_list *list)
{
	uint64_t value = ends[0];
	int error = 0;

	if (value == 0 || factor < 2)
		return complain(place,
			"%s: '%s' never gets anywhere; begin above 0 and "
			"multiply by at least 2",
			place->key, text);
	while (!error && value <= ends[1]) {
		error = append_number(place, text, value, list);
		if (value > ends[1] / factor)
			break;
		value *= factor;
	}
	return error;
}

static int append_linear(const struct value_place *place, const char *text,
	const uint64_t ends[2], uint64_t count, struct value_list *list)
{
	uint64_t span = ends[1] - ends[0];
	int error = 0;

	if (count < 2 || count > VALUE_LIST_MAX || count - 1 > span)
		return complain(place,
			"%s: '%s' asks for %" PRIu64 " values; there must be "
			"2 to %d, all different",
			place->key, text, count, VALUE_LIST_MAX);
	for (uint64_t i = 0; i < count && !error; i++) {
		/* Quotient and remainder apart, so that nothing overflows. */
		uint64_t step = span / (count - 1) * i +
				span % (count - 1) * i / (count - 1);

		error = append_number(place, text, ends[0] + step, list);
	}
	return error;
}

static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)text[0]))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int append_steps(const struct value_place *place, const char *text,
	const uint64_t ends[2], uint64_t by, struct value_list *list)
{
	uint64_t value = ends[0];
	int error;

	if (by == 0)
		return complain(place,
			"%s: '%s' never gets anywhere; add at least 1",
			place->key, text);
	for (;;) {
		error = append_number(place, text, value, list);
		if (error || ends[1] - value < by)
			return error;
		value += by;
	}
}

/* "lo..hi*factor", with an x just as well, "lo..hi+step" or "lo..hi/count". */
static int append_range(const struct value_place *place, const char *text,
	const struct value_range *range, struct value_list *list)
{
	char copy[ELEMENT_BYTES], *dots, *how, kind;
	const struct value_range any = {0, UINT64_MAX};
	uint64_t ends[2], by;
	int error;

	snprintf(copy, sizeof(copy), "%s", text);
	dots = strstr(copy, "..");
	how = strpbrk(dots, "*x+/");
	if (!how)
		return complain(place,
			"%s: how does '%s' get from one end to the other? "
			"Write %s*2 to double each time, %s+8 to add 8, %s/5 "
			"for five values",
			place->key, text, text, text, text);
	kind = *how;
	*how = '\0';
	*dots = '\0';
	error = value_number(place, trim(copy), range, &ends[0]);
	if (!error)
		error = value_number(place, trim(dots + 2), range, &ends[1]);
	if (!error)
		error = value_number(place, trim(how + 1), &any, &by);
	if (error)
		return error;
	if (ends[0] > ends[1])
		return complain(place,
			"%s: '%s' goes down; write the smaller "
			"end first",
			place->key, text);
	if (kind == '+')
		return append_steps(place, text, ends, by, list);
	if (kind != '/')
		return append_geometric(place, text, ends, by, list);
	return append_linear(place, text, ends, by, list);
}

int value_numbers(const struct value_place *place, const char *text,
	const struct value_range *range, struct value_list *ret_list)
{
	struct value_list list = {0};
	char element[ELEMENT_BYTES];
	int more;

	while ((more = next_element(place, &text, element, sizeof(element))) >
		0) {
		uint64_t value;
		int error;

		if (strstr(element, "..")) {
			error = append_range(place, element, range, &list);
		} else {
			error = value_number(place, element, range, &value);
			if (!error)
				error = append_number(
					place, element, value, &list);
		}
		if (error) {
			more = error;
			break;
		}
	}
	if (more < 0) {
		value_list_free(&list);
		return more;
	}
	*ret_list = list;
	return 0;
}

static int append_word(const struct value_place *place, const char *word,
	struct value_list *list)
{
	char **longer;

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->words[i], word) == 0)
			return complain(place, "%s: '%s' comes a second time",
				place->key, word);
	if (list->count == VALUE_LIST_MAX)
		return complain(place, "%s has more than %d values", place->key,
			VALUE_LIST_MAX);
	longer = realloc(list->words, (list->count + 1) * sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	list->words = longer;
	list->words[list->count] = strdup(word);
	if (!list->words[list->count])
		return -ENOMEM;
	list->count++;
	return 0;
}

int value_words(const struct value_place *place, const char *text,
	struct value_list *ret_list)
{
	struct value_list list = {0};
	char element[ELEMENT_BYTES];
	int more;

	while ((more = next_element(place, &text, element, sizeof(element))) >
		0) {
		int error = append_word(place, element, &list);

		if (error) {
			more = error;
			break;
		}
	}
	if (more < 0) {
		value_list_free(&list);
		return more;
	}
	*ret_list = list;
	return 0;
}

void value_list_free(struct value_list *list)
{
	for (size_t i = 0; i < list->count && list->words; i++)
		free(list->words[i]);
	free(list->words);
	free(list->numbers);
	*list = (struct value_list){0};
}
