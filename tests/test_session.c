/* test_session.c - what is left of a run after its end, and that nobody else's
 * things go with it.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "session/leftover.h"
#include "session/session.h"
#include "session/sysv_key.h"

enum {
	NAME_BYTES = 256,
	PATIENCE_MS = 20000,
	TICK_MS = 10,
};

/* What a run may have made, by the name of its token. */
struct things {
	char segment[NAME_BYTES];
	char folder[NAME_BYTES];
	char inside[NAME_BYTES]; /* a file in the folder */
	char noted[NAME_BYTES];	 /* where only the ledger knows */
	char queue[NAME_BYTES];
	char numbered[NAME_BYTES]; /* a System V queue */
};

static char elsewhere[] = "/tmp/test_session_XXXXXX";

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	close(fd);
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static bool numbered_exists(const char *name)
{
	return msgget(sysv_key(name), 0) >= 0;
}

static void remove_numbered(const char *name)
{
	int queue = msgget(sysv_key(name), 0);

	if (queue >= 0)
		msgctl(queue, IPC_RMID, NULL);
}

static struct things things_of(const char *token)
{
	struct things things;

	snprintf(things.segment, NAME_BYTES, "/dev/shm/%s-1.0", token);
	snprintf(things.folder, NAME_BYTES, "/tmp/x-%s", token);
	snprintf(things.inside, NAME_BYTES, "/tmp/x-%s/socket", token);
	snprintf(things.noted, NAME_BYTES, "%s/r.%s.tmp", elsewhere, token);
	snprintf(things.queue, NAME_BYTES, "/%s-2.0", token);
	snprintf(things.numbered, NAME_BYTES, "%s-3.0+0", token);
	return things;
}

static void make_things(const struct things *things)
{
	mqd_t queue =
		mq_open(things->queue, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);

	if (queue != (mqd_t)-1)
		mq_close(queue);
	/* A machine may have as many as it may have, or none at all. */
	(void)msgget(sysv_key(things->numbered), IPC_CREAT | IPC_EXCL | 0600);
	make_file(things->segment);
	ck_assert_int_eq(mkdir(things->folder, 0700), 0);
	make_file(things->inside);
	make_file(things->noted);
}

static bool any_left(const struct things *things)
{
	mqd_t queue = mq_open(things->queue, O_RDWR);

	if (queue != (mqd_t)-1)
		mq_close(queue);
	return queue != (mqd_t)-1 || numbered_exists(things->numbered) ||
	       exists(things->segment) || exists(things->folder) ||
	       exists(things->noted);
}

static void await_nothing_left(const struct things *things)
{
	const struct timespec tick = {.tv_nsec = TICK_MS * 1000000};

	for (int ms = 0; any_left(things); ms += TICK_MS) {
		ck_assert_msg(
			ms < PATIENCE_MS, "still there: %s", things->segment);
		nanosleep(&tick, NULL);
	}
}

/* A ledger as a dead run leaves it: complete, and locked by nobody. */
static void write_ledger(const char *token, const struct things *things)
{
	char path[LEFTOVER_PATH_BYTES], line[LEFTOVER_PATH_BYTES];
	FILE *file;

	leftover_ledger_path(token, path);
	file = fopen(path, "wx");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	if (leftover_line(LEFTOVER_MQ, things->queue, line, sizeof(line)))
		fputs(line, file);
	if (leftover_line(LEFTOVER_PATH, things->noted, line, sizeof(line)))
		fputs(line, file);
	if (leftover_line(LEFTOVER_SYSV, things->numbered, line, sizeof(line)))
		fputs(line, file);
	ck_assert_int_eq(fclose(file), 0);
}

/* A token that no run has: ours is of a number that we have ourselves. */
static void new_token(char token[LEFTOVER_TOKEN_BYTES])
{
	static unsigned count;

	snprintf(token, LEFTOVER_TOKEN_BYTES, "ipcmark-%ld-t%u", (long)getpid(),
		count++);
}

