/* fuzz_input.h - the fuzzer's bytes as a stream of decisions.
 *
 * Whatever the bytes are, they mean something: a stream that has ended gives
 * zeros. Values that are written into a segment are made so that they often hit
 * something: a position next to the one that is there, a record of a length near
 * the end, this handle's own lease; or they are 8 bytes as they come.
 */
#ifndef MIPC_TESTS_FUZZ_INPUT_H
#define MIPC_TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "record.h"

/* What libFuzzer calls. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What is called before each of the library's loads; NULL: nothing. */
extern void (*fuzz_before_load)(const void *address);

/* must - a promise of the library, or a step without which nothing can be
 * tested. */
#define must(what)                                                        \
	((what) ? (void)0                                                 \
		: (fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, \
			   __LINE__, #what),                              \
			  abort()))

struct input {
	const uint8_t *at, *end;
};

static inline uint64_t input_bytes(struct input *input, size_t count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < count && input->at < input->end; i++)
		value |= (uint64_t)*input->at++ << 8 * i;
	return value;
}

static inline bool input_left(const struct input *input)
{
	return input->at < input->end;
}

/* One word of a segment, and what it becomes. */
struct scribble {
	size_t offset; /* from the segment's start, a multiple of 8 */
	unsigned form;
	uint64_t value;
};

/* Half of them go to the control block, the rest to parties and data: there often
 * to the header of the record at @oldest, which is the next to be read. Never to
 * the header, which is read once, at open. */
static inline struct scribble input_scribble(struct input *input,
	size_t data_offset, uint64_t capacity, uint64_t oldest)
{
	uint64_t where = input_bytes(input, 2);
	struct scribble scribble;
	size_t from, to;

	capacity -= capacity % 8;
	switch (where % 8) {
	case 0:
		from = offsetof(struct mipc_segment, parties);
		to = offsetof(struct mipc_segment, ring);
		break;
	case 1:
	case 2:
		from = data_offset + oldest % capacity;
		to = from + 8;
		break;
	case 3:
		from = data_offset;
		to = data_offset + capacity;
		break;
	default:
		from = offsetof(struct mipc_segment, ring);
		to = sizeof(struct mipc_segment);
	}
	scribble.offset = from + (where >> 3) % ((to - from) / 8) * 8;
	scribble.form = (unsigned)input_bytes(input, 1);
	scribble.value = input_bytes(input, scribble.form % 8 == 0 ? 8 : 2);
	return scribble;
}

/* The word that was @old. @slot, @generation: of this handle; a record of form 6
 * is its own or that of one of the three slots behind it. */
static inline uint64_t scribbled(const struct scribble *scribble, uint64_t old,
	uint64_t capacity, uint32_t slot, uint32_t generation)
{
	uint64_t value = scribble->value;
	enum record_state state = scribble->form / 8 % 8;

	switch (scribble->form % 8) {
	case 0:
		return value;
	case 1:
		if (value < 0x8000)
			return value;
		/* Somebody's name, as roles and as locks have it. */
		value = (value & 0x7f) + (value & 0x80 ? 0x20000000 : 0);
		return scribble->form & 8 ? value << 32 : value;
	case 2:
		return old + value * 8;
	case 3:
		return old - value * 8;
	case 4:
		return record_with(record_word(value), state);
	case 5:
		return record_with(record_word(capacity - value), state);
	case 6:
		return record_owned(record_word(value % capacity), state,
			slot + (uint32_t)(value >> 14), generation);
	default:
		return old ^ value << scribble->form / 8;
	}
}

#endif
