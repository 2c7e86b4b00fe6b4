/* timeline.c - one story out of many workers' memories.
 *
 * All tracks and the parent's own deeds, sorted by time. Of thousands of lines
 * those are shown that are nearest to the moment in question, and besides the
 * last one of each worker, as that is where it stands if it hangs.
 *
 * Events are older than what a ring holds where the others went on for long:
 * then only the deeds tell of that moment, and what each victim was doing, which
 * is noted with the deed.
 */
#include "recorder/timeline.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/wrap.h"
#include "step/whence.h"

enum {
	LINES_BEFORE = 16, /* the moment ... */
	LINES_AFTER = 14,
	LINE_HEAD_BYTES = 128,
	LINE_INDENT = 42, /* of what a long line goes on with */
	/* Of one place, where few can be kept. */
	EACH_LAST = 6,
	EACH_BEFORE = 4,
	EACH_AFTER = 8,
};

static_assert(EACH_LAST + EACH_BEFORE + EACH_AFTER == TIMELINE_EACH,
	"who makes room for them counts on it");

struct line {
	uint64_t at_ns;
	const struct timeline_deed *deed; /* NULL: an event */
	struct recorder_view event;
	unsigned place;
	bool last; /* of its worker */
};

int timeline_add(struct timeline *timeline, const struct timeline_deed *deed,
	const uint64_t *sent)
{
	if (timeline->count == timeline->room) {
		size_t room = timeline->room ? 2 * timeline->room : 128;
		struct timeline_deed *deeds =
			realloc(timeline->deeds, room * sizeof(*deeds));
		uint64_t *counts;

		if (!deeds)
			return -ENOMEM;
		timeline->deeds = deeds;
		counts = realloc(timeline->sent,
			room * timeline->producers * sizeof(*counts));
		if (!counts)
			return -ENOMEM;
		timeline->sent = counts;
		timeline->room = room;
	}
	memcpy(timeline->sent + timeline->count * timeline->producers, sent,
		timeline->producers * sizeof(*sent));
	timeline->deeds[timeline->count++] = *deed;
	return 0;
}

uint64_t timeline_sent(
	const struct timeline *timeline, uint32_t number, uint64_t sequence)
{
	unsigned place = number; /* those who were there from the beginning */
	size_t from = 0;

	for (size_t i = 0; number >= timeline->producers; i++) {
		const struct timeline_deed *deed = &timeline->deeds[i];

		if (i == timeline->count)
			return 0;
		if (deed->killed || deed->place >= timeline->producers ||
			deed->number != number)
			continue;
		place = deed->place;
		from = i;
		break;
	}
	for (size_t i = from; i < timeline->count; i++)
		if (timeline->sent[i * timeline->producers + place] > sequence)
			return timeline->deeds[i].at_ns;
	return 0;
}

char *timeline_place(
	unsigned producers, unsigned place, char text[TIMELINE_PLACE_BYTES])
{
	snprintf(text, TIMELINE_PLACE_BYTES, "%s %u",
		place < producers ? "producer" : "consumer",
		place < producers ? place : place - producers);
	return text;
}

