/* event_loop.c - one epoll over a queue and a pipe.
 *
 * The queue's descriptor is readable from a message to the next arm. So: take
 * what is there, arm, go on; if more came meanwhile, it is readable again.
 *	cc event_loop.c $(pkg-config --cflags --libs mmapipc)
 */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/queue.h>

enum { TASKS = 5 };

static int send_all(mipc_queue *queue, int pipe_fd)
{
	for (int i = 0; i < TASKS; i++)
		if (mipc_queue_put(queue, &i, sizeof(i), MIPC_FOREVER) ||
			dprintf(pipe_fd, "line %d\n", i) < 0)
			return 1;
	return 0;
}

static int take_tasks(mipc_queue *queue, int *tasks)
{
	int task, error;
	size_t len;

	while (!(error = mipc_queue_get(queue, &task, sizeof(task), 0, &len)))
		printf("task %d\n", task), ++*tasks;
	return error == -EAGAIN ? mipc_queue_event_arm(queue) : error;
}

static int run_loop(mipc_queue *queue, int pipe_fd, int *tasks)
{
	struct epoll_event event = {.events = EPOLLIN};
	int poller = epoll_create1(0), queue_fd = mipc_queue_event_fd(queue);
	int error = queue_fd < 0 ? queue_fd : 0;
	ssize_t len = 1; /* 0: the pipe's end */
	char text[64];

	event.data.fd = queue_fd;
	epoll_ctl(poller, EPOLL_CTL_ADD, queue_fd, &event);
	event.data.fd = pipe_fd;
	epoll_ctl(poller, EPOLL_CTL_ADD, pipe_fd, &event);
	while (error >= 0 && (*tasks < TASKS || len > 0)) {
		if (epoll_wait(poller, &event, 1, -1) < 0)
			error = -errno;
		else if (event.data.fd == queue_fd)
			error = take_tasks(queue, tasks);
		else if ((len = read(pipe_fd, text, sizeof(text))) > 0)
			fwrite(text, 1, (size_t)len, stdout);
		else
			epoll_ctl(poller, EPOLL_CTL_DEL, pipe_fd, NULL);
	}
	close(poller);
	return error < 0 ? error : 0;
}

int main(void)
{
	int ends[2], error, status = 1, tasks = 0;
	mipc_queue *queue;
	pid_t child;

	error = mipc_queue_create(
		NULL, 0, &(struct mipc_options){.flags = MIPC_MEMFD}, &queue);
	if (error || pipe(ends))
		return 1;
	child = fork();
	if (child == 0)
		_exit(send_all(queue, ends[1]));
	close(ends[1]);
	error = child < 0 ? -errno : run_loop(queue, ends[0], &tasks);
	waitpid(child, &status, 0);
	mipc_queue_close(queue);
	return error || status || tasks != TASKS;
}
