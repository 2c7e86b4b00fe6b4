/* symbol_dw.c - symbols and lines by libdw of elfutils.
 *
 * It reads what is mapped from /proc/self/maps once, and of each module the
 * symbols and the lines when the first address of it is asked for; both it keeps,
 * sorted. Debug information beside the module (by its build ID, or its link) is
 * found where the system has it installed, or where the user's DEBUGINFOD_URLS
 * says; that may take its time, and was asked for.
 */
#include "step/symbol.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct symbols {
	Dwfl *dwfl;
	Dwfl_Callbacks callbacks;
	char *debug_path; /* libdw's default */
};

bool symbols_have_lines(const char **ret_reason)
{
	(void)ret_reason;
	return true;
}

int symbols_open(struct symbols **ret_symbols)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return -ENOMEM;
	symbols->callbacks = (Dwfl_Callbacks){
		.find_elf = dwfl_linux_proc_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.debuginfo_path = &symbols->debug_path,
	};
	symbols->dwfl = dwfl_begin(&symbols->callbacks);
	if (!symbols->dwfl) {
		free(symbols);
		return -ENOMEM;
	}
	/* What it could not report has no symbols; that is no error. */
	(void)dwfl_linux_proc_report(symbols->dwfl, getpid());
	(void)dwfl_report_end(symbols->dwfl, NULL, NULL);
	*ret_symbols = symbols;
	return 0;
}

void symbols_close(struct symbols *symbols)
{
	if (!symbols)
		return;
	dwfl_end(symbols->dwfl);
	free(symbols);
}

static const char *without_folders(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

void symbols_find(
	struct symbols *symbols, uint64_t address, struct symbol *ret_symbol)
{
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, address);
	struct symbol symbol = {0};
	GElf_Off offset = 0;
	GElf_Sym entry;
	Dwarf_Addr start = 0;
	Dwfl_Line *line;
	int number = 0;

	*ret_symbol = symbol;
	if (!module)
		return;
	symbol.module = without_folders(dwfl_module_info(
		module, NULL, &start, NULL, NULL, NULL, NULL, NULL));
	symbol.offset = address - start;
	symbol.function = dwfl_module_addrinfo(
		module, address, &offset, &entry, NULL, NULL, NULL);
	if (symbol.function)
		symbol.offset = offset;
	line = dwfl_module_getsrc(module, address);
	if (line)
		symbol.file =
			dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);
	if (symbol.file)
		symbol.folder = dwfl_line_comp_dir(line);
	if (symbol.file && number > 0)
		symbol.line = (unsigned)number;
	*ret_symbol = symbol;
}
