/* fault_series.c - throughput around kills.
 *
 * Workers count what gets through in bins of RECORDER_BIN_NS of the clock, so
 * what is seen does not depend on when the parent, one process too many for the
 * CPUs, gets to run. Here a kill's neighbourhood is cut out of that, its zero
 * being the bin of the kill: it is off by less than one of those bins, a
 * twentieth of one shown.
 *
 * What is nearer to another kill of the same role is unknown: its dip would show
 * as this one's. A bin is shown with the kills that know it.
 */
#include "run/fault_series.h"

#include <errno.h>
#include <stdlib.h>

#include "recorder/recorder.h"

enum {
	FINE = AROUND_BIN_NS / RECORDER_BIN_NS, /* bins in one that is shown */
	SIDE = AROUND_BEFORE * FINE,		/* looked at for standstills */
	AFTER_NS = (AROUND_BINS - AROUND_BEFORE) * AROUND_BIN_NS,
	PAUSE_NS = 1000000,
};

int fault_series_add(struct fault_series *series, uint64_t killed_ns)
{
	if (series->count == series->room) {
		size_t room = series->room ? 2 * series->room : 64;
		struct fault_row *rows =
			realloc(series->rows, room * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		series->rows = rows;
		series->room = room;
	}
	series->rows[series->count++] =
		(struct fault_row){.killed_ns = killed_ns};
	return 0;
}

static uint32_t messages_in(const struct recorder_track *tracks,
	unsigned track_count, uint64_t fine_bin)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < track_count; i++)
		sum += recorder_messages(&tracks[i], fine_bin);
	return sum;
}

/* The longest run of fine bins without a message, of SIDE from @first on. */
static uint64_t standing_ns(const struct recorder_track *tracks,
	unsigned track_count, uint64_t first)
{
	unsigned run = 0, longest = 0;

	for (unsigned i = 0; i < SIDE; i++) {
		run = messages_in(tracks, track_count, first + i) ? 0 : run + 1;
		if (run > longest)
			longest = run;
	}
	return (uint64_t)longest * RECORDER_BIN_NS;
}

/* Row @at, as far as neither of its neighbours is nearer. */
static void read_row(struct fault_series *series, size_t at,
	const struct recorder_track *tracks, unsigned track_count)
{
	struct fault_row *row = &series->rows[at];
	uint64_t zero = row->killed_ns / RECORDER_BIN_NS;
	uint64_t from_ns = at ? row[-1].killed_ns : 0;
	uint64_t until_ns =
		at + 1 < series->count ? row[1].killed_ns : UINT64_MAX;

	for (unsigned bin = 0; bin < AROUND_BINS; bin++) {
		uint64_t fine = zero + (uint64_t)bin * FINE - SIDE;
		uint64_t begin_ns = fine * RECORDER_BIN_NS;

		row->messages[bin] = AROUND_UNKNOWN;
		if (begin_ns <= from_ns || begin_ns + AROUND_BIN_NS > until_ns)
			continue;
		row->messages[bin] = 0;
		for (unsigned i = 0; i < FINE; i++)
			row->messages[bin] +=
				messages_in(tracks, track_count, fine + i);
	}
	row->standing_before_ns = standing_ns(tracks, track_count, zero - SIDE);
	row->standing_after_ns = standing_ns(tracks, track_count, zero);
}

void fault_series_read(struct fault_series *series,
	const struct recorder_track *tracks, unsigned track_count,
	uint64_t now_ns, bool all)
{
	while (series->read < series->count) {
		const struct fault_row *row = &series->rows[series->read];

		if (!all &&
			row->killed_ns + AFTER_NS + RECORDER_BIN_NS > now_ns)
			return;
		read_row(series, series->read, tracks, track_count);
		series->read++;
	}
}

static int number_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void sum_bin(const struct fault_series *series, unsigned bin,
	uint32_t *room, struct crash_around *around)
{
	uint64_t sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < series->read; i++) {
		if (series->rows[i].messages[bin] == AROUND_UNKNOWN)
			continue;
		room[count] = series->rows[i].messages[bin];
		sum += room[count++];
	}
	around->mean[bin] = around->low[bin] = around->median[bin] =
		around->high[bin] = AROUND_UNKNOWN;
	if (!count)
		return;
	qsort(room, count, sizeof(*room), number_order);
	around->mean[bin] = (uint32_t)((sum + count / 2) / count);
	around->low[bin] = room[count / 10];
	around->median[bin] = room[count / 2];
	around->high[bin] = room[count - 1 - count / 10];
}

struct crash_around *fault_series_sum(const struct fault_series *series)
{
	struct crash_around *around;
	uint32_t *room;

	if (!series->read)
		return NULL;
	around = calloc(1, sizeof(*around));
	room = calloc(series->read, sizeof(*room));
	if (!around || !room) {
		free(around);
		free(room);
		return NULL;
	}
	around->kills = (unsigned)series->read;
	for (unsigned bin = 0; bin < AROUND_BINS; bin++)
		sum_bin(series, bin, room, around);
	for (size_t i = 0; i < series->read; i++) {
		const struct fault_row *row = &series->rows[i];

		around->pauses_before += row->standing_before_ns >= PAUSE_NS;
		around->pauses += row->standing_after_ns >= PAUSE_NS;
		if (row->standing_after_ns > around->longest_pause_ns)
			around->longest_pause_ns = row->standing_after_ns;
	}
	free(room);
	return around;
}

void fault_series_free(struct fault_series *series)
{
	free(series->rows);
	*series = (struct fault_series){0};
}
