/* trace.c - a call's instructions in shared memory, and where to plant for each.
 *
 * To come to step k fast, a process lets the call run up to a breakpoint, past it
 * as often as the call was there before, and goes on by single steps. Each visit
 * too many costs two traps, each step one; the anchor is where that is least. In
 * straight code each step is its own anchor; what is reached in the tenth turn of
 * a loop begins with the tenth visit to the loop, not with a thousand steps.
 *
 * A recorder that dies leaves the steps up to its death, without @complete.
 */
#include "step/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

static void unmap(struct crash_trace *trace)
{
	munmap(trace, trace->mapped_bytes);
}

int trace_create(size_t limit, struct crash_trace **ret_trace)
{
	struct crash_trace *trace;
	size_t bytes;

	if (!limit || limit >= UINT32_MAX)
		return -EINVAL;
	bytes = sizeof(*trace) + limit * sizeof(trace->steps[0]);
	/* Not shared_map(), which touches every page of it. */
	trace = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (trace == MAP_FAILED)
		return -ENOMEM;
	trace->mapped_bytes = bytes;
	trace->limit = limit;
	*ret_trace = trace;
	return 0;
}

void trace_destroy(struct crash_trace *trace)
{
	if (trace)
		unmap(trace);
}

void trace_clear(struct crash_trace *trace)
{
	size_t mapped_bytes = trace->mapped_bytes;
	size_t limit = trace->limit;

	/* All pages anew; where the system cannot, the old ones do. */
	(void)madvise(trace, mapped_bytes, MADV_REMOVE);
	trace->mapped_bytes = mapped_bytes;
	trace->limit = limit;
	trace->count = 0;
	trace->complete = false;
	trace->truncated = false;
}

/* How often an address was come to. */
struct visits {
	uint64_t address; /* 0: nobody has this slot */
	uint32_t count;
};

static struct visits *visits_to(
	struct visits *set, size_t slots, uint64_t address)
{
	size_t i = (size_t)(address * UINT64_C(0x9e3779b97f4a7c15) >> 20);

	for (i &= slots - 1; set[i].address; i = (i + 1) & (slots - 1))
		if (set[i].address == address)
			break;
	set[i].address = address;
	return &set[i];
}

int trace_finish(struct crash_trace *trace, bool (*can_plant)(uint64_t address))
{
	uint32_t anchor = TRACE_NO_ANCHOR;
	size_t traps = 0; /* to the step before, from its anchor */
	size_t slots = 64;
	struct visits *set;

	while (slots < 2 * trace->count)
		slots *= 2;
	set = calloc(slots, sizeof(*set));
	if (!set)
		return -ENOMEM;
	for (size_t i = 0; i < trace->count; i++) {
		struct trace_step *step = &trace->steps[i];
		uint32_t earlier =
			visits_to(set, slots, step->address)->count++;
		size_t here = 2 * (size_t)earlier + 1;

		traps++;
		step->earlier = earlier;
		if ((anchor == TRACE_NO_ANCHOR || here <= traps) && can_plant &&
			can_plant(step->address)) {
			anchor = (uint32_t)i;
			traps = here;
		}
		step->anchor = anchor;
	}
	free(set);
	trace->complete = !trace->truncated;
	return 0;
}

size_t trace_differs(
	const struct crash_trace *one, const struct crash_trace *other)
{
	size_t i;

	for (i = 0; i < one->count && i < other->count; i++)
		if (one->steps[i].address != other->steps[i].address ||
			one->steps[i].flags != other->steps[i].flags)
			return i;
	return one->count == other->count ? SIZE_MAX : i;
}
