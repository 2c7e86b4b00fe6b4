/* test_ring.c - the ring on its own: order, sizes, wrap, full and empty, batches.
 * One handle in both roles does; processes are in test_ring_peer.c.
 */
#include "lib_stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mmapipc/ring.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER,
	HEADER_BYTES = 8,
	/* The smallest ring, on this page size or any. */
	SMALLEST = 1,
};

struct stage {
	char name[LIB_NAME_BYTES];
	mipc_ring *ring;
	uint64_t max_len;
	uint8_t *out, *in; /* room for the longest message, and one more byte */
};

static void stage_open(struct stage *stage, uint64_t capacity_bytes)
{
	lib_name(stage->name);
	WANT(mipc_ring_create(
		     stage->name, capacity_bytes, BOTH, NULL, &stage->ring),
		0);
	stage->max_len = mipc_ring_max_len(stage->ring);
	stage->out = malloc(stage->max_len + 1);
	stage->in = malloc(stage->max_len + 1);
	WANT_TRUE(stage->out && stage->in);
}

static void stage_close(struct stage *stage)
{
	WANT(mipc_ring_check(stage->ring), 0);
	mipc_ring_close(stage->ring);
	WANT(mipc_ring_unlink(stage->name), 0);
	free(stage->out);
	free(stage->in);
}

static int put(struct stage *stage, size_t len, uint64_t number)
{
	lib_fill(stage->out, len, number);
	return mipc_ring_write(stage->ring, stage->out, len, 0);
}

/* The next message is @number, of @len bytes. */
static void want_next(struct stage *stage, size_t len, uint64_t number)
{
	size_t got = ~(size_t)0;

	WANT(mipc_ring_read(stage->ring, stage->in, stage->max_len, 0, &got),
		0);
	WANT(got, len);
	WANT_TRUE(lib_matches(stage->in, len, number));
}

static void want_empty(struct stage *stage)
{
	size_t got = 4711;

	WANT(mipc_ring_read(stage->ring, stage->in, stage->max_len, 0, &got),
		-EAGAIN);
	WANT(got, 4711);
	WANT(mipc_ring_available_read(stage->ring), 0);
	WANT(mipc_ring_check(stage->ring), 0);
}

static uint64_t record_bytes(uint64_t len)
{
	return HEADER_BYTES + (len + 7) / 8 * 8;
}

START_TEST(test_ring_capacity_is_rounded_up)
{
	struct stage stage;
	uint64_t page;

	stage_open(&stage, SMALLEST);
	page = mipc_ring_capacity(stage.ring);
	stage_close(&stage);
	WANT_TRUE(page >= 4096 && (page & (page - 1)) == 0);
	const struct {
		uint64_t asked, want;
	} capacities[] = {
		{0, 4 << 20},
		{page - 1, page},
		{page, page},
		{page + 1, 2 * page},
		{3 * page, 4 * page},
		{1 << 20, 1 << 20},
	};

	for (size_t i = 0; i < COUNT(capacities); i++) {
		stage_open(&stage, capacities[i].asked);
		WANT(mipc_ring_capacity(stage.ring), capacities[i].want);
		WANT(stage.max_len, capacities[i].want - 2 * HEADER_BYTES);
		want_empty(&stage);
		WANT(mipc_ring_available_write(stage.ring), stage.max_len);
		stage_close(&stage);
	}
}
END_TEST

