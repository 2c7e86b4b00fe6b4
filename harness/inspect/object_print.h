/* object_print.h - the state of a shared object, for a person or a program.
 *
 * Knows nothing but struct mipc_info, so that a test can make one up.
 */
#ifndef IPCMARK_INSPECT_OBJECT_PRINT_H
#define IPCMARK_INSPECT_OBJECT_PRINT_H

#include <stdio.h>

struct mipc_info;

/* object_print - some lines, as wide as a terminal. */
void object_print(const char *name, const struct mipc_info *info, FILE *out);

/* object_print_json - one object, schema "ipcmark-object-1"; what is not known is
 * null. Returns 0; -ENOMEM; -EIO. */
int object_print_json(
	const char *name, const struct mipc_info *info, FILE *out);

#endif
