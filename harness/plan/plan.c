/* plan.c - the cross product of a scenario's axes, and the order of slices.
 *
 * Everything that can be known before the first process is forked is decided
 * here: which cases there are, on which CPUs, which cannot run and why, and
 * the order in which slices run. What machine-dependent figures drift with
 * (frequency, neighbours, memory) changes over seconds, so the cases take
 * turns: in every round each case gets one slice, in an order shuffled anew
 * from the seed, and cases are compared within a round.
 *
 * Crash cases come after all rounds: they are one slice each, as long as their
 * kills take, and would stretch the rounds they stood in.
 *
 * Random numbers: the order of round r is drawn from rng_derive(seed, r), a
 * slice's own seed from the seed, its case and its round, a crash case's from the
 * seed and its name. Nothing depends on
 * when or where the plan is made.
 */
#include "plan/plan.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/rng.h"
#include "case/verify.h"
#include "machine/topo.h"
#include "scenario/scenario.h"
#include "transport/transport.h"

enum {
	CASE_LIMIT = 10000,
	SWEEP_LIMIT = 50000000, /* looked at, for those in step */
	SLICE_LIMIT = 2000000,
	ID_SPEC_LETTERS = 40, /* of a transport's word in an id */
};

/* What a slice takes besides warm-up and measuring, to estimate the run: two
 * distance probes, the forks, create and destroy; and one kill: a new victim,
 * waiting until it holds the lock, recovery. Guesses that err upwards. */
#define SLICE_EXTRA_NS UINT64_C(15000000)
#define KILL_NS UINT64_C(15000000)
#define BYTES_PER_NS 2 /* to fill a holder's memory, page by page */
#define KILLS_USUAL 100
/* At steps: what one trial takes on one CPU, and how many there are when each
 * step has its turn once; a pair is a step with some dozens of others. */
#define TRIAL_NS UINT64_C(600000)
#define TRIALS_ONCE UINT64_C(20000)
#define PAIRS_ONCE (16 * TRIALS_ONCE)

/* A position in one section's cross product: an odometer. The transport turns
 * fastest, so that a table has what is compared side by side. */
struct sweep {
	size_t transport, msg_size, batch, producers, consumers;
	size_t placement, memory, wait, spin, huge, access, capacity;
	size_t arrival, rate, kill_at, holder_memory;
};

static bool step(size_t *position, size_t count)
{
	if (++*position < count)
		return true;
	*position = 0;
	return false;
}

static bool sweep_next(
	const struct scenario_section *section, struct sweep *sweep)
{
	bool open = section->mode == MODE_OPEN;
	bool crash = section->mode == MODE_CRASH;

	return step(&sweep->transport, section->transport_count) ||
	       step(&sweep->arrival, open ? section->arrival_count : 1) ||
	       step(&sweep->rate, open ? section->rate_count : 1) ||
	       step(&sweep->kill_at, crash ? section->kill_at_count : 1) ||
	       step(&sweep->holder_memory,
		       crash ? section->holder_memory_count : 1) ||
	       step(&sweep->access, section->access_count) ||
	       step(&sweep->spin, section->spin_count) ||
	       step(&sweep->wait, section->wait_count) ||
	       step(&sweep->huge, section->huge_count) ||
	       step(&sweep->memory, section->memory_count) ||
	       step(&sweep->placement, section->placement_count) ||
	       step(&sweep->consumers, section->consumer_count) ||
	       step(&sweep->producers, section->producer_count) ||
	       step(&sweep->capacity, section->capacity_count) ||
	       step(&sweep->batch, section->batch_count) ||
	       step(&sweep->msg_size, section->msg_size_count);
}

