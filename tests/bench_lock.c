/* bench_lock.c - the queue's lock beside the one that most programs would take.
 *
 * Both lock and unlock a word in memory that other processes share, with nobody
 * else there, and both outlive the death of who holds them: lib/lock.c's word,
 * and a pthread mutex that is robust and process-shared. Between lock and unlock
 * each counts up a number beside its lock, so that neither critical section is
 * empty. They take turns in short rounds, in an order that changes from round to
 * round; what counts is the ratio within a round.
 *
 * Prints "MEDIAN LOW HIGH" of the ratio of ours to theirs (a 95 % interval of
 * the median), then the two times of one pair in ns. `make bench` runs it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mmapipc/mmapipc.h>

#include "base/deadline.h"
#include "base/shared.h"
#include "base/stats.h"
#include "event.h"
#include "lock.h"
#include "segment.h"

enum {
	ROUNDS = 41,
	PAIRS = 100000, /* in a round: a millisecond or so */
};

struct theirs {
	pthread_mutex_t mutex;
	uint64_t count;
};

static int make_theirs(struct theirs *theirs)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr);

	if (!err)
		err = pthread_mutexattr_setpshared(
			&attr, PTHREAD_PROCESS_SHARED);
	if (!err)
		err = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (!err)
		err = pthread_mutex_init(&theirs->mutex, &attr);
	return -err;
}

/* One pair of theirs, in ns; negative when the lock fails. */
static double time_theirs(struct theirs *theirs)
{
	uint64_t started_ns = deadline_clock_ns(CLOCK_MONOTONIC);

	for (unsigned i = 0; i < PAIRS; i++) {
		if (pthread_mutex_lock(&theirs->mutex))
			return -1;
		theirs->count++;
		if (pthread_mutex_unlock(&theirs->mutex))
			return -1;
	}
	return (double)(deadline_clock_ns(CLOCK_MONOTONIC) - started_ns) /
	       PAIRS;
}

/* One pair of ours; the number counted up is in the segment's payload. */
static double time_ours(struct segment *segment, uint64_t *count)
{
	struct mipc_lock *lock = &segment->shared->queue.producers.lock;
	uint64_t started_ns = deadline_clock_ns(CLOCK_MONOTONIC);

	for (unsigned i = 0; i < PAIRS; i++) {
		struct wait wait = {.timeout_ns = MIPC_FOREVER};

		if (lock_acquire(lock, segment, &wait))
			return -1;
		++*count;
		lock_release(lock);
	}
	return (double)(deadline_clock_ns(CLOCK_MONOTONIC) - started_ns) /
	       PAIRS;
}

static int measure(struct segment *segment, void *shared)
{
	struct theirs *theirs = shared;
	uint64_t *count = (uint64_t *)(theirs + 8); /* on other lines */
	double ratios[ROUNDS], ours_ns[ROUNDS], theirs_ns[ROUNDS];
	struct interval ratio;

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 2)
			ours_ns[i] = time_ours(segment, count);
		theirs_ns[i] = time_theirs(theirs);
		if (i % 2 == 0)
			ours_ns[i] = time_ours(segment, count);
		if (ours_ns[i] < 0 || theirs_ns[i] < 0)
			return -EIO;
		ratios[i] = ours_ns[i] / theirs_ns[i];
	}
	ratio = stats_median_interval(ratios, ROUNDS, 0.95);
	printf("%.4g %.4g %.4g\n", ratio.median, ratio.lo, ratio.hi);
	printf("%.2f ns a pair, a robust pthread mutex %.2f ns\n",
		stats_median(ours_ns, ROUNDS), stats_median(theirs_ns, ROUNDS));
	return 0;
}

int main(void)
{
	struct segment segment;
	char name[64];
	void *shared = shared_map(4096);
	int err;

	memset(&segment, 0, sizeof(segment));
	snprintf(name, sizeof(name), "bench-lock-%ld", (long)getpid());
	err = shared ? make_theirs(shared) : -ENOMEM;
	if (!err)
		err = segment_create(
			&segment, name, MIPC_KIND_QUEUE, 65536, NULL);
	if (!err) {
		segment_unlink(name, MIPC_KIND_QUEUE);
		err = segment_enter(&segment);
		if (!err)
			err = measure(&segment, shared);
		segment_close(&segment);
	}
	if (err)
		fprintf(stderr, "bench_lock: %s; nothing was measured\n",
			mipc_strerror(err));
	return err ? 1 : 0;
}
