/* test_queue.c - the queue on its own: order, sizes, wrap, full and empty,
 * batches, and what it says of itself. Processes are in test_queue_peer.c.
 */
#include "lib_stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mmapipc/queue.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	HEADER_BYTES = 8,
	/* The smallest queue, on this page size or any. */
	SMALLEST = 1,
};

struct stage {
	char name[LIB_NAME_BYTES];
	mipc_queue *queue;
	uint64_t capacity, max_len;
	uint8_t *out, *in; /* room for the longest message, and one more byte */
};

static void stage_open(struct stage *stage, uint64_t capacity_bytes)
{
	lib_name(stage->name);
	WANT(mipc_queue_create(
		     stage->name, capacity_bytes, NULL, &stage->queue),
		0);
	stage->capacity = mipc_queue_capacity(stage->queue);
	stage->max_len = mipc_queue_max_len(stage->queue);
	stage->out = malloc(stage->max_len + 1);
	stage->in = malloc(stage->max_len + 1);
	WANT_TRUE(stage->out && stage->in);
}

static void stage_close(struct stage *stage)
{
	WANT(mipc_queue_check(stage->queue), 0);
	mipc_queue_close(stage->queue);
	WANT(mipc_queue_unlink(stage->name), 0);
	free(stage->out);
	free(stage->in);
}

static int put(struct stage *stage, size_t len, uint64_t number)
{
	lib_fill(stage->out, len, number);
	return mipc_queue_put(stage->queue, stage->out, len, 0);
}

/* The next message is @number, of @len bytes. */
static void want_next(struct stage *stage, size_t len, uint64_t number)
{
	size_t got = ~(size_t)0;

	WANT(mipc_queue_get(stage->queue, stage->in, stage->max_len, 0, &got),
		0);
	WANT(got, len);
	WANT_TRUE(lib_matches(stage->in, len, number));
}

static void want_empty(struct stage *stage)
{
	struct mipc_queue_info info;
	size_t got = 4711;

	WANT(mipc_queue_get(stage->queue, stage->in, stage->max_len, 0, &got),
		-EAGAIN);
	WANT(got, 4711);
	WANT(mipc_queue_size(stage->queue), 0);
	WANT_TRUE(mipc_queue_empty(stage->queue));
	WANT(mipc_queue_inspect(stage->queue, &info), 0);
	WANT(info.messages, 0);
	WANT(info.bytes_used, 0);
	WANT(mipc_queue_check(stage->queue), 0);
}

static uint64_t record_bytes(uint64_t len)
{
	return HEADER_BYTES + (len + 7) / 8 * 8;
}

START_TEST(test_queue_capacity_is_rounded_up)
{
	struct stage stage;
	uint64_t page;

	stage_open(&stage, SMALLEST);
	page = stage.capacity;
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
		WANT(stage.capacity, capacities[i].want);
		WANT(stage.max_len, capacities[i].want - HEADER_BYTES);
		want_empty(&stage);
		stage_close(&stage);
	}
}
END_TEST

START_TEST(test_queue_bad_arguments_are_refused)
{
	mipc_queue *queue = NULL;
	char name[LIB_NAME_BYTES];
	struct stage stage;

	lib_name(name);
	WANT(mipc_queue_create(name, MIPC_CAPACITY_MAX + 1, NULL, &queue),
		-EINVAL);
	WANT(mipc_queue_create(name, UINT64_MAX, NULL, &queue), -EINVAL);
	WANT(mipc_queue_create(name, 0, NULL, NULL), -EINVAL);
	WANT(mipc_queue_open(name, NULL, NULL), -EINVAL);
	WANT(mipc_queue_unlink(name), -ENOENT);
	WANT_TRUE(queue == NULL);
	mipc_queue_close(NULL);

	stage_open(&stage, SMALLEST);
	WANT(mipc_queue_put_batch(stage.queue, NULL, 0, 0), -EINVAL);
	WANT(mipc_queue_get_batch(stage.queue, NULL, 0, 0), -EINVAL);
	want_empty(&stage);
	stage_close(&stage);
}
END_TEST

