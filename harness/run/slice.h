/* slice.h - carry out one slice: one case, once. */
#ifndef IPCMARK_RUN_SLICE_H
#define IPCMARK_RUN_SLICE_H

#include "case/slice_report.h"

struct transport;

/* slice_run - measure one case once, with workers forked for it.
 * @name: unique; for what the transport has to name.
 * Returns 0; -ENOSPC when there is no room for the channel; -errno, each with
 * @ret_report->reason: nothing is left behind, and no
 * figure counts. */
int slice_run(const struct transport *transport,
	const struct slice_request *request, const char *name,
	struct slice_report *ret_report);

#endif
