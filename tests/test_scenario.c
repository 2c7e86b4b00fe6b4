/* test_scenario.c - what a scenario may say, and what it means.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "scenario/scenario.h"
#include "scenario/value.h"
#include "scenario_file.h"
#include "stub_transports.h"

static struct scenario loaded(const char *text)
{
	const char *files[] = {path};
	struct scenario scenario;

	write_file(text);
	ck_assert_int_eq(scenario_load(files, 1, NULL, 0, &scenario), 0);
	return scenario;
}

START_TEST(test_scenario_defaults_are_as_documented)
{
	struct scenario scenario = loaded("[a]\n[b]\nmode = crash\n");
	const struct scenario_section *a = &scenario.sections[0];
	const struct scenario_section *b = &scenario.sections[1];

	ck_assert_uint_eq(scenario.section_count, 2);
	ck_assert_uint_eq(scenario.seed, 1);
	ck_assert_str_eq(a->name, "a");
	ck_assert_int_eq(a->line, 1);
	ck_assert_int_eq(a->mode, MODE_THROUGHPUT);
	ck_assert_uint_eq(a->msg_size_count, 1);
	ck_assert_uint_eq(a->msg_sizes_bytes[0], 64);
	ck_assert_uint_eq(a->batches[0], 1);
	ck_assert_uint_eq(a->producers[0], 1);
	ck_assert_uint_eq(a->consumers[0], 1);
	ck_assert_str_eq(a->placements[0], "near");
	ck_assert_int_eq(a->waits[0], WAIT_BLOCK);
	ck_assert_uint_eq(a->capacities_bytes[0], 0);
	ck_assert_int_eq(a->verify, VERIFY_HEADER);
	ck_assert_uint_eq(a->warmup_ns, 20000000);
	ck_assert_uint_eq(a->slice_ns, 100000000);
	ck_assert_uint_eq(a->rounds, 10);
	ck_assert_int_eq(b->mode, MODE_CRASH);
	ck_assert_int_eq(b->verify, VERIFY_FULL);
	ck_assert_uint_eq(b->kills, 0);
	ck_assert(b->kill_victim[VICTIM_PRODUCER]);
	ck_assert(b->kill_victim[VICTIM_CONSUMER]);
	ck_assert_uint_eq(b->recover_within_ns, 1000000000);
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_scenario_global_applies_wherever_it_stands)
{
	struct scenario scenario = loaded("[a]\nrounds = 3\n"
					  "[b]\n"
					  "[global]\nrounds = 7\nseed = 42\n"
					  "[c]\ninherit = a\n"
					  "[global]\nslice = 5ms\n");

	ck_assert_uint_eq(scenario.section_count, 3);
	ck_assert_uint_eq(scenario.seed, 42);
	ck_assert_uint_eq(scenario.sections[0].rounds, 3);
	ck_assert_uint_eq(scenario.sections[1].rounds, 7);
	/* What it inherits is nearer than what is global. */
	ck_assert_uint_eq(scenario.sections[2].rounds, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(scenario.sections[i].slice_ns, 5000000);
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_scenario_inherit_takes_what_is_not_said)
{
	struct scenario scenario =
		loaded("[c]\ninherit = b\nbatch = 3\n"
		       "[b]\ninherit = a\nmsg_size = 2\nbatch = 2\n"
		       "[a]\nmsg_size = 1\nbatch = 1\nconsumers = 4\n");
	const struct scenario_section *c = &scenario.sections[0];

	ck_assert_uint_eq(c->batches[0], 3);
	ck_assert_uint_eq(c->msg_sizes_bytes[0], 2);
	ck_assert_uint_eq(c->consumers[0], 4);
	scenario_free(&scenario);
}
END_TEST

