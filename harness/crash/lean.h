/* lean.h - children without the libraries that they have no use for.
 */
#ifndef IPCMARK_CRASH_LEAN_H
#define IPCMARK_CRASH_LEAN_H

#include <stdbool.h>
#include <stdint.h>

/* lean_use - in this process and those forked from it, code at @address is called:
 * keep the module that it belongs to. Before lean_set(). */
void lean_use(uint64_t address);

/* lean_set - from now on children go without the modules that nobody named; or,
 * with false, have all again. Where the system cannot do that, they have all. */
void lean_set(bool lean);

/* lean_is - do they go without any now? */
bool lean_is(void);

/* lean_lacks - is @address in what children do not have just now? */
bool lean_lacks(uint64_t address);

#endif
