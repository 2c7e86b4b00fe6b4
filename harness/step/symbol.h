/* symbol.h - which line of which function an address of this process is. */
#ifndef IPCMARK_STEP_SYMBOL_H
#define IPCMARK_STEP_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

/* What is not known is NULL or 0. Texts are valid until symbols_close(). */
struct symbol {
	const char
		*module; /* file name of program or library, without folders */
	const char *function; /* as the linker knows it: not what was inlined */
	uint64_t offset;      /* into that function; without one, the module */
	const char *file;     /* as the compiler was given it */
	const char *folder;   /* in which the compiler ran: @file is below */
	unsigned line;
};

/* symbols_have_lines - was it built with what knows lines? If not, symbols are
 * functions at best, and @ret_reason, which may be NULL, says why. */
bool symbols_have_lines(const char **ret_reason);

/* symbols_open - of what is mapped in this process now. Returns 0; -ENOMEM. */
int symbols_open(struct symbols **ret_symbols);
void symbols_close(struct symbols *symbols);

/* symbols_find - for thousands of addresses: what was read of a module's file is
 * kept. */
void symbols_find(
	struct symbols *symbols, uint64_t address, struct symbol *ret_symbol);

/* symbols_file - the last folder and the name of its file: enough for whoever has
 * the sources. NULL: not known. */
const char *symbols_file(const struct symbol *symbol);
const char *symbols_short_path(const char *path); /* likewise, of any */

/* symbols_name - "module: function+0x12 (file:line)", as much of it as is known;
 * cut to @size_bytes. Returns @text. */
char *symbols_name(const struct symbol *symbol, uint64_t address, char *text,
	size_t size_bytes);

#endif
