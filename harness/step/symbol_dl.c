/* symbol_dl.c - symbols where libdw was not there: what the dynamic linker knows.
 *
 * That is the functions that a library exports, and of others the nearest such
 * one before, which may be wrong; so only a module is named where the address is
 * not within the function.
 */
#include "step/symbol.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

struct symbols {
	int nothing;
};

bool symbols_have_lines(const char **ret_reason)
{
	if (ret_reason)
		*ret_reason = "built without libdw: install apt libdw-dev, "
			      "dnf elfutils-devel, and configure again";
	return false;
}

int symbols_open(struct symbols **ret_symbols)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return -ENOMEM;
	*ret_symbols = symbols;
	return 0;
}

void symbols_close(struct symbols *symbols)
{
	free(symbols);
}

void symbols_find(
	struct symbols *symbols, uint64_t address, struct symbol *ret_symbol)
{
	struct symbol symbol = {0};
	const ElfW(Sym) *entry = NULL;
	const char *slash;
	Dl_info info;

	(void)symbols;
	if (dladdr1((void *)(uintptr_t)address, &info, (void **)&entry,
		    RTLD_DL_SYMENT) != 0) {
		slash = strrchr(info.dli_fname, '/');
		symbol.module = slash ? slash + 1 : info.dli_fname;
		symbol.offset = address - (uint64_t)(uintptr_t)info.dli_fbase;
		if (info.dli_sname && entry &&
			address - (uint64_t)(uintptr_t)info.dli_saddr <
				entry->st_size) {
			symbol.function = info.dli_sname;
			symbol.offset =
				address - (uint64_t)(uintptr_t)info.dli_saddr;
		}
	}
	*ret_symbol = symbol;
}
