/* test_conform.c - does each check of the conformance suite notice anything?
 *
 * Transports that keep their promises, each with one fault put in: a check that
 * lets it pass is no check. The words must tell what is wrong.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform/conform.h"
#include "transport/list.h"
#include "transport/transport.h"

enum {
	FAULT_AT = 2, /* which message of a process; all checks send more */
	BODY_BYTES = 1 << 21,
};

static unsigned sent;

static int send_loses(struct endpoint *end, const struct outbound *message,
	uint64_t timeout_ns)
{
	if (sent++ == FAULT_AT)
		return 0;
	return transport_socketpair.send(end, message, timeout_ns);
}

static int send_doubles(struct endpoint *end, const struct outbound *message,
	uint64_t timeout_ns)
{
	if (sent++ == FAULT_AT)
		(void)transport_fcntl_queue.send(end, message, timeout_ns);
	return transport_fcntl_queue.send(end, message, timeout_ns);
}

static int send_damages(struct endpoint *end, const struct outbound *message,
	uint64_t timeout_ns)
{
	static unsigned char body[BODY_BYTES];
	struct outbound other = {.data = body, .len = message->len};

	memcpy(body, message->data, message->len);
	if (message->len)
		body[message->len - 1] ^= 1;
	return transport_socketpair.send(end, &other, timeout_ns);
}

static int send_shortens(struct endpoint *end, const struct outbound *message,
	uint64_t timeout_ns)
{
	struct outbound other = *message;

	if (other.len > 7)
		other.len -= 1;
	return transport_socketpair.send(end, &other, timeout_ns);
}

static int send_swallows(struct endpoint *end, const struct outbound *message,
	uint64_t timeout_ns)
{
	(void)end;
	(void)message;
	(void)timeout_ns;
	return 0;
}

static int send_crashes(struct endpoint *end, const struct outbound *message,
	uint64_t timeout_ns)
{
	raise(SIGABRT);
	return transport_socketpair.send(end, message, timeout_ns);
}

static int batch_swaps(struct endpoint *end, const struct outbound *messages,
	unsigned count, uint64_t timeout_ns)
{
	struct outbound two[2];

	if (count < 2)
		return transport_socketpair.send_batch(
			end, messages, count, timeout_ns);
	two[0] = messages[1];
	two[1] = messages[0];
	return transport_socketpair.send_batch(end, two, 2, timeout_ns);
}

static int recv_never_polls(
	struct endpoint *end, struct inbound *message, uint64_t timeout_ns)
{
	int ret = transport_socketpair.recv(end, message, timeout_ns);

	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}

static int recv_hides_the_end(
	struct endpoint *end, struct inbound *message, uint64_t timeout_ns)
{
	int ret = transport_socketpair.recv(end, message, timeout_ns);

	return ret == -EPIPE ? -EIO : ret;
}

static int recv_counts_wrong(
	struct endpoint *end, struct inbound *message, uint64_t timeout_ns)
{
	int ret = transport_null.recv(end, message, timeout_ns);

	message->len += 1;
	return ret;
}

static int create_leaks(
	const struct channel_config *config, struct channel **ret_channel)
{
	(void)open("/dev/null", O_RDONLY | O_CLOEXEC);
	return transport_socketpair.create(config, ret_channel);
}

static int create_crashes(
	const struct channel_config *config, struct channel **ret_channel)
{
	(void)config;
	(void)ret_channel;
	raise(SIGABRT);
	return -EIO;
}

static int create_fails(
	const struct channel_config *config, struct channel **ret_channel)
{
	(void)config;
	(void)ret_channel;
	return -ENOSPC;
}

static void destroy_crashes(struct channel *channel)
{
	if (!channel)
		raise(SIGABRT);
	transport_socketpair.destroy(channel);
}

static int check_complains(struct channel *channel)
{
	(void)channel;
	return -EBADMSG;
}

static struct transport faulty;

static void fault_loses(void)
{
	faulty = transport_socketpair;
	faulty.send = send_loses;
}

static void fault_doubles(void)
{
	faulty = transport_fcntl_queue;
	faulty.send = send_doubles;
}

static void fault_damages(void)
{
	faulty = transport_socketpair;
	faulty.send = send_damages;
}

static void fault_shortens(void)
{
	faulty = transport_socketpair;
	faulty.send = send_shortens;
}

static void fault_swallows(void)
{
	faulty = transport_socketpair;
	faulty.caps &= ~(unsigned)CAP_BATCH;
	faulty.send = send_swallows;
}

static void fault_crashes(void)
{
	faulty = transport_socketpair;
	faulty.send = send_crashes;
}

