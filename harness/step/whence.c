/* whence.c - the instruction pointer of a child, and its name.
 *
 * /proc/PID/syscall says where a process that stands still stands, in a system
 * call or not, and needs no attaching, which would change what is looked at. A
 * worker is a fork of ours: an address means in it what it means here.
 *
 * The name is as much of function and source line as symbol.h knows. It is asked
 * for a few times, when something has gone wrong.
 */
#include "step/whence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "step/symbol.h"

uint64_t whence_read(pid_t pid)
{
	char path[48], line[256] = "";
	const char *last;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/syscall", (long)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	last = strrchr(line, ' '); /* "running": it does not stand still */
	return last ? strtoull(last + 1, NULL, 16) : 0;
}

uint64_t whence_of_signal(const void *context)
{
	const ucontext_t *user = context;

#if defined(__linux__) && defined(__x86_64__)
	return (uint64_t)user->uc_mcontext.gregs[REG_RIP];
#elif defined(__linux__) && defined(__aarch64__)
	return user->uc_mcontext.pc;
#else
	(void)user;
	return 0;
#endif
}

char *whence_name(uint64_t address, char text[WHENCE_TEXT_BYTES])
{
	struct symbols *symbols;
	struct symbol symbol;

	if (!address) {
		snprintf(text, WHENCE_TEXT_BYTES,
			"an address that the system does not tell");
		return text;
	}
	if (symbols_open(&symbols)) {
		snprintf(text, WHENCE_TEXT_BYTES, "0x%" PRIx64, address);
		return text;
	}
	symbols_find(symbols, address, &symbol);
	symbols_name(&symbol, address, text, WHENCE_TEXT_BYTES);
	symbols_close(symbols);
	return text;
}
