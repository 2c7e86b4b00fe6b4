/* load.h - gate.json -> struct gate: save.c the other way round.
 *
 * What shows a gate later sees the same struct as what shows it at once, so there
 * is one way of showing it.
 */
#ifndef IPCMARK_GATE_LOAD_H
#define IPCMARK_GATE_LOAD_H

#include <jansson.h>

#include "gate/gate.h"

struct gate_file {
	struct gate gate;
	json_t *document; /* gate's texts point into it; owned */
};

/* gate_file_load - read and check @path. Says what is wrong with the file and
 * where. Returns 0; -errno; -EBADMSG. */
int gate_file_load(const char *path, struct gate_file *ret_file);

void gate_file_free(struct gate_file *file);

/* gate_file_find - is @argument a gate's file, or a folder that has a gate.json
 * and no result.json? Then its path. */
bool gate_file_find(const char *argument, char *ret_path, size_t path_bytes);

#endif
