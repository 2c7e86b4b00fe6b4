/* capacity.h - how large a buffer a transport gets when the scenario leaves it
 * open.
 *
 * One rule for every transport that can choose, so that they are compared at the
 * same size: 1 MiB, which a core's own cache holds, for messages below 16 KiB; 8
 * MiB from there on, where a buffer that fits the peer's L2 makes each message
 * several times dearer; never less than four messages.
 */
#ifndef IPCMARK_CAPACITY_H
#define IPCMARK_CAPACITY_H

#include <stdint.h>

#include "transport.h"

static inline uint64_t capacity_choose(const struct channel_config *config)
{
	uint64_t size = config->msg_size_bytes;
	uint64_t bytes = size < 16384 ? UINT64_C(1) << 20 : UINT64_C(8) << 20;
	uint64_t least = 4 * (size + 64);

	if (config->capacity_bytes)
		return config->capacity_bytes;
	return bytes < least ? least : bytes;
}

#endif
