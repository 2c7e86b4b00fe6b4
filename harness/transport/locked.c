/* locked.c - a plain queue in shared memory under a plain lock.
 *
 * What most people write first: bytes between a head and a tail, one lock for
 * everything, and a look every now and then when there is nothing to do. Three
 * transports differ in nothing but the lock:
 *
 * fcntl-queue  a POSIX record lock, fcntl(F_SETLK), on a file. The kernel gives
 *              it back when its holder dies, whatever the reason. It belongs to
 *              the process, so the file may be opened once, before the fork.
 * mutex-queue  a process-shared pthread mutex, not robust. Fast, and held for
 *              ever by a holder that dies: the control that shows what a
 *              crash does to a queue that did not think of it.
 * robust-queue the same mutex, PTHREAD_MUTEX_ROBUST: what a careful user builds
 *              today. The next owner is told of the death (EOWNERDEAD) and
 *              has nothing to mend, for the reason below, but must say that
 *              the mutex is consistent; else it is of no use to anybody.
 *
 * A put copies the record in and then publishes it by one store of the tail; a
 * get copies it out and then takes it by one store of the head. So whoever dies
 * under the lock leaves the queue as before or as after its call, and only the
 * lock can be what stops the others.
 *
 * Waiting: there is nothing to sleep on, so a call with a time-out looks again
 * every POLL_NS. A message that comes after the queue was seen empty waits half
 * of that on average, and the kernel's timer slack (50 us by default) comes on
 * top: that is the price of this design, and it shows in round trips.
 *
 * F_SETLKW, which sleeps until the lock is free, knows no deadline, and a holder
 * that was stopped rather than killed would hang every worker; a lock that is
 * held is tried again after giving the processor away.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/line_pair.h"
#include "base/shared.h"
#include "transport/records.h"
#include "transport/transport.h"

enum {
	POLL_NS = 50 * 1000, /* as fine as the usual timer slack */
};

struct locked_shared {
	alignas(LINE_PAIR_BYTES) pthread_mutex_t mutex; /* not of fcntl-queue */
	_Atomic pid_t owner; /* of the mutex; 0: nobody, or just changing */
	/* free-running byte counts; head <= tail <= head + capacity */
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t head;
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t tail;
	alignas(LINE_PAIR_BYTES) unsigned char bytes[];
};

struct locked_channel {
	struct locked_shared *shared;
	size_t mapped_bytes;
	struct records records;
	int lock_fd; /* fcntl-queue only, else -1 */
};

/* The two locks. take() returns 0, -EAGAIN (timeout 0), -ETIMEDOUT, -errno. */

static int fcntl_lock(const struct locked_channel *locked, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};

	return fcntl(locked->lock_fd, F_SETLK, &lock) ? -errno : 0;
}

static int fcntl_take(const struct locked_channel *locked, uint64_t timeout_ns)
{
	uint64_t deadline_ns = 0;

	for (;;) {
		int ret = fcntl_lock(locked, F_WRLCK);

		if (ret == -EACCES)
			ret = -EAGAIN; /* POSIX leaves the choice */
		if (ret == -EINTR)
			continue;
		if (ret != -EAGAIN || !timeout_ns)
			return ret;
		if (!deadline_ns)
			deadline_ns = deadline_after(timeout_ns);
		if (!deadline_left_ns(deadline_ns))
			return -ETIMEDOUT;
		sched_yield();
	}
}

static void fcntl_give(const struct locked_channel *locked)
{
	int ret = fcntl_lock(locked, F_UNLCK);

	assert(!ret);
	(void)ret;
}

static int mutex_take(const struct locked_channel *locked, uint64_t timeout_ns)
{
	struct locked_shared *shared = locked->shared;
	int ret = pthread_mutex_trylock(&shared->mutex);

	if (ret == EBUSY && timeout_ns) {
		uint64_t now = deadline_clock_ns(CLOCK_REALTIME);
		uint64_t end = timeout_ns > UINT64_MAX - now ? UINT64_MAX
							     : now + timeout_ns;
		struct timespec deadline = deadline_timespec(end);

		ret = pthread_mutex_timedlock(&shared->mutex, &deadline);
	}
	if (ret == EOWNERDEAD)
		/* A put or get is one store: the queue is as before its
		 * owner's call or as after it. Dying here leaves the mutex to
		 * be found with a dead owner once more. */
		ret = pthread_mutex_consistent(&shared->mutex);
	if (ret)
		return ret == EBUSY ? -EAGAIN : -ret;
	/* relaxed: read only while this process is stopped or dead */
	atomic_store_explicit(&shared->owner, getpid(), memory_order_relaxed);
	return 0;
}

static void mutex_give(const struct locked_channel *locked)
{
	/* before the unlock: named owner is always a true one */
	atomic_store_explicit(&locked->shared->owner, 0, memory_order_relaxed);
	pthread_mutex_unlock(&locked->shared->mutex);
}

