/* trial_part.c - see trial_part.h.
 *
 * Whoever is struck says in shared memory how far it came, and its end is told
 * apart: killed as it should be, by somebody else, by another signal, by itself, or
 * not at all.
 */
#include "crash/trial_part.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Who waits so little never sleeps, and looks once more when it is over. */
#define LINGER_NS (MS / 10)

/* Times the patience. A trap behind each instruction takes 20 us and more; some
 * calls have thousands, and are not hanging. */
enum { RECORDING_TAKES = 8 };

enum verdict trial_found(
	struct trial *trial, enum verdict verdict, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(trial->report->words, sizeof(trial->report->words), format,
		args);
	va_end(args);
	story_tell(&trial->report->story, trial->stage);
	trial->report->verdict = verdict;
	trial->stage->spoiled = true;
	return verdict;
}

const char *trial_role_name(enum endpoint_role role)
{
	return role == ROLE_PRODUCER ? "producer" : "consumer";
}

/* What @role got. */
void trial_take_in(struct trial *trial, enum endpoint_role role)
{
	const struct survivor_answer *answer =
		crash_stage_answer(trial->stage, role);

	for (unsigned i = 0;
		i < answer->done && trial->seen_count < LEDGER_BEFORE_MAX; i++)
		trial->seen[trial->seen_count++] = answer->seen[i];
}

enum verdict trial_survivor_died(struct trial *trial, enum endpoint_role role)
{
	int status = trial->stage->survivors[role].status;

	story_deed(&trial->report->story, story_place(role, 0), "DIES",
		trial->stage->shared->fault.code);
	if (!WIFSIGNALED(status))
		return trial_found(trial, VERDICT_CRASHED,
			"the surviving %s died of it", trial_role_name(role));
	return trial_found(trial, VERDICT_CRASHED,
		"the surviving %s died of it, of signal %d (%s)",
		trial_role_name(role), WTERMSIG(status),
		strsignal(WTERMSIG(status)));
}

enum verdict trial_order(struct trial *trial, enum endpoint_role role,
	const struct survivor_order *what)
{
	enum verdict verdict = crash_stage_order(trial->stage, role, what);

	if (verdict == VERDICT_HANG)
		return trial_found(trial, verdict,
			"the surviving %s's %s does not come back",
			trial_role_name(role),
			what->what == SURVIVOR_SEND ? "send" : "receive");
	if (verdict != VERDICT_UNDONE)
		return trial_survivor_died(trial, role);
	if (what->what == SURVIVOR_RECV)
		trial_take_in(trial, role);
	return VERDICT_UNDONE;
}

/* It must succeed, within the patience. */
enum verdict trial_send_some(struct trial *trial, unsigned count)
{
	struct crash_stage *stage = trial->stage;
	enum verdict verdict = trial_order(trial, ROLE_PRODUCER,
		&(struct survivor_order){.what = SURVIVOR_SEND,
			.number = stage->next_number,
			.count = count,
			.timeout_ns = stage->patience_ns});
	int result;

	if (verdict != VERDICT_UNDONE)
		return verdict;
	result = crash_stage_answer(stage, ROLE_PRODUCER)->result;
	if (result)
		return trial_found(trial, VERDICT_REFUSED,
			"the surviving producer's send: %s", strerror(-result));
	stage->next_number += count;
	stage->passed += count;
	return VERDICT_UNDONE;
}

enum verdict trial_receive(
	struct trial *trial, unsigned count, unsigned expect, unsigned most)
{
	struct crash_stage *stage = trial->stage;
	const struct survivor_answer *answer;
	enum verdict verdict = trial_order(trial, ROLE_CONSUMER,
		&(struct survivor_order){.what = SURVIVOR_RECV,
			.count = count,
			.expect = expect,
			.timeout_ns = stage->patience_ns,
			.linger_ns = LINGER_NS,
			.most = most});

