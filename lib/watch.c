/* watch.c - a thread that sleeps for the event loop.
 *
 * Producers wake whoever sleeps on an event's word; poll() cannot sleep there. So
 * a thread does, the watcher, as any other sleeper does (event_await()), and
 * when the condition is met it rings: a descriptor becomes readable. Then it
 * parks until it is armed again. Nothing of this is shared: what another process
 * sees is a sleeper.
 *
 *   parked -> armed   watch_arm(), after it stopped the ringing and looked: not
 *                     met. The watcher looks again before it sleeps, so what
 *                     comes in between is seen
 *   armed  -> parked  the watcher, by ringing, before anybody can stop it
 *   armed  -> armed   watch_arm() once more
 *
 * The descriptor stays readable from the ring to the next watch_arm() that finds
 * nothing, so an event loop that forgets a message is told again.
 *
 * Crash: a process that dies with its watcher asleep leaves what any sleeper
 * does. A producer killed between its commit and the wake is found out by the
 * watcher's next look, at most one nap later.
 *
 * fork(): the child has the descriptor, which is the parent's bell, but no
 * watcher, and a mutex in whatever state. It keeps its hands off all that; its
 * own first call of watch_fd() makes a new watch, behind which the old one hangs
 * until close.
 *
 * What it does not do: run any code of the user's, or take a signal.
 */
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include <mmapipc/mmapipc.h>

#include "platform.h"
#include "segment.h"

struct watch {
	pthread_mutex_t mutex; /* guards armed, rung and the bell */
	pthread_cond_t changed;
	pthread_t watcher;
	struct mipc_event *event;
	struct condition condition; /* the user's */
	int bell;
	uint32_t epoch; /* segment_epoch when it was made */
	bool armed;
	bool rung; /* since it was last silenced */
	_Atomic bool stop;
	struct watch *inherited; /* the parent's */
};

static bool met_or_stopped(void *arg)
{
	struct watch *watch = arg;

	/* relaxed: ordered as the condition is, by the event's W2 */
	return atomic_load_explicit(&watch->stop, memory_order_relaxed) ||
	       watch->condition.met(watch->condition.arg);
}

static int hopeless(void *arg)
{
	struct watch *watch = arg;

	return watch->condition.hopeless
		       ? watch->condition.hopeless(watch->condition.arg)
		       : 0;
}

/* Sleep until there is something to tell. */
static void look_out(struct watch *watch)
{
	const struct condition condition = {met_or_stopped, hopeless, watch};
	struct wait wait = {
		.timeout_ns = MIPC_FOREVER, .spin_us = MIPC_SPIN_NEVER};

	/* 0 or hopeless: both are worth a call by the user */
	(void)event_await(watch->event, &condition, &wait);
}

/* Under the mutex. */
static void ring_bell(struct watch *watch)
{
	watch->rung = true;
	platform_bell_ring(watch->bell);
}

static void *run_watcher(void *arg)
{
	struct watch *watch = arg;

	pthread_mutex_lock(&watch->mutex);
	/* relaxed: under the mutex */
	while (!atomic_load_explicit(&watch->stop, memory_order_relaxed)) {
		if (!watch->armed) {
			pthread_cond_wait(&watch->changed, &watch->mutex);
			continue;
		}
		pthread_mutex_unlock(&watch->mutex);
		look_out(watch);
		pthread_mutex_lock(&watch->mutex);
		watch->armed = false;
		ring_bell(watch);
	}
	pthread_mutex_unlock(&watch->mutex);
	return NULL;
}

static void free_watch(struct watch *watch)
{
	platform_bell_close(watch->bell);
	pthread_cond_destroy(&watch->changed);
	pthread_mutex_destroy(&watch->mutex);
	free(watch);
}

static int make_watch(struct mipc_event *event,
	const struct condition *condition, struct watch **ret_watch)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int err;

	if (!watch)
		return -ENOMEM;
	err = platform_bell_open(&watch->bell);
	if (err) {
		free(watch);
		return err;
	}
	pthread_mutex_init(&watch->mutex, NULL);
	pthread_cond_init(&watch->changed, NULL);
	watch->event = event;
	watch->condition = *condition;
	watch->epoch = segment_epoch;
	watch->armed = true;
	err = platform_thread_start(run_watcher, watch, &watch->watcher);
	if (err) {
		free_watch(watch);
		return err;
	}
	*ret_watch = watch;
	return 0;
}

static void end_watch(struct watch *watch)
{
	pthread_mutex_lock(&watch->mutex);
	/* relaxed: to one who is parked by the mutex; to one who sleeps by the
	 * fence in event_notify(), as if it were a condition met */
	atomic_store_explicit(&watch->stop, true, memory_order_relaxed);
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->mutex);
	/* All: it may be any of the sleepers; and a wake-up that it has had
	 * already, for a message, was perhaps meant for another one. */
	event_notify(watch->event, INT_MAX);
	pthread_join(watch->watcher, NULL);
	free_watch(watch);
}

/* The watch of this process; NULL: none yet. */
static struct watch *watch_of(struct watch_place *place)
{
	/* acquire: pairs with the release in watch_fd() */
	struct watch *watch =
		atomic_load_explicit(&place->watch, memory_order_acquire);

	return watch && watch->epoch == segment_epoch ? watch : NULL;
}

int watch_fd(struct watch_place *place, struct mipc_event *event,
	const struct condition *condition)
{
	struct watch *watch = watch_of(place);
	/* acquire: as in watch_of() */
	struct watch *old =
		atomic_load_explicit(&place->watch, memory_order_acquire);
	int err;

	if (watch)
		return watch->bell;
	err = make_watch(event, condition, &watch);
	if (err)
		return err;
	while (!old || old->epoch != segment_epoch) {
		watch->inherited = old;
		/* release: publishes the watch. acquire, in vain: somebody
		 * else's, which is looked at */
		if (atomic_compare_exchange_strong_explicit(&place->watch, &old,
			    watch, memory_order_acq_rel, memory_order_acquire))
			return watch->bell;
	}
	end_watch(watch); /* another thread was faster */
	return old->bell;
}

int watch_arm(struct watch_place *place)
{
	struct watch *watch = watch_of(place);
	bool met;

	if (!watch)
		return -EINVAL;
	pthread_mutex_lock(&watch->mutex);
	/* First silence, then look: what comes in between is seen, or rung for
	 * by the watcher. */
	if (watch->rung) {
		platform_bell_silence(watch->bell);
		watch->rung = false;
	}
	met = watch->condition.met(watch->condition.arg);
	if (met) {
		ring_bell(watch);
	} else if (!watch->armed) {
		watch->armed = true;
		pthread_cond_signal(&watch->changed);
	}
	pthread_mutex_unlock(&watch->mutex);
	return met;
}

void watch_close(struct watch_place *place)
{
	/* relaxed: nobody else uses the handle */
	struct watch *watch =
		atomic_load_explicit(&place->watch, memory_order_relaxed);

	atomic_store_explicit(&place->watch, NULL, memory_order_relaxed);
	while (watch) {
		struct watch *inherited = watch->inherited;

		if (watch->epoch == segment_epoch) {
			end_watch(watch);
		} else {
			platform_bell_close(watch->bell);
			free(watch);
		}
		watch = inherited;
	}
}
