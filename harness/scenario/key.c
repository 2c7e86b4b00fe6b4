/* key.c - every key of a scenario: its type, range, default, help.
 *
 * One table, and everything that has to know the keys reads it: the loader,
 * the "did you mean", and `ipcmark help scenario`. A key is added by one line
 * here and one member of struct scenario_section. Defaults are written as a
 * user would write them and go through the same parser.
 */
#include "scenario/key.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "machine/topo.h"
#include "scenario/load.h"
#include "scenario/scenario.h"
#include "transport/plugin.h"
#include "transport/transport.h"

#define AT(member) ((int)offsetof(struct scenario_section, member))
#define AXIS(member, count) .at = AT(member), .count_at = AT(count)
#define SCALAR(member) .at = AT(member), .count_at = KEY_NONE
#define STRUCTURE .type = KEY_STRUCTURE, .at = KEY_NONE, .count_at = KEY_NONE

#define MS UINT64_C(1000000)
#define MINUTE UINT64_C(60000000000)
#define GI (UINT64_C(1) << 30)

static const struct scenario_key keys[] = {
	{"inherit", STRUCTURE, .scope = SCOPE_SECTION,
		.help = "another section, whose keys this one takes over"},
	{"include", STRUCTURE, .scope = SCOPE_GLOBAL,
		.help = "another file, read as if it stood here"},
	{"zip", STRUCTURE, .scope = SCOPE_SECTION,
		.help = "axes that go in step, not every one with each other"},
	{"mode", STRUCTURE, .scope = SCOPE_ALL, .fallback = "throughput",
		.help = "throughput, roundtrip, open or crash"},
	{"seed", STRUCTURE, .scope = SCOPE_GLOBAL, .fallback = "1",
		.range = {0, UINT64_MAX},
		.help = "of the shuffled order and of the payloads"},
	{"transport", .type = KEY_TRANSPORT, .fallback = "ring",
		AXIS(transports, transport_count),
		.help = "what to measure; `ipcmark list` shows all"},
	{"msg_size", .type = KEY_SIZE, .fallback = "64", .range = {0, GI},
		AXIS(msg_sizes_bytes, msg_size_count),
		.help = "bytes in a message"},
	{"batch", .type = KEY_COUNT, .fallback = "1",
		.wide_fallback = "1, 8, 32, 128", .range = {1, 1024},
		AXIS(batches, batch_count), .help = "messages with one call"},
	{"producers", .type = KEY_COUNT, .fallback = "1", .range = {1, 32},
		AXIS(producers, producer_count), .help = "processes that send"},
	{"consumers", .type = KEY_COUNT, .fallback = "1", .range = {1, 32},
		AXIS(consumers, consumer_count),
		.help = "processes that receive"},
	{"placement", .type = KEY_PLACEMENT, .fallback = "near",
		.wide_fallback = "near, far", AXIS(placements, placement_count),
		.help = "CPUs: near, far, any, smt, l2, l3, package, "
			"cross-package, cross-numa, P+P, P+E, E+E, or a list "
			"such as 0/2"},
	{"memory", .type = KEY_MEMORY, .fallback = "any",
		AXIS(memories, memory_count),
		.help = "NUMA node of the buffer: any, producer (its node), "
			"consumer, interleave"},
	{"wait", .type = KEY_WAIT, .fallback = "block",
		.wide_fallback = "spin, block", AXIS(waits, wait_count),
		.help = "spin, or block in the transport's own call"},
	{"spin", .type = KEY_SPIN, .fallback = "auto",
		.wide_fallback = "auto, off", AXIS(spins_us, spin_count),
		.help = "how long a blocking call looks before it sleeps: "
			"auto, off, always, or a time such as 20us"},
	{"huge", .type = KEY_HUGE, .fallback = "no",
		.wide_fallback = "no, hint", AXIS(huges, huge_count),
		.help = "huge pages for the buffer: no, hint (where the system "
			"is willing), reserved"},
	{"access", .type = KEY_ACCESS, .fallback = "copy",
		.wide_fallback = "copy, view", AXIS(accesses, access_count),
		.help = "copy messages out, or view or lease them where they "
			"lie"},
	{"capacity", .type = KEY_SIZE, .fallback = "0",
		.wide_fallback = "0, 256Ki, 1Mi, 16Mi", .range = {0, 64 * GI},
		AXIS(capacities_bytes, capacity_count),
		.help = "bytes of buffer; 0: what the transport thinks best"},
	{"verify", .type = KEY_VERIFY, .fallback = "header",
		.crash_fallback = "full", SCALAR(verify),
		.help = "full: every byte; sum: every byte, added up; "
			"header: identity and order"},
	{"warmup", .type = KEY_TIME, .fallback = "20ms", .wide_fallback = "5ms",
		.range = {0, MINUTE}, SCALAR(warmup_ns),
		.help = "of each slice, not measured"},
	{"slice", .type = KEY_TIME, .fallback = "100ms",
		.wide_fallback = "20ms", .range = {MS, MINUTE},
		SCALAR(slice_ns), .help = "measured, once in each round"},
	{"rounds", .type = KEY_COUNT, .scope = SCOPE_ROUNDS, .fallback = "10",
		.range = {1, 10000}, SCALAR(rounds),
		.help = "how often each case gets a slice"},
	{"count", .type = KEY_SIZE, .scope = SCOPE_ROUNDS, .fallback = "0",
		.range = {0, UINT64_C(1000000000000)}, SCALAR(count),
		.help = "messages that end a slice before its time; 0: none"},
	{"until", .type = KEY_PERCENT, .scope = SCOPE_ROUNDS,
		.fallback = "none", .range = {1, 100}, SCALAR(until_percent),
		.help = "rounds end once the median's interval is this narrow"},
	{"rate", .type = KEY_RATE, .scope = SCOPE_OPEN_IS, .fallback = "50%",
		AXIS(rates, rate_count),
		.help = "messages/s that are due, or a share of the most"},
	{"arrival", .type = KEY_ARRIVAL, .scope = SCOPE_OPEN,
		.fallback = "fixed", AXIS(arrivals, arrival_count),
		.help = "when they are due: fixed or poisson"},
	{"burst", .type = KEY_BURST, .scope = SCOPE_OPEN_IS, .fallback = "1",
		SCALAR(burst), .help = "messages due at once: N, or N every T"},
	{"msg_sizes", .type = KEY_MIX, .scope = SCOPE_OPEN, .fallback = "none",
		SCALAR(mix),
		.help = "several at once, as in 64:70%, 1Ki:25%, 64Ki:5%"},
	{"work", .type = KEY_TIME, .scope = SCOPE_OPEN, .fallback = "0ns",
		.range = {0, 100 * MS}, SCALAR(work_ns),
		.help = "of the consumer after each message"},
	{"late", .type = KEY_LATE, .scope = SCOPE_OPEN, .fallback = "send",
		SCALAR(late),
		.help = "send what is late, or drop it when the next is due"},
	{"kill", .type = KEY_VICTIMS, .scope = SCOPE_CRASH_IS,
		.fallback = "producer, consumer", SCALAR(kill_victim),
		.help = "who is killed"},
	{"kills", .type = KEY_COUNT, .scope = SCOPE_CRASH_IS, .fallback = "0",
		.range = {0, 100000000}, SCALAR(kills),
		.help = "how often, each kind of victim; at steps: trials "
			"in all; 0: 100, each step once"},
	{"recover_within", .type = KEY_TIME, .scope = SCOPE_CRASH,
		.fallback = "1s", .range = {1000, MINUTE},
		SCALAR(recover_within_ns),
		.help = "the others must go on this soon after a kill"},
	{"kill_at", .type = KEY_KILL_AT, .scope = SCOPE_CRASH_IS,
		.fallback = "lock-holder", AXIS(kill_ats, kill_at_count),
		.help = "lock-holder: when it holds the lock; random: at any "
			"moment of a soak; every-instruction, every-pair, "
			"every-stop, every-syscall, with-sleeper: at each step "
			"of each call"},
	{"fault", .type = KEY_FAULTS, .scope = SCOPE_CRASH,
		.fallback = "kill, stop", SCALAR(faults),
		.help = "of a random soak: kill and replace, stop and "
			"continue"},
	{"soak", .type = KEY_TIME, .scope = SCOPE_CRASH_IS, .fallback = "0s",
		.range = {0, 60 * MINUTE}, SCALAR(soak_ns),
		.help = "how long a random soak lasts; 0s: as many kills as "
			"kills says"},
	{"holder_memory", .type = KEY_SIZE, .scope = SCOPE_CRASH,
		.fallback = "0", .range = {0, 1024 * GI},
		AXIS(holder_memories_bytes, holder_memory_count),
		.help = "bytes that a holder has in memory when it is killed"},
	{.name = NULL},
};

