/* trial.c - see trial.h.
 *
 * In turn: the survivors bring the channel to where the victim is to find it; the
 * victim makes its call and is struck in it; a survivor of its role does the like,
 * and the time to its first success is taken; one more message is sent, all is
 * taken out, and the ledger judges what came.
 *
 * A survivor of the victim's role goes first because it needs the same lock and
 * the same words; the other one would find a fault only by way of the data.
 */
#include "crash/trial_part.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/deadline.h"

enum {
	VICTIM = 1,
	OTHER = 2, /* who held the lock before, or comes next */
	ROOM_MAX = 1024,
};

#define STOP_TIMEOUT_NS (5 * MS) /* of a call beside a stopped one */

static const char *const kind_names[KINDS] = {
	[KIND_INSTRUCTION] = "every-instruction",
	[KIND_PAIR] = "every-pair",
	[KIND_STOP] = "every-stop",
	[KIND_SYSCALL] = "every-syscall",
	[KIND_SLEEPER] = "with-sleeper",
};

const char *kind_name(enum crash_kind kind)
{
	return kind_names[kind];
}

/* --- before ------------------------------------------------------------------ */

/* Let @count messages pass through. */
static enum verdict pass(struct trial *trial, uint64_t count)
{
	while (count) {
		unsigned some = trial->what->room;
		enum verdict verdict;

		if (some > count)
			some = (unsigned)count;
		verdict = trial_send_some(trial, some);
		if (verdict == VERDICT_UNDONE)
			verdict = trial_receive(trial, some, some, 0);
		if (verdict != VERDICT_UNDONE)
			return verdict;
		count -= some;
	}
	trial->seen_count = 0;
	return VERDICT_UNDONE;
}

/* A channel that takes n messages when it is new has the end of its buffer in the
 * next one; and, give or take a few bytes, in each (n + 1)th behind that. */
static enum verdict come_to_the_end(struct trial *trial)
{
	uint64_t period = trial->what->room + 1;
	uint64_t at = trial->stage->passed % period;

	return pass(trial, (2 * period - 1 - at) % period);
}

/* What the dead made, or did not come to make, is there as a whole or not at all,
 * and is in nobody's way. */
static enum verdict make_again(struct trial *trial)
{
	const struct crash_operation *operation = &trial->what->operation;
	enum verdict verdict = trial_order(trial, operation->role,
		&(struct survivor_order){
			.what = SURVIVOR_MAKE, .own = operation->own});
	int result = crash_stage_answer(trial->stage, operation->role)->result;

	if (verdict == VERDICT_UNDONE && result)
		return trial_found(trial, VERDICT_REFUSED,
			"the surviving %s's %s: %s",
			trial_role_name(operation->role), operation->name,
			strerror(-result));
	return verdict;
}

static enum verdict set_stage(struct trial *trial)
{
	const struct trial_case *what = trial->what;
	struct crash_stage *stage = trial->stage;
	unsigned before = path_before(&what->operation, what->path, what->room);
	enum verdict verdict = VERDICT_UNDONE;

	/* so that each finds the same, the first one, too */
	if (what->operation.effect == EFFECT_MAKES && !stage->made)
		verdict = make_again(trial);
	stage->made = true;
	if (what->path == PATH_WRAP)
		verdict = come_to_the_end(trial);
	if (verdict == VERDICT_UNDONE && what->path == PATH_FULL) {
		verdict = trial_order(trial, ROLE_PRODUCER,
			&(struct survivor_order){.what = SURVIVOR_SEND,
				.number = stage->next_number,
				.count = ROOM_MAX});
		before = crash_stage_answer(stage, ROLE_PRODUCER)->done;
		stage->next_number += before;
		stage->passed += before;
	} else if (verdict == VERDICT_UNDONE && before) {
		verdict = trial_send_some(trial, before);
	}
	trial->ledger.first = stage->next_number - before;
	trial->ledger.before = before;
	if (verdict == VERDICT_UNDONE &&
		crash_stage_let_go(stage, what->operation.role) !=
			VERDICT_UNDONE)
		verdict = trial_found(trial, VERDICT_HANG,
			"the surviving %s's detach does not come back",
			trial_role_name(what->operation.role));
	return verdict;
}

