/* ballast.h - memory that a process has, for the sake of having it. */
#ifndef IPCMARK_BASE_BALLAST_H
#define IPCMARK_BASE_BALLAST_H

#include <stddef.h>
#include <stdint.h>

/* ballast_room - how much memory the system could give now; UINT64_MAX where it
 * does not say. */
uint64_t ballast_room(void);

/* ballast_load - from now on this process has so many bytes more, each page of
 * its own and in memory, until it ends. Returns 0; -ENOMEM. */
int ballast_load(uint64_t bytes);

#endif
