/* test_scenario_files.c - scenarios of several files: what one includes, and
 * what stands side by side on the command line.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "scenario/scenario.h"
#include "stub_transports.h"

enum {
	FILES_MAX = 4,
	MESSAGE_BYTES = 1024,
};

struct file {
	const char *name, *text;
};

static char folder[] = "/tmp/test_scenario_files_XXXXXX";

static void write_files(const struct file *files)
{
	for (size_t i = 0; i < FILES_MAX && files[i].name; i++) {
		FILE *file = fopen(files[i].name, "w");

		ck_assert_ptr_nonnull(file);
		ck_assert_int_ge(fputs(files[i].text, file), 0);
		ck_assert_int_eq(fclose(file), 0);
	}
}

static const struct scenario_section *section_by_name(
	const struct scenario *scenario, const char *name)
{
	for (size_t i = 0; i < scenario->section_count; i++)
		if (strcmp(scenario->sections[i].name, name) == 0)
			return &scenario->sections[i];
	ck_abort_msg("no section [%s]", name);
	return NULL;
}

static struct scenario loaded(const struct file *files, const char *first,
	const char *second, const char *set)
{
	const char *names[] = {first, second};
	struct scenario scenario;

	write_files(files);
	ck_assert_int_eq(scenario_load(names, second ? 2 : 1, &set, set ? 1 : 0,
				 &scenario),
		0);
	return scenario;
}

START_TEST(test_include_is_read_where_it_stands)
{
	static const struct file files[FILES_MAX] = {
		{"a.ini", "include = sub/b.ini\n[global]\nrounds = 7\n"
			  "[a]\ninherit = b\nbatch = 2\n"},
		/* relative to its own folder, with a variable */
		{"sub/b.ini", "[global]\nrounds = 3\nslice = 5ms\n"
			      "transport = queue\n"
			      "include = ${TEST_UNSET:-c}.ini\n"
			      "[b]\nmsg_size = 5\n"},
		/* a list that goes on, and does not count */
		{"sub/c.ini", "[global]\nslice = 7ms\nwarmup = 4ms\n"
			      "transport = pipe,\n  ring\n[c]\n"},
	};
	struct scenario scenario = loaded(files, "a.ini", NULL, NULL);
	const struct scenario_section *a;

	ck_assert_uint_eq(scenario.section_count, 3);
	ck_assert_str_eq(scenario.sections[0].name, "c");
	ck_assert_str_eq(scenario.sections[1].name, "b");
	ck_assert_str_eq(scenario.sections[2].name, "a");
	a = &scenario.sections[2];
	ck_assert_uint_eq(a->msg_sizes_bytes[0], 5);
	/* In [global] whoever includes decides, wherever it says so. */
	ck_assert_uint_eq(a->rounds, 7);
	ck_assert_uint_eq(a->slice_ns, 5000000);
	ck_assert_uint_eq(a->warmup_ns, 4000000);
	ck_assert_uint_eq(a->transport_count, 1);
	ck_assert_str_eq(a->transports[0], "queue");
	ck_assert_uint_eq(scenario.file_count, 3);
	ck_assert_ptr_nonnull(
		strstr(scenario.text, "; sub/c.ini, included at sub/b.ini:5"));
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_include_of_one_file_twice_reads_it_once)
{
	static const struct file files[FILES_MAX] = {
		{"a.ini", "include = b.ini\ninclude = ./c.ini\n[a]\n"},
		{"b.ini", "include = c.ini\n[b]\n"},
		{"c.ini", "[global]\nrounds = 3\n[_c]\nbatch = 2\n"},
	};
	struct scenario scenario = loaded(files, "a.ini", NULL, NULL);

	ck_assert_uint_eq(scenario.section_count, 2);
	ck_assert_uint_eq(scenario.sections[1].rounds, 3);
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_pattern_is_inherited_and_not_measured)
{
	static const struct file files[FILES_MAX] = {
		{"a.ini", "[_p]\nbatch = 2, 4\n[a]\ninherit = _p\n"},
	};
	struct scenario scenario = loaded(files, "a.ini", NULL, NULL);

	ck_assert_uint_eq(scenario.section_count, 1);
	ck_assert_str_eq(scenario.sections[0].name, "a");
	ck_assert_uint_eq(scenario.sections[0].batch_count, 2);
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_files_side_by_side_keep_to_themselves)
{
	static const struct file files[FILES_MAX] = {
		{"a.ini", "[global]\nrounds = 3\nseed = 5\n"
			  "[_p]\nbatch = 2\n[s]\ninherit = _p\n"},
		{"b.ini", "[global]\nrounds = 4\nseed = 5\n"
			  "[_p]\nbatch = 8\n[s]\ninherit = _p\n[t]\n"},
	};
	struct scenario scenario = loaded(files, "a.ini", "b.ini", NULL);
	const struct scenario_section *section;

	ck_assert_uint_eq(scenario.section_count, 3);
	ck_assert_uint_eq(scenario.seed, 5);
	section = section_by_name(&scenario, "s");
	ck_assert_uint_eq(section->rounds, 3);
	ck_assert_uint_eq(section->batches[0], 2);
	section = section_by_name(&scenario, "b.s");
	ck_assert_uint_eq(section->rounds, 4);
	ck_assert_uint_eq(section->batches[0], 8);
	ck_assert_uint_eq(section_by_name(&scenario, "t")->rounds, 4);
	scenario_free(&scenario);

	scenario = loaded(files, "a.ini", "b.ini", "b.s.batch=16");
	ck_assert_uint_eq(section_by_name(&scenario, "b.s")->batches[0], 16);
	ck_assert_uint_eq(section_by_name(&scenario, "s")->batches[0], 2);
	scenario_free(&scenario);

	scenario = loaded(files, "a.ini", "b.ini", "global.rounds=9");
	for (size_t i = 0; i < scenario.section_count; i++)
		ck_assert_uint_eq(scenario.sections[i].rounds, 9);
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_file_without_sections_is_for_all)
{
	static const struct file files[FILES_MAX] = {
		{"a.ini", "[global]\nrounds = 3\n[s]\n"},
		{"b.ini", "[global]\nrounds = 4\nslice = 9ms\n"},
	};
	struct scenario scenario = loaded(files, "a.ini", "b.ini", NULL);

	ck_assert_uint_eq(scenario.sections[0].rounds, 3);
	ck_assert_uint_eq(scenario.sections[0].slice_ns, 9000000);
	scenario_free(&scenario);
}
END_TEST

