/* axes.c - cases as points on named axes; see axes.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/text.h"
#include "case/axes.h"

static const char *const axis_names[AXIS_COUNT + 1] = {
	[AXIS_SECTION] = "section",
	[AXIS_MODE] = "mode",
	[AXIS_TRANSPORT] = "transport",
	[AXIS_MSG_SIZE] = "msg_size_bytes",
	[AXIS_BATCH] = "batch",
	[AXIS_PRODUCERS] = "producers",
	[AXIS_CONSUMERS] = "consumers",
	[AXIS_PLACEMENT] = "placement",
	[AXIS_MEMORY] = "memory",
	[AXIS_WAIT] = "wait",
	[AXIS_SPIN] = "spin",
	[AXIS_HUGE] = "huge",
	[AXIS_ACCESS] = "access",
	[AXIS_CAPACITY] = "capacity_bytes",
	[AXIS_VERIFY] = "verify",
	[AXIS_RATE] = "rate",
	[AXIS_ARRIVAL] = "arrival",
	[AXIS_KILL_AT] = "kill_at",
	[AXIS_HOLDER_MEMORY] = "holder_memory_bytes",
};

const char *axis_name(enum axis axis)
{
	return axis_names[axis];
}

int axis_from(const char *word)
{
	for (int i = 0; i < AXIS_COUNT; i++) {
		if (strcmp(axis_names[i], word) == 0)
			return i;
	}
	if (strcmp(word, "msg_size") == 0)
		return AXIS_MSG_SIZE;
	if (strcmp(word, "capacity") == 0)
		return AXIS_CAPACITY;
	if (strcmp(word, "holder_memory") == 0)
		return AXIS_HOLDER_MEMORY;
	return -1;
}

/* The axis' value when it is a word, NULL when it is a number. */
static const char *word_on(const struct bench_case *bench, enum axis axis)
{
	switch (axis) {
	case AXIS_SECTION:
		return bench->section;
	case AXIS_MODE:
		return case_mode_name(bench->mode);
	case AXIS_TRANSPORT:
		return bench->transport;
	case AXIS_PLACEMENT:
		return bench->placement;
	case AXIS_MEMORY:
		return memory_place_name(bench->memory);
	case AXIS_WAIT:
		return wait_mode_name(bench->wait);
	case AXIS_HUGE:
		return huge_pages_name(bench->huge);
	case AXIS_ACCESS:
		return access_mode_name(bench->access);
	case AXIS_VERIFY:
		return verify_mode_name(bench->verify);
	case AXIS_ARRIVAL:
		return arrival_name(bench->arrival);
	case AXIS_KILL_AT:
		return kill_at_name(bench->kill_at);
	default:
		return NULL;
	}
}

static uint64_t number_on(const struct bench_case *bench, enum axis axis)
{
	switch (axis) {
	case AXIS_MSG_SIZE:
		return bench->msg_size_bytes;
	case AXIS_BATCH:
		return bench->batch;
	case AXIS_PRODUCERS:
		return bench->producers;
	case AXIS_CONSUMERS:
		return bench->consumers;
	case AXIS_SPIN:
		return bench->spin_us;
	case AXIS_RATE:
		return bench->rate;
	case AXIS_HOLDER_MEMORY:
		return bench->holder_memory_bytes;
	default:
		return bench->capacity_bytes;
	}
}

/* A whole number with an optional k, M, G (1000) or Ki, Mi, Gi (1024), or a
 * share as a rate has it. */
static bool number_from(const char *text, uint64_t *ret_number)
{
	static const struct {
		const char *word;
		uint64_t factor;
	} units[] = {
		{"", 1},
		{"k", 1000},
		{"M", 1000000},
		{"G", 1000000000},
		{"Ki", 1 << 10},
		{"Mi", 1 << 20},
		{"Gi", 1 << 30},
	};
	unsigned long long number;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno)
		return false;
	if (strcmp(end, "%") == 0) {
		*ret_number = number | RATE_SHARE;
		return number < RATE_SHARE;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].word) == 0)
			return !__builtin_mul_overflow(
				number, units[i].factor, ret_number);
	}
	return false;
}

bool axis_takes(enum axis axis, const char *text)
{
	uint64_t ignored;
	uint32_t spin_us;

	switch (axis) {
	case AXIS_SECTION:
	case AXIS_TRANSPORT:
	case AXIS_PLACEMENT:
		return text[0] != '\0';
	case AXIS_MODE:
		return case_mode_from(text) >= 0;
	case AXIS_MEMORY:
		return memory_place_from(text) >= 0;
	case AXIS_WAIT:
		return wait_mode_from(text) >= 0;
	case AXIS_SPIN:
		return spin_from(text, &spin_us) == 0;
	case AXIS_HUGE:
		return huge_pages_from(text) >= 0;
	case AXIS_ACCESS:
		return access_mode_from(text) >= 0;
	case AXIS_VERIFY:
		return verify_mode_from(text) >= 0;
	case AXIS_ARRIVAL:
		return arrival_from(text) >= 0;
	case AXIS_KILL_AT:
		return kill_at_from(text) >= 0;
	default:
		return number_from(text, &ignored) &&
		       (axis == AXIS_RATE || !(ignored & RATE_SHARE));
	}
}

bool axis_matches(
	const struct bench_case *bench, enum axis axis, const char *text)
{
	const char *word = word_on(bench, axis);
	uint64_t number;
	uint32_t spin_us;

	if (word)
		return strcmp(word, text) == 0;
	if (axis == AXIS_SPIN)
		return !spin_from(text, &spin_us) && spin_us == bench->spin_us;
	return number_from(text, &number) && number == number_on(bench, axis);
}

