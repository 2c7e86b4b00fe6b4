/* trace.h - which instructions one call executed, in order.
 *
 * A trace lies in shared memory, because the process that records it is forked
 * for that one call, and those that are killed later are forked after it. All of
 * them are forked from one process, so an address means the same in each.
 *
 * Its pages are given as they are written: a limit of a million steps costs
 * nothing until it is used.
 */
#ifndef IPCMARK_STEP_TRACE_H
#define IPCMARK_STEP_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trace_flags {
	TRACE_SYSCALL = 1,	  /* it is a system call */
	TRACE_BEHIND_SYSCALL = 2, /* the one before it is */
};

/* No anchor: it can only be reached by steps from the beginning. */
#define TRACE_NO_ANCHOR UINT32_MAX

/* Step k is the moment before the instruction at @address is executed for as
 * many times as it stands in the steps up to k. An iteration of `rep movs` is a
 * step of its own, at the same address. */
struct trace_step {
	uint64_t address;
	/* The step up to this one from which it is reached soonest: by so many
	 * visits to a breakpoint at its address, and steps from there. */
	uint32_t anchor;
	uint32_t flags : 2;    /* of enum trace_flags */
	uint32_t earlier : 30; /* steps before this one at its address */
};

struct crash_trace {
	size_t mapped_bytes;
	size_t limit; /* steps that there is room for */
	size_t count; /* steps there are */
	/* Set last: the call was followed to its end. Not set: the process that
	 * recorded it died, or the call took more than @limit steps. */
	bool complete;
	bool truncated; /* it took more than @limit steps */
	struct trace_step steps[];
};

/* trace_create - an empty trace of up to @limit steps. Returns 0; -EINVAL (0, or
 * more than UINT32_MAX - 1 steps); -ENOMEM. */
int trace_create(size_t limit, struct crash_trace **ret_trace);
void trace_destroy(struct crash_trace *trace);

/* trace_clear - empty again, for another call; gives the memory back. */
void trace_clear(struct crash_trace *trace);

/* trace_add - for who records: one more step, or @truncated. Calls nothing. */
static inline void trace_add(
	struct crash_trace *trace, uint64_t address, uint32_t flags)
{
	if (trace->count == trace->limit) {
		trace->truncated = true;
		return;
	}
	trace->steps[trace->count] =
		(struct trace_step){address, TRACE_NO_ANCHOR, flags, 0};
	trace->count++;
}

/* trace_finish - find each step's anchor and ->earlier. @can_plant: may a breakpoint stand at
 * that address? NULL: nowhere. Sets @complete unless truncated. Returns 0;
 * -ENOMEM. */
int trace_finish(
	struct crash_trace *trace, bool (*can_plant)(uint64_t address));

/* trace_differs - the first step at which the two differ: in address or flags,
 * or because one of them ends there. SIZE_MAX: nowhere. */
size_t trace_differs(
	const struct crash_trace *one, const struct crash_trace *other);

#endif
