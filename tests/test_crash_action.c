/* test_crash_action.c - what else is done to a call at one of its instructions than to
 * kill it there, and what a trace is good for that is short, plain or of another path.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "step_stage.h"

static void call_open(void *arg)
{
	(void)arg;
	stage->result = open("/dev/null", O_RDONLY);
	stage->err = errno;
}

static void call_either(void *arg)
{
	if (stage->other_way)
		for (int i = 1; i <= STORES; i++)
			stage->bytes[STORES - i] = STORES;
	else
		call_store(arg);
}

START_TEST(test_step_failed_system_call_is_not_made)
{
	const struct call call = {"open", call_open, NULL};
	const struct step_action action = {.what = STEP_FAIL, .err = ENOSPC};
	size_t k;

	if (!can(&ways[_i]))
		return;
	record(&ways[_i], &call, trace);
	ck_assert_int_ge(stage->result, 0);
	k = find_step(TRACE_SYSCALL);
	ck_assert_int_eq(run(&ways[_i], &call, k, &action), 0);
	ck_assert_int_eq(stage->returned, 1);
	ck_assert_int_eq(stage->result, -1);
	ck_assert_int_eq(stage->err, ENOSPC);
	ck_assert(!(trace->steps[0].flags & TRACE_SYSCALL));
	run(&ways[_i], &call, 0, &action);
	ck_assert_int_eq(stage->returned, -EINVAL);
}
END_TEST

START_TEST(test_step_stopped_call_goes_on_to_its_end)
{
	const struct step_action action = {.what = STEP_STOP};

	if (!can(&ways[_i]))
		return;
	record(&ways[_i], &store, trace);
	for (size_t k = 0; k < trace->count; k++) {
		pid_t pid;
		int rc = 0;

		forget();
		pid = start(&store);
		if (pid == 0 && ways[_i].by_parent)
			_exit(step_ptrace_offer(store.make, NULL) ? 2 : 1);
		if (pid == 0)
			_exit(step_run(trace, k, &action, store.make, NULL));
		if (ways[_i].by_parent)
			rc = step_ptrace_run(pid, trace, k, &action);
		ck_assert_int_eq(rc, ways[_i].by_parent);
		ck_assert_int_eq(await(pid), -SIGSTOP);
		(void)stored();
		ck_assert(k || stored() == 0);
		ck_assert(k < trace->count - 1 || stored() == STORES);
		ck_assert_int_eq(kill(pid, SIGCONT), 0);
		ck_assert_int_eq(await(pid), 1);
		ck_assert_uint_eq(stored(), STORES);
	}
}
END_TEST

static void count_callback(void *arg, size_t k)
{
	*(size_t *)arg = k;
	stage->callbacks++;
	stage->result = (int)stage->bytes[0];
}

START_TEST(test_step_callback_is_called_once_in_the_midst)
{
	size_t *seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct step_action action = {
		.what = STEP_CALLBACK,
		.callback = count_callback,
		.arg = seen,
	};

	ck_assert_ptr_ne(seen, MAP_FAILED);
	if (!can(&ways[_i]))
		return;
	record(&ways[_i], &store, trace);
	forget();
	stage->result = 7;
	ck_assert_int_eq(run(&ways[_i], &store, 1, &action), 0);
	ck_assert_int_eq(stage->returned, 1);
	ck_assert_uint_eq(stage->callbacks, 1);
	ck_assert_uint_eq(*seen, 1);
	ck_assert_int_eq(stage->result, 0);
	ck_assert_uint_eq(stored(), STORES);
	munmap(seen, sizeof(*seen));
}
END_TEST

/* All that is struck on the other path is what both have in common. */
static void miss_most(const struct way *way, const struct call *call)
{
	unsigned missed = 0;

	for (size_t k = 0; k < trace->count; k++) {
		int rc;

		forget();
		rc = run(way, call, k, &kill_it);
		if (rc == KILLED)
			continue;
		missed++;
		ck_assert_int_eq(rc, 0);
		ck_assert_int_eq(stage->returned, 0);
		ck_assert_uint_eq(stage->bytes[0], STORES);
	}
	ck_assert_uint_ge(missed, STORES);
}

START_TEST(test_step_call_on_another_path_is_missed)
{
	const struct call call = {"either", call_either, NULL};

	if (!can(&ways[_i]))
		return;
	record(&ways[_i], &call, trace);
	stage->other_way = true;
	miss_most(&ways[_i], &call);
	/* Not by breakpoints that nobody comes to, but by each step. */
	ck_assert_int_eq(trace_finish(trace, NULL), 0);
	miss_most(&ways[_i], &call);
}
END_TEST

START_TEST(test_step_trace_without_anchors_is_as_good)
{
	const struct call call = {"write", call_write, NULL};

	if (!can(&ways[0]))
		return;
	ck_assert_int_eq(pipe2(stage->pipe, O_NONBLOCK), 0);
	/* To be linked here and not in each child, which is a long way. */
	call_write(NULL);
	record(&ways[0], &call, trace);
	ck_assert_int_eq(trace_finish(trace, NULL), 0);
	for (size_t k = 0; k < trace->count; k++)
		ck_assert_int_eq(run(&ways[0], &call, k, &kill_it), KILLED);
}
END_TEST

START_TEST(test_step_trace_that_is_too_short_is_truncated)
{
	struct crash_trace *little;
	pid_t pid;

	if (!can(&ways[_i]))
		return;
	ck_assert_int_eq(trace_create(5, &little), 0);
	pid = start(&store);
	if (pid == 0 && ways[_i].by_parent)
		_exit(step_ptrace_offer(store.make, NULL) != 0);
	if (pid == 0)
		_exit(step_record(little, store.make, NULL) != -E2BIG);
	if (ways[_i].by_parent)
		ck_assert_int_eq(step_ptrace_record(pid, little), -E2BIG);
	ck_assert_int_eq(await(pid), 0);
	ck_assert(little->truncated && !little->complete);
	ck_assert_uint_eq(little->count, 5);
	ck_assert_uint_eq(stored(), STORES);
	trace_destroy(little);
}
END_TEST

int main(void)
{
	const TTest *const in_both_ways[] = {
		test_step_failed_system_call_is_not_made,
		test_step_stopped_call_goes_on_to_its_end,
		test_step_callback_is_called_once_in_the_midst,
		test_step_call_on_another_path_is_missed,
		test_step_trace_that_is_too_short_is_truncated,
	};
	const TTest *const others[] = {
		test_step_trace_without_anchors_is_as_good,
	};
	Suite *suite = suite_create("crash_action");
	TCase *tcase = tcase_create("crash_action");
	SRunner *runner = srunner_create(suite);
	int failed;

	own_names_begin();
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < sizeof(in_both_ways) / sizeof(*in_both_ways);
		i++)
		tcase_add_loop_test(tcase, in_both_ways[i], 0, WAYS);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		tcase_add_test(tcase, others[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
