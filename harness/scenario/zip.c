/* zip.c - `zip = msg_size, batch`: the first size with the first batch,
 * the second with the second.
 *
 * Which keys are axes, and where their counts are, the table of keys tells; so
 * an axis that is added there can go in step with others, without a line here.
 * plan/plan.c has to know it, of course.
 */
#include "scenario/zip.h"

#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "scenario/key.h"
#include "scenario/scenario.h"
#include "scenario/value.h"

static size_t count_of(
	const struct scenario_section *section, const struct scenario_key *key)
{
	size_t count;

	memcpy(&count, (const char *)section + key->count_at, sizeof(count));
	return count;
}

static int check_key(const struct value_place *place, const char *name,
	const struct scenario_key *key)
{
	if (!key) {
		scenario_key_unknown(place, name);
		return -EINVAL;
	}
	if (key->type == KEY_STRUCTURE || key->count_at == KEY_NONE) {
		diag_at(place->file, place->line,
			"zip: '%s' is no axis; name keys that take a list, "
			"such as msg_size and batch",
			name);
		return -EINVAL;
	}
	return 0;
}

/* A load that a closed section has inherited means nothing there, nor does how
 * to kill in one that is none of a crash. */
static bool sweeps(
	const struct scenario_section *section, const struct scenario_key *key)
{
	if (key->scope == SCOPE_CRASH || key->scope == SCOPE_CRASH_IS)
		return section->mode == MODE_CRASH;
	return section->mode == MODE_OPEN ||
	       (key->scope != SCOPE_OPEN && key->scope != SCOPE_OPEN_IS);
}

/* @first: the first key with more than one value so far, or NULL. */
static int add_key(const struct value_place *place,
	const struct scenario_key *key, const struct scenario_key **first,
	struct scenario_section *section)
{
	size_t count = count_of(section, key);

	if (count == 1 || !sweeps(section, key))
		return 0;
	if (!*first)
		*first = key;
	if (count != count_of(section, *first)) {
		diag_at(place->file, place->line,
			"zip in section [%s]: %s has %zu values and %s has "
			"%zu; keys in step need equally many, or one",
			section->name, (*first)->name,
			count_of(section, *first), key->name, count);
		return -EINVAL;
	}
	section->zip_counts[section->zip_count++] = key->count_at;
	return 0;
}

int scenario_zip(const struct value_place *place, const char *text,
	struct scenario_section *section)
{
	const struct scenario_key *first = NULL;
	struct value_list list;
	int error = value_words(place, text, &list);

	if (error)
		return error;
	section->zip_count = 0;
	if (list.count < 2 || list.count > SCENARIO_ZIP_MAX) {
		diag_at(place->file, place->line,
			"zip names from 2 to %d keys that go in step, such as "
			"zip = msg_size, batch",
			SCENARIO_ZIP_MAX);
		error = -EINVAL;
	}
	for (size_t i = 0; i < list.count && !error; i++) {
		const struct scenario_key *key =
			scenario_key_find(list.words[i]);

		error = check_key(place, list.words[i], key);
		if (!error)
			error = add_key(place, key, &first, section);
	}
	value_list_free(&list);
	return error;
}
