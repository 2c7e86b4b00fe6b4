/* fuzz_peer.c - a peer that writes anything into a segment in use, by fuzzing.
 *
 * Each run begins with the same ring or queue, valid and with some messages in
 * it, and with our handle as it was; then the input says which calls are made and
 * which words a peer changes: between the calls, and within them. For the latter
 * the library is compiled so that it calls us before each of its loads
 * (-fsanitize-coverage=trace-loads), and the change happens just before the n-th
 * load from the segment: the same input always makes the same run.
 *
 * Nothing in a run needs the system, unless the library asks whether a peer is
 * alive: so there can be a hundred thousand of them in a second.
 */
#include "fuzz_input.h"

#include <errno.h>
#include <malloc.h>
#include <unistd.h>

#include <mmapipc/queue.h>
#include <mmapipc/ring.h>

#include "segment.h"

enum {
	BATCH = 4,
	LEASES = 4,
	STEPS_MAX = 48,
	ARMED_MAX = 4,
	BUFFER_BYTES = 600,
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
};

/* What is used, and how it was. */
struct subject {
	void *handle;
	struct segment *segment;  /* both kinds of handle begin with it */
	_Atomic uint64_t *oldest; /* position of the next record to be read */
	void *handle_before, *shared_before;
	size_t handle_bytes, shared_bytes;
};

static struct subject ring_subject, queue_subject;

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
	struct segment *segment = subject->segment;
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

