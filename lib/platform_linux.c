/* platform_linux.c - Linux: files, open-file-description locks, futexes and the
 * robust list. Where memory comes from is in platform_linux_memory.c.
 *
 * The one uncommon thing here is platform_announce(). The kernel keeps, for
 * each thread, a list of locks to mark when the thread dies, and beside it one
 * word: the lock that is being taken or released right now (list_op_pending,
 * get_robust_list(2)). The C library registers that list for its robust
 * mutexes. We borrow the word only, for as long as one of our locks is held: no
 * list pointer ever lies in shared memory, where a peer could forge it. The C
 * library uses the word within its own mutex calls alone, which never happen
 * while we hold a lock, except in a signal handler; then the notice is lost and
 * the byte locks answer instead.
 */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	FILE_MODE = 0600,
	THREAD_STACK_BYTES = 64 << 10,
};

int platform_path(const char *name, char *path, size_t path_bytes)
{
	bool bare;
	int len;

	if (!name || !*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	bare = !strchr(name, '/');
	len = snprintf(path, path_bytes, "%s%s", bare ? "/dev/shm/" : "", name);
	if (len < 0 || (size_t)len >= path_bytes)
		return -ENAMETOOLONG;
	if (path[len - 1] == '/')
		return -EINVAL;
	return 0;
}

/* The folder of @path, in @folder. */
static void folder_of(const char *path, char *folder, size_t folder_bytes)
{
	const char *slash = strrchr(path, '/');
	size_t len = (size_t)(slash - path);

	if (len == 0)
		len = 1;
	if (len >= folder_bytes)
		len = folder_bytes - 1;
	memcpy(folder, path, len);
	folder[len] = '\0';
}

/* A name beside @path that nobody uses: of this process, counted up. */
static int sibling_of(const char *path, char *sibling, size_t sibling_bytes)
{
	static _Atomic unsigned counter;
	/* relaxed: only has to be unique within the process */
	unsigned n =
		atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
	char folder[PATH_MAX];
	int len;

	folder_of(path, folder, sizeof(folder));
	len = snprintf(sibling, sibling_bytes, "%s/.mmapipc-%ld-%u", folder,
		(long)getpid(), n);
	return len < 0 || (size_t)len >= sibling_bytes ? -ENAMETOOLONG : 0;
}

int platform_create(const char *path, struct platform_new_file *ret_file)
{
	char folder[PATH_MAX];
	int err;

	ret_file->sealed = false;
	ret_file->temporary[0] = '\0';
	folder_of(path, folder, sizeof(folder));
	ret_file->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
	if (ret_file->fd < 0 && (errno == EISDIR || errno == EOPNOTSUPP)) {
		/* A file system without nameless files. */
		err = sibling_of(
			path, ret_file->temporary, sizeof(ret_file->temporary));
		if (err)
			return err;
		ret_file->fd = open(ret_file->temporary,
			O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, FILE_MODE);
	}
	return ret_file->fd < 0 ? -errno : 0;
}

int platform_create_sealed(const char *label, bool huge_reserved,
	struct platform_new_file *ret_file)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

	ret_file->sealed = true;
	ret_file->temporary[0] = '\0';
	ret_file->fd = memfd_create(label ? label : "mmapipc",
		huge_reserved ? flags | MFD_HUGETLB : flags);
	if (ret_file->fd < 0)
		return errno == ENOSYS ? -ENOTSUP : -errno;
	return 0;
}

void platform_discard(struct platform_new_file *file)
{
	if (file->temporary[0])
		unlink(file->temporary);
	close(file->fd);
}

/* Give a nameless file a name that must be free. */
static int link_to(int fd, const char *path)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
		return -errno;
	return 0;
}

int platform_publish(
	struct platform_new_file *file, const char *path, bool replace)
{
	int err;

	if (!file->temporary[0]) {
		if (!replace)
			return link_to(file->fd, path);
		/* A link cannot replace: through a name in between. */
		err = sibling_of(
			path, file->temporary, sizeof(file->temporary));
		if (!err)
			err = link_to(file->fd, file->temporary);
		if (err) {
			file->temporary[0] = '\0';
			return err;
		}
	}
	/* Never two names at once, which nobody would open. */
	if (renameat2(AT_FDCWD, file->temporary, AT_FDCWD, path,
		    replace ? 0 : RENAME_NOREPLACE))
		return -errno; /* platform_discard() takes the name away */
	file->temporary[0] = '\0';
	return 0;
}

