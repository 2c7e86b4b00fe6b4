/* scenario.c - sections of text -> sections of checked values.
 *
 * Where a key's value comes from, nearest first: the section itself, the
 * section it inherits from, that one's, and so on; [global], wherever it
 * stands; the table's default. --set is already in the text by then. The
 * nearest one is applied; the others are looked at only for their keys' names,
 * and by the sections that own them.
 *
 * A section's mode is what the nearest of its own and inherited keys says,
 * where `kill` and `kills` say "crash" just as `mode` does, and `rate` and
 * `burst` say "open": so a crash section may inherit from a throughput section
 * and the reverse. [global] only decides
 * when none of them speaks, and only by `mode`.
 */
#include "scenario/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "scenario/key.h"
#include "scenario/text.h"
#include "scenario/zip.h"

enum {
	DEPTH_MAX = 64, /* of inheritance; deeper is a circle */
	DEPTH_GLOBAL = DEPTH_MAX + 1,
	DEPTH_NONE = DEPTH_MAX + 2,

	SHORT_ROUNDS = 2,
	SHORT_KILLS = 3,
	SHORT_HOLDER_BYTES = 64 << 20,
};

#define SHORT_SLICE_NS UINT64_C(10000000)
#define SHORT_WARMUP_NS UINT64_C(2000000)
#define SHORT_SOAK_NS UINT64_C(300000000)

/* A section with all that it takes its values from, nearest first. */
struct lineage {
	const struct text_section *sections[DEPTH_MAX + 1];
	size_t count;
	const struct scenario_text *text;
	bool wide;
};

static struct value_place place_of(const struct text_entry *entry)
{
	return (struct value_place){
		.file = entry->file, .line = entry->line, .key = entry->key};
}

static int wrong_section(
	const struct text_entry *entry, const char *must, const char *why)
{
	diag_at(entry->file, entry->line, "'%s' %s: %s", entry->key, must, why);
	return -EINVAL;
}

static int check_keys(const struct text_section *section, bool is_global)
{
	for (size_t i = 0; i < section->entry_count; i++) {
		const struct text_entry *entry = &section->entries[i];
		const struct scenario_key *key = scenario_key_find(entry->key);
		struct value_place place = place_of(entry);

		if (!key) {
			scenario_key_unknown(&place, entry->key);
			return -EINVAL;
		}
		if (key->scope == SCOPE_GLOBAL && !is_global)
			return wrong_section(entry, "belongs in [global]",
				"there is one for the whole run");
		if (key->scope == SCOPE_SECTION && is_global)
			return wrong_section(entry, "cannot be in [global]",
				"that applies to every section anyway");
	}
	return 0;
}

static int unknown_parent(
	const struct scenario_text *text, const struct text_entry *inherit)
{
	const char **names = text_section_names(text);
	const char *nearest =
		names ? diag_nearest(inherit->value, names) : NULL;

	if (nearest)
		diag_at(inherit->file, inherit->line,
			"inherit = %s: there is no such section; did you mean "
			"'%s'?",
			inherit->value, nearest);
	else
		diag_at(inherit->file, inherit->line,
			"inherit = %s: there is no such section",
			inherit->value);
	free(names);
	return -EINVAL;
}

static int lineage_find(const struct scenario_text *text,
	const struct text_section *section, struct lineage *ret_lineage)
{
	const struct text_section *global =
		text_section_find(text, TEXT_GLOBAL);
	struct lineage lineage = {.text = text};
	const struct text_entry *inherit;

	for (;;) {
		lineage.sections[lineage.count++] = section;
		inherit = text_entry_find(section, "inherit");
		if (!inherit)
			break;
		section =
			text_section_near(text, section->root, inherit->value);
		if (!section)
			return unknown_parent(text, inherit);
		if (section == global)
			return wrong_section(inherit, "cannot name [global]",
				"that applies to every section anyway");
		for (size_t i = 0; i < lineage.count; i++)
			if (lineage.sections[i] == section)
				return wrong_section(inherit,
					"goes in a circle",
					"a section cannot inherit from itself");
		if (lineage.count > DEPTH_MAX)
			return wrong_section(inherit, "goes too deep",
				"at most 64 sections in a row");
	}
	*ret_lineage = lineage;
	return 0;
}

