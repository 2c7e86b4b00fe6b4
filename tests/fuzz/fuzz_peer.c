/* fuzz_peer.c - a peer that writes anything into a segment in use, by fuzzing.
 *
 * Each run begins with the same ring, queue or raw memory, valid and with some
 * messages in it, and with our handles as they were: two of them, for a ring one
 * at each end. A third has left without a word, as if killed. Then the input says
 * which calls are made and which words a peer changes: between the calls, and within
 * them. For the latter the library is compiled so that it calls us before each of
 * its loads
 * (-fsanitize-coverage=trace-loads), and the change happens just before the n-th
 * load from the segment: the same input always makes the same run.
 *
 * Now and then all handles are taken for copies in a forked child, which attach
 * anew. Nothing in a run needs the system, unless the library asks whether a peer
 * is alive, sleeps, or attaches: so there can be a hundred thousand of them in a
 * second.
 */
#include "fuzz_input.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

#include "platform.h"
#include "queue_handle.h"
#include "ring_handle.h"

enum {
	BATCH = 4,
	LEASES = 4,
	STEPS_MAX = 48,
	ARMED_MAX = 4,
	BUFFER_BYTES = 600,
	ENDS = 2,
	SHM_BYTES = 4003, /* neither whole words nor a whole page */
};

/* What is used, and how it was. All kinds of handle begin with the segment. */
struct subject {
	struct {
		struct segment *segment;
		void *before;
		size_t bytes;
	} ends[ENDS];
	_Atomic uint64_t *oldest; /* position of the next record to be read */
	bool forked;		  /* in this run */
	void *shared_before;
	size_t shared_bytes;
};

static struct subject ring_subject, queue_subject, shm_subject;

/* What a peer does in the middle of a call. */
static struct {
	struct subject *subject;
	unsigned count;
	struct {
		unsigned loads; /* from now */
		struct scribble scribble;
	} changes[ARMED_MAX];
} armed;

/* Each exactly as long as it says, so that one byte more is noticed. */
static uint8_t *out, *in[BATCH];

static void apply(struct subject *subject, const struct scribble *scribble)
{
	const struct segment *segment = subject->ends[0].segment;
	_Atomic uint64_t *word =
		(_Atomic uint64_t *)(void *)((uint8_t *)segment->shared +
					     scribble->offset);
	/* relaxed, both: there is one thread */
	uint64_t old = atomic_load_explicit(word, memory_order_relaxed);

	atomic_store_explicit(word,
		scribbled(scribble, old, segment->capacity_bytes,
			segment->party, segment->generation),
		memory_order_relaxed);
}

/* Is @address in a segment, as either end has it mapped? */
static bool is_shared(const struct subject *subject, const void *address)
{
	const uint8_t *at = address;

	for (unsigned i = 0; i < ENDS; i++) {
		const struct segment *segment = subject->ends[i].segment;

		if ((size_t)(at - (uint8_t *)segment->shared) <
			segment->map_bytes)
			return true;
	}
	return false;
}

static void before_load(const void *address)
{
	if (__builtin_expect(armed.count == 0, 1) ||
		!is_shared(armed.subject, address))
		return;
	for (unsigned i = 0; i < armed.count;) {
		if (armed.changes[i].loads-- > 0) {
			i++;
			continue;
		}
		apply(armed.subject, &armed.changes[i].scribble);
		armed.changes[i] = armed.changes[--armed.count];
	}
}

static void remember(struct subject *subject, void *end, void *other_end)
{
	void *const handles[ENDS] = {end, other_end};
	const struct segment *segment = end;

	for (unsigned i = 0; i < ENDS; i++) {
		size_t bytes = malloc_usable_size(handles[i]);

		subject->ends[i].segment = handles[i];
		subject->ends[i].bytes = bytes;
		subject->ends[i].before = malloc(bytes);
		must(subject->ends[i].before != NULL);
		memcpy(subject->ends[i].before, handles[i], bytes);
	}
	subject->shared_bytes =
		(size_t)(segment->data - (uint8_t *)segment->shared) +
		segment->capacity_bytes;
	subject->shared_before = malloc(subject->shared_bytes);
	must(subject->shared_before != NULL);
	memcpy(subject->shared_before, segment->shared, subject->shared_bytes);
}

