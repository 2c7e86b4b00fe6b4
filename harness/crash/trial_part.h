/* trial_part.h - what the parts of one trial share.
 *
 * Orders to the survivors and processes that are struck; trial.c says when which
 * comes.
 */
#ifndef IPCMARK_CRASH_TRIAL_PART_H
#define IPCMARK_CRASH_TRIAL_PART_H

#include <sys/types.h>
#include <time.h>

#include "crash/trial.h"
#include "step/step.h"

#define MS UINT64_C(1000000)

/* One trial while it lasts. */
struct trial {
	struct crash_stage *stage;
	const struct trial_case *what;
	const struct trial_strike *strike;
	struct trial_report *report;
	struct ledger ledger;
	struct ledger_message seen[LEDGER_BEFORE_MAX];
	size_t seen_count;
	pid_t holder;		       /* stopped with the lock; 0: none */
	struct ledger_actor *sleepers; /* who waits for room; NULL: nobody */
};

/* A process that makes one call and is struck in it. */
struct part {
	const struct crash_operation *operation;
	unsigned index;
	const struct crash_trace *trace;
	size_t k;
	struct step_action action;
	struct crash_trace *record;
	uint64_t timeout_ns;
	bool waits; /* between what it prepares and its call */
	bool lasts; /* others begin while it is stopped */
};

static const struct timespec trial_moment = {.tv_nsec = 50000};

/* trial_found - something is wrong; the stage is spoiled. Returns @verdict. */
enum verdict trial_found(struct trial *trial, enum verdict verdict,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

const char *trial_role_name(enum endpoint_role role);

/* Each of these returns VERDICT_UNDONE, or what trial_found() has noted. */

/* trial_survivor_died - by itself, in the midst of an order. */
enum verdict trial_survivor_died(struct trial *trial, enum endpoint_role role);

/* trial_order - have a survivor do it; what it receives is noted as seen. */
enum verdict trial_order(struct trial *trial, enum endpoint_role role,
	const struct survivor_order *what);

/* trial_send_some - the next @count messages, which must be taken. */
enum verdict trial_send_some(struct trial *trial, unsigned count);

/* trial_receive - up to @count messages; @expect must come, @most may. */
enum verdict trial_receive(
	struct trial *trial, unsigned count, unsigned expect, unsigned most);

/* trial_take_in - note what @role received as seen. */
void trial_take_in(struct trial *trial, enum endpoint_role role);

/* trial_enter - a line of the ledger for a call of @operation. trial_settle - its
 * process has ended: what it said. */
struct ledger_actor *trial_enter(
	struct trial *trial, const struct crash_operation *operation);
void trial_settle(struct trial *trial, struct ledger_actor *actor,
	const struct part *part);

/* trial_start_part - as fork(), but 0: it is the host's, and its number is known
 * when it is prepared. trial_await_part - until it stops or ends; fills in @pid. */
pid_t trial_start_part(struct trial *trial, const struct part *part);
enum verdict trial_await_part(struct trial *trial, const struct part *part,
	pid_t *pid, int *ret_status);

/* trial_struck - it has been, or was to be, at step @k of @trace: for the story.
 * @status: of waitpid(). */
struct timeline_deed *trial_struck(struct trial *trial, const struct part *part,
	const struct crash_trace *trace, size_t k, int status);

/* trial_lay_down - somebody waits for what the victim is about to do: for a
 * message, or for room. trial_awake - the victim is dead, since @since_ns at the
 * latest: are they awake in time, if what they wait for is there? */
enum verdict trial_lay_down(struct trial *trial);
enum verdict trial_awake(struct trial *trial, uint64_t since_ns);

#endif
