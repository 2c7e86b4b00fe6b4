/* watch.h - a descriptor for poll() that becomes readable when a condition is met.
 *
 * For handles whose owner waits for many things at once, in an event loop. Who
 * does not ask for it pays nothing: no thread, no descriptor.
 */
#ifndef MIPC_WATCH_H
#define MIPC_WATCH_H

#include <stdatomic.h>

#include "event.h"

struct watch;

/* What a handle keeps of it; zero: never asked for. */
struct watch_place {
	struct watch *_Atomic watch;
};

/* watch_fd - the descriptor; made and armed at the first call in a process.
 * @condition: ->met is called by another thread and by watch_arm(), ->hopeless
 *   by that thread alone; both outlive the watch. An error of ->hopeless makes
 *   the descriptor readable too, as there is something to find out.
 * Thread-safe. Returns it, valid until watch_close(); -errno. */
int watch_fd(struct watch_place *place, struct mipc_event *event,
	const struct condition *condition);

/* watch_arm - have the descriptor become readable once the condition is met, and
 * not before. Thread-safe.
 * Returns 1: it is met already, the descriptor is readable; 0; -EINVAL: in this
 * process watch_fd() was not called. */
int watch_arm(struct watch_place *place);

/* watch_close - before the segment goes; by one thread, when no other uses it. */
void watch_close(struct watch_place *place);

#endif
