/* scenario_text.c - INI text -> sections of key = value.
 *
 * libinih does the parsing, but how it was built differs from system to
 * system, so nothing here leans on that: its handler may not be told the line,
 * is not told of a section without keys, and an over-long line is cut in two.
 * Therefore our own reader stands between the text and inih. It hands out one
 * line at a time and counts, and inih calls the handler for a line before it
 * asks for the next one, so the count is the line of the call. After a section
 * heading it slips in one line of its own, by which the handler learns that
 * the section begins. Leading blanks are dropped (indented keys are keys, not
 * continuations), a line that does not fit is an error, not two.
 *
 * One thing is added to the usual INI: a value that ends with a comma goes on
 * in the next line.
 *
 * --set replaces or adds an entry of a section, exactly as if the file had been
 * edited; whatever inherits from that section sees it.
 */
#include "scenario_text.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "scenario_file.h"

enum {
	/* inih keeps 49 letters of a section's name; a name that may have been
	 * cut is refused. */
	SECTION_NAME_MAX = 48,
};

/* The lines that the reader slips in. Neither key can be written by a user:
 * the handler looks at @slipped_in, not at the name. */
enum slipped_in {
	SLIPPED_NONE,
	SLIPPED_BEGIN, /* a section has begun */
	SLIPPED_MORE,  /* the value of the entry before goes on */
};

struct reading {
	struct scenario_text *text;
	const char *file;
	const char *rest;  /* of the file's text */
	int line;	   /* the one handed out last */
	int *line_of_call; /* [n]: the line handed out by call n + 1 */
	size_t calls, call_room;
	enum slipped_in slipped_in;
	bool heading;	/* the line handed out last is one */
	bool continued; /* the last value ended with a comma */
	size_t section; /* current; SIZE_MAX before the first */
	int error;	/* negative errno, already said */
};

static int refuse(struct reading *reading, int line, const char *what)
{
	if (!reading->error) {
		diag_at(reading->file, line, "%s", what);
		reading->error = -EINVAL;
	}
	return 0;
}

static int add_section(struct scenario_text *text, const char *name,
	const char *file, int line)
{
	struct text_section *sections, *section;

	sections = realloc(
		text->sections, (text->section_count + 1) * sizeof(*sections));
	if (!sections)
		return -ENOMEM;
	text->sections = sections;
	section = &sections[text->section_count];
	*section = (struct text_section){
		.name = strdup(name), .file = file, .line = line};
	if (!section->name)
		return -ENOMEM;
	text->section_count++;
	return 0;
}