/* Who has the lock: stopped or killed with it. */
static enum verdict set_holder(struct trial *trial)
{
	static const struct crash_operation holding[] = {
		[ROLE_PRODUCER] = {.name = "send",
			.call = CALL_SEND,
			.role = ROLE_PRODUCER,
			.effect = EFFECT_PUTS,
			.count = 1,
			.whole = true},
		[ROLE_CONSUMER] = {.name = "recv",
			.call = CALL_RECV,
			.role = ROLE_CONSUMER,
			.effect = EFFECT_TAKES,
			.count = 1,
			.whole = true},
	};
	const struct trial_case *what = trial->what;
	bool slow = what->path == PATH_SLOW_LOCK;
	const struct part part = {
		.operation = &holding[what->operation.role],
		.index = OTHER,
		.trace = what->holder_trace,
		.k = what->holder_k,
		.action = {.what = slow ? STEP_STOP : STEP_KILL},
		.lasts = slow,
	};
	struct ledger_actor *actor;
	enum verdict verdict;
	pid_t pid;
	int status;

	if (what->path < PATH_SLOW_LOCK)
		return VERDICT_UNDONE;
	actor = trial_enter(trial, part.operation);
	pid = trial_start_part(trial, &part);
	verdict = trial_await_part(trial, &part, &pid, &status);
	if (verdict != VERDICT_UNDONE)
		return verdict;
	trial_struck(trial, &part, part.trace, part.k, status)->held =
		WIFSTOPPED(status) || WIFSIGNALED(status);
	if (slow && WIFSTOPPED(status)) {
		trial->holder = pid;
		/* settled when it goes on; its number is taken already */
		if (actor->effect == EFFECT_PUTS)
			trial->stage->next_number += actor->count;
		return VERDICT_UNDONE;
	}
	trial_settle(trial, actor, &part);
	return VERDICT_UNDONE;
}

/* The stopped one goes on to its end. */
static enum verdict let_on(struct trial *trial, pid_t pid,
	const struct part *part, struct ledger_actor *actor)
{
	uint64_t next_number = trial->stage->next_number;
	enum verdict verdict;
	int status;

	story_deed(&trial->report->story,
		story_place(part->operation->role, part->index), "goes on", 0);
	/* from here on nobody is to strike it, nor does it by itself */
	trial->stage->shared->said[part->index].struck = false;
	kill(pid, SIGCONT);
	verdict = trial_await_part(trial, part, &pid, &status);
	if (verdict != VERDICT_UNDONE)
		return verdict;
	trial_settle(trial, actor, part);
	trial->stage->next_number = next_number;
	return VERDICT_UNDONE;
}

static enum verdict let_holder_on(struct trial *trial)
{
	const struct crash_operation *operation = &trial->what->operation;
	const struct crash_operation like = {.role = operation->role};
	const struct part part = {.operation = &like, .index = OTHER};
	pid_t pid = trial->holder;

	trial->holder = 0;
	return pid ? let_on(trial, pid, &part, &trial->ledger.actors[0])
		   : VERDICT_UNDONE;
}

/* --- kinds ------------------------------------------------------------------- */

static bool is_sleeper(const struct trial *trial)
{
	return trial->what->kind == KIND_SLEEPER;
}

static struct part victim_part(const struct trial *trial)
{
	const struct trial_strike *strike = trial->strike;
	enum step_what what = STEP_KILL;

	if (trial->what->kind == KIND_STOP)
		what = STEP_STOP;
	else if (trial->what->kind == KIND_SYSCALL)
		what = STEP_FAIL;
	return (struct part){
		.operation = &trial->what->operation,
		.index = VICTIM,
		.trace = strike->trace,
		.k = strike->k,
		.action = {.what = what, .err = strike->err},
		.record = strike->record,
		.timeout_ns = path_timeout_ns(
			trial->what->path, trial->stage->patience_ns),
	};
}

/* The others' turn beside a stopped victim: each call ends within its time. */
static enum verdict act_beside(struct trial *trial)
{
	struct crash_stage *stage = trial->stage;
	const struct crash_operation *operation = &trial->what->operation;
	const struct survivor_answer *answer;
	enum verdict verdict;

