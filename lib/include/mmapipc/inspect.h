/* inspect.h - what state is it in? For people, monitors and tests.
 *
 * Looks at a segment from outside: opens its file for reading, reads it, and
 * closes it. It attaches as nobody, maps nothing, changes nothing, takes no lock
 * and makes nobody wait; it works when all users are dead, on a file that one
 * may only read, and on a damaged one, of which it says so.
 *
 * Whatever it tells was so a moment ago. Others go on meanwhile: where a number
 * could not be had of one and the same moment, the field says that it is not
 * known.
 *
 * Source: docs/design.md, "Looking in from outside".
 */
#ifndef MMAPIPC_INSPECT_H
#define MMAPIPC_INSPECT_H

#include <stdbool.h>
#include <sys/types.h>

#include <mmapipc/mmapipc.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mipc_object {
	MIPC_OBJECT_SHM = 1,
	MIPC_OBJECT_RING = 2,
	MIPC_OBJECT_QUEUE = 3,
};

enum { MIPC_PARTIES_MAX = 64 };

/* A handle that is attached, or whose process died and nobody has attached since
 * to clear its place. */
struct mipc_party_info {
	uint32_t slot;
	pid_t pid; /* as it saw itself, in its own pid namespace */
	bool alive;
	bool produces, consumes; /* ring: the roles it holds */
	/* Queue: records in its hands, and for how long, without a pause, it
	 * has had at least one. Times are 0 when nothing is held or they are
	 * not known, else to about 10 ms. */
	uint64_t reservations;
	uint64_t leases;
	uint64_t reserving_ns;
	uint64_t leasing_ns;
	uint64_t reserved[2];
};

/* Of a queue, one for the producers and one for the consumers. */
struct mipc_lock_info {
	bool held;
	bool holder_known; /* of one that has just taken it: not yet */
	bool holder_alive;
	bool orphaned; /* its last holder died with it: who comes next repairs */
	bool awaited;  /* somebody may be asleep for it */
	pid_t holder;  /* 0: not known */
	uint32_t slot; /* the holder's party, when it is known */
	/* For how long at least: since the first one fell asleep for this very
	 * hold; nobody reads a clock to take a lock. 0: nobody has. */
	uint64_t held_ns;
	uint64_t recoveries; /* times it was taken over from the dead */
	uint64_t reserved[2];
};

struct mipc_info {
	enum mipc_object object;
	uint32_t layout_version;
	uint64_t capacity_bytes;
	/* Ring and queue: in use, headers and padding included. */
	uint64_t used_bytes;
	/* All that ever went in and out, by position: as used_bytes. */
	uint64_t bytes_in, bytes_out;
	/* Queue: how many messages these were. */
	uint64_t messages_in, messages_out;
	/* Are the next ones known? Not while others go on too fast. */
	bool counted;
	uint64_t messages; /* in it, in whatever state */
	uint64_t ready;	   /* waiting to be taken */
	/* Queue only. */
	uint64_t reserved_count; /* being filled in place */
	uint64_t leased;
	uint64_t done;	       /* taken, behind one that is not */
	uint64_t dead_letters; /* see struct mipc_options */
	/* Reserved or leased by who is dead or has left: a survivor that waits
	 * will settle them. */
	uint64_t orphans;
	uint32_t dead_letter_after;
	struct mipc_lock_info producers, consumers;
	/* Ring only: had it a producer or a consumer that has gone? */
	bool producer_left, consumer_left;
	unsigned alive; /* parties that are */
	unsigned party_count;
	struct mipc_party_info parties[MIPC_PARTIES_MAX];
	/* Zero; room for what later versions add. */
	uint64_t reserved[16];
};

/* mipc_inspect - look at the object called @name, of whatever kind.
 * @name: as for create and open.
 * Needs to be allowed to read the file, whoever's it is.
 * Progress: bounded; reads at most the object a few times over. Thread-safe.
 * Returns 0; -ENOENT; -ELOOP; -EILSEQ (no object of ours); -EPROTO (of another
 * layout); -EBADMSG (damaged); -ENAMETOOLONG; others as open(2).
 *
 * mipc_inspect_fd - the same for a descriptor, such as mipc_queue_fd()'s.
 * @fd: of the object's file, open for reading. Caller keeps. What is attached
 *   through this very descriptor (never so with ours) looks dead.
 * Returns the same; -EBADF. */
int mipc_inspect(const char *name, struct mipc_info *ret_info);
int mipc_inspect_fd(int fd, struct mipc_info *ret_info);

#ifdef __cplusplus
}
#endif

#endif
