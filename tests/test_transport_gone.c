/* test_transport_gone.c - what is left of a transport when somebody leaves.
 *
 * As test_transport.c, the checks of deaths and departures.
 */
#include "conform_table.h"

START_TEST(test_transport_peer_gone_is_epipe)
{
	table_keeps("peer-gone", _i);
}
END_TEST

START_TEST(test_transport_destroy_leaves_nothing)
{
	table_keeps("nothing-left", _i);
}
END_TEST

START_TEST(test_transport_destroy_and_detach_accept_null)
{
	table_keeps("null", _i);
}
END_TEST

START_TEST(test_transport_killed_lock_holder_is_as_claimed)
{
	table_keeps("lock-holder", _i);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_transport_peer_gone_is_epipe,
		test_transport_destroy_leaves_nothing,
		test_transport_destroy_and_detach_accept_null,
		test_transport_killed_lock_holder_is_as_claimed,
	};

	return table_main(
		"transport-gone", tests, sizeof(tests) / sizeof(*tests));
}
