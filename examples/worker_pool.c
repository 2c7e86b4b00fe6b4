/* worker_pool.c - tasks for a pool of workers, one of which is killed at work.
 *
 * A worker does not take a task out of the queue but leases it. If it dies, the
 * task goes to another one, with ->returns saying how often that has happened: a
 * task may be begun more than once, so let it be one that can be.
 *	cc worker_pool.c $(pkg-config --cflags --libs mmapipc)
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/queue.h>

enum { WORKERS = 3, TASKS = 8, UNLUCKY_TASK = 5, LOOK_NS = 20000000 };

static int complain(const char *who, int error)
{
	if (error)
		fprintf(stderr, "%s: %s\n", who, mipc_strerror(error));
	return error != 0;
}

static int work(mipc_queue *queue, int worker)
{
	struct mipc_lease lease;
	int error = 0;

	/* Never empty while anybody, alive or dead, still holds a task. */
	while (!error && !mipc_queue_empty(queue)) {
		error = mipc_queue_acquire(queue, LOOK_NS, &lease);
		if (!error) {
			int task = *(const int *)lease.data;

			printf("worker %d: task %d, returns %u\n", worker, task,
				lease.returns);
			if (task == UNLUCKY_TASK && lease.returns == 0)
				raise(SIGKILL); /* no chance to tidy up */
			error = mipc_queue_release(queue, &lease);
		}
		if (error == -ETIMEDOUT)
			error = 0;
	}
	return error;
}

int main(void)
{
	char name[64];
	mipc_queue *queue;
	int error, status, failed = 0, killed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0); /* a killed worker flushes nothing */
	snprintf(name, sizeof(name), "example-pool-%ld", (long)getpid());
	error = mipc_queue_create(name, 0, NULL, &queue);
	if (error)
		return complain("create", error);
	/* The workers inherit the handle; only strangers would need a name. */
	mipc_queue_unlink(name);
	for (int task = 1; task <= TASKS && !error; task++)
		error = mipc_queue_put(queue, &task, sizeof(task), 0);
	for (int worker = 1; worker <= WORKERS && !error; worker++) {
		pid_t child = fork();

		if (child == 0)
			_exit(complain("worker", work(queue, worker)));
		error = child < 0 ? -errno : 0;
	}
	while (wait(&status) > 0)
		if (WIFSIGNALED(status))
			killed++;
		else
			failed += status != 0;
	printf("killed %d, left %d\n", killed, (int)mipc_queue_size(queue));
	failed += killed != 1 || !mipc_queue_empty(queue);
	mipc_queue_close(queue);
	return complain("pool", error) || failed;
}
