/* rounds.c - the times of single rounds.
 *
 * A case has one histogram of each kind for all its rounds, and each round has
 * its own, so that what happened in a disturbed one can be left out, and a log
 * tells when the slow messages were. There may be thousands of rounds: they keep
 * their histograms encoded, some kilobytes each where a dense one has 216, and
 * these texts are what results and logs hold, without being made again.
 *
 * Added together the rounds of a case are its histogram, to the last count: both
 * are made of the same one when a slice ends.
 */
#include "run/rounds.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hist.h"

int round_keep(struct round_figures *round, enum round_times kind,
	const struct hist *hist)
{
	struct round_hist *times = &round->times[kind];
	char *text;
	int err;

	if (hist->total == 0)
		return 0;
	err = hist_encode(hist, &text);
	if (err)
		return err;
	free(times->text);
	*times = (struct round_hist){
		.text = text, .total = hist->total, .max_ns = hist->max_ns};
	return 0;
}

bool rounds_make_up(const struct round_figures *rounds, size_t count,
	enum round_times kind, const struct hist *whole)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += rounds[i].times[kind].total;
	return total == whole->total;
}

int rounds_add(const struct round_figures *rounds, size_t count,
	enum round_times kind, struct hist *into)
{
	struct hist *dense = malloc(sizeof(*dense));
	int err = dense ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < count; i++) {
		const struct round_hist *times = &rounds[i].times[kind];

		if (!times->text)
			continue;
		err = hist_decode(times->text, dense);
		if (err)
			break;
		dense->max_ns = times->max_ns;
		hist_add(into, dense);
	}
	free(dense);
	return err;
}

void round_clear(struct round_figures *round)
{
	for (size_t kind = 0; kind < ROUND_TIMES_KINDS; kind++) {
		free(round->times[kind].text);
		round->times[kind] = (struct round_hist){0};
	}
}

void rounds_free(struct round_figures *rounds, size_t count)
{
	for (size_t i = 0; rounds && i < count; i++)
		round_clear(&rounds[i]);
	free(rounds);
}
