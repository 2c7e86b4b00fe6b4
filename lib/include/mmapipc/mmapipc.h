/* mmapipc.h - messages between processes of one machine, through shared memory.
 *
 * Three products, each a file that all its users map:
 *
 *   <mmapipc/shm.h>    raw memory with bounds
 *   <mmapipc/ring.h>   one producer, one consumer, lock-free
 *   <mmapipc/queue.h>  many producers, many consumers, crash-safe lock
 *
 * A process may be killed at any instruction of any call: the others go on,
 * and every message is there whole or not at all. What that does not cover:
 * power loss, and a peer that truncates the file of a named segment (the next
 * access is then SIGBUS; nothing can prevent that for a named file).
 *
 * Names. A name without '/' is POSIX shared memory (/dev/shm on Linux); a name
 * with one is a path. Give a path on a memory file system where latency
 * matters: a file on a disk is written back by the kernel behind your back,
 * and a write to a page under write-back waits for it.
 *
 * Peers are not trusted: whatever stands in the segment, no call reads or
 * writes outside it, loops for ever or crashes; it returns -EBADMSG. But a peer
 * that may write the segment may forge messages.
 *
 * fork(). A handle carried over fork() attaches anew, as a party of its own,
 * at its first use in the child; that call may take longer than its timeout, and
 * return -EBUSY or -ENOSPC as opening does. A ring's role stays with the parent.
 * Processes made by other means (_Fork(), a bare clone()) open their own.
 *
 * Threads. A queue handle may be used by any number of threads at once. A ring
 * handle may be used by one producing and one consuming thread. Opening and
 * closing a handle is for one thread, when no other uses it. No call is
 * async-signal-safe unless it says so. A thread must not be cancelled
 * (pthread_cancel) inside a call.
 *
 * Time is CLOCK_MONOTONIC, in nanoseconds, and relative.
 */
#ifndef MMAPIPC_H
#define MMAPIPC_H

#include <stddef.h>
#include <stdint.h>

#include <mmapipc/err.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MIPC_VERSION "0.1.0"

/* For timeout_ns: wait as long as it takes. */
#define MIPC_FOREVER UINT64_MAX

/* What a handle may be asked for when it is created or opened.
 * Zero-initialise it; a NULL pointer means the same. */
struct mipc_options {
	/* MIPC_REPLACE and other flags, or'd. */
	uint32_t flags;
	/* How long a waiting call looks before it sleeps, in microseconds.
	 * 0: about as long as a wake-up costs, and seldom where the handle has
	 * seen that it does not help: beside a slow or idle peer;
	 * MIPC_SPIN_NEVER: sleep at once; MIPC_SPIN_ALWAYS: never sleep for a
	 * message or for room (for a queue's lock a call may still sleep). */
	uint32_t spin_us;
	/* Queue, create: a message that was returned this often, or left by the
	 * dead, is delivered no more but to mipc_queue_get_dead(). 1 to 15; 0:
	 * it is delivered again for ever. */
	uint32_t dead_letter_after;
	uint32_t unused;
	/* Zero; room for what later versions add. */
	uint64_t reserved[5];
};

enum mipc_option_flags {
	MIPC_REPLACE = 1 << 0,	 /* create: take the place of an older one */
	MIPC_ANY_OWNER = 1 << 1, /* open: files of other users too */
	/* create: no file but memory that only its descriptor leads to, sealed
	 * so that no peer can truncate it. The name is a label for people, or
	 * NULL. Pass the descriptor on (mipc_..._fd()) by fork() or over a
	 * socket; the other side opens it by mipc_..._from_fd(). */
	MIPC_MEMFD = 1 << 2,
	/* create, open: touch every page now, so that the first use of each
	 * costs no page fault later. */
	MIPC_PREFAULT = 1 << 3,
};

#define MIPC_SPIN_NEVER (UINT32_MAX - 1)
#define MIPC_SPIN_ALWAYS UINT32_MAX

/* mipc_version_string - of the library at run time, e.g. "0.1.0". */
const char *mipc_version_string(void);

#ifdef __cplusplus
}
#endif

#endif
