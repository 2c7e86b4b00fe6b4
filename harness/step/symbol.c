/* symbol.c - a symbol as one line. Who finds it is symbol_dw.c or symbol_dl.c. */
#include "step/symbol.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *symbols_short_path(const char *path)
{
	unsigned slashes = 0;

	for (const char *at = path + strlen(path); at > path; at--)
		if (at[-1] == '/' && ++slashes == 2)
			return at;
	return path;
}

const char *symbols_file(const struct symbol *symbol)
{
	return symbol->file ? symbols_short_path(symbol->file) : NULL;
}

char *symbols_name(const struct symbol *symbol, uint64_t address, char *text,
	size_t size_bytes)
{
	const char *file = symbols_file(symbol);
	char where[64] = "";

	if (file && symbol->line)
		snprintf(where, sizeof(where), ":%u)", symbol->line);
	else if (file)
		snprintf(where, sizeof(where), ")");
	if (!symbol->module)
		snprintf(text, size_bytes, "0x%" PRIx64, address);
	else if (!symbol->function)
		snprintf(text, size_bytes, "%s+0x%" PRIx64, symbol->module,
			symbol->offset);
	else
		snprintf(text, size_bytes, "%s: %s+0x%" PRIx64 "%s%s%s",
			symbol->module, symbol->function, symbol->offset,
			file ? " (" : "", file ? file : "", where);
	return text;
}
