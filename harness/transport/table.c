/* table.c - the table of transports, and what each of them can run.
 *
 * A new transport is a file NAME.c, a line in list.h and
 * one here. Nothing else of the harness knows any of them by name. One whose
 * library configure did not find is in the table all the same and says so
 * (absent.c): a scenario that names it is valid everywhere.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ballast.h"
#include "case/verify.h"
#include "step/step.h"
#include "transport/list.h"
#include "transport/plugin.h"
#include "transport/transport.h"

static const struct transport *const table[] = {
	&transport_ring,
	&transport_queue,
	&transport_pipe,
	&transport_socketpair,
	&transport_mq,
	&transport_seqpacket,
	&transport_sysv_msg,
	&transport_eventfd_ring,
	&transport_fcntl_queue,
	&transport_mutex_queue,
	&transport_robust_queue,
	&transport_ck_ring,
	&transport_ck_mpmc,
	&transport_qb_rb,
	&transport_boost_mq,
	&transport_zmq,
	&transport_nng,
	&transport_redis,
	&transport_iceoryx,
	&transport_mp_queue,
	&transport_mp_simplequeue,
	&transport_mp_pipe,
	&transport_exec,
	&transport_null,
	&transport_line,
	&transport_copy,
	NULL,
};

const struct transport *const *transport_table(void)
{
	return table;
}

const struct transport *transport_find(const char *spec)
{
	if (strncmp(spec, "exec:", 5) == 0)
		return &transport_exec;
	if (plugin_named(spec))
		return plugin_find(spec, NULL, 0);
	for (size_t i = 0; table[i]; i++)
		if (strcmp(spec, table[i]->name) == 0)
			return table[i];
	return NULL;
}

struct reason {
	char *text;
	size_t bytes;
};

static int refuse(struct reason *reason, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->text, reason->bytes, format, args);
	va_end(args);
	return -ENOTSUP;
}

/* Messages that are due whether the transport is ready or not. */
static int open_can_run(const struct transport *transport,
	const struct bench_case *bench, struct reason *reason)
{
	uint64_t shortest = bench->msg_size_bytes;

	if (bench->count && transport->caps & CAP_EXTERNAL)
		return refuse(reason,
			"%s runs its own workers, which end a slice by time "
			"and not by count",
			transport->name);
	if (bench->mode != MODE_OPEN)
		return 0;
	if (transport->caps & CAP_EXTERNAL)
		return refuse(reason,
			"%s runs its own workers, which know no open loop",
			transport->name);
	if (bench->batch > 1)
		return refuse(reason,
			"an open loop sends each message when it is due, not "
			"in batches of %u; see burst",
			bench->batch);
	for (unsigned i = 0; i < bench->mix.count; i++)
		if (bench->mix.bytes[i] < shortest)
			shortest = bench->mix.bytes[i];
	if (shortest < OPEN_MIN_BYTES)
		return refuse(reason,
			"a message of an open loop carries two times: %d "
			"bytes at least, not %" PRIu64,
			OPEN_MIN_BYTES, shortest);
	return 0;
}

/* Throughput and round trips, or not. */
static int mode_can_run(const struct transport *transport,
	const struct bench_case *bench, struct reason *reason)
{
	if ((bench->mode == MODE_THROUGHPUT || bench->mode == MODE_OPEN) &&
		transport->caps & CAP_NO_THROUGHPUT)
		return refuse(reason, "%s measures round trips only",
			transport->name);
	if (bench->mode != MODE_ROUNDTRIP)
		return 0;
	if (transport->caps & CAP_NO_ROUNDTRIP)
		return refuse(
			reason, "%s measures no round trips", transport->name);
	if (bench->producers != 1 || bench->consumers != 1)
		return refuse(reason,
			"a round trip is between one producer and one "
			"consumer, not %u and %u",
			bench->producers, bench->consumers);
	if (bench->batch > 1)
		return refuse(reason,
			"a round trip has one message in flight, not batches "
			"of %u",
			bench->batch);
	return 0;
}

/* A holder of each role has so much memory of its own. */
static int ballast_can_load(
	const struct bench_case *bench, struct reason *reason)
{
	uint64_t room = bench->holder_memory_bytes ? ballast_room() : 0;
	uint64_t need = 0;

	for (int victim = 0; victim < 2; victim++)
		if (bench->kill_victim[victim])
			need += bench->holder_memory_bytes;
	/* what else runs keeps an eighth */
	if (need <= room - room / 8)
		return 0;
	return refuse(reason,
		"holder_memory takes %" PRIu64 " MiB here, of %" PRIu64
		" MiB that are available",
		need >> 20, room >> 20);
}

/* At single steps there are always others that survive. */
static int steps_can_run(
	const struct transport *transport, struct reason *reason)
{
	const char *why = "";

	if (transport->caps & (CAP_EMPTY | CAP_LOOPBACK))
		return refuse(reason,
			"%s has no processes of its own that could be killed "
			"one by one",
			transport->name);
	if (!step_available(&why))
		return refuse(reason, "%s", why);
	return 0;
}

