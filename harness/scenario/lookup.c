/* lookup.c - finding sections and keys in a scenario's text.
 *
 * What a name means depends on who says it: the sections of one file of the
 * command line know each other by the names that they have in that file, and
 * [global] speaks to them before that of any other file.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/text.h"

const struct text_section *text_section_own(
	const struct scenario_text *text, unsigned root, const char *plain)
{
	for (size_t i = 1; i < text->section_count; i++)
		if (text->sections[i].root == root &&
			strcmp(text->sections[i].plain, plain) == 0)
			return &text->sections[i];
	return NULL;
}

const struct text_section *text_section_find(
	const struct scenario_text *text, const char *name)
{
	for (size_t i = 0; i < text->section_count; i++)
		if (strcmp(text->sections[i].name, name) == 0)
			return &text->sections[i];
	return NULL;
}

const struct text_section *text_section_near(
	const struct scenario_text *text, unsigned root, const char *name)
{
	const struct text_section *own = text_section_own(text, root, name);

	return own ? own : text_section_find(text, name);
}

static bool has_sections(const struct scenario_text *text, unsigned root)
{
	for (size_t i = 1; i < text->section_count; i++)
		if (text->sections[i].root == root)
			return true;
	return false;
}

const struct text_entry *text_global_find(
	const struct scenario_text *text, unsigned root, const char *key)
{
	const struct text_section *global = &text->sections[0];
	const struct text_entry *found = NULL;
	unsigned best = 0;

	for (size_t i = 0; i < global->entry_count; i++) {
		const struct text_entry *entry = &global->entries[i];
		unsigned weight = entry->root == TEXT_ROOT_SET ? 3
				  : entry->root == root
					  ? 2
					  : !has_sections(text, entry->root);

		if (weight > best && strcmp(entry->key, key) == 0) {
			best = weight;
			found = entry;
		}
	}
	return found;
}

const char **text_section_names(const struct scenario_text *text)
{
	const char **names = calloc(text->section_count, sizeof(*names));

	if (!names)
		return NULL;
	for (size_t i = 1; i < text->section_count; i++)
		names[i - 1] = text->sections[i].name;
	return names;
}

const struct text_entry *text_entry_find(
	const struct text_section *section, const char *key)
{
	for (size_t i = 0; i < section->entry_count; i++)
		if (strcmp(section->entries[i].key, key) == 0)
			return &section->entries[i];
	return NULL;
}

static void section_free(struct text_section *section)
{
	for (size_t i = 0; i < section->entry_count; i++) {
		free(section->entries[i].key);
		free(section->entries[i].value);
	}
	free(section->entries);
	free(section->name);
	free(section->plain);
}

void text_free(struct scenario_text *text)
{
	if (!text)
		return;
	for (size_t i = 0; i < text->section_count; i++)
		section_free(&text->sections[i]);
	free(text->sections);
	for (size_t i = 0; i < text->file_count && text->files; i++)
		free(text->files[i]);
	free(text->files);
	free(text->seen);
	for (size_t i = 0; i < text->set_count; i++)
		free(text->set_labels[i]);
	free(text->set_labels);
	free(text->text);
	*text = (struct scenario_text){0};
}
