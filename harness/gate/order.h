/* order.h - what the gate asks of a build's server, and what it answers.
 *
 * A server is the program ipcmark-gate-worker, loaded with one build's shared
 * library. Both sides are of one build of ipcmark and talk over a socket that
 * keeps messages apart, so structs go over as they lie in memory; the hello has
 * their sizes, in case the two programs are not of one build after all.
 */
#ifndef IPCMARK_GATE_ORDER_H
#define IPCMARK_GATE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "case/case.h"
#include "case/slice_report.h"
#include "gate/identity.h"

#define GATE_HELLO_MAGIC UINT32_C(0x67617465)

enum {
	GATE_NAME_BYTES = 96,
	GATE_OPERATIONS_MAX = 8,
	GATE_OPERATION_BYTES = 24,
};

enum order_kind {
	ORDER_SLICE, /* measure one */
	ORDER_COUNT, /* count the instructions of the case's calls */
};

/* The first message, from the server. */
struct gate_hello {
	uint32_t magic;
	uint32_t order_bytes, answer_bytes;
	int32_t err; /* of finding out which library it is; 0: ->identity */
	struct identity identity;
};

struct gate_order {
	enum order_kind kind;
	struct bench_case bench;
	char name[GATE_NAME_BYTES]; /* unique: of what the transport makes */
	uint64_t seed;
	bool slowed; /* by ->delay_ns for each message sent, slow.h */
	double delay_ns;
	bool waits; /* else it does all of it but the waiting */
};

/* A slice, as far as the gate goes into it. Times are NaN where there are none. */
struct gate_figures {
	uint64_t msgs, elapsed_ns, cpu_ns;
	double p50_ns, p99_ns, p999_ns;			/* of round trips */
	uint64_t distance_before_ns, distance_after_ns; /* 0: not measured */
	uint64_t steal_ns, delay_ns, moves; /* as in struct slice_report */
	struct verify_totals verify;
};

/* One call of the transport, instruction by instruction. */
struct gate_count {
	char operation[GATE_OPERATION_BYTES]; /* "send, empty" */
	uint64_t instructions; /* of all that is not the program's own */
	bool exact;	       /* the same each time */
};

struct gate_answer {
	int32_t err; /* 0 or -errno, then with @reason */
	char reason[CASE_REASON_BYTES];
	struct gate_figures figures;
	uint32_t count_count;
	struct gate_count counts[GATE_OPERATIONS_MAX];
};

#endif
