/* load.c - rates, bursts, mixes of sizes, percentages.
 *
 * All of them are numbers of value.h with something around it, which
 * is taken off here: a percent sign, an "every", a colon.
 */
#include "scenario/load.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

enum { TEXT_BYTES = 256 };

#define GI (UINT64_C(1) << 30)

static const struct value_range rates = {1, UINT64_C(10000000000)};
static const struct value_range shares = {1, 1000};
static const struct value_range counts = {1, 1000000};
static const struct value_range sizes = {0, GI};
static const struct value_range percents = {1, 100};
static const struct value_range periods = {100, UINT64_C(60000000000)};

static int complain(
	const struct value_place *place, const char *text, const char *must)
{
	diag_at(place->file, place->line, "%s = '%s': %s", place->key, text,
		must);
	return -EINVAL;
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

/* Does every end of the range, or the one value, have its percent sign?
 * Takes them out of @text. Returns 1 when all do, 0 when none does. */
static int strip_percent(char *text)
{
	char *dots = strstr(text, ".."), *to = text;
	int wanted = dots ? 2 : 1, found = 0;

	for (char *at = text; *at; at++) {
		if (*at == '%')
			found++;
		else
			*to++ = *at;
	}
	*to = '\0';
	if (found == 0)
		return 0;
	return found == wanted ? 1 : -EINVAL;
}

/* One word of the list: a value or a range. */
static int append_rates(const struct value_place *place, const char *word,
	struct value_list *list)
{
	struct value_list more = {0};
	char text[TEXT_BYTES];
	uint64_t *longer;
	int share, error;

	snprintf(text, sizeof(text), "%s", word);
	share = strip_percent(text);
	if (share < 0)
		return complain(place, word,
			"both ends of a range are percentages, or neither, "
			"such as 10%..90%/5");
	error = value_numbers(place, text, share ? &shares : &rates, &more);
	if (error)
		return error;
	longer = realloc(
		list->numbers, (list->count + more.count) * sizeof(*longer));
	if (!longer) {
		value_list_free(&more);
		return -ENOMEM;
	}
	list->numbers = longer;
	for (size_t i = 0; i < more.count; i++)
		list->numbers[list->count++] =
			more.numbers[i] | (share ? RATE_SHARE : 0);
	value_list_free(&more);
	return 0;
}

static int check_twins(
	const struct value_place *place, const struct value_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < i; j++)
			if (list->numbers[i] == list->numbers[j]) {
				diag_at(place->file, place->line,
					"%s: %" PRIu64 "%s comes a second time",
					place->key,
					list->numbers[i] & ~RATE_SHARE,
					list->numbers[i] & RATE_SHARE ? "%"
								      : "");
				return -EINVAL;
			}
	if (list->count > VALUE_LIST_MAX)
		return complain(
			place, "...", "there are more than 1000 values");
	return 0;
}

int value_rates(const struct value_place *place, const char *text,
	struct value_list *ret_list)
{
	struct value_list words = {0}, list = {0};
	int error = value_words(place, text, &words);

	if (error)
		return error;
	for (size_t i = 0; i < words.count && !error; i++)
		error = append_rates(place, words.words[i], &list);
	if (!error)
		error = check_twins(place, &list);
	value_list_free(&words);
	if (error)
		value_list_free(&list);
	else
		*ret_list = list;
	return error;
}

int value_burst(const struct value_place *place, const char *text,
	struct burst *ret_burst)
{
	char count_text[TEXT_BYTES], *every;
	struct burst burst = {0};
	uint64_t count;
	int error;

	snprintf(count_text, sizeof(count_text), "%s", text);
	every = strstr(count_text, "every");
	if (every) {
		*every = '\0';
		error = value_time(place, trim(every + strlen("every")),
			&periods, &burst.every_ns);
		if (error)
			return error;
	}
	error = value_number(place, trim(count_text), &counts, &count);
	if (error)
		return error;
	burst.count = (unsigned)count;
	*ret_burst = burst;
	return 0;
}

/* "1Ki:25%" */
static int append_size(
	const struct value_place *place, const char *word, struct size_mix *mix)
{
	static const char must[] =
		"each size has its share, such as 64:70%, 1Ki:25%, 64Ki:5%";
	char text[TEXT_BYTES], *colon, *share;
	uint64_t percent;
	size_t len;
	int error;

	snprintf(text, sizeof(text), "%s", word);
	colon = strchr(text, ':');
	len = strlen(text);
	if (!colon || text[len - 1] != '%')
		return complain(place, word, must);
	if (mix->count == CASE_MAX_SIZES)
		return complain(place, word, "there are more than 16 sizes");
	*colon = '\0';
	text[len - 1] = '\0';
	share = trim(colon + 1);
	error = value_number(
		place, trim(text), &sizes, &mix->bytes[mix->count]);
	if (!error)
		error = value_number(place, share, &percents, &percent);
	if (error)
		return error;
	for (unsigned i = 0; i < mix->count; i++)
		if (mix->bytes[i] == mix->bytes[mix->count])
			return complain(
				place, word, "this size comes a second time");
	mix->percent[mix->count++] = (unsigned)percent;
	return 0;
}

int value_mix(const struct value_place *place, const char *text,
	struct size_mix *ret_mix)
{
	struct value_list words = {0};
	struct size_mix mix = {0};
	unsigned sum = 0;
	int error;

	if (strcmp(text, "none") == 0) {
		*ret_mix = mix;
		return 0;
	}
	error = value_words(place, text, &words);
	if (error)
		return error;
	for (size_t i = 0; i < words.count && !error; i++)
		error = append_size(place, words.words[i], &mix);
	value_list_free(&words);
	for (unsigned i = 0; i < mix.count; i++)
		sum += mix.percent[i];
	if (!error && sum != 100) {
		diag_at(place->file, place->line,
			"%s: the shares make %u%%, not 100%%", place->key, sum);
		error = -EINVAL;
	}
	if (!error)
		*ret_mix = mix;
	return error;
}

int value_percent(const struct value_place *place, const char *text,
	const struct value_range *range, unsigned *ret_percent)
{
	char number[TEXT_BYTES];
	size_t len = strlen(text);
	uint64_t percent;
	int error;

	if (strcmp(text, "none") == 0) {
		*ret_percent = 0;
		return 0;
	}
	if (len == 0 || len >= sizeof(number) || text[len - 1] != '%')
		return complain(place, text,
			"this is a percentage, such as 5%, or none");
	snprintf(number, sizeof(number), "%.*s", (int)len - 1, text);
	error = value_number(place, trim(number), range, &percent);
	if (!error)
		*ret_percent = (unsigned)percent;
	return error;
}
