/* roudi.h - RouDi, the broker of iceoryx 2: one of our own, for a while.
 *
 * There is one RouDi on a machine: its lock, its socket and its shared memory
 * have fixed names. So several of us take turns, and one that somebody else
 * started is left alone. Nothing here needs iceoryx to be built.
 */
#ifndef IPCMARK_SESSION_ROUDI_H
#define IPCMARK_SESSION_ROUDI_H

#include <stddef.h>
#include <stdint.h>

#include "base/program.h"

struct roudi {
	struct program program;
};

/* roudi_can_run - is there a RouDi to start, room in shared memory for it and
 * for @pool_bytes, and no other one that is not ours?
 * Returns 0, or -ENOTSUP with one sentence in @reason. */
int roudi_can_run(uint64_t pool_bytes, char *reason, size_t reason_bytes);

/* roudi_start - wait for our turn, then start one with @count chunks of
 * @chunk_bytes each; in a session, write it down first.
 * @name: of a channel, for the file that it reads its settings from.
 * Returns 0; -EBUSY when another one did not end, or is not ours; -ETIMEDOUT;
 * -EIO when it ended itself; -errno. */
int roudi_start(const char *name, uint64_t chunk_bytes, uint64_t count,
	struct roudi *ret_roudi);

/* roudi_stop - end it, and remove what it made. Accepts one never started. */
void roudi_stop(struct roudi *roudi);

/* roudi_clean - remove what a dead RouDi of this user left, unless another one
 * runs by now. Waits as long as @patience_ns for the dead one to be gone. */
void roudi_clean(uint64_t patience_ns);

/* roudi_forget - remove the sockets of the programs called @name.SOMETHING. */
void roudi_forget(const char *name);

#endif
