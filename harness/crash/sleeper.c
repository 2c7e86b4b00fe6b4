/* sleeper.c - somebody waits for what the victim does.
 *
 * If the victim did it before it died, who waits must be awake within 10 ms,
 * though nobody may be left to wake him. If not, one more message, or more room,
 * wakes him, and what he then finds tells which it was: he cannot have been late
 * for what was not there.
 */
#include "crash/trial_part.h"

#include <stdio.h>
#include <string.h>

#include "base/deadline.h"

#define AWAKE_WITHIN_NS (10 * MS)
/* What the machine may add to that: being woken is one thing, running another. */
#define AWAKE_SLACK_NS (2 * MS)

/* Is @pid asleep? */
static bool asleep(pid_t pid)
{
	char path[48], text[256], *at;
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	at = strrchr(text, ')');
	return at && at[1] == ' ' && at[2] == 'S';
}

/* Whoever waits for what the victim is about to do: for a message, or for room. */
enum verdict trial_lay_down(struct trial *trial)
{
	static const struct timespec long_moment = {.tv_nsec = 100000};
	struct crash_stage *stage = trial->stage;
	enum endpoint_role role = trial->what->operation.role == ROLE_PRODUCER
					  ? ROLE_CONSUMER
					  : ROLE_PRODUCER;
	enum verdict verdict = crash_stage_give(stage, role,
		&(struct survivor_order){.what = role == ROLE_PRODUCER
							 ? SURVIVOR_SEND
							 : SURVIVOR_RECV,
			.number = stage->next_number,
			.count = 1,
			.expect = 1,
			.timeout_ns = stage->patience_ns});

	if (verdict != VERDICT_UNDONE)
		return trial_found(
			trial, verdict, "a survivor cannot be started");
	/* Twice in a row, with time between: it is not just on its way. */
	for (unsigned seen = 0, i = 0; seen < 2 && i < 200; i++) {
		nanosleep(&long_moment, NULL);
		seen = asleep(stage->survivors[role].pid) ? seen + 1 : 0;
	}
	if (role == ROLE_PRODUCER) {
		struct ledger *ledger = &trial->ledger;

		trial->sleepers = &ledger->actors[ledger->actor_count++];
		*trial->sleepers = (struct ledger_actor){
			.effect = EFFECT_PUTS, .count = 1};
		stage->next_number++;
		stage->passed++;
	}
	return VERDICT_UNDONE;
}

static enum verdict late_sleeper(struct trial *trial, enum endpoint_role role)
{
	return trial_found(trial, VERDICT_LATE,
		"the %s that waits was not awake within %.0f ms of the death, "
		"though there was %s",
		trial_role_name(role), (double)AWAKE_WITHIN_NS / (double)MS,
		role == ROLE_PRODUCER ? "room" : "a message");
}

/* Some are taken out; all, if the oldest may be behind the others by now. */
static enum verdict make_room(struct trial *trial)
{
	unsigned least = ledger_least(&trial->ledger);
	unsigned some = trial->what->room / 2 + 1, expect = some;

	if (trial->ledger.unordered || expect > least)
		expect = least;
	return trial_receive(trial, expect > some ? expect : some, expect, 0);
}

/* The victim is dead, since @since_ns at the latest. Was what they wait for there? */
enum verdict trial_awake(struct trial *trial, uint64_t since_ns)
{
	struct crash_stage *stage = trial->stage;
	enum endpoint_role victim = trial->what->operation.role;
	enum endpoint_role role =
		victim == ROLE_PRODUCER ? ROLE_CONSUMER : ROLE_PRODUCER;
	const struct survivor_answer *answer = crash_stage_answer(stage, role);
	uint64_t victims = trial->ledger.first + trial->ledger.before;
	bool late = crash_stage_await(stage, role,
			    AWAKE_WITHIN_NS + AWAKE_SLACK_NS) != VERDICT_UNDONE;
	enum verdict verdict;

	if (stage->spoiled)
		return trial_survivor_died(trial, role);
	if (late && role == ROLE_CONSUMER) {
		verdict = trial_send_some(trial, 1);
		trial->ledger.after++;
	} else if (late) {
		verdict = make_room(trial);
	} else {
		verdict = VERDICT_UNDONE;
		trial->report->recovery_ns =
			answer->at_ns > since_ns ? answer->at_ns - since_ns : 1;
	}
	if (verdict != VERDICT_UNDONE)
		return verdict;
	if (late && crash_stage_await(stage, role, 2 * stage->patience_ns) !=
			    VERDICT_UNDONE)
		return trial_found(trial, VERDICT_HANG,
			"the %s that waits is not woken any more",
			trial_role_name(role));
	if (role == ROLE_CONSUMER) {
		trial_take_in(trial, role);
		/* it woke up for the victim's, which was there all the time */
		if (late && answer->done && answer->seen[0].number == victims &&
			trial->ledger.actors[0].effect == EFFECT_PUTS)
			return late_sleeper(trial, role);
	} else {
		trial->sleepers->returned = answer->done == 1;
		/* the first of them gone: there was room all the time */
		if (late && trial->seen_count &&
			trial->seen[0].number > trial->ledger.first &&
			!trial->ledger.unordered)
			return late_sleeper(trial, role);
		if (!late)
			return make_room(trial);
	}
	return VERDICT_UNDONE;
}
