/* test_crash_step.c - is a call struck at every instruction, and exactly there?
 *
 * The calls here store one by one what can be counted afterwards, so that a death
 * before the k-th instruction shows in shared memory how far it came: each count
 * from none to all, never one back. Both ways of following (of the process by
 * itself, and by its parent) must see the same instructions. What else can be done
 * to a call than to kill it: test_crash_action.c.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>

#include "crash/host.h"
#include "step_stage.h"

enum { BODY_BYTES = 64 };

/* --- calls ----------------------------------------------------------------- */

/* The processor's own loop: one instruction, as many steps as bytes. */
static void call_repeat(void *arg)
{
	static uint8_t from[STORES];

	(void)arg;
	for (int i = 0; i < STORES; i++)
		from[i] = (uint8_t)(i + 1);
#ifdef __x86_64__
	const uint8_t *source = from;
	volatile uint8_t *to = stage->bytes;
	size_t count = STORES;

	__asm__ volatile("rep movsb"
			 : "+S"(source), "+D"(to), "+c"(count)
			 :
			 : "memory");
#else
	for (int i = 0; i < STORES; i++)
		stage->bytes[i] = from[i];
#endif
}

static void call_blocking_traps(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	call_store(arg);
}

static mipc_queue *queue;
static mipc_ring *ring;
static char body[BODY_BYTES];

static void open_queue(void)
{
	size_t len;

	if (mipc_queue_open(stage->name, NULL, &queue) != 0)
		_exit(9);
	/* The first of a handle has more to do, such as to be linked. */
	if (mipc_queue_put(queue, body, sizeof(body), 0) != 0 ||
		mipc_queue_get(queue, body, sizeof(body), 0, &len) != 0)
		_exit(9);
}

static void call_put(void *arg)
{
	(void)arg;
	stage->result = mipc_queue_put(queue, body, sizeof(body), 0);
}

static void open_ring(void)
{
	if (mipc_ring_open(stage->name, MIPC_RING_PRODUCER, NULL, &ring) != 0)
		_exit(9);
}

static void call_ring_write(void *arg)
{
	(void)arg;
	stage->result = mipc_ring_write(ring, body, sizeof(body), 0);
}

static const struct call repeat = {"repeat", call_repeat, NULL};
static const struct call put = {"put", call_put, open_queue};
static const struct call ring_write = {"write", call_ring_write, open_ring};

/* --- killed at each -------------------------------------------------------- */

/* Kills it at each step, and sees each store happen between two of them. */
static void kill_at_each(const struct way *way, const struct call *call)
{
	unsigned before = 0;

	record(way, call, trace);
	ck_assert_uint_eq(stored(), STORES);
	for (size_t k = 0; k < trace->count; k++) {
		unsigned now;

		forget();
		ck_assert_msg(run(way, call, k, &kill_it) == KILLED,
			"%s, %s: step %zu of %zu was not reached", call->name,
			way->name, k, trace->count);
		now = stored();
		ck_assert_msg(k ? now - before <= 1 : now == 0,
			"%s, %s: %u stores before step %zu, %u before the next",
			call->name, way->name, before, k, now);
		before = now;
	}
	ck_assert_uint_eq(before, STORES);
}

START_TEST(test_step_kill_at_each_leaves_what_was_stored_before)
{
	if (!can(&ways[_i]))
		return;
	kill_at_each(&ways[_i], &store);
}
END_TEST

/* From here on by breakpoints from step to step, where they were traps before. */
START_TEST(test_step_kill_in_opened_code_is_as_exact)
{
	if (!can(&ways[0]))
		return;
	record(&ways[0], &store, trace);
	step_open(trace);
	trace_clear(trace);
	kill_at_each(&ways[0], &store);
	trace_clear(trace);
	kill_at_each(&ways[0], &repeat);
}
END_TEST

static void play_store(const void *order, void *arg)
{
	size_t k;

	(void)arg;
	memcpy(&k, order, sizeof(k));
	step_run(trace, k, &kill_it, call_store, NULL);
	_exit(0);
}

/* Returns as await(). */
static int run_hosted(pid_t host, struct host_mail *mail, size_t k)
{
	pid_t pid;

	host_give(mail, &k, sizeof(k));
	do {
		pid = atomic_load(&mail->victim);
	} while (!pid && waitpid(host, NULL, WNOHANG) == 0);
	ck_assert_int_gt(pid, 0);
	return await(pid);
}

