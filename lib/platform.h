/* platform.h - the only door to the operating system.
 *
 * The files of one system implement it: platform_linux.c, and
 * platform_linux_memory.c what stands under "Memory". Nothing else in lib/
 * includes a system header beyond the C and POSIX types.
 */
#ifndef MIPC_PLATFORM_H
#define MIPC_PLATFORM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Files. */

/* platform_path - the path for a public name.
 * Returns 0; -EINVAL; -ENAMETOOLONG. */
int platform_path(const char *name, char *path, size_t path_bytes);

enum { PLATFORM_PATH_BYTES = 4096 };

/* A file being made. Where the file system can, it has no name until it is
 * published, so that a process that dies before leaves nothing. */
struct platform_new_file {
	int fd;
	bool sealed;			     /* platform_allocate() seals it */
	char temporary[PLATFORM_PATH_BYTES]; /* "" without a name */
};

/* platform_create - an empty file in the folder of @path. It gets its size by
 * platform_allocate(). Ends with platform_publish() and the caller keeping the
 * descriptor, or with platform_discard().
 * Returns 0; -errno. */
int platform_create(const char *path, struct platform_new_file *ret_file);
void platform_discard(struct platform_new_file *file);

/* platform_create_sealed - memory without a name that cannot change its size
 * once it has one.
 * @label: for people; may be NULL.
 * @huge_reserved: made of the huge pages that the system keeps in reserve.
 * Returns 0; -ENOTSUP; -errno. */
int platform_create_sealed(const char *label, bool huge_reserved,
	struct platform_new_file *ret_file);

/* platform_publish - give it its name, in one step.
 * @replace: an older file of that name loses it in the same step. To be killed
 *   just before can leave a file ".mmapipc-..." beside it.
 * Returns 0; -EEXIST; -errno. */
int platform_publish(
	struct platform_new_file *file, const char *path, bool replace);

/* platform_open - an existing regular file, never through a symbolic link.
 * @any_owner: also a file of another user.
 * Returns 0; -ENOENT; -ELOOP; -EILSEQ (not a regular file); -EPERM; -errno. */
int platform_open(
	const char *path, bool any_owner, int *ret_fd, uint64_t *ret_size);

/* platform_open_to_read - the same for who only looks: whoever's file it is,
 * however many links it has. */
int platform_open_to_read(const char *path, int *ret_fd, uint64_t *ret_size);

/* platform_file_size - of a regular file. Returns 0; -EILSEQ; -errno. */
int platform_file_size(int fd, uint64_t *ret_size);

/* platform_sealed_size - of memory that is sealed against any other size: it
 * stays as long, whoever else has a descriptor of it.
 * Returns 0; -EBADF; -EILSEQ (not a file); -EPERM (not sealed); -errno. */
int platform_sealed_size(int fd, uint64_t *ret_size);

/* platform_same_file - does @path still lead to the file behind @fd? */
bool platform_same_file(int fd, const char *path);

/* platform_reopen - the same file under a new open file description.
 * Returns 0; -ENOTSUP (this needs /proc); -errno. */
int platform_reopen(int fd, int *ret_fd);

/* platform_read_at - Returns the bytes read, less than @len at the end of the
 * file; -errno. */
int64_t platform_read_at(int fd, void *buffer, size_t len, uint64_t offset);

int platform_unlink(const char *path);
void platform_close(int fd);

/* Memory. */

size_t platform_page_bytes(void);

/* platform_unit - what the file's memory comes in, and its size, its offsets and
 * its mappings must be whole multiples of: a page, or where it is made of huge
 * pages that the system keeps in reserve, one of these.
 * Returns 0; -errno. */
int platform_unit(int fd, uint64_t *ret_bytes);

enum { PLATFORM_NODE_COUNT = 1024, PLATFORM_ANY_NODE = -1 };

/* What the memory of a new file is to be like. */
struct platform_wish {
	bool huge; /* huge pages, should the system be willing */
	int node;  /* below PLATFORM_NODE_COUNT, or PLATFORM_ANY_NODE */
};

/* platform_allocate - give a new file @size_bytes, all of them at hand and zero;
 * then seal it, if it is of that sort.
 * Returns 0; -ENOSPC; -EINVAL (no such node, or not for this process); -ENOTSUP
 * (its file system cannot keep to a node); -errno. */
int platform_allocate(const struct platform_new_file *file, uint64_t size_bytes,
	const struct platform_wish *wish);

/* platform_map - the first @len bytes of the file, shared and writable; behind
 * them, once more, the last @mirror_len of these. Aligned so that huge pages can
 * be mapped as such. @unit_bytes: the file's, and of all lengths and offsets.
 * Returns 0; -errno. */
int platform_map(int fd, uint64_t unit_bytes, size_t len, size_t mirror_len,
	void **ret_base);
void platform_unmap(void *base, size_t total_len);

/* platform_prefer_huge - huge pages here, please. As far as possible. */
void platform_prefer_huge(void *base, size_t total_len);
/* platform_map_zeroes - private zeroes in the place of what is mapped there.
 * Async-signal-safe. Returns 0; -errno. */
int platform_map_zeroes(void *base, size_t len);

