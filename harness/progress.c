/* progress.c - done/total, time left, what is being measured. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "deadline.h"

enum { REDRAW_NS = 100000000 };

struct progress progress_start(size_t total)
{
	return (struct progress){
		.shown = isatty(STDERR_FILENO),
		.total = total,
		.started_ns = deadline_clock_ns(CLOCK_MONOTONIC),
	};
}

void progress_step(struct progress *progress, size_t done, const char *what)
{
	uint64_t now_ns, left_s;

	if (!progress->shown)
		return;
	now_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	if (progress->drawn_ns && now_ns - progress->drawn_ns < REDRAW_NS)
		return;
	progress->drawn_ns = now_ns;
	if (done == 0) {
		fprintf(stderr, "\r\033[K%zu/%zu  %.50s", done, progress->total,
			what);
		return;
	}
	left_s = (uint64_t)((double)(now_ns - progress->started_ns) /
			    (double)done * (double)(progress->total - done) /
			    1e9);
	fprintf(stderr, "\r\033[K%zu/%zu  %lu:%02lu left  %.50s", done,
		progress->total, (unsigned long)(left_s / 60),
		(unsigned long)(left_s % 60), what);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
}
