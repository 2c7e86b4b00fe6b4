/* operation.h - the calls that a victim is killed in, and in what state it finds
 * the channel.
 */
#ifndef IPCMARK_CRASH_OPERATION_H
#define IPCMARK_CRASH_OPERATION_H

#include <stdbool.h>

#include "crash/ledger.h"
#include "crash/message.h"
#include "crash/stage.h"
#include "transport/transport.h"

enum { OPERATIONS_MAX = 32 };

enum crash_path {
	PATH_SOME, /* some messages are there, and room */
	PATH_EMPTY,
	PATH_FULL,
	PATH_WRAP,	 /* the next message crosses the end of the buffer */
	PATH_SLOW_LOCK,	 /* who has the lock is stopped */
	PATH_DEAD_OWNER, /* who had the lock was killed */
	PATHS,
};

/* Which call of the transport it is. */
enum crash_call {
	CALL_SEND,
	CALL_RECV,
	CALL_SEND_BATCH,
	CALL_RECV_BATCH,
	CALL_VIEW, /* two views: the second ends the first */
	CALL_ATTACH,
	CALL_DETACH,
	CALL_OWN,
};

struct crash_operation {
	const char *name;
	enum crash_call call;
	enum endpoint_role role;
	enum transport_effect effect;
	unsigned count; /* messages, see struct ledger_actor */
	bool whole;
	bool unordered;
	bool vague; /* having returned, it need not have done anything */
	const struct transport_operation *own; /* CALL_OWN */
};

/* operations_list - what @transport can do. Returns how many. */
unsigned operations_list(const struct transport *transport,
	struct crash_operation list[OPERATIONS_MAX]);

const char *path_name(enum crash_path path);

/* operation_allocates - which path it takes depends on what the process has done
 * before, and not on messages. */
static inline bool operation_allocates(const struct crash_operation *operation)
{
	return operation->call == CALL_ATTACH ||
	       operation->call == CALL_DETACH ||
	       operation->effect == EFFECT_MAKES;
}

/* path_applies - is there such a path of it? @room: messages that fit into the
 * channel; 0: nobody knows. */
bool path_applies(const struct transport *transport,
	const struct crash_operation *operation, enum crash_path path,
	unsigned room);

/* path_before - messages that are there when it begins. */
unsigned path_before(const struct crash_operation *operation,
	enum crash_path path, unsigned room);

/* path_timeout_ns - of the victim's call. */
uint64_t path_timeout_ns(enum crash_path path, uint64_t patience_ns);

/* A process that makes one call; it says in @said what comes of it. */
struct crash_victim {
	const struct crash_operation *operation;
	const struct crash_stage *stage;
	unsigned index; /* 1 or 2: of endpoints and of ->said */
	uint64_t timeout_ns;
	uint64_t number; /* of the first message that it puts */

	struct stage_said *said;
	struct endpoint *end;
	int result;
	unsigned char bodies[STAGE_SAID_MAX][MESSAGE_MAX_BYTES];
	struct outbound out[STAGE_SAID_MAX];
	struct inbound in[STAGE_SAID_MAX];
};

/* victim_prepare - in its process: all that comes before the call. Returns 0;
 * -errno. */
int victim_prepare(struct crash_victim *victim);

/* victim_call - the call, and nothing else. @arg: the victim. */
void victim_call(void *arg);

/* victim_tell - it came back. */
void victim_tell(struct crash_victim *victim);

#endif
