/* test_crash_campaign.c - a transport that is wrong is found to be.
 *
 * A toy: a few messages in a row in shared memory, with one fault chosen, or none.
 * Each fault needs a death at some instruction to show. All of it twice: with
 * victims that are forked, and with such as live in the memory of a host.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/deadline.h"
#include "crash/campaign.h"
#include "crash/map.h"
#include "step/step.h"
#include "step/symbol.h"

enum fault {
	FAULT_NONE,
	FAULT_LOSES,   /* a receive takes first, and copies afterwards, two */
	FAULT_DOUBLES, /* a send has two marks */
	FAULT_TEARS,   /* a send publishes before it copies */
	FAULT_HANGS,   /* a lock that nobody gives back */
	FAULT_REFUSES, /* the same, with a time-out */
	FAULT_CRASHES, /* whoever meets what a death left dies, too */
	FAULT_CRASHES_ONCE, /* the first one of them only */
	FAULT_SEEKS_HELP,   /* he calls what nobody called before */
	FAULT_BREAKS,	    /* check() does not like what a death leaves */
	/* Of who is to be struck, once it has been recorded. */
	FAULT_KILLED,  /* somebody else kills it */
	FAULT_OVERRUN, /* it needs more stack than there is */
};

enum { PLACES = 16, BODY_BYTES = 512 };

struct toy {
	enum fault fault;
	_Atomic unsigned busy; /* the lock; what a death leaves */
	_Atomic unsigned crashes;
	_Atomic uint64_t head, tail;
	size_t lens[PLACES];
	unsigned char bodies[PLACES][BODY_BYTES];
};

static struct toy *toy; /* shared */

/* Private: what one victim leaves here, the next one must not find. */
static unsigned attached;
static _Thread_local bool attached_too;
static bool victim; /* that is me */

static int toy_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	(void)config;
	atomic_store(&toy->busy, 0);
	atomic_store(&toy->head, 0);
	atomic_store(&toy->tail, 0);
	*ret_channel = (struct channel *)toy;
	return 0;
}

static int toy_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	(void)channel;
	(void)role;
	victim = index > 0;
	if (attached++ || attached_too)
		return -EBUSY;
	attached_too = true;
	*ret_endpoint = malloc(1);
	return *ret_endpoint ? 0 : -ENOMEM;
}

static void meet_the_dead(void)
{
	static volatile int *nowhere;
	static volatile unsigned long help;

	if (toy->fault == FAULT_CRASHES)
		abort();
	if (toy->fault == FAULT_CRASHES_ONCE &&
		!atomic_fetch_add(&toy->crashes, 1))
		*nowhere = 1;
	/* in a library, if this program is linked with any */
	if (toy->fault == FAULT_SEEKS_HELP)
		help = crc32(help, (const void *)"help", 4);
}

/* As many bytes of it, from here downwards. */
static void use_stack(size_t bytes)
{
	volatile char page[4096];

	page[0] = 1;
	if (bytes > sizeof(page))
		use_stack(bytes - sizeof(page));
	atomic_fetch_add(
		&toy->crashes, (unsigned)page[0]); /* so that this is no loop */
}

/* The first one is recorded. */
static void meet_with_misfortune(void)
{
	if (!victim || !atomic_fetch_add(&toy->crashes, 1))
		return;
	if (toy->fault == FAULT_KILLED)
		raise(SIGKILL);
	if (toy->fault == FAULT_OVERRUN)
		use_stack(16 << 20);
}

static int toy_enter(uint64_t timeout_ns)
{
	uint64_t deadline_ns = deadline_after(timeout_ns);
	static const struct timespec nap = {.tv_nsec = 100000};

	if (atomic_load(&toy->busy))
		meet_the_dead();
	while (atomic_exchange(&toy->busy, 1)) {
		if (toy->fault == FAULT_HANGS) {
			nanosleep(&nap, NULL);
			continue;
		}
		if (toy->fault != FAULT_REFUSES)
			break; /* what is done next harms nobody */
		if (!deadline_left_ns(deadline_ns))
			return timeout_ns ? -ETIMEDOUT : -EAGAIN;
		nanosleep(&nap, NULL);
	}
	return 0;
}