static int locked_take(const struct locked_channel *locked, uint64_t timeout_ns)
{
	return locked->lock_fd < 0 ? mutex_take(locked, timeout_ns)
				   : fcntl_take(locked, timeout_ns);
}

static void locked_give(const struct locked_channel *locked)
{
	if (locked->lock_fd < 0)
		mutex_give(locked);
	else
		fcntl_give(locked);
}

static pid_t fcntl_holder(struct channel *channel, enum endpoint_role role)
{
	const struct locked_channel *locked = (struct locked_channel *)channel;
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

	(void)role; /* one lock for both */
	if (fcntl(locked->lock_fd, F_GETLK, &lock))
		return -errno;
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static pid_t mutex_holder(struct channel *channel, enum endpoint_role role)
{
	const struct locked_channel *locked = (struct locked_channel *)channel;

	(void)role;
	return atomic_load_explicit(
		&locked->shared->owner, memory_order_relaxed);
}

/* Under the lock. The loads are relaxed because the lock orders them; the
 * stores are releases because a record must be whole in memory before the
 * index says so, should its writer die before it reaches the unlock. */

static int locked_put(
	const struct locked_channel *locked, const struct outbound *message)
{
	struct locked_shared *shared = locked->shared;
	uint64_t head =
		atomic_load_explicit(&shared->head, memory_order_relaxed);
	uint64_t tail =
		atomic_load_explicit(&shared->tail, memory_order_relaxed);
	uint64_t bytes = record_bytes(message->len);

	if (message->len > locked->records.max_len)
		return -EMSGSIZE;
	if (locked->records.capacity - (tail - head) < bytes)
		return -EAGAIN;
	record_put(&locked->records, tail, message);
	atomic_store_explicit(
		&shared->tail, tail + bytes, memory_order_release);
	return 0;
}

static int locked_get(
	const struct locked_channel *locked, struct inbound *message)
{
	struct locked_shared *shared = locked->shared;
	uint64_t head =
		atomic_load_explicit(&shared->head, memory_order_relaxed);
	uint64_t tail =
		atomic_load_explicit(&shared->tail, memory_order_relaxed);
	int err;

	if (head == tail)
		return -EAGAIN;
	err = record_get(&locked->records, head, message);
	if (!err)
		atomic_store_explicit(&shared->head,
			head + record_bytes(message->len),
			memory_order_release);
	return err;
}

/* One message or more under one lock, or wait until there is one.
 * @out, @in: the one that is not NULL says which way. Returns how many. */
static int locked_transfer(struct locked_channel *locked,
	const struct outbound *out, struct inbound *in, unsigned count,
	uint64_t timeout_ns)
{
	static const struct timespec poll = {.tv_nsec = POLL_NS};
	uint64_t deadline_ns = 0;
	uint64_t left_ns = timeout_ns;

	for (;;) {
		unsigned done = 0;
		int ret = locked_take(locked, left_ns);

		if (ret)
			return ret;
		while (!ret && done < count) {
			ret = out ? locked_put(locked, &out[done])
				  : locked_get(locked, &in[done]);
			done += !ret;
		}
		locked_give(locked);
		if (done)
			return (int)done;
		if (ret != -EAGAIN || !timeout_ns)
			return ret;
		if (!deadline_ns)
			deadline_ns = deadline_after(timeout_ns);
		nanosleep(&poll, NULL);
		left_ns = deadline_left_ns(deadline_ns);
		if (!left_ns)
			return -ETIMEDOUT;
	}
}

static int locked_send_batch(struct endpoint *endpoint,
	const struct outbound *messages, unsigned count, uint64_t timeout_ns)
{
	return locked_transfer((struct locked_channel *)endpoint, messages,
		NULL, count, timeout_ns);
}

static int locked_recv_batch(struct endpoint *endpoint,
	struct inbound *messages, unsigned count, uint64_t timeout_ns)
{
	return locked_transfer((struct locked_channel *)endpoint, NULL,
		messages, count, timeout_ns);
}

static int locked_send(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	int ret = locked_send_batch(endpoint, message, 1, timeout_ns);

	return ret < 0 ? ret : 0;
}

static int locked_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	int ret = locked_recv_batch(endpoint, message, 1, timeout_ns);

	return ret < 0 ? ret : 0;
}

static void locked_destroy(struct channel *channel)
{
	struct locked_channel *locked = (struct locked_channel *)channel;

	if (!locked)
		return;
	if (locked->lock_fd >= 0)
		close(locked->lock_fd);
	/* The mutex is not destroyed: its holder may be dead, which is
	 * undefined, and on Linux a mutex owns nothing. */
	if (locked->shared)
		munmap(locked->shared, locked->mapped_bytes);
	free(locked);
}

