/* axes.h - what sets two cases apart, in the words of result.json.
 *
 * A case is a point on these axes. Table, comparison and figures all ask the
 * same things: do two cases differ only here, what is constant in this group,
 * and how is the rest called.
 */
#ifndef IPCMARK_CASE_AXES_H
#define IPCMARK_CASE_AXES_H

#include <stdbool.h>
#include <stddef.h>

#include "case/case.h"

enum axis {
	AXIS_SECTION,
	AXIS_MODE,
	AXIS_TRANSPORT,
	AXIS_MSG_SIZE,
	AXIS_BATCH,
	AXIS_PRODUCERS,
	AXIS_CONSUMERS,
	AXIS_PLACEMENT,
	AXIS_MEMORY,
	AXIS_WAIT,
	AXIS_SPIN,
	AXIS_HUGE,
	AXIS_ACCESS,
	AXIS_CAPACITY,
	AXIS_VERIFY,
	AXIS_RATE,
	AXIS_ARRIVAL,
	AXIS_KILL_AT,
	AXIS_HOLDER_MEMORY,
	AXIS_COUNT,
};

#define AXIS_BIT(axis) (1u << (axis))
#define AXES_ALL ((1u << AXIS_COUNT) - 1)

/* axis_name - the key in result.json; NULL past the end. */
const char *axis_name(enum axis axis);

/* axis_from - the reverse; -1 for an unknown word. Takes a scenario's own word
 * (msg_size) too. */
int axis_from(const char *word);

/* axes_usual - those of @mask on which @bench has what nearly every case has, so
 * that a heading need not say it. */
unsigned axes_usual(const struct bench_case *bench, unsigned mask);

/* axis_takes - can @text be a value of @axis at all? */
bool axis_takes(enum axis axis, const char *text);

/* axis_matches - is @text what @bench has on @axis? Sizes may have units. */
bool axis_matches(
	const struct bench_case *bench, enum axis axis, const char *text);

/* axes_equal - do @a and @b agree on every axis of @mask? */
bool axes_equal(
	const struct bench_case *a, const struct bench_case *b, unsigned mask);

/* axes_text - the values of @bench on the axes of @mask, as a phrase:
 * "64 KiB, batch 32, 2 producers, near, spin". Returns @buffer. */
char *axes_text(const struct bench_case *bench, unsigned mask, char *buffer,
	size_t buffer_bytes);

#endif
