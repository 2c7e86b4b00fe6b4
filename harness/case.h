/* case.h - the words that every stage of the harness shares.
 *
 * A case is one point of a scenario's sweep: one transport, one message size,
 * one placement and so on. plan.c makes cases, run.c measures them, result.c
 * writes them down; each stage only reads what the one before it produced.
 */
#ifndef IPCMARK_CASE_H
#define IPCMARK_CASE_H

#include <ipcmark/transport.h> /* enum wait_mode */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CASE_MAX_WORKERS = 64,	 /* producers plus consumers */
	CASE_MAX_BATCH = 1024,	 /* messages per call */
	CASE_ID_BYTES = 160,	 /* unique within a plan, printable */
	CASE_NAME_BYTES = 64,	 /* section */
	CASE_SPEC_BYTES = 256,	 /* transport, "exec:COMMAND" included */
	CASE_REASON_BYTES = 200, /* why skipped, violated or failed */
	CASE_CPU_ANY = -1,	 /* in cpus[]: not pinned */
};

enum case_mode {
	MODE_THROUGHPUT, /* producers send as fast as the transport takes it */
	MODE_ROUNDTRIP, /* ping-pong over two channels, one message in flight */
	MODE_CRASH,	/* throughput while lock holders are killed */
};

enum verify_mode {
	VERIFY_FULL,   /* identity, order, and the whole body by checksum */
	VERIFY_HEADER, /* identity and order, by the words at both ends */
	VERIFY_SUM,    /* that, and the whole body read and added up */
};

enum access_mode {
	ACCESS_COPY, /* the consumer gets messages copied to its own memory */
	ACCESS_VIEW, /* it looks at them where they lie */
};

enum victim {
	VICTIM_PRODUCER,
	VICTIM_CONSUMER,
};

enum case_status {
	STATUS_OK,
	STATUS_SKIP,	 /* could not run here; reason says why */
	STATUS_VIOLATED, /* a message was lost, doubled, reordered or damaged */
	STATUS_FAILED,	 /* it ran and broke: hung, refused, died */
};

struct bench_case {
	char id[CASE_ID_BYTES];
	char section[CASE_NAME_BYTES];
	char transport[CASE_SPEC_BYTES];
	enum case_mode mode;
	uint64_t msg_size_bytes;
	unsigned batch; /* messages per call; 1: the single-message call */
	unsigned producers;
	unsigned consumers;
	char placement[CASE_NAME_BYTES]; /* as requested: near, far, any, 0/1 */
	int cpus[CASE_MAX_WORKERS]; /* as obtained: producers, then consumers */
	enum wait_mode wait;
	enum access_mode access;
	enum verify_mode verify;
	uint64_t capacity_bytes; /* 0: the transport's default */
	uint64_t warmup_ns;	 /* per slice, not measured */
	uint64_t slice_ns;	 /* measured, per round */
	unsigned rounds;
	/* MODE_CRASH only */
	unsigned kills;	     /* for each victim in turn */
	bool kill_victim[2]; /* by enum victim */
	uint64_t recover_within_ns;
	/* decided by plan.c, before anything runs */
	bool skip;
	char reason[CASE_REASON_BYTES];
};

/* The words used in scenarios, results and tables. Each returns a static
 * string; case_status_from() and its like return -1 for an unknown word. */
const char *case_mode_name(enum case_mode mode);
const char *wait_mode_name(enum wait_mode wait);
const char *verify_mode_name(enum verify_mode verify);
const char *access_mode_name(enum access_mode access);
const char *victim_name(enum victim victim);
const char *case_status_name(enum case_status status);
int case_mode_from(const char *word);
int wait_mode_from(const char *word);
int verify_mode_from(const char *word);
int access_mode_from(const char *word);
int victim_from(const char *word);
int case_status_from(const char *word);

#endif
