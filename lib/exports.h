/* exports.h - what the shared library shows: its public headers, nothing else.
 *
 * The library is compiled with hidden visibility, and this file before each of
 * its sources (see lib/local.mk). A function declared here first keeps the
 * default visibility at its definition, so the public headers need no marks
 * that mean nothing to who uses them.
 */
#ifndef MMAPIPC_EXPORTS_H
#define MMAPIPC_EXPORTS_H

#pragma GCC visibility push(default)
#include <mmapipc/err.h>
#include <mmapipc/inspect.h>
#include <mmapipc/mmapipc.h>
#include <mmapipc/queue.h>
#include <mmapipc/ring.h>
#include <mmapipc/shm.h>
#pragma GCC visibility pop

#endif