static int open_regular(
	const char *path, int mode, int *ret_fd, struct stat *ret_stat)
{
	int err = 0;
	/* O_NONBLOCK: a FIFO of that name must not hold us up */
	int fd = open(path, mode | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return errno == EISDIR || errno == ENXIO ? -EILSEQ : -errno;
	if (fstat(fd, ret_stat))
		err = -errno;
	else if (!S_ISREG(ret_stat->st_mode))
		err = -EILSEQ;
	if (err) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int platform_open(
	const char *path, bool any_owner, int *ret_fd, uint64_t *ret_size)
{
	struct stat st;
	int fd;
	int err = open_regular(path, O_RDWR, &fd, &st);

	if (err)
		return err;
	if ((!any_owner && st.st_uid != geteuid()) || st.st_nlink > 1) {
		close(fd);
		return -EPERM;
	}
	*ret_fd = fd;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int platform_open_to_read(const char *path, int *ret_fd, uint64_t *ret_size)
{
	struct stat st;
	int err = open_regular(path, O_RDONLY, ret_fd, &st);

	if (!err)
		*ret_size = (uint64_t)st.st_size;
	return err;
}

int platform_file_size(int fd, uint64_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EILSEQ;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int platform_sealed_size(int fd, uint64_t *ret_size)
{
	const int wanted = F_SEAL_SHRINK | F_SEAL_GROW;
	/* Before the size, which could change before the seal. A file that
	 * knows no seals answers -1, which must not pass for all of them. */
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EILSEQ;
	if (seals < 0 || (seals & wanted) != wanted)
		return -EPERM;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

bool platform_same_file(int fd, const char *path)
{
	struct stat by_fd, by_path;

	return !fstat(fd, &by_fd) && !lstat(path, &by_path) &&
	       by_fd.st_dev == by_path.st_dev && by_fd.st_ino == by_path.st_ino;
}

int platform_reopen(int fd, int *ret_fd)
{
	char link[64];
	int new_fd;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	new_fd = open(link, O_RDWR | O_CLOEXEC);
	if (new_fd < 0)
		return errno == ENOENT ? -ENOTSUP : -errno;
	*ret_fd = new_fd;
	return 0;
}

int64_t platform_read_at(int fd, void *buffer, size_t len, uint64_t offset)
{
	ssize_t got;

	do {
		got = pread(fd, buffer, len, (off_t)offset);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

int platform_unlink(const char *path)
{
	return unlink(path) ? -errno : 0;
}

void platform_close(int fd)
{
	close(fd);
}

int platform_map_zeroes(void *base, size_t len)
{
	void *got = mmap(base, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	return got == MAP_FAILED ? -errno : 0;
}

static bool (*mend_bus_error)(void *address);
static struct sigaction bus_action_before;

/* As if we were not there: whoever handled the signal before us does, and
 * without such a one the process ends as it would have. */
static void pass_bus_error_on(int number, siginfo_t *info, void *context)
{
	const struct sigaction *before = &bus_action_before;
	bool by_fault = info->si_code > 0;

	if (before->sa_flags & SA_SIGINFO) {
		before->sa_sigaction(number, info, context);
	} else if (before->sa_handler == SIG_IGN && !by_fault) {
		return;
	} else if (before->sa_handler != SIG_DFL &&
		   before->sa_handler != SIG_IGN) {
		before->sa_handler(number);
	} else {
		/* A fault comes again at once; what was sent must be sent
		 * again, and arrives when we return. */
		signal(number, SIG_DFL);
		if (!by_fault)
			raise(number);
	}
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	if (info->si_code <= 0 || !mend_bus_error(info->si_addr))
		pass_bus_error_on(number, info, context);
	errno = saved;
}

int platform_catch_bus_errors(bool (*mend)(void *address))
{
	struct sigaction action = {.sa_sigaction = on_bus_error};

	if (sigaction(SIGBUS, NULL, &bus_action_before))
		return -errno;
	/* What the one before us counts on; and its own stack if it has one,
	 * which a handler that needs none does not mind. */
	action.sa_mask = bus_action_before.sa_mask;
	action.sa_flags =
		SA_SIGINFO | SA_ONSTACK |
		(bus_action_before.sa_flags & (SA_NODEFER | SA_RESTART));
	mend_bus_error = mend;
	/* The kernel's entry orders the above before any handler's run. */
	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

static struct flock byte_range(uint64_t first, uint64_t count, short type)
{
	struct flock range = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)first,
		.l_len = (off_t)count,
	};

	return range;
}

int platform_byte_lock(int fd, uint64_t byte, bool shared)
{
	struct flock range = byte_range(byte, 1, shared ? F_RDLCK : F_WRLCK);

	if (!fcntl(fd, F_OFD_SETLK, &range))
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

void platform_byte_unlock(int fd, uint64_t byte)
{
	struct flock range = byte_range(byte, 1, F_UNLCK);

	fcntl(fd, F_OFD_SETLK, &range);
}

int platform_bytes_held(int fd, uint64_t first, uint64_t count)
{
	/* What keeps a reader out is held alone. */
	struct flock range = byte_range(first, count, F_RDLCK);

	if (fcntl(fd, F_OFD_GETLK, &range))
		return -errno;
	return range.l_type != F_UNLCK;
}

_Thread_local struct platform_self platform_self
	__attribute__((tls_model("initial-exec")));

void platform_learn_self(void)
{
	struct robust_list_head *head = NULL;
	size_t len = 0;

	/* A C library that registers no list for this thread leaves the byte
	 * locks as the only line. */
	if (!syscall(SYS_get_robust_list, 0, &head, &len) &&
		len == sizeof(*head)) {
		platform_self.notice = &head->list_op_pending;
		platform_self.notice_offset = (uintptr_t)head->futex_offset;
	}
	platform_self.number = (uint32_t)syscall(SYS_gettid);
}

bool platform_thread_gone(uint32_t number)
{
	return syscall(SYS_tkill, (int)number, 0) && errno == ESRCH;
}

uint64_t platform_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : (uint64_t)st.st_ino;
}

uint32_t platform_process(void)
{
	return (uint32_t)getpid();
}

static long futex(_Atomic uint32_t *word, int op, uint32_t value,
	const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
}

void platform_wait(
	_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / 1000000000u),
		.tv_nsec = (long)(timeout_ns % 1000000000u),
	};

	/* EAGAIN, EINTR and ETIMEDOUT all mean: look again */
	futex(word, FUTEX_WAIT, expected, &timeout);
}

int platform_wake(_Atomic uint32_t *word, int count)
{
	long woken = futex(word, FUTEX_WAKE, (uint32_t)count, NULL);

	return woken < 0 ? 0 : (int)woken;
}

int platform_thread_start(
	void *(*run)(void *arg), void *arg, pthread_t *ret_thread)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int err = pthread_attr_init(&attributes);

	if (err)
		return -err;
	/* A C library that wants more for its own says so: then the default. */
	(void)pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	/* Inherited by the thread; what comes meanwhile waits for us. */
	sigfillset(&all);
	/* But for what its own accesses raise: blocked, a SIGBUS is death, not
	 * one that the guard mends. */
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGFPE);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(ret_thread, &attributes, run, arg);
	if (err == EINVAL)
		err = pthread_create(ret_thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -err;
}

int platform_bell_open(int *ret_bell)
{
	int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (bell < 0)
		return -errno;
	*ret_bell = bell;
	return 0;
}

void platform_bell_ring(int bell)
{
	/* Fails only when it has been rung 2^64 times: readable already. */
	(void)!eventfd_write(bell, 1);
}

void platform_bell_silence(int bell)
{
	eventfd_t rings;

	/* Fails when it was silent. */
	(void)!eventfd_read(bell, &rings);
}

void platform_bell_close(int bell)
{
	close(bell);
}

unsigned platform_cpu_count(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count < 1 ? 1 : (unsigned)count;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t platform_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t platform_now_coarse_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC_COARSE);
}

void platform_sleep_ns(uint64_t duration_ns)
{
	struct timespec duration = {
		.tv_sec = (time_t)(duration_ns / 1000000000u),
		.tv_nsec = (long)(duration_ns % 1000000000u),
	};

	nanosleep(&duration, NULL);
}

static void (*child_handler)(void);

/* The child's one thread has a new number, and a list that the C library
 * registered anew. */
static void forget_thread(void)
{
	platform_self = (struct platform_self){0};
	child_handler();
}

int platform_at_fork(void (*before)(void), void (*after_parent)(void),
	void (*after_child)(void))
{
	child_handler = after_child;
	return -pthread_atfork(before, after_parent, forget_thread);
}