/* Where `zip` finds an axis: its position, by the offset of its count. */
static const struct {
	size_t position_at;
	size_t count_at;
} zip_axes[] = {
#define ZIP_AXIS(position, count)                                \
	{                                                        \
		offsetof(struct sweep, position),                \
			offsetof(struct scenario_section, count) \
	}
	ZIP_AXIS(transport, transport_count),
	ZIP_AXIS(msg_size, msg_size_count),
	ZIP_AXIS(batch, batch_count),
	ZIP_AXIS(producers, producer_count),
	ZIP_AXIS(consumers, consumer_count),
	ZIP_AXIS(placement, placement_count),
	ZIP_AXIS(memory, memory_count),
	ZIP_AXIS(wait, wait_count),
	ZIP_AXIS(spin, spin_count),
	ZIP_AXIS(huge, huge_count),
	ZIP_AXIS(access, access_count),
	ZIP_AXIS(capacity, capacity_count),
	ZIP_AXIS(arrival, arrival_count),
	ZIP_AXIS(rate, rate_count),
	ZIP_AXIS(kill_at, kill_at_count),
	ZIP_AXIS(holder_memory, holder_memory_count),
#undef ZIP_AXIS
};

static size_t zip_position(const struct sweep *sweep, int count_at)
{
	size_t position;

	for (size_t i = 0; i < sizeof(zip_axes) / sizeof(zip_axes[0]); i++)
		if (zip_axes[i].count_at == (size_t)count_at) {
			memcpy(&position,
				(const char *)sweep + zip_axes[i].position_at,
				sizeof(position));
			return position;
		}
	assert(!"an axis that zip_axes[] does not have");
	return 0;
}

/* Of the whole cross product, only where all keys of `zip` are at the same
 * place stands a case. */
static bool in_step(
	const struct scenario_section *section, const struct sweep *sweep)
{
	for (size_t i = 1; i < section->zip_count; i++)
		if (zip_position(sweep, section->zip_counts[i]) !=
			zip_position(sweep, section->zip_counts[0]))
			return false;
	return true;
}

/* The cross product counts as many cases for each one that is in step. */
static size_t zip_excess(const struct scenario_section *section)
{
	size_t length, excess = 1;

	if (section->zip_count < 2)
		return 1;
	memcpy(&length, (const char *)section + section->zip_counts[0],
		sizeof(length));
	for (size_t i = 1; i < section->zip_count && excess <= SWEEP_LIMIT; i++)
		excess *= length;
	return excess;
}

