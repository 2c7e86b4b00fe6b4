/* test_crew.c - is a worker that ends while it is waited for believed or blamed?
 *
 * Who waits looks twice, one time after the other: has the worker done with the
 * phase, and is it still there? Here it goes on exactly between the two: the test
 * has a waitpid() of its own, which lets the worker end first. So do the workers:
 * they do one thing, and no transport is in it.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/crew.h"

static const uint64_t patience_ns = UINT64_C(20000000000);

/* What a worker does once it is let go, and what is to be said of it. */
static const struct {
	enum phase done;
	int error;
	int want;
	const char *reason;
} endings[] = {
	{PHASE_PROBE_AFTER, 0, 0, ""},
	{PHASE_DRAIN, 0, -ECHILD, "producer 0 left with status 0"},
	{PHASE_DRAIN, -EIO, -EIO, "producer 0: "},
};
enum { ENDINGS = sizeof(endings) / sizeof(endings[0]) };

static int gate[2]; /* a worker waits until there is a byte in it */
static pid_t late;  /* who is let go when it is asked after; 0: nobody */

struct worker_slot *worker_slot_of(const struct control_block *block,
	enum endpoint_role role, unsigned number)
{
	(void)role;
	return &block->slots[number];
}

/* As the real one: it says how far it is, or why it is not, and goes. */
_Noreturn void worker_main(const struct worker_job *job)
{
	struct worker_slot *slot =
		worker_slot_of(job->block, job->role, job->number);
	size_t ending = job->seed;
	char byte;

	close(gate[1]); /* else it would wait on when the test is no more */
	if (read(gate[0], &byte, 1) != 1)
		_exit(1);
	/* release: pairs with the parent's acquire in crew_explain() */
	atomic_store_explicit(
		&slot->error, endings[ending].error, memory_order_release);
	/* release: pairs with the parent's acquire in has_reached() */
	atomic_store_explicit(&slot->reached,
		(uint32_t)endings[ending].done + 1, memory_order_release);
	_exit(0);
}

pid_t waitpid(pid_t pid, int *ret_status, int options)
{
	siginfo_t info;

	if (late && pid == late) {
		late = 0;
		ck_assert_int_eq(write(gate[1], "", 1), 1);
		ck_assert_int_eq(
			waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	}
	return wait4(pid, ret_status, options, NULL);
}

static int create(
	const struct channel_config *config, struct channel **ret_channel)
{
	(void)config;
	*ret_channel = NULL;
	return 0;
}

START_TEST(test_crew_member_that_ends_between_two_looks_is_judged_by_its_phase)
{
	const struct transport transport = {.name = "none", .create = create};
	const struct bench_case bench = {.verify = VERIFY_HEADER};
	const struct worker_job job = {
		.bench = &bench,
		.transport = &transport,
		.role = ROLE_PRODUCER,
		.cpu = CASE_CPU_ANY,
		.seed = (uint64_t)_i,
	};
	char reason[128] = "";
	struct crew crew;

	ck_assert_int_eq(pipe(gate), 0);
	ck_assert_int_eq(
		crew_create(&transport, &bench, "none", 1, 1, &crew), 0);
	ck_assert_int_eq(crew_start(&crew, &job), 0);
	late = crew.members[0].pid;
	ck_assert_int_eq(
		crew_await(&crew, 1u << ROLE_PRODUCER, PHASE_PROBE_AFTER,
			patience_ns, reason, sizeof(reason)),
		endings[_i].want);
	ck_assert_ptr_nonnull(strstr(reason, endings[_i].reason));
	ck_assert_int_eq(late, 0);
	ck_assert_int_eq(crew.members[0].pid, 0);
	crew_finish(&crew);
	crew_free(&crew);
	close(gate[0]);
	close(gate[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crew");
	TCase *tcase = tcase_create("crew");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase,
		test_crew_member_that_ends_between_two_looks_is_judged_by_its_phase,
		0, ENDINGS);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
