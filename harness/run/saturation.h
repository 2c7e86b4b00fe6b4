/* saturation.h - how much an open case is offered, messages a second. */
#ifndef IPCMARK_RUN_SATURATION_H
#define IPCMARK_RUN_SATURATION_H

#include <stddef.h>
#include <stdint.h>

struct outcome;
struct plan;
struct transport;

/* saturation_settle - fill in ->offered_per_s of @outcomes[@index], and for a
 * share of the saturation that as well: as another case has found it that
 * differs in its arrivals only, or by measuring it now, open loop and all.
 * @name: unique; @reason: when a slice failed.
 * Returns 0 or -errno. */
int saturation_settle(const struct plan *plan, size_t index,
	const struct transport *transport, uint64_t seed, const char *name,
	struct outcome *outcomes, char *reason, size_t reason_bytes);

#endif
