/* compare.c - `ipcmark compare`: pairs of cases and the ratio of each.
 *
 * A case takes part as numerator when it matches `of` and every `where`, as
 * denominator when it matches `to` and every `where`. Two of them are a pair
 * when they agree on all axes but those named by `of` and `to`; so the answer
 * to "is this faster than that" never compares two sizes or placements by
 * mistake. The ratio itself is ratio.h's.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "case/axes.h"
#include "report/compare.h"
#include "report/ratio.h"
#include "result/result.h"

enum {
	AXIS_ID = AXIS_COUNT, /* a case's own name: on no axis */
	MAX_CONDITIONS = 32,
	TEXT_BYTES = 512,
};

struct condition {
	int axis; /* enum axis or AXIS_ID */
	const char *value;
};

struct comparison {
	const struct result *result;
	struct condition of, to;
	struct condition where[MAX_CONDITIONS];
	size_t where_count;
	unsigned same; /* axes on which a pair agrees */
};

struct pair {
	const struct result_case *of, *to;
	struct interval ratio;
	size_t rounds;
};

/* What to say to a key that is none. */
static void complain_key(const char *option, const char *key)
{
	const char *names[AXIS_COUNT + 2];
	const char *nearest;

	for (int i = 0; i < AXIS_COUNT; i++)
		names[i] = axis_name(i);
	names[AXIS_COUNT] = "id";
	names[AXIS_COUNT + 1] = NULL;
	nearest = diag_nearest(key, names);
	if (nearest)
		diag_error("%s: no key \"%s\"; did you mean \"%s\"?", option,
			key, nearest);
	else
		diag_error("%s: no key \"%s\"; the keys are those of a case in "
			   "result.json, e.g. transport, msg_size_bytes, batch",
			option, key);
}

/* @text is KEY=VALUE of the option @option. */
static int parse_condition(
	const char *option, const char *text, struct condition *ret_condition)
{
	const char *equals = text ? strchr(text, '=') : NULL;
	char key[64];
	int axis;

	if (!equals || equals == text || !equals[1]) {
		diag_error("%s: expected KEY=VALUE, e.g. transport=ring, "
			   "found \"%s\"",
			option, text ? text : "");
		return -1;
	}
	snprintf(key, sizeof(key), "%.*s", (int)(equals - text), text);
	axis = strcmp(key, "id") == 0 ? AXIS_ID : axis_from(key);
	if (axis < 0) {
		complain_key(option, key);
		return -1;
	}
	if (axis != AXIS_ID && !axis_takes(axis, equals + 1)) {
		diag_error("%s: \"%s\" is no value of %s; numbers are whole, "
			   "with k, M, Ki or Mi at most",
			option, equals + 1, key);
		return -1;
	}
	*ret_condition = (struct condition){axis, equals + 1};
	return 0;
}

static unsigned bit_of(const struct condition *condition)
{
	/* An id stands for a whole case: such a pair may differ anywhere. */
	return condition->axis == AXIS_ID ? AXES_ALL
					  : AXIS_BIT(condition->axis);
}

static int parse_request(
	const struct compare_request *request, struct comparison *comparison)
{
	if (parse_condition("--of", request->of, &comparison->of) ||
		parse_condition("--to", request->to, &comparison->to))
		return -1;
	if (request->where_count > MAX_CONDITIONS) {
		diag_error("--where: at most %d of them", (int)MAX_CONDITIONS);
		return -1;
	}
	for (size_t i = 0; i < request->where_count; i++) {
		if (parse_condition("--where", request->where[i],
			    &comparison->where[i]))
			return -1;
	}
	comparison->where_count = request->where_count;
	comparison->same =
		AXES_ALL & ~bit_of(&comparison->of) & ~bit_of(&comparison->to);
	return 0;
}

static bool matches(
	const struct result_case *one, const struct condition *condition)
{
	if (condition->axis == AXIS_ID)
		return strcmp(one->bench.id, condition->value) == 0;
	return axis_matches(&one->bench, condition->axis, condition->value);
}

/* Is @one a candidate for the side that @side describes? */
static bool takes_part(const struct comparison *comparison,
	const struct result_case *one, const struct condition *side)
{
	if (one->bench.mode == MODE_CRASH || !matches(one, side))
		return false;
	for (size_t i = 0; i < comparison->where_count; i++) {
		if (!matches(one, &comparison->where[i]))
			return false;
	}
	return true;
}

/* Add the pairs of which @of is the numerator. */
static int add_pairs(const struct comparison *comparison,
	const struct result_case *of, struct pair **pairs, size_t *count)
{
	const struct result *result = comparison->result;

	for (size_t i = 0; i < result->case_count; i++) {
		const struct result_case *to = &result->cases[i];
		struct pair *more;

		if (to == of || !takes_part(comparison, to, &comparison->to) ||
			to->bench.mode != of->bench.mode ||
			!axes_equal(&of->bench, &to->bench, comparison->same))
			continue;
		more = realloc(*pairs, (*count + 1) * sizeof(*more));
		if (!more)
			return -1;
		*pairs = more;
		more[*count] = (struct pair){.of = of, .to = to};
		more[*count].rounds = ratio_of(of, to, &more[*count].ratio);
		(*count)++;
	}
	return 0;
}

