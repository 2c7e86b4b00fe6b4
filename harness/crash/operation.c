/* operation.c - see operation.h.
 *
 * What every transport has is called through its interface; what only one has it
 * describes itself (struct transport_operation). Both are one kind of thing from
 * here on. What the victim needs besides its call, to fill in messages and to
 * recognize them, is done before and after it, where nobody is killed.
 */
#include "crash/operation.h"

#include <errno.h>
#include <string.h>

enum {
	BATCH = 2,
	SOME = 3,
	WRAP_ROOM_MAX = 256, /* beyond it takes too long to come around */
};

/* Long enough to fall asleep in. */
#define SLOW_TIMEOUT_NS UINT64_C(200000)

static const char *const path_names[PATHS] = {
	[PATH_SOME] = "some",
	[PATH_EMPTY] = "empty",
	[PATH_FULL] = "full",
	[PATH_WRAP] = "wrap",
	[PATH_SLOW_LOCK] = "slow-lock",
	[PATH_DEAD_OWNER] = "dead-owner",
};

const char *path_name(enum crash_path path)
{
	return path_names[path];
}

#define OPERATION(word, which, who, what, many)                           \
	{                                                                 \
		.name = word, .call = which, .role = who, .effect = what, \
		.count = many                                             \
	}

static const struct crash_operation generic[] = {
	OPERATION("send", CALL_SEND, ROLE_PRODUCER, EFFECT_PUTS, 1),
	OPERATION("recv", CALL_RECV, ROLE_CONSUMER, EFFECT_TAKES, 1),
	OPERATION("send-batch", CALL_SEND_BATCH, ROLE_PRODUCER, EFFECT_PUTS,
		BATCH),
	OPERATION("recv-batch", CALL_RECV_BATCH, ROLE_CONSUMER, EFFECT_TAKES,
		BATCH),
	OPERATION("view", CALL_VIEW, ROLE_CONSUMER, EFFECT_TAKES, 2),
	OPERATION(
		"attach-producer", CALL_ATTACH, ROLE_PRODUCER, EFFECT_NONE, 0),
	OPERATION(
		"attach-consumer", CALL_ATTACH, ROLE_CONSUMER, EFFECT_NONE, 0),
	OPERATION(
		"detach-producer", CALL_DETACH, ROLE_PRODUCER, EFFECT_NONE, 0),
	OPERATION(
		"detach-consumer", CALL_DETACH, ROLE_CONSUMER, EFFECT_NONE, 0),
};

static bool has(
	const struct transport *transport, const struct crash_operation *one)
{
	if (one->call == CALL_SEND_BATCH || one->call == CALL_RECV_BATCH)
		return transport->caps & CAP_BATCH;
	if (one->call == CALL_VIEW)
		return transport->caps & CAP_VIEW;
	return true;
}

unsigned operations_list(const struct transport *transport,
	struct crash_operation list[OPERATIONS_MAX])
{
	const struct transport_operation *own = transport->operations;
	unsigned count = 0;

	for (size_t i = 0; i < sizeof(generic) / sizeof(*generic); i++) {
		struct crash_operation *one = &list[count];

		if (!has(transport, &generic[i]))
			continue;
		*one = generic[i];
		one->whole = one->count == 1;
		one->vague = one->call == CALL_VIEW;
		if (one->count == BATCH && one->call != CALL_VIEW)
			one->whole = transport->caps & CAP_WHOLE_BATCH;
		/* what the victim looked at last goes to another one */
		if (one->call == CALL_VIEW && transport->caps & CAP_LEASE) {
			one->count = 1;
			one->unordered = true;
		}
		count++;
	}
	for (; own && own->name && count < OPERATIONS_MAX; own++)
		list[count++] = (struct crash_operation){
			.name = own->name,
			.call = CALL_OWN,
			.role = own->role,
			.effect = own->effect,
			.count = own->effect == EFFECT_PUTS ||
				 own->effect == EFFECT_TAKES,
			.whole = true,
			.unordered = own->unordered,
			.own = own,
		};
	return count;
}

static unsigned index_of(const struct crash_victim *victim)
{
	return crash_stage_alone(victim->stage, victim->operation->role)
		       ? 0
		       : victim->index;
}

/* Neither attaching nor ending what was begun: it meets what there is. */
static bool is_plain(const struct crash_operation *operation)
{
	return operation->call <= CALL_VIEW ||
	       (operation->call == CALL_OWN && !operation->own->prepare);
}

