/* checkout.c - git:REV: that revision's library, built once and kept.
 *
 *	CACHE/ipcmark/builds/COMMIT-FLAGS/   source/ build/ log done
 *
 * `done` comes last, so what was interrupted is begun anew. A lock keeps two gates
 * from building one revision at the same time; it is the kernel's, and goes with
 * who holds it. Both builds of a comparison should come to be in the same way:
 * CONFIGURE_FLAGS is given to configure, as ./bootstrap does, and has a build of
 * its own.
 */
#include "gate/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/folder.h"
#include "base/rng.h"

enum { LINE_BYTES = 256 };

/* $1 the commit, $2 the folder. Only the library: what measures is this ipcmark. */
static const char build_script[] =
	"set -e; cd \"$(git rev-parse --show-toplevel)\"\n"
	"rm -rf \"$2/source\" \"$2/build\" \"$2/done\"\n"
	"mkdir -p \"$2/source\" \"$2/build\"\n"
	"git archive --format=tar \"$1\" >\"$2/source.tar\"\n"
	"tar -xf \"$2/source.tar\" -C \"$2/source\"; rm \"$2/source.tar\"\n"
	"cd \"$2/source\"; autoreconf -fi\n"
	"cd ../build; ../source/configure --disable-static "
	"${CONFIGURE_FLAGS-}\n"
	"make -j \"$(getconf _NPROCESSORS_ONLN)\" libmmapipc.la\n"
	": >\"$2/done\"\n";

/* Output of the script into @log, or its first line into @line. Returns 0; -EIO:
 * it failed; -errno. */
static int run_script(const char *script, const char *first, const char *second,
	const char *log, char line[LINE_BYTES])
{
	int ends[2] = {-1, -1}, status, out;
	ssize_t got = 0;
	pid_t child;

	if (line && pipe2(ends, O_CLOEXEC))
		return -errno;
	out = line ? ends[1]
		   : open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (out < 0)
		return -errno;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(nothing, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(line ? nothing : out, STDERR_FILENO);
		execlp("sh", "sh", "-c", script, "sh", first, second,
			(char *)NULL);
		_exit(127);
	}
	close(out);
	if (line) {
		if (child > 0)
			got = read(ends[0], line, LINE_BYTES - 1);
		close(ends[0]);
		line[got > 0 ? got : 0] = '\0';
		line[strcspn(line, "\n")] = '\0';
	}
	if (child < 0)
		return -EAGAIN;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int resolve(const char *rev, char commit[LINE_BYTES])
{
	int err = run_script("git rev-parse --verify --quiet \"$1^{commit}\"",
		rev, "", NULL, commit);

	if (err || !commit[0] || strlen(commit) >= BUILD_COMMIT_BYTES) {
		diag_error("git:%s: no such revision, or this is no git "
			   "repository; `git log` here shows what there is",
			rev);
		return -EINVAL;
	}
	return 0;
}

static uint64_t mix_text(uint64_t sum, const char *text)
{
	for (; text && *text; text++)
		sum = rng_mix(sum ^ (unsigned char)*text);
	return rng_mix(sum);
}

/* Other flags or another compiler, another build. */
static unsigned flags_mark(void)
{
	static const char *const names[] = {
		"CONFIGURE_FLAGS", "CC", "CFLAGS", "CPPFLAGS", "LDFLAGS"};
	char compiler[LINE_BYTES] = "";
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		sum = mix_text(sum, getenv(names[i]));
	if (run_script("${CC:-cc} --version", "", "", NULL, compiler))
		compiler[0] = '\0'; /* the build will say it */
	sum = mix_text(sum, compiler);
	return (unsigned)(sum & 0xffffffff);
}

static int choose_folder(const char *commit, char dir[BUILD_PATH_BYTES])
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	bool given = cache && cache[0] == '/';
	int len;

	if (!given && (!home || home[0] != '/')) {
		diag_error("git:%.12s: nowhere to build it; set XDG_CACHE_HOME "
			   "to a folder",
			commit);
		return -ENOENT;
	}
	len = snprintf(dir, BUILD_PATH_BYTES, "%s%s/ipcmark/builds/%s-%08x",
		given ? cache : home, given ? "" : "/.cache", commit,
		flags_mark());
	if (len >= BUILD_PATH_BYTES - 32) {
		diag_error("git:%.12s: '%.40s...' is too long a path", commit,
			dir);
		return -ENAMETOOLONG;
	}
	return folder_make(dir);
}

static int build_in(const char *dir, const char *rev, const char *commit)
{
	char path[BUILD_PATH_BYTES + 16];
	int err;

	snprintf(path, sizeof(path), "%s/done", dir);
	if (access(path, F_OK) == 0)
		return 0;
	fprintf(stderr, "ipcmark: building git:%s (%.12s) in %s\n", rev, commit,
		dir);
	snprintf(path, sizeof(path), "%s/log", dir);
	err = run_script(build_script, commit, dir, path, NULL);
	if (err)
		diag_error("git:%s: it cannot be built; the end of %s says why",
			rev, path);
	return err;
}

int build_checkout(const char *rev, char ret_dir[BUILD_PATH_BYTES],
	char ret_commit[BUILD_COMMIT_BYTES])
{
	char commit[LINE_BYTES], dir[BUILD_PATH_BYTES];
	char path[BUILD_PATH_BYTES + 16];
	int err = resolve(rev, commit), lock;

	if (!err)
		err = choose_folder(commit, dir);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/lock", dir);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (lock < 0 || flock(lock, LOCK_EX)) {
		err = -errno;
		diag_error("git:%s: cannot lock '%s': %s", rev, path,
			strerror(errno));
	} else {
		err = build_in(dir, rev, commit);
	}
	if (lock >= 0)
		close(lock);
	if (err)
		return err;
	snprintf(ret_dir, BUILD_PATH_BYTES, "%.*s/build", BUILD_PATH_BYTES - 8,
		dir);
	snprintf(ret_commit, BUILD_COMMIT_BYTES, "%.*s", BUILD_COMMIT_BYTES - 1,
		commit);
	return 0;
}
