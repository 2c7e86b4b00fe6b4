/* complete.c - a transport has what its capabilities promise.
 *
 * Whoever calls a transport asks only for its capabilities and then calls
 * without looking. So each of ours is held to this by a test, and each plug-in
 * when it is loaded.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "transport/transport.h"

int transport_complete(
	const struct transport *transport, char *reason, size_t reason_bytes)
{
	bool external = transport->caps & CAP_EXTERNAL;
	const struct {
		bool good;
		const char *what;
	} rules[] = {
		{transport->name && *transport->name, "it has no name"},
		{transport->summary && *transport->summary,
			"it has no summary"},
		{transport->create && transport->destroy,
			"it lacks create or destroy"},
		{!transport->run_slice == !external,
			"CAP_EXTERNAL and run_slice go together"},
		{external || (transport->attach && transport->send &&
				     transport->recv && transport->detach),
			"it lacks attach, send, recv or detach"},
		{external || (!transport->send_batch ==
					     !(transport->caps & CAP_BATCH) &&
				     !transport->recv_batch ==
					     !transport->send_batch),
			"CAP_BATCH and its two calls go together"},
		{external || !transport->recv_view ==
					!(transport->caps & CAP_VIEW),
			"CAP_VIEW and recv_view go together"},
		{external || !transport->lock_holder ==
					!(transport->caps & CAP_LOCK_HOLDER),
			"CAP_LOCK_HOLDER and lock_holder go together"},
		{!transport->huge_bytes == !(transport->caps & CAP_HUGE),
			"CAP_HUGE and huge_bytes go together"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		if (rules[i].good)
			continue;
		snprintf(reason, reason_bytes, "%s", rules[i].what);
		return -EINVAL;
	}
	return 0;
}
