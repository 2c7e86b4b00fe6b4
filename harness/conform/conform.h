/* conform.h - does a transport keep the promises of <ipcmark/transport.h>?
 *
 * One suite for all of them: `make check` runs it over the whole table,
 * `ipcmark conform` over one, a plug-in for instance.
 */
#ifndef IPCMARK_CONFORM_CONFORM_H
#define IPCMARK_CONFORM_CONFORM_H

#include <stddef.h>

struct transport;

enum conform_verdict {
	CONFORM_KEPT,
	CONFORM_UNPROMISED, /* its capabilities do not claim this */
	CONFORM_SKIPPED,    /* cannot run here */
	CONFORM_BROKEN,
};

struct conform_check {
	const char *name;
	const char *promise; /* one line */
	void (*run)(const struct transport *transport);
	unsigned sides;	 /* enum conform_sides: of which transports */
	unsigned any_of; /* capabilities; 0: of all */
};

enum conform_sides {
	CONFORM_TWO_SIDED = 1 << 0,
	CONFORM_LOOPBACK = 1 << 1,
	CONFORM_EXTERNAL = 1 << 2,
};

/* conform_checks - all of them; ends with one that has no name. */
const struct conform_check *conform_checks(void);

/* conform_find - the check of that name, or NULL. */
const struct conform_check *conform_find(const char *name);

/* conform_run - make one check, in processes forked for it: what a transport
 * does in a crash or a hang is contained.
 * @spec: the scenario's word for it.
 * @words: why it is broken or was skipped; else empty. */
enum conform_verdict conform_run(const struct conform_check *check,
	const struct transport *transport, const char *spec, char *words,
	size_t words_bytes);

#endif
