/* test_case_section.c - a case written down as a section is that case when it is
 * read back, in every key that there is.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/topo.h"
#include "plan/plan.h"
#include "scenario/case_section.h"
#include "scenario/key.h"
#include "scenario/scenario.h"
#include "scenario_file.h"

/* Nothing in it is the default. */
static struct bench_case unusual(enum case_mode mode)
{
	struct bench_case bench = {
		.section = "some",
		.transport = "exec:./mine --of 1",
		.mode = mode,
		.msg_size_bytes = 3072,
		.batch = 7,
		.producers = 3,
		.consumers = 2,
		.placement = "any",
		.memory = MEMORY_INTERLEAVE,
		.wait = WAIT_SPIN,
		.spin_us = 20,
		.huge = HUGE_PAGES_RESERVED,
		.access = ACCESS_LEASE,
		.verify = mode == MODE_CRASH ? VERIFY_FULL : VERIFY_SUM,
		.capacity_bytes = 3 << 20,
		.rate = RATE_SHARE | 37,
		.arrival = ARRIVAL_POISSON,
		.burst = 12,
		.work_ns = 2500,
		.late = LATE_DROP,
		.kills = 17,
		.kill_victim = {[VICTIM_CONSUMER] = true},
		.recover_within_ns = 250000000,
		.kill_at = KILL_AT_RANDOM,
		.faults = {[FAULT_STOP] = true},
		.soak_ns = 3000000000,
		.holder_memory_bytes = 5 << 20,
	};

	if (mode == MODE_OPEN)
		bench.mix = (struct size_mix){2, {64, 3072}, {70, 30}};
	return bench;
}

static char *section_of(const struct bench_case *bench)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_ptr_nonnull(out);
	case_print_section(bench, out);
	fclose(out);
	return text;
}

static struct plan read_back(const char *text)
{
	const char *files[] = {path};
	struct scenario scenario;
	struct topo topo;
	struct plan plan;

	write_file(text);
	ck_assert_msg(
		scenario_load(files, 1, NULL, 0, &scenario) == 0, "%s", text);
	ck_assert_int_eq(topo_load(&topo), 0);
	ck_assert_int_eq(plan_make(&scenario, &topo, &plan), 0);
	topo_free(&topo);
	scenario_free(&scenario);
	return plan;
}

START_TEST(test_case_section_read_back_is_the_case)
{
	const enum case_mode mode = (enum case_mode)_i;
	const struct bench_case bench = unusual(mode);
	char *text = section_of(&bench);
	struct plan plan = read_back(text);
	const struct bench_case *again = &plan.cases[0];

	ck_assert_uint_eq(plan.case_count, 1);
	ck_assert_str_eq(again->section, bench.section);
	ck_assert_str_eq(again->transport, bench.transport);
	ck_assert_str_eq(again->placement, bench.placement);
#define SAME(member) ck_assert_uint_eq(again->member, bench.member)
	SAME(mode);
	SAME(msg_size_bytes);
	SAME(batch);
	SAME(producers);
	SAME(consumers);
	SAME(memory);
	SAME(wait);
	SAME(spin_us);
	SAME(huge);
	SAME(access);
	SAME(verify);
	SAME(capacity_bytes);
	if (mode == MODE_OPEN) {
		SAME(rate);
		SAME(arrival);
		SAME(burst);
		SAME(work_ns);
		SAME(late);
		ck_assert_mem_eq(&again->mix, &bench.mix, sizeof(bench.mix));
	}
	if (mode == MODE_CRASH) {
		SAME(kills);
		SAME(kill_victim[VICTIM_PRODUCER]);
		SAME(kill_victim[VICTIM_CONSUMER]);
		SAME(recover_within_ns);
		SAME(kill_at);
		SAME(faults[FAULT_KILL]);
		SAME(faults[FAULT_STOP]);
		SAME(soak_ns);
		SAME(holder_memory_bytes);
	}
#undef SAME
	plan_free(&plan);
	free(text);
}
END_TEST

/* Whoever adds a key has to say how it is written, or that it is not. */
START_TEST(test_case_section_every_key_is_known)
{
	for (const struct scenario_key *key = scenario_keys(); key->name; key++)
		ck_assert_msg(!case_section_lacks(key->name),
			"case_section.c does not know '%s'", key->name);
}
END_TEST

/* Every axis is a setting, and so has a line in one mode or another. */
START_TEST(test_case_section_every_axis_is_written)
{
	for (const struct scenario_key *key = scenario_keys(); key->name;
		key++) {
		char line[64];
		bool found = false;

		if (key->count_at == KEY_NONE)
			continue;
		snprintf(line, sizeof(line), "\n%-9s = ", key->name);
		for (int mode = MODE_THROUGHPUT; mode <= MODE_OPEN; mode++) {
			const struct bench_case bench =
				unusual((enum case_mode)mode);
			char *text = section_of(&bench);

			found |= strstr(text, line) != NULL;
			free(text);
		}
		ck_assert_msg(found, "'%s' is never written", key->name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("case_section");
	TCase *tests = tcase_create("case_section");

	tcase_add_loop_test(tests, test_case_section_read_back_is_the_case,
		MODE_THROUGHPUT, MODE_OPEN + 1);
	tcase_add_test(tests, test_case_section_every_key_is_known);
	tcase_add_test(tests, test_case_section_every_axis_is_written);
	suite_add_tcase(suite, tests);
	return run_with_file(suite);
}
