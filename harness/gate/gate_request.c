/* gate_request.c - shares, lists and limits of the command line. */
#include "gate/gate_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/diag.h"
#include "gate/gate.h"
#include "option/option.h"
#include "scenario/value.h"

#define SECOND_NS UINT64_C(1000000000)

enum { LEAST_BLOCKS = 8, MOST_BLOCKS = 512 };

/* Beside the metrics of struct gate_metric, which are of times. */
static const char instructions[] = "instructions";

/* "3%" or "3": 0.03. Returns 0; -EINVAL. */
static int share_from(const char *text, size_t len, double *ret_share)
{
	char number[32], *rest;
	double value;

	if (len >= sizeof(number) || !len)
		return -EINVAL;
	memcpy(number, text, len);
	number[len] = '\0';
	value = strtod(number, &rest);
	if (rest == number || (strcmp(rest, "%") != 0 && *rest))
		return -EINVAL;
	if (!(value >= 0 && value <= 1000))
		return -EINVAL;
	*ret_share = value / 100;
	return 0;
}

static int metric_of(const char *option, const char *text, size_t len)
{
	const char *names[METRICS + 2] = {0};
	char name[32], what[64];
	int metric;

	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	metric = metric_from(name);
	if (metric >= 0)
		return metric;
	for (int m = 0; m < METRICS; m++)
		names[m] = metric_name((enum gate_metric)m);
	names[METRICS] = instructions;
	snprintf(what, sizeof(what), "gate: %s: unknown metric", option);
	diag_unknown(what, name, names,
		"there are throughput, p50, cpu, p99, p99.9, instructions");
	return -EINVAL;
}

static bool is_instructions(const char *text, size_t len)
{
	return len == strlen(instructions) && !memcmp(text, instructions, len);
}

/* "3%,p99=10%": for all that is a time, then for one. */
static int read_shares(const char *option, const char *text,
	double shares[METRICS], double *instructions_share)
{
	for (const char *at = text; *at; at += *at == ',') {
		size_t len = strcspn(at, ","), name_len = strcspn(at, "=,");
		bool named = at[name_len] == '=';
		bool counts = named && instructions_share &&
			      is_instructions(at, name_len);
		size_t skip = named ? name_len + 1 : 0;
		int metric =
			named && !counts ? metric_of(option, at, name_len) : 0;
		double share;

		if (metric < 0)
			return -EINVAL;
		if (share_from(at + skip, len - skip, &share)) {
			diag_error("gate: %s is a percentage, such as 3%%, "
				   "not '%.*s'",
				option, (int)len, at);
			return -EINVAL;
		}
		if (counts)
			*instructions_share = share;
		for (int m = 0; m < METRICS && !counts; m++)
			if (!named || m == metric)
				shares[m] = share;
		at += len;
	}
	return 0;
}

static int read_metrics(const char *text, struct gate_request *request)
{
	memset(request->wanted, 0, sizeof(request->wanted));
	for (const char *at = text; *at; at += *at == ',') {
		size_t len = strcspn(at, ",");
		bool counts = is_instructions(at, len);
		int metric = counts ? 0 : metric_of("--metrics", at, len);

		if (metric < 0)
			return -EINVAL;
		if (counts)
			request->count_wanted = true;
		else
			request->wanted[metric] = true;
		at += len;
	}
	if (!*text) {
		diag_error("gate: --metrics is empty; name what a verdict is "
			   "to follow from, such as throughput,p50");
		return -EINVAL;
	}
	return 0;
}

static int read_number(const char *option, const char *text, uint64_t min,
	uint64_t max, uint64_t *ret_value)
{
	const struct value_range range = {min, max};
	const struct value_place place = {
		.file = option, .line = 0, .key = "the value"};

	return value_number(&place, text, &range, ret_value);
}

static int read_time(
	const char *option, const char *text, uint64_t min_ns, uint64_t *ret_ns)
{
	const struct value_range range = {min_ns, 86400 * SECOND_NS};
	const struct value_place place = {
		.file = option, .line = 0, .key = "the time"};

	return value_time(&place, text, &range, ret_ns);
}

