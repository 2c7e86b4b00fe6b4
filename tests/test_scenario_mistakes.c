/* test_scenario_mistakes.c - what the user hears about what a scenario may not say:
 * the place, and what was probably meant.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "capture.h"
#include "scenario/scenario.h"
#include "scenario_file.h"
#include "stub_transports.h"

#define SETS_MAX 3

static int load(
	const char *text, const char *const *sets, struct scenario *scenario)
{
	const char *files[] = {path};
	size_t set_count = 0;

	write_file(text);
	while (sets && set_count < SETS_MAX && sets[set_count])
		set_count++;
	return scenario_load(files, 1, sets, set_count, scenario);
}

static const struct {
	const char *text;
	const char *sets[SETS_MAX];
	const char
		*message; /* after the file's name where it begins with ':' */
} mistakes[] = {
	/* keys */
	{"[a]\n\nrouds = 3\n", {0},
		":3: unknown key 'rouds'; did you mean "
		"'rounds'?"},
	{"[a]\nfrobnicate = 3\n", {0}, ":2: unknown key 'frobnicate'; `"},
	{"[a]\nbatch = 1\n; x\nbatch = 2\n", {0},
		":4: 'batch' is in section "
		"[a] a second time"},
	{"rounds = 3\n[a]\n", {0}, ":1: a key before any section"},
	{"[a]\nseed = 3\n", {0}, ":2: 'seed' belongs in [global]"},
	{"[a]\nbatch =\n", {0}, ":2: batch has no value"},
	{"[a]\n = 3\n", {0}, ":2: no key before the '='"},
	/* sections */
	{"", {0}, ": nothing to run"},
	{"[global]\nrounds = 3\n", {0}, ": nothing to run"},
	{"; only a comment\n", {0}, ": nothing to run"},
	{"[a]\n[b]\n[a]\n", {0}, ":3: section [a] is here a second time"},
	{"[a\nbatch = 1\n", {0}, ":1: '[' without its ']'"},
	{"[]\n", {0}, ":1: a section's name is"},
	{"[a b]\n", {0}, ":1: a section's name is"},
	{"[a-name-that-is-much-longer-than-any-section-needs-to-be]\n", {0},
		":1: the section's name is longer"},
	{"[a]\n\nnonsense\n[b]\n", {0}, ":3: neither '[section]' nor"},
	{"[a]\n[b]\nnonsense\n", {0}, ":3: neither '[section]' nor"},
	/* inheritance */
	{"[throughput]\n[b]\ninherit = thruoghput\n", {0},
		":3: inherit = thruoghput: there is no such section; did you "
		"mean 'throughput'?"},
	{"[a]\ninherit = b\n[b]\ninherit = a\n", {0}, "goes in a circle"},
	{"[a]\ninherit = a\n", {0}, ":2: 'inherit' goes in a circle"},
	{"[a]\ninherit = global\n", {0}, ":2: 'inherit' cannot name [global]"},
	{"[global]\ninherit = a\n[a]\n", {0},
		":2: 'inherit' cannot be in [global]"},
	/* words */
	{"[a]\ntransport = ring, pip\n", {0},
		":2: unknown transport 'pip'; did you mean 'pipe'?"},
	{"[a]\ntransport = zeromq\n", {0}, "`ipcmark list` shows all"},
	{"[a]\ntransport = exec:\n", {0}, "needs a command"},
	{"[a]\nwait = blok\n", {0},
		":2: wait = 'blok' is unknown; did you mean "
		"'block'?"},
	{"[a]\nverify = sometimes\n", {0}, "it is full, header or sum"},
	{"[a]\nmode = trip\n", {0},
		"it is throughput, roundtrip, open or crash"},
	{"[a]\nrate = 1k\narrival = posson\n", {0}, "did you mean 'poisson'?"},
	/* loads */
	{"[a]\nrate = 0\n", {0}, ":2: rate is from 1 to"},
	{"[a]\nrate = 0%\n", {0}, "rate is from 1 to 1000, not '0'"},
	{"[a]\nrate = fast\n", {0}, "rate = 'fast' is not a whole number"},
	{"[a]\nrate = 10%..90/5\n", {0}, "both ends of a range"},
	{"[a]\nrate = 10..90%/5\n", {0}, "both ends of a range"},
	{"[a]\nrate = 50%, 10%..90%/5\n", {0}, "rate: 50% comes a second"},
	{"[a]\nrate = 1k, 1000\n", {0}, "rate: 1000 comes a second time"},
	{"[a]\nburst = 0\n", {0}, "burst is from 1 to 1000000"},
	{"[a]\nburst = 10 every 5\n", {0}, "a time needs a unit"},
	{"[a]\nburst = every 5ms\n", {0}, "burst has no value"},
	{"[a]\nburst = 10 every 5ms\nrate = 1k\n", {0},
		":2: 'burst' and 'rate' of one section say the same thing"},
	{"[a]\nmode = open\nmsg_sizes = 64, 1Ki\n", {0},
		"each size has its share"},
	{"[a]\nmode = open\nmsg_sizes = 64:70%, 1Ki:20%\n", {0},
		"the shares make 90%, not 100%"},
	{"[a]\nmode = open\nmsg_sizes = 64:70%, 64B:30%\n", {0},
		"this size comes a second time"},
	{"[a]\nmode = open\nmsg_sizes = 64:100%\nmsg_size = 64\n", {0},
		":3: 'msg_sizes' and 'msg_size' of one section"},
	{"[a]\nmode = open\nwork = 2\n", {0}, ":3: a time needs a unit"},
	{"[a]\nuntil = 5\n", {0}, "this is a percentage, such as 5%"},
	{"[a]\nuntil = 0%\n", {0}, "until is from 1 to 100"},
	{"[a]\nplacement = nera\n", {0}, "did you mean 'near'?"},
	{"[a]\nplacement = 0//1\n", {0}, "unknown placement '0//1'"},
	{"[a]\nkill = producers\n", {0}, "did you mean 'producer'?"},
	{"[a]\nverify = full, header\n", {0}, "takes one value, not a list"},
	/* numbers */
	{"[a]\nmsg_size = 64K\n", {0},
		"unknown unit 'K' in '64K'; did you "
		"mean 'k'? (k is 1000, Ki is 1024)"},
	{"[a]\nmsg_size = 64Kib\n", {0}, "did you mean 'Ki'?"},
	{"[a]\nmsg_size = 64x\n", {0}, ":2: unknown unit 'x' in '64x'"},
	{"[a]\nmsg_size = many\n", {0}, "not a whole number"},
	{"[a]\nmsg_size = -1\n", {0}, "not a whole number"},
	{"[a]\nmsg_size = 1.5Ki\n", {0}, "not a whole number"},
	{"[a]\nmsg_size = 2Gi\n", {0}, "msg_size is from 0 to 1073741824"},
	{"[a]\nmsg_size = 99999999999999999999\n", {0}, "is from 0 to"},
	{"[a]\nmsg_size = 99999999999Gi\n", {0}, "is from 0 to"},
	{"[a]\nbatch = 0\n", {0}, "batch is from 1 to 1024, not '0'"},
	{"[a]\nconsumers = 33\n", {0}, "consumers is from 1 to 32"},
	{"[a]\nrounds = 10001\n", {0}, "rounds is from 1 to 10000"},
	{"[global]\nbatch = 0\n[a]\nbatch = 1\n", {0}, ":2: batch is from 1"},
	/* lists and ranges */
	{"[a]\nbatch = 1,,2\n", {0}, "nothing stands before a comma"},
	{"[a]\nbatch = 1,\n", {0}, "ends with a comma"},
	{"[a]\nmsg_size = 8, 1k, 1000\n", {0}, "1000 comes a second time"},
	{"[a]\ntransport = ring, ring\n", {0}, "'ring' comes a second time"},
	{"[a]\nmsg_size = 8..64\n", {0}, "how does '8..64' get from"},
	{"[a]\nmsg_size = 64..8*2\n", {0}, "goes down"},
	{"[a]\nmsg_size = 0..8*2\n", {0}, "never gets anywhere"},
	{"[a]\nmsg_size = 8..64*1\n", {0}, "never gets anywhere"},
	{"[a]\nmsg_size = 8..64/1\n", {0}, "asks for 1 values"},
	{"[a]\nmsg_size = 1..3/9\n", {0}, "asks for 9 values"},
	{"[a]\nmsg_size = 0..5000/1001\n", {0}, "asks for 1001 values"},
	{"[a]\nmsg_size = ..64*2\n", {0}, "msg_size has no value"},
	{"[a]\nmsg_size = 1..64+0\n", {0}, "never gets anywhere; add"},
	{"[a]\nmsg_size = 0..5000+1\n", {0}, "has more than 1000 values"},
	/* keys in step */
	{"[a]\nzip = msg_size\n", {0}, ":2: zip names from 2 to 16 keys"},
	{"[a]\nzip = msg_size, bach\n", {0},
		":2: unknown key 'bach'; did you mean 'batch'?"},
	{"[a]\nzip = msg_size, rounds\n", {0}, ":2: zip: 'rounds' is no axis"},
	{"[a]\nzip = msg_size, mode\n", {0}, ":2: zip: 'mode' is no axis"},
	{"[a]\nmsg_size = 1, 2, 3\nbatch = 1, 2\nzip = msg_size, batch\n", {0},
		":4: zip in section [a]: msg_size has 3 values and batch has "
		"2; keys in step need equally many, or one"},
	{"[global]\nzip = msg_size, batch\n[a]\n", {0},
		":2: 'zip' cannot be in [global]"},
	/* times */
	{"[a]\nslice = 100\n", {0}, ":2: a time needs a unit: slice = 100ms"},
	{"[a]\nslice = 100sm\n", {0},
		"unknown unit 'sm' in '100sm'; did you "
		"mean 'ms'?"},
	{"[a]\nslice = 100hours\n", {0}, "a time is in ns, us, ms or s"},
	{"[a]\nslice = 0.1s\n", {0}, "not a whole number with a unit"},
	{"[a]\nslice = 1us\n", {0}, "slice is from 1ms to 60s, not '1us'"},
	{"[a]\nslice = 99999999999s\n", {0}, "slice is from 1ms to 60s"},
	/* what belongs to which mode */
	{"[a]\nmode = throughput\nkill = producer\n", {0},
		":3: 'kill' is for crash sections"},
	{"[a]\nrecover_within = 1s\n", {0}, ":2: 'recover_within' is for"},
	{"[a]\nkill = producer\nverify = header\n", {0},
		":3: verify = header is not enough for crash section [a], "
		"where "
		"messages are out when their sender dies; write verify = full "
		"there"},
	{"[global]\nverify = sum\n[a]\nkills = 3\n", {0},
		":2: verify = sum is not enough for crash section [a]"},
	{"[a]\nlate = drop\n", {0}, ":2: 'late' is for open sections"},
	{"[a]\nmode = open\nlate = dorp\n", {0}, "did you mean 'drop'?"},
	{"[a]\nwork = 2us\n", {0}, ":2: 'work' is for open sections"},
	{"[a]\nmode = roundtrip\nrate = 1k\n", {0},
		":3: 'rate' is for open sections"},
	{"[a]\nkills = 3\nrate = 1k\n", {0}, ":3: 'rate' is for open sections"},
	{"[a]\nrate = 1k\nrecover_within = 1s\n", {0},
		":3: 'recover_within' is for crash sections"},
	{"[a]\nkills = 3\nuntil = 5%\n", {0}, ":3: 'until' means nothing"},
	{"[a]\nkills = 3\nrounds = 3\n", {0}, ":3: 'rounds' means nothing"},
	/* the environment */
	{"[a]\nbatch = ${TEST_SCENARIO_UNSET}\n", {0},
		":2: the environment has no TEST_SCENARIO_UNSET"},
	{"[a]\nbatch = ${TEST_SCENARIO_UNSET:-0}\n", {0}, "not '0'"},
	{"[a]\nbatch = ${X\n", {0}, "'${' without its '}'"},
	{"[a]\nbatch = ${A-B}\n", {0}, "'${A-B}' is neither"},
	/* --set */
	{"[a]\n", {"a.rouds=2"},
		"--set a.rouds=2: unknown key 'rouds'; did "
		"you mean 'rounds'?"},
	{"[abc]\n", {"abd.rounds=2"},
		"--set abd.rounds=2: there is no section "
		"[abd]; did you mean 'abc'?"},
	{"[a]\n", {"rounds=2"},
		"--set rounds=2: write --set section.key=value"},
	{"[a]\n", {"a.rounds"}, "write --set section.key=value"},
	{"[a]\n", {".rounds=2"}, "write --set section.key=value"},
	{"[a]\n", {"a.=2"}, "write --set section.key=value"},
	{"[a]\n", {"a.rounds="}, "--set a.rounds=: rounds has no value"},
	{"[a]\n", {"global.slice=5"}, "--set global.slice=5: a time needs"},
};