/* The entry that decides @key, NULL when nobody gives one. @ret_depth: how far
 * away it was found. */
static const struct text_entry *find_nearest(
	const struct lineage *lineage, const char *key, size_t *ret_depth)
{
	const struct text_entry *entry;

	for (size_t depth = 0; depth < lineage->count; depth++) {
		entry = text_entry_find(lineage->sections[depth], key);
		if (entry) {
			*ret_depth = depth;
			return entry;
		}
	}
	entry = text_global_find(
		lineage->text, lineage->sections[0]->root, key);
	*ret_depth = entry ? DEPTH_GLOBAL : DEPTH_NONE;
	return entry;
}

/* The nearest key of @scope, which makes this a section of its kind; [global]
 * cannot. */
static const struct text_entry *find_maker(
	const struct lineage *lineage, enum key_scope scope, size_t *ret_depth)
{
	const struct text_entry *nearest = NULL;

	*ret_depth = DEPTH_NONE;
	for (const struct scenario_key *key = scenario_keys(); key->name;
		key++) {
		const struct text_entry *entry;
		size_t depth;

		if (key->scope != scope)
			continue;
		entry = find_nearest(lineage, key->name, &depth);
		if (entry && depth < DEPTH_GLOBAL && depth < *ret_depth) {
			nearest = entry;
			*ret_depth = depth;
		}
	}
	return nearest;
}

static int wrong_kind(const struct text_entry *entry, enum key_scope scope)
{
	bool crash = scope == SCOPE_CRASH || scope == SCOPE_CRASH_IS;

	return wrong_section(entry,
		crash ? "is for crash sections" : "is for open sections",
		crash ? "remove it, or write mode = crash"
		      : "remove it, or write mode = open");
}

static int decide_mode(const struct lineage *lineage, enum case_mode *ret_mode)
{
	static const char *const words[] = {
		"throughput", "roundtrip", "open", "crash", NULL};
	static const struct {
		enum key_scope scope;
		enum case_mode mode;
	} makers[] = {{SCOPE_CRASH_IS, MODE_CRASH}, {SCOPE_OPEN_IS, MODE_OPEN}};
	size_t depth;
	const struct text_entry *said = find_nearest(lineage, "mode", &depth);
	int mode = MODE_THROUGHPUT;

	if (said) {
		struct value_place place = place_of(said);

		mode = scenario_key_word(
			&place, said->value, case_mode_from, words);
		if (mode < 0)
			return mode;
	}
	for (size_t i = 0; i < 2; i++) {
		size_t maker_depth;
		const struct text_entry *maker =
			find_maker(lineage, makers[i].scope, &maker_depth);

		if (!maker || maker_depth > depth)
			continue;
		if (maker_depth == depth && mode != (int)makers[i].mode)
			return wrong_kind(maker, makers[i].scope);
		mode = (int)makers[i].mode;
		depth = maker_depth;
	}
	*ret_mode = (enum case_mode)mode;
	return 0;
}

/* A key that the section itself gives, though it means nothing there, would
 * be a promise that nobody keeps. */
static int check_scope(const struct scenario_key *key,
	const struct text_entry *entry, size_t depth, enum case_mode mode)
{
	if (depth != 0)
		return 0;
	if (mode != MODE_CRASH &&
		(key->scope == SCOPE_CRASH || key->scope == SCOPE_CRASH_IS))
		return wrong_kind(entry, key->scope);
	if (mode != MODE_OPEN &&
		(key->scope == SCOPE_OPEN || key->scope == SCOPE_OPEN_IS))
		return wrong_kind(entry, key->scope);
	if (mode == MODE_CRASH && key->scope == SCOPE_ROUNDS)
		return wrong_section(entry, "means nothing in a crash section",
			"kills says how often");
	return 0;
}

