/* membind.c - memory policy by the system's own calls; see membind.h.
 *
 * The policy of a thread decides for everything it allocates: pages of files in
 * memory, of anonymous mappings, and what the kernel holds for it in pipes and
 * sockets. So one mechanism serves every transport, ours included, and none has
 * to know of it. Where the pages came to lie is told by the kernel for mappings
 * of files; for its own buffers nobody tells.
 */
#include "machine/membind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	POLICY_DEFAULT = 0, /* the kernel's numbers, as in <numaif.h> */
	POLICY_BIND = 2,
	POLICY_INTERLEAVE = 3,
	NODE_BITS = 65, /* the call counts one more than it reads */
	LINE_BYTES = 4096,
};

#ifdef SYS_set_mempolicy
int membind_set(uint64_t nodes, bool interleave)
{
	int policy = interleave ? POLICY_INTERLEAVE : POLICY_BIND;

	if (syscall(SYS_set_mempolicy, policy, &nodes, NODE_BITS) == 0)
		return 0;
	return errno == ENOSYS || errno == EPERM ? -ENOTSUP : -errno;
}

void membind_reset(void)
{
	syscall(SYS_set_mempolicy, POLICY_DEFAULT, NULL, 0);
}
#else
int membind_set(uint64_t nodes, bool interleave)
{
	(void)nodes;
	(void)interleave;
	return -ENOTSUP;
}

void membind_reset(void)
{
}
#endif

/* "... N0=12 N1=3 ..." */
static uint64_t nodes_in(const char *line)
{
	uint64_t nodes = 0;

	while ((line = strstr(line, " N"))) {
		char *end;
		unsigned long node = strtoul(line + 2, &end, 10);

		if (end > line + 2 && *end == '=' && node < 64)
			nodes |= UINT64_C(1) << node;
		line = end;
	}
	return nodes;
}

uint64_t membind_found(const char *name)
{
	FILE *maps = fopen("/proc/self/numa_maps", "re");
	char line[LINE_BYTES];
	uint64_t nodes = 0;

	while (maps && fgets(line, sizeof(line), maps)) {
		const char *file = strstr(line, " file=");

		if (file && strstr(file, name))
			nodes |= nodes_in(file);
	}
	if (maps)
		fclose(maps);
	return nodes;
}