/* Somebody's death under a lock, which a survivor has to notice. */
static int crash_can_run(const struct transport *transport,
	const struct bench_case *bench, struct reason *reason)
{
	if (bench->mode != MODE_CRASH)
		return 0;
	if (transport->caps & CAP_LIMIT)
		return refuse(reason,
			"%s is a limit; nobody relies on it in a "
			"crash",
			transport->name);
	if (transport->caps & CAP_EXTERNAL)
		return refuse(reason,
			"%s runs its own workers, which cannot be killed one "
			"by one",
			transport->name);
	if (kill_at_is_step(bench->kill_at))
		return steps_can_run(transport, reason);
	if (bench->kill_at == KILL_AT_HOLDER &&
		!(transport->caps & CAP_LOCK_HOLDER))
		return refuse(reason,
			"%s has no lock whose holder could be seen and killed; "
			"kill_at = random needs none",
			transport->name);
	if (bench->kill_victim[VICTIM_PRODUCER] && bench->producers < 2)
		return refuse(reason, "killing a producer takes 2 producers "
				      "or more, so that one survives");
	if (bench->kill_victim[VICTIM_CONSUMER] && bench->consumers < 2)
		return refuse(reason, "killing a consumer takes 2 consumers "
				      "or more, so that one survives");
	return ballast_can_load(bench, reason);
}

static int workers_can_run(const struct transport *transport,
	const struct bench_case *bench, struct reason *reason)
{
	if (!bench->producers || !bench->consumers)
		return refuse(reason,
			"a case needs a producer and a consumer at least");
	if (bench->producers > CASE_MAX_WORKERS ||
		bench->consumers > CASE_MAX_WORKERS - bench->producers)
		return refuse(reason,
			"%u producers and %u consumers are more than %d "
			"workers",
			bench->producers, bench->consumers, CASE_MAX_WORKERS);
	if (transport->caps & CAP_LOOPBACK &&
		(bench->producers > 1 || bench->consumers > 1))
		return refuse(reason,
			"%s has one worker, which both sends and receives",
			transport->name);
	if (bench->producers > 1 && !(transport->caps & CAP_MANY_PRODUCERS))
		return refuse(reason, "%s takes one producer, not %u",
			transport->name, bench->producers);
	if (bench->consumers > 1 && !(transport->caps & CAP_MANY_CONSUMERS))
		return refuse(reason, "%s takes one consumer, not %u",
			transport->name, bench->consumers);
	return 0;
}

/* What is asked of a transport besides passing messages. */
static int wishes_can_run(const struct transport *transport,
	const struct bench_case *bench, struct reason *reason)
{
	char spin[SPIN_TEXT_BYTES];

	spin_text(bench->spin_us, spin);
	if (bench->spin_us != SPIN_AUTO && bench->wait != WAIT_BLOCK)
		return refuse(reason,
			"spin = %s is for calls that sleep, which wait = %s "
			"does not use",
			spin, wait_mode_name(bench->wait));
	if (bench->spin_us != SPIN_AUTO && !(transport->caps & CAP_SPIN))
		return refuse(reason,
			"%s cannot be told how long to look before it sleeps: "
			"no spin = %s",
			transport->name, spin);
	if (bench->huge != HUGE_PAGES_NO && !(transport->caps & CAP_HUGE))
		return refuse(reason,
			"%s cannot be told to use huge pages: no huge = %s",
			transport->name, huge_pages_name(bench->huge));
	return 0;
}

static int calls_can_run(const struct transport *transport,
	const struct bench_case *bench, struct reason *reason)
{
	uint64_t max_len;

	if (bench->verify == VERIFY_SUM && transport->caps & CAP_EXTERNAL)
		return refuse(reason,
			"%s checks messages by itself, which knows no verify = "
			"sum; take header or full",
			transport->name);
	if (bench->batch > 1 && !(transport->caps & CAP_BATCH))
		return refuse(
			reason, "%s has no calls for batches", transport->name);
	if (bench->access == ACCESS_LEASE && !(transport->caps & CAP_LEASE))
		return refuse(reason,
			"%s has no leases: what a killed consumer looked at is "
			"nobody's",
			transport->name);
	if (bench->access != ACCESS_COPY && !(transport->caps & CAP_VIEW))
		return refuse(reason,
			"%s has no call to look at a message where it lies",
			transport->name);
	if (bench->access != ACCESS_COPY && bench->batch > 1)
		return refuse(reason,
			"messages are looked at where they lie one by one, not "
			"in batches of %u",
			bench->batch);
	/* at steps, each waits as it can */
	if (bench->wait == WAIT_BLOCK && !(transport->caps & CAP_BLOCK) &&
		!kill_at_is_step(bench->kill_at))
		return refuse(
			reason, "%s cannot wait by blocking", transport->name);
	if (!transport->max_len)
		return 0;
	max_len = transport->max_len();
	if (bench->msg_size_bytes > max_len)
		return refuse(reason,
			"%s carries at most %" PRIu64 " bytes here",
			transport->name, max_len);
	return 0;
}

int transport_can_run(const struct transport *transport,
	const struct bench_case *bench, char *reason, size_t reason_bytes)
{
	const struct channel_config config = transport_config(bench, "can-run");
	struct reason why = {.text = reason, .bytes = reason_bytes};
	int ret = mode_can_run(transport, bench, &why);

	if (!ret)
		ret = open_can_run(transport, bench, &why);
	if (!ret)
		ret = crash_can_run(transport, bench, &why);
	if (!ret)
		ret = workers_can_run(transport, bench, &why);
	if (!ret)
		ret = wishes_can_run(transport, bench, &why);
	/* before the plain length check: it may know what sets the limit */
	if (!ret && transport->can_run)
		ret = transport->can_run(&config, reason, reason_bytes);
	if (!ret)
		ret = calls_can_run(transport, bench, &why);
	return ret;
}
