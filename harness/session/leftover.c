/* leftover.c - after a run that was killed.
 *
 * A run keeps a ledger, a file that it holds locked as long as any of its
 * processes lives (session.c). A ledger that can be locked is a dead run's: no
 * guess from a process number, which comes again, and none from a clock. The
 * run's things are then those of this user that have its token in their names:
 * what lies in the folders for shared memory, message queues and temporary
 * files, and what the ledger tells of besides. Its processes are those with
 * the token in the environment they were started with; workers that were only
 * forked die by themselves (run/worker.c). Two kinds of things have names of another
 * kind: a System V queue has a number, made of a name that has the token
 * (sysv_key.h), and iceoryx's broker calls its things alike for everybody
 * (roudi.h).
 *
 * Nothing else is touched: not a ledger of somebody else, not a name without
 * the token even when a ledger names it, not a file behind a symbolic link.
 *
 * The ledger goes last. Whoever is killed while cleaning up leaves it, and the
 * next one does the rest; what is gone already does no harm.
 */
#include "session/leftover.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "session/roudi.h"
#include "session/sysv_key.h"

enum {
	DEPTH_MAX = 16, /* of folders in a temporary folder */
	ENVIRONMENT_BYTES = 1 << 18,
	DEATH_MS = 2000, /* how long a killed program may take to be gone */
};

static const char ledger_ending[] = ".run";
static const char shm_folder[] = "/dev/shm";
static const char mq_folder[] = "/dev/mqueue";

static const char *const kind_words[LEFTOVER_KINDS] = {
	[LEFTOVER_MQ] = "mq ",
	[LEFTOVER_PATH] = "path ",
	[LEFTOVER_SYSV] = "sysv ",
	[LEFTOVER_ROUDI] = "roudi ",
};

static const char *temporary_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && folder[0] == '/' ? folder : "/tmp";
}

/* Shared memory is gone after a reboot, and so are the ledgers in it. */
static const char *ledger_folder(void)
{
	return access(shm_folder, W_OK | X_OK) == 0 ? shm_folder
						    : temporary_folder();
}

void leftover_ledger_path(const char *token, char path[LEFTOVER_PATH_BYTES])
{
	snprintf(path, LEFTOVER_PATH_BYTES, "%s/%s%s", ledger_folder(), token,
		ledger_ending);
}

size_t leftover_line(enum leftover_kind kind, const char *name, char *line,
	size_t line_bytes)
{
	int wrote =
		snprintf(line, line_bytes, "%s%s\n", kind_words[kind], name);

	if (wrote < 0 || (size_t)wrote >= line_bytes || strchr(name, '\n'))
		return 0;
	return (size_t)wrote;
}

/* Is @token in @name, and not as the beginning of a longer one? */
static bool has_token(const char *name, const char *token)
{
	size_t len = strlen(token);

	for (const char *at = name; (at = strstr(at, token)); at++)
		if (!isalnum((unsigned char)at[len]))
			return true;
	return false;
}

static bool is_ledger(const char *name)
{
	size_t len = strlen(name), ending = sizeof(ledger_ending) - 1;

	return strncmp(name, "ipcmark-", 8) == 0 && len > 8 + ending &&
	       len - ending < LEFTOVER_TOKEN_BYTES &&
	       strcmp(name + len - ending, ledger_ending) == 0;
}

/* Remove @name of this user's in the open folder @at, with all that is in it. */
static void remove_at(int at, const char *name, unsigned depth)
{
	struct stat status;
	struct dirent *item;
	DIR *folder;
	int fd;

	if (fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) ||
		status.st_uid != geteuid())
		return;
	if (!S_ISDIR(status.st_mode)) {
		unlinkat(at, name, 0);
		return;
	}
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	folder = fd >= 0 && depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((item = readdir(folder)))
		if (strcmp(item->d_name, ".") != 0 &&
			strcmp(item->d_name, "..") != 0)
			remove_at(fd, item->d_name, depth + 1);
	closedir(folder);
	unlinkat(at, name, AT_REMOVEDIR);
}

/* Everything of @token's in one folder, but for its ledger. */
static void clean_folder(const char *path, const char *token)
{
	DIR *folder = opendir(path);
	struct dirent *item;

	if (!folder)
		return;
	while ((item = readdir(folder)))
		if (has_token(item->d_name, token) && !is_ledger(item->d_name))
			remove_at(dirfd(folder), item->d_name, 0);
	closedir(folder);
}

/* Only its owner and root may. Nobody is asked whose it is but the kernel: a
 * key that another program of this user came to have, too, is one in 2 thousand
 * million. */
static void clean_sysv(const char *name)
{
	int queue = msgget(sysv_key(name), 0);
	struct msqid_ds state;

	if (queue >= 0 && msgctl(queue, IPC_STAT, &state) == 0 &&
		state.msg_perm.cuid == geteuid())
		msgctl(queue, IPC_RMID, NULL);
}

/* Its things have no token in their names; the lock on them tells whether they
 * are still a dead one's. The programs' sockets have. */
