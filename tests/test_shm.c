/* test_shm.c - raw shared memory: bounds, words, views, lifetime; and the words
 * for the errors. */
#include "lib_stage.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <mmapipc/shm.h>

enum { ODD_BYTES = 4096 + 13 }; /* ends within a page and within a word */

static mipc_shm *make(char name[LIB_NAME_BYTES], uint64_t size_bytes)
{
	mipc_shm *shm;

	lib_name(name);
	WANT(mipc_shm_create(name, size_bytes, NULL, &shm), 0);
	return shm;
}

static void finish(mipc_shm *shm, const char *name)
{
	mipc_shm_close(shm);
	WANT(mipc_shm_unlink(name), 0);
}

START_TEST(test_shm_new_is_zero_and_of_its_size)
{
	static const uint64_t sizes[] = {1, 8, 4095, 4096, 4097, 100000};
	static const char zero[100000];
	static char got[100000];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char name[LIB_NAME_BYTES];
		mipc_shm *shm = make(name, sizes[i]);

		memset(got, 1, sizeof(got));
		WANT(mipc_shm_size(shm), sizes[i]);
		WANT(mipc_shm_read(shm, 0, got, sizes[i]), 0);
		WANT(memcmp(got, zero, sizes[i]), 0);
		finish(shm, name);
	}
}
END_TEST

START_TEST(test_shm_ranges_are_held_to)
{
	static const struct {
		uint64_t offset;
		size_t len;
		int want;
	} ranges[] = {
		{0, 0, 0},
		{0, 1, 0},
		{0, ODD_BYTES, 0},
		{0, ODD_BYTES + 1, -ERANGE},
		{1, ODD_BYTES, -ERANGE},
		{ODD_BYTES - 1, 1, 0},
		{ODD_BYTES - 1, 2, -ERANGE},
		{ODD_BYTES, 0, 0},
		{ODD_BYTES, 1, -ERANGE},
		{ODD_BYTES + 1, 0, -ERANGE},
		{0, SIZE_MAX, -ERANGE},
		{1, SIZE_MAX, -ERANGE},
		{UINT64_MAX, 1, -ERANGE},
		{UINT64_MAX, SIZE_MAX, -ERANGE},
		{UINT64_MAX - 7, 8, -ERANGE},
	};
	static uint8_t out[ODD_BYTES + 1], in[ODD_BYTES + 1];
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, ODD_BYTES);

	lib_fill(out, sizeof(out), 1);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		uint64_t offset = ranges[i].offset;
		size_t len = ranges[i].len;
		void *view = out;

		WANT(mipc_shm_clear(shm), 0);
		WANT(mipc_shm_write(shm, offset, out, len), ranges[i].want);
		memset(in, 0, sizeof(in));
		WANT(mipc_shm_read(shm, offset, in, len), ranges[i].want);
		WANT(mipc_shm_view(shm, offset, len, &view), ranges[i].want);
		if (ranges[i].want) {
			WANT_TRUE(view == out && in[0] == 0);
			continue;
		}
		WANT(memcmp(in, out, len), 0);
		WANT(memcmp(view, out, len), 0);
	}
	finish(shm, name);
}
END_TEST

START_TEST(test_shm_words_keep_their_value_and_sign)
{
	static const uint64_t values[] = {0, 1, 0x0123456789abcdef, INT64_MAX,
		UINT64_C(1) << 63, UINT64_MAX};
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, 64);

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int64_t number;
		uint64_t word;

		WANT(mipc_shm_write_u64(shm, 56, values[i]), 0);
		WANT(mipc_shm_read_u64(shm, 56, &word), 0);
		WANT_TRUE(word == values[i]);
		WANT(mipc_shm_read_i64(shm, 56, &number), 0);
		WANT(number, (int64_t)values[i]);
		WANT(mipc_shm_write_i64(shm, 0, (int64_t)values[i]), 0);
		WANT(mipc_shm_read_u64(shm, 0, &word), 0);
		WANT_TRUE(word == values[i]);
		WANT(mipc_shm_read(shm, 0, &word, sizeof(word)), 0);
		WANT_TRUE(word == values[i]);
	}
	finish(shm, name);
}
END_TEST

