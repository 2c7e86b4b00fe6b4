/* crash.c - crash: who survives a death, at which instruction? */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/folder.h"
#include "base/progress.h"
#include "command/command.h"
#include "crash/campaign.h"
#include "crash/operation.h"
#include "crash/print.h"
#include "figure/crash_map.h"
#include "option/option.h"
#include "scenario/value.h"
#include "session/session.h"
#include "step/step.h"
#include "step/symbol.h"
#include "transport/plugin.h"
#include "transport/transport.h"

enum { PATH_BYTES = 4096 };

#define SECOND_NS UINT64_C(1000000000)

static volatile sig_atomic_t stop_asked;
static struct progress progress;

static void ask_stop(int signal)
{
	(void)signal;
	stop_asked = 1;
}

static bool keep_going(void)
{
	return !stop_asked;
}

static void show(const struct campaign *campaign)
{
	/* relaxed: it is for people */
	size_t begun = atomic_load_explicit(
		&campaign->board->next_block, memory_order_relaxed);

	if (begun > campaign->plan_count)
		begun = campaign->plan_count;
	progress.total = campaign->plan_count;
	progress.total_ns = campaign->plan_count;
	progress_step(&progress, begun, begun, 0, "crash");
}

/* Returns whether it can run; why not has been said. */
static bool can_run(const struct transport *transport, const char *spec)
{
	const struct channel_config config = {.spec = spec,
		.name = "can-run",
		.msg_size_bytes = campaign_size_bytes(0),
		.batch = 1,
		.producers = 1,
		.consumers = 1};
	char reason[CASE_REASON_BYTES] = "";

	if (!transport->can_run ||
		!transport->can_run(&config, reason, sizeof(reason)))
		return true;
	diag_warn("%s cannot run here: %s", spec, reason);
	return false;
}

