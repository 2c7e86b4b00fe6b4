/* server.h - the process that measures one build: start, ask, end.
 *
 * It is in a process group of its own, so Ctrl-C at the terminal does not reach
 * it, and dies with this process.
 */
#ifndef IPCMARK_GATE_SERVER_H
#define IPCMARK_GATE_SERVER_H

#include <sys/types.h>

#include "gate/order.h"

struct gate_server {
	pid_t pid; /* 0: none */
	int socket;
};

enum { SERVER_REASON_BYTES = 640 };

/* server_start - with the library that lies in the folder @library_dir.
 * @ret_identity: of what it really has.
 * Returns 0; -errno with @reason, one line. */
int server_start(const char *library_dir, struct gate_server *ret_server,
	struct identity *ret_identity, char reason[SERVER_REASON_BYTES]);

/* server_ask - have one order carried out; waits as long as the longest slice may
 * take. Returns 0: @ret_answer has how it went; -EPIPE: the server is gone;
 * -ETIMEDOUT: it does not answer. After either it has been ended, and
 * ->reason of @ret_answer says how. */
int server_ask(struct gate_server *server, const struct gate_order *order,
	struct gate_answer *ret_answer);

/* server_end - accepts one that never started. */
void server_end(struct gate_server *server);

#endif
