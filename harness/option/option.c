/* option.c - the command line, by one table of commands.
 *
 * Each command has its own list of options, so that `show --set` is refused
 * rather than ignored, and a mistyped one is compared with those that would
 * have been taken. Options and arguments may be mixed in any order.
 */
#include "option/option.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "option/text.h"

/* What getopt_long() returns for an option without a short form. */
enum {
	OPTION_SET = 256,
	OPTION_SHORT,
	OPTION_NO_PLOT,
	OPTION_OF,
	OPTION_TO,
	OPTION_WHERE,
	OPTION_JSON,
	OPTION_RESUME,
	OPTION_DRY_RUN,
	OPTION_GOAL,
	OPTION_BUDGET,
	OPTION_COST,
	OPTION_CSV,
	OPTION_MARKDOWN,
	OPTION_HDR,
	OPTION_PLOT,
	OPTION_WITHOUT_DISTURBED,
	OPTION_KILL_AT,
	OPTION_OPERATION,
	OPTION_PATH,
	OPTION_STEP,
	OPTION_PASS,
	OPTION_KILLS,
	OPTION_SEED,
	OPTION_PATIENCE,
	OPTION_RECOVER_WITHIN,
	OPTION_A,
	OPTION_BASELINE,
	OPTION_B,
	OPTION_TOLERANCE,
	OPTION_MAX,
	OPTION_METRICS,
	OPTION_TIME,
	OPTION_BLOCKS,
	OPTION_SLICE,
	OPTION_INCONCLUSIVE_EXIT,
	OPTION_RUNS,
	OPTION_SLOW,
	OPTION_REPORT,
};

#define SET                                                \
	{                                                  \
		"set", required_argument, NULL, OPTION_SET \
	}
#define OUTPUT                                         \
	{                                              \
		"output", required_argument, NULL, 'o' \
	}
#define WITHOUT_DISTURBED                               \
	{                                               \
		"without-disturbed", no_argument, NULL, \
			OPTION_WITHOUT_DISTURBED        \
	}
#define REPORT                                                   \
	{                                                        \
		"report", required_argument, NULL, OPTION_REPORT \
	}
#define HELP                                   \
	{                                      \
		"help", no_argument, NULL, 'h' \
	}
#define END                      \
	{                        \
		NULL, 0, NULL, 0 \
	}

static const struct option run_options[] = {OUTPUT, SET,
	{"short", no_argument, NULL, OPTION_SHORT},
	{"no-plot", no_argument, NULL, OPTION_NO_PLOT},
	{"resume", no_argument, NULL, OPTION_RESUME},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN}, HELP, END};
static const struct option plan_options[] = {
	SET, {"short", no_argument, NULL, OPTION_SHORT}, HELP, END};
static const struct option show_options[] = {
	{"markdown", no_argument, NULL, OPTION_MARKDOWN},
	{"csv", no_argument, NULL, OPTION_CSV},
	{"json", no_argument, NULL, OPTION_JSON},
	{"hdr", required_argument, NULL, OPTION_HDR},
	{"cost", no_argument, NULL, OPTION_COST}, WITHOUT_DISTURBED, REPORT,
	HELP, END};
static const struct option plot_options[] = {OUTPUT, HELP, END};
static const struct option compare_options[] = {
	{"of", required_argument, NULL, OPTION_OF},
	{"to", required_argument, NULL, OPTION_TO},
	{"where", required_argument, NULL, OPTION_WHERE},
	{"json", no_argument, NULL, OPTION_JSON}, WITHOUT_DISTURBED, HELP, END};
static const struct option topo_options[] = {
	{"json", no_argument, NULL, OPTION_JSON},
	{"plot", required_argument, NULL, OPTION_PLOT}, HELP, END};
static const struct option env_options[] = {
	{"json", no_argument, NULL, OPTION_JSON}, HELP, END};
static const struct option inspect_options[] = {
	{"json", no_argument, NULL, OPTION_JSON}, HELP, END};
