/* figure.c - group the cases of a result into figures and name these.
 *
 * Names come from what varies between the figures of one mode, so that a
 * result with one throughput sweep has throughput.svg, and one with two
 * batches throughput-batch-1.svg and throughput-batch-32.svg, always the same.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case/axes.h"
#include "figure/figure.h"
#include "result/result.h"

/* The axes along which @figure draws. */
static unsigned drawn_axes(const struct figure *figure)
{
	if (figure->kind == FIGURE_LOAD)
		return AXIS_BIT(AXIS_TRANSPORT) | AXIS_BIT(AXIS_RATE);
	switch (figure->mode) {
	case MODE_THROUGHPUT:
		return AXIS_BIT(AXIS_TRANSPORT) | AXIS_BIT(AXIS_MSG_SIZE);
	case MODE_ROUNDTRIP:
		return AXIS_BIT(AXIS_TRANSPORT) | AXIS_BIT(AXIS_WAIT);
	default:
		return AXIS_BIT(AXIS_TRANSPORT);
	}
}

const char *figure_template(const struct figure *figure)
{
	static const char *const names[] = {
		[MODE_THROUGHPUT] = "throughput",
		[MODE_ROUNDTRIP] = "roundtrip",
		[MODE_CRASH] = "recovery",
		[MODE_OPEN] = "roundtrip",
	};

	if (figure->kind == FIGURE_ROUNDS)
		return "rounds";
	if (figure->kind == FIGURE_RANK)
		return "rank";
	if (figure->kind == FIGURE_AROUND)
		return "around";
	return figure->kind == FIGURE_LOAD ? "load" : names[figure->mode];
}

/* A trip on its way at the end of a round counts for the whole case only. */
static bool some_round_has_times(const struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->round_count; i++)
		if (outcome->rounds[i].p50_ns)
			return true;
	return false;
}

bool figure_drawable(const struct result_case *one)
{
	const struct outcome *outcome = &one->outcome;

	/* What a load that is too high does to those who bear it is a figure,
	 * too. */
	if (one->bench.mode == MODE_OPEN)
		return (outcome->status == STATUS_OK ||
			       outcome->status == STATUS_UNREACHED) &&
		       outcome->latency &&
		       outcome->latency->intended.total > 0 &&
		       some_round_has_times(outcome);
	if (outcome->status != STATUS_OK)
		return false;
	if (one->bench.mode == MODE_THROUGHPUT)
		return one->msgs_per_s.median > 0 &&
		       one->bench.msg_size_bytes > 0;
	if (one->bench.mode == MODE_ROUNDTRIP)
		return outcome->rtt && outcome->rtt->total > 0 &&
		       some_round_has_times(outcome);
	return outcome->crash.recovery && outcome->crash.recovery->total > 0;
}

bool figure_same_transport(
	const struct result_case *a, const struct result_case *b)
{
	return strcmp(a->bench.transport, b->bench.transport) == 0;
}

static bool belongs(const struct figure *figure, const struct result_case *one)
{
	const struct bench_case *first = &figure->cases[0]->bench;

	return axes_equal(first, &one->bench, AXES_ALL & ~drawn_axes(figure));
}

/* What its files' names begin with. */
static const char *stem_of(const struct figure *figure)
{
	if (figure->mode == MODE_OPEN && figure->kind == FIGURE_SUMMARY)
		return "latency";
	return figure_template(figure);
}

/* Append the words of @text to @name, small and each after a dash; 20.0 is one
 * word. */
static void append_words(char name[FIGURE_NAME_BYTES], const char *text)
{
	size_t used = strlen(name);
	bool start = true;

	for (const char *at = text; *at && used + 2 < FIGURE_NAME_BYTES; at++) {
		bool point = *at == '.' && !start &&
			     isdigit((unsigned char)at[-1]) &&
			     isdigit((unsigned char)at[1]);

		if (!isalnum((unsigned char)*at) && !point) {
			start = true;
			continue;
		}
		if (start)
			name[used++] = '-';
		name[used++] = (char)tolower((unsigned char)*at);
		start = false;
	}
	name[used] = '\0';
}

static void name_figure(struct figure *figure, unsigned varying)
{
	char text[FIGURE_NAME_BYTES];

	snprintf(figure->name, sizeof(figure->name), "%s", stem_of(figure));
	axes_text(&figure->cases[0]->bench, varying, text, sizeof(text));
	append_words(figure->name, text);
}

/* How many figures before number @i have its name? */
static size_t same_names(const struct figure_list *list, size_t i)
{
	size_t same = 0;

	for (size_t j = 0; j < i; j++)
		same += strcmp(list->figures[j].name, list->figures[i].name) ==
			0;
	return same;
}

/* Two figures whose values differ only in what is no axis, as bursts, or only
 * in punctuation, get their section's name, and if that is the same a number.
 */
static void name_apart(struct figure_list *list)
{
	for (size_t i = 0; i < list->figure_count; i++) {
		struct figure *figure = &list->figures[i];

		if (same_names(list, i) > 0)
			append_words(
				figure->name, figure->cases[0]->bench.section);
	}
	for (size_t i = 0; i < list->figure_count; i++) {
		char *name = list->figures[i].name;
		size_t same = same_names(list, i);

		if (same > 0)
			snprintf(name + strlen(name),
				FIGURE_NAME_BYTES - strlen(name), "-%zu",
				same + 1);
	}
}

