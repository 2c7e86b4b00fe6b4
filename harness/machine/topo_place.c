/* topo_place.c - who runs where: from a placement's word to CPUs.
 *
 * near and far are about distance alone: the closest or the most distant pair,
 * and then more of it. The others say what a producer and its consumer are to
 * each other. Consumer i is producer i's; of the side that has more, the rest
 * goes round the other. Every such pair has CPUs of which the word is true, or
 * the placement does not exist here; among the pairs of which it is, the
 * closest comes first, and later ones keep producers near producers and
 * consumers near consumers. Who finds no CPU of its own any more shares one
 * with its own side, in turn: never with the other.
 */
#include "machine/topo.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case/case.h"

enum {
	KIND_ANY = -1,
	CROWD_COST = 4096, /* more than any sum of distances */
};

/* What a word asks of a producer's CPU and its consumer's. */
struct meaning {
	const char *word;
	int from, to;		/* enum topo_distance, both included */
	int producer, consumer; /* enum topo_kind, or KIND_ANY */
	const char *lack;	/* why there is no such pair */
};

static const struct meaning meanings[] = {
	{"smt", TOPO_SMT, TOPO_SMT, KIND_ANY, KIND_ANY,
		"no two CPUs are threads of one core"},
	{"l2", TOPO_L2, TOPO_L2, KIND_ANY, KIND_ANY,
		"no two cores share an L2 cache"},
	{"l3", TOPO_L3, TOPO_L3, KIND_ANY, KIND_ANY,
		"no two cores share an L3 cache and nothing nearer"},
	{"package", TOPO_PACKAGE, TOPO_PACKAGE, KIND_ANY, KIND_ANY,
		"no two CPUs share a package but no cache"},
	{"cross-package", TOPO_MACHINE, TOPO_MACHINE, KIND_ANY, KIND_ANY,
		"all CPUs are in one package"},
	{"cross-numa", TOPO_NODE, TOPO_MACHINE, KIND_ANY, KIND_ANY,
		"all CPUs are on one NUMA node"},
	{"P+P", TOPO_L2, TOPO_MACHINE, TOPO_KIND_P, TOPO_KIND_P,
		"there are no two cores known as P cores"},
	{"P+E", TOPO_L2, TOPO_MACHINE, TOPO_KIND_P, TOPO_KIND_E,
		"there are no cores known as P and E cores"},
	{"E+E", TOPO_L2, TOPO_MACHINE, TOPO_KIND_E, TOPO_KIND_E,
		"there are no two cores known as E cores"},
};

enum { MEANINGS = sizeof(meanings) / sizeof(meanings[0]) };

const char *const *topo_placement_words(void)
{
	static const char *words[MEANINGS + 4] = {"near", "far", "any"};

	for (size_t i = 0; i < MEANINGS; i++)
		words[3 + i] = meanings[i].word;
	return words;
}

/* A placement in the making. Indices into topo->cpus. */
struct placing {
	const struct topo *topo;
	bool far;
	const struct meaning *meaning; /* NULL: near or far */
	bool used[TOPO_MAX_CPUS];
	size_t producers[CASE_MAX_WORKERS], consumers[CASE_MAX_WORKERS];
	unsigned producer_count, consumer_count;
	unsigned own_producers, own_consumers; /* with a CPU of their own */
};

static enum topo_distance between(
	const struct topo *topo, size_t index_a, size_t index_b)
{
	return topo->distance[index_a * topo->cpu_count + index_b];
}

/* The first pair with the smallest (far: largest) distance. */
static void first_pair(const struct topo *topo, bool far, size_t *ret_a,
	size_t *ret_b, bool *ret_all_alike)
{
	enum topo_distance best = between(topo, 0, 1);

	*ret_a = 0;
	*ret_b = 1;
	*ret_all_alike = true;
	for (size_t a = 0; a < topo->cpu_count; a++) {
		for (size_t b = a + 1; b < topo->cpu_count; b++) {
			enum topo_distance here = between(topo, a, b);

			if (here != between(topo, 0, 1))
				*ret_all_alike = false;
			if (far ? here <= best : here >= best)
				continue;
			best = here;
			*ret_a = a;
			*ret_b = b;
		}
	}
}

static unsigned total_distance(const struct topo *topo, size_t cpu,
	const size_t *others, unsigned count)
{
	unsigned total = 0;

	for (unsigned i = 0; i < count; i++)
		total += between(topo, cpu, others[i]);
	return total;
}

