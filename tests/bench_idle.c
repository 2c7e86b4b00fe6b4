/* bench_idle.c - what does it cost to wait for a message that does not come?
 *
 * bench_idle ring|queue: a reader blocks in its call for a second, ROUNDS times,
 * with a live peer that has nothing to say, and asks the system how much CPU time
 * that took it. Waiting begins with a short look around and wakes up some times a
 * second to see whether the peer died, so it is not nothing.
 *
 * Prints "MEDIAN LOW HIGH" of the share of one CPU (a 95 % interval of the
 * median). `make bench` runs it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <mmapipc/mmapipc.h>
#include <mmapipc/queue.h>
#include <mmapipc/ring.h>

#include "base/deadline.h"
#include "base/stats.h"

enum { ROUNDS = 6 }; /* the fewest for 95 % */
#define WAIT_NS UINT64_C(1000000000)

/* Both have the same handle for the writing side, which stays silent. */
struct idle {
	mipc_ring *writer, *ring;
	mipc_queue *queue;
};

static int idle_open(const char *what, const char *name, struct idle *idle)
{
	int err;

	if (strcmp(what, "queue") == 0) {
		err = mipc_queue_create(name, 0, NULL, &idle->queue);
		if (!err)
			mipc_queue_unlink(name);
		return err;
	}
	err = mipc_ring_create(
		name, 0, MIPC_RING_PRODUCER, NULL, &idle->writer);
	if (err)
		return err;
	err = mipc_ring_open(name, MIPC_RING_CONSUMER, NULL, &idle->ring);
	mipc_ring_unlink(name);
	return err;
}

static void idle_close(struct idle *idle)
{
	mipc_ring_close(idle->ring);
	mipc_ring_close(idle->writer);
	mipc_queue_close(idle->queue);
}

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
		       1000000000u +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) *
		       1000u;
}

static int wait_once(struct idle *idle)
{
	char message[64];
	size_t len;

	if (idle->ring)
		return mipc_ring_read(
			idle->ring, message, sizeof(message), WAIT_NS, &len);
	return mipc_queue_get(
		idle->queue, message, sizeof(message), WAIT_NS, &len);
}

static int measure(struct idle *idle)
{
	double shares[ROUNDS];
	struct interval share;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t started_ns = deadline_clock_ns(CLOCK_MONOTONIC);
		uint64_t used_ns = cpu_ns();
		int err = wait_once(idle);

		if (err != -ETIMEDOUT)
			return err ? err : -EIO;
		shares[i] = (double)(cpu_ns() - used_ns) /
			    (double)(deadline_clock_ns(CLOCK_MONOTONIC) -
				     started_ns);
	}
	share = stats_median_interval(shares, ROUNDS, 0.95);
	printf("%.3g %.3g %.3g\n", share.median, share.lo, share.hi);
	return 0;
}

int main(int argc, char **argv)
{
	struct idle idle = {0};
	char name[64];
	int err;

	if (argc != 2 ||
		(strcmp(argv[1], "ring") != 0 && strcmp(argv[1], "queue"))) {
		fprintf(stderr, "usage: bench_idle ring|queue\n");
		return 2;
	}
	snprintf(name, sizeof(name), "bench-idle-%ld", (long)getpid());
	err = idle_open(argv[1], name, &idle);
	if (!err)
		err = measure(&idle);
	idle_close(&idle);
	if (err)
		fprintf(stderr, "bench_idle %s: %s; nothing was measured\n",
			argv[1], mipc_strerror(err));
	return err ? 1 : 0;
}
