/* repeat.c - the command line that repeats a gate; see gate_request.h.
 *
 * Made of what was given rather than of what followed from it, so that it is as
 * short as what somebody typed. Where results go is left out: whoever repeats a
 * gate wants to see it, not to lose the first one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gate/gate_request.h"
#include "option/option.h"

struct line {
	char *text;
	size_t used;
	bool full;
};

static void add(struct line *line, char letter)
{
	if (line->used + 1 >= GATE_COMMAND_BYTES) {
		line->full = true;
		return;
	}
	line->text[line->used++] = letter;
	line->text[line->used] = '\0';
}

/* One more word, as a POSIX shell takes it for one. */
static void add_word(struct line *line, const char *word)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789@%_+=:,./-";
	bool bare = word[0] && !word[strspn(word, safe)];

	if (line->used)
		add(line, ' ');
	if (!bare)
		add(line, '\'');
	for (; *word; word++) {
		if (*word != '\'') {
			add(line, *word);
			continue;
		}
		for (const char *quote = "'\\''"; *quote; quote++)
			add(line, *quote);
	}
	if (!bare)
		add(line, '\'');
}

static void add_option(struct line *line, const char *name, const char *value)
{
	if (!value)
		return;
	add_word(line, name);
	add_word(line, value);
}

static void add_build(
	struct line *line, const char *name, const struct build *build)
{
	char revision[BUILD_COMMIT_BYTES + 8];

	snprintf(revision, sizeof(revision), "git:%s", build->commit);
	add_option(line, name, build->commit[0] ? revision : build->given);
}

void gate_command_text(const struct options *options, const struct gate *gate,
	char text[GATE_COMMAND_BYTES])
{
	struct line line = {.text = text};
	char seed[24];

	text[0] = '\0';
	add_word(&line, "ipcmark");
	add_word(&line, "gate");
	for (size_t i = 0; i < options->argument_count; i++)
		add_word(&line, options->arguments[i]);
	add_build(&line, "--a", &gate->builds[BUILD_A]);
	add_build(&line, "--b", &gate->builds[BUILD_B]);
	add_option(&line, "--tolerance", options->tolerance);
	add_option(&line, "--max", options->max);
	add_option(&line, "--metrics", options->metrics);
	add_option(&line, "--time", options->time);
	add_option(&line, "--blocks", options->blocks);
	add_option(&line, "--slice", options->slice);
	for (size_t i = 0; i < options->set_count; i++)
		add_option(&line, "--set", options->sets[i]);
	snprintf(seed, sizeof(seed), "%" PRIu64, gate->request.seed);
	add_option(&line, "--seed", seed);
	if (line.full)
		text[0] = '\0';
}
