/* test_budget.c - what an object costs besides its messages: at most 64 KiB of
 * shared memory, and no allocation once it is open.
 */
#include "lib_stage.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

enum {
	CAPACITY_BYTES = 1 << 20,
	OVERHEAD_BYTES = 64 << 10,
	ROUNDS = 3,
	BODY_BYTES = 100,
};

static void want_little_more(const char *name)
{
	char path[LIB_PATH_BYTES];
	struct stat st;

	lib_path(path, name);
	WANT(stat(path, &st), 0);
	WANT_TRUE(st.st_size > CAPACITY_BYTES);
	WANT_TRUE(st.st_size - CAPACITY_BYTES <= OVERHEAD_BYTES);
	WANT_TRUE(st.st_blocks * 512 - CAPACITY_BYTES <= OVERHEAD_BYTES);
}

START_TEST(test_budget_object_is_capacity_and_little_more)
{
	char names[3][LIB_NAME_BYTES];
	mipc_queue *queue;
	mipc_ring *ring;
	mipc_shm *shm;

	for (int i = 0; i < 3; i++)
		lib_name(names[i]);
	WANT(mipc_ring_create(names[0], CAPACITY_BYTES,
		     MIPC_RING_PRODUCER | MIPC_RING_CONSUMER, NULL, &ring),
		0);
	WANT(mipc_queue_create(names[1], CAPACITY_BYTES, NULL, &queue), 0);
	WANT(mipc_shm_create(names[2], CAPACITY_BYTES, NULL, &shm), 0);
	for (int i = 0; i < 3; i++)
		want_little_more(names[i]);
	mipc_ring_close(ring);
	mipc_queue_close(queue);
	mipc_shm_close(shm);
	WANT(mipc_ring_unlink(names[0]), 0);
	WANT(mipc_queue_unlink(names[1]), 0);
	WANT(mipc_shm_unlink(names[2]), 0);
}
END_TEST

#ifdef __GLIBC__
/* Bytes that this process has got from malloc(). */
static size_t allocated_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void use_ring(mipc_ring *ring)
{
	char body[BODY_BYTES] = "";
	const void *view;
	void *place;
	size_t len;

	WANT(mipc_ring_write(ring, body, sizeof(body), 0), 0);
	WANT(mipc_ring_read(ring, body, sizeof(body), 0, &len), 0);
	WANT(mipc_ring_reserve(ring, sizeof(body), 0, &place), 0);
	memset(place, 1, sizeof(body));
	WANT(mipc_ring_commit(ring, sizeof(body)), 0);
	WANT(mipc_ring_peek(ring, 0, &view, &len), 0);
	WANT(mipc_ring_release(ring), 0);
	WANT(mipc_ring_read(ring, body, sizeof(body), LIB_BRIEF_NS, &len),
		-ETIMEDOUT);
}

static void use_queue(mipc_queue *queue)
{
	char body[BODY_BYTES] = "";
	struct mipc_lease lease;
	size_t len;

	WANT(mipc_queue_put(queue, body, sizeof(body), 0), 0);
	WANT(mipc_queue_get(queue, body, sizeof(body), 0, &len), 0);
	WANT(mipc_queue_reserve(queue, sizeof(body), 0, &lease), 0);
	memset(lease.data, 1, sizeof(body));
	WANT(mipc_queue_commit(queue, &lease), 0);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	WANT(mipc_queue_return(queue, &lease), 0);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	WANT(mipc_queue_release(queue, &lease), 0);
	WANT(mipc_queue_get(queue, body, sizeof(body), LIB_BRIEF_NS, &len),
		-ETIMEDOUT);
}

START_TEST(test_budget_calls_allocate_nothing)
{
	char names[2][LIB_NAME_BYTES];
	mipc_queue *queue;
	mipc_ring *ring;
	size_t before;
	void *more;

	before = allocated_bytes();
	more = malloc(CAPACITY_BYTES);
	if (more && allocated_bytes() <= before) {
		free(more);
		lib_skip("this malloc() does not tell what it has given out");
		return;
	}
	free(more);
	lib_name(names[0]);
	lib_name(names[1]);
	WANT(mipc_ring_create(names[0], CAPACITY_BYTES,
		     MIPC_RING_PRODUCER | MIPC_RING_CONSUMER, NULL, &ring),
		0);
	WANT(mipc_queue_create(names[1], CAPACITY_BYTES, NULL, &queue), 0);
	before = allocated_bytes();
	for (int i = 0; i < ROUNDS; i++) {
		use_ring(ring);
		use_queue(queue);
	}
	WANT(allocated_bytes(), before);
	mipc_ring_close(ring);
	mipc_queue_close(queue);
	WANT(mipc_ring_unlink(names[0]), 0);
	WANT(mipc_queue_unlink(names[1]), 0);
}
END_TEST
#endif

int main(void)
{
	const TTest *const tests[] = {
		test_budget_object_is_capacity_and_little_more,
#ifdef __GLIBC__
		test_budget_calls_allocate_nothing,
#endif
	};

	return LIB_MAIN("budget", tests);
}
