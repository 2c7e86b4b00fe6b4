/* text.c - INI text -> sections of key = value.
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
 * `include = FILE` reads another file on the spot, once for each file of the
 * command line that leads to it. In [global] what an including file says counts
 * more than what it includes.
 *
 * Several files of the command line stay apart: a file's [global] is for its own
 * sections, unless it has none, and a section may have a name that another
 * file's section has, too; then it is known as "file.name".
 */
#include "scenario/text.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "case/case.h"
#include "scenario/edit.h"
#include "scenario/file.h"

enum {
	/* inih keeps 49 letters of a section's name; a name that may have been
	 * cut is refused. */
	SECTION_NAME_MAX = 48,
	DEPTH_MAX = 32, /* of includes */
};

/* The lines that the reader slips in. Neither key can be written by a user:
 * the handler looks at @slipped_in, not at the name. */
enum slipped_in {
	SLIPPED_NONE,
	SLIPPED_BEGIN, /* a section has begun */
	SLIPPED_MORE,  /* the value of the entry before goes on */
};

/* A file, whatever it is called. */
struct text_seen {
	dev_t device;
	ino_t number;
	unsigned root;
	unsigned depth;
};

struct reading {
	struct scenario_text *text;
	const struct reading *by; /* that includes this one; NULL: nobody */
	struct text_seen seen;
	const char *file;
	const char *rest;  /* of the file's text */
	int line;	   /* the one handed out last */
	int *line_of_call; /* [n]: the line handed out by call n + 1 */
	size_t calls, call_room;
	enum slipped_in slipped_in;
	bool heading;	/* the line handed out last is one */
	bool continued; /* the last value ended with a comma */
	size_t section; /* current; SIZE_MAX before the first */
	size_t entry;	/* the last one; SIZE_MAX: it does not count */
	int error;	/* negative errno, already said */
};

static int load_file(struct scenario_text *text, const char *path,
	unsigned root, const struct reading *by);

static int refuse(struct reading *reading, int line, const char *what)
{
	if (!reading->error) {
		diag_at(reading->file, line, "%s", what);
		reading->error = -EINVAL;
	}
	return 0;
}

static int add_section(struct scenario_text *text, const char *name,
	const char *plain, const char *file, int line, unsigned root)
{
	struct text_section *sections, *section;

	sections = realloc(
		text->sections, (text->section_count + 1) * sizeof(*sections));
	if (!sections)
		return -ENOMEM;
	text->sections = sections;
	section = &sections[text->section_count];
	*section = (struct text_section){.name = strdup(name),
		.plain = strdup(plain),
		.root = root,
		.file = file,
		.line = line};
	if (!section->name || !section->plain) {
		free(section->name);
		free(section->plain);
		return -ENOMEM;
	}
	text->section_count++;
	return 0;
}

int text_add_entry(struct text_section *section, const char *key,
	const char *value, const char *file, int line, unsigned root,
	unsigned depth)
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
		.line = line,
		.root = root,
		.depth = depth};
	if (!entry->key || !entry->value) {
		free(entry->key);
		free(entry->value);
		return -ENOMEM;
	}
	section->entry_count++;
	return 0;
}

static size_t index_of(
	const struct scenario_text *text, const struct text_section *section)
{
	return section ? (size_t)(section - text->sections) : SIZE_MAX;
}

/* "file.name", of the file on the command line, for a name that is taken. */
static void full_name(const struct reading *reading, const char *plain,
	char name[CASE_NAME_BYTES])
{
	const char *file, *slash;
	size_t len, room = CASE_NAME_BYTES - 2 - strlen(plain);

	while (reading->by)
		reading = reading->by;
	slash = strrchr(reading->file, '/');
	file = slash ? slash + 1 : reading->file;
	len = strcspn(file, ".");
	snprintf(name, CASE_NAME_BYTES, "%.*s.%s",
		(int)(len < room ? len : room), file, plain);
}