static const struct {
	const char *text;
	enum case_mode mode; /* of the last section */
} modes[] = {
	{"[a]\n", MODE_THROUGHPUT},
	{"[a]\nmode = roundtrip\n", MODE_ROUNDTRIP},
	{"[a]\nkill = consumer\n", MODE_CRASH},
	{"[a]\nkills = 3\n", MODE_CRASH},
	{"[a]\nmode = crash\nkills = 3\n", MODE_CRASH},
	{"[a]\nmode = throughput\n[b]\ninherit = a\nkills = 3\n", MODE_CRASH},
	{"[a]\nkills = 3\n[b]\ninherit = a\nmode = roundtrip\n",
		MODE_ROUNDTRIP},
	{"[a]\nkills = 3\n[b]\ninherit = a\n", MODE_CRASH},
	{"[global]\nkills = 3\n[a]\n", MODE_THROUGHPUT},
	{"[global]\nmode = roundtrip\n[a]\n", MODE_ROUNDTRIP},
	{"[global]\nmode = roundtrip\n[a]\nkill = producer\n", MODE_CRASH},
	{"[a]\nmode = open\n", MODE_OPEN},
	{"[a]\nrate = 1k\n", MODE_OPEN},
	{"[a]\nburst = 10 every 1ms\n", MODE_OPEN},
	{"[global]\nrate = 1k\n[a]\n", MODE_THROUGHPUT},
	{"[a]\nkills = 3\n[b]\ninherit = a\nrate = 1k\n", MODE_OPEN},
	{"[a]\nrate = 1k\n[b]\ninherit = a\nkills = 3\n", MODE_CRASH},
	{"[a]\nmode = roundtrip\n[b]\ninherit = a\nrate = 1k\n", MODE_OPEN},
	{"[a]\nrate = 1k\n[b]\ninherit = a\nmode = throughput\n",
		MODE_THROUGHPUT},
};

START_TEST(test_scenario_mode_is_what_the_nearest_key_says)
{
	struct scenario scenario = loaded(modes[_i].text);

	ck_assert_int_eq(scenario.sections[scenario.section_count - 1].mode,
		modes[_i].mode);
	scenario_free(&scenario);
}
END_TEST

static const struct {
	const char *text;
	uint64_t values[12];
	size_t count;
} lists[] = {
	{"8", {8}, 1}, {"0, 1Gi", {0, 1 << 30}, 2},
	{" 8 ,64,  1Ki ", {8, 64, 1024}, 3},
	{"1k, 1Ki, 1M, 1Mi, 1B, 2KiB", {1000, 1024, 1000000, 1048576, 1, 2048},
		6},
	{"8..64*2", {8, 16, 32, 64}, 4}, {"8..100*2", {8, 16, 32, 64}, 4},
	{"8 .. 64Ki * 8", {8, 64, 512, 4096, 32768}, 5}, {"5..5*2", {5}, 1},
	{"2..8*9223372036854775808", {2}, 1}, /* the next one would wrap */
	{"256Mi..1Gi*2", {268435456, 536870912, 1073741824}, 3},
	{"10..90/5", {10, 30, 50, 70, 90}, 5}, {"0..1Gi/2", {0, 1073741824}, 2},
	{"1..4/4", {1, 2, 3, 4}, 4}, {"0..10/4", {0, 3, 6, 10}, 4},
	{"1, 8..16*2, 100..200/2", {1, 8, 16, 100, 200}, 5},
	{"64..512 x2", {64, 128, 256, 512}, 4},
	{"1Ki..4Kix2", {1024, 2048, 4096}, 3}, {"1..10+4", {1, 5, 9}, 3},
	{"0..64 + 32", {0, 32, 64}, 3}, {"5..5+1", {5}, 1},
	{"1..1Gi+1Gi", {1}, 1}, /* the next one would be beyond */
};

START_TEST(test_scenario_list_expands_to_its_values)
{
	char text[128];
	struct scenario scenario;

	snprintf(text, sizeof(text), "[a]\nmsg_size = %s\n", lists[_i].text);
	scenario = loaded(text);
	ck_assert_uint_eq(scenario.sections[0].msg_size_count, lists[_i].count);
	for (size_t i = 0; i < lists[_i].count; i++)
		ck_assert_uint_eq(scenario.sections[0].msg_sizes_bytes[i],
			lists[_i].values[i]);
	scenario_free(&scenario);
}
END_TEST

#define SHARE(percent) (RATE_SHARE | (percent))