static const struct {
	struct file files[FILES_MAX];
	const char *second, *set, *message;
} mistakes[] = {
	{{{"a.ini", "[global]\ninclude = b.ini\n[a]\n"},
		 {"b.ini", "\n\ninclude = a.ini\n"}},
		NULL, NULL,
		"b.ini:3: include goes in a circle: 'a.ini' is being read "
		"already; "},
	{{{"a.ini", "include = a.ini\n"}}, NULL, NULL,
		"a.ini:1: include goes in a circle"},
	{{{"a.ini", "include = sub/comon.ini\n"}, {"sub/common.ini", ""}}, NULL,
		NULL,
		"a.ini:1: include = sub/comon.ini: no such file; did you mean "
		"'sub/common.ini'?"},
	{{{"a.ini", "\ninclude = /nowhere/x.ini\n"}}, NULL, NULL,
		"a.ini:2: include = /nowhere/x.ini: there is no file"},
	{{{"a.ini", "[a]\ninclude = b.ini\n"}}, NULL, NULL,
		"a.ini:2: 'include' stands before the first section or in "
		"[global]"},
	{{{"a.ini", "include = b.ini, c.ini\n[a]\n"}}, NULL, NULL,
		"a.ini:1: include takes one file"},
	{{{"a.ini", "include =\n[a]\n"}}, NULL, NULL,
		"a.ini:1: include takes one file"},
	{{{"a.ini", "include = ${TEST_UNSET}\n[a]\n"}}, NULL, NULL,
		"a.ini:1: the environment has no TEST_UNSET"},
	{{{"a.ini", "include = b.ini\n[a]\n"}, {"b.ini", "[b]\nrouds = 1\n"}},
		NULL, NULL, "b.ini:2: unknown key 'rouds'; did you mean"},
	{{{"a.ini", "include = b.ini\n[a]\n"}, {"b.ini", "[a]\n"}}, NULL, NULL,
		"a.ini:2: section [a] is here a second time, it began at "
		"b.ini:1"},
	{{{"a.ini", "include = b.ini\ninclude = c.ini\n[a]\n"},
		 {"b.ini", "[global]\nrounds = 1\n"},
		 {"c.ini", "[global]\nrounds = 2\n"}},
		NULL, NULL,
		"c.ini:2: 'rounds' is in section [global] a second"},
	{{{"a.ini", "[_a]\n"}}, NULL, NULL, "a.ini: nothing to run"},
	{{{"a.ini", "[_a]\nbatch = 0\n[b]\n"}}, NULL, NULL,
		"a.ini:2: batch is from 1"},
	{{{"a.ini", "[a]\n"}}, "./a.ini", NULL, "./a.ini: given twice"},
	{{{"a.ini", "[a]\n"}}, NULL, "global.include=b.ini",
		"--set global.include=b.ini: files are read before --set"},
	{{{"a.ini", "[global]\nseed = 1\n[a]\n"},
		 {"b.ini", "[global]\nseed = 2\n[b]\n"}},
		"b.ini", NULL,
		"b.ini:2: seed = 2, but 1 at a.ini:2; there is one for the "
		"whole run: --set global.seed=1"},
};

