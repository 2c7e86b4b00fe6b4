/* control.h - what the parent and the workers of one slice share.
 *
 * One anonymous mapping, made before the fork. The parent writes the command,
 * each worker its own slot; everything that a killed worker had counted stays
 * there to be read.
 */
#ifndef IPCMARK_RUN_CONTROL_H
#define IPCMARK_RUN_CONTROL_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hist.h"
#include "case/case.h"
#include "case/latency.h"
#include "case/usage.h"
#include "case/verify.h"
#include "machine/probe.h"

/* What the workers are to do, in this order. */
enum phase {
	PHASE_ATTACH,
	PHASE_PROBE_BEFORE, /* the first producer and consumer: distance */
	PHASE_WARMUP,
	PHASE_MEASURE,
	PHASE_STOP,  /* producers stop and detach */
	PHASE_DRAIN, /* consumers take what is left */
	PHASE_PROBE_AFTER,
	PHASE_EXIT,
};

/* How far a worker is: phase + 1 once it has done with that phase. */
struct worker_slot {
	/* Progress, on a line of its own: written at every message. */
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t count;
	alignas(LINE_PAIR_BYTES) _Atomic uint32_t
		reached;		 /* enum phase, done */
	_Atomic int error;		 /* -errno that ended it */
	_Atomic uint64_t distance_ns[2]; /* before, after */
	_Atomic uint64_t memory_found;	 /* nodes of the channel's pages */
	/* Crash runs: the kill that it has survived last, and when it had its
	 * first success that began after it. */
	_Atomic uint32_t survived;
	_Atomic uint64_t survived_at_ns;
	_Atomic uint32_t park;	    /* enum park_state: see park.c */
	_Atomic uint64_t parked_at; /* the instruction; 0: not known */
	/* Of the measured time; complete once the worker has reached the end
	 * of its loop. */
	struct usage usage;
};

enum park_state {
	PARK_NO,
	PARK_ASKED,
	PARKED,
};

struct control {
	/* Bits 0-7 the phase, bits 8-31 counted up when a worker should look
	 * at its slot, bits 32-63 how many were killed: one load per message
	 * tells a worker of all. */
	alignas(LINE_PAIR_BYTES) _Atomic uint64_t command;
	struct probe_lines probe;
	_Atomic uint64_t twice; /* for struct verifier */
	/* When measuring began and when it was over, on CLOCK_MONOTONIC; 0
	 * before. The parent writes each just before its command. */
	_Atomic uint64_t measure_from_ns;
	_Atomic uint64_t measure_until_ns;
	struct hist rtt;
};

/* The parent's view of the mapping, inherited by the workers. */
struct control_block {
	struct control *control;
	struct worker_slot *slots; /* one per worker number */
	struct sent_line *sent;	   /* one per producer number */
	struct ledger_bits *bits;  /* the same; NULL without VERIFY_FULL */
	struct latency *latencies; /* as the slots; NULL but in MODE_OPEN */
	void *ledgers;		   /* one per consumer number */
	size_t ledger_bytes;	   /* of each */
	size_t total_bytes;
	unsigned producer_numbers;
	unsigned consumer_numbers;
};

/* control_create - a mapping for so many producers and consumers, counting
 * those that replace killed ones. Returns 0; -ENOMEM. */
int control_create(unsigned producer_numbers, unsigned consumer_numbers,
	enum verify_mode verify, struct control_block *ret_block);

/* control_add_latencies - what an open loop needs besides. Each worker clears
 * its own: only what is used costs memory. Returns 0; -ENOMEM. */
int control_add_latencies(struct control_block *block);

void control_free(struct control_block *block);

struct verify_ledger *control_ledger(
	const struct control_block *block, unsigned consumer);

static inline uint64_t control_command(
	enum phase phase, uint32_t calls, uint32_t kills)
{
	return (uint64_t)kills << 32 | (calls & 0xffffff) << 8 |
	       (uint32_t)phase;
}

static inline enum phase control_phase(uint64_t command)
{
	return (enum phase)(command & 0xff);
}

static inline uint32_t control_kills(uint64_t command)
{
	return (uint32_t)(command >> 32);
}

#endif