/* A CPU for one more producer or consumer: an unused one, as close to (far: as
 * far from) those it talks to as there is, and among equals as close to its
 * own kind. Returns cpu_count when all are in use. */
static size_t best_unused(const struct placing *placing, bool producer)
{
	const struct topo *topo = placing->topo;
	const size_t *own = producer ? placing->producers : placing->consumers;
	const size_t *other =
		producer ? placing->consumers : placing->producers;
	unsigned own_count =
		producer ? placing->producer_count : placing->consumer_count;
	unsigned other_count =
		producer ? placing->consumer_count : placing->producer_count;
	size_t best = topo->cpu_count;
	unsigned best_other = 0, best_own = 0;

	for (size_t cpu = 0; cpu < topo->cpu_count; cpu++) {
		unsigned to_other, to_own;
		bool better;

		if (placing->used[cpu])
			continue;
		to_other = total_distance(topo, cpu, other, other_count);
		to_own = total_distance(topo, cpu, own, own_count);
		better = placing->far ? to_other > best_other
				      : to_other < best_other;
		if (best == topo->cpu_count || better ||
			(to_other == best_other && to_own < best_own)) {
			best = cpu;
			best_other = to_other;
			best_own = to_own;
		}
	}
	return best;
}

static void add_worker(struct placing *placing, bool producer)
{
	size_t *own = producer ? placing->producers : placing->consumers;
	unsigned *count =
		producer ? &placing->producer_count : &placing->consumer_count;
	unsigned *alone =
		producer ? &placing->own_producers : &placing->own_consumers;
	size_t cpu = best_unused(placing, producer);

	if (cpu < placing->topo->cpu_count) {
		placing->used[cpu] = true;
		own[(*count)++] = cpu;
		(*alone)++;
		return;
	}
	/* All in use: share with the own kind, in turn, so that producers and
	 * consumers stay apart. */
	own[*count] = own[*count % *alone];
	(*count)++;
}

static void put_cpus(const struct placing *placing, unsigned producers,
	unsigned worker_count, int *ret_cpus)
{
	for (unsigned i = 0; i < worker_count; i++) {
		size_t index = i < producers
				       ? placing->producers[i]
				       : placing->consumers[i - producers];

		ret_cpus[i] = placing->topo->cpus[index];
	}
}

static int place_pair(const struct topo *topo, bool far, unsigned producers,
	unsigned worker_count, int *ret_cpus, char *reason, size_t reason_bytes)
{
	struct placing placing = {.topo = topo,
		.far = far,
		.own_producers = 1,
		.own_consumers = 1};
	unsigned consumers = worker_count - producers;
	bool all_alike;
	size_t a, b;

	if (topo->cpu_count < 2) {
		snprintf(reason, reason_bytes,
			"placement %s needs two CPUs, and this process may use "
			"one; use placement = any",
			far ? "far" : "near");
		return -ENOTSUP;
	}
	first_pair(topo, far, &a, &b, &all_alike);
	if (far && all_alike) {
		snprintf(reason, reason_bytes,
			"placement far: all %zu CPUs are equally near each "
			"other here (%s); see placement near",
			topo->cpu_count,
			topo_distance_name(between(topo, a, b)));
		return -ENOTSUP;
	}
	placing.used[a] = placing.used[b] = true;
	placing.producers[placing.producer_count++] = a;
	placing.consumers[placing.consumer_count++] = b;
	for (unsigned i = 1; i < producers || i < consumers; i++) {
		if (i < producers)
			add_worker(&placing, true);
		if (i < consumers)
			add_worker(&placing, false);
	}
	put_cpus(&placing, producers, worker_count, ret_cpus);
	return 0;
}

/* Is @meaning true of a producer on @a and a consumer on @b? */
static bool means(const struct topo *topo, const struct meaning *meaning,
	size_t a, size_t b)
{
	const struct topo_cpu *producer = &topo->units[a];
	const struct topo_cpu *consumer = &topo->units[b];
	int here = (int)between(topo, a, b);

	if (here < meaning->from || here > meaning->to)
		return false;
	/* Two packages are one node where the firmware interleaves them. */
	if (meaning->from == TOPO_NODE && producer->node == consumer->node)
		return false;
	if (meaning->producer == KIND_ANY)
		return true;
	return (int)producer->kind == meaning->producer &&
	       (int)consumer->kind == meaning->consumer;
}

