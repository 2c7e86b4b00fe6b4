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

#include "base/deadline.h"
#include "step/whence.h"

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
	struct stage_shared *shared = mmap(NULL, sizeof(*shared),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return NULL;
	shared->recorder = recorder_create(2 * STAGE_SHARE);
	if (shared->recorder)
		return shared;
	munmap(shared, sizeof(*shared));
	return NULL;
}

void crash_stage_unshare(struct stage_shared *shared)
{
	if (!shared)
		return;
	recorder_free(shared->recorder);
	munmap(shared, sizeof(*shared));
}

static struct stage_shared *watched;

/* The instruction is tried again, and then nobody handles it. */
static void note_fault(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	watched->fault.address = (uintptr_t)info->si_addr;
	watched->fault.code = whence_of_signal(context);
}

void crash_stage_watch(struct stage_shared *shared)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
	const struct sigaction action = {
		.sa_sigaction = note_fault,
		/* the stack may be what is missing; a victim in its call has
		 * another one */
		.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND,
	};

	watched = shared;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigaction(faults[i], &action, NULL);
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
	stage->made = false;
	stage->spoiled = false;
	memset(stage->survivors, 0, sizeof(stage->survivors));
	memset(&stage->host, 0, sizeof(stage->host));
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

static void end_host(struct crash_stage *stage)
{
	int status;

	if (!stage->host.pid)
		return;
	kill(stage->host.pid, SIGKILL);
	waitpid(stage->host.pid, &status, 0);
	stage->host.pid = 0;
}

static bool can_host(const struct crash_stage *stage)
{
	return stage->transport->caps & CAP_LENT_MEMORY && !stage->alone &&
	       host_possible();
}

bool crash_stage_host(struct crash_stage *stage,
	void (*play)(const void *order, void *stage), const void *order,
	size_t order_bytes)
{
	struct host_mail *mail = &stage->shared->host;

	if (!can_host(stage))
		return false;
	if (stage->host.victims == HOST_VICTIMS_MAX)
		end_host(stage);
	if (!stage->host.pid) {
		/* relaxed: nobody else is there yet */
		atomic_store_explicit(&mail->turn, 0, memory_order_relaxed);
		stage->host.pid = crash_stage_fork();
		stage->host.victims = 0;
		if (stage->host.pid == 0)
			host_run(&(struct host_job){
				.mail = mail, .play = play, .arg = stage});
		if (stage->host.pid < 0) {
			stage->host.pid = 0;
			return false;
		}
	}
	stage->host.victims++;
	host_give(mail, order, order_bytes);
	return true;
}

bool crash_stage_ended(const struct crash_stage *stage, pid_t pid)
{
	siginfo_t info = {0};

	/* acquire: as in hosted() */
	if (!pid)
		pid = atomic_load_explicit(
			&stage->shared->host.victim, memory_order_acquire);
	if (!pid)
		pid = stage->host.pid;
	return pid <= 0 ||
	       (!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
		       info.si_pid == pid);
}

/* Has it started somebody by now? */
static pid_t hosted(struct crash_stage *stage)
{
	/* acquire: what the victim wrote before that; pairs with host.c */
	pid_t pid = atomic_load_explicit(
		&stage->shared->host.victim, memory_order_acquire);
	int status;

	if (!pid && stage->host.pid &&
		waitpid(stage->host.pid, &status, WNOHANG) == stage->host.pid) {
		stage->host.pid = 0;
		return -ECHILD;
	}
	return pid;
}

/* The host has not started anybody in time. It goes, and with it whom it may have
 * started just now: nobody is left behind to disturb the next trial.
 * Returns -ECHILD. */
static pid_t dismiss(struct crash_stage *stage, int *ret_status)
{
	pid_t late;

	end_host(stage);
	/* acquire: as in hosted() */
	late = atomic_load_explicit(
		&stage->shared->host.victim, memory_order_acquire);
	if (late > 0 && !kill(late, SIGKILL))
		waitpid(late, ret_status, 0);
	return -ECHILD;
}

/* Where does @pid stand, which has not come back? False: it has, just now. */
static bool see_stuck(struct crash_stage *stage, pid_t pid, int *ret_status)
{
	kill(pid, SIGSTOP);
	if (waitpid(pid, ret_status, WUNTRACED) == pid &&
		!WIFSTOPPED(*ret_status))
		return false;
	stage->stuck_at = whence_read(pid);
	return true;
}

bool crash_stage_wait(struct crash_stage *stage, pid_t *pid,
	uint64_t patience_ns, int *ret_status)
{
	uint64_t deadline_ns = 0, left_ns;
	sigset_t child;
	struct timespec timeout;

	stage->stuck_at = 0;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD); /* blocked: stays until it is fetched */
	for (;;) {
		if (!*pid)
			*pid = hosted(stage);
		if (*pid < 0)
			return false;
		if (*pid &&
			waitpid(*pid, ret_status, WNOHANG | WUNTRACED) == *pid)
			return true;
		if (!deadline_ns)
			deadline_ns = deadline_after(2 * patience_ns);
		left_ns = deadline_left_ns(deadline_ns);
		if (!left_ns)
			break;
		timeout = deadline_timespec(
			left_ns < LOOK_NS ? left_ns : LOOK_NS);
		sigtimedwait(&child, NULL, &timeout);
	}
	if (!*pid) {
		*pid = dismiss(stage, ret_status);
		return false;
	}
	if (!see_stuck(stage, *pid, ret_status))
		return true;
	kill(*pid, SIGKILL);
	waitpid(*pid, ret_status, 0);
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
		.recorder = stage->shared->recorder,
		.track = (unsigned)role * STAGE_SHARE,
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
	stage->shared->mails[role].phase = stage->phase;
	survivor_give(&stage->shared->mails[role], order);
	stage->survivors[role].attached = order->what != SURVIVOR_DETACH;
	return VERDICT_UNDONE;
}

enum verdict crash_stage_await(struct crash_stage *stage,
	enum endpoint_role role, uint64_t patience_ns)
{
	struct survivor_mail *mail = &stage->shared->mails[role];
	uint64_t deadline_ns = 0, left_ns = LOOK_NS;

	for (;;) {
		if (survivor_await(mail, left_ns < LOOK_NS ? left_ns : LOOK_NS))
			return VERDICT_UNDONE;
		if (waitpid(stage->survivors[role].pid,
			    &stage->survivors[role].status, WNOHANG) > 0) {
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
	crash_stage_wait(stage, &pid, stage->patience_ns, &status);
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
	end_host(stage);
	for (int role = 0; role < ROLE_COUNT; role++)
		end_survivor(stage, (enum endpoint_role)role);
	stage->transport->destroy(stage->channel);
	stage->channel = NULL;
}
