/* test_plan.c - which cases there are, which cannot run, and in which order
 * they take turns.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "capture.h"
#include "machine/topo.h"
#include "plan/plan.h"
#include "scenario/key.h"
#include "scenario/scenario.h"
#include "scenario_file.h"
#include "stub_transports.h"

static int make(const char *machine, const char *text, struct plan *plan)
{
	const char *files[] = {path};
	struct scenario scenario;
	struct topo topo;
	int error;

	write_file(text);
	ck_assert_int_eq(scenario_load(files, 1, NULL, 0, &scenario), 0);
	ck_assert_int_eq(topo_load_synthetic(machine, &topo), 0);
	error = plan_make(&scenario, &topo, plan);
	topo_free(&topo);
	scenario_free(&scenario);
	return error;
}

static const char four_cpus[] = "pack:1 l3:1 core:4 pu:1";

static const char two_nodes[] = "pack:2 numa:1 core:2 pu:1";

static struct plan planned(const char *text)
{
	struct plan plan;

	ck_assert_int_eq(make(four_cpus, text, &plan), 0);
	return plan;
}

static const struct bench_case *case_by_id(
	const struct plan *plan, const char *id)
{
	for (size_t i = 0; i < plan->case_count; i++)
		if (strcmp(plan->cases[i].id, id) == 0)
			return &plan->cases[i];
	ck_abort_msg("no case %s; the first is %s", id, plan->cases[0].id);
	return NULL;
}

static const char sweep[] = "[global]\nrounds = 5\nseed = 7\n"
			    "[throughput]\n"
			    "transport = ring, queue, pipe\n"
			    "msg_size = 8, 64, 1Ki\n"
			    "batch = 1\n"
			    "wait = spin, block\n"
			    "[crash]\n"
			    "transport = queue, fcntl-queue\n"
			    "producers = 2\nconsumers = 2\nkills = 10\n";

START_TEST(test_plan_cases_are_the_cross_product)
{
	struct plan plan = planned(sweep);
	const struct bench_case *bench;

	ck_assert_uint_eq(plan.case_count, 3 * 3 * 2 + 2);
	bench = case_by_id(&plan, "throughput/ring/64B/b1/1p1c/near/block");
	ck_assert_str_eq(bench->section, "throughput");
	ck_assert_str_eq(bench->transport, "ring");
	ck_assert_uint_eq(bench->msg_size_bytes, 64);
	ck_assert_uint_eq(bench->rounds, 5);
	ck_assert_int_eq(bench->wait, WAIT_BLOCK);
	ck_assert(!bench->skip);
	ck_assert_int_eq(bench->cpus[0], 0);
	ck_assert_int_eq(bench->cpus[1], 1);
	bench = case_by_id(&plan, "crash/queue/64B/b1/2p2c/near/block");
	ck_assert_int_eq(bench->mode, MODE_CRASH);
	ck_assert_uint_eq(bench->kills, 10);
	ck_assert_uint_eq(bench->rounds, 1);
	case_by_id(&plan, "throughput/pipe/1KiB/b1/1p1c/near/spin");
	plan_free(&plan);
}
END_TEST

START_TEST(test_plan_keys_in_step_are_no_product)
{
	struct plan plan = planned("[a]\ntransport = ring, queue\n"
				   "msg_size = 8, 64, 1Ki\nbatch = 1, 2, 4\n"
				   "capacity = 64Ki\n"
				   "zip = batch, msg_size, capacity\n"
				   "[b]\ninherit = a\nbatch = 8\n");

	ck_assert_uint_eq(plan.case_count, 2 * 3 + 2 * 3);
	case_by_id(&plan, "a/ring/8B/b1/1p1c/near/block/cap64KiB");
	case_by_id(&plan, "a/queue/64B/b2/1p1c/near/block/cap64KiB");
	case_by_id(&plan, "a/queue/1KiB/b4/1p1c/near/block/cap64KiB");
	/* What a section inherits may have one value in it. */
	case_by_id(&plan, "b/ring/8B/b8/1p1c/near/block/cap64KiB");
	case_by_id(&plan, "b/queue/1KiB/b8/1p1c/near/block/cap64KiB");
	plan_free(&plan);
}
END_TEST

/* Every axis of the table of keys: none that `zip` takes and the plan does not
 * know. */
