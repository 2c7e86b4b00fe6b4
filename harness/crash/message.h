/* message.h - messages that say which one they are, and whether all of them is
 * there.
 *
 * The number, then bytes that follow from it: a message made of parts of two is
 * seen, whatever the parts.
 */
#ifndef IPCMARK_CRASH_MESSAGE_H
#define IPCMARK_CRASH_MESSAGE_H

#include <string.h>

#include "base/rng.h"
#include "crash/ledger.h"

enum {
	MESSAGE_MIN_BYTES = 8,
	MESSAGE_MAX_BYTES = 512,
};

/* message_fill - message @number, @len bytes of it. */
static inline void message_fill(
	unsigned char *body, size_t len, uint64_t number)
{
	uint64_t word = number;

	for (size_t at = 0; at < len; at += sizeof(word)) {
		memcpy(body + at, &word,
			len - at < sizeof(word) ? len - at : sizeof(word));
		word = rng_mix(number + at + 1);
	}
}

/* message_read - which one is it? @want_len: what it should be long. */
static inline struct ledger_message message_read(
	const void *body, size_t len, size_t want_len)
{
	unsigned char wanted[MESSAGE_MAX_BYTES];
	struct ledger_message message = {0};

	if (len < sizeof(message.number) || !body)
		return message;
	memcpy(&message.number, body, sizeof(message.number));
	message_fill(wanted, want_len, message.number);
	message.whole = len == want_len && !memcmp(body, wanted, len);
	return message;
}

#endif
