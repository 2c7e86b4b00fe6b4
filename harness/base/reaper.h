/* reaper.h - clean up after a harness that was killed.
 *
 * What has a name outlives a process that dies of SIGKILL: a System V queue, a
 * folder. A reaper is a process that does nothing but wait for that death and
 * clean up.
 */
#ifndef IPCMARK_BASE_REAPER_H
#define IPCMARK_BASE_REAPER_H

#include <sys/types.h>

/* reaper_start - should this process die before reaper_stop(), @clean is called
 * with @what, as it is now, in another process that has no open files.
 * Returns 0 with the reaper's pid, or -errno. */
int reaper_start(
	void (*clean)(const void *what), const void *what, pid_t *ret_reaper);

/* reaper_stop - after cleaning up oneself. Accepts 0: none. */
void reaper_stop(pid_t reaper);

#endif