START_TEST(test_plan_every_axis_can_go_in_step)
{
	static const struct {
		const char *key, *values;
	} axes[] = {{"transport", "ring, queue"}, {"placement", "near, any"},
		{"wait", "spin, block"}, {"access", "copy, view"},
		{"memory", "any, producer"}, {"spin", "auto, 20us"},
		{"huge", "no, hint"}, {"kill_at", "lock-holder, random"},
		{"holder_memory", "0, 1Mi\nmode = crash"},
		{"arrival", "fixed, poisson\nmode = open"}};
	char text[256];

	for (const struct scenario_key *key = scenario_keys(); key->name;
		key++) {
		const char *values = "1, 2";
		struct plan plan;

		if (key->type == KEY_STRUCTURE || key->count_at == KEY_NONE ||
			strcmp(key->name, "msg_size") == 0)
			continue;
		for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++)
			if (strcmp(axes[i].key, key->name) == 0)
				values = axes[i].values;
		snprintf(text, sizeof(text),
			"[a]\nmsg_size = 32, 64\n%s = %s\nzip = msg_size, %s\n",
			key->name, values, key->name);
		plan = planned(text);
		ck_assert_msg(plan.case_count == 2, "%s: %zu cases", key->name,
			plan.case_count);
		plan_free(&plan);
	}
}
END_TEST

/* Inherited by a section that has no load, which the plan does not look at. */
START_TEST(test_plan_load_in_step_means_nothing_in_closed_sections)
{
	struct plan plan =
		planned("[a]\nmsg_size = 32, 64\n"
			"rate = 10%, 20%\nzip = msg_size, rate\n"
			"[b]\ninherit = a\nmode = throughput\n"
			"[c]\ninherit = a\nmsg_sizes = 64:50%, 1Ki:50%"
			"\n");

	ck_assert_uint_eq(plan.case_count, 2 + 2 + 2);
	case_by_id(&plan, "a/ring/32B/b1/1p1c/near/block/10%");
	case_by_id(&plan, "b/ring/32B/b1/1p1c/near/block");
	case_by_id(&plan, "b/ring/64B/b1/1p1c/near/block");
	case_by_id(&plan, "c/ring/1KiB/b1/1p1c/near/block/20%");
	plan_free(&plan);
}
END_TEST

/* The whole product would be more than there may be cases. */
START_TEST(test_plan_many_in_step_are_planned)
{
	struct plan plan = planned("[global]\nrounds = 1\n[a]\n"
				   "msg_size = 1..1000+1\n"
				   "batch = 1..1000+1\nwait = spin, block\n"
				   "zip = msg_size, batch\n");

	ck_assert_uint_eq(plan.case_count, 2000);
	ck_assert_uint_eq(plan.slice_count, 2000);
	for (size_t i = 0; i < plan.case_count; i++)
		ck_assert_uint_eq(
			plan.cases[i].msg_size_bytes, plan.cases[i].batch);
	plan_free(&plan);
}
END_TEST

START_TEST(test_plan_ids_are_unique_and_printable)
{
	struct plan plan = planned(
		"[a]\n"
		"transport = exec:./a b/c, exec:./a_b c, exec:./a-command-with-"
		"a-long-name --and-options-1,\n"
		"exec:./a-command-with-a-long-name --and-options-2, ring\n"
		"capacity = 0, 64Ki\nplacement = 0/1, any\n"
		"[b]\nmsg_size = 0, 1000\n");

	ck_assert_uint_eq(plan.case_count, 5 * 2 * 2 + 2);
	for (size_t i = 0; i < plan.case_count; i++) {
		const char *id = plan.cases[i].id;

		ck_assert_msg(!strpbrk(id, " \"'"), "%s", id);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(id, plan.cases[j].id);
	}
	case_by_id(&plan, "a/ring/64B/b1/1p1c/0-1/block/cap64KiB");
	case_by_id(&plan, "b/ring/0B/b1/1p1c/near/block");
	case_by_id(&plan, "b/ring/1000B/b1/1p1c/near/block");
	plan_free(&plan);
}
END_TEST

