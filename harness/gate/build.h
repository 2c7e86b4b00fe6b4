/* build.h - from what the command line calls a build to the folder with its
 * shared library.
 */
#ifndef IPCMARK_GATE_BUILD_H
#define IPCMARK_GATE_BUILD_H

#include "gate/identity.h"

enum {
	BUILD_PATH_BYTES = 4096,
	BUILD_COMMIT_BYTES = 72,
};

/* What the dynamic linker looks for: so long as this stays, programs built
 * against one library can use the other. */
#define BUILD_LIBRARY "libmmapipc.so.0"

struct build {
	const char *given;		 /* caller's: as on the command line */
	char dir[BUILD_PATH_BYTES];	 /* of BUILD_LIBRARY */
	char commit[BUILD_COMMIT_BYTES]; /* of git:REV; "": another kind */
	struct identity identity;	 /* server_start() finds it */
};

/* build_find - the library of @given: an installed prefix, a build tree, the
 * folder of the library itself, or git:REV, which is built if it has not been
 * before. Returns 0; -errno after saying what is wrong and how to mend it. */
int build_find(const char *given, struct build *ret_build);

/* build_checkout - for build_find(): have revision @rev of the git repository
 * that this process is in, built in the cache. @ret_dir: its build tree.
 * Returns 0; -errno after saying what is wrong. */
int build_checkout(const char *rev, char ret_dir[BUILD_PATH_BYTES],
	char ret_commit[BUILD_COMMIT_BYTES]);

#endif