START_TEST(test_queue_every_size_comes_out_whole)
{
	struct stage stage;

	stage_open(&stage, SMALLEST);
	for (size_t len = 0; len <= stage.max_len; len++) {
		WANT(put(&stage, len, len), 0);
		WANT(mipc_queue_size(stage.queue), 1);
		WANT_TRUE(!mipc_queue_empty(stage.queue));
		want_next(&stage, len, len);
		want_empty(&stage);
	}
	stage_close(&stage);
}
END_TEST

START_TEST(test_queue_order_is_kept_over_many_laps)
{
	uint64_t seed = lib_seed("queue order");
	uint64_t written = 0, read = 0;
	struct stage stage;

	stage_open(&stage, SMALLEST);
	while (read < 20000) {
		struct mipc_queue_info info;

		for (uint64_t i = lib_random(&seed) % 30; i; i--, written++)
			/* The length is a function of the number. */
			if (put(&stage, written * 7 % 301, written))
				break;
		WANT(mipc_queue_size(stage.queue), written - read);
		WANT(mipc_queue_inspect(stage.queue, &info), 0);
		WANT(info.messages, written - read);
		WANT(info.bytes_used == 0, written == read);
		for (uint64_t i = lib_random(&seed) % 30; i && read < written;
			i--, read++)
			want_next(&stage, read * 7 % 301, read);
		WANT(mipc_queue_check(stage.queue), 0);
	}
	stage_close(&stage);
}
END_TEST

/* Put and get so much that the position moves by @shift bytes. */
static void move_on(struct stage *stage, uint64_t shift)
{
	if (shift == 0)
		return;
	WANT(put(stage, shift - HEADER_BYTES, 0), 0);
	want_next(stage, shift - HEADER_BYTES, 0);
}

START_TEST(test_queue_wrap_at_every_offset_is_contiguous)
{
	struct stage stage;

	stage_open(&stage, SMALLEST);
	const uint64_t lens[] = {0, 1, 7, 8, 9, 100, stage.capacity / 2,
		stage.max_len - 8, stage.max_len};

	for (size_t i = 0; i < COUNT(lens); i++) {
		/* Between two messages lies one step of 8 more each time. */
		uint64_t shift = (stage.capacity + 8 - record_bytes(lens[i])) %
				 stage.capacity;

		for (uint64_t at = 0; at < stage.capacity; at += 8) {
			WANT(put(&stage, lens[i], at), 0);
			want_next(&stage, lens[i], at);
			move_on(&stage, shift);
		}
		want_empty(&stage);
	}
	stage_close(&stage);
}
END_TEST

START_TEST(test_queue_longer_than_max_len_is_emsgsize)
{
	struct stage stage;

	stage_open(&stage, SMALLEST);
	WANT(put(&stage, 3, 1), 0);
	const size_t lens[] = {stage.max_len + 1, stage.max_len + 9, UINT32_MAX,
		UINT64_C(1) << 40, SIZE_MAX / 2, SIZE_MAX - 7, SIZE_MAX};

	for (size_t i = 0; i < COUNT(lens); i++) {
		const struct iovec batch[2] = {
			{stage.out, 1}, {stage.out, lens[i]}};

		WANT(mipc_queue_put(stage.queue, stage.out, lens[i], 0),
			-EMSGSIZE);
		WANT(mipc_queue_put(
			     stage.queue, stage.out, lens[i], MIPC_FOREVER),
			-EMSGSIZE);
		WANT(mipc_queue_put_batch(stage.queue, batch, 2, 0), -EMSGSIZE);
	}
	WANT(mipc_queue_size(stage.queue), 1);
	want_next(&stage, 3, 1);
	want_empty(&stage);
	WANT(put(&stage, stage.max_len, 2), 0);
	want_next(&stage, stage.max_len, 2);
	stage_close(&stage);
}
END_TEST

