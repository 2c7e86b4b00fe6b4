/* recorder.c - making a recorder, and reading what the dead have left in it.
 *
 * The newest event of a track may be half written, in the place of the oldest
 * one: so one less is read than there is room for.
 */
#include "recorder/recorder.h"

#include <sys/mman.h>

static size_t recorder_bytes(unsigned track_count)
{
	return sizeof(struct recorder) +
	       track_count * sizeof(struct recorder_track);
}

struct recorder *recorder_create(unsigned track_count)
{
	struct recorder *recorder = mmap(NULL, recorder_bytes(track_count),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (recorder == MAP_FAILED)
		return NULL;
	recorder->track_count = track_count;
	return recorder;
}

void recorder_free(struct recorder *recorder)
{
	if (recorder)
		munmap(recorder, recorder_bytes(recorder->track_count));
}

struct recording recorder_begin_track(
	struct recorder *recorder, unsigned index, uint32_t number)
{
	struct recorder_track *track = &recorder->tracks[index];

	return (struct recording){
		.track = track,
		.alarm = &recorder->alarm,
		.number = number,
		/* relaxed: who wrote it before is dead */
		.made = atomic_load_explicit(
			&track->made, memory_order_relaxed),
	};
}

bool recorder_last(const struct recorder_track *track, unsigned back,
	struct recorder_view *ret_view)
{
	/* relaxed, all: see recorder.h */
	uint64_t made =
		atomic_load_explicit(&track->made, memory_order_relaxed);
	const struct recorder_event *event;
	uint32_t what;

	if (back >= made || back >= RECORDER_EVENTS - 1)
		return false;
	event = &track->events[(made - 1 - back) % RECORDER_EVENTS];
	what = atomic_load_explicit(&event->what, memory_order_relaxed);
	*ret_view = (struct recorder_view){
		.at_ns = atomic_load_explicit(
			&event->at_ns, memory_order_relaxed),
		.sequence = atomic_load_explicit(
			&event->sequence, memory_order_relaxed),
		.took_ns = atomic_load_explicit(
			&event->took_ns, memory_order_relaxed),
		.number = atomic_load_explicit(
			&event->number, memory_order_relaxed),
		.code = atomic_load_explicit(
			&event->code, memory_order_relaxed),
		.operation = (enum recorder_operation)(what & 0xff),
		.phase = what >> 8,
	};
	return true;
}

uint32_t recorder_messages(const struct recorder_track *track, uint64_t bin)
{
	/* relaxed: about how many, and long ago */
	uint64_t seen = atomic_load_explicit(
		&track->bins[bin % RECORDER_BINS], memory_order_relaxed);

	if (seen >> RECORDER_BIN_SHIFT !=
		(bin & (UINT64_MAX >> RECORDER_BIN_SHIFT)))
		return 0;
	return (uint32_t)(seen & ((1u << RECORDER_BIN_SHIFT) - 1));
}

const char *recorder_operation_name(enum recorder_operation operation)
{
	static const char *const names[] = {
		[RECORDER_ATTACH] = "attach",
		[RECORDER_SEND] = "send",
		[RECORDER_RECEIVE] = "receive",
		[RECORDER_DETACH] = "detach",
		[RECORDER_CALL] = "call",
	};

	return operation <= RECORDER_CALL ? names[operation] : "?";
}
