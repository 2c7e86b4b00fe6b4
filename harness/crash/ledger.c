/* ledger.c - see ledger.h.
 *
 * What a death may do: a sender's message that nobody acknowledged is there,
 * whole, or is not; of a batch a first part, unless the transport promises all or
 * none. A taker's messages, the oldest there were, are gone with it or are not.
 * Nothing else: every other message comes out, once, in order.
 *
 * Takers take from the front, so what is gone of the messages from before is
 * counted from there; a message gone from behind one that is there was lost.
 */
#include "crash/ledger.h"

#include <string.h>

static const char *const names[VERDICTS] = {
	[VERDICT_UNDONE] = "undone",
	[VERDICT_DONE] = "done",
	[VERDICT_PARTLY] = "partly done",
	[VERDICT_LOST] = "lost",
	[VERDICT_DUPLICATED] = "duplicated",
	[VERDICT_TORN] = "torn",
	[VERDICT_REORDERED] = "reordered",
	[VERDICT_BROKEN] = "broken",
	[VERDICT_HANG] = "hang",
	[VERDICT_REFUSED] = "refused",
	[VERDICT_LATE] = "late",
	[VERDICT_CRASHED] = "crashed",
};

const char *verdict_name(enum verdict verdict)
{
	return names[verdict];
}

bool verdict_is_fine(enum verdict verdict)
{
	return verdict <= VERDICT_PARTLY;
}

bool verdict_is_data(enum verdict verdict)
{
	return verdict >= VERDICT_LOST && verdict <= VERDICT_BROKEN;
}

static unsigned puts_of(const struct ledger_actor *actor)
{
	return actor->effect == EFFECT_PUTS ? actor->count : 0;
}

/* Of these, what must be there when it returned. */
static unsigned sure_puts_of(const struct ledger_actor *actor)
{
	return puts_of(actor) ? actor->count - actor->short_by : 0;
}

uint64_t ledger_end(const struct ledger *ledger)
{
	uint64_t end = ledger->first + ledger->before + ledger->after;

	for (unsigned i = 0; i < ledger->actor_count; i++)
		end += puts_of(&ledger->actors[i]);
	return end;
}

/* How many of those from before the dead may have taken along. */
static unsigned most_gone(const struct ledger *ledger)
{
	unsigned most = 0;

	for (unsigned i = 0; i < ledger->actor_count; i++) {
		const struct ledger_actor *actor = &ledger->actors[i];

		if (actor->effect == EFFECT_CLEARS)
			return ledger->before;
		if (actor->effect == EFFECT_TAKES && !actor->returned)
			most += actor->count;
	}
	return most < ledger->before ? most : ledger->before;
}

unsigned ledger_least(const struct ledger *ledger)
{
	unsigned least = ledger->before - most_gone(ledger) + ledger->after;

	for (unsigned i = 0; i < ledger->actor_count; i++)
		if (ledger->actors[i].returned)
			least += sure_puts_of(&ledger->actors[i]);
	return least;
}

/* May just @gone of those from before be gone? */
static bool may_be_gone(const struct ledger *ledger, unsigned gone)
{
	uint64_t reach = 1; /* bit n: n messages could be gone */

	if (gone > most_gone(ledger))
		return false;
	/* there were no more for the last one of them to take */
	if (gone && gone == most_gone(ledger) && gone == ledger->before)
		return true;
	for (unsigned i = 0; i < ledger->actor_count; i++) {
		const struct ledger_actor *actor = &ledger->actors[i];
		uint64_t from = reach;

		if (actor->effect == EFFECT_CLEARS) {
			if (actor->returned)
				return gone == ledger->before;
			if (gone == ledger->before)
				return true;
		}
		if (actor->effect != EFFECT_TAKES || actor->returned)
			continue;
		for (unsigned n = actor->whole ? actor->count : 1;
			n <= actor->count; n++)
			reach |= from << n;
	}
	return gone < 64 && (reach >> gone & 1);
}

/* How often each number was seen, by its distance from the first. */
struct count {
	unsigned char times[LEDGER_BEFORE_MAX];
	size_t numbers;
};

static enum verdict count_all(const struct ledger *ledger,
	const struct ledger_message *seen, size_t seen_count,
	struct count *count, uint64_t *ret_number)
{
	enum verdict verdict = VERDICT_UNDONE;
	uint64_t latest = 0;

