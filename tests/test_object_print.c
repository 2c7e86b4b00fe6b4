/* test_object_print.c - is the state of an object told right, to a person and to a
 * program? The states are made up.
 */
#include <check.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mmapipc/inspect.h>

#include "inspect/object_print.h"

static struct mipc_info sample_queue(void)
{
	return (struct mipc_info){
		.object = MIPC_OBJECT_QUEUE,
		.layout_version = 2,
		.capacity_bytes = 65536,
		.used_bytes = 16384,
		.bytes_in = 32768,
		.bytes_out = 16384,
		.messages_in = 900,
		.messages_out = 850,
		.counted = true,
		.messages = 50,
		.ready = 45,
		.leased = 4,
		.dead_letters = 1,
		.orphans = 1,
		.dead_letter_after = 3,
		.producers = {.held = true,
			.holder_known = true,
			.holder_alive = true,
			.awaited = true,
			.holder = 4711,
			.held_ns = 2000000000,
			.recoveries = 1},
		.consumers = {.orphaned = true, .recoveries = 2},
		.alive = 1,
		.party_count = 2,
		.parties = {{.slot = 0,
				    .pid = 4711,
				    .alive = true,
				    .leases = 3,
				    .leasing_ns = 1500000000},
			{.slot = 5, .pid = 4712, .leases = 1}},
	};
}

/* Printed, as one string; the caller frees it. */
static char *text_of(const struct mipc_info *info, bool json)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	if (json)
		ck_assert_int_eq(object_print_json("jobs", info, out), 0);
	else
		object_print("jobs", info, out);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

static void want_lines(const struct mipc_info *info, const char *const *lines)
{
	char *text = text_of(info, false);

	for (; *lines; lines++)
		ck_assert_msg(strstr(text, *lines) != NULL,
			"'%s' is not in:\n%s", *lines, text);
	free(text);
}

START_TEST(test_object_print_queue_says_who_is_in_the_way)
{
	const char *const lines[] = {
		"queue jobs, 64 KiB\n",
		"  used        16 KiB (25 %), 50 messages: 45 ready, 4 leased, "
		"1 dead letter\n",
		"  orphans     1 reserved or leased by the dead",
		"  passed      900 messages in, 850 out\n",
		"  producers   lock held by pid 4711 (alive) for at least "
		"2.00 s, others wait for it; recovered 1 time\n",
		"  consumers   lock left by the dead, repaired by who comes "
		"next; recovered 2 times\n",
		"  returns     a dead letter after 3\n",
		"  attached    1 alive, 1 dead\n",
		"    pid 4711, alive, 3 leases for 1.50 s\n",
		"    pid 4712, DEAD, 1 lease\n",
		NULL,
	};
	const struct mipc_info info = sample_queue();

	want_lines(&info, lines);
}
END_TEST

START_TEST(test_object_print_ring_says_who_has_which_role)
{
	const char *const lines[] = {
		"ring jobs, 4 KiB\n",
		"  used        0 B (0 %), in motion: messages were not "
		"counted\n",
		"  producer    pid 12 (DEAD)\n",
		"  consumer    none so far\n",
		"    pid 12, DEAD, producer\n",
		NULL,
	};
	const char *const gone[] = {"  consumer    has gone\n", NULL};
	struct mipc_info info = {
		.object = MIPC_OBJECT_RING,
		.capacity_bytes = 4096,
		.producer_left = true,
		.party_count = 1,
		.parties = {{.pid = 12, .produces = true}},
	};

	want_lines(&info, lines);
	info.consumer_left = true;
	want_lines(&info, gone);
}
END_TEST

START_TEST(test_object_print_shm_has_no_messages)
{
	const struct mipc_info info = {
		.object = MIPC_OBJECT_SHM, .capacity_bytes = 100};
	char *text = text_of(&info, false);

	ck_assert_str_eq(text, "shm jobs, 100 B\n"
			       "  attached    0 alive, 0 dead\n");
	free(text);
}
END_TEST

static json_t *json_of(const struct mipc_info *info)
{
	char *text = text_of(info, true);
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);

	ck_assert_msg(json != NULL, "%s in:\n%s", error.text, text);
	free(text);
	return json;
}

static json_int_t integer_of(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	ck_assert_msg(json_is_integer(value), "%s is no integer", key);
	return json_integer_value(value);
}

START_TEST(test_object_print_json_of_a_queue_has_every_key)
{
	const struct mipc_info info = sample_queue();
	json_t *json = json_of(&info);
	const json_t *lock = json_object_get(json, "producers_lock");
	const json_t *parties = json_object_get(json, "parties");
	const json_t *party;

	ck_assert_str_eq(json_string_value(json_object_get(json, "schema")),
		"ipcmark-object-1");
	ck_assert_str_eq(
		json_string_value(json_object_get(json, "kind")), "queue");
	ck_assert_int_eq(integer_of(json, "capacity_bytes"), 65536);
	ck_assert_int_eq(integer_of(json, "used_bytes"), 16384);
	ck_assert_int_eq(integer_of(json, "messages"), 50);
	ck_assert_int_eq(integer_of(json, "ready"), 45);
	ck_assert_int_eq(integer_of(json, "reserved"), 0);
	ck_assert_int_eq(integer_of(json, "leased"), 4);
	ck_assert_int_eq(integer_of(json, "dead_letters"), 1);
	ck_assert_int_eq(integer_of(json, "orphans"), 1);
	ck_assert(json_is_true(json_object_get(lock, "held")));
	ck_assert_int_eq(integer_of(lock, "pid"), 4711);
	ck_assert_int_eq(integer_of(lock, "held_ns"), 2000000000);
	ck_assert_int_eq(integer_of(lock, "recoveries"), 1);
	lock = json_object_get(json, "consumers_lock");
	ck_assert(json_is_true(json_object_get(lock, "orphaned")));
	ck_assert(json_is_null(json_object_get(lock, "pid")));
	ck_assert(json_is_null(json_object_get(lock, "held_ns")));
	ck_assert_uint_eq(json_array_size(parties), 2);
	party = json_array_get(parties, 1);
	ck_assert_int_eq(integer_of(party, "slot"), 5);
	ck_assert(json_is_false(json_object_get(party, "alive")));
	ck_assert_int_eq(integer_of(party, "leases"), 1);
	ck_assert(json_is_null(json_object_get(party, "leasing_ns")));
	json_decref(json);
}
END_TEST

START_TEST(test_object_print_json_says_null_for_what_was_not_counted)
{
	struct mipc_info info = sample_queue();
	json_t *json;

	info.counted = false;
	info.bytes_in = UINT64_MAX; /* forged */
	json = json_of(&info);
	ck_assert(json_is_null(json_object_get(json, "messages")));
	ck_assert(json_is_null(json_object_get(json, "leased")));
	ck_assert_int_ge(integer_of(json, "bytes_in"), 0);
	json_decref(json);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_object_print_queue_says_who_is_in_the_way,
		test_object_print_ring_says_who_has_which_role,
		test_object_print_shm_has_no_messages,
		test_object_print_json_of_a_queue_has_every_key,
		test_object_print_json_says_null_for_what_was_not_counted,
	};
	Suite *suite = suite_create("object_print");
	TCase *tcase = tcase_create("all");
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
