/* line_pair.h - how far apart must be what two CPUs write? */
#ifndef IPCMARK_BASE_LINE_PAIR_H
#define IPCMARK_BASE_LINE_PAIR_H

/* An M-series line; two of x86's, where neighbours are fetched as a pair. */
enum { LINE_PAIR_BYTES = 128 };

#endif
