/* slow.h - a transport whose calls take longer by a known time: what a build that
 * is slower would be.
 */
#ifndef IPCMARK_GATE_SLOW_H
#define IPCMARK_GATE_SLOW_H

#include <stdbool.h>

struct transport;

/* slow_transport - @transport, with @delay_ns of busy waiting for each message that
 * is sent: before @each, or for many at once; if not @waits, all of that but the
 * waiting. For forked workers to use; the next
 * call of this function changes it. The delay is a number of turns of a loop,
 * measured once: to read a clock each time would cost more than the delay. */
const struct transport *slow_transport(const struct transport *transport,
	double delay_ns, bool each, bool waits);

#endif
