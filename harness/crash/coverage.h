/* coverage.h - at which instructions something was done, and how often.
 *
 * A set of addresses with a few counts each, in memory that all processes forked
 * after its creation share: whoever finds out something adds it, at the same
 * time as others. A process killed while it adds leaves an address without a
 * count, or a count that is one too low; nothing that another has to mend.
 */
#ifndef IPCMARK_CRASH_COVERAGE_H
#define IPCMARK_CRASH_COVERAGE_H

#include <stddef.h>
#include <stdint.h>

#include "step/trace.h"

enum coverage_what {
	COVERAGE_EXECUTED, /* the call has a step there */
	COVERAGE_KILLED,   /* somebody was killed there */
	COVERAGE_STOPPED,  /* stopped */
	COVERAGE_FAILED,   /* a system call was made to fail there */
	COVERAGE_UNDONE,   /* survivors found it as if never called */
	COVERAGE_DONE,	   /* as if it had returned, or in part */
	COVERAGE_VIOLATED, /* something wrong */
	COVERAGE_KINDS,
};

struct crash_coverage;

/* coverage_create - for up to @limit distinct addresses. Returns 0; -EINVAL;
 * -ENOMEM. */
int coverage_create(size_t limit, struct crash_coverage **ret_coverage);
void coverage_destroy(struct crash_coverage *coverage);

/* coverage_add - one more of @what at @address. Lock-free. Returns 0; -ENOSPC:
 * there are more addresses than its limit. */
int coverage_add(struct crash_coverage *coverage, uint64_t address,
	enum coverage_what what);

/* coverage_add_trace - each step of @trace as executed. */
int coverage_add_trace(
	struct crash_coverage *coverage, const struct crash_trace *trace);

struct coverage_entry {
	uint64_t address;
	uint64_t counts[COVERAGE_KINDS];
};

/* coverage_list - all of it, by address; freed with free(). Returns 0; -ENOMEM. */
int coverage_list(const struct crash_coverage *coverage,
	struct coverage_entry **ret_entries, size_t *ret_count);

/* coverage_count - at how many distinct addresses there was @what. */
size_t coverage_count(
	const struct crash_coverage *coverage, enum coverage_what what);

#endif
