/* segment.h - create, validate, attach, detach: the way in for all three
 * products.
 */
#ifndef MIPC_SEGMENT_H
#define MIPC_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

struct mipc_memory;
struct mipc_options;

/* A handle's private half. The geometry in here was checked once and is what
 * counts; the shared copy is never read again. */
struct segment {
	struct mipc_segment *shared;
	uint8_t *data;
	uint64_t capacity_bytes;
	uint64_t unit_bytes; /* the pages that the file is made of */
	size_t file_bytes;
	size_t map_bytes; /* mirror included */
	/* Of this handle alone, and never mapped: it carries the byte lock,
	 * which a mapping that a child inherits would keep alive. */
	int fd;
	int share_fd;		     /* to be passed on; -1: it has a name */
	uint32_t party;		     /* our slot */
	uint32_t generation;	     /* of us in it */
	_Atomic uint32_t epoch;	     /* segment_epoch when we attached */
	_Atomic unsigned vain_polls; /* of locks: see lock.c */
	_Atomic uint64_t dead_found; /* parties: see struct mipc_stats */
	uint64_t home_namespace;
	bool at_home; /* in the namespace that thread ids are meant in */
	/* bury - called under the attach lock when @slot's last party is known
	 * to be dead: free what names it. @slot MIPC_PARTY_COUNT: nobody at all
	 * is alive. NULL: nothing can. */
	void (*bury)(struct segment *segment, uint32_t slot);
	/* join - called under the attach lock as soon as this handle is a
	 * party, before anybody can find a new segment: take what it needs.
	 * Returns 0 or the error that attaching ends with. NULL: nothing. */
	int (*join)(struct segment *segment);
	/* spoil - the file was taken away from under the mapping: have every
	 * later call fail. In a signal handler: atomic stores only. */
	void (*spoil)(struct segment *segment);
	/* 0, or what each wait of this handle ends with. */
	_Atomic int wait_error;
	/* Calls of this process that wait, or have waited and go on. */
	_Atomic unsigned waiting;
	struct segment *next, **link; /* all handles of this process */
};

/* Counts the forks above this process: a handle of another epoch is a copy of
 * the parent's and must attach anew. */
extern uint32_t segment_epoch;

/* segment_create - make a segment and attach to it.
 * @capacity_bytes: of data, for a mirrored kind a power of two of pages; if the
 *   file's pages are larger than that, one of these.
 * @segment: ->bury and ->join are set by the caller before.
 * Returns 0; -EEXIST; -ENOSPC; -errno. On error nothing was made. */
int segment_create(struct segment *segment, const char *name,
	enum mipc_kind kind, uint64_t capacity_bytes,
	const struct mipc_options *options);

/* segment_open - check everything, map it, attach.
 * Returns 0; -ENOENT; -EILSEQ; -EPROTOTYPE; -EPROTO; -EBADMSG; -ENOSPC; -EBUSY;
 * -errno. On error nothing was changed. */
int segment_open(struct segment *segment, const char *name, enum mipc_kind kind,
	const struct mipc_options *options);

/* segment_from_fd - the same for a descriptor. @fd: caller keeps. */
int segment_from_fd(struct segment *segment, int fd, enum mipc_kind kind,
	const struct mipc_options *options);

/* segment_cancel - from now on no call on this handle waits: -ECANCELED. */
void segment_cancel(struct segment *segment);

/* segment_drain - the same, and return when none of this process's threads is in
 * a call that waited. Before the handle is taken apart. */
void segment_drain(struct segment *segment);

/* segment_spoil - see ->spoil. Async-signal-safe. */
void segment_spoil(struct segment *segment);

/* segment_read_header - what the file says of itself, of whatever kind, checked
 * against its real size. Returns 0; -EILSEQ; -EPROTO; -EBADMSG; -errno. */
int segment_read_header(
	int fd, uint64_t file_bytes, struct mipc_header *ret_header);

/* segment_share_fd - the descriptor to pass on: the segment's, valid until it is
 * closed. Returns it; -ENOTSUP (it has a name). */
int segment_share_fd(const struct segment *segment);

/* segment_memory - what the memory is made of. Touches all of it.
 * Returns 0; -EINVAL; -ENOTSUP; -errno. */
int segment_memory(
	const struct segment *segment, struct mipc_memory *ret_memory);

void segment_close(struct segment *segment);

/* segment_unlink - only if it is one of ours, and of this kind. */
int segment_unlink(const char *name, enum mipc_kind kind);

/* segment_reattach - in a forked child: become a party of our own.
 * Returns 0; -ENOSPC; -EBUSY; -errno. */
int segment_reattach(struct segment *segment);

/* segment_is_ours - did this process attach it, not a parent? */
static inline bool segment_is_ours(const struct segment *segment)
{
	/* acquire: pairs with the release in remember() and
	 * segment_reattach(); the party comes with it */
	return atomic_load_explicit(&segment->epoch, memory_order_acquire) ==
	       segment_epoch;
}

/* segment_enter - at the start of every call on a handle. */
static inline int segment_enter(struct segment *segment)
{
	if (__builtin_expect(segment_is_ours(segment), 1))
		return 0;
	return segment_reattach(segment);
}

/* The segment on which this thread's call has waited: it is counted in there
 * until the call returns. */
extern _Thread_local struct segment *segment_waiting
	__attribute__((tls_model("initial-exec")));

/* segment_wait_begin - a call is about to wait, which is slow anyhow: have
 * segment_close() wait for it. Any number of times in a call.
 * Returns 0; -ECANCELED, -EBADMSG: it must not wait. */
int segment_wait_begin(struct segment *segment);

/* segment_wait_error - 0, or what a wait must end with now. */
static inline int segment_wait_error(const struct segment *segment)
{
	/* relaxed: seen some time; nothing else goes with it */
	return atomic_load_explicit(&segment->wait_error, memory_order_relaxed);
}

void segment_wait_done(void);

/* segment_wait_end - at the end of every call that may have waited: from here on
 * it does not touch the handle. */
static inline void segment_wait_end(void)
{
	if (__builtin_expect(segment_waiting != NULL, 0))
		segment_wait_done();
}

/* segment_round_capacity - up to a power of two of at least a page.
 * Returns 0; -EINVAL. */
int segment_round_capacity(uint64_t wanted_bytes, uint64_t *ret_bytes);

#endif