static const struct {
	const char *machine, *text, *reason;
} skips[] = {
	{four_cpus, "[a]\nmode = roundtrip\nbatch = 2\n", "one message in"},
	{four_cpus, "[a]\nmode = roundtrip\ntransport = queue\nproducers = 2\n",
		"not 2 and 1"},
	{four_cpus, "[a]\nmode = roundtrip\ntransport = queue\nconsumers = 2\n",
		"not 1 and 2"},
	{four_cpus, "[a]\ntransport = queue\nkills = 3\nmsg_size = 7\n",
		"8 bytes or more, not 7"},
	{four_cpus, "[a]\nverify = full\nmsg_size = 8\ncapacity = 1Gi\n",
		"accounts for 33554432 messages in flight"},
	{four_cpus, "[a]\ntransport = pipe\nbatch = 2\n", "no batches"},
	{four_cpus, "[a]\ntransport = ring\nproducers = 2\n", "one producer"},
	{four_cpus, "[a]\nplacement = far\n", "equally near"},
	{four_cpus, "[a]\nplacement = 0/9\n", "CPU 9"},
	{"core:1 pu:1", "[a]\n", "two CPUs"},
	{four_cpus, "[a]\nplacement = smt\n", "threads of one core"},
	{four_cpus, "[a]\nplacement = P+E\n", "P and E cores"},
	{four_cpus, "[a]\nmemory = consumer\n", "NUMA nodes apart"},
	{two_nodes, "[a]\nmemory = producer\nplacement = any\n",
		"on which node"},
	{two_nodes, "[a]\nmemory = producer\ntransport = exec:./a\n",
		"their own masters"},
};

START_TEST(test_plan_case_that_cannot_run_is_skipped_with_its_reason)
{
	struct plan plan;

	ck_assert_int_eq(make(skips[_i].machine, skips[_i].text, &plan), 0);
	ck_assert_uint_eq(plan.case_count, 1);
	ck_assert(plan.cases[0].skip);
	ck_assert_msg(strstr(plan.cases[0].reason, skips[_i].reason) != NULL,
		"'%s' without '%s'", plan.cases[0].reason, skips[_i].reason);
	ck_assert_uint_eq(plan.slice_count, 0);
	ck_assert_uint_eq(plan.estimated_ns, 0);
	plan_free(&plan);
}
END_TEST

START_TEST(test_plan_open_cases_are_loads_by_arrivals)
{
	struct plan plan = planned("[a]\ntransport = ring, queue\n"
				   "rate = 50%, 20k\n"
				   "arrival = fixed, poisson\n"
				   "burst = 8\nwork = 3us\n"
				   "[b]\nmsg_sizes = 64:60%, 1Ki:40%\n"
				   "rate = 10%\n"
				   "[c]\ncount = 10\nuntil = 4%\n");
	const struct bench_case *bench;

	ck_assert_uint_eq(plan.case_count, 2 * 2 * 2 + 1 + 1);
	bench = case_by_id(&plan, "a/queue/64B/b1/1p1c/near/block/50%/poisson");
	ck_assert_int_eq(bench->mode, MODE_OPEN);
	ck_assert_uint_eq(bench->rate, RATE_SHARE | 50);
	ck_assert_int_eq(bench->arrival, ARRIVAL_POISSON);
	ck_assert_uint_eq(bench->burst, 8);
	ck_assert_uint_eq(bench->work_ns, 3000);
	bench = case_by_id(&plan, "a/ring/64B/b1/1p1c/near/block/20000ps");
	ck_assert_uint_eq(bench->rate, 20000);
	ck_assert_int_eq(bench->arrival, ARRIVAL_FIXED);
	bench = case_by_id(&plan, "b/ring/1KiB/b1/1p1c/near/block/10%");
	ck_assert_uint_eq(bench->mix.count, 2);
	bench = case_by_id(&plan, "c/ring/64B/b1/1p1c/near/block");
	ck_assert_uint_eq(bench->rate, 0);
	ck_assert_uint_eq(bench->count, 10);
	ck_assert_uint_eq(bench->until_percent, 4);
	plan_free(&plan);
}
END_TEST

