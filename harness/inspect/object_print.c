/* object_print.c - what mipc_inspect() found, in words.
 *
 * First what it is and how full, then what stands in the way: a lock that is
 * held, leases that are held, the dead. A line that would say nothing is left
 * out.
 */
#include "inspect/object_print.h"

#include <inttypes.h>

#include <mmapipc/inspect.h>

#include "base/human.h"

static const char *object_name(enum mipc_object object)
{
	switch (object) {
	case MIPC_OBJECT_SHM:
		return "shm";
	case MIPC_OBJECT_RING:
		return "ring";
	case MIPC_OBJECT_QUEUE:
		return "queue";
	}
	return "?";
}

static void print_contents(const struct mipc_info *info, FILE *out)
{
	char used[HUMAN_BYTES];
	double percent =
		100.0 * (double)info->used_bytes / (double)info->capacity_bytes;

	fprintf(out, "  used        %s (%.0f %%)",
		human_size(info->used_bytes, used), percent);
	if (!info->counted) {
		fputs(", in motion: messages were not counted\n", out);
		return;
	}
	fprintf(out, ", %" PRIu64 " message%s", info->messages,
		info->messages == 1 ? "" : "s");
	if (info->object == MIPC_OBJECT_QUEUE && info->messages) {
		fprintf(out, ": %" PRIu64 " ready", info->ready);
		if (info->reserved_count)
			fprintf(out, ", %" PRIu64 " reserved",
				info->reserved_count);
		if (info->leased)
			fprintf(out, ", %" PRIu64 " leased", info->leased);
		if (info->done)
			fprintf(out, ", %" PRIu64 " done", info->done);
		if (info->dead_letters)
			fprintf(out, ", %" PRIu64 " dead letter%s",
				info->dead_letters,
				info->dead_letters == 1 ? "" : "s");
	}
	fputc('\n', out);
	if (info->orphans)
		fprintf(out,
			"  orphans     %" PRIu64 " reserved or leased by the "
			"dead; a live user will settle them\n",
			info->orphans);
}

static void print_passed(const struct mipc_info *info, FILE *out)
{
	char in[HUMAN_BYTES], taken[HUMAN_BYTES];

	if (info->object == MIPC_OBJECT_QUEUE)
		fprintf(out,
			"  passed      %" PRIu64 " messages in, %" PRIu64
			" out\n",
			info->messages_in, info->messages_out);
	else
		fprintf(out, "  passed      %s in, %s out\n",
			human_size(info->bytes_in, in),
			human_size(info->bytes_out, taken));
}

static void print_lock(
	const char *name, const struct mipc_lock_info *lock, FILE *out)
{
	char text[HUMAN_BYTES];

	fprintf(out, "  %-10s  lock ", name);
	if (lock->orphaned)
		fputs("left by the dead, repaired by who comes next", out);
	else if (!lock->held)
		fputs("free", out);
	else if (lock->holder_known)
		fprintf(out, "held by pid %ld (%s)", (long)lock->holder,
			lock->holder_alive ? "alive" : "DEAD");
	else
		fprintf(out, "held by thread %ld", (long)lock->holder);
	if (lock->held_ns)
		fprintf(out, " for at least %s",
			human_time((double)lock->held_ns, text));
	if (lock->awaited)
		fputs(", others wait for it", out);
	fprintf(out, "; recovered %" PRIu64 " time%s\n", lock->recoveries,
		lock->recoveries == 1 ? "" : "s");
}

static void print_role(const char *name, const struct mipc_info *info,
	bool produces, bool left, FILE *out)
{
	fprintf(out, "  %-10s  ", name);
	for (unsigned i = 0; i < info->party_count; i++) {
		const struct mipc_party_info *party = &info->parties[i];

		if (!(produces ? party->produces : party->consumes))
			continue;
		fprintf(out, "pid %ld (%s)\n", (long)party->pid,
			party->alive ? "alive" : "DEAD");
		return;
	}
	fputs(left ? "has gone\n" : "none so far\n", out);
}

static void print_held(
	const char *what, uint64_t count, uint64_t held_ns, FILE *out)
{
	char text[HUMAN_BYTES];

	if (!count)
		return;
	fprintf(out, ", %" PRIu64 " %s%s", count, what, count == 1 ? "" : "s");
	if (held_ns)
		fprintf(out, " for %s", human_time((double)held_ns, text));
}

static void print_parties(const struct mipc_info *info, FILE *out)
{
	fprintf(out, "  attached    %u alive, %u dead\n", info->alive,
		info->party_count - info->alive);
	for (unsigned i = 0; i < info->party_count; i++) {
		const struct mipc_party_info *party = &info->parties[i];

		fprintf(out, "    pid %ld, %s", (long)party->pid,
			party->alive ? "alive" : "DEAD");
		if (party->produces)
			fputs(", producer", out);
		if (party->consumes)
			fputs(", consumer", out);
		print_held("reservation", party->reservations,
			party->reserving_ns, out);
		print_held("lease", party->leases, party->leasing_ns, out);
		fputc('\n', out);
	}
}

void object_print(const char *name, const struct mipc_info *info, FILE *out)
{
	char size[HUMAN_BYTES];

	fprintf(out, "%s %s, %s\n", object_name(info->object), name,
		human_size(info->capacity_bytes, size));
	if (info->object != MIPC_OBJECT_SHM) {
		print_contents(info, out);
		print_passed(info, out);
	}
	if (info->object == MIPC_OBJECT_QUEUE) {
		print_lock("producers", &info->producers, out);
		print_lock("consumers", &info->consumers, out);
		if (info->dead_letter_after)
			fprintf(out, "  returns     a dead letter after %u\n",
				info->dead_letter_after);
	}
	if (info->object == MIPC_OBJECT_RING) {
		print_role("producer", info, true, info->producer_left, out);
		print_role("consumer", info, false, info->consumer_left, out);
	}
	print_parties(info, out);
}