static void fault_swaps(void)
{
	faulty = transport_socketpair;
	faulty.send_batch = batch_swaps;
}

static void fault_never_polls(void)
{
	faulty = transport_socketpair;
	faulty.recv = recv_never_polls;
}

static void fault_hides_the_end(void)
{
	faulty = transport_socketpair;
	faulty.recv = recv_hides_the_end;
}

static void fault_counts_wrong(void)
{
	faulty = transport_null;
	faulty.recv = recv_counts_wrong;
}

static void fault_leaks(void)
{
	faulty = transport_socketpair;
	faulty.create = create_leaks;
}

static void fault_create_crashes(void)
{
	faulty = transport_socketpair;
	faulty.create = create_crashes;
}

static void fault_create_fails(void)
{
	faulty = transport_socketpair;
	faulty.create = create_fails;
}

static void fault_destroy_crashes(void)
{
	faulty = transport_socketpair;
	faulty.destroy = destroy_crashes;
}

static void fault_check_complains(void)
{
	faulty = transport_socketpair;
	faulty.check = check_complains;
}

static void fault_is_modest(void)
{
	faulty = transport_fcntl_queue;
	faulty.caps &= ~(unsigned)CAP_SURVIVES_KILL;
}

static const struct {
	void (*put_in)(void);
	const char *check;
	const char *words; /* a part of them */
} faults[] = {
	{fault_loses, "order", "message 2"},
	{fault_doubles, "many", "came twice"},
	{fault_doubles, "order", "message 3"},
	{fault_damages, "sizes", "byte 0 is"},
	{fault_shortens, "sizes", "has 7 bytes, not 8"},
	{fault_swallows, "full", "without an end"},
	{fault_crashes, "sizes", "producer 0: it crashed: signal 6"},
	{fault_swaps, "batches", "message"},
	{fault_never_polls, "empty", "receive without a message returns"},
	{fault_hides_the_end, "peer-gone", "after the producer left"},
	{fault_counts_wrong, "loopback", "comes back changed"},
	{fault_leaks, "nothing-left", "leaves 1 files open"},
	{fault_create_crashes, "sizes", "it crashed: signal 6"},
	{fault_create_fails, "sizes", "create for messages of 0 bytes: No"},
	{fault_destroy_crashes, "null", "it crashed: signal 6"},
	{fault_check_complains, "sizes", "invariants broken"},
	{fault_is_modest, "lock-holder", "after a holder of the lock"},
};

START_TEST(test_conform_fault_is_noticed_and_told)
{
	const struct conform_check *check = conform_find(faults[_i].check);
	char words[CASE_REASON_BYTES] = "";

	ck_assert_ptr_nonnull(check);
	faults[_i].put_in();
	ck_assert_msg(conform_run(check, &faulty, faulty.name, words,
			      sizeof(words)) == CONFORM_BROKEN,
		"row %d: %s does not notice: %s", _i, check->name, words);
	ck_assert_msg(strstr(words, faults[_i].words) != NULL,
		"row %d: %s says '%s'", _i, check->name, words);
}
END_TEST

/* Not one of them is without a fault that it must notice. */
START_TEST(test_conform_every_check_has_a_fault)
{
	for (const struct conform_check *check = conform_checks(); check->name;
		check++) {
		size_t i = 0;

		while (i < sizeof(faults) / sizeof(*faults) &&
			strcmp(faults[i].check, check->name) != 0)
			i++;
		ck_assert_msg(i < sizeof(faults) / sizeof(*faults),
			"no fault for %s", check->name);
	}
}
END_TEST

static int never(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	(void)config;
	snprintf(reason, reason_bytes, "not today");
	return -ENOTSUP;
}

START_TEST(test_conform_what_cannot_run_or_is_not_promised_is_skipped)
{
	struct transport one = transport_socketpair;
	char words[CASE_REASON_BYTES] = "";

	ck_assert_int_eq(conform_run(conform_find("many"), &one, "x", words,
				 sizeof(words)),
		CONFORM_UNPROMISED);
	ck_assert_str_eq(words, "");
	one.can_run = never;
	ck_assert_int_eq(conform_run(conform_find("sizes"), &one, "x", words,
				 sizeof(words)),
		CONFORM_SKIPPED);
	ck_assert_str_eq(words, "not today");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conform");
	TCase *tcase = tcase_create("conform");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, test_conform_fault_is_noticed_and_told, 0,
		sizeof(faults) / sizeof(*faults));
	tcase_add_test(tcase, test_conform_every_check_has_a_fault);
	tcase_add_test(tcase,
		test_conform_what_cannot_run_or_is_not_promised_is_skipped);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
