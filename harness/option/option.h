/* option.h - the command line -> struct options, checked.
 *
 * Knows which commands there are, which options each takes, and their help;
 * command/command.h has what they do.
 */
#ifndef IPCMARK_OPTION_OPTION_H
#define IPCMARK_OPTION_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum command {
	COMMAND_RUN,
	COMMAND_PLAN,
	COMMAND_SHOW,
	COMMAND_PLOT,
	COMMAND_COMPARE,
	COMMAND_INSPECT,
	COMMAND_TOPO,
	COMMAND_ENV,
	COMMAND_TUNE,
	COMMAND_LIST,
	COMMAND_CONFORM,
	COMMAND_CRASH,
	COMMAND_GATE,
	COMMAND_SELFTEST_GATE,
	COMMAND_HELP,
	COMMAND_VERSION,
	COMMAND_COUNT,
};

/* All strings are argv's own. */
struct options {
	enum command command;
	enum command help_of; /* COMMAND_HELP: whose, itself: the program's */
	bool help_of_scenario;
	const char **arguments; /* what is no option; owned array */
	size_t argument_count;
	const char **sets; /* owned array */
	size_t set_count;
	const char *output_dir; /* NULL: not given */
	bool short_form;
	bool no_plot;
	bool resume;
	bool dry_run;
	const char *of, *to;
	const char **wheres; /* owned array */
	size_t where_count;
	bool json;
	const char *goal, *budget;
	bool cost;
	bool csv;
	bool markdown;
	const char *hdr_dir; /* NULL: not given */
	bool without_disturbed;
	const char *plot_file; /* NULL: not given */
	/* crash; NULL: not given */
	const char *kill_at, *operation, *path, *step, *pass, *kills, *seed,
		*patience, *recover_within;
	/* gate; NULL: not given */
	const char *baseline; /* gate */
	const char *build_a, *build_b, *tolerance, *max, *metrics, *time,
		*blocks, *slice, *inconclusive_exit;
	const char *runs, *slow; /* selftest-gate */
	const char **reports;	 /* gate, show; owned array */
	size_t report_count;
};

/* options_parse - check a whole command line.
 * Returns 0; -EINVAL after one line that says what is wrong; -ENOMEM. Free
 * @ret_options only after 0. */
int options_parse(int argc, char **argv, struct options *ret_options);

/* options_help - what `ipcmark help ...` and --help show. */
void options_help(const struct options *options, FILE *out);

void options_free(struct options *options);

#endif