static int check(const struct gate_request *request)
{
	for (int m = 0; m < METRICS; m++) {
		if (request->max[m] > request->tolerance[m])
			continue;
		diag_error("gate: --max (%.3g %% for %s) has to be more than "
			   "--tolerance (%.3g %%)",
			100 * request->max[m], metric_name((enum gate_metric)m),
			100 * request->tolerance[m]);
		return -EINVAL;
	}
	return 0;
}

static struct gate_request defaults(double tolerance, double max)
{
	struct gate_request request = {
		.wanted = {[METRIC_THROUGHPUT] = true,
			[METRIC_P50] = true,
			[METRIC_CPU] = true},
		.blocks = GATE_BLOCKS,
		.slice_ns = GATE_SLICE_NS,
		.warmup_ns = GATE_WARMUP_NS,
		.count_tolerance = GATE_INSTRUCTION_TOLERANCE,
		.seed = deadline_clock_ns(CLOCK_REALTIME),
		.inconclusive_exit = EXIT_INCONCLUSIVE,
	};

	for (int m = 0; m < METRICS; m++) {
		request.tolerance[m] = tolerance;
		request.max[m] = max;
	}
	return request;
}

static int read_limits(
	const struct options *options, struct gate_request *request)
{
	uint64_t blocks = request->blocks;
	uint64_t exit_code = (uint64_t)request->inconclusive_exit;
	int err = 0;

	if (options->blocks)
		err = read_number("--blocks", options->blocks, LEAST_BLOCKS,
			MOST_BLOCKS, &blocks);
	if (!err && options->seed)
		err = read_number(
			"--seed", options->seed, 0, UINT64_MAX, &request->seed);
	if (!err && options->time)
		err = read_time("--time", options->time, SECOND_NS / 10,
			&request->time_ns);
	if (!err && options->slice)
		err = read_time("--slice", options->slice, SECOND_NS / 1000,
			&request->slice_ns);
	if (!err && options->inconclusive_exit)
		err = read_number("--inconclusive-exit",
			options->inconclusive_exit, 0, 125, &exit_code);
	request->blocks = blocks;
	request->inconclusive_exit = (int)exit_code;
	return err;
}

int gate_request_read(
	const struct options *options, struct gate_request *ret_request)
{
	struct gate_request request =
		options->baseline ? defaults(TREND_TOLERANCE, TREND_MAX)
				  : defaults(JUDGE_TOLERANCE, JUDGE_MAX);
	int err = read_limits(options, &request);

	if (!err && options->tolerance)
		err = read_shares("--tolerance", options->tolerance,
			request.tolerance, &request.count_tolerance);
	if (!err && options->max)
		err = read_shares("--max", options->max, request.max, NULL);
	if (!err && options->metrics)
		err = read_metrics(options->metrics, &request);
	if (!err)
		err = check(&request);
	if (!err)
		*ret_request = request;
	return err;
}

static int read_slow(const char *text, struct selftest_request *request)
{
	request->share_count = 0;
	for (const char *at = text; *at; at += *at == ',') {
		size_t len = strcspn(at, ",");
		double share;

		if (share_from(at, len, &share) || !(share > 0) ||
			request->share_count == SELFTEST_SHARES_MAX) {
			diag_error("selftest-gate: --slow takes up to %d "
				   "percentages, such as 3%%,5%%,10%%, not "
				   "'%.*s'",
				SELFTEST_SHARES_MAX, (int)len, at);
			return -EINVAL;
		}
		request->shares[request->share_count++] = share;
		at += len;
	}
	return 0;
}

int selftest_request_read(
	const struct options *options, struct selftest_request *ret_request)
{
	struct selftest_request request = {.runs = 10};
	uint64_t runs = request.runs;
	int err = gate_request_read(options, &request.gate);

	if (!err && options->runs)
		err = read_number("--runs", options->runs, 1, 10000, &runs);
	if (!err)
		err = read_slow(
			options->slow ? options->slow : "3%,5%,10%", &request);
	if (!err && request.gate.count_wanted) {
		diag_error("selftest-gate: instructions are exact; --metrics "
			   "takes throughput, p50, cpu, p99 and p99.9 here");
		err = -EINVAL;
	}
	request.runs = (unsigned)runs;
	if (!err)
		*ret_request = request;
	return err;
}