	count->numbers = ledger_end(ledger) - ledger->first;
	memset(count->times, 0, sizeof(count->times));
	for (size_t i = 0; i < seen_count; i++) {
		uint64_t number = seen[i].number;
		enum verdict found = VERDICT_UNDONE;

		if (!seen[i].whole || number >= ledger_end(ledger))
			found = VERDICT_TORN;
		else if (number < ledger->first ||
			 count->times[number - ledger->first]++)
			found = VERDICT_DUPLICATED;
		else if (number < latest && !ledger->unordered)
			found = VERDICT_REORDERED;
		else if (number > latest)
			latest = number;
		if (found != VERDICT_UNDONE &&
			(verdict == VERDICT_UNDONE || found < verdict)) {
			verdict = found;
			*ret_number = number;
		}
	}
	return verdict;
}

/* The @many numbers from @at on: a first part of them there, the rest not.
 * Returns how many are there; -1: not so, *@ret_number is missing. */
static int first_part(const struct count *count, size_t at, unsigned many,
	size_t *ret_missing)
{
	unsigned there = 0;

	while (there < many && count->times[at + there])
		there++;
	*ret_missing = at + there;
	for (unsigned i = there; i < many; i++)
		if (count->times[at + i])
			return -1;
	return (int)there;
}

/* Those of the actors. @ret_done: of the victim's. */
static enum verdict judge_puts(const struct ledger *ledger,
	const struct count *count, size_t *at, unsigned *ret_done,
	size_t *ret_missing)
{
	for (unsigned i = 0; i < ledger->actor_count; i++) {
		const struct ledger_actor *actor = &ledger->actors[i];
		unsigned many = puts_of(actor);
		int there = first_part(count, *at, many, ret_missing);

		if (there < 0 ||
			(actor->returned &&
				(unsigned)there != sure_puts_of(actor)) ||
			(!actor->returned && actor->whole && there &&
				(unsigned)there < many))
			return VERDICT_LOST;
		if (i == ledger->victim)
			*ret_done = (unsigned)there;
		*at += many;
	}
	return VERDICT_UNDONE;
}

/* Those from before: how many are gone, if that may be. They are the oldest, but
 * for what others took in turn and told of; where order does not hold, any. */
static enum verdict judge_before(const struct ledger *ledger,
	const struct count *count, unsigned *ret_gone, size_t *ret_missing)
{
	unsigned gone = 0, first = 0, last = 0;

	for (unsigned i = 0; i < ledger->before; i++) {
		if (count->times[i])
			continue;
		if (!gone++)
			first = i;
		last = i;
	}
	*ret_gone = gone;
	*ret_missing = last;
	if (gone && !ledger->unordered &&
		(first > ledger->taken || last - first + 1 != gone))
		return VERDICT_LOST;
	if (may_be_gone(ledger, gone))
		return VERDICT_UNDONE;
	/* a clear that returned and left something */
	return gone ? VERDICT_LOST : VERDICT_DUPLICATED;
}

enum verdict ledger_judge(const struct ledger *ledger,
	const struct ledger_message *seen, size_t seen_count,
	uint64_t *ret_number)
{
	const struct ledger_actor *victim = &ledger->actors[ledger->victim];
	struct count count;
	size_t at = ledger->before, missing = 0;
	unsigned gone, done = 0;
	enum verdict verdict;

	*ret_number = 0;
	if (ledger_end(ledger) - ledger->first > LEDGER_BEFORE_MAX)
		return VERDICT_TORN;
	verdict = count_all(ledger, seen, seen_count, &count, ret_number);
	if (verdict != VERDICT_UNDONE)
		return verdict;
	verdict = judge_before(ledger, &count, &gone, &missing);
	if (verdict == VERDICT_UNDONE)
		verdict = judge_puts(ledger, &count, &at, &done, &missing);
	if (verdict == VERDICT_UNDONE &&
		first_part(&count, at, ledger->after, &missing) !=
			(int)ledger->after)
		verdict = VERDICT_LOST;
	if (verdict != VERDICT_UNDONE) {
		*ret_number = ledger->first + missing;
		return verdict;
	}
	if (victim->effect == EFFECT_TAKES || victim->effect == EFFECT_CLEARS)
		done = gone;
	if (victim->returned || (done && victim->effect == EFFECT_CLEARS) ||
		(done && done >= victim->count))
		return VERDICT_DONE;
	return done ? VERDICT_PARTLY : VERDICT_UNDONE;
}
