/* fault_script.c - a soak, drawn from its seed before it begins.
 *
 * Written down beforehand, it does not depend on what the machine does: the same
 * seed strikes the same places in the same order at the same moments. What those
 * who are struck are doing just then is the machine's, and differs every time.
 *
 * The distances between two deeds are far longer than a recovery, so that each
 * can be seen on its own, and short enough for dozens in a second.
 */
#include "run/fault_script.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/rng.h"

enum {
	GAP_MIN_NS = 5000000, /* between two deeds ... */
	GAP_MAX_NS = 45000000,
	STOP_MIN_NS = 100000, /* ... and of one */
	STOP_MAX_NS = 20000000,
	GONE_MAX_NS = 10000000, /* until there is another one */
	VAIN_MAX = 10000,	/* moments at which nobody can be struck */
};

/* Of a place, as the script has it so far. */
struct place {
	uint64_t away_until_ns; /* dead or stopped; 0: at work */
	bool dead;
	size_t continue_step; /* the step that ends its stop */
};

struct writer {
	const struct bench_case *bench;
	struct rng rng;
	struct fault_script script;
	struct place places[CASE_MAX_WORKERS];
	unsigned strikes[2];
};

static enum victim role_of(const struct bench_case *bench, unsigned place)
{
	return place < bench->producers ? VICTIM_PRODUCER : VICTIM_CONSUMER;
}

static int add_step(struct fault_script *script, uint64_t at_ns,
	enum fault_deed deed, unsigned place)
{
	if (script->count == script->room) {
		size_t room = script->room ? 2 * script->room : 256;
		struct fault_step *steps =
			realloc(script->steps, room * sizeof(*steps));

		if (!steps)
			return -ENOMEM;
		script->steps = steps;
		script->room = room;
	}
	script->steps[script->count++] =
		(struct fault_step){at_ns, deed, place};
	return 0;
}

static bool at_work(
	const struct writer *writer, unsigned place, uint64_t now_ns)
{
	return writer->places[place].away_until_ns <= now_ns;
}

/* How many of @role but @except are at work. */
static unsigned others_at_work(const struct writer *writer, enum victim role,
	unsigned except, uint64_t now_ns)
{
	unsigned workers = writer->bench->producers + writer->bench->consumers;
	unsigned count = 0;

	for (unsigned i = 0; i < workers; i++)
		count += i != except && role_of(writer->bench, i) == role &&
			 at_work(writer, i, now_ns);
	return count;
}

static bool wanted(const struct writer *writer, enum victim role)
{
	const struct bench_case *bench = writer->bench;

	if (!bench->kill_victim[role])
		return false;
	if (writer->script.kills[role] >= FAULT_KILLS_MAX)
		return false;
	return bench->soak_ns || writer->strikes[role] < bench->kills;
}

/* May @fault happen to @place now? */
static bool can_strike(const struct writer *writer, enum fault_kind fault,
	unsigned place, uint64_t now_ns)
{
	enum victim role = role_of(writer->bench, place);
	const struct place *who = &writer->places[place];

	if (!wanted(writer, role) ||
		!others_at_work(writer, role, place, now_ns))
		return false;
	if (fault == FAULT_STOP)
		return at_work(writer, place, now_ns);
	return at_work(writer, place, now_ns) || !who->dead;
}

static int strike(struct writer *writer, enum fault_kind fault, unsigned place,
	uint64_t now_ns)
{
	struct place *who = &writer->places[place];
	enum victim role = role_of(writer->bench, place);
	int err = add_step(&writer->script, now_ns,
		fault == FAULT_KILL ? DEED_KILL : DEED_STOP, place);

	if (err)
		return err;
	if (fault == FAULT_STOP) {
		who->away_until_ns =
			now_ns + STOP_MIN_NS +
			rng_below(&writer->rng, STOP_MAX_NS - STOP_MIN_NS);
		who->dead = false;
		who->continue_step = writer->script.count;
		writer->strikes[role] += !writer->bench->faults[FAULT_KILL];
		return add_step(&writer->script, who->away_until_ns,
			DEED_CONTINUE, place);
	}
	/* A stopped one that is killed does not go on. */
	if (!at_work(writer, place, now_ns))
		writer->script.steps[who->continue_step].at_ns = UINT64_MAX;
	who->away_until_ns = now_ns + 1 + rng_below(&writer->rng, GONE_MAX_NS);
	who->dead = true;
	writer->script.kills[role]++;
	writer->strikes[role]++;
	return add_step(
		&writer->script, who->away_until_ns, DEED_RESPAWN, place);
}

/* One moment. Returns 1 when somebody was struck; 0; -ENOMEM. */
static int strike_any(struct writer *writer, uint64_t now_ns)
{
	const bool *faults = writer->bench->faults;
	unsigned workers = writer->bench->producers + writer->bench->consumers;
	enum fault_kind fault =
		faults[FAULT_KILL] && faults[FAULT_STOP]
			? (enum fault_kind)rng_below(&writer->rng, 2)
		: faults[FAULT_KILL] ? FAULT_KILL
				     : FAULT_STOP;
	unsigned seen = 0, chosen = 0;
	int err;

	/* each of the n seen so far is the one with chance 1 / n */
	for (unsigned i = 0; i < workers; i++)
		if (can_strike(writer, fault, i, now_ns) &&
			rng_below(&writer->rng, ++seen) == 0)
			chosen = i;
	if (!seen)
		return 0;
	err = strike(writer, fault, chosen, now_ns);
	return err ? err : 1;
}

static int step_order(const void *a, const void *b)
{
	const struct fault_step *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	/* no two deeds of one place are at the same time */
	return (x->place > y->place) - (x->place < y->place);
}

int fault_script_make(const struct bench_case *bench, uint64_t seed,
	struct fault_script *ret_script)
{
	struct writer writer = {.bench = bench, .rng = rng_seeded(seed)};
	unsigned in_vain = 0;
	uint64_t now_ns = 0;

	for (;;) {
		int struck;

		now_ns += GAP_MIN_NS +
			  rng_below(&writer.rng, GAP_MAX_NS - GAP_MIN_NS);
		if (bench->soak_ns ? now_ns >= bench->soak_ns
				   : !wanted(&writer, VICTIM_PRODUCER) &&
					     !wanted(&writer, VICTIM_CONSUMER))
			break;
		struck = strike_any(&writer, now_ns);
		if (struck < 0) {
			fault_script_free(&writer.script);
			return struck;
		}
		in_vain = struck ? 0 : in_vain + 1;
		if (in_vain == VAIN_MAX)
			break;
	}
	if (writer.script.count)
		qsort(writer.script.steps, writer.script.count,
			sizeof(*writer.script.steps), step_order);
	while (writer.script.count &&
		writer.script.steps[writer.script.count - 1].at_ns ==
			UINT64_MAX)
		writer.script.count--;
	*ret_script = writer.script;
	return 0;
}

void fault_script_free(struct fault_script *script)
{
	free(script->steps);
	*script = (struct fault_script){0};
}

const char *fault_deed_name(enum fault_deed deed)
{
	static const char *const names[] = {
		[DEED_KILL] = "KILLED",
		[DEED_RESPAWN] = "another one starts",
		[DEED_STOP] = "STOPPED",
		[DEED_CONTINUE] = "goes on",
	};

	return deed <= DEED_CONTINUE ? names[deed] : "?";
}
