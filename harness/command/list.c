/* list.c - list, help and version: what the program is. */
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "command/command.h"
#include "option/option.h"
#include "transport/transport.h"

/* The build gives the version; a file compiled by hand has none. */
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum { CAPS_BYTES = 128 };

/* What a person who picks a transport wants to know; the rest of the
 * capabilities only steer the harness. */
static const struct {
	unsigned cap;
	const char *word;
} words[] = {
	{CAP_LIMIT, "limit"},
	{CAP_MANY_PRODUCERS, "many-producers"},
	{CAP_MANY_CONSUMERS, "many-consumers"},
	{CAP_BATCH, "batch"},
	{CAP_BLOCK, "block"},
	{CAP_PEER_GONE, "peer-gone"},
	{CAP_SURVIVES_KILL, "survives-kill"},
};

static void caps_text(unsigned caps, char text[CAPS_BYTES])
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (caps & words[i].cap)
			used += (size_t)snprintf(text + used, CAPS_BYTES - used,
				"%s%s", used ? ", " : "", words[i].word);
	if (!used)
		snprintf(text, CAPS_BYTES, "-");
}

/* The plainest case a transport could be asked for. */
static struct bench_case plain_case(const struct transport *transport)
{
	struct bench_case bench = {
		.mode = transport->caps & CAP_NO_THROUGHPUT ? MODE_ROUNDTRIP
							    : MODE_THROUGHPUT,
		.msg_size_bytes = 8,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.wait = transport->caps & CAP_BLOCK ? WAIT_BLOCK : WAIT_SPIN,
		.verify = VERIFY_HEADER,
	};

	snprintf(bench.transport, sizeof(bench.transport), "%s",
		transport->name);
	return bench;
}

static void list_one(const struct transport *transport, int name_width)
{
	struct bench_case bench = plain_case(transport);
	char reason[CASE_REASON_BYTES] = "", caps[CAPS_BYTES];
	int error =
		transport_can_run(transport, &bench, reason, sizeof(reason));

	caps_text(transport->caps, caps);
	printf("%-*s  %s\n", name_width, transport->name, transport->summary);
	printf("%-*s  can: %s\n", name_width, "", caps);
	if (error)
		printf("%-*s  NOT HERE: %s\n", name_width, "", reason);
}

int command_list(const struct options *options)
{
	const struct transport *const *table = transport_table();
	size_t width = 0;

	(void)options;
	for (size_t i = 0; table[i]; i++)
		if (strlen(table[i]->name) > width)
			width = strlen(table[i]->name);
	for (size_t i = 0; table[i]; i++)
		list_one(table[i], (int)width);
	return EXIT_GOOD;
}

int command_help(const struct options *options)
{
	options_help(options, stdout);
	return EXIT_GOOD;
}

int command_version(const struct options *options)
{
	(void)options;
	printf("ipcmark %s\n", PACKAGE_VERSION);
	return EXIT_GOOD;
}