START_TEST(test_ring_bad_arguments_are_refused)
{
	struct stage stage;
	mipc_ring *ring = NULL;
	char name[LIB_NAME_BYTES];

	lib_name(name);
	WANT(mipc_ring_create(name, MIPC_CAPACITY_MAX + 1, BOTH, NULL, &ring),
		-EINVAL);
	WANT(mipc_ring_create(name, UINT64_MAX, BOTH, NULL, &ring), -EINVAL);
	WANT(mipc_ring_create(name, 0, 4, NULL, &ring), -EINVAL);
	WANT(mipc_ring_create(name, 0, BOTH, NULL, NULL), -EINVAL);
	WANT(mipc_ring_open(name, 8 | MIPC_RING_PRODUCER, NULL, &ring),
		-EINVAL);
	WANT(mipc_ring_open(name, 0, NULL, NULL), -EINVAL);
	WANT(mipc_ring_unlink(name), -ENOENT);
	WANT_TRUE(ring == NULL);
	mipc_ring_close(NULL);

	stage_open(&stage, SMALLEST);
	WANT(mipc_ring_write_batch(stage.ring, NULL, 0, 0), -EINVAL);
	WANT(mipc_ring_read_batch(stage.ring, NULL, 0, 0), -EINVAL);
	want_empty(&stage);
	stage_close(&stage);
}
END_TEST

START_TEST(test_ring_every_size_comes_out_whole)
{
	struct stage stage;

	stage_open(&stage, SMALLEST);
	for (size_t len = 0; len <= stage.max_len; len++) {
		WANT(put(&stage, len, len), 0);
		WANT(mipc_ring_available_read(stage.ring), record_bytes(len));
		want_next(&stage, len, len);
		want_empty(&stage);
	}
	stage_close(&stage);
}
END_TEST

START_TEST(test_ring_order_is_kept_over_many_laps)
{
	struct stage stage;
	uint64_t written = 0, read = 0;
	uint64_t seed = lib_seed("ring order");

	stage_open(&stage, SMALLEST);
	while (read < 20000) {
		size_t len = lib_random(&seed) % 200;

		for (uint64_t i = lib_random(&seed) % 30; i; i--) {
			/* The length is a function of the number. */
			len = written * 7 % 301;
			if (put(&stage, len, written))
				break;
			written++;
		}
		for (uint64_t i = lib_random(&seed) % 30; i && read < written;
			i--, read++)
			want_next(&stage, read * 7 % 301, read);
		if (read == written)
			want_empty(&stage);
	}
	stage_close(&stage);
}
END_TEST

/* Write and read so much that the position moves by @shift bytes. */
static void move_on(struct stage *stage, uint64_t shift)
{
	if (shift == 0)
		return;
	WANT(put(stage, shift - HEADER_BYTES, 0), 0);
	want_next(stage, shift - HEADER_BYTES, 0);
}

START_TEST(test_ring_wrap_at_every_offset_is_contiguous)
{
	struct stage stage;
	uint64_t capacity;

	stage_open(&stage, SMALLEST);
	capacity = mipc_ring_capacity(stage.ring);
	const uint64_t lens[] = {0, 1, 7, 8, 9, 100, capacity / 2,
		stage.max_len - 8, stage.max_len};

	for (size_t i = 0; i < COUNT(lens); i++) {
		/* Between two messages lies one step of 8 more each time. */
		uint64_t shift =
			(capacity + 8 - record_bytes(lens[i])) % capacity;

		for (uint64_t at = 0; at < capacity; at += 8) {
			WANT(put(&stage, lens[i], at), 0);
			want_next(&stage, lens[i], at);
			if (shift > stage.max_len) {
				move_on(&stage, capacity / 2);
				move_on(&stage, shift - capacity / 2);
			} else {
				move_on(&stage, shift);
			}
		}
		want_empty(&stage);
	}
	stage_close(&stage);
}
END_TEST

START_TEST(test_ring_longer_than_max_len_is_emsgsize)
{
	struct stage stage;

	stage_open(&stage, SMALLEST);
	WANT(put(&stage, 3, 1), 0);
	const size_t lens[] = {stage.max_len + 1, stage.max_len + 9, UINT32_MAX,
		UINT64_C(1) << 40, SIZE_MAX / 2, SIZE_MAX - 7, SIZE_MAX};

	for (size_t i = 0; i < COUNT(lens); i++) {
		const struct iovec batch[2] = {
			{stage.out, 1}, {stage.out, lens[i]}};

		WANT(mipc_ring_write(stage.ring, stage.out, lens[i], 0),
			-EMSGSIZE);
		WANT(mipc_ring_write(
			     stage.ring, stage.out, lens[i], MIPC_FOREVER),
			-EMSGSIZE);
		WANT(mipc_ring_write_batch(stage.ring, batch, 2, 0), -EMSGSIZE);
	}
	want_next(&stage, 3, 1);
	want_empty(&stage);
	WANT(put(&stage, stage.max_len, 2), 0);
	want_next(&stage, stage.max_len, 2);
	stage_close(&stage);
}
END_TEST