START_TEST(test_shm_words_misaligned_or_outside_are_refused)
{
	static const struct {
		uint64_t offset;
		int want;
	} offsets[] = {
		{0, 0},
		{1, -EINVAL},
		{4, -EINVAL},
		{7, -EINVAL},
		{4096, 0},
		{4104, -ERANGE}, /* five of its eight bytes are inside */
		{4112, -ERANGE},
		{UINT64_MAX - 7, -ERANGE},
	};
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, ODD_BYTES);

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		uint64_t offset = offsets[i].offset, word = 5;
		uint64_t added = 5, exchanged = 5, expected = 11;
		int64_t number = 5;

		WANT(mipc_shm_write_u64(shm, offset, 9), offsets[i].want);
		WANT(mipc_shm_read_u64(shm, offset, &word), offsets[i].want);
		WANT(mipc_shm_write_i64(shm, offset, 9), offsets[i].want);
		WANT(mipc_shm_read_i64(shm, offset, &number), offsets[i].want);
		WANT(word, offsets[i].want ? 5 : 9);
		WANT(number, offsets[i].want ? 5 : 9);
		WANT(mipc_shm_add_u64(shm, offset, 1, &added), offsets[i].want);
		WANT(added, offsets[i].want ? 5 : 9);
		WANT(mipc_shm_exchange_u64(shm, offset, 11, &exchanged),
			offsets[i].want);
		WANT(exchanged, offsets[i].want ? 5 : 10);
		WANT(mipc_shm_compare_exchange_u64(shm, offset, &expected, 12),
			offsets[i].want);
		WANT(expected, 11);
	}
	finish(shm, name);
}
END_TEST

/* A word and its neighbours, which no operation may touch. */
static void want_word(mipc_shm *shm, uint64_t want)
{
	uint64_t words[3];

	WANT(mipc_shm_read(shm, 0, words, sizeof(words)), 0);
	WANT_TRUE(words[0] == 0);
	WANT_TRUE(words[1] == want);
	WANT_TRUE(words[2] == 0);
}

START_TEST(test_shm_add_returns_what_was_there_and_wraps)
{
	static const struct {
		uint64_t before, value, after;
	} sums[] = {
		{0, 0, 0},
		{0, 1, 1},
		{41, 1, 42},
		{5, -UINT64_C(2), 3},
		{UINT32_MAX, 1, UINT64_C(1) << 32},
		{UINT64_MAX, 1, 0},
		{0, -UINT64_C(1), UINT64_MAX},
		{UINT64_C(1) << 63, UINT64_C(1) << 63, 0},
	};
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, 24);

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		uint64_t before = ~sums[i].before;

		WANT(mipc_shm_write_u64(shm, 8, sums[i].before), 0);
		WANT(mipc_shm_add_u64(shm, 8, sums[i].value, &before), 0);
		WANT_TRUE(before == sums[i].before);
		want_word(shm, sums[i].after);
	}
	WANT(mipc_shm_add_u64(shm, 8, 7, NULL), 0);
	want_word(shm, 7);
	finish(shm, name);
}
END_TEST

START_TEST(test_shm_exchange_returns_what_was_there)
{
	static const uint64_t values[] = {1, 0, UINT32_MAX, UINT64_MAX,
		UINT64_C(1) << 63, 0x0123456789abcdef};
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, 24);
	uint64_t before, last = 0;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		before = ~last;
		WANT(mipc_shm_exchange_u64(shm, 8, values[i], &before), 0);
		WANT_TRUE(before == last);
		want_word(shm, values[i]);
		last = values[i];
	}
	WANT(mipc_shm_exchange_u64(shm, 8, 7, NULL), 0);
	want_word(shm, 7);
	finish(shm, name);
}
END_TEST

