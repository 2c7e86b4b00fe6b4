/* record.c - which steps does each call take, on each of its paths?
 *
 * One process records all, before anybody is killed. It finds out, too, how many
 * messages fit into a channel, and at which steps of a send or a receive its
 * caller has the lock, by stopping one at each in turn and asking the transport.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "crash/campaign.h"
#include "step/step.h"

enum {
	TRACE_ALIGN = 64,
	HOLDER_LOOKS =
		48, /* the lock is held for longer than a 48th of a call */
};

struct scribe {
	struct campaign *campaign;
	struct crash_stage stage;
	unsigned transport, size, room;
	/* Of a send and a recv, by role. */
	size_t holder_trace[2], holder_k[2];
	bool holder_known[2];
	bool again; /* for a pass beyond the first */
};

static bool open_stage(struct scribe *scribe)
{
	char name[STAGE_NAME_BYTES];

	if (scribe->stage.channel && !scribe->stage.spoiled)
		return true;
	crash_stage_close(&scribe->stage);
	director_name(name, sizeof(name));
	return crash_stage_open(&scribe->stage, name) == 0;
}

/* Put it away. Returns whether there was room. */
static bool keep_trace(
	struct scribe *scribe, struct crash_trace *trace, size_t *ret_offset)
{
	struct campaign *campaign = scribe->campaign;
	size_t bytes = sizeof(*trace) + trace->count * sizeof(trace->steps[0]);
	size_t used = campaign->board->traces_used;
	struct crash_trace *kept =
		(struct crash_trace *)(void *)(campaign->traces + used);

	if (bytes > campaign->traces_bytes - used)
		return false;
	memcpy(kept, trace, bytes);
	kept->limit = kept->count;
	kept->mapped_bytes = 0;
	*ret_offset = used;
	campaign->board->traces_used =
		used + (bytes + TRACE_ALIGN - 1) / TRACE_ALIGN * TRACE_ALIGN;
	return true;
}

/* Where no host can be started, a process of its own does it, and those to come. */
static void record_once(struct scribe *scribe, const struct trial_case *what,
	struct crash_trace *trace, struct trial_report *ret_report)
{
	const struct trial_strike strike = {.record = trace};

	trace_clear(trace);
	trial_run(&scribe->stage, what, &strike, ret_report);
	if (!scribe->stage.unhosted)
		return;
	scribe->stage.unhosted = false;
	scribe->stage.alone = true;
	if (open_stage(scribe))
		trial_run(&scribe->stage, what, &strike, ret_report);
}

static void record_unit(struct scribe *scribe, struct campaign_unit *unit)
{
	struct crash_trace *trace = scribe->campaign->scratch[0];
	const struct campaign_request *request = &scribe->campaign->request;
	enum endpoint_role role = unit->operation.role;
	struct trial_case what = {
		.operation = unit->operation,
		.path = unit->path,
		.room = scribe->room,
		.late_ns = request->patience_ns,
	};
	struct trial_report report;

	unit->room = scribe->room;
	if (unit->path >= PATH_SLOW_LOCK) {
		unit->holder_trace = scribe->holder_trace[role];
		unit->holder_k = scribe->holder_k[role];
		what.holder_trace = (const struct crash_trace *)(const void
				*)(scribe->campaign->traces +
				   unit->holder_trace);
		what.holder_k = unit->holder_k;
		if (!scribe->holder_known[role]) {
			snprintf(unit->words, sizeof(unit->words),
				"nobody was ever seen with the lock");
			return;
		}
	}
	if (!open_stage(scribe)) {
		snprintf(unit->words, sizeof(unit->words),
			"the channel cannot be made");
		return;
	}
	/* relaxed: a sign of life */
	atomic_fetch_add_explicit(
		&scribe->campaign->board->beats[0], 1, memory_order_relaxed);
	record_once(scribe, &what, trace, &report);
	if (!trace->complete || !trace->count)
		snprintf(unit->words, sizeof(unit->words), "%s",
			trace->truncated ? "it takes too many steps"
			: *report.words	 ? report.words
					 : "it did not come to its end");
	else
		unit->recorded = keep_trace(scribe, trace, &unit->trace);
}

