/* test_memfd.c - segments without a name: passed by descriptor, and sealed.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

#include "lib_stage.h"

static const struct mipc_options sealed = {.flags = MIPC_MEMFD};

START_TEST(test_memfd_queue_goes_on_by_descriptor)
{
	mipc_queue *queue, *other;
	char text[8];
	size_t len;

	WANT(mipc_queue_create(NULL, 65536, &sealed, &queue), 0);
	WANT_TRUE(mipc_queue_fd(queue) >= 0);
	WANT(mipc_queue_from_fd(mipc_queue_fd(queue), NULL, &other), 0);
	WANT(mipc_queue_put(other, "hello", 6, 0), 0);
	WANT(mipc_queue_get(queue, text, sizeof(text), 0, &len), 0);
	WANT(len, 6);
	WANT(strcmp(text, "hello"), 0);
	mipc_queue_close(queue);
	/* The memory lives as long as somebody has it. */
	WANT(mipc_queue_put(other, "again", 6, 0), 0);
	WANT(mipc_queue_get(other, text, sizeof(text), 0, &len), 0);
	mipc_queue_close(other);
}
END_TEST

START_TEST(test_memfd_ring_keeps_roles_and_sees_peer_leave)
{
	mipc_ring *producer, *consumer, *third;
	char byte;
	size_t len;

	WANT(mipc_ring_create(
		     "label", 65536, MIPC_RING_PRODUCER, &sealed, &producer),
		0);
	WANT(mipc_ring_from_fd(mipc_ring_fd(producer), MIPC_RING_CONSUMER, NULL,
		     &consumer),
		0);
	WANT(mipc_ring_from_fd(
		     mipc_ring_fd(consumer), MIPC_RING_CONSUMER, NULL, &third),
		-EBUSY);
	mipc_ring_close(producer);
	WANT(mipc_ring_read(consumer, &byte, 1, 0, &len), -EPIPE);
	mipc_ring_close(consumer);
}
END_TEST

START_TEST(test_memfd_cannot_be_truncated)
{
	mipc_shm *shm;

	WANT(mipc_shm_create(NULL, 10000, &sealed, &shm), 0);
	WANT(ftruncate(mipc_shm_fd(shm), 0), -1);
	WANT(errno, EPERM);
	WANT(ftruncate(mipc_shm_fd(shm), 1 << 20), -1);
	WANT(mipc_shm_write(shm, 9999, "x", 1), 0);
	mipc_shm_close(shm);
}
END_TEST

START_TEST(test_memfd_wrong_descriptor_gets_its_own_error)
{
	mipc_queue *queue;
	mipc_shm *shm;
	int ends[2];

	WANT(mipc_queue_from_fd(-1, NULL, &queue), -EBADF);
	WANT(pipe(ends), 0);
	WANT(mipc_queue_from_fd(ends[0], NULL, &queue), -EILSEQ);
	WANT(mipc_shm_create(NULL, 10000, &sealed, &shm), 0);
	WANT(mipc_queue_from_fd(mipc_shm_fd(shm), NULL, &queue), -EPROTOTYPE);
	mipc_shm_close(shm);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* What its sender could truncate is not taken: memory that is not sealed, sealed
 * in part, or a file with a name. */
START_TEST(test_memfd_unsealed_memory_is_refused)
{
	static const int seals[] = {0, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL};
	static char bytes[32768];
	char name[LIB_NAME_BYTES], path[LIB_PATH_BYTES];
	mipc_shm *shm, *other;
	ssize_t len;
	int fd;

	WANT(mipc_shm_create(NULL, 10000, &sealed, &shm), 0);
	len = pread(mipc_shm_fd(shm), bytes, sizeof(bytes), 0);
	WANT_TRUE(len > 10000);
	for (unsigned i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
		fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		WANT_TRUE(fd >= 0);
		WANT(write(fd, bytes, (size_t)len), len);
		WANT(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
		WANT(mipc_shm_from_fd(fd, NULL, &other), -EPERM);
		close(fd);
	}
	mipc_shm_close(shm);
	lib_name(name);
	lib_path(path, name);
	WANT(mipc_shm_create(name, 10000, NULL, &shm), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	WANT_TRUE(fd >= 0);
	WANT(mipc_shm_from_fd(fd, NULL, &other), -EPERM);
	close(fd);
	mipc_shm_close(shm);
	WANT(mipc_shm_unlink(name), 0);
}
END_TEST

START_TEST(test_memfd_named_segment_has_no_descriptor)
{
	char name[LIB_NAME_BYTES];
	const struct mipc_options touched = {.flags = MIPC_PREFAULT};
	mipc_shm *shm;

	lib_name(name);
	WANT(mipc_shm_create(name, 100000, &touched, &shm), 0);
	WANT(mipc_shm_fd(shm), -ENOTSUP);
	WANT(mipc_shm_open(NULL, NULL, &shm), -EINVAL);
	mipc_shm_close(shm);
	WANT(mipc_shm_unlink(name), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_memfd_queue_goes_on_by_descriptor,
		test_memfd_ring_keeps_roles_and_sees_peer_leave,
		test_memfd_cannot_be_truncated,
		test_memfd_wrong_descriptor_gets_its_own_error,
		test_memfd_unsealed_memory_is_refused,
		test_memfd_named_segment_has_no_descriptor,
	};

	return LIB_MAIN("memfd", tests);
}