static void clean_roudi(const char *token)
{
	roudi_clean(DEATH_MS * UINT64_C(1000000));
	clean_folder("/tmp", token);
}

/* Returns what it was about; LEFTOVER_KINDS when it was none of ours. */
static enum leftover_kind clean_line(const char *line, const char *token)
{
	const char *name = strchr(line, ' '), *last;
	enum leftover_kind kind = 0;

	if (!name)
		return LEFTOVER_KINDS;
	name++;
	last = strrchr(name, '/');
	if (!has_token(last ? last : name, token))
		return LEFTOVER_KINDS;
	while (kind < LEFTOVER_KINDS &&
		strncmp(line, kind_words[kind], strlen(kind_words[kind])) != 0)
		kind++;
	if (kind == LEFTOVER_MQ)
		mq_unlink(name); /* only its owner and root may */
	else if (kind == LEFTOVER_PATH && name[0] == '/')
		remove_at(AT_FDCWD, name, 0);
	else if (kind == LEFTOVER_SYSV)
		clean_sysv(name);
	return kind;
}

static void clean_lines(const char *token, int ledger)
{
	int copy = fcntl(ledger, F_DUPFD_CLOEXEC, 0);
	FILE *lines = copy >= 0 ? fdopen(copy, "r") : NULL;
	bool broker = false;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	if (!lines) {
		if (copy >= 0)
			close(copy);
		return;
	}
	rewind(lines);
	while ((len = getline(&line, &room, lines)) > 0) {
		/* A line that the kill cut short was not acted upon yet. */
		if (line[len - 1] != '\n')
			break;
		line[len - 1] = '\0';
		broker |= clean_line(line, token) == LEFTOVER_ROUDI;
	}
	/* Once for all the lines: it may take its time. */
	if (broker)
		clean_roudi(token);
	free(line);
	fclose(lines);
}

#ifdef __linux__
/* Was @pid started with @token in its environment? */
static bool environment_has(const char *pid, const char *token)
{
	char path[64], wanted[LEFTOVER_TOKEN_BYTES + 32], *text;
	size_t len = 0;
	ssize_t got = 0;
	bool found = false;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	text = malloc(ENVIRONMENT_BYTES + 1);
	while (text && len < ENVIRONMENT_BYTES &&
		(got = read(fd, text + len, ENVIRONMENT_BYTES - len)) > 0)
		len += (size_t)got;
	close(fd);
	if (text)
		text[len] = '\0';
	snprintf(wanted, sizeof(wanted), "%s=%s", LEFTOVER_VARIABLE, token);
	for (size_t at = 0; text && at < len && !found;
		at += strlen(text + at) + 1)
		found = strcmp(text + at, wanted) == 0;
	free(text);
	return found;
}

/* The descriptor is taken first: should the number have a new owner since, the
 * look at the environment is at that owner's, and so is the signal. */
static void end_process(const char *pid, const char *token)
{
	int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
	struct pollfd death = {.fd = fd, .events = POLLIN};

	if (fd < 0)
		return;
	if (environment_has(pid, token) &&
		syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0)
		poll(&death, 1, DEATH_MS);
	close(fd);
}

static void end_programs(const char *token)
{
	DIR *processes = opendir("/proc");
	struct dirent *item;
	struct stat status;

	if (!processes)
		return;
	while ((item = readdir(processes)))
		if (isdigit((unsigned char)item->d_name[0]) &&
			atoi(item->d_name) != getpid() &&
			fstatat(dirfd(processes), item->d_name, &status, 0) ==
				0 &&
			status.st_uid == geteuid())
			end_process(item->d_name, token);
	closedir(processes);
}
#else
static void end_programs(const char *token)
{
	(void)token;
}
#endif

void leftover_clean(const char *token, int ledger)
{
	/* First those who might make more of it. */
	end_programs(token);
	clean_lines(token, ledger);
	clean_folder(shm_folder, token);
	clean_folder(mq_folder, token);
	clean_folder(temporary_folder(), token);
}

/* The ledger @name in the open folder @at, if its run is dead: locked, to be
 * closed by the caller. -1: not ours, or alive, or somebody else cleans up. */
static int take_ledger(int at, const char *name)
{
	int fd = openat(at, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		status.st_uid == geteuid() &&
		flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &status) == 0 &&
		status.st_nlink > 0)
		return fd;
	close(fd);
	return -1;
}

void leftover_sweep(void)
{
	DIR *folder = opendir(ledger_folder());
	char token[LEFTOVER_TOKEN_BYTES];
	struct dirent *item;

	if (!folder)
		return;
	while ((item = readdir(folder))) {
		size_t len = strlen(item->d_name);
		int ledger;

		if (!is_ledger(item->d_name))
			continue;
		ledger = take_ledger(dirfd(folder), item->d_name);
		if (ledger < 0)
			continue;
		snprintf(token, sizeof(token), "%.*s",
			(int)(len - (sizeof(ledger_ending) - 1)), item->d_name);
		leftover_clean(token, ledger);
		unlinkat(dirfd(folder), item->d_name, 0);
		close(ledger);
	}
	closedir(folder);
}
