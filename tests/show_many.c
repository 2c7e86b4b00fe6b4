/* show_many.c - `ipcmark show`, of thousands of files in one process.
 *
 * A folder a line comes in, and what show does with it is done: its table to
 * nowhere, its complaint on to the reader, and behind it a line with its exit code.
 * tests/check_schema.py damages files faster than programs start.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "command/command.h"
#include "option/option.h"

int main(int argc, char **argv)
{
	int answers = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);
	char folder[4096];

	if (argc != 2 || answers < 0 || nowhere < 0 ||
		dup2(nowhere, STDOUT_FILENO) < 0 ||
		dup2(answers, STDERR_FILENO) < 0)
		return EXIT_USAGE;
	while (fgets(folder, sizeof(folder), stdin)) {
		const char *arguments[] = {folder};
		const struct options options = {
			.arguments = arguments,
			.argument_count = 1,
			.csv = strcmp(argv[1], "--csv") == 0,
			.markdown = strcmp(argv[1], "--markdown") == 0,
		};
		int code;

		folder[strcspn(folder, "\n")] = '\0';
		code = command_show(&options);
		fflush(stdout);
		if (dprintf(answers, "exit code %d\n", code) < 0)
			return EXIT_USAGE;
	}
	return EXIT_GOOD;
}