/* Bytes in the largest binary unit that fits exactly: 64B, 1KiB, 1000B. */
static const char *size_text(uint64_t bytes, char *room, size_t room_bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
	unsigned unit = 0;

	while (unit < 3 && bytes >= 1024 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(room, room_bytes, "%" PRIu64 "%s", bytes, units[unit]);
	return room;
}

/* A transport's word as part of an id: a command's blanks, slashes and quotes
 * become '_'. */
static void spec_text(const char *spec, char *room, size_t room_bytes)
{
	size_t len = 0;

	for (; spec[len] && len + 1 < room_bytes; len++) {
		bool plain = isalnum((unsigned char)spec[len]) ||
			     strchr(".:-+=", spec[len]);

		room[len] = plain ? spec[len] : '_';
	}
	room[len] = '\0';
}

/* "/50%/poisson", "/200000ps"; "/random", "/holder-4GiB"; nothing for a closed
 * loop, nor for what is usual in a crash section. */
static void load_text(
	const struct bench_case *bench, char *room, size_t room_bytes)
{
	bool share = bench->rate & RATE_SHARE;
	char size[32];

	room[0] = '\0';
	if (bench->mode == MODE_CRASH && bench->kill_at != KILL_AT_HOLDER)
		snprintf(room, room_bytes, "/%s", kill_at_name(bench->kill_at));
	else if (bench->mode == MODE_CRASH && bench->holder_memory_bytes)
		snprintf(room, room_bytes, "/holder-%s",
			size_text(bench->holder_memory_bytes, size,
				sizeof(size)));
	if (bench->mode == MODE_OPEN)
		snprintf(room, room_bytes, "/%" PRIu64 "%s%s",
			bench->rate & ~RATE_SHARE, share ? "%" : "ps",
			bench->arrival == ARRIVAL_POISSON ? "/poisson" : "");
}

/* "/mem-producer/spin-off/huge-hint"; nothing for what is usual. */
static void wishes_text(
	const struct bench_case *bench, char *room, size_t room_bytes)
{
	bool memory = bench->memory != MEMORY_ANY;
	bool spin = bench->spin_us != SPIN_AUTO;
	bool huge = bench->huge != HUGE_PAGES_NO;
	char looks[SPIN_TEXT_BYTES];

	snprintf(room, room_bytes, "%s%s%s%s%s%s", memory ? "/mem-" : "",
		memory ? memory_place_name(bench->memory) : "",
		spin ? "/spin-" : "",
		spin ? spin_text(bench->spin_us, looks) : "",
		huge ? "/huge-" : "", huge ? huge_pages_name(bench->huge) : "");
}

/* A placement's slashes would look like the id's own: they become '-'. */
static void name_case(struct bench_case *bench)
{
	char spec[ID_SPEC_LETTERS + 1], size[32], capacity[32] = "";
	char placement[CASE_NAME_BYTES], load[64], wishes[80];
	int wrote;

	load_text(bench, load, sizeof(load));
	wishes_text(bench, wishes, sizeof(wishes));
	spec_text(bench->transport, spec, sizeof(spec));
	snprintf(placement, sizeof(placement), "%s", bench->placement);
	for (char *at = placement; *at; at++)
		if (*at == '/')
			*at = '-';
	if (bench->capacity_bytes)
		size_text(bench->capacity_bytes, capacity, sizeof(capacity));
	wrote = snprintf(bench->id, sizeof(bench->id) - 8,
		"%.40s/%s/%s/b%u/%up%uc/%.32s/%s%s%s%s%s%s%s", bench->section,
		spec, size_text(bench->msg_size_bytes, size, sizeof(size)),
		bench->batch, bench->producers, bench->consumers, placement,
		wait_mode_name(bench->wait), capacity[0] ? "/cap" : "",
		capacity, bench->access == ACCESS_COPY ? "" : "/",
		bench->access == ACCESS_COPY ? ""
					     : access_mode_name(bench->access),
		wishes, load);
	assert(wrote > 0); /* cut or not: make_unique() sees to the rest */
	(void)wrote;
}

/* Long commands can be alike where an id cuts them: the later ones get a
 * number. name_case() leaves room for it. */
static void make_unique(struct bench_case *cases, size_t index)
{
	size_t len = strlen(cases[index].id);
	unsigned twins = 1;

	for (size_t i = 0; i < index; i++)
		if (strncmp(cases[i].id, cases[index].id, len) == 0 &&
			(cases[i].id[len] == '\0' || cases[i].id[len] == '#'))
			twins++;
	if (twins > 1)
		snprintf(cases[index].id + len, sizeof(cases[index].id) - len,
			"#%u", twins);
}

static void fill_case(const struct scenario_section *section,
	const struct sweep *at, struct bench_case *bench)
{
	*bench = (struct bench_case){
		.mode = section->mode,
		.msg_size_bytes = section->msg_sizes_bytes[at->msg_size],
		.batch = section->batches[at->batch],
		.producers = section->producers[at->producers],
		.consumers = section->consumers[at->consumers],
		.memory = section->memories[at->memory],
		.wait = section->waits[at->wait],
		.spin_us = section->spins_us[at->spin],
		.huge = section->huges[at->huge],
		.access = section->accesses[at->access],
		.verify = section->verify,
		.capacity_bytes = section->capacities_bytes[at->capacity],
		.warmup_ns = section->warmup_ns,
		.slice_ns = section->slice_ns,
		.rounds = section->rounds,
		.count = section->count,
		.until_percent = section->until_percent,
	};
	snprintf(bench->section, sizeof(bench->section), "%s", section->name);
	snprintf(bench->transport, sizeof(bench->transport), "%s",
		section->transports[at->transport]);
	snprintf(bench->placement, sizeof(bench->placement), "%s",
		section->placements[at->placement]);
	for (size_t i = 0; i < CASE_MAX_WORKERS; i++)
		bench->cpus[i] = CASE_CPU_ANY;
	if (section->mode == MODE_CRASH) {
		bench->rounds = 1;
		memcpy(bench->kill_victim, section->kill_victim,
			sizeof(bench->kill_victim));
		bench->recover_within_ns = section->recover_within_ns;
		bench->kill_at = section->kill_ats[at->kill_at];
		bench->kills = section->kills;
		if (!bench->kills && !kill_at_is_step(bench->kill_at))
			bench->kills = KILLS_USUAL;
		bench->holder_memory_bytes =
			section->holder_memories_bytes[at->holder_memory];
		bench->soak_ns = section->soak_ns;
		memcpy(bench->faults, section->faults, sizeof(bench->faults));
	}
	if (section->mode == MODE_OPEN) {
		bench->rate = section->rates[at->rate];
		bench->arrival = section->arrivals[at->arrival];
		bench->burst = section->burst.count;
		bench->work_ns = section->work_ns;
		bench->late = section->late;
		bench->mix = section->mix;
	}
	name_case(bench);
}

/* Can each message be told from all others? Returns 0 or -ENOTSUP. */
static int check_ledger(
	const struct bench_case *bench, char *reason, size_t reason_bytes)
{
	uint64_t least = bench->msg_size_bytes + sizeof(uint64_t);

	if (bench->mode == MODE_CRASH && !kill_at_is_step(bench->kill_at) &&
		bench->msg_size_bytes < sizeof(uint64_t)) {
		snprintf(reason, reason_bytes,
			"after a death it counts which message came: 8 bytes "
			"or more, not %" PRIu64,
			bench->msg_size_bytes);
		return -ENOTSUP;
	}
	if (bench->verify == VERIFY_FULL &&
		bench->capacity_bytes / least > LEDGER_AHEAD) {
		snprintf(reason, reason_bytes,
			"verify = full accounts for %d messages in flight; "
			"lower capacity, or raise msg_size",
			LEDGER_AHEAD);
		return -ENOTSUP;
	}
	return 0;
}

/* A round trip is one message in flight between two. Returns 0 or -ENOTSUP. */
static int check_mode(
	const struct bench_case *bench, char *reason, size_t reason_bytes)
{
	if (bench->mode != MODE_ROUNDTRIP)
		return 0;
	if (bench->producers != 1 || bench->consumers != 1) {
		snprintf(reason, reason_bytes,
			"a round trip is between 1 producer and 1 consumer, "
			"not %u and %u",
			bench->producers, bench->consumers);
		return -ENOTSUP;
	}
	if (bench->batch != 1) {
		snprintf(reason, reason_bytes,
			"a round trip has one message in flight: batch 1, not "
			"%u",
			bench->batch);
		return -ENOTSUP;
	}
	return 0;
}

/* How far apart the first pair is, and on which nodes its memory. */
static int decide_memory(const struct topo *topo,
	const struct transport *transport, struct bench_case *bench)
{
	int first = bench->cpus[0], second = bench->cpus[bench->producers];

	if (first != CASE_CPU_ANY)
		snprintf(bench->distance, sizeof(bench->distance), "%s",
			topo_distance_name(topo_distance(topo, first, second)));
	if (bench->memory != MEMORY_ANY && transport->caps & CAP_EXTERNAL) {
		snprintf(bench->reason, sizeof(bench->reason),
			"memory %s: its workers are their own masters; use "
			"memory = any",
			memory_place_name(bench->memory));
		return -ENOTSUP;
	}
	return topo_memory(topo, bench->memory, bench->cpus, bench->producers,
		&bench->memory_nodes, bench->reason, sizeof(bench->reason));
}

/* Whether the case can run here, and where; otherwise why not. */
static void decide_case(const struct topo *topo, struct bench_case *bench)
{
	const struct transport *transport = transport_find(bench->transport);
	char *reason = bench->reason;
	int error;

	if (!transport) {
		snprintf(reason, sizeof(bench->reason), "no such transport");
		bench->skip = true;
		return;
	}
	error = check_mode(bench, reason, sizeof(bench->reason));
	if (!error)
		error = check_ledger(bench, reason, sizeof(bench->reason));
	if (!error)
		error = transport_can_run(
			transport, bench, reason, sizeof(bench->reason));
	if (!error)
		error = topo_place(topo, bench->placement, bench->producers,
			bench->producers + bench->consumers, bench->cpus,
			reason, sizeof(bench->reason));
	if (!error)
		error = decide_memory(topo, transport, bench);
	bench->skip = error != 0;
	if (!error)
		reason[0] = '\0';
	else if (!reason[0])
		snprintf(reason, sizeof(bench->reason), "%s", strerror(-error));
}

static size_t section_case_count(const struct scenario_section *section)
{
	const size_t counts[] = {section->transport_count,
		section->msg_size_count, section->batch_count,
		section->producer_count, section->consumer_count,
		section->placement_count, section->wait_count,
		section->access_count, section->capacity_count,
		section->memory_count, section->spin_count, section->huge_count,
		section->mode == MODE_OPEN ? section->arrival_count : 1,
		section->mode == MODE_OPEN ? section->rate_count : 1,
		section->mode == MODE_CRASH ? section->kill_at_count : 1,
		section->mode == MODE_CRASH ? section->holder_memory_count : 1};
	size_t product = 1;

	/* Each axis has at most 1000 values: one more factor cannot wrap. */
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		product *= counts[i];
		if (product > SWEEP_LIMIT)
			return CASE_LIMIT + 1;
	}
	return product / zip_excess(section);
}

