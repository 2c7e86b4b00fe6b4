/* case_section.c - a case as the section of a scenario that stands for it.
 *
 * Which keys there are is for key.c alone to say: its table is gone
 * through, in its order, and each key that has a meaning in the case's mode gets
 * its line. What is written of one is in the table below, which has an entry for
 * each of them; a test fails for a key that has none.
 *
 * How long one looks, and how often, is no setting of what is looked at: a
 * search's slices are shorter than anybody wants in a run. Those keys are left
 * out, and so are those that only hang sections together.
 */
#include "scenario/case_section.h"

#include <inttypes.h>
#include <string.h>

#include "scenario/key.h"

enum { TEXT_BYTES = 512 };

typedef void writer(const struct bench_case *bench, char text[TEXT_BYTES]);

/* The largest unit without a remainder. */
static void put_scaled(uint64_t number, unsigned step,
	const char *const units[4], char text[TEXT_BYTES])
{
	unsigned unit = 0;

	while (unit < 3 && number >= step && number % step == 0) {
		number /= step;
		unit++;
	}
	snprintf(text, TEXT_BYTES, "%" PRIu64 "%s", number, units[unit]);
}

static void put_size(uint64_t bytes, char text[TEXT_BYTES])
{
	static const char *const units[] = {"", "Ki", "Mi", "Gi"};

	put_scaled(bytes, 1024, units, text);
}

static void put_time(uint64_t ns, char text[TEXT_BYTES])
{
	static const char *const units[] = {"ns", "us", "ms", "s"};

	put_scaled(ns, 1000, units, text);
}

static void put_number(uint64_t number, char text[TEXT_BYTES])
{
	snprintf(text, TEXT_BYTES, "%" PRIu64, number);
}

static void put_word(const char *word, char text[TEXT_BYTES])
{
	snprintf(text, TEXT_BYTES, "%s", word);
}

#define WRITER(name, call)                                                 \
	static void name(const struct bench_case *bench, char *const text) \
	{                                                                  \
		call;                                                      \
	}
WRITER(mode, put_word(case_mode_name(bench->mode), text))
WRITER(transport, put_word(bench->transport, text))
WRITER(batch, put_number(bench->batch, text))
WRITER(producers, put_number(bench->producers, text))
WRITER(consumers, put_number(bench->consumers, text))
WRITER(placement, put_word(bench->placement, text))
WRITER(memory, put_word(memory_place_name(bench->memory), text))
WRITER(wait_word, put_word(wait_mode_name(bench->wait), text))
WRITER(spin, spin_text(bench->spin_us, text))
WRITER(huge, put_word(huge_pages_name(bench->huge), text))
WRITER(access_word, put_word(access_mode_name(bench->access), text))
WRITER(capacity, put_size(bench->capacity_bytes, text))
WRITER(verify, put_word(verify_mode_name(bench->verify), text))
WRITER(arrival, put_word(arrival_name(bench->arrival), text))
WRITER(burst, put_number(bench->burst, text))
WRITER(work, put_time(bench->work_ns, text))
WRITER(late, put_word(late_mode_name(bench->late), text))
WRITER(kills, put_number(bench->kills, text))
WRITER(recover_within, put_time(bench->recover_within_ns, text))
WRITER(kill_at, put_word(kill_at_name(bench->kill_at), text))
WRITER(soak, put_time(bench->soak_ns, text))
WRITER(holder_memory, put_size(bench->holder_memory_bytes, text))
#undef WRITER

/* Of one size or of several: the other key stays unsaid. */
static void msg_size(const struct bench_case *bench, char text[TEXT_BYTES])
{
	if (!bench->mix.count)
		put_size(bench->msg_size_bytes, text);
}

static void msg_sizes(const struct bench_case *bench, char text[TEXT_BYTES])
{
	char size[TEXT_BYTES];
	size_t used = 0;

	for (unsigned i = 0; i < bench->mix.count && used < TEXT_BYTES; i++) {
		put_size(bench->mix.bytes[i], size);
		used += (size_t)snprintf(text + used, TEXT_BYTES - used,
			"%s%.32s:%u%%", i ? ", " : "", size,
			bench->mix.percent[i]);
	}
}

static void rate(const struct bench_case *bench, char text[TEXT_BYTES])
{
	snprintf(text, TEXT_BYTES, "%" PRIu64 "%s", bench->rate & ~RATE_SHARE,
		bench->rate & RATE_SHARE ? "%" : "");
}

static void victims(const struct bench_case *bench, char text[TEXT_BYTES])
{
	bool both = bench->kill_victim[VICTIM_PRODUCER] &&
		    bench->kill_victim[VICTIM_CONSUMER];

	snprintf(text, TEXT_BYTES, "%s%s%s",
		bench->kill_victim[VICTIM_PRODUCER] ? "producer" : "",
		both ? ", " : "",
		bench->kill_victim[VICTIM_CONSUMER] ? "consumer" : "");
}

/* None of them is no value: a case that is not struck at random has none. */
static void faults(const struct bench_case *bench, char text[TEXT_BYTES])
{
	bool both = bench->faults[FAULT_KILL] && bench->faults[FAULT_STOP];

	snprintf(text, TEXT_BYTES, "%s%s%s",
		bench->faults[FAULT_KILL] ? "kill" : "", both ? ", " : "",
		bench->faults[FAULT_STOP] ? "stop" : "");
}

static const struct {
	const char *key;
	writer *write; /* NULL: no setting, see above */
} settings[] = {
	{"inherit", NULL},
	{"include", NULL},
	{"zip", NULL},
	{"mode", mode},
	{"seed", NULL},
	{"transport", transport},
	{"msg_size", msg_size},
	{"batch", batch},
	{"producers", producers},
	{"consumers", consumers},
	{"placement", placement},
	{"memory", memory},
	{"wait", wait_word},
	{"spin", spin},
	{"huge", huge},
	{"access", access_word},
	{"capacity", capacity},
	{"verify", verify},
	{"warmup", NULL},
	{"slice", NULL},
	{"rounds", NULL},
	{"count", NULL},
	{"until", NULL},
	{"rate", rate},
	{"arrival", arrival},
	{"burst", burst},
	{"msg_sizes", msg_sizes},
	{"work", work},
	{"late", late},
	{"kill", victims},
	{"kills", kills},
	{"recover_within", recover_within},
	{"kill_at", kill_at},
	{"fault", faults},
	{"soak", soak},
	{"holder_memory", holder_memory},
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

bool case_section_lacks(const char *key)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].key, key) == 0)
			return false;
	return true;
}

static writer *writer_of(const char *key)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].key, key) == 0)
			return settings[i].write;
	return NULL;
}

static bool means_something(
	const struct scenario_key *key, enum case_mode case_mode)
{
	switch (key->scope) {
	case SCOPE_OPEN:
	case SCOPE_OPEN_IS:
		return case_mode == MODE_OPEN;
	case SCOPE_CRASH:
	case SCOPE_CRASH_IS:
		return case_mode == MODE_CRASH;
	default:
		return true;
	}
}

void case_print_section(const struct bench_case *bench, FILE *out)
{
	fprintf(out, "[%s]\n", bench->section);
	for (const struct scenario_key *key = scenario_keys(); key->name;
		key++) {
		writer *write = writer_of(key->name);
		char text[TEXT_BYTES] = "";

		if (write && means_something(key, bench->mode))
			write(bench, text);
		if (text[0])
			fprintf(out, "%-9s = %s\n", key->name, text);
	}
}
