/* journal.c - a result that is not complete yet.
 *
 * The journal is a file of the same kind as result.json, written by the same
 * code whole or not at all, at the end of a round: whatever a result holds, a
 * run can be resumed with. Where the result tells of the machine, the journal
 * says of which plan it is and how many slices of it are done. A kill leaves
 * the journal of the round before, or of this one, and never half of one.
 *
 * Only whole rounds are kept. A round is what cases are compared within, and
 * half of it before a reboot and half after it would be none.
 *
 * The file grows with the run and is written anew each time, so with many short
 * rounds it would take more time than they do. Then rounds are passed over,
 * until the last writing is a twentieth of the time since: a run of rounds of
 * 10 ms whose journal takes 2 ms loses four rounds, not one.
 *
 * A plan is recognised by all that it prints, all that its cases hold, the order
 * and the seeds of its slices, and its scenario as it was written.
 */
#include "result/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/diag.h"
#include "machine/env.h"
#include "plan/plan.h"
#include "result/result.h"

#define JOURNAL_KIND "ipcmark-journal-1"

enum { SHARE = 20 }; /* writing takes at most one of so many parts */

/* FNV-1a, 64 bits: no adversary, only another scenario. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t count)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
	return mix(hash, &number, sizeof(number));
}

static uint64_t mix_case(uint64_t hash, const struct bench_case *bench)
{
	const uint64_t numbers[] = {bench->mode, bench->msg_size_bytes,
		bench->batch, bench->producers, bench->consumers, bench->wait,
		bench->spin_us, bench->huge, bench->access, bench->verify,
		bench->capacity_bytes, bench->memory, bench->memory_nodes,
		bench->warmup_ns, bench->slice_ns, bench->rounds, bench->count,
		bench->until_percent, bench->rate, bench->arrival, bench->burst,
		bench->work_ns, bench->mix.count, bench->kills,
		bench->kill_victim[VICTIM_PRODUCER],
		bench->kill_victim[VICTIM_CONSUMER], bench->recover_within_ns,
		bench->skip};

	hash = mix(hash, bench->id, strlen(bench->id) + 1);
	hash = mix(hash, bench->transport, strlen(bench->transport) + 1);
	hash = mix(hash, bench->cpus, sizeof(bench->cpus));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		hash = mix_number(hash, numbers[i]);
	for (unsigned i = 0; i < bench->mix.count; i++) {
		hash = mix_number(hash, bench->mix.bytes[i]);
		hash = mix_number(hash, bench->mix.percent[i]);
	}
	return hash;
}

static uint64_t fingerprint(const struct plan *plan)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char *printed = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&printed, &bytes);

	if (out) {
		plan_print(plan, out);
		fclose(out);
	}
	hash = mix(hash, printed ? printed : "", bytes);
	free(printed);
	hash = mix(hash, plan->scenario_text, strlen(plan->scenario_text));
	hash = mix_number(hash, plan->seed);
	for (size_t i = 0; i < plan->case_count; i++)
		hash = mix_case(hash, &plan->cases[i]);
	for (size_t i = 0; i < plan->slice_count; i++) {
		const struct plan_slice *slice = &plan->slices[i];

		hash = mix_number(hash, slice->round);
		hash = mix_number(hash, slice->case_index);
		hash = mix_number(hash, slice->seed);
	}
	return hash;
}

struct journal journal_of(const char *dir, const struct plan *plan)
{
	struct journal journal = {.fingerprint = fingerprint(plan)};

	snprintf(journal.path, sizeof(journal.path), "%s/journal.json", dir);
	return journal;
}

bool journal_exists(const struct journal *journal)
{
	return access(journal->path, F_OK) == 0;
}

/* Seeds and times may be more than JSON's numbers: text. */
static json_t *hex(uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%016" PRIx64, value);
	return json_string(text);
}

static int save(const struct journal *journal, const struct plan *plan,
	const struct run *run)
{
	struct environment state = {
		.facts = json_pack("{s:s, s:o, s:o, s:o}", "journal",
			JOURNAL_KIND, "plan", hex(journal->fingerprint),
			"slices", hex(run->slices_done), "elapsed",
			hex(run->elapsed_ns))};
	int error = -ENOMEM;

	if (state.facts) {
		error = result_save(plan, run, &state, journal->path);
		env_free(&state);
	}
	return error;
}

void journal_keep(void *keeper, const struct plan *plan, const struct run *run)
{
	struct journal *journal = keeper;
	uint64_t now_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	int error;

	if (journal->kept_ns &&
		(now_ns - journal->kept_ns) / SHARE < journal->cost_ns)
		return;
	error = save(journal, plan, run);
	if (error && !journal->broken)
		diag_warn("cannot write %s: %s; should this run be killed, it "
			  "cannot be resumed",
			journal->path, strerror(-error));
	journal->broken = error != 0;
	journal->kept_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	journal->cost_ns = journal->kept_ns - now_ns;
}

/* What save() wrote beside the result. False: it is not that. */
static bool read_hex(
	const struct result *result, const char *key, uint64_t *ret_value)
{
	const char *text = env_text(result->environment, key);
	char *end;

	if (strlen(text) != 16)
		return false;
	*ret_value = strtoull(text, &end, 16);
	return *end == '\0';
}

static bool same_cases(const struct result *result, const struct plan *plan)
{
	if (result->case_count != plan->case_count)
		return false;
	for (size_t i = 0; i < plan->case_count; i++)
		if (strcmp(result->cases[i].bench.id, plan->cases[i].id) != 0)
			return false;
	return true;
}

static int check(const struct journal *journal, const struct plan *plan,
	const struct result *result, struct run *run)
{
	uint64_t of_plan, done;

	if (strcmp(env_text(result->environment, "journal"), JOURNAL_KIND) !=
			0 ||
		!read_hex(result, "plan", &of_plan) ||
		!read_hex(result, "slices", &done) ||
		!read_hex(result, "elapsed", &run->elapsed_ns)) {
		diag_at(journal->path, 0,
			"not a journal of this version of ipcmark; run without "
			"--resume to begin anew");
		return -EBADMSG;
	}
	if (of_plan != journal->fingerprint || done > plan->slice_count ||
		!same_cases(result, plan)) {
		diag_at(journal->path, 0,
			"the unfinished run had another plan (scenario, seed, "
			"--set, --short or machine); give it as it was, or run "
			"without --resume to begin anew");
		return -EINVAL;
	}
	run->slices_done = done;
	return 0;
}

int journal_load(const struct journal *journal, const struct plan *plan,
	struct run *ret_run)
{
	struct run run = {.outcome_count = plan->case_count};
	struct result result;
	int error;

	if (!journal_exists(journal)) {
		diag_at(journal->path, 0,
			"no such file: there is no unfinished run to resume; "
			"run without --resume");
		return -ENOENT;
	}
	error = result_load(journal->path, &result);
	if (error)
		return error;
	error = check(journal, plan, &result, &run);
	if (!error) {
		run.outcomes = calloc(plan->case_count, sizeof(*run.outcomes));
		if (!run.outcomes)
			error = -ENOMEM;
	}
	for (size_t i = 0; !error && i < plan->case_count; i++) {
		run.outcomes[i] = result.cases[i].outcome;
		result.cases[i].outcome = (struct outcome){0};
	}
	run.started_unix_ns = result.started_unix_ns;
	run.overhead = result.overhead;
	memcpy(run.counters_refused, result.counters_refused,
		sizeof(run.counters_refused));
	result_free(&result);
	if (!error)
		*ret_run = run;
	return error;
}

void journal_remove(const struct journal *journal)
{
	unlink(journal->path);
}
