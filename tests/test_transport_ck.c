/* test_transport_ck.c - what the ck_ring transports add to the ring: lengths,
 * slots, and how many messages fit. The rest is the conformance suite's.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport/transport.h"

#ifndef HAVE_CK

int main(void)
{
	puts("SKIP: not built in: configure did not find ck");
	return 77;
}

#else

#include "transport/ck.h"
#include "transport/list.h"

enum {
	ROOM_BYTES = 2048,
};

static const struct transport *const transports[] = {
	&transport_ck_ring, &transport_ck_mpmc};

/* A channel with both ends in this process. */
struct pair {
	const struct transport *transport;
	struct channel *channel;
	struct endpoint *producer, *consumer;
};

static struct pair pair_open(
	int index, uint64_t msg_size_bytes, uint64_t capacity_bytes)
{
	const struct channel_config config = {
		.name = "test-ck",
		.msg_size_bytes = msg_size_bytes,
		.capacity_bytes = capacity_bytes,
		.producers = 1,
		.consumers = 1,
	};
	struct pair pair = {.transport = transports[index]};

	ck_assert_int_eq(pair.transport->create(&config, &pair.channel), 0);
	ck_assert_int_eq(pair.transport->attach(pair.channel, ROLE_PRODUCER, 0,
				 &pair.producer),
		0);
	ck_assert_int_eq(pair.transport->attach(pair.channel, ROLE_CONSUMER, 0,
				 &pair.consumer),
		0);
	return pair;
}

static void pair_close(struct pair *pair)
{
	pair->transport->detach(pair->producer);
	pair->transport->detach(pair->consumer);
	pair->transport->destroy(pair->channel);
}

static int pair_send(struct pair *pair, size_t len, unsigned char fill)
{
	unsigned char body[ROOM_BYTES];

	memset(body, fill, sizeof(body));
	return pair->transport->send(pair->producer,
		&(struct outbound){.data = body, .len = len}, 0);
}

/* Receive one message of @len bytes, all of them @fill. */
static void pair_expect(struct pair *pair, size_t len, unsigned char fill)
{
	unsigned char room[ROOM_BYTES], expected[ROOM_BYTES];
	struct inbound message = {.room = room, .room_bytes = sizeof(room)};

	memset(expected, fill, sizeof(expected));
	ck_assert_int_eq(pair->transport->recv(pair->consumer, &message, 0), 0);
	ck_assert_uint_eq(message.len, len);
	ck_assert_mem_eq(message.data, expected, len);
}

START_TEST(test_ck_length_that_does_not_fit_is_refused)
{
	static const struct {
		size_t size;
		size_t len;
		int want;
	} rows[] = {
		{64, 64, 0},
		{64, 63, -EMSGSIZE}, /* an element: one size */
		{64, 65, -EMSGSIZE},
		{256, 0, -EMSGSIZE},
		{100, 100, 0},
		{100, 99, 0}, /* a slot: any size up to its own */
		{100, 0, 0},
		{100, 101, -EMSGSIZE},
		{0, 0, 0},
		{0, 1, -EMSGSIZE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pair pair = pair_open(_i, rows[i].size, 0);
		int ret = pair_send(&pair, rows[i].len, 1);

		ck_assert_msg(ret == rows[i].want,
			"%s: %zu bytes of at most %zu: %d, not %d",
			pair.transport->name, rows[i].len, rows[i].size, ret,
			rows[i].want);
		if (!ret)
			pair_expect(&pair, rows[i].len, 1);
		pair_close(&pair);
	}
}
END_TEST

START_TEST(test_ck_capacity_is_what_was_asked_for_and_never_less_than_three)
{
	static const struct {
		size_t size;
		uint64_t capacity;
		unsigned fit;
	} rows[] = {
		{8, 1024, 127}, /* of 128 elements one stays free */
		{8, 1000, 63},	/* the power of two below */
		{100, 1024, 7}, /* slots of whole lines: 128 bytes */
		{1024, 64 * 1024, 63},
		{1024, 1, 3}, /* never less */
		{1025, 1, 3},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pair pair =
			pair_open(_i, rows[i].size, rows[i].capacity);
		unsigned fit = 0;

		/* twice, so that the indices go round */
		for (int round = 0; round < 2; round++) {
			fit = 0;
			while (!pair_send(&pair, rows[i].size, fit % 251))
				fit++;
			for (unsigned at = 0; at < fit; at++)
				pair_expect(&pair, rows[i].size, at % 251);
			ck_assert_msg(fit == rows[i].fit,
				"%s: %u messages of %zu bytes fit, not %u",
				pair.transport->name, fit, rows[i].size,
				rows[i].fit);
		}
		ck_assert_int_eq(pair.transport->check(pair.channel), 0);
		pair_close(&pair);
	}
}
END_TEST

START_TEST(test_ck_check_finds_a_scribbled_index)
{
	struct pair pair = pair_open(_i, 8, 1024);
	struct ck_ring *ring = ((struct ck_channel *)pair.channel)->rings[0];

	ck_assert_int_eq(pair.transport->check(pair.channel), 0);
	ring->p_tail = ring->c_head + 128;
	ck_assert_int_eq(pair.transport->check(pair.channel), -EBADMSG);
	pair_close(&pair);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_ck_length_that_does_not_fit_is_refused,
		test_ck_capacity_is_what_was_asked_for_and_never_less_than_three,
		test_ck_check_finds_a_scribbled_index,
	};
	Suite *suite = suite_create("transport-ck");
	TCase *tcase = tcase_create("ck");
	SRunner *runner = srunner_create(suite);
	int failed;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_loop_test(tcase, tests[i], 0,
			sizeof(transports) / sizeof(*transports));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