static const struct {
	const char *text; /* of the first section, and of those after it */
	uint64_t rates[6];
	size_t rate_count;
	unsigned burst;
} loads[] = {
	{"rate = 200k\n", {200000}, 1, 1},
	{"rate = 50%\n", {SHARE(50)}, 1, 1},
	{"rate = 10%..90%/5, 1k\narrival = poisson\n",
		{SHARE(10), SHARE(30), SHARE(50), SHARE(70), SHARE(90), 1000},
		6, 1},
	{"rate = 50, 50%, 120%\n", {50, SHARE(50), SHARE(120)}, 3, 1},
	{"rate = 10%..80% * 2\n", {SHARE(10), SHARE(20), SHARE(40), SHARE(80)},
		4, 1},
	{"mode = open\n", {SHARE(50)}, 1, 1},
	{"burst = 32\n", {SHARE(50)}, 1, 32},
	{"burst = 32\nrate = 1k\n", {1000}, 1, 32},
	{"burst = 100 every 10ms\n", {10000}, 1, 100},
	{"burst = 100 every 10ms\n[b]\ninherit = a\n", {10000}, 1, 100},
	{"rate = 1k, 2k\n[b]\ninherit = a\nburst = 100 every 10ms\n", {10000},
		1, 100},
	{"burst = 100 every 10ms\n[b]\ninherit = a\nrate = 1k\n", {1000}, 1,
		100},
};

START_TEST(test_scenario_load_is_a_rate_or_a_share)
{
	const struct scenario_section *section;
	struct scenario scenario;
	char text[256];

	snprintf(text, sizeof(text), "[a]\n%s", loads[_i].text);
	scenario = loaded(text);
	section = &scenario.sections[scenario.section_count - 1];
	ck_assert_int_eq(section->mode, MODE_OPEN);
	ck_assert_uint_eq(section->rate_count, loads[_i].rate_count);
	for (size_t i = 0; i < loads[_i].rate_count; i++)
		ck_assert_uint_eq(section->rates[i], loads[_i].rates[i]);
	ck_assert_uint_eq(section->burst.count, loads[_i].burst);
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_scenario_mix_of_sizes_stands_for_the_largest)
{
	struct scenario scenario = loaded(
		"[a]\nmode = open\nmsg_sizes = 64:70%, 64Ki : 5%, 1Ki:25%\n"
		"[b]\ninherit = a\nmsg_size = 8, 16\n"
		"[c]\ninherit = b\nmsg_sizes = 32:100%\nwork = 2us\n"
		"count = 1M\nuntil = 5%\n");
	const struct scenario_section *a = &scenario.sections[0];
	const struct scenario_section *b = &scenario.sections[1];
	const struct scenario_section *c = &scenario.sections[2];

	ck_assert_uint_eq(a->mix.count, 3);
	ck_assert_uint_eq(a->mix.bytes[1], 65536);
	ck_assert_uint_eq(a->mix.percent[1], 5);
	ck_assert_uint_eq(a->msg_size_count, 1);
	ck_assert_uint_eq(a->msg_sizes_bytes[0], 65536);
	ck_assert_uint_eq(b->mix.count, 0);
	ck_assert_uint_eq(b->msg_size_count, 2);
	ck_assert_uint_eq(c->mix.count, 1);
	ck_assert_uint_eq(c->msg_size_count, 1);
	ck_assert_uint_eq(c->msg_sizes_bytes[0], 32);
	ck_assert_uint_eq(c->work_ns, 2000);
	ck_assert_uint_eq(c->count, 1000000);
	ck_assert_uint_eq(c->until_percent, 5);
	scenario_free(&scenario);
}
END_TEST

static const struct {
	const char *text;
	uint64_t ns;
} times[] = {
	{"1ms", 1000000},
	{"1s", 1000000000},
	{"60s", UINT64_C(60000000000)},
	{"1500us", 1500000},
	{"2000000ns", 2000000},
	{"50 ms", 50000000},
};

