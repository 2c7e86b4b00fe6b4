/* object_json.c - what mipc_inspect() found, for a program.
 *
 * Every key is always there for its kind of object. null: not known, or nobody.
 */
#include <errno.h>
#include <jansson.h>

#include <mmapipc/inspect.h>

#include "inspect/object_print.h"

static json_t *number(uint64_t value)
{
	/* JSON's are signed here; a position that large was forged. */
	return json_integer((json_int_t)(value & INT64_MAX));
}

static json_t *known(bool is_known, uint64_t value)
{
	return is_known ? number(value) : json_null();
}

static json_t *lock_json(const struct mipc_lock_info *lock)
{
	return json_pack("{s:b, s:o, s:o, s:o, s:b, s:b, s:o}", "held",
		lock->held, "pid",
		known(lock->holder_known, (uint64_t)lock->holder), "alive",
		lock->holder_known ? json_boolean(lock->holder_alive)
				   : json_null(),
		"held_ns", known(lock->held_ns != 0, lock->held_ns), "awaited",
		lock->awaited, "orphaned", lock->orphaned, "recoveries",
		number(lock->recoveries));
}

static json_t *party_json(
	const struct mipc_info *info, const struct mipc_party_info *party)
{
	json_t *json = json_pack("{s:i, s:i, s:b}", "slot", (int)party->slot,
		"pid", (int)party->pid, "alive", party->alive);

	if (info->object == MIPC_OBJECT_RING) {
		json_object_set_new(
			json, "producer", json_boolean(party->produces));
		json_object_set_new(
			json, "consumer", json_boolean(party->consumes));
	}
	if (info->object == MIPC_OBJECT_QUEUE) {
		json_object_set_new(
			json, "reservations", number(party->reservations));
		json_object_set_new(json, "reserving_ns",
			known(party->reserving_ns != 0, party->reserving_ns));
		json_object_set_new(json, "leases", number(party->leases));
		json_object_set_new(json, "leasing_ns",
			known(party->leasing_ns != 0, party->leasing_ns));
	}
	return json;
}

static json_t *parties_json(const struct mipc_info *info)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < info->party_count; i++)
		json_array_append_new(
			list, party_json(info, &info->parties[i]));
	return list;
}

/* What a queue and a ring have in common. */
static void add_contents(const struct mipc_info *info, json_t *json)
{
	json_object_set_new(json, "used_bytes", number(info->used_bytes));
	json_object_set_new(json, "bytes_in", number(info->bytes_in));
	json_object_set_new(json, "bytes_out", number(info->bytes_out));
	json_object_set_new(
		json, "messages", known(info->counted, info->messages));
}

static void add_queue(const struct mipc_info *info, json_t *json)
{
	const struct {
		const char *key;
		uint64_t value;
	} states[] = {
		{"ready", info->ready},
		{"reserved", info->reserved_count},
		{"leased", info->leased},
		{"done", info->done},
		{"dead_letters", info->dead_letters},
		{"orphans", info->orphans},
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		json_object_set_new(json, states[i].key,
			known(info->counted, states[i].value));
	json_object_set_new(json, "messages_in", number(info->messages_in));
	json_object_set_new(json, "messages_out", number(info->messages_out));
	json_object_set_new(
		json, "dead_letter_after", number(info->dead_letter_after));
	json_object_set_new(
		json, "producers_lock", lock_json(&info->producers));
	json_object_set_new(
		json, "consumers_lock", lock_json(&info->consumers));
}

int object_print_json(const char *name, const struct mipc_info *info, FILE *out)
{
	static const char *const kinds[] = {"?", "shm", "ring", "queue"};
	/* A name need not be text; the rest is worth having all the same. */
	json_t *text = json_string(name);
	json_t *json = json_pack("{s:s, s:o, s:s, s:i, s:o}", "schema",
		"ipcmark-object-1", "name", text ? text : json_null(), "kind",
		kinds[info->object], "layout_version",
		(int)info->layout_version, "capacity_bytes",
		number(info->capacity_bytes));
	int err;

	if (!json)
		return -ENOMEM;
	if (info->object != MIPC_OBJECT_SHM)
		add_contents(info, json);
	if (info->object == MIPC_OBJECT_QUEUE)
		add_queue(info, json);
	if (info->object == MIPC_OBJECT_RING) {
		json_object_set_new(json, "producer_left",
			json_boolean(info->producer_left));
		json_object_set_new(json, "consumer_left",
			json_boolean(info->consumer_left));
	}
	json_object_set_new(json, "parties", parties_json(info));
	err = json_dumpf(json, out, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	if (!err)
		fputc('\n', out);
	json_decref(json);
	return err ? -EIO : 0;
}