static int toy_send(struct endpoint *endpoint, const struct outbound *message,
	uint64_t timeout_ns)
{
	uint64_t tail = atomic_load(&toy->tail);
	unsigned place = tail % PLACES;
	int err;

	(void)endpoint;
	if (toy->fault == FAULT_KILLED || toy->fault == FAULT_OVERRUN)
		meet_with_misfortune();
	if (tail - atomic_load(&toy->head) == PLACES)
		return -EAGAIN;
	err = toy_enter(timeout_ns);
	if (err)
		return err;
	toy->lens[place] = message->len;
	if (toy->fault == FAULT_TEARS)
		atomic_store(&toy->tail, tail + 1);
	memcpy(toy->bodies[place], message->data, message->len);
	if (toy->fault == FAULT_DOUBLES) {
		unsigned next = (tail + 1) % PLACES;

		toy->lens[next] = message->len;
		memcpy(toy->bodies[next], message->data, message->len);
		atomic_store(&toy->tail, tail + 2);
	}
	atomic_store(&toy->tail, tail + 1);
	atomic_store(&toy->busy, 0);
	return 0;
}

static int toy_take(struct inbound *message)
{
	uint64_t head = atomic_load(&toy->head);
	unsigned place = head % PLACES;

	if (toy->fault == FAULT_LOSES && atomic_load(&toy->tail) - head > 1) {
		atomic_store(&toy->head, head + 2);
		atomic_store(&toy->head, head + 1);
	}
	message->data = message->room;
	message->len = toy->lens[place];
	memcpy(message->room, toy->bodies[place], message->len);
	atomic_store(&toy->head, head + 1);
	atomic_store(&toy->busy, 0);
	return 0;
}

static int toy_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	static const struct timespec nap = {.tv_nsec = 100000};
	uint64_t deadline_ns = deadline_after(timeout_ns);
	int err;

	(void)endpoint;
	while (atomic_load(&toy->head) == atomic_load(&toy->tail)) {
		if (!timeout_ns)
			return -EAGAIN;
		if (!deadline_left_ns(deadline_ns))
			return -ETIMEDOUT;
		nanosleep(&nap, NULL);
	}
	err = toy_enter(timeout_ns);
	return err ? err : toy_take(message);
}

static void toy_detach(struct endpoint *endpoint)
{
	if (!endpoint)
		return;
	attached = 0;
	attached_too = false;
	free(endpoint);
}

static int toy_check(struct channel *channel)
{
	(void)channel;
	return toy->fault == FAULT_BREAKS && atomic_load(&toy->head) % 2
		       ? -EBADMSG
		       : 0;
}

static void toy_destroy(struct channel *channel)
{
	(void)channel;
}

static struct transport transport_toy = {
	.name = "toy",
	.summary = "wrong on purpose",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BLOCK |
		CAP_REATTACH,
	.create = toy_create,
	.attach = toy_attach,
	.send = toy_send,
	.recv = toy_recv,
	.detach = toy_detach,
	.check = toy_check,
	.destroy = toy_destroy,
};

static bool keep_going(void)
{
	return true;
}

/* Each death is of some line, and where there are lines, of one of this file. */
static void check_map(
	const struct campaign *campaign, const struct campaign_tally *sum)
{
	uint64_t undone = 0, violated = 0, deaths = 0, here = 0;
	struct symbols *symbols;
	struct crash_map map;

	ck_assert_int_eq(symbols_open(&symbols), 0);
	ck_assert_int_eq(map_make(campaign, symbols, 0, &map), 0);
	for (size_t i = 0; i < map.count; i++) {
		const struct map_line *line = &map.lines[i];

		undone += line->undone;
		violated += line->violated;
		deaths += line->undone + line->done + line->violated;
		ck_assert_uint_ge(line->executed, line->struck);
		ck_assert_uint_eq(line->struck > 0,
			line->undone + line->done + line->violated > 0);
		if (line->file && strstr(line->file, "test_crash_campaign.c"))
			here += line->struck;
	}
	ck_assert_uint_eq(deaths, sum->struck);
	ck_assert_uint_le(undone, sum->verdicts[VERDICT_UNDONE]);
	ck_assert_uint_eq(violated > 0, campaign->board->violation_count > 0);
	ck_assert(here > 0 || !symbols_have_lines(NULL));
	map_free(&map);
	symbols_close(symbols);
}

