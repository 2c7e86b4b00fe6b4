/* key.h - the keys of a scenario, as a table; for scenario.c. */
#ifndef IPCMARK_SCENARIO_KEY_H
#define IPCMARK_SCENARIO_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "scenario/value.h"

struct scenario_section;

enum key_type {
	KEY_STRUCTURE, /* says how sections hang together; scenario.c reads it */
	KEY_TRANSPORT,
	KEY_PLACEMENT,
	KEY_SIZE,    /* bytes, uint64_t */
	KEY_COUNT,   /* unsigned */
	KEY_TIME,    /* nanoseconds, uint64_t */
	KEY_WAIT,    /* enum wait_mode */
	KEY_SPIN,    /* uint32_t, see SPIN_AUTO */
	KEY_HUGE,    /* enum huge_pages */
	KEY_ACCESS,  /* enum access_mode */
	KEY_MEMORY,  /* enum memory_place */
	KEY_VERIFY,  /* enum verify_mode */
	KEY_VICTIMS, /* bool[2], by enum victim */
	KEY_FAULTS,  /* bool[2], by enum fault_kind */
	KEY_KILL_AT, /* enum kill_at */
	KEY_RATE,    /* uint64_t, see RATE_SHARE */
	KEY_ARRIVAL, /* enum arrival */
	KEY_LATE,    /* enum late_mode */
	KEY_BURST,   /* struct burst */
	KEY_MIX,     /* struct size_mix */
	KEY_PERCENT, /* unsigned */
};

enum key_scope {
	SCOPE_ALL,
	SCOPE_GLOBAL,	/* only in [global] */
	SCOPE_SECTION,	/* not in [global] */
	SCOPE_CRASH,	/* means something in crash sections only ... */
	SCOPE_CRASH_IS, /* ... and makes a section one */
	SCOPE_OPEN,	/* means something in open sections only ... */
	SCOPE_OPEN_IS,	/* ... and makes a section one */
	SCOPE_ROUNDS,	/* means nothing in crash sections */
};

enum { KEY_NONE = -1 };

struct scenario_key {
	const char *name;
	enum key_type type;
	enum key_scope scope;
	struct value_range range;
	const char *fallback; /* value when nobody gives one */
	const char
		*crash_fallback;   /* the same in a crash section; NULL: same */
	const char *wide_fallback; /* the same for scenario_load_wide() */
	int at;			   /* offset in struct scenario_section */
	int count_at;		   /* of an axis, KEY_NONE for a scalar */
	const char *help;	   /* one line */
};

/* scenario_keys - the whole table, ends with a name of NULL. */
const struct scenario_key *scenario_keys(void);

/* scenario_key_find - NULL when there is none. */
const struct scenario_key *scenario_key_find(const char *name);

/* scenario_key_unknown - say that there is no key @name, and which was meant. */
void scenario_key_unknown(const struct value_place *place, const char *name);

/* scenario_key_apply - parse @text and keep it in @section.
 * Not for KEY_STRUCTURE. An axis replaces what was there before.
 * Returns 0; -EINVAL after saying what is wrong; -ENOMEM. */
int scenario_key_apply(const struct scenario_key *key,
	const struct value_place *place, const char *text,
	struct scenario_section *section);

/* scenario_key_word - look a single @text up in a table of names by @from,
 * and say which was meant when it is none of @words (ends with NULL).
 * Returns its value or -EINVAL. */
int scenario_key_word(const struct value_place *place, const char *text,
	int (*from)(const char *word), const char *const *words);

/* scenario_keys_print - every key with its default and what it means. */
void scenario_keys_print(FILE *out);

#endif