	trial->ledger.unordered = true;
	if (operation->role == ROLE_CONSUMER ||
		!crash_stage_alone(stage, ROLE_PRODUCER)) {
		struct ledger *ledger = &trial->ledger;
		struct ledger_actor *actor =
			&ledger->actors[ledger->actor_count++];

		*actor = (struct ledger_actor){
			.effect = EFFECT_PUTS, .count = 1, .whole = true};
		verdict = trial_order(trial, ROLE_PRODUCER,
			&(struct survivor_order){.what = SURVIVOR_SEND,
				.number = stage->next_number,
				.count = 1,
				.timeout_ns = STOP_TIMEOUT_NS});
		if (verdict != VERDICT_UNDONE)
			return verdict;
		answer = crash_stage_answer(stage, ROLE_PRODUCER);
		actor->returned =
			answer->done && operation->effect != EFFECT_CLEARS;
		stage->next_number++;
		stage->passed += answer->done;
	}
	if (operation->role == ROLE_CONSUMER &&
		crash_stage_alone(stage, ROLE_CONSUMER))
		return VERDICT_UNDONE;
	return trial_order(trial, ROLE_CONSUMER,
		&(struct survivor_order){.what = SURVIVOR_RECV,
			.count = 1,
			.expect = 1,
			.timeout_ns = STOP_TIMEOUT_NS});
}

/* What was taken out before a clear was the oldest, and is not missing. */
static void forget_taken(struct trial *trial)
{
	struct ledger *ledger = &trial->ledger;
	size_t n = 0;

	while (n < trial->seen_count && ledger->before &&
		trial->seen[n].whole &&
		trial->seen[n].number == ledger->first) {
		ledger->first++;
		ledger->before--;
		n++;
	}
	trial->seen_count -= n;
	memmove(trial->seen, trial->seen + n,
		trial->seen_count * sizeof(*trial->seen));
}

/* Somebody lies down between the victim's attaching and its call, as else who is
 * alone would be told that the other side has left. */
static enum verdict lay_down_beside(
	struct trial *trial, const struct part *part, pid_t *pid)
{
	struct stage_said *said = &trial->stage->shared->said[part->index];
	uint64_t deadline_ns = deadline_after(trial->stage->patience_ns);
	enum verdict verdict;
	int status;

	/* acquire, release: as in play() */
	while (!atomic_load_explicit(&said->prepared, memory_order_acquire) &&
		deadline_left_ns(deadline_ns)) {
		/* who waits for it learns how */
		if (crash_stage_ended(trial->stage, *pid))
			return VERDICT_UNDONE;
		nanosleep(&trial_moment, NULL);
	}
	verdict = trial_lay_down(trial);
	atomic_store_explicit(&said->go, true, memory_order_release);
	if (verdict != VERDICT_UNDONE && !*pid)
		/* acquire: as in stage.c */
		*pid = atomic_load_explicit(&trial->stage->shared->host.victim,
			memory_order_acquire);
	if (verdict != VERDICT_UNDONE && *pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, &status, 0);
	}
	return verdict;
}

static enum verdict strike_victim(struct trial *trial)
{
	struct part part = victim_part(trial);
	struct ledger_actor *actor;
	enum verdict verdict;
	pid_t pid;
	int status;

	trial->stage->phase = STORY_STRUCK;
	part.waits = is_sleeper(trial);
	trial->ledger.victim = trial->ledger.actor_count;
	actor = trial_enter(trial, part.operation);
	pid = trial_start_part(trial, &part);
	if (part.waits && pid >= 0) {
		verdict = lay_down_beside(trial, &part, &pid);
		if (verdict != VERDICT_UNDONE)
			return verdict;
	}
	verdict = trial_await_part(trial, &part, &pid, &status);
	if (verdict != VERDICT_UNDONE)
		return verdict;
	trial_struck(trial, &part, part.trace, part.k, status);
	if (WIFSTOPPED(status)) {
		trial->report->acted = true;
		if (actor->effect == EFFECT_PUTS)
			trial->stage->next_number += actor->count;
		verdict = act_beside(trial);
		if (verdict != VERDICT_UNDONE) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return verdict;
		}
		verdict = let_on(trial, pid, &part, actor);
		if (actor->effect == EFFECT_CLEARS)
			forget_taken(trial);
		return verdict;
	}
	trial_settle(trial, actor, &part);
	trial->report->acted =
		WIFSIGNALED(status) || trial->what->kind == KIND_SYSCALL;
	trial->report->missed = !trial->report->acted && !trial->strike->record;
	return VERDICT_UNDONE;
}