/* platform_catch_bus_errors - from now on, when a thread touches mapped memory
 * behind which there is nothing (any more), have @mend called, in a signal
 * handler of that thread: true lets it try again; false leaves the signal to
 * whoever handled it before. Once per process. Returns 0; -errno. */
int platform_catch_bus_errors(bool (*mend)(void *address));

/* platform_prefault - have every page at hand. As far as possible. */
void platform_prefault(void *base, size_t total_len);

/* platform_inspect - what the pages of a mapping are, those that are at hand.
 * @unit_bytes: the file's.
 * @ret_huge_bytes: of @len, behind huge pages.
 * @ret_node: which all of them are on; -1: several, or it cannot be known.
 * Returns 0; -ENOTSUP; -errno. */
int platform_inspect(const void *base, size_t len, uint64_t unit_bytes,
	uint64_t *ret_huge_bytes, int *ret_node);

/* Liveness: byte locks that the system drops when the last descriptor of one
 * open file description goes, that is when its process dies. */

/* platform_byte_lock - take byte @byte for this open file description.
 * @shared: together with others that take it shared, to keep out who would take
 *   it alone.
 * Returns 0; -EAGAIN (somebody else's); -errno. */
int platform_byte_lock(int fd, uint64_t byte, bool shared);
void platform_byte_unlock(int fd, uint64_t byte);

/* platform_bytes_held - has another open file description taken any of @count
 * bytes from @first on alone? Returns 1, 0; -errno. */
int platform_bytes_held(int fd, uint64_t first, uint64_t count);

/* Threads. */

/* What the calling thread needs at every lock. */
struct platform_self {
	uint32_t number;	     /* 0: not asked for yet */
	struct robust_list **notice; /* where the kernel looks when the thread
					dies; NULL: nowhere */
	uintptr_t notice_offset;     /* it adds this to what it finds there */
};

/* initial-exec: read without a call even from a shared object. */
extern _Thread_local struct platform_self platform_self
	__attribute__((tls_model("initial-exec")));

void platform_learn_self(void);

/* platform_thread - number of the calling thread, unique in its namespace as
 * long as it lives, 1 to 2^29 - 1; or 0 when this system cannot tell the word's
 * waiters of its death. Cached. */
static inline uint32_t platform_thread(void)
{
	if (__builtin_expect(platform_self.number == 0, 0))
		platform_learn_self();
	return platform_self.notice ? platform_self.number : 0;
}

/* platform_announce - have the system look at *@word should the calling thread
 * die before platform_retract(): if the low 30 bits are its number, they become
 * PLATFORM_OWNER_DIED, and one waiter is woken; if they are 0, one waiter is
 * woken. Both order the compiler as a signal fence does. */
static inline void platform_announce(_Atomic uint32_t *word)
{
	if (platform_self.notice)
		*platform_self.notice =
			(struct robust_list *)((uintptr_t)word -
					       platform_self.notice_offset);
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void platform_retract(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	if (platform_self.notice)
		*platform_self.notice = NULL;
}

/* platform_thread_gone - is there no thread of that number in our namespace?
 * One that has ended and was not waited for yet is still there. */
bool platform_thread_gone(uint32_t number);

#define PLATFORM_WAITERS UINT32_C(0x80000000)
#define PLATFORM_OWNER_DIED UINT32_C(0x40000000)

/* platform_namespace - identity of the namespace in which platform_thread()
 * counts; 0: unknown. */
uint64_t platform_namespace(void);
uint32_t platform_process(void);

/* platform_wait - sleep while *@word is @expected, at most @timeout_ns.
 * May return early. platform_wake returns how many it woke. */
void platform_wait(
	_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns);
int platform_wake(_Atomic uint32_t *word, int count);

/* platform_thread_start - a thread of the library's own: it takes no signal, and
 * has a stack of some 10 KiB. Ends by pthread_join().
 * Returns 0; -EAGAIN (too many); -errno. */
int platform_thread_start(
	void *(*run)(void *arg), void *arg, pthread_t *ret_thread);

/* A bell: a descriptor that poll() finds readable from a ring to the next
 * silence. It is not inherited by exec().
 * platform_bell_open returns 0; -EMFILE; -errno. */
int platform_bell_open(int *ret_bell);
void platform_bell_ring(int bell);
void platform_bell_silence(int bell);
void platform_bell_close(int bell);

unsigned platform_cpu_count(void);
uint64_t platform_now_ns(void);
/* platform_now_coarse_ns - the same clock as of the last tick: some milliseconds
 * old and a fraction of the price. */
uint64_t platform_now_coarse_ns(void);
void platform_sleep_ns(uint64_t duration_ns);

/* platform_relax - tell the processor that this is a spin loop. */
static inline void platform_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#else
	atomic_signal_fence(memory_order_seq_cst);
#endif
}

/* platform_fence_after_exchange - a full fence between the accesses before the
 * calling thread's last atomic exchange and those from here on: on x86 that
 * exchange is one itself. */
static inline void platform_fence_after_exchange(void)
{
#if defined(__x86_64__) || defined(__i386__)
	atomic_signal_fence(memory_order_seq_cst);
#else
	atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* platform_at_fork - have @before and @after_parent called around every fork()
 * in the parent, and @after_child in the child. Once per process. */
int platform_at_fork(void (*before)(void), void (*after_parent)(void),
	void (*after_child)(void));

#endif
