/* identity.h - which library's code is it that runs here?
 *
 * Not which one was asked for: which one is mapped, by the note that the linker
 * leaves in it, or by what its file holds where there is none.
 */
#ifndef IPCMARK_GATE_IDENTITY_H
#define IPCMARK_GATE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	IDENTITY_TEXT_BYTES = 72,
	IDENTITY_PATH_BYTES = 512,
};

struct identity {
	char path[IDENTITY_PATH_BYTES]; /* of the file, links resolved */
	char id[IDENTITY_TEXT_BYTES];	/* hexadecimal */
	bool hashed; /* of the file; else the linker's build id */
};

/* identity_find - of the object that this process has mipc_ring_create() from.
 * Returns 0; -ENOENT: nothing has it; -ENOTSUP: this very program has, so no
 * other library can take its place; -errno of reading the file. */
int identity_find(struct identity *ret_identity);

/* identity_outside - is @address not in the program's own code? */
bool identity_outside(uint64_t address);

#endif