static void name_all(struct figure_list *list)
{
	const struct result_case *firsts[64];

	for (size_t i = 0; i < list->figure_count; i++) {
		struct figure *figure = &list->figures[i];
		unsigned mask = AXES_ALL & ~drawn_axes(figure);
		unsigned varying;
		size_t count = 0;

		for (size_t j = 0; j < list->figure_count && count < 64; j++) {
			if (list->figures[j].mode == figure->mode &&
				list->figures[j].kind == figure->kind)
				firsts[count++] = list->figures[j].cases[0];
		}
		varying = result_varying(firsts, count, mask);
		/* What differs says more than what the author called it. */
		if (varying != AXIS_BIT(AXIS_SECTION))
			varying &= ~AXIS_BIT(AXIS_SECTION);
		name_figure(figure, varying);
	}
	name_apart(list);
}

/* Add @one to the figure of @kind it belongs to, or to a new one. */
static int add_case(struct figure_list *list, const struct result *result,
	const struct result_case *one, enum figure_kind kind)
{
	struct figure *figure = NULL;

	for (size_t i = 0; i < list->figure_count && !figure; i++) {
		if (list->figures[i].kind == kind &&
			belongs(&list->figures[i], one))
			figure = &list->figures[i];
	}
	if (!figure) {
		figure = realloc(list->figures,
			(list->figure_count + 1) * sizeof(*figure));
		if (!figure)
			return -ENOMEM;
		list->figures = figure;
		figure += list->figure_count;
		*figure = (struct figure){.result = result,
			.kind = kind,
			.mode = one->bench.mode};
		figure->cases =
			malloc(result->case_count * sizeof(*figure->cases));
		if (!figure->cases)
			return -ENOMEM;
		list->figure_count++;
	}
	figure->cases[figure->case_count++] = one;
	return 0;
}

/* One load is a point, and no curve. */
static bool worth_drawing(const struct figure *figure)
{
	const struct result_case *first = NULL;

	for (size_t i = 0; i < figure->case_count; i++) {
		const struct result_case *one = figure->cases[i];

		if (!figure_drawable(one) || (figure->kind == FIGURE_AROUND &&
						     !around_drawable(one, 1) &&
						     !around_drawable(one, 2)))
			continue;
		if (figure->kind != FIGURE_LOAD ||
			(first && first->bench.rate != one->bench.rate))
			return true;
		first = one;
	}
	return false;
}

static void drop_empty(struct figure_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->figure_count; i++) {
		struct figure *figure = &list->figures[i];

		if (worth_drawing(figure))
			list->figures[kept++] = *figure;
		else
			free(figure->cases);
	}
	list->figure_count = kept;
}

/* Are there rounds to tell apart? */
static bool has_rounds(const struct figure *figure)
{
	for (size_t i = 0; i < figure->case_count; i++) {
		const struct result_case *one = figure->cases[i];

		if (!one->limit && figure_drawable(one) &&
			one->outcome.round_count > 1)
			return true;
	}
	return false;
}

static void name_rounds(char name[FIGURE_NAME_BYTES])
{
	static const char ending[] = "-rounds";
	size_t room = FIGURE_NAME_BYTES - sizeof(ending);
	size_t length = strlen(name);

	if (length > room)
		length = room;
	memcpy(name + length, ending, sizeof(ending));
}

/* Behind each figure of rates or times another one, of the same cases, that
 * shows every round. */
static int add_rounds(struct figure_list *list)
{
	size_t count = list->figure_count;

	for (size_t i = 0; i < count; i++) {
		struct figure *figures = realloc(list->figures,
			(list->figure_count + 1) * sizeof(*figures));
		struct figure *rounds;
		size_t bytes;

		if (!figures)
			return -ENOMEM;
		list->figures = figures;
		if (figures[i].kind != FIGURE_SUMMARY ||
			!has_rounds(&figures[i]))
			continue;
		rounds = &figures[list->figure_count];
		*rounds = figures[i];
		rounds->kind = FIGURE_ROUNDS;
		bytes = rounds->case_count * sizeof(*rounds->cases);
		rounds->cases = malloc(bytes);
		if (!rounds->cases)
			return -ENOMEM;
		memcpy(rounds->cases, figures[i].cases, bytes);
		name_rounds(rounds->name);
		list->figure_count++;
	}
	return 0;
}

/* Last, because the name and the figure of rounds are those of a summary. */
static void rank_crowded(struct figure_list *list)
{
	for (size_t i = 0; i < list->figure_count; i++) {
		if (rank_wanted(&list->figures[i]))
			list->figures[i].kind = FIGURE_RANK;
	}
}

int figure_list_make(const struct result *result, struct figure_list *ret_list)
{
	struct figure_list list = {0};
	int err = 0;

	for (size_t i = 0; !err && i < result->case_count; i++) {
		const struct result_case *one = &result->cases[i];

		err = add_case(&list, result, one, FIGURE_SUMMARY);
		if (!err && one->bench.mode == MODE_OPEN)
			err = add_case(&list, result, one, FIGURE_LOAD);
		if (!err && one->bench.mode == MODE_CRASH)
			err = add_case(&list, result, one, FIGURE_AROUND);
	}
	if (!err) {
		drop_empty(&list);
		name_all(&list);
		err = add_rounds(&list);
		rank_crowded(&list);
	}
	if (err) {
		figure_list_free(&list);
		return err;
	}
	*ret_list = list;
	return 0;
}

void figure_list_free(struct figure_list *list)
{
	for (size_t i = 0; i < list->figure_count; i++)
		free(list->figures[i].cases);
	free(list->figures);
	*list = (struct figure_list){0};
}
