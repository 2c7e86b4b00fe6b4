/* value.h - the right-hand sides of a scenario: numbers with units,
 * times, lists and ranges.
 *
 * Each function says what is wrong with the text, with its place, before it
 * returns an error.
 */
#ifndef IPCMARK_SCENARIO_VALUE_H
#define IPCMARK_SCENARIO_VALUE_H

#include <stddef.h>
#include <stdint.h>

/* Where a value stands and what it is for; for messages. */
struct value_place {
	const char *file;
	int line;
	const char *key;
};

/* What a number may be. */
struct value_range {
	uint64_t min, max;
};

/* A list; numbers or words, whichever was asked for. Owned. */
struct value_list {
	uint64_t *numbers;
	char **words;
	size_t count;
};

enum { VALUE_LIST_MAX = 1000 };

/* value_size - a whole number with or without unit: k, M, G are powers of
 * 1000, Ki, Mi, Gi of 1024, each may be followed by B. Prints nothing; this is
 * also how sizes on the command line are read.
 * Returns 0; -EINVAL; -ERANGE beyond 64 bits. */
int value_size(const char *text, uint64_t *ret_value);

/* value_number - value_size() within @range. Returns 0 or -EINVAL. */
int value_number(const struct value_place *place, const char *text,
	const struct value_range *range, uint64_t *ret_value);

/* value_time - a whole number with its unit, ns, us, ms or s, as nanoseconds
 * within @range. Returns 0 or -EINVAL. */
int value_time(const struct value_place *place, const char *text,
	const struct value_range *range, uint64_t *ret_ns);

/* value_numbers - a comma list, each element a number, a geometric range
 * "lo..hi*factor" or "lo..hi x2" (lo, lo*factor, ... up to hi) or a linear one,
 * "lo..hi+step" or "lo..hi/count" (count values, both ends included). None may
 * come twice.
 * Returns 0; -EINVAL; -ENOMEM. Free @ret_list only after 0. */
int value_numbers(const struct value_place *place, const char *text,
	const struct value_range *range, struct value_list *ret_list);

/* value_words - a comma list of words, which may hold spaces, each once.
 * Returns 0; -EINVAL; -ENOMEM. Free @ret_list only after 0. */
int value_words(const struct value_place *place, const char *text,
	struct value_list *ret_list);

void value_list_free(struct value_list *list);

#endif