START_TEST(test_ring_full_is_eagain_and_available_write_says_so)
{
	static const size_t lens[] = {0, 1, 8, 60, 1000};
	struct stage stage;

	for (size_t i = 0; i < COUNT(lens); i++) {
		uint64_t count = 0, room;

		stage_open(&stage, SMALLEST);
		while (put(&stage, lens[i], count) == 0)
			count++;
		WANT(count, (mipc_ring_capacity(stage.ring) - HEADER_BYTES) /
				    record_bytes(lens[i]));
		room = mipc_ring_available_write(stage.ring);
		WANT_TRUE(room < lens[i] || room == 0);
		WANT(put(&stage, lens[i], 0), -EAGAIN);
		WANT(mipc_ring_check(stage.ring), 0);
		/* One out, one in. */
		want_next(&stage, lens[i], 0);
		WANT_TRUE(mipc_ring_available_write(stage.ring) >= lens[i]);
		WANT(put(&stage, lens[i], count), 0);
		for (uint64_t k = 1; k <= count; k++)
			want_next(&stage, lens[i], k);
		want_empty(&stage);
		stage_close(&stage);
	}
}
END_TEST

START_TEST(test_ring_available_write_is_what_can_be_written)
{
	struct stage stage;
	uint64_t room = 1;

	stage_open(&stage, SMALLEST);
	for (unsigned there = 0; room > 0; there++) {
		for (unsigned i = 0; i < there; i++)
			WANT(put(&stage, 40, i), 0);
		room = mipc_ring_available_write(stage.ring);
		WANT(room + HEADER_BYTES + there * record_bytes(40),
			mipc_ring_capacity(stage.ring) - HEADER_BYTES);
		if (room < stage.max_len)
			WANT(put(&stage, room + 1, 0), -EAGAIN);
		WANT(put(&stage, room, 0), 0);
		WANT(mipc_ring_available_write(stage.ring), 0);
		WANT(put(&stage, 0, 0), -EAGAIN);
		WANT(mipc_ring_clear(stage.ring), 0);
		if (room < record_bytes(40))
			break;
	}
	stage_close(&stage);
}
END_TEST

START_TEST(test_ring_waiting_in_vain_times_out_and_not_before)
{
	static const uint32_t spins[] = {
		0, 1, MIPC_SPIN_NEVER, MIPC_SPIN_ALWAYS};

	for (size_t i = 0; i < COUNT(spins); i++) {
		const struct mipc_options options = {.spin_us = spins[i]};
		char name[LIB_NAME_BYTES];
		struct iovec message = {name, 1};
		uint64_t start_ns;
		mipc_ring *ring;
		size_t len;

		lib_name(name);
		WANT(mipc_ring_create(name, 1, BOTH, &options, &ring), 0);
		start_ns = lib_now_ns();
		WANT(mipc_ring_read(ring, name, 1, LIB_BRIEF_NS, &len),
			-ETIMEDOUT);
		WANT_TRUE(lib_now_ns() - start_ns >= LIB_BRIEF_NS);
		WANT(mipc_ring_read_batch(ring, &message, 1, LIB_BRIEF_NS),
			-ETIMEDOUT);
		WANT_TRUE(lib_now_ns() - start_ns >= 2 * LIB_BRIEF_NS);
		while (mipc_ring_write(ring, "x", 1, 0) == 0)
			;
		start_ns = lib_now_ns();
		WANT(mipc_ring_write(ring, "x", 1, LIB_BRIEF_NS), -ETIMEDOUT);
		WANT_TRUE(lib_now_ns() - start_ns >= LIB_BRIEF_NS);
		WANT(mipc_ring_write_batch(ring, &message, 1, LIB_BRIEF_NS),
			-ETIMEDOUT);
		WANT_TRUE(lib_now_ns() - start_ns >= 2 * LIB_BRIEF_NS);
		WANT(mipc_ring_check(ring), 0);
		mipc_ring_close(ring);
		WANT(mipc_ring_unlink(name), 0);
	}
}
END_TEST

