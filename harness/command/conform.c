/* conform.c - conform: one transport against all its promises. */
#include <stdio.h>

#include "base/diag.h"
#include "command/command.h"
#include "conform/conform.h"
#include "option/option.h"
#include "session/session.h"
#include "transport/plugin.h"
#include "transport/transport.h"

enum { TRANSPORT_NAMES_MAX = 63 };

static const char *const verdict_words[] = {
	[CONFORM_KEPT] = "kept",
	[CONFORM_UNPROMISED] = "-",
	[CONFORM_SKIPPED] = "skipped",
	[CONFORM_BROKEN] = "BROKEN",
};

const struct transport *command_transport(const char *spec)
{
	const struct transport *const *table = transport_table();
	const char *names[TRANSPORT_NAMES_MAX + 1] = {0};
	char reason[CASE_REASON_BYTES] = "";
	const struct transport *transport;

	if (plugin_named(spec)) {
		transport = plugin_find(spec, reason, sizeof(reason));
		if (!transport)
			diag_error("'%s' does not fit: %s", spec, reason);
		return transport;
	}
	transport = transport_find(spec);
	if (!transport) {
		for (size_t i = 0; table[i] && i < TRANSPORT_NAMES_MAX; i++)
			names[i] = table[i]->name;
		diag_unknown("unknown transport", spec, names,
			"`ipcmark list` shows all, plugin:FILE is one of "
			"yours");
	} else if (transport->caps & CAP_EXTERNAL) {
		diag_error("'%s' runs workers of its own, which check their "
			   "messages in every run",
			spec);
		transport = NULL;
	}
	return transport;
}

int command_conform(const struct options *options)
{
	const char *spec = options->arguments[0];
	const struct transport *transport = command_transport(spec);
	unsigned counts[4] = {0};

	if (!transport)
		return EXIT_USAGE;
	session_begin();
	printf("%s: %s\n", transport->name, transport->summary);
	for (const struct conform_check *check = conform_checks(); check->name;
		check++) {
		char words[CASE_REASON_BYTES] = "";
		enum conform_verdict verdict = conform_run(
			check, transport, spec, words, sizeof(words));

		counts[verdict]++;
		printf("%-8s %-12s %s\n", verdict_words[verdict], check->name,
			check->promise);
		if (*words)
			printf("%-21s  %s\n", "", words);
		fflush(stdout); /* some take seconds */
	}
	printf("%u kept, %u not promised, %u skipped, %u broken\n",
		counts[CONFORM_KEPT], counts[CONFORM_UNPROMISED],
		counts[CONFORM_SKIPPED], counts[CONFORM_BROKEN]);
	/* Without its end the guardian takes what a broken one left. */
	if (counts[CONFORM_BROKEN])
		return EXIT_VIOLATED;
	session_end();
	/* "null" alone says nothing of a transport that cannot run here */
	return counts[CONFORM_KEPT] > 1 ? EXIT_GOOD : EXIT_NOTHING_RAN;
}