static struct host_mail *make_mail(void)
{
	struct host_mail *mail = mmap(NULL, sizeof(*mail),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(mail, MAP_FAILED);
	return mail;
}

static pid_t start_host(const struct host_job *job)
{
	pid_t host = fork();

	ck_assert_int_ge(host, 0);
	if (host == 0)
		host_run(job);
	return host;
}

/* One after the other in the same memory, in which none finds what was planted for
 * another one. */
START_TEST(test_step_kill_in_lent_memory_is_as_exact)
{
	struct host_mail *mail;
	unsigned before = 0;
	pid_t host;

	if (!can(&ways[0]) || !host_possible())
		return;
	record(&ways[0], &store, trace);
	mail = make_mail();
	host = start_host(&(struct host_job){.mail = mail, .play = play_store});
	for (size_t k = 0; k < trace->count; k++) {
		unsigned now;

		forget();
		ck_assert_int_eq(run_hosted(host, mail, k), KILLED);
		now = stored();
		ck_assert_msg(k ? now - before <= 1 : now == 0,
			"%u stores before step %zu, %u before the next", before,
			k, now);
		before = now;
	}
	ck_assert_uint_eq(before, STORES);
	kill(host, SIGKILL);
	ck_assert_int_eq(await(host), KILLED);
	munmap(mail, sizeof(*mail));
}
END_TEST

/* As many bytes of it, from here downwards. */
static void use_stack(size_t bytes)
{
	volatile char page[4096];

	page[0] = 1;
	if (bytes > sizeof(page))
		use_stack(bytes - sizeof(page));
	stage->result += page[0]; /* so that this is no loop */
}

static void play_deep(const void *order, void *arg)
{
	size_t bytes;

	(void)arg;
	memcpy(&bytes, order, sizeof(bytes));
	use_stack(bytes);
	_exit(0);
}

START_TEST(test_step_victim_that_overruns_a_lent_stack_dies_of_it)
{
	struct host_mail *mail;
	pid_t host;

	if (!host_possible())
		return;
	mail = make_mail();
	host = start_host(&(struct host_job){.mail = mail, .play = play_deep});
	ck_assert_int_eq(run_hosted(host, mail, 4 << 20), 0);
	ck_assert_int_eq(run_hosted(host, mail, 16 << 20), -SIGSEGV);
	/* and has harmed neither its host nor what the next one begins with */
	ck_assert_int_eq(run_hosted(host, mail, 4 << 20), 0);
	kill(host, SIGKILL);
	ck_assert_int_eq(await(host), KILLED);
	munmap(mail, sizeof(*mail));
}
END_TEST

START_TEST(test_step_repeated_instruction_is_a_step_in_each_turn)
{
	size_t turns = 1, most = 1;

	if (!can(&ways[_i]))
		return;
	kill_at_each(&ways[_i], &repeat);
	for (size_t k = 1; k < trace->count; k++) {
		turns = trace->steps[k].address == trace->steps[k - 1].address
				? turns + 1
				: 1;
		most = turns > most ? turns : most;
	}
#ifdef __x86_64__
	ck_assert_uint_eq(most, STORES);
#endif
}
END_TEST

START_TEST(test_step_kill_behind_a_system_call_is_after_it_alone)
{
	const struct call call = {"write", call_write, NULL};
	char byte;
	size_t k;

	if (!can(&ways[_i]))
		return;
	ck_assert_int_eq(pipe2(stage->pipe, O_NONBLOCK), 0);
	record(&ways[_i], &call, trace);
	ck_assert_int_eq(read(stage->pipe[0], &byte, 1), 1);
	k = find_step(TRACE_SYSCALL);
	ck_assert_uint_eq(trace->steps[k + 1].flags & TRACE_BEHIND_SYSCALL,
		TRACE_BEHIND_SYSCALL);
	forget();
	ck_assert_int_eq(run(&ways[_i], &call, k, &kill_it), KILLED);
	ck_assert_int_eq(read(stage->pipe[0], &byte, 1), -1);
	stage->result = 0;
	ck_assert_int_eq(run(&ways[_i], &call, k + 1, &kill_it), KILLED);
	ck_assert_int_eq(read(stage->pipe[0], &byte, 1), 1);
	ck_assert_int_eq(stage->result, 0);
	ck_assert_int_eq(stage->bytes[0], 0);
	/* And the one after that, which a trap that comes late would take. */
	ck_assert_int_eq(run(&ways[_i], &call, k + 2, &kill_it), KILLED);
	ck_assert_int_eq(read(stage->pipe[0], &byte, 1), 1);
}
END_TEST

START_TEST(test_step_call_that_blocks_traps_is_for_the_parent)
{
	const struct call call = {"blocking", call_blocking_traps, NULL};
	pid_t pid;

	if (can(&ways[0])) {
		pid = start(&call);
		if (pid == 0)
			_exit(step_record(trace, call.make, NULL) != 0);
		ck_assert_int_eq(await(pid), -SIGTRAP);
		ck_assert(!trace->complete);
		trace_clear(trace);
	}
	if (!can(&ways[1]))
		return;
	record(&ways[1], &call, trace);
	ck_assert_uint_eq(stored(), STORES);
#ifndef __SANITIZE_ADDRESS__ /* which wraps what blocks them, at will */
	ck_assert_int_eq(
		run(&ways[1], &call, trace->count - 1, &kill_it), KILLED);
#endif
}
END_TEST

/* --- the library's calls --------------------------------------------------- */

static void make_queue(void)
{
	ck_assert_int_eq(mipc_queue_create(stage->name, 1, NULL, &queue), 0);
}

static void make_ring(void)
{
	ck_assert_int_eq(mipc_ring_create(stage->name, 1, 0, NULL, &ring), 0);
}

static void unmake(void)
{
	mipc_queue_close(queue);
	mipc_ring_close(ring);
	queue = NULL;
	ring = NULL;
	(void)mipc_queue_unlink(stage->name);
	(void)mipc_ring_unlink(stage->name);
}

static const struct {
	const struct call *call;
	void (*make)(void);
} products[] = {
	{&store, NULL},
	{&repeat, NULL},
	{&put, make_queue},
	{&ring_write, make_ring},
};

enum { PRODUCTS = sizeof(products) / sizeof(products[0]) };

START_TEST(test_step_both_ways_see_the_same_instructions)
{
	struct crash_trace *traces[WAYS];
	size_t at;

	if (!can(&ways[0]) || !can(&ways[1]))
		return;
	for (int i = 0; i < WAYS; i++) {
		ck_assert_int_eq(trace_create(STEPS_MAX, &traces[i]), 0);
		if (products[_i].make)
			products[_i].make();
		record(&ways[i], products[_i].call, traces[i]);
		if (products[_i].make)
			unmake();
	}
	at = trace_differs(traces[0], traces[1]);
	ck_assert_msg(at == SIZE_MAX,
		"%s: step %zu differs (%zu and %zu steps)",
		products[_i].call->name, at, traces[0]->count,
		traces[1]->count);
	printf("%s: %zu steps\n", products[_i].call->name, traces[0]->count);
	trace_destroy(traces[0]);
	trace_destroy(traces[1]);
}
END_TEST

/* Returns whether the message is there after the death at @k. */
static size_t size_after(const struct way *way, size_t k)
{
	size_t size;

	make_queue();
	ck_assert_msg(run(way, &put, k, &kill_it) == KILLED,
		"%s: step %zu of %zu was not reached", way->name, k,
		trace->count);
	ck_assert_int_eq(mipc_queue_check(queue), 0);
	size = mipc_queue_size(queue);
	unmake();
	return size;
}

START_TEST(test_step_put_is_killed_at_every_step_in_both_ways)
{
	size_t before = 0;
	bool second = can(&ways[1]);

	if (!can(&ways[0]))
		return;
	make_queue();
	record(&ways[0], &put, trace);
	unmake();
	for (size_t k = 0; k < trace->count; k++) {
		size_t now = size_after(&ways[0], k);

		ck_assert_uint_ge(now, before);
		before = now;
		/* Every third, since it takes ten times as long. */
		if (second && k % 3 == 0)
			ck_assert_uint_eq(size_after(&ways[1], k), now);
	}
	ck_assert_uint_eq(before, 1);
}
END_TEST

int main(void)
{
	const TTest *const in_both_ways[] = {
		test_step_kill_at_each_leaves_what_was_stored_before,
		test_step_repeated_instruction_is_a_step_in_each_turn,
		test_step_kill_behind_a_system_call_is_after_it_alone,
	};
	const TTest *const others[] = {
		test_step_kill_in_opened_code_is_as_exact,
		test_step_kill_in_lent_memory_is_as_exact,
		test_step_victim_that_overruns_a_lent_stack_dies_of_it,
		test_step_call_that_blocks_traps_is_for_the_parent,
		test_step_put_is_killed_at_every_step_in_both_ways,
	};
	Suite *suite = suite_create("crash_step");
	TCase *tcase = tcase_create("crash_step");
	SRunner *runner = srunner_create(suite);
	int failed;

	own_names_begin();
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < sizeof(in_both_ways) / sizeof(*in_both_ways);
		i++)
		tcase_add_loop_test(tcase, in_both_ways[i], 0, WAYS);
	tcase_add_loop_test(tcase,
		test_step_both_ways_see_the_same_instructions, 0, PRODUCTS);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		tcase_add_test(tcase, others[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