START_TEST(test_ring_buffer_too_small_keeps_the_message)
{
	struct stage stage;
	struct iovec batch[2];
	size_t len = 0;

	stage_open(&stage, SMALLEST);
	WANT(put(&stage, 100, 1), 0);
	WANT(put(&stage, 10, 2), 0);
	WANT(put(&stage, 100, 3), 0);
	for (size_t size = 0; size < 100; size += 33) {
		WANT(mipc_ring_read(stage.ring, stage.in, size, 0, &len),
			-EMSGSIZE);
		WANT(len, 100);
		batch[0] = (struct iovec){stage.in, size};
		WANT(mipc_ring_read_batch(stage.ring, batch, 1, 0), -EMSGSIZE);
		WANT(batch[0].iov_len, 100);
	}
	WANT(mipc_ring_read(stage.ring, NULL, 0, MIPC_FOREVER, &len),
		-EMSGSIZE);
	want_next(&stage, 100, 1);
	/* In the middle of a batch: what was taken is taken. */
	batch[0] = (struct iovec){stage.in, 10};
	batch[1] = (struct iovec){stage.in + 10, 99};
	WANT(mipc_ring_read_batch(stage.ring, batch, 2, 0), 1);
	WANT(batch[0].iov_len, 10);
	WANT_TRUE(lib_matches(stage.in, 10, 2));
	want_next(&stage, 100, 3);
	want_empty(&stage);
	stage_close(&stage);
}
END_TEST

START_TEST(test_ring_batch_goes_through_whole_and_in_order)
{
	enum { BATCH = 32 };
	struct iovec out[BATCH], in[BATCH];
	struct stage stage;
	uint64_t number = 0;

	stage_open(&stage, SMALLEST);
	for (unsigned lap = 0; lap < 500; lap++) {
		unsigned count = 1 + lap % BATCH, got = 0;

		for (unsigned i = 0; i < count; i++) {
			size_t len = (number + i) * 5 % 113;

			out[i] = (struct iovec){stage.out + i * 113, len};
			lib_fill(out[i].iov_base, len, number + i);
		}
		WANT(mipc_ring_write_batch(stage.ring, out, count, 0), count);
		while (got < count) {
			int rc;

			for (unsigned i = 0; i < BATCH; i++)
				in[i] = (struct iovec){stage.in + i * 113, 113};
			rc = mipc_ring_read_batch(
				stage.ring, in, 1 + (lap + got) % BATCH, 0);
			WANT_TRUE(rc > 0);
			for (int i = 0; i < rc; i++, number++, got++) {
				WANT(in[i].iov_len, number * 5 % 113);
				WANT_TRUE(lib_matches(
					in[i].iov_base, in[i].iov_len, number));
			}
		}
		WANT(got, count);
		want_empty(&stage);
	}
	stage_close(&stage);
}
END_TEST