static int make_cases(const struct scenario *scenario, const struct topo *topo,
	struct plan *plan)
{
	size_t total = 0;

	for (size_t i = 0; i < scenario->section_count; i++) {
		const struct scenario_section *section = &scenario->sections[i];

		total += section_case_count(section);
		if (total > CASE_LIMIT) {
			diag_at(section->file, section->line,
				"the axes multiply to more than %d cases with "
				"section [%s]; shorten some lists",
				CASE_LIMIT, section->name);
			return -EINVAL;
		}
	}
	plan->cases = calloc(total + 1, sizeof(*plan->cases));
	if (!plan->cases)
		return -ENOMEM;
	for (size_t i = 0; i < scenario->section_count; i++) {
		const struct scenario_section *section = &scenario->sections[i];
		struct sweep at = {0};

		do {
			struct bench_case *bench =
				&plan->cases[plan->case_count];

			if (!in_step(section, &at))
				continue;
			fill_case(section, &at, bench);
			make_unique(plan->cases, plan->case_count++);
			decide_case(topo, bench);
		} while (sweep_next(section, &at));
	}
	return 0;
}

static bool in_rounds(const struct bench_case *bench)
{
	return !bench->skip && bench->mode != MODE_CRASH;
}

static size_t count_slices(const struct plan *plan, unsigned *ret_rounds)
{
	unsigned rounds = 0;
	size_t count = 0;

	for (size_t i = 0; i < plan->case_count; i++) {
		const struct bench_case *bench = &plan->cases[i];

		if (bench->skip)
			continue;
		count += bench->rounds;
		if (in_rounds(bench) && bench->rounds > rounds)
			rounds = bench->rounds;
	}
	*ret_rounds = rounds;
	return count;
}

