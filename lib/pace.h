/* pace.h - does looking before sleeping pay for who waits here?
 *
 * What is waited for comes while we look, or only after we slept. A handle keeps
 * one struct pace for each of its sides, in memory of its own, and learns from
 * what came last; zeroed, it trusts in looking.
 */
#ifndef MIPC_PACE_H
#define MIPC_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Threads of one handle share it, and may lose each other's lessons. */
struct pace {
	_Atomic uint32_t state; /* see pace.c */
};

/* pace_looks - at the start of a wait: how many of the usual looks long to look
 * before sleeping; 0: sleep at once. */
unsigned pace_looks(struct pace *pace);

/* pace_learn - after the first usual look, if pace_looks() said to look.
 * @met: it came meanwhile.
 * @salt: any number, another one each time: the clock's. It spreads the trials,
 *   so that two sides that both sleep do not miss each other's for ever. */
void pace_learn(struct pace *pace, bool met, uint64_t salt);

#endif