START_TEST(test_plan_memory_is_on_the_nodes_of_the_cpus)
{
	static const struct {
		const char *id;
		uint64_t nodes;
		const char *distance;
	} wanted[] = {
		{"a/ring/64B/b1/1p1c/near/block", 0, "same-package"},
		{"a/ring/64B/b1/1p1c/near/block/mem-consumer", 1,
			"same-package"},
		{"a/ring/64B/b1/1p1c/cross-numa/block/mem-producer", 1,
			"other-package"},
		{"a/ring/64B/b1/1p1c/cross-numa/block/mem-consumer", 2,
			"other-package"},
		{"a/ring/64B/b1/1p1c/cross-numa/block/mem-interleave", 3,
			"other-package"},
		{"a/ring/64B/b1/1p1c/any/block", 0, ""},
		{"a/ring/64B/b1/1p1c/any/block/mem-interleave", 3, ""},
	};
	struct plan plan;

	ck_assert_int_eq(make(two_nodes,
				 "[a]\nplacement = near, cross-numa, any\n"
				 "memory = any, producer, consumer, "
				 "interleave\n",
				 &plan),
		0);
	ck_assert_uint_eq(plan.case_count, 12);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const struct bench_case *bench =
			case_by_id(&plan, wanted[i].id);

		ck_assert_msg(!bench->skip, "%s: %s", bench->id, bench->reason);
		ck_assert_uint_eq(bench->memory_nodes, wanted[i].nodes);
		ck_assert_str_eq(bench->distance, wanted[i].distance);
	}
	plan_free(&plan);
}
END_TEST

START_TEST(test_plan_every_round_has_every_case_once)
{
	struct plan plan = planned(sweep);
	unsigned seen[5][20] = {{0}};

	ck_assert_uint_eq(plan.slice_count, 18 * 5 + 2);
	for (size_t i = 0; i < 18 * 5; i++) {
		const struct plan_slice *slice = &plan.slices[i];

		ck_assert_uint_eq(slice->round, i / 18);
		ck_assert_uint_eq(slice->order, i % 18);
		ck_assert_int_ne(
			plan.cases[slice->case_index].mode, MODE_CRASH);
		seen[slice->round][slice->case_index]++;
	}
	for (int round = 0; round < 5; round++)
		for (int i = 0; i < 18; i++)
			ck_assert_uint_eq(seen[round][i], 1);
	for (size_t i = 0; i < 2; i++) {
		const struct plan_slice *slice = &plan.slices[18 * 5 + i];

		ck_assert_uint_eq(slice->case_index, 18 + i);
		ck_assert_uint_eq(slice->order, i);
	}
	plan_free(&plan);
}
END_TEST

START_TEST(test_plan_sections_of_fewer_rounds_stop_earlier)
{
	struct plan plan = planned("[a]\nrounds = 1\n[b]\nrounds = 3\n");

	ck_assert_uint_eq(plan.slice_count, 4);
	ck_assert_uint_eq(plan.slices[2].case_index, 1);
	ck_assert_uint_eq(plan.slices[3].case_index, 1);
	ck_assert_uint_eq(plan.slices[3].round, 2);
	plan_free(&plan);
}
END_TEST

static bool same_order(const struct plan *a, const struct plan *b)
{
	for (size_t i = 0; i < a->slice_count; i++)
		if (a->slices[i].case_index != b->slices[i].case_index)
			return false;
	return true;
}

START_TEST(test_plan_same_seed_makes_the_same_plan)
{
	static const char many[] = "[global]\nseed = %s\n[a]\n"
				   "msg_size = 1..64/64\n";
	char text[128];
	struct plan a, b, other;

	snprintf(text, sizeof(text), many, "7");
	a = planned(text);
	b = planned(text);
	snprintf(text, sizeof(text), many, "8");
	other = planned(text);
	ck_assert_uint_eq(a.slice_count, b.slice_count);
	ck_assert(same_order(&a, &b));
	for (size_t i = 0; i < a.slice_count; i++)
		ck_assert_uint_eq(a.slices[i].seed, b.slices[i].seed);
	ck_assert(!same_order(&a, &other));
	ck_assert_uint_ne(a.slices[0].seed, other.slices[0].seed);
	plan_free(&a);
	plan_free(&b);
	plan_free(&other);
}
END_TEST

START_TEST(test_plan_rounds_are_shuffled_each_by_itself)
{
	struct plan plan = planned("[a]\nrounds = 2\nmsg_size = 1..64/64\n");
	size_t alike = 0, in_order = 0;

	for (size_t i = 0; i < 64; i++) {
		alike += plan.slices[i].case_index ==
			 plan.slices[64 + i].case_index;
		in_order += plan.slices[i].case_index == i;
	}
	/* By chance about one is. */
	ck_assert_uint_lt(alike, 10);
	ck_assert_uint_lt(in_order, 10);
	plan_free(&plan);
}
END_TEST