	if (verdict != VERDICT_UNDONE)
		return verdict;
	answer = crash_stage_answer(stage, ROLE_CONSUMER);
	if (answer->result && !answer->done && expect)
		return trial_found(trial, VERDICT_REFUSED,
			"the surviving consumer's receive: %s",
			strerror(-answer->result));
	return VERDICT_UNDONE;
}

/* All that a process in other memory than ours must be told. */
struct order {
	struct part part;
	struct crash_operation operation;
	uint64_t number;
};

_Static_assert(sizeof(struct order) <= HOST_ORDER_BYTES, "an order fits");

/* What @operation is to the recorder. */
static enum recorder_operation recorded_as(
	const struct crash_operation *operation)
{
	switch (operation->call) {
	case CALL_SEND:
	case CALL_SEND_BATCH:
		return RECORDER_SEND;
	case CALL_ATTACH:
		return RECORDER_ATTACH;
	case CALL_DETACH:
		return RECORDER_DETACH;
	case CALL_OWN:
		return RECORDER_CALL;
	default:
		return RECORDER_RECEIVE;
	}
}

/* The call, told to the recorder just before it and, if it comes back, behind. */
static void make_call(const struct part *part, struct crash_victim *victim)
{
	const struct crash_operation *operation = victim->operation;
	struct step_action action = part->action;
	struct recording recording = recorder_begin_track(
		victim->stage->shared->recorder,
		story_place(operation->role, part->index), (uint32_t)getpid());

	recorder_begin(&recording, STORY_STRUCK, recorded_as(operation),
		operation->effect == EFFECT_PUTS ? victim->number
						 : RECORDER_UNNUMBERED);
	action.struck = &victim->said->struck;
	if (part->record)
		step_record(part->record, victim_call, victim);
	else
		step_run(part->trace, part->k, &action, victim_call, victim);
	recorder_end(&recording, victim->result, 0);
}

static void play(const void *order, void *stage)
{
	const struct order *ordered = order;
	const struct part *part = &ordered->part;
	struct crash_victim victim = {
		.operation = &ordered->operation,
		.stage = stage,
		.index = part->index,
		.timeout_ns = part->timeout_ns,
		.number = ordered->number,
	};

	victim.said = &victim.stage->shared->said[part->index];
	victim.said->ready = victim_prepare(&victim);
	if (victim.said->ready)
		_exit(1);
	/* release, acquire: for whoever looks meanwhile at what it prepared */
	atomic_store_explicit(
		&victim.said->prepared, true, memory_order_release);
	while (part->waits &&
		!atomic_load_explicit(&victim.said->go, memory_order_acquire))
		nanosleep(&trial_moment, NULL);
	make_call(part, &victim);
	victim_tell(&victim);
	_exit(0);
}

/* A line of the ledger for it, which is settled once it has ended. */
struct ledger_actor *trial_enter(
	struct trial *trial, const struct crash_operation *operation)
{
	struct ledger *ledger = &trial->ledger;
	struct ledger_actor *actor = &ledger->actors[ledger->actor_count++];

	actor->effect = operation->effect;
	actor->count = operation->count;
	actor->whole = operation->whole;
	actor->returned = false;
	ledger->unordered |= operation->unordered;
	return actor;
}

/* Its messages have their numbers from the fork on. */
void trial_settle(struct trial *trial, struct ledger_actor *actor,
	const struct part *part)
{
	const struct stage_said *said =
		&trial->stage->shared->said[part->index];

	if (said->returned) {
		actor->returned = true;
		if (part->operation->call == CALL_SEND_BATCH)
			actor->short_by = actor->count - (unsigned)said->result;
		trial->ledger.taken += said->seen_count;
		for (unsigned i = 0; i < said->seen_count; i++)
			trial->seen[trial->seen_count++] = said->seen[i];
	}
	if (actor->effect == EFFECT_PUTS)
		trial->stage->next_number += actor->count;
}