static int line_order(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

/* All that there is of one place. */
static size_t gather_track(const struct recorder *recorder, unsigned place,
	struct timeline_event *events)
{
	struct timeline_event event = {.place = place};
	size_t count = 0;

	for (unsigned back = 0;
		recorder_last(&recorder->tracks[place], back, &event.view);
		back++) {
		event.last = back == 0;
		events[count++] = event;
	}
	return count;
}

size_t timeline_gather(const struct recorder *recorder, uint64_t since_ns,
	uint64_t around_ns, struct timeline_event *events, size_t room)
{
	static struct timeline_event
		all[RECORDER_EVENTS]; /* the newest first */
	size_t count = 0;

	for (unsigned place = 0; place < recorder->track_count; place++) {
		size_t made = gather_track(recorder, place, all), after = 0;

		while (after < made && all[after].view.at_ns >= around_ns)
			after++;
		for (size_t i = 0; i < made && count < room; i++) {
			bool near = i < after + EACH_BEFORE &&
				    i + EACH_AFTER >= after;

			if (all[i].view.at_ns < since_ns)
				break;
			if (near || i < EACH_LAST)
				events[count++] = all[i];
		}
	}
	return count;
}

static struct line *make_lines(const struct timeline *timeline,
	const struct timeline_event *events, size_t event_count,
	size_t *ret_count)
{
	struct line *lines =
		calloc(timeline->count + event_count + 1, sizeof(*lines));
	size_t count = 0;

	if (!lines)
		return NULL;
	for (size_t i = 0; i < timeline->count; i++)
		lines[count++] = (struct line){
			.at_ns = timeline->deeds[i].at_ns,
			.deed = &timeline->deeds[i],
			.place = timeline->deeds[i].place,
		};
	for (size_t i = 0; i < event_count; i++)
		lines[count++] = (struct line){
			.at_ns = events[i].view.at_ns,
			.event = events[i].view,
			.place = events[i].place,
			.last = events[i].last,
		};
	qsort(lines, count, sizeof(*lines), line_order);
	*ret_count = count;
	return lines;
}

static void print_event(const struct timeline *timeline,
	const struct recorder_view *event, FILE *out)
{
	if (timeline->phases)
		fprintf(out, "[%s] ", timeline->phases[event->phase]);
	fputs(event->operation == RECORDER_CALL && timeline->call
			? timeline->call
			: recorder_operation_name(event->operation),
		out);
	if (event->sequence != RECORDER_UNNUMBERED)
		fprintf(out, " %" PRIu64, event->sequence);
	if (event->code == RECORDER_RUNS)
		fputs(": has not come back", out);
	else if (event->code < 0)
		fprintf(out, ": %s after %.1f us", strerror(-event->code),
			event->took_ns / 1e3);
	else
		fprintf(out, ": %d after %.1f us", event->code,
			event->took_ns / 1e3);
}

/* What was done to who has the place, or became of it. */
static void print_deed(const struct timeline *timeline,
	const struct timeline_deed *deed, FILE *out)
{
	char whence[WHENCE_TEXT_BYTES];

	fprintf(out, "%s%s", deed->what,
		deed->held ? ", holding the lock" : "");
	if (deed->address)
		fprintf(out, ", at %s", whence_name(deed->address, whence));
	if (deed->doing_known) {
		fputs("; ", out);
		print_event(timeline, &deed->doing, out);
	}
}

static void print_line(const struct timeline *timeline, const struct line *line,
	uint64_t around_ns, FILE *out)
{
	const struct timeline_deed *deed = line->deed;
	char place[TIMELINE_PLACE_BYTES], head[LINE_HEAD_BYTES], *text = NULL;
	size_t bytes;
	FILE *words = open_memstream(&text, &bytes);

	if (!words)
		return;
	if (deed)
		print_deed(timeline, deed, words);
	else
		print_event(timeline, &line->event, words);
	fclose(words);
	snprintf(head, sizeof(head), "%s %+14.1f us  %-11s #%-4u ",
		deed && deed->killed ? "==>" : "   ",
		((double)line->at_ns - (double)around_ns) / 1e3,
		timeline->places ? timeline->places[line->place]
				 : timeline_place(timeline->producers,
					   line->place, place),
		deed ? deed->number : line->event.number);
	if (text)
		wrap_put(out, head, LINE_INDENT, "", text);
	free(text);
}

void timeline_print(const struct timeline *timeline,
	const struct recorder *recorder, uint64_t around_ns, FILE *out)
{
	struct timeline_event *events =
		calloc((size_t)recorder->track_count * RECORDER_EVENTS + 1,
			sizeof(*events));
	size_t count = 0;

	if (!events)
		return;
	for (unsigned place = 0; place < recorder->track_count; place++)
		count += gather_track(recorder, place, events + count);
	timeline_print_events(timeline, events, count, around_ns, out);
	free(events);
}

void timeline_print_events(const struct timeline *timeline,
	const struct timeline_event *events, size_t event_count,
	uint64_t around_ns, FILE *out)
{
	size_t count = 0, middle = 0, from, until, left = 0;
	struct line *lines = make_lines(timeline, events, event_count, &count);

	if (!lines)
		return;
	while (middle < count && lines[middle].at_ns < around_ns)
		middle++;
	from = middle > LINES_BEFORE ? middle - LINES_BEFORE : 0;
	until = middle + LINES_AFTER < count ? middle + LINES_AFTER : count;
	for (size_t i = 0; i < count; i++) {
		bool near = i >= from && i < until;

		if (!near && !lines[i].last) {
			left++;
			continue;
		}
		if (left)
			fprintf(out, "    ... %zu more ...\n", left);
		left = 0;
		print_line(timeline, &lines[i], around_ns, out);
	}
	if (left)
		fprintf(out, "    ... %zu more ...\n", left);
	free(lines);
}

void timeline_free(struct timeline *timeline)
{
	free(timeline->deeds);
	free(timeline->sent);
	*timeline = (struct timeline){0};
}
