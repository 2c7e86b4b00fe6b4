/* progress.c - done/total, round, time left, what is being measured.
 *
 * Slices differ: one of a crash case takes as long as its kills do. So what is
 * left is reckoned in planned time, not in slices, and stretched by as much as
 * what is done has taken longer than planned.
 */
#include "base/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"

enum { REDRAW_NS = 100000000 };

struct progress progress_start(
	size_t total, uint64_t total_ns, uint64_t first_ns)
{
	return (struct progress){
		.shown = isatty(STDERR_FILENO),
		.total = total,
		.total_ns = total_ns,
		.first_ns = first_ns,
		.started_ns = deadline_clock_ns(CLOCK_MONOTONIC),
	};
}

int64_t progress_left_s(
	const struct progress *progress, uint64_t done_ns, uint64_t elapsed_ns)
{
	double stretch;

	if (done_ns <= progress->first_ns || done_ns > progress->total_ns)
		return -1;
	stretch = (double)elapsed_ns / (double)(done_ns - progress->first_ns);
	return (int64_t)(stretch * (double)(progress->total_ns - done_ns) /
			 1e9);
}

void progress_step(struct progress *progress, size_t done, uint64_t done_ns,
	unsigned round, const char *what)
{
	char left[32] = "", rounds[32] = "";
	uint64_t now_ns;
	int64_t left_s;

	if (!progress->shown)
		return;
	now_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	if (progress->drawn_ns && now_ns - progress->drawn_ns < REDRAW_NS)
		return;
	progress->drawn_ns = now_ns;
	left_s = progress_left_s(
		progress, done_ns, now_ns - progress->started_ns);
	if (left_s >= 3600)
		snprintf(left, sizeof(left), "%ld:%02ld:%02ld left  ",
			(long)(left_s / 3600), (long)(left_s / 60 % 60),
			(long)(left_s % 60));
	else if (left_s >= 0)
		snprintf(left, sizeof(left), "%ld:%02ld left  ",
			(long)(left_s / 60), (long)(left_s % 60));
	if (round > 0)
		snprintf(rounds, sizeof(rounds), "round %u  ", round);
	fprintf(stderr, "\r\033[K%zu/%zu  %s%s%.50s", done, progress->total,
		rounds, left, what);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
}
