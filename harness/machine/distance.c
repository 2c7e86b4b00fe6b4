/* distance.c - the probe for every pair of CPUs; see distance.h.
 *
 * Two processes for each probe, pinned, that end by themselves: the probe gives
 * up after some milliseconds. One that found no peer in time, because somebody
 * else had its CPU, is tried again, and left out after that.
 *
 * The two looks are whole passes, so that they are as far apart in time as they
 * can be: what a host does to its guests takes seconds.
 */
#include "machine/distance.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stats.h"
#include "machine/probe.h"
#include "machine/topo.h"

enum { TRIES = 5 };

/* Two looks at one pair agree within this factor on a quiet machine; medians
 * of 21 chunks differ by a few percent there. */
#define MOVED_RATIO 1.5
/* Of two classes the nearer may come out this much slower by chance. */
#define ORDER_RATIO 1.15
/* Pairs of one class spread this much at most: across one die, or one mesh. */
#define ALIKE_RATIO 2.0
/* No cache is shared at this price: within one L3 a line takes 30 to 200 ns
 * there and back, between packages 250 to 600. */
#define SHARED_MOST_NS 300.0

/* What the two processes of a probe share. */
struct meeting {
	struct probe_lines lines;
	_Atomic uint64_t trip_ns;
};

static void meet(struct meeting *meeting, int cpu, bool first)
{
	cpu_set_t set;
	uint64_t trip_ns;

	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		_exit(1);
	trip_ns = probe_distance(&meeting->lines, first, 0);
	if (first)
		/* relaxed: the parent waits for the process's end */
		atomic_store_explicit(
			&meeting->trip_ns, trip_ns, memory_order_relaxed);
	_exit(0);
}

static pid_t start(struct meeting *meeting, int cpu, bool first)
{
	pid_t pid = fork();

	if (pid == 0)
		meet(meeting, cpu, first);
	return pid;
}

/* One look at a pair; NaN when it came to nothing. */
static double look(struct meeting *meeting, int cpu_a, int cpu_b)
{
	for (int try = 0; try < TRIES; try++) {
		uint64_t trip_ns;
		pid_t a, b;

		memset(meeting, 0, sizeof(*meeting));
		a = start(meeting, cpu_a, true);
		b = start(meeting, cpu_b, false);
		if (a > 0)
			waitpid(a, NULL, 0);
		if (b > 0)
			waitpid(b, NULL, 0);
		/* relaxed: both have ended */
		trip_ns = atomic_load_explicit(
			&meeting->trip_ns, memory_order_relaxed);
		if (trip_ns > 0)
			return (double)trip_ns;
	}
	return NAN;
}

static void look_at_all(const struct topo *topo, struct meeting *meeting,
	size_t count, double *ns)
{
	for (size_t a = 0; a < count; a++) {
		ns[a * count + a] = NAN;
		for (size_t b = a + 1; b < count; b++) {
			double trip_ns =
				look(meeting, topo->cpus[a], topo->cpus[b]);

			ns[a * count + b] = ns[b * count + a] = trip_ns;
		}
	}
}

