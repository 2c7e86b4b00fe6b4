/* gate_request.h - the gate's options -> struct gate_request. */
#ifndef IPCMARK_GATE_GATE_REQUEST_H
#define IPCMARK_GATE_GATE_REQUEST_H

#include <stddef.h>

#include "gate/gate.h"

struct options;

enum { SELFTEST_SHARES_MAX = 8 };

struct selftest_request {
	struct gate_request gate;
	unsigned runs; /* of each */
	double shares[SELFTEST_SHARES_MAX];
	size_t share_count;
};

/* gate_request_read - Returns 0; -EINVAL after saying what is wrong. */
int gate_request_read(
	const struct options *options, struct gate_request *ret_request);

/* selftest_request_read - likewise, of selftest-gate. */
int selftest_request_read(
	const struct options *options, struct selftest_request *ret_request);

/* gate_command_text - the command line that repeats a gate, for a shell: with the
 * seed that was drawn, and with commits in place of names that move.
 * "" if it does not fit. */
void gate_command_text(const struct options *options, const struct gate *gate,
	char text[GATE_COMMAND_BYTES]);

#endif