START_TEST(test_scenario_mistake_is_told_with_its_place)
{
	struct capture capture = capture_begin();
	struct scenario scenario;
	char said[1024], expected[512];
	int error = load(mistakes[_i].text, mistakes[_i].sets, &scenario);

	capture_end(&capture, said, sizeof(said));
	ck_assert_msg(error == -EINVAL, "'%s' was taken", mistakes[_i].text);
	snprintf(expected, sizeof(expected), "%s%s",
		mistakes[_i].message[0] == ':' ? path : "",
		mistakes[_i].message);
	ck_assert_msg(strstr(said, expected) != NULL,
		"'%s' -> '%s' without '%s'", mistakes[_i].text, said, expected);
	/* One line, and nothing of a half-made message. */
	ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
}
END_TEST

START_TEST(test_scenario_line_too_long_is_told)
{
	char text[400], said[1024];
	struct capture capture;
	struct scenario scenario;

	memset(text, 'x', sizeof(text));
	memcpy(text, "[a]\ntransport=", 14);
	strcpy(text + sizeof(text) - 2, "\n");
	capture = capture_begin();
	ck_assert_int_eq(load(text, NULL, &scenario), -EINVAL);
	capture_end(&capture, said, sizeof(said));
	ck_assert_ptr_nonnull(strstr(said, ":2: the line is longer than"));
	/* A comment may be as long as it likes. */
	memcpy(text, "[a]\n; ", 6);
	ck_assert_int_eq(load(text, NULL, &scenario), 0);
	scenario_free(&scenario);
}
END_TEST

START_TEST(test_scenario_file_missing_is_told_with_its_neighbour)
{
	char near[64], said[1024];
	const char *files[] = {near};
	struct capture capture = capture_begin();
	struct scenario scenario;
	int error;

	write_file("[a]\n");
	snprintf(near, sizeof(near), "%s", path);
	near[strlen(near) - 3] = 'n'; /* XXXXXX.nni */
	error = scenario_load(files, 1, NULL, 0, &scenario);
	capture_end(&capture, said, sizeof(said));
	ck_assert_int_eq(error, -ENOENT);
	ck_assert_msg(strstr(said, "did you mean '/tmp/test_scenario_") != NULL,
		"%s", said);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario_mistakes");
	TCase *tests = tcase_create("scenario_mistakes");

	tcase_add_loop_test(tests, test_scenario_mistake_is_told_with_its_place,
		0, sizeof(mistakes) / sizeof(mistakes[0]));
	tcase_add_test(tests, test_scenario_line_too_long_is_told);
	tcase_add_test(
		tests, test_scenario_file_missing_is_told_with_its_neighbour);
	suite_add_tcase(suite, tests);
	return run_with_file(suite);
}
