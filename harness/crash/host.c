/* host.c - see host.h.
 *
 * A victim is a process that shares nothing with its host but memory: it has its
 * own descriptors, so that the locks that hang on them go with it, its own list of
 * futexes that the system looks through when it dies, and its own signal handlers.
 * As with vfork(), the host sleeps until the victim has let go of the memory, which
 * is behind the moment at which the system has looked at that list. So nobody else
 * ever runs through what is planted in the code.
 *
 * Then the host copies back all private memory that can be written to: data of the
 * program and its libraries, heap, thread-local variables. A lock of the allocator
 * that the victim died with is free again, and the next one begins where this one
 * began, to the byte; which makes calls that allocate repeat exactly, too. Code is
 * not copied back: who strikes itself has taken out its breakpoint before
 * (step/step.c), and after any other death nobody may use the host again.
 *
 * What stays behind are mappings that the victim made. They are of no use to
 * anybody, and go with the host after some dozens of victims. Whether they keep
 * something alive that should die with a process is for the transport to say
 * (CAP_LENT_MEMORY); those that cannot, or have threads, are forked as always.
 */
#include "crash/host.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	AREAS_MAX = 512,
	/* What the system gives a process, unless told otherwise; given as it is
	 * used. Below it nothing, as much as the system leaves there. */
	VICTIM_STACK_BYTES = 8 << 20,
	GUARD_BYTES = 1 << 20,
};

struct area {
	unsigned char *at, *copy;
	size_t bytes;
};

/* On the host's stack, which is not among what is copied back. */
struct host {
	const struct host_job *job;
	pid_t parent;
	void *robust_head;
	size_t robust_bytes;
	void *program_break;
	struct area areas[AREAS_MAX];
	unsigned area_count;
	_Alignas(16) unsigned char order[HOST_ORDER_BYTES];
};

static void *private_pages(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

/* Which memory could a victim write to, that nobody else is to see? */
static int list_areas(struct host *host)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	if (!maps)
		return -errno;
	while (fgets(line, sizeof(line), maps)) {
		struct area *area = &host->areas[host->area_count];
		unsigned long from, to;
		char rights[5];

		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3 ||
			strcmp(rights, "rw-p") != 0 || strstr(line, "[stack"))
			continue;
		if (host->area_count == AREAS_MAX) {
			fclose(maps);
			return -ENOSPC;
		}
		*area = (struct area){
			.at = (unsigned char *)from, .bytes = to - from};
		host->area_count++;
	}
	fclose(maps);
	return 0;
}

static int copy_areas(struct host *host)
{
	size_t bytes = 0;
	unsigned char *copy;

	for (unsigned i = 0; i < host->area_count; i++)
		bytes += host->areas[i].bytes;
	copy = private_pages(bytes);
	if (!copy)
		return -ENOMEM;
	host->program_break = sbrk(0);
	for (unsigned i = 0; i < host->area_count; i++) {
		struct area *area = &host->areas[i];

		area->copy = copy;
		memcpy(area->copy, area->at, area->bytes);
		copy += area->bytes;
	}
	return 0;
}

static void put_back(const struct host *host)
{
	syscall(SYS_brk, host->program_break);
	for (unsigned i = 0; i < host->area_count; i++)
		memcpy(host->areas[i].at, host->areas[i].copy,
			host->areas[i].bytes);
}

/* The top of a stack for the victims. NULL: none. Who needs more of it than there
 * is dies of that, as elsewhere, and writes over nothing. */
static unsigned char *make_stack(void)
{
	unsigned char *stack = mmap(NULL, GUARD_BYTES + VICTIM_STACK_BYTES,
		PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED ||
		mprotect(stack + GUARD_BYTES, VICTIM_STACK_BYTES,
			PROT_READ | PROT_WRITE))
		return NULL;
	return stack + GUARD_BYTES + VICTIM_STACK_BYTES;
}

static int begin_victim(void *arg)
{
	const struct host *host = arg;

	/* release: for who reads its number and then what it wrote */
	atomic_store_explicit(
		&host->job->mail->victim, getpid(), memory_order_release);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != host->parent)
		_exit(1);
	/* What fork() would have done: the list is this process's now. */
	syscall(SYS_set_robust_list, host->robust_head, host->robust_bytes);
	host->job->play(host->order, host->job->arg);
	_exit(1);
}

static void await_order(struct host *host)
{
	struct host_mail *mail = host->job->mail;
	uint32_t turn;

	for (;;) {
		/* acquire: pairs with host_give() */
		turn = atomic_load_explicit(&mail->turn, memory_order_acquire);
		if (turn % 2)
			break;
		syscall(SYS_futex, &mail->turn, FUTEX_WAIT, turn, NULL, NULL,
			0);
	}
	memcpy(host->order, mail->order, sizeof(host->order));
	/* release: it may be written over. Nobody sleeps on it. */
	atomic_store_explicit(&mail->turn, turn + 1, memory_order_release);
}

void host_run(const struct host_job *job)
{
	struct host host = {.job = job, .parent = getppid()};
	unsigned char *stack = NULL;
	int err = list_areas(&host);

	syscall(SYS_get_robust_list, 0, &host.robust_head, &host.robust_bytes);
	if (!err)
		err = copy_areas(&host);
	if (!err)
		stack = make_stack();
	if (!stack)
		_exit(1);
	for (;;) {
		await_order(&host);
		if (clone(begin_victim, stack,
			    CLONE_VM | CLONE_VFORK | CLONE_PARENT | SIGCHLD,
			    &host) < 0)
			/* relaxed: there is nothing behind it */
			atomic_store_explicit(&job->mail->victim, -errno,
				memory_order_relaxed);
		put_back(&host);
	}
}

void host_give(struct host_mail *mail, const void *order, size_t order_bytes)
{
	/* relaxed: only we make it odd, and it is even soon after a victim's
	 * start */
	uint32_t turn = atomic_load_explicit(&mail->turn, memory_order_relaxed);

	memcpy(mail->order, order, order_bytes);
	/* relaxed: the release below is before the next victim's store */
	atomic_store_explicit(&mail->victim, 0, memory_order_relaxed);
	/* release: the order comes first; pairs with await_order() */
	atomic_store_explicit(&mail->turn, turn + 1, memory_order_release);
	syscall(SYS_futex, &mail->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}