static int add_entry(struct text_section *section, const char *key,
	const char *value, const char *file, int line)
{
	struct text_entry *entries, *entry;

	entries = realloc(section->entries,
		(section->entry_count + 1) * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	section->entries = entries;
	entry = &entries[section->entry_count];
	*entry = (struct text_entry){.key = strdup(key),
		.value = strdup(value),
		.file = file,
		.line = line};
	if (!entry->key || !entry->value) {
		free(entry->key);
		free(entry->value);
		return -ENOMEM;
	}
	section->entry_count++;
	return 0;
}

static size_t section_index(const struct scenario_text *text, const char *name)
{
	for (size_t i = 0; i < text->section_count; i++)
		if (strcmp(text->sections[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}

static int begin_section(struct reading *reading, const char *name)
{
	struct scenario_text *text = reading->text;
	const struct text_section *first;

	/* The slipped-in line follows its heading in the next call. */
	if (strlen(name) > SECTION_NAME_MAX)
		return refuse(reading, reading->line,
			"the section's name is longer than 48 letters");
	if (!name[0] || name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
					  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_-")])
		return refuse(reading, reading->line,
			"a section's name is letters, digits, '-' and '_', as "
			"in [my-section]");
	reading->section = section_index(text, name);
	if (reading->section == 0) /* global may stand in several places */
		return 1;
	if (reading->section != SIZE_MAX) {
		first = &text->sections[reading->section];
		diag_at(reading->file, reading->line,
			"section [%s] is here a second time, it began at "
			"%s:%d; give one of them another name",
			name, first->file, first->line);
		reading->error = -EINVAL;
		return 0;
	}
	reading->section = text->section_count;
	reading->error = add_section(text, name, reading->file, reading->line);
	return reading->error == 0;
}

/* The line after one that ended with a comma. */
static int go_on(struct text_entry *entry, const char *more)
{
	size_t len = strlen(entry->value);
	char *value = realloc(entry->value, len + 1 + strlen(more) + 1);

	if (!value)
		return -ENOMEM;
	value[len] = ' ';
	strcpy(value + len + 1, more);
	entry->value = value;
	return 0;
}

static int take_entry(
	struct reading *reading, const char *key, const char *value)
{
	struct text_section *section;
	const struct text_entry *first;

	if (reading->section == SIZE_MAX)
		return refuse(reading, reading->line,
			"a key before any section; begin with [global] or the "
			"name of a section in brackets");
	section = &reading->text->sections[reading->section];
	if (reading->slipped_in == SLIPPED_MORE) {
		reading->error = go_on(
			&section->entries[section->entry_count - 1], value);
		return reading->error == 0;
	}
	if (!key[0])
		return refuse(reading, reading->line,
			"no key before the '='; write 'key = value'");
	first = text_entry_find(section, key);
	if (first) {
		diag_at(reading->file, reading->line,
			"'%s' is in section [%s] a second time, first at "
			"%s:%d; remove one, or make it a list: %s = %s, %s",
			key, section->name, first->file, first->line, key,
			first->value, value);
		reading->error = -EINVAL;
		return 0;
	}
	reading->error =
		add_entry(section, key, value, reading->file, reading->line);
	return reading->error == 0;
}

static int handle(
	void *user, const char *section, const char *key, const char *value)
{
	struct reading *reading = user;
	size_t len;

	/* How inih was built decides whether it stops at the first error. */
	if (reading->error)
		return 0;
	if (reading->slipped_in == SLIPPED_BEGIN)
		return begin_section(reading, section);
	if (!value)
		value = "";
	if (!take_entry(reading, key, value))
		return 0;
	len = strlen(value);
	reading->continued = len > 0 && value[len - 1] == ',';
	return 1;
}

/* Remembers for the call now served which line of the file it got. */
static bool note_call(struct reading *reading)
{
	if (reading->calls == reading->call_room) {
		size_t room = reading->call_room * 2 + 64;
		int *lines =
			realloc(reading->line_of_call, room * sizeof(*lines));

		if (!lines) {
			reading->error = -ENOMEM;
			return false;
		}
		reading->line_of_call = lines;
		reading->call_room = room;
	}
	reading->line_of_call[reading->calls++] = reading->line;
	return true;
}

/* inih's reader, in the shape of fgets(). */
static char *next_line(char *room, int room_bytes, void *user)
{
	struct reading *reading = user;
	const char *prefix = "", *begin;
	size_t len;

	if (reading->error)
		return NULL;
	if (reading->heading) {
		reading->heading = false;
		reading->slipped_in = SLIPPED_BEGIN;
		snprintf(room, (size_t)room_bytes, "begin=1\n");
		return note_call(reading) ? room : NULL;
	}
	if (!*reading->rest)
		return NULL;
	begin = reading->rest;
	len = strcspn(begin, "\n");
	reading->rest += len + (begin[len] == '\n');
	reading->line++;
	while (len > 0 && isspace((unsigned char)begin[0])) {
		begin++;
		len--;
	}
	reading->slipped_in = SLIPPED_NONE;
	if (len == 0 || begin[0] == ';' || begin[0] == '#') {
		len = 0; /* inih need not see a comment, however long */
	} else if (begin[0] == '[') {
		if (!memchr(begin, ']', len))
			refuse(reading, reading->line, "'[' without its ']'");
		reading->heading = true;
		reading->continued = false;
	} else if (reading->continued) {
		reading->slipped_in = SLIPPED_MORE;
		prefix = "more=";
	}
	if (strlen(prefix) + len + 3 > (size_t)room_bytes) {
		diag_at(reading->file, reading->line,
			"the line is longer than %d letters; a list may go on "
			"in the next line after a comma",
			room_bytes - 8);
		reading->error = -EINVAL;
		return NULL;
	}
	snprintf(room, (size_t)room_bytes, "%s%.*s\n", prefix, (int)len, begin);
	return note_call(reading) ? room : NULL;
}

static int parse_file(
	struct scenario_text *text, const char *file, const char *contents)
{
	struct reading reading = {.text = text,
		.file = file,
		.rest = contents,
		.section = SIZE_MAX};
	int result;

	if (strncmp(contents, "\xEF\xBB\xBF", 3) == 0)
		reading.rest += 3; /* a byte order mark */
	result = ini_parse_stream(next_line, &reading, handle, &reading);
	/* A line that inih did not understand never reached the handler. */
	if (!reading.error && result > 0 && (size_t)result <= reading.calls)
		refuse(&reading, reading.line_of_call[result - 1],
			"neither '[section]' nor 'key = value' nor a comment "
			"(; or #)");
	else if (!reading.error && result != 0)
		reading.error = -ENOMEM;
	free(reading.line_of_call);
	return reading.error;
}

static int append_text(struct scenario_text *text, const char *more)
{
	size_t len = text->text ? strlen(text->text) : 0;
	size_t more_len = strlen(more);
	bool newline = more_len > 0 && more[more_len - 1] != '\n';
	char *longer = realloc(text->text, len + more_len + newline + 1);

	if (!longer)
		return -ENOMEM;
	memcpy(longer + len, more, more_len);
	strcpy(longer + len + more_len, newline ? "\n" : "");
	text->text = longer;
	return 0;
}

static int load_file(struct scenario_text *text, const char *path)
{
	char *contents = NULL, *file = strdup(path);
	int error = -ENOMEM;

	if (!file)
		return -ENOMEM;
	text->files[text->file_count++] = file;
	error = scenario_file_read(file, &contents);
	if (error)
		return error;
	error = append_text(text, contents);
	if (!error)
		error = parse_file(text, file, contents);
	free(contents);
	return error;
}

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
		return 0;
	}
	return add_entry(section, key, value, label, 0);
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

static int apply_set(struct scenario_text *text, const char *set)
{
	char *label, *copy, *section, *key, *value;
	size_t index;
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
	error = append_text(text, label);
	if (error)
		goto out;
	error = -EINVAL;
	if (!split_set(copy, &section, &key, &value)) {
		diag_at(label, 0,
			"write --set section.key=value, or "
			"--set global.key=value for all sections");
		goto out;
	}
	index = section_index(text, section);
	if (index == SIZE_MAX)
		error = unknown_section(text, label, section);
	else
		error = replace_entry(
			&text->sections[index], key, value, label);
out:
	free(copy);
	return error;
}

static int expand_all(struct scenario_text *text)
{
	for (size_t i = 0; i < text->section_count; i++) {
		struct text_section *section = &text->sections[i];

		for (size_t j = 0; j < section->entry_count; j++) {
			struct text_entry *entry = &section->entries[j];
			int error = scenario_file_expand(
				entry->file, entry->line, &entry->value);

			if (error)
				return error;
		}
	}
	return 0;
}

int text_load(const char *const *files, size_t file_count,
	const char *const *sets, size_t set_count,
	struct scenario_text *ret_text)
{
	struct scenario_text text = {0};
	int error = -ENOMEM;

	text.files = calloc(file_count + 1, sizeof(*text.files));
	text.set_labels = calloc(set_count + 1, sizeof(*text.set_labels));
	if (!text.files || !text.set_labels)
		goto fail;
	error = add_section(&text, TEXT_GLOBAL, "", 0);
	for (size_t i = 0; i < file_count && !error; i++)
		error = load_file(&text, files[i]);
	for (size_t i = 0; i < set_count && !error; i++)
		error = apply_set(&text, sets[i]);
	if (!error)
		error = expand_all(&text);
	if (error)
		goto fail;
	*ret_text = text;
	return 0;
fail:
	text_free(&text);
	return error;
}

const struct text_section *text_section_find(
	const struct scenario_text *text, const char *name)
{
	size_t index = section_index(text, name);

	return index == SIZE_MAX ? NULL : &text->sections[index];
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
	for (size_t i = 0; i < text->set_count; i++)
		free(text->set_labels[i]);
	free(text->set_labels);
	free(text->text);
	*text = (struct scenario_text){0};
}
