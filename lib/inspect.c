/* inspect.c - looking at a segment from outside.
 *
 * The file is read with pread() and never mapped: a file that is cut short while
 * we look gives a short read, not SIGBUS, and nothing can be written by mistake.
 * Whoever is alive holds a byte lock, which may be asked after without taking one
 * (party.c). So we are no party, and nobody can tell that we were here.
 *
 * Others go on meanwhile. What is between head and tail is of one moment if the
 * head is, after all of it was read, where it was before: producers write behind
 * the tail only, so nothing in between was written over. A head that moves makes
 * us start anew, some times; then the numbers that need a walk are given up.
 * Records that do not parse mean damage only if the head stood still.
 *
 * What it does not do: mend anything, or believe anything. A number that was
 * forged is shown as it stands; no read leaves the file's own geometry.
 */
#include <mmapipc/inspect.h>

#include <errno.h>
#include <string.h>

#include "lock.h"
#include "party.h"
#include "platform.h"
#include "record.h"
#include "segment.h"

enum {
	TRIES = 16,
	CHUNK_WORDS = 2048,
};

static_assert((int)MIPC_PARTIES_MAX == (int)MIPC_PARTY_COUNT, "one number");
static_assert((int)MIPC_OBJECT_SHM == (int)MIPC_KIND_SHM &&
		      (int)MIPC_OBJECT_RING == (int)MIPC_KIND_RING &&
		      (int)MIPC_OBJECT_QUEUE == (int)MIPC_KIND_QUEUE,
	"one numbering");

/* Where the positions of a ring or a queue stand in the file. */
struct places {
	size_t head, tail;
};

struct look {
	struct mipc_segment copy; /* of all before the data, as last read */
	struct segment segment;	  /* what others of the library need of it */
	enum mipc_kind kind;
	uint64_t data_offset;
	struct places places;
	uint64_t head; /* where this walk started */
	/* The words from position @at on. */
	uint64_t at;
	uint64_t count;
	uint64_t words[CHUNK_WORDS];
};

/* What the records between head and tail are. */
struct census {
	uint64_t messages;
	uint64_t by_state[RECORD_DEAD + 1];
	uint64_t orphans;
	uint64_t reservations[MIPC_PARTY_COUNT];
	uint64_t leases[MIPC_PARTY_COUNT];
};

/* All of it: a file that ends before it should is damaged. */
static int read_all(
	const struct look *look, void *buffer, size_t len, uint64_t offset)
{
	int64_t got = platform_read_at(look->segment.fd, buffer, len, offset);

	if (got < 0)
		return (int)got;
	return (size_t)got == len ? 0 : -EBADMSG;
}

static int read_word(
	const struct look *look, size_t offset, uint64_t *ret_value)
{
	return read_all(look, ret_value, sizeof(*ret_value), offset);
}

/* Returns 0; -EAGAIN (the head has moved: what was read may be newer records'
 * bytes); -EBADMSG; -errno. */
static int head_stands(const struct look *look)
{
	uint64_t head;
	int err = read_word(look, look->places.head, &head);

	if (err)
		return err;
	return head == look->head ? 0 : -EAGAIN;
}

/* The word at @position; at most up to @end is read ahead. */
static int word_at(
	struct look *look, uint64_t position, uint64_t end, uint64_t *ret_word)
{
	if (position - look->at >= look->count * sizeof(uint64_t)) {
		uint64_t capacity = look->segment.capacity_bytes;
		uint64_t index = position & (capacity - 1);
		uint64_t len = sizeof(look->words);
		int err;

		if (len > capacity - index)
			len = capacity - index;
		if (len > end - position)
			len = end - position;
		look->count = 0;
		err = read_all(look, look->words, (size_t)len,
			look->data_offset + index);
		if (!err)
			err = head_stands(look);
		if (err)
			return err;
		look->at = position;
		look->count = len / sizeof(uint64_t);
	}
	*ret_word = look->words[(position - look->at) / sizeof(uint64_t)];
	return 0;
}

/* Whose is it? */
static void count_owned(
	const struct look *look, uint64_t word, struct census *census)
{
	uint32_t slot = record_slot(word);
	const struct mipc_party *party = &look->copy.parties[slot];

	/* relaxed, both: in a copy of our own */
	if (!atomic_load_explicit(&party->attached, memory_order_relaxed) ||
		(atomic_load_explicit(
			 &party->generation, memory_order_relaxed) &
			0xff) != record_generation(word))
		census->orphans++;
	else if (record_state(word) == RECORD_WRITING)
		census->reservations[slot]++;
	else
		census->leases[slot]++;
}

/* Walk over the records from the head to @tail; with @open_end to the first word
 * of 0, as in a ring, at most that far. @ret_end: where that was.
 * Returns 0; -EAGAIN; -EBADMSG; -errno. */
static int walk(struct look *look, uint64_t tail, bool open_end,
	struct census *ret_census, uint64_t *ret_end)
{
	struct census census = {0};
	uint64_t at = look->head;

