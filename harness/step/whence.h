/* whence.h - where in the code a worker stands. */
#ifndef IPCMARK_STEP_WHENCE_H
#define IPCMARK_STEP_WHENCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { WHENCE_TEXT_BYTES = 160 };

/* whence_read - the address at which @pid, a child that is stopped, would go on.
 * 0: the system does not say. */
uint64_t whence_read(pid_t pid);

/* whence_of_signal - the instruction that a signal's handler has interrupted, by
 * its third argument. 0: not known for this processor. */
uint64_t whence_of_signal(const void *context);

/* whence_name - what that is, as seen from this process, which the worker was
 * forked from. Returns @text. */
char *whence_name(uint64_t address, char text[WHENCE_TEXT_BYTES]);

#endif
