/* folder.c - make a folder, and try it before it is needed. */
#include "base/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"

/* Makes each folder of @path in turn; @path is changed and restored. */
static int make_all(char *path)
{
	for (char *at = path + 1; *at; at++) {
		int error = 0;

		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			error = -errno;
		*at = '/';
		if (error)
			return error;
	}
	return mkdir(path, 0777) != 0 && errno != EEXIST ? -errno : 0;
}

static int make(const char *path)
{
	struct stat status;
	char *copy;
	int error;

	if (!path[0])
		return -ENOENT;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	error = make_all(copy);
	free(copy);
	if (error)
		return error;
	if (stat(path, &status) != 0)
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return -ENOTDIR;
	return access(path, W_OK | X_OK) != 0 ? -errno : 0;
}

int folder_make(const char *path)
{
	int error = make(path);

	if (error)
		diag_error("cannot write into the folder '%s': %s; give "
			   "another one with -o DIR",
			path, strerror(-error));
	return error;
}
