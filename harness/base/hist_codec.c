/* hist_codec.c - a histogram as one line of text that other tools read.
 *
 * The format is HdrHistogram's V2, big-endian throughout:
 *
 *   cookie            4  0x1c849313: V2, the 1 in 0x10 for LEB128 counts
 *   payload bytes     4
 *   index offset      4  always 0: values are never shifted
 *   digits            4  3
 *   lowest value      8  1
 *   highest value     8  60e9
 *   ratio to double   8  1.0
 *   payload              a signed number a bucket, up to the last that is not
 *                        empty, zig-zag and LEB128: n >= 0 a count, n < 0 a
 *                        run of -n empty buckets
 *
 * LEB128 here ends at 9 bytes, the ninth of which carries 8 bits. All of it is
 * deflated by zlib, put behind a second cookie (0x1c849314) and the deflated
 * length, and written as base64.
 *
 * hist_decode() trusts nothing: the text may come from any file. It takes only
 * the geometry that struct hist has. What the format does not carry, the exact
 * extremes, is set to the edges of the outermost buckets.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/hist.h"

enum {
	HEADER_BYTES = 40,
	WRAPPER_BYTES = 8,
	NUMBER_BYTES = 9, /* one LEB128 number at most */
	PLAIN_BYTES = HEADER_BYTES + HIST_COUNTS * NUMBER_BYTES,
	DIGITS = 3,
	SUB_HALF_BITS = 10,
};

#define COOKIE_PLAIN UINT32_C(0x1c849313)
#define COOKIE_DEFLATED UINT32_C(0x1c849314)
#define RATIO_ONE UINT64_C(0x3ff0000000000000) /* 1.0 as IEEE 754 */

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_be(unsigned char *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t get_be(const unsigned char *at, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static size_t put_number(unsigned char *at, int64_t number)
{
	uint64_t rest = ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0);
	size_t used = 0;

	while (rest > 0x7f && used < NUMBER_BYTES - 1) {
		at[used++] = (unsigned char)(rest | 0x80);
		rest >>= 7;
	}
	at[used++] = (unsigned char)rest;
	return used;
}

/* Returns the bytes used, 0 when the number is cut off. */
static size_t get_number(
	const unsigned char *at, size_t bytes, int64_t *ret_number)
{
	uint64_t value = 0;
	size_t used = 0;
	unsigned char byte;

	do {
		if (used == bytes)
			return 0;
		byte = at[used];
		if (used == NUMBER_BYTES - 1) {
			value |= (uint64_t)byte << (7 * used++);
			break;
		}
		value |= (uint64_t)(byte & 0x7f) << (7 * used++);
	} while (byte & 0x80);
	*ret_number = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
	return used;
}

static size_t put_plain(const struct hist *hist, unsigned char *plain)
{
	unsigned char *at = plain + HEADER_BYTES;
	int64_t empty = 0;

	for (size_t i = 0; i < HIST_COUNTS; i++) {
		if (hist->counts[i] == 0) {
			empty++;
			continue;
		}
		if (empty > 0)
			at += put_number(at, -empty);
		empty = 0;
		at += put_number(at, (int64_t)(hist->counts[i] & INT64_MAX));
	}
	put_be(plain, COOKIE_PLAIN, 4);
	put_be(plain + 4, (uint64_t)(at - plain - HEADER_BYTES), 4);
	put_be(plain + 8, 0, 4);
	put_be(plain + 12, DIGITS, 4);
	put_be(plain + 16, 1, 8);
	put_be(plain + 24, HIST_MAX_NS, 8);
	put_be(plain + 32, RATIO_ONE, 8);
	return (size_t)(at - plain);
}

static char *base64_from(const unsigned char *bytes, size_t count)
{
	char *text = malloc((count + 2) / 3 * 4 + 1);
	char *at = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < count; i += 3) {
		size_t have = count - i < 3 ? count - i : 3;
		uint32_t group = (uint32_t)bytes[i] << 16;

		if (have > 1)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (have > 2)
			group |= bytes[i + 2];
		*at++ = base64_digits[group >> 18];
		*at++ = base64_digits[group >> 12 & 63];
		*at++ = have > 1 ? base64_digits[group >> 6 & 63] : '=';
		*at++ = have > 2 ? base64_digits[group & 63] : '=';
	}
	*at = '\0';
	return text;
}

/* The value of a base64 digit, -1 for any other character. */
static int base64_value(char digit)
{
	const char *at = digit ? strchr(base64_digits, digit) : NULL;

	return at ? (int)(at - base64_digits) : -1;
}

/* Returns how many bytes were written to @bytes (3/4 of @length have room), or
 * -EBADMSG. */