/* How often there was each verdict. */
static void run(enum fault fault, bool hosted, enum crash_kind kind,
	const char *operation, uint64_t counts[VERDICTS], uint64_t *ret_struck)
{
	struct campaign campaign = {
		.request = {.transports = {&transport_toy},
			.specs = {"toy"},
			.transport_count = 1,
			.kinds = 1u << kind,
			.operation = operation,
			.path = PATH_SOME,
			.step = CAMPAIGN_ANY,
			.second_step = CAMPAIGN_ANY,
			/* of pairs some, of instructions each */
			.kills = kind == KIND_PAIR ? 100 : 0,
			.seed = 1,
			.patience_ns = UINT64_C(100000000),
			.late_ns = UINT64_MAX,
			.cpus = 1},
	};
	struct campaign_tally *sum = malloc(sizeof(*sum));

	ck_assert_ptr_nonnull(sum);
	toy->fault = fault;
	transport_toy.caps &= ~(unsigned)CAP_LENT_MEMORY;
	transport_toy.caps |= hosted ? CAP_LENT_MEMORY : 0;
	ck_assert_int_eq(campaign_run(&campaign, keep_going, NULL), 0);
	ck_assert_uint_eq(campaign.lost_directors, 0);
	ck_assert_msg(campaign.board->row_count == 1, "not recorded: %s",
		campaign.board->units[0].words);
	campaign_sum(&campaign, 0, sum);
	memcpy(counts, sum->verdicts, sizeof(sum->verdicts));
	*ret_struck = sum->struck;
	ck_assert_uint_eq(sum->struck + sum->missed, sum->trials);
	/* each of its steps, unless there were too many faults */
	if (!campaign.board->rows[0].ended && kind == KIND_INSTRUCTION)
		ck_assert_uint_eq(sum->trials, campaign.board->rows[0].points);
	if (kind == KIND_INSTRUCTION)
		check_map(&campaign, sum);
	campaign_free(&campaign);
	free(sum);
}

static const struct {
	enum fault fault;
	const char *operation;
	enum verdict verdict;
} faults[] = {
	{FAULT_LOSES, "recv", VERDICT_LOST},
	{FAULT_DOUBLES, "send", VERDICT_DUPLICATED},
	{FAULT_TEARS, "send", VERDICT_TORN},
	{FAULT_HANGS, "send", VERDICT_HANG},
	{FAULT_REFUSES, "send", VERDICT_REFUSED},
	{FAULT_CRASHES, "send", VERDICT_CRASHED},
	{FAULT_BREAKS, "send", VERDICT_BROKEN},
};

static bool can_step(void)
{
	const char *reason = NULL;

	if (step_available(&reason))
		return true;
	printf("skipped: %s\n", reason);
	return false;
}

START_TEST(test_crash_campaign_fault_is_found)
{
	uint64_t counts[VERDICTS], struck;

	if (!can_step())
		return;
	run(faults[_i / 2].fault, _i % 2, KIND_INSTRUCTION,
		faults[_i / 2].operation, counts, &struck);
	ck_assert_msg(counts[faults[_i / 2].verdict] > 0,
		"no '%s' in %lu kills", verdict_name(faults[_i / 2].verdict),
		(unsigned long)struck);
}
END_TEST

START_TEST(test_crash_campaign_nothing_wrong_finds_nothing)
{
	static const char *const operations[] = {"send", "recv"};
	uint64_t counts[VERDICTS], struck;

	if (!can_step())
		return;
	run(FAULT_NONE, _i >= 4, (enum crash_kind)(_i / 2 % 2),
		operations[_i % 2], counts, &struck);
	for (int v = 0; v < VERDICTS; v++)
		ck_assert_msg(verdict_is_fine((enum verdict)v) || !counts[v],
			"%s: %lu", verdict_name((enum verdict)v),
			(unsigned long)counts[v]);
	ck_assert_uint_gt(struck, 0);
	/* of the pairs tried, perhaps none is behind the store that does it */
	if (_i / 2 % 2 == 0)
		ck_assert_uint_gt(counts[VERDICT_DONE], 0);
}
END_TEST

