/* text.h - files and --set -> sections of key = value, unchecked.
 *
 * What stands where, nothing about what it means; private to scenario.c.
 */
#ifndef IPCMARK_SCENARIO_TEXT_H
#define IPCMARK_SCENARIO_TEXT_H

#include <stddef.h>

struct text_entry {
	char *key;
	char *value;	  /* ${VAR} replaced, continued lines joined */
	const char *file; /* for messages; a --set names itself here, line 0 */
	int line;
	unsigned root;	/* the file on the command line that it came with */
	unsigned depth; /* of includes below that */
};

struct text_seen; /* text.c */

struct text_section {
	char *name;  /* "file.name" when another file has that name already */
	char *plain; /* as its file has it */
	unsigned root;
	const char *file;
	int line;
	struct text_entry *entries;
	size_t entry_count;
};

struct scenario_text {
	struct text_section *sections; /* "global" first, even when not given */
	size_t section_count;
	char **files;
	size_t file_count;
	struct text_seen *seen; /* which files were read */
	size_t seen_count;
	char **set_labels; /* "--set section.key=value", for messages */
	size_t set_count;
	char *text; /* every file as it was read, then one line a --set */
};

#define TEXT_GLOBAL "global"

enum { TEXT_ROOT_SET = ~0u }; /* the root of what --set says */

/* text_load - read all files, apply all --set.
 * Complains about what is no INI, a key or a section given twice, a variable
 * that is not set, a --set of no section. Returns 0; -EINVAL after saying
 * what is wrong; -errno likewise; -ENOMEM. Free @ret_text only after 0. */
int text_load(const char *const *files, size_t file_count,
	const char *const *sets, size_t set_count,
	struct scenario_text *ret_text);

/* text_section_find - NULL when there is none of that name. */
const struct text_section *text_section_find(
	const struct scenario_text *text, const char *name);

/* text_section_own - the file @root's section of that name in that file. */
const struct text_section *text_section_own(
	const struct scenario_text *text, unsigned root, const char *plain);

/* text_section_near - the section that @name means within the file @root: its own
 * one of that name before any other. NULL when there is none. */
const struct text_section *text_section_near(
	const struct scenario_text *text, unsigned root, const char *name);

/* text_global_find - the entry of [global] that counts for the sections of
 * @root: what --set says, what that file says, what a file says that has no
 * sections of its own. NULL when nobody says anything. */
const struct text_entry *text_global_find(
	const struct scenario_text *text, unsigned root, const char *key);

/* text_section_names - all but global, ends with NULL; caller frees the array,
 * the names stay the text's. NULL without memory. */
const char **text_section_names(const struct scenario_text *text);

/* text_entry_find - NULL when the section does not have @key. */
const struct text_entry *text_entry_find(
	const struct text_section *section, const char *key);

void text_free(struct scenario_text *text);

#endif
