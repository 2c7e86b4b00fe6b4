/* session.h - one run: a name of its own for all that it makes, and an end that
 * leaves none of it behind.
 *
 * Whatever a run makes outside its result folder (a segment, a message queue, a
 * socket, a temporary folder) has session_token() in its name. What cannot be
 * found by its name in the folders that leftover.h looks through is written
 * down by session_note() before it is made. A program that the run starts, and
 * whatever that starts, has the token in its environment.
 */
#ifndef IPCMARK_SESSION_SESSION_H
#define IPCMARK_SESSION_SESSION_H

#include "session/leftover.h"

/* session_begin - clean up after this user's dead runs, then be one that can be
 * cleaned up after. A run that cannot write its ledger goes on without one,
 * after a warning. At most one at a time in a process. */
void session_begin(void);

/* session_token - "ipcmark-PID-START", unique on this machine; the same as long
 * as the process lives, with or without session_begin(). */
const char *session_token(void);

/* session_note - write down that @name is about to be made, so that it can be
 * removed when this process is killed. The last part of @name has the token.
 * Does nothing outside a session. */
void session_note(enum leftover_kind kind, const char *name);

/* session_end - the run is over and has removed what it made. session_abandon - it
 * is over, and one of its processes may have left something: the guardian removes
 * that; without one, the next run does. */
void session_end(void);
void session_abandon(void);

#endif