static const struct option tune_options[] = {OUTPUT, SET,
	{"goal", required_argument, NULL, OPTION_GOAL},
	{"budget", required_argument, NULL, OPTION_BUDGET},
	{"json", no_argument, NULL, OPTION_JSON}, HELP, END};
static const struct option crash_options[] = {OUTPUT,
	{"kill-at", required_argument, NULL, OPTION_KILL_AT},
	{"operation", required_argument, NULL, OPTION_OPERATION},
	{"path", required_argument, NULL, OPTION_PATH},
	{"step", required_argument, NULL, OPTION_STEP},
	{"pass", required_argument, NULL, OPTION_PASS},
	{"kills", required_argument, NULL, OPTION_KILLS},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"patience", required_argument, NULL, OPTION_PATIENCE},
	{"recover-within", required_argument, NULL, OPTION_RECOVER_WITHIN},
	HELP, END};

/* How builds are measured and judged, by gate and by selftest-gate. */
#define JUDGED                                                        \
	{"tolerance", required_argument, NULL, OPTION_TOLERANCE},     \
		{"max", required_argument, NULL, OPTION_MAX},         \
		{"metrics", required_argument, NULL, OPTION_METRICS}, \
		{"time", required_argument, NULL, OPTION_TIME},       \
		{"blocks", required_argument, NULL, OPTION_BLOCKS},   \
		{"slice", required_argument, NULL, OPTION_SLICE},     \
	{                                                             \
		"seed", required_argument, NULL, OPTION_SEED          \
	}

static const struct option gate_options[] = {OUTPUT, SET,
	{"a", required_argument, NULL, OPTION_A},
	{"b", required_argument, NULL, OPTION_B},
	{"baseline", required_argument, NULL, OPTION_BASELINE}, JUDGED,
	{"inconclusive-exit", required_argument, NULL,
		OPTION_INCONCLUSIVE_EXIT},
	REPORT, HELP, END};
static const struct option selftest_gate_options[] = {SET,
	{"a", required_argument, NULL, OPTION_A}, JUDGED,
	{"runs", required_argument, NULL, OPTION_RUNS},
	{"slow", required_argument, NULL, OPTION_SLOW}, HELP, END};
static const struct option no_options[] = {HELP, END};

struct command_line {
	const char *name;
	const struct option *options;
	const char *letters; /* getopt's short options */
	size_t arguments_min, arguments_max;
	const char *argument; /* what they are called when they are missing */
};

static const struct command_line commands[COMMAND_COUNT] = {
	[COMMAND_RUN] = {"run", run_options, ":o:h", 1, SIZE_MAX,
		"a scenario file"},
	[COMMAND_PLAN] = {"plan", plan_options, ":h", 1, SIZE_MAX,
		"a scenario file"},
	[COMMAND_SHOW] = {"show", show_options, ":h", 1, 1,
		"a result: result.json or its folder"},
	[COMMAND_PLOT] = {"plot", plot_options, ":o:h", 1, 1,
		"a result: result.json or its folder"},
	[COMMAND_COMPARE] = {"compare", compare_options, ":h", 1, 1,
		"a result: result.json or its folder"},
	[COMMAND_INSPECT] = {"inspect", inspect_options, ":h", 1, 1,
		"the name of a ring, a queue or a shared memory"},
	[COMMAND_TOPO] = {"topo", topo_options, ":h", 0, 0, ""},
	[COMMAND_ENV] = {"env", env_options, ":h", 0, 0, ""},
	[COMMAND_TUNE] = {"tune", tune_options, ":o:h", 1, SIZE_MAX,
		"a scenario file"},
	[COMMAND_LIST] = {"list", no_options, ":h", 0, 0, ""},
	[COMMAND_CONFORM] = {"conform", no_options, ":h", 1, 1,
		"a transport, such as plugin:./mine.so"},
	[COMMAND_CRASH] = {"crash", crash_options, ":o:h", 0, SIZE_MAX, ""},
	[COMMAND_GATE] = {"gate", gate_options, ":o:h", 1, SIZE_MAX,
		"a scenario file"},
	[COMMAND_SELFTEST_GATE] = {"selftest-gate", selftest_gate_options, ":h",
		1, SIZE_MAX, "a scenario file"},
	[COMMAND_HELP] = {"help", no_options, ":h", 0, 1, "a command"},
	[COMMAND_VERSION] = {"version", no_options, ":h", 0, 0, ""},
};

