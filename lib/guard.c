/* guard.c - to outlive a peer that takes the file away from under us.
 *
 * The file of a named segment can be truncated by whoever may write it, and no
 * seal prevents that. The next access to a page that is gone is SIGBUS, and
 * there is no asking beforehand that would not be too late. So, for programs that
 * want it, a handler of that signal puts zeroes in the place of what is gone,
 * and marks the handle: the call that met the hole goes on, as over any other
 * nonsense that a peer may write; the next one, and every wait, is -EBADMSG.
 * It costs the calls nothing.
 *
 * The zeroes are private and reach from the page of the fault to the end of the
 * mapping: what lies behind a truncation is gone as well, and a copy of a megabyte
 * is one signal, not 256. What lies before it stays the file's, so a lock that is
 * held there is released for all.
 *
 * The handler may interrupt anything, so it takes no lock: it walks a list of
 * watches that only grows. A watch is used again after its segment was unmapped,
 * never freed. Its `end` is 0 while it is not in use or being changed:
 *
 *   taking it up   segment, start; then end (G1)
 *   giving it up   end = 0 (G2); the rest stays as it is
 *   the handler    end (G3); the rest; end again (G4), the same or not ours
 *
 * No segment is unmapped while a thread is in it, so the watch that covers the
 * fault, if one does, stands still.
 *
 * What it does not do: make the memory come back; tell a hole from a broken disk;
 * or mend faults in a segment of which another part of the program has taken the
 * signal over since.
 */
#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <mmapipc/mmapipc.h>

#include "platform.h"
#include "segment.h"

struct watch {
	_Atomic uintptr_t start;
	_Atomic uintptr_t end; /* 0: not in use */
	_Atomic(struct segment *) segment;
	struct watch *next; /* constant */
};

static _Atomic(struct watch *) watches;

/* One that is not in use, in the list; NULL: no memory. */
static struct watch *find_watch(void)
{
	/* relaxed, both: only we change them, under the handles' mutex */
	struct watch *first =
		atomic_load_explicit(&watches, memory_order_relaxed);
	struct watch *watch;

	for (watch = first; watch; watch = watch->next)
		if (!atomic_load_explicit(&watch->end, memory_order_relaxed))
			return watch;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return NULL;
	watch->next = first;
	/* release: pairs with the acquire in mend() */
	atomic_store_explicit(&watches, watch, memory_order_release);
	return watch;
}

int guard_watch(struct segment *segment)
{
	uintptr_t start = (uintptr_t)segment->shared;
	struct watch *watch = find_watch();

	if (!watch)
		return -ENOMEM;
	/* relaxed, both: G1 publishes them */
	atomic_store_explicit(&watch->segment, segment, memory_order_relaxed);
	atomic_store_explicit(&watch->start, start, memory_order_relaxed);
	/* G1: pairs with G3 */
	atomic_store_explicit(
		&watch->end, start + segment->map_bytes, memory_order_release);
	return 0;
}

void guard_unwatch(const struct segment *segment)
{
	/* relaxed, all of these: only we change them, under the handles' mutex */
	struct watch *watch =
		atomic_load_explicit(&watches, memory_order_relaxed);

	for (; watch; watch = watch->next)
		if (atomic_load_explicit(&watch->end, memory_order_relaxed) &&
			atomic_load_explicit(&watch->segment,
				memory_order_relaxed) == segment) {
			/* G2 */
			atomic_store_explicit(
				&watch->end, 0, memory_order_relaxed);
			/* Whoever sees what the next user of the watch writes
			 * sees G2, too: pairs with the fence of G4. */
			atomic_thread_fence(memory_order_release);
			return;
		}
}

/* Does @watch cover @address? Then also to where the mapping reaches. */
static struct segment *covers(
	struct watch *watch, uintptr_t address, uintptr_t *ret_end)
{
	/* G3: pairs with G1 */
	uintptr_t end = atomic_load_explicit(&watch->end, memory_order_acquire);
	/* relaxed, all of these: G4 tells whether they belong together */
	uintptr_t start =
		atomic_load_explicit(&watch->start, memory_order_relaxed);
	struct segment *segment =
		atomic_load_explicit(&watch->segment, memory_order_relaxed);

	/* G4: after all of the above. Pairs with G2. */
	atomic_thread_fence(memory_order_acquire);
	if (end == 0 || address < start || address >= end ||
		atomic_load_explicit(&watch->end, memory_order_relaxed) != end)
		return NULL;
	*ret_end = end;
	return segment;
}

/* In the handler. */
static bool mend(void *where)
{
	uintptr_t address = (uintptr_t)where;
	/* acquire: pairs with the release in find_watch() */
	struct watch *watch =
		atomic_load_explicit(&watches, memory_order_acquire);

	for (; watch; watch = watch->next) {
		uintptr_t end, page;
		struct segment *segment = covers(watch, address, &end);

		if (!segment)
			continue;
		/* Marked first: who sees the zeroes knows what they are. */
		segment_spoil(segment);
		/* Whole pages of the file: it is mapped from such a one on. */
		page = address - address % segment->unit_bytes;
		return !platform_map_zeroes((void *)page, end - page);
	}
	return false;
}

int mipc_guard_sigbus(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static bool installed;
	int err = 0;

	pthread_mutex_lock(&mutex);
	if (!installed)
		err = platform_catch_bus_errors(mend);
	installed = !err;
	pthread_mutex_unlock(&mutex);
	return err;
}