/* As in a forked child whose parent has died since. */
static void seem_forked(struct subject *subject)
{
	segment_epoch++;
	subject->forked = true;
}

/* Every end holds the byte lock of its slot again (docs/format.md), and no
 * other. */
static void unfork(struct subject *subject)
{
	const uint64_t first_slot = (UINT64_C(1) << 61) + 1;
	struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

	for (unsigned i = 0; i < ENDS; i++)
		must(!fcntl(subject->ends[i].segment->fd, F_OFD_SETLK, &all));
	for (unsigned i = 0; i < ENDS; i++) {
		const struct segment *segment = subject->ends[i].before;

		must(!platform_byte_lock(
			segment->fd, first_slot + segment->party, false));
	}
	segment_epoch--;
	subject->forked = false;
}

static void restore(struct subject *subject, uint64_t vain_polls)
{
	for (unsigned i = 0; i < ENDS; i++) {
		memcpy(subject->ends[i].segment, subject->ends[i].before,
			subject->ends[i].bytes);
		/* Some things are done for every 256th or 1024th poll only. */
		subject->ends[i].segment->vain_polls =
			(unsigned)(1020 + vain_polls);
	}
	if (subject == &ring_subject) {
		mipc_ring *producer = (void *)subject->ends[0].segment;
		mipc_ring *consumer = (void *)subject->ends[1].segment;

		producer->producer.counters.polls = 1020 + vain_polls;
		consumer->consumer.counters.polls = 1020 + vain_polls;
	}
	for (unsigned i = 0; subject == &queue_subject && i < ENDS; i++) {
		mipc_queue *queue = (void *)subject->ends[i].segment;

		for (unsigned side = PRODUCERS; side <= CONSUMERS; side++)
			queue->sides[side].counters.polls = 1020 + vain_polls;
	}
	memcpy(subject->ends[0].segment->shared, subject->shared_before,
		subject->shared_bytes);
	armed.subject = subject;
	armed.count = 0;
}

static const struct mipc_options options = {
	.spin_us = MIPC_SPIN_NEVER, .dead_letter_after = 2};
static const struct mipc_options other_options = {.spin_us = 1};

/* A lap on, and some messages in it. */
static void make_ring(const char *name)
{
	mipc_ring *producer, *consumer;
	size_t len;

	must(!mipc_ring_create(
		name, 1, MIPC_RING_PRODUCER, &options, &producer));
	must(!mipc_ring_open(
		name, MIPC_RING_CONSUMER, &other_options, &consumer));
	must(!mipc_ring_unlink(name));
	for (unsigned i = 0; i < 24; i++) {
		must(!mipc_ring_write(producer, out, 20 * i, 0));
		if (i < 20)
			must(!mipc_ring_read(
				consumer, in[0], BUFFER_BYTES, 0, &len));
	}
	remember(&ring_subject, producer, consumer);
	ring_subject.oldest = &ring_subject.ends[0].segment->shared->ring.head;
}

/* The same, and what the dead leave: the party of slot 2, with the message at
 * the head and a reservation. */
static void make_queue(const char *name)
{
	mipc_queue *ends[ENDS], *dead;
	struct mipc_segment *shared;
	struct mipc_lease lease;
	size_t len;

	must(!mipc_queue_create(name, 1, &options, &ends[0]));
	must(!mipc_queue_open(name, &other_options, &ends[1]));
	must(!mipc_queue_open(name, &options, &dead));
	must(!mipc_queue_unlink(name));
	for (unsigned i = 0; i < 24; i++) {
		must(!mipc_queue_put(ends[0], out, 20 * i, 0));
		if (i < 20)
			must(!mipc_queue_get(
				ends[1], in[0], BUFFER_BYTES, 0, &len));
	}
	must(!mipc_queue_acquire(dead, 0, &lease));
	must(!mipc_queue_reserve(dead, 40, 0, &lease));
	mipc_queue_close(dead);
	remember(&queue_subject, ends[0], ends[1]);
	shared = queue_subject.ends[0].segment->shared;
	queue_subject.oldest = &shared->queue.consumers.position;
	/* Closing said that it had gone; being killed would not have. */
	((struct mipc_segment *)queue_subject.shared_before)
		->parties[2]
		.attached = 1;
}

