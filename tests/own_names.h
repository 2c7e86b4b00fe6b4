/* own_names.h - names for what a test makes, which nobody else has, and which
 * are gone after it however it ends.
 *
 * A process number comes again, and with it a name that was made of one and left
 * by a test that was killed. A session's token does not (session/session.h),
 * and what has it in its name is removed by the session's guardian when the test program
 * is no more: own_names_begin() in main(), and no session_end().
 */
#ifndef IPCMARK_TESTS_OWN_NAMES_H
#define IPCMARK_TESTS_OWN_NAMES_H

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "session/session.h"

enum { OWN_NAME_BYTES = LEFTOVER_TOKEN_BYTES + 32 };

static inline void own_names_begin(void)
{
	session_begin();
}

/* Another one at each call, of each process. */
static inline char *own_name(char name[OWN_NAME_BYTES])
{
	static unsigned number;

	snprintf(name, OWN_NAME_BYTES, "%s-%ld-%u", session_token(),
		(long)getpid(), number++);
	return name;
}

#endif
