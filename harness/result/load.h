/* load.h - the parts of the loader that are in files of their own.
 */
#ifndef IPCMARK_RESULT_LOAD_H
#define IPCMARK_RESULT_LOAD_H

#include "base/json_read.h"

struct hist;
struct outcome;

/* load_dense - the histogram within @figures, an object with "max" and
 * "histogram". False after a complaint. */
bool load_dense(struct json_reader *reader, const json_t *figures,
	struct hist *ret_hist);

/* load_rounds - "rounds" of the case @json into @outcome, whose they are then.
 * @open: are their times those of an open loop? */
void load_rounds(struct json_reader *reader, const json_t *json, bool open,
	struct outcome *outcome);

#endif