START_TEST(test_scenario_time_is_nanoseconds)
{
	char text[64];
	struct scenario scenario;

	snprintf(text, sizeof(text), "[a]\nslice = %s\n", times[_i].text);
	scenario = loaded(text);
	ck_assert_uint_eq(scenario.sections[0].slice_ns, times[_i].ns);
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_scenario_exec_keeps_its_spaces)
{
	struct scenario scenario = loaded(
		"[a]\ntransport = ring , exec:./peer --fast=1 x:y, pipe\n");
	const struct scenario_section *a = &scenario.sections[0];

	ck_assert_uint_eq(a->transport_count, 3);
	ck_assert_str_eq(a->transports[0], "ring");
	ck_assert_str_eq(a->transports[1], "exec:./peer --fast=1 x:y");
	ck_assert_str_eq(a->transports[2], "pipe");
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_scenario_dialect_of_files_is_taken)
{
	struct scenario scenario =
		loaded("\xEF\xBB\xBF; a byte order mark, comments, CR LF\r\n"
		       "# another comment\r\n"
		       "  [a]  ; indented\r\n"
		       "\tbatch = 1,   ; goes on\r\n"
		       "\r\n"
		       "; in between\r\n"
		       "        2,\r\n"
		       "  4\r\n"
		       "  rounds = 3 ; indented keys are keys\r\n"
		       "wait: spin\r\n"
		       "[b]");
	const struct scenario_section *a = &scenario.sections[0];

	ck_assert_uint_eq(scenario.section_count, 2);
	ck_assert_int_eq(a->line, 3);
	ck_assert_uint_eq(a->batch_count, 3);
	ck_assert_uint_eq(a->batches[2], 4);
	ck_assert_uint_eq(a->rounds, 3);
	ck_assert_int_eq(a->waits[0], WAIT_SPIN);
	ck_assert_int_eq(scenario.sections[1].line, 11);
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_scenario_environment_fills_variables)
{
	struct scenario scenario;

	setenv("TEST_SCENARIO_SIZE", "128", 1);
	setenv("TEST_SCENARIO_EMPTY", "", 1);
	setenv("TEST_SCENARIO_NEST", "${TEST_SCENARIO_SIZE}", 1);
	scenario = loaded("[a]\n"
			  "msg_size = 1${TEST_SCENARIO_SIZE:-5}Ki\n"
			  "batch = ${TEST_SCENARIO_NONE:-2}, "
			  "${TEST_SCENARIO_EMPTY:-3}\n"
			  "transport = exec:./x ${TEST_SCENARIO_NEST}\n");
	ck_assert_uint_eq(scenario.sections[0].msg_sizes_bytes[0], 1128 * 1024);
	ck_assert_uint_eq(scenario.sections[0].batches[0], 2);
	ck_assert_uint_eq(scenario.sections[0].batches[1], 3);
	/* What came from the environment is not looked through again. */
	ck_assert_str_eq(scenario.sections[0].transports[0],
		"exec:./x ${TEST_SCENARIO_SIZE}");
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_scenario_set_overrides_the_file)
{
	const char *sets[] = {
		"a.batch=4, 5", "global.rounds=2", "a.transport=exec:./a.b=c"};
	const char *files[] = {path};
	struct scenario scenario;

	write_file("[a]\nbatch = 1\n[b]\ninherit = a\n[c]\nrounds = 9");
	ck_assert_int_eq(scenario_load(files, 1, sets, 3, &scenario), 0);
	ck_assert_uint_eq(scenario.sections[0].batch_count, 2);
	ck_assert_uint_eq(scenario.sections[0].batches[1], 5);
	ck_assert_str_eq(scenario.sections[0].transports[0], "exec:./a.b=c");
	/* It counts as if the file said so: heirs see it, */
	ck_assert_uint_eq(scenario.sections[1].batches[0], 4);
	/* and global yields to the section's own. */
	ck_assert_uint_eq(scenario.sections[0].rounds, 2);
	ck_assert_uint_eq(scenario.sections[2].rounds, 9);
	ck_assert_str_eq(scenario.text, "[a]\nbatch = 1\n[b]\ninherit = a\n"
					"[c]\nrounds = 9\n"
					"--set a.batch=4, 5\n"
					"--set global.rounds=2\n"
					"--set a.transport=exec:./a.b=c\n");
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_scenario_shorten_is_a_smoke_test)
{
	struct scenario scenario = loaded("[a]\nrounds = 1\nwarmup = 0s\n"
					  "[b]\nrounds = 50\n"
					  "[c]\nkills = 100\n");

	scenario_shorten(&scenario);
	ck_assert_uint_eq(scenario.sections[0].rounds, 1);
	ck_assert_uint_eq(scenario.sections[0].warmup_ns, 0);
	ck_assert_uint_eq(scenario.sections[0].slice_ns, 10000000);
	ck_assert_uint_eq(scenario.sections[1].rounds, 2);
	ck_assert_uint_eq(scenario.sections[2].kills, 3);
	scenario_free(&scenario);
	scenario_free(&scenario); /* accepts what is empty */
	scenario_free(NULL);
}
END_TEST

