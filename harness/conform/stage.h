/* stage.h - producers and consumers of one channel, as processes.
 *
 * A check (conform.h) creates a channel, names what each side does, and runs
 * it: every actor is forked, attaches, acts, detaches. An actor that finds
 * something wrong says so with stage_fail(), which ends its process; one that
 * hangs is killed. Both end the check, with role and words.
 */
#ifndef IPCMARK_CONFORM_STAGE_H
#define IPCMARK_CONFORM_STAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session/leftover.h"
#include "transport/transport.h"

enum {
	STAGE_ACTORS_MAX = 8,
	STAGE_SEEN_MAX = 1 << 14,
	STAGE_WORDS_BYTES = 256,
	STAGE_FEW = 4,
};

/* No assertion is about time: these only bound how long a hang takes. */
#define STAGE_PATIENCE_NS UINT64_C(10000000000)
/* A time-out that is expected to pass. */
#define STAGE_BRIEF_NS UINT64_C(10000000)

/* What the processes of one run share. */
struct stage_notes {
	_Atomic unsigned step;	   /* see stage_await() */
	_Atomic unsigned fixed;	   /* takes messages of one size only */
	_Atomic uint64_t sent;	   /* by all */
	_Atomic uint64_t received; /* by all */
	_Atomic unsigned char seen[STAGE_SEEN_MAX]; /* by message */
	_Atomic unsigned first; /* who failed first, plus one */
	char words[STAGE_ACTORS_MAX][STAGE_WORDS_BYTES];
};

struct stage_actor;

struct stage {
	const struct transport *transport;
	struct channel_config config;
	struct channel *channel;
	struct stage_notes *notes;
	bool killed;	/* the one that leaves is killed */
	unsigned actor; /* in an actor: which one */
	const struct stage_actor *self;
	char name[LEFTOVER_TOKEN_BYTES + 32]; /* config.name */
};

/* One actor. @killed: its death by SIGKILL is part of the play.
 * @late: attaches only once stage_step() reached 1. */
struct stage_actor {
	void (*act)(struct stage *stage, struct endpoint *end);
	enum endpoint_role role;
	unsigned index;
	bool killed;
	bool late;
};

/* What becomes of a check, in memory shared with whoever runs it. */
struct stage_outcome {
	unsigned opened; /* channels that could be had */
	bool broken;
	char words[STAGE_WORDS_BYTES]; /* why broken, or why not opened */
};

/* stage_begin - this process is about to make one check.
 * @spec: the transport's word; both are kept. */
void stage_begin(struct stage_outcome *outcome, const char *spec);

/* stage_applied - for a check that opens no channel: it was made. */
void stage_applied(void);

/* stage_broken - the promise is not kept: say why and end this process. */
_Noreturn void stage_broken(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* stage_require - the same unless @got is @want: what a call returned. */
void stage_require(const char *what, int got, int want);

/* stage_open - create the channel as in @stage->config (name filled in here).
 * Returns false, after noting why, when the transport cannot run it here. */
bool stage_open(struct stage *stage, const struct transport *transport,
	uint64_t msg_size_bytes, unsigned batch);

/* stage_run - fork all actors, wait for them; the check ends with any of them
 * that does not do as it should. */
void stage_run(
	struct stage *stage, const struct stage_actor *actors, unsigned count);

/* stage_close - check() and destroy(). */
void stage_close(struct stage *stage);

/* In an actor: complain and end. */
_Noreturn void stage_fail(struct stage *stage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Let those go on that await @step or less; wait for @step. */
void stage_step(struct stage *stage, unsigned step);
void stage_await(struct stage *stage, unsigned step);

/* One message, with all the patience there is. */
void stage_send(struct stage *stage, struct endpoint *end,
	const struct outbound *message, uint64_t seq);
void stage_recv(struct stage *stage, struct endpoint *end,
	struct inbound *message, uint64_t seq);

/* In an actor: @what must have returned @want. */
void stage_expect_code(
	struct stage *stage, const char *what, int got, int want);

/* Message @seq of @len bytes; is @message that one? */
void stage_fill(void *body, size_t len, uint64_t seq);
void stage_expect(struct stage *stage, const struct inbound *message,
	size_t len, uint64_t seq);

/* Room for @len bytes, and for one more, so that none is room too. */
void *stage_room(struct stage *stage, size_t len);

/* Acts: send, or receive and check, STAGE_FEW messages of the largest size. */
void stage_produce_few(struct stage *stage, struct endpoint *end);
void stage_consume_few(struct stage *stage, struct endpoint *end);

struct stage_actor stage_actor_of(
	void (*act)(struct stage *stage, struct endpoint *end),
	enum endpoint_role role, unsigned index);

#endif
