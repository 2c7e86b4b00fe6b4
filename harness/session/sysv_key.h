/* sysv_key.h - the key of a System V message queue, made of a name.
 *
 * The kernel's own numbers are known only once the queue is there, which is too
 * late for somebody who cleans up after a kill in between. A key of a name can
 * be written down before.
 */
#ifndef IPCMARK_SESSION_SYSV_KEY_H
#define IPCMARK_SESSION_SYSV_KEY_H

#include <stdint.h>
#include <sys/ipc.h>

/* sysv_key - never IPC_PRIVATE; two names share one in 2 thousand million
 * times. FNV-1a, 64 bit, folded to the 31 that are positive everywhere. */
static inline key_t sysv_key(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++) {
		hash ^= (unsigned char)*name;
		hash *= UINT64_C(0x100000001b3);
	}
	hash = (hash ^ hash >> 32) & INT32_MAX;
	return hash == (uint64_t)IPC_PRIVATE ? 1 : (key_t)hash;
}

#endif
