/* host.h - a process that lends its memory to victims, one after the other.
 *
 * Most of what a fork costs is the copy of the memory, and the page faults in it.
 * A host's victims are processes of their own, with their own number, descriptors
 * and locks, that live in the memory of the host, which stands still meanwhile, and
 * puts back what they wrote when they are dead. Their parent is the host's.
 */
#ifndef IPCMARK_CRASH_HOST_H
#define IPCMARK_CRASH_HOST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	HOST_ORDER_BYTES = 512,
	/* What a victim maps stays mapped; so a host is good for so many. */
	HOST_VICTIMS_MAX = 64,
};

/* In shared memory. */
struct host_mail {
	_Atomic uint32_t turn; /* odd: an order is there */
	_Atomic pid_t victim;  /* the latest; 0: not yet; negative: -errno */
	_Alignas(16) unsigned char order[HOST_ORDER_BYTES];
};

struct host_job {
	struct host_mail *mail;
	/* In the victim: what it is for. Ends the process. */
	void (*play)(const void *order, void *arg);
	void *arg;
};

/* host_run - in the process forked for it: start victims, until it is killed. */
_Noreturn void host_run(const struct host_job *job);

/* host_give - have it start a victim, which ->mail->victim tells then. The one
 * before it must have ended, by itself or at the step at which it was to strike
 * itself; else this host is to be ended. */
void host_give(struct host_mail *mail, const void *order, size_t order_bytes);

/* host_possible - a sanitizer has a shadow of all memory, terabytes of it, in which
 * it remembers what a victim did; nobody puts that back. */
static inline bool host_possible(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return false;
#else
	return true;
#endif
}

#endif