START_TEST(test_queue_full_is_eagain_until_one_is_taken)
{
	static const size_t lens[] = {0, 1, 8, 60, 1000};
	struct stage stage;

	for (size_t i = 0; i < COUNT(lens); i++) {
		uint64_t count = 0;

		stage_open(&stage, SMALLEST);
		while (put(&stage, lens[i], count) == 0)
			count++;
		WANT(count, stage.capacity / record_bytes(lens[i]));
		WANT(mipc_queue_size(stage.queue), count);
		WANT(put(&stage, lens[i], 0), -EAGAIN);
		WANT(mipc_queue_check(stage.queue), 0);
		want_next(&stage, lens[i], 0);
		WANT(put(&stage, lens[i], count), 0);
		for (uint64_t k = 1; k <= count; k++)
			want_next(&stage, lens[i], k);
		want_empty(&stage);
		stage_close(&stage);
	}
}
END_TEST

START_TEST(test_queue_waiting_in_vain_times_out_and_not_before)
{
	static const uint32_t spins[] = {
		0, 1, MIPC_SPIN_NEVER, MIPC_SPIN_ALWAYS};

	for (size_t i = 0; i < COUNT(spins); i++) {
		const struct mipc_options options = {.spin_us = spins[i]};
		char name[LIB_NAME_BYTES];
		struct iovec message = {name, 1};
		mipc_queue *queue;
		uint64_t start_ns;
		size_t len;

		lib_name(name);
		WANT(mipc_queue_create(name, 1, &options, &queue), 0);
		start_ns = lib_now_ns();
		WANT(mipc_queue_get(queue, name, 1, LIB_BRIEF_NS, &len),
			-ETIMEDOUT);
		WANT_TRUE(lib_now_ns() - start_ns >= LIB_BRIEF_NS);
		WANT(mipc_queue_get_batch(queue, &message, 1, LIB_BRIEF_NS),
			-ETIMEDOUT);
		WANT_TRUE(lib_now_ns() - start_ns >= 2 * LIB_BRIEF_NS);
		while (mipc_queue_put(queue, "x", 1, 0) == 0)
			;
		start_ns = lib_now_ns();
		WANT(mipc_queue_put(queue, "x", 1, LIB_BRIEF_NS), -ETIMEDOUT);
		WANT_TRUE(lib_now_ns() - start_ns >= LIB_BRIEF_NS);
		WANT(mipc_queue_put_batch(queue, &message, 1, LIB_BRIEF_NS),
			-ETIMEDOUT);
		WANT_TRUE(lib_now_ns() - start_ns >= 2 * LIB_BRIEF_NS);
		WANT(mipc_queue_check(queue), 0);
		mipc_queue_close(queue);
		WANT(mipc_queue_unlink(name), 0);
	}
}
END_TEST

START_TEST(test_queue_buffer_too_small_keeps_the_message)
{
	struct stage stage;
	struct iovec batch[2];
	size_t len = 0;

	stage_open(&stage, SMALLEST);
	WANT(put(&stage, 100, 1), 0);
	WANT(put(&stage, 10, 2), 0);
	WANT(put(&stage, 100, 3), 0);
	for (size_t size = 0; size < 100; size += 33) {
		WANT(mipc_queue_get(stage.queue, stage.in, size, 0, &len),
			-EMSGSIZE);
		WANT(len, 100);
		batch[0] = (struct iovec){stage.in, size};
		WANT(mipc_queue_get_batch(stage.queue, batch, 1, 0), -EMSGSIZE);
		WANT(batch[0].iov_len, 100);
		WANT(mipc_queue_size(stage.queue), 3);
	}
	WANT(mipc_queue_get(stage.queue, NULL, 0, MIPC_FOREVER, &len),
		-EMSGSIZE);
	want_next(&stage, 100, 1);
	/* In the middle of a batch: what was taken is taken. */
	batch[0] = (struct iovec){stage.in, 10};
	batch[1] = (struct iovec){stage.in + 10, 99};
	WANT(mipc_queue_get_batch(stage.queue, batch, 2, 0), 1);
	WANT(batch[0].iov_len, 10);
	WANT_TRUE(lib_matches(stage.in, 10, 2));
	WANT(mipc_queue_size(stage.queue), 1);
	want_next(&stage, 100, 3);
	want_empty(&stage);
	stage_close(&stage);
}
END_TEST