START_TEST(test_value_size_from_the_command_line_is_quiet)
{
	struct capture capture = capture_begin();
	char said[64];
	uint64_t value = 7;

	ck_assert_int_eq(value_size("64x", &value), -EINVAL);
	ck_assert_int_eq(value_size("", &value), -EINVAL);
	ck_assert_int_eq(value_size("99999999999999999999", &value), -ERANGE);
	ck_assert_uint_eq(value, 7);
	ck_assert_int_eq(value_size("64KiB", &value), 0);
	capture_end(&capture, said, sizeof(said));
	ck_assert_uint_eq(value, 65536);
	ck_assert_str_eq(said, "");
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* For a search: only what nobody gives becomes an axis. */
START_TEST(test_scenario_wide_load_opens_what_is_not_given)
{
	const char *files[] = {path};
	struct scenario scenario;
	const struct scenario_section *section;

	write_file("[global]\nbatch = 2\n[a]\nwait = block\n");
	ck_assert_int_eq(scenario_load_wide(files, 1, NULL, 0, &scenario), 0);
	section = &scenario.sections[0];
	ck_assert_uint_eq(section->batch_count, 1);
	ck_assert_uint_eq(section->batches[0], 2);
	ck_assert_uint_eq(section->wait_count, 1);
	ck_assert_uint_eq(section->access_count, 2);
	ck_assert_uint_eq(section->placement_count, 2);
	ck_assert_uint_eq(section->capacity_count, 4);
	ck_assert_uint_eq(section->capacities_bytes[3], 16 << 20);
	ck_assert_uint_eq(section->msg_size_count, 1);
	scenario_free(&scenario);
	scenario = loaded("[a]\n");
	ck_assert_uint_eq(scenario.sections[0].capacity_count, 1);
	scenario_free(&scenario);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario");
	TCase *tests = tcase_create("scenario");

	tcase_add_test(tests, test_scenario_defaults_are_as_documented);
	tcase_add_test(tests, test_scenario_global_applies_wherever_it_stands);
	tcase_add_test(tests, test_scenario_inherit_takes_what_is_not_said);
	tcase_add_loop_test(tests,
		test_scenario_mode_is_what_the_nearest_key_says, 0,
		ROWS(modes));
	tcase_add_loop_test(tests, test_scenario_list_expands_to_its_values, 0,
		ROWS(lists));
	tcase_add_loop_test(tests, test_scenario_load_is_a_rate_or_a_share, 0,
		sizeof(loads) / sizeof(loads[0]));
	tcase_add_test(
		tests, test_scenario_mix_of_sizes_stands_for_the_largest);
	tcase_add_loop_test(
		tests, test_scenario_time_is_nanoseconds, 0, ROWS(times));
	tcase_add_test(tests, test_scenario_exec_keeps_its_spaces);
	tcase_add_test(tests, test_scenario_dialect_of_files_is_taken);
	tcase_add_test(tests, test_scenario_environment_fills_variables);
	tcase_add_test(tests, test_scenario_set_overrides_the_file);
	tcase_add_test(tests, test_scenario_shorten_is_a_smoke_test);
	tcase_add_test(tests, test_scenario_wide_load_opens_what_is_not_given);
	tcase_add_test(tests, test_value_size_from_the_command_line_is_quiet);
	suite_add_tcase(suite, tests);
	return run_with_file(suite);
}
