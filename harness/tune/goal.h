/* goal.h - what a search is for, in the user's words and as a score. */
#ifndef IPCMARK_TUNE_GOAL_H
#define IPCMARK_TUNE_GOAL_H

#include <stddef.h>
#include <stdint.h>

struct bench_case;
struct outcome;
struct scenario_section;

enum tune_goal_kind {
	GOAL_THROUGHPUT, /* messages a second; more is better */
	GOAL_LATENCY,	 /* a percentile under a load; less is better */
	GOAL_CPU,	 /* CPU time a message under a load, if a percentile
			    stays below a bound; less is better */
};

struct tune_goal {
	enum tune_goal_kind kind;
	double percentile;   /* of the latency from when a message was due */
	uint64_t rate_per_s; /* 0: the scenario says */
	uint64_t bound_ns;
	char text[96]; /* as it was given */
};

/* tune_goal_parse - "max throughput", "min p99 at 200k", "min cpu under p99
 * 50us", the last with or without "at 200k".
 * Returns 0; -EINVAL after one line that says what is wrong. */
int tune_goal_parse(const char *text, struct tune_goal *ret_goal);

/* tune_goal_apply - make @section measure what the goal asks for, or say why
 * that is not possible. Returns 0 or -EINVAL. */
int tune_goal_apply(
	const struct tune_goal *goal, struct scenario_section *section);

/* tune_goal_score - of a round that went well, more is better: messages a
 * second, or 1 over nanoseconds. NaN: it has none.
 * @ret_excess: what is bounded, over its bound; 0 where nothing is. */
double tune_goal_score(const struct tune_goal *goal,
	const struct outcome *outcome, double *ret_excess);

/* tune_goal_figure - a score as people know it: per second or nanoseconds. */
double tune_goal_figure(const struct tune_goal *goal, double score);

/* tune_goal_figure_text - the same with its unit. Returns @text. */
char *tune_goal_figure_text(const struct tune_goal *goal, double score,
	char *text, size_t text_bytes);

/* tune_goal_unit - the key of such a figure in tune.json. */
const char *tune_goal_unit(const struct tune_goal *goal);

#endif
