/* own.h - what a scenario asks of ring and queue, in the words of
 * mmapipc's options, and whether this system can give it.
 */
#ifndef IPCMARK_TRANSPORT_OWN_H
#define IPCMARK_TRANSPORT_OWN_H

#include <mmapipc/mmapipc.h>

#include "transport/transport.h"

/* own_options - for whoever creates, and for each worker that opens. */
struct mipc_options own_options(const struct channel_config *config);

enum { OWN_MADE_BYTES = 128 };

/* own_made_name - what somebody makes beside the channel @name, for `ipcmark crash`
 * to kill him at it. Returns 0; -ENAMETOOLONG. */
int own_made_name(const char *name, char made[OWN_MADE_BYTES]);

/* own_can_run - is there memory of that kind for such a channel, now?
 * Returns 0, or -ENOTSUP with @reason. */
int own_can_run(
	const struct channel_config *config, char *reason, size_t reason_bytes);

/* own_describe - as transport.h's describe(). @fd: where the channel has no name. */
void own_describe(
	const char *name, bool has_name, int fd, char *text, size_t text_bytes);

/* own_huge_bytes - what is granted of a wish for huge pages.
 * @error, @memory: as mipc_..._memory() had them. */
int64_t own_huge_bytes(int error, const struct mipc_memory *memory);

#endif
