/* lock_stage.h - what the tests of the lock word share: a queue's segment whose
 * first lock it is, and children that hold it in each way that there is.
 */
#ifndef MIPC_TESTS_LOCK_STAGE_H
#define MIPC_TESTS_LOCK_STAGE_H

#include "lib_stage.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <mmapipc/mmapipc.h>

#include "event.h"
#include "lock.h"
#include "platform.h"
#include "segment.h"

/* How a holder in a child is set up. */
enum holder_form {
	AT_HOME,    /* the kernel knows */
	UNNOTICED,  /* at home, but the kernel was told nothing */
	BY_SLOT,    /* named by its party */
	FORM_COUNT, /* how many there are */
	UNNAMED,    /* unnoticed, and killed before it wrote lock->owner */
};

/* What the processes of one test share. */
struct notes {
	_Atomic unsigned step;
	_Atomic uint32_t thread; /* the holder's number */
	_Atomic int got;
	uint64_t plain; /* what the lock guards */
	_Atomic int pid;
};

struct stage {
	struct segment segment;
	char name[LIB_NAME_BYTES];
	struct notes *notes;
	enum holder_form form;
	struct segment *used; /* to lock by; ours, unless a test has two */
};

static inline struct mipc_lock *lock_of(struct stage *stage)
{
	return &stage->used->shared->queue.producers.lock;
}

static inline uint32_t word_of(struct stage *stage)
{
	return atomic_load(&lock_of(stage)->word);
}

static inline void bury(struct segment *segment, uint32_t slot)
{
	lock_bury(&segment->shared->queue.producers.lock, slot);
}

static inline void stage_open(struct stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	lib_name(stage->name);
	stage->segment.bury = bury;
	WANT(segment_create(&stage->segment, stage->name, MIPC_KIND_QUEUE,
		     65536, NULL),
		0);
	stage->used = &stage->segment;
	stage->notes = lib_shared(sizeof(*stage->notes));
}

static inline void stage_close(struct stage *stage)
{
	segment_close(&stage->segment);
	WANT(segment_unlink(stage->name, MIPC_KIND_QUEUE), 0);
}

static inline int acquire(struct stage *stage, uint64_t timeout_ns)
{
	struct wait wait = {.timeout_ns = timeout_ns};
	int rc = lock_acquire(lock_of(stage), stage->used, &wait);

	segment_wait_end();
	return rc;
}

/* In a child: hold the lock in the way that the stage says, for ever. */
static inline void hold(void *arg)
{
	struct stage *stage = arg;

	WANT(segment_enter(&stage->segment), 0);
	if (stage->form == BY_SLOT)
		stage->segment.at_home = false;
	WANT(acquire(stage, LIB_PATIENCE_NS), 0);
	if (stage->form == UNNOTICED || stage->form == UNNAMED)
		platform_retract();
	if (stage->form == UNNAMED)
		atomic_store(&lock_of(stage)->owner, 0);
	atomic_store(&stage->notes->thread, platform_thread());
	lib_step(&stage->notes->step, 1);
	lib_sleep_for_ever();
}

static inline pid_t spawn_holder(struct stage *stage, enum holder_form form)
{
	pid_t holder;

	stage->form = form;
	lib_step(&stage->notes->step, 0);
	holder = lib_spawn(hold, stage);
	lib_await(&stage->notes->step, 1);
	return holder;
}

/* Is there nobody to tell of our death? So it is under qemu-user: every owner is
 * then named by its party. */
static inline bool unnoticed_here(const char *what)
{
	if (platform_thread())
		return false;
	lib_skip("%s: get_robust_list(2) gives no list here", what);
	return true;
}

#endif