static int begin_section(struct reading *reading, const char *name)
{
	struct scenario_text *text = reading->text;
	const struct text_section *first;
	char full[CASE_NAME_BYTES];
	size_t own;

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
	reading->section = 0;
	if (strcmp(name, TEXT_GLOBAL) == 0) /* may stand in several places */
		return 1;
	own = index_of(text, text_section_own(text, reading->seen.root, name));
	snprintf(full, sizeof(full), "%s", name);
	if (own == SIZE_MAX && text_section_find(text, name)) {
		full_name(reading, name, full);
		own = index_of(text, text_section_find(text, full));
	}
	if (own != SIZE_MAX) {
		first = &text->sections[own];
		diag_at(reading->file, reading->line,
			"section [%s] is here a second time, it began at "
			"%s:%d; give one of them another name",
			full, first->file, first->line);
		reading->error = -EINVAL;
		return 0;
	}
	reading->section = text->section_count;
	reading->error = add_section(text, full, name, reading->file,
		reading->line, reading->seen.root);
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

static int take_include(struct reading *reading, const char *name)
{
	char *path;

	/* What follows a comma at its end would be somebody else's. */
	reading->entry = SIZE_MAX;
	reading->error = scenario_file_include(
		reading->file, reading->line, name, &path);
	if (reading->error)
		return 0;
	reading->error =
		load_file(reading->text, path, reading->seen.root, reading);
	free(path);
	return reading->error == 0;
}

static size_t entry_index(const struct text_section *section,
	const struct reading *reading, const char *key)
{
	for (size_t i = 0; i < section->entry_count; i++)
		if (section->entries[i].root == reading->seen.root &&
			strcmp(section->entries[i].key, key) == 0)
			return i;
	return SIZE_MAX;
}

/* @first has the key already. In [global] the file that includes the other one
 * decides; all else is a mistake. */
static int take_again(struct reading *reading, struct text_section *section,
	size_t first, const char *value)
{
	struct text_entry *entry = &section->entries[first];
	char *copy;

	if (section != reading->text->sections ||
		entry->depth == reading->seen.depth) {
		diag_at(reading->file, reading->line,
			"'%s' is in section [%s] a second time, first at "
			"%s:%d; remove one, or make it a list: %s = %s, %s",
			entry->key, section->name, entry->file, entry->line,
			entry->key, entry->value, value);
		reading->error = -EINVAL;
		return 0;
	}
	reading->entry = SIZE_MAX;
	if (entry->depth < reading->seen.depth)
		return 1;
	copy = strdup(value);
	if (!copy) {
		reading->error = -ENOMEM;
		return 0;
	}
	free(entry->value);
	entry->value = copy;
	entry->file = reading->file;
	entry->line = reading->line;
	entry->depth = reading->seen.depth;
	reading->entry = first;
	return 1;
}

static int take_entry(
	struct reading *reading, const char *key, const char *value)
{
	struct text_section *section;
	size_t first;

	if (reading->slipped_in == SLIPPED_MORE) {
		section = &reading->text->sections[reading->section];
		if (reading->entry != SIZE_MAX)
			reading->error =
				go_on(&section->entries[reading->entry], value);
		return reading->error == 0;
	}
	if (strcmp(key, "include") == 0) {
		if (reading->section != SIZE_MAX && reading->section != 0)
			return refuse(reading, reading->line,
				"'include' stands before the first section or "
				"in [global]: it is for the whole file");
		return take_include(reading, value);
	}
	if (reading->section == SIZE_MAX)
		return refuse(reading, reading->line,
			"a key before any section; begin with [global] or the "
			"name of a section in brackets");
	section = &reading->text->sections[reading->section];
	if (!key[0])
		return refuse(reading, reading->line,
			"no key before the '='; write 'key = value'");
	first = entry_index(section, reading, key);
	if (first != SIZE_MAX)
		return take_again(reading, section, first, value);
	reading->entry = section->entry_count;
	reading->error = text_add_entry(section, key, value, reading->file,
		reading->line, reading->seen.root, reading->seen.depth);
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

static int parse_file(struct scenario_text *text, const char *file,
	const char *contents, struct text_seen seen, const struct reading *by)
{
	struct reading reading = {.text = text,
		.by = by,
		.seen = seen,
		.file = file,
		.rest = contents,
		.section = SIZE_MAX,
		.entry = SIZE_MAX};
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

int text_append(struct scenario_text *text, const char *more)
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

static bool same_file(const struct text_seen *a, const struct text_seen *b)
{
	return a->device == b->device && a->number == b->number;
}

/* May the file @seen be read now? Returns 1; 0 when it was already; -EINVAL. */
static int check_seen(const struct scenario_text *text, const char *path,
	const struct text_seen *seen, const struct reading *by)
{
	for (const struct reading *at = by; at; at = at->by)
		if (same_file(&at->seen, seen)) {
			diag_at(by->file, by->line,
				"include goes in a circle: '%s' is being read "
				"already; remove this line, or put what both "
				"need into a third file",
				path);
			return -EINVAL;
		}
	if (seen->depth > DEPTH_MAX) {
		diag_at(by->file, by->line,
			"include goes too deep: at most %d files, one in the "
			"other",
			DEPTH_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < text->seen_count; i++) {
		if (!same_file(&text->seen[i], seen))
			continue;
		if (by && text->seen[i].root == seen->root)
			return 0;
		if (!by && text->seen[i].depth == 0) {
			diag_at(path, 0,
				"given twice; each scenario runs once, its "
				"`rounds` say how often");
			return -EINVAL;
		}
	}
	return 1;
}

/* Takes its place in @text's lists. Returns its own copy of @path; NULL without
 * memory. */
static const char *note_file(struct scenario_text *text, const char *path,
	const struct text_seen *seen)
{
	char *file = strdup(path);
	char **files =
		realloc(text->files, (text->file_count + 1) * sizeof(*files));
	struct text_seen *all;

	if (files)
		text->files = files;
	all = realloc(text->seen, (text->seen_count + 1) * sizeof(*all));
	if (all)
		text->seen = all;
	if (!file || !files || !all) {
		free(file);
		return NULL;
	}
	files[text->file_count++] = file;
	all[text->seen_count++] = *seen;
	return file;
}

/* Which text came from where, for who reads it in the result. */
static int append_heading(
	struct scenario_text *text, const char *file, const struct reading *by)
{
	char *heading;
	int error;

	if (!by)
		return 0;
	heading = malloc(strlen(file) + strlen(by->file) + 64);
	if (!heading)
		return -ENOMEM;
	sprintf(heading, "; %s, included at %s:%d", file, by->file, by->line);
	error = text_append(text, heading);
	free(heading);
	return error;
}

static int load_file(struct scenario_text *text, const char *path,
	unsigned root, const struct reading *by)
{
	struct text_seen seen = {
		.root = root, .depth = by ? by->seen.depth + 1 : 0};
	char *contents = NULL;
	struct stat status;
	const char *file;
	int error;

	if (stat(path, &status) == 0) {
		seen.device = status.st_dev;
		seen.number = status.st_ino;
		error = check_seen(text, path, &seen, by);
		if (error <= 0)
			return error;
	}
	file = note_file(text, path, &seen);
	if (!file)
		return -ENOMEM;
	error = scenario_file_read(file, &contents);
	if (!error)
		error = append_heading(text, file, by);
	if (!error)
		error = text_append(text, contents);
	if (!error)
		error = parse_file(text, file, contents, seen, by);
	free(contents);
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

	text.set_labels = calloc(set_count + 1, sizeof(*text.set_labels));
	if (!text.set_labels)
		goto fail;
	error = add_section(&text, TEXT_GLOBAL, TEXT_GLOBAL, "", 0, 0);
	for (size_t i = 0; i < file_count && !error; i++)
		error = load_file(&text, files[i], (unsigned)i, NULL);
	for (size_t i = 0; i < set_count && !error; i++)
		error = text_apply_set(&text, sets[i]);
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
