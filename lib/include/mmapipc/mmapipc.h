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
 * power loss, and a peer that truncates the file of a named segment: the next
 * access is then SIGBUS, unless mipc_guard_sigbus() was called.
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
 * at its first use in the child; that call, whichever it is, may take longer than
 * its timeout, and return -EBUSY (the parent has the ring's role, or another one
 * is attaching and does not get on), -ENOSPC (no party slot is free) or -ENOTSUP
 * (without /proc). So may the next ones until one has attached. A ring's role
 * stays with the parent.
 * Processes made by other means (_Fork(), a bare clone()) open their own.
 *
 * exec(). A handle does not outlive it: nothing of it is inherited, and the others
 * see the party as dead, as if its process had been.
 *
 * Threads. A queue handle may be used by any number of threads at once. A ring
 * handle may be used by one producing and one consuming thread. No call is
 * async-signal-safe unless it says so. A thread must not be cancelled
 * (pthread_cancel) or end inside a call; what it holds between calls (a role, a
 * lease) is its process's, and any other thread may go on with it.
 *
 * Closing. A handle is closed by one thread, when no other is in a call on it or
 * will start one, or touches what a view, peek or lease of it gave. Only those
 * that wait are excepted: closing ends their calls with -ECANCELED, and returns
 * when they are out of the handle. A thread that may be waiting or may be working
 * is stopped by mipc_ring_cancel() or mipc_queue_cancel(), and joined, first.
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
	/* With MIPC_NUMA_NODE: which one. */
	uint32_t numa_node;
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
	/* create, open: huge pages, should the system be willing. A hint, never
	 * an error; for a name the file system's mount decides, for MIPC_MEMFD
	 * the system's settings. mipc_..._memory() says what came of it. */
	MIPC_HUGE_PAGES = 1 << 4,
	/* create: nothing but huge pages out of the system's reserve, a promise:
	 * -ENOSPC if too few are left in it, -ENOTSUP for a name whose file
	 * system is made of other pages (give a path on hugetlbfs; there it is
	 * so without this flag, too). Sizes go up to whole huge pages, and one
	 * more is for what is not data. */
	MIPC_HUGE_RESERVED = 1 << 5,
	/* create: all memory on the node numa_node, now and later, a promise:
	 * -EINVAL if there is no such node or this process may not use it,
	 * -ENOTSUP if the file system is not made of memory, or a sandbox forbids
	 * to ask. A system that knows no nodes has node 0. */
	MIPC_NUMA_NODE = 1 << 6,
};

/* What a segment is made of, as seen by the process that asks. */
struct mipc_memory {
	uint64_t bytes;	     /* all of it: data, and what is kept beside it */
	uint64_t huge_bytes; /* of these, mapped by huge pages */
	uint64_t page_bytes; /* what it is allocated in, at least */
	/* The NUMA node that all of it is on; -1: on several, or not known. */
	int32_t numa_node;
	uint32_t unused;
};

#define MIPC_SPIN_NEVER (UINT32_MAX - 1)
#define MIPC_SPIN_ALWAYS UINT32_MAX

/* mipc_guard_sigbus - have a truncated segment be an error, not a signal.
 * Installs a handler of SIGBUS for the process. When a peer has truncated the
 * file of a named segment (or punched a hole that cannot be filled, or the disk
 * fails), the access that would have been SIGBUS finds zeroes; the call in which
 * that happened goes on, and may deliver them; every later call on the handle
 * that reads or writes, and each one that waits, is -EBADMSG. What a view, peek
 * or lease points to is covered as well. Costs the calls nothing.
 * Any other SIGBUS goes to the handler that was there before, or ends the process
 * as ever; so call it behind whoever else installs one. Segments without a name
 * (MIPC_MEMFD) do not need it.
 * Once is enough; further calls do nothing. Survives fork(), not exec().
 * Thread-safe. Returns 0; others as sigaction(2). */
int mipc_guard_sigbus(void);

/* mipc_version_string - of the library at run time, e.g. "0.1.0". */
const char *mipc_version_string(void);

#ifdef __cplusplus
}
#endif

#endif
