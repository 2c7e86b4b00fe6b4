/* test_membind.c - memory goes where it is told, and says so. One node is enough
 * to see that.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine/membind.h"
#include "own_names.h"
#include "run/slice.h"
#include "transport/transport.h"

/* The policy of this thread and its nodes, as the kernel has them. */
static int policy_now(uint64_t *ret_nodes)
{
	int policy = -1;

	*ret_nodes = 0;
	ck_assert_int_eq(
		syscall(SYS_get_mempolicy, &policy, ret_nodes, 64, NULL, 0), 0);
	return policy;
}

START_TEST(test_membind_set_is_what_the_kernel_has_until_reset)
{
	uint64_t nodes;

	ck_assert_int_eq(membind_set(1, false), 0);
	ck_assert_int_eq(policy_now(&nodes), 2);
	ck_assert_uint_eq(nodes, 1);
	ck_assert_int_eq(membind_set(1, true), 0);
	ck_assert_int_eq(policy_now(&nodes), 3);
	membind_reset();
	ck_assert_int_eq(policy_now(&nodes), 0);
	ck_assert_uint_eq(nodes, 0);
}
END_TEST

START_TEST(test_membind_set_of_a_node_that_is_not_there_is_einval)
{
	ck_assert_int_eq(membind_set(UINT64_C(1) << 63, false), -EINVAL);
}
END_TEST

START_TEST(test_membind_found_is_where_a_named_mapping_has_pages)
{
	char path[] = "/dev/shm/test_membind_XXXXXX";
	int fd = mkstemp(path);
	char *map;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_uint_eq(membind_found(path), 0); /* no page yet */
	map[0] = 1;
	ck_assert_uint_eq(membind_found(path), 1);
	ck_assert_uint_eq(membind_found("/no/such/file"), 0);
	munmap(map, 4096);
	close(fd);
	unlink(path);
}
END_TEST

/* All the way: a slice on a node finds its pages there, and leaves this process
 * without a policy. */
START_TEST(test_membind_slice_finds_its_memory_on_the_node_asked_for)
{
	struct bench_case bench = {
		.transport = "ring",
		.msg_size_bytes = 64,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.cpus = {CASE_CPU_ANY, CASE_CPU_ANY},
		.memory = MEMORY_PRODUCER,
		.memory_nodes = 1,
		.wait = WAIT_BLOCK,
		.verify = VERIFY_HEADER,
		.slice_ns = 200000000, /* some turn comes, on a busy machine */
		.rounds = 1,
	};
	const struct slice_request request = {.bench = &bench};
	struct slice_report report = {0};
	char name[OWN_NAME_BYTES];
	uint64_t nodes;

	/* The workers look for what their parent's number is on. */
	snprintf(name, sizeof(name), "ipcmark-%ld-%s", (long)getpid(),
		session_token());
	ck_assert_msg(
		slice_run(transport_find("ring"), &request, name, &report) == 0,
		"%s", report.reason);
	ck_assert_uint_gt(report.msgs, 0);
	ck_assert_uint_eq(report.memory_found, 1);
	ck_assert_int_eq(policy_now(&nodes), 0);
}
END_TEST

START_TEST(test_membind_slice_on_no_such_node_fails)
{
	struct bench_case bench = {
		.transport = "ring",
		.msg_size_bytes = 64,
		.batch = 1,
		.producers = 1,
		.consumers = 1,
		.cpus = {CASE_CPU_ANY, CASE_CPU_ANY},
		.memory_nodes = UINT64_C(1) << 63,
		.slice_ns = 5000000,
	};
	const struct slice_request request = {.bench = &bench};
	struct slice_report report = {0};
	char name[OWN_NAME_BYTES];
	uint64_t nodes;

	ck_assert_int_eq(slice_run(transport_find("ring"), &request,
				 own_name(name), &report),
		-EINVAL);
	ck_assert_int_eq(policy_now(&nodes), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("membind");
	TCase *tests = tcase_create("membind");
	SRunner *runner = srunner_create(suite);
	int failed;

	own_names_begin();
	/* A sandbox may forbid the call altogether. */
	if (membind_set(1, false) == -ENOTSUP) {
		puts("no memory policies here");
		srunner_free(runner);
		return 77;
	}
	membind_reset();
	tcase_add_test(
		tests, test_membind_set_is_what_the_kernel_has_until_reset);
	tcase_add_test(
		tests, test_membind_set_of_a_node_that_is_not_there_is_einval);
	tcase_add_test(
		tests, test_membind_found_is_where_a_named_mapping_has_pages);
	tcase_add_test(tests,
		test_membind_slice_finds_its_memory_on_the_node_asked_for);
	tcase_add_test(tests, test_membind_slice_on_no_such_node_fails);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
