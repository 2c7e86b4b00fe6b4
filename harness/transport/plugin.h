/* plugin.h - transports from shared objects outside this tree.
 *
 * "plugin:FILE" in a scenario; <ipcmark/transport.h> says how one is made.
 */
#ifndef IPCMARK_TRANSPORT_PLUGIN_H
#define IPCMARK_TRANSPORT_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>

struct transport;

/* plugin_named - is @spec a "plugin:" word, with or without a file? */
bool plugin_named(const char *spec);

/* plugin_find - the transport of "plugin:FILE", loaded once and then kept for
 * the life of the process. A FILE without a slash is in the working directory.
 * @reason: what is wrong with it, in one sentence; may be NULL.
 * Returns NULL when there is none. Not for more than one thread. */
const struct transport *plugin_find(
	const char *spec, char *reason, size_t reason_bytes);

#endif