static int resolve_key(const struct scenario_key *key,
	const struct lineage *lineage, struct scenario_section *section)
{
	size_t depth;
	const struct text_entry *entry =
		find_nearest(lineage, key->name, &depth);
	struct value_place place = {
		.file = "default", .line = 0, .key = key->name};
	const char *text = key->fallback;
	int error;

	if (entry) {
		error = check_scope(key, entry, depth, section->mode);
		if (error)
			return error;
		place = place_of(entry);
		text = entry->value;
	} else if (section->mode == MODE_CRASH && key->crash_fallback) {
		text = key->crash_fallback;
	} else if (lineage->wide && key->wide_fallback) {
		text = key->wide_fallback;
	}
	return scenario_key_apply(key, &place, text, section);
}

/* Of two keys that say the same thing, the nearer one decides; side by side
 * they contradict each other. Returns whether @key is the one that counts. */
static int which_counts(const struct lineage *lineage, const char *key,
	const char *other, bool *ret_counts)
{
	size_t depth, other_depth;
	const struct text_entry *entry = find_nearest(lineage, key, &depth);

	find_nearest(lineage, other, &other_depth);
	if (entry && depth == other_depth && depth < DEPTH_NONE) {
		diag_at(entry->file, entry->line,
			"'%s' and '%s' of one section say the same thing; "
			"remove one of them",
			key, other);
		return -EINVAL;
	}
	*ret_counts = depth < other_depth;
	return 0;
}

/* A burst that says how often decides the rate. */
static int settle_burst(
	const struct lineage *lineage, struct scenario_section *section)
{
	struct burst *burst = &section->burst;
	double per_s = 1e9 * burst->count / (double)burst->every_ns;
	bool counts;
	int error;

	if (!burst->every_ns)
		return 0;
	error = which_counts(lineage, "burst", "rate", &counts);
	if (error)
		return error;
	if (counts) {
		section->rates[0] = per_s < 1 ? 1 : (uint64_t)(per_s + 0.5);
		section->rate_count = 1;
	}
	burst->every_ns = 0;
	return 0;
}

/* A mix stands for one size: its largest. */
static int settle_sizes(
	const struct lineage *lineage, struct scenario_section *section)
{
	const struct size_mix *mix = &section->mix;
	bool counts;
	int error;

	if (!mix->count)
		return 0;
	error = which_counts(lineage, "msg_sizes", "msg_size", &counts);
	if (error)
		return error;
	if (!counts) {
		section->mix.count = 0;
		return 0;
	}
	section->msg_size_count = 1;
	section->msg_sizes_bytes[0] = 0;
	for (unsigned i = 0; i < mix->count; i++)
		if (mix->bytes[i] > section->msg_sizes_bytes[0])
			section->msg_sizes_bytes[0] = mix->bytes[i];
	return 0;
}

static int resolve_zip(
	const struct lineage *lineage, struct scenario_section *section)
{
	size_t depth;
	const struct text_entry *entry = find_nearest(lineage, "zip", &depth);
	struct value_place place;

	if (!entry)
		return 0;
	place = place_of(entry);
	return scenario_zip(&place, entry->value, section);
}

/* By counts alone a message that was out when its producer died cannot be told
 * from a double. */
static int check_verify(
	const struct lineage *lineage, const struct scenario_section *section)
{
	size_t depth;
	const struct text_entry *entry =
		find_nearest(lineage, "verify", &depth);

	if (section->mode != MODE_CRASH || section->verify == VERIFY_FULL ||
		!entry)
		return 0;
	diag_at(entry->file, entry->line,
		"verify = %s is not enough for crash section [%s], where "
		"messages are out when their sender dies; write verify = full "
		"there",
		entry->value, section->name);
	return -EINVAL;
}

static int resolve_section(const struct scenario_text *text,
	const struct text_section *from, bool wide,
	struct scenario_section *section)
{
	struct lineage lineage;
	int error = lineage_find(text, from, &lineage);

