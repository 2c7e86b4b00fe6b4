/* story.c - see story.h.
 *
 * Told by the director, while the processes still stand there; printed by the
 * parent, when all is over. What is looked at belongs to a channel in which
 * something is wrong, so a look may not come back: then the campaign gives the
 * director up, as it does whoever hangs in a transport's call.
 *
 * A victim's death is as late as its parent hears of it. What survivors do comes
 * after that in any case, since they wait for their orders.
 */
#include "crash/story.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/deadline.h"
#include "step/whence.h"

static const char *const place_names[STORY_PLACES] = {
	"producer",
	"victim",
	"other",
	"consumer",
	"victim",
	"other",
};

static const char *const phase_names[] = {
	[STORY_BEFORE] = "before",
	[STORY_STRUCK] = "strike",
	[STORY_AFTER] = "after",
	[STORY_COUNT] = "count",
};

void story_begin(struct trial_story *story)
{
	/* the arrays are as long as their counts say */
	memset(story, 0, offsetof(struct trial_story, deeds));
	story->state[0] = '\0';
	story->begun_ns = deadline_clock_ns(CLOCK_MONOTONIC);
}

struct timeline_deed *story_deed(struct trial_story *story, unsigned place,
	const char *what, uint64_t address)
{
	static struct timeline_deed spare;
	struct timeline_deed *deed =
		story->deed_count < STORY_DEEDS
			? &story->deeds[story->deed_count++]
			: &spare;

	*deed = (struct timeline_deed){
		.at_ns = deadline_clock_ns(CLOCK_MONOTONIC),
		.what = what,
		.place = place,
		.number = (uint32_t)story->pids[place],
		.address = address,
	};
	return deed;
}

/* Whoever has an order and has not answered: where does it stand? */
static void halt_survivors(struct trial_story *story, struct crash_stage *stage)
{
	for (int role = 0; role < 2; role++) {
		unsigned place = story_place((enum endpoint_role)role, 0);
		pid_t pid = stage->survivors[role].pid;
		int status;

		story->pids[place] = pid;
		/* relaxed: only whether it answered */
		if (!pid ||
			atomic_load_explicit(&stage->shared->mails[role].turn,
				memory_order_relaxed) %
					2 ==
				0)
			continue;
		kill(pid, SIGSTOP);
		if (waitpid(pid, &status, WUNTRACED) == pid &&
			WIFSTOPPED(status))
			story_deed(story, place, "has not come back",
				whence_read(pid));
		else
			stage->survivors[role].pid = 0;
	}
}

void story_tell(struct trial_story *story, struct crash_stage *stage)
{
	const struct transport *transport = stage->transport;
	uint64_t around_ns = story->struck_ns;

	halt_survivors(story, stage);
	if (!around_ns)
		around_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	story->event_count = timeline_gather(stage->shared->recorder,
		story->begun_ns, around_ns, story->events, STORY_EVENTS);
	if (transport->lock_holder && stage->channel) {
		story->locks_known = true;
		for (int role = 0; role < 2; role++)
			story->lock_holders[role] = transport->lock_holder(
				stage->channel, (enum endpoint_role)role);
	}
	if (transport->describe && stage->channel)
		transport->describe(
			stage->channel, story->state, sizeof(story->state));
}

/* --- printing ---------------------------------------------------------------- */

static void print_locks(const struct trial_story *story, FILE *out)
{
	for (int role = 0; story->locks_known && role < 2; role++) {
		pid_t holder = story->lock_holders[role];
		const char *who = "somebody else";

		fprintf(out, "  lock of the %s: ",
			role == ROLE_PRODUCER ? "producers" : "consumers");
		if (holder <= 0) {
			fputs(holder ? "not known\n" : "nobody\n", out);
			continue;
		}
		for (unsigned i = 0; i < STORY_PLACES; i++)
			if (story->pids[i] == holder)
				who = place_names[i];
		fprintf(out, "%s #%ld\n", who, (long)holder);
	}
}

static void print_state(const struct trial_story *story, FILE *out)
{
	for (const char *line = story->state; *line;) {
		size_t len = strcspn(line, "\n");

		fprintf(out, "  | %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

void story_print(
	const struct trial_story *story, const char *operation, FILE *out)
{
	struct timeline_deed deeds[STORY_DEEDS];
	const struct timeline timeline = {
		.deeds = deeds,
		.count = story->deed_count,
		.producers = STAGE_SHARE,
		.places = place_names,
		.phases = phase_names,
		.call = operation,
	};

	memcpy(deeds, story->deeds, sizeof(deeds));
	print_locks(story, out);
	print_state(story, out);
	fprintf(out, "  time from %s, who, what it did:\n",
		story->struck_ns ? "the strike" : "the fault");
	timeline_print_events(&timeline, story->events, story->event_count,
		story->struck_ns    ? story->struck_ns
		: story->deed_count ? story->deeds[0].at_ns
				    : story->begun_ns,
		out);
}
