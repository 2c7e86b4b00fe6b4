/* text.c - phrases put together of parts. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_join(char *text, size_t text_bytes, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	if (used > 0 && used + 2 < text_bytes) {
		memcpy(text + used, ", ", 3);
		used += 2;
	}
	va_start(args, format);
	vsnprintf(text + used, text_bytes - used, format, args);
	va_end(args);
}