static long base64_to(const char *text, size_t length, unsigned char *bytes)
{
	unsigned char *at = bytes;
	size_t padding = 0;

	if (length == 0 || length % 4 != 0)
		return -EBADMSG;
	while (padding < 2 && text[length - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < length; i += 4) {
		uint32_t group = 0;

		for (size_t j = i; j < i + 4; j++) {
			int value = base64_value(text[j]);

			if (j >= length - padding)
				value = 0;
			if (value < 0)
				return -EBADMSG;
			group = group << 6 | (uint32_t)value;
		}
		*at++ = (unsigned char)(group >> 16);
		*at++ = (unsigned char)(group >> 8);
		*at++ = (unsigned char)group;
	}
	return (long)(at - bytes) - (long)padding;
}

int hist_encode(const struct hist *hist, char **ret_text)
{
	unsigned char *plain = malloc(PLAIN_BYTES);
	unsigned char *packed = NULL;
	uLongf packed_bytes;
	size_t plain_bytes;
	char *text = NULL;
	int err = -ENOMEM;

	if (!plain)
		goto out;
	plain_bytes = put_plain(hist, plain);
	packed_bytes = compressBound(plain_bytes);
	packed = malloc(WRAPPER_BYTES + packed_bytes);
	if (!packed)
		goto out;
	if (compress2(packed + WRAPPER_BYTES, &packed_bytes, plain, plain_bytes,
		    Z_BEST_COMPRESSION) != Z_OK)
		goto out;
	put_be(packed, COOKIE_DEFLATED, 4);
	put_be(packed + 4, packed_bytes, 4);
	text = base64_from(packed, WRAPPER_BYTES + packed_bytes);
	if (!text)
		goto out;
	*ret_text = text;
	err = 0;
out:
	free(packed);
	free(plain);
	return err;
}

static bool header_valid(const unsigned char *plain, size_t bytes)
{
	return bytes >= HEADER_BYTES && get_be(plain, 4) == COOKIE_PLAIN &&
	       get_be(plain + 4, 4) == bytes - HEADER_BYTES &&
	       get_be(plain + 8, 4) == 0 && get_be(plain + 12, 4) == DIGITS &&
	       get_be(plain + 16, 8) == 1 &&
	       get_be(plain + 24, 8) == HIST_MAX_NS &&
	       get_be(plain + 32, 8) == RATIO_ONE;
}

/* Take @count values at @index into @hist. The widest bucket that hist_record()
 * fills is that of HIST_MAX_NS; beyond it no text of ours has counts. */
static int take_count(struct hist *hist, size_t index, uint64_t count)
{
	size_t bucket = index >> SUB_HALF_BITS;
	uint64_t sub = index & ((1 << SUB_HALF_BITS) - 1);
	uint64_t low = sub, width = 1;

	if (bucket > 0) {
		width = UINT64_C(1) << (bucket - 1);
		low = (sub + (1 << SUB_HALF_BITS)) * width;
	}
	if (low > HIST_MAX_NS || hist->total + count < count)
		return -EBADMSG;
	hist->counts[index] = count;
	hist->total += count;
	if (hist->min_ns == UINT64_MAX)
		hist->min_ns = low;
	hist->max_ns = low + width - 1;
	if (hist->max_ns > HIST_MAX_NS)
		hist->max_ns = HIST_MAX_NS;
	return 0;
}

static int counts_from(struct hist *hist, const unsigned char *at, size_t bytes)
{
	size_t index = 0;

	hist_init(hist);
	while (bytes > 0) {
		int64_t number;
		size_t used = get_number(at, bytes, &number);

		if (used == 0 || index >= HIST_COUNTS)
			return -EBADMSG;
		at += used;
		bytes -= used;
		if (number < 0) {
			if (number < -(int64_t)(HIST_COUNTS - index))
				return -EBADMSG;
			index += (size_t)-number;
			continue;
		}
		if (number > 0 && take_count(hist, index, (uint64_t)number))
			return -EBADMSG;
		index++;
	}
	return 0;
}

static int inflate_into(struct hist *hist, unsigned char *plain,
	const unsigned char *packed, long packed_bytes)
{
	uLongf plain_bytes = PLAIN_BYTES;
	uLong deflated;

	if (packed_bytes < WRAPPER_BYTES ||
		get_be(packed, 4) != COOKIE_DEFLATED)
		return -EBADMSG;
	deflated = (uLong)packed_bytes - WRAPPER_BYTES;
	if (get_be(packed + 4, 4) != deflated)
		return -EBADMSG;
	if (uncompress(plain, &plain_bytes, packed + WRAPPER_BYTES, deflated) !=
		Z_OK)
		return -EBADMSG;
	if (!header_valid(plain, plain_bytes))
		return -EBADMSG;
	return counts_from(
		hist, plain + HEADER_BYTES, plain_bytes - HEADER_BYTES);
}

int hist_decode(const char *text, struct hist *ret_hist)
{
	size_t length = strlen(text);
	unsigned char *packed = malloc(length / 4 * 3 + 3);
	unsigned char *plain = malloc(PLAIN_BYTES);
	struct hist *hist = malloc(sizeof(*hist));
	int err = -ENOMEM;

	if (packed && plain && hist)
		err = inflate_into(
			hist, plain, packed, base64_to(text, length, packed));
	if (err == 0)
		*ret_hist = *hist;
	free(hist);
	free(plain);
	free(packed);
	return err;
}
