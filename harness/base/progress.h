/* progress.h - one line that says how far a run is, on a terminal only. */
#ifndef IPCMARK_BASE_PROGRESS_H
#define IPCMARK_BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool shown; /* standard error is a terminal */
	size_t total;
	uint64_t total_ns; /* as planned; the clock says how true that is */
	uint64_t first_ns; /* of it was done before this run went on */
	uint64_t started_ns;
	uint64_t drawn_ns;
};

/* progress_start - @total slices, planned to take @total_ns, of which @first_ns
 * are done already. */
struct progress progress_start(
	size_t total, uint64_t total_ns, uint64_t first_ns);

/* progress_step - @done of the total, planned to take @done_ns, are done, @what
 * of round @round (0: of none) comes next. Redrawn at most some times a
 * second. */
void progress_step(struct progress *progress, size_t done, uint64_t done_ns,
	unsigned round, const char *what);

/* progress_left_s - seconds left, when @elapsed_ns went by since the start and
 * @done_ns of the plan are done. -1: nobody can know yet. */
int64_t progress_left_s(
	const struct progress *progress, uint64_t done_ns, uint64_t elapsed_ns);

/* progress_end - take the line away. */
void progress_end(struct progress *progress);

#endif
