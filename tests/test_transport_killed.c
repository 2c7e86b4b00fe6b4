/* test_transport_killed.c - what is left on the machine when the harness itself
 * is killed: by SIGKILL, with a channel open and a message in it.
 *
 * Over the whole table. Looked for: programs that it had started, files in a
 * folder for temporary ones that it had for itself, and System V queues, which
 * have a number only. What bears the channel's name, in /dev/shm or as a POSIX
 * queue, can be told for the harness's own later on, and is removed here. A
 * clean-up may take its time; the patience is only for one that never comes.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "own_names.h"
#include "transport/transport.h"

#define TAG_VARIABLE "IPCMARK_TEST_TAG"
#define PATIENCE_NS UINT64_C(20000000000)

enum {
	MESSAGE_BYTES = 48,
};

static char folder[] = "/tmp/ipcmark-test-XXXXXX";
static char name[OWN_NAME_BYTES];

/* One that takes nothing as long as there is nobody to take it says so. */
static bool play_sends(const struct transport *transport, struct endpoint *end)
{
	const char body[MESSAGE_BYTES] = "left behind";
	struct outbound message = {.data = body, .len = sizeof(body)};
	int ret = transport->send(end, &message, 0);

	return !ret || ret == -EAGAIN;
}

/* In the harness: up to a message on its way, then say so and wait. */
_Noreturn static void harness_play(
	const struct transport *transport, int telltale)
{
	const struct channel_config config = {
		.spec = transport->name,
		.name = name,
		.msg_size_bytes = MESSAGE_BYTES,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.wait = transport->caps & CAP_BLOCK ? WAIT_BLOCK : WAIT_SPIN,
	};
	char reason[CASE_REASON_BYTES];
	struct channel *channel;
	struct endpoint *end;
	char answer = 'y';

	setenv("TMPDIR", folder, 1);
	setenv(TAG_VARIABLE, name, 1);
	if (transport->can_run &&
		transport->can_run(&config, reason, sizeof(reason)))
		answer = 's';
	else if (transport->create(&config, &channel) ||
		 transport->attach(channel, ROLE_PRODUCER, 0, &end) ||
		 !play_sends(transport, end))
		answer = 'n';
	if (write(telltale, &answer, 1) == 1)
		for (;;)
			pause();
	_exit(1);
}

/* What has @part in its name; nothing hidden. */
static unsigned names_in(const char *path, const char *part)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	unsigned count = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strstr(entry->d_name, part))
			count++;
	closedir(dir);
	return count;
}

/* Processes, not this one, that were started with this test's tag. */
static bool programs_left(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool found = false;

	ck_assert_ptr_nonnull(proc);
	while (!found && (entry = readdir(proc))) {
		char path[300], text[65536];
		ssize_t got;
		int fd;

		if (atoi(entry->d_name) <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/environ", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		got = read(fd, text, sizeof(text));
		close(fd);
		found = got > 0 &&
			memmem(text, (size_t)got, name, strlen(name));
	}
	closedir(proc);
	return found;
}

/* A System V queue whose last message came from @pid. */
static bool sysv_left(pid_t pid)
{
	FILE *file = fopen("/proc/sysvipc/msg", "re");
	bool found = false;
	char line[512];
	long sender;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*d %*d %*o %*u %*u %ld", &sender) == 1 &&
			sender == (long)pid;
	fclose(file);
	return found;
}

/* Something, in words, or NULL. */
static const char *what_is_left(pid_t harness)
{
	if (names_in(folder, "") || names_in("/tmp", name))
		return "a temporary file";
	if (programs_left())
		return "a program";
	if (sysv_left(harness))
		return "a System V queue";
	return NULL;
}

static void remove_named(void)
{
	DIR *dir = opendir("/dev/shm");
	const struct dirent *entry;
	char queue[80];

	while (dir && (entry = readdir(dir)))
		if (strstr(entry->d_name, name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	snprintf(queue, sizeof(queue), "/%s", name);
	mq_unlink(queue);
}

START_TEST(test_transport_killed_harness_leaves_nothing_nameless)
{
	static const struct timespec tick = {.tv_nsec = 2000000};
	const struct transport *transport = transport_table()[_i];
	uint64_t deadline_ns;
	const char *left;
	int telltale[2];
	pid_t harness;
	char answer;

	if (transport->caps & CAP_EXTERNAL)
		return; /* test_transport_exec.c */
	own_name(name);
	ck_assert_int_eq(pipe2(telltale, O_CLOEXEC), 0);
	harness = fork();
	ck_assert_int_ge(harness, 0);
	if (!harness)
		harness_play(transport, telltale[1]);
	close(telltale[1]);
	ck_assert_int_eq(read(telltale[0], &answer, 1), 1);
	kill(harness, SIGKILL);
	waitpid(harness, NULL, 0);
	ck_assert_msg(
		answer != 'n', "%s cannot send a message", transport->name);
	deadline_ns = deadline_after(PATIENCE_NS);
	while ((left = what_is_left(harness)) && deadline_left_ns(deadline_ns))
		nanosleep(&tick, NULL);
	remove_named();
	ck_assert_msg(!left, "%s leaves %s", transport->name, left);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("transport-killed");
	TCase *tcase = tcase_create("killed");
	SRunner *runner = srunner_create(suite);
	int transports = 0;
	int failed;

	if (!mkdtemp(folder)) {
		perror(folder);
		return EXIT_FAILURE;
	}
	while (transport_table()[transports])
		transports++;
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase,
		test_transport_killed_harness_leaves_nothing_nameless, 0,
		transports);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	rmdir(folder);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
