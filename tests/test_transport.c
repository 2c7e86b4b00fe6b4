/* test_transport.c - what every transport must do, whatever it is made of.
 *
 * Each test is a check of the conformance suite (harness/conform/conform.c) over the
 * whole table (transport/table.c). A transport is left out of a check by what it
 * says it can do, never by its name; one that cannot run on this machine is
 * skipped with its reason. Transports with workers of their own are in
 * test_transport_exec.c, deaths and departures in test_transport_gone.c.
 */
#include "conform_table.h"

START_TEST(test_transport_every_size_arrives_whole)
{
	table_keeps("sizes", _i);
}
END_TEST

START_TEST(test_transport_mixed_sizes_arrive_in_order)
{
	table_keeps("order", _i);
}
END_TEST

START_TEST(test_transport_batches_arrive_in_order)
{
	table_keeps("batches", _i);
}
END_TEST

START_TEST(test_transport_empty_polls_again_or_times_out)
{
	table_keeps("empty", _i);
}
END_TEST

START_TEST(test_transport_full_refuses_and_drains_in_order)
{
	table_keeps("full", _i);
}
END_TEST

START_TEST(test_transport_many_workers_each_message_once)
{
	table_keeps("many", _i);
}
END_TEST

START_TEST(test_transport_loopback_hands_back_what_was_sent)
{
	table_keeps("loopback", _i);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_transport_every_size_arrives_whole,
		test_transport_mixed_sizes_arrive_in_order,
		test_transport_batches_arrive_in_order,
		test_transport_empty_polls_again_or_times_out,
		test_transport_full_refuses_and_drains_in_order,
		test_transport_many_workers_each_message_once,
		test_transport_loopback_hands_back_what_was_sent,
	};

	return table_main("transport", tests, sizeof(tests) / sizeof(*tests));
}