bool path_applies(const struct transport *transport,
	const struct crash_operation *operation, enum crash_path path,
	unsigned room)
{
	bool locked = transport->caps & CAP_LOCK_HOLDER;

	/* it does not look at the channel's messages */
	if (operation->effect == EFFECT_MAKES)
		return path == PATH_SOME;
	switch (path) {
	case PATH_SOME:
		return true;
	case PATH_EMPTY:
		return operation->role == ROLE_PRODUCER || is_plain(operation);
	case PATH_FULL:
		return room && (operation->role == ROLE_CONSUMER ||
				       is_plain(operation));
	case PATH_WRAP:
		return operation->count && room && room <= WRAP_ROOM_MAX;
	case PATH_SLOW_LOCK:
		return locked && transport->caps & CAP_BLOCK &&
		       operation->call <= CALL_RECV_BATCH;
	case PATH_DEAD_OWNER:
		return locked && (operation->call <= CALL_RECV_BATCH ||
					 operation->call == CALL_ATTACH);
	default:
		return false;
	}
}

unsigned path_before(const struct crash_operation *operation,
	enum crash_path path, unsigned room)
{
	if (path == PATH_FULL)
		return room;
	if (path == PATH_EMPTY ||
		(path == PATH_WRAP && operation->effect == EFFECT_PUTS))
		return 0;
	return room && room < 2 * SOME ? room / 2 : SOME;
}

uint64_t path_timeout_ns(enum crash_path path, uint64_t patience_ns)
{
	if (path == PATH_DEAD_OWNER)
		return patience_ns;
	return path == PATH_SLOW_LOCK ? SLOW_TIMEOUT_NS : 0;
}

int victim_prepare(struct crash_victim *victim)
{
	const struct crash_stage *stage = victim->stage;
	const struct crash_operation *operation = victim->operation;
	int err = 0;

	for (unsigned i = 0; i < STAGE_SAID_MAX; i++) {
		victim->out[i] = (struct outbound){
			victim->bodies[i], stage->msg_size_bytes};
		victim->in[i] = (struct inbound){.room = victim->bodies[i],
			.room_bytes = sizeof(victim->bodies[i])};
		if (operation->role == ROLE_PRODUCER)
			message_fill(victim->bodies[i], stage->msg_size_bytes,
				victim->number + i);
	}
	if (operation->call != CALL_ATTACH)
		err = stage->transport->attach(stage->channel, operation->role,
			index_of(victim), &victim->end);
	if (!err && operation->own && operation->own->prepare)
		err = operation->own->prepare(
			victim->end, victim->out, victim->in);
	return err < 0 ? err : 0;
}

void victim_call(void *arg)
{
	struct crash_victim *victim = arg;
	const struct transport *transport = victim->stage->transport;
	uint64_t timeout_ns = victim->timeout_ns;

	switch (victim->operation->call) {
	case CALL_SEND:
		victim->result =
			transport->send(victim->end, victim->out, timeout_ns);
		break;
	case CALL_RECV:
		victim->result =
			transport->recv(victim->end, victim->in, timeout_ns);
		break;
	case CALL_SEND_BATCH:
		victim->result = transport->send_batch(
			victim->end, victim->out, BATCH, timeout_ns);
		break;
	case CALL_RECV_BATCH:
		victim->result = transport->recv_batch(
			victim->end, victim->in, BATCH, timeout_ns);
		break;
	case CALL_VIEW:
		victim->result = transport->recv_view(
			victim->end, victim->in, timeout_ns);
		if (victim->result >= 0)
			victim->result = transport->recv_view(
				victim->end, victim->in, timeout_ns);
		break;
	case CALL_ATTACH:
		victim->result = transport->attach(victim->stage->channel,
			victim->operation->role, index_of(victim),
			&victim->end);
		break;
	case CALL_DETACH:
		transport->detach(victim->end);
		victim->result = 0;
		break;
	case CALL_OWN:
		victim->result = victim->operation->own->call(
			victim->end, victim->out, victim->in);
		break;
	}
}

void victim_tell(struct crash_victim *victim)
{
	const struct crash_operation *operation = victim->operation;
	struct stage_said *said = victim->said;
	unsigned took = 0;

	said->result = victim->result;
	if (operation->effect == EFFECT_TAKES && victim->result >= 0 &&
		!operation->vague)
		took = operation->call == CALL_RECV_BATCH
			       ? (unsigned)victim->result
			       : 1;
	for (unsigned i = 0; i < took && i < STAGE_SAID_MAX; i++)
		said->seen[i] = message_read(victim->in[i].data,
			victim->in[i].len, victim->stage->msg_size_bytes);
	said->seen_count = took;
	said->returned = victim->result >= 0 && !operation->vague;
}
