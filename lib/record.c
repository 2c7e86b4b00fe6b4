/* record.c - copying long messages.
 *
 * For what is longer than some 2 KiB, C libraries let the processor copy by
 * itself (rep movsb), which is the best way to a line that another core has: it
 * need not be fetched first. But on AMD's Zen 3 and 4 that takes 16 times as
 * long when the target lies up to 63 bytes further in its page than the source
 * does in its own: 3.5 instead of 57 GB/s. A body behind a header of 8 bytes and
 * a buffer at the start of a page are just that, so there the copy is made in
 * pieces, which are too short for it. (Measured on Zen 4; for Zen 3 see
 * lunnova.dev/articles/ryzen-slow-short-rep-mov.)
 */
#include "record.h"

enum {
	PAGE = 4096, /* of that effect, not of the system */
	SLOW_ZONE = 64,
	PIECE = 1024,
};

void record_copy_long(void *to, const void *from, size_t len)
{
	const uint8_t *source = from;
	uint8_t *target = to;
	size_t ahead = ((uintptr_t)target - (uintptr_t)source) % PAGE;

	if (ahead > 0 && ahead < SLOW_ZONE)
		for (; len > PIECE; len -= PIECE) {
			memcpy(target, source, PIECE);
			target += PIECE;
			source += PIECE;
		}
	memcpy(target, source, len);
}