START_TEST(test_queue_batch_goes_through_whole_and_in_order)
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
		WANT(mipc_queue_put_batch(stage.queue, out, count, 0), count);
		WANT(mipc_queue_size(stage.queue), count);
		while (got < count) {
			int rc;

			for (unsigned i = 0; i < BATCH; i++)
				in[i] = (struct iovec){stage.in + i * 113, 113};
			rc = mipc_queue_get_batch(
				stage.queue, in, 1 + (lap + got) % BATCH, 0);
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

START_TEST(test_queue_batch_larger_than_the_room_is_cut)
{
	enum { BATCH = 5000 };
	struct iovec *batch = calloc(BATCH, sizeof(*batch));
	struct stage stage;
	uint64_t fits;

	stage_open(&stage, SMALLEST);
	fits = stage.capacity / 16;
	WANT_TRUE(batch != NULL && fits < BATCH);
	for (unsigned i = 0; i < BATCH; i++)
		batch[i] = (struct iovec){stage.out, 4};
	lib_fill(stage.out, 4, 1);
	for (unsigned lap = 0; lap < 100; lap++) {
		unsigned there = lap * 2;

		move_on(&stage, 8);
		lib_fill(stage.out, 4, 1);
		for (unsigned i = 0; i < there; i++)
			WANT(put(&stage, 4, 1), 0);
		WANT(mipc_queue_put_batch(stage.queue, batch, BATCH, 0),
			fits - there);
		WANT(mipc_queue_put_batch(stage.queue, batch, BATCH, 0),
			-EAGAIN);
		WANT(mipc_queue_check(stage.queue), 0);
		WANT(mipc_queue_size(stage.queue), fits);
		for (uint64_t i = 0; i < fits; i++)
			want_next(&stage, 4, 1);
		want_empty(&stage);
	}
	free(batch);
	stage_close(&stage);
}
END_TEST

START_TEST(test_queue_batch_with_one_too_long_puts_none)
{
	struct iovec batch[3];
	struct stage stage;

	stage_open(&stage, SMALLEST);
	for (unsigned bad = 0; bad < 3; bad++) {
		for (unsigned i = 0; i < 3; i++)
			batch[i] = (struct iovec){
				stage.out, i == bad ? stage.max_len + 1 : 1};
		WANT(mipc_queue_put_batch(stage.queue, batch, 3, 0), -EMSGSIZE);
		want_empty(&stage);
	}
	for (unsigned i = 0; i < 3; i++)
		batch[i] = (struct iovec){stage.out, stage.max_len};
	lib_fill(stage.out, stage.max_len, 9);
	WANT(mipc_queue_put_batch(stage.queue, batch, 3, 0), 1);
	WANT(mipc_queue_put_batch(stage.queue, batch, 2, 0), -EAGAIN);
	want_next(&stage, stage.max_len, 9);
	stage_close(&stage);
}
END_TEST

START_TEST(test_queue_clear_drops_all_and_goes_on)
{
	struct stage stage;

	stage_open(&stage, SMALLEST);
	for (unsigned lap = 0; lap < 300; lap++) {
		WANT(mipc_queue_clear(stage.queue, 0), 0);
		want_empty(&stage);
		for (unsigned i = 0; i < lap % 7; i++)
			WANT(put(&stage, lap, i), 0);
		WANT(mipc_queue_clear(stage.queue, MIPC_FOREVER), 0);
		want_empty(&stage);
		WANT(put(&stage, lap, lap), 0);
		want_next(&stage, lap, lap);
	}
	/* A full one as well. */
	while (put(&stage, 0, 0) == 0)
		;
	WANT(mipc_queue_clear(stage.queue, 0), 0);
	want_empty(&stage);
	WANT(put(&stage, stage.max_len, 5), 0);
	want_next(&stage, stage.max_len, 5);
	stage_close(&stage);
}
END_TEST

START_TEST(test_queue_inspect_tells_of_parties_and_use)
{
	struct mipc_queue_info info;
	mipc_queue *others[3];
	struct stage stage;

	stage_open(&stage, SMALLEST);
	for (unsigned i = 0; i < COUNT(others); i++) {
		WANT(mipc_queue_open(stage.name, NULL, &others[i]), 0);
		WANT(put(&stage, 10, i), 0);
		WANT(mipc_queue_inspect(others[i], &info), 0);
		WANT(info.parties, i + 2);
		WANT(info.messages, i + 1);
		WANT(info.bytes_used, (i + 1) * record_bytes(10));
		WANT(info.producer_lock_holder, 0);
		WANT(info.consumer_lock_holder, 0);
		WANT(info.recoveries, 0);
	}
	for (unsigned i = 0; i < COUNT(others); i++)
		mipc_queue_close(others[i]);
	WANT(mipc_queue_inspect(stage.queue, &info), 0);
	WANT(info.parties, 1);
	stage_close(&stage);
}
END_TEST

START_TEST(test_queue_check_finds_what_is_broken)
{
	struct mipc_queue_control *control;
	struct lib_view view;
	struct stage stage;

	stage_open(&stage, SMALLEST);
	lib_view_open(&view, stage.name);
	control = &view.shared->queue;
	WANT(put(&stage, 10, 1), 0);
	WANT(put(&stage, 20, 2), 0);
	_Atomic uint64_t *const words[] = {&control->producers.position,
		&control->consumers.position, &control->producers.intent_count,
		(_Atomic uint64_t *)(void *)view.data,
		(_Atomic uint64_t *)(void *)(view.data + 24)};
	const uint64_t values[] = {UINT64_MAX, UINT64_MAX / 2, 1, 12, 1 << 20};

	for (size_t i = 0; i < COUNT(words) * COUNT(values); i++) {
		_Atomic uint64_t *word = words[i / COUNT(values)];
		uint64_t good = atomic_load(word);

		WANT(mipc_queue_check(stage.queue), 0);
		atomic_store(word, values[i % COUNT(values)]);
		WANT(mipc_queue_check(stage.queue), -EBADMSG);
		atomic_store(word, good);
	}
	want_next(&stage, 10, 1);
	want_next(&stage, 20, 2);
	lib_view_close(&view);
	stage_close(&stage);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_queue_capacity_is_rounded_up,
		test_queue_bad_arguments_are_refused,
		test_queue_every_size_comes_out_whole,
		test_queue_order_is_kept_over_many_laps,
		test_queue_wrap_at_every_offset_is_contiguous,
		test_queue_longer_than_max_len_is_emsgsize,
		test_queue_full_is_eagain_until_one_is_taken,
		test_queue_waiting_in_vain_times_out_and_not_before,
		test_queue_buffer_too_small_keeps_the_message,
		test_queue_batch_goes_through_whole_and_in_order,
		test_queue_batch_larger_than_the_room_is_cut,
		test_queue_batch_with_one_too_long_puts_none,
		test_queue_clear_drops_all_and_goes_on,
		test_queue_inspect_tells_of_parties_and_use,
		test_queue_check_finds_what_is_broken,
	};

	return LIB_MAIN("queue", tests);
}