START_TEST(test_shm_compare_exchange_replaces_only_what_is_expected)
{
	static const struct {
		uint64_t is, expected, desired;
		int want;
	} swaps[] = {
		{0, 0, 1, 0},
		{1, 0, 2, -EAGAIN},
		{1, 1, 1, 0},
		{UINT64_MAX, UINT64_MAX, 0, 0},
		{UINT64_MAX, UINT32_MAX, 0, -EAGAIN},
		/* the same in one half only */
		{UINT64_C(1) << 32 | 3, 3, 9, -EAGAIN},
		{UINT64_C(1) << 32 | 3, UINT64_C(1) << 32, 9, -EAGAIN},
		{UINT64_C(1) << 32 | 3, UINT64_C(1) << 32 | 3, 9, 0},
	};
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, 24);

	for (size_t i = 0; i < sizeof(swaps) / sizeof(swaps[0]); i++) {
		uint64_t expected = swaps[i].expected;

		WANT(mipc_shm_write_u64(shm, 8, swaps[i].is), 0);
		WANT(mipc_shm_compare_exchange_u64(
			     shm, 8, &expected, swaps[i].desired),
			swaps[i].want);
		WANT_TRUE(expected == swaps[i].is);
		want_word(shm, swaps[i].want ? swaps[i].is : swaps[i].desired);
	}
	finish(shm, name);
}
END_TEST

enum { ADDERS = 4, TURNS = 20000 };

/* What the adders share. Each word is changed in its own way. */
enum adder_word {
	ADDED = 0,	 /* counted up by add */
	COMPARED = 8,	 /* counted up by compare-exchange */
	PASSED = 16,	 /* turns passed on by exchange */
	RETIRED = 24,	 /* the turns that exchange took out */
	FIRST_TURN = 32, /* per turn of ADDED: how often it was given out */
	ADDER_BYTES = FIRST_TURN + 8 * ADDERS * TURNS,
};

static void count_by_compare(mipc_shm *shm)
{
	uint64_t seen = 0;
	int err;

	do {
		err = mipc_shm_compare_exchange_u64(
			shm, COMPARED, &seen, seen + 1);
	} while (err == -EAGAIN);
	WANT(err, 0);
}

static void add_in_turn(void *arg)
{
	mipc_shm *shm;

	WANT(mipc_shm_open(arg, NULL, &shm), 0);
	for (unsigned i = 0; i < TURNS; i++) {
		uint64_t turn, passed;

		WANT(mipc_shm_add_u64(shm, ADDED, 1, &turn), 0);
		WANT_TRUE(turn < ADDERS * TURNS);
		WANT(mipc_shm_add_u64(shm, FIRST_TURN + 8 * turn, 1, NULL), 0);
		count_by_compare(shm);
		WANT(mipc_shm_exchange_u64(shm, PASSED, turn + 1, &passed), 0);
		WANT(mipc_shm_add_u64(shm, RETIRED, passed, NULL), 0);
	}
	mipc_shm_close(shm);
}

START_TEST(test_shm_adders_in_several_processes_lose_nothing)
{
	const uint64_t all = (uint64_t)ADDERS * TURNS;
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, ADDER_BYTES);
	uint64_t word, left;
	pid_t adders[ADDERS];

	for (unsigned i = 0; i < ADDERS; i++)
		adders[i] = lib_spawn(add_in_turn, name);
	for (unsigned i = 0; i < ADDERS; i++)
		lib_join(adders[i]);
	WANT(mipc_shm_read_u64(shm, ADDED, &word), 0);
	WANT(word, all);
	WANT(mipc_shm_read_u64(shm, COMPARED, &word), 0);
	WANT(word, all);
	for (uint64_t i = 0; i < all; i++) {
		WANT(mipc_shm_read_u64(shm, FIRST_TURN + 8 * i, &word), 0);
		WANT(word, 1);
	}
	/* Whatever was put in was taken out once, or is there still. */
	WANT(mipc_shm_read_u64(shm, PASSED, &left), 0);
	WANT(mipc_shm_read_u64(shm, RETIRED, &word), 0);
	WANT(word + left, all * (all + 1) / 2);
	finish(shm, name);
}
END_TEST