/* Whether it happens again or not. */
START_TEST(test_crash_campaign_crash_that_does_not_repeat_counts)
{
	uint64_t counts[VERDICTS], struck;

	if (!can_step())
		return;
	atomic_store(&toy->crashes, 0);
	run(FAULT_CRASHES_ONCE, _i, KIND_INSTRUCTION, "send", counts, &struck);
	ck_assert_uint_eq(counts[VERDICT_CRASHED], 1);
	ck_assert_uint_eq(atomic_load(&toy->crashes) > 1, true);
}
END_TEST

/* A death that nobody has seen the place of is no death at a step. */
START_TEST(test_crash_campaign_victim_killed_by_others_is_told_apart)
{
	uint64_t counts[VERDICTS], struck;

	if (!can_step())
		return;
	atomic_store(&toy->crashes, 0);
	run(FAULT_KILLED, _i, KIND_INSTRUCTION, "send", counts, &struck);
	ck_assert_uint_gt(counts[VERDICT_CRASHED], 0);
}
END_TEST

/* It writes over nothing, and so finds its end. */
START_TEST(test_crash_campaign_victim_that_overruns_a_lent_stack_is_found)
{
	uint64_t counts[VERDICTS], struck;

	if (!can_step() || !host_possible())
		return;
	atomic_store(&toy->crashes, 0);
	run(FAULT_OVERRUN, true, KIND_INSTRUCTION, "send", counts, &struck);
	ck_assert_uint_gt(counts[VERDICT_CRASHED], 0);
}
END_TEST

/* More private memory, in more pieces, than a host keeps account of. */
static void scatter_memory(void)
{
	enum { PIECES = 1200, PAGE = 4096 };
	char *pages = mmap(NULL, (size_t)PIECES * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(pages, MAP_FAILED);
	for (size_t i = 0; i < PIECES; i += 2)
		ck_assert_int_eq(
			mprotect(pages + i * PAGE, PAGE, PROT_NONE), 0);
}

START_TEST(test_crash_campaign_without_a_host_victims_are_forked)
{
	uint64_t counts[VERDICTS], struck;

	if (!can_step())
		return;
	scatter_memory();
	run(FAULT_NONE, true, KIND_INSTRUCTION, "send", counts, &struck);
	ck_assert_uint_gt(struck, 0);
	ck_assert_uint_eq(counts[VERDICT_CRASHED], 0);
}
END_TEST

/* What the calls that were recorded never needed, their children go without. */
START_TEST(test_crash_campaign_library_used_by_survivors_alone_is_there)
{
	uint64_t counts[VERDICTS], struck;

	if (!can_step())
		return;
	run(FAULT_SEEKS_HELP, _i, KIND_INSTRUCTION, "send", counts, &struck);
	ck_assert_uint_eq(counts[VERDICT_CRASHED], 0);
	ck_assert_uint_gt(struck, 0);
}
END_TEST

int main(void)
{
	Suite *suite;
	TCase *tcase;
	SRunner *runner;
	int failed;

#ifdef __SANITIZE_ADDRESS__
	puts("SKIP: the sanitizer handles the crashes that are to be found");
	return 77;
#endif
	suite = suite_create("crash_campaign");
	tcase = tcase_create("campaign");
	toy = mmap(NULL, sizeof(*toy), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (toy == MAP_FAILED)
		return EXIT_FAILURE;
	tcase_add_loop_test(tcase, test_crash_campaign_fault_is_found, 0,
		2 * sizeof(faults) / sizeof(*faults));
	/* send and recv, killed at each instruction, and in each pair */
	tcase_add_loop_test(
		tcase, test_crash_campaign_nothing_wrong_finds_nothing, 0, 8);
	/* victims forked, and in lent memory */
	tcase_add_loop_test(tcase,
		test_crash_campaign_crash_that_does_not_repeat_counts, 0, 2);
	tcase_add_loop_test(tcase,
		test_crash_campaign_victim_killed_by_others_is_told_apart, 0,
		2);
	tcase_add_test(tcase,
		test_crash_campaign_victim_that_overruns_a_lent_stack_is_found);
	tcase_add_test(
		tcase, test_crash_campaign_without_a_host_victims_are_forked);
	tcase_add_loop_test(tcase,
		test_crash_campaign_library_used_by_survivors_alone_is_there, 0,
		2);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