static int command_from(const char *word)
{
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, word) == 0)
			return i;
	return -1;
}

/* The nearest command, or NULL; also "scenario" for help. */
static const char *nearest_command(const char *word, bool with_scenario)
{
	const char *names[COMMAND_COUNT + 2] = {0};

	for (int i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i].name;
	if (with_scenario)
		names[COMMAND_COUNT] = "scenario";
	return diag_nearest(word, names);
}

static int unknown_command(const char *word, bool with_scenario)
{
	const char *nearest = nearest_command(word, with_scenario);

	if (nearest)
		diag_error("unknown command '%s'; did you mean '%s'?", word,
			nearest);
	else
		diag_error("unknown command '%s'; `ipcmark --help` lists all",
			word);
	return -EINVAL;
}

static int unknown_option(const struct command_line *command, const char *word)
{
	const char *names[16] = {0}, *nearest;
	char bare[64];
	size_t count = 0;

	for (; command->options[count].name && count < 15; count++)
		names[count] = command->options[count].name;
	snprintf(bare, sizeof(bare), "%s", word + strspn(word, "-"));
	bare[strcspn(bare, "=")] = '\0';
	nearest =
		strncmp(word, "--", 2) == 0 ? diag_nearest(bare, names) : NULL;
	if (nearest)
		diag_error("%s: unknown option '%s'; did you mean '--%s'?",
			command->name, word, nearest);
	else
		diag_error("%s: unknown option '%s'; `ipcmark %s --help` lists "
			   "all",
			command->name, word, command->name);
	return -EINVAL;
}

