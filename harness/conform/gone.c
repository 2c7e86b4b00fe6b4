/* gone.c - checks: what is left of a transport when somebody leaves.
 *
 * In good order, or killed, or killed while holding the lock; and what the
 * parent's destroy() leaves on the machine.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "conform/check.h"
#include "conform/stage.h"

enum {
	MESSAGE_BYTES = 48, /* fits every transport */
};

/* The other side has left, in good order or killed. */

static void gone_leave(struct stage *stage)
{
	if (stage->killed)
		raise(SIGKILL);
}

static void gone_produce_and_leave(struct stage *stage, struct endpoint *end)
{
	stage_produce_few(stage, end);
	gone_leave(stage);
}

static void gone_consume_to_the_end(struct stage *stage, struct endpoint *end)
{
	unsigned char room[MESSAGE_BYTES];
	uint64_t deadline_ns = deadline_after(STAGE_PATIENCE_NS);
	struct inbound message = {.room = room, .room_bytes = sizeof(room)};
	int ret;

	stage_consume_few(stage, end);
	stage_expect_code(stage, "receive after the producer left",
		stage->transport->recv(end, &message, STAGE_PATIENCE_NS),
		-EPIPE);
	/* To learn of a death may cost too much for every poll in vain. */
	do
		ret = stage->transport->recv(end, &message, 0);
	while (ret == -EAGAIN && deadline_left_ns(deadline_ns));
	stage_expect_code(stage, "poll after the producer left", ret, -EPIPE);
}

static void gone_consume_and_leave(struct stage *stage, struct endpoint *end)
{
	stage_consume_few(stage, end);
	gone_leave(stage);
}

static void gone_produce_to_the_end(struct stage *stage, struct endpoint *end)
{
	uint64_t deadline_ns = deadline_after(STAGE_PATIENCE_NS);
	unsigned char body[MESSAGE_BYTES];
	struct outbound message = {
		.data = body, .len = stage->config.msg_size_bytes};
	int ret;

	stage_produce_few(stage, end);
	stage_fill(body, message.len, STAGE_FEW);
	do
		ret = stage->transport->send(end, &message, STAGE_BRIEF_NS);
	while ((!ret || ret == -ETIMEDOUT) && deadline_left_ns(deadline_ns));
	stage_expect_code(stage, "send after the consumer left", ret, -EPIPE);
}

void check_peer_gone(const struct transport *transport)
{

	for (unsigned killed = 0; killed < 2; killed++) {
		struct stage_actor first[] = {
			stage_actor_of(
				gone_produce_and_leave, ROLE_PRODUCER, 0),
			stage_actor_of(
				gone_consume_to_the_end, ROLE_CONSUMER, 0),
		};
		struct stage_actor second[] = {
			stage_actor_of(
				gone_consume_and_leave, ROLE_CONSUMER, 0),
			stage_actor_of(
				gone_produce_to_the_end, ROLE_PRODUCER, 0),
		};
		struct stage stage = {.killed = killed};

		first[0].killed = killed;
		second[0].killed = killed;
		if (!stage_open(&stage, transport, MESSAGE_BYTES, 1))
			return;
		stage_run(&stage, first, 2);
		stage_close(&stage);
		if (!stage_open(&stage, transport, MESSAGE_BYTES, 1))
			return;
		stage_run(&stage, second, 2);
		stage_close(&stage);
	}
}

/* What is left when everybody was killed. */

static unsigned names_with(const char *dir, const char *part)
{
	DIR *open = opendir(dir);
	const struct dirent *entry;
	unsigned count = 0;

	if (!open)
		return 0;
	while ((entry = readdir(open)))
		if (strstr(entry->d_name, part))
			count++;
	closedir(open);
	return count;
}

static unsigned open_files(void)
{
	return names_with("/proc/self/fd", "");
}

static void killed_half_way(struct stage *stage, struct endpoint *end)
{
	if (stage->self->role == ROLE_PRODUCER)
		stage_produce_few(stage, end);
	else
		stage_await(stage, 2);
	stage_step(stage, 2);
	raise(SIGKILL);
}