/* Is who is stopped at step @k of @trace the one who has the lock? */
static bool holds_at(struct scribe *scribe,
	const struct crash_operation *operation,
	const struct crash_trace *trace, size_t k)
{
	struct crash_stage *stage = &scribe->stage;
	struct crash_victim victim = {
		.operation = operation,
		.stage = stage,
		.index = 2,
		.number = stage->next_number,
		.said = &stage->shared->said[2],
	};
	bool holds = false;
	pid_t pid;
	int status;

	/* some to take */
	if (operation->role == ROLE_CONSUMER)
		crash_stage_order(stage, ROLE_PRODUCER,
			&(struct survivor_order){.what = SURVIVOR_SEND,
				.number = 1,
				.count = 2});
	pid = crash_stage_fork();
	if (pid == 0) {
		if (!victim_prepare(&victim))
			step_run(trace, k,
				&(struct step_action){.what = STEP_STOP},
				victim_call, &victim);
		_exit(0);
	}
	if (pid < 0 ||
		!crash_stage_wait(stage, &pid, stage->patience_ns, &status))
		return false;
	if (WIFSTOPPED(status)) {
		holds = stage->transport->lock_holder(
				stage->channel, operation->role) == pid;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return holds;
}

/* About the step in the middle of those at which a send or a recv has its lock. */
static void find_holder(struct scribe *scribe, const struct campaign_unit *unit)
{
	enum endpoint_role role = unit->operation.role;
	const struct crash_trace *trace =
		campaign_trace(scribe->campaign, unit);
	size_t first = 0, last = 0;

	if (!unit->recorded)
		return;
	for (size_t k = 0; k < trace->count;
		k += trace->count / HOLDER_LOOKS + 1) {
		bool holds;

		/* each time anew: it is left with a dead owner */
		scribe->stage.spoiled = true;
		holds = open_stage(scribe) &&
			holds_at(scribe, &unit->operation, trace, k);
		if (!holds)
			continue;
		if (!first)
			first = k;
		last = k;
	}
	scribe->stage.spoiled = true;
	scribe->holder_known[role] = last != 0;
	scribe->holder_trace[role] = unit->trace;
	scribe->holder_k[role] = first + (last - first) / 2;
}

static bool wanted(const struct campaign_request *request,
	const struct crash_operation *operation)
{
	return !request->operation ||
	       strcmp(request->operation, operation->name) == 0;
}

/* Does any kind that is asked for strike it there? To record what nobody is struck
 * in would take longer than some campaigns. */
static bool suits(const struct scribe *scribe,
	const struct crash_operation *operation, enum crash_path path)
{
	const struct campaign_request *request = &scribe->campaign->request;

	for (unsigned kind = 0; kind < KINDS; kind++)
		if (request->kinds & 1u << kind &&
			campaign_suits((enum crash_kind)kind,
				request->transports[scribe->transport],
				operation, path))
			return true;
	return false;
}

static void record_operation(
	struct scribe *scribe, const struct crash_operation *operation)
{
	struct campaign *campaign = scribe->campaign;
	const struct campaign_request *request = &campaign->request;
	const struct transport *transport =
		request->transports[scribe->transport];

	for (int path = 0; path < PATHS; path++) {
		struct campaign_board *board = campaign->board;
		struct campaign_unit *unit = &board->units[board->unit_count];

		if (!path_applies(transport, operation, (enum crash_path)path,
			    scribe->room) ||
			(request->path != PATHS &&
				request->path != (enum crash_path)path) ||
			!suits(scribe, operation, (enum crash_path)path) ||
			(scribe->again && !campaign_repeats(operation,
						  (enum crash_path)path)) ||
			board->unit_count == CAMPAIGN_UNITS_MAX)
			continue;
		*unit = (struct campaign_unit){.transport = scribe->transport,
			.operation = *operation,
			.path = (enum crash_path)path,
			.size = scribe->size};
		record_unit(scribe, unit);
		board->unit_count++;
	}
}

/* Where a send and a recv hold their lock, for those paths that need it. */
static void find_holders(
	struct scribe *scribe, const struct crash_operation *list)
{
	const struct campaign_request *request = &scribe->campaign->request;
	const struct transport *transport =
		request->transports[scribe->transport];

	if (!(transport->caps & CAP_LOCK_HOLDER) ||
		(request->path != PATHS && request->path < PATH_SLOW_LOCK) ||
		!suits(scribe, &list[0], PATH_DEAD_OWNER))
		return;
	for (unsigned i = 0; i < 2; i++) { /* send and recv come first */
		struct campaign_unit unit = {
			.transport = scribe->transport,
			.operation = list[i],
			.path = PATH_SOME,
			.size = scribe->size,
		};

		record_unit(scribe, &unit);
		find_holder(scribe, &unit);
	}
}

static void record_transport(struct scribe *scribe)
{
	const struct campaign_request *request = &scribe->campaign->request;
	const struct transport *transport =
		request->transports[scribe->transport];
	struct crash_operation list[OPERATIONS_MAX];
	unsigned count = operations_list(transport, list);

	scribe->stage = (struct crash_stage){
		.transport = transport,
		.spec = request->specs[scribe->transport],
		.msg_size_bytes = campaign_size_bytes(scribe->size),
		.patience_ns = request->patience_ns,
		.shared = scribe->campaign->stages[0],
	};
	memset(scribe->holder_known, 0, sizeof(scribe->holder_known));
	scribe->room = open_stage(scribe) ? trial_room(&scribe->stage) : 0;
	scribe->stage.spoiled = true;
	find_holders(scribe, list);
	for (unsigned i = 0; i < count; i++)
		if (wanted(request, &list[i]))
			record_operation(scribe, &list[i]);
	crash_stage_close(&scribe->stage);
}

void campaign_record(struct campaign *campaign, unsigned from, unsigned to)
{
	static struct scribe scribe;

	scribe.campaign = campaign;
	scribe.again = from != campaign->request.pass % CAMPAIGN_SIZES;
	for (unsigned t = 0; t < campaign->request.transport_count; t++) {
		for (unsigned size = from; size < to; size++) {
			scribe.transport = t;
			scribe.size = size;
			record_transport(&scribe);
		}
	}
}