const struct scenario_key *scenario_keys(void)
{
	return keys;
}

const struct scenario_key *scenario_key_find(const char *name)
{
	for (const struct scenario_key *key = keys; key->name; key++)
		if (strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

void scenario_key_unknown(const struct value_place *place, const char *name)
{
	const char *names[sizeof(keys) / sizeof(keys[0])];
	const char *nearest;
	size_t count = 0;

	for (const struct scenario_key *key = keys; key->name; key++)
		names[count++] = key->name;
	names[count] = NULL;
	nearest = diag_nearest(name, names);
	if (nearest)
		diag_at(place->file, place->line,
			"unknown key '%s'; did you mean '%s'?", name, nearest);
	else
		diag_at(place->file, place->line,
			"unknown key '%s'; `ipcmark help scenario` lists all "
			"keys",
			name);
}

/* "a, b or c" */
static const char *list_words(
	const char *const *words, char *list, size_t list_bytes)
{
	size_t used = 0;

	for (size_t i = 0; words[i] && used < list_bytes; i++)
		used += (size_t)snprintf(list + used, list_bytes - used, "%s%s",
			i == 0	       ? ""
			: words[i + 1] ? ", "
				       : " or ",
			words[i]);
	return list;
}

int scenario_key_word(const struct value_place *place, const char *text,
	int (*from)(const char *word), const char *const *words)
{
	const char *nearest;
	char list[128];
	int value = from(text);

	if (value >= 0)
		return value;
	nearest = diag_nearest(text, words);
	if (nearest) {
		diag_at(place->file, place->line,
			"%s = '%s' is unknown; did you mean '%s'?", place->key,
			text, nearest);
	} else {
		diag_at(place->file, place->line,
			"%s = '%s' is unknown; it is %s", place->key, text,
			list_words(words, list, sizeof(list)));
	}
	return -EINVAL;
}

static const char *const wait_words[] = {"spin", "block", NULL};
static const char *const spin_words[] = {"auto", "off", "always", NULL};
static const char *const huge_words[] = {"no", "hint", "reserved", NULL};
static const char *const access_words[] = {"copy", "view", "lease", NULL};
static const char *const memory_words[] = {
	"any", "producer", "consumer", "interleave", NULL};
static const char *const verify_words[] = {"full", "header", "sum", NULL};
static const char *const arrival_words[] = {"fixed", "poisson", NULL};
static const char *const late_words[] = {"send", "drop", NULL};
static const char *const victim_words[] = {"producer", "consumer", NULL};
static const char *const kill_at_words[] = {"lock-holder", "random",
	"every-instruction", "every-pair", "every-stop", "every-syscall",
	"with-sleeper", NULL};
static const char *const fault_words[] = {"kill", "stop", NULL};

static int check_transport(const struct value_place *place, const char *spec)
{
	const struct transport *const *table = transport_table();
	const char *names[64], *nearest;
	char reason[CASE_REASON_BYTES] = "";
	size_t count = 0;

	if (plugin_named(spec)) {
		if (plugin_find(spec, reason, sizeof(reason)))
			return 0;
		diag_at(place->file, place->line, "'%s' does not fit: %s", spec,
			reason);
		return -EINVAL;
	}
	if (strcmp(spec, "exec") == 0 || strcmp(spec, "exec:") == 0) {
		diag_at(place->file, place->line,
			"'%s' needs a command: exec:COMMAND", spec);
		return -EINVAL;
	}
	if (transport_find(spec))
		return 0;
	for (; *table && count < 63; table++)
		names[count++] = (*table)->name;
	names[count] = NULL;
	nearest = diag_nearest(spec, names);
	if (nearest)
		diag_at(place->file, place->line,
			"unknown transport '%s'; did you mean '%s'?", spec,
			nearest);
	else
		diag_at(place->file, place->line,
			"unknown transport '%s'; `ipcmark list` shows all, "
			"exec:COMMAND runs a program, plugin:FILE loads a "
			"shared object",
			spec);
	return -EINVAL;
}

/* "0", "0/2/4": digits between single slashes. */
static bool is_cpu_list(const char *text)
{
	bool digit = false;

	for (; *text; text++) {
		if (*text == '/' && !digit)
			return false;
		digit = *text != '/';
		if (digit && !isdigit((unsigned char)*text))
			return false;
	}
	return digit;
}

static int check_placement(const struct value_place *place, const char *word)
{
	const char *const *words = topo_placement_words();
	const char *nearest;

	if (strlen(word) >= CASE_NAME_BYTES) {
		diag_at(place->file, place->line,
			"placement '%s' is longer than %d letters", word,
			CASE_NAME_BYTES - 1);
		return -EINVAL;
	}
	for (size_t i = 0; words[i]; i++)
		if (strcmp(word, words[i]) == 0)
			return 0;
	if (is_cpu_list(word))
		return 0;
	nearest = diag_nearest(word, words);
	if (nearest)
		diag_at(place->file, place->line,
			"unknown placement '%s'; did you mean '%s'?", word,
			nearest);
	else
		diag_at(place->file, place->line,
			"unknown placement '%s'; it is near, far, any, what "
			"two CPUs share (docs/scenarios.md), or CPUs joined "
			"by '/', such as 0/2",
			word);
	return -EINVAL;
}

static size_t element_bytes(enum key_type type)
{
	switch (type) {
	case KEY_SIZE:
	case KEY_TIME:
	case KEY_RATE:
		return sizeof(uint64_t);
	case KEY_ARRIVAL:
		return sizeof(enum arrival);
	case KEY_LATE:
		return sizeof(enum late_mode);
	case KEY_KILL_AT:
		return sizeof(enum kill_at);
	case KEY_WAIT:
		return sizeof(enum wait_mode);
	case KEY_SPIN:
		return sizeof(uint32_t);
	case KEY_HUGE:
		return sizeof(enum huge_pages);
	case KEY_ACCESS:
		return sizeof(enum access_mode);
	case KEY_MEMORY:
		return sizeof(enum memory_place);
	case KEY_VERIFY:
		return sizeof(enum verify_mode);
	default:
		return sizeof(unsigned);
	}
}

/* One number into a member of the key's own type. */
static void put_number(enum key_type type, void *where, uint64_t number)
{
	unsigned narrow = (unsigned)number;

	_Static_assert(sizeof(enum wait_mode) == sizeof(unsigned) &&
			       sizeof(uint32_t) == sizeof(unsigned) &&
			       sizeof(enum huge_pages) == sizeof(unsigned) &&
			       sizeof(enum access_mode) == sizeof(unsigned) &&
			       sizeof(enum memory_place) == sizeof(unsigned) &&
			       sizeof(enum verify_mode) == sizeof(unsigned) &&
			       sizeof(enum arrival) == sizeof(unsigned) &&
			       sizeof(enum late_mode) == sizeof(unsigned) &&
			       sizeof(enum kill_at) == sizeof(unsigned),
		"enums are stored as unsigned");
	if (element_bytes(type) == sizeof(number))
		memcpy(where, &number, sizeof(number));
	else
		memcpy(where, &narrow, sizeof(narrow));
}

static void *member(struct scenario_section *section, int offset)
{
	return (char *)section + offset;
}

static void drop_axis(
	const struct scenario_key *key, struct scenario_section *section)
{
	size_t *count = member(section, key->count_at);
	char **words;
	void *axis;

	/* memcpy: the member is a pointer of whatever type the axis has. */
	memcpy(&axis, member(section, key->at), sizeof(axis));
	words = axis;
	if (key->type == KEY_TRANSPORT || key->type == KEY_PLACEMENT)
		for (size_t i = 0; i < *count; i++)
			free(words[i]);
	free(axis);
	axis = NULL;
	memcpy(member(section, key->at), &axis, sizeof(axis));
	*count = 0;
}

static void put_axis(const struct scenario_key *key, const void *axis,
	size_t count, struct scenario_section *section)
{
	drop_axis(key, section);
	memcpy(member(section, key->at), &axis, sizeof(axis));
	memcpy(member(section, key->count_at), &count, sizeof(count));
}

/* Takes the list's words over. */
static void keep_words(const struct scenario_key *key, struct value_list *list,
	struct scenario_section *section)
{
	put_axis(key, list->words, list->count, section);
	*list = (struct value_list){0};
}

static int keep_numbers(const struct scenario_key *key,
	const struct value_list *list, struct scenario_section *section)
{
	size_t bytes = element_bytes(key->type);
	char *axis;

	if (key->count_at == KEY_NONE) {
		put_number(
			key->type, member(section, key->at), list->numbers[0]);
		return 0;
	}
	axis = calloc(list->count, bytes);
	if (!axis)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		put_number(key->type, axis + i * bytes, list->numbers[i]);
	put_axis(key, axis, list->count, section);
	return 0;
}

/* How the words of each type are read; those of no type here are a table's. */
static const struct vocabulary {
	enum key_type type;
	int (*from)(const char *word);
	const char *const *words;
} vocabularies[] = {
	{KEY_WAIT, wait_mode_from, wait_words},
	{KEY_HUGE, huge_pages_from, huge_words},
	{KEY_ACCESS, access_mode_from, access_words},
	{KEY_MEMORY, memory_place_from, memory_words},
	{KEY_VERIFY, verify_mode_from, verify_words},
	{KEY_ARRIVAL, arrival_from, arrival_words},
	{KEY_LATE, late_mode_from, late_words},
	{KEY_VICTIMS, victim_from, victim_words},
	{KEY_KILL_AT, kill_at_from, kill_at_words},
	{KEY_FAULTS, fault_kind_from, fault_words},
};

static const struct vocabulary *vocabulary_of(enum key_type type)
{
	size_t i = 0;

	while (vocabularies[i].type != type)
		i++;
	return &vocabularies[i];
}

static int spin_word(const struct value_place *place, const char *word)
{
	uint32_t spin_us;
	const char *nearest;

	if (spin_from(word, &spin_us) == 0)
		return 0;
	nearest = isdigit((unsigned char)word[0])
			  ? NULL
			  : diag_nearest(word, spin_words);
	if (nearest)
		diag_at(place->file, place->line,
			"%s = '%s' is unknown; did you mean '%s'?", place->key,
			word, nearest);
	else
		diag_at(place->file, place->line,
			"%s = '%s' is unknown; it is auto, off, always, or a "
			"time of whole microseconds from 1us to 10s",
			place->key, word);
	return -EINVAL;
}

/* One time in other units is no other word to whoever split the list. */
static bool repeats(const struct value_place *place,
	const struct value_list *list, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (list->numbers[i] == list->numbers[index]) {
			diag_at(place->file, place->line,
				"%s: %s comes a second time", place->key,
				list->words[index]);
			return true;
		}
	return false;
}

/* Which of two words were named. */
static void keep_choice(const struct value_list *list, bool choice[2])
{
	choice[0] = choice[1] = false;
	for (size_t i = 0; i < list->count; i++)
		choice[list->numbers[i]] = true;
}

/* Words into numbers, in place: @list then has both. */
static int words_to_numbers(const struct scenario_key *key,
	const struct value_place *place, struct value_list *list)
{
	const struct vocabulary *known = NULL;

	if (key->type != KEY_SPIN)
		known = vocabulary_of(key->type);
	list->numbers = calloc(list->count, sizeof(*list->numbers));
	if (!list->numbers)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		const char *word = list->words[i];
		uint32_t spin_us = 0;
		int value = known ? scenario_key_word(place, word, known->from,
					    known->words)
				  : spin_word(place, word);

		if (value < 0)
			return value;
		if (!known)
			spin_from(word, &spin_us);
		list->numbers[i] = known ? (uint64_t)value : spin_us;
		if (!known && repeats(place, list, i))
			return -EINVAL;
	}
	return 0;
}

static int check_words(const struct scenario_key *key,
	const struct value_place *place, struct value_list *list)
{
	int error = 0;

	if (key->type != KEY_TRANSPORT && key->type != KEY_PLACEMENT)
		return words_to_numbers(key, place, list);
	for (size_t i = 0; i < list->count && !error; i++)
		error = key->type == KEY_TRANSPORT
				? check_transport(place, list->words[i])
				: check_placement(place, list->words[i]);
	return error;
}

static bool has_words(enum key_type type)
{
	return type != KEY_SIZE && type != KEY_COUNT && type != KEY_TIME;
}

static int parse(const struct scenario_key *key,
	const struct value_place *place, const char *text,
	struct value_list *ret_list)
{
	int error;

	if (key->type == KEY_TIME) {
		ret_list->numbers = calloc(1, sizeof(*ret_list->numbers));
		if (!ret_list->numbers)
			return -ENOMEM;
		ret_list->count = 1;
		return value_time(place, text, &key->range, ret_list->numbers);
	}
	if (key->type == KEY_RATE)
		return value_rates(place, text, ret_list);
	if (!has_words(key->type))
		return value_numbers(place, text, &key->range, ret_list);
	error = value_words(place, text, ret_list);
	return error ? error : check_words(key, place, ret_list);
}

/* The values that are no list. Returns 1 for any other key. */
static int apply_single(const struct scenario_key *key,
	const struct value_place *place, const char *text,
	struct scenario_section *section)
{
	switch (key->type) {
	case KEY_BURST:
		return value_burst(place, text, &section->burst);
	case KEY_MIX:
		return value_mix(place, text, &section->mix);
	case KEY_PERCENT:
		return value_percent(
			place, text, &key->range, member(section, key->at));
	default:
		return 1;
	}
}

int scenario_key_apply(const struct scenario_key *key,
	const struct value_place *place, const char *text,
	struct scenario_section *section)
{
	struct value_list list = {0};
	int error = apply_single(key, place, text, section);

	if (error <= 0)
		return error;
	error = parse(key, place, text, &list);
	if (error)
		goto out;
	if (key->type == KEY_VICTIMS || key->type == KEY_FAULTS) {
		keep_choice(&list, member(section, key->at));
		goto out;
	}
	if (key->count_at == KEY_NONE && list.count != 1) {
		diag_at(place->file, place->line,
			"%s takes one value, not a list: it is no axis of the "
			"sweep",
			key->name);
		error = -EINVAL;
		goto out;
	}
	if (key->type == KEY_TRANSPORT || key->type == KEY_PLACEMENT)
		keep_words(key, &list, section);
	else
		error = keep_numbers(key, &list, section);
out:
	value_list_free(&list);
	return error;
}

void scenario_keys_print(FILE *out)
{
	for (const struct scenario_key *key = keys; key->name; key++) {
		fprintf(out, "  %-14s %s", key->name, key->help);
		if (key->count_at != KEY_NONE)
			fputs(" (axis)", out);
		if (key->fallback)
			fprintf(out, " [%s%s%s]", key->fallback,
				key->crash_fallback ? "; crash: " : "",
				key->crash_fallback ? key->crash_fallback : "");
		fputc('\n', out);
	}
}
