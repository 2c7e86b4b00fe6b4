/* scratch.c - a folder of a channel's own, gone with the harness.
 *
 * Only what lies in the folder itself is removed, and a folder in it is not: a
 * name in it that somebody else put there as a link is unlinked, not followed.
 */
#include "base/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reaper.h"

static void scratch_clean(const void *what)
{
	const char *path = what;
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (dir) {
		while ((entry = readdir(dir)))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
		closedir(dir);
	}
	rmdir(path);
}

int scratch_make(const char *name, struct scratch *ret_scratch)
{
	const char *base = getenv("TMPDIR");
	struct scratch scratch = {.reaper = 0};
	int ret;

	if (!base || !*base)
		base = "/tmp";
	if (snprintf(scratch.path, sizeof(scratch.path), "%s/%s-XXXXXX", base,
		    name) >= (int)sizeof(scratch.path))
		return -ENAMETOOLONG;
	if (!mkdtemp(scratch.path))
		return -errno;
	ret = reaper_start(scratch_clean, scratch.path, &scratch.reaper);
	if (ret) {
		rmdir(scratch.path);
		return ret;
	}
	*ret_scratch = scratch;
	return 0;
}

void scratch_remove(struct scratch *scratch)
{
	if (!*scratch->path)
		return;
	scratch_clean(scratch->path);
	reaper_stop(scratch->reaper);
	*scratch = (struct scratch){.reaper = 0};
}