START_TEST(test_ring_batch_larger_than_the_room_is_cut)
{
	enum { BATCH = 5000 };
	struct iovec *batch = calloc(BATCH, sizeof(*batch));
	struct stage stage;
	uint64_t fits;

	stage_open(&stage, SMALLEST);
	fits = (mipc_ring_capacity(stage.ring) - HEADER_BYTES) / 16;
	WANT_TRUE(batch != NULL && fits < BATCH);
	for (unsigned i = 0; i < BATCH; i++)
		batch[i] = (struct iovec){stage.out, 4};
	lib_fill(stage.out, 4, 1);
	/* At each of several offsets, into an empty and a half-full ring. */
	for (unsigned lap = 0; lap < 100; lap++) {
		unsigned there = lap * 2;

		for (unsigned i = 0; i < there; i++)
			WANT(put(&stage, 4, 1), 0);
		WANT(mipc_ring_write_batch(stage.ring, batch, BATCH, 0),
			fits - there);
		WANT(mipc_ring_write_batch(stage.ring, batch, BATCH, 0),
			-EAGAIN);
		WANT(mipc_ring_check(stage.ring), 0);
		for (uint64_t i = 0; i < fits; i++)
			want_next(&stage, 4, 1);
		want_empty(&stage);
	}
	free(batch);
	stage_close(&stage);
}
END_TEST

START_TEST(test_ring_batch_with_one_too_long_writes_none)
{
	struct iovec batch[3];
	struct stage stage;

	stage_open(&stage, SMALLEST);
	for (unsigned bad = 0; bad < 3; bad++) {
		for (unsigned i = 0; i < 3; i++)
			batch[i] = (struct iovec){
				stage.out, i == bad ? stage.max_len + 1 : 1};
		WANT(mipc_ring_write_batch(stage.ring, batch, 3, 0), -EMSGSIZE);
		want_empty(&stage);
	}
	/* Long, but not too long: as many as fit at a time. */
	for (unsigned i = 0; i < 3; i++)
		batch[i] = (struct iovec){stage.out, stage.max_len};
	lib_fill(stage.out, stage.max_len, 9);
	WANT(mipc_ring_write_batch(stage.ring, batch, 3, 0), 1);
	WANT(mipc_ring_write_batch(stage.ring, batch, 2, 0), -EAGAIN);
	want_next(&stage, stage.max_len, 9);
	stage_close(&stage);
}
END_TEST

START_TEST(test_ring_clear_drops_all_and_goes_on)
{
	struct stage stage;

	stage_open(&stage, SMALLEST);
	for (unsigned lap = 0; lap < 300; lap++) {
		WANT(mipc_ring_clear(stage.ring), 0);
		want_empty(&stage);
		for (unsigned i = 0; i < lap % 7; i++)
			WANT(put(&stage, lap, i), 0);
		WANT(mipc_ring_clear(stage.ring), 0);
		want_empty(&stage);
		WANT(mipc_ring_available_write(stage.ring), stage.max_len);
		WANT(put(&stage, lap, lap), 0);
		want_next(&stage, lap, lap);
	}
	/* A full one as well. */
	while (put(&stage, 0, 0) == 0)
		;
	WANT(mipc_ring_clear(stage.ring), 0);
	want_empty(&stage);
	WANT(put(&stage, stage.max_len, 5), 0);
	want_next(&stage, stage.max_len, 5);
	stage_close(&stage);
}
END_TEST

START_TEST(test_ring_check_finds_what_is_broken)
{
	struct stage stage;
	struct lib_view view;
	struct mipc_ring_control *control;

	stage_open(&stage, SMALLEST);
	lib_view_open(&view, stage.name);
	control = &view.shared->ring;
	WANT(put(&stage, 10, 1), 0);
	WANT(put(&stage, 20, 2), 0);
	_Atomic uint64_t *const words[] = {&control->tail, &control->head,
		(_Atomic uint64_t *)(void *)view.data,
		(_Atomic uint64_t *)(void *)(view.data + 24)};
	const uint64_t values[] = {UINT64_MAX, UINT64_MAX / 2, 1, 12, 1 << 20};

	for (size_t i = 0; i < COUNT(words) * COUNT(values); i++) {
		_Atomic uint64_t *word = words[i / COUNT(values)];
		uint64_t good = atomic_load(word);

		WANT(mipc_ring_check(stage.ring), 0);
		atomic_store(word, values[i % COUNT(values)]);
		/* A header of state 1 and length 0 parses, but what follows
		 * it must as well. */
		if (i / COUNT(values) < 2 || values[i % COUNT(values)] != 1)
			WANT(mipc_ring_check(stage.ring), -EBADMSG);
		atomic_store(word, good);
	}
	want_next(&stage, 10, 1);
	want_next(&stage, 20, 2);
	lib_view_close(&view);
	stage_close(&stage);
}
END_TEST