/* Why a pair has no ratio. */
static const char *excuse(const struct pair *pair, char text[TEXT_BYTES])
{
	const struct result_case *culprit = pair->of;

	if (culprit->outcome.status == STATUS_OK)
		culprit = pair->to;
	if (culprit->outcome.status == STATUS_OK)
		return "no round in common";
	if (culprit->outcome.reason[0])
		return result_reason(culprit, text, TEXT_BYTES);
	snprintf(text, TEXT_BYTES, "%.80s: %s", culprit->bench.transport,
		case_status_name(culprit->outcome.status));
	return text;
}

static void print_text(const struct comparison *comparison,
	const struct compare_request *request, const struct pair *pairs,
	size_t count, FILE *out)
{
	const struct result_case **cases = calloc(count, sizeof(*cases));
	char text[TEXT_BYTES];
	unsigned varying = 0;

	for (size_t i = 0; cases && i < count; i++)
		cases[i] = pairs[i].of;
	if (cases)
		varying = result_varying(cases, count, comparison->same);
	fprintf(out,
		"%s over %s: median of the per-round ratios; above 1 the "
		"first is faster\n",
		request->of, request->to);
	for (size_t i = 0; i < count; i++) {
		const struct interval *ratio = &pairs[i].ratio;

		axes_text(&pairs[i].of->bench, varying, text, sizeof(text));
		fprintf(out, "  %-40s  ",
			text[0] ? text : pairs[i].of->bench.id);
		if (isnan(ratio->median))
			fprintf(out, "%8s  %s\n", "-", excuse(&pairs[i], text));
		else
			fprintf(out,
				"%8.4g  [%.4g, %.4g]  %.1f %%, %zu rounds\n",
				ratio->median, ratio->lo, ratio->hi,
				100 * ratio->level, pairs[i].rounds);
	}
	free(cases);
}

static json_t *ratio_json(const struct interval *ratio)
{
	if (isnan(ratio->median))
		return json_null();
	return json_pack("{s:f, s:f, s:f, s:f}", "median", ratio->median, "lo",
		ratio->lo, "hi", ratio->hi, "level", ratio->level);
}

static json_t *pair_json(const struct pair *pair)
{
	const struct bench_case *bench = &pair->of->bench;
	char text[TEXT_BYTES];

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:i, s:i, s:s, s:s,"
		" s:o, s:i, s:o}",
		"of", bench->id, "to", pair->to->bench.id, "of_transport",
		bench->transport, "to_transport", pair->to->bench.transport,
		"section", bench->section, "mode", case_mode_name(bench->mode),
		"msg_size_bytes", (json_int_t)bench->msg_size_bytes, "batch",
		(int)bench->batch, "producers", (int)bench->producers,
		"consumers", (int)bench->consumers, "placement",
		bench->placement, "wait", wait_mode_name(bench->wait), "ratio",
		ratio_json(&pair->ratio), "rounds", (int)pair->rounds, "reason",
		isnan(pair->ratio.median) ? json_string(excuse(pair, text))
					  : json_null());
}

static int print_json(const struct compare_request *request,
	const struct pair *pairs, size_t count, FILE *out)
{
	json_t *list = json_array();
	json_t *all;
	int err;

	for (size_t i = 0; list && i < count; i++)
		json_array_append_new(list, pair_json(&pairs[i]));
	all = json_pack("{s:s, s:s, s:s, s:o}", "schema", "ipcmark-compare-1",
		"of", request->of, "to", request->to, "pairs", list);
	err = all ? json_dumpf(all, out, JSON_INDENT(1) | JSON_PRESERVE_ORDER)
		  : -1;
	if (err == 0)
		fputc('\n', out);
	json_decref(all);
	return err;
}

/* How many of @pairs have a ratio; says so when none has. */
static size_t count_figures(const struct comparison *comparison,
	const struct compare_request *request, const struct pair *pairs,
	size_t count)
{
	char text[TEXT_BYTES];
	size_t figures = 0;

	for (size_t i = 0; i < count; i++)
		figures += !isnan(pairs[i].ratio.median);
	if (count == 0)
		diag_error("%s: no two cases match %s and %s%s and agree on "
			   "everything else; `ipcmark show` lists the cases",
			comparison->result->path, request->of, request->to,
			comparison->where_count ? ", meet every --where" : "");
	else if (figures == 0)
		diag_error("%s: none of the %zu pairs has figures; the first: "
			   "%s",
			comparison->result->path, count,
			excuse(&pairs[0], text));
	return figures;
}

int compare_print(const struct result *result,
	const struct compare_request *request, FILE *out)
{
	struct comparison comparison = {.result = result};
	struct pair *pairs = NULL;
	size_t count = 0;
	int code = EXIT_USAGE;

	if (parse_request(request, &comparison))
		return EXIT_USAGE;
	for (size_t i = 0; i < result->case_count; i++) {
		const struct result_case *one = &result->cases[i];

		if (takes_part(&comparison, one, &comparison.of) &&
			add_pairs(&comparison, one, &pairs, &count)) {
			diag_error("out of memory while pairing cases");
			goto out;
		}
	}
	if (count_figures(&comparison, request, pairs, count) == 0)
		goto out;
	code = EXIT_GOOD;
	if (!request->json)
		print_text(&comparison, request, pairs, count, out);
	else if (print_json(request, pairs, count, out)) {
		diag_error("cannot write the comparison");
		code = EXIT_USAGE;
	}
out:
	free(pairs);
	return code;
}
