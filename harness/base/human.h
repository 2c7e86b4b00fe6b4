/* human.h - figures as a person reads them: three digits and a unit.
 *
 * One set of words for table, comparison and figures. Every function writes to
 * @buffer, always terminates it, and returns it. NaN becomes "-".
 */
#ifndef IPCMARK_BASE_HUMAN_H
#define IPCMARK_BASE_HUMAN_H

#include <stddef.h>
#include <stdint.h>

enum { HUMAN_BYTES = 32 }; /* room for any of them */

/* 8 B, 64 KiB, 1.5 MiB: powers of 1024, for sizes */
char *human_size(uint64_t bytes, char buffer[HUMAN_BYTES]);

/* 12.3 M/s, 48.0 k/s, 950 /s: powers of 1000, for rates of messages */
char *human_rate(double per_s, char buffer[HUMAN_BYTES]);

/* 4.52 G, 12.3 M, 950: powers of 1000, for numbers of messages */
char *human_count(uint64_t count, char buffer[HUMAN_BYTES]);

/* 1.23 GB/s: powers of 1000, for rates of bytes */
char *human_byte_rate(double bytes_per_s, char buffer[HUMAN_BYTES]);

/* 87 ns, 1.23 us, 45.6 ms, 2.00 s */
char *human_time(double ns, char buffer[HUMAN_BYTES]);

/* 1.32x, 0.0123x, 215x */
char *human_ratio(double ratio, char buffer[HUMAN_BYTES]);

#endif
