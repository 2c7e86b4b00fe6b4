/* fault_story.c - the timeline of a hang or a violation.
 *
 * The moment in question: of a hang, the last kill; of a message that came twice,
 * late or damaged, when it came, as the recorder stopped there; of a lost one,
 * about when it was sent, as far as the deeds around it tell.
 */
#include "run/fault_story.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/deadline.h"
#include "case/verify_hot.h"
#include "run/fault_stage.h"
#include "step/whence.h"
#include "transport/transport.h"

enum { LOST_MAX = 4 };

static bool worth_telling(const struct fault *fault)
{
	return fault->transport->caps & CAP_SURVIVES_KILL;
}

static void begin(const struct fault *fault, FILE *out)
{
	fprintf(out, "\n%s: %s\n", fault->bench->id, fault->outcome->reason);
}

/* Who holds the locks, and where everybody stands. */
static void tell_state(struct fault *fault, FILE *out)
{
	char place[TIMELINE_PLACE_BYTES], whence[WHENCE_TEXT_BYTES];

	for (int role = 0; fault->transport->lock_holder && role < 2; role++) {
		pid_t holder = fault->transport->lock_holder(
			fault->crew.channels[0], (enum endpoint_role)role);
		const char *who = holder ? "somebody else" : "nobody";

		for (unsigned i = 0; holder && i < fault_places(fault); i++)
			if (fault_member(fault, i)->pid == holder)
				who = timeline_place(
					fault->bench->producers, i, place);
		fprintf(out, "  lock of the %s: %s (process %ld)\n",
			role == ROLE_PRODUCER ? "producers" : "consumers", who,
			(long)holder);
	}
	for (unsigned i = 0; i < fault_places(fault); i++) {
		const struct crew_member *member = fault_member(fault, i);

		fprintf(out, "  %-11s #%-4u ",
			timeline_place(fault->bench->producers, i, place),
			member->job.number);
		if (member->pid)
			fprintf(out, "stands at %s\n",
				whence_name(whence_read(member->pid), whence));
		else
			fputs("is dead\n", out);
	}
}

static void tell_timeline(
	const struct fault *fault, uint64_t around_ns, FILE *out)
{
	timeline_print(&fault->timeline, fault->recorder, around_ns, out);
	fputc('\n', out);
	fflush(out);
}

void fault_story_of_hang(struct fault *fault, FILE *out)
{
	char reason[CASE_REASON_BYTES];
	uint64_t around_ns = fault->last_kill_ns;

	if (!worth_telling(fault))
		return;
	begin(fault, out);
	/* What a worker that ends only now says is not why we are here. */
	memcpy(reason, fault->outcome->reason, sizeof(reason));
	for (unsigned i = 0; i < fault->crew.count; i++)
		if (fault->crew.members[i].pid)
			(void)fault_halt(fault, &fault->crew.members[i]);
	memcpy(fault->outcome->reason, reason, sizeof(reason));
	if (fault->crew.count ==
		fault_places(fault) + fault->started[0] + fault->started[1])
		tell_state(fault, out);
	if (!around_ns)
		around_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	fputs("  time from the last kill, worker, what it did:\n", out);
	tell_timeline(fault, around_ns, out);
	for (unsigned i = 0; i < fault->crew.count; i++)
		if (fault->crew.members[i].pid)
			kill(fault->crew.members[i].pid, SIGCONT);
}

/* The first messages that are lost. Returns about when one of them was sent. */
static uint64_t tell_lost(const struct fault *fault, FILE *out)
{
	const struct control_block *block = &fault->crew.block;
	uint64_t around_ns = 0;
	unsigned told = 0;

	for (unsigned p = 0; block->bits && p < block->producer_numbers; p++) {
		uint64_t sequence, sent_ns;

		if (!verify_first_lost(
			    &block->bits[p], &block->sent[p], &sequence) ||
			told++ >= LOST_MAX)
			continue;
		sent_ns = timeline_sent(&fault->timeline, p, sequence);
		fprintf(out,
			"  lost: message %" PRIu64
			" of producer #%u, sent before the deed at %+.1f us\n",
			sequence, p,
			sent_ns && around_ns
				? ((double)sent_ns - (double)around_ns) / 1e3
				: 0.0);
		if (!around_ns)
			around_ns = sent_ns;
	}
	return around_ns;
}

void fault_story_of_violation(struct fault *fault, FILE *out)
{
	static const char *const kinds[] = {
		[ALARM_TWICE] = "came twice",
		[ALARM_LATE] = "came after a later one",
		[ALARM_DAMAGED] = "came damaged",
	};
	const struct verify_alarm *alarm = &fault->recorder->alarm;
	/* relaxed, all: nobody runs any more */
	uint32_t kind =
		atomic_load_explicit(&alarm->kind, memory_order_relaxed);
	uint64_t word = verify_get(&alarm->word);
	uint64_t around_ns = verify_get(&alarm->at_ns);

	if (!worth_telling(fault))
		return;
	begin(fault, out);
	if (kind != ALARM_NONE && kind <= ALARM_DAMAGED)
		fprintf(out,
			"  message %" PRIu64 " of producer #%" PRIu64
			" %s: that is time 0\n",
			word & VERIFY_SEQUENCE_MASK,
			word >> VERIFY_PRODUCER_SHIFT, kinds[kind]);
	else
		around_ns = tell_lost(fault, out);
	if (!around_ns)
		around_ns = fault->last_kill_ns;
	fputs("  time, worker, what it did:\n", out);
	tell_timeline(fault, around_ns, out);
}
