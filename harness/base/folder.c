/* folder.c - make a folder, and try it before it is needed.
 *
 * A claim is a lock on the folder itself: no file of it stays behind, and it ends
 * with the last process that has it, however that ends.
 */
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"

/* Those that a killed process had forked, and that die with it, may hold its claim
 * a moment longer. */
enum { CLAIM_TRIES = 100, CLAIM_TRY_NS = 10000000 };

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

int folder_claim(const char *path)
{
	const struct timespec pause = {.tv_nsec = CLAIM_TRY_NS};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool taken = true;

	/* A file system without locks protects nobody, and hinders nobody. */
	for (int i = 0; fd >= 0 && taken && i < CLAIM_TRIES; i++) {
		taken = flock(fd, LOCK_EX | LOCK_NB) != 0 &&
			errno == EWOULDBLOCK;
		if (taken)
			nanosleep(&pause, NULL);
	}
	if (fd < 0 || !taken)
		return 0;
	close(fd);
	diag_error("another run is writing into the folder '%s'; wait for its "
		   "end, or give another folder with -o DIR",
		path);
	return -EBUSY;
}