static void make_shm(const char *name)
{
	static _Atomic uint64_t start;
	mipc_shm *ends[ENDS];

	must(!mipc_shm_create(name, SHM_BYTES, &options, &ends[0]));
	must(!mipc_shm_open(name, &options, &ends[1]));
	must(!mipc_shm_unlink(name));
	remember(&shm_subject, ends[0], ends[1]);
	shm_subject.oldest = &start;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char name[64];

	(void)argc;
	(void)argv;
	fuzz_before_load = before_load;
	out = calloc(1, BUFFER_BYTES);
	for (unsigned i = 0; i < BATCH; i++)
		in[i] = malloc(BUFFER_BYTES);
	/* Else each sleep is 50 us longer than was asked for. */
	must(!prctl(PR_SET_TIMERSLACK, 1));
	snprintf(name, sizeof(name), "mmapipc-fuzz-%ld", (long)getpid());
	make_ring(name);
	make_queue(name);
	make_shm(name);
	return 0;
}

static void must_answer(int rc)
{
	must(rc >= 0 || rc == -EAGAIN || rc == -ETIMEDOUT || rc == -EPIPE ||
		rc == -EMSGSIZE || rc == -EBADMSG || rc == -EINVAL ||
		rc == -EBUSY);
}

/* What a call lends us lies in the segment, and can be used. */
static void use(const void *handle, void *data, size_t len)
{
	const struct segment *segment = handle;
	size_t offset = (size_t)((uint8_t *)data - segment->data);

	must(len <= segment->capacity_bytes);
	must(offset + len <= 2 * segment->capacity_bytes && offset % 8 == 0);
	memset(data, 1, len);
}

struct lens {
	size_t one;
	unsigned count;
	uint64_t timeout_ns;
	struct iovec put[BATCH], get[BATCH];
};

static struct lens input_lens(struct input *input)
{
	uint64_t raw = input_bytes(input, 2);
	/* Up to BUFFER_BYTES of what is ours; reservations may be longer. To
	 * sleep takes long: only seldom, and with one value. */
	struct lens lens = {
		.one = raw % 5000,
		.count = raw % (BATCH + 1),
		.timeout_ns = raw / 500 == 117 ? 3000 : 0,
	};

	for (unsigned i = 0; i < BATCH; i++) {
		size_t len = lens.one / (i + 1) % (BUFFER_BYTES + 1);

		/* At the end: so that one byte more is too many. */
		lens.put[i] = (struct iovec){out + BUFFER_BYTES - len, len};
		lens.get[i] = (struct iovec){in[i] + BUFFER_BYTES - len, len};
	}
	return lens;
}

static void call_ring(
	mipc_ring *ring, unsigned call, struct lens *lens, uint64_t timeout_ns)
{
	const void *peeked;
	void *place;
	size_t len;
	int rc = 0;

	switch (call) {
	case 0:
		rc = mipc_ring_write(ring, lens->put[0].iov_base,
			lens->put[0].iov_len, timeout_ns);
		break;
	case 1:
		rc = mipc_ring_read(ring, lens->get[0].iov_base,
			lens->get[0].iov_len, timeout_ns, &len);
		break;
	case 2:
		rc = mipc_ring_write_batch(
			ring, lens->put, lens->count, timeout_ns);
		break;
	case 3:
		rc = mipc_ring_read_batch(
			ring, lens->get, lens->count, timeout_ns);
		break;
	case 4:
		rc = mipc_ring_reserve(ring, lens->one, timeout_ns, &place);
		if (!rc)
			use(ring, place, lens->one);
		break;
	case 5:
		rc = mipc_ring_commit(ring, lens->one);
		break;
	case 6:
		rc = mipc_ring_peek(ring, timeout_ns, &peeked, &len);
		if (!rc)
			use(ring, (void *)(uintptr_t)peeked, len);
		break;
	case 7:
		rc = mipc_ring_release(ring);
		break;
	case 8:
		rc = mipc_ring_clear(ring);
		break;
	case 9:
		rc = mipc_ring_check(ring);
		break;
	default:
		must(mipc_ring_available_read(ring) <=
			mipc_ring_capacity(ring));
		must(mipc_ring_available_write(ring) <=
			mipc_ring_max_len(ring));
	}
	must_answer(rc);
}

