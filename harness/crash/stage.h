/* stage.h - one channel of a transport, and two who survive whatever happens on
 * it: a producer and a consumer.
 *
 * Whoever directs holds no endpoint. A survivor that does not answer, or dies, is
 * a verdict; then the stage is spoiled and to be closed.
 */
#ifndef IPCMARK_CRASH_STAGE_H
#define IPCMARK_CRASH_STAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "crash/host.h"
#include "crash/ledger.h"
#include "crash/survivor.h"
#include "recorder/recorder.h"
#include "transport/transport.h"

enum {
	STAGE_SHARE = 3, /* endpoints of a role: survivor, victim, another */
	STAGE_NAME_BYTES = 96,
	STAGE_SAID_MAX = 4, /* messages that a victim can tell of */
};

/* What a victim says in shared memory, if it gets so far. */
struct stage_said {
	_Atomic bool prepared, go; /* where it is to wait in between */
	int ready;		   /* what attaching and preparing came to */
	bool struck; /* it is at its step, and about to strike itself */
	int result;
	bool returned;
	unsigned seen_count;
	struct ledger_message seen[STAGE_SAID_MAX];
};

/* Of the latest SIGSEGV or the like: what it was about, and at which instruction. */
struct stage_fault {
	uint64_t address, code;
};

struct stage_shared {
	struct survivor_mail mails[2];	     /* by role */
	struct stage_said said[STAGE_SHARE]; /* [0]: nobody's */
	struct host_mail host;
	/* A track for each endpoint, producers first. Shared, too, and mapped
	 * before all forks: the address is everybody's. */
	struct recorder *recorder;
	struct stage_fault fault; /* zeroes: none */
};

struct crash_stage {
	/* to be filled in before crash_stage_open() */
	const struct transport *transport;
	const char *spec;
	size_t msg_size_bytes;
	uint64_t patience_ns;
	struct stage_shared *shared; /* for all stages of this process */

	struct channel_config config;
	struct channel *channel;
	struct {
		pid_t pid; /* 0: none now */
		bool attached;
		int status; /* of waitpid(), when it died */
	} survivors[2];
	struct {
		pid_t pid; /* 0: none now */
		unsigned victims;
	} host;
	unsigned phase;	   /* of a trial: survivors note it */
	uint64_t stuck_at; /* where who did not come back stood; 0: unknown */
	uint64_t next_number;
	uint64_t passed; /* messages put since the channel was made */
	bool made;	 /* what EFFECT_MAKES makes */
	bool spoiled;
	bool alone;    /* victims are forked, each with memory of its own */
	bool unhosted; /* one could not be started in a host's */
	char name[STAGE_NAME_BYTES];
};

/* crash_stage_shared - memory for ->shared. NULL: none. */
struct stage_shared *crash_stage_shared(void);
void crash_stage_unshare(struct stage_shared *shared);

/* crash_stage_watch - from now on, children of this process that die of a fault
 * of theirs leave in @shared where that was. */
void crash_stage_watch(struct stage_shared *shared);

/* crash_stage_open - make the channel. @name: unique. Returns 0; -errno. */
int crash_stage_open(struct crash_stage *stage, const char *name);

/* crash_stage_close - end the survivors, by force if need be, and the channel. */
void crash_stage_close(struct crash_stage *stage);

/* crash_stage_alone - only one endpoint of @role at a time? */
bool crash_stage_alone(
	const struct crash_stage *stage, enum endpoint_role role);

/* crash_stage_order - have a survivor do something and wait for its answer, which
 * is in stage_answer() then. Returns VERDICT_UNDONE; VERDICT_HANG;
 * VERDICT_CRASHED. */
enum verdict crash_stage_order(struct crash_stage *stage,
	enum endpoint_role role, const struct survivor_order *order);

/* crash_stage_give, crash_stage_await - the two halves of it.
 * @patience_ns: how long. */
enum verdict crash_stage_give(struct crash_stage *stage,
	enum endpoint_role role, const struct survivor_order *order);
enum verdict crash_stage_await(struct crash_stage *stage,
	enum endpoint_role role, uint64_t patience_ns);

static inline const struct survivor_answer *crash_stage_answer(
	const struct crash_stage *stage, enum endpoint_role role)
{
	return &stage->shared->mails[role].answer;
}

/* crash_stage_let_go - where there is room for one only, the survivor of @role
 * makes it. */
enum verdict crash_stage_let_go(
	struct crash_stage *stage, enum endpoint_role role);

/* crash_stage_fork - a child that does not outlive this process, and that none of
 * this process's signal settings disturb. As fork(). */
pid_t crash_stage_fork(void);

/* crash_stage_host - have a victim started in the memory of a host, which calls
 * @play for it. Returns whether it can be done; if not, it has to be forked. */
bool crash_stage_host(struct crash_stage *stage,
	void (*play)(const void *order, void *stage), const void *order,
	size_t order_bytes);

/* crash_stage_ended - has @pid? It is still to be waited for. @pid 0: whom the host
 * started last, or the host before that. */
bool crash_stage_ended(const struct crash_stage *stage, pid_t pid);

/* crash_stage_wait - for @pid to stop or end, for twice @patience_ns; who takes
 * longer is killed, and ->stuck_at says where it stood. @pid 0: whom the host
 * started last, and it is filled in; negative: nobody was started. Returns whether
 * it did, with @ret_status. */
bool crash_stage_wait(struct crash_stage *stage, pid_t *pid,
	uint64_t patience_ns, int *ret_status);

#endif
