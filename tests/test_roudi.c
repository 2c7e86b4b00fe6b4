/* test_roudi.c - the broker of iceoryx: started, stopped, killed, somebody
 * else's.
 *
 * Its things have fixed names, so each test is in a mount namespace of its own,
 * where /tmp and /dev/shm are empty and nobody else sees them. A machine that
 * allows none, or has no broker, is told of and skipped.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/program.h"
#include "session/roudi.h"

#define BOOKS "/dev/shm/iceoryx_mgmt"
#define LOCK "/tmp/iox-unique-roudi.lock"
#define PATIENCE_NS UINT64_C(20000000000)

enum {
	CHUNK_BYTES = 64,
	CHUNKS = 16,
};

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool whole = fd >= 0 &&
		     write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return whole;
}

static bool enter_namespace(void)
{
	long uid = (long)geteuid(), gid = (long)getegid();
	char text[64];

	if (!unshare(CLONE_NEWNS))
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) ||
		!write_text("/proc/self/setgroups", "deny"))
		return false;
	snprintf(text, sizeof(text), "%ld %ld 1", uid, uid);
	if (!write_text("/proc/self/uid_map", text))
		return false;
	snprintf(text, sizeof(text), "%ld %ld 1", gid, gid);
	return write_text("/proc/self/gid_map", text);
}

/* Alone with a RouDi to start? Says why not. */
static bool isolate(void)
{
	char reason[256];

	unsetenv("TMPDIR");
	if (!enter_namespace() ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("none", "/tmp", "tmpfs", 0, NULL) ||
		mount("none", "/dev/shm", "tmpfs", 0, NULL)) {
		printf("SKIP: no mount namespace here: %s\n", strerror(errno));
		return false;
	}
	if (roudi_can_run(0, reason, sizeof(reason))) {
		printf("SKIP: %s\n", reason);
		return false;
	}
	return true;
}

static unsigned names_in(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	unsigned count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			count++;
	closedir(dir);
	return count;
}

static void start(struct roudi *roudi)
{
	ck_assert_int_eq(
		roudi_start("ipcmark-test", CHUNK_BYTES, CHUNKS, roudi), 0);
	ck_assert_int_eq(access(BOOKS, F_OK), 0);
	ck_assert_int_eq(access(LOCK, F_OK), 0);
}

static void assert_nothing_left(void)
{
	ck_assert_uint_eq(names_in("/dev/shm"), 0);
	ck_assert_uint_eq(names_in("/tmp"), 0);
}

START_TEST(test_roudi_stopped_leaves_nothing)
{
	struct roudi roudi;

	if (!isolate())
		return;
	for (int i = 0; i < 2; i++) {
		start(&roudi);
		roudi_stop(&roudi);
		assert_nothing_left();
	}
}
END_TEST

START_TEST(test_roudi_killed_is_cleaned_up_after)
{
	struct roudi roudi;
	char how[64];

	if (!isolate())
		return;
	start(&roudi);
	kill(roudi.program.pid, SIGKILL);
	ck_assert_int_eq(access(BOOKS, F_OK), 0);
	roudi_clean(PATIENCE_NS);
	assert_nothing_left();
	program_stop(&roudi.program, 0, how, sizeof(how));
}
END_TEST

START_TEST(test_roudi_alive_is_left_alone_by_a_clean_up)
{
	struct roudi roudi;

	if (!isolate())
		return;
	start(&roudi);
	roudi_clean(0);
	ck_assert_int_eq(access(BOOKS, F_OK), 0);
	ck_assert_int_eq(access(LOCK, F_OK), 0);
	roudi_stop(&roudi);
}
END_TEST

START_TEST(test_roudi_second_of_ours_waits_for_its_turn)
{
	char reason[256];
	struct roudi roudi, other;
	int status, ends[2];
	pid_t child;
	char word;

	if (!isolate())
		return;
	start(&roudi);
	/* One of ours is no reason not to run. */
	ck_assert_int_eq(roudi_can_run(0, reason, sizeof(reason)), 0);
	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	if (!child) {
		int ret;

		if (write(ends[1], "", 1) != 1)
			_exit(1);
		ret = roudi_start("ipcmark-other", CHUNK_BYTES, CHUNKS, &other);
		if (!ret)
			roudi_stop(&other);
		_exit(-ret);
	}
	ck_assert_int_eq(read(ends[0], &word, 1), 1);
	roudi_stop(&roudi);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(!status, "ended with %d (%s)", status,
		strerror(WEXITSTATUS(status)));
	assert_nothing_left();
}
END_TEST

START_TEST(test_roudi_of_somebody_else_is_refused_and_kept)
{
	char reason[256] = "", number[32];
	struct roudi roudi;
	int lock;

	if (!isolate())
		return;
	/* Who holds the lock is RouDi, and this test has no settings of ours. */
	lock = open(LOCK, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	ck_assert_int_eq(flock(lock, LOCK_EX | LOCK_NB), 0);
	ck_assert_int_eq(roudi_can_run(0, reason, sizeof(reason)), -ENOTSUP);
	snprintf(number, sizeof(number), "(process %ld)", (long)getpid());
	ck_assert_msg(strstr(reason, number) != NULL, "says '%s'", reason);
	ck_assert_int_eq(
		roudi_start("ipcmark-test", CHUNK_BYTES, CHUNKS, &roudi),
		-EBUSY);
	roudi_clean(0);
	ck_assert_int_eq(access(LOCK, F_OK), 0);
	close(lock);
}
END_TEST

START_TEST(test_roudi_without_room_is_refused)
{
	char reason[256] = "";

	if (!isolate())
		return;
	ck_assert_int_eq(mount("none", "/dev/shm", "tmpfs", 0, "size=8m"), 0);
	ck_assert_int_eq(roudi_can_run(0, reason, sizeof(reason)), -ENOTSUP);
	ck_assert_msg(strstr(reason, "/dev/shm, which has 8 MiB") != NULL,
		"says '%s'", reason);
}
END_TEST

START_TEST(test_roudi_forget_takes_one_name_only)
{
	static const char *const names[] = {"/tmp/ipcmark-test-1.p0",
		"/tmp/ipcmark-test-1.p0.lock", "/tmp/ipcmark-test-10.p0",
		"/tmp/ipcmark-test-1-0"};

	if (!isolate())
		return;
	for (int i = 0; i < 4; i++)
		close(open(names[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	roudi_forget("ipcmark-test-1");
	for (int i = 0; i < 4; i++)
		ck_assert_msg((access(names[i], F_OK) == 0) == (i >= 2), "%s",
			names[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("roudi");
	TCase *tests = tcase_create("roudi");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120); /* several starts, on a busy machine */
	tcase_add_test(tests, test_roudi_stopped_leaves_nothing);
	tcase_add_test(tests, test_roudi_killed_is_cleaned_up_after);
	tcase_add_test(tests, test_roudi_alive_is_left_alone_by_a_clean_up);
	tcase_add_test(tests, test_roudi_second_of_ours_waits_for_its_turn);
	tcase_add_test(tests, test_roudi_of_somebody_else_is_refused_and_kept);
	tcase_add_test(tests, test_roudi_without_room_is_refused);
	tcase_add_test(tests, test_roudi_forget_takes_one_name_only);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