pid_t trial_start_part(struct trial *trial, const struct part *part)
{
	struct crash_stage *stage = trial->stage;
	const struct order order = {.part = *part,
		.operation = *part->operation,
		.number = stage->next_number};
	pid_t pid;

	stage->shared->said[part->index] =
		(struct stage_said){.ready = -EINPROGRESS};
	if (!part->lasts &&
		crash_stage_host(stage, play, &order, sizeof(order)))
		return 0;
	pid = crash_stage_fork();
	if (pid == 0)
		play(&order, stage);
	trial->report->story
		.pids[story_place(part->operation->role, part->index)] = pid;
	return pid;
}

/* Has somebody else killed or stopped it? The system does when memory is short, and
 * that is a death at whichever instruction, with a byte planted in the code. */
static bool struck_by_others(
	const struct stage_said *said, pid_t pid, int *status)
{
	if (WIFEXITED(*status) || said->struck)
		return false;
	if (WIFSTOPPED(*status)) {
		kill(pid, SIGKILL);
		waitpid(pid, status, 0);
	}
	return true;
}

/* Wait for it. @ret_status: of waitpid(). */
enum verdict trial_await_part(struct trial *trial, const struct part *part,
	pid_t *pid, int *ret_status)
{
	const struct stage_said *said =
		&trial->stage->shared->said[part->index];
	struct trial_story *story = &trial->report->story;
	unsigned place = story_place(part->operation->role, part->index);
	bool was_hosted = *pid == 0;
	uint64_t patience_ns = trial->stage->patience_ns *
			       (part->record ? RECORDING_TAKES : 1);
	bool ended = *pid >= 0 && crash_stage_wait(trial->stage, pid,
					  patience_ns, ret_status);

	if (*pid < 0) {
		trial->stage->unhosted = was_hosted;
		return trial_found(trial, VERDICT_CRASHED,
			"cannot start the %s that is to be struck",
			trial_role_name(part->operation->role));
	}
	story->pids[place] = *pid;
	if (!ended) {
		story_deed(story, place, "has not come back",
			trial->stage->stuck_at);
		return trial_found(trial, VERDICT_HANG,
			"the %s that is to be struck does not come back",
			trial_role_name(part->operation->role));
	}
	if (WIFEXITED(*ret_status) && WEXITSTATUS(*ret_status))
		return trial_found(trial, VERDICT_REFUSED,
			"a new %s cannot attach: %s",
			trial_role_name(part->operation->role),
			strerror(-said->ready));
	if (WIFSIGNALED(*ret_status) && WTERMSIG(*ret_status) != SIGKILL) {
		story_deed(
			story, place, "DIES", trial->stage->shared->fault.code);
		return trial_found(trial, VERDICT_CRASHED,
			"the %s that was struck died of signal %d (%s)",
			trial_role_name(part->operation->role),
			WTERMSIG(*ret_status),
			strsignal(WTERMSIG(*ret_status)));
	}
	if (struck_by_others(said, *pid, ret_status)) {
		story_deed(story, place, "DIES", 0);
		return trial_found(trial, VERDICT_CRASHED,
			"the %s was killed or stopped before its step, by "
			"somebody else: is memory short?",
			trial_role_name(part->operation->role));
	}
	return VERDICT_UNDONE;
}

struct timeline_deed *trial_struck(struct trial *trial, const struct part *part,
	const struct crash_trace *trace, size_t k, int status)
{
	struct trial_story *story = &trial->report->story;
	bool killed = WIFSIGNALED(status);
	const char *what = killed		? "KILLED"
			   : WIFSTOPPED(status) ? "STOPPED"
			   : part->action.what == STEP_FAIL
				   ? "its system call FAILS"
				   : "is not struck";
	struct timeline_deed *deed;

	deed = story_deed(story,
		story_place(part->operation->role, part->index), what,
		trace && k < trace->count ? trace->steps[k].address : 0);
	deed->killed = killed;
	story->struck_ns = deed->at_ns;
	return deed;
}
