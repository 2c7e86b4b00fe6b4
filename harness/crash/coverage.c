/* coverage.c - a hash table that forked processes fill together.
 *
 * Open addressing, and nothing is ever taken out, so an address once in a slot
 * stays there: who finds the slot empty takes it by compare-and-swap, who loses
 * looks whose it is now. The counts are sums that nobody waits for.
 */
#include "crash/coverage.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

struct slot {
	_Atomic uint64_t address; /* 0: free */
	_Atomic uint64_t counts[COVERAGE_KINDS];
};

struct crash_coverage {
	size_t mapped_bytes;
	size_t limit;
	size_t slot_count; /* a power of two, at least twice the limit */
	_Atomic size_t used;
	struct slot slots[];
};

int coverage_create(size_t limit, struct crash_coverage **ret_coverage)
{
	struct crash_coverage *coverage;
	size_t slots = 64, bytes;

	if (!limit || limit > SIZE_MAX / 8 / sizeof(struct slot))
		return -EINVAL;
	while (slots < 2 * limit)
		slots *= 2;
	bytes = sizeof(*coverage) + slots * sizeof(coverage->slots[0]);
	coverage = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (coverage == MAP_FAILED)
		return -ENOMEM;
	coverage->mapped_bytes = bytes;
	coverage->limit = limit;
	coverage->slot_count = slots;
	*ret_coverage = coverage;
	return 0;
}

void coverage_destroy(struct crash_coverage *coverage)
{
	if (coverage)
		munmap(coverage, coverage->mapped_bytes);
}

/* The slot of @address, taken for it if it has none. NULL: full. */
static struct slot *slot_of(struct crash_coverage *coverage, uint64_t address)
{
	size_t mask = coverage->slot_count - 1;
	/* The highest bits, too, which may be what two keys differ in. */
	uint64_t folded = address ^ address >> 40;
	size_t i = (size_t)(folded * UINT64_C(0x9e3779b97f4a7c15) >> 20);

	/* Ends: at least half of the slots stay free but for those that were
	 * asking at the same time. */
	for (i &= mask;; i = (i + 1) & mask) {
		struct slot *slot = &coverage->slots[i];
		/* relaxed: the address is all that is read through it */
		uint64_t there = atomic_load_explicit(
			&slot->address, memory_order_relaxed);

		if (there == address)
			return slot;
		if (there)
			continue;
		/* relaxed: a limit, not a promise */
		if (atomic_load_explicit(&coverage->used,
			    memory_order_relaxed) >= coverage->limit)
			return NULL;
		/* relaxed: as above; the counts are zero from the beginning */
		if (atomic_compare_exchange_strong_explicit(&slot->address,
			    &there, address, memory_order_relaxed,
			    memory_order_relaxed)) {
			/* relaxed: as where it is loaded */
			atomic_fetch_add_explicit(
				&coverage->used, 1, memory_order_relaxed);
			return slot;
		}
		if (there == address)
			return slot;
	}
}

int coverage_add(struct crash_coverage *coverage, uint64_t address,
	enum coverage_what what)
{
	struct slot *slot = slot_of(coverage, address);

	if (!slot)
		return -ENOSPC;
	/* relaxed: a count; who reads it has waited for who counted */
	atomic_fetch_add_explicit(&slot->counts[what], 1, memory_order_relaxed);
	return 0;
}

int coverage_add_trace(
	struct crash_coverage *coverage, const struct crash_trace *trace)
{
	int err = 0;

	for (size_t i = 0; i < trace->count && !err; i++)
		err = coverage_add(
			coverage, trace->steps[i].address, COVERAGE_EXECUTED);
	return err;
}

static int by_address(const void *left, const void *right)
{
	const struct coverage_entry *one = left, *other = right;

	return (one->address > other->address) -
	       (one->address < other->address);
}

int coverage_list(const struct crash_coverage *coverage,
	struct coverage_entry **ret_entries, size_t *ret_count)
{
	struct coverage_entry *entries;
	size_t count = 0, room = 64;

	while (room < coverage->limit)
		room *= 2;
	/* As many as there can be; pages are given as they are written. */
	entries = calloc(2 * room, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < coverage->slot_count; i++) {
		const struct slot *slot = &coverage->slots[i];
		struct coverage_entry *entry = &entries[count];

		/* relaxed, as where they are written */
		entry->address = atomic_load_explicit(
			&slot->address, memory_order_relaxed);
		if (!entry->address)
			continue;
		for (int what = 0; what < COVERAGE_KINDS; what++)
			entry->counts[what] = atomic_load_explicit(
				&slot->counts[what], memory_order_relaxed);
		count++;
	}
	qsort(entries, count, sizeof(*entries), by_address);
	*ret_entries = entries;
	*ret_count = count;
	return 0;
}

size_t coverage_count(
	const struct crash_coverage *coverage, enum coverage_what what)
{
	size_t count = 0;

	for (size_t i = 0; i < coverage->slot_count; i++)
		/* relaxed: as where it is written */
		count += atomic_load_explicit(&coverage->slots[i].counts[what],
				 memory_order_relaxed) > 0;
	return count;
}
