/* guard.h - which memory is ours, for the handler of SIGBUS. See guard.c. */
#ifndef MIPC_GUARD_H
#define MIPC_GUARD_H

struct segment;

/* guard_watch - @segment was mapped: a fault in its memory is ours to mend, once
 * the guard is installed. Under the mutex of the process's handles.
 * Returns 0; -ENOMEM.
 *
 * guard_unwatch - before it is unmapped. */
int guard_watch(struct segment *segment);
void guard_unwatch(const struct segment *segment);

#endif
