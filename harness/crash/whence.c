/* whence.c - the instruction pointer of a child, and its name.
 *
 * /proc/PID/syscall says where a process that stands still stands, in a system
 * call or not, and needs no attaching, which would change what is looked at. A
 * worker is a fork of ours: an address means in it what it means here.
 *
 * The name is a function, where the dynamic linker knows one, and always the
 * place in the file, from which addr2line tells the source line.
 */
#include "whence.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

char *whence_name(uint64_t address, char text[WHENCE_TEXT_BYTES])
{
	Dl_info info = {0};
	const char *file;

	if (!address) {
		snprintf(text, WHENCE_TEXT_BYTES,
			"an address that the system does not tell");
		return text;
	}
	if (!dladdr((const void *)(uintptr_t)address, &info) ||
		!info.dli_fname) {
		snprintf(text, WHENCE_TEXT_BYTES, "0x%" PRIx64, address);
		return text;
	}
	file = strrchr(info.dli_fname, '/');
	file = file ? file + 1 : info.dli_fname;
	snprintf(text, WHENCE_TEXT_BYTES, "%s%s%.40s+0x%" PRIx64,
		info.dli_sname ? info.dli_sname : "",
		info.dli_sname ? ", " : "", file,
		address - (uint64_t)(uintptr_t)info.dli_fbase);
	return text;
}