void check_nothing_left(const struct transport *transport)
{
	struct stage_actor actors[] = {
		stage_actor_of(killed_half_way, ROLE_PRODUCER, 0),
		stage_actor_of(killed_half_way, ROLE_CONSUMER, 0),
	};
	struct stage stage = {0};
	unsigned files = open_files();
	char queue[80];

	actors[0].killed = actors[1].killed = true;
	if (!stage_open(&stage, transport, MESSAGE_BYTES, 1))
		return;
	stage_run(&stage, actors, 2);
	transport->destroy(stage.channel);
	if (open_files() != files)
		stage_broken("destroy leaves %d files open",
			(int)(open_files() - files));
	if (names_with("/dev/shm", stage.name))
		stage_broken("destroy leaves shared memory in /dev/shm");
	if (names_with("/tmp", stage.name))
		stage_broken("destroy leaves something in /tmp");
	snprintf(queue, sizeof(queue), "/%s", stage.name);
	if (mq_open(queue, O_RDONLY) != (mqd_t)-1)
		stage_broken("destroy leaves a message queue");
}

void check_null(const struct transport *transport)
{
	transport->destroy(NULL);
	if (transport->detach)
		transport->detach(NULL);
	stage_applied();
}

/* A holder of the lock is seen, and killed. */

static void holder_produce(struct stage *stage, struct endpoint *end)
{
	unsigned char body[MESSAGE_BYTES] = {0};
	struct outbound message = {.data = body, .len = sizeof(body)};

	for (;;)
		stage->transport->send(end, &message, 0);
}

static void holder_consume(struct stage *stage, struct endpoint *end)
{
	unsigned char room[MESSAGE_BYTES];
	struct inbound message = {.room = room, .room_bytes = sizeof(room)};

	while (atomic_load(&stage->notes->step) < 2)
		stage->transport->recv(end, &message, STAGE_BRIEF_NS);
}

static void holder_survive(struct stage *stage, struct endpoint *end)
{
	bool survives = stage->transport->caps & CAP_SURVIVES_KILL;
	unsigned char body[MESSAGE_BYTES] = {0};
	struct outbound message = {.data = body, .len = sizeof(body)};

	stage_expect_code(stage, "send after a holder of the lock was killed",
		stage->transport->send(end, &message,
			survives ? STAGE_PATIENCE_NS : STAGE_BRIEF_NS),
		survives ? 0 : -ETIMEDOUT);
	stage_step(stage, 2);
}

/* Stop @victim again and again until it holds the lock, then kill it. */
static void holder_kill(struct stage *stage, pid_t victim)
{
	struct timespec pause = {0};
	uint64_t deadline_ns = deadline_after(STAGE_PATIENCE_NS);
	pid_t holder = 0;

	while (holder != victim && deadline_left_ns(deadline_ns)) {
		pause.tv_nsec = (pause.tv_nsec + 37171) % 400000;
		kill(victim, SIGCONT);
		nanosleep(&pause, NULL);
		kill(victim, SIGSTOP);
		waitpid(victim, NULL, WUNTRACED);
		holder = stage->transport->lock_holder(
			stage->channel, ROLE_PRODUCER);
	}
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	if (holder != victim)
		stage_broken("nobody is ever seen holding its lock");
}

static pid_t holder_fork(struct stage *stage,
	void (*act)(struct stage *, struct endpoint *), enum endpoint_role role)
{
	pid_t pid = fork();
	struct endpoint *end;

	if (pid < 0)
		stage_broken("cannot fork: %s", strerror(errno));
	if (pid)
		return pid;
	if (!stage->transport->attach(stage->channel, role, 0, &end))
		act(stage, end);
	_exit(0);
}

void check_lock_holder(const struct transport *transport)
{
	struct stage_actor survivor =
		stage_actor_of(holder_survive, ROLE_PRODUCER, 1);
	struct stage stage = {.config = {.producers = 2}};
	pid_t victim, consumer;

	if (!stage_open(&stage, transport, MESSAGE_BYTES, 1))
		return;
	consumer = holder_fork(&stage, holder_consume, ROLE_CONSUMER);
	victim = holder_fork(&stage, holder_produce, ROLE_PRODUCER);
	holder_kill(&stage, victim);
	stage_run(&stage, &survivor, 1);
	waitpid(consumer, NULL, 0);
	stage_require("lock_holder after all ended",
		transport->lock_holder(stage.channel, ROLE_PRODUCER),
		transport->caps & CAP_SURVIVES_KILL ? 0 : victim);
	stage_close(&stage);
}
