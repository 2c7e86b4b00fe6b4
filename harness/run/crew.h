/* crew.h - the workers of one slice, as the parent sees them: start, wait for,
 * end, collect.
 */
#ifndef IPCMARK_RUN_CREW_H
#define IPCMARK_RUN_CREW_H

#include <stdint.h>
#include <sys/types.h>

#include "run/control.h"
#include "run/worker.h"

enum { CREW_MAX = 8192 + 64 }; /* those that replace killed ones included */

struct crew_member {
	struct worker_job job;
	pid_t pid; /* 0 once it was reaped */
};

struct crew {
	struct control_block block;
	struct channel *channels[2];
	struct crew_member *members; /* CREW_MAX of them */
	unsigned count;
	uint32_t calls; /* of crew_command() */
};

/* crew_create - control block and channels for @bench; nobody runs yet.
 * @producer_numbers, @consumer_numbers: the most there will ever be.
 * Returns 0; -errno. */
int crew_create(const struct transport *transport,
	const struct bench_case *bench, const char *name,
	unsigned producer_numbers, unsigned consumer_numbers,
	struct crew *ret_crew);

/* crew_start - fork one more worker. ->block, ->channels and ->parent of @job
 * are filled in. Returns its place in members; -errno. */
int crew_start(struct crew *crew, const struct worker_job *job);

/* crew_command - to all of them; each also looks at its slot. */
void crew_command(struct crew *crew, enum phase phase, uint32_t kills);

/* crew_await - until every live member whose role is in @roles (bits 1 << role)
 * has done with @phase.
 * @patience_ns: for how long nothing may happen at all: no answer and no
 *   message got through.
 * Returns 0; -ETIMEDOUT; -ECHILD or the worker's own error when one ended
 * before, with the sentence in @reason. */
int crew_await(struct crew *crew, unsigned roles, enum phase phase,
	uint64_t patience_ns, char *reason, size_t reason_bytes);

/* crew_explain - why @member, which was reaped with @status, has ended. Returns
 * the worker's own error, or -ECHILD. */
int crew_explain(const struct crew *crew, struct crew_member *member,
	int status, char *reason, size_t reason_bytes);

/* crew_kill - SIGKILL and reap one member. */
void crew_kill(struct crew_member *member);

/* crew_finish - let the workers exit; kill those that do not within a second. */
void crew_finish(struct crew *crew);

/* crew_messages, crew_cpu_ns - sums over all: of the consumers' counts (in round
 * trips and loopbacks the first worker's), and of CPU time used. */
uint64_t crew_messages(const struct crew *crew);
uint64_t crew_cpu_ns(const struct crew *crew);

/* crew_usage - what all of them used within the measured time. */
struct usage crew_usage(const struct crew *crew);

/* crew_latency - MODE_OPEN: add what all of them measured to @latency. */
void crew_latency(const struct crew *crew, struct latency *latency);

/* crew_verify - the ledger's verdict, once nobody runs.
 * @in_flight: see verify_total(). */
void crew_verify(const struct crew *crew, const unsigned *in_flight,
	struct verify_totals *ret_totals);

/* crew_free - end whoever still runs, and everything else. */
void crew_free(struct crew *crew);

#endif