static void use_leases(
	const mipc_queue *queue, struct mipc_lease *leases, int count)
{
	for (int i = 0; i < count; i++)
		use(queue, leases[i].data, leases[i].len);
}

/* The calls with leases, which are kept from step to step. */
static int call_queue_lease(mipc_queue *queue, unsigned call,
	struct mipc_lease *leases, size_t len, uint64_t timeout_ns)
{
	struct mipc_lease *lease = &leases[len % LEASES];
	int rc;

	switch (call) {
	case 0:
		rc = mipc_queue_reserve(queue, len, timeout_ns, lease);
		use_leases(queue, lease, rc == 0);
		return rc;
	case 1:
		return mipc_queue_commit(queue, lease);
	case 2:
		return mipc_queue_abort(queue, lease);
	case 3:
		rc = mipc_queue_acquire(queue, timeout_ns, lease);
		use_leases(queue, lease, rc == 0);
		return rc;
	case 4:
		rc = mipc_queue_acquire_batch(
			queue, leases, LEASES, timeout_ns);
		use_leases(queue, leases, rc);
		return rc;
	case 5:
		return mipc_queue_release(queue, lease);
	case 6:
		return mipc_queue_release_batch(queue, leases, LEASES);
	default:
		return mipc_queue_return(queue, lease);
	}
}

static void call_queue(mipc_queue *queue, unsigned call, struct lens *lens,
	uint64_t timeout_ns)
{
	struct mipc_queue_info info;
	size_t len;
	int rc = 0;

	switch (call) {
	case 0:
		rc = mipc_queue_put(queue, lens->put[0].iov_base,
			lens->put[0].iov_len, timeout_ns);
		break;
	case 1:
		rc = mipc_queue_get(queue, lens->get[0].iov_base,
			lens->get[0].iov_len, timeout_ns, &len);
		break;
	case 2:
		rc = mipc_queue_put_batch(
			queue, lens->put, lens->count, timeout_ns);
		break;
	case 3:
		rc = mipc_queue_get_batch(
			queue, lens->get, lens->count, timeout_ns);
		break;
	case 4:
		rc = mipc_queue_get_dead(queue, lens->get[0].iov_base,
			lens->get[0].iov_len, timeout_ns, &len);
		break;
	case 5:
		rc = mipc_queue_clear(queue, timeout_ns);
		break;
	case 6:
		rc = mipc_queue_check(queue);
		break;
	default:
		rc = mipc_queue_inspect(queue, &info);
		(void)mipc_queue_size(queue);
		(void)mipc_queue_empty(queue);
		(void)mipc_queue_lock_holder(queue, MIPC_QUEUE_PRODUCERS);
	}
	must_answer(rc);
}

/* Often just inside or just outside of it. */
static uint64_t input_offset(struct input *input)
{
	unsigned form = (unsigned)input_bytes(input, 1);

	switch (form % 4) {
	case 0:
		return input_bytes(input, 8);
	case 1:
		return SHM_BYTES - form / 4;
	case 2:
		return UINT64_MAX - form / 4;
	default:
		return input_bytes(input, 1) * 8;
	}
}

/* What a call must say to @len bytes at @offset: in another way than the library
 * finds it, with more bits than any sum has. */
static int range_answer(uint64_t offset, uint64_t len)
{
	return (unsigned __int128)offset + len > SHM_BYTES ? -ERANGE : 0;
}

static int word_answer(uint64_t offset)
{
	int rc = range_answer(offset, 8);

	return rc ? rc : offset % 8 ? -EINVAL : 0;
}