static int locked_make(
	const struct channel_config *config, struct locked_channel **ret_locked)
{
	struct locked_channel *locked;
	struct records records;
	int err = records_plan(config, &records);

	if (err)
		return err;
	locked = calloc(1, sizeof(*locked));
	if (!locked)
		return -ENOMEM;
	locked->lock_fd = -1;
	locked->mapped_bytes = sizeof(struct locked_shared) + records.capacity;
	locked->shared = shared_map(locked->mapped_bytes);
	if (!locked->shared) {
		locked_destroy((struct channel *)locked);
		return -ENOMEM;
	}
	locked->records = records;
	locked->records.bytes = locked->shared->bytes;
	*ret_locked = locked;
	return 0;
}

/* The file has no name left when this returns: nothing stays behind. */
static int fcntl_open(int *ret_fd)
{
	const char *dir = getenv("TMPDIR");
	char path[512];
	int fd;

	if (!dir || !*dir)
		dir = "/tmp";
	if (snprintf(path, sizeof(path), "%s/ipcmark-lock-XXXXXX", dir) >=
		(int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	*ret_fd = fd;
	return 0;
}

static int fcntl_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	struct locked_channel *locked;
	int ret = locked_make(config, &locked);

	if (ret)
		return ret;
	ret = fcntl_open(&locked->lock_fd);
	if (ret) {
		locked_destroy((struct channel *)locked);
		return ret;
	}
	*ret_channel = (struct channel *)locked;
	return 0;
}

static int mutex_make(const struct channel_config *config, int robustness,
	struct channel **ret_channel)
{
	struct locked_channel *locked;
	pthread_mutexattr_t attr;
	int ret = locked_make(config, &locked);

	if (ret)
		return ret;
	pthread_mutexattr_init(&attr);
	ret = -pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (!ret)
		ret = -pthread_mutexattr_setrobust(&attr, robustness);
	if (!ret)
		ret = -pthread_mutex_init(&locked->shared->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	if (ret) {
		locked_destroy((struct channel *)locked);
		return ret;
	}
	*ret_channel = (struct channel *)locked;
	return 0;
}

static int mutex_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	return mutex_make(config, PTHREAD_MUTEX_STALLED, ret_channel);
}

static int robust_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	return mutex_make(config, PTHREAD_MUTEX_ROBUST, ret_channel);
}

/* The channel, inherited over the fork, is all that an endpoint needs. */
static int locked_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	const struct locked_channel *locked = (struct locked_channel *)channel;

	(void)role;
	(void)index;
	shared_touch(locked->shared, locked->mapped_bytes);
	*ret_endpoint = (struct endpoint *)channel;
	return 0;
}

static void locked_detach(struct endpoint *endpoint)
{
	(void)endpoint;
}

static int locked_check(struct channel *channel)
{
	const struct locked_channel *locked = (struct locked_channel *)channel;
	uint64_t head = atomic_load_explicit(
		&locked->shared->head, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(
		&locked->shared->tail, memory_order_acquire);

	return records_check(&locked->records, head, tail);
}

const struct transport transport_fcntl_queue = {
	.name = "fcntl-queue",
	.summary = "plain queue in shared memory under an fcntl record lock",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BATCH |
		CAP_BLOCK | CAP_SURVIVES_KILL | CAP_LOCK_HOLDER,
	.create = fcntl_create,
	.attach = locked_attach,
	.send = locked_send,
	.recv = locked_recv,
	.send_batch = locked_send_batch,
	.recv_batch = locked_recv_batch,
	.lock_holder = fcntl_holder,
	.detach = locked_detach,
	.check = locked_check,
	.destroy = locked_destroy,
};

const struct transport transport_mutex_queue = {
	.name = "mutex-queue",
	.summary = "the same under a pthread mutex that is not robust: a "
		   "control for crashes",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BATCH |
		CAP_BLOCK | CAP_LOCK_HOLDER,
	.create = mutex_create,
	.attach = locked_attach,
	.send = locked_send,
	.recv = locked_recv,
	.send_batch = locked_send_batch,
	.recv_batch = locked_recv_batch,
	.lock_holder = mutex_holder,
	.detach = locked_detach,
	.check = locked_check,
	.destroy = locked_destroy,
};

const struct transport transport_robust_queue = {
	.name = "robust-queue",
	.summary = "the same under a robust pthread mutex: what a careful user "
		   "builds today",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BATCH |
		CAP_BLOCK | CAP_SURVIVES_KILL | CAP_LOCK_HOLDER,
	.create = robust_create,
	.attach = locked_attach,
	.send = locked_send,
	.recv = locked_recv,
	.send_batch = locked_send_batch,
	.recv_batch = locked_recv_batch,
	.lock_holder = mutex_holder,
	.detach = locked_detach,
	.check = locked_check,
	.destroy = locked_destroy,
};
