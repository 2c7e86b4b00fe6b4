/* file.h - reading a file whole, finding one that is included, and
 * ${VAR}; for text.c. */
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

/* scenario_file_include - the path of the file that `include = @name` at
 * @file:@line means: from @file's folder, unless it is absolute. Caller frees.
 * Says what is wrong when there is no such file, and which was probably meant.
 * Returns 0; -ENOENT; -EINVAL; -ENOMEM. */
int scenario_file_include(
	const char *file, int line, const char *name, char **ret_path);

#endif