static void before_load(const void *address)
{
	const uint8_t *at = address;

	if (__builtin_expect(armed.count == 0, 1))
		return;
	if ((size_t)(at - (uint8_t *)armed.subject->segment->shared) >=
		armed.subject->segment->map_bytes)
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

static void remember(struct subject *subject, void *handle)
{
	subject->handle = handle;
	subject->segment = handle;
	subject->handle_bytes = malloc_usable_size(handle);
	subject->shared_bytes = (size_t)(subject->segment->data -
					 (uint8_t *)subject->segment->shared) +
				subject->segment->capacity_bytes;
	subject->handle_before = malloc(subject->handle_bytes);
	subject->shared_before = malloc(subject->shared_bytes);
	must(subject->handle_before && subject->shared_before);
	memcpy(subject->handle_before, handle, subject->handle_bytes);
	memcpy(subject->shared_before, subject->segment->shared,
		subject->shared_bytes);
}

static void restore(struct subject *subject, uint64_t vain_polls)
{
	memcpy(subject->handle, subject->handle_before, subject->handle_bytes);
	memcpy(subject->segment->shared, subject->shared_before,
		subject->shared_bytes);
	/* Some things are done for every 256th or 1024th poll only. */
	subject->segment->vain_polls = (unsigned)(1020 + vain_polls);
	armed.subject = subject;
	armed.count = 0;
}

/* A lap on, and some messages in it. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct mipc_options options = {
		.spin_us = MIPC_SPIN_NEVER, .dead_letter_after = 2};
	char name[64];
	mipc_queue *queue;
	mipc_ring *ring;
	size_t len;

	(void)argc;
	(void)argv;
	fuzz_before_load = before_load;
	out = calloc(1, BUFFER_BYTES);
	for (unsigned i = 0; i < BATCH; i++)
		in[i] = malloc(BUFFER_BYTES);
	snprintf(name, sizeof(name), "mmapipc-fuzz-%ld", (long)getpid());
	must(!mipc_ring_create(name, 1, BOTH, &options, &ring));
	must(!mipc_ring_unlink(name));
	must(!mipc_queue_create(name, 1, &options, &queue));
	must(!mipc_queue_unlink(name));
	for (unsigned i = 0; i < 24; i++) {
		must(!mipc_ring_write(ring, out, 20 * i, 0));
		must(!mipc_queue_put(queue, out, 20 * i, 0));
		if (i >= 20)
			continue;
		must(!mipc_ring_read(ring, in[0], BUFFER_BYTES, 0, &len));
		must(!mipc_queue_get(queue, in[0], BUFFER_BYTES, 0, &len));
	}
	remember(&ring_subject, ring);
	remember(&queue_subject, queue);
	ring_subject.oldest = &ring_subject.segment->shared->ring.head;
	queue_subject.oldest =
		&queue_subject.segment->shared->queue.consumers.position;
	return 0;
}

static void must_answer(int rc)
{
	must(rc >= 0 || rc == -EAGAIN || rc == -ETIMEDOUT || rc == -EPIPE ||
		rc == -EMSGSIZE || rc == -EBADMSG || rc == -EINVAL);
}

/* What a call lends us lies in the segment, and can be used. */
static void use(const struct subject *subject, void *data, size_t len)
{
	const struct segment *segment = subject->segment;
	size_t offset = (size_t)((uint8_t *)data - segment->data);

	must(len <= segment->capacity_bytes);
	must(offset + len <= 2 * segment->capacity_bytes && offset % 8 == 0);
	memset(data, 1, len);
}

struct lens {
	size_t one;
	struct iovec put[BATCH], get[BATCH];
};

static struct lens input_lens(struct input *input)
{
	/* Up to BUFFER_BYTES of what is ours; reservations may be longer. */
	struct lens lens = {.one = input_bytes(input, 2)};

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
		rc = mipc_ring_write_batch(ring, lens->put, BATCH, timeout_ns);
		break;
	case 3:
		rc = mipc_ring_read_batch(ring, lens->get, BATCH, timeout_ns);
		break;
	case 4:
		rc = mipc_ring_reserve(ring, lens->one, timeout_ns, &place);
		if (!rc)
			use(&ring_subject, place, lens->one);
		break;
	case 5:
		rc = mipc_ring_commit(ring, lens->one);
		break;
	case 6:
		rc = mipc_ring_peek(ring, timeout_ns, &peeked, &len);
		if (!rc)
			use(&ring_subject, (void *)(uintptr_t)peeked, len);
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

static void use_leases(struct mipc_lease *leases, int count)
{
	for (int i = 0; i < count; i++)
		use(&queue_subject, leases[i].data, leases[i].len);
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
		use_leases(lease, rc == 0);
		return rc;
	case 1:
		return mipc_queue_commit(queue, lease);
	case 2:
		return mipc_queue_abort(queue, lease);
	case 3:
		rc = mipc_queue_acquire(queue, timeout_ns, lease);
		use_leases(lease, rc == 0);
		return rc;
	case 4:
		rc = mipc_queue_acquire_batch(
			queue, leases, LEASES, timeout_ns);
		use_leases(leases, rc);
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
		rc = mipc_queue_put_batch(queue, lens->put, BATCH, timeout_ns);
		break;
	case 3:
		rc = mipc_queue_get_batch(queue, lens->get, BATCH, timeout_ns);
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
		(void)mipc_queue_lock_holder(queue, MIPC_QUEUE_CONSUMERS);
	}
	must_answer(rc);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input input = {bytes, bytes + len};
	uint64_t choice = input_bytes(&input, 1);
	struct subject *subject = choice & 1 ? &ring_subject : &queue_subject;
	const struct segment *segment = subject->segment;
	struct mipc_lease leases[LEASES] = {0};

	restore(subject, choice >> 1 & 3);
	for (unsigned i = 0; i < STEPS_MAX && input_left(&input); i++) {
		unsigned step = (unsigned)input_bytes(&input, 1);
		/* To sleep takes long: only seldom, and with one value. */
		uint64_t timeout_ns = step == 255 ? 2000 : 0;

		if (step % 8 < 3) {
			struct scribble scribble = input_scribble(&input,
				subject->shared_bytes - segment->capacity_bytes,
				segment->capacity_bytes,
				atomic_load(subject->oldest));

			if (step % 8 == 0) {
				apply(subject, &scribble);
			} else if (armed.count < ARMED_MAX) {
				armed.changes[armed.count].loads = step / 8;
				armed.changes[armed.count++].scribble =
					scribble;
			}
		} else {
			struct lens lens = input_lens(&input);

			if (subject == &ring_subject)
				call_ring(subject->handle, step / 8 % 11, &lens,
					timeout_ns);
			else if (step & 4)
				call_queue(subject->handle, step / 8 % 8, &lens,
					timeout_ns);
			else
				must_answer(call_queue_lease(subject->handle,
					step / 8 % 8, leases, lens.one,
					timeout_ns));
		}
	}
	armed.count = 0;
	return 0;
}
