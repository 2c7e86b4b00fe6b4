/* scenario_file.h - reading a file whole, and ${VAR}; for scenario_text.c. */
#ifndef IPCMARK_SCENARIO_FILE_H
#define IPCMARK_SCENARIO_FILE_H

/* scenario_file_read - the whole of a text file. Caller frees.
 * Says what is wrong, and which file was probably meant when there is none.
 * Returns 0; -errno; -EINVAL for what is no text. */
int scenario_file_read(const char *path, char **ret_text);

/* scenario_file_expand - replace ${VAR} and ${VAR:-default} in @value by the
 * environment's values; the default also stands in for an empty one.
 * @value: an allocated string, replaced by another one.
 * Returns 0; -EINVAL after saying what is wrong at @file:@line; -ENOMEM. */
int scenario_file_expand(const char *file, int line, char **value);

#endif