/* Who comes next in the same call, and dies of it as well. */
static enum verdict strike_next(struct trial *trial)
{
	const struct trial_strike *strike = trial->strike;
	struct part part = victim_part(trial);
	struct ledger_actor *actor;
	enum verdict verdict;
	pid_t pid;
	int status;

	part.index = OTHER;
	part.trace = strike->next_trace;
	part.k = strike->j;
	part.record = strike->record_next;
	part.timeout_ns =
		part.timeout_ns ? part.timeout_ns : trial->stage->patience_ns;
	if (trial->what->path == PATH_EMPTY || trial->what->path == PATH_FULL)
		part.timeout_ns = 0;
	actor = trial_enter(trial, part.operation);
	pid = trial_start_part(trial, &part);
	verdict = trial_await_part(trial, &part, &pid, &status);
	if (verdict != VERDICT_UNDONE)
		return verdict;
	trial_struck(trial, &part, part.trace, part.k, status);
	trial_settle(trial, actor, &part);
	if (!WIFSIGNALED(status) && !strike->record_next) {
		trial->report->acted = false;
		trial->report->missed = true;
	}
	return VERDICT_UNDONE;
}

/* --- after ------------------------------------------------------------------- */

static enum verdict note_recovery(struct trial *trial, enum endpoint_role role)
{
	uint64_t first_ns = crash_stage_answer(trial->stage, role)->first_ns;

	trial->report->recovery_ns = first_ns;
	if (first_ns <= trial->what->late_ns)
		return VERDICT_UNDONE;
	return trial_found(trial, VERDICT_LATE,
		"the surviving %s got on after %.1f ms", trial_role_name(role),
		(double)first_ns / (double)MS);
}

/* A survivor of the victim's role first, then one message more. */
static enum verdict go_on(struct trial *trial)
{
	const struct trial_case *what = trial->what;
	enum endpoint_role role = what->operation.role;
	unsigned least = ledger_least(&trial->ledger);
	enum verdict verdict = VERDICT_UNDONE;
	bool makes = what->operation.effect == EFFECT_MAKES;
	unsigned some = 1, most = 0;

	/* Room comes in lumps, of pages; or when the oldest is taken that the
	 * dead one had, which may be behind all others by now. */
	if (what->path == PATH_FULL)
		some = trial->ledger.unordered ? what->room
					       : (what->room + 1) / 2;
	if (least < trial->seen_count + some)
		some = least > trial->seen_count
			       ? least - (unsigned)trial->seen_count
			       : 0;
	/* The dead one's may be the oldest, and then room waits for it; it may
	 * have taken it along, and then nobody may insist on it. */
	if (what->path == PATH_FULL && trial->ledger.unordered)
		most = trial->ledger.before;
	if (role == ROLE_CONSUMER || what->path == PATH_FULL) {
		verdict = trial_receive(trial,
			most > some ? most
			: some	    ? some
				    : 1,
			some, most);
		if (verdict == VERDICT_UNDONE && some && role == ROLE_CONSUMER)
			verdict = note_recovery(trial, role);
	}
	if (verdict == VERDICT_UNDONE && makes)
		verdict = make_again(trial);
	if (verdict == VERDICT_UNDONE && makes)
		verdict = note_recovery(trial, role);
	if (verdict == VERDICT_UNDONE)
		verdict = trial_send_some(trial, 1);
	trial->ledger.after++;
	if (verdict == VERDICT_UNDONE && role == ROLE_PRODUCER && !makes)
		verdict = note_recovery(trial, role);
	return verdict;
}