	look->count = 0;
	for (; at != tail; census.messages++) {
		uint64_t word;
		int err = word_at(look, at, tail, &word);

		if (err)
			return err;
		if (open_end && word == 0)
			break;
		if (!record_fits(word, tail - at) ||
			(open_end && record_state(word) != RECORD_READY))
			return -EBADMSG;
		census.by_state[record_state(word)]++;
		if (record_state(word) == RECORD_WRITING ||
			record_state(word) == RECORD_LEASED)
			count_owned(look, word, &census);
		at += record_bytes(record_len(word));
	}
	*ret_census = census;
	*ret_end = at;
	return 0;
}

/* One try to see all of it as of one moment. @ret_tail: also on -EAGAIN. */
static int look_once(
	struct look *look, struct census *ret_census, uint64_t *ret_tail)
{
	uint64_t capacity = look->segment.capacity_bytes;
	bool ring = look->kind == MIPC_KIND_RING;
	int err = read_all(look, &look->copy, sizeof(look->copy), 0);
	int moved;

	/* The head first, so that the tail is not the older of the two. */
	if (!err)
		err = read_word(look, look->places.head, &look->head);
	if (!err)
		err = read_word(look, look->places.tail, ret_tail);
	if (err)
		return err;
	if ((look->head | *ret_tail) % MIPC_RECORD_ALIGN)
		err = -EBADMSG;
	/* A ring's tail may be behind (docs/design.md): its records say where
	 * they end, and leave room for the word of 0. */
	else if (ring)
		err = walk(look, look->head + capacity, true, ret_census,
			ret_tail);
	else if (*ret_tail - look->head > capacity)
		err = -EBADMSG;
	else
		err = walk(look, *ret_tail, false, ret_census, ret_tail);
	/* As long as the head stands, it means what it says. */
	if (err && err != -EBADMSG)
		return err;
	moved = head_stands(look);
	return moved ? moved : err;
}

static uint64_t age_of(const _Atomic uint64_t *since_ns)
{
	/* relaxed: in a copy of our own */
	uint64_t since = atomic_load_explicit(since_ns, memory_order_relaxed);
	uint64_t now = platform_now_ns();

	/* Later than now: another boot's, or forged. */
	if (since == 0 || since > now)
		return 0;
	return now > since ? now - since : 1;
}

static void tell_party(const struct look *look, uint32_t slot,
	const struct census *census, struct mipc_info *info)
{
	const struct mipc_party *party = &look->copy.parties[slot];
	struct mipc_party_info *told = &info->parties[info->party_count];

	/* relaxed, all of these: in a copy of our own */
	if (!atomic_load_explicit(&party->attached, memory_order_relaxed))
		return;
	*told = (struct mipc_party_info){
		.slot = slot,
		.pid = (pid_t)atomic_load_explicit(
			&party->pid, memory_order_relaxed),
		.alive = party_alive(&look->segment, slot),
		.reservations = census->reservations[slot],
		.leases = census->leases[slot],
	};
	if (told->reservations)
		told->reserving_ns = age_of(&party->reserving_since);
	if (told->leases)
		told->leasing_ns = age_of(&party->leasing_since);
	if (!told->alive)
		info->orphans += told->reservations + told->leases;
	info->alive += told->alive;
	info->party_count++;
}

/* Mark who has a role. Returns whether there was somebody who has gone. */
static bool tell_role(
	const _Atomic uint32_t *role, bool produces, struct mipc_info *info)
{
	/* relaxed: in a copy of our own */
	uint32_t state = atomic_load_explicit(role, memory_order_relaxed);

	for (unsigned i = 0; i < info->party_count; i++) {
		struct mipc_party_info *party = &info->parties[i];

		if (state != party->slot + 1)
			continue;
		if (produces)
			party->produces = true;
		else
			party->consumes = true;
		return !party->alive;
	}
	return state != ROLE_NEVER;
}

static void tell_lock(const struct look *look, size_t offset,
	const struct mipc_queue_side *side, struct mipc_lock_info *told)
{
	const struct mipc_lock *lock = &side->lock;
	struct mipc_lock again;
	uint32_t slot = MIPC_PARTY_COUNT;

	/* relaxed: in a copy of our own */
	told->recoveries =
		atomic_load_explicit(&side->recoveries, memory_order_relaxed);
	told->orphaned = lock_orphaned(lock);
	told->held = lock_holder(lock, &slot);
	if (!told->held)
		return;
	told->awaited = lock_awaited(lock);
	told->holder = (pid_t)lock_holder_pid(lock, &look->segment);
	told->holder_known = slot < MIPC_PARTY_COUNT;
	if (told->holder_known) {
		told->slot = slot;
		told->holder_alive = party_alive(&look->segment, slot);
	}
	/* The words of a lock belong together only if they stand still. */
	if (!read_all(look, &again, sizeof(again), offset) &&
		memcmp(&again, lock, sizeof(again)) == 0)
		told->held_ns = lock_held_ns(lock);
}

