/* test_grade.c - from facts to a letter, and what a result makes of it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/procstat.h"
#include "machine/env.h"
#include "machine/grade.h"
#include "machine/topo.h"

static const struct {
	const char *facts;
	char letter;
	size_t complaints;
	const char *what; /* in the first complaint */
} machines[] = {
	{"{}", 'A', 0, ""}, /* nothing known, nothing said */
	{"{\"governor\": null, \"turbo\": null}", 'A', 0, ""},
	{"{\"governor\": \"performance\", \"turbo\": \"off\", \"smt\": \"off\","
	 " \"thp\": \"madvise\", \"hypervisor\": \"none\","
	 " \"isolated_cpus\": \"2-7\", \"steal_now_percent\": 0,"
	 " \"load_per_cpu\": 0.01, \"run_delay_percent\": 0.1,"
	 " \"clock_resolution_ns\": 20, \"aa_spread_percent\": 1.0,"
	 " \"aa_difference_percent\": 0.1}",
		'A', 0, ""},
	{"{\"smt\": \"on\"}", 'B', 1, "SMT on"},
	{"{\"turbo\": \"on\"}", 'B', 1, "turbo on"},
	{"{\"thp\": \"always\"}", 'B', 1, "huge pages always"},
	{"{\"isolated_cpus\": \"none\"}", 'B', 1, "no CPU is isolated"},
	{"{\"smt\": \"on\", \"turbo\": \"on\"}", 'B', 2, "turbo on"},
	{"{\"governor\": \"powersave\"}", 'C', 1, "governor powersave"},
	{"{\"hypervisor\": \"KVM\"}", 'C', 1, "virtual machine (KVM)"},
	{"{\"steal_now_percent\": 1.0}", 'C', 1, "host took 1 %"},
	{"{\"steal_now_percent\": 7.5}", 'D', 1, "host took 7.5 %"},
	{"{\"load_per_cpu\": 0.5}", 'C', 1, "load 0.5 per CPU"},
	{"{\"load_per_cpu\": 2}", 'D', 1, "load 2 per CPU"},
	{"{\"run_delay_percent\": 3}", 'C', 1, "3 % of the time waiting"},
	{"{\"clock_resolution_ns\": 4000}", 'D', 1, "steps by 4e+03 ns"},
	{"{\"aa_spread_percent\": 9}", 'C', 1, "up to 9 % longer"},
	{"{\"aa_difference_percent\": 20}", 'D', 1, "differ by 20 %"},
	{"{\"hypervisor\": \"KVM\", \"governor\": \"powersave\","
	 " \"load_per_cpu\": 0.5}",
		'D', 3, "governor"}, /* three that move figures */
};

START_TEST(test_grade_of_a_machine_is_what_its_facts_earn)
{
	json_t *facts = json_loads(machines[_i].facts, 0, NULL);
	struct grade grade;

	ck_assert_ptr_nonnull(facts);
	grade_make(facts, &grade);
	ck_assert_msg(grade.letter == machines[_i].letter, "%s: %c, not %c",
		machines[_i].facts, grade.letter, machines[_i].letter);
	ck_assert_uint_eq(grade.count, machines[_i].complaints);
	if (grade.count) {
		ck_assert_msg(strstr(grade.complaints[0].what,
				      machines[_i].what) != NULL,
			"%s", grade.complaints[0].what);
	}
	for (size_t i = 0; i < grade.count; i++)
		ck_assert_uint_gt(strlen(grade.complaints[i].remedy), 10);
	json_decref(facts);
}
END_TEST

START_TEST(test_grade_stored_keeps_every_complaint_with_its_remedy)
{
	json_t *facts = json_loads(machines[_i].facts, 0, NULL);
	const json_t *list;
	struct grade grade;

	grade_make(facts, &grade);
	ck_assert_int_eq(grade_store(&grade, facts), 0);
	ck_assert_int_eq(
		json_string_value(json_object_get(facts, "noise_grade"))[0],
		machines[_i].letter);
	list = json_object_get(facts, "noise_complaints");
	ck_assert_uint_eq(json_array_size(list), grade.count);
	for (size_t i = 0; i < grade.count; i++)
		ck_assert_str_eq(json_string_value(json_object_get(
					 json_array_get(list, i), "remedy")),
			grade.complaints[i].remedy);
	json_decref(facts);
}
END_TEST

START_TEST(test_env_grade_of_this_machine_has_its_measurements)
{
	static const char *const wanted[] = {"aa_difference_percent",
		"aa_spread_percent", "run_delay_percent", "steal_now_percent",
		"isolated_cpus", "nohz_full_cpus", "load_per_cpu"};
	struct environment environment;
	struct topo topo;

	ck_assert_int_eq(topo_load(&topo), 0);
	ck_assert_int_eq(env_collect(&topo, &environment), 0);
	ck_assert_int_eq(env_grade(&topo, &environment), 0);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		ck_assert_msg(
			json_object_get(environment.facts, wanted[i]) != NULL,
			"no %s", wanted[i]);
	ck_assert(json_is_real(
		json_object_get(environment.facts, "aa_spread_percent")));
	ck_assert_ptr_nonnull(
		strstr("ABCD", env_text(&environment, "noise_grade")));
	env_free(&environment);
	topo_free(&topo);
}
END_TEST

START_TEST(test_procstat_of_no_process_is_not_known)
{
	struct procstat_cpu cpu = {0};
	uint64_t value = 7;

	ck_assert(!procstat_delay(-1, &value));
	ck_assert(!procstat_moves(-1, &value));
	ck_assert_uint_eq(value, 7);
	ck_assert(procstat_cpu(&cpu));
	ck_assert_uint_gt(cpu.total, cpu.steal);
	ck_assert_uint_gt(procstat_tick_ns(), 0);
	/* A kernel without schedstat or sched has neither file. */
	if (access("/proc/self/schedstat", R_OK) == 0)
		ck_assert(procstat_delay(getpid(), &value));
	if (access("/proc/self/sched", R_OK) == 0)
		ck_assert(procstat_moves(getpid(), &value));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("grade");
	TCase *tests = tcase_create("grade");
	SRunner *runner = srunner_create(suite);
	int rows = (int)(sizeof(machines) / sizeof(machines[0]));
	int failed;

	tcase_add_loop_test(
		tests, test_grade_of_a_machine_is_what_its_facts_earn, 0, rows);
	tcase_add_loop_test(tests,
		test_grade_stored_keeps_every_complaint_with_its_remedy, 0,
		rows);
	tcase_add_test(
		tests, test_env_grade_of_this_machine_has_its_measurements);
	tcase_add_test(tests, test_procstat_of_no_process_is_not_known);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