static void add_slice(struct plan *plan, unsigned round, size_t case_index)
{
	plan->slices[plan->slice_count++] = (struct plan_slice){
		.round = round,
		.case_index = case_index,
		.seed = rng_derive(rng_derive(plan->seed, round),
			(uint64_t)case_index + 1),
	};
}

/* A crash case can be run again alone, without those that stood around it in its
 * plan: its seed goes with its name, not with its place. FNV-1a. */
static uint64_t name_number(const char *name)
{
	uint64_t number = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		number = (number ^ (unsigned char)*name) *
			 UINT64_C(0x100000001b3);
	return number;
}

/* Fisher-Yates; then each slice learns its place. */
static void shuffle(struct plan_slice *slices, size_t count, struct rng *rng)
{
	for (size_t left = count; left > 1; left--) {
		size_t pick = rng_below(rng, (uint32_t)left);
		struct plan_slice taken = slices[pick];

		slices[pick] = slices[left - 1];
		slices[left - 1] = taken;
	}
	for (size_t i = 0; i < count; i++)
		slices[i].order = (unsigned)i;
}

static int make_slices(struct plan *plan)
{
	unsigned rounds, order = 0;
	size_t count = count_slices(plan, &rounds);

	if (count > SLICE_LIMIT) {
		diag_error("the plan has %zu slices, more than %d; lower "
			   "rounds, or shorten some lists",
			count, SLICE_LIMIT);
		return -EINVAL;
	}
	plan->slices = calloc(count + 1, sizeof(*plan->slices));
	if (!plan->slices)
		return -ENOMEM;
	for (unsigned round = 0; round < rounds; round++) {
		struct rng rng = rng_seeded(rng_derive(plan->seed, round));
		size_t first = plan->slice_count;

		for (size_t i = 0; i < plan->case_count; i++)
			if (in_rounds(&plan->cases[i]) &&
				plan->cases[i].rounds > round)
				add_slice(plan, round, i);
		shuffle(plan->slices + first, plan->slice_count - first, &rng);
	}
	for (size_t i = 0; i < plan->case_count; i++) {
		if (plan->cases[i].skip || plan->cases[i].mode != MODE_CRASH)
			continue;
		add_slice(plan, 0, i);
		plan->slices[plan->slice_count - 1].order = order++;
		plan->slices[plan->slice_count - 1].seed =
			rng_derive(plan->seed, name_number(plan->cases[i].id));
	}
	return 0;
}

