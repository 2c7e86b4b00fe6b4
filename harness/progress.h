/* progress.h - one line that says how far a run is, on a terminal only. */
#ifndef IPCMARK_PROGRESS_H
#define IPCMARK_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool shown; /* standard error is a terminal */
	size_t total;
	uint64_t started_ns;
	uint64_t drawn_ns;
};

struct progress progress_start(size_t total);

/* progress_step - @done of the total are done, @what comes next. Redrawn at most
 * some times a second. */
void progress_step(struct progress *progress, size_t done, const char *what);

/* progress_end - take the line away. */
void progress_end(struct progress *progress);

#endif
