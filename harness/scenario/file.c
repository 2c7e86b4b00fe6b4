/* file.c - reading a scenario's file, and the environment in it.
 *
 * A mistyped file name is as common as a mistyped key, so it gets the same
 * guess: the nearest *.ini in the folder that was named.
 */
#include "scenario/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"

enum {
	READ_STEP_BYTES = 4096,
	FILE_MAX_BYTES = 1 << 20, /* a scenario is written by hand */
	FOLDER_MAX_NAMES = 256,	  /* looked at for a guess */
	VARIABLE_MAX = 64,
};

static const char ini_ending[] = ".ini";

static int is_ini(const char *name)
{
	size_t len = strlen(name), ending = sizeof(ini_ending) - 1;

	return len > ending && strcmp(name + len - ending, ini_ending) == 0;
}

/* The nearest *.ini beside @path, as a path; NULL when none is near. */
static char *nearest_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *nearest;
	size_t folder_len = slash ? (size_t)(slash - path) + 1 : 0;
	char *names[FOLDER_MAX_NAMES + 1] = {0}, *found = NULL;
	char *folder = strndup(slash ? path : "./", slash ? folder_len : 2);
	size_t count = 0;
	struct dirent *item;
	DIR *dir = folder ? opendir(folder) : NULL;

	while (dir && count < FOLDER_MAX_NAMES && (item = readdir(dir)))
		if (is_ini(item->d_name) &&
			(names[count] = strdup(item->d_name)))
			count++;
	nearest = diag_nearest(path + folder_len, (const char *const *)names);
	if (nearest) {
		found = malloc(folder_len + strlen(nearest) + 1);
		if (found)
			sprintf(found, "%.*s%s", (int)folder_len, path,
				nearest);
	}
	while (count > 0)
		free(names[--count]);
	if (dir)
		closedir(dir);
	free(folder);
	return found;
}

static int cannot_read(const char *path, int error)
{
	char *meant = error == ENOENT ? nearest_file(path) : NULL;

	if (meant)
		diag_at(path, 0, "no such file; did you mean '%s'?", meant);
	else if (error == ENOENT)
		diag_at(path, 0,
			"no such file; give the path of a scenario, "
			"such as scenarios/demo.ini");
	else
		diag_at(path, 0, "cannot read the scenario: %s",
			strerror(error));
	free(meant);
	return -error;
}

static int read_stream(FILE *stream, char **ret_text, size_t *ret_len)
{
	char *text = NULL, *longer;
	size_t len = 0, got;

	do {
		longer = realloc(text, len + READ_STEP_BYTES + 1);
		if (!longer || len > FILE_MAX_BYTES) {
			free(longer ? longer : text);
			return longer ? -EFBIG : -ENOMEM;
		}
		text = longer;
		errno = 0;
		got = fread(text + len, 1, READ_STEP_BYTES, stream);
		len += got;
	} while (got > 0);
	if (ferror(stream)) {
		int error = errno ? -errno : -EIO;

		free(text);
		return error;
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int scenario_file_read(const char *path, char **ret_text)
{
	FILE *stream = fopen(path, "re");
	char *text;
	size_t len;
	int error;

	if (!stream)
		return cannot_read(path, errno);
	error = read_stream(stream, &text, &len);
	fclose(stream);
	if (error)
		return cannot_read(path, -error);
	if (strlen(text) != len) {
		diag_at(path, 0,
			"not a scenario: it holds bytes that are no "
			"text");
		free(text);
		return -EINVAL;
	}
	*ret_text = text;
	return 0;
}

/* What "${@inside}" stands for; not terminated, @ret_len letters of it. */
static int look_up(const char *file, int line, const char *inside,
	size_t inside_len, const char **ret_value, size_t *ret_len)
{
	char name[VARIABLE_MAX];
	size_t len = 0;
	const char *value;

	while (len < inside_len &&
		(inside[len] == '_' || isalnum((unsigned char)inside[len])))
		len++;
	if (len == 0 || len >= sizeof(name) ||
		(len < inside_len && strncmp(inside + len, ":-", 2) != 0)) {
		diag_at(file, line,
			"'${%.*s}' is neither ${NAME} nor ${NAME:-default}",
			(int)inside_len, inside);
		return -EINVAL;
	}
	memcpy(name, inside, len);
	name[len] = '\0';
	value = getenv(name);
	if (value && (value[0] || len == inside_len)) {
		*ret_value = value;
		*ret_len = strlen(value);
		return 0;
	}
	if (len == inside_len) {
		diag_at(file, line,
			"the environment has no %s; set it, or give a default: "
			"${%s:-value}",
			name, name);
		return -EINVAL;
	}
	*ret_value = inside + len + 2;
	*ret_len = inside_len - len - 2;
	return 0;
}

int scenario_file_expand(const char *file, int line, char **value)
{
	char *open, *close, *longer;
	size_t at = 0;

	while ((open = strstr(*value + at, "${"))) {
		const char *with;
		size_t before = (size_t)(open - *value), with_len;
		int error;

		close = strchr(open, '}');
		if (!close) {
			diag_at(file, line, "'${' without its '}'");
			return -EINVAL;
		}
		error = look_up(file, line, open + 2,
			(size_t)(close - open) - 2, &with, &with_len);
		if (error)
			return error;
		longer = malloc(before + with_len + strlen(close + 1) + 1);
		if (!longer)
			return -ENOMEM;
		sprintf(longer, "%.*s%.*s%s", (int)before, *value,
			(int)with_len, with, close + 1);
		free(*value);
		*value = longer;
		at = before + with_len; /* what came in is not looked at */
	}
	return 0;
}

/* "folder of @file/@name". NULL: no memory. */
static char *beside(const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');
	size_t folder =
		slash && name[0] != '/' ? (size_t)(slash - file) + 1 : 0;
	char *path = malloc(folder + strlen(name) + 1);

	if (path) {
		memcpy(path, file, folder);
		strcpy(path + folder, name);
	}
	return path;
}

static int cannot_include(
	const char *file, int line, const char *name, const char *path)
{
	char *meant = nearest_file(path);

	if (meant)
		diag_at(file, line,
			"include = %s: no such file; did you mean '%s'?", name,
			meant);
	else
		diag_at(file, line,
			"include = %s: there is no file '%s'; the path begins "
			"at this file's folder",
			name, path);
	free(meant);
	return -ENOENT;
}

int scenario_file_include(
	const char *file, int line, const char *name, char **ret_path)
{
	char *expanded = strdup(name), *path = NULL;
	int error = -ENOMEM;

	if (!expanded)
		return error;
	error = scenario_file_expand(file, line, &expanded);
	if (error)
		goto out;
	if (!expanded[0] || strchr(expanded, ',')) {
		diag_at(file, line,
			"include takes one file; write a line for each");
		error = -EINVAL;
		goto out;
	}
	path = beside(file, expanded);
	if (!path)
		error = -ENOMEM;
	else if (access(path, F_OK))
		error = cannot_include(file, line, expanded, path);
	if (!error) {
		*ret_path = path;
		path = NULL;
	}
out:
	free(path);
	free(expanded);
	return error;
}
