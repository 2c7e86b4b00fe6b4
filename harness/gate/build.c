/* build.c - where the shared library of a build lies; see build.h. */
#include "gate/build.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"

static bool is_there(const char *dir, const char *below, struct build *build)
{
	char path[BUILD_PATH_BYTES + 64];
	struct stat status;

	snprintf(build->dir, sizeof(build->dir), "%s%s", dir, below);
	snprintf(path, sizeof(path), "%s/" BUILD_LIBRARY, build->dir);
	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* PREFIX/lib/x86_64-linux-gnu and its like, as Debian has them. */
static bool is_below_lib(const char *dir, struct build *build)
{
	char path[BUILD_PATH_BYTES + 64], below[300];
	const struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/lib", dir);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "/lib/%s", entry->d_name);
		found = is_there(dir, below, build);
	}
	if (folder)
		closedir(folder);
	return found;
}

static int find_in(const char *dir, struct build *build)
{
	static const char *const places[] = {"/.libs", "/lib", "/lib64", ""};
	struct stat status;

	if (strlen(dir) >= BUILD_PATH_BYTES - 32) {
		diag_error("'%.40s...' is too long a path", dir);
		return -ENAMETOOLONG;
	}
	if (stat(dir, &status)) {
		diag_error("no build '%s': %s; give an installed prefix, a "
			   "build tree or git:REV",
			dir, strerror(errno));
		return -ENOENT;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (is_there(dir, places[i], build))
			return 0;
	if (is_below_lib(dir, build))
		return 0;
	diag_error("'%s' has no " BUILD_LIBRARY " in lib, lib64 or .libs; "
		   "give an installed prefix or a build tree, made without "
		   "--disable-shared",
		dir);
	return -ENOENT;
}

int build_find(const char *given, struct build *ret_build)
{
	struct build build = {.given = given};
	char dir[BUILD_PATH_BYTES];
	int err;

	if (strncmp(given, "git:", 4) == 0) {
		err = build_checkout(given + 4, dir, build.commit);
		if (!err)
			err = find_in(dir, &build);
	} else {
		err = find_in(given, &build);
	}
	if (!err)
		*ret_build = build;
	return err;
}
