/* set.c - --set section.key=value.
 *
 * Replaces or adds an entry of a section, exactly as if the file had been
 * edited; whatever inherits from that section sees it. In [global] it counts
 * for the sections of all files.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "scenario/edit.h"

/* Splits "section.key=value" in place; a key has no dots, a section may not
 * either, a value anything. */
static bool split_set(
	char *set, char **ret_section, char **ret_key, char **ret_value)
{
	char *equals = strchr(set, '='), *dot;

	if (!equals)
		return false;
	*equals = '\0';
	dot = strrchr(set, '.');
	if (!dot || dot == set || dot[1] == '\0')
		return false;
	*dot = '\0';
	*ret_section = set;
	*ret_key = dot + 1;
	*ret_value = equals + 1;
	while (isspace((unsigned char)**ret_value))
		(*ret_value)++;
	return true;
}

static int replace_entry(struct text_section *section, const char *key,
	const char *value, const char *label)
{
	for (size_t i = 0; i < section->entry_count; i++) {
		struct text_entry *entry = &section->entries[i];
		char *copy;

		if (strcmp(entry->key, key) != 0)
			continue;
		copy = strdup(value);
		if (!copy)
			return -ENOMEM;
		free(entry->value);
		entry->value = copy;
		entry->file = label;
		entry->line = 0;
		entry->root = TEXT_ROOT_SET;
		return 0;
	}
	return text_add_entry(section, key, value, label, 0, TEXT_ROOT_SET, 0);
}

static int unknown_section(
	const struct scenario_text *text, const char *label, const char *name)
{
	const char **names = text_section_names(text);
	const char *nearest = names ? diag_nearest(name, names) : NULL;

	if (nearest)
		diag_at(label, 0,
			"there is no section [%s]; did you mean '%s'?", name,
			nearest);
	else
		diag_at(label, 0,
			"there is no section [%s] in the scenario; 'global' "
			"stands for all sections",
			name);
	free(names);
	return -EINVAL;
}

int text_apply_set(struct scenario_text *text, const char *set)
{
	char *label, *copy, *section, *key, *value;
	const struct text_section *found;
	int error;

	label = malloc(sizeof("--set ") + strlen(set));
	copy = strdup(set);
	if (!label || !copy) {
		free(label);
		free(copy);
		return -ENOMEM;
	}
	sprintf(label, "--set %s", set);
	text->set_labels[text->set_count++] = label;
	error = text_append(text, label);
	if (error)
		goto out;
	error = -EINVAL;
	if (!split_set(copy, &section, &key, &value)) {
		diag_at(label, 0,
			"write --set section.key=value, or "
			"--set global.key=value for all sections");
		goto out;
	}
	found = text_section_find(text, section);
	if (strcmp(key, "include") == 0)
		diag_at(label, 0,
			"files are read before --set; name the file on the "
			"command line instead");
	else if (!found)
		error = unknown_section(text, label, section);
	else
		error = replace_entry(&text->sections[found - text->sections],
			key, value, label);
out:
	free(copy);
	return error;
}
