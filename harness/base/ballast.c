/* ballast.c - what a dying process has to give back.
 *
 * The kernel gives some locks back only after it has torn down the memory of the
 * dead, page by page. So the pages are small ones, whatever the system would
 * rather give: thousands of times as many as large ones.
 */
#include "base/ballast.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

uint64_t ballast_room(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kib, room = UINT64_MAX;
	char line[128];

	if (!file)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			room = kib * 1024;
	fclose(file);
	return room;
}

int ballast_load(uint64_t bytes)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	char *memory;

	if (!bytes)
		return 0;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	for (uint64_t at = 0; at < bytes; at += page_bytes)
		*(volatile char *)(memory + at) = 1;
	return 0;
}
