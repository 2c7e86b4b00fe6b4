/* roudi.c - RouDi, the broker of iceoryx 2: one of our own, for a while.
 *
 * iceoryx 2 gives RouDi no name. A lock, a socket and two segments are called
 * the same for everybody, so there is one on a machine. It is started when a
 * channel needs it and stopped with the last one, and who finds one of another
 * ipcmark running waits for its turn. One that is nobody's of ours is not
 * touched, and no program of ours ever talks to it.
 *
 * It is stopped by SIGKILL: asked in good order it would send signals to every
 * process number that did not say good-bye, and a worker that was killed did
 * not. So its things are removed here, under its own lock: whoever holds that
 * is the only one to whom they can belong. We share the lock among us, so that
 * one who cleans up is not taken for a RouDi. The lock's file goes last, still
 * held. A RouDi that had opened it and locks it after that has a lock that
 * nobody sees; one of ours is looked after for this, and started again.
 *
 * Killed before the lock is had, nothing is there yet; killed at any time after
 * that, what is left is removed by the reaper of the channel, by the guardian,
 * or by the next run, from the ledger's line; and each RouDi makes its things
 * anew, so that an old one's harm nobody in the meantime.
 */
#include "session/roudi.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/scratch.h"
#include "session/session.h"

#define SERVER "iox-roudi"
#define FOLDER "/tmp"
#define LOCK FOLDER "/iox-unique-roudi.lock"
#define READY "RouDi is ready"
/* by this name in its command line one of ours is told from others */
#define SETTINGS "ipcmark-roudi.toml"

enum {
	TICK_NS = 5 * 1000 * 1000,
	COMMAND_BYTES = 256,
	STARTS_MAX = 16, /* that somebody else was quicker */
};

#define MS_NS UINT64_C(1000000)
#define START_NS (10000 * MS_NS)
#define TURN_NS (60000 * MS_NS)
/* what it keeps its books in; 62.7 MiB of 2.0.3 */
#define BOOKS_BYTES (UINT64_C(64) << 20)

static void tick(void)
{
	static const struct timespec pause = {.tv_nsec = TICK_NS};

	nanosleep(&pause, NULL);
}

/* The process that holds the lock, by the kernel's list: to try the lock would
 * be to take it. 0: nobody, or a system without that list; -1: one of us that
 * cleans up, which shares the lock where RouDi has it alone. */
static long lock_holder(void)
{
	struct stat status;
	char line[256];
	long holder = 0;
	FILE *file;

	if (stat(LOCK, &status))
		return 0;
	file = fopen("/proc/locks", "re");
	if (!file)
		return 0;
	while (!holder && fgets(line, sizeof(line), file)) {
		unsigned long long inode;
		char kind[8];
		long pid;

		/* no "->" of those that wait, whose columns are others */
		if (sscanf(line, "%*d: FLOCK %*s %7s %ld %*x:%*x:%llu", kind,
			    &pid, &inode) == 3 &&
			inode == status.st_ino)
			holder = strcmp(kind, "READ") == 0 ? -1 : pid;
	}
	fclose(file);
	return holder;
}

/* Is @pid a RouDi that an ipcmark started? */
static bool is_ours(long pid)
{
	char path[64], words[COMMAND_BYTES];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	file = fopen(path, "re");
	if (!file)
		return true; /* ended since */
	len = fread(words, 1, sizeof(words), file);
	fclose(file);
	return len == 0 || memmem(words, len, SETTINGS, sizeof(SETTINGS) - 1);
}

int roudi_can_run(uint64_t pool_bytes, char *reason, size_t reason_bytes)
{
	long holder = lock_holder();
	struct statvfs shm;
	uint64_t room;

	if (!program_found(SERVER)) {
		snprintf(reason, reason_bytes,
			"there is no " SERVER " to start (apt iceoryx)");
		return -ENOTSUP;
	}
	if (holder > 0 && !is_ours(holder)) {
		snprintf(reason, reason_bytes,
			"another RouDi is running (process %ld), and iceoryx "
			"has one on a machine: stop it first",
			holder);
		return -ENOTSUP;
	}
	if (holder || statvfs("/dev/shm", &shm))
		return 0;
	room = (uint64_t)shm.f_bavail * shm.f_frsize;
	if (room >= BOOKS_BYTES + pool_bytes)
		return 0;
	snprintf(reason, reason_bytes,
		"RouDi takes %" PRIu64 " MiB of /dev/shm, which has %" PRIu64
		" MiB left: make it larger",
		(BOOKS_BYTES + pool_bytes) >> 20, room >> 20);
	return -ENOTSUP;
}

static int write_settings(
	const char *path, uint64_t chunk_bytes, uint64_t count)
{
	FILE *file = fopen(path, "wxe");
	bool failed;

	if (!file)
		return -errno;
	failed = fprintf(file,
			 "[general]\nversion = 1\n[[segment]]\n"
			 "[[segment.mempool]]\nsize = %" PRIu64
			 "\ncount = %" PRIu64 "\n",
			 chunk_bytes, count) < 0;
	if (fclose(file) || failed)
		return -EIO;
	return 0;
}

