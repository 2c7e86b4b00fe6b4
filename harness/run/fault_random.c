/* fault_random.c - deaths and stops at any moment, under full load.
 *
 * What happens to whom and when is in a script that the seed gave
 * (fault_script.c); here it is carried out. A victim is stopped first, for some
 * microseconds, to see where it stands and whether it holds the lock; then comes
 * the SIGKILL. To the others that is a death at that very instruction.
 *
 * Several deaths may be waited for at once. While somebody is stopped the others
 * may have to stand still: a stopped owner of a lock is not robbed of it. That
 * is not the dead one's time, so the clock of all who wait begins anew when the
 * stopped one goes on.
 *
 * When the machine is late, so is the script: a deed is never left out, nor done
 * before the one before it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "run/fault_stage.h"
#include "transport/transport.h"

enum {
	POLL_NS = 200000,
	READ_EVERY_NS = 20000000,
	WAITS_MAX = 64,
};

struct soak {
	struct fault *fault;
	struct fault_wait waits[WAITS_MAX];
	unsigned wait_count;
	bool stopped[CASE_MAX_WORKERS]; /* by place */
	bool dead[CASE_MAX_WORKERS];
	unsigned stopped_count;
	uint64_t read_ns; /* the series, next */
};

/* Who got over it, and who did not in time. */
static int look_at_all(struct soak *soak)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < soak->wait_count; i++) {
		/* Perhaps it is a stopped one that is waited for. */
		int got = fault_look(
			soak->fault, &soak->waits[i], soak->stopped_count > 0);

		if (got < 0)
			return got;
		if (!got)
			soak->waits[kept++] = soak->waits[i];
	}
	soak->wait_count = kept;
	return 0;
}

static int linger_until(struct soak *soak, uint64_t until_ns)
{
	for (;;) {
		uint64_t now_ns = deadline_clock_ns(CLOCK_MONOTONIC);
		int err = look_at_all(soak);

		if (err)
			return err;
		if (now_ns >= soak->read_ns) {
			fault_read_series(soak->fault, false);
			soak->read_ns = now_ns + READ_EVERY_NS;
		}
		if (now_ns >= until_ns)
			return 0;
		fault_nap(until_ns - now_ns < POLL_NS ? until_ns - now_ns
						      : POLL_NS);
	}
}

/* See it stand still. Fails when it has ended by itself. */
static int halt(struct soak *soak, unsigned place)
{
	if (soak->stopped[place])
		return 0;
	return fault_halt(soak->fault, fault_member(soak->fault, place));
}

static int kill_at(struct soak *soak, unsigned place)
{
	struct fault *fault = soak->fault;
	int err = halt(soak, place);

	if (!err && soak->wait_count == WAITS_MAX)
		err = fault_fail(fault,
			"the others hang: too many deaths that "
			"nobody got over",
			fault_victim(fault, place));
	if (err)
		return err;
	soak->stopped_count -= soak->stopped[place];
	soak->stopped[place] = false;
	soak->dead[place] = true;
	return fault_kill(fault, place,
		fault_holds_lock(fault, fault_member(fault, place)),
		&soak->waits[soak->wait_count++]);
}

static int stop_at(struct soak *soak, unsigned place)
{
	struct fault *fault = soak->fault;
	int err = halt(soak, place);

	if (err)
		return err;
	soak->stopped[place] = true;
	soak->stopped_count++;
	fault->outcome->crash.stops++;
	return fault_note(fault, DEED_STOP, place,
		fault_holds_lock(fault, fault_member(fault, place)));
}

static int continue_at(struct soak *soak, unsigned place)
{
	struct fault *fault = soak->fault;
	uint64_t now_ns;

	int err;

	if (!soak->stopped[place])
		return 0;
	err = look_at_all(soak);
	if (err)
		return err;
	kill(fault_member(fault, place)->pid, SIGCONT);
	soak->stopped[place] = false;
	soak->stopped_count--;
	now_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	for (unsigned i = 0; i < soak->wait_count; i++) {
		struct fault_wait *wait = &soak->waits[i];

		wait->deadline_ns += now_ns - wait->since_ns;
		wait->since_ns = now_ns;
	}
	return fault_note(fault, DEED_CONTINUE, place, false);
}

static int carry_out(struct soak *soak, const struct fault_step *step)
{
	switch (step->deed) {
	case DEED_KILL:
		return kill_at(soak, step->place);
	case DEED_STOP:
		return stop_at(soak, step->place);
	case DEED_CONTINUE:
		return continue_at(soak, step->place);
	default:
		soak->dead[step->place] = false;
		return fault_start(soak->fault, step->place);
	}
}

/* Everybody at work again, and every death got over. */
static int settle(struct soak *soak)
{
	int err = 0;

	for (unsigned i = 0; !err && i < fault_places(soak->fault); i++) {
		err = continue_at(soak, i);
		if (!err && soak->dead[i])
			err = fault_start(soak->fault, i);
	}
	while (!err && soak->wait_count)
		err = linger_until(
			soak, deadline_clock_ns(CLOCK_MONOTONIC) + POLL_NS);
	if (!err)
		err = linger_until(soak, deadline_after(READ_EVERY_NS));
	return err;
}

int fault_strike_at_random(struct fault *fault)
{
	const struct fault_script *script = &fault->script;
	uint64_t began_ns = deadline_clock_ns(CLOCK_MONOTONIC);
	struct soak *soak = calloc(1, sizeof(*soak));
	int err = 0;

	if (!soak)
		return -ENOMEM;
	soak->fault = fault;
	for (size_t i = 0; !err && i < script->count; i++) {
		if (!fault->keep_going())
			break;
		err = linger_until(soak, began_ns + script->steps[i].at_ns);
		if (!err)
			err = carry_out(soak, &script->steps[i]);
	}
	if (!err && fault->keep_going() && fault->bench->soak_ns)
		err = linger_until(soak, began_ns + fault->bench->soak_ns);
	if (!err)
		err = settle(soak);
	free(soak);
	return err;
}