START_TEST(test_session_token_is_of_one_process)
{
	char ours[LEFTOVER_TOKEN_BYTES];
	int status;
	pid_t child;

	snprintf(ours, sizeof(ours), "%s", session_token());
	ck_assert_str_eq(ours, session_token());
	child = fork();
	if (child == 0)
		_exit(strcmp(ours, session_token()) == 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(test_leftover_sweep_takes_all_of_a_dead_run)
{
	char token[LEFTOVER_TOKEN_BYTES], ledger[LEFTOVER_PATH_BYTES];
	struct things things;

	new_token(token);
	things = things_of(token);
	make_things(&things);
	write_ledger(token, &things);
	leftover_sweep();
	/* Another run may have come first, and is at it. */
	await_nothing_left(&things);
	leftover_ledger_path(token, ledger);
	ck_assert(!exists(ledger));
}
END_TEST

START_TEST(test_leftover_sweep_leaves_a_living_run_alone)
{
	char token[LEFTOVER_TOKEN_BYTES], ledger[LEFTOVER_PATH_BYTES];
	struct things things;
	int fd;

	new_token(token);
	things = things_of(token);
	leftover_ledger_path(token, ledger);
	fd = open(ledger, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	make_things(&things);
	leftover_sweep();
	ck_assert(exists(things.segment));
	ck_assert(exists(things.inside));
	ck_assert(exists(things.noted));
	ck_assert(exists(ledger));
	leftover_clean(token, fd);
	unlink(things.noted);
	mq_unlink(things.queue);
	remove_numbered(things.numbered);
	unlink(ledger);
	close(fd);
}
END_TEST

START_TEST(test_leftover_sweep_takes_nothing_without_the_token)
{
	char token[LEFTOVER_TOKEN_BYTES], longer[NAME_BYTES], kept[NAME_BYTES];
	char link[NAME_BYTES], number[NAME_BYTES], own_number[NAME_BYTES];
	struct things things;
	bool numbers;

	new_token(token);
	things = things_of(token);
	snprintf(longer, sizeof(longer), "/dev/shm/%s0-1.0", token);
	snprintf(kept, sizeof(kept), "%s/kept", elsewhere);
	snprintf(link, sizeof(link), "/tmp/x-%s/link", token);
	make_things(&things);
	make_file(longer); /* of a token that only begins like ours */
	make_file(kept);
	ck_assert_int_eq(symlink(elsewhere, link), 0);
	/* A ledger that names what it has no right to. */
	unlink(things.noted);
	snprintf(things.noted, sizeof(things.noted), "%s", kept);
	snprintf(number, sizeof(number), "other-%ld+0", (long)getpid());
	numbers = msgget(sysv_key(number), IPC_CREAT | IPC_EXCL | 0600) >= 0;
	snprintf(own_number, sizeof(own_number), "%s", things.numbered);
	snprintf(things.numbered, sizeof(things.numbered), "%s", number);
	write_ledger(token, &things);
	leftover_sweep();
	snprintf(things.noted, sizeof(things.noted), "%s/none", elsewhere);
	snprintf(things.numbered, sizeof(things.numbered), "none");
	await_nothing_left(&things);
	remove_numbered(own_number); /* no ledger named it */
	ck_assert(!numbers || numbered_exists(number));
	remove_numbered(number);
	ck_assert(exists(longer));
	ck_assert(exists(kept));
	unlink(longer);
	unlink(kept);
}
END_TEST

/* In a child: a session with all that there may be, and a program that would
 * go on for long; says the token and the program's number. */
static _Noreturn void live(int out)
{
	struct things things;
	char text[NAME_BYTES] = "";
	pid_t program;

	session_begin();
	things = things_of(session_token());
	session_note(LEFTOVER_MQ, things.queue);
	session_note(LEFTOVER_PATH, things.noted);
	session_note(LEFTOVER_SYSV, things.numbered);
	make_things(&things);
	program = fork();
	if (program == 0) {
		setsid();
		close(out);
		for (int fd = 0; fd <= 2; fd++)
			close(fd); /* who waits for our output must not for this */
		execlp("sleep", "sleep", "600", (char *)NULL);
		_exit(127);
	}
	snprintf(text, sizeof(text), "%s %ld", session_token(), (long)program);
	if (write(out, text, sizeof(text)) != sizeof(text))
		_exit(1);
	pause();
	_exit(1);
}

/* Gone, or dead and only waiting for a parent that asks. */
static bool is_gone(long pid)
{
	char path[64], text[512], *at;
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return true;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	at = strrchr(text, ')');
	return !at || at[2] == 'Z' || at[2] == 'X';
}

START_TEST(test_session_killed_is_cleaned_up_at_once)
{
	const struct timespec tick = {.tv_nsec = TICK_MS * 1000000};
	char text[NAME_BYTES], token[LEFTOVER_TOKEN_BYTES];
	struct things things;
	long program;
	int ends[2];
	pid_t child;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	if (child == 0)
		live(ends[1]);
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], text, sizeof(text)), sizeof(text));
	ck_assert_int_eq(sscanf(text, "%63s %ld", token, &program), 2);
	things = things_of(token);
	ck_assert(exists(things.inside));
	ck_assert(!is_gone(program));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	await_nothing_left(&things);
	for (int ms = 0; !is_gone(program); ms += TICK_MS) {
		ck_assert_msg(ms < PATIENCE_MS, "the program goes on");
		nanosleep(&tick, NULL);
	}
	close(ends[0]);
}
END_TEST

START_TEST(test_session_ended_leaves_no_ledger)
{
	char ledger[LEFTOVER_PATH_BYTES];

	for (int i = 0; i < 2; i++) {
		session_begin();
		leftover_ledger_path(session_token(), ledger);
		ck_assert(exists(ledger));
		ck_assert_str_eq(getenv(LEFTOVER_VARIABLE), session_token());
		session_end();
		ck_assert(!exists(ledger));
		ck_assert_ptr_null(getenv(LEFTOVER_VARIABLE));
	}
	/* Nobody of it is left either. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session");
	TCase *tests = tcase_create("session");
	SRunner *runner;
	int failed;

	if (!mkdtemp(elsewhere))
		return EXIT_FAILURE;
	unsetenv("TMPDIR");
	tcase_add_test(tests, test_session_token_is_of_one_process);
	tcase_add_test(tests, test_leftover_sweep_takes_all_of_a_dead_run);
	tcase_add_test(tests, test_leftover_sweep_leaves_a_living_run_alone);
	tcase_add_test(
		tests, test_leftover_sweep_takes_nothing_without_the_token);
	tcase_add_test(tests, test_session_killed_is_cleaned_up_at_once);
	tcase_add_test(tests, test_session_ended_leaves_no_ledger);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	rmdir(elsewhere);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