START_TEST(test_files_mistake_is_told_in_one_line)
{
	const char *names[] = {"a.ini", mistakes[_i].second};
	char message[MESSAGE_BYTES];
	struct scenario scenario;
	struct capture capture;
	int error;

	write_files(mistakes[_i].files);
	capture = capture_begin();
	error = scenario_load(names, mistakes[_i].second ? 2 : 1,
		&mistakes[_i].set, mistakes[_i].set ? 1 : 0, &scenario);
	capture_end(&capture, message, sizeof(message));
	ck_assert_int_lt(error, 0);
	ck_assert_msg(strncmp(message, mistakes[_i].message,
			      strlen(mistakes[_i].message)) == 0,
		"it says: %s", message);
	ck_assert_ptr_eq(strchr(message, '\n'), message + strlen(message) - 1);
}
END_TEST

START_TEST(test_files_seed_of_set_settles_it)
{
	static const struct file files[FILES_MAX] = {
		{"a.ini", "[global]\nseed = 1\n[a]\n"},
		{"b.ini", "[global]\nseed = 2\n[b]\n"},
	};
	struct scenario scenario =
		loaded(files, "a.ini", "b.ini", "global.seed=3");

	ck_assert_uint_eq(scenario.seed, 3);
	scenario_free(&scenario);
}
END_TEST

static void enter_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(mkdir("sub", 0700), 0);
}

static void leave_folder(void)
{
	static const char *const names[] = {"a.ini", "b.ini", "c.ini",
		"sub/b.ini", "sub/c.ini", "sub/common.ini"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	rmdir("sub");
	ck_assert_int_eq(chdir("/"), 0);
	rmdir(folder);
}

int main(void)
{
	Suite *suite = suite_create("scenario files");
	TCase *tests = tcase_create("scenario files");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, enter_folder, leave_folder);
	tcase_add_test(tests, test_include_is_read_where_it_stands);
	tcase_add_test(tests, test_include_of_one_file_twice_reads_it_once);
	tcase_add_test(tests, test_pattern_is_inherited_and_not_measured);
	tcase_add_test(tests, test_files_side_by_side_keep_to_themselves);
	tcase_add_test(tests, test_file_without_sections_is_for_all);
	tcase_add_test(tests, test_files_seed_of_set_settles_it);
	tcase_add_loop_test(tests, test_files_mistake_is_told_in_one_line, 0,
		sizeof(mistakes) / sizeof(mistakes[0]));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