static bool axis_equal(
	const struct bench_case *a, const struct bench_case *b, enum axis axis)
{
	const char *word = word_on(a, axis);

	if (word)
		return strcmp(word, word_on(b, axis)) == 0;
	return number_on(a, axis) == number_on(b, axis);
}

bool axes_equal(
	const struct bench_case *a, const struct bench_case *b, unsigned mask)
{
	for (int i = 0; i < AXIS_COUNT; i++) {
		if ((mask & AXIS_BIT(i)) && !axis_equal(a, b, i))
			return false;
	}
	return true;
}

unsigned axes_usual(const struct bench_case *bench, unsigned mask)
{
	unsigned usual = 0;

	if (bench->capacity_bytes == 0)
		usual |= AXIS_BIT(AXIS_CAPACITY);
	if (bench->access == ACCESS_COPY)
		usual |= AXIS_BIT(AXIS_ACCESS);
	if (bench->memory == MEMORY_ANY)
		usual |= AXIS_BIT(AXIS_MEMORY);
	if (bench->spin_us == SPIN_AUTO)
		usual |= AXIS_BIT(AXIS_SPIN);
	if (bench->huge == HUGE_PAGES_NO)
		usual |= AXIS_BIT(AXIS_HUGE);
	return usual & mask;
}

static const char *killed_text(const struct bench_case *bench)
{
	switch (bench->kill_at) {
	case KILL_AT_HOLDER:
		return "lock holders killed";
	case KILL_AT_RANDOM:
		return "at random killed";
	case KILL_AT_INSTRUCTION:
		return "killed at every instruction";
	case KILL_AT_PAIR:
		return "killed at every pair of instructions";
	case KILL_AT_STOP:
		return "stopped at every instruction";
	case KILL_AT_SYSCALL:
		return "every system call made to fail";
	case KILL_AT_SLEEPER:
		return "killed at every instruction beside a sleeper";
	}
	return "";
}

static void append_axis(const struct bench_case *bench, enum axis axis,
	char *buffer, size_t buffer_bytes)
{
	uint64_t number = number_on(bench, axis);
	const char *plural = number == 1 ? "" : "s";
	char size[HUMAN_BYTES], spin[SPIN_TEXT_BYTES];

	switch (axis) {
	case AXIS_MSG_SIZE:
		text_join(buffer, buffer_bytes, "%s", human_size(number, size));
		break;
	case AXIS_BATCH:
		text_join(buffer, buffer_bytes, "batch %u", bench->batch);
		break;
	case AXIS_PRODUCERS:
		text_join(buffer, buffer_bytes, "%u producer%s",
			bench->producers, plural);
		break;
	case AXIS_CONSUMERS:
		text_join(buffer, buffer_bytes, "%u consumer%s",
			bench->consumers, plural);
		break;
	case AXIS_CAPACITY:
		if (number == 0)
			text_join(buffer, buffer_bytes, "default buffer");
		else
			text_join(buffer, buffer_bytes, "buffer %s",
				human_size(number, size));
		break;
	case AXIS_RATE:
		if (number & RATE_SHARE)
			text_join(buffer, buffer_bytes, "%u %% load",
				(unsigned)(number & ~RATE_SHARE));
		else
			text_join(buffer, buffer_bytes, "%s offered",
				human_rate((double)number, size));
		break;
	case AXIS_KILL_AT:
		text_join(buffer, buffer_bytes, "%s", killed_text(bench));
		break;
	case AXIS_HOLDER_MEMORY:
		text_join(buffer, buffer_bytes, "holder of %s",
			human_size(number, size));
		break;
	case AXIS_VERIFY:
		text_join(buffer, buffer_bytes, "verify %s",
			word_on(bench, axis));
		break;
	case AXIS_MEMORY:
		text_join(buffer, buffer_bytes, "memory %s",
			word_on(bench, axis));
		break;
	case AXIS_SPIN:
		text_join(buffer, buffer_bytes, "spin %s",
			spin_text(bench->spin_us, spin));
		break;
	case AXIS_HUGE:
		text_join(
			buffer, buffer_bytes, "huge %s", word_on(bench, axis));
		break;
	case AXIS_ACCESS:
		text_join(buffer, buffer_bytes, "access %s",
			word_on(bench, axis));
		break;
	case AXIS_PLACEMENT:
		text_join(buffer, buffer_bytes, "%s%s",
			strchr(bench->placement, '/') ? "CPUs " : "",
			bench->placement);
		break;
	default:
		text_join(buffer, buffer_bytes, "%s", word_on(bench, axis));
	}
}

char *axes_text(const struct bench_case *bench, unsigned mask, char *buffer,
	size_t buffer_bytes)
{
	buffer[0] = '\0';
	if (bench->mode != MODE_OPEN)
		mask &= ~(AXIS_BIT(AXIS_RATE) | AXIS_BIT(AXIS_ARRIVAL));
	if (bench->mode != MODE_CRASH)
		mask &= ~AXIS_BIT(AXIS_KILL_AT);
	if (bench->mode != MODE_CRASH || !bench->holder_memory_bytes)
		mask &= ~AXIS_BIT(AXIS_HOLDER_MEMORY);
	/* What goes from step to step has its own sizes and processes. */
	if (bench->mode == MODE_CRASH && kill_at_is_step(bench->kill_at))
		mask &= AXIS_BIT(AXIS_SECTION) | AXIS_BIT(AXIS_MODE) |
			AXIS_BIT(AXIS_TRANSPORT) | AXIS_BIT(AXIS_KILL_AT);
	for (int i = 0; i < AXIS_COUNT; i++) {
		if (mask & AXIS_BIT(i))
			append_axis(bench, i, buffer, buffer_bytes);
	}
	return buffer;
}
