/* stage.c - see stage.h.
 *
 * Thousands of deaths a second are only to be had if each costs little more than
 * its fork. So survivors and channel stay for many trials, all of them live on the
 * director's CPU, where handing over is one switch, and where a transport lets a
 * process attach again the survivor of the victim's role just lets go meanwhile.
 * Else that one is a new process each time.
 */
#include "crash/stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deadline.h"

#define LOOK_NS UINT64_C(20000000) /* is it still alive? */
#define ROLE_COUNT 2

enum {
	/* Small, so that full is near and a wrap comes often; the least that
	 * a ring or a queue can have. */
	CAPACITY_BYTES = 4096,
	BATCH = 2,
};

struct stage_shared *crash_stage_shared(void)
{
	void *area = mmap(NULL, sizeof(struct stage_shared),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return area == MAP_FAILED ? NULL : area;
}

bool crash_stage_alone(const struct crash_stage *stage, enum endpoint_role role)
{
	unsigned many =
		role == ROLE_PRODUCER ? CAP_MANY_PRODUCERS : CAP_MANY_CONSUMERS;

	return !(stage->transport->caps & many);
}

int crash_stage_open(struct crash_stage *stage, const char *name)
{
	int err;

	snprintf(stage->name, sizeof(stage->name), "%s", name);
	stage->config = (struct channel_config){
		.spec = stage->spec,
		.name = stage->name,
		.msg_size_bytes = stage->msg_size_bytes,
		.capacity_bytes = CAPACITY_BYTES,
		.batch = stage->transport->caps & CAP_BATCH ? BATCH : 1,
		.producers = crash_stage_alone(stage, ROLE_PRODUCER)
				     ? 1
				     : STAGE_SHARE,
		.consumers = crash_stage_alone(stage, ROLE_CONSUMER)
				     ? 1
				     : STAGE_SHARE,
		.wait = stage->transport->caps & CAP_BLOCK ? WAIT_BLOCK
							   : WAIT_SPIN,
	};
	stage->next_number = 1;
	stage->passed = 0;
	stage->spoiled = false;
	memset(stage->survivors, 0, sizeof(stage->survivors));
	err = stage->transport->create(&stage->config, &stage->channel);
	if (err)
		stage->channel = NULL;
	return err;
}

pid_t crash_stage_fork(void)
{
	pid_t parent = getpid(), child = fork();
	sigset_t none;

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

bool crash_stage_wait(
	const struct crash_stage *stage, pid_t pid, int *ret_status)
{
	uint64_t deadline_ns = 0, left_ns;
	sigset_t child;
	struct timespec timeout;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD); /* blocked: stays until it is fetched */
	for (;;) {
		if (waitpid(pid, ret_status, WNOHANG | WUNTRACED) == pid)
			return true;
		if (!deadline_ns)
			deadline_ns = deadline_after(2 * stage->patience_ns);
		left_ns = deadline_left_ns(deadline_ns);
		if (!left_ns)
			break;
		timeout = deadline_timespec(
			left_ns < LOOK_NS ? left_ns : LOOK_NS);
		sigtimedwait(&child, NULL, &timeout);
	}
	kill(pid, SIGKILL);
	waitpid(pid, ret_status, 0);
	return false;
}

static enum verdict start_survivor(
	struct crash_stage *stage, enum endpoint_role role)
{
	const struct survivor_job job = {
		.transport = stage->transport,
		.channel = stage->channel,
		.role = role,
		.msg_size_bytes = stage->msg_size_bytes,
		.mail = &stage->shared->mails[role],
	};
	pid_t pid;

	/* relaxed: nobody else is there yet */
	atomic_store_explicit(&job.mail->turn, 0, memory_order_relaxed);
	pid = crash_stage_fork();
	if (pid == 0)
		survivor_run(&job);
	if (pid < 0)
		return VERDICT_CRASHED;
	stage->survivors[role].pid = pid;
	stage->survivors[role].attached = false;
	return VERDICT_UNDONE;
}

enum verdict crash_stage_give(struct crash_stage *stage,
	enum endpoint_role role, const struct survivor_order *order)
{
	enum verdict verdict = VERDICT_UNDONE;

	if (!stage->survivors[role].pid)
		verdict = start_survivor(stage, role);
	if (verdict != VERDICT_UNDONE)
		return verdict;
	survivor_give(&stage->shared->mails[role], order);
	stage->survivors[role].attached = order->what != SURVIVOR_DETACH;
	return VERDICT_UNDONE;
}

enum verdict crash_stage_await(struct crash_stage *stage,
	enum endpoint_role role, uint64_t patience_ns)
{
	struct survivor_mail *mail = &stage->shared->mails[role];
	uint64_t deadline_ns = 0, left_ns = LOOK_NS;
	int status;

	for (;;) {
		if (survivor_await(mail, left_ns < LOOK_NS ? left_ns : LOOK_NS))
			return VERDICT_UNDONE;
		if (waitpid(stage->survivors[role].pid, &status, WNOHANG) > 0) {
			stage->survivors[role].pid = 0;
			stage->spoiled = true;
			return VERDICT_CRASHED;
		}
		if (!deadline_ns)
			deadline_ns = deadline_after(patience_ns);
		left_ns = deadline_left_ns(deadline_ns);
		if (!left_ns)
			return VERDICT_HANG;
	}
}

enum verdict crash_stage_order(struct crash_stage *stage,
	enum endpoint_role role, const struct survivor_order *order)
{
	enum verdict verdict = crash_stage_give(stage, role, order);

	/* twice: the call's own time-out is the patience, once */
	if (verdict == VERDICT_UNDONE)
		verdict =
			crash_stage_await(stage, role, 2 * stage->patience_ns);
	if (verdict != VERDICT_UNDONE)
		stage->spoiled = true;
	return verdict;
}

/* It may be in the midst of a call: then it is killed. */
static void end_survivor(struct crash_stage *stage, enum endpoint_role role)
{
	static const struct survivor_order end = {.what = SURVIVOR_END};
	struct survivor_mail *mail = &stage->shared->mails[role];
	pid_t pid = stage->survivors[role].pid;
	int status;

	if (!pid)
		return;
	stage->survivors[role].pid = 0;
	/* relaxed: only whether it answered */
	if (stage->spoiled ||
		atomic_load_explicit(&mail->turn, memory_order_relaxed) % 2)
		kill(pid, SIGKILL);
	else
		survivor_give(mail, &end);
	crash_stage_wait(stage, pid, &status);
}

enum verdict crash_stage_let_go(
	struct crash_stage *stage, enum endpoint_role role)
{
	if (!crash_stage_alone(stage, role) || !stage->survivors[role].attached)
		return VERDICT_UNDONE;
	if (!(stage->transport->caps & CAP_REATTACH)) {
		end_survivor(stage, role);
		stage->survivors[role].attached = false;
		return VERDICT_UNDONE;
	}
	return crash_stage_order(
		stage, role, &(struct survivor_order){.what = SURVIVOR_DETACH});
}

void crash_stage_close(struct crash_stage *stage)
{
	if (!stage->channel)
		return;
	for (int role = 0; role < ROLE_COUNT; role++)
		end_survivor(stage, (enum endpoint_role)role);
	stage->transport->destroy(stage->channel);
	stage->channel = NULL;
}
