/* stub_transports.h - a transport table for tests of what only asks for
 * capabilities: included by exactly one file of a program, it stands in for
 * transport/table.c.
 */
#ifndef IPCMARK_TESTS_STUB_TRANSPORTS_H
#define IPCMARK_TESTS_STUB_TRANSPORTS_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "transport/transport.h"

static const struct transport stub_ring = {
	.name = "ring", .caps = CAP_BATCH | CAP_BLOCK};
static const struct transport stub_queue = {.name = "queue",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BATCH |
		CAP_BLOCK | CAP_LOCK_HOLDER};
static const struct transport stub_pipe = {.name = "pipe", .caps = CAP_BLOCK};
static const struct transport stub_fcntl_queue = {.name = "fcntl-queue",
	.caps = CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BLOCK |
		CAP_LOCK_HOLDER};
static const struct transport stub_exec = {
	.name = "exec", .caps = CAP_BLOCK | CAP_EXTERNAL};

static const struct transport *const stub_table[] = {&stub_ring, &stub_queue,
	&stub_pipe, &stub_fcntl_queue, &stub_exec, NULL};

const struct transport *const *transport_table(void)
{
	return stub_table;
}

const struct transport *transport_find(const char *spec)
{
	if (strncmp(spec, "exec:", 5) == 0)
		return &stub_exec;
	for (size_t i = 0; stub_table[i]; i++)
		if (strcmp(stub_table[i]->name, spec) == 0)
			return stub_table[i];
	return NULL;
}

int transport_can_run(const struct transport *transport,
	const struct bench_case *bench, char *reason, size_t reason_bytes)
{
	if (bench->batch > 1 && !(transport->caps & CAP_BATCH)) {
		snprintf(reason, reason_bytes, "%s has no batches",
			transport->name);
		return -ENOTSUP;
	}
	if (bench->producers > 1 && !(transport->caps & CAP_MANY_PRODUCERS)) {
		snprintf(reason, reason_bytes, "%s takes one producer",
			transport->name);
		return -ENOTSUP;
	}
	return 0;
}

#endif
