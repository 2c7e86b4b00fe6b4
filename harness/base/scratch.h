/* scratch.h - a folder of a channel's own, gone with the harness.
 *
 * For what has to be a file: a socket by name, a server's working folder.
 */
#ifndef IPCMARK_BASE_SCRATCH_H
#define IPCMARK_BASE_SCRATCH_H

#include <sys/types.h>

enum {
	/* a socket's path has 107 letters, and a name follows */
	SCRATCH_PATH_BYTES = 96,
};

struct scratch {
	char path[SCRATCH_PATH_BYTES];
	pid_t reaper;
};

/* scratch_make - a new folder below TMPDIR, or /tmp, with @name in its own.
 * Should this process be killed, a reaper removes it.
 * Returns 0; -ENAMETOOLONG; -errno. */
int scratch_make(const char *name, struct scratch *ret_scratch);

/* scratch_remove - the folder and the files in it. Accepts one that was never
 * made. */
void scratch_remove(struct scratch *scratch);

#endif
