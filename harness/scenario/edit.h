/* edit.h - how a scenario's text comes about; private to
 * text.c and set.c.
 */
#ifndef IPCMARK_SCENARIO_EDIT_H
#define IPCMARK_SCENARIO_EDIT_H

#include "scenario/text.h"

/* text_add_entry - one more at the end of @section. @file is kept by reference.
 * Returns 0; -ENOMEM. */
int text_add_entry(struct text_section *section, const char *key,
	const char *value, const char *file, int line, unsigned root,
	unsigned depth);

/* text_append - to the text as it was read, as whole lines.
 * Returns 0; -ENOMEM. */
int text_append(struct scenario_text *text, const char *more);

/* text_apply_set - do what --set @set says; there is room in @text's labels.
 * Returns 0; -EINVAL after saying what is wrong; -ENOMEM. */
int text_apply_set(struct scenario_text *text, const char *set);

#endif
