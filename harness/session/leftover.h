/* leftover.h - what a killed run left behind: find it, and remove only that.
 */
#ifndef IPCMARK_SESSION_LEFTOVER_H
#define IPCMARK_SESSION_LEFTOVER_H

#include <stddef.h>

/* What a ledger's line is about. */
enum leftover_kind {
	LEFTOVER_MQ,	/* a POSIX message queue, by its name: "/..." */
	LEFTOVER_PATH,	/* a file, socket or folder, by its absolute path */
	LEFTOVER_SYSV,	/* a System V queue, by the name its key is made of */
	LEFTOVER_ROUDI, /* the broker of iceoryx, by the run's token */
	LEFTOVER_KINDS,
};

enum {
	LEFTOVER_PATH_BYTES = 4096,
	LEFTOVER_TOKEN_BYTES = 64,
};

/* A run's programs have its token as the value of this variable. */
#define LEFTOVER_VARIABLE "IPCMARK_RUN"

/* leftover_ledger_path - where the ledger of @token is. */
void leftover_ledger_path(const char *token, char path[LEFTOVER_PATH_BYTES]);

/* leftover_line - a ledger's line about @name, newline included.
 * Returns its length; 0 when it does not fit. */
size_t leftover_line(enum leftover_kind kind, const char *name, char *line,
	size_t line_bytes);

/* leftover_clean - end the programs and remove the things of the run @token,
 * which is dead. @ledger: its open ledger, locked by the caller. */
void leftover_clean(const char *token, int ledger);

/* leftover_sweep - clean up after every dead run of this user. */
void leftover_sweep(void);

#endif
