/* gate_request.h - the gate's options -> struct gate_request. */
#ifndef IPCMARK_GATE_REQUEST_H
#define IPCMARK_GATE_REQUEST_H

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

/* gate_inconclusive_exit - the exit code for INCONCLUSIVE; checked by
 * gate_request_read(). */
int gate_inconclusive_exit(const struct options *options);

#endif