int distance_measure(
	const struct topo *topo, struct distance_matrix *ret_matrix)
{
	size_t count = topo->cpu_count < DISTANCE_MAX_CPUS ? topo->cpu_count
							   : DISTANCE_MAX_CPUS;
	struct distance_matrix matrix = {
		.count = count,
		.first_ns = calloc(count * count, sizeof(double)),
		.second_ns = calloc(count * count, sizeof(double)),
	};
	struct meeting *meeting = mmap(NULL, sizeof(*meeting),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (!matrix.first_ns || !matrix.second_ns || meeting == MAP_FAILED) {
		if (meeting != MAP_FAILED)
			munmap(meeting, sizeof(*meeting));
		distance_free(&matrix);
		return -ENOMEM;
	}
	fflush(NULL);
	look_at_all(topo, meeting, count, matrix.first_ns);
	look_at_all(topo, meeting, count, matrix.second_ns);
	munmap(meeting, sizeof(*meeting));
	*ret_matrix = matrix;
	return 0;
}

void distance_free(struct distance_matrix *matrix)
{
	if (!matrix)
		return;
	free(matrix->first_ns);
	free(matrix->second_ns);
	*matrix = (struct distance_matrix){0};
}

/* All that was measured of one class of pairs. */
struct class_seen {
	double median_ns, min_ns, max_ns;
	size_t pairs;
};

static struct class_seen see_class(const struct topo *topo,
	const struct distance_matrix *matrix, enum topo_distance class,
	double *room)
{
	struct class_seen seen = {NAN, NAN, NAN, 0};

	for (size_t a = 0; a < matrix->count; a++) {
		for (size_t b = a + 1; b < matrix->count; b++) {
			size_t at = a * matrix->count + b;
			double ns = fmin(
				matrix->first_ns[at], matrix->second_ns[at]);

			if (topo->distance[a * topo->cpu_count + b] != class ||
				isnan(ns))
				continue;
			room[seen.pairs++] = ns;
			seen.min_ns = fmin(seen.min_ns, ns);
			seen.max_ns = fmax(seen.max_ns, ns);
		}
	}
	seen.median_ns = stats_median(room, seen.pairs);
	return seen;
}

static char *next_doubt(struct distance_doubts *doubts)
{
	if (doubts->count == DISTANCE_MAX_DOUBTS)
		return NULL;
	return doubts->text[doubts->count++];
}

static void judge_looks(const struct topo *topo,
	const struct distance_matrix *matrix, struct distance_doubts *doubts)
{
	size_t moved = 0, pairs = 0, worst = 0;
	double worst_ratio = 0;
	char *text;

	for (size_t at = 0; at < matrix->count * matrix->count; at++) {
		double ratio = matrix->first_ns[at] / matrix->second_ns[at];

		if (at / matrix->count >= at % matrix->count || isnan(ratio))
			continue;
		pairs++;
		ratio = fmax(ratio, 1 / ratio);
		moved += ratio > MOVED_RATIO;
		if (ratio > worst_ratio) {
			worst_ratio = ratio;
			worst = at;
		}
	}
	text = moved ? next_doubt(doubts) : NULL;
	if (text)
		snprintf(text, sizeof(doubts->text[0]),
			"%zu of %zu pairs moved between two looks, CPUs %d and "
			"%d from %.0f to %.0f ns: trust ratios within a round, "
			"not rates",
			moved, pairs, topo->cpus[worst / matrix->count],
			topo->cpus[worst % matrix->count],
			matrix->first_ns[worst], matrix->second_ns[worst]);
}

static void judge_class(enum topo_distance class, const struct class_seen *seen,
	struct distance_doubts *doubts)
{
	const char *name = topo_distance_name(class);
	char *text = NULL;

	if (class <= TOPO_L3 && seen->median_ns > SHARED_MOST_NS) {
		text = next_doubt(doubts);
		if (text)
			snprintf(text, sizeof(doubts->text[0]),
				"the machine says %s, but a line takes %.0f ns "
				"there and back: no shared cache is that slow",
				name, seen->median_ns);
	}
	if (seen->max_ns > ALIKE_RATIO * seen->min_ns) {
		text = next_doubt(doubts);
		if (text)
			snprintf(text, sizeof(doubts->text[0]),
				"the machine says %s of %zu pairs alike, but "
				"they take %.0f to %.0f ns: it does not tell "
				"all",
				name, seen->pairs, seen->min_ns, seen->max_ns);
	}
}

void distance_judge(const struct topo *topo,
	const struct distance_matrix *matrix,
	struct distance_doubts *ret_doubts)
{
	double *room =
		malloc((matrix->count * matrix->count + 1) * sizeof(*room));
	struct class_seen nearer = {.pairs = 0};
	enum topo_distance nearer_class = TOPO_SAME_CPU;

	*ret_doubts = (struct distance_doubts){0};
	judge_looks(topo, matrix, ret_doubts);
	for (int class = TOPO_SMT; room && class <= TOPO_MACHINE; class ++) {
		struct class_seen seen = see_class(topo, matrix, class, room);
		char *text = NULL;

		if (seen.pairs == 0)
			continue;
		judge_class(class, &seen, ret_doubts);
		if (nearer.pairs &&
			nearer.median_ns > ORDER_RATIO * seen.median_ns)
			text = next_doubt(ret_doubts);
		if (text)
			snprintf(text, sizeof(ret_doubts->text[0]),
				"the machine says %s is nearer than %s, but "
				"they take %.0f and %.0f ns",
				topo_distance_name(nearer_class),
				topo_distance_name(class), nearer.median_ns,
				seen.median_ns);
		nearer = seen;
		nearer_class = class;
	}
	free(room);
}