static void call_shm_word(mipc_shm *shm, unsigned call, uint64_t offset)
{
	uint64_t value = 0, expected = 0;
	int64_t signed_value;
	int rc;

	switch (call) {
	case 0:
		rc = mipc_shm_add_u64(shm, offset, offset, &value);
		break;
	case 1:
		rc = mipc_shm_exchange_u64(
			shm, offset, offset, offset & 1 << 6 ? &value : NULL);
		break;
	case 2:
		rc = mipc_shm_compare_exchange_u64(
			shm, offset, &expected, offset);
		/* Another value: then that one, unless a peer comes between. */
		if (rc == -EAGAIN)
			rc = mipc_shm_compare_exchange_u64(
				shm, offset, &expected, offset);
		if (rc == -EAGAIN)
			rc = 0;
		break;
	case 3:
		rc = mipc_shm_write_u64(shm, offset, offset);
		break;
	case 4:
		rc = mipc_shm_write_i64(shm, offset, -1);
		break;
	case 5:
		rc = mipc_shm_read_u64(shm, offset, &value);
		break;
	default:
		rc = mipc_shm_read_i64(shm, offset, &signed_value);
	}
	must(rc == word_answer(offset));
}

static void call_shm(mipc_shm *shm, unsigned call, struct input *input)
{
	uint64_t offset = input_offset(input);
	uint64_t len = call < 3 ? input_bytes(input, 2) : 0;
	void *view;
	int rc;

	if (len > BUFFER_BYTES && call < 2)
		len = BUFFER_BYTES;
	switch (call) {
	case 0:
		rc = mipc_shm_read(
			shm, offset, in[0] + BUFFER_BYTES - len, len);
		must(rc == range_answer(offset, len));
		break;
	case 1:
		rc = mipc_shm_write(shm, offset, out + BUFFER_BYTES - len, len);
		must(rc == range_answer(offset, len));
		break;
	case 2:
		rc = mipc_shm_view(shm, offset, len, &view);
		must(rc == range_answer(offset, len));
		if (!rc)
			memset(view, 1, len);
		break;
	case 3:
		must(!mipc_shm_clear(shm));
		must(mipc_shm_size(shm) == SHM_BYTES);
		break;
	default:
		call_shm_word(shm, call - 4, offset);
	}
}

static void scribble_now_or_later(
	struct subject *subject, struct input *input, unsigned step)
{
	const struct segment *segment = subject->ends[0].segment;
	struct scribble scribble = input_scribble(input,
		(size_t)(segment->data - (uint8_t *)segment->shared),
		segment->capacity_bytes, atomic_load(subject->oldest));

	if (step % 8 == 0) {
		apply(subject, &scribble);
	} else if (armed.count < ARMED_MAX) {
		armed.changes[armed.count].loads = step / 8;
		armed.changes[armed.count++].scribble = scribble;
	}
}

static void call(struct subject *subject, struct input *input, unsigned step,
	struct mipc_lease *leases)
{
	unsigned which = step / 8 % 16;
	void *end = subject->ends[step >> 7].segment;
	struct lens lens;

	if (subject == &shm_subject) {
		call_shm(end, which % 11, input);
		return;
	}
	lens = input_lens(input);
	if (subject == &ring_subject)
		call_ring(end, which % 11, &lens, lens.timeout_ns);
	else if (step & 4)
		call_queue(end, which % 8, &lens, lens.timeout_ns);
	else
		must_answer(call_queue_lease(
			end, which % 8, leases, lens.one, lens.timeout_ns));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input input = {bytes, bytes + len};
	uint64_t choice = input_bytes(&input, 1);
	struct subject *const subjects[] = {&ring_subject, &queue_subject,
		&queue_subject, &shm_subject, &ring_subject, &queue_subject,
		&queue_subject, &ring_subject};
	struct subject *subject = subjects[choice % 8];
	struct mipc_lease leases[LEASES] = {0};
	bool may_fork = choice >> 5 == 5;

	restore(subject, choice >> 3 & 3);
	for (unsigned i = 0; i < STEPS_MAX && input_left(&input); i++) {
		unsigned step = (unsigned)input_bytes(&input, 1);

		if (step == 183 && may_fork && !subject->forked)
			seem_forked(subject);
		else if (step % 8 < 3)
			scribble_now_or_later(subject, &input, step);
		else
			call(subject, &input, step, leases);
	}
	armed.count = 0;
	if (subject->forked)
		unfork(subject);
	return 0;
}