	if (error)
		return error;
	lineage.wide = wide;
	snprintf(section->name, sizeof(section->name), "%s", from->name);
	section->file = from->file;
	section->line = from->line;
	error = decide_mode(&lineage, &section->mode);
	for (const struct scenario_key *key = scenario_keys();
		key->name && !error; key++)
		if (key->type != KEY_STRUCTURE)
			error = resolve_key(key, &lineage, section);
	if (!error)
		error = check_verify(&lineage, section);
	if (!error && section->mode == MODE_OPEN)
		error = settle_burst(&lineage, section);
	if (!error && section->mode == MODE_OPEN)
		error = settle_sizes(&lineage, section);
	/* Last: what burst and msg_sizes leave of their axes goes in step. */
	if (!error)
		error = resolve_zip(&lineage, section);
	return error;
}

/* Of several files each may give a seed, if it is the same. */
static int resolve_seed(const struct text_section *global, uint64_t *ret_seed)
{
	const struct scenario_key *key = scenario_key_find("seed");
	const struct text_entry *first = NULL;
	struct value_place place = {
		.file = "default", .line = 0, .key = key->name};
	int error;

	error = value_number(&place, key->fallback, &key->range, ret_seed);
	for (size_t i = 0; i < global->entry_count && !error; i++) {
		const struct text_entry *entry = &global->entries[i];
		uint64_t seed;

		if (strcmp(entry->key, "seed") != 0)
			continue;
		place = place_of(entry);
		error = value_number(&place, entry->value, &key->range, &seed);
		if (!error && first && first->root != TEXT_ROOT_SET &&
			entry->root != TEXT_ROOT_SET && seed != *ret_seed) {
			diag_at(entry->file, entry->line,
				"seed = %s, but %s at %s:%d; there is one for "
				"the whole run: --set global.seed=%s",
				entry->value, first->value, first->file,
				first->line, first->value);
			error = -EINVAL;
		}
		if (!error && (!first || entry->root == TEXT_ROOT_SET)) {
			first = entry;
			*ret_seed = seed;
		}
	}
	return error;
}

static void section_free(struct scenario_section *section)
{
	for (size_t i = 0; i < section->transport_count; i++)
		free(section->transports[i]);
	for (size_t i = 0; i < section->placement_count; i++)
		free(section->placements[i]);
	free(section->transports);
	free(section->msg_sizes_bytes);
	free(section->batches);
	free(section->producers);
	free(section->consumers);
	free(section->placements);
	free(section->memories);
	free(section->waits);
	free(section->spins_us);
	free(section->huges);
	free(section->accesses);
	free(section->capacities_bytes);
	free(section->rates);
	free(section->arrivals);
	free(section->kill_ats);
	free(section->holder_memories_bytes);
}

/* Keys of [global] that no section happens to use are checked all the same. */
static int check_global(const struct text_section *global)
{
	struct scenario_section scratch = {0};
	int error = 0;

	for (size_t i = 0; i < global->entry_count && !error; i++) {
		const struct text_entry *entry = &global->entries[i];
		const struct scenario_key *key = scenario_key_find(entry->key);
		struct value_place place = place_of(entry);

		if (key->type != KEY_STRUCTURE)
			error = scenario_key_apply(
				key, &place, entry->value, &scratch);
	}
	section_free(&scratch);
	return error;
}

/* Only to be inherited from, and not measured itself. */
static bool is_pattern(const struct text_section *section)
{
	return section->plain[0] == '_';
}

static bool has_work(const struct scenario_text *text)
{
	for (size_t i = 1; i < text->section_count; i++)
		if (!is_pattern(&text->sections[i]))
			return true;
	return false;
}

static int resolve(
	const struct scenario_text *text, bool wide, struct scenario *scenario)
{
	int error = 0;

	for (size_t i = 0; i < text->section_count && !error; i++)
		error = check_keys(&text->sections[i], i == 0);
	if (!error && !has_work(text)) {
		diag_at(text->file_count ? text->files[0] : "scenario", 0,
			"nothing to run: it has no section besides [global] "
			"and patterns; write one, such as [throughput]");
		error = -EINVAL;
	}
	if (!error)
		error = check_global(&text->sections[0]);
	if (!error)
		error = resolve_seed(&text->sections[0], &scenario->seed);
	if (error)
		return error;
	scenario->sections =
		calloc(text->section_count, sizeof(*scenario->sections));
	if (!scenario->sections)
		return -ENOMEM;
	for (size_t i = 1; i < text->section_count && !error; i++) {
		struct scenario_section *section =
			&scenario->sections[scenario->section_count++];

		error = resolve_section(
			text, &text->sections[i], wide, section);
		if (error || !is_pattern(&text->sections[i]))
			continue;
		section_free(section);
		*section = (struct scenario_section){0};
		scenario->section_count--;
	}
	return error;
}