/* Could another RouDi have the lock now? Only for after a start: to ask is to
 * share the lock for a moment. */
static bool lock_is_free(void)
{
	int fd = open(LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	bool is_free = fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0;

	if (fd >= 0)
		close(fd);
	return is_free;
}

/* Once. -EAGAIN: it ended itself, as it does when somebody else is quicker. */
static int start_once(char *settings, struct roudi *roudi)
{
	/* It complains to standard error of what is expected here, and ends by
	 * abort() when it does not get the lock. */
	char *argv[] = {"sh", "-c",
		"ulimit -c 0; exec \"$0\" \"$@\" 2>/dev/null", SERVER, "-c",
		settings, "-m", "off", "-l", "off", NULL};
	uint64_t deadline_ns = deadline_after(START_NS);
	char *line, how[64];
	int ret;

	session_note(LEFTOVER_ROUDI, session_token());
	ret = program_start(argv, &roudi->program);
	if (ret)
		return ret;
	do
		ret = program_hear(&roudi->program, deadline_ns, &line);
	while (!ret && !strstr(line, READY));
	/* It may have locked a file that was removed, and never looks. */
	if (!ret && lock_is_free())
		ret = -EPIPE;
	if (!ret)
		return 0;
	program_stop(&roudi->program, 0, how, sizeof(how));
	roudi_clean(0);
	return ret == -EPIPE ? -EAGAIN : ret;
}

static int start_in_turn(char *settings, struct roudi *roudi)
{
	uint64_t deadline_ns = deadline_after(TURN_NS);
	unsigned starts = 0;
	int ret = -EAGAIN;

	while (ret == -EAGAIN) {
		long holder = lock_holder();

		if (!holder && starts++ == STARTS_MAX)
			ret = -EIO;
		else if (!holder)
			ret = start_once(settings, roudi);
		else if ((holder > 0 && !is_ours(holder)) ||
			 !deadline_left_ns(deadline_ns))
			ret = -EBUSY;
		if (ret == -EAGAIN)
			tick();
	}
	return ret;
}

int roudi_start(const char *name, uint64_t chunk_bytes, uint64_t count,
	struct roudi *ret_roudi)
{
	struct roudi roudi = {.program = {.pid = 0}};
	char settings[SCRATCH_PATH_BYTES + sizeof(SETTINGS) + 1];
	struct scratch scratch;
	int ret = scratch_make(name, &scratch);

	if (ret)
		return ret;
	snprintf(settings, sizeof(settings), "%s/" SETTINGS, scratch.path);
	ret = write_settings(settings, chunk_bytes, count);
	if (!ret)
		ret = start_in_turn(settings, &roudi);
	scratch_remove(&scratch); /* it has read it */
	if (!ret)
		*ret_roudi = roudi;
	return ret;
}

void roudi_stop(struct roudi *roudi)
{
	char how[64];

	if (!roudi->program.pid)
		return;
	program_stop(&roudi->program, 0, how, sizeof(how));
	roudi_clean(0);
}

/* The lock of a RouDi that is no more: its descriptor, or -1. */
static int take_lock(uint64_t patience_ns)
{
	uint64_t deadline_ns = deadline_after(patience_ns);
	int fd = open(LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_SH | LOCK_NB)) {
		if (!deadline_left_ns(deadline_ns))
			goto fail;
		tick();
	}
	if (fstat(fd, &status) == 0 && status.st_nlink > 0 &&
		status.st_uid == geteuid())
		return fd;
fail:
	close(fd);
	return -1;
}

static void remove_own(const char *path)
{
	struct stat status;

	if (lstat(path, &status) == 0 && status.st_uid == geteuid() &&
		!S_ISDIR(status.st_mode))
		unlink(path);
}

void roudi_clean(uint64_t patience_ns)
{
	int lock = take_lock(patience_ns);
	const struct group *group;
	char segment[128];

	if (lock < 0)
		return;
	/* Its segment for messages is called as the group that may write. */
	group = getgrgid(getegid());
	if (group && !strchr(group->gr_name, '/') &&
		snprintf(segment, sizeof(segment), "/dev/shm/%s",
			group->gr_name) < (int)sizeof(segment))
		remove_own(segment);
	remove_own("/dev/shm/iceoryx_mgmt");
	remove_own(FOLDER "/roudi");
	remove_own(FOLDER "/roudi.lock");
	remove_own(LOCK);
	close(lock);
}

void roudi_forget(const char *name)
{
	DIR *folder = opendir(FOLDER);
	const struct dirent *item;
	size_t len = strlen(name);

	if (!folder)
		return;
	while ((item = readdir(folder)))
		if (strncmp(item->d_name, name, len) == 0 &&
			item->d_name[len] == '.')
			(void)unlinkat(dirfd(folder), item->d_name, 0);
	closedir(folder);
}
