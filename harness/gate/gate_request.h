/* gate_request.h - the gate's options -> struct gate_request. */
#ifndef IPCMARK_GATE_REQUEST_H
#define IPCMARK_GATE_REQUEST_H

struct gate_request;
struct options;

/* gate_request_read - Returns 0; -EINVAL after saying what is wrong. */
int gate_request_read(
	const struct options *options, struct gate_request *ret_request);

/* gate_inconclusive_exit - the exit code for INCONCLUSIVE; checked by
 * gate_request_read(). */
int gate_inconclusive_exit(const struct options *options);

#endif
