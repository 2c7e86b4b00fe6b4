/* membind.h - on which NUMA nodes new memory is, and was found. */
#ifndef IPCMARK_MACHINE_MEMBIND_H
#define IPCMARK_MACHINE_MEMBIND_H

#include <stdbool.h>
#include <stdint.h>

/* membind_set - from now on what this thread allocates, the kernel's buffers
 * on its behalf included, is on @nodes (bit n: node n) and nowhere else.
 * @interleave: page by page in turn; else on any of them.
 * Inherited by fork(). Returns 0; -ENOTSUP; -EINVAL: no such node. */
int membind_set(uint64_t nodes, bool interleave);

/* membind_reset - wherever the system likes. */
void membind_reset(void);

/* membind_found - the nodes that have pages of this process's mappings of files
 * with @name in their paths; 0 when there are none, or nobody says. */
uint64_t membind_found(const char *name);

#endif