static void tell_queue(const struct look *look, struct mipc_info *info)
{
	const struct mipc_queue_control *control = &look->copy.queue;

	tell_lock(look, offsetof(struct mipc_segment, queue.producers.lock),
		&control->producers, &info->producers);
	tell_lock(look, offsetof(struct mipc_segment, queue.consumers.lock),
		&control->consumers, &info->consumers);
	/* relaxed, all of these: in a copy of our own */
	info->messages_in = atomic_load_explicit(
		&control->producers.count, memory_order_relaxed);
	info->messages_out = atomic_load_explicit(
		&control->consumers.count, memory_order_relaxed);
	info->dead_letter_after = atomic_load_explicit(
		&control->dead_letter_after, memory_order_relaxed);
}

static void tell_census(
	const struct census *census, bool counted, struct mipc_info *info)
{
	info->counted = counted;
	info->messages = census->messages;
	info->ready = census->by_state[RECORD_READY];
	info->reserved_count = census->by_state[RECORD_WRITING];
	info->leased = census->by_state[RECORD_LEASED];
	info->done = census->by_state[RECORD_DONE];
	info->dead_letters = census->by_state[RECORD_DEAD];
	info->orphans = census->orphans;
}

/* A ring or a queue: what is in it. Returns 0; -EBADMSG; -errno. */
static int tell_messages(
	struct look *look, struct census *census, struct mipc_info *info)
{
	uint64_t tail = 0;
	int err = -EAGAIN;

	for (int i = 0; err == -EAGAIN && i < TRIES; i++)
		err = look_once(look, census, &tail);
	if (err && err != -EAGAIN)
		return err;
	if (err)
		*census = (struct census){0};
	tell_census(census, !err, info);
	info->bytes_out = look->head;
	info->bytes_in = tail;
	info->used_bytes = tail - look->head;
	/* In motion the tail may be a lap further, a ring's also behind. */
	if (info->used_bytes > info->capacity_bytes)
		info->used_bytes = (int64_t)info->used_bytes < 0
					   ? 0
					   : info->capacity_bytes;
	return 0;
}

static int look_at_file(
	struct look *look, uint64_t file_bytes, struct mipc_info *info)
{
	struct mipc_header header;
	struct census census = {0};
	int err = segment_read_header(look->segment.fd, file_bytes, &header);

	if (err)
		return err;
	err = read_all(look, &look->copy, sizeof(look->copy), 0);
	if (err)
		return err;
	look->kind = (enum mipc_kind)header.kind;
	look->segment.shared = &look->copy;
	look->segment.party = MIPC_PARTY_COUNT;
	look->segment.capacity_bytes = header.capacity_bytes;
	look->data_offset = header.data_offset;
	info->object = (enum mipc_object)header.kind;
	info->layout_version = header.version;
	info->capacity_bytes = header.capacity_bytes;
	if (header.kind == MIPC_KIND_RING)
		look->places = (struct places){
			offsetof(struct mipc_segment, ring.head),
			offsetof(struct mipc_segment, ring.tail)};
	else
		look->places = (struct places){
			offsetof(struct mipc_segment, queue.consumers.position),
			offsetof(
				struct mipc_segment, queue.producers.position)};
	if (header.kind != MIPC_KIND_SHM)
		err = tell_messages(look, &census, info);
	if (err)
		return err;
	for (uint32_t slot = 0; slot < MIPC_PARTY_COUNT; slot++)
		tell_party(look, slot, &census, info);
	if (header.kind == MIPC_KIND_QUEUE)
		tell_queue(look, info);
	if (header.kind == MIPC_KIND_RING) {
		info->producer_left =
			tell_role(&look->copy.ring.producer, true, info);
		info->consumer_left =
			tell_role(&look->copy.ring.consumer, false, info);
	}
	return 0;
}

static int inspect(int fd, uint64_t file_bytes, struct mipc_info *ret_info)
{
	struct look look;
	struct mipc_info info;
	int err;

	memset(&look, 0, sizeof(look));
	memset(&info, 0, sizeof(info));
	look.segment.fd = fd;
	err = look_at_file(&look, file_bytes, &info);
	if (!err)
		*ret_info = info;
	return err;
}

int mipc_inspect(const char *name, struct mipc_info *ret_info)
{
	char path[PLATFORM_PATH_BYTES];
	uint64_t file_bytes;
	int fd;
	int err = name && ret_info ? platform_path(name, path, sizeof(path))
				   : -EINVAL;

	if (!err)
		err = platform_open_to_read(path, &fd, &file_bytes);
	if (err)
		return err;
	err = inspect(fd, file_bytes, ret_info);
	platform_close(fd);
	return err;
}

int mipc_inspect_fd(int fd, struct mipc_info *ret_info)
{
	uint64_t file_bytes;
	int err = ret_info ? platform_file_size(fd, &file_bytes) : -EINVAL;

	return err ? err : inspect(fd, file_bytes, ret_info);
}
