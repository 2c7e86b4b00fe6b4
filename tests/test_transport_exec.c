/* test_transport_exec.c - worker programs, good and bad.
 *
 * The good ones are mp-queue and its like, and a shell script that says what docs/
 * worker-protocol.md shows. The bad ones are shell scripts that babble, stay
 * silent, die, or lie: each must end as a clear reason within its patience,
 * and leave no process behind.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/hist.h"
#include "run/slice.h"
#include "transport/transport.h"

#define PATIENCE "IPCMARK_WORKER_PATIENCE_MS"
#define TAG_VARIABLE "IPCMARK_TEST_TAG"
#define GOODBYE_NS UINT64_C(10000000000)

#define GREETING                                      \
	"echo ipcmark-worker protocol=1 name=script " \
	"caps=throughput,roundtrip,spin,block\n"
#define GREETING_AND_READY GREETING "read setup\necho ready\n"
#define FIGURES                                                               \
	"elapsed_ns=1000 cpu_ns=900 sent=12 received=11 lost=1 duplicated=2 " \
	"reordered=3 corrupted=4"

static char script_path[] = "/tmp/ipcmark-test-XXXXXX";
static char tag[64];

static struct bench_case bench_of(enum case_mode mode)
{
	return (struct bench_case){
		.mode = mode,
		.msg_size_bytes = 64,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.cpus = {CASE_CPU_ANY, CASE_CPU_ANY},
		.wait = WAIT_BLOCK,
		.verify = VERIFY_FULL,
		.warmup_ns = 5000000,
		.slice_ns = 30000000,
	};
}

static struct channel *channel_of(
	const struct transport *transport, const char *spec)
{
	const struct channel_config config = {
		.spec = spec,
		.name = "ipcmark-test-exec",
		.msg_size_bytes = 64,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.wait = WAIT_BLOCK,
	};
	struct channel *channel;

	ck_assert_int_eq(transport->create(&config, &channel), 0);
	return channel;
}

/* Processes that carry this test's tag in their environment. */
static unsigned tagged_processes(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	unsigned count = 0;

	ck_assert_ptr_nonnull(proc);
	while ((entry = readdir(proc))) {
		char path[300], text[65536];
		ssize_t got;
		int fd;

		if (atoi(entry->d_name) <= 0 ||
			atoi(entry->d_name) == (int)getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/environ", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		got = read(fd, text, sizeof(text));
		close(fd);
		if (got > 0 && memmem(text, (size_t)got, tag, strlen(tag)))
			count++;
	}
	closedir(proc);
	return count;
}

static void expect_nobody_left(void)
{
	static const struct timespec tick = {.tv_nsec = 5000000};
	uint64_t deadline_ns = deadline_after(GOODBYE_NS);

	while (tagged_processes() && deadline_left_ns(deadline_ns))
		nanosleep(&tick, NULL);
	ck_assert_uint_eq(tagged_processes(), 0);
}

static void tag_set_up(void)
{
	snprintf(tag, sizeof(tag), "ipcmark-test-%ld", (long)getpid());
	setenv(TAG_VARIABLE, tag, 1);
	setenv(PATIENCE, "30000", 1);
}

static void script_write(const char *body)
{
	FILE *file = fopen(script_path, "we");

	ck_assert_ptr_nonnull(file);
	fputs(body, file);
	ck_assert_int_eq(fclose(file), 0);
}

/* Run @body as "exec:/bin/sh SCRIPT" for a slice; returns what that returns. */
static int script_run(
	const char *body, enum case_mode mode, struct slice_report *ret_report)
{
	const struct transport *transport = transport_find("exec:x");
	struct bench_case bench = bench_of(mode);
	struct slice_request request = {.bench = &bench, .seed = 1};
	struct channel *channel;
	char spec[100];
	int ret, again;

	script_write(body);
	snprintf(spec, sizeof(spec), "exec:/bin/sh %s", script_path);
	channel = channel_of(transport, spec);
	ret = transport->run_slice(channel, &request, ret_report);
	if (ret) {
		again = transport->run_slice(channel, &request, ret_report);
		ck_assert_int_eq(again, ret);
	}
	transport->destroy(channel);
	return ret;
}

struct bad {
	const char *what;
	const char *body;
	int ret;
	const char *reason; /* a part of it */
	bool hasty;	    /* silence is the point: do not wait long for it */
};

static const struct bad bads[] = {
	{"babbles", "echo hello, world\nsleep 100\n", -EBADMSG,
		"not a worker program: it says 'hello, world'", false},
	{"babbles bytes", "printf 'a\\000b\\n'\nsleep 100\n", -EBADMSG,
		"its start is no line of text", false},
	{"never ends a line", "while :; do printf %01000d 0; done\n", -EMSGSIZE,
		"its start is no line of text", false},
	{"says nothing", "sleep 100\n", -ETIMEDOUT, "did not answer its start",
		true},
	{"hears nothing", GREETING "sleep 100\n", -ETIMEDOUT,
		"did not answer setup", true},
	{"leaves a child behind", GREETING "sleep 100 & sleep 100\n",
		-ETIMEDOUT, "did not answer setup", true},
	{"dies at once", "exit 3\n", -EPIPE,
		"its start: it ended with status 3", false},
	{"is killed", GREETING "read setup\nkill -9 $$\n", -EPIPE,
		"setup: it was killed by signal 9", false},
	{"dies in a slice", GREETING_AND_READY "read slice\nexit 0\n", -EPIPE,
		"slice: it ended with status 0", false},
	{"hangs in a slice", GREETING_AND_READY "sleep 100\n", -ETIMEDOUT,
		"did not answer slice", true},
	{"is of the future", "echo ipcmark-worker protocol=2\nsleep 100\n",
		-EPROTO, "speaks protocol 2, this harness protocol 1", false},
	{"can do little",
		"echo ipcmark-worker protocol=1 caps=roundtrip\ncat\n",
		-ENOTSUP, "does not offer throughput", false},
	{"carries little",
		"echo ipcmark-worker protocol=1 max_len=8 "
		"caps=throughput,block\ncat\n",
		-ENOTSUP, "at most 8 bytes", false},
	{"refuses",
		GREETING "read setup\necho refuse reason=no such luck\ncat\n",
		-ENOTSUP, "no such luck", false},
	{"does not say ready", GREETING "read setup\necho readily\ncat\n",
		-EBADMSG, "'readily' where ready or refuse is due", false},
	{"fails",
		GREETING_AND_READY "read slice\necho fail reason=tired\ncat\n",
		-EIO, "tired", false},
	{"forgets a figure",
		GREETING_AND_READY "read slice\necho done msgs=1\ncat\n",
		-EBADMSG, "lacks elapsed_ns", false},
	{"gives no number",
		GREETING_AND_READY "read slice\necho done msgs=-4 " FIGURES
				   "\ncat\n",
		-EBADMSG, "msgs=-4, which is no number", false},
	{"says it twice",
		GREETING_AND_READY
		"read slice\necho done msgs=1 msgs=2 " FIGURES "\ncat\n",
		-EBADMSG, "comes twice", false},
	{"counts too much",
		GREETING_AND_READY
		"read slice\n"
		"echo done msgs=9 rtt=5:99999999999999 " FIGURES "\ncat\n",
		-EBADMSG, "at most msgs round trips", false},
	{"garbles round trips",
		GREETING_AND_READY
		"read slice\necho done msgs=9 rtt=5:1,x " FIGURES "\ncat\n",
		-EBADMSG, "not VALUE:COUNT", false},
};

START_TEST(test_transport_exec_bad_program_is_a_reason)
{
	const struct bad *bad = &bads[_i];
	struct slice_report report = {.msgs = 77};
	int ret;

	if (bad->hasty)
		setenv(PATIENCE, "300", 1);
	ret = script_run(bad->body, MODE_THROUGHPUT, &report);
	ck_assert_msg(ret == bad->ret, "a program that %s: %d, not %d: %s",
		bad->what, ret, bad->ret, report.reason);
	ck_assert_msg(strstr(report.reason, bad->reason) != NULL,
		"a program that %s: '%s'", bad->what, report.reason);
	ck_assert_uint_eq(report.msgs, 77);
	expect_nobody_left();
}
END_TEST

START_TEST(test_transport_exec_good_program_is_reported)
{
	static struct hist rtt;
	struct slice_report report = {.rtt = &rtt};
	int ret;

	hist_init(&rtt);
	ret = script_run(GREETING_AND_READY
		"read slice\n"
		"echo done msgs=10 rtt=500:7,900:3 later=9 " FIGURES "\ncat\n",
		MODE_ROUNDTRIP, &report);
	ck_assert_msg(!ret, "%s", report.reason);
	ck_assert_uint_eq(report.msgs, 10);
	ck_assert_uint_eq(report.elapsed_ns, 1000);
	ck_assert_uint_eq(report.cpu_ns, 900);
	ck_assert_uint_eq(report.verify.sent, 12);
	ck_assert_uint_eq(report.verify.received, 11);
	ck_assert_uint_eq(report.verify.lost, 1);
	ck_assert_uint_eq(report.verify.duplicated, 2);
	ck_assert_uint_eq(report.verify.reordered, 3);
	ck_assert_uint_eq(report.verify.corrupted, 4);
	ck_assert_uint_eq(rtt.total, 10);
	ck_assert_uint_eq(rtt.min_ns, 500);
	ck_assert_uint_eq(rtt.max_ns, 900);
	expect_nobody_left();
}
END_TEST

START_TEST(test_transport_exec_is_told_the_case)
{
	struct slice_report report = {0};

	ck_assert_int_eq(script_run(GREETING
				 "read line\necho refuse reason=$line\ncat\n",
				 MODE_THROUGHPUT, &report),
		-ENOTSUP);
	ck_assert_str_eq(report.reason,
		"setup mode=throughput msg_size=64 batch=1 producers=1 "
		"consumers=1 wait=block verify=full capacity=0 cpus=-1,-1");
	ck_assert_int_eq(script_run(GREETING_AND_READY
				 "read line\necho fail reason=$line\ncat\n",
				 MODE_THROUGHPUT, &report),
		-EIO);
	ck_assert_str_eq(report.reason,
		"slice round=0 seed=1 warmup_ns=5000000 slice_ns=30000000");
}
END_TEST

START_TEST(test_transport_exec_missing_program_cannot_run)
{
	static const struct {
		const char *spec;
		const char *reason;
	} rows[] = {
		{"exec:", "needs a command"},
		{"exec:   ", "needs a command"},
		{"exec", "needs a command"},
		{"exec:no-such-program-here 1", "'no-such-program-here'"},
		{"exec:/etc/passwd", "'/etc/passwd'"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench_case bench = bench_of(MODE_THROUGHPUT);
		char reason[CASE_REASON_BYTES] = "";

		snprintf(bench.transport, sizeof(bench.transport), "%s",
			rows[i].spec);
		ck_assert_int_eq(transport_can_run(transport_find(rows[i].spec),
					 &bench, reason, sizeof(reason)),
			-ENOTSUP);
		ck_assert_msg(strstr(reason, rows[i].reason) != NULL,
			"%s: '%s'", rows[i].spec, reason);
	}
}
END_TEST

START_TEST(test_transport_exec_unrunnable_program_is_a_reason)
{
	const struct transport *transport = transport_find("exec:x");
	struct channel *channel =
		channel_of(transport, "exec:/no/such/program at all");
	struct bench_case bench = bench_of(MODE_THROUGHPUT);
	struct slice_request request = {.bench = &bench};
	struct slice_report report = {0};

	ck_assert_int_eq(
		transport->run_slice(channel, &request, &report), -ENOENT);
	ck_assert_str_eq(report.reason,
		"cannot run '/no/such/program': No such file or directory");
	transport->destroy(channel);
}
END_TEST

/* Is it to be had here? Says why not. */
static bool mp_runs(struct bench_case *bench, const char *name)
{
	char reason[CASE_REASON_BYTES] = "";

	snprintf(bench->transport, sizeof(bench->transport), "%s", name);
	if (!transport_can_run(
		    transport_find(name), bench, reason, sizeof(reason)))
		return true;
	printf("SKIP: %s: %s\n", name, reason);
	return false;
}

static const struct {
	const char *name;
	enum case_mode mode;
	unsigned producers;
	unsigned consumers;
	uint64_t msg_size_bytes;
} mp_cases[] = {
	{"mp-queue", MODE_THROUGHPUT, 1, 1, 0},
	{"mp-queue", MODE_THROUGHPUT, 1, 1, 5},
	{"mp-queue", MODE_THROUGHPUT, 1, 1, 64},
	{"mp-queue", MODE_THROUGHPUT, 1, 1, 1 << 20},
	{"mp-queue", MODE_THROUGHPUT, 2, 2, 64},
	{"mp-queue", MODE_ROUNDTRIP, 1, 1, 64},
	{"mp-simplequeue", MODE_THROUGHPUT, 1, 1, 0},
	{"mp-simplequeue", MODE_THROUGHPUT, 1, 1, 1 << 20},
	{"mp-simplequeue", MODE_THROUGHPUT, 2, 2, 64},
	{"mp-simplequeue", MODE_ROUNDTRIP, 1, 1, 64},
	{"mp-pipe", MODE_THROUGHPUT, 1, 1, 0},
	{"mp-pipe", MODE_THROUGHPUT, 1, 1, 64},
	{"mp-pipe", MODE_THROUGHPUT, 1, 1, 1 << 20},
	{"mp-pipe", MODE_ROUNDTRIP, 1, 1, 64},
};

START_TEST(test_transport_mp_slices_lose_nothing)
{
	const struct transport *transport = transport_find(mp_cases[_i].name);
	struct bench_case bench = bench_of(mp_cases[_i].mode);
	struct slice_request request = {.bench = &bench, .seed = 7};
	static struct hist rtt;
	struct channel *channel;

	bench.producers = mp_cases[_i].producers;
	bench.consumers = mp_cases[_i].consumers;
	bench.msg_size_bytes = mp_cases[_i].msg_size_bytes;
	for (unsigned i = 0; i < CASE_MAX_WORKERS; i++)
		bench.cpus[i] = CASE_CPU_ANY;
	if (!mp_runs(&bench, transport->name))
		return;
	channel = channel_of(transport, transport->name);
	hist_init(&rtt);
	for (request.round = 0; request.round < 2; request.round++) {
		struct slice_report report = {.rtt = &rtt};
		int ret = transport->run_slice(channel, &request, &report);

		ck_assert_msg(!ret, "%s", report.reason);
		ck_assert_uint_gt(report.verify.sent, 0);
		ck_assert_uint_eq(report.verify.received, report.verify.sent);
		ck_assert_uint_eq(report.verify.lost, 0);
		ck_assert_uint_eq(report.verify.duplicated, 0);
		ck_assert_uint_eq(report.verify.reordered, 0);
		ck_assert_uint_eq(report.verify.corrupted, 0);
		ck_assert_uint_eq(report.elapsed_ns, bench.slice_ns);
		ck_assert_uint_le(report.msgs, report.verify.received);
	}
	if (bench.mode == MODE_ROUNDTRIP)
		ck_assert_uint_gt(rtt.total, 0);
	transport->destroy(channel);
	expect_nobody_left();
}
END_TEST

START_TEST(test_transport_mp_queue_refuses_what_it_cannot_do)
{
	struct bench_case bench = bench_of(MODE_THROUGHPUT);
	const struct transport *transport = transport_find("mp-queue");
	char reason[CASE_REASON_BYTES] = "";

	snprintf(bench.transport, sizeof(bench.transport), "mp-queue");
	bench.wait = WAIT_SPIN;
	ck_assert_int_eq(
		transport_can_run(transport, &bench, reason, sizeof(reason)),
		-ENOTSUP);
	setenv("PATH", "/nowhere", 1);
	bench.wait = WAIT_BLOCK;
	ck_assert_int_eq(
		transport_can_run(transport, &bench, reason, sizeof(reason)),
		-ENOTSUP);
	ck_assert_msg(strstr(reason, "python3") != NULL, "'%s'", reason);
}
END_TEST

/* A harness that is killed while its workers are busy. Says so through
 * @telltale once they are: python3 may be a script that starts others first. */
static void busy_harness(int telltale)
{
	const struct transport *transport = transport_find("mp-queue");
	struct bench_case bench = bench_of(MODE_THROUGHPUT);
	struct slice_request request = {.bench = &bench, .seed = 7};
	struct slice_report report = {0};
	struct channel *channel = channel_of(transport, "mp-queue");

	if (!transport->run_slice(channel, &request, &report) &&
		write(telltale, "b", 1) == 1) {
		bench.slice_ns = GOODBYE_NS;
		transport->run_slice(channel, &request, &report);
	}
	_exit(0);
}

START_TEST(test_transport_mp_queue_killed_harness_leaves_nobody)
{
	struct bench_case bench = bench_of(MODE_THROUGHPUT);
	int telltale[2];
	pid_t harness;
	char byte;

	if (!mp_runs(&bench, "mp-queue"))
		return;
	ck_assert_int_eq(pipe2(telltale, O_CLOEXEC), 0);
	harness = fork();
	ck_assert_int_ge(harness, 0);
	if (!harness)
		busy_harness(telltale[1]);
	close(telltale[1]);
	ck_assert_int_eq(read(telltale[0], &byte, 1), 1);
	ck_assert_uint_ge(tagged_processes(), 3); /* itself, two workers */
	kill(harness, SIGKILL);
	waitpid(harness, NULL, 0);
	expect_nobody_left();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("transport-exec");
	TCase *tcase = tcase_create("exec");
	TCase *python = tcase_create("mp-queue");
	SRunner *runner = srunner_create(suite);
	int script = mkstemp(script_path);
	int failed;

	if (script < 0) {
		perror(script_path);
		return EXIT_FAILURE;
	}
	close(script);
	tcase_set_timeout(tcase, 120);
	tcase_set_timeout(python, 120);
	tcase_add_checked_fixture(tcase, tag_set_up, NULL);
	tcase_add_checked_fixture(python, tag_set_up, NULL);
	tcase_add_loop_test(tcase, test_transport_exec_bad_program_is_a_reason,
		0, sizeof(bads) / sizeof(*bads));
	tcase_add_test(tcase, test_transport_exec_good_program_is_reported);
	tcase_add_test(tcase, test_transport_exec_is_told_the_case);
	tcase_add_test(tcase, test_transport_exec_missing_program_cannot_run);
	tcase_add_test(
		tcase, test_transport_exec_unrunnable_program_is_a_reason);
	tcase_add_loop_test(python, test_transport_mp_slices_lose_nothing, 0,
		sizeof(mp_cases) / sizeof(*mp_cases));
	tcase_add_test(
		python, test_transport_mp_queue_refuses_what_it_cannot_do);
	tcase_add_test(
		python, test_transport_mp_queue_killed_harness_leaves_nobody);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, python);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	unlink(script_path);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
