/* transport.h - ipcmark's own side of <ipcmark/transport.h>: finding a
 * transport, and asking whether it can run a case.
 */
#ifndef IPCMARK_TRANSPORT_TRANSPORT_H
#define IPCMARK_TRANSPORT_TRANSPORT_H

#include <ipcmark/transport.h>

#include "case/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* transport_find - the transport for a scenario's word.
 * "exec:COMMAND" finds exec, "plugin:FILE" what that file has (plugin.h); any
 * other word is a name.
 * Returns NULL when there is none. */
const struct transport *transport_find(const char *spec);

/* transport_table - all of them, for `ipcmark list` and the conformance suite;
 * ends with NULL. */
const struct transport *const *transport_table(void);

/* transport_config - the channel that a case needs.
 * @name: kept by reference. */
struct channel_config transport_config(
	const struct bench_case *bench, const char *name);

/* transport_can_run - capability check of a whole case, the reason in words.
 * Everything that makes a case SKIP before it runs, can_run() included.
 * Returns 0 or -ENOTSUP with @reason filled. */
int transport_can_run(const struct transport *transport,
	const struct bench_case *bench, char *reason, size_t reason_bytes);

/* transport_complete - has it every call that its capabilities promise?
 * Returns 0, or -EINVAL with @reason. */
int transport_complete(
	const struct transport *transport, char *reason, size_t reason_bytes);

#ifdef __cplusplus
}
#endif

#endif