/* Whatever their length: without the bound a search for the end goes round for
 * ever. With 24 bytes they also run over the end of the ring. */
START_TEST(test_ring_records_without_an_end_are_ebadmsg)
{
	for (uint64_t len = 0; len <= 16; len += 8) {
		uint64_t size = record_bytes(len);
		_Atomic uint64_t *words;
		struct stage stage;
		struct lib_view view;
		mipc_ring *ring;

		stage_open(&stage, SMALLEST);
		lib_view_open(&view, stage.name);
		words = (_Atomic uint64_t *)(void *)view.data;
		for (uint64_t at = 0; at < size * view.data_bytes; at += size)
			atomic_store(&words[at % view.data_bytes / 8],
				len << 8 | 1 /* READY */);
		WANT(mipc_ring_check(stage.ring), -EBADMSG);
		WANT(mipc_ring_clear(stage.ring), -EBADMSG);
		mipc_ring_close(stage.ring);
		for (unsigned i = 0; i < 2; i++) {
			WANT(mipc_ring_open(stage.name, MIPC_RING_PRODUCER,
				     NULL, &ring),
				-EBADMSG);
			/* And where no record may be any more. */
			atomic_store(&view.shared->ring.tail, view.data_bytes);
		}
		atomic_store(&view.shared->ring.tail, 0);
		memset(view.data, 0, view.data_bytes);
		WANT(mipc_ring_open(stage.name, BOTH, NULL, &stage.ring), 0);
		lib_view_close(&view);
		stage_close(&stage);
	}
}
END_TEST

/* It would end in the middle of the first one. */
START_TEST(test_ring_record_longer_than_the_room_is_ebadmsg)
{
	_Atomic uint64_t *word;
	struct stage stage;
	struct lib_view view;
	mipc_ring *ring;

	stage_open(&stage, SMALLEST);
	lib_view_open(&view, stage.name);
	memset(stage.out, 0, stage.max_len);
	WANT(mipc_ring_write(stage.ring, stage.out, stage.max_len - 16, 0), 0);
	word = (_Atomic uint64_t *)(void *)(view.data +
					    record_bytes(stage.max_len - 16));
	atomic_store(word, 24 << 8 | 1 /* READY */);
	WANT(mipc_ring_check(stage.ring), -EBADMSG);
	mipc_ring_close(stage.ring);
	WANT(mipc_ring_open(stage.name, MIPC_RING_PRODUCER, NULL, &ring),
		-EBADMSG);
	atomic_store(word, 0);
	WANT(mipc_ring_open(stage.name, BOTH, NULL, &stage.ring), 0);
	lib_view_close(&view);
	stage_close(&stage);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_ring_capacity_is_rounded_up,
		test_ring_bad_arguments_are_refused,
		test_ring_every_size_comes_out_whole,
		test_ring_order_is_kept_over_many_laps,
		test_ring_wrap_at_every_offset_is_contiguous,
		test_ring_longer_than_max_len_is_emsgsize,
		test_ring_full_is_eagain_and_available_write_says_so,
		test_ring_available_write_is_what_can_be_written,
		test_ring_waiting_in_vain_times_out_and_not_before,
		test_ring_buffer_too_small_keeps_the_message,
		test_ring_batch_goes_through_whole_and_in_order,
		test_ring_batch_larger_than_the_room_is_cut,
		test_ring_batch_with_one_too_long_writes_none,
		test_ring_clear_drops_all_and_goes_on,
		test_ring_check_finds_what_is_broken,
		test_ring_records_without_an_end_are_ebadmsg,
		test_ring_record_longer_than_the_room_is_ebadmsg,
	};

	return LIB_MAIN("ring", tests);
}