static int choose_transports(
	const struct options *options, struct campaign_request *request)
{
	static const char *const usual[] = {"ring", "queue"};
	const char *const *specs = options->arguments;
	size_t count = options->argument_count;

	if (!count) {
		specs = usual;
		count = 2;
	}
	if (count > CAMPAIGN_TRANSPORTS_MAX) {
		diag_error("crash: %zu transports are more than %d; take some "
			   "at a time",
			count, CAMPAIGN_TRANSPORTS_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < count; i++) {
		const struct transport *transport = command_transport(specs[i]);

		if (!transport)
			return -EINVAL;
		if (!can_run(transport, specs[i]))
			continue;
		request->transports[request->transport_count] = transport;
		request->specs[request->transport_count++] = specs[i];
	}
	return 0;
}

static int choose_kinds(const char *text, unsigned *ret_kinds)
{
	const char *names[KINDS + 1] = {0};

	for (int kind = 0; kind < KINDS; kind++)
		names[kind] = kind_name((enum crash_kind)kind);
	for (const char *at = text; at && *at;) {
		size_t len = strcspn(at, ",");
		char word[32];
		int kind = 0;

		snprintf(word, sizeof(word), "%.*s", (int)len, at);
		while (kind < KINDS && strcmp(names[kind], word) != 0)
			kind++;
		if (kind == KINDS) {
			diag_unknown("crash: unknown --kill-at", word, names,
				"`ipcmark crash --help` lists all");
			return -EINVAL;
		}
		*ret_kinds |= 1u << kind;
		at += len + (at[len] == ',');
	}
	if (text && !*ret_kinds) {
		diag_error("crash: --kill-at is empty; `ipcmark crash --help` "
			   "lists all");
		return -EINVAL;
	}
	if (!text)
		*ret_kinds = 1u << KIND_INSTRUCTION;
	return 0;
}

static int choose_path(const char *text, enum crash_path *ret_path)
{
	const char *names[PATHS + 1] = {0};

	*ret_path = PATHS;
	if (!text)
		return 0;
	for (int path = 0; path < PATHS; path++) {
		names[path] = path_name((enum crash_path)path);
		if (strcmp(names[path], text) == 0) {
			*ret_path = (enum crash_path)path;
			return 0;
		}
	}
	diag_unknown(
		"crash: unknown --path", text, names, "the table names them");
	return -EINVAL;
}

/* One that none of the transports has would be a campaign of nothing. */
static int check_operation(const struct campaign_request *request)
{
	struct crash_operation list[OPERATIONS_MAX];
	const char *names[OPERATIONS_MAX + 1] = {0};

	if (!request->operation || !request->transport_count)
		return 0;
	for (size_t i = request->transport_count; i-- > 0;) {
		unsigned count = operations_list(request->transports[i], list);

		for (unsigned j = 0; j < count; j++) {
			names[j] = list[j].name;
			if (strcmp(list[j].name, request->operation) == 0)
				return 0;
		}
		names[count] = NULL;
	}
	/* What is left in @names is of the first transport. */
	diag_unknown("crash: unknown --operation", request->operation, names,
		"the table names them");
	return -EINVAL;
}

/* A whole number, up to @end. */
static int number(const char *option, const char *text, char end,
	uint64_t *value, const char **ret_rest)
{
	char *rest;

	errno = 0;
	*value = strtoull(text, &rest, 10);
	if (errno || rest == text || *text == '-' || (*rest && *rest != end)) {
		diag_error(
			"crash: %s is a whole number, not '%s'", option, text);
		return -EINVAL;
	}
	if (ret_rest)
		*ret_rest = *rest ? rest + 1 : NULL;
	return 0;
}

static int choose_step(
	const struct options *options, struct campaign_request *request)
{
	const char *second = NULL;
	uint64_t value;
	int err;

	request->step = request->second_step = CAMPAIGN_ANY;
	if (!options->step)
		return 0;
	err = number("--step", options->step, ':', &value, &second);
	if (err)
		return err;
	request->step = value;
	if (second)
		err = number("--step", second, '\0', &value, NULL);
	if (!err && second)
		request->second_step = value;
	return err;
}

static int choose(
	const struct options *options, struct campaign_request *request)
{
	static const struct value_range range = {
		SECOND_NS / 100, 60 * SECOND_NS};
	static const struct value_range late_range = {
		SECOND_NS / 1000000, 60 * SECOND_NS};
	const struct value_place place = {
		.file = "--patience", .line = 0, .key = "the patience"};
	const struct value_place late_place = {
		.file = "--recover-within", .line = 0, .key = "the time"};
	uint64_t pass = 0;
	int err;

	request->seed = 1;
	request->patience_ns = CAMPAIGN_PATIENCE_NS;
	request->late_ns = CAMPAIGN_LATE_NS;
	request->operation = options->operation;
	err = choose_transports(options, request);
	if (!err)
		err = check_operation(request);
	if (!err)
		err = choose_kinds(options->kill_at, &request->kinds);
	if (!err)
		err = choose_path(options->path, &request->path);
	if (!err)
		err = choose_step(options, request);
	if (!err && options->kills)
		err = number(
			"--kills", options->kills, '\0', &request->kills, NULL);
	if (!err && options->seed)
		err = number(
			"--seed", options->seed, '\0', &request->seed, NULL);
	if (!err && options->pass)
		err = number("--pass", options->pass, '\0', &pass, NULL);
	if (!err && options->patience)
		err = value_time(&place, options->patience, &range,
			&request->patience_ns);
	if (!err && options->recover_within)
		err = value_time(&late_place, options->recover_within,
			&late_range, &request->late_ns);
	request->pass = (unsigned)pass;
	return err;
}

static int exit_code(const struct campaign *campaign)
{
	const struct campaign_board *board = campaign->board;
	struct campaign_tally *sum = malloc(sizeof(*sum));
	bool data = false, others = false, struck = false;

	for (unsigned i = 0; sum && i < board->row_count; i++) {
		campaign_sum(campaign, i, sum);
		struck |= sum->struck > 0;
		for (int v = 0; v < VERDICTS; v++) {
			if (verdict_is_fine((enum verdict)v) ||
				!sum->verdicts[v])
				continue;
			if (verdict_is_data((enum verdict)v))
				data = true;
			else
				others = true;
		}
	}
	free(sum);
	if (data)
		return EXIT_VIOLATED;
	if (others)
		return EXIT_RECOVERY;
	if (campaign->interrupted || campaign->lost_directors)
		return EXIT_INCONCLUSIVE;
	/* A step that no call has is no good one. */
	return struck ? EXIT_GOOD : EXIT_NOTHING_RAN;
}

static int report(const struct options *options, struct campaign *campaign)
{
	char file[PATH_BYTES];
	const char *reason;
	struct symbols *symbols;
	int err = symbols_open(&symbols);

	if (err)
		return err;
	if (!symbols_have_lines(&reason))
		diag_warn("no lines of sources: %s", reason);
	campaign_print(campaign, symbols, stdout);
	if (options->output_dir) {
		snprintf(file, sizeof(file), "%s/crash.json",
			options->output_dir);
		err = campaign_save(campaign, symbols, file);
		if (err)
			diag_error("cannot write %s: %s", file, strerror(-err));
		else
			err = map_plot_all(
				campaign, symbols, options->output_dir);
	}
	symbols_close(symbols);
	return err;
}

int command_crash(const struct options *options)
{
	const struct sigaction action = {.sa_handler = ask_stop};
	struct campaign campaign = {0};
	const char *reason = "";
	int code = EXIT_USAGE, err;

	if (choose(options, &campaign.request))
		return EXIT_USAGE;
	if (!step_available(&reason)) {
		diag_error("crash: %s", reason);
		return EXIT_NOTHING_RAN;
	}
	if (!campaign.request.transport_count)
		return EXIT_NOTHING_RAN;
	if (options->output_dir && folder_make(options->output_dir))
		return EXIT_USAGE;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	session_begin();
	progress = progress_start(1, 1, 0);
	err = campaign_run(&campaign, keep_going, show);
	progress_end(&progress);
	if (!err)
		err = report(options, &campaign);
	if (!err)
		code = exit_code(&campaign);
	else
		diag_error("crash: %s", strerror(-err));
	/* Who is broken, or was killed in the midst of it, may not have removed what
	 * it made. */
	session_abandon();
	campaign_free(&campaign);
	return code;
}