/* Of each kind of campaign there are about as many trials as of any other, but
 * for system calls, which are few. */
static uint64_t steps_ns(const struct bench_case *bench)
{
	uint64_t trials = bench->kills;

	if (!trials)
		trials = bench->kill_at == KILL_AT_PAIR ? PAIRS_ONCE
							: TRIALS_ONCE;
	return trials * TRIAL_NS;
}

static uint64_t case_ns(const struct bench_case *bench)
{
	uint64_t kills = 0, saturation_ns = 0;

	if (bench->skip)
		return 0;
	if (bench->mode == MODE_OPEN && bench->rate & RATE_SHARE)
		saturation_ns =
			SATURATION_SLICES *
			(bench->warmup_ns + bench->slice_ns + SLICE_EXTRA_NS);
	if (bench->mode != MODE_CRASH)
		return saturation_ns +
		       bench->rounds * (bench->warmup_ns + bench->slice_ns +
					       SLICE_EXTRA_NS);
	if (kill_at_is_step(bench->kill_at))
		return steps_ns(bench);
	if (bench->kill_at == KILL_AT_RANDOM && bench->soak_ns)
		return bench->warmup_ns + bench->soak_ns;
	for (int victim = 0; victim < 2; victim++)
		if (bench->kill_victim[victim])
			kills += bench->kills;
	return bench->warmup_ns +
	       kills * (KILL_NS + bench->holder_memory_bytes / BYTES_PER_NS);
}

uint64_t plan_slice_ns(const struct plan *plan, size_t index)
{
	const struct bench_case *bench =
		&plan->cases[plan->slices[index].case_index];

	if (bench->mode == MODE_CRASH)
		return case_ns(bench);
	return bench->rounds ? case_ns(bench) / bench->rounds : 0;
}

int plan_make(const struct scenario *scenario, const struct topo *topo,
	struct plan *ret_plan)
{
	struct plan plan = {.seed = scenario->seed};
	int error = -ENOMEM;

	plan.scenario_text = strdup(scenario->text ? scenario->text : "");
	plan.command = strdup(scenario->command ? scenario->command : "");
	if (!plan.scenario_text || !plan.command)
		goto fail;
	error = make_cases(scenario, topo, &plan);
	if (!error)
		error = make_slices(&plan);
	if (error)
		goto fail;
	for (size_t i = 0; i < plan.case_count; i++)
		plan.estimated_ns += case_ns(&plan.cases[i]);
	*ret_plan = plan;
	return 0;
fail:
	plan_free(&plan);
	return error;
}

int plan_round(const struct plan *plan, const size_t *indices, size_t count,
	unsigned round, struct plan *ret_plan)
{
	struct plan part = {.seed = plan->seed, .part = true};
	struct rng rng = rng_seeded(rng_derive(plan->seed, round));

	part.scenario_text = strdup(plan->scenario_text);
	part.command = strdup(plan->command ? plan->command : "");
	part.cases = calloc(count + 1, sizeof(*part.cases));
	part.slices = calloc(count + 1, sizeof(*part.slices));
	if (!part.scenario_text || !part.command || !part.cases ||
		!part.slices) {
		plan_free(&part);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		part.cases[i] = plan->cases[indices[i]];
		part.cases[i].rounds = 1;
		part.case_count++;
		part.estimated_ns += case_ns(&part.cases[i]);
		add_slice(&part, round, i);
	}
	shuffle(part.slices, part.slice_count, &rng);
	*ret_plan = part;
	return 0;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->scenario_text);
	free(plan->command);
	free(plan->cases);
	free(plan->slices);
	*plan = (struct plan){0};
}
