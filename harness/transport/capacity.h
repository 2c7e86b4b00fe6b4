/* capacity.h - how large a buffer a transport gets when the scenario leaves it
 * open.
 *
 * One rule for every transport that can choose, so that they are compared at the
 * same size: 4 MiB, and never less than four messages. Measured in the same
 * rounds against 64 KiB, 256 KiB, 1 MiB and 8 MiB on a machine with 1 MiB of L2
 * and 32 MiB of L3: the best or as good as the best from 8 B to 64 KiB; for the
 * ring 3.4 times 1 MiB at messages of 1 KiB.
 */
#ifndef IPCMARK_TRANSPORT_CAPACITY_H
#define IPCMARK_TRANSPORT_CAPACITY_H

#include <stdint.h>

#include "transport/transport.h"

static inline uint64_t capacity_choose(const struct channel_config *config)
{
	uint64_t size = config->msg_size_bytes;
	uint64_t bytes = UINT64_C(4) << 20;
	uint64_t least = 4 * (size + 64);

	if (config->capacity_bytes)
		return config->capacity_bytes;
	return bytes < least ? least : bytes;
}

#endif