START_TEST(test_plan_slices_have_seeds_of_their_own)
{
	struct plan plan = planned(sweep);

	for (size_t i = 0; i < plan.slice_count; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(
				plan.slices[i].seed, plan.slices[j].seed);
	plan_free(&plan);
}
END_TEST

START_TEST(test_plan_too_many_cases_is_refused_with_its_section)
{
	struct capture capture = capture_begin();
	char said[512];
	struct plan plan;
	int error = make(four_cpus,
		"[small]\n[large]\nmsg_size = 1..1000/1000\n"
		"batch = 1..1000/1000\n",
		&plan);

	capture_end(&capture, said, sizeof(said));
	ck_assert_int_eq(error, -EINVAL);
	ck_assert_msg(
		strstr(said, ":2: ") && strstr(said, "[large]"), "%s", said);
}
END_TEST

START_TEST(test_plan_estimate_counts_all_that_runs)
{
	struct plan one = planned("[a]\nrounds = 1\nslice = 100ms\n");
	struct plan ten = planned("[a]\nrounds = 10\nslice = 100ms\n");
	struct plan crash = planned("[a]\ntransport = queue\nproducers = 2\n"
				    "consumers = 2\nkills = 100\n");

	ck_assert_uint_ge(one.estimated_ns, 120000000);
	ck_assert_uint_eq(ten.estimated_ns, 10 * one.estimated_ns);
	ck_assert_uint_gt(crash.estimated_ns, 0);
	plan_free(&one);
	plan_free(&ten);
	plan_free(&crash);
	plan_free(NULL);
}
END_TEST

START_TEST(test_plan_print_shows_cpus_and_reasons)
{
	struct plan plan = planned("[a]\ntransport = ring, pipe\nbatch = 2\n");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	plan_print(&plan, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "a/ring/64B/b2/1p1c/near/block"));
	ck_assert_ptr_nonnull(strstr(text, " 0>1 "));
	ck_assert_ptr_nonnull(strstr(text, "1 case cannot run"));
	ck_assert_ptr_nonnull(strstr(text, "pipe has no batches"));
	ck_assert_ptr_nonnull(strstr(text, "seed 1, about 2 s"));
	free(text);
	plan_free(&plan);
}
END_TEST

static const struct {
	const char *section;
	const char *hangs; /* NULL: nothing is said of them */
} patience[] = {
	{"[a]\ntransport = queue\nkill_at = every-instruction\n"
	 "recover_within = 2s\n",
		"\nHangs are not in it: each takes up to 4.00 s more"},
	{"[a]\ntransport = queue\nkill_at = every-pair\n"
	 "recover_within = 1ms\n",
		"\nHangs are not in it: each takes up to 500 ms more"},
	/* which end with their first hang */
	{"[a]\ntransport = queue\nkills = 5\n", NULL},
	{"[a]\ntransport = queue\n", NULL},
};

START_TEST(test_plan_print_leaves_hangs_out_and_says_so)
{
	struct plan plan = planned(patience[_i].section);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	plan_print(&plan, out);
	fclose(out);
	if (patience[_i].hangs)
		ck_assert_ptr_nonnull(strstr(text, patience[_i].hangs));
	else
		ck_assert_ptr_null(strstr(text, "Hangs"));
	free(text);
	plan_free(&plan);
}
END_TEST

START_TEST(test_plan_print_of_most_workers_fits)
{
	struct plan plan = planned("[a]\ntransport = queue\nproducers = 32\n"
				   "consumers = 32\n");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	plan_print(&plan, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, ",..."));
	free(text);
	plan_free(&plan);
}
END_TEST

START_TEST(test_rng_below_reaches_everything_below_and_nothing_else)
{
	struct rng rng = rng_seeded(1);
	unsigned seen[6] = {0};

	for (int i = 0; i < 6000; i++) {
		uint32_t drawn = rng_below(&rng, 6);

		ck_assert_uint_lt(drawn, 6);
		seen[drawn]++;
	}
	/* 1000 each; 5 standard deviations are 145. */
	for (int i = 0; i < 6; i++) {
		ck_assert_uint_gt(seen[i], 855);
		ck_assert_uint_lt(seen[i], 1145);
	}
	ck_assert_uint_eq(rng_below(&rng, 1), 0);
}
END_TEST

