/* case.c - the names of the words that case.h defines.
 *
 * One table an enum, in the enum's order; both directions read the same
 * table, so a word that can be printed can always be read back.
 */
#include "case/case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A machine that others use takes the CPU away for tens of milliseconds. */
#define PATIENCE_MIN_NS UINT64_C(500000000)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const mode_names[] = {
	[MODE_THROUGHPUT] = "throughput",
	[MODE_ROUNDTRIP] = "roundtrip",
	[MODE_CRASH] = "crash",
	[MODE_OPEN] = "open",
};

static const char *const arrival_names[] = {
	[ARRIVAL_FIXED] = "fixed",
	[ARRIVAL_POISSON] = "poisson",
};

static const char *const late_names[] = {
	[LATE_SEND] = "send",
	[LATE_DROP] = "drop",
};

static const char *const wait_names[] = {
	[WAIT_SPIN] = "spin",
	[WAIT_BLOCK] = "block",
};

static const char *const verify_names[] = {
	[VERIFY_FULL] = "full",
	[VERIFY_HEADER] = "header",
	[VERIFY_SUM] = "sum",
};

static const char *const access_names[] = {
	[ACCESS_COPY] = "copy",
	[ACCESS_VIEW] = "view",
	[ACCESS_LEASE] = "lease",
};

static const char *const memory_names[] = {
	[MEMORY_ANY] = "any",
	[MEMORY_PRODUCER] = "producer",
	[MEMORY_CONSUMER] = "consumer",
	[MEMORY_INTERLEAVE] = "interleave",
};

static const char *const huge_names[] = {
	[HUGE_PAGES_NO] = "no",
	[HUGE_PAGES_HINT] = "hint",
	[HUGE_PAGES_RESERVED] = "reserved",
};

static const char *const victim_names[] = {
	[VICTIM_PRODUCER] = "producer",
	[VICTIM_CONSUMER] = "consumer",
};

static const char *const kill_at_names[] = {
	[KILL_AT_HOLDER] = "lock-holder",
	[KILL_AT_RANDOM] = "random",
	[KILL_AT_INSTRUCTION] = "every-instruction",
	[KILL_AT_PAIR] = "every-pair",
	[KILL_AT_STOP] = "every-stop",
	[KILL_AT_SYSCALL] = "every-syscall",
	[KILL_AT_SLEEPER] = "with-sleeper",
};

static const char *const fault_names[] = {
	[FAULT_KILL] = "kill",
	[FAULT_STOP] = "stop",
};

static const char *const status_names[] = {
	[STATUS_OK] = "ok",
	[STATUS_SKIP] = "skip",
	[STATUS_VIOLATED] = "violated",
	[STATUS_FAILED] = "failed",
	[STATUS_UNREACHED] = "unreached",
};

static const char *name_of(
	const char *const *names, size_t count, unsigned value)
{
	return value < count ? names[value] : "?";
}

static int value_of(const char *const *names, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], word) == 0)
			return (int)i;
	return -1;
}

const char *case_mode_name(enum case_mode mode)
{
	return name_of(mode_names, COUNT(mode_names), mode);
}

const char *wait_mode_name(enum wait_mode wait)
{
	return name_of(wait_names, COUNT(wait_names), wait);
}

const char *verify_mode_name(enum verify_mode verify)
{
	return name_of(verify_names, COUNT(verify_names), verify);
}

const char *access_mode_name(enum access_mode access)
{
	return name_of(access_names, COUNT(access_names), access);
}

const char *arrival_name(enum arrival arrival)
{
	return name_of(arrival_names, COUNT(arrival_names), arrival);
}

const char *memory_place_name(enum memory_place memory)
{
	return name_of(memory_names, COUNT(memory_names), memory);
}

const char *late_mode_name(enum late_mode late)
{
	return name_of(late_names, COUNT(late_names), late);
}

const char *huge_pages_name(enum huge_pages huge)
{
	return name_of(huge_names, COUNT(huge_names), huge);
}

const char *victim_name(enum victim victim)
{
	return name_of(victim_names, COUNT(victim_names), victim);
}

const char *kill_at_name(enum kill_at kill_at)
{
	return name_of(kill_at_names, COUNT(kill_at_names), kill_at);
}

const char *fault_kind_name(enum fault_kind fault)
{
	return name_of(fault_names, COUNT(fault_names), fault);
}

const char *case_status_name(enum case_status status)
{
	return name_of(status_names, COUNT(status_names), status);
}

int case_mode_from(const char *word)
{
	return value_of(mode_names, COUNT(mode_names), word);
}

int wait_mode_from(const char *word)
{
	return value_of(wait_names, COUNT(wait_names), word);
}

int verify_mode_from(const char *word)
{
	return value_of(verify_names, COUNT(verify_names), word);
}

int access_mode_from(const char *word)
{
	return value_of(access_names, COUNT(access_names), word);
}

int arrival_from(const char *word)
{
	return value_of(arrival_names, COUNT(arrival_names), word);
}

int memory_place_from(const char *word)
{
	return value_of(memory_names, COUNT(memory_names), word);
}

int late_mode_from(const char *word)
{
	return value_of(late_names, COUNT(late_names), word);
}

int huge_pages_from(const char *word)
{
	return value_of(huge_names, COUNT(huge_names), word);
}

int victim_from(const char *word)
{
	return value_of(victim_names, COUNT(victim_names), word);
}

int kill_at_from(const char *word)
{
	return value_of(kill_at_names, COUNT(kill_at_names), word);
}

int fault_kind_from(const char *word)
{
	return value_of(fault_names, COUNT(fault_names), word);
}

int case_status_from(const char *word)
{
	return value_of(status_names, COUNT(status_names), word);
}

static const struct {
	const char *word;
	uint32_t spin_us;
} spin_words[] = {
	{"auto", SPIN_AUTO},
	{"off", SPIN_OFF},
	{"always", SPIN_ALWAYS},
};

const char *spin_text(uint32_t spin_us, char text[SPIN_TEXT_BYTES])
{
	snprintf(text, SPIN_TEXT_BYTES, "%" PRIu32 "us", spin_us);
	for (size_t i = 0; i < COUNT(spin_words); i++)
		if (spin_words[i].spin_us == spin_us)
			snprintf(text, SPIN_TEXT_BYTES, "%s",
				spin_words[i].word);
	return text;
}

int spin_from(const char *word, uint32_t *ret_spin_us)
{
	static const struct {
		const char *unit;
		uint32_t us;
	} units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}};
	unsigned long long count;
	char *end;

	for (size_t i = 0; i < COUNT(spin_words); i++)
		if (strcmp(spin_words[i].word, word) == 0) {
			*ret_spin_us = spin_words[i].spin_us;
			return 0;
		}
	if (word[0] < '0' || word[0] > '9')
		return -EINVAL;
	count = strtoull(word, &end, 10);
	for (size_t i = 0; i < COUNT(units); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		/* 0 is a word of its own: off */
		if (count == 0 || count > SPIN_MAX_US / units[i].us)
			return -EINVAL;
		*ret_spin_us = (uint32_t)count * units[i].us;
		return 0;
	}
	return -EINVAL;
}

uint64_t case_patience_ns(const struct bench_case *bench)
{
	uint64_t patience_ns = 2 * bench->recover_within_ns;

	return patience_ns < PATIENCE_MIN_NS ? PATIENCE_MIN_NS : patience_ns;
}
