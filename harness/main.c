/* main.c - from the command line to the command, and its exit code. */
#include <errno.h>
#include <stdio.h>

#include "base/diag.h"
#include "command/command.h"
#include "option/option.h"

static int (*const run_command[COMMAND_COUNT])(const struct options *) = {
	[COMMAND_RUN] = command_run,
	[COMMAND_PLAN] = command_plan,
	[COMMAND_SHOW] = command_show,
	[COMMAND_PLOT] = command_plot,
	[COMMAND_COMPARE] = command_compare,
	[COMMAND_INSPECT] = command_inspect,
	[COMMAND_TOPO] = command_topo,
	[COMMAND_ENV] = command_env,
	[COMMAND_TUNE] = command_tune,
	[COMMAND_LIST] = command_list,
	[COMMAND_CONFORM] = command_conform,
	[COMMAND_CRASH] = command_crash,
	[COMMAND_GATE] = command_gate,
	[COMMAND_SELFTEST_GATE] = command_selftest_gate,
	[COMMAND_HELP] = command_help,
	[COMMAND_VERSION] = command_version,
};

int main(int argc, char **argv)
{
	struct options options;
	int error = options_parse(argc, argv, &options), code;

	if (error) {
		if (error == -ENOMEM)
			diag_error("out of memory");
		return EXIT_USAGE;
	}
	code = run_command[options.command](&options);
	options_free(&options);
	/* A table that did not get out, say to a full disk, is no success. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		diag_error("cannot write the output");
		if (code == EXIT_GOOD)
			code = EXIT_USAGE;
	}
	return code;
}
