/* park.h - have a worker stand still in the middle of its transport's copy.
 *
 * The message's memory is made inaccessible just before the call. Whoever then
 * copies it (in put: out of it, in get: into it) faults, and the fault's handler
 * waits: the worker stands within the transport's code, with whatever locks that
 * holds while it copies. No hook in the transport is needed, and it works on
 * anybody's.
 */
#ifndef IPCMARK_RUN_PARK_H
#define IPCMARK_RUN_PARK_H

#include <stddef.h>

struct worker_slot;

/* park_prepare - once per worker: the memory of its messages, whole pages, and
 * where it reports. */
void park_prepare(void *memory, size_t len, struct worker_slot *slot);

/* park_arm - from now on an access to the memory parks. Ends when the parent
 * lets the worker go on, or with park_disarm(). */
void park_arm(void);
void park_disarm(void);

#endif