START_TEST(test_shm_clear_makes_all_zero)
{
	static const uint8_t zero[ODD_BYTES];
	static uint8_t bytes[ODD_BYTES];
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, ODD_BYTES);

	memset(bytes, 0xff, sizeof(bytes));
	WANT(mipc_shm_write(shm, 0, bytes, sizeof(bytes)), 0);
	WANT(mipc_shm_clear(shm), 0);
	WANT(mipc_shm_read(shm, 0, bytes, sizeof(bytes)), 0);
	WANT(memcmp(bytes, zero, sizeof(bytes)), 0);
	finish(shm, name);
}
END_TEST

START_TEST(test_shm_create_bad_arguments_are_refused)
{
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = NULL;

	lib_name(name);
	WANT(mipc_shm_create(name, 0, NULL, &shm), -EINVAL);
	WANT(mipc_shm_create(name, MIPC_SHM_SIZE_MAX + 1, NULL, &shm), -EINVAL);
	WANT(mipc_shm_create(name, UINT64_MAX, NULL, &shm), -EINVAL);
	WANT(mipc_shm_create(name, 1, NULL, NULL), -EINVAL);
	WANT(mipc_shm_create(NULL, 1, NULL, &shm), -EINVAL);
	WANT(mipc_shm_open(NULL, NULL, &shm), -EINVAL);
	WANT(mipc_shm_open(name, NULL, NULL), -EINVAL);
	WANT_TRUE(shm == NULL);
	WANT(mipc_shm_unlink(name), -ENOENT);
	mipc_shm_close(NULL);
}
END_TEST

START_TEST(test_shm_outlives_its_creator_until_unlinked)
{
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, 16);
	uint64_t word;

	WANT(mipc_shm_write_u64(shm, 8, 42), 0);
	mipc_shm_close(shm);
	WANT(mipc_shm_open(name, NULL, &shm), 0);
	WANT(mipc_shm_size(shm), 16);
	WANT(mipc_shm_read_u64(shm, 8, &word), 0);
	WANT(word, 42);
	WANT(mipc_shm_unlink(name), 0);
	/* The name is gone, the memory is not. */
	WANT(mipc_shm_write_u64(shm, 8, 43), 0);
	WANT(mipc_shm_read_u64(shm, 8, &word), 0);
	WANT(word, 43);
	mipc_shm_close(shm);
	WANT(mipc_shm_open(name, NULL, &shm), -ENOENT);
}
END_TEST

enum { PUBLISHED = 20000 };

/* Bytes, then the word that publishes them. */
static void publish(void *arg)
{
	mipc_shm *shm;

	WANT(mipc_shm_open(arg, NULL, &shm), 0);
	for (uint64_t i = 1; i <= PUBLISHED; i++) {
		uint64_t slot = 8 + i % 64 * 8;

		WANT(mipc_shm_write(shm, slot, &i, sizeof(i)), 0);
		WANT(mipc_shm_write_u64(shm, 0, i), 0);
	}
	mipc_shm_close(shm);
}

START_TEST(test_shm_word_publishes_what_was_written_before)
{
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, 8 + 64 * 8);
	uint64_t deadline_ns = lib_now_ns() + LIB_PATIENCE_NS;
	pid_t child = lib_spawn(publish, name);
	uint64_t word = 0;

	while (word < PUBLISHED) {
		uint64_t body;

		WANT(mipc_shm_read_u64(shm, 0, &word), 0);
		WANT(mipc_shm_read(shm, 8 + word % 64 * 8, &body, 8), 0);
		/* A later lap may have overwritten it already. */
		WANT_TRUE(
			word == 0 || (body >= word && body % 64 == word % 64));
		WANT_TRUE(lib_now_ns() < deadline_ns);
	}
	lib_join(child);
	finish(shm, name);
}
END_TEST

