/* platform.h - the only door to the operating system.
 *
 * One file per system implements it: platform_linux.c. Nothing else in lib/
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
	char temporary[PLATFORM_PATH_BYTES]; /* "" without a name */
};

/* platform_create - a file in the folder of @path, of @size_bytes, all of them
 * allocated and zero. Ends with platform_publish() and the caller keeping the
 * descriptor, or with platform_discard().
 * Returns 0; -ENOSPC; -errno. */
int platform_create(const char *path, uint64_t size_bytes,
	struct platform_new_file *ret_file);
void platform_discard(struct platform_new_file *file);

/* platform_create_sealed - memory without a name that cannot change its size.
 * @label: for people; may be NULL.
 * Returns 0; -ENOTSUP; -ENOSPC; -errno. */
int platform_create_sealed(const char *label, uint64_t size_bytes,
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

/* platform_file_size - of a regular file. Returns 0; -EILSEQ; -errno. */
int platform_file_size(int fd, uint64_t *ret_size);

/* platform_same_file - does @path still lead to the file behind @fd? */
bool platform_same_file(int fd, const char *path);

/* platform_reopen - the same file under a new open file description.
 * Returns 0; -ENOTSUP (this needs /proc); -errno. */
int platform_reopen(int fd, int *ret_fd);

/* platform_read_at - Returns the bytes read, less than @len at the end of the
 * file; -errno. */
int64_t platform_read_at(int fd, void *buffer, size_t len, uint64_t offset);
int platform_write_at(int fd, const void *data, size_t len, uint64_t offset);

int platform_unlink(const char *path);
void platform_close(int fd);

/* Memory. */

size_t platform_page_bytes(void);

/* platform_map - the first @len bytes of the file, shared and writable; behind
 * them, once more, the last @mirror_len of these. Returns 0; -errno. */
int platform_map(int fd, size_t len, size_t mirror_len, void **ret_base);
void platform_unmap(void *base, size_t total_len);

/* platform_prefault - have every page at hand. As far as possible. */
void platform_prefault(void *base, size_t total_len);

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

/* platform_thread - number of the calling thread, unique in its namespace as
 * long as it lives, 1 to 2^29 - 1; or 0 when this system cannot tell the word's
 * waiters of its death. Cached. */
uint32_t platform_thread(void);

/* platform_announce - have the system look at *@word should the calling thread
 * die before platform_retract(): if the low 30 bits are its number, they become
 * PLATFORM_OWNER_DIED, and one waiter is woken; if they are 0, one waiter is
 * woken. Both order the compiler as a signal fence does. */
void platform_announce(_Atomic uint32_t *word);
void platform_retract(void);

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
