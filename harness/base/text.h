/* text.h - phrases put together of parts. */
#ifndef IPCMARK_BASE_TEXT_H
#define IPCMARK_BASE_TEXT_H

#include <stddef.h>

/* text_join - append to @text, after ", " unless it is empty. */
void text_join(char *text, size_t text_bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