static enum verdict judge(struct trial *trial)
{
	struct crash_stage *stage = trial->stage;
	unsigned least = ledger_least(&trial->ledger);
	unsigned seen = (unsigned)trial->seen_count, most = 0;
	uint64_t number;
	enum verdict verdict;

	/* what the dead one held comes by and by */
	if (trial->ledger.unordered)
		most = (unsigned)(ledger_end(&trial->ledger) -
				  trial->ledger.first);
	verdict = trial_receive(trial, SURVIVOR_SEEN_MAX,
		least > seen ? least - seen : 0, most > seen ? most - seen : 0);

	if (verdict != VERDICT_UNDONE)
		return verdict;
	verdict = ledger_judge(
		&trial->ledger, trial->seen, trial->seen_count, &number);
	if (!verdict_is_fine(verdict))
		return trial_found(trial, verdict,
			"message %" PRIu64 " of %u there before and %" PRIu64
			" in all; %zu came out",
			number - trial->ledger.first + 1, trial->ledger.before,
			ledger_end(&trial->ledger) - trial->ledger.first,
			trial->seen_count);
	trial->report->verdict = verdict;
	if (trial->what->operation.effect == EFFECT_PUTS &&
		verdict == VERDICT_DONE)
		stage->passed += trial->what->operation.count;
	if (stage->transport->check && stage->transport->check(stage->channel))
		return trial_found(trial, VERDICT_BROKEN,
			"check() finds its invariants broken");
	return VERDICT_UNDONE;
}

/* --- all of it --------------------------------------------------------------- */

static void end_holder(struct trial *trial)
{
	int status;

	if (!trial->holder)
		return;
	kill(trial->holder, SIGKILL);
	waitpid(trial->holder, &status, 0);
	trial->holder = 0;
}

static enum verdict run(struct trial *trial)
{
	bool sleeper = is_sleeper(trial);
	struct crash_stage *stage = trial->stage;
	enum verdict verdict;
	uint64_t since_ns = 0;

	stage->phase = STORY_BEFORE;
	verdict = set_stage(trial);
	if (verdict == VERDICT_UNDONE)
		verdict = set_holder(trial);
	if (verdict == VERDICT_UNDONE) {
		verdict = strike_victim(trial);
		since_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	}
	if (verdict == VERDICT_UNDONE && trial->what->kind == KIND_PAIR &&
		!trial->strike->record)
		verdict = strike_next(trial);
	stage->phase = STORY_AFTER;
	if (verdict == VERDICT_UNDONE)
		verdict = let_holder_on(trial);
	if (verdict == VERDICT_UNDONE && sleeper)
		verdict = trial_awake(trial, since_ns);
	else if (verdict == VERDICT_UNDONE)
		verdict = go_on(trial);
	if (verdict == VERDICT_UNDONE && sleeper) {
		verdict = trial_send_some(trial, 1);
		trial->ledger.after++;
	}
	stage->phase = STORY_COUNT;
	return verdict == VERDICT_UNDONE ? judge(trial) : verdict;
}

void trial_run(struct crash_stage *stage, const struct trial_case *what,
	const struct trial_strike *strike, struct trial_report *ret_report)
{
	static struct trial trial; /* large, and one at a time */

	memset(&trial, 0, offsetof(struct trial, seen));
	trial.seen_count = 0;
	trial.holder = 0;
	trial.sleepers = NULL;
	trial.stage = stage;
	trial.what = what;
	trial.strike = strike;
	trial.report = ret_report;
	memset(ret_report, 0, offsetof(struct trial_report, story));
	story_begin(&ret_report->story);
	stage->shared->fault = (struct stage_fault){0};
	run(&trial);
	end_holder(&trial);
}

unsigned trial_room(struct crash_stage *stage)
{
	enum verdict verdict = crash_stage_order(stage, ROLE_PRODUCER,
		&(struct survivor_order){
			.what = SURVIVOR_SEND, .number = 1, .count = ROOM_MAX});
	unsigned room = crash_stage_answer(stage, ROLE_PRODUCER)->done;

	if (verdict != VERDICT_UNDONE || room == ROOM_MAX)
		return 0;
	return room;
}
