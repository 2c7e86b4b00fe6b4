/* worker_protocol.h - the lines that the harness and a worker program exchange.
 *
 * docs/worker-protocol.md is the specification. Pure: text in, structs out.
 */
#ifndef IPCMARK_TRANSPORT_WORKER_PROTOCOL_H
#define IPCMARK_TRANSPORT_WORKER_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#include "case/case.h"

struct slice_request;
struct slice_report;

enum { WORKER_PROTOCOL = 1 };

enum worker_caps {
	WORKER_THROUGHPUT = 1 << 0,
	WORKER_ROUNDTRIP = 1 << 1,
	WORKER_MANY_PRODUCERS = 1 << 2,
	WORKER_MANY_CONSUMERS = 1 << 3,
	WORKER_BATCH = 1 << 4,
	WORKER_SPIN = 1 << 5,
	WORKER_BLOCK = 1 << 6,
};

struct worker_greeting {
	char name[CASE_NAME_BYTES];
	unsigned caps;	  /* enum worker_caps */
	uint64_t max_len; /* UINT64_MAX: any */
};

/* worker_parse_greeting - `ipcmark-worker protocol=1 name=... caps=...`.
 * Unknown keys and capabilities are passed over: they are a later program's.
 * @line: cut into pieces. @reason: what is wrong with it.
 * Returns 0; -EBADMSG; -EPROTO for another version. */
int worker_parse_greeting(char *line, struct worker_greeting *ret_greeting,
	char *reason, size_t reason_bytes);

/* worker_can_run - can a program of these capabilities run this case?
 * Returns 0, or -ENOTSUP with @reason. */
int worker_can_run(const struct worker_greeting *greeting,
	const struct bench_case *bench, char *reason, size_t reason_bytes);

/* worker_setup_line, worker_slice_line - what the harness says.
 * Return 0; -ENAMETOOLONG. */
int worker_setup_line(
	const struct bench_case *bench, char *line, size_t line_bytes);
int worker_slice_line(
	const struct slice_request *request, char *line, size_t line_bytes);

/* worker_parse_setup - the answer to setup: `ready`, or `refuse reason=...`.
 * Returns 0; -ENOTSUP with the program's @reason; -EBADMSG. */
int worker_parse_setup(char *line, char *reason, size_t reason_bytes);

/* worker_parse_slice - the answer to slice: `done ...`, or `fail reason=...`.
 * @ret_report: untouched on failure; its rtt, if there is one, is added to.
 * Returns 0; -EIO with the program's @reason; -EBADMSG. */
int worker_parse_slice(char *line, struct slice_report *ret_report,
	char *reason, size_t reason_bytes);

#endif
