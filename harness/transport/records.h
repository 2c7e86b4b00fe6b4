/* records.h - messages as records in a ring of bytes, for the transports that are
 * what people write by hand.
 *
 * A record is a length and the body, aligned to 8 and split at the end of the area.
 * Where records begin and end, and who may touch them, is the transport's affair:
 * two indices, free-running, of which it makes what it likes. What stands in the
 * area another process wrote, so a length is believed only within the bounds.
 */
#ifndef IPCMARK_TRANSPORT_RECORDS_H
#define IPCMARK_TRANSPORT_RECORDS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "transport/capacity.h"

enum {
	RECORD_ALIGN = 8,
	RECORDS_MIN = 4,
};

#define RECORDS_MAX_BYTES (UINT64_C(1) << 32)

struct records {
	unsigned char *bytes;
	uint64_t capacity; /* of bytes[]; a power of two */
	size_t max_len;	   /* of a message */
};

/* record_bytes - what a message of @len bytes takes. */
static inline uint64_t record_bytes(uint64_t len)
{
	return sizeof(uint64_t) +
	       (len + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

/* records_plan - how large an area @config asks for; bytes is the caller's to fill
 * in. Returns 0; -EMSGSIZE; -ENOMEM for more than there may be. */
static inline int records_plan(
	const struct channel_config *config, struct records *ret_records)
{
	uint64_t want = capacity_choose(config);
	uint64_t capacity = 64;
	uint64_t least;

	if (config->msg_size_bytes > RECORDS_MAX_BYTES / RECORDS_MIN / 2)
		return -EMSGSIZE;
	least = RECORDS_MIN * record_bytes(config->msg_size_bytes);
	if (want < least)
		want = least;
	if (want > RECORDS_MAX_BYTES)
		return -ENOMEM;
	while (capacity < want)
		capacity *= 2;
	*ret_records = (struct records){
		.capacity = capacity, .max_len = config->msg_size_bytes};
	return 0;
}

static inline void records_copy_in(const struct records *records, uint64_t at,
	const void *from, size_t len)
{
	uint64_t offset = at & (records->capacity - 1);
	size_t first = records->capacity - offset;

	if (first > len)
		first = len;
	if (first)
		memcpy(records->bytes + offset, from, first);
	if (len > first)
		memcpy(records->bytes, (const char *)from + first, len - first);
}

static inline void records_copy_out(
	const struct records *records, uint64_t at, void *into, size_t len)
{
	uint64_t offset = at & (records->capacity - 1);
	size_t first = records->capacity - offset;

	if (first > len)
		first = len;
	if (first)
		memcpy(into, records->bytes + offset, first);
	if (len > first)
		memcpy((char *)into + first, records->bytes, len - first);
}

/* record_put - @message at @at, where there must be room for it. */
static inline void record_put(const struct records *records, uint64_t at,
	const struct outbound *message)
{
	uint64_t len = message->len;

	records_copy_in(records, at, &len, sizeof(len));
	records_copy_in(records, at + sizeof(len), message->data, message->len);
}

/* record_get - the record at @at into @message's room.
 * Returns 0; -EBADMSG; -EMSGSIZE. */
static inline int record_get(
	const struct records *records, uint64_t at, struct inbound *message)
{
	uint64_t len;

	records_copy_out(records, at, &len, sizeof(len));
	if (len > records->max_len)
		return -EBADMSG;
	if (len > message->room_bytes)
		return -EMSGSIZE;
	records_copy_out(records, at + sizeof(len), message->room, len);
	message->data = message->room;
	message->len = len;
	return 0;
}

/* records_check - is what stands from @head to @tail a row of whole records?
 * Returns 0; -EBADMSG. */
static inline int records_check(
	const struct records *records, uint64_t head, uint64_t tail)
{
	if (tail - head > records->capacity)
		return -EBADMSG;
	while (head != tail) {
		uint64_t len;

		records_copy_out(records, head, &len, sizeof(len));
		if (len > records->max_len || record_bytes(len) > tail - head)
			return -EBADMSG;
		head += record_bytes(len);
	}
	return 0;
}

#endif
