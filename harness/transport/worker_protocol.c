/* worker_protocol.c - the lines that the harness and a worker program exchange.
 *
 * A line is a word and then key=value pairs, all separated by one blank or
 * more; `reason=` takes the rest of its line. The program at the other end is
 * anybody's, so nothing in a line is believed: every number is checked to be
 * one, every key that is needed must be there, once, and the histogram may not
 * hold more round trips than were counted.
 */
#include "transport/worker_protocol.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hist.h"
#include "case/slice_report.h"

enum {
	QUOTE_MAX = 60, /* of a line shown in a reason */
	/* hist_record() is called once for each: half a second at most, and
	 * more than any slice holds */
	RTT_MAX = 100 * 1000 * 1000,
};

static int complain(char *reason, size_t reason_bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int complain(char *reason, size_t reason_bytes, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, reason_bytes, format, args);
	va_end(args);
	return -EBADMSG;
}

/* Make a line fit to be shown: printable, not long. Changes it. */
static const char *quoted(char *line)
{
	for (char *c = line; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	if (strlen(line) > QUOTE_MAX)
		memcpy(line + QUOTE_MAX, "...", 4);
	return line;
}

static char *after_blanks(char *at)
{
	return at + strspn(at, " \t\r");
}

/* Cut the next word off. Returns NULL at the end of the line. */
static char *next_word(char **at)
{
	char *word = after_blanks(*at);
	char *end = word + strcspn(word, " \t\r");

	if (!*word)
		return NULL;
	*at = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* Is @line's first word @word? If so, @ret_rest is what follows. */
static bool first_word(char *line, const char *word, char **ret_rest)
{
	size_t len = strlen(word);
	char *start = after_blanks(line);

	if (strncmp(start, word, len) != 0 ||
		!strchr(" \t\r", start[len])) /* the end, too */
		return false;
	*ret_rest = start + len;
	return true;
}

static bool parse_u64(const char *text, uint64_t *ret_value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	return !*end && !errno;
}

/* reason=TEXT to the end of the line, made printable. */
static void take_reason(
	char *rest, const char *what, char *reason, size_t reason_bytes)
{
	const char *text = after_blanks(rest);

	if (strncmp(text, "reason=", 7) == 0)
		text += 7;
	snprintf(reason, reason_bytes, "%s", *text ? text : what);
	for (char *c = reason; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = ' ';
}

static unsigned parse_caps(char *list)
{
	static const struct {
		const char *word;
		unsigned cap;
	} words[] = {
		{"throughput", WORKER_THROUGHPUT},
		{"roundtrip", WORKER_ROUNDTRIP},
		{"many_producers", WORKER_MANY_PRODUCERS},
		{"many_consumers", WORKER_MANY_CONSUMERS},
		{"batch", WORKER_BATCH},
		{"spin", WORKER_SPIN},
		{"block", WORKER_BLOCK},
	};
	unsigned caps = 0;
	char *save;

	for (char *word = strtok_r(list, ",", &save); word;
		word = strtok_r(NULL, ",", &save))
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (strcmp(word, words[i].word) == 0)
				caps |= words[i].cap;
	return caps;
}

int worker_parse_greeting(char *line, struct worker_greeting *ret_greeting,
	char *reason, size_t reason_bytes)
{
	struct worker_greeting greeting = {.max_len = UINT64_MAX};
	uint64_t protocol = 0;
	char *rest;
	char *word;

	if (!first_word(line, "ipcmark-worker", &rest))
		return complain(reason, reason_bytes,
			"not a worker program: it says '%s' where "
			"'ipcmark-worker protocol=1 ...' is due",
			quoted(line));
	while ((word = next_word(&rest))) {
		char *value = strchr(word, '=');
		bool good = true;

		if (!value)
			continue;
		*value++ = '\0';
		if (strcmp(word, "protocol") == 0)
			good = parse_u64(value, &protocol);
		else if (strcmp(word, "max_len") == 0)
			good = parse_u64(value, &greeting.max_len);
		else if (strcmp(word, "name") == 0)
			snprintf(greeting.name, sizeof(greeting.name), "%s",
				quoted(value));
		else if (strcmp(word, "caps") == 0)
			greeting.caps = parse_caps(value);
		if (!good)
			return complain(reason, reason_bytes,
				"the worker program's greeting has %s=%s, "
				"which is no number",
				word, quoted(value));
	}
	if (protocol != WORKER_PROTOCOL) {
		complain(reason, reason_bytes,
			"the worker program speaks protocol %" PRIu64
			", this harness protocol %d",
			protocol, WORKER_PROTOCOL);
		return -EPROTO;
	}
	*ret_greeting = greeting;
	return 0;
}

int worker_can_run(const struct worker_greeting *greeting,
	const struct bench_case *bench, char *reason, size_t reason_bytes)
{
	const struct {
		bool needed;
		unsigned cap;
		const char *what;
	} needs[] = {
		{bench->mode == MODE_THROUGHPUT, WORKER_THROUGHPUT,
			"throughput"},
		{bench->mode == MODE_ROUNDTRIP, WORKER_ROUNDTRIP,
			"round trips"},
		{bench->producers > 1, WORKER_MANY_PRODUCERS,
			"several producers"},
		{bench->consumers > 1, WORKER_MANY_CONSUMERS,
			"several consumers"},
		{bench->batch > 1, WORKER_BATCH, "batches"},
		{bench->wait == WAIT_SPIN, WORKER_SPIN, "wait=spin"},
		{bench->wait == WAIT_BLOCK, WORKER_BLOCK, "wait=block"},
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++) {
		if (!needs[i].needed || greeting->caps & needs[i].cap)
			continue;
		complain(reason, reason_bytes,
			"the worker program does not offer %s", needs[i].what);
		return -ENOTSUP;
	}
	if (bench->msg_size_bytes > greeting->max_len) {
		complain(reason, reason_bytes,
			"the worker program carries at most %" PRIu64 " bytes",
			greeting->max_len);
		return -ENOTSUP;
	}
	return 0;
}

int worker_setup_line(
	const struct bench_case *bench, char *line, size_t line_bytes)
{
	unsigned workers = bench->producers + bench->consumers;
	int used = snprintf(line, line_bytes,
		"setup mode=%s msg_size=%" PRIu64 " batch=%u producers=%u "
		"consumers=%u wait=%s verify=%s capacity=%" PRIu64 " cpus=",
		case_mode_name(bench->mode), bench->msg_size_bytes,
		bench->batch, bench->producers, bench->consumers,
		wait_mode_name(bench->wait), verify_mode_name(bench->verify),
		bench->capacity_bytes);

	for (unsigned i = 0; i < workers && used < (int)line_bytes; i++)
		used += snprintf(line + used, line_bytes - (size_t)used, "%d%s",
			bench->cpus[i], i + 1 < workers ? "," : "\n");
	return used < (int)line_bytes ? 0 : -ENAMETOOLONG;
}

int worker_slice_line(
	const struct slice_request *request, char *line, size_t line_bytes)
{
	int used = snprintf(line, line_bytes,
		"slice round=%u seed=%" PRIu64 " warmup_ns=%" PRIu64
		" slice_ns=%" PRIu64 "\n",
		request->round, request->seed, request->bench->warmup_ns,
		request->bench->slice_ns);

	return used < (int)line_bytes ? 0 : -ENAMETOOLONG;
}

int worker_parse_setup(char *line, char *reason, size_t reason_bytes)
{
	char *rest;

	if (first_word(line, "ready", &rest))
		return 0;
	if (first_word(line, "refuse", &rest)) {
		take_reason(rest, "the worker program refuses this case",
			reason, reason_bytes);
		return -ENOTSUP;
	}
	return complain(reason, reason_bytes,
		"the worker program says '%s' where ready or refuse is due",
		quoted(line));
}

/* VALUE:COUNT, joined by commas.
 * @hist: NULL to only check. Returns false for anything else, or more than
 * @most round trips. */
static bool take_rtt(const char *at, uint64_t most, struct hist *hist)
{
	uint64_t total = 0;

	while (*at) {
		unsigned long long value, count;
		char *end;

		if (!isdigit((unsigned char)*at))
			return false;
		errno = 0;
		value = strtoull(at, &end, 10);
		if (errno || *end != ':' || !isdigit((unsigned char)end[1]))
			return false;
		count = strtoull(end + 1, &end, 10);
		if (errno || count > most - total)
			return false;
		total += count;
		for (uint64_t i = 0; hist && i < count; i++)
			hist_record(hist, value);
		if (*end == ',')
			end++;
		else if (*end)
			return false;
		at = end;
	}
	return true;
}

/* The figures of a `done` line by key; -1: no such key. */
enum figure {
	FIGURE_MSGS,
	FIGURE_ELAPSED,
	FIGURE_CPU,
	FIGURE_SENT,
	FIGURE_RECEIVED,
	FIGURE_LOST,
	FIGURE_DUPLICATED,
	FIGURE_REORDERED,
	FIGURE_CORRUPTED,
	FIGURE_COUNT,
};

static const char *const figure_keys[FIGURE_COUNT] = {
	[FIGURE_MSGS] = "msgs",
	[FIGURE_ELAPSED] = "elapsed_ns",
	[FIGURE_CPU] = "cpu_ns",
	[FIGURE_SENT] = "sent",
	[FIGURE_RECEIVED] = "received",
	[FIGURE_LOST] = "lost",
	[FIGURE_DUPLICATED] = "duplicated",
	[FIGURE_REORDERED] = "reordered",
	[FIGURE_CORRUPTED] = "corrupted",
};

static int figure_index(const char *key)
{
	for (int i = 0; i < FIGURE_COUNT; i++)
		if (strcmp(key, figure_keys[i]) == 0)
			return i;
	return -1;
}

/* Cut a `done` line into its figures and its round trips. */
static int take_figures(char *rest, uint64_t figures[FIGURE_COUNT],
	const char **ret_rtt, char *reason, size_t reason_bytes)
{
	bool seen[FIGURE_COUNT] = {false};
	char *word;

	while ((word = next_word(&rest))) {
		char *value = strchr(word, '=');
		int index;

		if (!value)
			return complain(reason, reason_bytes,
				"the worker program's done line has '%s', "
				"which is no key=value",
				quoted(word));
		*value++ = '\0';
		if (strcmp(word, "rtt") == 0)
			*ret_rtt = value;
		index = figure_index(word);
		if (index < 0)
			continue;
		if (seen[index] || !parse_u64(value, &figures[index]))
			return complain(reason, reason_bytes,
				"the worker program's done line has %s=%s, "
				"which is no number or comes twice",
				word, quoted(value));
		seen[index] = true;
	}
	for (int i = 0; i < FIGURE_COUNT; i++)
		if (!seen[i])
			return complain(reason, reason_bytes,
				"the worker program's done line lacks %s",
				figure_keys[i]);
	if (!figures[FIGURE_ELAPSED])
		return complain(reason, reason_bytes,
			"the worker program says it measured for 0 ns");
	return 0;
}

int worker_parse_slice(char *line, struct slice_report *ret_report,
	char *reason, size_t reason_bytes)
{
	uint64_t figures[FIGURE_COUNT];
	const char *rtt = "";
	uint64_t most;
	char *rest;
	int ret;

	if (first_word(line, "fail", &rest)) {
		take_reason(rest, "the worker program failed", reason,
			reason_bytes);
		return -EIO;
	}
	if (!first_word(line, "done", &rest))
		return complain(reason, reason_bytes,
			"the worker program says '%s' where done or fail is "
			"due",
			quoted(line));
	ret = take_figures(rest, figures, &rtt, reason, reason_bytes);
	if (ret)
		return ret;
	most = figures[FIGURE_MSGS] < RTT_MAX ? figures[FIGURE_MSGS] : RTT_MAX;
	if (!take_rtt(rtt, most, NULL))
		return complain(reason, reason_bytes,
			"the worker program's rtt= is not VALUE:COUNT,... of "
			"at most msgs round trips");
	if (ret_report->rtt)
		take_rtt(rtt, most, ret_report->rtt);
	ret_report->msgs = figures[FIGURE_MSGS];
	ret_report->elapsed_ns = figures[FIGURE_ELAPSED];
	ret_report->cpu_ns = figures[FIGURE_CPU];
	ret_report->verify = (struct verify_totals){
		.sent = figures[FIGURE_SENT],
		.received = figures[FIGURE_RECEIVED],
		.lost = figures[FIGURE_LOST],
		.duplicated = figures[FIGURE_DUPLICATED],
		.reordered = figures[FIGURE_REORDERED],
		.corrupted = figures[FIGURE_CORRUPTED],
	};
	return 0;
}