static int take_crash_option(int option, struct options *options)
{
	switch (option) {
	case OPTION_KILL_AT:
		options->kill_at = optarg;
		break;
	case OPTION_OPERATION:
		options->operation = optarg;
		break;
	case OPTION_PATH:
		options->path = optarg;
		break;
	case OPTION_STEP:
		options->step = optarg;
		break;
	case OPTION_PASS:
		options->pass = optarg;
		break;
	case OPTION_KILLS:
		options->kills = optarg;
		break;
	case OPTION_SEED:
		options->seed = optarg;
		break;
	case OPTION_PATIENCE:
		options->patience = optarg;
		break;
	case OPTION_RECOVER_WITHIN:
		options->recover_within = optarg;
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

static int take_gate_option(int option, struct options *options)
{
	switch (option) {
	case OPTION_BASELINE:
		options->baseline = optarg;
		return 0;
	case OPTION_A:
		options->build_a = optarg;
		break;
	case OPTION_B:
		options->build_b = optarg;
		break;
	case OPTION_TOLERANCE:
		options->tolerance = optarg;
		break;
	case OPTION_MAX:
		options->max = optarg;
		break;
	case OPTION_METRICS:
		options->metrics = optarg;
		break;
	case OPTION_TIME:
		options->time = optarg;
		break;
	case OPTION_BLOCKS:
		options->blocks = optarg;
		break;
	case OPTION_SLICE:
		options->slice = optarg;
		break;
	case OPTION_RUNS:
		options->runs = optarg;
		break;
	case OPTION_SLOW:
		options->slow = optarg;
		break;
	case OPTION_INCONCLUSIVE_EXIT:
		options->inconclusive_exit = optarg;
		break;
	case OPTION_REPORT:
		options->reports[options->report_count++] = optarg;
		break;
	default:
		return take_crash_option(option, options);
	}
	return 0;
}

static int take_option(int option, struct options *options)
{
	switch (option) {
	case 'o':
		options->output_dir = optarg;
		break;
	case OPTION_SET:
		options->sets[options->set_count++] = optarg;
		break;
	case OPTION_SHORT:
		options->short_form = true;
		break;
	case OPTION_NO_PLOT:
		options->no_plot = true;
		break;
	case OPTION_OF:
		options->of = optarg;
		break;
	case OPTION_TO:
		options->to = optarg;
		break;
	case OPTION_WHERE:
		options->wheres[options->where_count++] = optarg;
		break;
	case OPTION_RESUME:
		options->resume = true;
		break;
	case OPTION_DRY_RUN:
		options->dry_run = true;
		break;
	case OPTION_PLOT:
		options->plot_file = optarg;
		break;
	case OPTION_WITHOUT_DISTURBED:
		options->without_disturbed = true;
		break;
	case OPTION_GOAL:
		options->goal = optarg;
		break;
	case OPTION_BUDGET:
		options->budget = optarg;
		break;
	case OPTION_JSON:
		options->json = true;
		break;
	case OPTION_COST:
		options->cost = true;
		break;
	case OPTION_CSV:
		options->csv = true;
		break;
	case OPTION_MARKDOWN:
		options->markdown = true;
		break;
	case OPTION_HDR:
		options->hdr_dir = optarg;
		break;
	default:
		return take_gate_option(option, options);
	}
	return 0;
}

/* The word that getopt did not take. A letter within "-xyz" is told alone. */
static int refused(const struct command_line *command, int option, char **argv)
{
	char letter[3] = {'-', (char)optopt, '\0'};
	const char *word = argv[optind - 1];

	if (option == ':') {
		diag_error(
			"%s: option '%s' needs a value", command->name, word);
		return -EINVAL;
	}
	/* A long option that takes no value but was given one. */
	if (optopt >= OPTION_SET || (optopt == 'h' && strchr(word, '='))) {
		diag_error("%s: option '%.*s' takes no value", command->name,
			(int)strcspn(word, "="), word);
		return -EINVAL;
	}
	return unknown_option(command, optopt ? letter : word);
}

static int check_arguments(
	const struct command_line *command, const struct options *options)
{
	if (options->argument_count < command->arguments_min) {
		diag_error("%s: needs %s; `ipcmark %s --help` has an example",
			command->name, command->argument, command->name);
		return -EINVAL;
	}
	if (options->argument_count > command->arguments_max) {
		diag_error("%s: '%s' is one argument too many; `ipcmark %s "
			   "--help` has an example",
			command->name,
			options->arguments[command->arguments_max],
			command->name);
		return -EINVAL;
	}
	if (options->command == COMMAND_COMPARE &&
		(!options->of || !options->to)) {
		diag_error("compare: needs both --of KEY=VALUE and --to "
			   "KEY=VALUE, such as --of transport=ring --to "
			   "transport=pipe");
		return -EINVAL;
	}
	if (options->json + options->csv + options->markdown + options->cost >
		1) {
		diag_error("show: only one of --cost, --markdown, --csv and "
			   "--json at a time");
		return -EINVAL;
	}
	if (options->command == COMMAND_SHOW && options->without_disturbed &&
		options->json) {
		diag_error("show: --json is the whole result, disturbed "
			   "slices included; leave --without-disturbed out");
		return -EINVAL;
	}
	if (options->command == COMMAND_TUNE && !options->goal) {
		diag_error("tune: needs --goal, such as --goal 'max "
			   "throughput' or --goal 'min p99 at 200k'");
		return -EINVAL;
	}
	if (options->command == COMMAND_SELFTEST_GATE && !options->build_a) {
		diag_error("selftest-gate: needs --a BUILD, such as --a build");
		return -EINVAL;
	}
	if (options->command == COMMAND_GATE && options->baseline &&
		(options->build_a || options->build_b || options->time ||
			options->blocks || options->slice || options->metrics ||
			options->output_dir || options->argument_count != 1)) {
		diag_error("gate: --baseline RESULT compares one other result "
			   "with it: no builds, no measuring; ipcmark gate "
			   "results/new --baseline results/old");
		return -EINVAL;
	}
	if (options->command == COMMAND_GATE && !options->baseline &&
		(!options->build_a || !options->build_b)) {
		diag_error("gate: needs both --a BUILD and --b BUILD, such as "
			   "--a git:HEAD~1 --b build");
		return -EINVAL;
	}
	for (size_t i = 0; i < options->argument_count; i++) {
		if (!options->arguments[i][0]) {
			diag_error("%s: an argument is empty", command->name);
			return -EINVAL;
		}
	}
	return 0;
}

/* `help WORD`: a command, or the scenario dialect. */
static int resolve_help(struct options *options)
{
	int command;

	options->help_of = COMMAND_HELP;
	if (options->argument_count == 0)
		return 0;
	if (strcmp(options->arguments[0], "scenario") == 0) {
		options->help_of_scenario = true;
		return 0;
	}
	command = command_from(options->arguments[0]);
	if (command < 0)
		return unknown_command(options->arguments[0], true);
	options->help_of = (enum command)command;
	return 0;
}

static int parse_command(int argc, char **argv, struct options *options)
{
	const struct command_line *command = &commands[options->command];
	int option, error;

	opterr = 0;
	optind = 1;
	/* argv[0] is the command here: getopt begins after it, and moves what
	 * is no option to the end. */
	while ((option = getopt_long(argc, argv, command->letters,
			command->options, NULL)) != -1) {
		if (option == 'h') {
			options->help_of = options->command;
			options->command = COMMAND_HELP;
			return 0;
		}
		if (option == '?' || option == ':')
			return refused(command, option, argv);
		error = take_option(option, options);
		if (error)
			return error;
	}
	while (optind < argc)
		options->arguments[options->argument_count++] = argv[optind++];
	error = check_arguments(command, options);
	if (!error && options->command == COMMAND_HELP)
		error = resolve_help(options);
	return error;
}

/* The first word: a command, --help or --version. */
static int first_word(const char *word, enum command *ret_command)
{
	int command;

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		*ret_command = COMMAND_HELP;
		return 0;
	}
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		*ret_command = COMMAND_VERSION;
		return 0;
	}
	if (word[0] == '-') {
		static const char *const names[] = {"help", "version", NULL};
		const char *nearest =
			diag_nearest(word + strspn(word, "-"), names);

		if (nearest)
			diag_error("unknown option '%s'; did you mean '--%s'?",
				word, nearest);
		else
			diag_error("the command comes before its options, as "
				   "in `ipcmark run %s ...`",
				word);
		return -EINVAL;
	}
	command = command_from(word);
	if (command < 0)
		return unknown_command(word, false);
	*ret_command = (enum command)command;
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
	struct options options = {.help_of = COMMAND_HELP};
	int error;

	if (argc < 2) {
		diag_error("needs a command: run, plan, show, plot, compare, "
			   "tune, topo, env, inspect, list, conform, crash or "
			   "gate; `ipcmark --help` explains them");
		return -EINVAL;
	}
	error = first_word(argv[1], &options.command);
	if (error)
		return error;
	options.arguments = calloc((size_t)argc, sizeof(*options.arguments));
	options.sets = calloc((size_t)argc, sizeof(*options.sets));
	options.wheres = calloc((size_t)argc, sizeof(*options.wheres));
	options.reports = calloc((size_t)argc, sizeof(*options.reports));
	if (!options.arguments || !options.sets || !options.wheres ||
		!options.reports)
		error = -ENOMEM;
	else
		error = parse_command(argc - 1, argv + 1, &options);
	if (error)
		options_free(&options);
	else
		*ret_options = options;
	return error;
}

void options_help(const struct options *options, FILE *out)
{
	if (options->help_of_scenario)
		option_text_scenario(out);
	else
		option_text_command(options->help_of, out);
}

void options_free(struct options *options)
{
	if (!options)
		return;
	free(options->arguments);
	free(options->sets);
	free(options->wheres);
	free(options->reports);
	*options = (struct options){0};
}