static void write_view(void *arg)
{
	*(uint32_t *)arg = 0xcafe;
}

START_TEST(test_shm_view_in_forked_child_is_shared)
{
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, 4096);
	void *view;

	WANT(mipc_shm_view(shm, 100, 4, &view), 0);
	lib_join(lib_spawn(write_view, view));
	WANT(*(uint32_t *)view, 0xcafe);
	finish(shm, name);
}
END_TEST

static void use_inherited(void *arg)
{
	mipc_shm *shm = arg;
	uint64_t word;

	WANT(mipc_shm_read_u64(shm, 0, &word), 0);
	WANT(mipc_shm_write_u64(shm, 8, word + 1), 0);
	mipc_shm_close(shm);
}

START_TEST(test_shm_handle_in_forked_child_goes_on)
{
	char name[LIB_NAME_BYTES];
	mipc_shm *shm = make(name, 16);
	uint64_t word;

	WANT(mipc_shm_write_u64(shm, 0, 6), 0);
	lib_join(lib_spawn(use_inherited, shm));
	WANT(mipc_shm_read_u64(shm, 8, &word), 0);
	WANT(word, 7);
	finish(shm, name);
}
END_TEST

START_TEST(test_strerror_every_documented_error_has_its_own_words)
{
	static const int documented[] = {EAGAIN, ETIMEDOUT, EPIPE, EBUSY,
		EMSGSIZE, EBADMSG, EILSEQ, EPROTOTYPE, EPROTO, EEXIST, ENOENT,
		ENOSPC, EPERM, ELOOP, EINVAL, ERANGE, ENOTSUP, ENAMETOOLONG,
		ECANCELED};
	const size_t count = sizeof(documented) / sizeof(documented[0]);
	const char *other = mipc_strerror(-EXDEV);

	for (size_t i = 0; i < count; i++) {
		const char *words = mipc_strerror(-documented[i]);

		WANT_TRUE(words && *words);
		WANT_TRUE(strcmp(words, other) != 0);
		for (size_t k = 0; k < i; k++)
			WANT_TRUE(strcmp(words,
					  mipc_strerror(-documented[k])) != 0);
	}
}
END_TEST

START_TEST(test_strerror_any_number_has_words)
{
	static const int numbers[] = {0, 1, INT_MAX, -1, -133, -4096, INT_MIN};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *words = mipc_strerror(numbers[i]);

		WANT_TRUE(words && *words);
		WANT(strcmp(words, "success") == 0, numbers[i] >= 0);
	}
}
END_TEST

START_TEST(test_version_matches_the_header)
{
	WANT(strcmp(mipc_version_string(), MIPC_VERSION), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_shm_new_is_zero_and_of_its_size,
		test_shm_ranges_are_held_to,
		test_shm_words_keep_their_value_and_sign,
		test_shm_words_misaligned_or_outside_are_refused,
		test_shm_add_returns_what_was_there_and_wraps,
		test_shm_exchange_returns_what_was_there,
		test_shm_compare_exchange_replaces_only_what_is_expected,
		test_shm_adders_in_several_processes_lose_nothing,
		test_shm_clear_makes_all_zero,
		test_shm_create_bad_arguments_are_refused,
		test_shm_outlives_its_creator_until_unlinked,
		test_shm_word_publishes_what_was_written_before,
		test_shm_view_in_forked_child_is_shared,
		test_shm_handle_in_forked_child_goes_on,
		test_strerror_every_documented_error_has_its_own_words,
		test_strerror_any_number_has_words,
		test_version_matches_the_header,
	};

	return LIB_MAIN("shm", tests);
}