/* How many threads of @cpu's core somebody uses already: another core is better,
 * unless sharing it is what was asked for. */
static unsigned crowd(const struct placing *placing, size_t cpu)
{
	const struct topo *topo = placing->topo;
	unsigned count = 0;

	for (size_t i = 0; i < topo->cpu_count; i++)
		count += placing->used[i] && between(topo, cpu, i) == TOPO_SMT;
	return placing->meaning->from == TOPO_SMT ? 0 : count;
}

/* How little each CPU suits one more worker of a side. */
static void weigh(const struct placing *placing, const size_t *own,
	unsigned own_count, unsigned *ret_cost)
{
	for (size_t cpu = 0; cpu < placing->topo->cpu_count; cpu++)
		ret_cost[cpu] =
			CROWD_COST * crowd(placing, cpu) +
			total_distance(placing->topo, cpu, own, own_count);
}

/* Two unused CPUs of which the meaning is true. False when there are none. */
static bool add_pair(struct placing *placing)
{
	const struct topo *topo = placing->topo;
	unsigned producing[TOPO_MAX_CPUS], consuming[TOPO_MAX_CPUS];
	unsigned best = UINT_MAX;
	size_t best_a = 0, best_b = 0;

	weigh(placing, placing->producers, placing->producer_count, producing);
	weigh(placing, placing->consumers, placing->consumer_count, consuming);
	for (size_t a = 0; a < topo->cpu_count; a++) {
		for (size_t b = 0; b < topo->cpu_count; b++) {
			unsigned cost = producing[a] + consuming[b] +
					between(topo, a, b);

			if (cost >= best || placing->used[a] ||
				placing->used[b] ||
				!means(topo, placing->meaning, a, b))
				continue;
			best = cost;
			best_a = a;
			best_b = b;
		}
	}
	if (best == UINT_MAX)
		return false;
	placing->used[best_a] = placing->used[best_b] = true;
	placing->producers[placing->producer_count++] = best_a;
	placing->consumers[placing->consumer_count++] = best_b;
	return true;
}

/* One more of the larger side; its peer is one of the other. Where no CPU is
 * left it shares that of the first with the same peer. */
static void add_extra(struct placing *placing, bool producer)
{
	size_t *own = producer ? placing->producers : placing->consumers;
	unsigned *count =
		producer ? &placing->producer_count : &placing->consumer_count;
	unsigned first = *count % (producer ? placing->consumer_count
					    : placing->producer_count);
	size_t peer = producer ? placing->consumers[first]
			       : placing->producers[first];
	unsigned least = UINT_MAX;
	size_t chosen = own[first];

	for (size_t cpu = 0; cpu < placing->topo->cpu_count; cpu++) {
		unsigned here = crowd(placing, cpu);

		if (placing->used[cpu] || here >= least ||
			!means(placing->topo, placing->meaning,
				producer ? cpu : peer, producer ? peer : cpu))
			continue;
		least = here;
		chosen = cpu;
	}
	placing->used[chosen] = true;
	own[(*count)++] = chosen;
}

static int place_meaning(const struct topo *topo, const struct meaning *meaning,
	unsigned producers, unsigned worker_count, int *ret_cpus, char *reason,
	size_t reason_bytes)
{
	struct placing placing = {.topo = topo, .meaning = meaning};
	unsigned consumers = worker_count - producers;
	unsigned pairs = producers < consumers ? producers : consumers;
	unsigned alone = 0;

	while (alone < pairs && add_pair(&placing))
		alone++;
	if (alone == 0) {
		snprintf(reason, reason_bytes,
			"placement %s: %s here; `ipcmark topo` shows what "
			"there is",
			meaning->word, meaning->lack);
		return -ENOTSUP;
	}
	for (unsigned i = alone; i < pairs; i++) {
		placing.producers[i] = placing.producers[i % alone];
		placing.consumers[i] = placing.consumers[i % alone];
	}
	placing.producer_count = placing.consumer_count = pairs;
	for (unsigned i = pairs; i < producers; i++)
		add_extra(&placing, true);
	for (unsigned i = pairs; i < consumers; i++)
		add_extra(&placing, false);
	put_cpus(&placing, producers, worker_count, ret_cpus);
	return 0;
}