START_TEST(test_rng_is_splitmix64)
{
	struct rng rng = rng_seeded(1234567);

	/* The published algorithm's first numbers for this seed. */
	ck_assert_uint_eq(rng_next(&rng), UINT64_C(6457827717110365317));
	ck_assert_uint_eq(rng_next(&rng), UINT64_C(3203168211198807973));
	ck_assert_uint_eq(rng_next(&rng), UINT64_C(9817491932198370423));
}
END_TEST

/* What a search is left with takes turns as a whole plan's cases do. */
START_TEST(test_plan_round_has_the_named_cases_once_each)
{
	struct plan plan = planned("[a]\nbatch = 1, 2, 4, 8\nrounds = 7\n");
	const size_t indices[] = {3, 1};
	struct plan part, again, other;

	ck_assert_int_eq(plan_round(&plan, indices, 2, 5, &part), 0);
	ck_assert_int_eq(plan_round(&plan, indices, 2, 5, &again), 0);
	ck_assert(part.part);
	ck_assert_uint_eq(part.case_count, 2);
	ck_assert_uint_eq(part.cases[0].batch, 8);
	ck_assert_uint_eq(part.cases[1].batch, 2);
	ck_assert_uint_eq(part.slice_count, 2);
	ck_assert_uint_eq(
		part.slices[0].case_index + part.slices[1].case_index, 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(part.slices[i].round, 5);
		ck_assert_uint_eq(part.slices[i].order, (unsigned)i);
		ck_assert_uint_eq(
			part.slices[i].case_index, again.slices[i].case_index);
		ck_assert_uint_eq(part.slices[i].seed, again.slices[i].seed);
	}
	ck_assert_int_eq(plan_round(&plan, indices, 2, 6, &other), 0);
	ck_assert_uint_ne(part.slices[0].seed, other.slices[0].seed);
	plan_free(&other);
	plan_free(&again);
	plan_free(&part);
	plan_free(&plan);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tests = tcase_create("plan");

	tcase_add_test(tests, test_plan_cases_are_the_cross_product);
	tcase_add_test(tests, test_plan_keys_in_step_are_no_product);
	tcase_add_test(tests, test_plan_every_axis_can_go_in_step);
	tcase_add_test(
		tests, test_plan_load_in_step_means_nothing_in_closed_sections);
	tcase_add_test(tests, test_plan_many_in_step_are_planned);
	tcase_add_test(tests, test_plan_ids_are_unique_and_printable);
	tcase_add_loop_test(tests,
		test_plan_case_that_cannot_run_is_skipped_with_its_reason, 0,
		sizeof(skips) / sizeof(skips[0]));
	tcase_add_test(tests, test_plan_open_cases_are_loads_by_arrivals);
	tcase_add_test(tests, test_plan_memory_is_on_the_nodes_of_the_cpus);
	tcase_add_test(tests, test_plan_every_round_has_every_case_once);
	tcase_add_test(tests, test_plan_sections_of_fewer_rounds_stop_earlier);
	tcase_add_test(tests, test_plan_same_seed_makes_the_same_plan);
	tcase_add_test(tests, test_plan_rounds_are_shuffled_each_by_itself);
	tcase_add_test(tests, test_plan_slices_have_seeds_of_their_own);
	tcase_add_test(
		tests, test_plan_too_many_cases_is_refused_with_its_section);
	tcase_add_test(tests, test_plan_estimate_counts_all_that_runs);
	tcase_add_test(tests, test_plan_print_shows_cpus_and_reasons);
	tcase_add_loop_test(tests, test_plan_print_leaves_hangs_out_and_says_so,
		0, sizeof(patience) / sizeof(*patience));
	tcase_add_test(tests, test_plan_print_of_most_workers_fits);
	tcase_add_test(tests,
		test_rng_below_reaches_everything_below_and_nothing_else);
	tcase_add_test(tests, test_rng_is_splitmix64);
	tcase_add_test(tests, test_plan_round_has_the_named_cases_once_each);
	suite_add_tcase(suite, tests);
	return run_with_file(suite);
}
