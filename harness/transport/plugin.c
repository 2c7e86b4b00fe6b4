/* plugin.c - transports from shared objects outside this tree.
 *
 * A plug-in is trusted as a program that one starts is: it runs in this
 * process. What is checked is what goes wrong by accident. One that was built
 * against another version of the header is known by the first words of its
 * descriptor, before anything else of it is believed; one that lacks a call it
 * promises, or a symbol, is refused here instead of in the middle of a run:
 * RTLD_NOW binds all of its symbols at once.
 *
 * RTLD_LOCAL: two plug-ins may have functions of the same name, and none of
 * theirs takes the place of one of ours. They are never unloaded, because
 * results name their transports until the end.
 */
#include "transport/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport/transport.h"

#define PLUGIN_PREFIX "plugin:"
#define PLUGIN_SYMBOL "ipcmark_plugin"

enum {
	PATH_BYTES = CASE_SPEC_BYTES + 2, /* "./" before it */
};

struct plugin {
	struct plugin *next;
	const struct transport *transport;
	char spec[CASE_SPEC_BYTES];
};

static struct plugin *loaded;

bool plugin_named(const char *spec)
{
	return strncmp(spec, PLUGIN_PREFIX, strlen(PLUGIN_PREFIX)) == 0;
}

/* What @object exports, once it has been found to fit. */
static const struct transport *plugin_transport(
	void *object, char *reason, size_t reason_bytes)
{
	const struct ipcmark_plugin *plugin = dlsym(object, PLUGIN_SYMBOL);
	char why[CASE_REASON_BYTES];

	if (!plugin) {
		snprintf(reason, reason_bytes,
			"it exports no '" PLUGIN_SYMBOL
			"'; end its source with IPCMARK_PLUGIN(...)");
	} else if (plugin->version != IPCMARK_TRANSPORT_VERSION) {
		snprintf(reason, reason_bytes,
			"it was built for version %u of <ipcmark/transport.h>, "
			"this ipcmark has version %u; build it anew",
			(unsigned)plugin->version, IPCMARK_TRANSPORT_VERSION);
	} else if (plugin->transport_bytes != sizeof(struct transport)) {
		snprintf(reason, reason_bytes,
			"its struct transport has %u bytes, not %zu; build it "
			"anew for this machine",
			(unsigned)plugin->transport_bytes,
			sizeof(struct transport));
	} else if (!plugin->transport) {
		snprintf(reason, reason_bytes, "its descriptor is empty");
	} else if (plugin->transport->caps & CAP_EXTERNAL) {
		snprintf(reason, reason_bytes,
			"a plug-in cannot run workers of its own "
			"(CAP_EXTERNAL); exec:COMMAND can");
	} else if (transport_complete(plugin->transport, why, sizeof(why))) {
		snprintf(reason, reason_bytes, "%s", why);
	} else {
		return plugin->transport;
	}
	return NULL;
}

static const struct transport *plugin_load(
	const char *file, char *reason, size_t reason_bytes)
{
	const struct transport *transport;
	char path[PATH_BYTES];
	const char *why;
	void *object;

	/* without a slash the loader would look along its own paths */
	snprintf(path, sizeof(path), "%s%s", strchr(file, '/') ? "" : "./",
		file);
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!object) {
		why = dlerror();
		snprintf(reason, reason_bytes, "%s",
			why ? why : "cannot be loaded");
		return NULL;
	}
	transport = plugin_transport(object, reason, reason_bytes);
	if (!transport)
		dlclose(object);
	return transport;
}

const struct transport *plugin_find(
	const char *spec, char *reason, size_t reason_bytes)
{
	const char *file = spec + strlen(PLUGIN_PREFIX);
	struct plugin *plugin;
	char unread[CASE_REASON_BYTES];

	if (!reason) {
		reason = unread;
		reason_bytes = sizeof(unread);
	}
	for (plugin = loaded; plugin; plugin = plugin->next)
		if (strcmp(plugin->spec, spec) == 0)
			return plugin->transport;
	if (!*file || strlen(spec) >= CASE_SPEC_BYTES) {
		snprintf(reason, reason_bytes, "%s",
			*file ? "its name is too long"
			      : "it needs a file: plugin:./mine.so");
		return NULL;
	}
	plugin = calloc(1, sizeof(*plugin));
	if (!plugin) {
		snprintf(reason, reason_bytes, "no memory");
		return NULL;
	}
	plugin->transport = plugin_load(file, reason, reason_bytes);
	if (!plugin->transport) {
		free(plugin);
		return NULL;
	}
	snprintf(plugin->spec, sizeof(plugin->spec), "%s", spec);
	plugin->next = loaded;
	loaded = plugin;
	return plugin->transport;
}