/* "0/2/4" into @cpus. Returns how many, or -EINVAL with @reason. */
static int parse_list(const struct topo *topo, const char *text, int *cpus,
	char *reason, size_t reason_bytes)
{
	int count = 0;

	for (;;) {
		char *rest;
		long cpu;

		if (!isdigit((unsigned char)text[0]) ||
			count == CASE_MAX_WORKERS)
			break;
		errno = 0;
		cpu = strtol(text, &rest, 10);
		if (errno || cpu > INT_MAX ||
			topo_index(topo, (int)cpu) == topo->cpu_count) {
			snprintf(reason, reason_bytes,
				"this process cannot run on CPU %.*s; it may "
				"use %zu CPUs, %d first",
				(int)(rest - text), text, topo->cpu_count,
				topo->cpus[0]);
			return -EINVAL;
		}
		cpus[count++] = (int)cpu;
		if (*rest == '\0')
			return count;
		if (*rest != '/')
			break;
		text = rest + 1;
	}
	snprintf(reason, reason_bytes,
		"not a placement: it is near, far, any, what two CPUs share "
		"(smt, l2, l3 ...), or up to %d CPUs joined by '/'",
		CASE_MAX_WORKERS);
	return -EINVAL;
}

static const struct meaning *meaning_find(const char *word)
{
	for (size_t i = 0; i < MEANINGS; i++)
		if (strcmp(meanings[i].word, word) == 0)
			return &meanings[i];
	return NULL;
}

int topo_place(const struct topo *topo, const char *placement,
	unsigned producers, unsigned worker_count, int *ret_cpus, char *reason,
	size_t reason_bytes)
{
	const struct meaning *meaning = meaning_find(placement);
	int cpus[CASE_MAX_WORKERS], count;

	if (producers == 0 || producers >= worker_count ||
		worker_count > CASE_MAX_WORKERS) {
		snprintf(reason, reason_bytes,
			"a case has 1 producer and 1 consumer at least, and %d "
			"workers at most",
			CASE_MAX_WORKERS);
		return -EINVAL;
	}
	if (strcmp(placement, "any") == 0) {
		for (unsigned i = 0; i < worker_count; i++)
			ret_cpus[i] = CASE_CPU_ANY;
		return 0;
	}
	if (strcmp(placement, "near") == 0 || strcmp(placement, "far") == 0)
		return place_pair(topo, placement[0] == 'f', producers,
			worker_count, ret_cpus, reason, reason_bytes);
	if (meaning)
		return place_meaning(topo, meaning, producers, worker_count,
			ret_cpus, reason, reason_bytes);
	count = parse_list(topo, placement, cpus, reason, reason_bytes);
	if (count < 0)
		return count;
	for (unsigned i = 0; i < worker_count; i++)
		ret_cpus[i] = cpus[i % (unsigned)count];
	return 0;
}

static int all_nodes(const struct topo *topo, uint64_t *ret_nodes)
{
	*ret_nodes = 0;
	for (size_t i = 0; i < topo->cpu_count; i++) {
		int node = topo->units[i].node;

		if (node < 0 || node >= 64)
			return -ENOTSUP;
		*ret_nodes |= UINT64_C(1) << node;
	}
	return 0;
}

int topo_memory(const struct topo *topo, enum memory_place memory,
	const int *cpus, unsigned producers, uint64_t *ret_nodes, char *reason,
	size_t reason_bytes)
{
	const char *word = memory_place_name(memory);
	int cpu = cpus[memory == MEMORY_CONSUMER ? producers : 0];
	uint64_t nodes = 0;

	if (memory == MEMORY_ANY) {
		*ret_nodes = 0;
		return 0;
	}
	if (topo->numa_nodes < 2 || all_nodes(topo, &nodes)) {
		snprintf(reason, reason_bytes,
			"memory %s: this machine does not tell NUMA nodes "
			"apart; use memory = any",
			word);
		return -ENOTSUP;
	}
	if (memory == MEMORY_INTERLEAVE) {
		*ret_nodes = nodes;
		return 0;
	}
	if (cpu == CASE_CPU_ANY) {
		snprintf(reason, reason_bytes,
			"memory %s: nobody knows on which node that will run; "
			"use a placement other than any",
			word);
		return -ENOTSUP;
	}
	*ret_nodes = UINT64_C(1) << topo->units[topo_index(topo, cpu)].node;
	return 0;
}