/* `ipcmark run FILE ... --set '...'`, for people to copy. */
static char *command_of(const char *const *files, size_t file_count,
	const char *const *sets, size_t set_count)
{
	char *command = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&command, &bytes);

	if (!out)
		return NULL;
	fputs("ipcmark run", out);
	for (size_t i = 0; i < file_count; i++)
		fprintf(out, " %s", files[i]);
	for (size_t i = 0; i < set_count; i++)
		fprintf(out, " --set '%s'", sets[i]);
	if (fclose(out)) {
		free(command);
		return NULL;
	}
	return command;
}

static int load(const char *const *files, size_t file_count,
	const char *const *sets, size_t set_count, bool wide,
	struct scenario *ret_scenario)
{
	struct scenario scenario = {0};
	struct scenario_text text;
	int error = text_load(files, file_count, sets, set_count, &text);

	if (error)
		return error;
	error = resolve(&text, wide, &scenario);
	if (!error) {
		scenario.command =
			command_of(files, file_count, sets, set_count);
		error = scenario.command ? 0 : -ENOMEM;
	}
	if (error) {
		scenario_free(&scenario);
	} else {
		/* The sections point to the files' names. */
		scenario.text = text.text;
		scenario.files = text.files;
		scenario.file_count = text.file_count;
		text.text = NULL;
		text.files = NULL;
		text.file_count = 0;
		*ret_scenario = scenario;
	}
	text_free(&text);
	return error;
}

int scenario_load(const char *const *files, size_t file_count,
	const char *const *sets, size_t set_count,
	struct scenario *ret_scenario)
{
	return load(files, file_count, sets, set_count, false, ret_scenario);
}

int scenario_load_wide(const char *const *files, size_t file_count,
	const char *const *sets, size_t set_count,
	struct scenario *ret_scenario)
{
	return load(files, file_count, sets, set_count, true, ret_scenario);
}

void scenario_shorten(struct scenario *scenario)
{
	char *command;

	if (scenario->command &&
		asprintf(&command, "%s --short", scenario->command) >= 0) {
		free(scenario->command);
		scenario->command = command;
	}
	for (size_t i = 0; i < scenario->section_count; i++) {
		struct scenario_section *section = &scenario->sections[i];

		if (section->rounds > SHORT_ROUNDS)
			section->rounds = SHORT_ROUNDS;
		if (!section->kills || section->kills > SHORT_KILLS)
			section->kills = SHORT_KILLS;
		if (section->slice_ns > SHORT_SLICE_NS)
			section->slice_ns = SHORT_SLICE_NS;
		if (section->warmup_ns > SHORT_WARMUP_NS)
			section->warmup_ns = SHORT_WARMUP_NS;
		if (section->soak_ns > SHORT_SOAK_NS)
			section->soak_ns = SHORT_SOAK_NS;
		for (size_t j = 0; j < section->holder_memory_count; j++)
			if (section->holder_memories_bytes[j] >
				SHORT_HOLDER_BYTES)
				section->holder_memories_bytes[j] =
					SHORT_HOLDER_BYTES;
	}
}

void scenario_free(struct scenario *scenario)
{
	if (!scenario)
		return;
	for (size_t i = 0; i < scenario->section_count; i++)
		section_free(&scenario->sections[i]);
	free(scenario->sections);
	for (size_t i = 0; i < scenario->file_count; i++)
		free(scenario->files[i]);
	free(scenario->files);
	free(scenario->text);
	free(scenario->command);
	*scenario = (struct scenario){0};
}
